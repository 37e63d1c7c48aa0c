#include "offer/money.h"
#include "offer/work.h"

/* What is sold and what is taken back are each within range, so every sum that follows is, in any order. */
static int price_lines(struct work *w, struct err *e)
{
    int64_t sold = 0, taken_back = 0;
    for (size_t i = 0; i < w->nlines; i++) {
        const struct line *line = &w->basket->lines.v[i];
        int64_t *side = line->quantity < 0 ? &taken_back : &sold;
        if (!mul_div(line->quantity, line->unit_price, 1000, &w->gross[i]) ||
            !add_amount(*side, w->gross[i], side)) {
            return err_set(e, TP_AMOUNT_RANGE, "the basket is beyond what can be counted exactly");
        }
        w->left[i] = w->gross[i];
        w->skus.all[i] = line->sku;
        w->categories.all[i] = line->category;
    }
    return 0;
}

static void name_things(struct work *w)
{
    for (size_t i = 0; i < w->noffers; i++) {
        w->groups.all[i] = w->offers[i]->group;
    }
    names_build(&w->skus, w->nlines, w->order);
    names_build(&w->categories, w->nlines, w->order);
    names_build(&w->groups, w->noffers, w->by_rank);
}

static void refuse_offer(struct work *w, size_t i, int reason, int64_t missing)
{
    const struct offer *o = w->offers[i];
    struct quote_refused *row = &w->refused[w->nrefused++];
    *row = (struct quote_refused){.id = o->id, .version = o->version, .reason = reason, .missing = missing};
    memcpy(row->ref, o->ref, REF_SIZE);
}

static int window_reason(const struct work *w, const struct offer *o)
{
    int64_t now = w->basket->time_ms;
    if (now == NONE) {
        return 0;
    }
    return now < o->valid_from ? TP_NOT_YET_VALID : now >= o->valid_until ? TP_EXPIRED : 0;
}

/* What does not depend on other offers: standing, window, needs, and what each alone would save. */
static void judge_offers(struct work *w)
{
    for (size_t i = 0; i < w->noffers; i++) {
        const struct offer *o = w->offers[i];
        int64_t missing = NONE;
        int reason = w->standings[i].reason;
        reason = reason ? reason : window_reason(w, o);
        if (!reason) {
            match_lines(w, o);
            reason = needs_reason(w, o, &missing);
        }
        if (reason) {
            refuse_offer(w, i, reason, missing);
        } else {
            int64_t alone = gives_of(o->gives)->save(w, o, false);
            w->candidates[w->ncandidates++] = (struct candidate){(uint32_t)i, alone};
        }
    }
}

static bool *group_of(struct work *w, size_t i)
{
    return w->offers[i]->group.n ? &w->group_used[w->groups.of[i]] : NULL;
}

/* Why an offer cannot join those that have applied; *saved is what it takes off otherwise. */
static int join_reason(struct work *w, size_t i, int64_t *saved)
{
    const struct offer *o = w->offers[i];
    const bool *used = group_of(w, i);
    if (w->closed || (o->exclusive && w->napplied > 0)) {
        return TP_EXCLUSIVE;
    }
    if (used && *used) {
        return TP_STACKING_GROUP;
    }
    match_lines(w, o);
    *saved = gives_of(o->gives)->save(w, o, true);
    if (*saved == 0) {
        return TP_NO_EFFECT;
    }
    int64_t budget = w->standings[i].budget_left;
    return budget != NONE && *saved > budget ? TP_BUDGET_SPENT : 0;
}

static void apply_offer(struct work *w, size_t i, int64_t saved)
{
    const struct offer *o = w->offers[i];
    bool *used = group_of(w, i);
    struct quote_applied *row = &w->applied[w->napplied];
    *row = (struct quote_applied){
        .id = o->id, .funder = o->funder, .version = o->version, .basis = w->hit_left, .discount = saved};
    memcpy(row->ref, o->ref, REF_SIZE);
    w->applied_offer[w->napplied++] = (uint32_t)i;
    w->closed = w->closed || o->exclusive;
    if (used) {
        *used = true;
    }
}

static void take_shares(struct work *w)
{
    for (size_t k = 0; k < w->nhits; k++) {
        w->left[w->hit[k]] -= w->share[w->hit[k]];
    }
}

/*
 * The offers are taken in an order that does not depend on who else is there, and one that exceeds its
 * budget has changed nothing yet: going on without it is the same as starting again without it.
 */
