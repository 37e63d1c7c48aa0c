/* Each public case of a proof is accepted or refused as its authors say (merkle.txt). */
#include "support/cm.h"

#include "proof/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { HASHES = 2048, NAME = 16, LINE = 8192, FIELDS = 8 };

static struct named {
    char name[NAME];
    uint8_t v[HASH_SIZE];
    bool whole; /* 32 bytes: no other length has a place in a proof; as a root or leaf, zeros make it up */
} hashes[HASHES];
static size_t hash_count;

static bool find(const char *name, uint8_t out[HASH_SIZE])
{
    for (size_t i = 0; i < hash_count; i++) {
        if (strcmp(hashes[i].name, name) == 0) {
            memcpy(out, hashes[i].v, HASH_SIZE);
            return hashes[i].whole;
        }
    }
    assert_string_equal(name, "-");
    memset(out, 0, HASH_SIZE);
    return false;
}

static bool number(const char *text, int64_t *v)
{
    char *end;
    errno = 0;
    unsigned long long u = strtoull(text, &end, 10);
    assert_true(*end == 0 && end != text);
    *v = (int64_t)u;
    return errno == 0 && u <= INT64_MAX;
}

static bool read_path(char *text, struct path *p)
{
    char *at = NULL;
    p->n = 0;
    if (strcmp(text, "none") == 0) {
        return true;
    }
    for (char *name = strtok_r(text, ",", &at); name; name = strtok_r(NULL, ",", &at)) {
        if (p->n == PATH_MAX_HASHES || !find(name, p->v[p->n++])) {
            return false;
        }
    }
    return true;
}

static bool accepted(char *f[FIELDS])
{
    struct path p;
    uint8_t first[HASH_SIZE], second[HASH_SIZE];
    int64_t a, b;
    if (!number(f[3], &a) || !number(f[4], &b) || !read_path(f[7], &p) || f[5][0] == '-' || f[6][0] == '-') {
        return false;
    }
    find(f[5], first);
    find(f[6], second);
    return f[0][0] == 'i' ? path_check_inclusion(&p, a, b, first, second) == 0
                          : path_check_consistency(&p, a, b, first, second) == 0;
}

static size_t split(char *line, char *f[FIELDS])
{
    char *at = NULL;
    size_t n = 0;
    for (char *word = strtok_r(line, " \n", &at); word && n < FIELDS; word = strtok_r(NULL, " \n", &at)) {
        f[n++] = word;
    }
    return n;
}

static void cases(void **state)
{
    static char line[LINE];
    char *f[FIELDS];
    int good = 0, bad = 0;
    (void)state;
    FILE *in = fopen(VECTORS "/merkle.txt", "r");
    assert_non_null(in);
    while (fgets(line, sizeof line, in)) {
        size_t n = line[0] == '#' ? 0 : split(line, f);
        if (n == 3) {
            assert_true(hash_count < HASHES);
            struct named *h = &hashes[hash_count++];
            snprintf(h->name, sizeof h->name, "%s", f[1]);
            h->whole = strlen(f[2]) == 2 * HASH_SIZE;
            assert_true(hex_decode(bytes_str(f[2]), h->v, strlen(f[2]) / 2));
        } else if (n == FIELDS) {
            bool want = strcmp(f[2], "accept") == 0;
            good += want;
            bad += !want;
            if (accepted(f) != want) {
                fail_msg("%s %s must be one to %s", f[0], f[1], f[2]);
            }
        } else {
            assert_int_equal(n, 0);
        }
    }
    fclose(in);
    print_message("%d proofs accepted, %d refused\n", good, bad);
    assert_true(good >= 10 && bad >= 180);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
