/* Signatures that were found to be good: known again for this key, these bytes and this signature, and for
 * nothing that differs in any of them; and a memo gives nobody trust. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above before it. */
#include <cmocka.h>

#include "keys/trust.h"
#include "wire/hash.h"

enum { FROM = 1000, UNTIL = 2000, MESSAGE = 4096 };

struct stage {
    struct cose_key key, other;
    struct memo memo;
    uint8_t d[HASH_SIZE], signature[SIGNATURE_SIZE], mark[HASH_SIZE];
};

static int open_stage(void **state)
{
    static struct stage s;
    s = (struct stage){0};
    memo_init(&s.memo, MESSAGE);
    memset(s.d, 0x11, sizeof s.d);
    memset(s.signature, 0x22, sizeof s.signature);
    *state = &s;
    return cose_key_generate(ALG_ESP256, &s.key) || cose_key_generate(ALG_ESP256, &s.other) ||
                   memo_mark(&s.key, s.d, s.signature, s.mark)
               ? -1
               : 0;
}

static int close_stage(void **state)
{
    struct stage *s = *state;
    memo_free(&s->memo);
    cose_key_free(&s->key);
    cose_key_free(&s->other);
    return 0;
}

/* ---- marks ---- */

static bool has(struct stage *s, const struct cose_key *key)
{
    uint8_t mark[HASH_SIZE];
    assert_int_equal(memo_mark(key, s->d, s->signature, mark), 0);
    return memo_has(&s->memo, mark);
}

