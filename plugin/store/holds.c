/* The short memory: revisions of sales, reservations of coupons, the counter of grants, outcomes to tell. */
#include "store/group.h"
#include "store/holds.h"

int store_rev(struct store *s, const uint8_t sale[ID_SIZE], struct rev_row *row)
{
    int64_t v[2] = {0};
    if (group_absent(s, ABSENT_REVISION, sale, ID_SIZE)) {
        *row = (struct rev_row){0};
        return 0;
    }
    int rc =
        sql_ints(s, v, 2, "SELECT rev, finished FROM revision WHERE merchant = ?1 AND sale = ?2", "d", sale);
    row->rev = v[0];
    row->finished = v[1] != 0;
    return rc;
}

int store_rev_put(struct store *s, const uint8_t sale[ID_SIZE], const struct rev_row *row)
{
    if (group_present_is(s, ABSENT_REVISION, sale, ID_SIZE)) {
        return sql_run(s, "INSERT INTO revision VALUES (?1, ?2, ?3, ?4)", "dii", sale, row->rev,
                       (int64_t)row->finished);
    }
    return sql_run(s,
                   "INSERT INTO revision VALUES (?1, ?2, ?3, ?4) ON CONFLICT (merchant, sale) DO UPDATE SET "
                   "rev = excluded.rev, finished = excluded.finished",
                   "dii", sale, row->rev, (int64_t)row->finished);
}

int store_rev_finish(struct store *s, const uint8_t sale[ID_SIZE], int64_t rev)
{
    if (group_present_is(s, ABSENT_REVISION, sale, ID_SIZE)) {
        return sql_run(s, "INSERT INTO revision VALUES (?1, ?2, ?3, 1)", "di", sale, rev);
    }
    return sql_run(s,
                   "INSERT INTO revision VALUES (?1, ?2, ?3, 1) ON CONFLICT (merchant, sale) DO UPDATE SET "
                   "rev = CASE WHEN excluded.rev > revision.rev THEN excluded.rev ELSE revision.rev END, "
                   "finished = 1",
                   "di", sale, rev);
}

int store_reservation_put(struct store *s, const struct reservation_row *row)
{
    uint8_t key[COUPON_KEY_SIZE];
    group_coupon_key(row->batch, row->index, key);
    group_present_is(s, ABSENT_HELD, row->sale, ID_SIZE);
    if (group_present_is(s, ABSENT_RESERVED, key, sizeof key)) {
        return sql_run(s, "INSERT INTO reservation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", "iiidrtii",
                       row->batch, row->index, row->slot, row->sale, row->offer, row->till, row->number,
                       row->until_ms);
    }
    int rc = sql_run(s,
                     "INSERT INTO reservation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
                     "ON CONFLICT (merchant, batch, idx, slot) DO NOTHING",
                     "iiidrtii", row->batch, row->index, row->slot, row->sale, row->offer, row->till,
                     row->number, row->until_ms);
    return rc ? rc : sql_changes(s) == 0 ? TP_HELD : 0;
}

int store_reservations_drop(struct store *s, const uint8_t sale[ID_SIZE])
{
    if (group_absent(s, ABSENT_HELD, sale, ID_SIZE)) {
        return 0;
    }
    int rc = sql_run(s, "DELETE FROM reservation WHERE merchant = ?1 AND sale = ?2", "d", sale);
    return rc ? rc : sql_run(s, "DELETE FROM claim WHERE merchant = ?1 AND sale = ?2", "d", sale);
}

int store_reservations_expire(struct store *s, int64_t now_ms)
{
    int rc = sql_run(s, "DELETE FROM reservation WHERE merchant = ?1 AND until_ms <= ?2", "i", now_ms);
    return rc ? rc : sql_run(s, "DELETE FROM claim WHERE merchant = ?1 AND until_ms <= ?2", "i", now_ms);
}

int store_reservations(struct store *s, int64_t batch, int64_t index,
                       int (*fn)(void *arg, const struct reservation_row *row), void *arg)
{
    struct rows *st = NULL;
    uint8_t key[COUPON_KEY_SIZE];
    group_coupon_key(batch, index, key);
    if (group_absent(s, ABSENT_RESERVED, key, sizeof key)) {
        return 0;
    }
    int rc = sql_open(s, &st,
                      "SELECT slot, sale, offer, till, number, until_ms FROM reservation "
                      "WHERE merchant = ?1 AND batch = ?2 AND idx = ?3 ORDER BY slot",
                      "ii", batch, index);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct reservation_row row = {.batch = batch, .index = index, .slot = sql_int(st, 0)};
        sql_fixed(st, 1, row.sale, ID_SIZE);
        sql_fixed(st, 2, row.offer, REF_SIZE);
        sql_cstr(st, 3, row.till, sizeof row.till);
        row.number = sql_int(st, 4);
        row.until_ms = sql_int(st, 5);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_next_grant(struct store *s, int64_t *number)
{
    struct rows *st = NULL;
    if (group_next_grant(s, number)) {
        return 0;
    }
    s->runs++;
    int rc = sql_open(s, &st,
                      "INSERT INTO counter VALUES (?1, '" STORE_GRANTS "', 1) "
                      "ON CONFLICT (merchant, name) DO UPDATE SET value = counter.value + 1 RETURNING value",
                      "");
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc;
    }
    *number = sql_int(st, 0);
    group_grant_is(s, *number);
    while ((rc = sql_next(s, st)) == SQL_ROW) {
    }
    return rc;
}

int store_outcome_put(struct store *s, const struct outcome_row *row)
{
    int rc = sql_run(s,
                     "INSERT INTO outcome (merchant, till, commit_d, place, reason, amount) "
                     "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                     "thiii", row->till, row->commit, row->redemption, (int64_t)row->reason, row->amount);
    bool counted = row->reason == 0 || group_conflict(s);
    return rc || counted ? rc : store_count_on(s, STORE_CONFLICTS);
}

int store_outcomes(struct store *s, struct bytes till, int64_t after, int64_t limit,
                   int (*fn)(void *arg, const struct outcome_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT n, till, commit_d, place, reason, amount FROM outcome "
                      "WHERE merchant = ?1 AND till = ?2 AND n > ?3 ORDER BY n LIMIT ?4",
                      "xii", till, after, limit);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct outcome_row row = {
            .n = sql_int(st, 0), .redemption = sql_int(st, 3), .amount = sql_int(st, 5)};
        sql_cstr(st, 1, row.till, sizeof row.till);
        sql_fixed(st, 2, row.commit, HASH_SIZE);
        row.reason = (int)sql_int(st, 4);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}
