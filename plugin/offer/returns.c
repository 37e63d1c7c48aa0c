#include "offer/returns.h"

#include "offer/money.h"
#include "offer/work.h"

__extension__ typedef __int128 i128;

/* Of one line: before tells what was, kept what its units that stay cost now, in what changes hands. */
struct kept {
    int64_t quantity;
    int64_t by_share; /* what was paid for them */
    int64_t dearer;   /* by which they become dearer than that, all returns together */
};

struct returning {
    const struct sold *sale;
    const struct returned *before;
    size_t nlines, noffers;
    int rule;
    struct kept *kept;
    struct returned *after;
    struct returned_offer *offers;

    struct line *lines; /* those that stay, and which of the sold lines each is */
    uint32_t *place;
    struct basket basket;
    struct quote quote; /* of those, priced anew */
    struct arena *a;
};

size_t offer_return_memory(size_t lines, size_t applied)
{
    lines = lines > MAX_LINES ? MAX_LINES : lines;
    applied = applied > MAX_OFFERS ? MAX_OFFERS : applied;
    size_t a_line = sizeof(struct kept) + sizeof(struct returned) + sizeof(struct line) + sizeof(uint32_t);
    size_t an_offer = sizeof(struct returned_offer) + sizeof(struct standing);
    return a_line * lines + an_offer * applied + 8 * 16 + offer_price_memory(lines, applied);
}

static bool take_memory(struct returning *r)
{
    r->kept = ARENA_NEW(r->a, struct kept, r->nlines);
    r->after = ARENA_NEW(r->a, struct returned, r->nlines);
    r->lines = ARENA_NEW(r->a, struct line, r->nlines);
    r->place = ARENA_NEW(r->a, uint32_t, r->nlines);
    r->offers = ARENA_NEW(r->a, struct returned_offer, r->noffers);
    return r->kept && r->after && r->lines && r->place && r->offers;
}

/* What of an amount falls on q of a line's units. Within range: q is at most the line's quantity. */
static int64_t part(int64_t amount, int64_t q, int64_t quantity)
{
    int64_t v = 0;
    if (q != 0) {
        (void)mul_div(amount, q, quantity, &v);
    }
    return v;
}

static const struct line *sold_line(const struct returning *r, size_t i)
{
    return &r->sale->basket->lines.v[i];
}

static int64_t added_tax(const struct returning *r, const struct quote_line *line)
{
    return r->sale->basket->tax_included ? 0 : line->tax;
}

/* What was paid for q units. Net and tax are rounded apart, as they stand on the receipt. */
static int64_t paid_for(const struct returning *r, size_t i, int64_t q)
{
    const struct quote_line *line = &r->sale->quote->lines.v[i];
    int64_t quantity = sold_line(r, i)->quantity;
    return part(line->net, q, quantity) + part(added_tax(r, line), q, quantity);
}

static int refuse(struct err *e, size_t i, const char *why)
{
    return err_set(e, TP_BAD_VALUE, "$.lines[%zu]: %s", i, why);
}

static int check_line(const struct returning *r, size_t i, int64_t now, struct err *e)
{
    const struct line *line = sold_line(r, i);
    const struct quote_line *priced = &r->sale->quote->lines.v[i];
    const struct returned *b = &r->before[i];
    int64_t sold = line->quantity > 0 ? line->quantity : 0;
    if (priced->number != line->number) {
        return refuse(e, i, "the quote is of another basket");
    }
    if (sold && (priced->gross < 0 || priced->net < 0 || priced->tax < 0 || priced->net > priced->gross)) {
        return refuse(e, i, "the quote's amounts cannot be");
    }
    if (b->quantity < 0 || b->quantity > sold || b->refunded < 0 || b->taken_back < 0 ||
        (sold && b->refunded > paid_for(r, i, sold)) || b->taken_back > AMOUNT_MAX) {
        return refuse(e, i, "what was returned before cannot be");
    }
    if (now < 0 || now > sold - b->quantity) {
        return refuse(e, i, now < 0 ? "a quantity cannot be below 0" : "more is returned than was sold");
    }
    return 0;
}

