/*
 * Leases: what one till may spend of an offer without asking (PROTOCOL, "Without a network"). What it covers
 * is a function of the records: those that name it, in the order in which they were made, as far as it
 * reaches less what came back. What nobody has taken and nobody gave back stays the till's, and nobody
 * else's, however old it is.
 */
#include "authority/internal.h"
#include "store/holds.h"
#include "store/reversals.h"

struct settling {
    struct call *c;
    struct lease_row lease;
    bool returned;                  /* by its till; then */
    struct record_place at;         /* where in the chain, and */
    int64_t back_uses, back_amount; /* what was left */
    int64_t off_uses, off_amount;   /* what the merchant gave up */
    struct lease_use *first, **last;
};

static int64_t most_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool before(int64_t epoch, int64_t seq, const struct record_place *place)
{
    return epoch < place->epoch || (epoch == place->epoch && seq < place->seq);
}

/* Returns come first, by their places; one by another till says nothing. */
static int take_back(void *arg, const struct lease_back_row *row)
{
    struct settling *t = arg;
    if (strcmp(row->till, t->lease.till) != 0) {
        return 0;
    }
    t->lease.given_back = true;
    if (row->written_off) {
        t->off_uses += row->uses;
        t->off_amount += row->amount;
    } else if (!t->returned) {
        t->returned = true;
        t->at = (struct record_place){row->epoch, row->seq};
        t->back_uses = row->uses;
        t->back_amount = row->amount;
    }
    return 0;
}

static int gather(void *arg, const struct contender *row)
{
    struct settling *t = arg;
    struct lease_use *u = ARENA_NEW(t->c->arena, struct lease_use, 1);
    if (!u) {
        return TP_E_MEMORY;
    }
    *u = (struct lease_use){.redemption = row->redemption, .sale = row->sale};
    *t->last = u;
    t->last = &u->after;
    return 0;
}

/* Made by the lease's till, while it was its own, for what it is for. */
static bool fits(const struct settling *t, const struct lease_use *u)
{
    const struct lease_row *l = &t->lease;
    const struct redemption_row *r = &u->redemption;
    bool own = strcmp(u->sale.till, l->till) == 0 && u->sale.epoch == l->epoch &&
               (!t->returned || before(u->sale.epoch, u->sale.seq, &t->at));
    bool coupon = l->batch == NONE || (r->batch == l->batch && r->index >= l->first && r->index <= l->last);
    return own && coupon && !u->sale.disputed && u->sale.time_ms >= l->from_ms &&
           u->sale.time_ms < l->until_ms && memcmp(r->offer, l->offer, REF_SIZE) == 0 &&
           !rank_out_for_good(r);
}

