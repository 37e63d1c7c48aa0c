/* What each kind of gives takes off, and what cashback owes. */
#include "unit/offer/make.h"

/* ---- each matching unit at a price ---- */

static void price_saves_what_a_line_costs_above_it(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 3, 299, 0);
    desk_line(&d, "b", "", 2, 150, 0); /* cheaper than the price: untouched, and nothing is lost on it */
    desk_unit_price(&d, "two", 200);
    desk_price(&d);
    assert_int_equal(d.q.lines.v[0].net, 600);
    assert_int_equal(d.q.lines.v[1].net, 300);
    assert_int_equal(d.q.lines.v[1].shares.n, 0);
    assert_int_equal(desk_saved(&d, "two"), 297);
    assert_int_equal(d.q.applied.v[0].basis, 1197);
    desk_end(&d);
}

static void price_is_rounded_on_each_line(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 0, 299, 0)->quantity = 335; /* 1.00; at 1.99: 0.66665, so 0.67 */
    desk_line(&d, "b", "", 0, 299, 0)->quantity = 250; /* 0.75; at 1.99: 0.4975, so 0.50 */
    desk_unit_price(&d, "p", 199);
    desk_price(&d);
    assert_int_equal(d.q.lines.v[0].discount, 33);
    assert_int_equal(d.q.lines.v[1].discount, 25);
    desk_end(&d);
}

static void price_zero_makes_it_free(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 3, 299, 19);
    desk_unit_price(&d, "p", 0);
    desk_price(&d);
    assert_int_equal(d.q.due, 0);
    assert_int_equal(d.q.tax, 0);
    assert_int_equal(d.q.discount, 897);
    desk_end(&d);
}

static void price_works_on_what_the_line_still_costs(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_percent(&d, "half", 50)->priority = 1;
    desk_unit_price(&d, "four", 400);
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "four"), 100);
    d.offers[1].amount = 500; /* no more than it costs already */
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "four"), TP_NO_EFFECT);
    desk_end(&d);
}

/* ---- buy and get ---- */

static void the_cheapest_units_are_reduced(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 2, 500, 0);
    desk_line(&d, "b", "", 3, 300, 0);
    desk_line(&d, "c", "", 2, 200, 0);
    desk_buy_get(&d, "3for2", 2, 1, 100); /* 7 units: two of them free, both of c */
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "3for2"), 400);
    assert_int_equal(d.q.lines.v[2].net, 0);
    d.lines[2].quantity = 1000; /* 6 units: c, and one of b */
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "3for2"), 500);
    assert_int_equal(d.q.lines.v[1].discount, 300);
    assert_int_equal(d.q.lines.v[2].discount, 200);
    desk_end(&d);
}

static void units_come_in_whole_sets(void **state)
{
    static const int64_t want[] = {0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 4};
    struct desk d;
    (void)state;
    desk_begin(&d);
    struct line *line = desk_line(&d, "a", "", 1, 100, 0);
    desk_buy_get(&d, "b3g2", 3, 2, 100);
    for (int64_t units = 1; units <= 10; units++) {
        line->quantity = units * 1000;
        desk_price(&d);
        assert_int_equal(desk_saved(&d, "b3g2"), want[units] * 100);
        assert_int_equal(desk_reason(&d, "b3g2"), want[units] ? 0 : TP_NO_EFFECT);
    }
    desk_end(&d);
}

static void equal_units_go_by_line_number(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 300, 0)->number = 9;
    desk_line(&d, "b", "", 1, 300, 0)->number = 4;
    desk_buy_get(&d, "1for1", 1, 1, 100);
    desk_price(&d);
    assert_int_equal(d.q.lines.v[0].discount, 0);
    assert_int_equal(d.q.lines.v[1].discount, 300);
    desk_end(&d);
}

