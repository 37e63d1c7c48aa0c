#include "forms/reading.h"

const char *const gives_keys[] = {"percent", "cap",   "amount",           "price", "buy",
                                  "get",     "tiers", "cashback_percent", NULL};
const char *const tier_keys[] = {"min_spend", "percent", "amount", NULL};

/* What must be there. */
static int need_percent(const struct node *parent, const char *key, struct reading *r, int64_t *out)
{
    struct node at = node_get(parent, key);
    return node_decimal(&at, 3, 1, PERCENT_MAX, out, r->e);
}

static int need_money(const struct node *parent, const char *key, struct reading *r, int64_t min,
                      int64_t *out)
{
    struct node at = node_get(parent, key);
    return node_decimal(&at, r->digits, min, AMOUNT_MAX, out, r->e);
}

/* Units are counted: an integer, or a text of one, as quantities are written elsewhere. */
static int need_units(const struct node *parent, const char *key, struct reading *r, int64_t *out)
{
    struct node at = node_get(parent, key);
    struct bytes text;
    if (node_present(&at) && node_string(&at, &text, NULL) == 0) {
        return node_decimal(&at, 0, 1, MAX_BUY, out, r->e);
    }
    return node_int(&at, 1, MAX_BUY, out, r->e);
}

static int gives_percent(const struct node *at, struct reading *r, struct offer *o)
{
    int rc = need_percent(at, "percent", r, &o->percent);
    return rc ? rc : read_money(at, "cap", r, 1, &o->cap);
}

static int gives_amount(const struct node *at, struct reading *r, struct offer *o)
{
    return need_money(at, "amount", r, 1, &o->amount);
}

static int gives_price(const struct node *at, struct reading *r, struct offer *o)
{
    return need_money(at, "price", r, 0, &o->amount);
}

static int gives_buy_get(const struct node *at, struct reading *r, struct offer *o)
{
    int rc = need_units(at, "buy", r, &o->buy);
    rc = rc ? rc : need_units(at, "get", r, &o->get);
    return rc ? rc : need_percent(at, "percent", r, &o->percent);
}

static int gives_cashback(const struct node *at, struct reading *r, struct offer *o)
{
    int rc = need_percent(at, "cashback_percent", r, &o->percent);
    return rc ? rc : read_money(at, "cap", r, 1, &o->cap);
}

static int read_tier(const struct node *at, struct reading *r, struct tier *tier)
{
    *tier = (struct tier){.percent = NONE, .amount = NONE};
    int rc = node_object(at, tier_keys, r->e);
    rc = rc ? rc : need_money(at, "min_spend", r, 0, &tier->min_spend);
    rc = rc ? rc : read_percent(at, "percent", r, 1, &tier->percent);
    return rc ? rc : read_money(at, "amount", r, 1, &tier->amount);
}

static int gives_tiers(const struct node *gives, struct reading *r, struct offer *o)
{
    struct node at = node_get(gives, "tiers");
    size_t n = 0;
    int rc = node_list(&at, MAX_TIERS, &n, r->e);
    struct tier *tiers = rc ? NULL : ARENA_NEW(r->a, struct tier, n);
    if (!tiers) {
        return rc ? rc : err_code(r->e, TP_E_MEMORY);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct node item = node_item(&at, i);
        rc = read_tier(&item, r, &tiers[i]);
    }
    o->tiers.v = tiers;
    o->tiers.n = n;
    return rc;
}

/* One row for each kind, by the key that tells it from the rows below, and what may stand beside that. */
static const struct {
    const char *key, *beside[2];
    int kind;
    int (*read)(const struct node *at, struct reading *r, struct offer *o);
} rows[] = {
    {"price", {0}, GIVES_PRICE, gives_price},
    {"buy", {"get", "percent"}, GIVES_BUY_GET, gives_buy_get},
    {"get", {"buy", "percent"}, GIVES_BUY_GET, gives_buy_get},
    {"tiers", {0}, GIVES_TIERS, gives_tiers},
    {"cashback_percent", {"cap"}, GIVES_CASHBACK, gives_cashback},
    {"amount", {0}, GIVES_AMOUNT, gives_amount},
    {"percent", {"cap"}, GIVES_PERCENT, gives_percent},
};

static bool is_key(const char *key, const char *other)
{
    return other && strcmp(key, other) == 0;
}

static int read_kind(const struct node *at, size_t row, struct reading *r, struct offer *o)
{
    for (size_t i = 0; gives_keys[i]; i++) {
        const char *key = gives_keys[i];
        struct node child = node_get(at, key);
        bool fits = is_key(key, rows[row].key) || is_key(key, rows[row].beside[0]) ||
                    is_key(key, rows[row].beside[1]);
        if (node_present(&child) && !fits) {
            return node_refuse(&child, r->e, TP_BAD_VALUE, "cannot stand beside %s: an offer gives one thing",
                               rows[row].key);
        }
    }
    o->gives = rows[row].kind;
    return rows[row].read(at, r, o);
}

int read_gives(const struct node *root, struct reading *r, struct offer *o)
{
    struct node at = node_get(root, "gives");
    int rc = node_object(&at, gives_keys, r->e);
    for (size_t i = 0; rc == 0 && i < sizeof rows / sizeof rows[0]; i++) {
        struct node key = node_get(&at, rows[i].key);
        if (node_present(&key)) {
            return read_kind(&at, i, r, o);
        }
    }
    return rc ? rc
              : node_refuse(&at, r->e, TP_BAD_VALUE,
                            "must hold percent, amount, price, buy and get, tiers, or cashback_percent");
}
