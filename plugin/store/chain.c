/* Tills, and the chains of their records. */
#include "store/group.h"
#include "store/evidence.h"
#include "store/tills.h"

void read_till(struct rows *st, struct till_row *row)
{
    sql_cstr(st, 0, row->name, sizeof row->name);
    sql_cstr(st, 1, row->store, sizeof row->store);
    row->epoch = sql_int(st, 2);
    sql_fixed(st, 3, row->terminal, HASH_SIZE);
    row->head.epoch = sql_int(st, 4);
    row->head.seq = sql_int(st, 5);
    sql_fixed(st, 6, row->head.d, HASH_SIZE);
    row->quarantined = sql_int(st, 7) != 0;
}

int store_till(struct store *s, struct bytes name, struct till_row *row)
{
    struct rows *st = NULL;
    const struct till_row *known = group_till(s, name);
    if (known) {
        *row = *known;
        return 0;
    }
    int rc = sql_open(s, &st, "SELECT " TILL_COLUMNS " FROM till l WHERE l.merchant = ?1 AND l.name = ?2",
                      "x", name);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    read_till(st, row);
    sql_end(s, st);
    group_till_is(s, row, false);
    return 0;
}

int till_write(struct store *s, const struct till_row *row)
{
    return sql_run(
        s,
        "INSERT INTO till VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (merchant, name) "
        "DO UPDATE SET store = excluded.store, epoch = excluded.epoch, terminal = excluded.terminal, "
        "head_epoch = excluded.head_epoch, head_seq = excluded.head_seq, head_d = excluded.head_d, "
        "quarantined = excluded.quarantined",
        "ttihiihi", row->name, row->store, row->epoch, row->terminal, row->head.epoch, row->head.seq,
        row->head.d, (int64_t)row->quarantined);
}

int store_till_put(struct store *s, const struct till_row *row)
{
    s->runs++;
    return group_till_is(s, row, true) ? 0 : till_write(s, row);
}

int store_record_put(struct store *s, const struct record_row *row)
{
    return sql_run(s,
                   "INSERT INTO record (merchant, till, epoch, seq, d, prev, dispute) VALUES (?1, ?2, ?3, "
                   "?4, ?5, ?6, ?7)",
                   "xiihhi", row->till, row->epoch, row->seq, row->d, row->prev, (int64_t)row->dispute);
}

int store_record_fork(struct store *s, const struct record_row *row, bool *fork)
{
    int64_t found = 0;
    int rc =
        sql_ints(s, &found, 1,
                 "SELECT EXISTS (SELECT 1 FROM record WHERE merchant = ?1 AND till = ?2 AND epoch = ?3 "
                 "AND seq BETWEEN ?4 - 1 AND ?4 + 1 AND ("
                 "(seq = ?4 AND d <> ?5) OR (seq = ?4 - 1 AND d <> ?6) OR (seq = ?4 + 1 AND prev <> ?5)))",
                 "xiihh", row->till, row->epoch, row->seq, row->d, row->prev);
    *fork = found != 0;
    return rc;
}

int store_records(struct store *s, int (*fn)(void *arg, const struct record_row *row, struct bytes raw),
                  void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT r.till, r.epoch, r.seq, r.d, r.prev, s.raw FROM record r LEFT JOIN statement s "
                      "ON s.merchant = r.merchant AND s.d = r.d WHERE r.merchant = ?1 "
                      "ORDER BY r.till, r.epoch, r.seq, r.d",
                      "*");
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct record_row row = {.till = sql_bytes(st, 0), .epoch = sql_int(st, 1), .seq = sql_int(st, 2)};
        sql_fixed(st, 3, row.d, HASH_SIZE);
        sql_fixed(st, 4, row.prev, HASH_SIZE);
        if ((rc = fn(arg, &row, sql_bytes(st, 5))) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}
