/* Which stores, days and hours an offer is for, by the clock on the store's wall. */
#include "unit/offer/make.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum { MON = 1, TUE = 2, WED = 4, THU = 8, FRI = 16, SAT = 32, SUN = 64 };

/* Europe/Berlin in 2026, as its published rules say: summer from 29 March 01:00 UTC to 25 October 01:00 UTC.
 */
static const struct zone_step berlin[] = {{0, 60}, {1774746000000, 120}, {1792890000000, 60}};
static const int64_t spring = 1774746000000, autumn = 1792890000000; /* both are Sundays */
/* 2026-11-23, a Monday, 00:00 in Berlin. */
static const int64_t monday = 1795388400000;

static void begin(struct desk *d)
{
    desk_begin(d);
    d->policy.zone_steps.v = berlin;
    d->policy.zone_steps.n = 3;
    desk_line(d, "a", "", 1, 1000, 0);
    desk_percent(d, "o", 10);
}

static int reason_at(struct desk *d, int64_t time_ms)
{
    d->basket.time_ms = time_ms;
    desk_price(d);
    return desk_reason(d, "o");
}

static void only_the_listed_stores(void **state)
{
    struct bytes stores[] = {bytes_str("mitte"), bytes_str("nord")};
    struct desk d;
    (void)state;
    begin(&d);
    struct offer *o = &d.offers[0];
    o->stores.v = stores;
    o->stores.n = 2;
    d.basket.store = bytes_str("nord");
    assert_int_equal(reason_at(&d, monday), 0);
    d.basket.store = bytes_str("nor");
    assert_int_equal(reason_at(&d, monday), TP_WRONG_STORE);
    d.basket.store = bytes_str("Mitte");
    assert_int_equal(reason_at(&d, monday), TP_WRONG_STORE);
    d.basket.store = (struct bytes){0}; /* a basket of no store is not of a listed one */
    assert_int_equal(reason_at(&d, monday), TP_WRONG_STORE);
    assert_int_equal(reason_at(&d, NONE), TP_WRONG_STORE);
    o->stores.n = 0;
    assert_int_equal(reason_at(&d, monday), 0);
    desk_end(&d);
}

static void each_weekday_is_its_own(void **state)
{
    struct desk d;
    (void)state;
    begin(&d);
    for (int day = 0; day < 7; day++) {
        d.offers[0].weekdays = 1 << day;
        for (int i = 0; i < 7; i++) {
            int want = i == day ? 0 : TP_WRONG_TIME;
            assert_int_equal(reason_at(&d, monday + i * DAY), want);
            assert_int_equal(reason_at(&d, monday + (i + 1) * DAY - 1), want);
        }
    }
    d.offers[0].weekdays = MON | TUE | WED | THU | FRI | SAT | SUN;
    assert_int_equal(reason_at(&d, monday), 0);
    d.offers[0].weekdays = MON;
    assert_int_equal(reason_at(&d, NONE), 0); /* not known: not tested */
    desk_end(&d);
}

/* The day changes at the store's midnight, not at that of UTC. */
static void days_are_the_stores_own(void **state)
{
    static const struct zone_step tokyo[] = {{0, 540}}, hawaii[] = {{0, -600}};
    struct desk d;
    (void)state;
    begin(&d);
    d.offers[0].weekdays = MON;
    assert_int_equal(reason_at(&d, 0), TP_WRONG_TIME); /* 1970-01-01, a Thursday */
    d.offers[0].weekdays = THU;
    assert_int_equal(reason_at(&d, 0), 0);
    d.policy.zone_steps.n = 1;
    d.policy.zone_steps.v = hawaii;
    assert_int_equal(reason_at(&d, 0), TP_WRONG_TIME);
    d.offers[0].weekdays = WED; /* 1969 there */
    assert_int_equal(reason_at(&d, 0), 0);
    d.policy.zone_steps.v = tokyo;
    d.offers[0].weekdays = FRI;
    assert_int_equal(reason_at(&d, 15 * HOUR - 1), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, 15 * HOUR), 0);
    desk_end(&d);
}

