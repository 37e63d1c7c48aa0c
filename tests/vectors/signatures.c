/*
 * Signatures and keys that others computed, and edges computed for this project: which check out, which only
 * without the profile, which never, and which keys are none. More files of the same columns may be named on
 * the command line.
 */
#include "support/cm.h"
#include "wire/cbor.h"
#include "wire/cose.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 10240, SIGNED_MAX = 2048, FORGED_MAX = 4352, COUNTS = 4 };

enum verdict { VALID, HIGH, INVALID, KEY };
static const char *const verdict_words[COUNTS] = {"valid", "high", "invalid", "key"};

struct vector {
    bool ec;
    uint8_t key[80], message[SIGNED_MAX], signature[FORGED_MAX];
    size_t key_n, message_n, signature_n;
    enum verdict verdict;
    char why[200];
};

/* What one file held, by verdict. */
struct tally {
    size_t of[COUNTS];
};

static size_t from_hex(const char *hex, uint8_t *out, size_t size)
{
    size_t n = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    assert_true(n <= size);
    assert_true(n == 0 || hex_decode(bytes_str(hex), out, n));
    return n;
}

static enum verdict verdict_of(const char *word)
{
    for (int i = 0; i < COUNTS; i++) {
        if (strcmp(word, verdict_words[i]) == 0) {
            return (enum verdict)i;
        }
    }
    fail_msg("no verdict: %s", word);
    return INVALID;
}

/* v is the vector before it, whose key `=` stands for. */
static void read_vector(char *line, struct vector *v)
{
    char *rest = NULL;
    char *word[5] = {strtok_r(line, " \n", &rest)};
    for (size_t i = 1; i < 5; i++) {
        word[i] = strtok_r(NULL, " \n", &rest);
        assert_non_null(word[i]);
    }
    v->ec = strcmp(word[0], "p256") == 0;
    assert_true(v->ec || strcmp(word[0], "ed25519") == 0);
    if (strcmp(word[1], "=") != 0) {
        v->key_n = from_hex(word[1], v->key, sizeof v->key);
    }
    v->message_n = from_hex(word[2], v->message, sizeof v->message);
    v->signature_n = from_hex(word[3], v->signature, sizeof v->signature);
    v->verdict = verdict_of(word[4]);
    snprintf(v->why, sizeof v->why, "%s", rest ? rest : "");
}

/* The COSE_Key of x, and y where there is one, decoded. */
static int decode_key(bool ec, struct bytes x, struct bytes y, bool any, struct cose_key *key)
{
    uint8_t memory[256];
    struct buf map;
    buf_over(&map, memory, sizeof memory);
    enc_map(&map, ec ? 5 : 4);
    enc_int(&map, 1);
    enc_int(&map, ec ? 2 : 1);
    enc_int(&map, 3);
    enc_int(&map, ec ? ALG_ESP256 : ALG_ED25519);
    enc_int(&map, -1);
    enc_int(&map, ec ? 1 : 6);
    enc_int(&map, -2);
    enc_bytes(&map, x);
    if (ec) {
        enc_int(&map, -3);
        enc_bytes(&map, y);
    }
    assert_false(map.failed);
    return any ? cose_key_decode_any(buf_view(&map), key) : cose_key_decode(buf_view(&map), key);
}

static int vector_key(const struct vector *v, bool any, struct cose_key *key)
{
    size_t half = v->ec ? v->key_n / 2 : v->key_n;
    return decode_key(v->ec, bytes_of(v->key, half), bytes_of(v->key + half, v->key_n - half), any, key);
}

/* A signature of another length than 64 bytes never comes as far as its arithmetic. */
static bool length_is_refused(const struct vector *v)
{
    static uint8_t memory[FORGED_MAX + 64];
    struct cose_sign1 s;
    struct buf out;
    buf_over(&out, memory, sizeof memory);
    enc_tag(&out, 18);
    enc_array(&out, 4);
    enc_bytes(&out, bytes_of("\xA0", 1));
    enc_map(&out, 0);
    enc_bytes(&out, bytes_of("x", 1));
    enc_bytes(&out, bytes_of(v->signature, v->signature_n));
    assert_false(out.failed);
    return cose_sign1_parse(buf_view(&out), true, &s) == TP_E_MALFORMED &&
           cose_sign1_parse(buf_view(&out), false, &s) == TP_E_MALFORMED;
}

static bool checks_out(const struct vector *v, const struct cose_key *key, bool profile)
{
    /* Exactly as long as it is, so that a sanitizer sees a byte too many. */
    uint8_t *message = malloc(v->message_n ? v->message_n : 1);
    assert_non_null(message);
    memcpy(message, v->message, v->message_n);
    int rc = cose_verify_bytes(key, bytes_of(message, v->message_n), v->signature, profile);
    free(message);
    assert_true(rc == 0 || rc == TP_E_UNTRUSTED);
    return rc == 0;
}

