/* Sharing a sale's amounts over its redemptions: exact, proportional, and never a cent lost. */
#include "unit/report/books.h"

#include "support/cm.h"

static void ten_over_three_equal_weights_gives_the_odd_unit_to_the_first(void **state)
{
    (void)state;
    int64_t weights[] = {5, 5, 5}, parts[3];
    split_amount(10, weights, 3, parts);
    assert_int_equal(parts[0], 4);
    assert_int_equal(parts[1], 3);
    assert_int_equal(parts[2], 3);
}

static void the_largest_remainder_gets_the_odd_unit(void **state)
{
    (void)state;
    int64_t weights[] = {1, 2}, parts[2]; /* 3.33 and 6.67 */
    split_amount(10, weights, 2, parts);
    assert_int_equal(parts[0], 3);
    assert_int_equal(parts[1], 7);
}

static void equal_parts_where_no_weight_is_above_zero(void **state)
{
    (void)state;
    int64_t weights[] = {0, 0}, parts[2];
    split_amount(7, weights, 2, parts);
    assert_int_equal(parts[0], 4);
    assert_int_equal(parts[1], 3);
}

static void a_weight_of_zero_beside_others_gets_nothing(void **state)
{
    (void)state;
    int64_t weights[] = {0, 9}, parts[2];
    split_amount(101, weights, 2, parts);
    assert_int_equal(parts[0], 0);
    assert_int_equal(parts[1], 101);
}

static void a_negative_amount_is_shared_like_its_opposite(void **state)
{
    (void)state;
    int64_t weights[] = {1, 2}, parts[2];
    split_amount(-10, weights, 2, parts);
    assert_int_equal(parts[0], -3);
    assert_int_equal(parts[1], -7);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 20;
}

static void parts_add_up_and_are_within_one_of_their_share(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int round = 0; round < 5000; round++) {
        int64_t weights[SHARES_MAX], parts[SHARES_MAX], sum = 0, total = 0;
        size_t n = 1 + next_random(&seed) % 12;
        int64_t amount = (int64_t)(next_random(&seed) % (uint64_t)AMOUNT_MAX);
        for (size_t i = 0; i < n; i++) {
            weights[i] = (int64_t)(next_random(&seed) % (uint64_t)(AMOUNT_MAX / 12));
            total += weights[i];
        }
        split_amount(amount, weights, n, parts);
        for (size_t i = 0; i < n; i++) {
            long double share =
                total ? (long double)amount * (long double)weights[i] / (long double)total : 0;
            sum += parts[i];
            assert_true(!total || (parts[i] >= (int64_t)share - 1 && parts[i] <= (int64_t)share + 2));
        }
        assert_int_equal(sum, amount);
    }
}

static void gross_less_net_is_each_redemptions_own_discount(void **state)
{
    (void)state;
    struct terms_list none = {0};
    struct sale_row sale = {.gross = 1000, .discount = 301, .net = 699};
    struct redemption_row list[] = {{.discount = 100}, {.discount = 200}, {.discount = 1}};
    struct report_share shares[3];
    assert_int_equal(split_sale(&none, &sale, list, 3, shares), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(shares[i].gross - shares[i].net, list[i].discount);
        assert_int_equal(shares[i].discount, list[i].discount);
    }
}

static void a_voided_sale_has_shares_of_zero(void **state)
{
    (void)state;
    struct terms_list none = {0};
    struct sale_row sale = {.gross = 1000, .discount = 100, .net = 900, .voided = true};
    struct redemption_row list[] = {{.discount = 100}};
    struct report_share share = {1, 1, 1, 1};
    assert_int_equal(split_sale(&none, &sale, list, 1, &share), 0);
    assert_int_equal(share.gross | share.discount | share.net | share.fee, 0);
}

static void more_redemptions_than_a_commit_can_hold_are_refused(void **state)
{
    (void)state;
    static struct redemption_row list[SHARES_MAX + 1];
    static struct report_share shares[SHARES_MAX + 1];
    struct terms_list none = {0};
    struct sale_row sale = {0};
    assert_int_equal(split_sale(&none, &sale, list, SHARES_MAX + 1, shares), TP_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_over_three_equal_weights_gives_the_odd_unit_to_the_first),
        cmocka_unit_test(the_largest_remainder_gets_the_odd_unit),
        cmocka_unit_test(equal_parts_where_no_weight_is_above_zero),
        cmocka_unit_test(a_weight_of_zero_beside_others_gets_nothing),
        cmocka_unit_test(a_negative_amount_is_shared_like_its_opposite),
        cmocka_unit_test(parts_add_up_and_are_within_one_of_their_share),
        cmocka_unit_test(gross_less_net_is_each_redemptions_own_discount),
        cmocka_unit_test(a_voided_sale_has_shares_of_zero),
        cmocka_unit_test(more_redemptions_than_a_commit_can_hold_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