static void a_reduced_unit_is_rounded_on_its_line(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 4, 333, 0);
    desk_buy_get(&d, "half", 1, 1, 50); /* half of two units: 3.33 */
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "half"), 333);
    d.lines[0].quantity = 2000; /* half of 3.33 is 1.665, so 1.67 */
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "half"), 167);
    desk_end(&d);
}

static void what_is_weighed_is_not_counted(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 0, 100, 0)->quantity = 2500;
    desk_line(&d, "b", "", 1, 400, 0);
    desk_line(&d, "c", "", -1, 50, 0);
    desk_buy_get(&d, "1for1", 1, 1, 100);
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "1for1"), TP_NO_EFFECT);
    d.lines[1].quantity = 2000;
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "1for1"), 400);
    desk_end(&d);
}

static void a_reduced_unit_saves_at_most_what_its_line_costs(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_line(&d, "b", "", 1, 2000, 0);
    struct offer *first = desk_amount(&d, "first", 700);
    first->priority = 1;
    offer_sku(first, &d.lines[0].sku);
    desk_buy_get(&d, "1for1", 1, 1, 100); /* by list price a is the cheaper one, and 3.00 is left of it */
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "1for1"), 300);
    assert_int_equal(d.q.lines.v[0].net, 0);
    assert_int_equal(d.q.lines.v[1].net, 2000);
    desk_end(&d);
}

/* ---- tiers ---- */

static void the_highest_tier_reached_counts(void **state)
{
    static const struct tier tiers[] = {{2000, 5000, NONE}, {5000, 10000, NONE}, {10000, NONE, 1500}};
    static const int64_t rows[][2] = {{1999, 0},   {2000, 100},  {4999, 250},
                                      {5000, 500}, {9999, 1000}, {10000, 1500}};
    struct desk d;
    (void)state;
    desk_begin(&d);
    struct line *line = desk_line(&d, "a", "", 1, 0, 0);
    desk_tiers(&d, "t", tiers, 3);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        line->unit_price = rows[i][0];
        desk_price(&d);
        assert_int_equal(desk_saved(&d, "t"), rows[i][1]);
        assert_int_equal(desk_reason(&d, "t"), rows[i][1] ? 0 : TP_NO_EFFECT);
    }
    desk_end(&d);
}

static void a_tier_is_reached_by_gross_and_given_on_what_is_left(void **state)
{
    static const struct tier tiers[] = {{1000, 1000, NONE}, {10000, 10000, NONE}};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 10000, 0);
    desk_line(&d, "b", "", -1, 9000, 0); /* taken back: does not count against it */
    desk_percent(&d, "half", 50)->priority = 1;
    desk_tiers(&d, "t", tiers, 2);
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "t"), 500);
    desk_end(&d);
}

static void a_tiers_amount_is_at_most_what_is_left(void **state)
{
    static const struct tier tiers[] = {{0, NONE, 5000}};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_line(&d, "b", "", 1, 3000, 0);
    desk_tiers(&d, "t", tiers, 1);
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "t"), 4000);
    assert_int_equal(d.q.due, 0);
    assert_int_equal(d.q.lines.v[0].discount, 1000);
    desk_end(&d);
}

/* ---- cashback ---- */

static void cashback_changes_no_line(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1005, 19);
    desk_cashback(&d, "back", 10);
    desk_price(&d);
    assert_int_equal(desk_owed(&d, "back"), 101); /* 1.005 */
    assert_int_equal(desk_saved(&d, "back"), 0);
    assert_int_equal(d.q.cashback, 101);
    assert_int_equal(d.q.discount, 0);
    assert_int_equal(d.q.due, 1005);
    assert_int_equal(d.q.lines.v[0].shares.n, 0);
    d.offers[0].cap = 100;
    desk_price(&d);
    assert_int_equal(d.q.cashback, 100);
    desk_end(&d);
}

