/* What reports read: sales with their redemptions, and the projections as text. */
#include "store/sales.h"
#include "store/report.h"

static int redemptions_of(struct store *s, const uint8_t d[HASH_SIZE],
                          struct redemption_row list[MAX_REDEMPTIONS], size_t *n)
{
    struct rows *st = NULL;
    *n = 0;
    int rc = sql_open(s, &st,
                      "SELECT " REDEMPTION_COLUMNS " FROM redemption r WHERE r.merchant = ?1 AND r.d = ?2 "
                      "ORDER BY r.place",
                      "h", d);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        if (*n == MAX_REDEMPTIONS) {
            sql_end(s, st);
            return TP_E_CORRUPT;
        }
        read_redemption(st, 0, &list[(*n)++]);
        rc = 0;
    }
    return rc;
}

int store_report_sales(struct store *s, int64_t from_ms, int64_t until_ms,
                       int (*fn)(void *arg, const struct sale_row *sale, const struct redemption_row *list,
                                 size_t n),
                       void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " SALE_COLUMNS " FROM sale s WHERE s.merchant = ?1 AND s.time_ms >= ?2 "
                      "AND s.time_ms < ?3 ORDER BY s.time_ms, s.till, s.epoch, s.seq, s.d",
                      "*ii", from_ms, until_ms);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct sale_row sale;
        struct redemption_row list[MAX_REDEMPTIONS];
        size_t n = 0;
        read_sale(st, 0, &sale);
        if ((rc = redemptions_of(s, sale.d, list, &n)) != 0 || (rc = fn(arg, &sale, list, n)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

enum { DUMP_LINE_MAX = 1024 * 1024 };

static void dump_row(struct rows *st, const char *name, struct buf *out)
{
    buf_puts(out, name);
    for (int i = 0; i < sql_columns(st); i++) {
        struct bytes v = sql_bytes(st, i);
        buf_putc(out, '|');
        if (sql_is_blob(st, i)) {
            for (size_t k = 0; k < v.n; k++) {
                buf_printf(out, "%02x", v.p[k]);
            }
        } else {
            buf_put(out, v.p, v.n);
        }
    }
}

int store_dump_each(struct store *s, int (*fn)(void *arg, const char *table, struct bytes line), void *arg)
{
    static const struct {
        const char *name, *text;
    } tables[] = {
        {"till", "SELECT * FROM till WHERE merchant = ?1 ORDER BY name"},
        {"record", "SELECT * FROM record WHERE merchant = ?1 ORDER BY till, epoch, seq, d"},
        {"tenure", "SELECT * FROM tenure WHERE merchant = ?1 ORDER BY till, epoch"},
        {"ruling", "SELECT * FROM ruling WHERE merchant = ?1 ORDER BY record, d"},
        {"invite", "SELECT * FROM invite WHERE merchant = ?1 ORDER BY d"},
        {"offer", "SELECT * FROM offer WHERE merchant = ?1 ORDER BY ref, version"},
        {"batch", "SELECT * FROM batch WHERE merchant = ?1 ORDER BY number"},
        {"link", "SELECT * FROM link WHERE merchant = ?1 ORDER BY card, offer, d"},
        {"sale", "SELECT * FROM sale WHERE merchant = ?1 ORDER BY d"},
        {"sale_reference", "SELECT * FROM sale_reference WHERE merchant = ?1 ORDER BY handle, d"},
        {"redemption", "SELECT * FROM redemption WHERE merchant = ?1 ORDER BY d, place"},
        {"tally", "SELECT * FROM tally WHERE merchant = ?1 AND uses <> 0 ORDER BY offer"},
        {"visit", "SELECT * FROM visit WHERE merchant = ?1 ORDER BY who, d"},
        {"automatic", "SELECT * FROM automatic WHERE merchant = ?1 ORDER BY ref"},
        {"reversal", "SELECT * FROM reversal WHERE merchant = ?1 ORDER BY d"},
        {"reversal_line", "SELECT * FROM reversal_line WHERE merchant = ?1 ORDER BY d, number"},
        {"lease", "SELECT * FROM lease WHERE merchant = ?1 ORDER BY number"},
        {"lease_back", "SELECT * FROM lease_back WHERE merchant = ?1 ORDER BY lease, d"},
        {"reversal_share", "SELECT * FROM reversal_share WHERE merchant = ?1 ORDER BY d, place"},
    };
    struct buf line;
    int rc = 0;
    buf_init(&line, DUMP_LINE_MAX);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && rc == 0; i++) {
        struct rows *st = NULL;
        rc = sql_open(s, &st, tables[i].text, "*");
        while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
            buf_reset(&line);
            dump_row(st, tables[i].name, &line);
            rc = line.failed ? TP_E_MEMORY : fn(arg, tables[i].name, buf_view(&line));
            if (rc) {
                sql_end(s, st);
            }
        }
    }
    buf_free(&line);
    return rc;
}

static int append_line(void *arg, const char *table, struct bytes line)
{
    struct buf *out = arg;
    (void)table;
    buf_put(out, line.p, line.n);
    buf_putc(out, '\n');
    return out->failed ? TP_E_MEMORY : 0;
}

int store_dump(struct store *s, struct buf *out)
{
    return store_dump_each(s, append_line, out);
}
