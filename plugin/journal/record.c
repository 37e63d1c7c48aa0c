#include "journal/internal.h"

static int move_head(struct journal *j, const struct journal_record *r, struct err *e)
{
    int rc = db_run(j, e,
                    "UPDATE till SET seq = ?1, d = ?2, floor_ms = max(floor_ms, ?3)"
                    " WHERE epoch = ?4 AND seq = ?1 - 1 AND d = ?5",
                    "idiid", r->seq, r->d, r->time_ms, r->epoch, r->prev);
    if (rc == 0 && sqlite3_changes(j->db) != 1) {
        return err_set(e, TP_E_STATE, "the record does not follow the till's last one");
    }
    return rc;
}

static int urgent_write(struct journal *j, const struct journal_record *r, int64_t until_ms, struct err *e)
{
    int rc = db_run(j, e, "DELETE FROM urgent WHERE until_ms <= ?", "i", r->time_ms);
    return rc ? rc
              : db_run(j, e, "INSERT INTO urgent (n, until_ms) SELECT n, ?2 FROM record WHERE d = ?1", "di",
                       r->d, until_ms);
}

static int add_record(struct journal *j, const struct journal_record *r, const struct journal_sale *s,
                      const struct journal_returns *returns, struct err *e)
{
    int rc = move_head(j, r, e);
    rc = rc ? rc
            : db_run(j, e,
                     "INSERT INTO record (epoch, seq, kind, d, prev, time_ms, raw, lines, person)"
                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     "iiiddibbb", r->epoch, r->seq, (int64_t)r->kind, r->d, r->prev, r->time_ms, r->raw,
                     r->lines, r->person);
    if (rc == 0 && s) {
        rc = sale_write(j, s, e);
        rc = rc ? rc : db_run(j, e, "UPDATE record SET sale = ? WHERE d = ?", "id", s->id, r->d);
    }
    if (rc == 0 && s && s->urgent_until_ms) {
        rc = urgent_write(j, r, s->urgent_until_ms, e);
    }
    if (rc == 0 && returns) {
        rc = returns_write(j, returns, e);
    }
    return rc;
}

int journal_append(struct journal *j, const struct journal_record *r, const struct journal_sale *s,
                   const struct journal_returns *returns, struct err *e)
{
    int rc = db_begin(j, e);
    return rc ? rc : db_end(j, add_record(j, r, s, returns, e), e);
}

int journal_append_lease_return(struct journal *j, const struct journal_record *r,
                                const uint8_t lease[HASH_SIZE], struct err *e)
{
    int rc = db_begin(j, e);
    if (rc) {
        return rc;
    }
    rc = add_record(j, r, NULL, NULL, e);
    rc = rc ? rc : db_run(j, e, "DELETE FROM public WHERE d = ?", "d", lease);
    return db_end(j, rc, e);
}

#define RECORD_COLUMNS "SELECT kind, d, raw, lines, person, epoch, seq, prev, time_ms FROM record "

static bool read_record(sqlite3_stmt *st, struct journal_record *r)
{
    int64_t kind = sqlite3_column_int64(st, 0);
    *r = (struct journal_record){
        .raw = column_blob(st, 2),
        .lines = column_blob(st, 3),
        .person = column_blob(st, 4),
        .epoch = sqlite3_column_int64(st, 5),
        .seq = sqlite3_column_int64(st, 6),
        .time_ms = sqlite3_column_int64(st, 8),
    };
    if (kind < 0 || kind >= KIND_COUNT || !kinds[kind].record || !r->raw.p) {
        return false;
    }
    r->kind = (enum kind)kind;
    return column_fixed(st, 1, r->d, HASH_SIZE) && column_fixed(st, 7, r->prev, HASH_SIZE);
}

