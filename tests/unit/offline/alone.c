/*
 * A till without an answer: an offer that denies is not given, one that may be risked is given within its
 * caps, and whatever was decided is kept and stays decided. Losing the network only narrows.
 */
#include "counter.h"

#include <stdio.h>
#include <stdlib.h>

struct shop {
    struct world w;
    struct counter c, other;
    struct offer deny, risk, small, twice;
};

enum { COUPON_CAP = 500, HOUR_CAP = 1000, SMALL_CAP = 200 };

static struct offer publish(struct world *w, const char *id, int mode, int64_t cap, int64_t batch)
{
    struct offer o = world_offer(w, id, 10000);
    o.offline = mode;
    o.offline_cap = cap;
    o.per_coupon = strcmp(id, "twice") == 0 ? 2 : 1;
    o.bears = BEARS_ISSUER;
    counter_publish(w, &o, batch);
    return o;
}

static int setup(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    world_open(&s->w, 0);
    counter_policy(&s->w, COUPON_CAP, HOUR_CAP);
    s->deny = publish(&s->w, "deny", OFFLINE_DENY, NONE, 1);
    s->risk = publish(&s->w, "risk", OFFLINE_RISK, NONE, 2);
    s->small = publish(&s->w, "small", OFFLINE_RISK, SMALL_CAP, 3);
    s->twice = publish(&s->w, "twice", OFFLINE_RISK, NONE, 4);
    counter_open(&s->c, &s->w, "kasse1");
    counter_open(&s->other, &s->w, "kasse2");
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    counter_close(&s->c);
    counter_close(&s->other);
    world_close(&s->w);
    free(s);
    return 0;
}

/* A held sale of `price` with one coupon of the batch. */
static int64_t held(struct counter *c, const char *reference, int64_t price, const struct offer *o,
                    uint32_t batch, uint32_t index)
{
    int64_t sale = counter_sale(c, reference, price);
    assert_int_equal(counter_present(c, sale, o, batch, index), 0);
    counter_hold(c, sale);
    return sale;
}

static struct redemption_row redemption_of(struct shop *s, const struct commit_info *info)
{
    counter_lock();
    struct redemption_row row = world_redemption(&s->w, info->d, 0);
    counter_unlock();
    return row;
}

static void denied_is_the_price_without_it(void **state)
{
    struct shop *s = *state;
    int64_t sale = counter_sale(&s->c, "A", 2000);
    assert_int_equal(counter_present(&s->c, sale, &s->deny, 1, 1), 0);
    assert_int_equal(counter_quote(&s->c, sale).due, 1800); /* nobody has been asked yet */
    s->c.cut = true;
    struct quote_info q = counter_hold(&s->c, sale);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.reason, TP_OFFLINE);
    assert_int_equal(q.due, 2000);
    assert_int_equal(counter_outcome(&s->c, sale, &s->deny), TP_OFFLINE_DENIED);
    /* the basket changes, a payment fails: it stays denied */
    struct line line = {.number = 1, .category = bytes_str("coffee"), .quantity = 1000, .unit_price = 3000};
    assert_int_equal(till_lines_set(s->c.till, sale, &line, 1, NULL), 0);
    assert_int_equal(counter_quote(&s->c, sale).due, 3000);
    assert_int_equal(till_release(s->c.till, sale, NULL), 0);
    assert_int_equal(counter_quote(&s->c, sale).due, 3000);
    /* until somebody answers */
    s->c.cut = false;
    assert_int_equal(counter_hold(&s->c, sale).due, 2700);
    assert_true(counter_commit(&s->c, sale).binding);
}

static void what_was_denied_is_in_no_record(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    int64_t sale = held(&s->c, "A", 2000, &s->deny, 1, 1);
    struct commit_info info = counter_commit(&s->c, sale);
    assert_int_equal(info.redemptions, 0);
    assert_int_equal(info.due, 2000);
    assert_int_equal(counter_outcome(&s->c, sale, &s->deny), TP_OFFLINE_DENIED); /* and the record says why */
    assert_int_equal(counter_ask(&s->c, "SELECT reason FROM decided WHERE stage = 1 AND alone = 1"),
                     TP_OFFLINE_DENIED);
    counter_hear(&s->c);
    int64_t next = held(&s->c, "B", 2000, &s->deny, 1, 1); /* the coupon is as good as before */
    assert_int_equal(counter_quote(&s->c, next).due, 1800);
}

