/* Statements as received, their parts, and the answers kept for repeated requests. */
#include "store/group.h"
#include "store/holds.h"
#include "store/stored.h"

#include <stdio.h>

static int put_part(struct store *s, const uint8_t d[HASH_SIZE], int64_t which, struct bytes content)
{
    return content.p ? sql_run(s, "INSERT INTO part VALUES (?1, ?2, ?3, ?4)", "hiv", d, which, content) : 0;
}

int store_statement_put(struct store *s, const struct statement *st, int64_t received_ms, bool *fresh)
{
    int rc;
    *fresh = group_present_is(s, ABSENT_STATEMENT, st->d, HASH_SIZE);
    if (*fresh) {
        rc = sql_run(s,
                     "INSERT INTO statement (merchant, d, kind, received_ms, raw) "
                     "VALUES (?1, ?2, ?3, ?4, ?5)",
                     "hiiv", st->d, (int64_t)st->kind, received_ms, st->raw);
    } else {
        rc = sql_run(s,
                     "INSERT INTO statement (merchant, d, kind, received_ms, raw) "
                     "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (merchant, d) DO NOTHING",
                     "hiiv", st->d, (int64_t)st->kind, received_ms, st->raw);
        *fresh = rc == 0 && sql_changes(s) != 0;
    }
    if (rc || !*fresh) {
        return rc;
    }
    group_newest_forget(s, st->kind);
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

/* A few kinds are found by the index of kinds, so that what comes and goes in between is not read; more are
 * not few any more. */
enum { FEW_KINDS = 8 };
#define OF_FEW_KINDS "s.kind IN (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"

/* How many; the last one again fills up the list. */
static size_t list_kinds(uint32_t wanted, int64_t out[FEW_KINDS])
{
    size_t n = 0;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (wanted >> kind & 1 && n++ < FEW_KINDS) {
            out[n - 1] = kind;
        }
    }
    for (size_t i = n; n > 0 && i < FEW_KINDS; i++) {
        out[i] = out[n - 1];
    }
    return n;
}

/* Each kind by itself, and counted: a planner that does not know how rare they are would rather walk through
 * all statements in their order. */
#define COUNT_OF(kind) "(SELECT count(*) FROM statement WHERE merchant = ?1 AND kind = " kind " AND n > ?2)"
static int any_after(struct store *s, const int64_t k[FEW_KINDS], int64_t after, bool *any)
{
    int64_t found = 0;
    int rc = sql_ints(
        s, &found, 1,
        "SELECT " COUNT_OF("?3") " + " COUNT_OF("?4") " + " COUNT_OF("?5") " + " COUNT_OF(
            "?6") " + " COUNT_OF("?7") " + " COUNT_OF("?8") " + " COUNT_OF("?9") " + " COUNT_OF("?10"),
        "iiiiiiiii", after, k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7]);
    *any = found > 0;
    return rc;
}

int store_newest(struct store *s, const enum kind of[STORE_NEWEST_MAX], int64_t newest[STORE_NEWEST_MAX])
{
    if (group_newest(s, of, newest)) {
        return 0;
    }
    int rc = sql_ints(s, newest, STORE_NEWEST_MAX, "SELECT " NEWEST_COLUMNS, "iiii", (int64_t)of[0],
                      (int64_t)of[1], (int64_t)of[2], (int64_t)of[3]);
    for (size_t i = 0; i < STORE_NEWEST_MAX && rc == 0; i++) {
        group_newest_is(s, of[i], newest[i]);
    }
    return rc;
}

#define ALL_OF_STATEMENTS                                                                                    \
    "SELECT " STORED_COLUMNS ", " RESIDUE_COLUMN " FROM statement s " STORED_JOINS RESIDUE_JOIN              \
    "WHERE s.merchant = ?1 AND s.n > ?2 AND "

int store_statements(struct store *s, uint32_t wanted, int64_t after, int64_t limit,
                     int (*fn)(void *arg, const struct stored *row), void *arg)
{
    struct rows *st = NULL;
    int64_t k[FEW_KINDS];
    bool any = true;
    size_t kinds_wanted = list_kinds(wanted, k);
    bool few = kinds_wanted <= FEW_KINDS;
    int rc = kinds_wanted && few ? any_after(s, k, after, &any) : 0;
    if (rc || !any || kinds_wanted == 0) {
        return rc;
    }
    /* The 0 is added so that the order does not lead a planner away from the index of kinds. */
    rc = few ? sql_open(s, &st, ALL_OF_STATEMENTS OF_FEW_KINDS " ORDER BY s.n + 0 LIMIT ?3", "*iiiiiiiiii",
                        after, limit, k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7])
             : sql_open(s, &st,
                        ALL_OF_STATEMENTS "((?4 >> CAST(s.kind AS INTEGER)) & 1) = 1 ORDER BY s.n LIMIT ?3",
                        "*iii", after, limit, (int64_t)wanted);
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
    if (group_absent(s, ABSENT_ANSWER, id, ID_SIZE)) {
        return STORE_NOT_FOUND;
    }
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
    group_present_is(s, ABSENT_ANSWER, id, ID_SIZE);
    return sql_run(s, "INSERT INTO answer VALUES (?1, ?2, ?3, ?4, ?5)", "dhvi", id, d, answer, until_ms);
}

int store_answers_expire(struct store *s, int64_t now_ms)
{
    return sql_run(s, "DELETE FROM answer WHERE merchant = ?1 AND until_ms <= ?2", "i", now_ms);
}