int journal_record(struct journal *j, const uint8_t d[HASH_SIZE],
                   int (*fn)(void *arg, const struct journal_record *r), void *arg, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, RECORD_COLUMNS "WHERE d = ?", "d", d);
    if (!st || (rc = db_step(j, st, e)) <= 0) {
        return rc ? rc : JOURNAL_NOT_FOUND;
    }
    struct journal_record r;
    rc = read_record(st, &r) ? fn(arg, &r) : damaged(e);
    db_reset(st);
    return rc;
}

/* One D, or JOURNAL_NOT_FOUND. */
static int one_d(struct journal *j, sqlite3_stmt *st, uint8_t d[HASH_SIZE], struct err *e)
{
    int rc = db_step(j, st, e);
    if (rc <= 0) {
        return rc ? rc : JOURNAL_NOT_FOUND;
    }
    bool good = column_fixed(st, 0, d, HASH_SIZE);
    db_reset(st);
    return good ? 0 : damaged(e);
}

int journal_record_at(struct journal *j, int64_t epoch, int64_t seq, uint8_t d[HASH_SIZE], struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e, "SELECT d FROM record WHERE epoch = ? AND seq = ?", "ii", epoch, seq);
    return st ? one_d(j, st, d, e) : rc;
}

int journal_void_of(struct journal *j, int64_t sale, uint8_t d[HASH_SIZE], struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, "SELECT d FROM record WHERE sale = ? AND kind = ?", "ii", sale,
                               (int64_t)KIND_REVERSE);
    return st ? one_d(j, st, d, e) : rc;
}

static int one_int(struct journal *j, sqlite3_stmt *st, int64_t *v, struct err *e)
{
    int rc = db_step(j, st, e);
    if (rc <= 0) {
        *v = 0;
        return rc;
    }
    *v = sqlite3_column_int64(st, 0);
    db_reset(st);
    return 0;
}

int journal_taken_at(struct journal *j, int64_t epoch, int64_t seq, bool *taken, struct err *e)
{
    int rc = 0;
    int64_t n = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e, "SELECT count(*) FROM record WHERE epoch = ? AND seq = ? AND answer = 0", "ii",
                epoch, seq);
    rc = st ? one_int(j, st, &n, e) : rc;
    if (rc == 0) {
        *taken = n > 0;
    }
    return rc;
}

/* Each row that the statement gives. */
static int each_record(struct journal *j, sqlite3_stmt *st,
                       int (*fn)(void *arg, const struct journal_record *r), void *arg, struct err *e)
{
    int rc;
    while ((rc = db_step(j, st, e)) > 0) {
        struct journal_record r;
        rc = read_record(st, &r) ? fn(arg, &r) : damaged(e);
        if (rc) {
            db_reset(st);
            return rc;
        }
    }
    return rc;
}

int journal_unsent(struct journal *j, int64_t limit, int (*fn)(void *arg, const struct journal_record *r),
                   void *arg, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e, RECORD_COLUMNS "WHERE answer IS NULL ORDER BY n LIMIT ?", "i", limit);
    return st ? each_record(j, st, fn, arg, e) : rc;
}

int journal_urgent(struct journal *j, int64_t now_ms, int64_t limit,
                   int (*fn)(void *arg, const uint8_t d[HASH_SIZE], int64_t until_ms), void *arg,
                   struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e,
                               "SELECT d, until_ms FROM (SELECT r.n, r.d, u.until_ms FROM urgent u"
                               " JOIN record r ON r.n = u.n WHERE u.until_ms > ? AND r.answer IS NULL"
                               " ORDER BY r.n DESC LIMIT ?) ORDER BY n",
                               "ii", now_ms, limit);
    if (!st) {
        return rc;
    }
    while ((rc = db_step(j, st, e)) > 0) {
        uint8_t d[HASH_SIZE];
        rc = column_fixed(st, 0, d, HASH_SIZE) ? fn(arg, d, sqlite3_column_int64(st, 1)) : damaged(e);
        if (rc) {
            db_reset(st);
            return rc;
        }
    }
    return rc;
}

