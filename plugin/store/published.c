/* What others read of the log: runs of nodes and entries, its statements in their order, and its
 * checkpoints with what witnesses said of them. */
#include "store/sql.h"
#include "store/log.h"

int store_nodes(struct store *s, int level, int64_t from, int64_t limit,
                int (*fn)(void *arg, int64_t index, const uint8_t hash[HASH_SIZE]), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT idx, hash FROM node WHERE merchant = ?1 AND level = ?2 AND idx >= ?3 "
                      "ORDER BY idx LIMIT ?4",
                      "iii", (int64_t)level, from, limit);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        uint8_t hash[HASH_SIZE];
        sql_fixed(st, 1, hash, HASH_SIZE);
        if ((rc = fn(arg, sql_int(st, 0), hash)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_entries(struct store *s, int64_t from, int64_t limit,
                  int (*fn)(void *arg, const struct leaf_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT idx, d, entry FROM leaf WHERE merchant = ?1 AND idx >= ?2 ORDER BY idx LIMIT "
                      "?3",
                      "ii", from, limit);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct leaf_row row = {.index = sql_int(st, 0)};
        sql_fixed(st, 1, row.d, HASH_SIZE);
        sql_fixed(st, 2, row.entry, HASH_SIZE);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_log_page(struct store *s, int64_t from, int64_t limit,
                   int (*fn)(void *arg, int64_t index, const struct stored *row), void *arg)
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st,
                 "SELECT f.idx, s.n, s.kind, s.d, s.received_ms, s.raw, l.content, p.content FROM leaf f "
                 "JOIN statement s ON s.merchant = f.merchant AND s.d = f.d "
                 "LEFT JOIN part l ON l.merchant = s.merchant AND l.d = s.d AND l.which = 1 "
                 "LEFT JOIN part p ON p.merchant = s.merchant AND p.d = s.d AND p.which = 2 "
                 "WHERE f.merchant = ?1 AND f.idx >= ?2 ORDER BY f.idx LIMIT ?3",
                 "ii", from, limit);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct stored row = {.n = sql_int(st, 1),
                             .kind = (enum kind)sql_int(st, 2),
                             .received_ms = sql_int(st, 4),
                             .raw = sql_bytes(st, 5),
                             .lines = sql_bytes(st, 6),
                             .person = sql_bytes(st, 7)};
        sql_fixed(st, 3, row.d, HASH_SIZE);
        rc = row.kind < KIND_COUNT ? fn(arg, sql_int(st, 0), &row) : TP_E_CORRUPT;
        if (rc) {
            sql_end(s, st);
        }
    }
    return rc;
}

/* ---- witnesses ---- */

int store_checkpoint_note(struct store *s, int64_t size, struct bytes before, struct bytes after,
                          int64_t witnesses)
{
    int rc = sql_run(s,
                     "UPDATE checkpoint SET note = ?4, witnesses = ?5 WHERE merchant = ?1 AND size = ?2 "
                     "AND note = ?3",
                     "ivvi", size, before, after, witnesses);
    return rc ? rc : sql_changes(s) == 1 ? 0 : TP_E_BUSY;
}

int store_witnessed_last(struct store *s, int64_t *size)
{
    struct rows *st = NULL;
    int rc = sql_open(
        s, &st,
        "SELECT size FROM checkpoint WHERE merchant = ?1 AND witnesses > 0 ORDER BY size DESC LIMIT 1", "");
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    *size = sql_int(st, 0);
    sql_end(s, st);
    return 0;
}
