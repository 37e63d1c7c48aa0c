/*
 * Revocation: what a till signed from a seq on is kept and does not count until the merchant accepts it. In
 * any order of records, revocations and rulings the tables come out the same.
 */
#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

struct shop {
    struct world w;
    struct offer o;
    struct buf message;
};

static int setup(void **state)
{
    struct shop *s = test_calloc(1, sizeof *s);
    world_open(&s->w, 3);
    s->o = world_offer(&s->w, "coffee10", 10000);
    s->o.total = 5;
    world_publish(&s->w, &s->o);
    world_batch(&s->w, 1, &s->o, 8, "email", "");
    buf_init(&s->message, MESSAGE_MAX);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    buf_free(&s->message);
    world_close(&s->w);
    test_free(s);
    return 0;
}

static int send(struct shop *s)
{
    int rc = world_send(&s->w, buf_view(&s->message));
    buf_reset(&s->message);
    return rc;
}

/* 20.00 with a coupon of 10 percent, sold without asking anybody. */
static struct world_sale sell(struct shop *s, size_t till, uint32_t index, uint8_t d[HASH_SIZE])
{
    struct world_sale sale = world_sale(&s->w, 2000);
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, &s->o, 1, index);
    s->w.now += 10;
    world_alone_message(&s->w, &s->w.tills[till], &sale, &s->o, 200, &s->message, d);
    return sale;
}

/* The same with a grant: what its return takes back is told. */
static struct world_sale sell_held(struct shop *s, size_t till, uint32_t index, uint8_t d[HASH_SIZE])
{
    struct world_sale sale = world_sale(&s->w, 2000);
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, &s->o, 1, index);
    s->w.now += 10;
    assert_int_equal(world_hold(&s->w, &s->w.tills[till], &sale), 0);
    world_commit_message(&s->w, &s->w.tills[till], &sale, &s->message, d);
    return sale;
}

