#include "authority/internal.h"

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
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

int batch_project(struct call *c)
{
    const struct batch *b = &c->st->payload.batch;
    struct batch_row row = {.number = b->number, .first = b->first, .last = b->last, .exp = b->exp};
    memcpy(row.offer, b->offer, REF_SIZE);
    COPY_TEXT(row.channel, b->channel);
    COPY_TEXT(row.campaign, b->campaign);
    return store_batch_put(c->s, &row);
}
