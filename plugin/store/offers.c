/* Offers, batches of coupons, and the links of cards. */
#include "store/sql.h"
#include "store/erased.h"
#include "store/leases.h"
#include "store/report.h"

int store_offer_put(struct store *s, const uint8_t ref[REF_SIZE], int64_t version, struct bytes id,
                    const uint8_t d[HASH_SIZE])
{
    return sql_run(s, "INSERT INTO offer VALUES (?1, ?2, ?3, ?4, ?5)", "rixh", ref, version, id, d);
}

int store_offer(struct store *s, const uint8_t ref[REF_SIZE], int64_t version, uint8_t d[HASH_SIZE])
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT d FROM offer WHERE merchant = ?1 AND ref = ?2 AND (?3 IS NULL OR version = ?3) "
                      "ORDER BY version DESC LIMIT 1",
                      "ri", ref, version);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    sql_fixed(st, 0, d, HASH_SIZE);
    sql_end(s, st);
    return 0;
}

int store_offer_versions(struct store *s, const uint8_t ref[REF_SIZE], int64_t version,
                         int (*fn)(void *arg, const uint8_t d[HASH_SIZE]), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT d FROM offer WHERE merchant = ?1 AND ref = ?2 AND (?3 IS NULL OR version = ?3) "
                      "ORDER BY version",
                      "ri", ref, version);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        uint8_t d[HASH_SIZE];
        sql_fixed(st, 0, d, HASH_SIZE);
        if ((rc = fn(arg, d)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_batch_put(struct store *s, const struct batch_row *row)
{
    int rc = sql_run(
        s,
        "INSERT INTO batch VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (merchant, number) "
        "DO NOTHING",
        "iriiittt", row->number, row->offer, row->first, row->last, row->exp, row->channel, row->campaign,
        row->till);
    return rc ? rc : sql_changes(s) == 0 ? TP_BAD_STATEMENT : 0;
}

static void read_batch(struct rows *st, struct batch_row *row)
{
    row->number = sql_int(st, 0);
    sql_fixed(st, 1, row->offer, REF_SIZE);
    row->first = sql_int(st, 2);
    row->last = sql_int(st, 3);
    row->exp = sql_int(st, 4);
    sql_cstr(st, 5, row->channel, sizeof row->channel);
    sql_cstr(st, 6, row->campaign, sizeof row->campaign);
    sql_cstr(st, 7, row->till, sizeof row->till);
}

#define BATCH_COLUMNS "number, offer, first, last, exp, channel, campaign, till"

int store_batch(struct store *s, int64_t number, struct batch_row *row)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT " BATCH_COLUMNS " FROM batch WHERE merchant = ?1 AND number = ?2", "i",
                      number);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    read_batch(st, row);
    sql_end(s, st);
    return 0;
}

int store_batch_last(struct store *s, int64_t *number)
{
    return sql_ints(s, number, 1, "SELECT coalesce(max(number), 0) FROM batch WHERE merchant = ?1", "");
}

