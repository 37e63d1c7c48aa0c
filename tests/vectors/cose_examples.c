/*
 * The Sign1 cases of github.com/cose-wg/Examples, whole, and what is made from them: headers that lie, and
 * the profile, which takes none of them.
 */
#include "support/cm.h"
#include "vectors/cose.h"
#include "wire/cbor.h"
#include "wire/cose.h"

#include <stdio.h>

#define CONTENT "54546869732069732074686520636f6e74656e742e"
/* The signature of sign-pass-03, and so of sign-fail-01 to 06, under alg ES256 alone. */
#define SIGNATURE                                                                                            \
    "58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444" \
    "547e01f11d3b0916e5a4c345cacb36"

enum { CASES = 16, TO_BE_SIGNED = 512 };

static struct bytes unhex(const char *hex, uint8_t *out, size_t size)
{
    size_t n = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    assert_true(n <= size);
    assert_true(n == 0 || hex_decode(bytes_str(hex), out, n));
    return bytes_of(out, n);
}

/* What is signed with external data (RFC 9052, section 4.4), which no message of the protocol has. */
static int verify_external(const struct cose_key *key, const struct cose_sign1 *s, struct bytes external)
{
    uint8_t memory[TO_BE_SIGNED];
    struct buf out;
    buf_over(&out, memory, sizeof memory);
    cose_sig_structure(s->protected_map, external, s->payload, &out);
    assert_false(out.failed);
    return cose_verify_bytes(key, buf_view(&out), s->signature, false);
}

/* What `cose verify` says: 0, or what stopped it. */
static int verify(const struct cose_key *key, struct bytes message, struct bytes external)
{
    struct cose_sign1 s;
    struct bytes kid;
    int64_t alg;
    int rc = cose_sign1_parse(message, false, &s);
    if (!rc) {
        rc = cose_header(&s, &alg, &kid);
    }
    if (!rc) {
        rc = cose_verify(key, alg, &s, false);
    }
    if (rc == TP_E_UNTRUSTED && external.n > 0) {
        rc = verify_external(key, &s, external);
    }
    return rc;
}

static int verify_hex(const char *message, const char *key_map)
{
    uint8_t memory[400], key_memory[128];
    struct cose_key key;
    assert_int_equal(cose_key_decode_any(unhex(key_map, key_memory, sizeof key_memory), &key), 0);
    int rc = verify(&key, unhex(message, memory, sizeof memory), (struct bytes){0});
    cose_key_free(&key);
    return rc;
}

/* The verdict on one case; the message alone, too, where there is external data: without it nothing holds. */
static const char *verdict(const char *key_map, const char *external, const char *message)
{
    uint8_t memory[400], key_memory[160], external_memory[32];
    struct bytes m = unhex(message, memory, sizeof memory);
    struct bytes x = unhex(external, external_memory, sizeof external_memory);
    struct cose_key key;
    int rc = cose_key_decode_any(unhex(key_map, key_memory, sizeof key_memory), &key);
    if (rc) {
        return rc == TP_E_MALFORMED ? "key" : "a fault";
    }
    rc = x.n > 0 && verify(&key, m, (struct bytes){0}) != TP_E_UNTRUSTED ? TP_E_IO : verify(&key, m, x);
    cose_key_free(&key);
    return rc == 0                ? "valid"
           : rc == TP_E_MALFORMED ? "malformed"
           : rc == TP_E_UNTRUSTED ? "untrusted"
                                  : "a fault";
}

static void every_case_has_its_verdict(void **state)
{
    static char line[2048];
    char name[40], given[400], key[400], external[64], message[800], wanted[16];
    int cases = 0;
    (void)state;
    FILE *f = fopen(VECTORS "/cose_sign1.txt", "r");
    assert_non_null(f);
    while (f && fgets(line, sizeof line, f)) {
        if (line[0] == '#') {
            continue;
        }
        assert_int_equal(sscanf(line, "%39s %399s %63s %799s %15s", name, given, external, message, wanted),
                         5);
        if (strcmp(given, "=") != 0) {
            memcpy(key, given, sizeof key);
        }
        print_message("%s\n", name);
        assert_string_equal(verdict(key, external, message), wanted);
        cases++;
    }
    fclose(f);
    assert_int_equal(cases, CASES);
}

/* An alg beside the one that is protected is not looked at. */
static void an_unprotected_alg_does_not_replace_the_protected_one(void **state)
{
    (void)state;
    assert_int_equal(verify_hex("d28443a10126a2012704423131" CONTENT SIGNATURE, COSE_WG_P256_KEY), 0);
    assert_int_equal(verify_hex("d28443a10127a2012604423131" CONTENT SIGNATURE, COSE_WG_P256_KEY),
                     TP_E_UNTRUSTED);
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
        cmocka_unit_test(every_case_has_its_verdict),
        cmocka_unit_test(an_unprotected_alg_does_not_replace_the_protected_one),
        cmocka_unit_test(the_profile_takes_none_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
