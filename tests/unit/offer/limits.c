/* What pricing refuses, and what it takes at most: input, amounts, memory, size. */
#include "unit/offer/make.h"

#include <stdlib.h>

static void expect_error(struct desk *d, int code)
{
    struct quote before;
    memset(&d->q, 0x5A, sizeof d->q);
    memcpy(&before, &d->q, sizeof before);
    assert_int_equal(desk_try(d), code);
    assert_int_equal(d->e.code, code);
    assert_true(d->e.text[0] != '\0');
    assert_memory_equal(&d->q, &before, sizeof before);
}

static void another_currency_is_an_error(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 100, 0);
    struct offer *o = desk_percent(&d, "o", 10);
    d.basket.currency = bytes_str("USD");
    expect_error(&d, TP_CURRENCY);
    d.basket.currency = bytes_str("EUR");
    o->currency = bytes_str("USD");
    expect_error(&d, TP_CURRENCY);
    o->valid_until = 1; /* also when the offer would be refused for its window */
    expect_error(&d, TP_CURRENCY);
    o->currency = d.basket.currency = d.policy.currency = bytes_str("ZZZ");
    expect_error(&d, TP_CURRENCY);
    desk_end(&d);
}

static void line_numbers_are_unique(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 100, 0)->number = 7;
    desk_line(&d, "b", "", 1, 100, 0)->number = 9;
    desk_line(&d, "c", "", 1, 100, 0)->number = 7;
    expect_error(&d, TP_BAD_VALUE);
    d.lines[2].number = 8;
    desk_price(&d);
    desk_end(&d);
}

static void fields_of_lines_have_ranges(void **state)
{
    const struct line bad[] = {
        {.number = 0},
        {.number = -1},
        {.number = INT64_C(1) << 32},
        {.number = 1, .quantity = INT64_C(1000000000001)},
        {.number = 1, .quantity = INT64_C(-1000000000001)},
        {.number = 1, .quantity = INT64_MIN},
        {.number = 1, .unit_price = -1},
        {.number = 1, .unit_price = AMOUNT_MAX + 1},
        {.number = 1, .tax = -1},
        {.number = 1, .tax = 100001},
    };
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        d.lines[0] = bad[i];
        d.basket.lines.n = 1;
        expect_error(&d, TP_BAD_VALUE);
    }
    d.basket.lines.n = 0;
    d.basket.time_ms = -1;
    expect_error(&d, TP_BAD_VALUE);
    d.basket.time_ms = TIME_MAX + 1;
    expect_error(&d, TP_BAD_VALUE);
    desk_end(&d);
}

static void fields_of_offers_have_ranges(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 100, 0);
    struct offer *o = desk_percent(&d, "o", 10), good = *o;
    static const int64_t percents[] = {0, -1, 100001, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        o->percent = percents[i];
        expect_error(&d, TP_BAD_VALUE);
    }
    *o = good;
    o->cap = 0;
    expect_error(&d, TP_BAD_VALUE);
    o->cap = AMOUNT_MAX + 1;
    expect_error(&d, TP_BAD_VALUE);
    *o = good;
    o->min_spend = -1;
    expect_error(&d, TP_BAD_VALUE);
    *o = good;
    o->min_quantity = INT64_MAX;
    expect_error(&d, TP_BAD_VALUE);
    *o = good;
    o->gives = GIVES_AMOUNT; /* its percent is still there, and no amount */
    expect_error(&d, TP_BAD_VALUE);
    desk_end(&d);
}

static void unknown_kinds_are_not_priced(void **state)
{
    static const int kinds[] = {GIVES_CASHBACK + 1, 99, -1, INT32_MIN};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, 100, 0);
    struct offer *o = desk_percent(&d, "o", 10);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        o->gives = kinds[i];
        expect_error(&d, TP_UNSUPPORTED);
        assert_int_equal(offer_check(o, NULL), TP_UNSUPPORTED);
    }
    desk_end(&d);
}

