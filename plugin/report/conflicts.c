/* What was given and should not have been: which sale, against which, how much, and who bears it. */
#include "report/internal.h"

struct conflicts {
    struct store *store;
    const struct report_range *range;
    struct terms_list terms;
    int (*fn)(void *arg, const struct report_conflict *row);
    void *arg;
    bool ended; /* by fn: its return is not the store's */
};

/* The sale that took the last of the coupon's uses: it is why this one had none. They come in their order. */
static int take_winner(void *arg, const struct contender *c)
{
    struct report_conflict *row = arg;
    if (c->redemption.stage > CONTEST_COUPON) {
        row->has_winner = true;
        row->winner_time_ms = c->sale.time_ms;
        memcpy(row->winner_till, c->sale.till, sizeof row->winner_till);
        memcpy(row->winner_sale, c->sale.sale, ID_SIZE);
    }
    return 0;
}

static int tell(struct conflicts *c, const struct sale_row *sale, const struct redemption_row *r)
{
    const struct report_terms *terms = terms_find(&c->terms, r->offer, r->version);
    bool twice = r->outcome == TP_ALREADY_USED;
    bool agreed = twice || r->lease != 0; /* beyond a lease, too, goes what was given without a line */
    struct report_conflict row = {.time_ms = sale->time_ms,
                                  .till = sale->till,
                                  .offer = bytes_str(terms ? terms->id : NULL),
                                  .outcome = r->outcome,
                                  .amount = r->conflict,
                                  .bears = agreed && terms ? terms->bears : BEARS_MERCHANT};
    memcpy(row.sale, sale->sale, ID_SIZE);
    memcpy(row.ref, r->offer, REF_SIZE);
    if (twice && r->batch != NONE) {
        struct contest_key key = {.by = BY_COUPON, .batch = r->batch, .index = r->index};
        int rc = store_contest(c->store, &key, take_winner, &row);
        if (rc) {
            return rc;
        }
    }
    int rc = c->fn(c->arg, &row);
    c->ended = rc != 0;
    return rc;
}

static int each_sale(void *arg, const struct sale_row *sale, const struct redemption_row *list, size_t n)
{
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0 && !sale_out(sale); i++) {
        if (list[i].outcome && list[i].outcome != TP_VOIDED) {
            rc = tell(arg, sale, &list[i]);
        }
    }
    return rc;
}

static int read_all(struct store *s, void *arg)
{
    struct conflicts *c = arg;
    int rc = terms_load(s, &c->terms);
    rc = rc ? rc : store_report_sales(s, c->range->from_ms, c->range->until_ms, each_sale, c);
    terms_free(&c->terms);
    return rc;
}

int report_conflicts(struct store *s, const struct report_range *range,
                     int (*fn)(void *arg, const struct report_conflict *row), void *arg, struct err *e)
{
    struct conflicts c = {.store = s, .range = range, .fn = fn, .arg = arg};
    int rc = store_read(s, read_all, &c);
    return rc && !c.ended ? err_set(e, rc, "the shop's records cannot be read: %s", store_error(s)) : rc;
}
