/* What the program is to be told, kept until it has taken notice: a crash between the two loses nothing. */
#include "journal/internal.h"

/* The newest of one thing counts, under a number of its own, so that taking notice of the one before does not
 * take this one away. */
int notice_write(struct journal *j, const struct journal_notice *v, struct err *e)
{
    int rc = db_run(j, e, "DELETE FROM notice WHERE kind = ? AND record = ? AND place = ?", "idi",
                    (int64_t)v->kind, v->record, v->place);
    rc = rc ? rc
            : db_run(j, e, "INSERT INTO notice (kind, record, place, reason, amount) VALUES (?, ?, ?, ?, ?)",
                     "idiii", (int64_t)v->kind, v->record, v->place, (int64_t)v->reason, v->amount);
    if (rc == 0 && v->kind == NOTICE_RECEIPT) {
        rc = db_run(j, e, "DELETE FROM notice WHERE kind = ? AND n <= (SELECT max(n) FROM notice) - ?", "ii",
                    (int64_t)NOTICE_RECEIPT, (int64_t)NOTICE_RECEIPTS_MAX);
    }
    return rc;
}

static bool read_notice(sqlite3_stmt *st, struct journal_notice *v)
{
    *v = (struct journal_notice){
        .n = sqlite3_column_int64(st, 0),
        .kind = sqlite3_column_int(st, 1),
        .place = sqlite3_column_int64(st, 3),
        .reason = sqlite3_column_int(st, 4),
        .amount = sqlite3_column_int64(st, 5),
        .sale = sqlite3_column_int64(st, 6),
        .seq = sqlite3_column_int64(st, 7),
    };
    return column_fixed(st, 2, v->record, HASH_SIZE);
}

int journal_notices(struct journal *j, int64_t after, int64_t limit,
                    int (*fn)(void *arg, const struct journal_notice *v), void *arg, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e,
                "SELECT v.n, v.kind, v.record, v.place, v.reason, v.amount, coalesce(r.sale, 0),"
                " coalesce(r.seq, 0) FROM notice v LEFT JOIN record r ON r.d = v.record"
                " WHERE v.n > ? ORDER BY v.n LIMIT ?",
                "ii", after, limit);
    if (!st) {
        return rc;
    }
    while ((rc = db_step(j, st, e)) > 0) {
        struct journal_notice v;
        rc = read_notice(st, &v) ? fn(arg, &v) : damaged(e);
        if (rc) {
            db_reset(st);
            return rc;
        }
    }
    return rc;
}

int journal_noticed(struct journal *j, const int64_t *numbers, size_t n, struct err *e)
{
    int rc = n ? db_begin(j, e) : 0;
    if (rc || n == 0) {
        return rc;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = db_run(j, e, "DELETE FROM notice WHERE n = ?", "i", numbers[i]);
    }
    return db_end(j, rc, e);
}
