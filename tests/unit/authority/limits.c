/* Limits are kept exactly: in total, of money, for each customer, for new ones; and given back. */
#include "support/cm.h"
#include "support/world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RACERS = 12, TILLS = 6 };

static int setup(void **state)
{
    struct world *w = test_malloc(sizeof *w);
    world_open(w, TILLS);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    test_free(*state);
    return 0;
}

/* 10% by coupons of batch 1 or by card. */
static struct offer limited(struct world *w)
{
    return world_offer(w, "coffee10", 10000);
}

static void publish(struct world *w, const struct offer *o)
{
    world_publish(w, o);
    if (o->version == 1) {
        world_batch(w, 1, o, 64, "email", "autumn");
    }
}

static struct world_sale by_coupon(struct world *w, const struct offer *o, uint32_t index, int64_t price)
{
    struct world_sale s = world_sale(w, price);
    s.coupons[s.coupon_count++] = world_coupon(w, o, 1, index);
    return s;
}

static struct world_sale by_card(struct world *w, const char *token, int64_t price)
{
    struct world_sale s = world_sale(w, price);
    s.cards[s.card_count++] = world_handle(w, token);
    return s;
}

static void link_card(struct world *w, const struct offer *o, const char *token, const char *customer)
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    w->customer = *customer ? bytes_str(customer) : (struct bytes){0};
    world_link_message(w, &w->tills[0], LINK_ADD, world_handle(w, token), o, "app", &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    buf_free(&message);
}

/* The reason of the verdict that till i's hold gets. */
static int hold(struct world *w, int i, struct world_sale *s, const struct offer *o)
{
    assert_int_equal(world_hold(w, &w->tills[i], s), 0);
    assert_non_null(world_verdict(s, o));
    return world_verdict(s, o)->reason;
}

static void void_sale(struct world *w, int i, const struct world_sale *s, const uint8_t d[HASH_SIZE])
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_void_message(w, &w->tills[i], s, d, &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    buf_free(&message);
}

static void a_total_is_held_committed_and_given_back(void **state)
{
    struct world *w = *state;
    struct offer o = limited(w);
    struct world_sale s[4];
    uint8_t d[HASH_SIZE];
    o.total = 2;
    publish(w, &o);
    for (uint32_t i = 0; i < 4; i++) {
        s[i] = by_coupon(w, &o, i, 2500);
        assert_int_equal(hold(w, (int)i, &s[i], &o), i < 2 ? 0 : TP_LIMIT_REACHED);
        assert_int_equal(s[i].quote.due, i < 2 ? 2250 : 2500);
    }
    /* its own hold is not in the way of the next one */
    assert_int_equal(hold(w, 0, &s[0], &o), 0);
    assert_int_equal(world_commit(w, &w->tills[0], &s[0], d), 0);
    assert_int_equal(hold(w, 2, &s[2], &o), TP_LIMIT_REACHED);
    assert_int_equal(world_release(w, &w->tills[1], &s[1]), 0);
    assert_int_equal(hold(w, 2, &s[2], &o), 0);
    assert_int_equal(hold(w, 3, &s[3], &o), TP_LIMIT_REACHED);
    void_sale(w, 0, &s[0], d);
    assert_int_equal(hold(w, 3, &s[3], &o), 0);
    w->now += 120000; /* both grants end */
    assert_int_equal(hold(w, 1, &s[1], &o), 0);
    s[0] = by_coupon(w, &o, 9, 2500);
    assert_int_equal(hold(w, 0, &s[0], &o), 0);
    assert_int_equal(hold(w, 3, &s[3], &o), TP_LIMIT_REACHED);
}

static void a_budget_is_reserved_as_granted_and_the_rest_comes_back(void **state)
{
    struct world *w = *state;
    struct offer o = limited(w);
    uint8_t d[HASH_SIZE];
    o.budget = 600;
    publish(w, &o);
    struct world_sale a = by_coupon(w, &o, 0, 2500), b = by_coupon(w, &o, 1, 4000),
                      c = by_coupon(w, &o, 2, 3500);
    assert_int_equal(hold(w, 0, &a, &o), 0); /* 250 of 600 */
    assert_int_equal(hold(w, 1, &b, &o), TP_BUDGET_SPENT);
    assert_int_equal(b.quote.due, 4000);
    assert_int_equal(hold(w, 2, &c, &o), 0); /* 350: nothing is left */
    assert_int_equal(world_commit(w, &w->tills[2], &c, d), 0);
    a.basket = world_basket(w, 1000);
    assert_int_equal(hold(w, 0, &a, &o), 0); /* now 100 of it */
    struct world_sale e = by_coupon(w, &o, 3, 1510), f = by_coupon(w, &o, 4, 1500);
    assert_int_equal(hold(w, 3, &e, &o), TP_BUDGET_SPENT); /* 151 of 150 */
    assert_int_equal(hold(w, 4, &f, &o), 0);
    assert_int_equal(world_release(w, &w->tills[4], &f), 0);
    assert_int_equal(world_commit(w, &w->tills[0], &a, NULL), 0);
    void_sale(w, 2, &c, d);
    assert_int_equal(hold(w, 1, &b, &o), 0); /* 400 of the 500 that came back or were left */
    assert_int_equal(hold(w, 4, &f, &o), TP_BUDGET_SPENT);
}

