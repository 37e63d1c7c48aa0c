#include "offer/money.h"
#include "offer/work.h"

enum { ID_LENGTH = 40, TITLE_LENGTH = 200, WORD_LENGTH = 64, PRIORITY_MAX = 1000000 };
#define COUNT_LIMIT INT64_C(1000000000000)

static int refuse(struct err *e, const char *path, const char *why)
{
    return err_set(e, TP_BAD_VALUE, "%s: %s", path, why);
}

static bool within(int64_t v, int64_t min, int64_t max)
{
    return v >= min && v <= max;
}

static bool within_or_none(int64_t v, int64_t min, int64_t max)
{
    return v == NONE || within(v, min, max);
}

static bool text_fits(struct bytes text, size_t max)
{
    return text.p && text.n >= 1 && text.n <= max;
}

int terms_check(const struct offer *o, struct err *e)
{
    const struct gives *gives = gives_of(o->gives);
    if (!gives) {
        return err_set(e, TP_UNSUPPORTED, "$.gives: this version prices percent and amount only");
    }
    if (!within_or_none(o->min_spend, 0, AMOUNT_MAX)) {
        return refuse(e, "$.needs.min_spend", "must be an amount, 0 or more");
    }
    if (!within_or_none(o->min_quantity, 0, QUANTITY_LIMIT)) {
        return refuse(e, "$.needs.min_quantity", "must be a quantity from 0 to 1000000000");
    }
    return gives->check(o, e);
}

static bool id_char(uint8_t c, bool first)
{
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return plain || (!first && (c == '_' || c == '.' || c == '-'));
}

static int check_id(struct bytes id, struct err *e)
{
    bool good = text_fits(id, ID_LENGTH);
    for (size_t i = 0; good && i < id.n; i++) {
        good = id_char(id.p[i], i == 0);
    }
    return good ? 0
                : refuse(e, "$.id",
                         "must be 1 to 40 of a-z, 0-9, '_', '.', '-', beginning with a letter or digit");
}

static int check_head(const struct offer *o, struct err *e)
{
    int rc = check_id(o->id, e);
    if (rc) {
        return rc;
    }
    if (!within(o->version, 1, UINT32_MAX)) {
        return refuse(e, "$.version", "must be an integer from 1");
    }
    if (!text_fits(o->title, TITLE_LENGTH)) {
        return refuse(e, "$.title", "must be a text of 1 to 200 bytes");
    }
    if (currency_digits(o->currency) < 0) {
        return refuse(e, "$.currency", "must be the code of a currency in use, such as \"EUR\"");
    }
    if (!text_fits(o->funder, WORD_LENGTH)) {
        return refuse(e, "$.funder", "must be a text of 1 to 64 bytes");
    }
    if (!within(o->redeem, 1, REDEEM_COUPON | REDEEM_CARD | REDEEM_AUTOMATIC)) {
        return refuse(e, "$.redeem", "must name at least one of coupon, card");
    }
    if (!within(o->valid_from, 0, TIME_MAX) || !within(o->valid_until, 0, TIME_MAX)) {
        return refuse(e, "$.valid", "must lie in the years 1970 to 9999");
    }
    return o->valid_from < o->valid_until ? 0 : refuse(e, "$.valid.until", "must not be before from");
}

static int check_words(const struct bytes *v, size_t n, const char *path, struct err *e)
{
    if (n > MAX_SKUS) {
        return refuse(e, path, "must be at most 256 texts");
    }
    for (size_t i = 0; i < n; i++) {
        if (!text_fits(v[i], WORD_LENGTH)) {
            return refuse(e, path, "must hold texts of 1 to 64 bytes");
        }
    }
    return 0;
}

static int check_lists(const struct offer *o, struct err *e)
{
    int rc = check_words(o->category.v, o->category.n, "$.needs.category", e);
    rc = rc ? rc : check_words(o->sku.v, o->sku.n, "$.needs.sku", e);
    return rc ? rc : check_words(o->exclude_sku.v, o->exclude_sku.n, "$.needs.exclude_sku", e);
}

static int check_numbers(const struct offer *o, struct err *e)
{
    const struct {
        bool good;
        const char *path, *why;
    } rules[] = {
        {!o->group.p || text_fits(o->group, WORD_LENGTH), "$.stacking.group",
         "must be a text of 1 to 64 bytes"},
        {within(o->priority, -PRIORITY_MAX, PRIORITY_MAX), "$.stacking.priority",
         "must be an integer from -1000000 to 1000000"},
        {within_or_none(o->per_coupon, 1, COUNT_LIMIT), "$.limits.per_coupon", "must be an integer from 1"},
        {within_or_none(o->per_customer, 1, COUNT_LIMIT), "$.limits.per_customer",
         "must be an integer from 1"},
        {within_or_none(o->total, 1, COUNT_LIMIT), "$.limits.total", "must be an integer from 1"},
        {within_or_none(o->budget, 0, AMOUNT_MAX), "$.limits.budget", "must be an amount, 0 or more"},
        {within(o->returns, RETURNS_KEEP, RETURNS_READJUDICATE), "$.returns", "must be a known word"},
        {within(o->offline, OFFLINE_DENY, OFFLINE_RISK), "$.offline.mode", "must be a known word"},
        {within(o->bears, BEARS_MERCHANT, BEARS_ISSUER), "$.offline.bears", "must be a known word"},
        {within_or_none(o->offline_cap, 0, AMOUNT_MAX), "$.offline.cap", "must be an amount, 0 or more"},
        {within_or_none(o->fee_percent, 0, PERCENT_WHOLE), "$.fee.percent", "must be from 0 to 100"},
        {within_or_none(o->fee_fixed, 0, AMOUNT_MAX), "$.fee.fixed", "must be an amount, 0 or more"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (!rules[i].good) {
            return refuse(e, rules[i].path, rules[i].why);
        }
    }
    return 0;
}

/* What an offer may ask for and nobody enforces yet: taking it would promise what is not kept. */
static int check_enforced(const struct offer *o, struct err *e)
{
    const struct {
        bool asked;
        const char *path, *what;
    } rules[] = {
        {o->redeem & REDEEM_AUTOMATIC, "$.redeem", "automatic offers"},
        {o->per_customer != NONE, "$.limits.per_customer", "a limit for each customer"},
        {o->total != NONE, "$.limits.total", "a total limit"},
        {o->budget != NONE, "$.limits.budget", "a budget"},
        {o->returns != RETURNS_KEEP, "$.returns", "a rule other than keep"},
        {o->revive, "$.revive", "reviving a coupon by a return"},
        {o->offline != OFFLINE_DENY, "$.offline.mode", "a mode other than deny"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].asked) {
            return err_set(e, TP_UNSUPPORTED, "%s: %s is more than this version can keep", rules[i].path,
                           rules[i].what);
        }
    }
    return 0;
}

int offer_check(const struct offer *o, struct err *e)
{
    int rc = check_head(o, e);
    rc = rc ? rc : check_lists(o, e);
    rc = rc ? rc : check_numbers(o, e);
    rc = rc ? rc : check_enforced(o, e);
    return rc ? rc : terms_check(o, e);
}
