/* Statements as received, their parts, and the answers kept for repeated requests. */
#include "store/stored.h"

#include <stdio.h>

static int put_part(struct store *s, const uint8_t d[HASH_SIZE], int64_t which, struct bytes content)
{
    return content.p ? sql_run(s, "INSERT INTO part VALUES (?1, ?2, ?3, ?4)", "hiv", d, which, content) : 0;
}

int store_statement_put(struct store *s, const struct statement *st, int64_t received_ms, bool *fresh)
{
    *fresh = false;
    int rc =
        sql_run(s,
                "INSERT INTO statement (merchant, d, kind, received_ms, raw) VALUES (?1, ?2, ?3, ?4, ?5) "
                "ON CONFLICT (merchant, d) DO NOTHING",
                "hiiv", st->d, (int64_t)st->kind, received_ms, st->raw);
    if (rc || sql_changes(s) == 0) {
        return rc;
    }
    *fresh = true;
    if ((rc = put_part(s, st->d, PART_LINES, st->lines)) == 0) {
        rc = put_part(s, st->d, PART_PERSON, st->person);
    }
    return rc;
}

int read_stored(struct store *s, struct rows *st, int from, struct stored *row)
{
    int64_t kind = sql_int(st, from + 1);
    *row = (struct stored){.n = sql_int(st, from),
                           .kind = (enum kind)kind,
                           .received_ms = sql_int(st, from + 3),
                           .raw = sql_bytes(st, from + 4),
                           .lines = sql_bytes(st, from + 5),
                           .person = sql_bytes(st, from + 6)};
    if (row->raw.p && (kind < 0 || kind >= KIND_COUNT)) {
        snprintf(s->error, sizeof s->error, "a statement of an unknown kind");
        return TP_E_CORRUPT;
    }
    if (sql_columns(st) > from + 7) {
        row->residue = sql_bytes(st, from + 7);
    }
    sql_fixed(st, from + 2, row->d, HASH_SIZE);
    return 0;
}

static int hand_out(struct store *s, struct rows *st, int (*fn)(void *, const struct stored *), void *arg)
{
    struct stored row;
    int rc = read_stored(s, st, 0, &row);
    return rc ? rc : fn(arg, &row);
}

/* Whether there is any, by the index of each kind: what comes and goes in between is not read. Counted, for a
 * planner that is asked for the first by n would rather walk through all kinds in their order. */
static int any_after(struct store *s, uint32_t wanted, int64_t after, bool *any)
{
    int rc = 0;
    *any = false;
    for (int kind = 0; kind < KIND_COUNT && rc == 0 && !*any; kind++) {
        struct rows *st = NULL;
        if (!(wanted >> kind & 1)) {
            continue;
        }
        rc = sql_open(s, &st,
                      "SELECT count(*) FROM statement s WHERE s.merchant = ?1 AND s.kind = ?2 AND s.n > ?3",
                      "ii", (int64_t)kind, after);
        if (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
            *any = sql_int(st, 0) > 0;
            sql_end(s, st);
            rc = 0;
        }
    }
    return rc;
}

int store_statements(struct store *s, uint32_t wanted, int64_t after, int64_t limit,
                     int (*fn)(void *arg, const struct stored *row), void *arg)
{
    struct rows *st = NULL;
    bool any;
    int rc = any_after(s, wanted, after, &any);
    if (rc || !any) {
        return rc;
    }
    rc = sql_open(s, &st,
                  "SELECT " STORED_COLUMNS ", " RESIDUE_COLUMN " FROM statement s " STORED_JOINS RESIDUE_JOIN
                  "WHERE s.merchant = ?1 AND s.n > ?2 AND ((?3 >> CAST(s.kind AS INTEGER)) & 1) = 1 "
                  "ORDER BY s.n LIMIT ?4",
                  "*iii", after, (int64_t)wanted, limit);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        rc = hand_out(s, st, fn, arg);
        if (rc) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_statement(struct store *s, const uint8_t d[HASH_SIZE],
                    int (*fn)(void *arg, const struct stored *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT " STORED_COLUMNS " FROM statement s " STORED_JOINS
                      "WHERE s.merchant = ?1 AND s.d = ?2",
                      "h", d);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    rc = hand_out(s, st, fn, arg);
    sql_end(s, st);
    return rc;
}

int store_clear_projections(struct store *s)
{
    static const char *const texts[] = {
        "DELETE FROM till WHERE merchant = ?1",          "DELETE FROM record WHERE merchant = ?1",
        "DELETE FROM offer WHERE merchant = ?1",         "DELETE FROM batch WHERE merchant = ?1",
        "DELETE FROM link WHERE merchant = ?1",          "DELETE FROM redemption WHERE merchant = ?1",
        "DELETE FROM sale WHERE merchant = ?1",          "DELETE FROM reversal WHERE merchant = ?1",
        "DELETE FROM tally WHERE merchant = ?1",         "DELETE FROM visit WHERE merchant = ?1",
        "DELETE FROM automatic WHERE merchant = ?1",     "DELETE FROM sale_reference WHERE merchant = ?1",
        "DELETE FROM reversal_line WHERE merchant = ?1", "DELETE FROM reversal_share WHERE merchant = ?1",
        "DELETE FROM lease WHERE merchant = ?1",         "DELETE FROM lease_back WHERE merchant = ?1",
        "DELETE FROM tenure WHERE merchant = ?1",        "DELETE FROM ruling WHERE merchant = ?1",
        "DELETE FROM invite WHERE merchant = ?1",
    };
    int rc = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && rc == 0; i++) {
        rc = sql_run(s, texts[i], "");
    }
    return rc;
}

int store_answer(struct store *s, const uint8_t id[ID_SIZE], uint8_t d[HASH_SIZE], struct buf *answer)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT d, content FROM answer WHERE merchant = ?1 AND id = ?2", "d", id);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    sql_fixed(st, 0, d, HASH_SIZE);
    struct bytes content = sql_bytes(st, 1);
    buf_put(answer, content.p, content.n);
    sql_end(s, st);
    return answer->failed ? TP_E_MEMORY : 0;
}

int store_answer_put(struct store *s, const uint8_t id[ID_SIZE], const uint8_t d[HASH_SIZE],
                     struct bytes answer, int64_t until_ms)
{
    return sql_run(s, "INSERT INTO answer VALUES (?1, ?2, ?3, ?4, ?5)", "dhvi", id, d, answer, until_ms);
}

int store_answers_expire(struct store *s, int64_t now_ms)
{
    return sql_run(s, "DELETE FROM answer WHERE merchant = ?1 AND until_ms <= ?2", "i", now_ms);
}
