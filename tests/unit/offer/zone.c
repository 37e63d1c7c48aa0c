/* The store's days, across clock changes. Instants were taken from the zones' published rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "offer/zone.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

/* Europe/Berlin around 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC. */
static const struct zone_step berlin[] = {{0, 60}, {1774746000000, 120}, {1792890000000, 60}};
/* A zone that skips midnight: 00:00 becomes 01:00 on 2026-04-05 (offset +2 to +3, at 22:00 UTC of the 4th).
 */
static const struct zone_step skips[] = {{0, 120}, {1775340000000, 180}};
/* And one that goes back at midnight: 00:00 of 2026-04-05 becomes 23:00 of the 4th (+3 to +2, 21:00 UTC). */
static const struct zone_step repeats[] = {{0, 180}, {1775336400000, 120}};
/* A zone that skipped a whole day: Pacific/Apia had no 2011-12-30 (-600 to +840 at 10:00 UTC of the 30th). */
static const struct zone_step apia[] = {{0, -600}, {1325239200000, 840}};

static struct policy zone(const struct zone_step *steps, size_t n)
{
    return (struct policy){.zone_steps = {steps, n}};
}

static void days_exist_or_not(void **state)
{
    (void)state;
    assert_true(civil_valid(2026, 11, 30));
    assert_true(civil_valid(2024, 2, 29));
    assert_true(civil_valid(2000, 2, 29));
    assert_true(civil_valid(1970, 1, 1));
    assert_true(civil_valid(9999, 12, 31));
    assert_false(civil_valid(2026, 2, 30));
    assert_false(civil_valid(2026, 2, 29));
    assert_false(civil_valid(2100, 2, 29));
    assert_false(civil_valid(2026, 4, 31));
    assert_false(civil_valid(2026, 13, 1));
    assert_false(civil_valid(2026, 0, 1));
    assert_false(civil_valid(2026, 1, 0));
    assert_false(civil_valid(1969, 12, 31));
    assert_false(civil_valid(10000, 1, 1));
}

static void days_are_counted_from_1970(void **state)
{
    (void)state;
    assert_int_equal(civil_days(1970, 1, 1), 0);
    assert_int_equal(civil_days(1970, 12, 31), 364);
    assert_int_equal(civil_days(2000, 3, 1), 11017);
    assert_int_equal(civil_days(2026, 11, 22), 20779);
    assert_int_equal(civil_days(10000, 1, 1) * DAY, TIME_MAX);
    assert_int_equal(civil_days(2026, 12, 32), civil_days(2027, 1, 1));
}

static void every_day_comes_back(void **state)
{
    struct policy p = zone((const struct zone_step[]){{0, 0}}, 1);
    int64_t days = 0;
    (void)state;
    for (int64_t year = 1970; year <= 2410; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; civil_valid(year, month, day); day++, days++) {
                assert_int_equal(civil_days(year, month, day), days);
                struct civil c = zone_civil(&p, days * DAY + DAY - 1);
                assert_true(c.year == year && c.month == month && c.day == day);
                assert_true(c.hour == 23 && c.minute == 59 && c.second == 59);
            }
        }
    }
    struct civil last = zone_civil(&p, TIME_MAX - 1);
    assert_true(last.year == 9999 && last.month == 12 && last.day == 31);
}

static void local_time_follows_the_steps(void **state)
{
    struct policy p = zone(berlin, 3);
    (void)state;
    assert_int_equal(zone_offset(&p, -5), 60);
    assert_int_equal(zone_offset(&p, berlin[1].from_ms - 1), 60);
    assert_int_equal(zone_offset(&p, berlin[1].from_ms), 120);
    assert_int_equal(zone_offset(&p, berlin[2].from_ms), 60);
    struct civil c = zone_civil(&p, 1795338000000); /* 2026-11-22T09:00:00Z */
    assert_true(c.year == 2026 && c.month == 11 && c.day == 22 && c.hour == 10 && c.minute == 0);
    struct policy west = zone((const struct zone_step[]){{0, -300}}, 1);
    c = zone_civil(&west, 0);
    assert_true(c.year == 1969 && c.month == 12 && c.day == 31 && c.hour == 19);
}

static void days_begin_at_local_midnight(void **state)
{
    struct policy p = zone(berlin, 3);
    (void)state;
    assert_int_equal(zone_day_start(&p, 2026, 11, 1), civil_days(2026, 11, 1) * DAY - HOUR);
    assert_int_equal(zone_day_start(&p, 2026, 7, 1), civil_days(2026, 7, 1) * DAY - 2 * HOUR);
    assert_int_equal(zone_day_start(&p, 2026, 3, 30) - zone_day_start(&p, 2026, 3, 29), 23 * HOUR);
    assert_int_equal(zone_day_start(&p, 2026, 10, 26) - zone_day_start(&p, 2026, 10, 25), 25 * HOUR);
}

static void a_skipped_midnight_begins_the_day_at_the_change(void **state)
{
    struct policy p = zone(skips, 2);
    (void)state;
    int64_t start = zone_day_start(&p, 2026, 4, 5);
    assert_int_equal(start, skips[1].from_ms);
    struct civil c = zone_civil(&p, start);
    assert_true(c.day == 5 && c.hour == 1);
    assert_int_equal(zone_civil(&p, start - 1).day, 4);
}

static void a_midnight_that_never_showed_begins_later(void **state)
{
    struct policy p = zone(repeats, 2);
    (void)state;
    int64_t start = zone_day_start(&p, 2026, 4, 5);
    assert_int_equal(start, repeats[1].from_ms + HOUR);
    assert_int_equal(zone_civil(&p, start).day, 5);
    assert_int_equal(zone_civil(&p, start - 1).day, 4);
}

static void a_day_that_was_skipped_begins_with_the_next(void **state)
{
    struct policy p = zone(apia, 2);
    (void)state;
    assert_int_equal(zone_day_start(&p, 2011, 12, 30), apia[1].from_ms);
    assert_int_equal(zone_day_start(&p, 2011, 12, 31), apia[1].from_ms);
    assert_int_equal(zone_day_start(&p, 2012, 1, 1), apia[1].from_ms + DAY);
}

static void no_steps_mean_utc(void **state)
{
    struct policy p = zone(NULL, 0);
    (void)state;
    assert_int_equal(zone_offset(&p, 5), 0);
    assert_int_equal(zone_day_start(&p, 2026, 1, 1), civil_days(2026, 1, 1) * DAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_exist_or_not),
        cmocka_unit_test(days_are_counted_from_1970),
        cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(local_time_follows_the_steps),
        cmocka_unit_test(days_begin_at_local_midnight),
        cmocka_unit_test(a_skipped_midnight_begins_the_day_at_the_change),
        cmocka_unit_test(a_midnight_that_never_showed_begins_later),
        cmocka_unit_test(a_day_that_was_skipped_begins_with_the_next),
        cmocka_unit_test(no_steps_mean_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
