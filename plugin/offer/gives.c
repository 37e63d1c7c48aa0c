#include "offer/money.h"
#include "offer/work.h"

static int64_t at_most(int64_t v, int64_t limit)
{
    return limit != NONE && v > limit ? limit : v;
}

/* In range: at most 100% of an amount. */
static int64_t part_of(int64_t amount, int64_t percent)
{
    int64_t part = 0;
    (void)mul_div(amount, percent, PERCENT_WHOLE, &part);
    return part;
}

static int64_t spread_over(struct work *w, int64_t saved, bool spread)
{
    if (spread) {
        share_out(w, saved);
    }
    return saved;
}

/* Rounded once for the offer, then capped. */
static int64_t percent_save(struct work *w, const struct offer *o, bool spread)
{
    return spread_over(w, at_most(part_of(w->hit_left, o->percent), o->cap), spread);
}

static int64_t amount_save(struct work *w, const struct offer *o, bool spread)
{
    return spread_over(w, at_most(o->amount, w->hit_left), spread);
}

/* The highest tier that the matching gross reaches; none: nothing is saved. */
static int64_t tiers_save(struct work *w, const struct offer *o, bool spread)
{
    const struct tier *reached = NULL;
    for (size_t i = 0; i < o->tiers.n && o->tiers.v[i].min_spend <= w->hit_gross; i++) {
        reached = &o->tiers.v[i];
    }
    if (!reached) {
        return spread_over(w, 0, spread);
    }
    int64_t saved = reached->percent != NONE ? part_of(w->hit_left, reached->percent)
                                             : at_most(reached->amount, w->hit_left);
    return spread_over(w, saved, spread);
}

static int64_t cashback_save(struct work *w, const struct offer *o, bool spread)
{
    (void)spread;
    return at_most(part_of(w->hit_left, o->percent), o->cap);
}

enum { PERCENT = 1, CAP = 2, AMOUNT = 4, UNITS = 8, TIERS = 16 };

static const struct gives rows[] = {
    [GIVES_PERCENT] = {PERCENT, CAP, percent_save, false},
    [GIVES_AMOUNT] = {AMOUNT, 0, amount_save, false},
    [GIVES_PRICE] = {AMOUNT, 0, price_save, false},
    [GIVES_BUY_GET] = {UNITS | PERCENT, 0, buy_get_save, false},
    [GIVES_TIERS] = {TIERS, 0, tiers_save, false},
    [GIVES_CASHBACK] = {PERCENT, CAP, cashback_save, true},
};

const struct gives *gives_of(int kind)
{
    size_t row = (size_t)kind;
    return kind >= 0 && row < sizeof rows / sizeof rows[0] ? &rows[row] : NULL;
}

static bool within(int64_t v, int64_t min, int64_t max)
{
    return v >= min && v <= max;
}

static int refuse(struct err *e, const char *path, const char *why)
{
    return err_set(e, TP_BAD_VALUE, "%s: %s", path, why);
}

static int refuse_tier(struct err *e, size_t i, const char *rest)
{
    return err_set(e, TP_BAD_VALUE, "$.gives.tiers[%zu]%s", i, rest);
}

static int check_tier(const struct offer *o, size_t i, struct err *e)
{
    const struct tier *tier = &o->tiers.v[i];
    if (!within(tier->min_spend, 0, AMOUNT_MAX)) {
        return refuse_tier(e, i, ".min_spend: must be an amount, 0 or more");
    }
    if (i > 0 && tier->min_spend <= o->tiers.v[i - 1].min_spend) {
        return refuse_tier(e, i, ".min_spend: must be above that of the tier before");
    }
    if ((tier->percent == NONE) == (tier->amount == NONE)) {
        return refuse_tier(e, i, ": must hold either percent or amount");
    }
    if (tier->percent != NONE && !within(tier->percent, 1, PERCENT_WHOLE)) {
        return refuse_tier(e, i, ".percent: must be above 0 and at most 100");
    }
    if (tier->amount != NONE && !within(tier->amount, 1, AMOUNT_MAX)) {
        return refuse_tier(e, i, ".amount: must be an amount above 0");
    }
    return 0;
}

static int check_tiers(const struct offer *o, struct err *e)
{
    int rc = 0;
    if (o->tiers.n < 1 || o->tiers.n > MAX_TIERS) {
        return refuse(e, "$.gives.tiers", "must have 1 to 16 tiers");
    }
    for (size_t i = 0; rc == 0 && i < o->tiers.n; i++) {
        rc = check_tier(o, i, e);
    }
    return rc;
}

int gives_check(const struct offer *o, struct err *e)
{
    const struct gives *gives = gives_of(o->gives);
    if (!gives) {
        return err_set(e, TP_UNSUPPORTED, "$.gives: this version does not know that kind");
    }
    const char *percent = o->gives == GIVES_CASHBACK ? "$.gives.cashback_percent" : "$.gives.percent";
    const char *amount = o->gives == GIVES_PRICE ? "$.gives.price" : "$.gives.amount";
    int64_t least = o->gives == GIVES_PRICE ? 0 : 1;
    const struct {
        int bit;
        bool there, good;
        const char *path, *why;
    } fields[] = {
        {PERCENT, o->percent != NONE, within(o->percent, 1, PERCENT_WHOLE), percent,
         "must be above 0 and at most 100"},
        {CAP, o->cap != NONE, within(o->cap, 1, AMOUNT_MAX), "$.gives.cap", "must be an amount above 0"},
        {AMOUNT, o->amount != NONE, within(o->amount, least, AMOUNT_MAX), amount,
         least ? "must be an amount above 0" : "must be an amount, 0 or more"},
        {UNITS, o->buy != 0, within(o->buy, 1, MAX_BUY), "$.gives.buy", "must be an integer from 1 to 1000"},
        {UNITS, o->get != 0, within(o->get, 1, MAX_BUY), "$.gives.get", "must be an integer from 1 to 1000"},
        {TIERS, o->tiers.n != 0, true, "$.gives.tiers", ""},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        bool used = (gives->needs & fields[i].bit) || ((gives->takes & fields[i].bit) && fields[i].there);
        if (fields[i].there && !used) {
            return refuse(e, fields[i].path, "does not belong to this kind of gives");
        }
        if (used && !fields[i].good) {
            return refuse(e, fields[i].path, fields[i].why);
        }
    }
    return o->gives == GIVES_TIERS ? check_tiers(o, e) : 0;
}
