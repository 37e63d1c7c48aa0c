#include "offer/money.h"
#include "offer/work.h"

static int beyond_count(struct err *e)
{
    return err_set(e, TP_AMOUNT_RANGE, "the basket is beyond what can be counted exactly");
}

/* What is sold and what is taken back are each within range, so every sum that follows is, in any order. */
static int price_lines(struct work *w, struct err *e)
{
    int64_t sold = 0, taken_back = 0;
    for (size_t i = 0; i < w->nlines; i++) {
        const struct line *line = &w->basket->lines.v[i];
        int64_t *side = line->quantity < 0 ? &taken_back : &sold;
        if (!mul_div(line->quantity, line->unit_price, 1000, &w->gross[i]) ||
            !add_amount(*side, w->gross[i], side)) {
            return beyond_count(e);
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

/* What does not depend on other offers: standing, window, place, needs, and what each alone would save. */
static void judge_offers(struct work *w)
{
    for (size_t i = 0; i < w->noffers; i++) {
        const struct offer *o = w->offers[i];
        int64_t missing = NONE;
        int reason = w->standings[i].reason;
        reason = reason ? reason : when_reason(w->policy, w->basket, o);
        if (!reason) {
            match_lines(w, o);
            reason = needs_reason(w, o, &missing);
        }
        if (reason) {
            refuse_offer(w, i, reason, missing);
        } else {
            int64_t alone = gives_of(o->gives)->save(w, o, false);
            w->candidates[w->ncandidates++] = (struct candidate){.offer = (uint32_t)i, .alone = alone};
        }
    }
}

static bool *group_of(struct work *w, size_t i)
{
    return w->offers[i]->group.n ? &w->group_used[w->groups.of[i]] : NULL;
}

static bool beyond_budget(const struct work *w, size_t i, int64_t amount)
{
    int64_t budget = w->standings[i].budget_left;
    return budget != NONE && amount > budget;
}

/* Why a candidate cannot join those that have applied; *saved is what it gives otherwise. */
static int join_reason(struct work *w, struct candidate *c, int64_t *saved)
{
    const struct offer *o = w->offers[c->offer];
    const struct gives *gives = gives_of(o->gives);
    const bool *used = group_of(w, c->offer);
    if (c->gone) {
        return c->gone;
    }
    if (w->closed || (o->exclusive && w->napplied > 0)) {
        return TP_EXCLUSIVE;
    }
    if (used && *used) {
        return TP_STACKING_GROUP;
    }
    match_lines(w, o);
    *saved = gives->save(w, o, true);
    if (*saved == 0) {
        return TP_NO_EFFECT;
    }
    if (w->napplied == MAX_APPLIED) {
        return TP_LIMIT_REACHED;
    }
    if (!gives->after && beyond_budget(w, c->offer, *saved)) {
        c->gone = TP_BUDGET_SPENT;
    }
    return c->gone;
}

static void apply_offer(struct work *w, uint32_t candidate, int64_t saved)
{
    size_t i = w->candidates[candidate].offer;
    const struct offer *o = w->offers[i];
    bool *used = group_of(w, i);
    struct quote_applied *row = &w->applied[w->napplied];
    *row = (struct quote_applied){
        .id = o->id, .funder = o->funder, .version = o->version, .basis = w->hit_left, .discount = saved};
    memcpy(row->ref, o->ref, REF_SIZE);
    w->applied_by[w->napplied++] = candidate;
    w->closed = o->exclusive;
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
 * The offers are taken in an order that does not depend on who else is there, and a discount that exceeds
 * its budget has changed nothing yet: going on without it is the same as starting again without it.
 */
static void take_offers(struct work *w)
{
    for (size_t k = 0; k < w->ncandidates; k++) {
        uint32_t candidate = w->by_rank[k];
        size_t i = w->candidates[candidate].offer;
        int64_t saved = 0;
        int reason = join_reason(w, &w->candidates[candidate], &saved);
        if (reason) {
            refuse_offer(w, i, reason, NONE);
            continue;
        }
        if (gives_of(w->offers[i]->gives)->after) {
            apply_offer(w, candidate, 0);
            continue;
        }
        apply_offer(w, candidate, saved);
        for (size_t h = 0; h < w->nhits; h++) {
            w->lines[w->hit[h]].shares.n += w->share[w->hit[h]] > 0;
        }
        take_shares(w);
    }
}

/* Cashback is of what is paid in the end. False: one came to nothing, or beyond its budget, and is out. */
static bool settle_cashback(struct work *w)
{
    for (size_t k = 0; k < w->napplied; k++) {
        struct candidate *c = &w->candidates[w->applied_by[k]];
        const struct offer *o = w->offers[c->offer];
        if (!gives_of(o->gives)->after) {
            continue;
        }
        match_lines(w, o);
        w->applied[k].basis = w->hit_left;
        w->applied[k].cashback = gives_of(o->gives)->save(w, o, false);
        if (w->applied[k].cashback == 0) {
            c->gone = TP_NO_EFFECT;
        } else if (beyond_budget(w, c->offer, w->applied[k].cashback)) {
            c->gone = TP_BUDGET_SPENT;
        }
        if (c->gone) {
            return false;
        }
    }
    return true;
}

static void start_again(struct work *w, size_t judged)
{
    w->napplied = 0;
    w->nrefused = judged;
    w->closed = false;
    memset(w->group_used, 0, w->noffers * sizeof *w->group_used);
    for (size_t i = 0; i < w->nlines; i++) {
        w->left[i] = w->gross[i];
        w->lines[i].shares.n = 0;
    }
}

/* Each new start is without one cashback more, so there are no more of them than offers. */
static void combine_offers(struct work *w)
{
    size_t judged = w->nrefused;
    order_candidates(w);
    do {
        start_again(w, judged);
        take_offers(w);
    } while (!settle_cashback(w));
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
        const struct offer *o = w->offers[w->candidates[w->applied_by[k]].offer];
        if (gives_of(o->gives)->after) {
            continue;
        }
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
        return beyond_count(e);
    }
    for (size_t k = 0; k < w->napplied; k++) {
        if (!add_amount(sum.cashback, w->applied[k].cashback, &sum.cashback)) {
            return beyond_count(e);
        }
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
    combine_offers(&w);
    if (!lay_out_shares(&w, a)) {
        return err_code(e, TP_E_MEMORY);
    }
    write_shares(&w);
    finish_lines(&w);
    return finish_quote(&w, q, e);
}
