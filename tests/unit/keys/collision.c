/* Eight bytes of a thumbprint can meet by chance or by work: several keys behind one kid. */
#include "support/cm.h"
#include "keys/trust.h"

enum { KEYS = 4, FROM = 1000, UNTIL = 2000 };

static struct cose_key keys[KEYS]; /* even: P-256, odd: Ed25519 */
static const uint8_t same_kid[KID_SIZE] = {0xC0, 0x11, 0x1D, 0xE5};

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        if (cose_key_generate(i % 2 ? ALG_ED25519 : ALG_ESP256, &keys[i])) {
            return -1;
        }
    }
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        cose_key_free(&keys[i]);
    }
    return 0;
}

/* Issuers of all four keys, in one keyset, whose kids are then made one. */
static void collide(struct trust *t)
{
    static const char *const names[KEYS] = {"a", "b", "c", "d"};
    uint8_t memory[KEYS][128];
    struct keyset_key v[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        struct buf map;
        buf_over(&map, memory[i], sizeof memory[i]);
        cose_key_encode(&keys[i], &map);
        v[i] = (struct keyset_key){buf_view(&map), PURPOSE_ISSUER, bytes_str(names[i]), FROM, UNTIL};
    }
    struct keyset k = {.number = 1, .keys = {v, KEYS}};
    assert_int_equal(trust_keyset(t, &k, NULL), 0);
    for (size_t i = 0; i < KEYS; i++) {
        memcpy(t->v[i].key.kid, same_kid, KID_SIZE);
    }
}

static void sign_coupon(size_t key, struct buf *out, struct coupon *c)
{
    static const uint8_t offer[REF_SIZE] = {1};
    struct cose_key named = keys[key];
    memcpy(named.kid, same_kid, KID_SIZE);
    buf_init(out, COUPON_MAX);
    assert_int_equal(coupon_sign(&named, offer, 1, 1, 1800000000, out), 0);
    assert_int_equal(coupon_parse(buf_view(out), c), 0);
    assert_memory_equal(c->kid, same_kid, KID_SIZE);
}

static void every_issuer_behind_one_kid_is_tried(void **state)
{
    (void)state;
    struct trust t = {0};
    collide(&t);
    for (size_t i = 0; i < KEYS; i++) {
        struct coupon c;
        struct buf out;
        sign_coupon(i, &out, &c);
        assert_int_equal(trust_verify_coupon(&t, &c, FROM), 0);
        buf_free(&out);
    }
    trust_free(&t);
}

/* The key of the wrong type, or out of its time, is passed over and does not stand for the right one. */
static void a_neighbour_behind_the_kid_does_not_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        struct trust t = {0};
        struct coupon c;
        struct buf out;
        collide(&t);
        sign_coupon(i, &out, &c);
        t.v[i].until = FROM;
        assert_int_equal(trust_verify_coupon(&t, &c, FROM), TP_BAD_SIGNATURE);
        t.v[i].until = UNTIL;
        t.v[i].purpose = PURPOSE_MERCHANT;
        assert_int_equal(trust_verify_coupon(&t, &c, FROM), TP_BAD_SIGNATURE);
        buf_free(&out);
        trust_free(&t);
    }
}

/* The header's algorithm picks no key: with it exchanged, none behind the kid fits. */
static void the_headers_algorithm_opens_no_other_key(void **state)
{
    (void)state;
    static const int64_t exchanged[2] = {ALG_EDDSA, ALG_ES256};
    struct trust t = {0};
    collide(&t);
    for (size_t i = 0; i < KEYS; i++) {
        struct coupon c;
        struct buf out;
        sign_coupon(i, &out, &c);
        c.alg = exchanged[i % 2];
        assert_int_equal(trust_verify_coupon(&t, &c, FROM), TP_BAD_SIGNATURE);
        c.alg = 0;
        assert_int_equal(trust_verify_coupon(&t, &c, FROM), TP_BAD_SIGNATURE);
        buf_free(&out);
    }
    trust_free(&t);
}

/* Statements: the name must be that of the very key that checks out, not of its neighbour. */
static void a_signer_cannot_borrow_a_neighbours_name(void **state)
{
    (void)state;
    struct trust t = {0};
    struct cose_key named = keys[0];
    collide(&t);
    memcpy(named.kid, same_kid, KID_SIZE);
    struct batch b = {
        .common.version = 1, .number = 1, .last = 9, .channel = bytes_str("mail"), .exp = 1800000000};
    for (size_t i = 0; i < 2; i++) {
        const struct trusted_key *by = NULL;
        struct arena arena;
        struct statement s;
        struct buf out;
        arena_init(&arena, 65536);
        buf_init(&out, ENVELOPE_MAX);
        assert_int_equal(statement_sign(KIND_BATCH, &b, bytes_str(i ? "c" : "a"), &named, &out, NULL, NULL),
                         0);
        assert_int_equal(statement_parse(buf_view(&out), &arena, &s, NULL), 0);
        assert_int_equal(trust_verify(&t, &s, FROM, &by, NULL), i ? TP_E_UNTRUSTED : 0);
        assert_true(i ? by == NULL : by == &t.v[0]);
        arena_reset(&arena);
        buf_free(&out);
    }
    trust_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_issuer_behind_one_kid_is_tried),
        cmocka_unit_test(a_neighbour_behind_the_kid_does_not_help),
        cmocka_unit_test(the_headers_algorithm_opens_no_other_key),
        cmocka_unit_test(a_signer_cannot_borrow_a_neighbours_name),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