static void a_customer_is_a_name_or_a_card(void **state)
{
    struct world *w = *state;
    struct offer o = limited(w);
    o.per_customer = 1;
    publish(w, &o);
    link_card(w, &o, "card-a", "anna");
    link_card(w, &o, "card-b", "anna");
    link_card(w, &o, "card-c", "");
    link_card(w, &o, "card-d", "bert");
    struct world_sale a = by_card(w, "card-a", 1000), b = by_card(w, "card-b", 1000),
                      c = by_card(w, "card-c", 1000), c2 = by_card(w, "card-c", 1000),
                      d = by_card(w, "card-d", 1000), e = by_coupon(w, &o, 0, 1000),
                      f = by_coupon(w, &o, 0, 1000);
    assert_int_equal(hold(w, 0, &a, &o), 0);
    assert_int_equal(hold(w, 1, &b, &o), TP_LIMIT_REACHED);
    assert_int_equal(world_commit(w, &w->tills[0], &a, NULL), 0);
    assert_int_equal(hold(w, 1, &b, &o), TP_LIMIT_REACHED);
    assert_int_equal(hold(w, 2, &c, &o), 0);
    assert_int_equal(hold(w, 3, &c2, &o), TP_LIMIT_REACHED);
    assert_int_equal(hold(w, 4, &d, &o), 0);
    /* a coupon alone is nobody's; with a card it is that customer's */
    assert_int_equal(hold(w, 5, &e, &o), TP_CUSTOMER_NOT_ELIGIBLE);
    f.cards[f.card_count++] = world_handle(w, "card-b");
    assert_int_equal(hold(w, 5, &f, &o), TP_LIMIT_REACHED);
    f.customer = bytes_str("carl");
    assert_int_equal(hold(w, 5, &f, &o), 0);
}

static void a_link_that_comes_late_joins_two_cards_into_one_customer(void **state)
{
    struct world *w = *state;
    struct offer o = limited(w);
    uint8_t first[HASH_SIZE], second[HASH_SIZE];
    o.per_customer = 1;
    publish(w, &o);
    link_card(w, &o, "card-a", "anna");
    link_card(w, &o, "card-b", "");
    struct world_sale a = by_card(w, "card-a", 1000), b = by_card(w, "card-b", 1000);
    assert_int_equal(hold(w, 0, &a, &o), 0);
    assert_int_equal(hold(w, 1, &b, &o), 0);
    assert_int_equal(world_commit(w, &w->tills[1], &b, second), 0);
    assert_int_equal(world_commit(w, &w->tills[0], &a, first), 0);
    assert_int_equal(world_redemption(w, second, 0).outcome, 0);
    link_card(w, &o, "card-b", "anna");
    assert_int_equal(world_redemption(w, first, 0).outcome, 0);
    assert_int_equal(world_redemption(w, second, 0).outcome, TP_LIMIT_REACHED);
    assert_int_equal(world_redemption(w, second, 0).conflict, 100);
    void_sale(w, 0, &a, first);
    assert_int_equal(world_redemption(w, second, 0).outcome, 0);
}

