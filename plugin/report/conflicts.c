/* What was given or given back and should not have been: which sale, against which, how much, and who bears
 * it. */
#include "report/internal.h"
#include "store/report.h"

#include <stdlib.h>

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

/* ---- what came back ---- */

/* Which sale a reverse is: a refund's own id, a void's is the sale's. */
static int take_reverse(void *arg, const struct stored *row)
{
    struct report_conflict *out = arg;
    struct arena a;
    struct statement st;
    arena_init(&a, 1024 * 1024);
    int rc = statement_parse(row->raw, &a, &st, NULL);
    if (rc == 0 && st.kind == KIND_REVERSE) {
        memcpy(out->sale, st.payload.reverse.sale, ID_SIZE);
    }
    arena_reset(&a);
    return rc ? TP_E_CORRUPT : 0;
}

struct reversals {
    struct reversal_row *v;
    size_t n, cap;
};

static int keep_reversal(void *arg, const struct reversal_row *row)
{
    struct reversals *list = arg;
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        struct reversal_row *v = reallocarray(list->v, cap, sizeof *v);
        if (!v) {
            return TP_E_MEMORY;
        }
        list->v = v;
        list->cap = cap;
    }
    list->v[list->n++] = *row;
    return 0;
}

static int tell_reversal(struct conflicts *c, const struct reversal_row *r)
{
    struct sale_row sale;
    struct report_conflict row = {.of = r->op == REVERSE_VOID ? CONFLICT_OF_VOID : CONFLICT_OF_RETURN,
                                  .time_ms = r->time_ms,
                                  .till = r->till,
                                  .outcome = r->outcome,
                                  .amount = r->conflict,
                                  .bears = BEARS_MERCHANT,
                                  .has_winner = true};
    int rc = store_statement(c->store, r->d, take_reverse, &row);
    rc = rc ? rc : store_sale(c->store, r->commit, &sale);
    if (rc) {
        return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
    }
    row.winner_time_ms = sale.time_ms;
    memcpy(row.winner_till, sale.till, sizeof row.winner_till);
    memcpy(row.winner_sale, sale.sale, ID_SIZE);
    rc = c->fn(c->arg, &row);
    c->ended = rc != 0;
    return rc;
}

static int each_reversal(struct store *s, struct conflicts *c)
{
    struct reversals list = {0};
    int rc = store_report_reversal_conflicts(s, c->range->from_ms, c->range->until_ms, keep_reversal, &list);
    for (size_t i = 0; i < list.n && rc == 0; i++) {
        rc = tell_reversal(c, &list.v[i]);
    }
    free(list.v);
    return rc;
}

static int read_all(struct store *s, void *arg)
{
    struct conflicts *c = arg;
    int rc = terms_load(s, &c->terms);
    rc = rc ? rc : store_report_sales(s, c->range->from_ms, c->range->until_ms, each_sale, c);
    rc = rc ? rc : each_reversal(s, c);
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
