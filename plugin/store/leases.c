/* Leases: what was given to whom, what came back of it, and which redemptions name it. */
#include "store/group.h"
#include "store/holds.h"
#include "store/leases.h"
#include "store/sales.h"

#define LEASE_COLUMNS                                                                                        \
    "number, d, till, epoch, offer, from_ms, until_ms, uses, amount, batch, first, last, left_uses, "        \
    "left_amount, given_back"

int store_lease_put(struct store *s, const struct lease_row *row)
{
    group_lease_is(s);
    return sql_run(s,
                   "INSERT INTO lease (merchant, " LEASE_COLUMNS ", open) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
                   "ihtiriiiiiiiiiii", row->number, row->d, row->till, row->epoch, row->offer, row->from_ms,
                   row->until_ms, row->uses, row->amount, row->batch, row->first, row->last, row->left_uses,
                   row->left_amount, (int64_t)row->given_back,
                   (int64_t)(row->left_uses > 0 || row->left_amount > 0));
}

int store_lease_book(struct store *s, const struct lease_row *row)
{
    return sql_run(s,
                   "UPDATE lease SET left_uses = ?3, left_amount = ?4, given_back = ?5, open = ?6 "
                   "WHERE merchant = ?1 AND number = ?2",
                   "iiiii", row->number, row->left_uses, row->left_amount, (int64_t)row->given_back,
                   (int64_t)(row->left_uses > 0 || row->left_amount > 0));
}

static void read_lease(struct rows *st, struct lease_row *row)
{
    *row = (struct lease_row){.number = sql_int(st, 0),
                              .epoch = sql_int(st, 3),
                              .from_ms = sql_int(st, 5),
                              .until_ms = sql_int(st, 6),
                              .uses = sql_int(st, 7),
                              .amount = sql_int(st, 8),
                              .batch = sql_int(st, 9),
                              .first = sql_int(st, 10),
                              .last = sql_int(st, 11),
                              .left_uses = sql_int(st, 12),
                              .left_amount = sql_int(st, 13),
                              .given_back = sql_int(st, 14) != 0};
    sql_fixed(st, 1, row->d, HASH_SIZE);
    sql_cstr(st, 2, row->till, sizeof row->till);
    sql_fixed(st, 4, row->offer, REF_SIZE);
}

