/*
 * One set of records, delivered in any order, repeated and split over messages, each by itself or many in one
 * transaction, leaves equal projections; and a rebuild makes the same tables again.
 */
#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TILLS = 4, COUPONS = 6, LIMITED = 6, SALES = 60, ROUNDS = 60, ROUNDS_AFAR = 4, GROUP = 12 };

static uint64_t seed = 0x9E3779B97F4A7C15u;

static uint32_t pick(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

struct deck {
    struct bytes message[2 * SALES];
    size_t n;
};

static void put(struct world *w, struct deck *deck, const struct buf *message)
{
    deck->message[deck->n++] = arena_copy(&w->arena, buf_view(message));
}

/* One for each limit, and all of them at once; the last is automatic. */
static void publish_limited(struct world *w, struct offer all[LIMITED])
{
    char id[16];
    for (uint32_t i = 0; i < LIMITED; i++) {
        snprintf(id, sizeof id, "limited%u", i);
        all[i] = world_offer(w, id, 1000 * (i + 1));
        all[i].total = i == 0 || i == 3 ? 5 : i == LIMITED - 1 ? 8 : NONE;
        all[i].budget = i == 1 || i == 3 ? 120 : NONE;
        all[i].per_customer = i == 2 || i == 3 ? 2 : NONE;
        all[i].per_coupon = i == 3 ? 3 : 1;
        all[i].customer_new = i == 4;
        all[i].revive = i != 2;
        all[i].redeem |= i == LIMITED - 1 ? REDEEM_AUTOMATIC : 0;
        world_publish(w, &all[i]);
        world_batch(w, 3 + i, &all[i], COUPONS, "mail", "");
    }
}

static void present_limited(struct world *w, const struct offer all[LIMITED], struct world_sale *s)
{
    for (uint32_t i = 0; i < LIMITED - 1; i++) {
        if (pick(3) == 0) {
            s->coupons[s->coupon_count++] = world_coupon(w, &all[i], 3 + i, pick(COUPONS));
        }
    }
    s->customer = pick(4) ? (struct bytes){0} : bytes_str("anna");
}

/* Sales that fight for a few coupons and cards, some voided; nothing of it is sent but the holds. */
static void deal(struct world *w, struct deck *deck)
{
    static const char *const papers[] = {"8112001234561234560000001", "8112001234561234560000002",
                                         "81120012345612345610000001", "811001234566543211111012350000001",
                                         "8110012345665432111110123"}; /* the last has no serial */
    struct offer o = world_offer(w, "coffee10", 10000), twice = world_offer(w, "twice", 5000);
    struct offer paper = world_offer(w, "paper", 3000), mail = world_offer(w, "mail", 2000);
    paper.gs1 = bytes_str("8112123456123456");
    mail.gs1 = bytes_str("8110123456654321");
    mail.per_coupon = 2;
    world_publish(w, &paper);
    world_publish(w, &mail);
    struct buf message;
    struct offer all[LIMITED];
    twice.per_coupon = 2;
    twice.revive = true;
    world_publish(w, &o);
    world_publish(w, &twice);
    world_batch(w, 1, &o, COUPONS, "email", "autumn");
    world_batch(w, 2, &twice, COUPONS, "page", "");
    publish_limited(w, all);
    buf_init(&message, MESSAGE_MAX);
    for (int i = 0; i < SALES; i++) {
        struct world_till *t = &w->tills[pick(TILLS)];
        struct world_sale s = world_sale(w, 500 + pick(5000));
        uint8_t d[HASH_SIZE];
        char token[16];
        buf_reset(&message);
        snprintf(token, sizeof token, "tok%u", pick(3));
        if (pick(5) == 0) {
            const struct offer *linked = pick(2) ? &o : &all[pick(LIMITED)];
            w->customer = pick(3) ? bytes_str(pick(2) ? "anna" : "bert") : (struct bytes){0};
            world_link_message(w, t, pick(4) ? LINK_ADD : LINK_REMOVE, world_handle(w, token), linked, "app",
                               &message);
            put(w, deck, &message);
            continue;
        }
        s.coupons[s.coupon_count++] =
            pick(2) ? world_coupon(w, &o, 1, pick(COUPONS)) : world_coupon(w, &twice, 2, 0);
        present_limited(w, all, &s);
        if (pick(4)) {
            s.cards[s.card_count++] = world_handle(w, token);
        }
        size_t which = pick(sizeof papers / sizeof *papers);
        world_show_gs1(&s, which < 3 ? &paper : &mail, papers[which]);
        assert_int_equal(world_hold(w, t, &s), 0);
        /* Now and then the grant is over before the commit: the coupon is then another's, too. */
        w->now += pick(3) ? 500 : 130000;
        world_commit_message(w, t, &s, &message, d);
        put(w, deck, &message);
        if (pick(6) == 0) {
            buf_reset(&message);
            world_void_message(w, t, &s, d, &message);
            put(w, deck, &message);
        }
        /* From any till, in parts or as a whole, and now and then more than there was. */
        for (uint32_t returns = pick(4); returns > 1; returns--) {
            buf_reset(&message);
            world_return_message(w, &w->tills[pick(TILLS)], &s, d, pick(2) ? 1000 : 500, &message, NULL);
            put(w, deck, &message);
        }
    }
    buf_free(&message);
}

static void shuffle(struct deck *deck)
{
    for (size_t i = deck->n; i > 1; i--) {
        size_t k = pick((uint32_t)i);
        struct bytes swap = deck->message[i - 1];
        deck->message[i - 1] = deck->message[k];
        deck->message[k] = swap;
    }
}

/* Many records a message, some of them twice; how many were taken from the deck. */
static size_t fill(const struct deck *deck, size_t from, struct buf *message)
{
    size_t n = 0;
    for (size_t k = 1 + pick(9); k > 0 && from + n < deck->n; k--, n++) {
        buf_put(message, deck->message[from + n].p, deck->message[from + n].n);
        if (pick(8) == 0) {
            struct bytes again = deck->message[pick((uint32_t)(from + n) + 1)];
            buf_put(message, again.p, again.n);
        }
    }
    return n;
}

static void deliver(struct world *w, const struct deck *deck)
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    for (size_t i = 0; i < deck->n;) {
        buf_reset(&message);
        i += fill(deck, i, &message);
        assert_int_equal(world_send(w, buf_view(&message)), 0);
    }
    buf_free(&message);
}

