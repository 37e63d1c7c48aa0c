/* A message says which algorithm it is for; the key decides. Whoever mixes them up gets nothing. */
#include "sample.h"
#include "wire/cbor.h"
#include "wire/cose.h"

static struct cose_key ec, ed;
static const int64_t all_algs[] = {ALG_ES256, ALG_ESP256, ALG_EDDSA, ALG_ED25519};

static int make_keys(void **state)
{
    (void)state;
    return cose_key_generate(ALG_ESP256, &ec) || cose_key_generate(ALG_ED25519, &ed);
}

static int free_keys(void **state)
{
    (void)state;
    cose_key_free(&ec);
    cose_key_free(&ed);
    return 0;
}

static bool of_type(const struct cose_key *key, int64_t alg)
{
    bool p256 = alg == ALG_ES256 || alg == ALG_ESP256;
    return p256 == (key->alg == ALG_ESP256);
}

/* A release signed by `key` whose header names `alg` and the kid of `named`. */
static void sign_release(const struct cose_key *key, int64_t alg, const struct cose_key *named,
                         struct buf *out)
{
    uint8_t header_memory[256], body_memory[512];
    char sub[2 * ID_SIZE + 1];
    union payload p;
    struct buf header, body;
    struct err e = {0};
    sample(KIND_RELEASE, &p);
    buf_over(&header, header_memory, sizeof header_memory);
    buf_over(&body, body_memory, sizeof body_memory);
    assert_int_equal(schema_encode(kinds[KIND_RELEASE].schema, &p, &body, &e), 0);
    hex_encode(p.release.sale, ID_SIZE, sub);
    enc_map(&header, 4);
    enc_int(&header, 1);
    enc_int(&header, alg);
    enc_int(&header, 4);
    enc_bytes(&header, bytes_of(named->kid, KID_SIZE));
    enc_int(&header, 15);
    enc_map(&header, 2);
    enc_int(&header, 1);
    enc_text(&header, bytes_str("till-1"));
    enc_int(&header, 2);
    enc_text(&header, bytes_str(sub));
    enc_int(&header, 16);
    enc_text(&header, bytes_str("application/vnd.tillproof.release"));
    buf_init(out, ENVELOPE_MAX);
    assert_int_equal(cose_sign1(key, buf_view(&header), buf_view(&body), out, NULL), 0);
}

static int verify_release(const struct cose_key *signer, int64_t alg, const struct cose_key *verifier)
{
    struct buf out;
    struct arena arena;
    struct statement s;
    struct err e = {0};
    arena_init(&arena, 65536);
    sign_release(signer, alg, verifier, &out);
    assert_int_equal(statement_parse(buf_view(&out), &arena, &s, &e), 0);
    assert_true(s.alg == alg);
    int rc = statement_verify(&s, verifier);
    arena_reset(&arena);
    buf_free(&out);
    return rc;
}

/* Every header of the four against every pair of signer and verifier: only the own two go with a key. */
static void a_statement_is_checked_by_its_keys_own_algorithms_alone(void **state)
{
    (void)state;
    const struct cose_key *keys[] = {&ec, &ed};
    for (size_t i = 0; i < 4 * 2 * 2; i++) {
        int64_t alg = all_algs[i % 4];
        const struct cose_key *signer = keys[i / 4 % 2], *verifier = keys[i / 8];
        int want = signer == verifier && of_type(verifier, alg) ? 0 : TP_E_UNTRUSTED;
        assert_int_equal(verify_release(signer, alg, verifier), want);
    }
}

static void an_algorithm_outside_the_profile_is_no_statement(void **state)
{
    (void)state;
    /* ES384, ES512, EdDSA's sister Ed448, HMAC with SHA-256, none. */
    static const int64_t others[] = {-35, -36, -53, 5, 0, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct buf out;
        struct arena arena;
        struct statement s;
        struct err e = {0};
        arena_init(&arena, 65536);
        sign_release(&ec, others[i], &ec, &out);
        assert_int_equal(statement_parse(buf_view(&out), &arena, &s, &e), TP_BAD_STATEMENT);
        assert_int_equal(cose_verify(&ec, others[i], &s.sign1, false), TP_E_UNTRUSTED);
        arena_reset(&arena);
        buf_free(&out);
    }
}

