#include "forms/reading.h"

#include "offer/money.h"
#include "offer/zone.h"
#include "wire/statement.h"

enum { ID_LENGTH = 40, TITLE_LENGTH = 200, GS1_LENGTH = 90, PRIORITY_LIMIT = 1000000, LEASE_HOURS = 24 };

static const char *const offer_keys[] = {
    "id",       "version", "title",   "currency", "funder", "redeem",  "valid", "needs",           "gives",
    "stacking", "limits",  "returns", "revive",   "gs1",    "offline", "fee",   "holdout_percent", NULL};
static const char *const valid_keys[] = {"from", "until", NULL};
static const char *const stacking_keys[] = {"group", "priority", "exclusive", NULL};
static const char *const limits_keys[] = {"per_coupon", "per_customer", "total", "budget", NULL};
static const char *const offline_keys[] = {"mode", "cap", "bears", "lease", NULL};
static const char *const lease_keys[] = {"uses", "amount", "hours", NULL};
static const char *const fee_keys[] = {"percent", "fixed", NULL};

const struct form_keys form_offer_keys[] = {
    {"", offer_keys},
    {"valid", valid_keys},
    {"needs", needs_keys},
    {"gives", gives_keys},
    {"gives.tiers[]", tier_keys},
    {"stacking", stacking_keys},
    {"limits", limits_keys},
    {"offline", offline_keys},
    {"offline.lease", lease_keys},
    {"fee", fee_keys},
    {NULL, NULL},
};

int read_money(const struct node *parent, const char *key, struct reading *r, int64_t min, int64_t *out)
{
    struct node at = node_get(parent, key);
    return node_present(&at) ? node_decimal(&at, r->digits, min, AMOUNT_MAX, out, r->e) : 0;
}

static int read_count(const struct node *parent, const char *key, struct reading *r, int64_t *out)
{
    struct node at = node_get(parent, key);
    return node_present(&at) ? node_int(&at, 1, COUNT_LIMIT, out, r->e) : 0;
}

int read_percent(const struct node *parent, const char *key, struct reading *r, int64_t min, int64_t *out)
{
    struct node at = node_get(parent, key);
    return node_present(&at) ? node_decimal(&at, 3, min, PERCENT_MAX, out, r->e) : 0;
}

