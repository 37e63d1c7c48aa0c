#include "wire/terms.h"

#define INT(record, member, key, min, max)     FIELD(F_INT, record, member, key, min, max)
#define INT_OPT(record, member, key, min, max) FIELD_OPT(F_INT, record, member, key, min, max)
#define TEXT(record, member, key, min, max)    FIELD(F_TEXT, record, member, key, min, max)
#define BOOL(record, member, key)              FIELD(F_BOOL, record, member, key, 0, 0)
#define REF(record, member, key)               FIELD(F_FIXED, record, member, key, REF_SIZE, REF_SIZE)

enum {
    PERCENT_MAX = 100000,
    YEAR_MINUTES_MAX = 24 * 60,
    ID_MAX = 40,
    SKU_MAX = 64,
    NAME_MAX_BYTES = 200,
    STORE_MAX = 32,
    GS1_MAX = 90,
    LOYALTY_MAX = 16,
    WEEKDAYS_MAX = 127,
};

#define QUANTITY_MAX INT64_C(1000000000000)
#define COUNT_MAX    INT64_C(1000000000000)
#define AGE_MAX      INT64_C(31622400000) /* 366 days */

const char *const gives_words[] = {"percent", "amount", "price", "buy_get", "tiers", "cashback", NULL};
const char *const returns_words[] = {"keep", "claw_back", "readjudicate", NULL};
const char *const offline_words[] = {"deny", "lease", "risk", NULL};
const char *const bears_words[] = {"merchant", "issuer", NULL};

static const struct field word_fields[] = {{0, "", F_TEXT, 0, 0, 1, SKU_MAX, NULL, NULL}};
static const struct schema schema_word = {"word", SHAPE_SCALAR, sizeof(struct bytes), 1, word_fields};

static const struct field zone_step_fields[] = {
    INT(zone_step, from_ms, 0, -TIME_MAX, TIME_MAX),
    INT(zone_step, offset_min, 0, -YEAR_MINUTES_MAX, YEAR_MINUTES_MAX),
};
static const struct schema schema_zone_step = SCHEMA("zone_step", SHAPE_TUPLE, zone_step, zone_step_fields);

static const struct field loyalty_fields[] = {{0, "", F_TEXT, 0, 0, 1, LOYALTY_MAX, NULL, NULL}};
static const struct schema schema_loyalty = {"loyalty", SHAPE_SCALAR, sizeof(struct bytes), 1,
                                             loyalty_fields};

static const struct field policy_fields[] = {
    INT(policy, version, 1, 1, UINT32_MAX),
    TEXT(policy, currency, 2, 3, 3),
    TEXT(policy, zone, 3, 1, 64),
    FIELD_LIST(policy, zone_steps, 4, 1, 400, &schema_zone_step),
    BOOL(policy, tax_included, 5),
    BOOL(policy, manufacturer_before_tax, 6),
    INT(policy, offline_age_ms, 7, 0, AGE_MAX),
    INT(policy, risk_coupon_cap, 8, 0, AMOUNT_MAX),
    INT(policy, risk_hour_cap, 9, 0, AMOUNT_MAX),
    BOOL(policy, card_stripe, 10),
    FIELD_LIST_OPT(policy, loyalty, 11, 1, MAX_LOYALTY, &schema_loyalty),
};
const struct schema schema_policy_terms = SCHEMA("policy_terms", SHAPE_MAP, policy, policy_fields);

static const struct field store_fields[] = {{0, "", F_TEXT, 0, 0, 1, STORE_MAX, NULL, NULL}};
static const struct schema schema_store = {"store", SHAPE_SCALAR, sizeof(struct bytes), 1, store_fields};

static const struct field hours_fields[] = {
    INT(hours, from, 0, 0, DAY_MINUTES - 1),
    INT(hours, until, 0, 0, DAY_MINUTES),
};
static const struct schema schema_hours = SCHEMA("hours", SHAPE_TUPLE, hours, hours_fields);

static const struct field tier_fields[] = {
    INT(tier, min_spend, 0, 0, AMOUNT_MAX),
    INT_OPT(tier, percent, 0, 1, PERCENT_MAX),
    INT_OPT(tier, amount, 0, 1, AMOUNT_MAX),
};
static const struct schema schema_tier = SCHEMA("tier", SHAPE_TUPLE, tier, tier_fields);