/* A void gives its part back to the lease while the till has that; afterwards, to everybody. */
static int keeps_part(struct settling *t, const struct lease_use *u, bool *keeps)
{
    struct record_place place;
    *keeps = !u->sale.voided;
    if (*keeps || !t->returned) {
        return 0;
    }
    int rc = store_void_place(t->c->s, u->sale.d, u->sale.till, &place);
    *keeps = rc == 0 && !before(place.epoch, place.seq, &t->at);
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

/* What of it commits may take: given, less what came back by either way, which speak of the same rest. */
static int64_t reach(int64_t given, int64_t back, int64_t off)
{
    return given == NONE ? 0 : most_of(given - most_of(back, off), 0);
}

/* One after another, until one does not fit into what is left: it and all behind it go without. */
static int share_out(struct settling *t)
{
    struct lease_row *l = &t->lease;
    bool open = true;
    int rc = 0;
    l->left_uses = reach(l->uses, t->back_uses, t->off_uses);
    l->left_amount = reach(l->amount, t->back_amount, t->off_amount);
    for (struct lease_use *u = t->first; u && rc == 0; u = u->after) {
        int64_t worth = u->redemption.discount + u->redemption.cashback;
        bool keeps = false;
        rc = fits(t, u) ? keeps_part(t, u, &keeps) : 0;
        if (rc || !keeps) {
            continue;
        }
        open =
            open && (l->uses == NONE || l->left_uses > 0) && (l->amount == NONE || l->left_amount >= worth);
        u->taken = open;
        if (open) {
            l->left_uses -= l->uses == NONE ? 0 : 1;
            l->left_amount -= l->amount == NONE ? 0 : worth;
        }
    }
    return rc;
}

/* With a part of the lease it counts as granted, by the lease's number. */
static void cover(struct settling *t)
{
    for (struct lease_use *u = t->first; u; u = u->after) {
        struct redemption_row *r = &u->redemption;
        bool covered = u->taken && !u->sale.voided;
        int64_t grant = covered ? t->lease.number : NONE, granted = covered ? r->most : 0;
        u->changed = r->grant != grant || r->granted != granted;
        r->grant = grant;
        r->granted = granted;
        redemption_rank(r, &u->sale);
    }
}

int lease_settle(struct call *c, int64_t number, struct lease_use **out)
{
    struct settling t = {.c = c};
    t.last = &t.first;
    *out = NULL;
    int rc = store_lease(c->s, number, &t.lease);
    if (rc) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    t.lease.given_back = false;
    rc = store_lease_backs(c->s, t.lease.d, take_back, &t);
    rc = rc ? rc : store_lease_uses(c->s, number, gather, &t);
    rc = rc ? rc : share_out(&t);
    if (rc == 0) {
        cover(&t);
        *out = t.first;
        rc = store_lease_book(c->s, &t.lease);
    }
    return rc;
}

int lease_take(struct call *c, const struct redemption *r, int64_t allowed, struct redemption_row *row)
{
    struct lease_row lease;
    struct offer o;
    int64_t worth = r->discount + r->cashback;
    if (r->grant == NONE) {
        return 0;
    }
    int rc = store_lease(c->s, r->grant, &lease);
    if (rc) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    row->lease = r->grant;
    row->most = allowed;
    row->grant = NONE;
    row->granted = 0;
    if (allowed != NONE) {
        return 0;
    }
    rc = lookup_offer(c, r->offer, r->version, &o);
    bool capped = rc == 0 && o.offline_cap != NONE && o.offline_cap < worth;
    row->most = rc ? 0 : capped ? o.offline_cap : worth;
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

/* A lease-return changes sides. */
int lease_return_dispute(struct call *c, const struct statement *st, bool disputed)
{
    struct lease_row of;
    int rc = store_lease_back_dispute(c->s, st->d, disputed);
    rc = rc ? rc : store_lease_named(c->s, st->payload.lease_return.lease, &of);
    return rc ? (rc == STORE_NOT_FOUND ? 0 : rc) : rank_lease(c, of.number);
}

bool lease_usable(const struct call *c, const struct till_row *till, const struct lease_row *lease)
{
    return !lease->given_back && strcmp(lease->till, till->name) == 0 && lease->epoch == till->epoch &&
           lease->from_ms <= c->now && c->now + GRANT_TTL_MS <= lease->until_ms;
}

int lease_room(struct call *c, const struct lease_row *lease, struct lease_left *left)
{
    struct tally_row claimed;
    int rc = store_lease_claims(c->s, lease->number, &claimed);
    left->uses = lease->left_uses - claimed.uses;
    left->amount = lease->left_amount - claimed.spent;
    return rc;
}

/* ---- the statements ---- */

int lease_project(struct call *c)
{
    const struct lease *l = &c->st->payload.lease;
    const struct leased_coupons *k = l->coupons;
    struct lease_row row = {.number = l->number,
                            .epoch = l->epoch,
                            .from_ms = l->from,
                            .until_ms = l->until,
                            .uses = l->uses,
                            .amount = l->amount,
                            .batch = k ? k->batch : NONE,
                            .first = k ? k->first : NONE,
                            .last = k ? k->last : NONE,
                            .left_uses = l->uses == NONE ? 0 : l->uses,
                            .left_amount = l->amount == NONE ? 0 : l->amount};
    memcpy(row.d, c->st->d, HASH_SIZE);
    memcpy(row.offer, l->offer, REF_SIZE);
    COPY_TEXT(row.till, l->till);
    int rc = store_lease_put(c->s, &row);
    return rc ? rc : rank_lease(c, l->number);
}

static int64_t or_nothing(int64_t v)
{
    return v == NONE ? 0 : v;
}

static int put_back(struct call *c, const uint8_t lease[HASH_SIZE], struct lease_back_row *row)
{
    struct lease_row of;
    memcpy(row->lease, lease, HASH_SIZE);
    memcpy(row->d, c->st->d, HASH_SIZE);
    int rc = store_lease_back_put(c->s, row);
    rc = rc ? rc : store_lease_named(c->s, lease, &of);
    return rc ? (rc == STORE_NOT_FOUND ? 0 : rc) : rank_lease(c, of.number);
}

/* A record is not refused for what it says: one that is not the till's own lease gives nothing back. */
int lease_return_project(struct call *c)
{
    const struct lease_return *r = &c->st->payload.lease_return;
    struct lease_back_row row = {.epoch = r->chain.epoch,
                                 .seq = r->chain.seq,
                                 .uses = or_nothing(r->uses),
                                 .amount = or_nothing(r->amount)};
    int rc = chain_take(c, &r->chain);
    row.disputed = c->disputed;
    COPY_TEXT(row.till, bytes_str(c->by));
    return rc ? rc : put_back(c, r->lease, &row);
}

int write_off_check(struct call *c)
{
    const struct write_off *w = &c->st->payload.write_off;
    struct lease_row lease;
    int rc = store_lease_named(c->s, w->lease, &lease);
    if (rc) {
        return rc == STORE_NOT_FOUND ? err_set(&c->err, TP_BAD_STATEMENT, "the lease is not known") : rc;
    }
    if (!bytes_is(w->till, lease.till)) {
        return err_set(&c->err, TP_BAD_STATEMENT, "the lease is another till's");
    }
    if (or_nothing(w->uses) > lease.left_uses || or_nothing(w->amount) > lease.left_amount) {
        return err_set(&c->err, TP_BAD_STATEMENT, "less than that is left of the lease");
    }
    return 0;
}

int write_off_project(struct call *c)
{
    const struct write_off *w = &c->st->payload.write_off;
    struct lease_back_row row = {
        .written_off = true, .uses = or_nothing(w->uses), .amount = or_nothing(w->amount)};
    COPY_TEXT(row.till, w->till);
    return put_back(c, w->lease, &row);
}