static void amounts_are_exact_up_to_the_limit_and_refused_above(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, AMOUNT_MAX, 19);
    desk_percent(&d, "p", 33);
    desk_price(&d);
    assert_int_equal(d.q.gross, AMOUNT_MAX);
    assert_int_equal(d.q.discount, AMOUNT_MAX / 100 * 33);
    desk_line(&d, "b", "", 1, 1, 0);
    expect_error(&d, TP_AMOUNT_RANGE);
    d.lines[1].unit_price = 0;
    desk_price(&d);
    d.lines[0].quantity = 2000;
    expect_error(&d, TP_AMOUNT_RANGE);
    d.lines[0].quantity = INT64_C(1000000000000);
    expect_error(&d, TP_AMOUNT_RANGE);
    desk_end(&d);
}

/* Every kind at the border: the very last unit that can be counted is counted, and one more is refused. */
static void every_kind_is_exact_at_the_limit(void **state)
{
    static const struct tier tiers[] = {{AMOUNT_MAX, 50000, NONE}};
    struct desk d;
    (void)state;
    desk_begin(&d);
    struct line *line = desk_line(&d, "a", "", 1, AMOUNT_MAX, 0);
    desk_percent(&d, "o", 100);
    desk_price(&d);
    assert_true(d.q.discount == AMOUNT_MAX && d.q.due == 0);
    d.n = 0;
    desk_amount(&d, "o", AMOUNT_MAX);
    desk_price(&d);
    assert_true(d.q.discount == AMOUNT_MAX);
    d.n = 0;
    desk_unit_price(&d, "o", AMOUNT_MAX - 1);
    desk_price(&d);
    assert_true(d.q.discount == 1);
    d.n = 0;
    desk_tiers(&d, "o", tiers, 1);
    desk_price(&d);
    assert_true(d.q.discount == AMOUNT_MAX / 2);
    line->unit_price--; /* one below the tier */
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "o"), TP_NO_EFFECT);
    line->unit_price++;
    d.n = 0;
    desk_cashback(&d, "o", 100);
    desk_price(&d);
    assert_true(d.q.cashback == AMOUNT_MAX && d.q.due == AMOUNT_MAX);
    desk_cashback(&d, "p", 1); /* together more than can be counted */
    expect_error(&d, TP_AMOUNT_RANGE);
    d.n = 0;
    line->unit_price = AMOUNT_MAX / 1000;
    line->quantity = 1000 * 1000;
    desk_buy_get(&d, "o", 1, 1, 100);
    desk_price(&d);
    assert_true(d.q.gross == AMOUNT_MAX && d.q.discount == AMOUNT_MAX / 2);
    line->unit_price++;
    expect_error(&d, TP_AMOUNT_RANGE);
    desk_end(&d);
}

/* A price for so many units that their sum is out of range is no saving, and no wrap. */
static void a_price_beyond_range_saves_nothing(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1000000000, 1, 0);
    desk_unit_price(&d, "o", AMOUNT_MAX);
    desk_price(&d);
    assert_int_equal(desk_reason(&d, "o"), TP_NO_EFFECT);
    desk_buy_get(&d, "b", 1, 1000, 100); /* units are counted in 64 bits */
    desk_price(&d);
    assert_int_equal(desk_saved(&d, "b"), 999000000);
    desk_end(&d);
}

static void what_is_taken_back_does_not_hide_what_is_sold(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, AMOUNT_MAX, 0);
    desk_line(&d, "b", "", -1, AMOUNT_MAX, 0);
    desk_price(&d);
    assert_int_equal(d.q.gross, 0);
    desk_line(&d, "c", "", 1, 1, 0);
    expect_error(&d, TP_AMOUNT_RANGE);
    d.lines[2].quantity = -1000;
    expect_error(&d, TP_AMOUNT_RANGE);
    desk_end(&d);
}

static void tax_on_top_stays_in_range(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 1, AMOUNT_MAX, 19);
    d.basket.tax_included = false;
    expect_error(&d, TP_AMOUNT_RANGE);
    d.lines[0].tax = 0;
    desk_price(&d);
    assert_int_equal(d.q.due, AMOUNT_MAX);
    desk_end(&d);
}

static void minor_units_of_any_currency_are_just_integers(void **state)
{
    static const char *const codes[] = {"JPY", "EUR", "KWD"};
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_line(&d, "a", "", 3, 1000, 10);
    struct offer *o = desk_percent(&d, "o", 15);
    for (size_t i = 0; i < 3; i++) {
        d.policy.currency = d.basket.currency = o->currency = bytes_str(codes[i]);
        desk_price(&d);
        assert_int_equal(d.q.discount, 450);
        assert_true(bytes_is(d.q.currency, codes[i]));
    }
    desk_end(&d);
}

