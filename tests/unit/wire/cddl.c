/* The CDDL in the tree says what the tables say. `test_wire_cddl --print` prints the part that comes from
 * them, `test_wire_cddl --write` puts it into the file, below the heading. */
#include "util.h"
#include "wire/statement.h"

#define HEADING "; ---- printed from the tables"

static void print_tables(struct buf *out)
{
    struct schema_set done = {0};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        schema_cddl(kinds[i].schema, &done, out);
    }
    schema_cddl(&schema_lines_part, &done, out);
    schema_cddl(&schema_person_part, &done, out);
    schema_cddl(&schema_recalled_part, &done, out);
    schema_cddl(&schema_residue, &done, out);
    schema_cddl(&schema_quote, &done, out);
    /* One empty line between rules, none at the end. */
    if (out->n > 0 && !out->failed) {
        out->n--;
    }
}

static void read_file(struct buf *out)
{
    FILE *f = fopen(CDDL, "r");
    assert_non_null(f);
    for (int c; (c = fgetc(f)) != EOF;) {
        buf_putc(out, (uint8_t)c);
    }
    fclose(f);
    assert_false(out->failed);
}

/* Where the printed part begins: after the heading's line and an empty one. */
static size_t printed_from(const struct buf *file)
{
    const uint8_t *at = memmem(file->p, file->n, HEADING, strlen(HEADING));
    assert_non_null(at);
    at = memmem(at, file->n - (size_t)(at - file->p), "\n\n", 2);
    assert_non_null(at);
    return (size_t)(at - file->p) + 2;
}

static void the_file_says_what_the_tables_say(void **state)
{
    (void)state;
    struct buf file, tables;
    buf_init(&file, 1 << 20);
    buf_init(&tables, 1 << 20);
    read_file(&file);
    print_tables(&tables);
    size_t from = printed_from(&file);
    bool same = bytes_equal(bytes_of(file.p + from, file.n - from), buf_view(&tables));
    buf_free(&file);
    buf_free(&tables);
    if (!same) {
        fail_msg("%s is not what the tables say; write it anew with: bin/test_wire_cddl --write", CDDL);
    }
}

static bool defined(const struct buf *file, const char *name)
{
    char rule[100];
    int n = snprintf(rule, sizeof rule, "\n%s = ", name);
    return memmem(file->p, file->n, rule, (size_t)n) != NULL;
}

/* Every kind has an envelope in the part that is written by hand. */
static void every_kind_has_its_envelope(void **state)
{
    (void)state;
    struct buf file;
    buf_init(&file, 1 << 20);
    read_file(&file);
    size_t from = printed_from(&file);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        char typ[100];
        int n = snprintf(typ, sizeof typ, "\"application/vnd.tillproof.%s\"", kinds[i].name);
        assert_non_null(memmem(file.p, from, typ, (size_t)n));
        assert_true(defined(&file, kinds[i].name));
    }
    buf_free(&file);
}

static int print_or_write(bool write)
{
    struct buf file, tables;
    buf_init(&file, 1 << 20);
    buf_init(&tables, 1 << 20);
    print_tables(&tables);
    FILE *out = stdout;
    if (write) {
        read_file(&file);
        file.n = printed_from(&file);
        out = fopen(CDDL, "w");
    }
    bool fine = out && (!write || fwrite(file.p, 1, file.n, out) == file.n) &&
                fwrite(tables.p, 1, tables.n, out) == tables.n && fflush(out) == 0;
    if (write && out) {
        fclose(out);
    }
    buf_free(&file);
    buf_free(&tables);
    return fine ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_says_what_the_tables_say),
        cmocka_unit_test(every_kind_has_its_envelope),
    };
    if (argc == 2 && (strcmp(argv[1], "--write") == 0 || strcmp(argv[1], "--print") == 0)) {
        return print_or_write(strcmp(argv[1], "--write") == 0);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
