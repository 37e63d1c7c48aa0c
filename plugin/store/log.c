/* The log: what waits for its leaf, leaves, the tree's nodes, checkpoints. */
#include "store/sql.h"
#include "store/log.h"

int store_leaf_wait(struct store *s, const uint8_t d[HASH_SIZE])
{
    return sql_run(s, "INSERT INTO leaf_queue (merchant, d) VALUES (?1, ?2)", "h", d);
}

int store_leaves_waiting(struct store *s, int64_t limit, int64_t *count)
{
    return sql_ints(s, count, 1,
                    "SELECT count(*) FROM (SELECT n FROM leaf_queue WHERE merchant = ?1 LIMIT ?2) AS q", "i",
                    limit);
}

int store_each_waiting(struct store *s, int64_t limit, int (*fn)(void *arg, const struct waiting_leaf *row),
                       void *arg)
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st,
                 "SELECT q.n, q.d, s.raw FROM leaf_queue q LEFT JOIN statement s ON s.merchant = q.merchant "
                 "AND s.d = q.d WHERE q.merchant = ?1 ORDER BY q.n LIMIT ?2",
                 "i", limit);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct waiting_leaf row = {.n = sql_int(st, 0), .raw = sql_bytes(st, 2)};
        sql_fixed(st, 1, row.d, HASH_SIZE);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_waiting_drop(struct store *s, int64_t up_to)
{
    return sql_run(s, "DELETE FROM leaf_queue WHERE merchant = ?1 AND n <= ?2", "i", up_to);
}

int store_leaf_put(struct store *s, const struct leaf_row *row)
{
    return sql_run(s, "INSERT INTO leaf VALUES (?1, ?2, ?3, ?4)", "ihh", row->index, row->d, row->entry);
}

int store_leaf_count(struct store *s, int64_t *count)
{
    return sql_ints(s, count, 1, "SELECT coalesce(max(idx) + 1, 0) FROM leaf WHERE merchant = ?1", "");
}

int store_leaf(struct store *s, const uint8_t d[HASH_SIZE], struct leaf_row *row)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT idx, d, entry FROM leaf WHERE merchant = ?1 AND d = ?2", "h", d);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    row->index = sql_int(st, 0);
    sql_fixed(st, 1, row->d, HASH_SIZE);
    sql_fixed(st, 2, row->entry, HASH_SIZE);
    sql_end(s, st);
    return 0;
}

int store_leaves(struct store *s, int64_t from,
                 int (*fn)(void *arg, const struct leaf_row *row, struct bytes raw), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT l.idx, l.d, l.entry, s.raw FROM leaf l LEFT JOIN statement s ON s.merchant = "
                      "l.merchant AND s.d = l.d WHERE l.merchant = ?1 AND l.idx >= ?2 ORDER BY l.idx",
                      "*i", from);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct leaf_row row = {.index = sql_int(st, 0)};
        sql_fixed(st, 1, row.d, HASH_SIZE);
        sql_fixed(st, 2, row.entry, HASH_SIZE);
        if ((rc = fn(arg, &row, sql_bytes(st, 3))) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_unlogged(struct store *s, uint8_t d[HASH_SIZE])
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st,
                 "SELECT s.d FROM statement s WHERE s.merchant = ?1 "
                 "AND NOT EXISTS (SELECT 1 FROM leaf l WHERE l.merchant = s.merchant AND l.d = s.d) "
                 "AND NOT EXISTS (SELECT 1 FROM leaf_queue q WHERE q.merchant = s.merchant AND q.d = s.d) "
                 "ORDER BY s.n LIMIT 1",
                 "");
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    sql_fixed(st, 0, d, HASH_SIZE);
    sql_end(s, st);
    return 0;
}

int store_node_put(struct store *s, int level, int64_t index, const uint8_t hash[HASH_SIZE])
{
    return sql_run(s, "INSERT INTO node VALUES (?1, ?2, ?3, ?4)", "iih", (int64_t)level, index, hash);
}

int store_node(struct store *s, int level, int64_t index, uint8_t hash[HASH_SIZE])
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT hash FROM node WHERE merchant = ?1 AND level = ?2 AND idx = ?3", "ii",
                      (int64_t)level, index);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    sql_fixed(st, 0, hash, HASH_SIZE);
    sql_end(s, st);
    return 0;
}

int store_log_node(void *s, int level, int64_t index, uint8_t hash[HASH_SIZE])
{
    int rc = store_node(s, level, index, hash);
    return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
}

int store_checkpoint_put(struct store *s, const struct checkpoint_row *row)
{
    return sql_run(
        s,
        "INSERT INTO checkpoint (merchant, size, time_ms, root, raw, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        "iihvv", row->size, row->time_ms, row->root, row->raw, row->note);
}

int store_checkpoints(struct store *s, int64_t from_size, int64_t limit,
                      int (*fn)(void *arg, const struct checkpoint_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT size, time_ms, root, raw, note FROM checkpoint WHERE merchant = ?1 "
                      "AND size >= ?2 ORDER BY size LIMIT ?3",
                      "*ii", from_size, limit);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct checkpoint_row row = {.size = sql_int(st, 0),
                                     .time_ms = sql_int(st, 1),
                                     .raw = sql_bytes(st, 3),
                                     .note = sql_bytes(st, 4)};
        sql_fixed(st, 2, row.root, HASH_SIZE);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_checkpoint_last(struct store *s, struct checkpoint_row *row)
{
    struct rows *st = NULL;
    int rc = sql_open(
        s, &st, "SELECT size, time_ms, root FROM checkpoint WHERE merchant = ?1 ORDER BY size DESC LIMIT 1",
        "");
    *row = (struct checkpoint_row){0};
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    row->size = sql_int(st, 0);
    row->time_ms = sql_int(st, 1);
    sql_fixed(st, 2, row->root, HASH_SIZE);
    sql_end(s, st);
    return 0;
}