static const struct field lease_terms_fields[] = {
    INT_OPT(lease_terms, uses, 0, 1, LEASE_USES_MAX),
    INT_OPT(lease_terms, amount, 0, 1, AMOUNT_MAX),
    INT(lease_terms, hours, 0, 1, LEASE_HOURS_MAX),
};
static const struct schema schema_lease_terms =
    SCHEMA("lease_terms", SHAPE_TUPLE, lease_terms, lease_terms_fields);

static const struct field offer_fields[] = {
    REF(offer, ref, 1),
    TEXT(offer, id, 2, 1, ID_MAX),
    INT(offer, version, 3, 1, UINT32_MAX),
    TEXT(offer, title, 4, 1, NAME_MAX_BYTES),
    TEXT(offer, currency, 5, 3, 3),
    TEXT(offer, funder, 6, 1, 64),
    INT(offer, redeem, 7, 1, REDEEM_COUPON | REDEEM_CARD | REDEEM_AUTOMATIC),
    INT(offer, valid_from, 8, 0, TIME_MAX),
    INT(offer, valid_until, 9, 0, TIME_MAX),
    INT_OPT(offer, min_spend, 10, 0, AMOUNT_MAX),
    INT_OPT(offer, min_quantity, 11, 0, QUANTITY_MAX),
    FIELD_LIST(offer, category, 12, 0, MAX_SKUS, &schema_word),
    FIELD_LIST(offer, sku, 13, 0, MAX_SKUS, &schema_word),
    FIELD_LIST(offer, exclude_sku, 14, 0, MAX_SKUS, &schema_word),
    FIELD_WORD(offer, gives, 15, gives_words),
    INT_OPT(offer, percent, 16, 0, PERCENT_MAX),
    INT_OPT(offer, cap, 17, 0, AMOUNT_MAX),
    INT_OPT(offer, amount, 18, 0, AMOUNT_MAX),
    FIELD_OPT(F_TEXT, offer, group, 19, 1, 64),
    INT(offer, priority, 20, -1000000, 1000000),
    BOOL(offer, exclusive, 21),
    INT_OPT(offer, per_coupon, 22, 1, COUNT_MAX),
    INT_OPT(offer, per_customer, 23, 1, COUNT_MAX),
    INT_OPT(offer, total, 24, 1, COUNT_MAX),
    INT_OPT(offer, budget, 25, 0, AMOUNT_MAX),
    FIELD_WORD(offer, returns, 26, returns_words),
    FIELD_WORD(offer, offline, 27, offline_words),
    FIELD_WORD(offer, bears, 28, bears_words),
    INT_OPT(offer, offline_cap, 29, 0, AMOUNT_MAX),
    BOOL(offer, revive, 30),
    INT_OPT(offer, fee_percent, 31, 0, PERCENT_MAX),
    INT_OPT(offer, fee_fixed, 32, 0, AMOUNT_MAX),
    FIELD_LIST(offer, stores, 33, 0, MAX_STORES, &schema_store),
    INT(offer, weekdays, 34, 0, WEEKDAYS_MAX),
    FIELD_LIST(offer, hours, 35, 0, MAX_HOURS, &schema_hours),
    BOOL(offer, customer_new, 36),
    INT(offer, buy, 37, 0, MAX_BUY),
    INT(offer, get, 38, 0, MAX_BUY),
    FIELD_LIST(offer, tiers, 39, 0, MAX_TIERS, &schema_tier),
    FIELD_OPT(F_TEXT, offer, gs1, 40, 1, GS1_MAX),
    INT(offer, holdout_percent, 41, 0, PERCENT_MAX),
    FIELD_SUB_OPT(offer, lease, 45, &schema_lease_terms),
};
const struct schema schema_offer_terms = SCHEMA("offer_terms", SHAPE_MAP, offer, offer_fields);

