/* offer_check: an offer's terms as a whole, each refusal with its path. */
#include "unit/offer/make.h"

static struct offer good(void)
{
    struct offer o = offer_plain("coffee-10.a_b");
    o.gives = GIVES_PERCENT;
    o.percent = 10000;
    return o;
}

static void expect(const struct offer *o, int code, const char *path)
{
    struct err e = {0};
    assert_int_equal(offer_check(o, &e), code);
    assert_int_equal(e.code, code);
    assert_true(strncmp(e.text, path, strlen(path)) == 0);
    assert_true(e.text[strlen(path)] == ':');
    assert_int_equal(offer_check(o, NULL), code);
}

static void good_offers_pass(void **state)
{
    (void)state;
    struct offer o = good();
    assert_int_equal(offer_check(&o, NULL), 0);
    o.cap = 500;
    o.min_spend = 0;
    o.min_quantity = 0;
    o.group = bytes_str("g");
    o.priority = -1000000;
    o.per_coupon = NONE;
    o.fee_percent = 100000;
    o.bears = BEARS_ISSUER;
    o.redeem = REDEEM_COUPON | REDEEM_CARD;
    assert_int_equal(offer_check(&o, NULL), 0);
    o = good();
    o.gives = GIVES_AMOUNT;
    o.percent = NONE;
    o.amount = AMOUNT_MAX;
    assert_int_equal(offer_check(&o, NULL), 0);
}

static void ids_are_plain_words(void **state)
{
    static const char *const ids[] = {
        "", "-a", ".a", "_a", "A", "a b", "a/b", "caf\xC3\xA9", "01234567890123456789012345678901234567890"};
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct offer o = good();
        o.id = bytes_str(ids[i]);
        expect(&o, TP_BAD_VALUE, "$.id");
    }
    struct offer o = good();
    o.id = bytes_of("a\0b", 3);
    expect(&o, TP_BAD_VALUE, "$.id");
    o.id = (struct bytes){0};
    expect(&o, TP_BAD_VALUE, "$.id");
    o.id = bytes_str("0123456789012345678901234567890123456789");
    assert_int_equal(offer_check(&o, NULL), 0);
}

#define REFUSED(field, value, code, path)                                                                    \
    do {                                                                                                     \
        struct offer o = good();                                                                             \
        o.field = (value);                                                                                   \
        expect(&o, (code), (path));                                                                          \
    } while (0)

static void head_has_ranges(void **state)
{
    char long_text[202];
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[201] = '\0';
    REFUSED(version, 0, TP_BAD_VALUE, "$.version");
    REFUSED(version, INT64_C(1) << 32, TP_BAD_VALUE, "$.version");
    REFUSED(title, bytes_str(""), TP_BAD_VALUE, "$.title");
    REFUSED(title, bytes_str(long_text), TP_BAD_VALUE, "$.title");
    REFUSED(currency, bytes_str("EUX"), TP_BAD_VALUE, "$.currency");
    REFUSED(funder, bytes_str(""), TP_BAD_VALUE, "$.funder");
    REFUSED(redeem, 0, TP_BAD_VALUE, "$.redeem");
    REFUSED(redeem, 8, TP_BAD_VALUE, "$.redeem");
    REFUSED(valid_from, -1, TP_BAD_VALUE, "$.valid");
    REFUSED(valid_until, TIME_MAX + 1, TP_BAD_VALUE, "$.valid");
    REFUSED(valid_from, TIME_MAX, TP_BAD_VALUE, "$.valid.until");
    REFUSED(valid_until, 0, TP_BAD_VALUE, "$.valid.until");
}

static void needs_and_gives_have_ranges(void **state)
{
    (void)state;
    REFUSED(min_spend, -1, TP_BAD_VALUE, "$.needs.min_spend");
    REFUSED(min_spend, AMOUNT_MAX + 1, TP_BAD_VALUE, "$.needs.min_spend");
    REFUSED(min_quantity, -1, TP_BAD_VALUE, "$.needs.min_quantity");
    REFUSED(percent, 0, TP_BAD_VALUE, "$.gives.percent");
    REFUSED(percent, 100001, TP_BAD_VALUE, "$.gives.percent");
    REFUSED(percent, NONE, TP_BAD_VALUE, "$.gives.percent");
    REFUSED(cap, 0, TP_BAD_VALUE, "$.gives.cap");
    REFUSED(amount, 5, TP_BAD_VALUE, "$.gives.amount");
    struct offer o = good();
    o.gives = GIVES_AMOUNT;
    expect(&o, TP_BAD_VALUE, "$.gives.amount");
    o.amount = 100;
    expect(&o, TP_BAD_VALUE, "$.gives.percent");
    o.percent = NONE;
    o.cap = 5;
    expect(&o, TP_BAD_VALUE, "$.gives.cap");
    o.cap = NONE;
    o.amount = AMOUNT_MAX + 1;
    expect(&o, TP_BAD_VALUE, "$.gives.amount");
}

