/*
 * A program that takes the money of a price that nobody held, while the line is cut: the sale is recorded as
 * it was paid, and what a till alone may not give, or beyond its caps for a coupon and an hour, is a
 * conflict.
 */
#include "counter.h"

#include <stdio.h>
#include <stdlib.h>

struct shop {
    struct world w;
    struct counter c;
    struct offer deny, risk, other;
};

enum { COUPON_CAP = 500, HOUR_CAP = 1000 };

static struct offer publish(struct world *w, const char *id, int mode, int64_t batch)
{
    struct offer o = world_offer(w, id, 10000);
    o.offline = mode;
    counter_publish(w, &o, batch);
    return o;
}

static int setup(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    world_open(&s->w, 0);
    counter_policy(&s->w, COUPON_CAP, HOUR_CAP);
    s->deny = publish(&s->w, "deny", OFFLINE_DENY, 1);
    s->risk = publish(&s->w, "risk", OFFLINE_RISK, 2);
    s->other = publish(&s->w, "other", OFFLINE_RISK, 3);
    counter_open(&s->c, &s->w, "kasse1");
    s->c.cut = true;
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    counter_close(&s->c);
    world_close(&s->w);
    free(s);
    return 0;
}

/* A sale whose price is quoted, and paid: D of its record. */
struct paid {
    struct commit_info info;
    int64_t sale;
};

static struct paid pay(struct shop *s, const char *reference, int64_t price, const struct offer *o,
                       uint32_t batch, uint32_t index)
{
    struct paid p = {.sale = counter_sale(&s->c, reference, price)};
    assert_int_equal(counter_present(&s->c, p.sale, o, batch, index), 0);
    int64_t due = counter_quote(&s->c, p.sale).due;
    assert_int_equal(due, price - price / 10);
    p.info = counter_commit(&s->c, p.sale);
    assert_int_equal(p.info.due, due); /* never refused, never changed */
    assert_false(p.info.binding);
    return p;
}

static void check(struct shop *s, const struct paid *p, int64_t place, int outcome, int64_t conflict)
{
    counter_lock();
    struct redemption_row r = world_redemption(&s->w, p->info.d, place);
    counter_unlock();
    assert_int_equal(r.outcome, outcome);
    assert_int_equal(r.conflict, conflict);
}

static int64_t reason_of(struct shop *s, const struct paid *p, int64_t amount)
{
    char sql[160];
    snprintf(sql, sizeof sql,
             "SELECT reason FROM decided WHERE stage = 1 AND alone = 1 AND sale = %lld AND amount = %lld",
             (long long)p->sale, (long long)amount);
    return counter_ask(&s->c, sql);
}

static void what_is_beyond_the_hour_is_a_conflict(void **state)
{
    struct shop *s = *state;
    struct paid a = pay(s, "A", 5000, &s->risk, 2, 1), b = pay(s, "B", 3000, &s->risk, 2, 2);
    counter_restart(&s->c, true);
    struct paid c = pay(s, "C", 4000, &s->risk, 2, 3); /* 400 of the 200 that the hour has left */
    struct paid d = pay(s, "D", 1000, &s->risk, 2, 4); /* of nothing */
    /* Who asks is told so, too. */
    int64_t held = counter_sale(&s->c, "E", 1000);
    assert_int_equal(counter_present(&s->c, held, &s->risk, 2, 5), 0);
    assert_int_equal(counter_hold(&s->c, held).discount, 0);
    assert_int_equal(counter_outcome(&s->c, held, &s->risk), TP_OFFLINE_CAP);
    assert_int_equal(reason_of(s, &a, 500), 0);
    assert_int_equal(reason_of(s, &b, 300), 0);
    assert_int_equal(reason_of(s, &c, 400), TP_OFFLINE_CAP);
    assert_int_equal(reason_of(s, &d, 100), TP_OFFLINE_CAP);
    counter_hear(&s->c);
    check(s, &a, 0, 0, 0);
    check(s, &b, 0, 0, 0);
    check(s, &c, 0, TP_CONFLICT, 200);
    check(s, &d, 0, TP_CONFLICT, 100);
}

static void an_hour_later_there_is_room_again(void **state)
{
    struct shop *s = *state;
    struct paid a = pay(s, "A", 5000, &s->risk, 2, 1), b = pay(s, "B", 5000, &s->risk, 2, 2);
    counter_pass(&s->c, HOUR_MS);
    struct paid c = pay(s, "C", 5000, &s->risk, 2, 3);
    counter_hear(&s->c);
    check(s, &a, 0, 0, 0);
    check(s, &b, 0, 0, 0);
    check(s, &c, 0, 0, 0);
}

