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
    o.customer_new = true;
    o.per_customer = o.total = 1;
    o.budget = 0;
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
    expect(&o, TP_BAD_VALUE, "$.gives.percent");
    o.percent = NONE;
    expect(&o, TP_BAD_VALUE, "$.gives.amount");
    o.amount = 100;
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
    REFUSED(holdout_percent, 100001, TP_BAD_VALUE, "$.holdout_percent");
    REFUSED(holdout_percent, -1, TP_BAD_VALUE, "$.holdout_percent");
    REFUSED(gs1, bytes_str(""), TP_BAD_VALUE, "$.gs1");
    REFUSED(gs1, bytes_str("8112"), TP_BAD_VALUE, "$.gs1");
    REFUSED(gs1, bytes_str("8111123456654321"), TP_BAD_VALUE, "$.gs1");
    REFUSED(gs1, bytes_str("2559501101530004"), TP_BAD_VALUE, "$.gs1");
    REFUSED(gs1, bytes_str("8112001234561234560123456"), TP_BAD_VALUE, "$.gs1");
}

static void a_gs1_code_is_for_coupons(void **state)
{
    (void)state;
    struct offer o = good();
    o.gs1 = bytes_str("8112123456654321");
    assert_int_equal(offer_check(&o, NULL), 0);
    o.redeem = REDEEM_CARD;
    expect(&o, TP_BAD_VALUE, "$.gs1");
}

/* A till alone does not know what the others have taken of a total or a budget. */
static void a_risk_goes_with_no_total_and_no_budget(void **state)
{
    (void)state;
    struct offer o = good();
    o.offline = OFFLINE_RISK;
    o.offline_cap = 500;
    assert_int_equal(offer_check(&o, NULL), 0);
    o.total = 100;
    expect(&o, TP_BAD_VALUE, "$.offline.mode");
    o.total = NONE;
    o.budget = 0;
    expect(&o, TP_BAD_VALUE, "$.offline.mode");
}

static struct offer leased(const struct lease_terms *l)
{
    struct offer o = good();
    o.offline = OFFLINE_LEASE;
    o.lease = l;
    return o;
}

/* What is shared has its part in the lease; a till alone knows no customer. */
static void a_lease_says_how_much_a_till_is_given(void **state)
{
    (void)state;
    const struct lease_terms both = {20, 5000, 24}, uses = {20, NONE, 24}, money = {NONE, 5000, 24};
    struct offer o = leased(&both);
    assert_int_equal(offer_check(&o, NULL), 0);
    o.total = 100;
    o.budget = 10000;
    assert_int_equal(offer_check(&o, NULL), 0);
    o.lease = &uses;
    expect(&o, TP_BAD_VALUE, "$.offline.lease.amount");
    o.lease = &money;
    expect(&o, TP_BAD_VALUE, "$.offline.lease.uses");
    o.lease = NULL;
    expect(&o, TP_BAD_VALUE, "$.offline.lease");
    o = leased(&uses);
    o.per_customer = 1;
    expect(&o, TP_BAD_VALUE, "$.offline.mode");
    o.per_customer = NONE;
    o.customer_new = true;
    expect(&o, TP_BAD_VALUE, "$.offline.mode");
    o = leased(&uses);
    o.redeem = REDEEM_CARD;
    expect(&o, TP_BAD_VALUE, "$.offline.mode");
    o = leased(&uses);
    o.offline = OFFLINE_RISK;
    expect(&o, TP_BAD_VALUE, "$.offline.lease");
}

