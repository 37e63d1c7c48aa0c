#include "authority/internal.h"

int reverse_project(struct call *c)
{
    const struct reverse *r = &c->st->payload.reverse;
    struct reversal_row row = {.op = r->op,
                               .time_ms = r->common.time_ms,
                               .gross = r->gross,
                               .discount = r->discount,
                               .net = r->net,
                               .tax = r->tax,
                               .due = r->due};
    struct sale_row sale;
    int rc = chain_take(c, &r->chain);
    if (rc) {
        return rc;
    }
    memcpy(row.d, c->st->d, HASH_SIZE);
    memcpy(row.commit, r->commit, HASH_SIZE);
    COPY_TEXT(row.till, bytes_str(c->by));
    if ((rc = store_reversal_put(c->s, &row)) || (rc = store_sale(c->s, r->commit, &sale))) {
        return rc == STORE_NOT_FOUND ? 0 : rc; /* it takes effect with its commit */
    }
    if (r->op != REVERSE_VOID || strcmp(sale.till, c->by) != 0) {
        return 0;
    }
    rc = store_sale_void(c->s, r->commit);
    return rc ? rc : rank_commit(c, r->commit);
}