static void sign_as_merchant(struct shop *s, enum kind kind, const void *payload)
{
    struct buf envelope;
    buf_init(&envelope, ENVELOPE_MAX);
    assert_int_equal(
        statement_sign(kind, payload, bytes_str("merchant"), &s->w.merchant, &envelope, NULL, NULL), 0);
    message_put(&s->message, kind, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    buf_free(&envelope);
}

static void say_terminal(struct shop *s, const char *till, const struct cose_key *key, int64_t epoch,
                         int state, int64_t from_seq)
{
    struct buf encoded;
    buf_init(&encoded, 256);
    cose_key_encode(key, &encoded);
    struct terminal t = {.common = world_common(&s->w),
                         .till = bytes_str(till),
                         .store = bytes_str("main"),
                         .epoch = epoch,
                         .cose_key = buf_view(&encoded),
                         .from = s->w.now,
                         .until = s->w.now + 10 * DAY_MS,
                         .state = state,
                         .from_seq = from_seq};
    sign_as_merchant(s, KIND_TERMINAL, &t);
    buf_free(&encoded);
}

static void give_up(struct shop *s, size_t till, int state, int64_t from_seq)
{
    s->w.now += 10;
    say_terminal(s, s->w.tills[till].name, &s->w.tills[till].key, 1, state, from_seq);
}

static void rule(struct shop *s, const uint8_t record[HASH_SIZE], int verdict)
{
    s->w.now += 10;
    struct ruling r = {.common = world_common(&s->w), .verdict = verdict};
    memcpy(r.record, record, HASH_SIZE);
    sign_as_merchant(s, KIND_RULING, &r);
}

static struct redemption_row redeemed(struct shop *s, const uint8_t d[HASH_SIZE])
{
    return world_redemption(&s->w, d, 0);
}

/* How often the offer counts as used: what the next hold would see. */
static int64_t used(struct shop *s)
{
    struct tally_row row;
    struct store *store = NULL;
    assert_int_equal(store_open(s->w.db, s->w.id, STORE_READ_ONLY, &store, NULL), 0);
    assert_int_equal(store_tally(store, s->o.ref, &row), 0);
    store_close(store);
    return row.uses;
}

static void what_is_beyond_a_revocation_is_kept_and_does_not_count(void **state)
{
    struct shop *s = *state;
    uint8_t a[HASH_SIZE], b[HASH_SIZE], c[HASH_SIZE];
    sell(s, 0, 0, a);
    sell(s, 0, 1, b);
    assert_int_equal(send(s), 0);
    assert_int_equal(used(s), 2);
    give_up(s, 0, TERMINAL_LOST, 2);
    assert_int_equal(send(s), 0);
    assert_int_not_equal(redeemed(s, a).outcome, TP_DISPUTED);
    assert_int_equal(redeemed(s, b).outcome, TP_DISPUTED);
    assert_int_equal(redeemed(s, b).conflict, 0);
    assert_int_equal(used(s), 1);
    /* what comes only now is taken, too: nothing signed is dropped */
    sell(s, 0, 2, c);
    assert_int_equal(send(s), 0);
    assert_int_equal(redeemed(s, c).outcome, TP_DISPUTED);
    assert_int_equal(used(s), 1);
    rule(s, c, RULING_ACCEPT);
    assert_int_equal(send(s), 0);
    assert_int_not_equal(redeemed(s, c).outcome, TP_DISPUTED);
    assert_int_equal(used(s), 2);
    rule(s, b, RULING_REJECT);
    assert_int_equal(send(s), 0);
    assert_int_equal(redeemed(s, b).outcome, TP_DISPUTED);
    /* the last word counts */
    rule(s, c, RULING_REJECT);
    assert_int_equal(send(s), 0);
    assert_int_equal(redeemed(s, c).outcome, TP_DISPUTED);
    assert_int_equal(used(s), 1);
}

static void a_coupon_in_a_disputed_sale_is_free_until_it_is_accepted(void **state)
{
    struct shop *s = *state;
    uint8_t thief[HASH_SIZE], honest[HASH_SIZE];
    struct world_sale sale;
    sell(s, 0, 0, thief);
    give_up(s, 0, TERMINAL_REVOKED, 1);
    assert_int_equal(send(s), 0);
    sale = world_sale(&s->w, 2000);
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, &s->o, 1, 0);
    assert_int_equal(world_hold(&s->w, &s->w.tills[1], &sale), 0);
    assert_int_equal(world_verdict(&sale, &s->o)->reason, 0);
    assert_int_equal(world_commit(&s->w, &s->w.tills[1], &sale, honest), 0);
    rule(s, thief, RULING_ACCEPT);
    assert_int_equal(send(s), 0);
    assert_int_equal(redeemed(s, honest).outcome, 0); /* it had a grant */
    assert_int_equal(redeemed(s, thief).outcome, TP_ALREADY_USED);
}

/* A void or a return that does not count gives nothing back, until it does. */
static void a_disputed_void_and_return_change_nothing(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE], r[HASH_SIZE];
    struct world_sale sale = sell(s, 0, 0, d), other;
    uint8_t e[HASH_SIZE];
    other = sell_held(s, 1, 1, e);
    world_void_message(&s->w, &s->w.tills[0], &sale, d, &s->message);
    world_return_message(&s->w, &s->w.tills[0], &other, e, 1000, &s->message, r);
    assert_int_equal(send(s), 0);
    assert_int_equal(redeemed(s, d).outcome, TP_VOIDED);
    assert_true(redeemed(s, e).back_discount > 0);
    give_up(s, 0, TERMINAL_REVOKED, 2);
    assert_int_equal(send(s), 0);
    assert_int_not_equal(redeemed(s, d).outcome, TP_VOIDED);
    assert_int_equal(redeemed(s, e).back_discount, 0);
    rule(s, r, RULING_ACCEPT);
    assert_int_equal(send(s), 0);
    assert_true(redeemed(s, e).back_discount > 0);
}

