/* What each channel earned: every column adds up to the sales. */
#include "unit/report/books.h"
#include "store/reversals.h"

#include "support/cm.h"

static struct report_roi run(struct books *b)
{
    struct report_range range = {0, TIME_MAX};
    struct report_roi roi = {0};
    struct err e = {0};
    if (report_roi(b->store, &range, &roi, &e)) {
        fail_msg("%s", e.text);
    }
    return roi;
}

static int setup(void **state)
{
    static struct books b;
    books_open(&b);
    books_offer(&b, "coffee", 1, 3000, 10);
    books_offer(&b, "tea", 1, NONE, NONE);
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    books_close(*state);
    return 0;
}

static void an_empty_shop_has_rows_of_zero(void **state)
{
    struct report_roi roi = run(*state);
    assert_int_equal(roi.n, 0);
    assert_int_equal(roi.none.gross | roi.total.gross | roi.total.issued, 0);
    report_roi_free(&roi);
}

static void rows_stand_by_channel_then_campaign(void **state)
{
    struct books *b = *state;
    books_batch(b, 1, "coffee", 5, "print", "b");
    books_batch(b, 2, "coffee", 3, "email", "z");
    books_batch(b, 3, "coffee", 2, "email", "a");
    books_batch(b, 4, "tea", 10, "print", "b");
    struct report_roi roi = run(b);
    assert_int_equal(roi.n, 3);
    assert_string_equal(roi.rows[0].channel, "email");
    assert_string_equal(roi.rows[0].campaign, "a");
    assert_int_equal(roi.rows[0].issued, 2);
    assert_string_equal(roi.rows[1].campaign, "z");
    assert_string_equal(roi.rows[2].channel, "print");
    assert_int_equal(roi.rows[2].issued, 15);
    assert_int_equal(roi.total.issued, 20);
    report_roi_free(&roi);
}

static void a_sale_without_an_offer_stands_in_the_row_of_none(void **state)
{
    struct books *b = *state;
    books_sale(b, 1, 500, 0, false, NULL, 0);
    books_sale(b, 2, 1000, 100, false, &(struct used){"coffee", "email", "a", 100, 0}, 1);
    struct report_roi roi = run(b);
    assert_int_equal(roi.n, 1);
    assert_int_equal(roi.none.gross, 500);
    assert_int_equal(roi.none.redeemed, 0);
    assert_int_equal(roi.rows[0].gross, 1000);
    assert_int_equal(roi.rows[0].redeemed, 1);
    assert_int_equal(roi.rows[0].fee, 27 + 10);
    assert_int_equal(roi.total.gross, 1500);
    assert_int_equal(roi.total.discount, 100);
    assert_int_equal(roi.total.net, 1400);
    report_roi_free(&roi);
}

static void voided_sales_count_nowhere(void **state)
{
    struct books *b = *state;
    books_sale(b, 1, 500, 0, true, NULL, 0);
    books_sale(b, 2, 1000, 100, true, &(struct used){"coffee", "email", "a", 100, 0}, 1);
    struct report_roi roi = run(b);
    assert_int_equal(roi.total.gross | roi.total.redeemed | roi.total.fee, 0);
    report_roi_free(&roi);
}

static void a_conflict_is_not_counted_as_redeemed_but_its_money_is_there(void **state)
{
    struct books *b = *state;
    books_sale(b, 1, 1000, 100, false, &(struct used){"coffee", "email", "a", 100, TP_ALREADY_USED}, 1);
    struct report_roi roi = run(b);
    assert_int_equal(roi.rows[0].redeemed, 0);
    assert_int_equal(roi.rows[0].discount, 100);
    assert_int_equal(roi.rows[0].fee, 0);
    report_roi_free(&roi);
}

static void a_redemption_of_no_known_channel_stands_in_the_row_of_none(void **state)
{
    struct books *b = *state;
    books_sale(b, 1, 1000, 100, false, &(struct used){"coffee", "", "", 100, TP_UNKNOWN_COUPON}, 1);
    struct report_roi roi = run(b);
    assert_int_equal(roi.n, 0);
    assert_int_equal(roi.none.gross, 1000);
    report_roi_free(&roi);
}

