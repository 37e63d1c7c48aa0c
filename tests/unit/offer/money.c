/* Currencies, decimals and checked arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "offer/money.h"
#include "wire/terms.h"

static void digits_follow_iso_4217(void **state)
{
    (void)state;
    assert_int_equal(currency_digits(bytes_str("EUR")), 2);
    assert_int_equal(currency_digits(bytes_str("USD")), 2);
    assert_int_equal(currency_digits(bytes_str("ZWG")), 2);
    assert_int_equal(currency_digits(bytes_str("AED")), 2);
    assert_int_equal(currency_digits(bytes_str("JPY")), 0);
    assert_int_equal(currency_digits(bytes_str("XPF")), 0);
    assert_int_equal(currency_digits(bytes_str("KWD")), 3);
    assert_int_equal(currency_digits(bytes_str("TND")), 3);
}

static void codes_not_in_use_are_refused(void **state)
{
    static const char *const codes[] = {"", "EU", "EURO", "eur", "XXX", "XAU", "DEM", "UR ", "CLF", "   "};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_int_equal(currency_digits(bytes_str(codes[i])), -1);
    }
    assert_int_equal(currency_digits((struct bytes){0}), -1);
}

static void decimals_become_minor_units(void **state)
{
    static const struct {
        const char *text;
        int digits;
        int64_t v;
    } rows[] = {
        {"12.99", 2, 1299},
        {"0", 2, 0},
        {"0.01", 2, 1},
        {"-0.01", 2, -1},
        {"-0", 2, 0},
        {"5", 0, 5},
        {"5.0", 0, 5},
        {"5.000", 0, 5},
        {"1.5", 3, 1500},
        {"1.2300", 2, 123},
        {"1.23000000000", 2, 123},
        {"10000000000000", 2, AMOUNT_MAX},
        {"-10000000000000.00", 2, -AMOUNT_MAX},
        {"1000000000000000", 0, AMOUNT_MAX},
        {"0.125", 3, 125},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t v = 77;
        assert_int_equal(decimal_parse(bytes_str(rows[i].text), rows[i].digits, &v), 0);
        assert_int_equal(v, rows[i].v);
    }
}

static void other_texts_are_no_decimals(void **state)
{
    static const char *const texts[] = {"",    "-",   ".",   ".5",   "5.",    "+5",    "05",      "00",
                                        "1,5", "1e3", " 1",  "1 ",   "--1",   "1.2.3", "0x10",    "inf",
                                        "nan", "1.x", "-.5", "1.-5", "1.234", "0.001", "\xD9\xA1"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t v = 77;
        assert_int_equal(decimal_parse(bytes_str(texts[i]), 2, &v), TP_BAD_VALUE);
        assert_int_equal(v, 77);
    }
    int64_t v = 77;
    assert_int_equal(decimal_parse(bytes_str("1.5"), 0, &v), TP_BAD_VALUE);
    assert_int_equal(decimal_parse(bytes_of("1\0", 2), 2, &v), TP_BAD_VALUE);
    assert_int_equal(decimal_parse((struct bytes){0}, 2, &v), TP_BAD_VALUE);
}

static void decimals_beyond_range_are_told_apart(void **state)
{
    static const char *const texts[] = {"10000000000000.01", "-10000000000000.01", "92233720368547758.07",
                                        "99999999999999999999999999999999999999999999"};
    int64_t v = 77;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(decimal_parse(bytes_str(texts[i]), 2, &v), TP_AMOUNT_RANGE);
    }
    assert_int_equal(decimal_parse(bytes_str("99999999999999999999.9x"), 2, &v), TP_BAD_VALUE);
    assert_int_equal(v, 77);
}

static void expect_put(int64_t v, int digits, const char *full, const char *brief)
{
    char memory[64];
    struct buf b;
    buf_over(&b, memory, sizeof memory);
    decimal_put(&b, v, digits);
    assert_true(bytes_is(buf_view(&b), full));
    buf_reset(&b);
    decimal_put_short(&b, v, digits);
    assert_true(bytes_is(buf_view(&b), brief));
}

static void minor_units_become_decimals(void **state)
{
    (void)state;
    expect_put(1299, 2, "12.99", "12.99");
    expect_put(0, 2, "0.00", "0");
    expect_put(5, 2, "0.05", "0.05");
    expect_put(-5, 2, "-0.05", "-0.05");
    expect_put(1200, 2, "12.00", "12");
    expect_put(-1250, 3, "-1.250", "-1.25");
    expect_put(100, 0, "100", "100");
    expect_put(INT64_MAX, 2, "92233720368547758.07", "92233720368547758.07");
    expect_put(INT64_MIN, 0, "-9223372036854775808", "-9223372036854775808");
}

static void every_amount_comes_back(void **state)
{
    (void)state;
    for (int digits = 0; digits <= 3; digits++) {
        for (int64_t v = -3000; v <= 3000; v++) {
            char memory[64];
            struct buf b;
            int64_t back = 1;
            buf_over(&b, memory, sizeof memory);
            decimal_put(&b, v, digits);
            assert_int_equal(decimal_parse(buf_view(&b), digits, &back), 0);
            assert_int_equal(back, v);
        }
    }
}

static void expect_mul_div(int64_t a, int64_t b, int64_t c, int64_t want)
{
    int64_t v = 77;
    assert_true(mul_div(a, b, c, &v));
    assert_int_equal(v, want);
}

static void products_round_half_away_from_zero(void **state)
{
    (void)state;
    expect_mul_div(5, 1, 2, 3);
    expect_mul_div(-5, 1, 2, -3);
    expect_mul_div(4, 1, 3, 1);
    expect_mul_div(5, 1, 3, 2);
    expect_mul_div(-4, 1, 3, -1);
    expect_mul_div(-5, 1, 3, -2);
    expect_mul_div(0, 5, 7, 0);
    expect_mul_div(1, 1, 2, 1);
    expect_mul_div(49, 1, 100, 0);
    expect_mul_div(AMOUNT_MAX, 100000, 100000, AMOUNT_MAX);
}

static void products_beyond_range_are_refused(void **state)
{
    int64_t v = 77;
    (void)state;
    assert_false(mul_div(AMOUNT_MAX, 2, 1, &v));
    assert_false(mul_div(-AMOUNT_MAX, 2, 1, &v));
    assert_false(mul_div(2 * AMOUNT_MAX + 1, 1, 2, &v));
    assert_false(mul_div(INT64_MIN, INT64_MIN, 1, &v));
    assert_false(mul_div(INT64_MIN, INT64_MAX, INT64_MAX, &v));
    assert_int_equal(v, 77);
    assert_true(mul_div(2 * AMOUNT_MAX, 1, 2, &v));
    assert_int_equal(v, AMOUNT_MAX);
}

static void sums_beyond_range_are_refused(void **state)
{
    int64_t v = 77;
    (void)state;
    assert_false(add_amount(AMOUNT_MAX, 1, &v));
    assert_false(add_amount(-AMOUNT_MAX, -1, &v));
    assert_false(add_amount(INT64_MAX, INT64_MAX, &v));
    assert_false(add_amount(INT64_MIN, INT64_MIN, &v));
    assert_int_equal(v, 77);
    assert_true(add_amount(AMOUNT_MAX, -1, &v));
    assert_int_equal(v, AMOUNT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_follow_iso_4217),
        cmocka_unit_test(codes_not_in_use_are_refused),
        cmocka_unit_test(decimals_become_minor_units),
        cmocka_unit_test(other_texts_are_no_decimals),
        cmocka_unit_test(decimals_beyond_range_are_told_apart),
        cmocka_unit_test(minor_units_become_decimals),
        cmocka_unit_test(every_amount_comes_back),
        cmocka_unit_test(products_round_half_away_from_zero),
        cmocka_unit_test(products_beyond_range_are_refused),
        cmocka_unit_test(sums_beyond_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