static int one_lease(struct store *s, struct rows *st, struct lease_row *row)
{
    int rc = sql_next(s, st);
    if (rc != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    read_lease(st, row);
    sql_end(s, st);
    return 0;
}

int store_lease(struct store *s, int64_t number, struct lease_row *row)
{
    struct rows *st = NULL;
    if (group_no_lease(s)) {
        return STORE_NOT_FOUND;
    }
    int rc = sql_open(s, &st, "SELECT " LEASE_COLUMNS " FROM lease WHERE merchant = ?1 AND number = ?2", "i",
                      number);
    return rc ? rc : one_lease(s, st, row);
}

int store_lease_named(struct store *s, const uint8_t d[HASH_SIZE], struct lease_row *row)
{
    struct rows *st = NULL;
    if (group_no_lease(s)) {
        return STORE_NOT_FOUND;
    }
    int rc = sql_open(s, &st, "SELECT " LEASE_COLUMNS " FROM lease WHERE merchant = ?1 AND d = ?2", "h", d);
    return rc ? rc : one_lease(s, st, row);
}

/* Leases do not overlap while they keep something, so the nearest one below is the one, or none is. */
int store_lease_of_coupon(struct store *s, int64_t batch, int64_t index, struct lease_row *row)
{
    struct rows *st = NULL;
    if (group_no_lease(s)) {
        return STORE_NOT_FOUND;
    }
    int rc = sql_open(s, &st,
                      "SELECT " LEASE_COLUMNS " FROM lease WHERE merchant = ?1 AND batch IS NOT NULL AND "
                      "batch = ?2 AND first <= ?3 AND open = 1 ORDER BY first DESC LIMIT 1",
                      "ii", batch, index);
    rc = rc ? rc : one_lease(s, st, row);
    return rc == 0 && row->last < index ? STORE_NOT_FOUND : rc;
}

int store_lease_left(struct store *s, const uint8_t offer[REF_SIZE], struct lease_left *left)
{
    int64_t v[2] = {0};
    if (group_no_lease(s)) {
        *left = (struct lease_left){0};
        return 0;
    }
    int rc = sql_ints(s, v, 2,
                      "SELECT CAST(coalesce(sum(left_uses), 0) AS BIGINT), CAST(coalesce(sum(left_amount), "
                      "0) AS BIGINT) FROM lease "
                      "WHERE merchant = ?1 AND offer = ?2 AND open = 1",
                      "r", offer);
    left->uses = v[0];
    left->amount = v[1];
    return rc;
}

int store_leases(struct store *s, const char *till, int (*fn)(void *arg, const struct lease_row *row),
                 void *arg)
{
    struct rows *st = NULL;
    int rc = till ? sql_open(s, &st,
                             "SELECT " LEASE_COLUMNS " FROM lease WHERE merchant = ?1 AND till = ?2 AND "
                             "open = 1 ORDER BY number",
                             "t", till)
                  : sql_open(s, &st,
                             "SELECT " LEASE_COLUMNS
                             " FROM lease WHERE merchant = ?1 AND open = 1 ORDER BY number",
                             "");
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct lease_row row;
        read_lease(st, &row);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_lease_back_put(struct store *s, const struct lease_back_row *row)
{
    return sql_run(s,
                   "INSERT INTO lease_back (merchant, lease, d, till, written_off, epoch, seq, uses, amount, "
                   "disputed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                   "hhtiiiiii", row->lease, row->d, row->till, (int64_t)row->written_off, row->epoch,
                   row->seq, row->uses, row->amount, (int64_t)row->disputed);
}

int store_lease_back_dispute(struct store *s, const uint8_t d[HASH_SIZE], bool disputed)
{
    return sql_run(s, "UPDATE lease_back SET disputed = ?3 WHERE merchant = ?1 AND d = ?2", "hi", d,
                   (int64_t)disputed);
}

int store_lease_backs(struct store *s, const uint8_t lease[HASH_SIZE],
                      int (*fn)(void *arg, const struct lease_back_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st,
                 "SELECT d, till, written_off, epoch, seq, uses, amount FROM lease_back "
                 "WHERE merchant = ?1 AND lease = ?2 AND disputed = 0 ORDER BY written_off, epoch, seq, d",
                 "h", lease);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct lease_back_row row = {.written_off = sql_int(st, 2) != 0,
                                     .epoch = sql_int(st, 3),
                                     .seq = sql_int(st, 4),
                                     .uses = sql_int(st, 5),
                                     .amount = sql_int(st, 6)};
        memcpy(row.lease, lease, HASH_SIZE);
        sql_fixed(st, 0, row.d, HASH_SIZE);
        sql_cstr(st, 1, row.till, sizeof row.till);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_lease_uses(struct store *s, int64_t number, int (*fn)(void *arg, const struct contender *row),
                     void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " SALE_COLUMNS ", " RANKED_COLUMNS " FROM redemption r "
                      "JOIN sale s ON s.merchant = r.merchant AND s.d = r.d WHERE r.merchant = ?1 AND "
                      "r.lease IS NOT NULL AND r.lease = ?2 "
                      "ORDER BY s.time_ms, s.till, s.epoch, s.seq, r.d, r.place",
                      "i", number);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct contender row;
        read_sale(st, 0, &row.sale);
        read_ranked(st, SALE_COLUMN_COUNT, &row.redemption);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_lease_claims(struct store *s, int64_t number, struct tally_row *row)
{
    int64_t v[2] = {0};
    int rc = sql_ints(s, v, 2,
                      "SELECT count(*), CAST(coalesce(sum(amount), 0) AS BIGINT) FROM claim WHERE merchant = "
                      "?1 AND lease IS "
                      "NOT NULL AND lease = ?2",
                      "i", number);
    row->uses = v[0];
    row->spent = v[1];
    return rc;
}

int store_coupons_taken(struct store *s, int64_t batch, int (*fn)(void *arg, int64_t first, int64_t last),
                        void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT idx, idx FROM redemption WHERE merchant = ?1 AND batch = ?2 AND stage >= 2 "
                      "UNION ALL SELECT idx, idx FROM reservation WHERE merchant = ?1 AND batch = ?2 "
                      "UNION ALL SELECT first, last FROM lease WHERE merchant = ?1 AND batch IS NOT NULL AND "
                      "batch = ?2 AND open = 1",
                      "i", batch);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        if ((rc = fn(arg, sql_int(st, 0), sql_int(st, 1))) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}