static void a_lease_of_nothing_or_without_end_is_refused(void **state)
{
    (void)state;
    const struct {
        struct lease_terms l;
        const char *path;
    } bad[] = {
        {{NONE, NONE, 24}, "$.offline.lease"},      {{0, NONE, 24}, "$.offline.lease.uses"},
        {{1001, NONE, 24}, "$.offline.lease.uses"}, {{NONE, 0, 24}, "$.offline.lease.amount"},
        {{1, NONE, 0}, "$.offline.lease.hours"},    {{1, NONE, 2161}, "$.offline.lease.hours"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct offer o = leased(&bad[i].l);
        expect(&o, TP_BAD_VALUE, bad[i].path);
    }
}

/* Nothing is taken that this version would not keep. */
static void what_is_not_kept_is_refused_by_name(void **state)
{
    (void)state;
    REFUSED(holdout_percent, 1, TP_UNSUPPORTED, "$.holdout_percent");
}

/* ---- each kind of gives has its own fields, and no others ---- */

static struct offer of_kind(int kind)
{
    static const struct tier tiers[] = {{1000, 5000, NONE}, {2000, NONE, 300}};
    struct offer o = offer_plain("o");
    o.gives = kind;
    switch (kind) {
    case GIVES_AMOUNT:
    case GIVES_PRICE:
        o.amount = 100;
        break;
    case GIVES_BUY_GET:
        o.buy = 2;
        o.get = 1;
        o.percent = 100000;
        break;
    case GIVES_TIERS:
        o.tiers.v = tiers;
        o.tiers.n = 2;
        break;
    default:
        o.percent = 10000;
        break;
    }
    return o;
}

#define FIELD_REFUSED(kind, field, value, path)                                                              \
    do {                                                                                                     \
        struct offer o = of_kind(kind);                                                                      \
        assert_int_equal(offer_check(&o, NULL), 0);                                                          \
        o.field = (value);                                                                                   \
        expect(&o, TP_BAD_VALUE, (path));                                                                    \
    } while (0)

static void fields_of_another_kind_are_refused(void **state)
{
    (void)state;
    FIELD_REFUSED(GIVES_PERCENT, amount, 1, "$.gives.amount");
    FIELD_REFUSED(GIVES_PERCENT, buy, 1, "$.gives.buy");
    FIELD_REFUSED(GIVES_PERCENT, get, 1, "$.gives.get");
    FIELD_REFUSED(GIVES_PERCENT, tiers.n, 1, "$.gives.tiers");
    FIELD_REFUSED(GIVES_AMOUNT, percent, 1, "$.gives.percent");
    FIELD_REFUSED(GIVES_AMOUNT, cap, 1, "$.gives.cap");
    FIELD_REFUSED(GIVES_PRICE, percent, 1, "$.gives.percent");
    FIELD_REFUSED(GIVES_PRICE, cap, 1, "$.gives.cap");
    FIELD_REFUSED(GIVES_BUY_GET, amount, 1, "$.gives.amount");
    FIELD_REFUSED(GIVES_BUY_GET, cap, 1, "$.gives.cap");
    FIELD_REFUSED(GIVES_TIERS, percent, 1, "$.gives.percent");
    FIELD_REFUSED(GIVES_TIERS, amount, 1, "$.gives.amount");
    FIELD_REFUSED(GIVES_CASHBACK, amount, 1, "$.gives.amount");
    FIELD_REFUSED(GIVES_CASHBACK, get, 2, "$.gives.get");
}

static void fields_of_each_kind_have_ranges(void **state)
{
    (void)state;
    FIELD_REFUSED(GIVES_PRICE, amount, NONE, "$.gives.price");
    FIELD_REFUSED(GIVES_PRICE, amount, -1, "$.gives.price");
    FIELD_REFUSED(GIVES_PRICE, amount, AMOUNT_MAX + 1, "$.gives.price");
    FIELD_REFUSED(GIVES_BUY_GET, buy, 0, "$.gives.buy");
    FIELD_REFUSED(GIVES_BUY_GET, buy, MAX_BUY + 1, "$.gives.buy");
    FIELD_REFUSED(GIVES_BUY_GET, get, 0, "$.gives.get");
    FIELD_REFUSED(GIVES_BUY_GET, get, -1, "$.gives.get");
    FIELD_REFUSED(GIVES_BUY_GET, percent, NONE, "$.gives.percent");
    FIELD_REFUSED(GIVES_BUY_GET, percent, 100001, "$.gives.percent");
    FIELD_REFUSED(GIVES_CASHBACK, percent, NONE, "$.gives.cashback_percent");
    FIELD_REFUSED(GIVES_CASHBACK, percent, 0, "$.gives.cashback_percent");
    FIELD_REFUSED(GIVES_CASHBACK, cap, 0, "$.gives.cap");
    FIELD_REFUSED(GIVES_TIERS, tiers.n, 0, "$.gives.tiers");
    FIELD_REFUSED(GIVES_TIERS, tiers.n, MAX_TIERS + 1, "$.gives.tiers");
    struct offer o = of_kind(GIVES_PRICE);
    o.amount = 0; /* each for nothing */
    assert_int_equal(offer_check(&o, NULL), 0);
    o = of_kind(GIVES_CASHBACK);
    o.cap = 1;
    assert_int_equal(offer_check(&o, NULL), 0);
}

static void tiers_rise_and_give_one_thing(void **state)
{
    static const struct {
        struct tier tiers[3];
        const char *path;
    } rows[] = {
        {{{-1, 5000, NONE}, {2, 1, NONE}, {3, 1, NONE}}, "$.gives.tiers[0].min_spend"},
        {{{1, 5000, NONE}, {1, 6000, NONE}, {3, 1, NONE}}, "$.gives.tiers[1].min_spend"},
        {{{1, 5000, NONE}, {3, 6000, NONE}, {2, 1, NONE}}, "$.gives.tiers[2].min_spend"},
        {{{1, 5000, NONE}, {2, 1, NONE}, {AMOUNT_MAX + 1, 1, NONE}}, "$.gives.tiers[2].min_spend"},
        {{{1, NONE, NONE}, {2, 1, NONE}, {3, 1, NONE}}, "$.gives.tiers[0]"},
        {{{1, 1, NONE}, {2, 5, 5}, {3, 1, NONE}}, "$.gives.tiers[1]"},
        {{{1, 0, NONE}, {2, 1, NONE}, {3, 1, NONE}}, "$.gives.tiers[0].percent"},
        {{{1, 100001, NONE}, {2, 1, NONE}, {3, 1, NONE}}, "$.gives.tiers[0].percent"},
        {{{1, NONE, 0}, {2, 1, NONE}, {3, 1, NONE}}, "$.gives.tiers[0].amount"},
        {{{1, 1, NONE}, {2, 1, NONE}, {3, NONE, AMOUNT_MAX + 1}}, "$.gives.tiers[2].amount"},
    };
    struct offer o = of_kind(GIVES_TIERS);
    (void)state;
    o.tiers.n = 3;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        o.tiers.v = rows[i].tiers;
        expect(&o, TP_BAD_VALUE, rows[i].path);
    }
    static const struct tier from_nothing[] = {{0, NONE, 5}, {1, 100000, NONE}};
    o.tiers.v = from_nothing; /* a first tier from nothing is fine, and later ones need not give more */
    o.tiers.n = 2;
    assert_int_equal(offer_check(&o, NULL), 0);
}