static int check_sale(const struct returning *r, const int64_t *now, struct err *e)
{
    const struct quote *q = r->sale->quote;
    int rc = input_basket(r->sale->policy, r->sale->basket, e);
    if (rc) {
        return rc;
    }
    if (q->lines.n != r->nlines || r->noffers > MAX_OFFERS) {
        return err_set(e, TP_BAD_VALUE, "$.lines: the quote is of another basket");
    }
    for (size_t i = 0; rc == 0 && i < r->nlines; i++) {
        rc = check_line(r, i, now[i], e);
    }
    return rc;
}

/* The last unit takes the remainder: all of them together were paid exactly once. */
static void refund_by_share(struct returning *r, const int64_t *now)
{
    for (size_t i = 0; i < r->nlines; i++) {
        int64_t sold = sold_line(r, i)->quantity, so_far = r->before[i].quantity + now[i];
        r->after[i] = r->before[i];
        r->after[i].quantity = so_far;
        if (sold <= 0) {
            continue;
        }
        int64_t back = paid_for(r, i, so_far);
        r->after[i].refunded = back > r->before[i].refunded ? back : r->before[i].refunded;
        r->kept[i] = (struct kept){.quantity = sold - so_far, .by_share = paid_for(r, i, sold) - back};
    }
}

static int strictest(const struct returning *r)
{
    int rule = RETURNS_KEEP;
    for (size_t k = 0; k < r->noffers; k++) {
        rule = r->sale->offers[k]->returns > rule ? r->sale->offers[k]->returns : rule;
    }
    return rule;
}

/* ---- the kept lines, priced anew ---- */