static void a_disputed_link_joins_nothing(void **state)
{
    struct shop *s = *state;
    struct bytes card = world_handle(&s->w, "tok");
    struct world_sale sale = world_sale(&s->w, 2000);
    sale.cards[sale.card_count++] = card;
    world_link_message(&s->w, &s->w.tills[0], LINK_ADD, card, &s->o, "app", &s->message);
    assert_int_equal(send(s), 0);
    assert_int_equal(world_hold(&s->w, &s->w.tills[1], &sale), 0);
    assert_non_null(world_verdict(&sale, &s->o));
    give_up(s, 0, TERMINAL_LOST, 1);
    assert_int_equal(send(s), 0);
    assert_int_equal(world_hold(&s->w, &s->w.tills[1], &sale), 0);
    assert_null(world_verdict(&sale, &s->o));
}

static void a_record_from_outside_of_its_keys_time_is_disputed_and_a_request_is_refused(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE];
    struct world_sale sale = world_sale(&s->w, 2000);
    s->w.now += 90 * DAY_MS; /* 89 are left at the beginning */
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &sale), TP_BAD_SIGNATURE);
    sell(s, 0, 0, d);
    assert_int_equal(send(s), 0);
    assert_int_equal(redeemed(s, d).outcome, TP_DISPUTED);
    rule(s, d, RULING_ACCEPT);
    assert_int_equal(send(s), 0);
    assert_int_not_equal(redeemed(s, d).outcome, TP_DISPUTED);
}

static void a_new_epoch_with_another_key_leaves_what_the_old_one_signed(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE];
    struct cose_key fresh = {0};
    struct world_sale sale = world_sale(&s->w, 2000);
    sell(s, 0, 0, d); /* on its way while the till is enrolled anew */
    struct bytes late = arena_copy(&s->w.arena, buf_view(&s->message));
    buf_reset(&s->message);
    assert_int_equal(cose_key_generate(ALG_ESP256, &fresh), 0);
    say_terminal(s, "t0", &fresh, 2, TERMINAL_ACTIVE, NONE);
    assert_int_equal(send(s), 0);
    assert_int_equal(world_send(&s->w, late), 0);
    assert_int_not_equal(redeemed(s, d).outcome, TP_DISPUTED);
    /* but it asks for nothing any more */
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &sale), TP_REVOKED);
    /* and an epoch that is over can still be given up */
    give_up(s, 0, TERMINAL_REVOKED, 1);
    assert_int_equal(send(s), 0);
    assert_int_equal(redeemed(s, d).outcome, TP_DISPUTED);
    cose_key_free(&fresh);
}

/* A till that was switched off for years, its epochs long over: what it recorded is taken, and can be given
 * up. */
static void a_record_of_an_epoch_long_over_is_taken(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE], e[HASH_SIZE];
    sell(s, 0, 0, d);
    struct bytes late = arena_copy(&s->w.arena, buf_view(&s->message));
    buf_reset(&s->message);
    struct world_till thief = s->w.tills[0];
    for (int64_t epoch = 2; epoch < 8; epoch++) {
        struct cose_key fresh = {0};
        assert_int_equal(cose_key_generate(ALG_ESP256, &fresh), 0);
        say_terminal(s, "t0", &fresh, epoch, TERMINAL_ACTIVE, NONE);
        assert_int_equal(send(s), 0);
        cose_key_free(&fresh);
    }
    assert_int_equal(world_send(&s->w, late), 0);
    assert_int_not_equal(redeemed(s, d).outcome, TP_DISPUTED);
    /* by another key of that name it is not its */
    thief.key = s->w.tills[1].key;
    struct world_sale sale = world_sale(&s->w, 2000);
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, &s->o, 1, 1);
    world_alone_message(&s->w, &thief, &sale, &s->o, 200, &s->message, e);
    assert_int_equal(send(s), TP_BAD_SIGNATURE);
    give_up(s, 0, TERMINAL_REVOKED, 1);
    assert_int_equal(send(s), 0);
    assert_int_equal(redeemed(s, d).outcome, TP_DISPUTED);
}

