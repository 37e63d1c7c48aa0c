/* Keys, thumbprints, signatures: what the profile takes, what only the lax reader takes, what nobody does. */
#include "util.h"
#include "vectors/cose.h"
#include "wire/cbor.h"
#include "wire/cose.h"
#include "wire/hash.h"
#include "wire/lax.h"

#include <pthread.h>

static const int algs[] = {ALG_ESP256, ALG_ED25519};

static struct bytes key_map(int64_t kty, int64_t alg, int64_t crv, struct bytes x, struct bytes y,
                            struct buf *out)
{
    buf_reset(out);
    enc_map(out, y.p ? 5 : 4);
    enc_int(out, 1);
    enc_int(out, kty);
    enc_int(out, 3);
    enc_int(out, alg);
    enc_int(out, -1);
    enc_int(out, crv);
    enc_int(out, -2);
    enc_bytes(out, x);
    if (y.p) {
        enc_int(out, -3);
        enc_bytes(out, y);
    }
    return buf_view(out);
}

/* RFC 9679, section 6. */
static void thumbprint_is_that_of_rfc_9679(void **state)
{
    (void)state;
    uint8_t x[32], y[32], want[HASH_SIZE], memory[128];
    struct cose_key key;
    struct buf map;
    buf_over(&map, memory, sizeof memory);
    unhex(RFC9679_THUMBPRINT, want, sizeof want);
    struct bytes in = key_map(2, -9, 1, unhex(RFC9679_X, x, 32), unhex(RFC9679_Y, y, 32), &map);
    assert_int_equal(cose_key_decode(in, &key), 0);
    assert_memory_equal(key.thumbprint, want, HASH_SIZE);
    assert_memory_equal(key.kid, want, KID_SIZE);
    assert_false(key.can_sign);
    cose_key_free(&key);
}

static void a_key_comes_back_from_its_map(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t memory[128];
        struct cose_key key, back;
        struct buf map;
        buf_over(&map, memory, sizeof memory);
        assert_int_equal(cose_key_generate(algs[i], &key), 0);
        assert_true(key.can_sign && key.alg == algs[i]);
        cose_key_encode(&key, &map);
        assert_int_equal(cbor_check(buf_view(&map)), 0);
        assert_int_equal(cose_key_decode(buf_view(&map), &back), 0);
        assert_memory_equal(back.thumbprint, key.thumbprint, HASH_SIZE);
        assert_false(back.can_sign);
        for (size_t n = 0; n < map.n; n++) {
            struct cose_key none;
            assert_int_equal(cose_key_decode(bytes_of(memory, n), &none), TP_E_MALFORMED);
        }
        cose_key_free(&key);
        cose_key_free(&back);
    }
}

static void a_key_that_is_not_minimal_or_not_on_the_curve_is_refused(void **state)
{
    (void)state;
    uint8_t x[32], y[32], memory[200];
    struct cose_key key;
    struct buf map;
    struct bytes vx = unhex(RFC9679_X, x, 32), vy = unhex(RFC9679_Y, y, 32), none = {0};
    buf_over(&map, memory, sizeof memory);
    assert_int_equal(cose_key_decode(key_map(2, -7, 1, vx, vy, &map), &key), TP_E_MALFORMED);
    assert_int_equal(cose_key_decode(key_map(2, -19, 1, vx, vy, &map), &key), TP_E_MALFORMED);
    assert_int_equal(cose_key_decode(key_map(2, -9, 2, vx, vy, &map), &key), TP_E_MALFORMED);
    assert_int_equal(cose_key_decode(key_map(2, -9, 1, vx, none, &map), &key), TP_E_MALFORMED);
    assert_int_equal(cose_key_decode(key_map(1, -19, 6, vx, vy, &map), &key), TP_E_MALFORMED);
    assert_int_equal(cose_key_decode(key_map(3, -9, 1, vx, vy, &map), &key), TP_E_MALFORMED);
    assert_int_equal(cose_key_decode(key_map(2, -9, 1, bytes_of(x, 31), vy, &map), &key), TP_E_MALFORMED);
    assert_int_equal(cose_key_decode(key_map(2, -9, 1, vx, vy, &map), &key), 0);
    cose_key_free(&key);
    /* y as the boolean of a compressed point */
    map.n -= 34;
    enc_bool(&map, true);
    assert_int_equal(cose_key_decode(buf_view(&map), &key), TP_E_MALFORMED);
    /* one more member */
    key_map(2, -9, 1, vx, vy, &map);
    memory[0]++;
    enc_int(&map, -4);
    enc_int(&map, 0);
    assert_int_equal(cbor_check(buf_view(&map)), 0);
    assert_int_equal(cose_key_decode(buf_view(&map), &key), TP_E_MALFORMED);
    y[31] ^= 1;
    assert_int_equal(cose_key_decode(key_map(2, -9, 1, vx, vy, &map), &key), TP_E_MALFORMED);
    assert_int_equal(cose_key_decode_any(buf_view(&map), &key), TP_E_MALFORMED);
}

