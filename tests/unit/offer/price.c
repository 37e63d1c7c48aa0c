/* How a price is made, rule by rule. */
#include "unit/offer/make.h"

static void a_line_is_rounded_once(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 0, 299, 0)->quantity = 335; /* 0.335 x 2.99 = 1.00165 */
    desk_line(&d, "b", "", 0, 1, 0)->quantity = 500;   /* half a cent */
    desk_line(&d, "c", "", 0, 1, 0)->quantity = -500;
    desk_price(&d);
    assert_int_equal(d.q.lines.v[0].gross, 100);
    assert_int_equal(d.q.lines.v[1].gross, 1);
    assert_int_equal(d.q.lines.v[2].gross, -1);
    assert_int_equal(d.q.gross, 100);
    desk_end(&d);
}

static void an_empty_basket_costs_nothing(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_percent(&d, "p", 10);
    desk_price(&d);
    assert_int_equal(d.q.due, 0);
    assert_int_equal(d.q.lines.n + d.q.taxes.n + d.q.applied.n, 0);
    assert_int_equal(desk_reason(&d, "p"), TP_NO_MATCHING_ITEMS);
    desk_end(&d);
}

static void the_published_example(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "4006381333931", "coffee", 2, 1299, 7);
    struct offer *coffee = desk_percent(&d, "coffee10", 10);
    coffee->cap = 500;
    coffee->min_spend = 2000;
    coffee->min_quantity = 1000;
    coffee->category.v = &d.lines[0].category;
    coffee->category.n = 1;
    desk_amount(&d, "tea5", 500)->min_spend = 3338;
    desk_price(&d);
    assert_int_equal(d.q.gross, 2598);
    assert_int_equal(d.q.discount, 260);
    assert_int_equal(d.q.net, 2338);
    assert_int_equal(d.q.tax, 153);
    assert_int_equal(d.q.due, 2338);
    assert_int_equal(d.q.applied.v[0].basis, 2598);
    assert_int_equal(desk_reason(&d, "tea5"), TP_MIN_SPEND);
    assert_int_equal(d.q.refused.v[0].missing, 740);
    desk_end(&d);
}

static void shares_go_by_largest_remainder(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (int i = 0; i < 3; i++) {
        desk_line(&d, "a", "", 1, 10000, 0);
    }
    desk_amount(&d, "ten", 1000);
    desk_price(&d);
    assert_int_equal(d.q.lines.v[0].discount, 334);
    assert_int_equal(d.q.lines.v[1].discount, 333);
    assert_int_equal(d.q.lines.v[2].discount, 333);
    desk_end(&d);
}

static void ties_go_to_the_lower_line_number_not_the_first_line(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (int i = 0; i < 3; i++) {
        desk_line(&d, "a", "", 1, 10000, 0)->number = 30 - 10 * i;
    }
    desk_amount(&d, "ten", 1000);
    desk_price(&d);
    assert_int_equal(d.q.lines.v[0].discount, 333);
    assert_int_equal(d.q.lines.v[1].discount, 333);
    assert_int_equal(d.q.lines.v[2].discount, 334);
    assert_int_equal(d.q.lines.v[2].number, 10);
    desk_end(&d);
}

static void no_share_exceeds_its_line(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1, 0);
    desk_line(&d, "b", "", 1, 0, 0);
    desk_line(&d, "c", "", 1, 2, 0);
    desk_amount(&d, "all", 1000);
    desk_price(&d);
    assert_int_equal(d.q.applied.v[0].discount, 3);
    assert_int_equal(d.q.net, 0);
    assert_int_equal(d.q.lines.v[0].discount, 1);
    assert_int_equal(d.q.lines.v[1].shares.n, 0);
    assert_int_equal(d.q.lines.v[2].discount, 2);
    desk_end(&d);
}