static void take_offers(struct work *w)
{
    for (size_t k = 0; k < w->ncandidates; k++) {
        size_t i = w->candidates[w->by_rank[k]].offer;
        int64_t saved = 0;
        int reason = join_reason(w, i, &saved);
        if (reason) {
            refuse_offer(w, i, reason, NONE);
            continue;
        }
        apply_offer(w, i, saved);
        for (size_t h = 0; h < w->nhits; h++) {
            w->lines[w->hit[h]].shares.n += w->share[w->hit[h]] > 0;
        }
        take_shares(w);
    }
}

static bool from_manufacturer(const struct offer *o)
{
    return bytes_is(o->funder, "manufacturer");
}

/* Room for exactly the shares that were counted, line after line; then everything costs its gross again. */
static bool lay_out_shares(struct work *w, struct arena *a)
{
    size_t total = 0;
    for (size_t i = 0; i < w->nlines; i++) {
        total += w->lines[i].shares.n;
    }
    struct quote_share *next = ARENA_NEW(a, struct quote_share, total);
    if (!next) {
        return false;
    }
    for (size_t i = 0; i < w->nlines; i++) {
        w->lines[i].shares.v = next;
        next += w->lines[i].shares.n;
        w->left[i] = w->gross[i];
    }
    return true;
}

static void write_share(struct work *w, uint32_t line, size_t applied, bool before_tax)
{
    struct quote_share *shares = (struct quote_share *)w->lines[line].shares.v;
    int64_t share = w->share[line];
    if (share > 0) {
        shares[w->filled[line]++] = (struct quote_share){(int64_t)applied, share};
        w->manufacturer[line] += before_tax ? share : 0;
    }
}

/* The same offers once more, as they were taken, now that the shares have a place. */
static void write_shares(struct work *w)
{
    for (size_t k = 0; k < w->napplied; k++) {
        const struct offer *o = w->offers[w->applied_offer[k]];
        bool before_tax = w->policy->manufacturer_before_tax && from_manufacturer(o);
        match_lines(w, o);
        gives_of(o->gives)->save(w, o, true);
        for (size_t h = 0; h < w->nhits; h++) {
            write_share(w, w->hit[h], k, before_tax);
        }
        take_shares(w);
    }
}

static void finish_lines(struct work *w)
{
    for (size_t i = 0; i < w->nlines; i++) {
        struct quote_line *line = &w->lines[i];
        line->number = w->basket->lines.v[i].number;
        line->gross = w->gross[i];
        line->net = w->left[i];
        line->discount = line->gross - line->net;
    }
    tax_lines(w);
}

static int finish_quote(struct work *w, struct quote *q, struct err *e)
{
    struct quote sum = {.currency = w->basket->currency};
    for (size_t i = 0; i < w->nlines; i++) {
        sum.gross += w->lines[i].gross;
        sum.discount += w->lines[i].discount;
        sum.tax += w->lines[i].tax;
    }
    sum.net = sum.gross - sum.discount;
    sum.due = sum.net;
    if (!w->basket->tax_included && !add_amount(sum.net, sum.tax, &sum.due)) {
        return err_set(e, TP_AMOUNT_RANGE, "the basket is beyond what can be counted exactly");
    }
    order_refused(w);
    sum.lines.v = w->lines;
    sum.lines.n = w->nlines;
    sum.applied.v = w->applied;
    sum.applied.n = w->napplied;
    sum.refused.v = w->refused;
    sum.refused.n = w->nrefused;
    sum.taxes.v = w->taxes;
    sum.taxes.n = tax_sums(w);
    *q = sum;
    return 0;
}

int offer_price(const struct policy *policy, const struct basket *basket, const struct offer *const *offers,
                const struct standing *standings, size_t n, struct quote *q, struct arena *a, struct err *e)
{
    struct work w = {.policy = policy, .basket = basket, .offers = offers, .standings = standings};
    w.nlines = basket->lines.n;
    w.noffers = n;
    int rc = input_basket(policy, basket, e);
    if (rc) {
        return rc;
    }
    if (n > MAX_OFFERS) {
        return err_set(e, TP_BAD_VALUE, "at most %d offers can be on the table", MAX_OFFERS);
    }
    rc = input_offers(&w, e);
    if (rc) {
        return rc;
    }
    if (!work_take(&w, a)) {
        return err_code(e, TP_E_MEMORY);
    }
    rc = input_numbers(&w, e);
    rc = rc ? rc : price_lines(&w, e);
    if (rc) {
        return rc;
    }
    name_things(&w);
    judge_offers(&w);
    order_candidates(&w);
    take_offers(&w);
    if (!lay_out_shares(&w, a)) {
        return err_code(e, TP_E_MEMORY);
    }
    write_shares(&w);
    finish_lines(&w);
    return finish_quote(&w, q, e);
}