static void new_customers_are_those_without_an_earlier_sale(void **state)
{
    struct world *w = *state;
    struct offer o = limited(w);
    uint8_t d[HASH_SIZE], late[HASH_SIZE];
    o.customer_new = true;
    publish(w, &o);
    link_card(w, &o, "card-a", "anna");
    link_card(w, &o, "card-b", "anna");
    struct world_sale a = by_card(w, "card-a", 1000), b = by_card(w, "card-b", 1000),
                      none = by_coupon(w, &o, 0, 1000);
    assert_int_equal(hold(w, 2, &none, &o), TP_CUSTOMER_NOT_ELIGIBLE);
    assert_int_equal(hold(w, 0, &a, &o), 0);
    assert_int_equal(hold(w, 1, &b, &o), TP_HELD); /* she is being new elsewhere */
    assert_true(bytes_is(world_verdict(&b, &o)->till, "t0"));
    assert_int_equal(world_verdict(&b, &o)->at_ms, w->now);
    assert_int_equal(world_commit(w, &w->tills[0], &a, d), 0);
    assert_int_equal(world_redemption(w, d, 0).outcome, 0);
    assert_int_equal(hold(w, 1, &b, &o), TP_CUSTOMER_NOT_ELIGIBLE);
    void_sale(w, 0, &a, d);
    assert_int_equal(hold(w, 1, &b, &o), 0);
    /* that a customer was new is known by a grant alone */
    w->now += 120000;
    assert_int_equal(world_commit(w, &w->tills[1], &b, late), 0);
    assert_int_equal(world_redemption(w, late, 0).outcome, TP_CUSTOMER_NOT_ELIGIBLE);
    assert_int_equal(world_redemption(w, late, 0).conflict, 100);
}

/* ---- more was given than there was ---- */

static void ungranted_uses_are_ranked_and_the_last_are_conflicts(void **state)
{
    struct world *w = *state;
    struct offer o = limited(w);
    struct world_sale s[4];
    uint8_t d[4][HASH_SIZE];
    o.total = 2;
    publish(w, &o);
    for (int i = 0; i < 4; i += 2) { /* two pairs: the first pair's grants end before they are committed */
        s[i] = by_coupon(w, &o, (uint32_t)i, 1000);
        s[i + 1] = by_coupon(w, &o, (uint32_t)i + 1, 1000);
        assert_int_equal(hold(w, i, &s[i], &o), 0);
        assert_int_equal(hold(w, i + 1, &s[i + 1], &o), 0);
        w->now += 120000;
    }
    w->now -= 1; /* the second pair's still live */
    for (int i = 0; i < 4; i++) {
        assert_int_equal(world_commit(w, &w->tills[i], &s[i], d[i]), 0);
    }
    assert_int_equal(world_redemption(w, d[2], 0).outcome, 0);
    assert_int_equal(world_redemption(w, d[3], 0).outcome, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(world_redemption(w, d[i], 0).outcome, TP_LIMIT_REACHED);
        assert_int_equal(world_redemption(w, d[i], 0).conflict, 100);
    }
    void_sale(w, 2, &s[2], d[2]);
    assert_int_equal(world_redemption(w, d[0], 0).outcome, TP_CONFLICT); /* in, though without a grant */
    assert_int_equal(world_redemption(w, d[1], 0).outcome, TP_LIMIT_REACHED);
}

static void behind_the_first_that_a_budget_cannot_pay_everybody_loses(void **state)
{
    struct world *w = *state;
    struct offer o = limited(w);
    static const int64_t price[] = {3000, 4000, 500};
    struct world_sale s[3];
    uint8_t d[3][HASH_SIZE];
    o.budget = 500;
    publish(w, &o);
    for (int i = 0; i < 3; i++) {
        s[i] = by_coupon(w, &o, (uint32_t)i, price[i]);
        assert_int_equal(hold(w, i, &s[i], &o), 0);
        w->now += 120000;
    }
    for (int i = 2; i >= 0; i--) {
        w->now += i == 0 ? -2000 : 0;
        w->now += 1000 * i;
        assert_int_equal(world_commit(w, &w->tills[i], &s[i], d[i]), 0);
        w->now -= 1000 * i;
    }
    assert_int_equal(world_redemption(w, d[0], 0).outcome, TP_CONFLICT); /* 300: stands, without a grant */
    assert_int_equal(world_redemption(w, d[1], 0).outcome, TP_BUDGET_SPENT);
    assert_int_equal(world_redemption(w, d[2], 0).outcome, TP_BUDGET_SPENT);
    assert_int_equal(world_redemption(w, d[2], 0).conflict, 50);
    void_sale(w, 1, &s[1], d[1]);
    assert_int_equal(world_redemption(w, d[2], 0).outcome, TP_CONFLICT);
}

