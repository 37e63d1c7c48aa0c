#include "authority/internal.h"

/* Coupons are one till's alone by a lease, each once. */
static int check_till(struct call *c, const struct batch *b)
{
    struct till_row till;
    struct offer o;
    int rc = store_till(c->s, b->till, &till);
    if (rc) {
        return rc == STORE_NOT_FOUND ? err_set(&c->err, TP_UNKNOWN_TILL, "the batch's till is not known")
                                     : rc;
    }
    if (b->last - b->first >= LEASE_USES_MAX) {
        return err_set(&c->err, TP_BAD_STATEMENT, "at most %d coupons of a batch are for one till",
                       LEASE_USES_MAX);
    }
    rc = lookup_offer(c, b->offer, NONE, &o);
    if (rc == 0 && (o.offline != OFFLINE_LEASE || o.per_coupon != 1)) {
        rc = err_set(&c->err, TP_BAD_STATEMENT,
                     "coupons for one till need an offer that leases, and that redeems each once");
    }
    return rc;
}

int batch_check(struct call *c)
{
    const struct batch *b = &c->st->payload.batch;
    struct batch_row row;
    uint8_t d[HASH_SIZE];
    if (b->last < b->first) {
        return err_set(&c->err, TP_BAD_STATEMENT, "the batch ends before it begins");
    }
    int rc = store_offer(c->s, b->offer, NONE, d);
    if (rc) {
        return rc == STORE_NOT_FOUND
                   ? err_set(&c->err, TP_UNKNOWN_OFFER, "the batch's offer is not published")
                   : rc;
    }
    rc = store_batch(c->s, b->number, &row);
    if (rc == 0) {
        return err_set(&c->err, TP_VERSION_EXISTS, "batch %lld was issued before", (long long)b->number);
    }
    rc = rc == STORE_NOT_FOUND ? 0 : rc;
    return rc || !b->till.p ? rc : check_till(c, b);
}

int batch_project(struct call *c)
{
    const struct batch *b = &c->st->payload.batch;
    struct batch_row row = {.number = b->number, .first = b->first, .last = b->last, .exp = b->exp};
    memcpy(row.offer, b->offer, REF_SIZE);
    COPY_TEXT(row.channel, b->channel);
    COPY_TEXT(row.campaign, b->campaign);
    COPY_TEXT(row.till, b->till);
    return store_batch_put(c->s, &row);
}