static void hours_are_from_and_before_until(void **state)
{
    static const struct hours hours[] = {{7 * 60, 11 * 60}, {15 * 60 + 30, 24 * 60}};
    struct desk d;
    (void)state;
    begin(&d);
    d.offers[0].hours.v = hours;
    d.offers[0].hours.n = 2;
    assert_int_equal(reason_at(&d, monday + 7 * HOUR - 1), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, monday + 7 * HOUR), 0);
    assert_int_equal(reason_at(&d, monday + 11 * HOUR - 1), 0);
    assert_int_equal(reason_at(&d, monday + 11 * HOUR), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, monday + 15 * HOUR + 30 * MINUTE), 0);
    assert_int_equal(reason_at(&d, monday + DAY - 1), 0);
    assert_int_equal(reason_at(&d, monday + DAY), TP_WRONG_TIME);
    desk_end(&d);
}

static void hours_over_midnight_belong_to_the_day_they_begin_on(void **state)
{
    static const struct hours night[] = {{22 * 60, 2 * 60}}, late[] = {{22 * 60, 0}};
    struct desk d;
    (void)state;
    begin(&d);
    d.offers[0].weekdays = MON;
    d.offers[0].hours.v = night;
    d.offers[0].hours.n = 1;
    assert_int_equal(reason_at(&d, monday + 1 * HOUR), TP_WRONG_TIME); /* Sunday's night */
    assert_int_equal(reason_at(&d, monday + 22 * HOUR), 0);
    assert_int_equal(reason_at(&d, monday + DAY), 0);
    assert_int_equal(reason_at(&d, monday + 26 * HOUR - 1), 0);
    assert_int_equal(reason_at(&d, monday + 26 * HOUR), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, monday + 46 * HOUR), TP_WRONG_TIME); /* Tuesday, 22:00 */
    d.offers[0].weekdays = SUN;
    assert_int_equal(reason_at(&d, monday + 1 * HOUR), 0);
    d.offers[0].weekdays = 0;
    assert_int_equal(reason_at(&d, monday + 1 * HOUR), 0);
    d.offers[0].hours.v = late; /* until 00:00: the day's end */
    d.offers[0].weekdays = MON;
    assert_int_equal(reason_at(&d, monday + DAY - 1), 0);
    assert_int_equal(reason_at(&d, monday + DAY), TP_WRONG_TIME);
    desk_end(&d);
}

/* At 02:00 the clock shows 03:00: hours that never showed never held, and those around them are as long as
 * shown. */
static void hours_hold_when_clocks_go_forward(void **state)
{
    static const struct hours skipped[] = {{2 * 60, 3 * 60}}, around[] = {{1 * 60 + 30, 3 * 60 + 30}};
    static const struct hours night[] = {{22 * 60, 4 * 60}};
    struct desk d;
    (void)state;
    begin(&d);
    d.offers[0].hours.n = 1;
    d.offers[0].hours.v = skipped;
    for (int64_t t = spring - 3 * HOUR; t < spring + 3 * HOUR; t += MINUTE) {
        assert_int_equal(reason_at(&d, t), TP_WRONG_TIME);
    }
    d.offers[0].hours.v = around;
    assert_int_equal(reason_at(&d, spring - 30 * MINUTE - 1), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, spring - 30 * MINUTE), 0);
    assert_int_equal(reason_at(&d, spring + 30 * MINUTE - 1), 0);
    assert_int_equal(reason_at(&d, spring + 30 * MINUTE), TP_WRONG_TIME);
    d.offers[0].hours.v = night; /* Saturday's night is one hour short */
    d.offers[0].weekdays = SAT;
    assert_int_equal(reason_at(&d, spring - 4 * HOUR - 1), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, spring - 4 * HOUR), 0);
    assert_int_equal(reason_at(&d, spring + HOUR - 1), 0);
    assert_int_equal(reason_at(&d, spring + HOUR), TP_WRONG_TIME);
    desk_end(&d);
}

