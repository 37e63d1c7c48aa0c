/* The list of redemptions: which are in it, in which order, with which amounts and fees. */
#include "unit/report/books.h"

#include "support/cm.h"

enum { ROWS = 16 };

struct taken {
    struct report_redemption rows[ROWS];
    char offers[ROWS][48], channels[ROWS][64];
    size_t n, stop_at;
};

static int take(void *arg, const struct report_redemption *row)
{
    struct taken *t = arg;
    assert_true(t->n < ROWS);
    t->rows[t->n] = *row;
    bytes_to_cstr(row->offer, t->offers[t->n], sizeof t->offers[0]);
    bytes_to_cstr(bytes_str(row->channel), t->channels[t->n], sizeof t->channels[0]);
    t->n++;
    return t->stop_at && t->n == t->stop_at ? 77 : 0;
}

static struct taken run(struct books *b, int64_t from, int64_t until)
{
    static struct taken t;
    struct report_range range = {from, until};
    struct err e = {0};
    t = (struct taken){0};
    assert_int_equal(report_redemptions(b->store, &range, take, &t, &e), 0);
    return t;
}

static int setup(void **state)
{
    static struct books b;
    books_open(&b);
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    books_close(*state);
    return 0;
}

static void the_fee_is_percent_of_the_share_of_net_plus_the_fixed_part(void **state)
{
    struct books *b = *state;
    books_offer(b, "coffee", 1, 3000, 10); /* 3% and 0.10 */
    books_sale(b, 100, 2598, 260, false, &(struct used){"coffee", "email", "autumn", 260, 0}, 1);
    struct taken t = run(b, 0, 1000);
    assert_int_equal(t.n, 1);
    assert_int_equal(t.rows[0].gross, 2598);
    assert_int_equal(t.rows[0].discount, 260);
    assert_int_equal(t.rows[0].net, 2338);
    assert_int_equal(t.rows[0].fee, 70 + 10); /* 70.14 */
    assert_int_equal(t.rows[0].outcome, TP_APPLIED);
    assert_string_equal(t.offers[0], "coffee");
    assert_string_equal(t.channels[0], "email");
}

static void a_half_cent_of_fee_is_rounded_away_from_zero(void **state)
{
    struct books *b = *state;
    books_offer(b, "coffee", 1, 1000, NONE);
    books_sale(b, 100, 50, 0, false, &(struct used){"coffee", "email", "", 0, 0}, 1); /* 1% of 0.50 */
    struct taken t = run(b, 0, 1000);
    assert_int_equal(t.rows[0].fee, 1);
}

static void an_offer_without_a_fee_costs_nothing(void **state)
{
    struct books *b = *state;
    books_offer(b, "coffee", 1, NONE, NONE);
    books_sale(b, 100, 1000, 100, false, &(struct used){"coffee", "email", "", 100, 0}, 1);
    struct taken t = run(b, 0, 1000);
    assert_int_equal(t.rows[0].fee, 0);
}

static int take_back(struct store *s, void *arg)
{
    return store_redemption_back(s, arg);
}

static void what_returns_took_back_stands_beside_it(void **state)
{
    struct books *b = *state;
    struct redemption_row row = {.place = 0, .back_discount = 40};
    books_offer(b, "coffee", 1, NONE, NONE);
    books_sale(b, 100, 1000, 100, false, &(struct used){"coffee", "email", "", 100, 0}, 1);
    row.d[0] = 1;
    assert_int_equal(store_write(b->store, take_back, &row), 0);
    struct taken t = run(b, 0, 1000);
    assert_int_equal(t.rows[0].returned, 40);
    assert_int_equal(t.rows[0].discount, 100);
    assert_int_equal(t.rows[0].cashback, 0);
}