static void percent_is_rounded_then_capped(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1005, 0);
    desk_percent(&d, "p", 10);
    desk_price(&d);
    assert_int_equal(d.q.discount, 101); /* 1.005 */
    d.offers[0].cap = 100;
    desk_price(&d);
    assert_int_equal(d.q.discount, 100);
    d.offers[0].cap = 102;
    desk_price(&d);
    assert_int_equal(d.q.discount, 101);
    d.offers[0].cap = NONE;
    d.offers[0].percent = 7500; /* 7.5% of 10.05 = 0.75375 */
    desk_price(&d);
    assert_int_equal(d.q.discount, 75);
    desk_end(&d);
}

static void later_offers_work_on_what_is_left(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 10000, 0);
    desk_percent(&d, "first", 20)->priority = 2;
    desk_percent(&d, "second", 50)->priority = 1;
    desk_price(&d);
    assert_int_equal(d.q.applied.v[0].discount, 2000);
    assert_int_equal(d.q.applied.v[1].basis, 8000);
    assert_int_equal(d.q.applied.v[1].discount, 4000);
    assert_int_equal(d.q.lines.v[0].shares.n, 2);
    assert_int_equal(d.q.lines.v[0].shares.v[1].applied, 1);
    assert_int_equal(d.q.lines.v[0].shares.v[1].discount, 4000);
    desk_end(&d);
}

static void needs_look_at_the_gross(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 10000, 0);
    desk_percent(&d, "first", 50)->priority = 2;
    desk_percent(&d, "second", 10)->min_spend = 10000;
    desk_price(&d);
    assert_int_equal(d.q.applied.n, 2);
    d.offers[1].min_spend = 10001;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "second"), TP_MIN_SPEND);
    assert_int_equal(d.q.refused.v[0].missing, 1);
    desk_end(&d);
}

static void order_is_priority_then_saving_then_id(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 10000, 0);
    desk_amount(&d, "zz", 100);
    desk_amount(&d, "b", 100);
    desk_amount(&d, "aa", 200);
    desk_amount(&d, "last", 900)->priority = -1;
    desk_amount(&d, "top", 1)->priority = 5;
    desk_price(&d);
    static const char *const want[] = {"top", "aa", "b", "zz", "last"};
    for (size_t i = 0; i < 5; i++) {
        assert_true(bytes_is(d.q.applied.v[i].id, want[i]));
    }
    desk_end(&d);
}

static void saving_alone_counts_what_the_offer_could_take(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "x", 1, 500, 0);
    desk_line(&d, "b", "y", 1, 5000, 0);
    struct offer *big = desk_amount(&d, "aaa", 9000); /* at most 5.00: a costs no more */
    big->sku.v = &d.lines[0].sku;
    big->sku.n = 1;
    desk_percent(&d, "bbb", 10); /* 5.50 */
    desk_price(&d);
    assert_true(bytes_is(d.q.applied.v[0].id, "bbb"));
    desk_end(&d);
}

static void items_match_by_category_or_sku_less_the_excluded(void **state)
{
    struct bytes categories[] = {bytes_str("coffee")}, skus[] = {bytes_str("t1"), bytes_str("none")};
    struct bytes out[] = {bytes_str("c2"), bytes_str("t9")};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "c1", "coffee", 1, 100, 0);
    desk_line(&d, "c2", "coffee", 1, 100, 0);
    desk_line(&d, "t1", "tea", 1, 100, 0);
    desk_line(&d, "t2", "tea", 1, 100, 0);
    struct offer *o = desk_percent(&d, "o", 100);
    o->category.v = categories;
    o->category.n = 1;
    o->sku.v = skus;
    o->sku.n = 2;
    o->exclude_sku.v = out;
    o->exclude_sku.n = 2;
    desk_price(&d);
    static const int64_t want[] = {100, 0, 100, 0};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(d.q.lines.v[i].discount, want[i]);
    }
    o->category.n = o->sku.n = 0; /* only the exclusion is left: everything else matches */
    desk_price(&d);
    assert_int_equal(d.q.discount, 300);
    desk_end(&d);
}

