/*
 * What is left of an offer for one more hold: its limit less what commits have won and what other sales'
 * holds have claimed. A hold is one write transaction, so two of them never count the same use as free.
 */
#include "authority/seat.h"

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

static int check_sums(struct call *c, struct seat *seat)
{
    const struct offer *o = &seat->offer;
    struct tally_row used, claimed;
    int rc = store_tally(c->s, o->ref, &used);
    rc = rc ? rc : store_claims(c->s, o->ref, &claimed);
    if (rc) {
        return rc;
    }
    if (o->total != NONE && used.uses + claimed.uses >= o->total) {
        seat->reason = TP_LIMIT_REACHED;
    }
    if (o->budget != NONE) {
        int64_t left = o->budget - used.spent - claimed.spent;
        seat->budget_left = left > 0 ? left : 0;
    }
    return 0;
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