static void sign(const struct cose_key *key, struct buf *out, struct cose_sign1 *s)
{
    static const uint8_t header[] = {0xA1, 0x04, 0x41, 0x01};
    uint8_t d[HASH_SIZE], again[HASH_SIZE];
    buf_reset(out);
    assert_int_equal(cose_sign1(key, bytes_of(header, sizeof header), bytes_str("payload"), out, d), 0);
    assert_int_equal(cose_sign1_parse(buf_view(out), true, s), 0);
    assert_int_equal(cose_d(s->protected_map, s->payload, again), 0);
    assert_memory_equal(d, again, HASH_SIZE);
}

static void a_signature_checks_with_its_key_and_algorithm_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int64_t other = algs[i] == ALG_ESP256 ? ALG_ES256 : ALG_EDDSA;
        struct cose_key key, stranger, of_other_type;
        struct cose_sign1 s;
        struct buf out;
        buf_init(&out, 1000);
        assert_int_equal(cose_key_generate(algs[i], &key), 0);
        assert_int_equal(cose_key_generate(algs[i], &stranger), 0);
        assert_int_equal(cose_key_generate(algs[1 - i], &of_other_type), 0);
        sign(&key, &out, &s);
        assert_int_equal(cose_verify(&key, algs[i], &s, true), 0);
        assert_int_equal(cose_verify(&key, other, &s, true), 0);
        assert_int_equal(cose_verify(&key, algs[1 - i], &s, true), TP_E_UNTRUSTED);
        assert_int_equal(cose_verify(&key, -35, &s, true), TP_E_UNTRUSTED);
        assert_int_equal(cose_verify(&stranger, algs[i], &s, true), TP_E_UNTRUSTED);
        assert_int_equal(cose_verify(&of_other_type, algs[i], &s, true), TP_E_UNTRUSTED);
        for (size_t bit = 0; bit < 8 * SIGNATURE_SIZE; bit++) {
            struct cose_sign1 spoiled = s;
            spoiled.signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(cose_verify(&key, algs[i], &spoiled, false), TP_E_UNTRUSTED);
        }
        cose_key_free(&key);
        cose_key_free(&stranger);
        cose_key_free(&of_other_type);
        buf_free(&out);
    }
}

/* s' = n - s is a valid signature, too: of the two, the profile has only the low one. */
static void a_high_s_is_refused_by_the_profile_and_taken_by_cose_verify(void **state)
{
    (void)state;
    uint8_t n[32];
    struct cose_key key;
    struct cose_sign1 s;
    struct buf out;
    buf_init(&out, 1000);
    unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", n, sizeof n);
    assert_int_equal(cose_key_generate(ALG_ESP256, &key), 0);
    for (int i = 0; i < 16; i++) {
        sign(&key, &out, &s);
        assert_true(s.signature[32] < 0x80);
        assert_int_equal(cose_verify(&key, ALG_ESP256, &s, true), 0);
        int borrow = 0;
        for (size_t at = 32; at-- > 0;) {
            int v = n[at] - s.signature[32 + at] - borrow;
            borrow = v < 0;
            s.signature[32 + at] = (uint8_t)v;
        }
        assert_int_equal(cose_verify(&key, ALG_ESP256, &s, true), TP_E_UNTRUSTED);
        assert_int_equal(cose_verify(&key, ALG_ESP256, &s, false), 0);
    }
    memset(s.signature, 0, sizeof s.signature);
    assert_int_equal(cose_verify(&key, ALG_ESP256, &s, false), TP_E_UNTRUSTED);
    cose_key_free(&key);
    buf_free(&out);
}