static int price_kept(struct returning *r, struct err *e)
{
    struct standing *standings = ARENA_NEW(r->a, struct standing, r->noffers);
    size_t n = 0;
    if (!standings) {
        return err_code(e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < r->nlines; i++) {
        const struct line *line = sold_line(r, i);
        if (line->quantity > 0 && r->kept[i].quantity > 0) {
            r->lines[n] = *line;
            r->lines[n].quantity = r->kept[i].quantity;
            r->place[n++] = (uint32_t)i;
        }
    }
    for (size_t k = 0; k < r->noffers; k++) {
        standings[k].budget_left = NONE;
    }
    r->basket = *r->sale->basket;
    r->basket.lines.v = r->lines;
    r->basket.lines.n = n;
    return offer_price(r->sale->policy, &r->basket, r->sale->offers, standings, r->noffers, &r->quote, r->a,
                       e);
}

static int new_reason(const struct returning *r, const struct offer *o)
{
    for (size_t i = 0; i < r->quote.refused.n; i++) {
        if (bytes_equal(r->quote.refused.v[i].id, o->id)) {
            return r->quote.refused.v[i].reason;
        }
    }
    return 0;
}

static int64_t new_discount(const struct returning *r, const struct offer *o)
{
    for (size_t i = 0; i < r->quote.applied.n; i++) {
        if (bytes_equal(r->quote.applied.v[i].id, o->id)) {
            return r->quote.applied.v[i].discount;
        }
    }
    return 0;
}

/* Its needs are no longer met; for tiers, and for buying and getting, a set of them is a need, too. */
static bool is_lost(const struct returning *r, const struct offer *o)
{
    int reason = new_reason(r, o);
    bool by_effect = o->gives == GIVES_TIERS || o->gives == GIVES_BUY_GET;
    return reason == TP_NO_MATCHING_ITEMS || reason == TP_MIN_QUANTITY || reason == TP_MIN_SPEND ||
           (by_effect && reason == TP_NO_EFFECT);
}

/* What the kept units got from one share, with the tax that it saved where tax is on top. */
static int64_t kept_share(const struct returning *r, size_t i, const struct offer *o, int64_t share)
{
    const struct line *line = sold_line(r, i);
    int64_t v = share - part(share, line->quantity - r->kept[i].quantity, line->quantity), tax = 0;
    bool taxed = r->sale->policy->manufacturer_before_tax && bytes_is(o->funder, "manufacturer");
    if (!r->sale->basket->tax_included && !taxed) {
        (void)mul_div(v, line->tax, PERCENT_WHOLE, &tax);
    }
    return v + tax;
}

static int64_t lost_on_line(const struct returning *r, size_t i)
{
    const struct quote_line *line = &r->sale->quote->lines.v[i];
    int64_t lost = 0;
    for (size_t k = 0; k < line->shares.n; k++) {
        const struct quote_share *share = &line->shares.v[k];
        if (share->applied < 0 || (uint64_t)share->applied >= r->noffers) {
            continue;
        }
        const struct offer *o = r->sale->offers[share->applied];
        lost += is_lost(r, o) ? kept_share(r, i, o, share->discount) : 0;
    }
    return lost;
}

/* No kept line gets cheaper: neither than what was paid for it, nor than an earlier return has left it. */
static void set_dearer(struct returning *r, size_t i, int64_t price)
{
    const struct returned *b = &r->before[i];
    int64_t sold = sold_line(r, i)->quantity, was = sold - b->quantity;
    i128 left = (i128)(paid_for(r, i, sold) - b->refunded + b->taken_back) * r->kept[i].quantity;
    int64_t least = was > 0 ? (int64_t)(left / was) : 0;
    price = price > least ? price : least;
    r->kept[i].dearer = price > r->kept[i].by_share ? price - r->kept[i].by_share : 0;
}

static void make_dearer(struct returning *r)
{
    for (size_t n = 0; n < r->basket.lines.n; n++) {
        const struct quote_line *line = &r->quote.lines.v[n];
        size_t i = r->place[n];
        int64_t price = line->net + added_tax(r, line);
        if (r->rule == RETURNS_CLAW_BACK) {
            /* Rounding apart can be a unit above what the line costs without any offer. */
            int64_t whole = 0;
            (void)mul_div(line->gross, r->basket.tax_included ? 0 : r->lines[n].tax, PERCENT_WHOLE, &whole);
            whole += line->gross;
            price = r->kept[i].by_share + lost_on_line(r, i);
            price = price < whole ? price : whole;
        }
        set_dearer(r, i, price);
    }
}

/*
 * What becomes dearer is taken from this refund, and from nothing else. Where it is more, each line's part is
 * cut alike: by the differences of a running sum, so that they add up.
 */
static void limit_to_refund(struct returning *r)
{
    int64_t available = 0, wanted = 0, seen = 0, given = 0;
    for (size_t i = 0; i < r->nlines; i++) {
        int64_t more = r->kept[i].dearer - r->before[i].taken_back;
        available += r->after[i].refunded - r->before[i].refunded;
        available += more < 0 ? -more : 0;
        wanted += more > 0 ? more : 0;
    }
    for (size_t i = 0; i < r->nlines; i++) {
        int64_t more = r->kept[i].dearer - r->before[i].taken_back;
        if (more > 0 && wanted > available) {
            seen += more;
            int64_t upto = (int64_t)((i128)seen * available / wanted);
            more = upto - given;
            given = upto;
        }
        r->after[i].taken_back = r->before[i].taken_back + more;
    }
}

/* ---- what it comes to ---- */

/* The tax within what changes hands. */
static int64_t tax_within(int64_t amount, int64_t rate)
{
    int64_t tax = 0;
    (void)mul_div(amount, rate, PERCENT_WHOLE + rate, &tax);
    return tax;
}

static int64_t tax_so_far(const struct returning *r, size_t i, const struct returned *state)
{
    const struct line *line = sold_line(r, i);
    return part(r->sale->quote->lines.v[i].tax, state->quantity, line->quantity) -
           tax_within(state->taken_back, line->tax);
}

static void add_up(const struct returning *r, struct refund *out)
{
    *out = (struct refund){.rule = r->rule};
    for (size_t i = 0; i < r->nlines; i++) {
        const struct returned *b = &r->before[i], *n = &r->after[i];
        int64_t quantity = sold_line(r, i)->quantity, gross = r->sale->quote->lines.v[i].gross;
        if (quantity <= 0) {
            continue;
        }
        out->due += n->refunded - b->refunded - (n->taken_back - b->taken_back);
        out->tax += tax_so_far(r, i, n) - tax_so_far(r, i, b);
        out->gross += part(gross, n->quantity, quantity) - part(gross, b->quantity, quantity);
    }
    out->net = r->sale->basket->tax_included ? out->due : out->due - out->tax;
    out->discount = out->gross - out->net;
}

static int64_t between(int64_t v, int64_t min, int64_t max)
{
    return v < min ? min : v > max ? max : v;
}

static int64_t returned_share(const struct returning *r, size_t applied)
{
    int64_t sum = 0;
    for (size_t i = 0; i < r->nlines; i++) {
        const struct quote_line *line = &r->sale->quote->lines.v[i];
        for (size_t k = 0; k < line->shares.n && sold_line(r, i)->quantity > 0; k++) {
            if (line->shares.v[k].applied == (int64_t)applied) {
                sum += part(line->shares.v[k].discount, r->after[i].quantity, sold_line(r, i)->quantity);
            }
        }
    }
    return sum;
}

/* In proportion to what came back of the lines that it was reckoned on. */
static int64_t returned_cashback(const struct returning *r, size_t applied)
{
    const struct quote_applied *row = &r->sale->quote->applied.v[applied];
    int64_t back = 0, v = 0;
    for (size_t i = 0; i < r->nlines; i++) {
        const struct line *line = sold_line(r, i);
        if (offer_matches(r->sale->offers[applied], line) && line->quantity > 0) {
            back += part(r->sale->quote->lines.v[i].net, r->after[i].quantity, line->quantity);
        }
    }
    if (row->basis > 0 && row->cashback > 0) {
        (void)mul_div(row->cashback, back < row->basis ? back : row->basis, row->basis, &v);
    }
    return v;
}

static void reverse_offers(struct returning *r)
{
    for (size_t k = 0; k < r->noffers; k++) {
        const struct quote_applied *row = &r->sale->quote->applied.v[k];
        const struct offer *o = r->sale->offers[k];
        int64_t discount = returned_share(r, k);
        if (r->rule == RETURNS_CLAW_BACK && is_lost(r, o)) {
            discount = row->discount;
        } else if (r->rule == RETURNS_READJUDICATE) {
            int64_t lost = row->discount - new_discount(r, o);
            discount = lost > discount ? lost : discount;
        }
        r->offers[k].discount = between(discount, 0, row->discount);
        r->offers[k].cashback = returned_cashback(r, k);
    }
}

int offer_return(const struct sold *sale, const struct returned *before, const int64_t *now,
                 struct returned *after, struct returned_offer *offers, struct refund *out, struct arena *a,
                 struct err *e)
{
    struct returning r = {.sale = sale, .before = before, .a = a};
    r.nlines = sale->basket->lines.n;
    r.noffers = sale->quote->applied.n;
    int rc = check_sale(&r, now, e);
    if (rc) {
        return rc;
    }
    if (!take_memory(&r)) {
        return err_code(e, TP_E_MEMORY);
    }
    r.rule = strictest(&r);
    refund_by_share(&r, now);
    if (r.rule != RETURNS_KEEP) {
        rc = price_kept(&r, e);
        if (rc) {
            return rc;
        }
        make_dearer(&r);
    }
    limit_to_refund(&r);
    reverse_offers(&r);
    add_up(&r, out);
    if (r.nlines) {
        memcpy(after, r.after, r.nlines * sizeof *after);
    }
    if (r.noffers) {
        memcpy(offers, r.offers, r.noffers * sizeof *offers);
    }
    return 0;
}