static const struct field line_fields[] = {
    INT(line, number, 0, 1, UINT32_MAX),
    FIELD(F_TEXT, line, sku, 0, 0, SKU_MAX),
    FIELD(F_TEXT, line, name, 0, 0, NAME_MAX_BYTES),
    FIELD(F_TEXT, line, category, 0, 0, SKU_MAX),
    INT(line, quantity, 0, -QUANTITY_MAX, QUANTITY_MAX),
    INT(line, unit_price, 0, 0, AMOUNT_MAX),
    INT(line, tax, 0, 0, PERCENT_MAX),
};
static const struct schema schema_line = SCHEMA("line", SHAPE_TUPLE, line, line_fields);

static const struct field basket_fields[] = {
    TEXT(basket, currency, 1, 3, 3),
    TEXT(basket, store, 2, 0, STORE_MAX),
    INT(basket, time_ms, 3, 0, TIME_MAX),
    BOOL(basket, tax_included, 4),
    FIELD_LIST(basket, lines, 5, 0, MAX_LINES, &schema_line),
};
const struct schema schema_basket = SCHEMA("basket", SHAPE_MAP, basket, basket_fields);

static const struct field quote_share_fields[] = {
    INT(quote_share, applied, 0, 0, MAX_OFFERS - 1),
    INT(quote_share, discount, 0, 0, AMOUNT_MAX),
};
static const struct schema schema_quote_share =
    SCHEMA("quote_share", SHAPE_TUPLE, quote_share, quote_share_fields);

static const struct field quote_line_fields[] = {
    INT(quote_line, number, 0, 1, UINT32_MAX),
    INT(quote_line, gross, 0, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote_line, discount, 0, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote_line, net, 0, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote_line, tax, 0, -AMOUNT_MAX, AMOUNT_MAX),
    FIELD_LIST(quote_line, shares, 0, 0, MAX_OFFERS, &schema_quote_share),
};
static const struct schema schema_quote_line =
    SCHEMA("quote_line", SHAPE_TUPLE, quote_line, quote_line_fields);

static const struct field quote_applied_fields[] = {
    REF(quote_applied, ref, 0),
    TEXT(quote_applied, id, 0, 1, ID_MAX),
    TEXT(quote_applied, funder, 0, 1, 64),
    INT(quote_applied, version, 0, 1, UINT32_MAX),
    INT(quote_applied, basis, 0, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote_applied, discount, 0, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote_applied, cashback, 0, 0, AMOUNT_MAX),
};
static const struct schema schema_quote_applied =
    SCHEMA("quote_applied", SHAPE_TUPLE, quote_applied, quote_applied_fields);

static const struct field quote_refused_fields[] = {
    REF(quote_refused, ref, 0),
    TEXT(quote_refused, id, 0, 0, ID_MAX),
    INT(quote_refused, version, 0, 0, UINT32_MAX),
    FIELD(F_CODE, quote_refused, reason, 0, 0, 0),
    INT_OPT(quote_refused, missing, 0, 0, AMOUNT_MAX),
};
static const struct schema schema_quote_refused =
    SCHEMA("quote_refused", SHAPE_TUPLE, quote_refused, quote_refused_fields);

static const struct field quote_tax_fields[] = {
    INT(quote_tax, rate, 0, 0, PERCENT_MAX),
    INT(quote_tax, net, 0, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote_tax, tax, 0, -AMOUNT_MAX, AMOUNT_MAX),
};
static const struct schema schema_quote_tax = SCHEMA("quote_tax", SHAPE_TUPLE, quote_tax, quote_tax_fields);

static const struct field quote_fields[] = {
    TEXT(quote, currency, 1, 3, 3),
    INT(quote, gross, 2, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote, discount, 3, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote, net, 4, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote, tax, 5, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote, due, 6, -AMOUNT_MAX, AMOUNT_MAX),
    INT(quote, cashback, 7, 0, AMOUNT_MAX),
    FIELD_LIST(quote, applied, 8, 0, MAX_OFFERS, &schema_quote_applied),
    FIELD_LIST(quote, refused, 9, 0, MAX_OFFERS, &schema_quote_refused),
    FIELD_LIST(quote, lines, 10, 0, MAX_LINES, &schema_quote_line),
    FIELD_LIST(quote, taxes, 11, 0, MAX_LINES, &schema_quote_tax),
};
const struct schema schema_quote = SCHEMA("quote", SHAPE_MAP, quote, quote_fields);