static void a_risk_within_its_caps_is_given_and_counts(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    int64_t sale = held(&s->c, "A", 5000, &s->risk, 2, 1);
    struct quote_info q = counter_quote(&s->c, sale);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.due, 4500); /* just the cap */
    struct commit_info info = counter_commit(&s->c, sale);
    assert_false(info.binding);
    assert_int_equal(info.redemptions, 1);
    counter_hear(&s->c);
    struct redemption_row row = redemption_of(s, &info);
    assert_int_equal(row.outcome, 0);
    assert_int_equal(row.conflict, 0);
    assert_true(row.grant == NONE && row.slot == 0);
    assert_int_equal(
        counter_ask(&s->c, "SELECT amount FROM decided WHERE stage = 1 AND alone = 1 AND reason = 0"), 500);
}

static void beyond_a_coupons_cap_it_is_not_given_and_never_reduced(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    int64_t sale = held(&s->c, "A", 5010, &s->risk, 2, 1);
    assert_int_equal(counter_quote(&s->c, sale).due, 5010);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_OFFLINE_CAP);
    sale = held(&s->c, "B", 2000, &s->small, 3, 1); /* the offer's own cap is the smaller one */
    assert_int_equal(counter_quote(&s->c, sale).due, 1800);
    sale = held(&s->c, "C", 2010, &s->small, 3, 2);
    assert_int_equal(counter_outcome(&s->c, sale, &s->small), TP_OFFLINE_CAP);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM decided WHERE stage = 0 AND reason = 18"), 2);
}

/* Over sales, over coupons of one sale, and over restarts; an hour later, or by a void, there is room again.
 */
static void the_hour_has_a_cap_of_its_own(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    int64_t sale = counter_sale(&s->c, "A", 4000);
    assert_int_equal(counter_present(&s->c, sale, &s->risk, 2, 1), 0);
    assert_int_equal(counter_present(&s->c, sale, &s->twice, 4, 1), 0);
    struct quote_info q = counter_hold(&s->c, sale);
    assert_int_equal(q.discount, 400 + 360);
    counter_commit(&s->c, sale);
    int64_t next = held(&s->c, "B", 2410, &s->risk, 2, 2);
    assert_int_equal(counter_outcome(&s->c, next, &s->risk), TP_OFFLINE_CAP); /* 241 of 240 */
    counter_restart(&s->c, true);
    next = held(&s->c, "C", 2410, &s->risk, 2, 2);
    assert_int_equal(counter_outcome(&s->c, next, &s->risk), TP_OFFLINE_CAP);
    next = held(&s->c, "D", 2400, &s->risk, 2, 3);
    assert_int_equal(counter_outcome(&s->c, next, &s->risk), TP_APPLIED);
    int64_t third = held(&s->c, "E", 10, &s->risk, 2, 4);
    assert_int_equal(counter_outcome(&s->c, third, &s->risk), TP_OFFLINE_CAP); /* D has been told its price */
    assert_int_equal(till_sale_forget(s->c.till, next, NULL), 0);
    third = held(&s->c, "F", 2400, &s->risk, 2, 4);
    assert_int_equal(counter_outcome(&s->c, third, &s->risk), TP_APPLIED);
    counter_commit(&s->c, third);
    sale = held(&s->c, "G", 10, &s->risk, 2, 5);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_OFFLINE_CAP);
    assert_int_equal(till_void(s->c.till, third, NULL), 0);
    sale = held(&s->c, "H", 2400, &s->risk, 2, 5);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_APPLIED);
    counter_pass(&s->c, HOUR_MS);
    sale = held(&s->c, "I", 5000, &s->risk, 2, 6);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_APPLIED);
}

static void within_one_sale_the_first_to_apply_takes_the_hour(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    counter_commit(&s->c, held(&s->c, "A", 4000, &s->risk, 2, 1));
    int64_t sale = counter_sale(&s->c, "B", 4000);
    assert_int_equal(counter_present(&s->c, sale, &s->risk, 2, 2), 0);
    assert_int_equal(counter_present(&s->c, sale, &s->twice, 4, 1), 0);
    assert_int_equal(counter_hold(&s->c, sale).discount, 400); /* 360 more would be 1160 */
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_APPLIED);
    assert_int_equal(counter_outcome(&s->c, sale, &s->twice), TP_OFFLINE_CAP);
}

