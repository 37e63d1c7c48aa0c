#include "forms/json.h"

#include "offer/money.h"
#include "offer/zone.h"
#include "wire/statement.h"

#define COUNT_LIMIT    INT64_C(1000000000000)
#define PERCENT_MAX    INT64_C(100000)
#define QUANTITY_LIMIT INT64_C(1000000000000)

enum { ID_LENGTH = 40, TITLE_LENGTH = 200, WORD_LENGTH = 64, PRIORITY_LIMIT = 1000000 };

/* One reading of one document. */
struct reading {
    const struct policy *policy;
    struct arena *a;
    struct err *e;
    int digits; /* of the currency */
};

/* A key whose value asks for what this version does not do. */
static int unsupported(const struct node *at, struct err *e)
{
    return node_refuse(at, e, TP_UNSUPPORTED, "this version cannot do that");
}

static int read_money(const struct node *parent, const char *key, struct reading *r, int64_t min,
                      int64_t *out)
{
    struct node at = node_get(parent, key);
    return node_present(&at) ? node_decimal(&at, r->digits, min, AMOUNT_MAX, out, r->e) : 0;
}

static int read_count(const struct node *parent, const char *key, struct reading *r, int64_t *out)
{
    struct node at = node_get(parent, key);
    return node_present(&at) ? node_int(&at, 1, COUNT_LIMIT, out, r->e) : 0;
}

static int read_percent(const struct node *parent, const char *key, struct reading *r, int64_t min,
                        int64_t *out)
{
    struct node at = node_get(parent, key);
    return node_present(&at) ? node_decimal(&at, 3, min, PERCENT_MAX, out, r->e) : 0;
}

static int read_words(const struct node *parent, const char *key, struct reading *r, const struct bytes **v,
                      size_t *n)
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
        rc = node_text(&item, 1, WORD_LENGTH, r->a, &words[i], r->e);
        if (rc) {
            return rc;
        }
    }
    *v = words;
    *n = count;
    return 0;
}

/* A list that may be there as long as it is empty. */
static int read_empty_list(const struct node *parent, const char *key, struct reading *r)
{
    struct node at = node_get(parent, key);
    size_t n = 0;
    int rc = node_present(&at) ? node_list(&at, MAX_SKUS, &n, r->e) : 0;
    return rc ? rc : n ? unsupported(&at, r->e) : 0;
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
        if (rc == 0 && (1 << word) == REDEEM_AUTOMATIC) {
            rc = unsupported(&item, r->e);
        }
        o->redeem |= 1 << word;
    }
    if (rc == 0 && n == 0) {
        rc = node_refuse(&at, r->e, TP_BAD_VALUE, "must name at least one of coupon, card");
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
    static const char *const keys[] = {"from", "until", NULL};
    struct node at = node_get(root, "valid");
    struct node from = node_get(&at, "from"), until = node_get(&at, "until");
    int rc = node_object(&at, keys, r->e);
    rc = rc ? rc : read_date(&from, r, 0, &o->valid_from);
    rc = rc ? rc : read_date(&until, r, 1, &o->valid_until);
    if (rc == 0 && o->valid_from >= o->valid_until) {
        rc = node_refuse(&until, r->e, TP_BAD_VALUE, "must not be before from");
    }
    return rc;
}

static int read_customer(const struct node *needs, struct reading *r)
{
    static const char *const words[] = {"any", "new", NULL};
    struct node at = node_get(needs, "customer");
    int word = 0;
    int rc = node_present(&at) ? node_word(&at, words, &word, r->e) : 0;
    return rc ? rc : word ? unsupported(&at, r->e) : 0;
}

static int read_needs(const struct node *root, struct reading *r, struct offer *o)
{
    static const char *const keys[] = {"min_spend", "min_quantity", "category", "sku",      "exclude_sku",
                                       "stores",    "weekdays",     "hours",    "customer", NULL};
    struct node at = node_get(root, "needs");
    struct node quantity = node_get(&at, "min_quantity");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, keys, r->e);
    rc = rc ? rc : read_money(&at, "min_spend", r, 0, &o->min_spend);
    if (rc == 0 && node_present(&quantity)) {
        rc = node_decimal(&quantity, 3, 0, QUANTITY_LIMIT, &o->min_quantity, r->e);
    }
    rc = rc ? rc : read_words(&at, "category", r, &o->category.v, &o->category.n);
    rc = rc ? rc : read_words(&at, "sku", r, &o->sku.v, &o->sku.n);
    rc = rc ? rc : read_words(&at, "exclude_sku", r, &o->exclude_sku.v, &o->exclude_sku.n);
    rc = rc ? rc : read_empty_list(&at, "stores", r);
    rc = rc ? rc : read_empty_list(&at, "weekdays", r);
    rc = rc ? rc : read_empty_list(&at, "hours", r);
    return rc ? rc : read_customer(&at, r);
}