/* ---- what contradicts itself ---- */

static void hours_hold_a_minute_of_the_day(void **state)
{
    static const struct hours bad[] = {{-1, 5},    {1440, 5}, {5, 1441},   {5, -1},
                                       {420, 420}, {0, 0},    {1439, 1439}};
    static const struct hours good[] = {{0, 1440}, {1439, 1440}, {1320, 120}, {1320, 0}, {0, 1}};
    struct hours many[MAX_HOURS + 1];
    struct offer o = of_kind(GIVES_AMOUNT);
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hours two[] = {{60, 120}, bad[i]};
        o.hours.v = two;
        o.hours.n = 2;
        expect(&o, TP_BAD_VALUE, "$.needs.hours[1]");
    }
    o.hours.v = good;
    o.hours.n = sizeof good / sizeof good[0];
    assert_int_equal(offer_check(&o, NULL), 0);
    for (size_t i = 0; i <= MAX_HOURS; i++) {
        many[i] = (struct hours){1, 2};
    }
    o.hours.v = many;
    o.hours.n = MAX_HOURS + 1;
    expect(&o, TP_BAD_VALUE, "$.needs.hours");
}

static void days_and_stores_have_ranges(void **state)
{
    struct bytes stores[] = {bytes_str("mitte"), bytes_str("")};
    struct offer o = of_kind(GIVES_AMOUNT);
    (void)state;
    o.weekdays = 128;
    expect(&o, TP_BAD_VALUE, "$.needs.weekdays");
    o.weekdays = -1;
    expect(&o, TP_BAD_VALUE, "$.needs.weekdays");
    o.weekdays = 127;
    o.stores.v = stores;
    o.stores.n = 1;
    assert_int_equal(offer_check(&o, NULL), 0);
    o.stores.n = 2;
    expect(&o, TP_BAD_VALUE, "$.needs.stores");
    stores[1] = bytes_str("abcdefghijabcdefghijabcdefghijabc");
    expect(&o, TP_BAD_VALUE, "$.needs.stores");
    o.stores.n = MAX_STORES + 1;
    expect(&o, TP_BAD_VALUE, "$.needs.stores");
}

static void an_offer_that_takes_every_sku_out_is_refused(void **state)
{
    struct bytes skus[] = {bytes_str("a"), bytes_str("b")}, out[] = {bytes_str("b"), bytes_str("a")};
    struct offer o = of_kind(GIVES_AMOUNT);
    (void)state;
    o.sku.v = skus;
    o.sku.n = 2;
    o.exclude_sku.v = out;
    o.exclude_sku.n = 2;
    expect(&o, TP_BAD_VALUE, "$.needs.exclude_sku");
    o.exclude_sku.n = 1;
    assert_int_equal(offer_check(&o, NULL), 0);
    o.exclude_sku.n = 2;
    o.category.v = skus; /* items of the category are left */
    o.category.n = 1;
    assert_int_equal(offer_check(&o, NULL), 0);
    o.category.n = o.sku.n = 0; /* everything else matches */
    assert_int_equal(offer_check(&o, NULL), 0);
}

static void automatic_offers_are_taken(void **state)
{
    struct offer o = good();
    (void)state;
    o.redeem = REDEEM_AUTOMATIC;
    assert_int_equal(offer_check(&o, NULL), 0);
    o.redeem = REDEEM_AUTOMATIC | REDEEM_COUPON;
    assert_int_equal(offer_check(&o, NULL), 0);
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
        cmocka_unit_test(a_gs1_code_is_for_coupons),
        cmocka_unit_test(a_risk_goes_with_no_total_and_no_budget),
        cmocka_unit_test(a_lease_says_how_much_a_till_is_given),
        cmocka_unit_test(a_lease_of_nothing_or_without_end_is_refused),
        cmocka_unit_test(what_is_not_kept_is_refused_by_name),
        cmocka_unit_test(fields_of_another_kind_are_refused),
        cmocka_unit_test(fields_of_each_kind_have_ranges),
        cmocka_unit_test(tiers_rise_and_give_one_thing),
        cmocka_unit_test(hours_hold_a_minute_of_the_day),
        cmocka_unit_test(days_and_stores_have_ranges),
        cmocka_unit_test(an_offer_that_takes_every_sku_out_is_refused),
        cmocka_unit_test(automatic_offers_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