static void a_negative_line_matches_nothing_and_counts(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 19);
    desk_line(&d, "a", "", -1, 3000, 19);
    desk_percent(&d, "p", 10)->min_spend = 1000;
    desk_price(&d);
    assert_int_equal(d.q.gross, -2000);
    assert_int_equal(d.q.discount, 100);
    assert_int_equal(d.q.net, -2100);
    assert_int_equal(d.q.lines.v[1].net, -3000);
    assert_int_equal(d.q.lines.v[1].tax, -479); /* 30.00 x 19 / 119 = 4.7899 */
    assert_int_equal(d.q.lines.v[1].shares.n, 0);
    desk_end(&d);
}

static void needs_are_tested_in_their_order(void **state)
{
    struct bytes skus[] = {bytes_str("z")};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    struct offer *o = desk_percent(&d, "o", 10);
    o->min_spend = 2000;
    o->min_quantity = 2000;
    o->sku.v = skus;
    o->sku.n = 1;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "o"), TP_NO_MATCHING_ITEMS);
    o->sku.n = 0;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "o"), TP_MIN_QUANTITY);
    assert_true(d.q.refused.v[0].missing == NONE);
    d.lines[0].quantity = 1999;
    d.lines[0].unit_price = 1000;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "o"), TP_MIN_QUANTITY);
    o->min_quantity = 1999;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "o"), TP_MIN_SPEND);
    assert_int_equal(d.q.refused.v[0].missing, 1);
    desk_end(&d);
}

static void the_window_is_from_and_before_until(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    struct offer *o = desk_percent(&d, "o", 10);
    o->valid_from = DESK_TIME;
    o->valid_until = DESK_TIME + 1;
    desk_price(&d);
    assert_int_equal(d.q.applied.n, 1);
    d.basket.time_ms = DESK_TIME - 1;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "o"), TP_NOT_YET_VALID);
    d.basket.time_ms = DESK_TIME + 1;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "o"), TP_EXPIRED);
    o->min_spend = 99999; /* the window is looked at before the needs */
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "o"), TP_EXPIRED);
    o->min_spend = NONE;
    d.basket.time_ms = NONE; /* not known: not tested */
    desk_price(&d);
    assert_int_equal(d.q.applied.n, 1);
    desk_end(&d);
}

static void standing_comes_before_everything(void **state)
{
    static const int reasons[] = {TP_ALREADY_USED, TP_LIMIT_REACHED, TP_REVOKED, TP_HELD, TP_OFFLINE_DENIED};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    struct offer *o = desk_percent(&d, "o", 10);
    o->currency = bytes_str("USD");
    o->gives = GIVES_TIERS;
    o->valid_until = 1;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        d.standings[0].reason = reasons[i];
        desk_price(&d);
        assert_int_equal(desk_reason(&d, "o"), reasons[i]);
    }
    d.standings[0].reason = TP_E_IO;
    assert_int_equal(desk_try(&d), TP_BAD_VALUE);
    desk_end(&d);
}

static void exclusive_wants_to_be_alone(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_amount(&d, "plain", 100)->priority = 1;
    desk_amount(&d, "only", 200)->exclusive = true;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "only"), TP_EXCLUSIVE);
    assert_int_equal(desk_saved(&d, "plain"), 100);
    d.offers[1].priority = 2;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "plain"), TP_EXCLUSIVE);
    assert_int_equal(desk_saved(&d, "only"), 200);
    desk_end(&d);
}

static void an_exclusive_offer_that_saves_nothing_closes_nothing(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 10, 0);
    struct offer *o = desk_percent(&d, "only", 1); /* 0.1 cent */
    o->exclusive = true;
    o->priority = 9;
    desk_amount(&d, "plain", 5);
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "only"), TP_NO_EFFECT);
    assert_int_equal(desk_saved(&d, "plain"), 5);
    desk_end(&d);
}

static void one_of_a_group_applies(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_amount(&d, "a1", 100)->group = bytes_str("g");
    desk_amount(&d, "a2", 300)->group = bytes_str("g");
    desk_amount(&d, "b1", 50)->group = bytes_str("h");
    desk_amount(&d, "none", 20);
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "a1"), TP_STACKING_GROUP);
    assert_int_equal(d.q.discount, 370);
    desk_end(&d);
}