static void cashback_is_of_the_net_after_everything_else(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 10000, 0);
    desk_cashback(&d, "back", 10)->priority = 9; /* taken first, reckoned last */
    desk_percent(&d, "half", 50);
    desk_cashback(&d, "more", 1); /* cashback does not lower cashback */
    desk_price(&d);
    assert_true(bytes_is(d.q.applied.v[0].id, "back"));
    assert_int_equal(desk_owed(&d, "back"), 500);
    assert_int_equal(d.q.applied.v[0].basis, 5000);
    assert_int_equal(desk_owed(&d, "more"), 50);
    assert_int_equal(d.q.cashback, 550);
    assert_int_equal(d.q.due, 5000);
    desk_end(&d);
}

static void cashback_is_of_the_matching_lines(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_line(&d, "b", "", 1, 5000, 0);
    desk_line(&d, "a", "", -1, 9000, 0);
    offer_sku(desk_cashback(&d, "back", 10), &d.lines[0].sku);
    desk_price(&d);
    assert_int_equal(d.q.cashback, 100);
    desk_end(&d);
}

static void cashback_counts_as_an_effect(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_cashback(&d, "back", 20)->group = bytes_str("g"); /* 2.00 alone: before the 1.00 */
    desk_amount(&d, "one", 100)->group = bytes_str("g");
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "one"), TP_STACKING_GROUP);
    assert_int_equal(d.q.cashback, 200);
    d.offers[0].group = (struct bytes){0};
    d.offers[0].exclusive = true;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "one"), TP_EXCLUSIVE);
    d.offers[0].priority = -1;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "back"), TP_EXCLUSIVE);
    assert_int_equal(d.q.cashback, 0);
    desk_end(&d);
}

/* When nothing is left to give back from, it is not used up, and whoever it shut out comes in. */
static void cashback_of_nothing_makes_room(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_line(&d, "b", "", 1, 500, 0);
    struct offer *back = desk_cashback(&d, "back", 10), *one = desk_amount(&d, "one", 100);
    back->priority = 9;
    back->group = one->group = bytes_str("g");
    offer_sku(back, &d.lines[0].sku);
    struct offer *all = desk_percent(&d, "all", 100);
    offer_sku(all, &d.lines[0].sku);
    one->priority = -1;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "back"), TP_NO_EFFECT);
    assert_int_equal(desk_saved(&d, "all"), 1000);
    assert_int_equal(desk_saved(&d, "one"), 100);
    assert_int_equal(d.q.lines.v[0].shares.n, 1);
    assert_int_equal(d.q.due, 400);
    desk_end(&d);
}

static void cashback_keeps_to_its_budget(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    struct offer *back = desk_cashback(&d, "back", 50), *one = desk_amount(&d, "one", 100);
    back->group = one->group = bytes_str("g");
    desk_percent(&d, "half", 50)->priority = -1;
    d.standings[0].budget_left = 250; /* 50% of the 5.00 that are left in the end */
    desk_price(&d);
    assert_int_equal(d.q.cashback, 250);
    assert_int_equal(desk_reason(&d, "one"), TP_STACKING_GROUP);
    d.standings[0].budget_left = 249;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "back"), TP_BUDGET_SPENT);
    assert_int_equal(desk_saved(&d, "one"), 100);
    assert_int_equal(d.q.cashback, 0);
    assert_int_equal(d.q.due, 450);
    desk_end(&d);
}

static void cashback_with_no_effect_at_once_is_not_used(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 4, 0);
    struct offer *o = desk_cashback(&d, "back", 10); /* 0.4 cent */
    o->exclusive = true;
    o->priority = 9;
    desk_amount(&d, "one", 1);
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "back"), TP_NO_EFFECT);
    assert_int_equal(desk_saved(&d, "one"), 1);
    desk_end(&d);
}

/* A manufacturer's cashback takes nothing off a line, so the tax is the same either way. */
static void cashback_does_not_touch_tax(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1190, 19);
    desk_cashback(&d, "m", 10)->funder = bytes_str("manufacturer");
    d.policy.manufacturer_before_tax = true;
    desk_price(&d);
    assert_int_equal(d.q.tax, 190);
    assert_int_equal(d.q.cashback, 119);
    desk_end(&d);
}