static void signing_fails_without_a_private_key_or_room(void **state)
{
    (void)state;
    static const uint8_t header[] = {0xA0};
    uint8_t memory[128], small[40], d[HASH_SIZE] = {7};
    struct cose_key key, public;
    struct buf map, out;
    buf_over(&map, memory, sizeof memory);
    buf_over(&out, small, sizeof small);
    assert_int_equal(cose_key_generate(ALG_ESP256, &key), 0);
    cose_key_encode(&key, &map);
    assert_int_equal(cose_key_decode(buf_view(&map), &public), 0);
    assert_int_equal(cose_sign1(&public, bytes_of(header, 1), bytes_str("x"), &out, d), TP_E_CRYPTO);
    assert_int_equal(cose_sign1(&key, bytes_of(header, 1), bytes_str("x"), &out, d), TP_E_MEMORY);
    assert_int_equal(out.n, 0);
    assert_int_equal(d[0], 7);
    assert_int_equal(cose_key_generate(-35, &key), TP_E_CRYPTO);
    cose_key_free(&key);
    cose_key_free(&public);
}

static int parse_hex(const char *hex, bool strict)
{
    uint8_t memory[512];
    struct cose_sign1 s;
    return cose_sign1_parse(unhex(hex, memory, sizeof memory), strict, &s);
}

#define SIG    "5840" ZERO32 ZERO32
#define ZERO32 "0000000000000000000000000000000000000000000000000000000000000000"

static void the_profile_has_one_form_of_the_envelope(void **state)
{
    (void)state;
    assert_int_equal(parse_hex("d28441a0a04101" SIG, true), 0);
    assert_int_equal(parse_hex("d28441a0a119018a8141014101" SIG, true), 0);        /* a receipt */
    assert_int_equal(parse_hex("8441a0a04101" SIG, true), TP_E_MALFORMED);         /* no tag */
    assert_int_equal(parse_hex("d28440a04101" SIG, true), TP_E_MALFORMED);         /* no protected map */
    assert_int_equal(parse_hex("d2844180a04101" SIG, true), TP_E_MALFORMED);       /* an array in its place */
    assert_int_equal(parse_hex("d28441a0a0f6" SIG, true), TP_E_MALFORMED);         /* detached */
    assert_int_equal(parse_hex("d28441a0a10441014101" SIG, true), TP_E_MALFORMED); /* kid outside */
    assert_int_equal(parse_hex("d28441a0a119018a804101" SIG, true), TP_E_MALFORMED); /* no receipt */
    assert_int_equal(parse_hex("d28441a0a119018a81404101" SIG, true), TP_E_MALFORMED);
    assert_int_equal(parse_hex("d28441a0a0410141"
                               "00",
                               true),
                     TP_E_MALFORMED);                                             /* a short signature */
    assert_int_equal(parse_hex("d28441a0a04101" SIG "00", true), TP_E_MALFORMED); /* a byte behind */
    assert_int_equal(parse_hex("d28541a0a04101" SIG "00", true), TP_E_MALFORMED); /* five members */
}

