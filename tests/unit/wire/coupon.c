/* The coupon's bytes are of one form alone, and its digits stand for exactly those bytes. */
#include "util.h"
#include "wire/cbor.h"
#include "wire/coupon.h"

static const uint8_t some_offer[REF_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
/* QR code version 7 at level M holds 293 digits (ISO/IEC 18004, table 7). */
enum { QR_DIGITS = 293 };

static struct cose_key issuer, stranger;

static int make_keys(void **state)
{
    (void)state;
    return cose_key_generate(ALG_ESP256, &issuer) || cose_key_generate(ALG_ED25519, &stranger);
}

static int free_keys(void **state)
{
    (void)state;
    cose_key_free(&issuer);
    cose_key_free(&stranger);
    return 0;
}

static void real_coupons_have_109_to_117_bytes_and_fit_the_qr_code(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX};
    static const uint8_t extra[] = {0, 0, 1, 1, 2, 2, 4, 4};
    const struct cose_key *keys[] = {&issuer, &stranger};
    for (size_t i = 0; i < 8 * 8 * 2; i++) {
        size_t b = i % 8, n = i / 8 % 8;
        struct coupon c;
        struct buf out, digits;
        buf_init(&out, COUPON_MAX);
        buf_init(&digits, COUPON_DIGITS_MAX);
        assert_int_equal(coupon_sign(keys[i / 64], some_offer, numbers[b], numbers[n], 1800000000, &out), 0);
        assert_int_equal(out.n, 109u + extra[b] + extra[n]);
        assert_int_equal(coupon_parse(buf_view(&out), &c), 0);
        assert_int_equal(coupon_verify(&c, keys[i / 64]), 0);
        assert_int_equal(coupon_verify(&c, keys[1 - i / 64]), TP_E_UNTRUSTED);
        assert_memory_equal(c.offer, some_offer, REF_SIZE);
        assert_memory_equal(c.kid, keys[i / 64]->kid, KID_SIZE);
        assert_true(c.batch == numbers[b] && c.index == numbers[n] && c.exp == 1800000000);
        coupon_to_digits(buf_view(&out), &digits);
        assert_false(digits.failed);
        assert_true(digits.n <= QR_DIGITS);
        buf_free(&out);
        buf_free(&digits);
    }
}

static void an_end_out_of_range_is_not_signed(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, COUPON_MAX);
    assert_int_equal(coupon_sign(&issuer, some_offer, 1, 1, 0, &out), TP_E_ARGUMENT);
    assert_int_equal(coupon_sign(&issuer, some_offer, 1, 1, (INT64_C(1) << 40) + 1, &out), TP_E_ARGUMENT);
    assert_int_equal(coupon_sign(&issuer, some_offer, 1, 1, INT64_C(1) << 40, &out), 0);
    buf_free(&out);
}

static void one_changed_bit_or_a_cut_is_never_genuine(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, COUPON_MAX);
    assert_int_equal(coupon_sign(&stranger, some_offer, 70000, 70000, 1800000000, &out), 0);
    for (size_t bit = 0; bit < 8 * out.n; bit++) {
        struct coupon c;
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bool kept = !coupon_parse(buf_view(&out), &c) && memcmp(c.kid, stranger.kid, KID_SIZE) == 0 &&
                    !coupon_verify(&c, &stranger);
        assert_false(kept);
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < out.n; n++) {
        struct coupon c;
        assert_int_equal(coupon_parse(bytes_of(out.p, n), &c), TP_E_MALFORMED);
    }
    buf_free(&out);
}

/* Signs any header and claims, given in hex, and tells what the parser says. */
static int parse_signed(const char *header, const char *claims)
{
    uint8_t h[64], p[400];
    struct coupon c = {.batch = 7};
    struct buf out;
    buf_init(&out, 2 * COUPON_MAX);
    assert_int_equal(cose_sign1(&issuer, unhex(header, h, sizeof h), unhex(claims, p, sizeof p), &out, NULL),
                     0);
    int rc = coupon_parse(buf_view(&out), &c);
    assert_true(rc == 0 || c.batch == 7);
    buf_free(&out);
    return rc;
}

#define HEADER                                                                                               \
    "a20128044800000000000000"                                                                               \
    "00"
#define CLAIMS "a2041a6b49d2003a0001000083480102030405060708"