static void what_never_was_is_not_revoked_and_nobody_else_may(void **state)
{
    struct shop *s = *state;
    struct world *w = &s->w;
    uint8_t d[HASH_SIZE];
    say_terminal(s, "t0", &w->tills[0].key, 2, TERMINAL_REVOKED, 1);
    assert_int_equal(send(s), TP_UNKNOWN_TILL);
    say_terminal(s, "nobody", &w->tills[0].key, 1, TERMINAL_LOST, 1);
    assert_int_equal(send(s), TP_UNKNOWN_TILL);
    /* a till's own key rules over nothing */
    sell(s, 0, 0, d);
    assert_int_equal(send(s), 0);
    struct ruling r = {.common = world_common(w), .verdict = RULING_ACCEPT};
    struct buf envelope;
    buf_init(&envelope, ENVELOPE_MAX);
    assert_int_equal(
        statement_sign(KIND_RULING, &r, bytes_str("t0"), &w->tills[0].key, &envelope, NULL, NULL), 0);
    message_put(&s->message, KIND_RULING, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    buf_free(&envelope);
    assert_int_equal(send(s), TP_BAD_SIGNATURE);
}

/* ---- every order ---- */

enum { CARDS_MOST = 16, ORDERS = 400, ORDERS_AFAR = 6 };

struct deck {
    struct bytes v[CARDS_MOST];
    size_t n;
};

static void put(struct shop *s, struct deck *deck)
{
    assert_true(deck->n < CARDS_MOST);
    deck->v[deck->n++] = arena_copy(&s->w.arena, buf_view(&s->message));
    buf_reset(&s->message);
}

/* Sales, a void, a return and a link by a till that is revoked twice, with rulings, beside those of others.
 */
static void deal(struct shop *s, struct deck *deck)
{
    uint8_t a[HASH_SIZE], b[HASH_SIZE], c[HASH_SIZE], d[HASH_SIZE], r[HASH_SIZE];
    struct world_sale first = sell(s, 0, 0, a), other;
    struct bytes card = world_handle(&s->w, "tok");
    put(s, deck);
    other = sell_held(s, 1, 0, b); /* the same coupon */
    put(s, deck);
    sell(s, 0, 1, c);
    put(s, deck);
    world_link_message(&s->w, &s->w.tills[0], LINK_ADD, card, &s->o, "app", &s->message);
    put(s, deck);
    world_return_message(&s->w, &s->w.tills[0], &other, b, 500, &s->message, r);
    put(s, deck);
    world_void_message(&s->w, &s->w.tills[0], &first, a, &s->message);
    put(s, deck);
    struct world_sale none = world_sale(&s->w, 2000); /* with a coupon that is none */
    none.coupons[none.coupon_count++] = bytes_str("D2, but nothing more");
    world_alone_message(&s->w, &s->w.tills[0], &none, &s->o, 200, &s->message, d);
    put(s, deck);
    give_up(s, 0, TERMINAL_REVOKED, 5);
    put(s, deck);
    give_up(s, 0, TERMINAL_LOST, 2);
    put(s, deck);
    rule(s, c, RULING_REJECT);
    put(s, deck);
    rule(s, c, RULING_ACCEPT);
    put(s, deck);
    rule(s, d, RULING_ACCEPT);
    put(s, deck);
}

static void forget(struct world *w)
{
    char sql[2000];
    snprintf(
        sql, sizeof sql,
        "BEGIN; DELETE FROM part WHERE merchant = @ AND d IN (SELECT d FROM statement WHERE merchant = @ AND "
        "kind IN (%d, %d, %d));"
        "DELETE FROM statement WHERE merchant = @ AND (kind IN (%d, %d, %d, %d) OR (kind = %d AND n > "
        "(SELECT "
        "min(n) FROM statement WHERE merchant = @ AND kind = %d) AND d NOT IN (SELECT terminal FROM till "
        "WHERE "
        "merchant = @)));"
        "DELETE FROM record WHERE merchant = @; DELETE FROM link WHERE merchant = @;"
        "DELETE FROM redemption WHERE merchant = @; DELETE FROM sale WHERE merchant = @;"
        "DELETE FROM reversal WHERE merchant = @; DELETE FROM reversal_line WHERE merchant = @;"
        "DELETE FROM reversal_share WHERE merchant = @; DELETE FROM tally WHERE merchant = @;"
        "DELETE FROM visit WHERE merchant = @; DELETE FROM ruling WHERE merchant = @;"
        "DELETE FROM leaf_queue WHERE merchant = @; DELETE FROM leaf WHERE merchant = @;"
        "DELETE FROM node WHERE merchant = @; DELETE FROM checkpoint WHERE merchant = @;"
        "UPDATE tenure SET from_seq = NULL, state = 0 WHERE merchant = @;"
        "UPDATE till SET head_seq = 0, head_d = terminal, quarantined = 0 WHERE merchant = @; COMMIT",
        KIND_LINK, KIND_COMMIT, KIND_REVERSE, KIND_LINK, KIND_COMMIT, KIND_REVERSE, KIND_RULING,
        KIND_TERMINAL, KIND_OFFER);
    world_sql(w, sql);
}

static uint64_t seed = 0x2545F4914F6CDD1Du;

static size_t pick(size_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % below;
}

static void deliver(struct shop *s, const struct deck *deck)
{
    for (size_t i = 0; i < deck->n; i++) {
        buf_put(&s->message, deck->v[i].p, deck->v[i].n);
        if (pick(2)) { /* several in one message, or each alone */
            assert_int_equal(send(s), 0);
        }
    }
    assert_int_equal(send(s) > 0, 0);
}

static void any_order_of_records_revocations_and_rulings_leaves_equal_tables(void **state)
{
    struct shop *s = *state;
    struct deck deck = {0};
    struct err e = {0};
    deal(s, &deck);
    deliver(s, &deck);
    const char *first = world_dump(&s->w);
    assert_non_null(strstr(first, "ruling|"));
    for (int i = 0; i < (store_is_server(s->w.db) ? ORDERS_AFAR : ORDERS); i++) {
        forget(&s->w);
        for (size_t k = deck.n; k > 1; k--) {
            size_t at = pick(k);
            struct bytes swap = deck.v[k - 1];
            deck.v[k - 1] = deck.v[at];
            deck.v[at] = swap;
        }
        deliver(s, &deck);
        assert_string_equal(first, world_dump(&s->w));
    }
    assert_int_equal(authority_rebuild(s->w.authority, &e), 0);
    assert_string_equal(first, world_dump(&s->w));
}

#define WITH_SHOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    /* Thousands of transactions: in memory where there is a file system in memory. */
    if (access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
    const struct CMUnitTest tests[] = {
        WITH_SHOP(what_is_beyond_a_revocation_is_kept_and_does_not_count),
        WITH_SHOP(a_coupon_in_a_disputed_sale_is_free_until_it_is_accepted),
        WITH_SHOP(a_disputed_void_and_return_change_nothing),
        WITH_SHOP(a_disputed_link_joins_nothing),
        WITH_SHOP(a_record_from_outside_of_its_keys_time_is_disputed_and_a_request_is_refused),
        WITH_SHOP(a_new_epoch_with_another_key_leaves_what_the_old_one_signed),
        WITH_SHOP(a_record_of_an_epoch_long_over_is_taken),
        WITH_SHOP(what_never_was_is_not_revoked_and_nobody_else_may),
        WITH_SHOP(any_order_of_records_revocations_and_rulings_leaves_equal_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
