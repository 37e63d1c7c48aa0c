#include "tests/bench/backlog.h"

#include "tests/bench/internal.h"

#include "keys/keyfile.h"

#include <inttypes.h>
#include <sqlite3.h>

enum { A_TRANSACTION = 10000, QUOTE_BYTES = 300, TEXT_BYTES = 200, SHOW_EVERY = 500 };

struct writer {
    sqlite3 *db;
    sqlite3_stmt *record, *sale, *outcome;
    struct bench_seller till;
    const struct backlog *plan;
    int64_t bytes, sale_id;
};

static int fault(struct writer *w, struct err *e)
{
    return err_set(e, TP_E_IO, "till.db: %s", w->db ? sqlite3_errmsg(w->db) : "no memory");
}

static int exec(struct writer *w, const char *sql, struct err *e)
{
    return sqlite3_exec(w->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fault(w, e);
}

/* Where the till's chain ends. */
static int read_head(struct writer *w, struct err *e)
{
    sqlite3_stmt *st = NULL;
    bool good = sqlite3_prepare_v2(w->db, "SELECT name, epoch, seq, d, next_sale FROM till", -1, &st, NULL) ==
                    SQLITE_OK &&
                sqlite3_step(st) == SQLITE_ROW && sqlite3_column_bytes(st, 3) == HASH_SIZE;
    if (good) {
        snprintf(w->till.name, sizeof w->till.name, "%s", (const char *)sqlite3_column_text(st, 0));
        w->till.head.epoch = sqlite3_column_int64(st, 1);
        w->till.head.seq = sqlite3_column_int64(st, 2);
        memcpy(w->till.head.d, sqlite3_column_blob(st, 3), HASH_SIZE);
        w->sale_id = sqlite3_column_int64(st, 4);
    }
    sqlite3_finalize(st);
    return good ? 0 : fault(w, e);
}

static int open_till(struct writer *w, const char *dir, struct err *e)
{
    static const char record[] =
        "INSERT INTO record (epoch, seq, kind, d, prev, time_ms, raw, lines, person, sale, answer)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    static const char sale[] =
        "INSERT INTO sale (id, reference, uuid, currency, rev, state, receipt, binding, seq, redemptions,"
        " record, quote, text) VALUES (?1, 'backlog-' || ?1, randomblob(16), 'EUR', 1, 1, 'R-' || ?1, 0, ?2, "
        "0,"
        " ?3, randomblob(?4), randomblob(?5))";
    static const char outcome[] =
        "INSERT INTO outcome (record, redemption, reason, amount) VALUES (?, 0, 0, 0)";
    char path[SHOP_PATH_MAX];
    snprintf(path, sizeof path, "%.900s/till.key", dir);
    int rc = keyfile_load(path, &w->till.key, e);
    if (rc) {
        return rc;
    }
    snprintf(path, sizeof path, "%.900s/till.db", dir);
    if (sqlite3_open_v2(path, &w->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        return fault(w, e);
    }
    rc = exec(w, "PRAGMA synchronous = OFF; PRAGMA cache_size = -65536", e);
    rc = rc ? rc : read_head(w, e);
    bool good = rc == 0 && sqlite3_prepare_v2(w->db, record, -1, &w->record, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(w->db, sale, -1, &w->sale, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(w->db, outcome, -1, &w->outcome, NULL) == SQLITE_OK;
    return good ? 0 : rc ? rc : fault(w, e);
}

static void bind(sqlite3_stmt *st, int at, struct bytes v)
{
    sqlite3_bind_blob64(st, at, v.p, v.n, SQLITE_STATIC);
}

static bool put(struct writer *w, const struct bench_record *r)
{
    sqlite3_stmt *st = w->record;
    sqlite3_bind_int64(st, 1, r->epoch);
    sqlite3_bind_int64(st, 2, r->seq);
    sqlite3_bind_int64(st, 3, KIND_COMMIT);
    bind(st, 4, bytes_of(r->d, HASH_SIZE));
    bind(st, 5, bytes_of(r->prev, HASH_SIZE));
    sqlite3_bind_int64(st, 6, r->time_ms);
    bind(st, 7, buf_view(&r->raw));
    bind(st, 8, buf_view(&r->lines));
    bind(st, 9, buf_view(&r->person));
    sqlite3_bind_int64(st, 10, w->sale_id);
    if (w->plan->taken) {
        sqlite3_bind_int64(st, 11, 0);
    }
    bool good = sqlite3_step(st) == SQLITE_DONE;
    sqlite3_reset(st);
    sqlite3_bind_int64(w->sale, 1, w->sale_id);
    sqlite3_bind_int64(w->sale, 2, r->seq);
    bind(w->sale, 3, bytes_of(r->d, HASH_SIZE));
    sqlite3_bind_int64(w->sale, 4, QUOTE_BYTES);
    sqlite3_bind_int64(w->sale, 5, TEXT_BYTES);
    good = good && sqlite3_step(w->sale) == SQLITE_DONE;
    sqlite3_reset(w->sale);
    if (w->plan->taken) {
        bind(w->outcome, 1, bytes_of(r->d, HASH_SIZE));
        good = good && sqlite3_step(w->outcome) == SQLITE_DONE;
        sqlite3_reset(w->outcome);
    }
    w->sale_id++;
    w->bytes += (int64_t)(r->raw.n + r->lines.n + r->person.n);
    return good;
}

static int one(struct writer *w, struct bench_market *m, struct err *e)
{
    struct bench_deal deal;
    struct bench_record r = {0};
    int rc = w->plan->coupons ? bench_deal_begin(m, &deal) : 0;
    rc = rc ? rc : bench_record(m, &w->till, w->plan->coupons ? &deal : NULL, &r);
    bool good = rc == 0 && put(w, &r);
    bench_record_free(&r);
    if (w->plan->coupons) {
        bench_deal_free(&deal);
    }
    return rc ? err_code(e, rc) : good ? 0 : fault(w, e);
}

/* The till's own row, as it would be after so many commits. */
static int move_head(struct writer *w, struct err *e)
{
    sqlite3_stmt *st = NULL;
    bool good = sqlite3_prepare_v2(w->db, "UPDATE till SET seq = ?, d = ?, next_sale = ?", -1, &st, NULL) ==
                SQLITE_OK;
    if (good) {
        sqlite3_bind_int64(st, 1, w->till.head.seq);
        bind(st, 2, bytes_of(w->till.head.d, HASH_SIZE));
        sqlite3_bind_int64(st, 3, w->sale_id);
        good = sqlite3_step(st) == SQLITE_DONE;
    }
    sqlite3_finalize(st);
    return good ? 0 : fault(w, e);
}

static int write_all(struct writer *w, struct bench_market *m, struct err *e)
{
    int rc = 0;
    for (int64_t i = 0; i < w->plan->records && rc == 0; i++) {
        rc = i % A_TRANSACTION == 0 ? exec(w, "BEGIN", e) : 0;
        rc = rc ? rc : one(w, m, e);
        bool last = i + 1 == w->plan->records;
        if (rc == 0 && (last || i % A_TRANSACTION == A_TRANSACTION - 1)) {
            rc = move_head(w, e);
            rc = rc ? rc : exec(w, "COMMIT", e);
        }
        if (w->plan->progress && (last || i % SHOW_EVERY == 0)) {
            w->plan->progress(i + 1, w->plan->records);
        }
    }
    return rc;
}

int backlog_fill(const char *dir, struct bench_market *m, const struct backlog *b, int64_t *bytes,
                 struct err *e)
{
    struct writer w = {.plan = b};
    int rc = open_till(&w, dir, e);
    rc = rc ? rc : write_all(&w, m, e);
    sqlite3_finalize(w.record);
    sqlite3_finalize(w.sale);
    sqlite3_finalize(w.outcome);
    sqlite3_close(w.db);
    cose_key_free(&w.till.key);
    *bytes = w.bytes;
    return rc;
}
