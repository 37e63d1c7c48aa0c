/* What a till may believe about the time: each case of keys/time.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above before it. */
#include <cmocka.h>

#include "keys/time.h"

enum { FLOOR = 1000000, AGE = 5000 };

struct clocks {
    int64_t wall, boot;
};

static int64_t read_wall(void *ctx)
{
    return ((struct clocks *)ctx)->wall;
}

static int64_t read_boot(void *ctx)
{
    return ((struct clocks *)ctx)->boot;
}

static struct clocks clocks;
static const struct clock_source source = {read_wall, read_boot, &clocks};

static void expect(const struct trusted_time *t, int64_t want, bool want_sure)
{
    bool sure = !want_sure;
    assert_int_equal(trusted_now(t, &source, &sure), want);
    assert_int_equal(sure, want_sure);
    assert_int_equal(trusted_now(t, &source, NULL), want);
}

static void an_authoritys_word_is_carried_on_by_the_boot_clock(void **state)
{
    (void)state;
    struct trusted_time t = {.floor_ms = FLOOR, .age_ms = AGE};
    trusted_heard(&t, 2 * FLOOR, 500);
    clocks = (struct clocks){.wall = 7, .boot = 500};
    expect(&t, 2 * FLOOR, true);
    clocks.boot = 1700;
    expect(&t, 2 * FLOOR + 1200, true);
    clocks.wall = INT64_C(1) << 60;
    expect(&t, 2 * FLOOR + 1200, true);
}

/* It was stamped after the sending, so counting from there is never too early: nothing expired comes back. */
static void a_slow_answer_counts_from_the_sending(void **state)
{
    (void)state;
    struct trusted_time t = {.age_ms = AGE};
    clocks = (struct clocks){.boot = 9000};
    trusted_heard(&t, FLOOR, 4000);
    expect(&t, FLOOR + 5000, true);
}

static void an_authoritys_word_sets_the_time_downwards_too(void **state)
{
    (void)state;
    struct trusted_time t = {.floor_ms = FLOOR, .age_ms = AGE};
    clocks = (struct clocks){.boot = 100};
    trusted_heard(&t, 5 * FLOOR, 100);
    expect(&t, 5 * FLOOR, true);
    trusted_heard(&t, FLOOR - 7, 100);
    expect(&t, FLOOR - 7, true);
    assert_int_equal(t.floor_ms, FLOOR - 7);
}

static void without_a_word_the_wall_clock_counts_within_floor_and_age(void **state)
{
    (void)state;
    struct trusted_time t = {.floor_ms = FLOOR, .age_ms = AGE};
    clocks = (struct clocks){.wall = FLOOR};
    expect(&t, FLOOR, true);
    clocks.wall = FLOOR + 1;
    expect(&t, FLOOR + 1, true);
    clocks.wall = FLOOR + AGE;
    expect(&t, FLOOR + AGE, true);
}

static void outside_of_it_the_floor_counts_and_nothing_is_sure(void **state)
{
    (void)state;
    struct trusted_time t = {.floor_ms = FLOOR, .age_ms = AGE};
    clocks = (struct clocks){.wall = FLOOR - 1};
    expect(&t, FLOOR, false);
    clocks.wall = FLOOR + AGE + 1;
    expect(&t, FLOOR, false);
    clocks.wall = 0;
    expect(&t, FLOOR, false);
    clocks.wall = INT64_MAX;
    expect(&t, FLOOR, false);
    clocks.wall = INT64_MIN;
    expect(&t, FLOOR, false);
}

static void without_a_floor_the_wall_clock_is_shown_and_never_sure(void **state)
{
    (void)state;
    struct trusted_time t = {.age_ms = AGE};
    clocks = (struct clocks){.wall = 3 * FLOOR};
    expect(&t, 3 * FLOOR, false);
    clocks.wall = 1;
    expect(&t, 1, false);
}

/* A till that goes on recording without a line does not make itself trusted for ever. */
static void records_raise_the_floor_and_not_the_end(void **state)
{
    (void)state;
    struct trusted_time t = {.floor_ms = FLOOR + AGE - 1, .told_ms = FLOOR, .age_ms = AGE};
    clocks = (struct clocks){.wall = FLOOR + AGE};
    expect(&t, FLOOR + AGE, true);
    clocks.wall = FLOOR + AGE + 1;
    expect(&t, FLOOR + AGE - 1, false);
    clocks.wall = FLOOR + AGE - 2;
    expect(&t, FLOOR + AGE - 1, false);
}

static void beyond_the_age_a_boot_that_heard_is_not_sure_either(void **state)
{
    (void)state;
    struct trusted_time t = {.age_ms = AGE};
    trusted_heard(&t, FLOOR, 100);
    clocks = (struct clocks){.boot = 100 + AGE};
    expect(&t, FLOOR + AGE, true);
    clocks.boot++;
    expect(&t, FLOOR + AGE + 1, false); /* the time is right, the knowledge is old */
    trusted_heard(&t, 9 * FLOOR, clocks.boot);
    expect(&t, 9 * FLOOR, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_authoritys_word_is_carried_on_by_the_boot_clock),
        cmocka_unit_test(a_slow_answer_counts_from_the_sending),
        cmocka_unit_test(an_authoritys_word_sets_the_time_downwards_too),
        cmocka_unit_test(without_a_word_the_wall_clock_counts_within_floor_and_age),
        cmocka_unit_test(outside_of_it_the_floor_counts_and_nothing_is_sure),
        cmocka_unit_test(records_raise_the_floor_and_not_the_end),
        cmocka_unit_test(beyond_the_age_a_boot_that_heard_is_not_sure_either),
        cmocka_unit_test(without_a_floor_the_wall_clock_is_shown_and_never_sure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
