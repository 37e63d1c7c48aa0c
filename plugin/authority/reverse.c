#include "authority/internal.h"
#include "store/reversals.h"

static int put_lines(struct call *c)
{
    struct lines_part part;
    int rc = schema_decode(&schema_lines_part, c->st->lines, c->arena, &part, NULL);
    if (rc) {
        return rc == TP_E_MEMORY ? rc : 0; /* it is booked by its amounts alone */
    }
    for (size_t i = 0; i < part.basket.lines.n && rc == 0; i++) {
        const struct line *line = &part.basket.lines.v[i];
        rc = line->quantity > 0 ? store_reversal_line_put(c->s, c->st->d, line->number, line->quantity) : 0;
    }
    return rc;
}

static int put(struct call *c, const struct reversal_row *row)
{
    const struct reverse *r = &c->st->payload.reverse;
    int rc = store_reversal_put(c->s, row);
    rc = rc ? rc : put_lines(c);
    for (size_t i = 0; i < r->redemptions.n && rc == 0; i++) {
        rc = store_reversal_share_put(c->s, c->st->d, &r->redemptions.v[i]);
    }
    return rc;
}

int reverse_project(struct call *c)
{
    const struct reverse *r = &c->st->payload.reverse;
    struct reversal_row row = {.op = r->op,
                               .epoch = r->chain.epoch,
                               .seq = r->chain.seq,
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
    row.disputed = c->disputed;
    memcpy(row.d, c->st->d, HASH_SIZE);
    memcpy(row.commit, r->commit, HASH_SIZE);
    COPY_TEXT(row.till, bytes_str(c->by));
    COPY_TEXT(row.currency, r->currency);
    if ((rc = put(c, &row)) || (rc = store_sale(c->s, r->commit, &sale))) {
        return rc == STORE_NOT_FOUND ? 0 : rc; /* it takes effect with its commit */
    }
    if (r->op == REVERSE_VOID && strcmp(sale.till, c->by) == 0 && !c->disputed) {
        rc = store_sale_void(c->s, r->commit, true);
    }
    rc = rc ? rc : returns_book(c, r->commit);
    return rc ? rc : rank_commit(c, r->commit);
}
