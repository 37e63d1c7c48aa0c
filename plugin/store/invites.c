/* Enrolment codes that are open, and wrong ones that were tried. */
#include "store/sql.h"
#include "store/codes.h"

int store_invite_put(struct store *s, const struct invite_row *row)
{
    return sql_run(s,
                   "INSERT INTO invite (merchant, d, till, store, code_key, time_ms, until_ms) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                   "htthii", row->d, row->till, row->store, row->code_key, row->time_ms, row->until_ms);
}

int store_invite(struct store *s, struct bytes till, struct invite_row *row)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT d, till, store, code_key, time_ms, until_ms, used FROM invite WHERE "
                      "merchant = ?1 AND till = ?2 ORDER BY time_ms DESC, d DESC LIMIT 1",
                      "x", till);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    *row = (struct invite_row){
        .time_ms = sql_int(st, 4), .until_ms = sql_int(st, 5), .has_used = sql_bytes(st, 6).p != NULL};
    sql_fixed(st, 0, row->d, HASH_SIZE);
    sql_cstr(st, 1, row->till, sizeof row->till);
    sql_cstr(st, 2, row->store, sizeof row->store);
    sql_fixed(st, 3, row->code_key, HASH_SIZE);
    sql_fixed(st, 6, row->used, HASH_SIZE);
    sql_end(s, st);
    return 0;
}

int store_invite_use(struct store *s, const uint8_t d[HASH_SIZE], const uint8_t terminal[HASH_SIZE])
{
    return sql_run(s, "UPDATE invite SET used = ?3 WHERE merchant = ?1 AND d = ?2", "hh", d, terminal);
}

int store_enrol_miss(struct store *s, struct bytes till, int64_t now_ms)
{
    return sql_run(s, "INSERT INTO enrol_miss (merchant, till, time_ms) VALUES (?1, ?2, ?3)", "xi", till,
                   now_ms);
}

int store_enrol_misses(struct store *s, struct bytes till, int64_t *mine, int64_t *all)
{
    int64_t v[2] = {0};
    int rc = sql_ints(s, v, 2,
                      "SELECT count(*), coalesce(sum(CASE WHEN till = ?2 THEN 1 ELSE 0 END), 0) "
                      "FROM enrol_miss WHERE merchant = ?1",
                      "x", till);
    *all = v[0];
    *mine = v[1];
    return rc;
}

int store_enrol_misses_expire(struct store *s, int64_t before_ms)
{
    return sql_run(s, "DELETE FROM enrol_miss WHERE merchant = ?1 AND time_ms <= ?2", "i", before_ms);
}