static void two_redemptions_share_the_sale_by_their_discounts(void **state)
{
    struct books *b = *state;
    struct used used[] = {{"coffee", "email", "a", 100, 0}, {"tea", "app", "b", 200, 0}};
    books_offer(b, "coffee", 1, NONE, 5);
    books_offer(b, "tea", 1, NONE, 7);
    books_sale(b, 100, 1000, 300, false, used, 2);
    struct taken t = run(b, 0, 1000);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.rows[0].gross, 333);
    assert_int_equal(t.rows[1].gross, 667);
    assert_int_equal(t.rows[0].net, 233);
    assert_int_equal(t.rows[1].net, 467);
    assert_int_equal(t.rows[0].fee, 5);
    assert_int_equal(t.rows[1].fee, 7);
}

static void a_conflict_is_told_by_its_word_and_has_no_fee(void **state)
{
    struct books *b = *state;
    books_offer(b, "coffee", 1, 3000, 10);
    books_sale(b, 100, 1000, 100, false, &(struct used){"coffee", "email", "", 100, TP_ALREADY_USED}, 1);
    struct taken t = run(b, 0, 1000);
    assert_int_equal(t.rows[0].outcome, TP_ALREADY_USED);
    assert_int_equal(t.rows[0].net, 900);
    assert_int_equal(t.rows[0].fee, 0);
}

static void a_voided_sale_is_listed_and_counts_nothing(void **state)
{
    struct books *b = *state;
    books_offer(b, "coffee", 1, 3000, 10);
    books_sale(b, 100, 1000, 100, true, &(struct used){"coffee", "email", "", 100, 0}, 1);
    struct taken t = run(b, 0, 1000);
    assert_int_equal(t.n, 1);
    assert_int_equal(t.rows[0].outcome, TP_VOIDED);
    assert_int_equal(t.rows[0].gross | t.rows[0].discount | t.rows[0].net | t.rows[0].fee, 0);
}

static void the_range_takes_its_first_instant_and_not_its_last(void **state)
{
    struct books *b = *state;
    books_offer(b, "coffee", 1, NONE, NONE);
    for (int64_t time = 99; time <= 201; time++) {
        if (time == 99 || time == 100 || time == 199 || time == 200) {
            books_sale(b, time, 1000, 100, false, &(struct used){"coffee", "email", "", 100, 0}, 1);
        }
    }
    struct taken t = run(b, 100, 200);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.rows[0].time_ms, 100);
    assert_int_equal(t.rows[1].time_ms, 199);
}

static void an_offer_that_is_not_kept_is_told_by_its_reference(void **state)
{
    struct books *b = *state;
    uint8_t ref[REF_SIZE];
    books_sale(b, 100, 1000, 100, false, &(struct used){"gone", "", "", 100, TP_UNKNOWN_OFFER}, 1);
    struct taken t = run(b, 0, 1000);
    books_ref(b, "gone", ref);
    assert_int_equal(t.n, 1);
    assert_string_equal(t.offers[0], "");
    assert_memory_equal(t.rows[0].ref, ref, REF_SIZE);
}

static void what_the_caller_returns_ends_the_report_and_comes_back(void **state)
{
    struct books *b = *state;
    struct taken t = {.stop_at = 1};
    struct report_range range = {0, 1000};
    struct err e = {0};
    books_offer(b, "coffee", 1, NONE, NONE);
    for (int i = 0; i < 3; i++) {
        books_sale(b, 100, 1000, 100, false, &(struct used){"coffee", "email", "", 100, 0}, 1);
    }
    assert_int_equal(report_redemptions(b->store, &range, take, &t, &e), 77);
    assert_int_equal(t.n, 1);
    assert_int_equal(e.code, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_fee_is_percent_of_the_share_of_net_plus_the_fixed_part),
        TEST(a_half_cent_of_fee_is_rounded_away_from_zero),
        TEST(an_offer_without_a_fee_costs_nothing),
        TEST(what_returns_took_back_stands_beside_it),
        TEST(two_redemptions_share_the_sale_by_their_discounts),
        TEST(a_conflict_is_told_by_its_word_and_has_no_fee),
        TEST(a_voided_sale_is_listed_and_counts_nothing),
        TEST(the_range_takes_its_first_instant_and_not_its_last),
        TEST(an_offer_that_is_not_kept_is_told_by_its_reference),
        TEST(what_the_caller_returns_ends_the_report_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