static void no_group_stands_alone(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_amount(&d, "x", 100);
    desk_amount(&d, "y", 100)->group = (struct bytes){0};
    desk_price(&d);
    assert_int_equal(d.q.applied.n, 2);
    desk_end(&d);
}

static void the_first_of_a_group_that_saves_anything_takes_it(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 10, 0);
    struct offer *o = desk_percent(&d, "a1", 1);
    o->group = bytes_str("g");
    o->priority = 9;
    desk_amount(&d, "a2", 3)->group = bytes_str("g");
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "a1"), TP_NO_EFFECT);
    assert_int_equal(desk_saved(&d, "a2"), 3);
    desk_end(&d);
}

static void a_loser_gets_the_first_reason_that_holds(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 100, 0);
    struct offer *first = desk_amount(&d, "first", 100);
    first->priority = 9;
    first->group = bytes_str("g");
    struct offer *second = desk_amount(&d, "second", 100);
    second->group = bytes_str("g");
    second->exclusive = true;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "second"), TP_EXCLUSIVE);
    second->exclusive = false;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "second"), TP_STACKING_GROUP);
    second->group = (struct bytes){0};
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "second"), TP_NO_EFFECT);
    desk_end(&d);
}

static void a_budget_refuses_and_never_reduces(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    struct offer *o = desk_amount(&d, "big", 500);
    o->group = bytes_str("g");
    desk_amount(&d, "small", 100)->group = bytes_str("g");
    d.standings[0].budget_left = 500;
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "big"), 500);
    d.standings[0].budget_left = 499;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "big"), TP_BUDGET_SPENT);
    assert_int_equal(desk_saved(&d, "small"), 100); /* priced again as if big were not there */
    o->exclusive = true;
    d.standings[0].budget_left = -5;
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "big"), TP_BUDGET_SPENT);
    assert_int_equal(desk_saved(&d, "small"), 100);
    desk_end(&d);
}

static void a_budget_counts_what_is_taken_not_what_was_asked(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    desk_amount(&d, "first", 800)->priority = 1;
    desk_amount(&d, "second", 500);
    d.standings[1].budget_left = 200;
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "second"), 200);
    desk_end(&d);
}

static void tax_is_included_or_added(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1190, 19);
    desk_line(&d, "b", "", 1, 1070, 7);
    desk_line(&d, "c", "", 1, 500, 0);
    desk_line(&d, "d", "", 1, 119, 19);
    desk_price(&d);
    assert_int_equal(d.q.tax, 190 + 70 + 19);
    assert_int_equal(d.q.due, d.q.net);
    assert_int_equal(d.q.taxes.n, 3);
    assert_int_equal(d.q.taxes.v[0].rate, 0);
    assert_int_equal(d.q.taxes.v[1].rate, 7000);
    assert_int_equal(d.q.taxes.v[1].tax, 70);
    assert_int_equal(d.q.taxes.v[2].rate, 19000);
    assert_int_equal(d.q.taxes.v[2].net, 1309);
    assert_int_equal(d.q.taxes.v[2].tax, 209);
    d.basket.tax_included = false;
    desk_price(&d);
    assert_int_equal(d.q.lines.v[0].tax, 226); /* 11.90 x 19% = 2.261 */
    assert_int_equal(d.q.tax, 226 + 75 + 0 + 23);
    assert_int_equal(d.q.due, d.q.net + d.q.tax);
    desk_end(&d);
}

