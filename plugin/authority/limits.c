/*
 * What is left of an offer for one more hold: its limit less what commits have won and what other sales'
 * holds have claimed. A hold is one write transaction, so two of them never count the same use as free.
 */
#include "authority/seat.h"
#include "store/holds.h"

#include "offer/price.h"

/* A customer is new who has no sale here that is not voided, and whom no other sale is treating as new. */
static int check_new(struct call *c, struct seat *seat)
{
    const struct customer *who = &seat->customer;
    struct claim_row claim;
    bool visited = true;
    int rc = who->known ? store_visited(c->s, who->key, who->text, &visited) : 0;
    if (rc || visited) {
        seat->reason = TP_CUSTOMER_NOT_ELIGIBLE;
        return rc;
    }
    rc = store_fresh_claim(c->s, who->key, &claim);
    if (rc == 0) {
        seat->reason = TP_HELD;
        seat->at_ms = claim.until_ms - GRANT_TTL_MS;
        memcpy(seat->till, claim.till, sizeof seat->till);
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

static int check_customer(struct call *c, struct seat *seat)
{
    int64_t uses = 0, claims = 0;
    if (!seat->customer.known) {
        seat->reason = TP_CUSTOMER_NOT_ELIGIBLE;
        return 0;
    }
    int rc = store_customer_uses(c->s, seat->offer.ref, seat->customer.key, &uses);
    rc = rc ? rc : store_customer_claims(c->s, seat->offer.ref, seat->customer.key, &claims);
    if (rc == 0 && uses + claims >= seat->offer.per_customer) {
        seat->reason = TP_LIMIT_REACHED;
    }
    return rc;
}

int limits_left(struct call *c, const struct offer *o, struct lease_left *left)
{
    struct tally_row used, claimed;
    struct lease_left leased;
    int rc = store_tally(c->s, o->ref, &used);
    rc = rc ? rc : store_claims(c->s, o->ref, &claimed);
    rc = rc ? rc : store_lease_left(c->s, o->ref, &leased);
    if (rc) {
        return rc;
    }
    left->uses = o->total == NONE ? INT64_MAX : o->total - used.uses - claimed.uses - leased.uses;
    left->amount = o->budget == NONE ? INT64_MAX : o->budget - used.spent - claimed.spent - leased.amount;
    left->uses = left->uses < 0 ? 0 : left->uses;
    left->amount = left->amount < 0 ? 0 : left->amount;
    return 0;
}

struct own_leases {
    struct call *c;
    struct seat *seat;
    const struct till_row *till;
    struct lease_left best;
};

/* Any coupon's, and the one with the most left. */
static int try_lease(void *arg, const struct lease_row *lease)
{
    struct own_leases *o = arg;
    struct lease_left left;
    if (lease->batch != NONE || memcmp(lease->offer, o->seat->offer.ref, REF_SIZE) != 0 ||
        !lease_usable(o->c, o->till, lease)) {
        return 0;
    }
    int rc = lease_room(o->c, lease, &left);
    if (rc == 0 && (lease->uses == NONE || left.uses > 0) &&
        (lease->amount == NONE || left.amount > o->best.amount)) {
        o->seat->lease = lease->number;
        o->best.amount = lease->amount == NONE ? INT64_MAX : left.amount;
    }
    return rc;
}

/* What the till was leased is its own with a line, too: otherwise it would give more without one. */
static int draw(struct call *c, struct seat *seat, int64_t shared)
{
    struct till_row till;
    struct own_leases own = {.c = c, .seat = seat, .till = &till, .best = {0, shared}};
    int rc = store_till(c->s, bytes_str(c->by), &till);
    rc = rc ? rc : store_leases(c->s, till.name, try_lease, &own);
    if (rc == 0 && seat->lease && seat->offer.budget != NONE) {
        seat->budget_left = own.best.amount;
    }
    return rc;
}

/* The coupon is leased to the till: what goes with that is its own. */
static int check_own(struct call *c, struct seat *seat)
{
    struct lease_row lease;
    struct lease_left own, shared;
    int rc = store_lease(c->s, seat->lease, &lease);
    rc = rc ? rc : lease_room(c, &lease, &own);
    rc = rc ? rc : limits_left(c, &seat->offer, &shared);
    if (rc == 0 && seat->offer.budget != NONE) {
        seat->budget_left = lease.amount == NONE ? shared.amount : own.amount > 0 ? own.amount : 0;
    }
    return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
}

static int check_sums(struct call *c, struct seat *seat)
{
    const struct offer *o = &seat->offer;
    struct lease_left left;
    int rc = limits_left(c, o, &left);
    if (rc || seat->lease) {
        return rc ? rc : check_own(c, seat);
    }
    seat->budget_left = o->budget == NONE ? NONE : left.amount;
    if (o->offline == OFFLINE_LEASE && !seat->gs1 && (left.uses == 0 || o->budget != NONE)) {
        rc = draw(c, seat, left.uses == 0 ? 0 : left.amount);
    }
    if (rc == 0 && left.uses == 0 && !seat->lease) {
        seat->reason = TP_LIMIT_REACHED;
    }
    return rc;
}

int limits_check(struct call *c, struct seat *seat)
{
    const struct offer *o = &seat->offer;
    int rc = 0;
    seat->budget_left = NONE;
    if (o->customer_new) {
        rc = check_new(c, seat);
    }
    if (rc == 0 && !seat->reason && o->per_customer != NONE) {
        rc = check_customer(c, seat);
    }
    if (rc == 0 && !seat->reason && (o->total != NONE || o->budget != NONE)) {
        rc = check_sums(c, seat);
    }
    return rc;
}

int limits_claim(struct call *c, const struct seat *seat, const uint8_t sale[ID_SIZE],
                 const struct verdict *v)
{
    struct claim_row row = {.has_customer = seat->customer.known,
                            .fresh = seat->offer.customer_new,
                            .amount = v->discount + v->cashback,
                            .number = v->number,
                            .lease = seat->lease,
                            .until_ms = c->now + GRANT_TTL_MS};
    if (!offer_is_limited(&seat->offer)) {
        return 0;
    }
    memcpy(row.sale, sale, ID_SIZE);
    memcpy(row.offer, seat->offer.ref, REF_SIZE);
    memcpy(row.customer, seat->customer.key, HASH_SIZE);
    COPY_TEXT(row.till, bytes_str(c->by));
    return store_claim_put(c->s, &row);
}