static struct line *many_lines(size_t n, const char names[][8])
{
    struct line *lines = calloc(n, sizeof *lines);
    assert_non_null(lines);
    for (size_t i = 0; i < n; i++) {
        lines[i] = (struct line){.number = (int64_t)(n - i),
                                 .sku = bytes_str(names[i % 64]),
                                 .category = bytes_str(names[i % 7]),
                                 .quantity = 1000,
                                 .unit_price = 1000 + (int64_t)(i * 7919 % 1000),
                                 .tax = (int64_t)(i % 5) * 1000};
    }
    return lines;
}

static void fill_names(char names[64][8])
{
    for (int i = 0; i < 64; i++) {
        names[i][0] = 's';
        names[i][1] = (char)('0' + i / 10);
        names[i][2] = (char)('0' + i % 10);
        names[i][3] = '\0';
    }
}

/* The published bound holds for an arena over bare memory and for one with blocks of its own. */
static void memory_is_bounded_as_published(void **state)
{
    static const size_t sizes[][2] = {{0, 0}, {1, 1}, {3, 8}, {64, 8}, {400, 8}, {4096, 8}};
    char names[64][8];
    (void)state;
    fill_names(names);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct desk d;
        desk_begin(&d);
        struct line *lines = many_lines(sizes[s][0] + 1, (const char(*)[8])names);
        d.basket.lines.v = lines;
        d.basket.lines.n = sizes[s][0];
        for (size_t i = 0; i < sizes[s][1]; i++) {
            desk_percent(&d, names[i], 1);
        }
        size_t size = offer_price_memory(sizes[s][0], sizes[s][1]);
        void *memory = malloc(size);
        assert_non_null(memory);
        struct arena whole = d.arena;
        arena_over(&d.arena, memory, size);
        desk_price(&d);
        int64_t discount = d.q.discount;
        arena_init(&d.arena, size);
        desk_price(&d);
        assert_int_equal(d.q.discount, discount);
        arena_reset(&d.arena);
        d.arena = whole;
        free(memory);
        free(lines);
        desk_end(&d);
    }
}

static void every_small_arena_fails_cleanly(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (int i = 0; i < 5; i++) {
        desk_line(&d, "a", "", 1, 1000, 7);
    }
    desk_percent(&d, "p", 10);
    desk_amount(&d, "q", 50);
    size_t size = offer_price_memory(5, 2);
    uint8_t *memory = malloc(size);
    assert_non_null(memory);
    bool worked = false;
    for (size_t n = 0; n <= size; n += 8) {
        arena_over(&d.arena, memory, n);
        int rc = desk_try(&d);
        assert_true(worked ? rc == 0 : rc == 0 || rc == TP_E_MEMORY);
        worked = worked || rc == 0;
    }
    assert_true(worked);
    free(memory);
}

static void sizes_have_a_limit(void **state)
{
    struct desk d;
    char names[64][8];
    (void)state;
    fill_names(names);
    desk_begin(&d);
    struct line *lines = many_lines(MAX_LINES + 1, (const char(*)[8])names);
    d.basket.lines.v = lines;
    d.basket.lines.n = MAX_LINES + 1;
    expect_error(&d, TP_BAD_VALUE);
    d.basket.lines.n = 0;
    d.n = MAX_OFFERS + 1; /* refused before the table is read */
    expect_error(&d, TP_BAD_VALUE);
    assert_int_equal(offer_price_memory(SIZE_MAX, SIZE_MAX), offer_price_memory(MAX_LINES, MAX_OFFERS));
    free(lines);
    desk_end(&d);
}