/* At 03:00 the clock shows 02:00 again: the hour is there twice, and so is what holds in it. */
static void hours_hold_when_clocks_go_back(void **state)
{
    static const struct hours doubled[] = {{2 * 60, 3 * 60}}, night[] = {{22 * 60, 4 * 60}};
    struct desk d;
    (void)state;
    begin(&d);
    d.offers[0].hours.n = 1;
    d.offers[0].hours.v = doubled;
    assert_int_equal(reason_at(&d, autumn - HOUR - 1), TP_WRONG_TIME);
    for (int64_t t = autumn - HOUR; t < autumn + HOUR; t += MINUTE) {
        assert_int_equal(reason_at(&d, t), 0);
    }
    assert_int_equal(reason_at(&d, autumn + HOUR), TP_WRONG_TIME);
    d.offers[0].hours.v = night; /* Saturday's night is one hour long */
    d.offers[0].weekdays = SAT;
    assert_int_equal(reason_at(&d, autumn - 5 * HOUR - 1), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, autumn - 5 * HOUR), 0);
    assert_int_equal(reason_at(&d, autumn + 2 * HOUR - 1), 0);
    assert_int_equal(reason_at(&d, autumn + 2 * HOUR), TP_WRONG_TIME);
    desk_end(&d);
}

/* Both Sundays are one day each, of 23 and of 25 hours. */
static void a_day_of_a_clock_change_is_one_day(void **state)
{
    struct desk d;
    (void)state;
    begin(&d);
    d.offers[0].weekdays = SUN;
    assert_int_equal(reason_at(&d, spring - 2 * HOUR - 1), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, spring - 2 * HOUR), 0);
    assert_int_equal(reason_at(&d, spring + 21 * HOUR - 1), 0);
    assert_int_equal(reason_at(&d, spring + 21 * HOUR), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, autumn - 3 * HOUR - 1), TP_WRONG_TIME);
    assert_int_equal(reason_at(&d, autumn - 3 * HOUR), 0);
    assert_int_equal(reason_at(&d, autumn + 22 * HOUR - 1), 0);
    assert_int_equal(reason_at(&d, autumn + 22 * HOUR), TP_WRONG_TIME);
    desk_end(&d);
}

/* Standing, window, store, time, and only then the items; the rest is in price.c. */
static void reasons_come_in_their_order(void **state)
{
    static const struct hours hours[] = {{60, 120}};
    struct bytes other = bytes_str("other");
    struct desk d;
    (void)state;
    begin(&d);
    struct offer *o = &d.offers[0];
    offer_sku(o, &other);
    o->stores.v = &other;
    o->stores.n = 1;
    o->hours.v = hours;
    o->hours.n = 1;
    o->valid_until = monday;
    d.standings[0].reason = TP_HELD;
    assert_int_equal(reason_at(&d, monday), TP_HELD);
    d.standings[0].reason = 0;
    assert_int_equal(reason_at(&d, monday), TP_EXPIRED);
    o->valid_until = monday + 1;
    o->valid_from = monday;
    assert_int_equal(reason_at(&d, monday - 1), TP_NOT_YET_VALID);
    assert_int_equal(reason_at(&d, monday), TP_WRONG_STORE);
    o->stores.n = 0;
    assert_int_equal(reason_at(&d, monday), TP_WRONG_TIME);
    o->hours.n = 0;
    assert_int_equal(reason_at(&d, monday), TP_NO_MATCHING_ITEMS);
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_listed_stores),
        cmocka_unit_test(each_weekday_is_its_own),
        cmocka_unit_test(days_are_the_stores_own),
        cmocka_unit_test(hours_are_from_and_before_until),
        cmocka_unit_test(hours_over_midnight_belong_to_the_day_they_begin_on),
        cmocka_unit_test(hours_hold_when_clocks_go_forward),
        cmocka_unit_test(hours_hold_when_clocks_go_back),
        cmocka_unit_test(a_day_of_a_clock_change_is_one_day),
        cmocka_unit_test(reasons_come_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