static void the_lax_reader_takes_what_rfc_9052_allows(void **state)
{
    (void)state;
    assert_int_equal(parse_hex("8441a0a04101" SIG, false), 0);
    assert_int_equal(parse_hex("d81284"
                               "40a04101" SIG,
                               false),
                     0);                                                   /* the tag in a long form */
    assert_int_equal(parse_hex("d28441a0a0f6" SIG, false), 0);             /* detached */
    assert_int_equal(parse_hex("d28440bf6161f93c00ff4101" SIG, false), 0); /* text keys, floats */
    assert_int_equal(parse_hex("d28440a0"
                               "4101"
                               "5f5820" ZERO32 "5820" ZERO32 "ff",
                               false),
                     TP_E_MALFORMED);
    assert_int_equal(parse_hex("d28440bf6161ff4101" SIG, false),
                     TP_E_MALFORMED); /* a key without its value */
    assert_int_equal(parse_hex("d284404041014101" SIG, false), TP_E_MALFORMED);
    assert_int_equal(parse_hex("d28441a1a04101" SIG, false), TP_E_MALFORMED);       /* protected: cut short */
    assert_int_equal(parse_hex("d28444a1010101a04101" SIG, false), TP_E_MALFORMED); /* a byte behind it */
    assert_int_equal(parse_hex("d28445a201010102a04101" SIG, false), TP_E_MALFORMED); /* alg twice */
    assert_int_equal(parse_hex("d28440a04101" SIG "00", false), TP_E_MALFORMED);
}

static int verify_vector(const char *message, const char *key_hex, int64_t want_alg)
{
    uint8_t memory[300], key_memory[128];
    struct cose_sign1 s;
    struct cose_key key;
    struct bytes kid;
    int64_t alg;
    assert_int_equal(cose_sign1_parse(unhex(message, memory, sizeof memory), false, &s), 0);
    int rc = cose_header(&s, &alg, &kid);
    if (rc) {
        return rc;
    }
    assert_true(bytes_is(kid, "11"));
    assert_int_equal(alg, want_alg);
    assert_int_equal(cose_key_decode_any(unhex(key_hex, key_memory, sizeof key_memory), &key), 0);
    rc = cose_verify(&key, alg, &s, false);
    s.payload.n--;
    assert_int_equal(cose_verify(&key, alg, &s, false), TP_E_UNTRUSTED);
    cose_key_free(&key);
    return rc;
}

static void public_examples_check_out(void **state)
{
    (void)state;
    assert_int_equal(verify_vector(COSE_WG_SIGN_PASS_01, COSE_WG_P256_KEY, ALG_ES256), 0);
    assert_int_equal(verify_vector(COSE_WG_SIGN_PASS_03, COSE_WG_P256_KEY, ALG_ES256), 0);
    assert_int_equal(verify_vector(COSE_WG_EDDSA_SIG_01, COSE_WG_ED25519_KEY, ALG_EDDSA), 0);
    assert_int_equal(verify_vector(COSE_WG_SIGN_FAIL_04, COSE_WG_P256_KEY, 0), TP_E_MALFORMED);
}

/* RFC 9052, section 3.1: a critical header that is not understood makes the message one that cannot be
 * checked. */
static void critical_headers_are_not_overlooked(void **state)
{
    (void)state;
    uint8_t memory[200];
    struct cose_sign1 s;
    struct bytes kid;
    int64_t alg;
    struct bytes in = unhex("d28447a2012602811863a04101" SIG, memory, sizeof memory);
    assert_int_equal(cose_sign1_parse(in, false, &s), 0);
    assert_int_equal(cose_header(&s, &alg, &kid), TP_UNSUPPORTED);
}

/* Whatever bytes come, the lax reader ends, reads nothing beyond them, and never takes a cut message. */
static void the_lax_reader_survives_every_cut_and_change(void **state)
{
    (void)state;
    uint8_t memory[300];
    struct bytes whole = unhex(COSE_WG_SIGN_PASS_01, memory, sizeof memory);
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *exact = malloc(n ? n : 1);
        struct cose_sign1 s;
        assert_non_null(exact);
        memcpy(exact, whole.p, n);
        assert_int_equal(cose_sign1_parse(bytes_of(exact, n), false, &s), TP_E_MALFORMED);
        free(exact);
    }
    for (size_t at = 0; at < whole.n; at++) {
        for (unsigned v = 0; v < 256; v++) {
            uint8_t *exact = malloc(whole.n);
            struct cose_sign1 s;
            struct bytes kid;
            int64_t alg;
            assert_non_null(exact);
            memcpy(exact, whole.p, whole.n);
            exact[at] = (uint8_t)v;
            if (!cose_sign1_parse(bytes_of(exact, whole.n), false, &s)) {
                cose_header(&s, &alg, &kid);
            }
            free(exact);
        }
    }
}