static void header_and_claims_have_one_form(void **state)
{
    (void)state;
    assert_int_equal(parse_signed(HEADER, CLAIMS "0102"), 0);
    assert_int_equal(parse_signed("a20126044800000000000000"
                                  "00",
                                  CLAIMS "0102"),
                     0);
    assert_int_equal(parse_signed("a20138220448000000000000"
                                  "0000",
                                  CLAIMS "0102"),
                     TP_E_MALFORMED); /* alg -35 */
    assert_int_equal(parse_signed("a10128", CLAIMS "0102"), TP_E_MALFORMED);
    assert_int_equal(parse_signed("a2012804470000000000"
                                  "0000",
                                  CLAIMS "0102"),
                     TP_E_MALFORMED); /* kid of 7 */
    assert_int_equal(parse_signed("a3012804480000000000000000"
                                  "1061"
                                  "61",
                                  CLAIMS "0102"),
                     TP_E_MALFORMED);
    assert_int_equal(parse_signed(HEADER, CLAIMS "20"
                                                 "02"),
                     TP_E_MALFORMED); /* batch -1 */
    assert_int_equal(parse_signed(HEADER, CLAIMS "01"
                                                 "1b0000000100000000"),
                     TP_E_MALFORMED); /* index 2^32 */
    assert_int_equal(parse_signed(HEADER, CLAIMS "01"
                                                 "4102"),
                     TP_E_MALFORMED);
    assert_int_equal(parse_signed(HEADER, "a204003a00010000834801020304050607080102"),
                     TP_E_MALFORMED); /* exp 0 */
    assert_int_equal(parse_signed(HEADER, "a204013a0001000083470102030405060701"
                                          "02"),
                     TP_E_MALFORMED);
    assert_int_equal(parse_signed(HEADER, "a204013a00010000844801020304050607080102"
                                          "03"),
                     TP_E_MALFORMED);
    assert_int_equal(parse_signed(HEADER, "a13a00010000834801020304050607080102"), TP_E_MALFORMED);
    assert_int_equal(parse_signed(HEADER, "a30401061a6b49d2003a00010000834801020304050607080102"),
                     TP_E_MALFORMED);
}

static void a_coupon_carries_no_receipt_and_ends_at_its_most_bytes(void **state)
{
    (void)state;
    uint8_t big[COUPON_MAX + 1] = {0};
    struct buf plain, more;
    struct coupon c;
    buf_init(&plain, COUPON_MAX);
    buf_init(&more, COUPON_MAX);
    assert_int_equal(coupon_sign(&issuer, some_offer, 1, 1, 1800000000, &plain), 0);
    assert_int_equal(coupon_parse(buf_view(&plain), &c), 0);
    /* {} is the byte after the protected string; put {394: [h'01']} in its place. */
    size_t at = (size_t)(c.sign1.unprotected.p - plain.p);
    buf_put(&more, plain.p, at);
    buf_put(&more, "\xA1\x19\x01\x8A\x81\x41\x01", 7);
    buf_put(&more, plain.p + at + 1, plain.n - at - 1);
    struct cose_sign1 s;
    assert_int_equal(cose_sign1_parse(buf_view(&more), true, &s), 0);
    assert_int_equal(coupon_parse(buf_view(&more), &c), TP_E_MALFORMED);
    assert_int_equal(coupon_parse(bytes_of(big, sizeof big), &c), TP_E_MALFORMED);
    buf_free(&plain);
    buf_free(&more);
}

/* ---- digits ---- */

static int from_text(const char *text, struct buf *out)
{
    buf_reset(out);
    return coupon_from_digits(bytes_str(text), out);
}

static void digits_come_back_for_every_length(void **state)
{
    (void)state;
    static const uint8_t fills[] = {0x00, 0xFF, 0x5A};
    static const size_t tails[] = {0, 3, 5, 8, 10, 13, 15};
    uint64_t seed = 5;
    uint8_t in[COUPON_MAX];
    struct buf digits, out;
    buf_init(&digits, COUPON_DIGITS_MAX);
    buf_init(&out, COUPON_MAX);
    for (size_t n = 1; n <= COUPON_MAX; n++) {
        for (size_t f = 0; f < 4; f++) {
            for (size_t i = 0; i < n; i++) {
                in[i] = f < 3 ? fills[f] : (uint8_t)chance(&seed);
            }
            buf_reset(&digits);
            buf_reset(&out);
            coupon_to_digits(bytes_of(in, n), &digits);
            assert_false(digits.failed);
            assert_int_equal(digits.n, 5 + n / 7 * 17 + tails[n % 7]);
            assert_int_equal(coupon_from_digits(buf_view(&digits), &out), 0);
            assert_true(bytes_equal(bytes_of(in, n), buf_view(&out)));
        }
    }
    buf_free(&digits);
    buf_free(&out);
}

