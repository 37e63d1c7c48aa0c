#include "offer/money.h"
#include "offer/work.h"

static bool line_in_range(const struct line *line)
{
    return line->number >= 1 && line->number <= UINT32_MAX && line->quantity >= -QUANTITY_LIMIT &&
           line->quantity <= QUANTITY_LIMIT && line->unit_price >= 0 && line->unit_price <= AMOUNT_MAX &&
           line->tax >= 0 && line->tax <= PERCENT_WHOLE;
}

int input_basket(const struct policy *policy, const struct basket *basket, struct err *e)
{
    if (!bytes_equal(basket->currency, policy->currency) || currency_digits(basket->currency) < 0) {
        return err_set(e, TP_CURRENCY, "$.currency: the basket's currency is not the shop's");
    }
    if (basket->lines.n > MAX_LINES) {
        return err_set(e, TP_BAD_VALUE, "$.lines: at most %d lines can be priced", MAX_LINES);
    }
    if (basket->time_ms != NONE && (basket->time_ms < 0 || basket->time_ms > TIME_MAX)) {
        return err_set(e, TP_BAD_VALUE, "$.time: must lie in the years 1970 to 9999");
    }
    for (size_t i = 0; i < basket->lines.n; i++) {
        if (!line_in_range(&basket->lines.v[i])) {
            return err_set(e, TP_BAD_VALUE,
                           "$.lines[%zu]: a number, quantity, price or tax rate is out of range", i);
        }
    }
    return 0;
}

/* An offer with a standing of its own is refused by that word, and nothing else of it is looked at. */
int input_offers(const struct work *w, struct err *e)
{
    for (size_t i = 0; i < w->noffers; i++) {
        const struct offer *o = w->offers[i];
        if (w->standings[i].reason < 0) {
            return err_set(e, TP_BAD_VALUE, "a standing must be 0 or an outcome");
        }
        if (w->standings[i].reason) {
            continue;
        }
        if (!bytes_equal(o->currency, w->policy->currency)) {
            return err_set(e, TP_CURRENCY, "$.currency: an offer's currency is not the shop's");
        }
        int rc = terms_check(o, e);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static bool lower_number(const void *ctx, uint32_t a, uint32_t b)
{
    const struct line *lines = ctx;
    return lines[a].number != lines[b].number ? lines[a].number < lines[b].number : a < b;
}

int input_numbers(struct work *w, struct err *e)
{
    const struct line *lines = w->basket->lines.v;
    for (size_t i = 0; i < w->nlines; i++) {
        w->order[i] = (uint32_t)i;
    }
    sort_indexes(w->order, w->nlines, lower_number, lines);
    for (size_t i = 1; i < w->nlines; i++) {
        int64_t number = lines[w->order[i]].number;
        if (number == lines[w->order[i - 1]].number) {
            return err_set(e, TP_BAD_VALUE, "$.lines: line %lld is there twice", (long long)number);
        }
    }
    return 0;
}
