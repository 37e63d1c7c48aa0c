/*
 * The Sign1 cases of github.com/cose-wg/Examples. The messages that check out are in vectors/cose.h; those
 * that must fail are made from them by the one change that each case's file names.
 */
#include "support/cm.h"
#include "vectors/cose.h"
#include "wire/cbor.h"
#include "wire/cose.h"

#define CONTENT "54546869732069732074686520636f6e74656e742e"
#define CHANGED "54546869732069732074686520636f6e74656e742f"
#define KID     "a104423131"
/* The signature of sign-pass-03, and so of sign-fail-01 to 06, under alg ES256 alone. */
#define SIGNATURE                                                                                            \
    "58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444" \
    "547e01f11d3b0916e5a4c345cacb36"

static struct bytes unhex(const char *hex, uint8_t *out, size_t size)
{
    size_t n = strlen(hex) / 2;
    assert_true(n <= size);
    assert_true(hex_decode(bytes_str(hex), out, n));
    return bytes_of(out, n);
}

/* What `cose verify` says: 0, or what stopped it. */
static int verify_hex(const char *message, const char *key_map)
{
    uint8_t memory[400], key_memory[128];
    struct cose_sign1 s;
    struct cose_key key;
    struct bytes kid;
    int64_t alg;
    int rc = cose_sign1_parse(unhex(message, memory, sizeof memory), false, &s);
    if (!rc) {
        rc = cose_header(&s, &alg, &kid);
    }
    if (!rc) {
        assert_int_equal(cose_key_decode_any(unhex(key_map, key_memory, sizeof key_memory), &key), 0);
        rc = cose_verify(&key, alg, &s, false);
        cose_key_free(&key);
    }
    return rc;
}

static void the_passing_cases_pass(void **state)
{
    (void)state;
    assert_int_equal(verify_hex(COSE_WG_SIGN_PASS_01, COSE_WG_P256_KEY), 0);
    assert_int_equal(verify_hex(COSE_WG_SIGN_PASS_03, COSE_WG_P256_KEY), 0);
    assert_int_equal(verify_hex("8443a10126" KID CONTENT SIGNATURE, COSE_WG_P256_KEY), 0);
    assert_int_equal(verify_hex("d28443a10126" KID CONTENT SIGNATURE, COSE_WG_P256_KEY), 0);
    assert_int_equal(verify_hex(COSE_WG_EDDSA_SIG_01, COSE_WG_ED25519_KEY), 0);
}

static void the_failing_cases_fail(void **state)
{
    (void)state;
    /* sign-fail-01: tag 998 */
    assert_int_equal(verify_hex("d903e68443a10126" KID CONTENT SIGNATURE, COSE_WG_P256_KEY), TP_E_MALFORMED);
    /* sign-fail-02: a changed content */
    assert_int_equal(verify_hex("d28443a10126" KID CHANGED SIGNATURE, COSE_WG_P256_KEY), TP_E_UNTRUSTED);
    /* sign-fail-03: alg -999 */
    assert_int_equal(verify_hex("d28445a1013903e6" KID CONTENT SIGNATURE, COSE_WG_P256_KEY), TP_E_UNTRUSTED);
    /* sign-fail-04: alg "unknown" */
    assert_int_equal(verify_hex(COSE_WG_SIGN_FAIL_04, COSE_WG_P256_KEY), TP_E_MALFORMED);
    /* sign-fail-06: a content type added to what is protected */
    assert_int_equal(verify_hex("d28445a201260300" KID CONTENT SIGNATURE, COSE_WG_P256_KEY), TP_E_UNTRUSTED);
}

/* sign-fail-07: a member of the protected map is gone; as in eddsa-sig-01, which has the same header. */
static void what_was_protected_cannot_be_taken_out(void **state)
{
    (void)state;
    char message[2 * 200];
    const char *whole = COSE_WG_EDDSA_SIG_01;
    assert_int_equal(strncmp(whole, "d28445a201270300", 16), 0);
    memcpy(message, "d28443a10127", 12);
    memcpy(message + 12, whole + 16, strlen(whole + 16) + 1);
    assert_int_equal(verify_hex(message, COSE_WG_ED25519_KEY), TP_E_UNTRUSTED);
}

/* An alg beside the one that is protected is not looked at. */
static void an_unprotected_alg_does_not_replace_the_protected_one(void **state)
{
    (void)state;
    assert_int_equal(verify_hex("d28443a10126a2012704423131" CONTENT SIGNATURE, COSE_WG_P256_KEY), 0);
    assert_int_equal(verify_hex("d28443a10127a2012604423131" CONTENT SIGNATURE, COSE_WG_P256_KEY),
                     TP_E_UNTRUSTED);
}

/* As in sign-pass-02: bytes that are signed but not sent. A message signed without them is not one with them.
 */
static void external_data_are_a_part_of_what_is_signed(void **state)
{
    (void)state;
    static const uint8_t aad[] = {0x11, 0xAA, 0x22, 0xBB};
    uint8_t memory[300];
    struct cose_key key;
    struct cose_sign1 s;
    struct buf out, with, without;
    buf_init(&out, 500);
    buf_over(&with, memory, 150);
    buf_over(&without, memory + 150, 150);
    assert_int_equal(cose_key_generate(ALG_ESP256, &key), 0);
    assert_int_equal(cose_sign1(&key, bytes_str("\xA1\x01\x26"), bytes_str("content"), &out, NULL), 0);
    assert_int_equal(cose_sign1_parse(buf_view(&out), true, &s), 0);
    cose_sig_structure(s.protected_map, bytes_of(aad, sizeof aad), s.payload, &with);
    cose_sig_structure(s.protected_map, (struct bytes){0}, s.payload, &without);
    assert_false(with.failed || without.failed);
    assert_int_equal(cose_verify_bytes(&key, buf_view(&without), s.signature, true), 0);
    assert_int_equal(cose_verify_bytes(&key, buf_view(&with), s.signature, true), TP_E_UNTRUSTED);
    cose_key_free(&key);
    buf_free(&out);
}

/* None of them is a statement or a coupon: their kid is outside, or they have no tag. */
static void the_profile_takes_none_of_them(void **state)
{
    (void)state;
    static const char *const all[] = {COSE_WG_SIGN_PASS_01, COSE_WG_SIGN_PASS_03, COSE_WG_SIGN_FAIL_04,
                                      COSE_WG_EDDSA_SIG_01};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        uint8_t memory[400];
        struct cose_sign1 s;
        assert_int_equal(cose_sign1_parse(unhex(all[i], memory, sizeof memory), true, &s), TP_E_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_passing_cases_pass),
        cmocka_unit_test(the_failing_cases_fail),
        cmocka_unit_test(what_was_protected_cannot_be_taken_out),
        cmocka_unit_test(an_unprotected_alg_does_not_replace_the_protected_one),
        cmocka_unit_test(external_data_are_a_part_of_what_is_signed),
        cmocka_unit_test(the_profile_takes_none_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