/* ---- together ---- */

static void every_kind_on_one_basket(void **state)
{
    static const struct tier tiers[] = {{3000, NONE, 200}};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 3, 1000, 19);
    desk_line(&d, "b", "", 2, 500, 7);
    desk_buy_get(&d, "b2g1", 2, 1, 100)->priority = 6; /* 5 units: one of b free: 5.00 */
    offer_sku(desk_unit_price(&d, "nine", 900), &d.lines[0].sku);
    d.offers[1].priority = 5;                    /* 3 x 1.00 */
    desk_tiers(&d, "t", tiers, 1)->priority = 4; /* gross 40.00: 2.00 of 32.00 */
    desk_percent(&d, "p", 10)->priority = 3;     /* 10% of 30.00 */
    desk_amount(&d, "x", 500)->priority = 2;
    desk_cashback(&d, "c", 5); /* 5% of 22.00 */
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "b2g1"), 500);
    assert_int_equal(desk_saved(&d, "nine"), 300);
    assert_int_equal(desk_saved(&d, "t"), 200);
    assert_int_equal(desk_saved(&d, "p"), 300);
    assert_int_equal(desk_saved(&d, "x"), 500);
    assert_int_equal(desk_owed(&d, "c"), 110);
    assert_int_equal(d.q.due, 2200);
    assert_int_equal(d.q.applied.n, 6);
    assert_int_equal(d.q.lines.v[0].shares.n, 4);
    assert_int_equal(d.q.lines.v[1].shares.n, 4);
    desk_end(&d);
}

/* Free items, and a basket of nothing but free items. */
static void nothing_is_taken_off_what_is_free(void **state)
{
    static const struct tier tiers[] = {{0, 10000, NONE}};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 5, 0, 19);
    desk_percent(&d, "a", 100);
    desk_amount(&d, "b", 100);
    desk_unit_price(&d, "c", 0);
    desk_buy_get(&d, "d", 1, 1, 100);
    desk_tiers(&d, "e", tiers, 1);
    desk_cashback(&d, "f", 100);
    desk_price(&d);
    assert_int_equal(d.q.applied.n, 0);
    for (size_t i = 0; i < d.q.refused.n; i++) {
        assert_int_equal(d.q.refused.v[i].reason, TP_NO_EFFECT);
    }
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(price_saves_what_a_line_costs_above_it),
        cmocka_unit_test(price_is_rounded_on_each_line),
        cmocka_unit_test(price_zero_makes_it_free),
        cmocka_unit_test(price_works_on_what_the_line_still_costs),
        cmocka_unit_test(the_cheapest_units_are_reduced),
        cmocka_unit_test(units_come_in_whole_sets),
        cmocka_unit_test(equal_units_go_by_line_number),
        cmocka_unit_test(a_reduced_unit_is_rounded_on_its_line),
        cmocka_unit_test(what_is_weighed_is_not_counted),
        cmocka_unit_test(a_reduced_unit_saves_at_most_what_its_line_costs),
        cmocka_unit_test(the_highest_tier_reached_counts),
        cmocka_unit_test(a_tier_is_reached_by_gross_and_given_on_what_is_left),
        cmocka_unit_test(a_tiers_amount_is_at_most_what_is_left),
        cmocka_unit_test(cashback_changes_no_line),
        cmocka_unit_test(cashback_is_of_the_net_after_everything_else),
        cmocka_unit_test(cashback_is_of_the_matching_lines),
        cmocka_unit_test(cashback_counts_as_an_effect),
        cmocka_unit_test(cashback_of_nothing_makes_room),
        cmocka_unit_test(cashback_keeps_to_its_budget),
        cmocka_unit_test(cashback_with_no_effect_at_once_is_not_used),
        cmocka_unit_test(cashback_does_not_touch_tax),
        cmocka_unit_test(every_kind_on_one_basket),
        cmocka_unit_test(nothing_is_taken_off_what_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