/* Each kind of gives, by the key that tells it from the others. */
static int gives_percent(const struct node *at, struct reading *r, struct offer *o)
{
    static const char *const keys[] = {"percent", "cap", NULL};
    int rc = node_object(at, keys, r->e);
    rc = rc ? rc : read_percent(at, "percent", r, 1, &o->percent);
    return rc ? rc : read_money(at, "cap", r, 1, &o->cap);
}

static int gives_amount(const struct node *at, struct reading *r, struct offer *o)
{
    static const char *const keys[] = {"amount", NULL};
    int rc = node_object(at, keys, r->e);
    return rc ? rc : read_money(at, "amount", r, 1, &o->amount);
}

static const struct {
    const char *key;
    int kind;
    int (*read)(const struct node *at, struct reading *r, struct offer *o); /* NULL: a later version */
} gives_rows[] = {
    {"price", GIVES_PRICE, NULL},
    {"buy", GIVES_BUY_GET, NULL},
    {"get", GIVES_BUY_GET, NULL},
    {"tiers", GIVES_TIERS, NULL},
    {"cashback_percent", GIVES_CASHBACK, NULL},
    {"amount", GIVES_AMOUNT, gives_amount},
    {"percent", GIVES_PERCENT, gives_percent},
};

static int read_gives(const struct node *root, struct reading *r, struct offer *o)
{
    static const char *const keys[] = {"percent", "cap",   "amount",           "price", "buy",
                                       "get",     "tiers", "cashback_percent", NULL};
    struct node at = node_get(root, "gives");
    int rc = node_object(&at, keys, r->e);
    for (size_t i = 0; rc == 0 && i < sizeof gives_rows / sizeof gives_rows[0]; i++) {
        struct node key = node_get(&at, gives_rows[i].key);
        if (node_present(&key)) {
            o->gives = gives_rows[i].kind;
            return gives_rows[i].read ? gives_rows[i].read(&at, r, o) : unsupported(&key, r->e);
        }
    }
    return rc ? rc : node_refuse(&at, r->e, TP_BAD_VALUE, "must hold percent or amount");
}

static int read_stacking(const struct node *root, struct reading *r, struct offer *o)
{
    static const char *const keys[] = {"group", "priority", "exclusive", NULL};
    struct node at = node_get(root, "stacking");
    struct node group = node_get(&at, "group"), priority = node_get(&at, "priority");
    struct node exclusive = node_get(&at, "exclusive");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, keys, r->e);
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
    static const char *const keys[] = {"per_coupon", "per_customer", "total", "budget", NULL};
    struct node at = node_get(root, "limits");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, keys, r->e);
    rc = rc ? rc : read_count(&at, "per_coupon", r, &o->per_coupon);
    rc = rc ? rc : read_count(&at, "per_customer", r, &o->per_customer);
    rc = rc ? rc : read_count(&at, "total", r, &o->total);
    return rc ? rc : read_money(&at, "budget", r, 0, &o->budget);
}

static int read_offline(const struct node *root, struct reading *r, struct offer *o)
{
    static const char *const keys[] = {"mode", "cap", "bears", NULL};
    struct node at = node_get(root, "offline");
    struct node mode = node_get(&at, "mode"), bears = node_get(&at, "bears");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, keys, r->e);
    if (rc == 0 && node_present(&mode)) {
        rc = node_word(&mode, offline_words, &o->offline, r->e);
    }
    if (rc == 0 && node_present(&bears)) {
        rc = node_word(&bears, bears_words, &o->bears, r->e);
    }
    return rc ? rc : read_money(&at, "cap", r, 0, &o->offline_cap);
}

static int read_fee(const struct node *root, struct reading *r, struct offer *o)
{
    static const char *const keys[] = {"percent", "fixed", NULL};
    struct node at = node_get(root, "fee");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, keys, r->e);
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

/* Keys that the signed form does not carry yet. */
static int read_later(const struct node *root, struct reading *r)
{
    struct node gs1 = node_get(root, "gs1"), holdout = node_get(root, "holdout_percent");
    int64_t percent = 0;
    if (node_present(&gs1)) {
        return unsupported(&gs1, r->e);
    }
    int rc = read_percent(root, "holdout_percent", r, 0, &percent);
    return rc ? rc : percent ? unsupported(&holdout, r->e) : 0;
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
    static const char *const keys[] = {"id",     "version",         "title",  "currency", "funder",
                                       "redeem", "valid",           "needs",  "gives",    "stacking",
                                       "limits", "returns",         "revive", "gs1",      "offline",
                                       "fee",    "holdout_percent", NULL};
    int rc = node_object(root, keys, r->e);
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
    return rc ? rc : read_later(root, r);
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