static bool holds(const struct vector *v)
{
    struct cose_key key = {0};
    int rc = vector_key(v, false, &key);
    bool good = rc == 0;
    if (v->verdict == KEY) {
        good = rc == TP_E_MALFORMED && vector_key(v, true, &key) == TP_E_MALFORMED;
    } else if (good && v->signature_n != SIGNATURE_SIZE) {
        good = v->verdict == INVALID && length_is_refused(v);
    } else if (good) {
        good = checks_out(v, &key, false) == (v->verdict != INVALID) &&
               checks_out(v, &key, true) == (v->verdict == VALID);
    }
    cose_key_free(&key);
    return good;
}

static struct tally check_file(const char *path)
{
    static char line[LINE_MAX_BYTES];
    static struct vector v;
    struct tally t = {0};
    size_t failed = 0;
    FILE *f = fopen(path, "r");
    if (!f) {
        fail_msg("%s cannot be read", path);
    }
    v = (struct vector){0};
    while (f && fgets(line, sizeof line, f)) {
        if (line[0] == '#') {
            continue;
        }
        assert_non_null(strchr(line, '\n'));
        read_vector(line, &v);
        t.of[v.verdict]++;
        if (!holds(&v)) {
            print_error("%s: not %s: %s\n", path, verdict_words[v.verdict], v.why);
            failed++;
        }
    }
    fclose(f);
    assert_int_equal(failed, 0);
    return t;
}

static void expect(struct tally t, size_t valid, size_t high, size_t invalid, size_t keys)
{
    assert_int_equal(t.of[VALID], valid);
    assert_int_equal(t.of[HIGH], high);
    assert_int_equal(t.of[INVALID], invalid);
    assert_int_equal(t.of[KEY], keys);
}

static void p256_agrees_with_the_cavp(void **state)
{
    (void)state;
    expect(check_file(VECTORS "/nist_p256.txt"), 7, 11, 12, 0);
}

static void ed25519_agrees_with_its_authors(void **state)
{
    (void)state;
    expect(check_file(VECTORS "/ed25519.txt"), 79, 0, 0, 0);
}

/* The counts are those of the collection's own files: 151, 262 and 484. */
static void all_agree_with_wycheproof(void **state)
{
    (void)state;
    expect(check_file(VECTORS "/wycheproof_ed25519.txt"), 88, 0, 63, 0);
    expect(check_file(VECTORS "/wycheproof_p256_p1363.txt"), 103, 70, 89, 0);
    expect(check_file(VECTORS "/wycheproof_p256.txt"), 103, 71, 310, 0);
}

static void edges_are_on_the_right_side(void **state)
{
    (void)state;
    expect(check_file(VECTORS "/edges.txt"), 10, 3, 47, 24);
}

/* Coordinates longer than 32 bytes are among them. */
static void public_keys_agree_with_the_cavp(void **state)
{
    (void)state;
    char line[512], x_hex[160], y_hex[160], word[16];
    uint8_t x[80], y[80];
    size_t valid = 0, invalid = 0;
    FILE *f = fopen(VECTORS "/nist_p256_keys.txt", "r");
    assert_non_null(f);
    while (f && fgets(line, sizeof line, f)) {
        struct cose_key key = {0};
        if (line[0] == '#') {
            continue;
        }
        assert_int_equal(sscanf(line, "%159s %159s %15s", x_hex, y_hex, word), 3);
        struct bytes vx = bytes_of(x, from_hex(x_hex, x, sizeof x));
        struct bytes vy = bytes_of(y, from_hex(y_hex, y, sizeof y));
        bool want = verdict_of(word) == VALID;
        assert_int_equal(decode_key(true, vx, vy, false, &key), want ? 0 : TP_E_MALFORMED);
        cose_key_free(&key);
        assert_int_equal(decode_key(true, vx, vy, true, &key), want ? 0 : TP_E_MALFORMED);
        cose_key_free(&key);
        valid += want;
        invalid += !want;
    }
    fclose(f);
    assert_int_equal(valid, 8);
    assert_int_equal(invalid, 16);
}

static int more_count;
static char **more_paths;

static void further_files_hold(void **state)
{
    (void)state;
    for (int i = 0; i < more_count; i++) {
        struct tally t = check_file(more_paths[i]);
        print_message("%s: %zu valid, %zu high, %zu invalid\n", more_paths[i], t.of[VALID], t.of[HIGH],
                      t.of[INVALID]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p256_agrees_with_the_cavp),       cmocka_unit_test(ed25519_agrees_with_its_authors),
        cmocka_unit_test(all_agree_with_wycheproof),       cmocka_unit_test(edges_are_on_the_right_side),
        cmocka_unit_test(public_keys_agree_with_the_cavp), cmocka_unit_test(further_files_hold),
    };
    more_count = argc - 1;
    more_paths = argv + 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