static void digits_are_those_of_the_protocol(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, COUPON_DIGITS_MAX);
    coupon_to_digits(bytes_of("\x00\x00\x00\x00\x00\x01\x00\x07", 8), &out);
    assert_true(bytes_is(buf_view(&out), "80701"
                                         "00000000000000256"
                                         "007"));
    buf_reset(&out);
    coupon_to_digits(bytes_of("\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 7), &out);
    assert_true(bytes_is(buf_view(&out), "80701"
                                         "72057594037927935"));
    buf_free(&out);
}

static void a_value_beyond_its_bytes_is_a_misread(void **state)
{
    (void)state;
    /* 2^(8k) - 1 and one more, for each length of chunk. */
    static const char *const most[] = {
        "80701255",           "8070165535",           "8070116777215",         "807014294967295",
        "807011099511627775", "80701281474976710655", "8070172057594037927935"};
    static const char *const beyond[] = {
        "80701256",           "8070165536",           "8070116777216",         "807014294967296",
        "807011099511627776", "80701281474976710656", "8070172057594037927936"};
    struct buf out;
    buf_init(&out, COUPON_MAX);
    for (size_t k = 1; k <= 7; k++) {
        assert_int_equal(from_text(most[k - 1], &out), 0);
        assert_int_equal(out.n, k);
        assert_int_equal(from_text(beyond[k - 1], &out), TP_MISREAD);
        assert_int_equal(out.n, 0);
    }
    assert_int_equal(from_text("8070199999999999999999", &out), TP_MISREAD);
    buf_free(&out);
}

static void a_length_or_sign_that_cannot_be_is_a_misread(void **state)
{
    (void)state;
    static const size_t none[] = {0, 1, 2, 4, 6, 7, 9, 11, 12, 14, 16};
    char text[COUPON_DIGITS_MAX + 40];
    struct buf out;
    buf_init(&out, COUPON_MAX + 20);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        for (size_t chunks = 0; chunks < 2; chunks++) {
            size_t digits = none[i] + 17 * chunks;
            if (digits == 17) {
                continue;
            }
            snprintf(text, sizeof text, "80701%0*d", (int)digits, 0);
            text[5 + digits] = '\0';
            assert_int_equal(from_text(text, &out), TP_MISREAD);
        }
    }
    assert_int_equal(from_text("8070100a", &out), TP_MISREAD);
    assert_int_equal(from_text("80701 01", &out), TP_MISREAD);
    assert_int_equal(from_text("8070100\n", &out), TP_MISREAD);
    /* 74 chunks are 518 bytes: more than a coupon can have. */
    memset(text, '0', sizeof text);
    memcpy(text, "80701", 5);
    assert_int_equal(coupon_from_digits(bytes_of(text, 5 + 74 * 17), &out), TP_MISREAD);
    assert_int_equal(coupon_from_digits(bytes_of(text, 5 + 75 * 17), &out), TP_MISREAD);
    assert_int_equal(coupon_from_digits(bytes_of(text, 5 + 73 * 17 + 3), &out), 0);
    buf_free(&out);
}

static void what_does_not_begin_like_ours_is_not_ours(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, COUPON_MAX);
    assert_int_equal(from_text("", &out), TP_UNKNOWN_CODE);
    assert_int_equal(from_text("8070", &out), TP_UNKNOWN_CODE);
    assert_int_equal(from_text("4006381333931", &out), TP_UNKNOWN_CODE);
    assert_int_equal(from_text("80702001", &out), TP_UNKNOWN_CODE);
    assert_int_equal(from_text(" 80701001", &out), TP_UNKNOWN_CODE);
    buf_free(&out);
}

static void too_many_or_no_bytes_have_no_digits(void **state)
{
    (void)state;
    uint8_t big[COUPON_MAX + 1] = {0};
    struct buf out;
    buf_init(&out, COUPON_DIGITS_MAX + 100);
    coupon_to_digits(bytes_of(big, 0), &out);
    assert_true(out.failed);
    buf_reset(&out);
    coupon_to_digits(bytes_of(big, sizeof big), &out);
    assert_true(out.failed && out.n == 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_coupons_have_109_to_117_bytes_and_fit_the_qr_code),
        cmocka_unit_test(an_end_out_of_range_is_not_signed),
        cmocka_unit_test(one_changed_bit_or_a_cut_is_never_genuine),
        cmocka_unit_test(header_and_claims_have_one_form),
        cmocka_unit_test(a_coupon_carries_no_receipt_and_ends_at_its_most_bytes),
        cmocka_unit_test(digits_come_back_for_every_length),
        cmocka_unit_test(digits_are_those_of_the_protocol),
        cmocka_unit_test(a_value_beyond_its_bytes_is_a_misread),
        cmocka_unit_test(a_length_or_sign_that_cannot_be_is_a_misread),
        cmocka_unit_test(what_does_not_begin_like_ours_is_not_ours),
        cmocka_unit_test(too_many_or_no_bytes_have_no_digits),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
