/*
 * What a till may do alone (PROTOCOL, "Without a network"): from a hold that was not answered on, until one
 * is. Then each offer goes by its own rule, and a loss of the network never gives more than the network
 * would.
 */
#include "sale/internal.h"

#define HOUR_MS INT64_C(3600000)

/* How long such a price stays as it was told: as long as a binding one may be renewed. */
enum { ALONE_MS = 15 * 60000 };

void alone_begin(struct till *t, struct sale *s, int reason)
{
    if (granted_alive(t, s)) {
        return;
    }
    s->alone = reason;
    s->alone_until_boot = clock_boot(t->clock) + ALONE_MS;
    price_drop(&s->price);
}

bool alone_settled(const struct till *t, const struct sale *s)
{
    return s->alone && s->state == SALE_OPEN && s->price.known && clock_boot(t->clock) < s->alone_until_boot;
}

/* A signed coupon of this offer in the sale: all else that applies without a grant is free to anybody. */
static const struct presentation *coupon_of(const struct sale *s, const uint8_t ref[REF_SIZE])
{
    for (size_t i = 0; i < s->presented_count; i++) {
        const struct presentation *p = s->presented[i];
        if (!p->card && !p->pickup[0] && memcmp(p->offer, ref, REF_SIZE) == 0) {
            return p;
        }
    }
    return NULL;
}

static const struct quote_applied *applied(const struct sale *s, const uint8_t ref[REF_SIZE])
{
    const struct quote *q = &s->price.quote;
    for (size_t i = 0; s->price.known && i < q->applied.n; i++) {
        if (memcmp(q->applied.v[i].ref, ref, REF_SIZE) == 0) {
            return &q->applied.v[i];
        }
    }
    return NULL;
}