/* The same, several messages in one transaction, and now and then one among them that is refused. */
static void deliver_grouped(struct world *w, const struct deck *deck)
{
    struct buf requests[GROUP], replies[GROUP];
    for (size_t i = 0; i < GROUP; i++) {
        buf_init(&requests[i], MESSAGE_MAX);
        buf_init(&replies[i], WORLD_REPLY_MAX);
    }
    for (size_t i = 0; i < deck->n;) {
        struct authority_message v[GROUP];
        size_t n = 0, most = 1 + pick(GROUP);
        for (; n < most && i < deck->n; n++) {
            buf_reset(&requests[n]);
            buf_reset(&replies[n]);
            if (pick(6) == 0) {
                struct world_sale other = world_sale(w, 100);
                int64_t now = w->now;
                bool late = pick(2) != 0;
                other.coupons[0] = bytes_str("no coupon");
                other.coupon_count = late ? 0 : 1;
                w->now -= late ? 2 * 3600000 : 0;
                world_hold_message(w, &w->tills[pick(TILLS)], &other, &requests[n]);
                w->now = now;
            } else {
                i += fill(deck, i, &requests[n]);
            }
            v[n] =
                (struct authority_message){.request = buf_view(&requests[n]), .reply = &replies[n], .rc = 1};
        }
        authority_handle_many(w->authority, v, n);
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(v[k].rc, 0);
        }
    }
    for (size_t i = 0; i < GROUP; i++) {
        buf_free(&requests[i]);
        buf_free(&replies[i]);
    }
}