/* A quadratic loop over lines would take minutes here. */
static void the_largest_basket_is_priced(void **state)
{
    enum { OFFERS = 64 };
    static struct offer offers[OFFERS];
    static const struct offer *table[OFFERS];
    static struct standing standings[OFFERS];
    char names[64][8];
    struct desk d;
    (void)state;
    fill_names(names);
    desk_begin(&d);
    struct line *lines = many_lines(MAX_LINES, (const char(*)[8])names);
    d.basket.lines.v = lines;
    d.basket.lines.n = MAX_LINES;
    for (size_t i = 0; i < OFFERS; i++) {
        offers[i] = offer_plain(names[i]);
        offers[i].gives = GIVES_PERCENT;
        offers[i].percent = 1000 + (int64_t)i;
        table[i] = &offers[i];
        standings[i] = (struct standing){.budget_left = NONE};
    }
    struct arena big;
    arena_init(&big, offer_price_memory(MAX_LINES, OFFERS));
    assert_int_equal(offer_price(&d.policy, &d.basket, table, standings, OFFERS, &d.q, &big, &d.e), 0);
    assert_int_equal(d.q.applied.n, OFFERS);
    int64_t net = 0;
    for (size_t i = 0; i < d.q.lines.n; i++) {
        net += d.q.lines.v[i].net;
        assert_int_equal(d.q.lines.v[i].number, (int64_t)(MAX_LINES - i));
    }
    assert_int_equal(net, d.q.net);
    arena_reset(&big);
    free(lines);
    desk_end(&d);
}

/* All kinds over 1,000 and over the most lines: the sums hold, and no share is lost. */
static void large_baskets_add_up(void **state)
{
    static const size_t sizes[] = {1000, MAX_LINES};
    static const struct tier tiers[] = {{100000, 2000, NONE}, {1000000, NONE, 12345}};
    char names[64][8];
    (void)state;
    fill_names(names);
    for (size_t s = 0; s < 2; s++) {
        struct desk d;
        desk_begin(&d);
        struct line *lines = many_lines(sizes[s], (const char(*)[8])names);
        d.basket.lines.v = lines;
        d.basket.lines.n = sizes[s];
        desk_percent(&d, "a", 3);
        desk_amount(&d, "b", 99999);
        offer_sku(desk_unit_price(&d, "c", 1200), &lines[3].sku);
        desk_buy_get(&d, "d", 9, 1, 100);
        desk_tiers(&d, "e", tiers, 2);
        desk_cashback(&d, "f", 2);
        desk_price(&d);
        assert_int_equal(d.q.applied.n, 6);
        int64_t by_offer[6] = {0}, net = 0, discount = 0, tax = 0;
        for (size_t i = 0; i < sizes[s]; i++) {
            const struct quote_line *line = &d.q.lines.v[i];
            int64_t shares = 0;
            for (size_t k = 0; k < line->shares.n; k++) {
                by_offer[line->shares.v[k].applied] += line->shares.v[k].discount;
                shares += line->shares.v[k].discount;
            }
            assert_true(line->net >= 0 && shares == line->discount && line->gross - shares == line->net);
            net += line->net;
        }
        for (size_t k = 0; k < 6; k++) {
            assert_int_equal(by_offer[k], d.q.applied.v[k].discount);
            discount += by_offer[k];
        }
        for (size_t i = 0; i < d.q.taxes.n; i++) {
            tax += d.q.taxes.v[i].tax;
        }
        assert_int_equal(d.q.taxes.n, 5);
        assert_true(net == d.q.net && discount == d.q.discount && tax == d.q.tax);
        free(lines);
        desk_end(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_currency_is_an_error),
        cmocka_unit_test(line_numbers_are_unique),
        cmocka_unit_test(fields_of_lines_have_ranges),
        cmocka_unit_test(fields_of_offers_have_ranges),
        cmocka_unit_test(unknown_kinds_are_not_priced),
        cmocka_unit_test(amounts_are_exact_up_to_the_limit_and_refused_above),
        cmocka_unit_test(every_kind_is_exact_at_the_limit),
        cmocka_unit_test(a_price_beyond_range_saves_nothing),
        cmocka_unit_test(large_baskets_add_up),
        cmocka_unit_test(what_is_taken_back_does_not_hide_what_is_sold),
        cmocka_unit_test(tax_on_top_stays_in_range),
        cmocka_unit_test(minor_units_of_any_currency_are_just_integers),
        cmocka_unit_test(memory_is_bounded_as_published),
        cmocka_unit_test(every_small_arena_fails_cleanly),
        cmocka_unit_test(sizes_have_a_limit),
        cmocka_unit_test(the_largest_basket_is_priced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