/* A sale that was never held is given without the authority, too: it takes its part of the hour. */
static void what_was_never_held_counts_in_the_hour(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    int64_t sale = counter_sale(&s->c, "A", 4000);
    assert_int_equal(counter_present(&s->c, sale, &s->risk, 2, 1), 0);
    assert_int_equal(counter_commit(&s->c, sale).redemptions, 1);
    int64_t next = counter_sale(&s->c, "B", 4000);
    assert_int_equal(counter_present(&s->c, next, &s->risk, 2, 2), 0);
    assert_int_equal(counter_commit(&s->c, next).redemptions, 1);
    next = held(&s->c, "C", 2010, &s->risk, 2, 3);
    assert_int_equal(counter_outcome(&s->c, next, &s->risk), TP_OFFLINE_CAP); /* 201 of 200 */
    next = held(&s->c, "D", 2000, &s->risk, 2, 3);
    assert_int_equal(counter_outcome(&s->c, next, &s->risk), TP_APPLIED);
}

static void what_this_till_has_used_or_promised_is_not_given_again(void **state)
{
    struct shop *s = *state;
    int64_t first = held(&s->c, "A", 1000, &s->risk, 2, 1);
    counter_commit(&s->c, first); /* with a grant */
    counter_hear(&s->c);
    s->c.cut = true;
    int64_t sale = held(&s->c, "B", 1000, &s->risk, 2, 1);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_ALREADY_USED);
    sale = held(&s->c, "C", 1000, &s->risk, 2, 2);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_APPLIED);
    int64_t second = held(&s->c, "D", 1000, &s->risk, 2, 2);
    assert_int_equal(counter_outcome(&s->c, second, &s->risk), TP_HELD);
    counter_commit(&s->c, sale);
    second = held(&s->c, "E", 1000, &s->risk, 2, 2);
    assert_int_equal(counter_outcome(&s->c, second, &s->risk), TP_ALREADY_USED);
    assert_int_equal(till_void(s->c.till, sale, NULL), 0);
    second = held(&s->c, "F", 1000, &s->risk, 2, 2);
    assert_int_equal(counter_outcome(&s->c, second, &s->risk), TP_APPLIED);
    for (int i = 0; i < 3; i++) { /* a coupon with two uses */
        char reference[4] = "t0";
        reference[1] = (char)('0' + i);
        sale = held(&s->c, reference, 100, &s->twice, 4, 1);
        assert_int_equal(counter_outcome(&s->c, sale, &s->twice), i < 2 ? TP_APPLIED : TP_ALREADY_USED);
        counter_commit(&s->c, sale);
    }
}

/* Unsure of the time, of the coupon, or of itself, a till risks nothing. */
static void a_till_that_is_not_sure_risks_nothing(void **state)
{
    struct shop *s = *state;
    struct offer fresh = world_offer(&s->w, "fresh", 10000);
    s->c.cut = true;
    int64_t sale = counter_sale(&s->c, "A", 1000);
    assert_int_equal(counter_present(&s->c, sale, &fresh, 9, 1), 0); /* newer than the replica, or made up */
    assert_int_equal(counter_hold(&s->c, sale).discount, 0);
    struct offer_info info;
    assert_int_equal(till_offer_result(s->c.till, sale, 0, &info, NULL), 0);
    assert_int_equal(info.outcome, TP_OFFLINE_DENIED);
    sale = counter_sale(&s->c, "B", 1000);
    assert_int_equal(counter_present(&s->c, sale, &s->risk, 9, 1), 0); /* a batch that is not known here */
    counter_hold(&s->c, sale);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_OFFLINE_DENIED);
    counter_pass(&s->c, DAY_MS);
    sale = held(&s->c, "C", 1000, &s->risk, 2, 1);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_APPLIED);
    counter_pass(&s->c, 1); /* a price that was told stays for as long as a customer pays */
    assert_int_equal(counter_quote(&s->c, sale).discount, 100);
    int64_t late = held(&s->c, "D", 1000, &s->risk, 2, 2);
    assert_int_equal(counter_outcome(&s->c, late, &s->risk), TP_OFFLINE_DENIED);
    counter_pass(&s->c, 15 * MINUTE_MS);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_OFFLINE_DENIED);
    counter_hear(&s->c);
    s->c.cut = true;
    s->c.wall -= 2 * DAY_MS;
    counter_restart(&s->c, true);
    sale = held(&s->c, "E", 1000, &s->risk, 2, 3);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_OFFLINE_DENIED);
}

