/* Offers that need neither coupon nor card. */
#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int setup(void **state)
{
    struct world *w = test_malloc(sizeof *w);
    world_open(w, 2);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    test_free(*state);
    return 0;
}

static struct offer automatic(struct world *w, const char *id)
{
    struct offer o = world_offer(w, id, 10000);
    o.redeem = REDEEM_AUTOMATIC;
    return o;
}

static void an_automatic_offer_is_on_every_table(void **state)
{
    struct world *w = *state;
    struct offer o = automatic(w, "happy");
    struct world_sale s = world_sale(w, 1000);
    uint8_t d[HASH_SIZE];
    o.valid_from = w->now;
    o.valid_until = w->now + 10000;
    world_publish(w, &o);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    assert_int_equal(s.quote.due, 900);
    const struct verdict *v = world_verdict(&s, &o);
    assert_true(v && v->reason == 0 && v->batch == NONE && v->card == NONE && v->discount == 100);
    assert_int_equal(world_commit(w, &w->tills[0], &s, d), 0);
    struct redemption_row r = world_redemption(w, d, 0);
    assert_true(r.outcome == 0 && r.conflict == 0 && r.batch == NONE && !r.has_card);
    w->now += 10000;
    s = world_sale(w, 1000);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    assert_true(s.quote.due == 1000 && s.quote.refused.n == 0); /* it has ended: not even refused */
}

static void the_newest_version_says_whether_it_is_automatic(void **state)
{
    struct world *w = *state;
    struct offer o = automatic(w, "happy");
    struct world_sale s = world_sale(w, 1000);
    world_publish(w, &o);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    o.version = 2;
    o.percent = 20000;
    world_publish(w, &o);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    assert_int_equal(s.quote.due, 800);
    o.version = 3;
    o.redeem = REDEEM_COUPON;
    world_publish(w, &o);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    assert_int_equal(s.quote.due, 1000);
}

/* Nothing of it is scarce, so a grant that has ended takes nothing away. */
static void without_limits_it_counts_without_a_grant(void **state)
{
    struct world *w = *state;
    struct offer o = automatic(w, "happy");
    struct world_sale s = world_sale(w, 1000);
    uint8_t d[HASH_SIZE];
    world_publish(w, &o);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    w->now += 120000;
    assert_int_equal(world_commit(w, &w->tills[0], &s, d), 0);
    assert_int_equal(world_redemption(w, d, 0).outcome, 0);
}

static void with_limits_it_is_held_like_any_other(void **state)
{
    struct world *w = *state;
    struct offer o = automatic(w, "first");
    struct world_sale a = world_sale(w, 1000), b = world_sale(w, 1000);
    uint8_t d[HASH_SIZE], late[HASH_SIZE];
    o.total = 1;
    world_publish(w, &o);
    assert_int_equal(world_hold(w, &w->tills[0], &a), 0);
    assert_int_equal(world_hold(w, &w->tills[1], &b), 0);
    assert_true(a.quote.due == 900 && b.quote.due == 1000);
    assert_null(world_verdict(&b, &o)); /* the quote says why */
    assert_true(b.quote.refused.n == 1 && b.quote.refused.v[0].reason == TP_LIMIT_REACHED);
    w->now += 120000;
    assert_int_equal(world_hold(w, &w->tills[1], &b), 0);
    assert_int_equal(world_commit(w, &w->tills[0], &a, late), 0);
    assert_int_equal(world_redemption(w, late, 0).outcome, TP_CONFLICT);
    assert_int_equal(world_commit(w, &w->tills[1], &b, d), 0);
    assert_int_equal(world_redemption(w, d, 0).outcome, 0);
    assert_int_equal(world_redemption(w, late, 0).outcome, TP_LIMIT_REACHED);
    assert_int_equal(world_redemption(w, late, 0).conflict, 100);
}

/* A commit that claims an offer with neither coupon nor card, which was automatic in no version. */
static void what_is_not_automatic_is_not_linked(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "coffee10", 10000);
    struct world_sale s = world_sale(w, 1000);
    uint8_t d[HASH_SIZE];
    world_publish(w, &o);
    world_batch(w, 1, &o, 1, "email", "");
    s.coupons[s.coupon_count++] = world_coupon(w, &o, 1, 0);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    s.coupon_count = 0; /* the commit does not find its coupon again */
    assert_int_equal(world_commit(w, &w->tills[0], &s, d), 0);
    assert_int_equal(world_redemption(w, d, 0).outcome, TP_NOT_LINKED);
    assert_int_equal(world_redemption(w, d, 0).conflict, 100);
}

static void there_is_an_end_to_automatic_offers(void **state)
{
    struct world *w = *state;
    struct offer o = automatic(w, "ended");
    char id[16];
    o.valid_until = w->now;
    world_publish(w, &o); /* it takes no place */
    for (int i = 0; i < MAX_AUTOMATIC; i++) {
        snprintf(id, sizeof id, "a%d", i);
        o = automatic(w, id);
        world_publish(w, &o);
    }
    struct offer more = automatic(w, "one-more");
    struct offer_statement st = {.common = world_common(w), .terms = more};
    assert_int_equal(world_office(w, KIND_OFFER, &st), TP_LIMIT_REACHED);
    o.version = 2; /* a newer version takes no other place */
    o.percent = 1000;
    world_publish(w, &o);
    /* and more than a commit can carry do not apply */
    struct world_sale s = world_sale(w, 1000000);
    uint8_t d[HASH_SIZE];
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    assert_int_equal(s.quote.applied.n, MAX_APPLIED);
    assert_int_equal(s.quote.refused.n, MAX_AUTOMATIC - MAX_APPLIED);
    for (size_t i = 0; i < s.quote.refused.n; i++) {
        assert_int_equal(s.quote.refused.v[i].reason, TP_LIMIT_REACHED);
    }
    assert_int_equal(world_commit(w, &w->tills[0], &s, d), 0);
    assert_int_equal(world_redemption(w, d, MAX_APPLIED - 1).outcome, 0);
}

int main(void)
{
    if (access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_automatic_offer_is_on_every_table),     T(the_newest_version_says_whether_it_is_automatic),
        T(without_limits_it_counts_without_a_grant), T(with_limits_it_is_held_like_any_other),
        T(what_is_not_automatic_is_not_linked),      T(there_is_an_end_to_automatic_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
