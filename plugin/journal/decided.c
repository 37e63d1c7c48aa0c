/* What the till decided of each offer: alone, at a hold without an answer; and at a commit, for good. */
#include "journal/internal.h"

enum stage { STAGE_HOLD, STAGE_COMMIT, STAGE_PAST };

static int add(struct journal *j, const struct journal_sale *s, const struct journal_decision *v,
               struct err *e)
{
    enum stage stage = s->state == SALE_OPEN ? STAGE_HOLD : STAGE_COMMIT;
    int rc = db_run(j, e,
                    "INSERT INTO decided (sale, stage, alone, offer, batch, idx, time_ms, reason, amount)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    "iiibiiiii", s->id, (int64_t)stage, (int64_t)v->alone, bytes_of(v->offer, REF_SIZE),
                    v->batch, v->index, v->time_ms, (int64_t)v->reason, v->amount);
    return rc || !v->lease
               ? rc
               : db_run(j, e, "INSERT INTO leased (n, lease) VALUES (last_insert_rowid(), ?)", "i", v->lease);
}

int decided_write(struct journal *j, const struct journal_sale *s, struct err *e)
{
    if (!s->decided) {
        return 0;
    }
    int rc = db_run(j, e, "UPDATE decided SET stage = ? WHERE sale = ? AND stage = ?", "iii",
                    (int64_t)STAGE_PAST, s->id, (int64_t)STAGE_HOLD);
    for (size_t i = 0; i < s->decided_count && rc == 0; i++) {
        rc = add(j, s, &s->decided[i], e);
    }
    return rc;
}

static int one_number(struct journal *j, sqlite3_stmt *st, int64_t *v, struct err *e)
{
    int rc = db_step(j, st, e);
    if (rc <= 0) {
        return rc ? rc : damaged(e);
    }
    *v = sqlite3_column_int64(st, 0);
    db_reset(st);
    return 0;
}

#define USES_OF_COUPON                                                                                       \
    "SELECT count(*) FROM decided d JOIN sale s ON s.id = d.sale"                                            \
    " WHERE d.batch = ? AND d.idx = ? AND d.stage = ?"                                                       \
    " AND (d.reason = 0 OR d.amount > 0) AND s.state = ?"

int journal_uses(struct journal *j, int64_t batch, int64_t index, int64_t *uses, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, USES_OF_COUPON, "iiii", batch, index, (int64_t)STAGE_COMMIT,
                               (int64_t)SALE_COMMITTED);
    return st ? one_number(j, st, uses, e) : rc;
}

int journal_uses_unsent(struct journal *j, int64_t batch, int64_t index, int64_t *uses, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(
        j, &rc, e,
        USES_OF_COUPON " AND EXISTS (SELECT 1 FROM record r WHERE r.d = s.record AND r.answer IS NULL)",
        "iiii", batch, index, (int64_t)STAGE_COMMIT, (int64_t)SALE_COMMITTED);
    return st ? one_number(j, st, uses, e) : rc;
}

int journal_alone_since(struct journal *j, int64_t after_ms, int64_t *sum, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e,
                               "SELECT coalesce(sum(d.amount), 0) FROM decided d JOIN sale s ON s.id = d.sale"
                               " WHERE d.alone = 1 AND d.time_ms > ? AND d.stage = ?"
                               " AND (d.reason = 0 OR d.amount > 0) AND s.state = ? AND NOT EXISTS (SELECT 1 "
                               "FROM leased l WHERE l.n = d.n)",
                               "iii", after_ms, (int64_t)STAGE_COMMIT, (int64_t)SALE_COMMITTED);
    return st ? one_number(j, st, sum, e) : rc;
}

int journal_lease_spent(struct journal *j, int64_t lease, struct journal_spent *out, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e,
                "SELECT count(*), coalesce(sum(d.amount), 0) FROM leased l JOIN decided d ON d.n = l.n"
                " JOIN sale s ON s.id = d.sale WHERE l.lease = ? AND d.stage = ? AND d.reason = 0"
                " AND s.state = ?",
                "iii", lease, (int64_t)STAGE_COMMIT, (int64_t)SALE_COMMITTED);
    if (!st || (rc = db_step(j, st, e)) <= 0) {
        return rc ? rc : damaged(e);
    }
    *out = (struct journal_spent){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)};
    db_reset(st);
    return 0;
}

int journal_alone(struct journal *j, int64_t sale, bool *alone, struct err *e)
{
    int rc = 0;
    int64_t found = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, "SELECT count(*) FROM decided WHERE sale = ? AND stage = ?", "ii",
                               sale, (int64_t)STAGE_HOLD);
    rc = st ? one_number(j, st, &found, e) : rc;
    if (rc == 0) {
        *alone = found > 0;
    }
    return rc;
}

static bool read_decided(sqlite3_stmt *st, struct journal_decided *v, char reference[REFERENCE_MAX + 1])
{
    int64_t stage = sqlite3_column_int64(st, 2);
    *v = (struct journal_decided){
        .sale = sqlite3_column_int64(st, 0),
        .reference = reference,
        .committed = stage == STAGE_COMMIT,
        .past = stage == STAGE_PAST,
        .what = {.alone = sqlite3_column_int(st, 3) != 0,
                 .batch = sqlite3_column_int64(st, 5),
                 .index = sqlite3_column_int64(st, 6),
                 .time_ms = sqlite3_column_int64(st, 7),
                 .reason = sqlite3_column_int(st, 8),
                 .amount = sqlite3_column_int64(st, 9)},
    };
    return column_text(st, 1, reference, REFERENCE_MAX + 1) && column_fixed(st, 4, v->what.offer, REF_SIZE);
}

int journal_decisions(struct journal *j, int64_t from_ms, int64_t until_ms, bool alone,
                      int (*fn)(void *arg, const struct journal_decided *v), void *arg, struct err *e)
{
    char reference[REFERENCE_MAX + 1];
    int rc = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e,
                "SELECT d.sale, coalesce(s.reference, ''), d.stage, d.alone, d.offer, d.batch, d.idx,"
                " d.time_ms, d.reason, d.amount FROM decided d LEFT JOIN sale s ON s.id = d.sale"
                " WHERE d.time_ms >= ? AND d.time_ms < ? AND d.alone >= ? ORDER BY d.n",
                "iii", from_ms, until_ms, (int64_t)alone);
    if (!st) {
        return rc;
    }
    while ((rc = db_step(j, st, e)) > 0) {
        struct journal_decided v;
        rc = read_decided(st, &v, reference) ? fn(arg, &v) : damaged(e);
        if (rc) {
            db_reset(st);
            return rc;
        }
    }
    return rc;
}
