#include "report/internal.h"
#include "store/report.h"

#include <stdlib.h>

struct roi {
    const struct report_range *range;
    struct terms_list terms;
    struct report_roi_row *rows; /* by (channel, campaign) */
    size_t n, cap;
    struct report_roi_row none, returns;
    struct buf links; /* struct added, one each */
};

/* A card link that was added: each card and offer counts once for its channel. */
struct added {
    uint8_t card[HASH_SIZE], offer[REF_SIZE];
    char channel[64], campaign[64];
};

static int compare_names(const char *channel, const char *campaign, const struct report_roi_row *row)
{
    int by_channel = strcmp(channel, row->channel);
    return by_channel ? by_channel : strcmp(campaign, row->campaign);
}

static int grow(struct roi *r)
{
    if (r->n < r->cap) {
        return 0;
    }
    size_t cap = r->cap ? r->cap * 2 : 32;
    struct report_roi_row *rows = cap > REPORT_ROWS_MAX ? NULL : reallocarray(r->rows, cap, sizeof *rows);
    if (!rows) {
        return TP_E_MEMORY;
    }
    r->rows = rows;
    r->cap = cap;
    return 0;
}

/* The row of a channel and campaign, made when it is not there; without a channel it is `none`. */
static int row_of(struct roi *r, const char *channel, const char *campaign, struct report_roi_row **out)
{
    size_t low = 0, high = r->n;
    *out = &r->none;
    if (!channel[0]) {
        return 0;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(channel, campaign, &r->rows[middle]);
        if (order == 0) {
            *out = &r->rows[middle];
            return 0;
        }
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    int rc = grow(r);
    if (rc) {
        return rc;
    }
    memmove(&r->rows[low + 1], &r->rows[low], (r->n - low) * sizeof *r->rows);
    r->n++;
    r->rows[low] = (struct report_roi_row){0};
    bytes_to_cstr(bytes_str(channel), r->rows[low].channel, sizeof r->rows[low].channel);
    bytes_to_cstr(bytes_str(campaign), r->rows[low].campaign, sizeof r->rows[low].campaign);
    *out = &r->rows[low];
    return 0;
}

static int sum(int64_t *to, int64_t v)
{
    return __builtin_add_overflow(*to, v, to) ? TP_AMOUNT_RANGE : 0;
}

static int add_share(struct report_roi_row *row, const struct report_share *share)
{
    int rc = sum(&row->gross, share->gross);
    rc = rc ? rc : sum(&row->discount, share->discount);
    rc = rc ? rc : sum(&row->net, share->net);
    return rc ? rc : sum(&row->fee, share->fee);
}

static int each_sale(void *arg, const struct sale_row *sale, const struct redemption_row *list, size_t n)
{
    struct roi *r = arg;
    struct report_share shares[SHARES_MAX];
    struct report_roi_row *row = NULL;
    if (sale_out(sale)) {
        return 0;
    }
    if (n == 0) {
        struct report_share whole = {.gross = sale->gross, .discount = sale->discount, .net = sale->net};
        return add_share(&r->none, &whole);
    }
    int rc = split_sale(&r->terms, sale, list, n, shares);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = row_of(r, list[i].channel, list[i].campaign, &row);
        if (rc == 0) {
            row->redeemed += list[i].outcome == 0;
            rc = add_share(row, &shares[i]);
        }
    }
    return rc;
}

static int each_return(void *arg, const struct reversal_row *back)
{
    struct roi *r = arg;
    struct report_share share = {.gross = -back->gross, .discount = -back->discount, .net = -back->net};
    return add_share(&r->returns, &share);
}

static int each_batch(void *arg, const struct batch_row *batch)
{
    struct report_roi_row *row = NULL;
    int rc = row_of(arg, batch->channel, batch->campaign, &row);
    return rc ? rc : sum(&row->issued, batch->last - batch->first + 1);
}

static int each_link(void *arg, const struct link_row *link)
{
    struct roi *r = arg;
    struct added a = {0};
    if (link->op != LINK_ADD) {
        return 0;
    }
    memcpy(a.card, link->card, HASH_SIZE);
    memcpy(a.offer, link->offer, REF_SIZE);
    bytes_to_cstr(bytes_str(link->channel), a.channel, sizeof a.channel);
    bytes_to_cstr(bytes_str(link->campaign), a.campaign, sizeof a.campaign);
    buf_put(&r->links, &a, sizeof a);
    return r->links.failed ? TP_E_MEMORY : 0;
}

static int compare_added(const void *x, const void *y)
{
    return memcmp(x, y, sizeof(struct added));
}

static int count_links(struct roi *r)
{
    struct added *v = (struct added *)(void *)r->links.p;
    size_t n = r->links.n / sizeof *v;
    int rc = 0;
    if (n == 0) {
        return 0;
    }
    qsort(v, n, sizeof *v, compare_added);
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct report_roi_row *row = NULL;
        if (i > 0 && compare_added(&v[i], &v[i - 1]) == 0) {
            continue;
        }
        rc = row_of(r, v[i].channel, v[i].campaign, &row);
        rc = rc ? rc : sum(&row->issued, 1);
    }
    return rc;
}

static int read_all(struct store *s, void *arg)
{
    struct roi *r = arg;
    int rc = terms_load(s, &r->terms);
    if (rc == 0) {
        rc = store_report_batches(s, each_batch, r);
    }
    if (rc == 0) {
        rc = store_report_links(s, each_link, r);
    }
    if (rc == 0) {
        rc = count_links(r);
    }
    if (rc == 0) {
        rc = store_report_sales(s, r->range->from_ms, r->range->until_ms, each_sale, r);
    }
    if (rc == 0) {
        rc = store_report_returns(s, r->range->from_ms, r->range->until_ms, each_return, r);
    }
    return rc;
}

static int add_up(const struct roi *r, struct report_roi_row *total)
{
    int rc = 0;
    for (size_t i = 0; i < r->n + 2 && rc == 0; i++) {
        const struct report_roi_row *row = i < r->n ? &r->rows[i] : i == r->n ? &r->none : &r->returns;
        struct report_share share = {row->gross, row->discount, row->net, row->fee};
        rc = add_share(total, &share);
        rc = rc ? rc : sum(&total->issued, row->issued);
        rc = rc ? rc : sum(&total->redeemed, row->redeemed);
    }
    return rc;
}

int report_roi(struct store *s, const struct report_range *range, struct report_roi *out, struct err *e)
{
    struct roi r = {.range = range};
    struct report_roi_row total = {0};
    buf_init(&r.links, (size_t)512 * 1024 * 1024);
    int rc = store_read(s, read_all, &r);
    if (rc == 0) {
        rc = add_up(&r, &total);
    }
    buf_free(&r.links);
    terms_free(&r.terms);
    if (rc) {
        free(r.rows);
        if (rc == TP_AMOUNT_RANGE || rc == TP_E_MEMORY) {
            return err_code(e, rc);
        }
        return err_set(e, rc, "the shop's records cannot be read: %s", store_error(s));
    }
    *out =
        (struct report_roi){.rows = r.rows, .n = r.n, .none = r.none, .returns = r.returns, .total = total};
    return 0;
}

void report_roi_free(struct report_roi *r)
{
    free(r->rows);
    *r = (struct report_roi){0};
}