static void beyond_a_coupons_cap_the_rest_is_a_conflict(void **state)
{
    struct shop *s = *state;
    struct paid a = pay(s, "A", 6000, &s->risk, 2, 1);
    assert_int_equal(reason_of(s, &a, 600), TP_OFFLINE_CAP);
    counter_hear(&s->c);
    check(s, &a, 0, TP_CONFLICT, 100);
}

static void what_no_till_may_give_is_a_conflict_whole(void **state)
{
    struct shop *s = *state;
    struct paid a = pay(s, "A", 2000, &s->deny, 1, 1);
    assert_int_equal(reason_of(s, &a, 200), TP_OFFLINE_DENIED);
    counter_hear(&s->c);
    check(s, &a, 0, TP_CONFLICT, 200);
}

/* Two offers of one sale: in the order in which they apply. */
static void the_offers_of_one_sale_share_the_hour(void **state)
{
    struct shop *s = *state;
    struct paid first = pay(s, "A", 4000, &s->risk, 2, 1);
    struct paid p = {.sale = counter_sale(&s->c, "B", 5000)};
    assert_int_equal(counter_present(&s->c, p.sale, &s->risk, 2, 2), 0);
    assert_int_equal(counter_present(&s->c, p.sale, &s->other, 3, 1), 0);
    assert_int_equal(counter_quote(&s->c, p.sale).discount, 500 + 450);
    p.info = counter_commit(&s->c, p.sale);
    counter_hear(&s->c);
    check(s, &first, 0, 0, 0);
    check(s, &p, 0, 0, 0);             /* 500 of 600 */
    check(s, &p, 1, TP_CONFLICT, 350); /* 450 of 100 */
}

/* Given is given: the coupon is used, whatever was said of it. */
static void what_was_given_beyond_is_used(void **state)
{
    struct shop *s = *state;
    pay(s, "A", 5000, &s->risk, 2, 1);
    pay(s, "B", 5000, &s->risk, 2, 2);
    pay(s, "C", 1000, &s->risk, 2, 3);
    counter_pass(&s->c, HOUR_MS);
    int64_t again = counter_sale(&s->c, "D", 1000);
    assert_int_equal(counter_present(&s->c, again, &s->risk, 2, 3), 0);
    assert_int_equal(counter_hold(&s->c, again).discount, 0);
    assert_int_equal(counter_outcome(&s->c, again, &s->risk), TP_ALREADY_USED);
}

/* Beyond the policy's age no hour has anything left. */
static void a_till_that_is_not_sure_of_the_time_has_no_hour(void **state)
{
    struct shop *s = *state;
    counter_pass(&s->c, 2 * DAY_MS);
    counter_restart(&s->c, true);
    int64_t held = counter_sale(&s->c, "A", 1000);
    assert_int_equal(counter_present(&s->c, held, &s->risk, 2, 2), 0);
    assert_int_equal(counter_hold(&s->c, held).discount, 0);
    struct paid b = pay(s, "B", 2000, &s->risk, 2, 1);
    counter_hear(&s->c);
    check(s, &b, 0, TP_CONFLICT, 200);
}

/* A price that was told alone was within the caps when it was told, and its record says nothing of the hour.
 */
static void a_price_told_alone_keeps_its_word(void **state)
{
    struct shop *s = *state;
    struct paid p = {.sale = counter_sale(&s->c, "A", 5000)};
    assert_int_equal(counter_present(&s->c, p.sale, &s->risk, 2, 1), 0);
    assert_int_equal(counter_hold(&s->c, p.sale).discount, 500);
    pay(s, "B", 5000, &s->risk, 2, 2);
    struct paid c = pay(s, "C", 1000, &s->risk, 2, 3);
    p.info = counter_commit(&s->c, p.sale);
    assert_int_equal(p.info.due, 4500);
    counter_hear(&s->c);
    check(s, &p, 0, 0, 0);
    check(s, &c, 0, TP_CONFLICT, 100);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_beyond_the_hour_is_a_conflict),           T(an_hour_later_there_is_room_again),
        T(beyond_a_coupons_cap_the_rest_is_a_conflict),     T(what_no_till_may_give_is_a_conflict_whole),
        T(the_offers_of_one_sale_share_the_hour),           T(what_was_given_beyond_is_used),
        T(a_till_that_is_not_sure_of_the_time_has_no_hour), T(a_price_told_alone_keeps_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
