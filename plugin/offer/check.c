#include "offer/money.h"
#include "offer/work.h"
#include "wire/gs1.h"

enum { ID_LENGTH = 40, TITLE_LENGTH = 200, WORD_LENGTH = 64, STORE_LENGTH = 32 };
enum { PRIORITY_MAX = 1000000, ALL_DAYS = 127 };
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

static int check_hours(const struct offer *o, struct err *e)
{
    if (o->hours.n > MAX_HOURS) {
        return refuse(e, "$.needs.hours", "must be at most 16 spans");
    }
    for (size_t i = 0; i < o->hours.n; i++) {
        const struct hours *h = &o->hours.v[i];
        if (!within(h->from, 0, DAY_MINUTES - 1) || !within(h->until, 0, DAY_MINUTES)) {
            return err_set(e, TP_BAD_VALUE, "$.needs.hours[%zu]: must lie from 00:00 to 24:00", i);
        }
        if (h->from == h->until) {
            return err_set(e, TP_BAD_VALUE, "$.needs.hours[%zu]: is empty; a whole day is \"00:00-24:00\"",
                           i);
        }
    }
    return 0;
}

int terms_check(const struct offer *o, struct err *e)
{
    if (!within_or_none(o->min_spend, 0, AMOUNT_MAX)) {
        return refuse(e, "$.needs.min_spend", "must be an amount, 0 or more");
    }
    if (!within_or_none(o->min_quantity, 0, QUANTITY_LIMIT)) {
        return refuse(e, "$.needs.min_quantity", "must be a quantity from 0 to 1000000000");
    }
    if (!within(o->weekdays, 0, ALL_DAYS)) {
        return refuse(e, "$.needs.weekdays", "must name days from mon to sun");
    }
    int rc = check_hours(o, e);
    return rc ? rc : gives_check(o, e);
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
        return refuse(e, "$.redeem", "must name at least one of coupon, card, automatic");
    }
    if (!within(o->valid_from, 0, TIME_MAX) || !within(o->valid_until, 0, TIME_MAX)) {
        return refuse(e, "$.valid", "must lie in the years 1970 to 9999");
    }
    return o->valid_from < o->valid_until ? 0 : refuse(e, "$.valid.until", "must not be before from");
}

static int check_words(const struct bytes *v, size_t n, size_t length, const char *path, struct err *e)
{
    if (n > MAX_SKUS) {
        return refuse(e, path, "must be at most 256 texts");
    }
    for (size_t i = 0; i < n; i++) {
        if (!text_fits(v[i], length)) {
            return err_set(e, TP_BAD_VALUE, "%s: must hold texts of 1 to %zu bytes", path, length);
        }
    }
    return 0;
}

static bool listed(const struct bytes *v, size_t n, struct bytes text)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes_equal(v[i], text)) {
            return true;
        }
    }
    return false;
}

/* An offer for some skus alone that takes each of them out again could never match anything. */
static bool takes_all_out(const struct offer *o)
{
    for (size_t i = 0; i < o->sku.n; i++) {
        if (!listed(o->exclude_sku.v, o->exclude_sku.n, o->sku.v[i])) {
            return false;
        }
    }
    return o->sku.n > 0 && o->category.n == 0;
}

static int check_lists(const struct offer *o, struct err *e)
{
    int rc = check_words(o->category.v, o->category.n, WORD_LENGTH, "$.needs.category", e);
    rc = rc ? rc : check_words(o->sku.v, o->sku.n, WORD_LENGTH, "$.needs.sku", e);
    rc = rc ? rc : check_words(o->exclude_sku.v, o->exclude_sku.n, WORD_LENGTH, "$.needs.exclude_sku", e);
    rc = rc ? rc : check_words(o->stores.v, o->stores.n, STORE_LENGTH, "$.needs.stores", e);
    if (rc == 0 && takes_all_out(o)) {
        rc = refuse(e, "$.needs.exclude_sku", "takes out every sku that the offer is for");
    }
    return rc;
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
        {within(o->holdout_percent, 0, PERCENT_WHOLE), "$.holdout_percent", "must be from 0 to 100"},
        {!o->gs1.p || gs1_offer_valid(o->gs1), "$.gs1",
         "must be 8112 or 8110, a prefix of 6 to 12 digits and an offer code of 6; or 255 and the 13 digits "
         "of "
         "a GCN"},
        {!o->gs1.p || (o->redeem & REDEEM_COUPON), "$.gs1", "needs \"coupon\" in redeem"},
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

/* A till alone cannot know what others have spent of them. */
static int check_risk(const struct offer *o, struct err *e)
{
    bool shared = o->total != NONE || o->budget != NONE;
    return o->offline == OFFLINE_RISK && shared
               ? refuse(e, "$.offline.mode",
                        "must not be risk for an offer with limits.total or limits.budget")
               : 0;
}

static int check_lease_size(const struct offer *o, struct err *e)
{
    const struct lease_terms *l = o->lease;
    const struct {
        bool good;
        const char *path, *why;
    } rules[] = {
        {within_or_none(l->uses, 1, LEASE_USES_MAX), "$.offline.lease.uses",
         "must be an integer from 1 to 1000"},
        {within_or_none(l->amount, 1, AMOUNT_MAX), "$.offline.lease.amount", "must be an amount above 0"},
        {within(l->hours, 1, LEASE_HOURS_MAX), "$.offline.lease.hours", "must be an integer from 1 to 2160"},
        {l->uses != NONE || l->amount != NONE, "$.offline.lease", "needs uses or an amount"},
        {l->uses != NONE || o->total == NONE, "$.offline.lease.uses", "is needed by limits.total"},
        {l->amount != NONE || o->budget == NONE, "$.offline.lease.amount", "is needed by limits.budget"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (!rules[i].good) {
            return refuse(e, rules[i].path, rules[i].why);
        }
    }
    return 0;
}

/* A lease keeps for one till what all share; whose use it is, a till alone cannot tell. */
static int check_lease(const struct offer *o, struct err *e)
{
    if (o->offline != OFFLINE_LEASE) {
        return o->lease ? refuse(e, "$.offline.lease", "belongs to the mode lease") : 0;
    }
    if (!o->lease) {
        return refuse(e, "$.offline.lease", "is needed by the mode lease");
    }
    if (o->per_customer != NONE || o->customer_new) {
        return refuse(e, "$.offline.mode",
                      "must not be lease for an offer with limits.per_customer or for new customers");
    }
    if (!(o->redeem & (REDEEM_COUPON | REDEEM_AUTOMATIC))) {
        return refuse(e, "$.offline.mode", "must not be lease for an offer that needs a card");
    }
    return check_lease_size(o, e);
}

/* What an offer may ask for and nobody enforces yet: taking it would promise what is not kept. */
static int check_enforced(const struct offer *o, struct err *e)
{
    const struct {
        bool asked;
        const char *path, *what;
    } rules[] = {
        {o->holdout_percent != 0, "$.holdout_percent", "a holdout"},
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
    rc = rc ? rc : check_risk(o, e);
    rc = rc ? rc : check_lease(o, e);
    rc = rc ? rc : check_enforced(o, e);
    return rc ? rc : terms_check(o, e);
}

bool offer_is_limited(const struct offer *o)
{
    return o->total != NONE || o->budget != NONE || o->per_customer != NONE || o->customer_new;
}