static void a_manufacturers_discount_may_be_taxed(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 10);
    desk_amount(&d, "m", 300)->funder = bytes_str("manufacturer");
    desk_amount(&d, "s", 200);
    d.basket.tax_included = false;
    desk_price(&d);
    assert_int_equal(d.q.tax, 50);
    d.policy.manufacturer_before_tax = true;
    desk_price(&d);
    assert_int_equal(d.q.tax, 80);
    assert_int_equal(d.q.net, 500);
    assert_int_equal(d.q.due, 580);
    d.basket.tax_included = true;
    desk_price(&d);
    assert_int_equal(d.q.tax, 73); /* 8.00 x 10 / 110 */
    assert_int_equal(d.q.due, 500);
    d.offers[0].funder = bytes_str("manufacturers");
    desk_price(&d);
    assert_int_equal(d.q.tax, 45);
    desk_end(&d);
}

static void refused_are_listed_by_id(void **state)
{
    static const char *const ids[] = {"m", "b10", "b", "z", "a", "b2"}, *const want[] = {"a",  "b", "b10",
                                                                                         "b2", "m", "z"};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    for (size_t i = 0; i < 6; i++) {
        desk_amount(&d, ids[i], 5)->min_spend = 1001 + (int64_t)i;
    }
    desk_price(&d);
    for (size_t i = 0; i < 6; i++) {
        assert_true(bytes_is(d.q.refused.v[i].id, want[i]));
    }
    assert_int_equal(d.q.refused.v[5].missing, 4);
    desk_end(&d);
}

static void rows_carry_the_offers_name(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 1000, 0);
    struct offer *yes = desk_amount(&d, "yes", 5), *no = desk_amount(&d, "no", 5);
    memset(yes->ref, 7, REF_SIZE);
    memset(no->ref, 8, REF_SIZE);
    yes->version = 3;
    no->version = 4;
    no->min_spend = 5000;
    desk_price(&d);
    assert_memory_equal(d.q.applied.v[0].ref, yes->ref, REF_SIZE);
    assert_memory_equal(d.q.refused.v[0].ref, no->ref, REF_SIZE);
    assert_int_equal(d.q.applied.v[0].version, 3);
    assert_int_equal(d.q.refused.v[0].version, 4);
    assert_true(bytes_is(d.q.applied.v[0].funder, "store"));
    assert_int_equal(d.q.applied.v[0].cashback, 0);
    assert_true(bytes_is(d.q.currency, "EUR"));
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_rounded_once),
        cmocka_unit_test(an_empty_basket_costs_nothing),
        cmocka_unit_test(the_published_example),
        cmocka_unit_test(shares_go_by_largest_remainder),
        cmocka_unit_test(ties_go_to_the_lower_line_number_not_the_first_line),
        cmocka_unit_test(no_share_exceeds_its_line),
        cmocka_unit_test(percent_is_rounded_then_capped),
        cmocka_unit_test(later_offers_work_on_what_is_left),
        cmocka_unit_test(needs_look_at_the_gross),
        cmocka_unit_test(order_is_priority_then_saving_then_id),
        cmocka_unit_test(saving_alone_counts_what_the_offer_could_take),
        cmocka_unit_test(items_match_by_category_or_sku_less_the_excluded),
        cmocka_unit_test(a_negative_line_matches_nothing_and_counts),
        cmocka_unit_test(needs_are_tested_in_their_order),
        cmocka_unit_test(the_window_is_from_and_before_until),
        cmocka_unit_test(standing_comes_before_everything),
        cmocka_unit_test(exclusive_wants_to_be_alone),
        cmocka_unit_test(an_exclusive_offer_that_saves_nothing_closes_nothing),
        cmocka_unit_test(one_of_a_group_applies),
        cmocka_unit_test(no_group_stands_alone),
        cmocka_unit_test(the_first_of_a_group_that_saves_anything_takes_it),
        cmocka_unit_test(a_loser_gets_the_first_reason_that_holds),
        cmocka_unit_test(a_budget_refuses_and_never_reduces),
        cmocka_unit_test(a_budget_counts_what_is_taken_not_what_was_asked),
        cmocka_unit_test(tax_is_included_or_added),
        cmocka_unit_test(a_manufacturers_discount_may_be_taxed),
        cmocka_unit_test(refused_are_listed_by_id),
        cmocka_unit_test(rows_carry_the_offers_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
