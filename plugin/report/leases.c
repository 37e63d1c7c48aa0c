/* What the tills may still spend without asking. */
#include "report/internal.h"
#include "store/leases.h"

struct leases {
    const char *till;
    struct terms_list terms;
    int (*fn)(void *arg, const struct report_lease *row);
    void *arg;
    bool ended; /* by fn: its return is not the store's */
};

static int tell(void *arg, const struct lease_row *l)
{
    struct leases *all = arg;
    const struct report_terms *terms = terms_newest(&all->terms, l->offer);
    struct report_lease row = {.number = l->number,
                               .till = l->till,
                               .offer = bytes_str(terms ? terms->id : NULL),
                               .epoch = l->epoch,
                               .from_ms = l->from_ms,
                               .until_ms = l->until_ms,
                               .uses = l->uses,
                               .amount = l->amount,
                               .left_uses = l->left_uses,
                               .left_amount = l->left_amount,
                               .batch = l->batch,
                               .first = l->first,
                               .last = l->last,
                               .given_back = l->given_back,
                               .bears = terms ? terms->bears : BEARS_MERCHANT};
    memcpy(row.ref, l->offer, REF_SIZE);
    int rc = all->fn(all->arg, &row);
    all->ended = rc != 0;
    return rc;
}

static int read_all(struct store *s, void *arg)
{
    struct leases *all = arg;
    int rc = terms_load(s, &all->terms);
    rc = rc ? rc : store_leases(s, all->till, tell, all);
    terms_free(&all->terms);
    return rc;
}

int report_leases(struct store *s, const char *till, int (*fn)(void *arg, const struct report_lease *row),
                  void *arg, struct err *e)
{
    struct leases all = {.till = till, .fn = fn, .arg = arg};
    int rc = store_read(s, read_all, &all);
    return rc && !all.ended ? err_set(e, rc, "the shop's leases cannot be read: %s", store_error(s)) : rc;
}