int read_words(const struct node *parent, const char *key, size_t length, struct reading *r,
               const struct bytes **v, size_t *n)
{
    struct node at = node_get(parent, key);
    size_t count = 0;
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_list(&at, MAX_SKUS, &count, r->e);
    if (rc) {
        return rc;
    }
    struct bytes *words = ARENA_NEW(r->a, struct bytes, count);
    if (!words) {
        return err_code(r->e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < count; i++) {
        struct node item = node_item(&at, i);
        rc = node_text(&item, 1, length, r->a, &words[i], r->e);
        if (rc) {
            return rc;
        }
    }
    *v = words;
    *n = count;
    return 0;
}

static int read_currency(const struct node *root, struct reading *r, struct offer *o)
{
    struct node at = node_get(root, "currency");
    int rc = node_text(&at, 3, 3, r->a, &o->currency, r->e);
    if (rc) {
        return rc;
    }
    r->digits = currency_digits(o->currency);
    if (r->digits < 0) {
        return node_refuse(&at, r->e, TP_BAD_VALUE, "must be the code of a currency in use, such as \"EUR\"");
    }
    if (!bytes_equal(o->currency, r->policy->currency)) {
        return node_refuse(&at, r->e, TP_CURRENCY, "is not the currency of the shop, %.*s",
                           (int)(r->policy->currency.n == 3 ? 3 : 0), (const char *)r->policy->currency.p);
    }
    return 0;
}

static int read_redeem(const struct node *root, struct reading *r, struct offer *o)
{
    static const char *const words[] = {"coupon", "card", "automatic", NULL};
    struct node at = node_get(root, "redeem");
    size_t n = 0;
    int rc = node_list(&at, 3, &n, r->e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct node item = node_item(&at, i);
        int word = 0;
        rc = node_word(&item, words, &word, r->e);
        o->redeem |= 1 << word;
    }
    if (rc == 0 && n == 0) {
        rc = node_refuse(&at, r->e, TP_BAD_VALUE, "must name at least one of coupon, card, automatic");
    }
    return rc;
}

static int read_date(const struct node *at, struct reading *r, int days_more, int64_t *out)
{
    struct bytes text;
    int64_t year = 0;
    int month = 0, day = 0;
    int rc = node_string(at, &text, r->e);
    if (rc) {
        return rc;
    }
    if (!date_parse(text, &year, &month, &day)) {
        return node_refuse(at, r->e, TP_BAD_VALUE, "must be a day of the calendar, such as \"2026-11-01\"");
    }
    int64_t t = zone_day_start(r->policy, year, month, day + days_more);
    *out = t < 0 ? 0 : t > TIME_MAX ? TIME_MAX : t;
    return 0;
}

/* `until` is the last day: the offer ends as the next one begins. */
static int read_valid(const struct node *root, struct reading *r, struct offer *o)
{
    struct node at = node_get(root, "valid");
    struct node from = node_get(&at, "from"), until = node_get(&at, "until");
    int rc = node_object(&at, valid_keys, r->e);
    rc = rc ? rc : read_date(&from, r, 0, &o->valid_from);
    rc = rc ? rc : read_date(&until, r, 1, &o->valid_until);
    if (rc == 0 && o->valid_from >= o->valid_until) {
        rc = node_refuse(&until, r->e, TP_BAD_VALUE, "must not be before from");
    }
    return rc;
}

static int read_stacking(const struct node *root, struct reading *r, struct offer *o)
{
    struct node at = node_get(root, "stacking");
    struct node group = node_get(&at, "group"), priority = node_get(&at, "priority");
    struct node exclusive = node_get(&at, "exclusive");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, stacking_keys, r->e);
    if (rc == 0 && node_present(&group)) {
        rc = node_text(&group, 1, WORD_LENGTH, r->a, &o->group, r->e);
    }
    if (rc == 0 && node_present(&priority)) {
        rc = node_int(&priority, -PRIORITY_LIMIT, PRIORITY_LIMIT, &o->priority, r->e);
    }
    if (rc == 0 && node_present(&exclusive)) {
        rc = node_bool(&exclusive, &o->exclusive, r->e);
    }
    return rc;
}

static int read_limits(const struct node *root, struct reading *r, struct offer *o)
{
    struct node at = node_get(root, "limits");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, limits_keys, r->e);
    rc = rc ? rc : read_count(&at, "per_coupon", r, &o->per_coupon);
    rc = rc ? rc : read_count(&at, "per_customer", r, &o->per_customer);
    rc = rc ? rc : read_count(&at, "total", r, &o->total);
    return rc ? rc : read_money(&at, "budget", r, 0, &o->budget);
}

static int read_lease(const struct node *parent, struct reading *r, struct offer *o)
{
    struct node at = node_get(parent, "lease");
    if (!node_present(&at)) {
        return 0;
    }
    struct lease_terms *l = ARENA_NEW(r->a, struct lease_terms, 1);
    int rc = l ? node_object(&at, lease_keys, r->e) : err_code(r->e, TP_E_MEMORY);
    if (rc == 0) {
        *l = (struct lease_terms){NONE, NONE, LEASE_HOURS};
        rc = read_count(&at, "uses", r, &l->uses);
        rc = rc ? rc : read_money(&at, "amount", r, 0, &l->amount);
        rc = rc ? rc : read_count(&at, "hours", r, &l->hours);
        o->lease = l;
    }
    return rc;
}

static int read_offline(const struct node *root, struct reading *r, struct offer *o)
{
    struct node at = node_get(root, "offline");
    struct node mode = node_get(&at, "mode"), bears = node_get(&at, "bears");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, offline_keys, r->e);
    if (rc == 0 && node_present(&mode)) {
        rc = node_word(&mode, offline_words, &o->offline, r->e);
    }
    if (rc == 0 && node_present(&bears)) {
        rc = node_word(&bears, bears_words, &o->bears, r->e);
    }
    rc = rc ? rc : read_lease(&at, r, o);
    return rc ? rc : read_money(&at, "cap", r, 0, &o->offline_cap);
}