int journal_day(struct journal *j, int (*fn)(void *arg, const struct journal_record *r), void *arg,
                struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e,
                RECORD_COLUMNS "WHERE n > (SELECT coalesce(max(n), 0) FROM record WHERE kind = ?) ORDER BY n",
                "i", (int64_t)KIND_CLOSE);
    return st ? each_record(j, st, fn, arg, e) : rc;
}

int journal_last_close(struct journal *j, uint8_t d[HASH_SIZE], struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, "SELECT d FROM record WHERE kind = ? ORDER BY n DESC LIMIT 1", "i",
                               (int64_t)KIND_CLOSE);
    return st ? one_d(j, st, d, e) : rc;
}

int journal_closed(struct journal *j, const uint8_t d[HASH_SIZE], bool *closed, struct err *e)
{
    int rc = 0;
    int64_t after = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e,
                               "SELECT EXISTS (SELECT 1 FROM record WHERE kind = ? AND n >"
                               " (SELECT n FROM record WHERE d = ?))",
                               "id", (int64_t)KIND_CLOSE, d);
    rc = st ? one_int(j, st, &after, e) : rc;
    if (rc == 0) {
        *closed = after != 0;
    }
    return rc;
}

static int take_answer(struct journal *j, const struct journal_answer *a, struct err *e)
{
    /* "Registered" is the last word; a refusal may still give way to it. */
    int rc =
        db_run(j, e, "UPDATE record SET answer = ?1 WHERE d = ?2 AND answer IS NOT 0 AND answer IS NOT ?1",
               "id", (int64_t)a->reason, a->d);
    if (rc || sqlite3_changes(j->db) == 0) {
        return rc;
    }
    struct journal_notice v = {.kind = NOTICE_REFUSED, .reason = a->reason};
    memcpy(v.record, a->d, HASH_SIZE);
    return a->reason ? notice_write(j, &v, e) : receipt_wait(j, a->d, e);
}

int journal_answered(struct journal *j, const struct journal_answer *list, size_t n, struct err *e)
{
    if (n == 0) {
        return 0;
    }
    int rc = db_begin(j, e);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = take_answer(j, &list[i], e);
    }
    return db_end(j, rc, e);
}

int journal_sale_sent(struct journal *j, int64_t sale, bool *sent, struct err *e)
{
    int rc = 0;
    int64_t open = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e, "SELECT count(*) FROM record WHERE sale = ? AND answer IS NOT 0", "i", sale);
    rc = st ? one_int(j, st, &open, e) : rc;
    if (rc == 0) {
        *sent = open == 0;
    }
    return rc;
}

int journal_outcome(struct journal *j, const uint8_t commit[HASH_SIZE], int64_t redemption, int *reason,
                    struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, "SELECT reason FROM outcome WHERE record = ? AND redemption = ?",
                               "di", commit, redemption);
    if (!st || (rc = db_step(j, st, e)) <= 0) {
        return rc ? rc : JOURNAL_NOT_FOUND;
    }
    *reason = sqlite3_column_int(st, 0);
    db_reset(st);
    return 0;
}

int journal_counts(struct journal *j, struct journal_counts *out, struct err *e)
{
    static const char *const sql[] = {
        "SELECT count(*) FROM record WHERE answer IS NULL",
        "SELECT count(*) FROM record WHERE answer <> 0",
        "SELECT count(*) FROM outcome WHERE reason <> 0",
        "SELECT answer FROM record WHERE answer <> 0 ORDER BY n DESC LIMIT 1",
        "SELECT min(what) FROM evidence",
    };
    enum { COUNTS = sizeof sql / sizeof sql[0] };
    int64_t v[COUNTS] = {0};
    for (size_t i = 0; i < COUNTS; i++) {
        int rc = 0;
        sqlite3_stmt *st = db_bind(j, &rc, e, sql[i], "");
        rc = st ? one_int(j, st, &v[i], e) : rc;
        if (rc) {
            return rc;
        }
    }
    *out = (struct journal_counts){v[0], v[1], v[2], (int)v[3], (int)v[4]};
    return 0;
}
