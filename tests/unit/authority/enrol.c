/* New tills by a code, and tills that renew: what the authority gives an epoch to, and what it does not. */
#include "support/cm.h"
#include "support/world.h"

#include "keys/enrolment.h"
#include "keys/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

struct shop {
    struct world w;
    char code[ENROLMENT_CODE + 1];
    struct cose_key fresh, other;
    struct buf message, statement;
};

static int setup(void **state)
{
    struct shop *s = test_calloc(1, sizeof *s);
    world_open(&s->w, 2);
    assert_int_equal(cose_key_generate(ALG_ESP256, &s->fresh), 0);
    assert_int_equal(cose_key_generate(ALG_ESP256, &s->other), 0);
    buf_init(&s->message, MESSAGE_MAX);
    buf_init(&s->statement, ENVELOPE_MAX);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    cose_key_free(&s->fresh);
    cose_key_free(&s->other);
    buf_free(&s->message);
    buf_free(&s->statement);
    world_close(&s->w);
    test_free(s);
    return 0;
}

static struct bytes encoded(struct shop *s, const struct cose_key *key)
{
    struct buf b;
    buf_init(&b, 256);
    cose_key_encode(key, &b);
    struct bytes kept = arena_copy(&s->w.arena, buf_view(&b));
    buf_free(&b);
    return kept;
}

static void invite(struct shop *s, const char *till)
{
    struct cose_key key = {0};
    struct invite i = {.common = world_common(&s->w),
                       .till = bytes_str(till),
                       .store = bytes_str("mitte"),
                       .until = s->w.now + DAY_MS};
    assert_int_equal(enrolment_code(s->code), 0);
    assert_int_equal(enrolment_key(s->w.id, bytes_str(s->code), &key), 0);
    memcpy(i.code_key, key.x, HASH_SIZE);
    cose_key_free(&key);
    assert_int_equal(world_office(&s->w, KIND_INVITE, &i), 0);
    s->w.now += 10;
}

static struct enrol request(struct shop *s, const char *till, const struct cose_key *key, const char *code)
{
    struct cose_key made = {0};
    struct enrol r = {.common = world_common(&s->w), .till = bytes_str(till), .cose_key = encoded(s, key)};
    assert_int_equal(random_bytes(r.id, ID_SIZE), 0);
    assert_int_equal(enrolment_key(s->w.id, bytes_str(code), &made), 0);
    assert_int_equal(enrolment_prove(&r, key, &made), 0);
    cose_key_free(&made);
    return r;
}

/* Signs and sends it: the reason, or 0 with the terminal statement in *out. */
static int send(struct shop *s, enum kind kind, const void *payload, struct bytes iss,
                const struct cose_key *key, struct terminal *out)
{
    struct dec d;
    struct answer a = {0};
    struct statement st;
    buf_reset(&s->message);
    buf_reset(&s->statement);
    assert_int_equal(statement_sign(kind, payload, iss, key, &s->statement, NULL, NULL), 0);
    message_put(&s->message, kind, buf_view(&s->statement), (struct bytes){0}, (struct bytes){0});
    int rc = world_send(&s->w, buf_view(&s->message));
    if (rc == 0 && out) {
        struct bytes reply = arena_copy(&s->w.arena, buf_view(&s->w.reply));
        dec_init(&d, reply);
        assert_int_equal(answer_next(&d, &a), 1);
        assert_int_equal(a.kind, ANSWER_GRANT);
        assert_int_equal(statement_parse(a.statement, &s->w.arena, &st, NULL), 0);
        assert_int_equal(st.kind, KIND_TERMINAL);
        *out = st.payload.terminal;
        /* whoever knows the root can check it with what came along */
        struct trust trust = {0};
        struct statement keyset;
        const struct trusted_key *by = NULL;
        assert_int_equal(statement_parse(a.quote, &s->w.arena, &keyset, NULL), 0);
        assert_int_equal(trust_first_keyset(&keyset, s->w.root.thumbprint, NULL), 0);
        assert_int_equal(trust_keyset(&trust, &keyset.payload.keyset, NULL), 0);
        assert_int_equal(trust_verify(&trust, &st, NONE, &by, NULL), 0);
        assert_int_equal(by->purpose, PURPOSE_REGISTRAR);
        trust_free(&trust);
    }
    return rc;
}

static int enrol(struct shop *s, const struct enrol *r, const struct cose_key *key, struct terminal *out)
{
    return send(s, KIND_ENROL, r, r->till, key, out);
}

static int try_code(struct shop *s, const char *till, const struct cose_key *key, const char *code)
{
    struct enrol r = request(s, till, key, code);
    return enrol(s, &r, key, NULL);
}

