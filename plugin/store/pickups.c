/* Pickup codes, and the wrong ones that were tried. */
#include "store/sql.h"
#include "store/codes.h"

int store_pickup_put(struct store *s, struct bytes code, struct bytes coupon, int64_t until_ms)
{
    int rc = sql_run(s, "INSERT INTO pickup VALUES (?1, ?2, ?3, ?4) ON CONFLICT (merchant, code) DO NOTHING",
                     "xvi", code, coupon, until_ms);
    return rc ? rc : sql_changes(s) == 0 ? TP_E_EXISTS : 0;
}

int store_pickup(struct store *s, struct bytes code, int64_t now_ms, struct buf *coupon)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT coupon FROM pickup WHERE merchant = ?1 AND code = ?2 AND until_ms > ?3",
                      "xi", code, now_ms);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    struct bytes found = sql_bytes(st, 0);
    buf_put(coupon, found.p, found.n);
    sql_end(s, st);
    return coupon->failed ? TP_E_CORRUPT : 0;
}

int store_pickup_miss(struct store *s, const char *till, int64_t now_ms)
{
    return sql_run(s, "INSERT INTO pickup_miss (merchant, till, time_ms) VALUES (?1, ?2, ?3)", "ti", till,
                   now_ms);
}

int store_pickup_misses(struct store *s, const char *till, int64_t *mine, int64_t *all)
{
    int64_t v[2] = {0};
    int rc = sql_ints(
        s, v, 2, "SELECT count(*) FILTER (WHERE till = ?2), count(*) FROM pickup_miss WHERE merchant = ?1",
        "t", till);
    *mine = v[0];
    *all = v[1];
    return rc;
}

int store_pickups_expire(struct store *s, int64_t now_ms, int64_t misses_before_ms)
{
    int rc = sql_run(s, "DELETE FROM pickup WHERE merchant = ?1 AND until_ms <= ?2", "i", now_ms);
    return rc ? rc
              : sql_run(s, "DELETE FROM pickup_miss WHERE merchant = ?1 AND time_ms <= ?2", "i",
                        misses_before_ms);
}
