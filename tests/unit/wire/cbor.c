/* The decoder takes what the profile takes, and nothing else; what it takes, it writes again byte for byte.
 */
#include "cbor_make.h"

static void check_file(const char *name, size_t at_least)
{
    char path[4096], line[512], hex[400], verdict[16];
    uint8_t memory[200];
    size_t lines = 0;
    snprintf(path, sizeof path, "%s/%s", VECTORS, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#') {
            continue;
        }
        assert_int_equal(sscanf(line, "%399s %15s", hex, verdict), 2);
        struct bytes in = unhex(hex[0] == '-' ? "" : hex, memory, sizeof memory);
        bool accepted = strcmp(verdict, "accepted") == 0;
        assert_true(accepted || strcmp(verdict, "refused") == 0);
        if ((cbor_check(in) == 0) != accepted) {
            fail_msg("%s: %s", name, line);
        }
        lines++;
    }
    fclose(f);
    assert_true(lines >= at_least);
}

static void appendix_a_is_accepted_or_refused_as_written(void **state)
{
    (void)state;
    check_file("rfc8949_appendix_a.txt", 82);
}

static void profile_is_accepted_or_refused_as_written(void **state)
{
    (void)state;
    check_file("profile.txt", 60);
}

/* True when accepted; then the copy must be equal. */
static bool accepted_and_equal(struct bytes in)
{
    struct buf copy;
    struct dec d;
    size_t tags = 0;
    if (cbor_check(in)) {
        return false;
    }
    buf_init(&copy, in.n);
    dec_init(&d, in);
    assert_true(copy_item(&d, &copy, &tags));
    assert_true(dec_done(&d));
    assert_false(copy.failed);
    assert_true(bytes_equal(in, buf_view(&copy)));
    buf_free(&copy);
    return true;
}

static void random_items_come_back_byte_for_byte(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 20000; i++) {
        buf_reset(&b);
        make_item(&seed, 0, true, &b);
        assert_false(b.failed);
        assert_true(accepted_and_equal(buf_view(&b)));
    }
    buf_free(&b);
}

static void spoiled_items_are_refused_or_come_back_byte_for_byte(void **state)
{
    (void)state;
    uint64_t seed = 2;
    size_t accepted = 0, refused = 0;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 60000; i++) {
        buf_reset(&b);
        make_item(&seed, 0, true, &b);
        spoil(&seed, &b);
        if (accepted_and_equal(buf_view(&b))) {
            accepted++;
        } else {
            refused++;
        }
    }
    buf_free(&b);
    assert_true(accepted > 1000);
    assert_true(refused > 1000);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    uint64_t seed = 3;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 500; i++) {
        buf_reset(&b);
        make_item(&seed, 0, true, &b);
        for (size_t n = 0; n < b.n; n++) {
            /* A copy of its own, so that a read beyond its end is seen. */
            uint8_t *exact = malloc(n ? n : 1);
            assert_non_null(exact);
            memcpy(exact, b.p, n);
            assert_int_equal(cbor_check(bytes_of(exact, n)), TP_E_MALFORMED);
            free(exact);
        }
    }
    buf_free(&b);
}

static void a_reader_that_refuses_stays_where_it_was(void **state)
{
    (void)state;
    static const uint8_t in[] = {0x61, 'a'};
    struct dec d;
    struct bytes s = {0};
    int64_t i = 7;
    uint64_t tag = 7;
    size_t n = 7;
    bool b = true;
    dec_init(&d, bytes_of(in, sizeof in));
    assert_int_equal(dec_int(&d, &i), TP_E_MALFORMED);
    assert_int_equal(dec_bytes(&d, &s), TP_E_MALFORMED);
    assert_int_equal(dec_array(&d, &n), TP_E_MALFORMED);
    assert_int_equal(dec_map(&d, &n), TP_E_MALFORMED);
    assert_int_equal(dec_tag(&d, &tag), TP_E_MALFORMED);
    assert_int_equal(dec_bool(&d, &b), TP_E_MALFORMED);
    assert_int_equal(dec_null(&d), TP_E_MALFORMED);
    assert_true(i == 7 && tag == 7 && n == 7 && b && !s.p);
    assert_int_equal(dec_text(&d, &s), 0);
    assert_true(bytes_is(s, "a"));
    assert_true(dec_done(&d));
    assert_int_equal(dec_text(&d, &s), TP_E_MALFORMED);
}

/* RFC 8742: items one after another, each stepped over whole. */
static void a_sequence_is_stepped_over_item_by_item(void **state)
{
    (void)state;
    uint8_t memory[16];
    struct dec d;
    struct bytes item;
    dec_init(&d, unhex("01820203a10405", memory, sizeof memory));
    assert_int_equal(dec_item(&d, &item), 0);
    assert_int_equal(item.n, 1);
    assert_int_equal(dec_item(&d, &item), 0);
    assert_int_equal(item.n, 3);
    assert_int_equal(dec_item(&d, &item), 0);
    assert_int_equal(item.n, 3);
    assert_int_equal(dec_item(&d, &item), TP_E_MALFORMED);
    dec_init(&d, (struct bytes){0});
    assert_true(dec_done(&d));
    assert_int_equal(dec_item(&d, &item), TP_E_MALFORMED);
}

static void a_full_buffer_fails_and_takes_nothing_more(void **state)
{
    (void)state;
    uint8_t memory[3];
    struct buf b;
    buf_over(&b, memory, sizeof memory);
    enc_int(&b, 1000);
    assert_false(b.failed);
    enc_int(&b, 1);
    assert_true(b.failed);
    assert_int_equal(b.n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appendix_a_is_accepted_or_refused_as_written),
        cmocka_unit_test(profile_is_accepted_or_refused_as_written),
        cmocka_unit_test(random_items_come_back_byte_for_byte),
        cmocka_unit_test(spoiled_items_are_refused_or_come_back_byte_for_byte),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_reader_that_refuses_stays_where_it_was),
        cmocka_unit_test(a_sequence_is_stepped_over_item_by_item),
        cmocka_unit_test(a_full_buffer_fails_and_takes_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