static void lists_have_ranges(void **state)
{
    static struct bytes words[MAX_SKUS + 1];
    (void)state;
    for (size_t i = 0; i <= MAX_SKUS; i++) {
        words[i] = bytes_str("w");
    }
    struct offer o = good();
    o.sku.v = o.category.v = o.exclude_sku.v = words;
    o.sku.n = MAX_SKUS;
    assert_int_equal(offer_check(&o, NULL), 0);
    o.sku.n = MAX_SKUS + 1;
    expect(&o, TP_BAD_VALUE, "$.needs.sku");
    o.sku.n = 0;
    o.exclude_sku.n = MAX_SKUS + 1;
    expect(&o, TP_BAD_VALUE, "$.needs.exclude_sku");
    o.exclude_sku.n = 0;
    o.category.n = 2;
    words[1] = bytes_str("");
    expect(&o, TP_BAD_VALUE, "$.needs.category");
}

static void the_rest_has_ranges(void **state)
{
    (void)state;
    REFUSED(group, bytes_str(""), TP_BAD_VALUE, "$.stacking.group");
    REFUSED(priority, 1000001, TP_BAD_VALUE, "$.stacking.priority");
    REFUSED(priority, -1000001, TP_BAD_VALUE, "$.stacking.priority");
    REFUSED(per_coupon, 0, TP_BAD_VALUE, "$.limits.per_coupon");
    REFUSED(per_customer, 0, TP_BAD_VALUE, "$.limits.per_customer");
    REFUSED(total, -1, TP_BAD_VALUE, "$.limits.total");
    REFUSED(budget, -1, TP_BAD_VALUE, "$.limits.budget");
    REFUSED(returns, 9, TP_BAD_VALUE, "$.returns");
    REFUSED(offline, -1, TP_BAD_VALUE, "$.offline.mode");
    REFUSED(bears, 2, TP_BAD_VALUE, "$.offline.bears");
    REFUSED(offline_cap, -1, TP_BAD_VALUE, "$.offline.cap");
    REFUSED(fee_percent, 100001, TP_BAD_VALUE, "$.fee.percent");
    REFUSED(fee_fixed, -1, TP_BAD_VALUE, "$.fee.fixed");
}

/* Nothing is taken that this version would not keep. */
static void what_is_not_kept_is_refused_by_name(void **state)
{
    (void)state;
    REFUSED(redeem, REDEEM_COUPON | REDEEM_AUTOMATIC, TP_UNSUPPORTED, "$.redeem");
    REFUSED(per_customer, 1, TP_UNSUPPORTED, "$.limits.per_customer");
    REFUSED(total, 1, TP_UNSUPPORTED, "$.limits.total");
    REFUSED(budget, 0, TP_UNSUPPORTED, "$.limits.budget");
    REFUSED(returns, RETURNS_CLAW_BACK, TP_UNSUPPORTED, "$.returns");
    REFUSED(returns, RETURNS_READJUDICATE, TP_UNSUPPORTED, "$.returns");
    REFUSED(revive, true, TP_UNSUPPORTED, "$.revive");
    REFUSED(offline, OFFLINE_LEASE, TP_UNSUPPORTED, "$.offline.mode");
    REFUSED(offline, OFFLINE_RISK, TP_UNSUPPORTED, "$.offline.mode");
    REFUSED(gives, GIVES_PRICE, TP_UNSUPPORTED, "$.gives");
    REFUSED(gives, GIVES_BUY_GET, TP_UNSUPPORTED, "$.gives");
    REFUSED(gives, GIVES_TIERS, TP_UNSUPPORTED, "$.gives");
    REFUSED(gives, GIVES_CASHBACK, TP_UNSUPPORTED, "$.gives");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_offers_pass),
        cmocka_unit_test(ids_are_plain_words),
        cmocka_unit_test(head_has_ranges),
        cmocka_unit_test(needs_and_gives_have_ranges),
        cmocka_unit_test(lists_have_ranges),
        cmocka_unit_test(the_rest_has_ranges),
        cmocka_unit_test(what_is_not_kept_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