static void a_code_enrols_its_till_once(void **state)
{
    struct shop *s = *state;
    struct terminal t, again;
    invite(s, "new");
    struct enrol r = request(s, "new", &s->fresh, s->code);
    assert_int_equal(enrol(s, &r, &s->fresh, &t), 0);
    assert_true(bytes_is(t.till, "new") && bytes_is(t.store, "mitte"));
    assert_int_equal(t.epoch, 1);
    assert_true(bytes_equal(t.cose_key, r.cose_key));
    assert_true(t.invite.n == HASH_SIZE);
    assert_int_equal(t.until - t.from, 90 * DAY_MS);
    /* the answer was lost: the same key asks again, by the same words or by new ones */
    assert_int_equal(enrol(s, &r, &s->fresh, &again), 0);
    assert_int_equal(again.epoch, 1);
    s->w.now += 3600000;
    r = request(s, "new", &s->fresh, s->code);
    assert_int_equal(enrol(s, &r, &s->fresh, &again), 0);
    assert_int_equal(again.epoch, 1);
    assert_true(again.common.time_ms == t.common.time_ms);
    /* another key comes too late */
    assert_int_equal(try_code(s, "new", &s->other, s->code), TP_NOT_INVITED);
    /* and it is a till now */
    struct world_till till = {.name = "new", .key = s->fresh, .head = {.epoch = 1}};
    struct world_sale sale = world_sale(&s->w, 100);
    sale.basket.store = bytes_str("mitte");
    assert_int_equal(world_hold(&s->w, &till, &sale), 0);
}

/* Who reads a request on its way cannot use it for another key, till, time or authority. */
static void a_code_seen_on_the_way_enrols_nobody_else(void **state)
{
    struct shop *s = *state;
    invite(s, "new");
    invite(s, "next");
    struct enrol r = request(s, "next", &s->fresh, s->code);
    r.cose_key = encoded(s, &s->other);
    assert_int_equal(enrol(s, &r, &s->other, NULL), TP_NOT_INVITED);
    r = request(s, "next", &s->fresh, s->code);
    r.till = bytes_str("new");
    assert_int_equal(enrol(s, &r, &s->fresh, NULL), TP_NOT_INVITED);
    r = request(s, "next", &s->fresh, s->code);
    r.common.time_ms += 1;
    assert_int_equal(enrol(s, &r, &s->fresh, NULL), TP_NOT_INVITED);
    r = request(s, "next", &s->fresh, s->code);
    r.id[0] ^= 1;
    assert_int_equal(enrol(s, &r, &s->fresh, NULL), TP_NOT_INVITED);
    struct enrol seen = request(s, "next", &s->fresh, s->code);
    /* signed by another key than it brings, or in another name */
    r = seen;
    assert_int_equal(enrol(s, &r, &s->other, NULL), TP_BAD_SIGNATURE);
    assert_int_equal(send(s, KIND_ENROL, &r, bytes_str("new"), &s->fresh, NULL), TP_BAD_SIGNATURE);
    r = seen;
    r.cose_key = bytes_str("no key");
    assert_int_equal(enrol(s, &r, &s->fresh, NULL), TP_BAD_SIGNATURE);
    r = seen;
    r.common.audience[0] ^= 1;
    assert_int_equal(enrol(s, &r, &s->fresh, NULL), TP_BAD_STATEMENT);
    /* too late, or too early */
    s->w.now += 121000;
    assert_int_equal(enrol(s, &seen, &s->fresh, NULL), TP_STALE);
    s->w.now -= 121000;
    assert_int_equal(enrol(s, &seen, &s->fresh, NULL), 0);
}

static void a_code_ends_and_a_later_one_takes_its_place(void **state)
{
    struct shop *s = *state;
    char first[ENROLMENT_CODE + 1];
    invite(s, "new");
    memcpy(first, s->code, sizeof first);
    invite(s, "new");
    assert_int_equal(try_code(s, "new", &s->fresh, first), TP_NOT_INVITED);
    s->w.now += DAY_MS;
    assert_int_equal(try_code(s, "new", &s->fresh, s->code), TP_NOT_INVITED);
    assert_int_equal(try_code(s, "t0", &s->fresh, s->code), TP_NOT_INVITED); /* never invited */
    invite(s, "new");
    s->w.now += DAY_MS - 20;
    assert_int_equal(try_code(s, "new", &s->fresh, s->code), 0);
}

static void whoever_guesses_is_stopped_for_a_while(void **state)
{
    struct shop *s = *state;
    invite(s, "new");
    for (int i = 0; i < 10; i++) {
        char wrong[ENROLMENT_CODE + 1];
        assert_int_equal(enrolment_code(wrong), 0);
        assert_int_equal(try_code(s, "new", &s->other, wrong), TP_NOT_INVITED);
    }
    assert_int_equal(try_code(s, "new", &s->fresh, s->code), TP_THROTTLED);
    /* another till's code is not concerned, nor is this one after ten minutes */
    invite(s, "next");
    assert_int_equal(try_code(s, "next", &s->other, s->code), 0);
    s->w.now += 10 * 60000 + 1;
    invite(s, "new");
    assert_int_equal(try_code(s, "new", &s->fresh, s->code), 0);
}

