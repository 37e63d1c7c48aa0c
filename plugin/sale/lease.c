/*
 * Leases: what this till may spend without asking (PROTOCOL, "Leases"). A lease is spent by the journal's
 * transaction that commits, so what is left is what was given less what the journal has; open sales that were
 * told a price with it keep their part meanwhile.
 */
#include "sale/internal.h"

struct left {
    int64_t uses, amount; /* of what the lease counts */
};

static struct known_lease *lease_numbered(const struct till *t, int64_t number)
{
    for (size_t i = 0; i < t->replica.lease_count; i++) {
        if (t->replica.leases[i].terms.number == number) {
            return &t->replica.leases[i];
        }
    }
    return NULL;
}

static bool is_live(const struct till *t, const struct known_lease *k, int64_t now)
{
    return !k->closed && !k->given_up && k->terms.epoch == t->head.epoch && k->terms.from <= now &&
           now < k->terms.until;
}

/* What a sale that may still be paid takes of a lease: by its grant, or by the price that it was told alone.
 */
static void add_promised(struct till *t, const struct sale *s, int64_t number, struct left *sum)
{
    if (granted_alive(t, s)) {
        const struct grant *g = &s->granted->grant;
        for (size_t i = 0; i < g->verdicts.n; i++) {
            bool it = g->verdicts.v[i].number == number;
            sum->uses += it;
            sum->amount += it ? g->verdicts.v[i].discount + g->verdicts.v[i].cashback : 0;
        }
    } else if (alone_settled(t, s)) {
        for (size_t i = 0; i < s->price.leased_count; i++) {
            bool it = s->price.leased[i].number == number;
            sum->uses += it;
            sum->amount += it ? s->price.leased[i].amount : 0;
        }
    }
}

static struct left promised(struct till *t, const struct sale *but, int64_t number)
{
    struct left sum = {0};
    for (size_t i = 0; i < t->sale_count; i++) {
        if (t->sales[i] != but) {
            add_promised(t, t->sales[i], number, &sum);
        }
    }
    return sum;
}

/* Without what is promised. */
static int left_of(struct till *t, const struct known_lease *k, struct left *left, struct err *e)
{
    struct journal_spent spent = {0};
    int rc = journal_lease_spent(t->journal, k->terms.number, &spent, e);
    left->uses = k->terms.uses == NONE ? 0 : k->terms.uses - spent.uses;
    left->amount = k->terms.amount == NONE ? 0 : k->terms.amount - spent.amount;
    left->uses = left->uses > 0 ? left->uses : 0;
    left->amount = left->amount > 0 ? left->amount : 0;
    return rc;
}

/* ---- spending ---- */

static bool is_for(const struct till *t, const struct known_lease *k, const struct offer *o,
                   const struct presentation *p)
{
    enum batch_for whose = FOR_ALL;
    if (memcmp(k->terms.offer, o->ref, REF_SIZE) != 0) {
        return false;
    }
    if (p) {
        (void)replica_issued(&t->replica, p->offer, p->batch, p->index, &whose);
    }
    if (whose == FOR_ALL) {
        return !k->bound;
    }
    return k->bound && k->coupons.batch == p->batch && p->index >= k->coupons.first &&
           p->index <= k->coupons.last;
}

/* Of several, the one with the most money; where none is counted, the one that ends first. */
static bool is_better(const struct known_lease *k, int64_t worth, const struct known_lease *best,
                      int64_t most)
{
    int64_t a = worth == NONE ? INT64_MAX : worth, b = most == NONE ? INT64_MAX : most;
    return !best || a > b || (a == b && k->terms.until < best->terms.until);
}

int lease_find(struct till *t, const struct sale *s, const struct offer *o, const struct presentation *p,
               int64_t *number, int64_t *worth, struct err *e)
{
    const struct known_lease *best = NULL;
    int64_t now = till_now(t, NULL);
    int rc = 0;
    *number = 0;
    *worth = NONE;
    for (size_t i = 0; i < t->replica.lease_count && rc == 0; i++) {
        const struct known_lease *k = &t->replica.leases[i];
        struct left left;
        if (!is_live(t, k, now) || !is_for(t, k, o, p) || (rc = left_of(t, k, &left, e)) != 0) {
            continue;
        }
        struct left taken = promised(t, s, k->terms.number);
        int64_t money = k->terms.amount == NONE ? NONE : left.amount - taken.amount;
        bool some = (k->terms.uses == NONE || left.uses > taken.uses) && (money == NONE || money > 0);
        if (some && is_better(k, money, best, *worth)) {
            best = k;
            *number = k->terms.number;
            *worth = money;
        }
    }
    return rc;
}

int leases_hold(struct till *t, const struct sale *s, bool *hold, struct err *e)
{
    int64_t now = till_now(t, NULL);
    int rc = 0;
    *hold = true;
    for (size_t i = 0; i < s->price.leased_count && rc == 0 && *hold; i++) {
        const struct price_lease *l = &s->price.leased[i];
        const struct known_lease *k = lease_numbered(t, l->number);
        struct left left, taken = promised(t, s, l->number);
        *hold = k && is_live(t, k, now);
        rc = *hold ? left_of(t, k, &left, e) : 0;
        *hold = *hold && rc == 0 && (k->terms.uses == NONE || left.uses > taken.uses) &&
                (k->terms.amount == NONE || left.amount - taken.amount >= l->amount);
    }
    return rc;
}

