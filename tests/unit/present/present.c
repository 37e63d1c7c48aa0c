/* What devices and people add does not count; what is not ours is told from what was read badly. */
#include "support/cm.h"

#include "present/present.h"

#include <string.h>

struct fixture {
    struct cose_key issuer;
    uint8_t raw[COUPON_MAX], digits[COUPON_DIGITS_MAX];
    size_t raw_n, digits_n;
};

static int setup(void **state)
{
    static struct fixture f;
    static const uint8_t offer[REF_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct buf b;
    assert_int_equal(cose_key_generate(ALG_ESP256, &f.issuer), 0);
    buf_over(&b, f.raw, sizeof f.raw);
    assert_int_equal(coupon_sign(&f.issuer, offer, 7, 3, 1800000000, &b), 0);
    f.raw_n = b.n;
    buf_over(&b, f.digits, sizeof f.digits);
    coupon_to_digits(bytes_of(f.raw, f.raw_n), &b);
    assert_false(b.failed);
    f.digits_n = b.n;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    cose_key_free(&((struct fixture *)*state)->issuer);
    return 0;
}

/* before + content + after, as one scan. */
static int scan(struct bytes before, struct bytes content, struct bytes after, struct presented_coupon *out)
{
    uint8_t in[2 * SCAN_MAX];
    struct buf b;
    buf_over(&b, in, sizeof in);
    buf_put(&b, before.p, before.n);
    buf_put(&b, content.p, content.n);
    buf_put(&b, after.p, after.n);
    assert_false(b.failed);
    return present_code(buf_view(&b), out);
}

static void what_devices_add_does_not_count(void **state)
{
    static const char *const before[] = {"", "]Q1", "]Q3", " ", "\t]d2", "\r\n"};
    static const char *const after[] = {"", "\r", "\n", "\r\n", "\t", "  \r\n"};
    struct fixture *f = *state;
    struct presented_coupon out;
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < 6; k++) {
            assert_int_equal(
                scan(bytes_str(before[i]), bytes_of(f->digits, f->digits_n), bytes_str(after[k]), &out), 0);
            assert_int_equal(out.coupon.batch, 7);
            assert_int_equal(out.coupon.index, 3);
            assert_int_equal(out.n, f->raw_n);
            assert_memory_equal(out.raw, f->raw, f->raw_n);
        }
    }
}

static void raw_bytes_are_a_coupon_too(void **state)
{
    struct fixture *f = *state;
    struct presented_coupon out;
    struct bytes raw = bytes_of(f->raw, f->raw_n);
    assert_int_equal(scan(bytes_str(""), raw, bytes_str(""), &out), 0);
    assert_int_equal(scan(bytes_str("]Q1"), raw, bytes_str("\r\n"), &out), 0);
    assert_int_equal(scan(bytes_str(""), raw, bytes_str("\n"), &out), 0);
    assert_int_equal(out.n, f->raw_n);
    assert_int_equal(scan(bytes_str(""), raw, bytes_str("x"), &out), TP_MISREAD);
    raw.n--;
    assert_int_equal(scan(bytes_str(""), raw, bytes_str(""), &out), TP_MISREAD);
}

static void a_signature_may_end_in_a_line_end(void **state)
{
    struct fixture *f = *state;
    struct presented_coupon out;
    uint8_t last = f->raw[f->raw_n - 1];
    f->raw[f->raw_n - 1] = '\n';
    assert_int_equal(scan(bytes_str(""), bytes_of(f->raw, f->raw_n), bytes_str(""), &out), 0);
    assert_int_equal(out.n, f->raw_n);
    f->raw[f->raw_n - 1] = last;
}

static void people_type_spaces(void **state)
{
    struct fixture *f = *state;
    struct presented_coupon out;
    uint8_t in[SCAN_MAX];
    struct buf b;
    buf_over(&b, in, sizeof in);
    for (size_t i = 0; i < f->digits_n; i++) {
        buf_putc(&b, f->digits[i]);
        if (i % 4 == 3) {
            buf_putc(&b, ' ');
        }
    }
    assert_int_equal(present_code(buf_view(&b), &out), 0);
}

static void other_codes_are_unknown_and_damaged_ones_misread(void **state)
{
    static const char *const unknown[] = {
        "", " ", "\r\n", "]Q1", "4006381333931", "https://example.com/80701", "x", "8070"};
    struct fixture *f = *state;
    struct presented_coupon out;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_int_equal(present_code(bytes_str(unknown[i]), &out), TP_UNKNOWN_CODE);
    }
    for (size_t cut = 5; cut < f->digits_n; cut++) {
        assert_int_equal(present_code(bytes_of(f->digits, cut), &out), TP_MISREAD);
    }
    uint8_t in[COUPON_DIGITS_MAX];
    memcpy(in, f->digits, f->digits_n);
    in[20] = 'l';
    assert_int_equal(present_code(bytes_of(in, f->digits_n), &out), TP_MISREAD);
}

static void too_long_is_not_read(void **state)
{
    static uint8_t in[SCAN_MAX + 1];
    struct presented_coupon out;
    (void)state;
    memset(in, '0', sizeof in);
    memcpy(in, COUPON_PREFIX, 5);
    assert_int_equal(present_code(bytes_of(in, SCAN_MAX), &out), TP_MISREAD);
    assert_int_equal(present_code(bytes_of(in, SCAN_MAX + 1), &out), TP_UNKNOWN_CODE);
    in[0] = 0xD2;
    assert_int_equal(present_code(bytes_of(in, SCAN_MAX), &out), TP_MISREAD);
}

static void a_card_token_is_printable_and_short(void **state)
{
    static const char *const bad[] = {"", " ", "\r\n", "a b", "a\x01", "t\xc3\xbc", "\x7f"};
    struct bytes token;
    char in[CARD_TOKEN_MAX + 2];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(present_card(bytes_str(bad[i]), &token), TP_MISREAD);
    }
    assert_int_equal(present_card(bytes_of("a\0b", 3), &token), TP_MISREAD);
    memset(in, '~', sizeof in);
    assert_int_equal(present_card(bytes_of(in, CARD_TOKEN_MAX), &token), 0);
    assert_int_equal(present_card(bytes_of(in, CARD_TOKEN_MAX + 1), &token), TP_MISREAD);
    assert_int_equal(present_card(bytes_str("V0010013820000000000000000001\r\n"), &token), 0);
    assert_int_equal(token.n, 29);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_devices_add_does_not_count),
        cmocka_unit_test(raw_bytes_are_a_coupon_too),
        cmocka_unit_test(a_signature_may_end_in_a_line_end),
        cmocka_unit_test(people_type_spaces),
        cmocka_unit_test(other_codes_are_unknown_and_damaged_ones_misread),
        cmocka_unit_test(too_long_is_not_read),
        cmocka_unit_test(a_card_token_is_printable_and_short),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