static void only_a_merchant_invites(void **state)
{
    struct shop *s = *state;
    struct invite i = {.common = world_common(&s->w),
                       .till = bytes_str("new"),
                       .store = bytes_str("mitte"),
                       .until = s->w.now + DAY_MS};
    assert_int_equal(send(s, KIND_INVITE, &i, bytes_str("registrar"), &s->w.registrar, NULL),
                     TP_BAD_SIGNATURE);
    assert_int_equal(send(s, KIND_INVITE, &i, bytes_str("t0"), &s->w.tills[0].key, NULL), TP_BAD_SIGNATURE);
}

static void a_code_is_read_as_people_type_it(void **state)
{
    (void)state;
    uint8_t id[ID_SIZE] = {1}, elsewhere[ID_SIZE] = {2};
    static const char *const same[] = {"ABCD-EFGH-JKMN-0101", "abcdefghjkmn0101", " abcd efgh jkmn olOi\n"};
    static const char *const none[] = {"", "ABCD-EFGH-JKMN-010", "ABCD-EFGH-JKMN-01011",
                                       "ABCD-EFGH-JKMN-010U", "ABCD_EFGH_JKMN_0101"};
    struct cose_key first = {0}, key = {0};
    assert_int_equal(enrolment_key(id, bytes_str(same[0]), &first), 0);
    for (size_t i = 1; i < sizeof same / sizeof *same; i++) {
        assert_int_equal(enrolment_key(id, bytes_str(same[i]), &key), 0);
        assert_memory_equal(key.thumbprint, first.thumbprint, HASH_SIZE);
        cose_key_free(&key);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(enrolment_key(id, bytes_str(none[i]), &key), TP_E_ARGUMENT);
    }
    assert_int_equal(enrolment_key(id, bytes_of("ABCD-EFGH\0JKMN-0101", 19), &key), TP_E_ARGUMENT);
    assert_int_equal(enrolment_key(elsewhere, bytes_str(same[0]), &key), 0);
    assert_memory_not_equal(key.thumbprint, first.thumbprint, HASH_SIZE);
    cose_key_free(&key);
    cose_key_free(&first);
}

/* ---- renewal ---- */

static int renew(struct shop *s, struct world_till *till, const struct cose_key *fresh, struct terminal *out)
{
    struct renew r = {.common = world_common(&s->w), .head = till->head, .cose_key = encoded(s, fresh)};
    assert_int_equal(random_bytes(r.id, ID_SIZE), 0);
    return send(s, KIND_RENEW, &r, bytes_str(till->name), &till->key, out);
}

static void a_till_renews_by_its_own_key(void **state)
{
    struct shop *s = *state;
    struct world_till *till = &s->w.tills[0];
    struct world_sale sale = world_sale(&s->w, 100);
    struct terminal t;
    assert_int_equal(renew(s, till, &s->fresh, NULL), TP_BAD_STATEMENT); /* 89 days are left */
    s->w.now += 60 * DAY_MS;
    assert_int_equal(renew(s, till, &s->fresh, &t), 0);
    assert_int_equal(t.epoch, 2);
    assert_null(t.invite.p);
    assert_true(t.until > s->w.now + 89 * DAY_MS);
    assert_true(bytes_is(t.store, "main"));
    /* the key before asks for nothing more, and gets no third epoch */
    assert_int_equal(world_hold(&s->w, till, &sale), TP_REVOKED);
    assert_int_equal(renew(s, till, &s->other, NULL), TP_REVOKED);
    struct world_till next = {.name = "t0", .key = s->fresh, .head = {.epoch = 2}};
    assert_int_equal(world_hold(&s->w, &next, &sale), 0);
    assert_int_equal(renew(s, &next, &s->other, NULL),
                     TP_QUARANTINED); /* its head is not the statement's D */
}