int64_t lease_spent_by(const struct till *t, const struct sale *s, const uint8_t ref[REF_SIZE])
{
    if (s->granted) {
        const struct grant *g = &s->granted->grant;
        for (size_t i = 0; i < g->verdicts.n; i++) {
            const struct verdict *v = &g->verdicts.v[i];
            if (v->reason == 0 && memcmp(v->offer, ref, REF_SIZE) == 0) {
                return lease_numbered(t, v->number) ? v->number : 0;
            }
        }
        return 0;
    }
    for (size_t i = 0; i < s->price.leased_count; i++) {
        if (memcmp(s->price.leased[i].offer, ref, REF_SIZE) == 0) {
            return s->price.leased[i].number;
        }
    }
    return 0;
}

/* ---- giving back ---- */

/* It will not be spent any more: it was written off, it has ended, its offer has or leases no more, or the
 * till is in another epoch. One of coupons goes back at half of its time, for its coupons are not leased
 * again before that. One that was written off goes back as well, so that what is voided behind that is
 * everybody's. */
static bool is_over(struct till *t, const struct known_lease *k, int64_t now)
{
    const struct known_offer *o = replica_offer(&t->replica, k->terms.offer, NONE);
    int64_t half = (k->terms.until - k->terms.from) / 2;
    return k->given_up || now >= k->terms.until - (k->bound ? half : 0) || k->terms.epoch != t->head.epoch ||
           !o || o->terms.offline != OFFLINE_LEASE || now >= o->terms.valid_until;
}

static int give_back(struct till *t, struct known_lease *k, struct err *e)
{
    const struct bytes none = {0};
    struct lease_return r = {.uses = NONE, .amount = NONE};
    struct left left;
    uint8_t d[HASH_SIZE];
    int rc = left_of(t, k, &left, e);
    rc = rc ? rc : record_begin(t, &r.chain, &r.common, e);
    memcpy(r.lease, k->d, HASH_SIZE);
    if (k->terms.uses != NONE) {
        r.uses = left.uses;
    }
    if (k->terms.amount != NONE) {
        r.amount = left.amount;
    }
    rc = rc ? rc : record_add(t, KIND_LEASE_RETURN, &r, none, none, NULL, d, e);
    k->closed = k->closed || rc == 0;
    return rc;
}

int leases_return(struct till *t, bool all, struct err *e)
{
    int64_t now = till_now(t, NULL);
    int rc = 0;
    for (size_t i = 0; i < t->replica.lease_count && rc == 0; i++) {
        struct known_lease *k = &t->replica.leases[i];
        bool ours = !k->closed && k->terms.epoch > t->forgone;
        if (ours && (all || is_over(t, k, now)) && promised(t, NULL, k->terms.number).uses == 0) {
            rc = give_back(t, k, e);
        }
    }
    return rc;
}

/* ---- asking ---- */

static bool may_want(const struct till *t, const struct known_offer *k, int64_t now)
{
    const struct offer *o = &k->terms;
    bool here = o->stores.n == 0;
    for (size_t i = 0; i < o->stores.n; i++) {
        here = here || bytes_is(o->stores.v[i], t->who.store);
    }
    return here && !k->unusable && o->offline == OFFLINE_LEASE && o->valid_from <= now &&
           now < o->valid_until && replica_offer(&t->replica, o->ref, NONE) == k;
}

/* Leases that are past half of their time are not counted: the next one is to be there before they end. */
static int count_left(struct till *t, const struct offer *o, int64_t now, struct lease_wanted *out,
                      struct err *e)
{
    int rc = 0;
    *out = (struct lease_wanted){.uses = 0};
    memcpy(out->offer, o->ref, REF_SIZE);
    for (size_t i = 0; i < t->replica.lease_count && rc == 0; i++) {
        const struct known_lease *k = &t->replica.leases[i];
        struct left left;
        if (k->bound || memcmp(k->terms.offer, o->ref, REF_SIZE) != 0 || !is_live(t, k, now) ||
            k->terms.until - now <= (k->terms.until - k->terms.from) / 2) {
            continue;
        }
        rc = left_of(t, k, &left, e);
        out->uses += rc ? 0 : left.uses;
        out->amount += rc ? 0 : left.amount;
    }
    return rc;
}

int leases_wanted(struct till *t, struct lease_wanted out[MAX_WANTED], size_t *n, struct err *e)
{
    const struct replica *r = &t->replica;
    int64_t now = till_now(t, NULL);
    size_t i = 0;
    int rc = 0;
    *n = 0;
    for (; i < r->offer_count && *n < MAX_WANTED && rc == 0; i++) {
        const struct known_offer *k = &r->offers[(t->wanted_from + i) % r->offer_count];
        if (may_want(t, k, now)) {
            rc = count_left(t, &k->terms, now, &out[(*n)++], e);
        }
    }
    t->wanted_from = r->offer_count ? (t->wanted_from + i) % r->offer_count : 0;
    return rc;
}