static void it_knows_exactly_what_was_put_into_it(void **state)
{
    struct stage *s = *state;
    assert_false(has(s, &s->key));
    memo_put(&s->memo, s->mark);
    assert_true(has(s, &s->key));
    assert_false(has(s, &s->other));
    for (size_t i = 0; i < 8 * sizeof s->d; i++) {
        s->d[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_false(has(s, &s->key));
        s->d[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t i = 0; i < 8 * sizeof s->signature; i++) {
        s->signature[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_false(has(s, &s->key));
        s->signature[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_true(has(s, &s->key));
}

/* A kid is eight bytes of the thumbprint, and somebody may have two keys with the same. */
static void another_key_with_the_same_kid_is_another_key(void **state)
{
    struct stage *s = *state;
    memo_put(&s->memo, s->mark);
    memcpy(s->other.kid, s->key.kid, KID_SIZE);
    memcpy(s->other.thumbprint, s->key.kid, KID_SIZE);
    assert_false(has(s, &s->other));
}

static void number(uint32_t n, uint8_t mark[HASH_SIZE])
{
    memset(mark, 0, HASH_SIZE);
    memcpy(mark, &n, sizeof n);
}

static void what_does_not_fit_is_not_remembered(void **state)
{
    uint8_t mark[HASH_SIZE];
    struct memo m;
    (void)state;
    memo_init(&m, SIZE_MAX);
    assert_int_equal(memo_bytes(SIZE_MAX), MEMO_BYTES);
    for (uint32_t i = 0; i < MEMO_MAX + 10; i++) {
        number(i, mark);
        memo_put(&m, mark);
    }
    assert_int_equal(m.n, MEMO_MAX);
    for (uint32_t i = MEMO_MAX + 10; i-- > 0;) { /* backwards: against the order that it expects */
        number(i, mark);
        assert_int_equal(memo_has(&m, mark), i < MEMO_MAX);
    }
    memo_free(&m);
    assert_false(memo_has(&m, mark));
    memo_put(&m, mark); /* one that was never begun has no room */
    assert_false(memo_has(&m, mark));
    memo_free(NULL);
}

static void two_are_joined_as_far_as_there_is_room(void **state)
{
    enum { ROOM = 4, SIZE = 96 * (ROOM - 1) };
    (void)state;
    for (uint32_t has = 0; has <= ROOM; has++) {
        uint8_t mark[HASH_SIZE];
        struct memo m, other;
        memo_init(&m, SIZE);
        memo_init(&other, SIZE);
        assert_int_equal(m.max, ROOM);
        for (uint32_t i = 0; i < 3; i++) {
            number(100 + i, mark);
            memo_put(&other, mark);
        }
        for (uint32_t i = 0; i < has; i++) {
            number(i, mark);
            memo_put(&m, mark);
        }
        memo_join(&m, &other);
        assert_null(other.v);
        assert_int_equal(m.n, has + 3 < ROOM ? has + 3 : ROOM);
        for (uint32_t i = 0; i < m.n; i++) {
            number(i < has ? i : 100 + i - has, mark);
            assert_true(memo_has(&m, mark));
        }
        memo_free(&m);
    }
}

/* The memory that a message's memo may take is less than the message. */
static void its_room_follows_the_message(void **state)
{
    (void)state;
    for (size_t n = 1; n < 8 * 1024 * 1024; n *= 3) {
        struct memo m;
        memo_init(&m, n);
        assert_int_equal(m.max * HASH_SIZE, memo_bytes(n));
        assert_true(memo_bytes(n) <= n / 3 + HASH_SIZE && memo_bytes(n) <= MEMO_BYTES);
    }
}

/* ---- trust ---- */

struct signed_one {
    struct buf out;
    struct arena arena;
    struct statement s;
};

static void take_till(struct trust *t, const struct cose_key *key, enum terminal_state state)
{
    uint8_t memory[128];
    struct buf map;
    buf_over(&map, memory, sizeof memory);
    cose_key_encode(key, &map);
    struct terminal terminal = {.till = bytes_str("till1"),
                                .store = bytes_str("mitte"),
                                .epoch = 1,
                                .cose_key = buf_view(&map),
                                .from = FROM,
                                .until = UNTIL,
                                .state = (int)state,
                                .from_seq = state == TERMINAL_ACTIVE ? NONE : 5};
    assert_int_equal(trust_terminal(t, &terminal, NULL), 0);
}

static void sign(struct signed_one *one, const struct cose_key *key, int64_t epoch)
{
    struct release r = {.common.version = 1, .head.epoch = epoch, .rev = 1};
    buf_init(&one->out, ENVELOPE_MAX);
    assert_int_equal(statement_sign(KIND_RELEASE, &r, bytes_str("till1"), key, &one->out, NULL, NULL), 0);
    arena_init(&one->arena, 1 << 20);
    assert_int_equal(statement_parse(buf_view(&one->out), &one->arena, &one->s, NULL), 0);
}

static void free_one(struct signed_one *one)
{
    buf_free(&one->out);
    arena_reset(&one->arena);
}

static int verify(const struct trust *t, const struct statement *s, int64_t at)
{
    const struct trusted_key *by = NULL;
    int rc = trust_verify(t, s, at, &by, NULL);
    assert_int_equal(by != NULL, rc == 0);
    return rc;
}

/* The signature is broken after it was found to be good: with the memo it would be taken for what it was, if
 * its own bytes were not part of the mark. */
static void a_memo_saves_the_mathematics_and_no_more(void **state)
{
    struct stage *s = *state;
    struct trust t = {.memo = &s->memo}, empty = {.memo = &s->memo}, others = {.memo = &s->memo};
    struct signed_one one;
    sign(&one, &s->key, 1);
    take_till(&t, &s->key, TERMINAL_ACTIVE);
    take_till(&others, &s->other, TERMINAL_ACTIVE);
    assert_int_equal(verify(&t, &one.s, FROM), 0);
    assert_int_equal(s->memo.n, 1);
    assert_int_equal(verify(&t, &one.s, FROM), 0);
    assert_int_equal(s->memo.n, 1);
    /* It is good, and still: a key that nobody knows, another's, another time, another epoch. */
    assert_int_equal(verify(&empty, &one.s, FROM), TP_E_UNTRUSTED);
    assert_int_equal(verify(&others, &one.s, FROM), TP_E_UNTRUSTED);
    memcpy(others.v[0].key.kid, s->key.kid, KID_SIZE);
    assert_int_equal(verify(&others, &one.s, FROM), TP_E_UNTRUSTED);
    assert_int_equal(verify(&t, &one.s, UNTIL), TP_E_UNTRUSTED);
    t.v[0].epoch = 2;
    assert_int_equal(verify(&t, &one.s, FROM), TP_E_UNTRUSTED);
    t.v[0].epoch = 1;
    one.s.sign1.signature[40] ^= 1;
    assert_int_equal(verify(&t, &one.s, FROM), TP_E_UNTRUSTED);
    assert_int_equal(s->memo.n, 1); /* what is not good is not remembered */
    trust_free(&t);
    trust_free(&others);
    free_one(&one);
}

/* Shown by a mark that nobody earned: with it, mathematics would say no. */
static void a_known_signature_is_not_checked_again(void **state)
{
    struct stage *s = *state;
    struct trust t = {.memo = &s->memo};
    struct signed_one one;
    sign(&one, &s->key, 1);
    take_till(&t, &s->key, TERMINAL_ACTIVE);
    one.s.sign1.signature[40] ^= 1;
    assert_int_equal(verify(&t, &one.s, FROM), TP_E_UNTRUSTED);
    assert_int_equal(memo_mark(&s->key, one.s.d, one.s.sign1.signature, s->mark), 0);
    memo_put(&s->memo, s->mark);
    assert_int_equal(verify(&t, &one.s, FROM), 0);
    t.memo = NULL;
    assert_int_equal(verify(&t, &one.s, FROM), TP_E_UNTRUSTED);
    trust_free(&t);
    free_one(&one);
}

static void take_issuer(struct trust *t, const struct cose_key *key, int64_t n)
{
    uint8_t memory[128];
    struct buf map;
    buf_over(&map, memory, sizeof memory);
    cose_key_encode(key, &map);
    struct keyset_key v[] = {{buf_view(&map), PURPOSE_ISSUER, bytes_str("issuer"), FROM, UNTIL}};
    struct keyset k = {.number = n, .keys = {v, 1}};
    assert_int_equal(trust_keyset(t, &k, NULL), 0);
}

static void coupons_are_remembered_likewise(void **state)
{
    static const uint8_t offer[REF_SIZE] = {1};
    struct stage *s = *state;
    struct trust t = {.memo = &s->memo};
    struct buf out;
    struct coupon c;
    buf_init(&out, COUPON_MAX);
    assert_int_equal(coupon_sign(&s->key, offer, 1, 2, 3, &out), 0);
    assert_int_equal(coupon_parse(buf_view(&out), &c), 0);
    take_issuer(&t, &s->key, 1);
    assert_int_equal(trust_verify_coupon(&t, &c, FROM), 0);
    assert_int_equal(trust_verify_coupon(&t, &c, FROM), 0);
    assert_int_equal(s->memo.n, 1);
    assert_int_equal(trust_verify_coupon(&t, &c, UNTIL), TP_BAD_SIGNATURE);
    out.p[out.n - 1] ^= 1;
    assert_int_equal(coupon_parse(buf_view(&out), &c), 0);
    assert_int_equal(trust_verify_coupon(&t, &c, FROM), TP_BAD_SIGNATURE);
    out.p[out.n - 1] ^= 1;
    assert_int_equal(coupon_parse(buf_view(&out), &c), 0);
    take_issuer(&t, &s->other, 2); /* the keyset has another by now, and the memo stays with it */
    assert_ptr_equal(t.memo, &s->memo);
    assert_int_equal(trust_verify_coupon(&t, &c, FROM), TP_UNKNOWN_COUPON);
    assert_int_equal(s->memo.n, 1);
    trust_free(&t);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_knows_exactly_what_was_put_into_it, open_stage, close_stage),
        cmocka_unit_test_setup_teardown(another_key_with_the_same_kid_is_another_key, open_stage,
                                        close_stage),
        cmocka_unit_test(what_does_not_fit_is_not_remembered),
        cmocka_unit_test(two_are_joined_as_far_as_there_is_room),
        cmocka_unit_test(its_room_follows_the_message),
        cmocka_unit_test_setup_teardown(a_memo_saves_the_mathematics_and_no_more, open_stage, close_stage),
        cmocka_unit_test_setup_teardown(a_known_signature_is_not_checked_again, open_stage, close_stage),
        cmocka_unit_test_setup_teardown(coupons_are_remembered_likewise, open_stage, close_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
