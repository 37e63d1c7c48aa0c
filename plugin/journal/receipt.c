/* The log's receipts beside their records, and what speaks against the log. */
#include "journal/internal.h"

int receipt_wait(struct journal *j, const uint8_t d[HASH_SIZE], struct err *e)
{
    return db_run(j, e, "INSERT INTO receipt_due (n) SELECT n FROM record WHERE d = ? ON CONFLICT DO NOTHING",
                  "d", d);
}

int journal_receipts_due(struct journal *j, int64_t after, int64_t limit,
                         int (*fn)(void *arg, const struct journal_due *due), void *arg, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e,
                               "SELECT u.n, r.d, r.raw FROM receipt_due u JOIN record r ON r.n = u.n"
                               " WHERE u.n > ? ORDER BY u.n LIMIT ?",
                               "ii", after, limit);
    if (!st) {
        return rc;
    }
    while ((rc = db_step(j, st, e)) > 0) {
        struct journal_due due = {.n = sqlite3_column_int64(st, 0), .raw = column_blob(st, 2)};
        rc = column_fixed(st, 1, due.d, HASH_SIZE) && due.raw.p ? fn(arg, &due) : damaged(e);
        if (rc) {
            db_reset(st);
            return rc;
        }
    }
    return rc;
}

static int keep_evidence(struct journal *j, const struct journal_evidence *v, bool *fresh, struct err *e)
{
    int rc = db_run(j, e,
                    "INSERT INTO evidence (what, key, time_ms, raw, seen) SELECT ?1, ?2, ?3, ?4,"
                    " (SELECT raw FROM seen_signed) WHERE (SELECT count(*) FROM evidence) < ?5"
                    " ON CONFLICT DO NOTHING",
                    "idibi", (int64_t)v->what, v->key, v->time_ms, v->raw, (int64_t)EVIDENCE_MAX);
    *fresh = rc == 0 && sqlite3_changes(j->db) == 1;
    return rc;
}

int journal_evidence_put(struct journal *j, const struct journal_evidence *v, bool *fresh, struct err *e)
{
    *fresh = false;
    int rc = db_begin(j, e);
    return rc ? rc : db_end(j, keep_evidence(j, v, fresh, e), e);
}

/* Another receipt of a record that has one changes nothing. */
static int file_receipt(struct journal *j, struct journal_receipt *r, struct err *e)
{
    int rc = db_run(j, e,
                    "INSERT INTO receipt (n, size, place, raw) SELECT n, ?2, ?3, ?4 FROM record WHERE d = ?1"
                    " ON CONFLICT DO NOTHING",
                    "diib", r->d, r->size, r->place, r->raw);
    r->fresh = rc == 0 && sqlite3_changes(j->db) == 1;
    return rc ? rc
              : db_run(j, e, "DELETE FROM receipt_due WHERE n = (SELECT n FROM record WHERE d = ?)", "d",
                       r->d);
}

/* It is asked for again; that it was refused is told once. */
static int refuse_receipt(struct journal *j, struct journal_receipt *r, int64_t time_ms, struct err *e)
{
    struct journal_evidence v = {.what = r->reason, .time_ms = time_ms, .raw = r->raw};
    bool kept = false;
    memcpy(v.key, r->d, HASH_SIZE);
    int rc = db_run(j, e,
                    "UPDATE receipt_due SET refused = ?1 WHERE n = (SELECT n FROM record WHERE d = ?2)"
                    " AND refused <> ?1",
                    "id", (int64_t)r->reason, r->d);
    r->fresh = rc == 0 && sqlite3_changes(j->db) == 1;
    return rc || !r->fresh ? rc : keep_evidence(j, &v, &kept, e);
}

static int take_receipts(struct journal *j, struct journal_receipt *list, size_t n, int64_t time_ms,
                         struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct journal_notice v = {.kind = NOTICE_RECEIPT, .reason = list[i].reason};
        memcpy(v.record, list[i].d, HASH_SIZE);
        rc = list[i].reason ? refuse_receipt(j, &list[i], time_ms, e) : file_receipt(j, &list[i], e);
        if (rc == 0 && list[i].fresh) {
            rc = notice_write(j, &v, e);
        }
    }
    return rc;
}

int journal_receipts(struct journal *j, struct journal_receipt *list, size_t n, int64_t time_ms,
                     struct err *e)
{
    int rc = n ? db_begin(j, e) : 0;
    return rc || n == 0 ? rc : db_end(j, take_receipts(j, list, n, time_ms, e), e);
}

int journal_receipt(struct journal *j, const uint8_t d[HASH_SIZE],
                    int (*fn)(void *arg, const struct journal_receipt *r), void *arg, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e,
                               "SELECT c.size, c.place, c.raw FROM record r JOIN receipt c ON c.n = r.n"
                               " WHERE r.d = ?",
                               "d", d);
    if (!st || (rc = db_step(j, st, e)) <= 0) {
        return rc ? rc : JOURNAL_NOT_FOUND;
    }
    struct journal_receipt r = {
        .size = sqlite3_column_int64(st, 0), .place = sqlite3_column_int64(st, 1), .raw = column_blob(st, 2)};
    memcpy(r.d, d, HASH_SIZE);
    rc = r.raw.p ? fn(arg, &r) : damaged(e);
    db_reset(st);
    return rc;
}

int journal_evidence(struct journal *j, int (*fn)(void *arg, const struct journal_evidence *v), void *arg,
                     struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e, "SELECT what, key, time_ms, raw, seen FROM evidence ORDER BY n", "");
    if (!st) {
        return rc;
    }
    while ((rc = db_step(j, st, e)) > 0) {
        struct journal_evidence v = {.what = sqlite3_column_int(st, 0),
                                     .time_ms = sqlite3_column_int64(st, 2),
                                     .raw = column_blob(st, 3),
                                     .seen = column_blob(st, 4)};
        rc = column_fixed(st, 1, v.key, HASH_SIZE) ? fn(arg, &v) : damaged(e);
        if (rc) {
            db_reset(st);
            return rc;
        }
    }
    return rc;
}