/* The database as it was before the first record came. */
static void forget_records(struct world *w)
{
    char sql[1600];
    snprintf(
        sql, sizeof sql,
        "BEGIN; DELETE FROM part WHERE merchant = @ AND d IN (SELECT d FROM statement WHERE merchant = @ AND "
        "kind IN (%d, %d, %d));"
        "DELETE FROM statement WHERE merchant = @ AND kind IN (%d, %d, %d);"
        "DELETE FROM record WHERE merchant = @; DELETE FROM link WHERE merchant = @;"
        "DELETE FROM redemption WHERE merchant = @; DELETE FROM sale WHERE merchant = @;"
        "DELETE FROM reversal WHERE merchant = @; DELETE FROM reversal_line WHERE merchant = @;"
        "DELETE FROM reversal_share WHERE merchant = @; DELETE FROM tally WHERE merchant = @;"
        "DELETE FROM visit WHERE merchant = @; DELETE FROM leaf_queue WHERE merchant = @;"
        "DELETE FROM leaf WHERE merchant = @; DELETE FROM node WHERE merchant = @;"
        "DELETE FROM checkpoint WHERE merchant = @;"
        "UPDATE till SET head_seq = 0, head_d = terminal, quarantined = 0 WHERE merchant = @; COMMIT",
        KIND_LINK, KIND_COMMIT, KIND_REVERSE, KIND_LINK, KIND_COMMIT, KIND_REVERSE);
    world_sql(w, sql);
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p++) {
        n++;
    }
    return n;
}

/* The deck is worth nothing unless somebody loses at each stage, and somebody wins. */
static void every_contest_was_lost(struct world *w)
{
    for (int stage = CONTEST_COUPON; stage <= STAGE_WON; stage++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM redemption WHERE merchant = @ AND stage = %d", stage);
        int64_t n = world_sql(w, sql);
        if (n == 0) {
            print_error("nobody came to stage %d\n", stage);
        }
        assert_true(n > 0);
    }
}

static void any_order_leaves_equal_projections(void **state)
{
    (void)state;
    struct world *w = test_malloc(sizeof *w);
    struct deck *deck = test_calloc(1, sizeof *deck);
    world_open(w, TILLS);
    deal(w, deck);
    deliver(w, deck);
    const char *first = world_dump(w);
    assert_true(count(first, "reversal_line|") > 20);
    assert_true(count(first, "|gs1|") > 20);
    assert_true(count(first, "redemption|") > 60);
    every_contest_was_lost(w);
    for (int i = 0; i < (store_is_server(w->db) ? ROUNDS_AFAR : ROUNDS); i++) {
        forget_records(w);
        assert_int_equal(count(world_dump(w), "sale|"), 0);
        shuffle(deck);
        (i % 2 ? deliver : deliver_grouped)(w, deck);
        assert_string_equal(first, world_dump(w));
    }
    world_close(w);
    test_free(deck);
    test_free(w);
}

static void a_rebuild_makes_the_same_tables(void **state)
{
    (void)state;
    struct world *w = test_malloc(sizeof *w);
    struct deck *deck = test_calloc(1, sizeof *deck);
    struct err e = {0};
    world_open(w, TILLS);
    deal(w, deck);
    deliver(w, deck);
    const char *first = world_dump(w);
    assert_int_equal(authority_rebuild(w->authority, &e), 0);
    assert_string_equal(first, world_dump(w));
    /* and it goes on working */
    struct world_sale s = world_sale(w, 100);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    world_close(w);
    test_free(deck);
    test_free(w);
}

int main(void)
{
    /* Thousands of transactions: in memory where there is a file system in memory. */
    if (access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_leaves_equal_projections),
        cmocka_unit_test(a_rebuild_makes_the_same_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