static int read_fee(const struct node *root, struct reading *r, struct offer *o)
{
    struct node at = node_get(root, "fee");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, fee_keys, r->e);
    rc = rc ? rc : read_percent(&at, "percent", r, 0, &o->fee_percent);
    return rc ? rc : read_money(&at, "fixed", r, 0, &o->fee_fixed);
}

static int read_returns(const struct node *root, struct reading *r, struct offer *o)
{
    struct node returns = node_get(root, "returns"), revive = node_get(root, "revive");
    int rc = node_present(&returns) ? node_word(&returns, returns_words, &o->returns, r->e) : 0;
    if (rc == 0 && node_present(&revive)) {
        rc = node_bool(&revive, &o->revive, r->e);
    }
    return rc;
}

static int read_rest(const struct node *root, struct reading *r, struct offer *o)
{
    struct node gs1 = node_get(root, "gs1");
    int rc = node_present(&gs1) ? node_text(&gs1, 1, GS1_LENGTH, r->a, &o->gs1, r->e) : 0;
    return rc ? rc : read_percent(root, "holdout_percent", r, 0, &o->holdout_percent);
}

static int read_head(const struct node *root, struct reading *r, struct offer *o)
{
    struct node id = node_get(root, "id"), version = node_get(root, "version"),
                title = node_get(root, "title");
    struct node funder = node_get(root, "funder");
    int rc = node_text(&id, 1, ID_LENGTH, r->a, &o->id, r->e);
    rc = rc ? rc : node_int(&version, 1, UINT32_MAX, &o->version, r->e);
    if (rc == 0 && node_present(&title)) {
        rc = node_text(&title, 1, TITLE_LENGTH, r->a, &o->title, r->e);
    } else {
        o->title = o->id;
    }
    if (rc == 0 && node_present(&funder)) {
        rc = node_text(&funder, 1, WORD_LENGTH, r->a, &o->funder, r->e);
    }
    return rc;
}

static int read_offer(const struct node *root, struct reading *r, struct offer *o)
{
    int rc = node_object(root, offer_keys, r->e);
    rc = rc ? rc : read_head(root, r, o);
    rc = rc ? rc : read_currency(root, r, o);
    rc = rc ? rc : read_redeem(root, r, o);
    rc = rc ? rc : read_valid(root, r, o);
    rc = rc ? rc : read_needs(root, r, o);
    rc = rc ? rc : read_gives(root, r, o);
    rc = rc ? rc : read_stacking(root, r, o);
    rc = rc ? rc : read_limits(root, r, o);
    rc = rc ? rc : read_returns(root, r, o);
    rc = rc ? rc : read_offline(root, r, o);
    rc = rc ? rc : read_fee(root, r, o);
    return rc ? rc : read_rest(root, r, o);
}

/* What an offer says that says nothing. */
static struct offer defaults(void)
{
    return (struct offer){
        .funder = bytes_str("store"),
        .min_spend = NONE,
        .min_quantity = NONE,
        .percent = NONE,
        .cap = NONE,
        .amount = NONE,
        .per_coupon = 1,
        .per_customer = NONE,
        .total = NONE,
        .budget = NONE,
        .returns = RETURNS_KEEP,
        .offline = OFFLINE_DENY,
        .bears = BEARS_MERCHANT,
        .offline_cap = NONE,
    };
}

int form_offer(struct bytes json, const struct policy *policy, const uint8_t authority[ID_SIZE],
               struct arena *a, struct offer *out, struct err *e)
{
    struct reading r = {.policy = policy, .a = a, .e = e};
    struct offer o = defaults();
    struct node root = {0};
    int rc = node_parse(json, &root, e);
    if (rc) {
        return rc;
    }
    rc = read_offer(&root, &r, &o);
    rc = rc ? rc : offer_check(&o, e);
    if (rc == 0) {
        rc = offer_ref(authority, o.id, o.ref);
        if (rc) {
            err_code(e, rc);
        }
    }
    node_free(&root);
    if (rc == 0) {
        *out = o;
    }
    return rc;
}