static void lax_nesting_ends(void **state)
{
    (void)state;
    uint8_t deep[1000];
    struct dec d;
    struct bytes item;
    memset(deep, 0x81, sizeof deep);
    dec_init(&d, bytes_of(deep, sizeof deep));
    assert_int_equal(lax_item(&d, &item), TP_E_MALFORMED);
    memset(deep, 0x9F, sizeof deep);
    assert_int_equal(lax_item(&d, &item), TP_E_MALFORMED);
    deep[LAX_DEPTH - 1] = 0x80;
    memset(deep + LAX_DEPTH, 0xFF, LAX_DEPTH);
    assert_int_equal(lax_item(&d, &item), 0);
    assert_int_equal(item.n, 2 * LAX_DEPTH - 1);
}

/* FIPS 180-4 "abc"; RFC 4231, test case 2. */
static void hashes_are_the_standard_ones(void **state)
{
    (void)state;
    uint8_t got[HASH_SIZE], want[HASH_SIZE];
    unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", want, sizeof want);
    assert_int_equal(sha256(bytes_str("abc"), got), 0);
    assert_memory_equal(got, want, HASH_SIZE);
    unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", want, sizeof want);
    assert_int_equal(sha256((struct bytes){0}, got), 0);
    assert_memory_equal(got, want, HASH_SIZE);
    unhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", want, sizeof want);
    assert_int_equal(hmac_sha256(bytes_str("Jefe"), bytes_str("what do ya want for nothing?"), got), 0);
    assert_memory_equal(got, want, HASH_SIZE);
    assert_int_equal(hmac_sha256((struct bytes){0}, (struct bytes){0}, got), 0);
}

static void *sign_many(void *arg)
{
    const struct cose_key *key = arg;
    struct buf out;
    struct cose_sign1 s;
    buf_init(&out, 1000);
    for (int i = 0; i < 50; i++) {
        buf_reset(&out);
        if (cose_sign1(key, bytes_str("\xA0"), bytes_str("x"), &out, NULL) ||
            cose_sign1_parse(buf_view(&out), true, &s) || cose_verify(key, key->alg, &s, true)) {
            buf_free(&out);
            return arg;
        }
    }
    buf_free(&out);
    return NULL;
}

static void one_key_serves_several_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct cose_key key;
        pthread_t threads[4];
        assert_int_equal(cose_key_generate(algs[i], &key), 0);
        for (size_t t = 0; t < 4; t++) {
            assert_int_equal(pthread_create(&threads[t], NULL, sign_many, &key), 0);
        }
        for (size_t t = 0; t < 4; t++) {
            void *failed;
            assert_int_equal(pthread_join(threads[t], &failed), 0);
            assert_null(failed);
        }
        cose_key_free(&key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thumbprint_is_that_of_rfc_9679),
        cmocka_unit_test(a_key_comes_back_from_its_map),
        cmocka_unit_test(a_key_that_is_not_minimal_or_not_on_the_curve_is_refused),
        cmocka_unit_test(a_signature_checks_with_its_key_and_algorithm_alone),
        cmocka_unit_test(a_high_s_is_refused_by_the_profile_and_taken_by_cose_verify),
        cmocka_unit_test(signing_fails_without_a_private_key_or_room),
        cmocka_unit_test(the_profile_has_one_form_of_the_envelope),
        cmocka_unit_test(the_lax_reader_takes_what_rfc_9052_allows),
        cmocka_unit_test(public_examples_check_out),
        cmocka_unit_test(critical_headers_are_not_overlooked),
        cmocka_unit_test(the_lax_reader_survives_every_cut_and_change),
        cmocka_unit_test(lax_nesting_ends),
        cmocka_unit_test(hashes_are_the_standard_ones),
        cmocka_unit_test(one_key_serves_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
