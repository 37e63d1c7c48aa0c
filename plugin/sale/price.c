/* What a basket costs: by the till alone, or as granted, or as recorded. */
#include "sale/internal.h"

void price_drop(struct price *p)
{
    arena_reset(&p->arena);
    *p = (struct price){0};
}

void sale_basket(const struct till *t, const struct sale *s, int64_t time_ms, struct basket *out)
{
    *out = (struct basket){
        .currency = bytes_str(s->currency),
        .store = bytes_str(t->who.store),
        .time_ms = time_ms,
        .tax_included = t->replica.policy.tax_included,
    };
    out->lines.v = s->lines;
    out->lines.n = s->line_count;
}

bool is_standing(int reason)
{
    switch (reason) {
    case TP_ALREADY_USED:
    case TP_LIMIT_REACHED:
    case TP_BUDGET_SPENT:
    case TP_REVOKED:
    case TP_BAD_SIGNATURE:
    case TP_UNKNOWN_OFFER:
    case TP_UNKNOWN_COUPON:
    case TP_OFFLINE_DENIED:
    case TP_OFFLINE_CAP:
    case TP_NOT_LINKED:
    case TP_CUSTOMER_NOT_ELIGIBLE:
    case TP_HELD:
    case TP_QUARANTINED:
        return true;
    default:
        return false;
    }
}

static const struct learned *learned_of(const struct sale *s, const struct presentation *p)
{
    for (size_t i = 0; i < s->learned_count; i++) {
        const struct learned *l = &s->learned[i];
        if (!l->card && l->batch == p->batch && l->index == p->index &&
            memcmp(l->offer, p->offer, REF_SIZE) == 0) {
            return l;
        }
    }
    return NULL;
}

static int coupon_standing(const struct sale *s, const struct presentation *p, int64_t now)
{
    const struct learned *l = learned_of(s, p);
    if (l && is_standing(l->reason)) {
        return l->reason;
    }
    return p->exp <= now / 1000 ? TP_EXPIRED : 0;
}