static bool has_coupon(const struct sale *s, const struct presentation *p)
{
    for (size_t i = 0; i < s->presented_count; i++) {
        const struct presentation *o = s->presented[i];
        if (!o->card && !o->pickup[0] && o->batch == p->batch && o->index == p->index &&
            memcmp(o->offer, p->offer, REF_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Another open sale of this till was told a price with this very coupon in it. */
static bool held_here(struct till *t, const struct sale *s, const struct presentation *p)
{
    for (size_t i = 0; i < t->sale_count; i++) {
        const struct sale *o = t->sales[i];
        if (o != s && (granted_alive(t, o) || alone_settled(t, o)) && has_coupon(o, p) &&
            applied(o, p->offer)) {
            return true;
        }
    }
    return false;
}

/* What other open sales have been told alone, and may still be paid. */
static int64_t promised(const struct till *t, const struct sale *s)
{
    int64_t sum = 0;
    for (size_t i = 0; i < t->sale_count; i++) {
        const struct sale *o = t->sales[i];
        for (size_t k = 0; o != s && alone_settled(t, o) && k < o->price.quote.applied.n; k++) {
            const struct quote_applied *a = &o->price.quote.applied.v[k];
            bool risked = coupon_of(o, a->ref) && !lease_spent_by(t, o, a->ref);
            sum += risked ? a->discount + a->cashback : 0;
        }
    }
    return sum;
}

/* Why this coupon is not redeemed alone, whatever it is worth; 0 when it may be. */
static int judge_coupon(struct till *t, const struct sale *s, const struct offer *o,
                        const struct presentation *p, int *reason, struct err *e)
{
    enum batch_for whose = FOR_ALL;
    int64_t uses = 0;
    *reason = TP_OFFLINE_DENIED;
    if (!replica_issued(&t->replica, p->offer, p->batch, p->index, &whose) || whose == FOR_ANOTHER_TILL ||
        (whose == FOR_THIS_TILL && o->offline != OFFLINE_LEASE)) {
        return 0;
    }
    int rc = journal_uses(t->journal, p->batch, p->index, &uses, e);
    if (rc == 0) {
        *reason = o->per_coupon != NONE && uses >= o->per_coupon ? TP_ALREADY_USED
                  : held_here(t, s, p)                           ? TP_HELD
                                                                 : 0;
    }
    return rc;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t capped(const struct offer *o, int64_t most)
{
    return o->offline_cap == NONE || (most != NONE && most < o->offline_cap) ? most : o->offline_cap;
}

/* At risk: as much as one coupon may be worth, and this hour. */
static int judge_risk(struct till *t, const struct sale *s, struct price_table *w, size_t i, struct err *e)
{
    const struct offer *o = w->offers[i];
    int reason = TP_OFFLINE_DENIED;
    int rc = w->coupons[i] ? judge_coupon(t, s, o, w->coupons[i], &reason, e) : 0;
    int64_t most = capped(o, smaller(t->replica.policy.risk_coupon_cap, w->hour_left));
    w->standings[i] = (struct standing){reason, reason ? NONE : most};
    w->risked[i] = reason == 0;
    return rc;
}

/* By a lease: as much as that has left. An automatic offer needs no coupon. */
static int judge_lease(struct till *t, const struct sale *s, struct price_table *w, size_t i, struct err *e)
{
    const struct offer *o = w->offers[i];
    int64_t most = NONE;
    int reason = w->automatic[i] ? 0 : TP_OFFLINE_DENIED;
    int rc = w->coupons[i] ? judge_coupon(t, s, o, w->coupons[i], &reason, e) : 0;
    if (rc == 0 && reason == 0) {
        rc = lease_find(t, s, o, w->coupons[i], &w->leased[i], &most, e);
        reason = w->leased[i] ? 0 : TP_OFFLINE_DENIED;
    }
    w->standings[i] = (struct standing){reason, reason ? NONE : capped(o, most)};
    return rc;
}

static int judge(struct till *t, const struct sale *s, struct price_table *w, size_t i, bool sure,
                 struct err *e)
{
    int mode = w->offers[i]->offline;
    if (sure && s->alone == TP_OFFLINE && !t->quarantined && !t->behind && mode != OFFLINE_DENY) {
        return mode == OFFLINE_LEASE ? judge_lease(t, s, w, i, e) : judge_risk(t, s, w, i, e);
    }
    w->standings[i] = (struct standing){TP_OFFLINE_DENIED, NONE};
    return 0;
}

/* What this till may still redeem alone in this hour. */
static int hour_left(struct till *t, const struct sale *s, int64_t now, int64_t *left, struct err *e)
{
    int64_t spent = 0;
    int rc = journal_alone_since(t->journal, now - HOUR_MS, &spent, e);
    *left = t->replica.policy.risk_hour_cap - spent - promised(t, s);
    *left = *left < 0 ? 0 : *left;
    return rc;
}

int alone_judge(struct till *t, const struct sale *s, struct price_table *w, struct err *e)
{
    bool sure = false;
    int64_t now = till_now(t, &sure);
    int rc = hour_left(t, s, now, &w->hour_left, e);
    for (size_t i = 0; i < w->n && rc == 0; i++) {
        /* What the authority has said of it, or what the till knows anyway, stays. */
        rc = w->standings[i].reason || w->free[i] ? 0 : judge(t, s, w, i, sure, e);
    }
    return rc;
}

static size_t seat_of(const struct price_table *w, const uint8_t ref[REF_SIZE])
{
    size_t i = 0;
    while (i < w->n && memcmp(w->offers[i]->ref, ref, REF_SIZE) != 0) {
        i++;
    }
    return i;
}

static bool take_off(struct price_table *w, const uint8_t ref[REF_SIZE])
{
    size_t i = seat_of(w, ref);
    if (i == w->n || (!w->risked[i] && !w->leased[i])) {
        return false;
    }
    w->risked[i] = false;
    w->leased[i] = 0;
    w->standings[i] = (struct standing){TP_OFFLINE_CAP, NONE};
    return true;
}

/* A cap on one coupon is priced as a budget; the hour's is for all of them together, in the order in which
 * they apply. Each round takes at least one offer off the table, so it ends. */
bool alone_beyond(struct price_table *w, const struct quote *q)
{
    bool again = false;
    int64_t left = w->hour_left;
    for (size_t i = 0; i < q->refused.n; i++) {
        again = (q->refused.v[i].reason == TP_BUDGET_SPENT && take_off(w, q->refused.v[i].ref)) || again;
    }
    for (size_t i = 0; i < q->applied.n && !again; i++) {
        const struct quote_applied *a = &q->applied.v[i];
        size_t at = seat_of(w, a->ref);
        if (at < w->n && w->risked[at]) {
            left -= a->discount + a->cashback;
            again = left < 0 && take_off(w, a->ref);
        }
    }
    return again;
}

/* ---- what is kept of it ---- */

void alone_leased(const struct price_table *w, struct price *price)
{
    const struct quote *q = &price->quote;
    price->leased_count = 0;
    for (size_t i = 0; i < q->applied.n; i++) {
        const struct quote_applied *a = &q->applied.v[i];
        size_t at = seat_of(w, a->ref);
        if (at < w->n && w->leased[at] && price->leased_count < MAX_REDEMPTIONS) {
            struct price_lease *l = &price->leased[price->leased_count++];
            *l = (struct price_lease){.number = w->leased[at], .amount = a->discount + a->cashback};
            memcpy(l->offer, a->ref, REF_SIZE);
        }
    }
}

static struct journal_decision decision(const struct sale *s, const uint8_t ref[REF_SIZE], int64_t now,
                                        int64_t lease)
{
    const struct presentation *p = coupon_of(s, ref);
    struct journal_decision d = {.batch = p ? p->batch : NONE,
                                 .index = p ? p->index : NONE,
                                 .time_ms = now,
                                 .lease = lease,
                                 .alone = (p || lease) && !s->granted};
    memcpy(d.offer, ref, REF_SIZE);
    return d;
}

size_t decisions(struct till *t, const struct sale *s, struct journal_decision out[TABLE_MAX])
{
    const struct quote *q = &s->price.quote;
    int64_t now = till_now(t, NULL);
    size_t n = 0;
    for (size_t i = 0; i < q->applied.n && n < TABLE_MAX; i++) {
        out[n] = decision(s, q->applied.v[i].ref, now, lease_spent_by(t, s, q->applied.v[i].ref));
        out[n++].amount = q->applied.v[i].discount + q->applied.v[i].cashback;
    }
    for (size_t i = 0; s->alone && !s->granted && i < q->refused.n && n < TABLE_MAX; i++) {
        out[n] = decision(s, q->refused.v[i].ref, now, 0);
        out[n++].reason = q->refused.v[i].reason;
    }
    return n;
}

/* Why a till by itself would not have given all of it; *left is what the hour has for it. */
static int judge_unheld(struct till *t, const struct quote_applied *a, int64_t *left)
{
    const struct known_offer *k = replica_offer(&t->replica, a->ref, a->version);
    int64_t worth = a->discount + a->cashback;
    if (!k || k->terms.offline != OFFLINE_RISK) {
        return TP_OFFLINE_DENIED;
    }
    int64_t most = smaller(capped(&k->terms, t->replica.policy.risk_coupon_cap), *left);
    *left -= smaller(worth, most);
    return worth > most ? TP_OFFLINE_CAP : 0;
}

/* The program took the money of a price that nobody held. What was given is given; it is kept as what it is,
 * and counts like what the till decided itself. */
int alone_unheld(struct till *t, const struct sale *s, struct journal_decision *decided, struct unheld *out,
                 bool *unheld, struct err *e)
{
    const struct quote *q = &s->price.quote;
    bool sure = false;
    int64_t now = till_now(t, &sure);
    *unheld = false;
    if (s->granted || s->alone || s->training || s->refund) {
        return 0;
    }
    int rc = hour_left(t, s, now, &out->hour_left, e);
    if (!sure || t->quarantined) {
        out->hour_left = 0;
    }
    int64_t left = out->hour_left;
    for (size_t i = 0; i < q->applied.n && rc == 0; i++) {
        if (decided[i].alone) {
            *unheld = true;
            decided[i].reason = judge_unheld(t, &q->applied.v[i], &left);
        }
    }
    return rc;
}

int alone_keep(struct till *t, struct sale *s, struct err *e)
{
    struct journal_decision list[TABLE_MAX];
    struct journal_sale row;
    sale_row(s, &row);
    row.decided = list;
    row.decided_count = decisions(t, s, list);
    int rc = journal_sale_put(t->journal, &row, e);
    s->stored = s->stored || rc == 0;
    return rc;
}
