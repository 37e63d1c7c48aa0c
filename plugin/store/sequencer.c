/* Whose turn it is to sequence the log, and how far behind the log is. */
#include "store/sql.h"
#include "store/log.h"

static int read_turn(struct store *s, struct turn_row *row)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT owner, fence, until_ms FROM sequencer WHERE merchant = ?1", "");
    *row = (struct turn_row){0};
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc;
    }
    sql_fixed(st, 0, row->owner, ID_SIZE);
    row->fence = sql_int(st, 1);
    row->until_ms = sql_int(st, 2);
    sql_end(s, st);
    return 0;
}

int store_sequencer_take(struct store *s, const uint8_t owner[ID_SIZE], int64_t now_ms, int64_t ttl_ms,
                         struct turn_row *row, bool *mine)
{
    int rc = sql_run(s,
                     "INSERT INTO sequencer VALUES (?1, ?2, 1, ?3) ON CONFLICT (merchant) DO UPDATE SET "
                     "owner = excluded.owner, fence = sequencer.fence + 1, until_ms = excluded.until_ms "
                     "WHERE sequencer.owner = excluded.owner OR sequencer.until_ms <= ?4",
                     "dii", owner, now_ms + ttl_ms, now_ms);
    *mine = rc == 0 && sql_changes(s) > 0;
    return rc ? rc : read_turn(s, row);
}

int store_sequencer_seize(struct store *s, const uint8_t owner[ID_SIZE], int64_t fence, int64_t until_ms)
{
    return sql_run(s,
                   "UPDATE sequencer SET owner = ?2, fence = fence + 1, until_ms = ?4 "
                   "WHERE merchant = ?1 AND fence = ?3",
                   "dii", owner, fence, until_ms);
}

int store_sequencer_leave(struct store *s, const uint8_t owner[ID_SIZE])
{
    return sql_run(s, "UPDATE sequencer SET until_ms = 0 WHERE merchant = ?1 AND owner = ?2", "d", owner);
}

int store_log_lag(struct store *s, int64_t limit, int64_t *waiting, int64_t *oldest_ms)
{
    struct rows *st = NULL;
    int rc = store_leaves_waiting(s, limit, waiting);
    *oldest_ms = NONE;
    if (rc || *waiting == 0) {
        return rc;
    }
    rc = sql_open(s, &st,
                  "SELECT s.received_ms FROM leaf_queue q JOIN statement s ON s.merchant = q.merchant "
                  "AND s.d = q.d WHERE q.merchant = ?1 ORDER BY q.n LIMIT 1",
                  "");
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc;
    }
    *oldest_ms = sql_int(st, 0);
    sql_end(s, st);
    return 0;
}