static void a_copy_that_is_behind_or_quarantined_or_revoked_does_not_renew(void **state)
{
    struct shop *s = *state;
    struct world_till *till = &s->w.tills[0], copy = *till;
    struct world_sale sale = world_sale(&s->w, 100);
    uint8_t d[HASH_SIZE];
    s->w.now += 60 * DAY_MS;
    assert_int_equal(world_commit(&s->w, till, &sale, d), 0);
    assert_int_equal(renew(s, &copy, &s->fresh, NULL), TP_QUARANTINED); /* behind */
    sale = world_sale(&s->w, 200);
    assert_int_equal(world_commit(&s->w, &copy, &sale, d), 0); /* a fork */
    assert_int_equal(renew(s, till, &s->fresh, NULL), TP_QUARANTINED);
    assert_int_equal(renew(s, &copy, &s->fresh, NULL), TP_QUARANTINED);
    struct terminal t = {.common = world_common(&s->w),
                         .till = bytes_str("t1"),
                         .store = bytes_str("main"),
                         .epoch = 1,
                         .cose_key = encoded(s, &s->w.tills[1].key),
                         .from = s->w.now,
                         .until = s->w.now + DAY_MS,
                         .state = TERMINAL_REVOKED,
                         .from_seq = 1};
    assert_int_equal(world_office(&s->w, KIND_TERMINAL, &t), 0);
    assert_int_equal(renew(s, &s->w.tills[1], &s->fresh, NULL), TP_REVOKED);
}

static void a_key_that_has_ended_does_not_renew(void **state)
{
    struct shop *s = *state;
    s->w.now += 89 * DAY_MS;
    assert_int_equal(renew(s, &s->w.tills[0], &s->fresh, NULL), TP_BAD_SIGNATURE);
    s->w.now -= 1;
    assert_int_equal(renew(s, &s->w.tills[0], &s->fresh, NULL), 0);
}

/* A copy that asks in an epoch that is over hears that there is a later one, and no secret. */
static void a_sync_of_an_epoch_that_is_over_tells_no_secret(void **state)
{
    struct shop *s = *state;
    struct world_till *till = &s->w.tills[0];
    struct dec d;
    struct answer a;
    struct statement st;
    static const uint8_t no_key[HASH_SIZE];
    struct sync sync = {.head = till->head, .keyset = NONE};
    for (int over = 0; over < 2; over++) {
        sync.common = world_common(&s->w);
        assert_int_equal(random_bytes(sync.id, ID_SIZE), 0);
        assert_int_equal(send(s, KIND_SYNC, &sync, bytes_str("t0"), &till->key, NULL), 0);
        dec_init(&d, buf_view(&s->w.reply));
        assert_int_equal(answer_next(&d, &a), 1);
        assert_int_equal(statement_parse(a.statement, &s->w.arena, &st, NULL), 0);
        assert_int_equal(st.payload.state.head.epoch, 1 + over);
        assert_int_equal(memcmp(st.payload.state.card_key, no_key, HASH_SIZE) == 0, over);
        assert_false(st.payload.state.more);
        s->w.now += 60 * DAY_MS;
        if (!over) {
            assert_int_equal(renew(s, till, &s->fresh, NULL), 0);
        }
    }
}

/* A shop of an earlier version has no registrar's key. */
static void without_a_registrars_key_nobody_is_enrolled(void **state)
{
    struct shop *s = *state;
    cose_key_free(&s->w.registrar);
    assert_int_equal(cose_key_generate(ALG_ESP256, &s->w.registrar), 0); /* one that no keyset names */
    authority_close(s->w.authority);
    s->w.authority = world_another(&s->w);
    invite(s, "new");
    assert_int_equal(try_code(s, "new", &s->fresh, s->code), TP_UNSUPPORTED);
    s->w.now += 60 * DAY_MS;
    assert_int_equal(renew(s, &s->w.tills[0], &s->fresh, NULL), TP_UNSUPPORTED);
}

static void a_rebuild_knows_which_codes_are_used(void **state)
{
    struct shop *s = *state;
    struct err e = {0};
    invite(s, "new");
    assert_int_equal(try_code(s, "new", &s->fresh, s->code), 0);
    invite(s, "next");
    const char *first = world_dump(&s->w);
    assert_int_equal(authority_rebuild(s->w.authority, &e), 0);
    assert_string_equal(first, world_dump(&s->w));
    assert_int_equal(try_code(s, "next", &s->other, s->code), 0);
    assert_int_equal(try_code(s, "next", &s->fresh, s->code), TP_NOT_INVITED);
}

#define WITH_SHOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SHOP(a_code_enrols_its_till_once),
        WITH_SHOP(a_code_seen_on_the_way_enrols_nobody_else),
        WITH_SHOP(a_code_ends_and_a_later_one_takes_its_place),
        WITH_SHOP(whoever_guesses_is_stopped_for_a_while),
        WITH_SHOP(only_a_merchant_invites),
        cmocka_unit_test(a_code_is_read_as_people_type_it),
        WITH_SHOP(a_till_renews_by_its_own_key),
        WITH_SHOP(a_copy_that_is_behind_or_quarantined_or_revoked_does_not_renew),
        WITH_SHOP(a_key_that_has_ended_does_not_renew),
        WITH_SHOP(a_sync_of_an_epoch_that_is_over_tells_no_secret),
        WITH_SHOP(without_a_registrars_key_nobody_is_enrolled),
        WITH_SHOP(a_rebuild_knows_which_codes_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