/* What was refused alone before a crash is not given after it, and what was decided is there. */
static void a_crash_does_not_widen_it(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    held(&s->c, "A", 2000, &s->deny, 1, 1);
    counter_restart(&s->c, false);
    assert_int_equal(counter_ask(&s->c, "SELECT reason FROM decided WHERE stage = 0"), TP_OFFLINE_DENIED);
    int64_t sale = counter_sale(&s->c, "A", 2000);
    assert_int_equal(counter_present(&s->c, sale, &s->deny, 1, 1), 0);
    assert_int_equal(counter_quote(&s->c, sale).due, 2000);
    assert_int_equal(counter_commit(&s->c, sale).redemptions, 0);
}

/* Two tills alone take one coupon: the first by time has it, the other is a conflict. */
static void two_tills_that_risk_one_coupon_make_one_conflict(void **state)
{
    struct shop *s = *state;
    s->c.cut = s->other.cut = true;
    struct commit_info late, early;
    early = counter_commit(&s->c, held(&s->c, "A", 3000, &s->risk, 2, 1));
    s->other.boot += 1000;
    s->other.wall += 1000;
    late = counter_commit(&s->other, held(&s->other, "B", 2000, &s->risk, 2, 1));
    counter_hear(&s->other); /* the later one arrives first */
    assert_int_equal(redemption_of(s, &late).outcome, 0);
    counter_hear(&s->c);
    assert_int_equal(redemption_of(s, &early).outcome, 0);
    struct redemption_row row = redemption_of(s, &late);
    assert_int_equal(row.outcome, TP_ALREADY_USED);
    assert_int_equal(row.conflict, 200);
}

/* A till that gives more alone than it may is found out: the excess is a conflict. */
static void beyond_the_caps_the_authority_books_the_excess(void **state)
{
    struct shop *s = *state;
    struct world_till by = {.name = "rogue", .head = {.epoch = 1}};
    struct offer *const offers[] = {&s->risk, &s->small, &s->deny};
    const int64_t excess[] = {100, 400, 600};
    counter_lock();
    assert_int_equal(cose_key_generate(ALG_ESP256, &by.key), 0);
    world_enrol(&s->w, by.name, &by.key, by.head.d);
    for (int i = 0; i < 3; i++) {
        struct world_sale sale = world_sale(&s->w, 6000);
        uint8_t d[HASH_SIZE];
        sale.coupons[sale.coupon_count++] = world_coupon(&s->w, offers[i],
                                                         (uint32_t)(i == 0   ? 2
                                                                    : i == 1 ? 3
                                                                             : 1),
                                                         7);
        sale.policy = 2;
        assert_int_equal(world_commit_alone(&s->w, &by, &sale, offers[i], 600, d), 0);
        struct redemption_row row = world_redemption(&s->w, d, 0);
        assert_int_equal(row.outcome, TP_CONFLICT);
        assert_int_equal(row.conflict, excess[i]);
    }
    /* under a policy that let no till risk anything, or that nobody published */
    for (int64_t policy = 1; policy <= 3; policy += 2) {
        struct world_sale sale = world_sale(&s->w, 1000);
        uint8_t d[HASH_SIZE];
        sale.coupons[sale.coupon_count++] = world_coupon(&s->w, &s->risk, 2, (uint32_t)(2 + policy));
        sale.policy = policy;
        assert_int_equal(world_commit_alone(&s->w, &by, &sale, &s->risk, 100, d), 0);
        assert_int_equal(world_redemption(&s->w, d, 0).conflict, 100);
    }
    const char *before = world_dump(&s->w);
    assert_int_equal(authority_rebuild(s->w.authority, &(struct err){0}), 0);
    assert_string_equal(before, world_dump(&s->w));
    cose_key_free(&by.key);
    counter_unlock();
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(denied_is_the_price_without_it),
        TEST(what_was_denied_is_in_no_record),
        TEST(a_risk_within_its_caps_is_given_and_counts),
        TEST(beyond_a_coupons_cap_it_is_not_given_and_never_reduced),
        TEST(the_hour_has_a_cap_of_its_own),
        TEST(within_one_sale_the_first_to_apply_takes_the_hour),
        TEST(what_was_never_held_counts_in_the_hour),
        TEST(what_this_till_has_used_or_promised_is_not_given_again),
        TEST(a_till_that_is_not_sure_risks_nothing),
        TEST(a_crash_does_not_widen_it),
        TEST(two_tills_that_risk_one_coupon_make_one_conflict),
        TEST(beyond_the_caps_the_authority_books_the_excess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