static void each_card_and_offer_linked_is_issued_once(void **state)
{
    struct books *b = *state;
    books_link(b, 1, "coffee", LINK_ADD, 1, "app");
    books_link(b, 1, "tea", LINK_ADD, 1, "app");
    books_link(b, 2, "coffee", LINK_ADD, 2, "app");
    books_link(b, 1, "coffee", LINK_REMOVE, 3, "app");
    books_link(b, 1, "coffee", LINK_ADD, 4, "app");
    struct report_roi roi = run(b);
    assert_int_equal(roi.n, 1);
    assert_int_equal(roi.rows[0].issued, 3);
    report_roi_free(&roi);
}

static void a_discount_that_no_redemption_explains_is_still_in_the_sum(void **state)
{
    struct books *b = *state;
    struct used used[] = {{"coffee", "email", "a", 50, 0}, {"tea", "app", "", 0, 0}};
    books_sale(b, 1, 1000, 90, false, used, 2);
    struct report_roi roi = run(b);
    assert_int_equal(roi.total.discount, 90);
    assert_int_equal(roi.total.gross - roi.total.discount, roi.total.net);
    report_roi_free(&roi);
}

static void returns_are_taken_off_the_total_in_a_row_of_their_own(void **state)
{
    struct books *b = *state;
    struct report_range range = {0, 1000};
    struct report_roi r = {0};
    const struct used used = {"a", "email", "autumn", 200, 0};
    struct reversal_row back = {.till = "t1", .op = REVERSE_RETURN, .gross = 400, .discount = 80, .net = 320};
    books_offer(b, "a", 1, NONE, NONE);
    books_sale(b, 10, 1000, 200, false, &used, 1);
    back.time_ms = 20;
    assert_int_equal(store_reversal_put(b->store, &back), 0);
    back.d[0] = 1;
    back.time_ms = 1000; /* after the range */
    assert_int_equal(store_reversal_put(b->store, &back), 0);
    back.d[0] = 2;
    back.time_ms = 30;
    back.op = REVERSE_VOID; /* a void is no return */
    assert_int_equal(store_reversal_put(b->store, &back), 0);
    assert_int_equal(report_roi(b->store, &range, &r, NULL), 0);
    assert_int_equal(r.returns.gross, -400);
    assert_int_equal(r.returns.discount, -80);
    assert_int_equal(r.returns.net, -320);
    assert_int_equal(r.total.gross, 600);
    assert_int_equal(r.total.discount, 120);
    assert_int_equal(r.total.net, 480);
    report_roi_free(&r);
}

static void columns_add_up_to_the_sales_whatever_they_are(void **state)
{
    struct books *b = *state;
    static const char *const channels[] = {"email", "print", "app", ""};
    int64_t gross = 0, discount = 0;
    uint64_t seed = 7;
    for (int i = 0; i < 200; i++) {
        struct used used[5];
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t n = (seed >> 33) % 5;
        int64_t off = 0, price = (int64_t)((seed >> 20) % 100000) + 5000;
        for (size_t k = 0; k < n; k++) {
            int64_t part = (int64_t)((seed >> (7 * k)) % 900);
            used[k] = (struct used){k % 2 ? "tea" : "coffee", channels[(seed >> (3 * k)) % 4], "c", part, 0};
            off += part;
        }
        bool voided = i % 10 == 0;
        books_sale(b, i, price, off, voided, used, n);
        gross += voided ? 0 : price;
        discount += voided ? 0 : off;
    }
    struct report_roi roi = run(b);
    int64_t sum = roi.none.gross, less = roi.none.discount, net = roi.none.net;
    for (size_t i = 0; i < roi.n; i++) {
        sum += roi.rows[i].gross;
        less += roi.rows[i].discount;
        net += roi.rows[i].net;
    }
    assert_int_equal(sum, gross);
    assert_int_equal(less, discount);
    assert_int_equal(net, gross - discount);
    assert_int_equal(roi.total.gross, gross);
    assert_int_equal(roi.total.net, net);
    report_roi_free(&roi);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_shop_has_rows_of_zero),
        TEST(rows_stand_by_channel_then_campaign),
        TEST(a_sale_without_an_offer_stands_in_the_row_of_none),
        TEST(voided_sales_count_nowhere),
        TEST(a_conflict_is_not_counted_as_redeemed_but_its_money_is_there),
        TEST(a_redemption_of_no_known_channel_stands_in_the_row_of_none),
        TEST(each_card_and_offer_linked_is_issued_once),
        TEST(a_discount_that_no_redemption_explains_is_still_in_the_sum),
        TEST(returns_are_taken_off_the_total_in_a_row_of_their_own),
        TEST(columns_add_up_to_the_sales_whatever_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
