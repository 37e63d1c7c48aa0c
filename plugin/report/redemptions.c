#include "report/internal.h"
#include "store/report.h"

struct redemptions {
    const struct report_range *range;
    struct terms_list terms;
    int (*fn)(void *arg, const struct report_redemption *row);
    void *arg;
    bool ended; /* by fn: its return is not the store's */
};

static int outcome_of(const struct sale_row *sale, const struct redemption_row *row)
{
    if (sale_out(sale)) {
        return sale_out(sale);
    }
    return row->outcome ? row->outcome : TP_APPLIED;
}

static int64_t owed(const struct redemption_row *row)
{
    return row->cashback - row->back_cashback;
}

static int each_sale(void *arg, const struct sale_row *sale, const struct redemption_row *list, size_t n)
{
    struct redemptions *r = arg;
    struct report_share shares[SHARES_MAX];
    int rc = split_sale(&r->terms, sale, list, n, shares);
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct report_terms *terms = terms_find(&r->terms, list[i].offer, list[i].version);
        struct report_redemption row = {.time_ms = sale->time_ms,
                                        .till = sale->till,
                                        .channel = list[i].channel,
                                        .campaign = list[i].campaign,
                                        .offer = bytes_str(terms ? terms->id : NULL),
                                        .gross = shares[i].gross,
                                        .discount = shares[i].discount,
                                        .net = shares[i].net,
                                        .fee = shares[i].fee,
                                        .returned = sale_out(sale) ? 0 : list[i].back_discount,
                                        .cashback = sale_out(sale) ? 0 : owed(&list[i]),
                                        .outcome = outcome_of(sale, &list[i])};
        memcpy(row.sale, sale->sale, ID_SIZE);
        memcpy(row.ref, list[i].offer, REF_SIZE);
        rc = r->fn(r->arg, &row);
        r->ended = rc != 0;
    }
    return rc;
}

static int read_all(struct store *s, void *arg)
{
    struct redemptions *r = arg;
    int rc = terms_load(s, &r->terms);
    if (rc == 0) {
        rc = store_report_sales(s, r->range->from_ms, r->range->until_ms, each_sale, r);
    }
    terms_free(&r->terms);
    return rc;
}

int report_redemptions(struct store *s, const struct report_range *range,
                       int (*fn)(void *arg, const struct report_redemption *row), void *arg, struct err *e)
{
    struct redemptions r = {.range = range, .fn = fn, .arg = arg};
    int rc = store_read(s, read_all, &r);
    return rc && !r.ended ? err_set(e, rc, "the shop's records cannot be read: %s", store_error(s)) : rc;
}
