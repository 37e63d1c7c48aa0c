/* Enrolments of tills, and which of their records are disputed. */
#include "store/group.h"
#include "store/evidence.h"
#include "store/tills.h"

void read_tenure(struct rows *st, int from, struct tenure_row *row)
{
    *row = (struct tenure_row){.epoch = sql_int(st, from + 1),
                               .from_ms = sql_int(st, from + 2),
                               .until_ms = sql_int(st, from + 3),
                               .state = (int)sql_int(st, from + 4),
                               .from_seq = sql_int(st, from + 5),
                               .has_terminal = sql_bytes(st, from + 6).p != NULL};
    sql_fixed(st, from + 6, row->terminal, HASH_SIZE);
    sql_cstr(st, from, row->till, sizeof row->till);
}

int store_tenure(struct store *s, struct bytes till, int64_t epoch, struct tenure_row *row)
{
    struct rows *st = NULL;
    const struct tenure_row *known = group_tenure(s, till, epoch);
    if (known) {
        *row = *known;
        return 0;
    }
    int rc = sql_open(s, &st,
                      "SELECT " TENURE_COLUMNS " FROM tenure t WHERE t.merchant = ?1 AND t.till = ?2 AND "
                      "t.epoch = ?3",
                      "xi", till, epoch);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    read_tenure(st, 0, row);
    sql_end(s, st);
    group_tenure_is(s, row);
    return 0;
}

int store_tenure_put(struct store *s, const struct tenure_row *row)
{
    group_tenure_is(s, row);
    return sql_run(
        s,
        "INSERT INTO tenure (merchant, till, epoch, from_ms, until_ms, state, from_seq, terminal) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (merchant, till, epoch) DO UPDATE SET "
        "from_ms = excluded.from_ms, until_ms = excluded.until_ms, state = excluded.state, "
        "from_seq = excluded.from_seq, terminal = excluded.terminal",
        "tiiiiih", row->till, row->epoch, row->from_ms, row->until_ms, (int64_t)row->state, row->from_seq,
        row->has_terminal ? row->terminal : NULL);
}

int store_ruling_put(struct store *s, const uint8_t record[HASH_SIZE], const uint8_t d[HASH_SIZE],
                     int64_t time_ms, int verdict)
{
    return sql_run(s,
                   "INSERT INTO ruling (merchant, record, d, time_ms, verdict) VALUES (?1, ?2, ?3, ?4, ?5)",
                   "hhii", record, d, time_ms, (int64_t)verdict);
}

int store_ruling(struct store *s, const uint8_t record[HASH_SIZE], int *verdict)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT verdict FROM ruling WHERE merchant = ?1 AND record = ?2 "
                      "ORDER BY time_ms DESC, d DESC LIMIT 1",
                      "h", record);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    *verdict = (int)sql_int(st, 0);
    sql_end(s, st);
    return 0;
}

#define RECORD_COLUMNS "r.till, r.epoch, r.seq, r.d, r.prev, r.dispute"

static struct record_row read_record(struct rows *st)
{
    struct record_row row = {.till = sql_bytes(st, 0),
                             .epoch = sql_int(st, 1),
                             .seq = sql_int(st, 2),
                             .dispute = (int)sql_int(st, 5)};
    sql_fixed(st, 3, row.d, HASH_SIZE);
    sql_fixed(st, 4, row.prev, HASH_SIZE);
    return row;
}

int store_records_after(struct store *s, const struct record_row *after, int64_t limit,
                        int (*fn)(void *arg, const struct record_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st,
                 "SELECT " RECORD_COLUMNS " FROM record r WHERE r.merchant = ?1 AND r.till = ?2 AND "
                 "r.epoch = ?3 AND r.seq >= ?4 AND (r.seq > ?4 OR r.d > ?5) ORDER BY r.seq, r.d LIMIT ?6",
                 "xiihi", after->till, after->epoch, after->seq, after->d, limit);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct record_row row = read_record(st);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_record_dispute(struct store *s, const struct record_row *row)
{
    return sql_run(s,
                   "UPDATE record SET dispute = ?6 WHERE merchant = ?1 AND till = ?2 AND epoch = ?3 AND "
                   "seq = ?4 AND d = ?5",
                   "xiihi", row->till, row->epoch, row->seq, row->d, (int64_t)row->dispute);
}

int store_disputes(struct store *s, int (*fn)(void *arg, const struct record_row *row, struct bytes raw),
                   void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " RECORD_COLUMNS ", s.raw FROM record r LEFT JOIN statement s ON "
                      "s.merchant = r.merchant AND s.d = r.d WHERE r.merchant = ?1 AND r.dispute <> 0 "
                      "ORDER BY r.till, r.epoch, r.seq, r.d",
                      "");
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct record_row row = read_record(st);
        if ((rc = fn(arg, &row, sql_bytes(st, 6))) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}