/* Among the first n. */
static bool on_table(const struct price_table *w, size_t n, const uint8_t ref[REF_SIZE])
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(w->offers[i]->ref, ref, REF_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static void seat_known(const struct till *t, struct price_table *w, const struct known_offer *k,
                       const struct presentation *coupon, int reason)
{
    if (reason == 0 && k->unusable) {
        reason = k->unusable;
    } else if (reason == 0 && !bytes_equal(k->terms.currency, t->replica.policy.currency)) {
        reason = TP_CURRENCY;
    }
    w->offers[w->n] = &k->terms;
    w->coupons[w->n] = coupon;
    w->standings[w->n++] = (struct standing){reason, NONE};
}

static void seat(const struct till *t, struct price_table *w, const uint8_t ref[REF_SIZE],
                 const struct presentation *coupon, int reason)
{
    const struct known_offer *k = replica_offer(&t->replica, ref, NONE);
    if (k && w->n < TABLE_MAX && !on_table(w, w->n, ref)) {
        seat_known(t, w, k, coupon, reason);
    }
}
static bool card_presented(const struct sale *s, const uint8_t handle[HASH_SIZE])
{
    for (size_t i = 0; i < s->presented_count; i++) {
        if (s->presented[i]->card && memcmp(s->presented[i]->handle, handle, HASH_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* What was learned of an automatic offer stands for this sale. */
static int automatic_standing(const struct sale *s, const struct offer *o)
{
    for (size_t i = 0; i < s->learned_count; i++) {
        const struct learned *l = &s->learned[i];
        if (l->automatic && l->version == o->version && memcmp(l->offer, o->ref, REF_SIZE) == 0) {
            return is_standing(l->reason) ? l->reason : 0;
        }
    }
    return 0;
}

/* Those that are valid now, and not there by a coupon or card. */
static void lay_automatic(const struct till *t, const struct sale *s, int64_t now, struct price_table *w)
{
    const struct replica *r = &t->replica;
    size_t presented = w->n;
    for (size_t i = 0; i < r->automatic_count && w->n < TABLE_MAX; i++) {
        const struct known_offer *k = &r->offers[r->automatic[i]];
        if (k->terms.valid_from <= now && now < k->terms.valid_until &&
            !on_table(w, presented, k->terms.ref)) {
            w->free[w->n] = !offer_is_limited(&k->terms);
            w->automatic[w->n] = true;
            seat_known(t, w, k, NULL, automatic_standing(s, &k->terms));
        }
    }
}

/* Coupons, then what earlier grants of this sale told of its cards, then what is automatic. */
static void lay_table(const struct till *t, const struct sale *s, int64_t now, struct price_table *w)
{
    w->n = 0;
    for (size_t i = 0; i < s->presented_count; i++) {
        const struct presentation *p = s->presented[i];
        if (!p->card) {
            seat(t, w, p->offer, p, coupon_standing(s, p, now));
        }
    }
    for (size_t i = 0; i < s->learned_count && w->n < MAX_REDEMPTIONS; i++) {
        const struct learned *l = &s->learned[i];
        if (l->card && card_presented(s, l->handle)) {
            seat(t, w, l->offer, NULL, is_standing(l->reason) ? l->reason : 0);
        }
    }
    lay_automatic(t, s, now, w);
}

static int price_table(struct till *t, const struct sale *s, const struct basket *basket,
                       const struct price_table *w, struct price *out, struct err *e)
{
    arena_init(&out->arena, offer_price_memory(s->line_count, w->n));
    int rc =
        offer_price(&t->replica.policy, basket, w->offers, w->standings, w->n, &out->quote, &out->arena, e);
    if (rc) {
        arena_reset(&out->arena);
        return rc == TP_CURRENCY || rc == TP_AMOUNT_RANGE || rc < 0 ? rc : TP_E_ARGUMENT;
    }
    return 0;
}

static int price_alone(struct till *t, struct sale *s, struct err *e)
{
    struct price_table w = {.n = 0};
    struct basket basket;
    if (t->replica.policy.version == 0) {
        return TP_OFFLINE;
    }
    struct price fresh = {.tax_included = t->replica.policy.tax_included};
    int64_t now = till_now(t, NULL);
    lay_table(t, s, now, &w);
    sale_basket(t, s, now, &basket);
    int rc = s->alone ? alone_judge(t, s, &w, e) : 0;
    rc = rc ? rc : price_table(t, s, &basket, &w, &fresh, e);
    while (rc == 0 && s->alone && alone_beyond(&w, &fresh.quote)) {
        arena_reset(&fresh.arena);
        rc = price_table(t, s, &basket, &w, &fresh, e);
    }
    if (rc) {
        return rc;
    }
    if (s->alone) {
        alone_leased(&w, &fresh);
    }
    fresh.known = true;
    price_drop(&s->price);
    s->price = fresh;
    return 0;
}

int price_decode(struct sale *s, struct bytes encoded, bool tax_included, struct err *e)
{
    struct price fresh = {.tax_included = tax_included};
    arena_init(&fresh.arena, ITEM_MEMORY);
    struct bytes kept = arena_copy(&fresh.arena, encoded);
    int rc =
        kept.p ? schema_decode(&schema_quote, kept, &fresh.arena, &fresh.quote, e) : err_code(e, TP_E_MEMORY);
    if (rc) {
        arena_reset(&fresh.arena);
        return rc == TP_E_MEMORY ? rc : TP_E_CORRUPT;
    }
    fresh.known = true;
    price_drop(&s->price);
    s->price = fresh;
    return 0;
}

int price_now(struct till *t, struct sale *s, struct err *e)
{
    if (s->state != SALE_OPEN) {
        return s->price.known ? 0 : err_code(e, TP_E_STATE);
    }
    if (s->refund) {
        return refund_price(t, s, e);
    }
    if (s->granted) {
        if (granted_alive(t, s)) {
            return 0;
        }
        hold_over(t, s);
    }
    bool hold = alone_settled(t, s);
    int rc = hold ? leases_hold(t, s, &hold, e) : 0;
    if (rc || hold) {
        return rc;
    }
    rc = price_alone(t, s, e);
    if (rc > 0) {
        price_drop(&s->price);
    }
    return rc;
}

int price_told(struct till *t, struct sale *s, struct err *e)
{
    if (s->price.known) {
        return 0;
    }
    int rc = price_now(t, s, e);
    return rc > 0 ? err_set(e, TP_E_STATE, "the sale has no price: %s", code_sentence(rc)) : rc;
}

static bool quoted(const struct quote *q, const uint8_t ref[REF_SIZE])
{
    for (size_t i = 0; i < q->applied.n; i++) {
        if (memcmp(q->applied.v[i].ref, ref, REF_SIZE) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < q->refused.n; i++) {
        if (memcmp(q->refused.v[i].ref, ref, REF_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

size_t unpriced(const struct sale *s, size_t index, const struct presentation **out, int *reason)
{
    size_t n = 0;
    for (size_t i = 0; i < s->presented_count; i++) {
        const struct presentation *p = s->presented[i];
        if (p->card || quoted(&s->price.quote, p->offer)) {
            continue;
        }
        if (n == index && out) {
            const struct learned *l = learned_of(s, p);
            *out = p;
            *reason = p->pickup[0]         ? pickup_reason(s, p)
                      : l && l->reason > 0 ? l->reason
                      : s->alone           ? TP_OFFLINE_DENIED
                                           : TP_UNKNOWN_OFFER;
        }
        n++;
    }
    return n;
}

static int outcome_of(struct till *t, const struct sale *s)
{
    if (s->state == SALE_OPEN) {
        return granted_alive(t, s) ? TP_BINDING : TP_PROVISIONAL;
    }
    return s->state == SALE_VOIDED ? TP_VOIDED : TP_COMMITTED;
}

void quote_fill(struct till *t, struct sale *s, int priced, struct quote_info *out)
{
    const struct quote *q = &s->price.quote;
    *out = (struct quote_info){.outcome = priced ? priced : outcome_of(t, s), .reason = s->hold_reason};
    memcpy(out->currency, s->currency, sizeof out->currency);
    if (priced) {
        return;
    }
    out->lines = q->lines.n;
    for (size_t i = 0; i < q->lines.n; i++) {
        out->shares += q->lines.v[i].shares.n;
    }
    out->offers = q->applied.n + q->refused.n + unpriced(s, 0, NULL, NULL);
    out->taxes = q->taxes.n;
    out->gross = q->gross;
    out->discount = q->discount;
    out->net = q->net;
    out->tax = q->tax;
    out->due = q->due;
    out->cashback = q->cashback;
    if (out->outcome == TP_BINDING) {
        out->hold_left_ms = s->granted->until_boot - clock_boot(t->clock);
    }
}

int till_quote(struct till *t, int64_t sale, struct quote_info *out, struct err *e)
{
    till_lock(t);
    struct sale *s = NULL;
    int rc = sale_find(t, sale, &s, e);
    rc = rc ? rc : price_now(t, s, e);
    if (rc >= 0) {
        quote_fill(t, s, rc, out);
        rc = 0;
    }
    till_unlock(t);
    return rc;
}
