#include "offer/money.h"
#include "offer/work.h"

static int64_t at_most(int64_t v, int64_t limit)
{
    return limit != NONE && v > limit ? limit : v;
}

static int refuse(struct err *e, const char *path, const char *why)
{
    return err_set(e, TP_BAD_VALUE, "%s: %s", path, why);
}

static int percent_check(const struct offer *o, struct err *e)
{
    if (o->percent < 1 || o->percent > PERCENT_WHOLE) {
        return refuse(e, "$.gives.percent", "must be above 0 and at most 100");
    }
    if (o->cap != NONE && (o->cap < 1 || o->cap > AMOUNT_MAX)) {
        return refuse(e, "$.gives.cap", "must be an amount above 0");
    }
    if (o->amount != NONE) {
        return refuse(e, "$.gives.amount", "cannot stand beside percent");
    }
    return 0;
}

/* Rounded once for the offer, then capped. The product is within range: at most 100% of an amount. */
static int64_t percent_save(struct work *w, const struct offer *o, bool spread)
{
    int64_t saved = 0;
    (void)mul_div(w->hit_left, o->percent, PERCENT_WHOLE, &saved);
    saved = at_most(saved, o->cap);
    if (spread) {
        share_out(w, saved);
    }
    return saved;
}

static int amount_check(const struct offer *o, struct err *e)
{
    if (o->amount < 1 || o->amount > AMOUNT_MAX) {
        return refuse(e, "$.gives.amount", "must be an amount above 0");
    }
    if (o->cap != NONE) {
        return refuse(e, "$.gives.cap", "goes with percent only");
    }
    if (o->percent != NONE) {
        return refuse(e, "$.gives.percent", "cannot stand beside amount");
    }
    return 0;
}

static int64_t amount_save(struct work *w, const struct offer *o, bool spread)
{
    int64_t saved = at_most(o->amount, w->hit_left);
    if (spread) {
        share_out(w, saved);
    }
    return saved;
}

static const struct gives rows[] = {
    [GIVES_PERCENT] = {percent_check, percent_save},
    [GIVES_AMOUNT] = {amount_check, amount_save},
};

const struct gives *gives_of(int kind)
{
    size_t row = (size_t)kind;
    return kind >= 0 && row < sizeof rows / sizeof rows[0] && rows[row].save ? &rows[row] : NULL;
}
