/* What the tables cannot say: rules between the fields of one statement. */
#include "wire/rules.h"

#define NINETY_DAYS_MS (INT64_C(90) * 24 * 3600 * 1000)

static bool alphanumeric(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool name_valid(struct bytes name)
{
    if (name.n == 0 || name.n > TILL_NAME_MAX || !alphanumeric(name.p[0])) {
        return false;
    }
    for (size_t i = 1; i < name.n; i++) {
        uint8_t c = name.p[i];
        if (!alphanumeric(c) && c != '_' && c != '-' && (c != '.' || name.p[i - 1] == '.')) {
            return false;
        }
    }
    return true;
}

bool pickup_valid(struct bytes code)
{
    bool valid = code.n == PICKUP_SIZE;
    for (size_t i = 0; valid && i < code.n; i++) {
        valid = code.p[i] >= '0' && code.p[i] <= '9';
    }
    return valid;
}

static const char *check_hold(const struct hold *h)
{
    for (size_t i = 0; i < h->pickups.n; i++) {
        if (!pickup_valid(h->pickups.v[i])) {
            return "hold.pickups: a code is nine digits";
        }
    }
    for (size_t i = 0; i < h->gs1.n; i++) {
        struct gs1_coupon c;
        if (gs1_coupon_read(h->gs1.v[i].element, &c)) {
            return "hold.gs1: not an element of AI 255, 8110 or 8112";
        }
    }
    if (h->coupons.n + h->pickups.n + h->gs1.n > MAX_COUPONS) {
        return h->gs1.n ? "hold.gs1: too many with the coupons" : "hold.pickups: too many with the coupons";
    }
    return NULL;
}

static const char *check_policy(const struct policy *p)
{
    for (size_t i = 0; i < p->loyalty.n; i++) {
        for (size_t at = 0; at < p->loyalty.v[i].n; at++) {
            if (p->loyalty.v[i].p[at] <= ' ' || p->loyalty.v[i].p[at] > '~') {
                return "policy.loyalty: a prefix is printable ASCII without a space";
            }
        }
    }
    return NULL;
}

static const char *check_keyset(const struct keyset *k)
{
    for (size_t i = 0; i < k->keys.n; i++) {
        if (k->keys.v[i].until <= k->keys.v[i].from) {
            return "keyset.keys: a key's end is not after its beginning";
        }
    }
    return NULL;
}

static const char *check_terminal(const struct terminal *t)
{
    if (!name_valid(t->till) || !name_valid(t->store)) {
        return "terminal: not the name of a till or store";
    }
    if (t->until <= t->from || t->until - t->from > NINETY_DAYS_MS) {
        return "terminal: ends before it begins, or lasts more than 90 days";
    }
    return (t->state == TERMINAL_ACTIVE) == (t->from_seq == NONE)
               ? NULL
               : "terminal.from_seq: does not fit the state";
}

static const char *check_invite(const struct invite *i)
{
    return name_valid(i->till) && name_valid(i->store) ? NULL : "invite: not the name of a till or store";
}

static const char *check_verdicts(const struct grant *g)
{
    if (!name_valid(g->till)) {
        return "grant.till: not the name of a till";
    }
    for (size_t i = 0; i < g->verdicts.n; i++) {
        const struct verdict *v = &g->verdicts.v[i];
        if ((v->batch == NONE) != (v->index == NONE) || (v->batch != NONE && v->card != NONE)) {
            return "grant.verdicts: not one coupon or one card's offer";
        }
        if ((v->reason == TP_OK) != (v->number != NONE)) {
            return "grant.verdicts: a number belongs to what is granted, and to nothing else";
        }
    }
    return NULL;
}

static const char *check_grant(const struct grant *g)
{
    for (size_t i = 0; i < g->pickups.n; i++) {
        if ((g->pickups.v[i].reason == TP_OK) != (g->pickups.v[i].coupon.p != NULL)) {
            return "grant.pickups: a coupon, or why there is none";
        }
    }
    for (size_t i = 0; i < g->gs1.n; i++) {
        for (size_t at = 0; at < g->gs1.v[i].serial.n; at++) {
            uint8_t c = g->gs1.v[i].serial.p[at];
            if (c < '0' || c > '9') {
                return "grant.gs1: a serial is digits";
            }
        }
    }
    return check_verdicts(g);
}

static const char *check_tenders(const struct tender *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t at = 0; at < v[i].kind.n; at++) {
            uint8_t c = v[i].kind.p[at];
            if (c != '_' && (c < 'a' || c > 'z')) {
                return "tenders: a kind is a word of small letters";
            }
        }
    }
    return NULL;
}

static const char *check_commit(const struct commit *c)
{
    for (size_t i = 0; i < c->redemptions.n; i++) {
        const struct redemption *r = &c->redemptions.v[i];
        if (r->coupon.p && r->card != NONE) {
            return "commit.redemptions: a coupon and a card at once";
        }
    }
    return check_tenders(c->tenders.v, c->tenders.n);
}

static const char *check_batch(const struct batch *b)
{
    if (b->last < b->first) {
        return "batch: its last index is before its first";
    }
    return !b->till.p || name_valid(b->till) ? NULL : "batch.till: not the name of a till";
}

static const char *check_lease(const struct lease *l)
{
    const struct leased_coupons *c = l->coupons;
    if (!name_valid(l->till)) {
        return "lease.till: not the name of a till";
    }
    if (l->until <= l->from) {
        return "lease: ends before it begins";
    }
    if (l->uses == NONE && l->amount == NONE) {
        return "lease: neither uses nor an amount";
    }
    return !c || (c->last >= c->first && l->uses == c->last - c->first + 1)
               ? NULL
               : "lease.coupons: not as many as its uses";
}

const char *payload_rules(enum kind kind, const union payload *p)
{
    switch (kind) {
    case KIND_POLICY:
        return check_policy(&p->policy.terms);
    case KIND_KEYSET:
        return check_keyset(&p->keyset);
    case KIND_TERMINAL:
        return check_terminal(&p->terminal);
    case KIND_INVITE:
        return check_invite(&p->invite);
    case KIND_ENROL:
        return name_valid(p->enrol.till) ? NULL : "enrol: not the name of a till";
    case KIND_OFFER:
        return p->offer.terms.valid_until > p->offer.terms.valid_from ? NULL : "offer: ends before it begins";
    case KIND_BATCH:
        return check_batch(&p->batch);
    case KIND_LEASE:
        return check_lease(&p->lease);
    case KIND_WRITE_OFF:
        return name_valid(p->write_off.till) ? NULL : "write-off.till: not the name of a till";
    case KIND_HOLD:
        return check_hold(&p->hold);
    case KIND_GRANT:
        return check_grant(&p->grant);
    case KIND_COMMIT:
        return check_commit(&p->commit);
    case KIND_REVERSE:
        return check_tenders(p->reverse.tenders.v, p->reverse.tenders.n);
    default:
        return NULL;
    }
}