static void the_newest_versions_limits_hold_for_all(void **state)
{
    struct world *w = *state;
    struct offer o = limited(w);
    struct world_sale s[3];
    uint8_t d[3][HASH_SIZE];
    publish(w, &o);
    for (int i = 0; i < 3; i++) {
        s[i] = by_coupon(w, &o, (uint32_t)i, 1000);
        assert_int_equal(hold(w, i, &s[i], &o), 0);
        assert_int_equal(world_commit(w, &w->tills[i], &s[i], d[i]), 0);
    }
    o.version = 2;
    o.total = 1;
    publish(w, &o);
    static const int with_total[] = {0, TP_LIMIT_REACHED, TP_LIMIT_REACHED};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(world_redemption(w, d[i], 0).outcome, with_total[i]);
    }
    o.version = 3;
    o.total = NONE;
    o.budget = 200;
    publish(w, &o);
    static const int with_budget[] = {0, 0, TP_BUDGET_SPENT};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(world_redemption(w, d[i], 0).outcome, with_budget[i]);
    }
    const char *before = world_dump(w);
    assert_int_equal(authority_rebuild(w->authority, NULL), 0);
    assert_string_equal(before, world_dump(w));
}

/* ---- at the same moment ---- */

struct racer {
    pthread_t thread;
    struct authority *authority;
    struct buf message, reply;
    int rc;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    r->rc = authority_handle(r->authority, buf_view(&r->message), &r->reply);
    return NULL;
}

static int granted(struct world *w, const struct racer *r, const struct offer *o, int reason)
{
    struct dec d;
    struct answer a;
    struct statement st;
    assert_int_equal(r->rc, 0);
    dec_init(&d, buf_view(&r->reply));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_int_equal(a.kind, ANSWER_GRANT);
    assert_int_equal(statement_parse(a.statement, &w->arena, &st, NULL), 0);
    for (size_t i = 0; i < st.payload.grant.verdicts.n; i++) {
        const struct verdict *v = &st.payload.grant.verdicts.v[i];
        if (memcmp(v->offer, o->ref, REF_SIZE) == 0) {
            assert_true(v->reason == 0 || v->reason == reason);
            return v->reason == 0;
        }
    }
    fail();
    return 0;
}

/* Each from a thread with a handle of its own, as processes have them: exactly as many as there are. */
static int grants_of(struct world *w, const struct offer *o, int reason)
{
    struct racer racers[RACERS] = {0};
    int n = 0;
    for (int i = 0; i < RACERS; i++) {
        struct world_sale s = by_coupon(w, o, (uint32_t)i, 1000);
        s.cards[s.card_count++] = world_handle(w, "card-a");
        buf_init(&racers[i].message, MESSAGE_MAX);
        buf_init(&racers[i].reply, WORLD_REPLY_MAX);
        world_hold_message(w, &w->tills[i % TILLS], &s, &racers[i].message);
        racers[i].authority = world_another(w);
    }
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        n += granted(w, &racers[i], o, reason);
        authority_close(racers[i].authority);
        buf_free(&racers[i].message);
        buf_free(&racers[i].reply);
    }
    return n;
}

static void parallel_holds_never_exceed_a_total(void **state)
{
    struct offer o = limited(*state);
    o.total = 5;
    publish(*state, &o);
    assert_int_equal(grants_of(*state, &o, TP_LIMIT_REACHED), 5);
}

static void parallel_holds_never_exceed_a_budget(void **state)
{
    struct offer o = limited(*state);
    o.budget = 799;
    publish(*state, &o);
    assert_int_equal(grants_of(*state, &o, TP_BUDGET_SPENT), 7);
}

static void parallel_holds_never_exceed_a_customers_limit(void **state)
{
    struct offer o = limited(*state);
    o.per_customer = 3;
    publish(*state, &o);
    assert_int_equal(grants_of(*state, &o, TP_LIMIT_REACHED), 3);
}

static void one_of_parallel_holds_is_the_new_customers(void **state)
{
    struct offer o = limited(*state);
    o.customer_new = true;
    publish(*state, &o);
    assert_int_equal(grants_of(*state, &o, TP_HELD), 1);
}

int main(void)
{
    if (access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_total_is_held_committed_and_given_back),
        T(a_budget_is_reserved_as_granted_and_the_rest_comes_back),
        T(a_customer_is_a_name_or_a_card),
        T(a_link_that_comes_late_joins_two_cards_into_one_customer),
        T(new_customers_are_those_without_an_earlier_sale),
        T(ungranted_uses_are_ranked_and_the_last_are_conflicts),
        T(behind_the_first_that_a_budget_cannot_pay_everybody_loses),
        T(the_newest_versions_limits_hold_for_all),
        T(parallel_holds_never_exceed_a_total),
        T(parallel_holds_never_exceed_a_budget),
        T(parallel_holds_never_exceed_a_customers_limit),
        T(one_of_parallel_holds_is_the_new_customers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
