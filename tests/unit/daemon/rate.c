/* Token buckets: how fast, how much at once, and no more keys than there is room for. */
#include "daemon/rate.h"
#include "support/cm.h"

#include <stdio.h>

static int setup(void **state)
{
    *state = rates_new();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    rates_free(*state);
    return 0;
}

static const struct rate ten = {10, 1000, 3}; /* ten a second, three at once */

static void as_much_as_the_burst_and_then_by_the_clock(void **state)
{
    struct bytes a = bytes_str("a");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rates_take(*state, &ten, a, 1, 5000), 0);
    }
    assert_int_equal(rates_take(*state, &ten, a, 1, 5000), 100);
    assert_int_equal(rates_take(*state, &ten, a, 1, 5099), 1);
    assert_int_equal(rates_take(*state, &ten, a, 1, 5100), 0);
    assert_int_equal(rates_take(*state, &ten, a, 1, 5100), 100);
    assert_int_equal(rates_take(*state, &ten, bytes_str("b"), 1, 5100), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rates_take(*state, &ten, a, 1, 1000000), 0);
    }
    assert_true(rates_take(*state, &ten, a, 1, 1000000) > 0); /* long unused is a burst, not more */
}

static void a_look_takes_nothing(void **state)
{
    struct bytes a = bytes_str("a");
    for (int i = 0; i < 9; i++) {
        assert_int_equal(rates_wait(*state, &ten, a, 3, 1), 0);
    }
    assert_int_equal(rates_take(*state, &ten, a, 2, 1), 0);
    assert_int_equal(rates_wait(*state, &ten, a, 3, 1), 200);
}

static void what_costs_more_than_the_burst_waits_for_all_of_it(void **state)
{
    struct bytes a = bytes_str("a");
    assert_int_equal(rates_take(*state, &ten, a, 500, 0), 0);
    assert_int_equal(rates_take(*state, &ten, a, 500, 0), 300);
    assert_int_equal(rates_take(*state, &ten, a, 500, 300), 0);
}

static void slow_rates_and_none(void **state)
{
    const struct rate one = {1, 60000, 1}, none = {0, 1000, 1}, most = {1000000, 1000, 1000000};
    struct bytes a = bytes_str("a");
    assert_int_equal(rates_take(*state, &one, a, 1, 0), 0);
    int64_t wait = rates_take(*state, &one, a, 1, 0);
    assert_in_range(wait, 60000, 63000);
    assert_int_equal(rates_take(*state, &one, a, 1, 63000), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rates_take(*state, &none, bytes_str("z"), 1000, 0), 0);
    }
    assert_int_equal(rates_take(*state, &most, bytes_str("m"), 1000000, INT64_MAX / 2), 0);
    assert_int_equal(rates_take(*state, &most, bytes_str("m"), 1000, INT64_MAX / 2), 1);
}

/* Hostile keys push each other out; one that is in use stays. */
static void a_table_that_is_full(void **state)
{
    struct bytes used = bytes_str("used");
    char name[16];
    const struct rate once = {1, 60000, 1};
    assert_int_equal(rates_take(*state, &once, used, 1, 0), 0);
    for (int i = 0; i < 5 * RATE_KEYS; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(rates_take(*state, &once, bytes_str(name), 1, 0), 0);
        if (i % 1000 == 0) {
            assert_true(rates_take(*state, &once, used, 1, 0) > 0);
        }
        assert_true(rates_count(*state) <= RATE_KEYS);
    }
    assert_int_equal(rates_count(*state), RATE_KEYS);
    snprintf(name, sizeof name, "%d", 5 * RATE_KEYS - 1);
    assert_true(rates_take(*state, &once, bytes_str(name), 1, 0) > 0);    /* the last ones are remembered */
    assert_int_equal(rates_take(*state, &once, bytes_str("0"), 1, 0), 0); /* the first ones are not */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_much_as_the_burst_and_then_by_the_clock, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_takes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_costs_more_than_the_burst_waits_for_all_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(slow_rates_and_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_table_that_is_full, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