/* The x of a P-256 key as an Ed25519 key, and the other way round: a map of mixed members is no key. */
static void a_key_of_mixed_members_is_none(void **state)
{
    (void)state;
    static const struct {
        int64_t kty, alg, crv;
        bool y;
    } maps[] = {{1, -19, 1, false}, {1, -9, 6, false}, {2, -9, 6, true}, {2, -19, 1, true},
                {1, -9, 1, true},   {2, -19, 6, true}, {2, -9, 1, false}};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        uint8_t memory[128];
        struct cose_key key;
        struct buf map;
        buf_over(&map, memory, sizeof memory);
        enc_map(&map, maps[i].y ? 5 : 4);
        enc_int(&map, 1);
        enc_int(&map, maps[i].kty);
        enc_int(&map, 3);
        enc_int(&map, maps[i].alg);
        enc_int(&map, -1);
        enc_int(&map, maps[i].crv);
        enc_int(&map, -2);
        enc_bytes(&map, bytes_of(maps[i].kty == 1 ? ed.x : ec.x, 32));
        if (maps[i].y) {
            enc_int(&map, -3);
            enc_bytes(&map, bytes_of(ec.y, 32));
        }
        assert_int_equal(cbor_check(buf_view(&map)), 0);
        assert_int_equal(cose_key_decode(buf_view(&map), &key), TP_E_MALFORMED);
        assert_int_equal(cose_key_decode_any(buf_view(&map), &key), TP_E_MALFORMED);
    }
}

/* A coupon that names the other type's algorithm beside its issuer's own kid. */
static void a_coupon_is_checked_by_its_issuers_algorithm_alone(void **state)
{
    (void)state;
    static const uint8_t offer[REF_SIZE] = {1};
    const struct cose_key *keys[] = {&ec, &ed};
    for (size_t i = 0; i < 2 * 4; i++) {
        const struct cose_key *key = keys[i / 4];
        struct coupon c;
        struct buf out;
        buf_init(&out, COUPON_MAX);
        assert_int_equal(coupon_sign(key, offer, 1, 1, 1800000000, &out), 0);
        assert_int_equal(coupon_parse(buf_view(&out), &c), 0);
        c.alg = all_algs[i % 4];
        assert_int_equal(coupon_verify(&c, key), of_type(key, c.alg) ? 0 : TP_E_UNTRUSTED);
        assert_int_equal(coupon_verify(&c, keys[1 - i / 4]), TP_E_UNTRUSTED);
        buf_free(&out);
    }
}

/* The digits of one coupon are one text: no other text gives the same bytes, whatever digit is changed. */
static void no_other_digits_stand_for_the_same_coupon(void **state)
{
    (void)state;
    static const uint8_t offer[REF_SIZE] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    struct buf out, text, back;
    buf_init(&out, COUPON_MAX);
    buf_init(&text, COUPON_DIGITS_MAX);
    buf_init(&back, COUPON_MAX);
    assert_int_equal(coupon_sign(&ed, offer, UINT32_MAX, 0, 1800000000, &out), 0);
    coupon_to_digits(buf_view(&out), &text);
    for (size_t at = 5; at < text.n; at++) {
        uint8_t was = text.p[at];
        for (uint8_t digit = '0'; digit <= '9'; digit++) {
            text.p[at] = digit;
            buf_reset(&back);
            int rc = coupon_from_digits(buf_view(&text), &back);
            assert_true(rc == 0 || (rc == TP_MISREAD && back.n == 0));
            assert_int_equal(rc == 0 && bytes_equal(buf_view(&back), buf_view(&out)), digit == was);
        }
        text.p[at] = was;
    }
    /* A zero more in front of a chunk, or behind the last one, is another length. */
    for (size_t at = 5; at <= text.n; at++) {
        uint8_t longer[COUPON_DIGITS_MAX + 1];
        memcpy(longer, text.p, at);
        longer[at] = '0';
        memcpy(longer + at + 1, text.p + at, text.n - at);
        buf_reset(&back);
        int rc = coupon_from_digits(bytes_of(longer, text.n + 1), &back);
        assert_false(rc == 0 && bytes_equal(buf_view(&back), buf_view(&out)));
    }
    buf_free(&out);
    buf_free(&text);
    buf_free(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_is_checked_by_its_keys_own_algorithms_alone),
        cmocka_unit_test(an_algorithm_outside_the_profile_is_no_statement),
        cmocka_unit_test(a_key_of_mixed_members_is_none),
        cmocka_unit_test(a_coupon_is_checked_by_its_issuers_algorithm_alone),
        cmocka_unit_test(no_other_digits_stand_for_the_same_coupon),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
