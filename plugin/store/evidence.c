/* What an audit looks at: leaves and what waits for one, each with its statement, and the figures of reports.
 */
#include "store/evidence.h"
#include "store/stored.h"

#include <stdio.h>

int store_logged(struct store *s, int (*fn)(void *arg, const struct leaf_row *leaf, const struct stored *row),
                 void *arg)
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st,
                 "SELECT f.idx, f.d, f.entry, " STORED_COLUMNS ", " RESIDUE_COLUMN " FROM leaf f "
                 "LEFT JOIN statement s ON s.merchant = f.merchant AND s.d = f.d " STORED_JOINS RESIDUE_JOIN
                 "WHERE f.merchant = ?1 ORDER BY f.idx",
                 "*");
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct leaf_row leaf = {.index = sql_int(st, 0)};
        struct stored row;
        sql_fixed(st, 1, leaf.d, HASH_SIZE);
        sql_fixed(st, 2, leaf.entry, HASH_SIZE);
        rc = read_stored(s, st, 3, &row);
        if (rc || (rc = fn(arg, &leaf, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_unlogged_each(struct store *s, int (*fn)(void *arg, const struct stored *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " STORED_COLUMNS ", " RESIDUE_COLUMN " FROM leaf_queue q "
                      "JOIN statement s ON s.merchant = q.merchant AND s.d = q.d " STORED_JOINS RESIDUE_JOIN
                      "WHERE q.merchant = ?1 ORDER BY q.n",
                      "*");
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct stored row;
        rc = read_stored(s, st, 0, &row);
        if (rc || (rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_heads(struct store *s, int (*fn)(void *arg, const struct record_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT r.till, r.epoch, r.seq, r.d, r.prev FROM (SELECT till, epoch, max(seq) AS seq "
                      "FROM record WHERE merchant = ?1 GROUP BY till, epoch) AS h JOIN record r "
                      "ON r.merchant = ?1 AND r.till = h.till AND r.epoch = h.epoch AND r.seq = h.seq "
                      "ORDER BY r.till, r.epoch, r.d",
                      "");
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct record_row row = {.till = sql_bytes(st, 0), .epoch = sql_int(st, 1), .seq = sql_int(st, 2)};
        sql_fixed(st, 3, row.d, HASH_SIZE);
        sql_fixed(st, 4, row.prev, HASH_SIZE);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

/* Columns by name: later versions of the tables may have more, and figures stay what they are. */
static const struct {
    const char *name, *text;
} figures[] = {
    {"offer", "SELECT ref, version, id FROM offer WHERE merchant = ?1 ORDER BY ref, version"},
    {"batch", "SELECT number, offer, first, last, channel, campaign FROM batch WHERE merchant = ?1 "
              "ORDER BY number"},
    {"sale",
     "SELECT d, sale, till, store, time_ms, currency, gross, discount, net, tax, due, cashback, voided "
     "FROM sale WHERE merchant = ?1 ORDER BY d"},
    {"redemption", "SELECT d, place, offer, version, channel, campaign, basis, discount, cashback, outcome, "
                   "conflict, back_discount, back_cashback, revived FROM redemption WHERE merchant = ?1 "
                   "ORDER BY d, place"},
    {"reversal", "SELECT d, commit_d, till, op, time_ms, currency, gross, discount, net, tax, due, outcome, "
                 "conflict FROM reversal WHERE merchant = ?1 ORDER BY d"},
    {"reversal_line", "SELECT d, number, quantity FROM reversal_line WHERE merchant = ?1 ORDER BY d, number"},
    {"reversal_share",
     "SELECT d, place, discount, cashback FROM reversal_share WHERE merchant = ?1 ORDER BY d, place"},
    {"tally", "SELECT offer, uses, spent FROM tally WHERE merchant = ?1 AND uses <> 0 ORDER BY offer"},
};

static void put_figure(struct rows *st, const char *name, struct buf *line)
{
    buf_puts(line, name);
    for (int i = 0; i < sql_columns(st); i++) {
        struct bytes v = sql_bytes(st, i);
        buf_putc(line, '|');
        if (sql_is_blob(st, i)) {
            for (size_t k = 0; k < v.n; k++) {
                buf_printf(line, "%02x", v.p[k]);
            }
        } else {
            buf_put(line, v.p, v.n);
        }
    }
}

int store_figures(struct store *s, int (*fn)(void *arg, struct bytes line), void *arg)
{
    struct buf line;
    int rc = 0;
    buf_init(&line, FIGURE_MAX);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0] && rc == 0; i++) {
        struct rows *st = NULL;
        rc = sql_open(s, &st, figures[i].text, "");
        while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
            buf_reset(&line);
            put_figure(st, figures[i].name, &line);
            rc = line.failed ? TP_E_MEMORY : fn(arg, buf_view(&line));
            if (rc) {
                sql_end(s, st);
            }
        }
    }
    buf_free(&line);
    return rc;
}