int store_report_batches(struct store *s, int (*fn)(void *arg, const struct batch_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT " BATCH_COLUMNS " FROM batch WHERE merchant = ?1 ORDER BY number", "*");
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct batch_row row;
        read_batch(st, &row);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_till_batches(struct store *s, const char *till, int (*fn)(void *arg, const struct batch_row *row),
                       void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " BATCH_COLUMNS " FROM batch WHERE merchant = ?1 AND till = ?2 AND till <> '' "
                      "ORDER BY number",
                      "t", till);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct batch_row row;
        read_batch(st, &row);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_link_put(struct store *s, const struct link_row *row)
{
    return sql_run(s,
                   "INSERT INTO link (merchant, card, offer, d, op, time_ms, till, epoch, seq, channel, "
                   "campaign, customer, "
                   "disputed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) "
                   "ON CONFLICT (merchant, card, offer, d) DO NOTHING",
                   "hrhiitiittti", row->card, row->offer, row->d, (int64_t)row->op, row->time_ms, row->till,
                   row->epoch, row->seq, row->channel, row->campaign, row->customer, (int64_t)row->disputed);
}

#define LINK_COLUMNS "card, offer, d, op, time_ms, till, epoch, seq, channel, campaign, customer, disputed"

static void read_link(struct rows *st, struct link_row *row)
{
    sql_fixed(st, 0, row->card, HASH_SIZE);
    sql_fixed(st, 1, row->offer, REF_SIZE);
    sql_fixed(st, 2, row->d, HASH_SIZE);
    row->op = (int)sql_int(st, 3);
    row->time_ms = sql_int(st, 4);
    sql_cstr(st, 5, row->till, sizeof row->till);
    row->epoch = sql_int(st, 6);
    row->seq = sql_int(st, 7);
    sql_cstr(st, 8, row->channel, sizeof row->channel);
    sql_cstr(st, 9, row->campaign, sizeof row->campaign);
    sql_cstr(st, 10, row->customer, sizeof row->customer);
    row->disputed = sql_int(st, 11) != 0;
}

static int each_link(struct store *s, struct rows *st, int (*fn)(void *, const struct link_row *), void *arg)
{
    int rc;
    while ((rc = sql_next(s, st)) == SQL_ROW) {
        struct link_row row;
        read_link(st, &row);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
            return rc;
        }
    }
    return rc;
}

int store_links(struct store *s, const uint8_t card[HASH_SIZE], int64_t time_ms,
                int (*fn)(void *arg, const struct link_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " LINK_COLUMNS " FROM (SELECT *, row_number() OVER (PARTITION BY offer "
                      "ORDER BY time_ms DESC, till DESC, epoch DESC, seq DESC) AS newest FROM link "
                      "WHERE merchant = ?1 AND card = ?2 AND time_ms <= ?3 AND disputed = 0) AS ranked "
                      "WHERE newest = 1 AND op = 0 ORDER BY offer",
                      "hi", card, time_ms);
    return rc ? rc : each_link(s, st, fn, arg);
}

int store_report_links(struct store *s, int (*fn)(void *arg, const struct link_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " LINK_COLUMNS " FROM link WHERE merchant = ?1 AND disputed = 0 "
                      "ORDER BY time_ms, till, epoch, seq, card, offer",
                      "*");
    return rc ? rc : each_link(s, st, fn, arg);
}

int store_link_rows(struct store *s, const uint8_t d[HASH_SIZE],
                    int (*fn)(void *arg, const struct link_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " LINK_COLUMNS " FROM link WHERE merchant = ?1 AND d = ?2 ORDER BY card, offer",
                      "h", d);
    return rc ? rc : each_link(s, st, fn, arg);
}

int store_link_twins(struct store *s, const uint8_t card[HASH_SIZE], const uint8_t offer[REF_SIZE],
                     int (*fn)(void *arg, const struct link_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " LINK_COLUMNS
                      " FROM link WHERE merchant = ?1 AND card = ?2 AND offer = ?3 ORDER BY d",
                      "hr", card, offer);
    return rc ? rc : each_link(s, st, fn, arg);
}

int store_link_dispute(struct store *s, const uint8_t d[HASH_SIZE], bool disputed)
{
    return sql_run(s, "UPDATE link SET disputed = ?3 WHERE merchant = ?1 AND d = ?2", "hi", d,
                   (int64_t)disputed);
}

int store_link_cards(struct store *s, const uint8_t d[HASH_SIZE],
                     int (*fn)(void *arg, const uint8_t card[HASH_SIZE]), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT DISTINCT card FROM link WHERE merchant = ?1 AND d = ?2 ORDER BY card",
                      "h", d);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        uint8_t card[HASH_SIZE];
        sql_fixed(st, 0, card, HASH_SIZE);
        if ((rc = fn(arg, card)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}
