#include "tests/bench/rows.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROW_SIZE_MAX = 65536, TEXT_SIZE = 4096, FSYNCS = 100, PIECE = 100 /* commits between two looks */ };

static const struct {
    const char *table, *which;
} tables[ROWS_MAX] = {
    {"statement", "d IN (SELECT d FROM sale)"},
    {"part", "which = 1 AND d IN (SELECT d FROM sale)"},
    {"part", "which = 2 AND d IN (SELECT d FROM sale)"},
    {"record", "d IN (SELECT d FROM sale)"},
    {"sale", "1"},
    {"redemption", "1"},
    {"revision", "sale IN (SELECT sale FROM sale)"},
    {"outcome", "commit_d IN (SELECT d FROM sale)"},
    {"leaf", "d IN (SELECT d FROM sale)"},
};

/* The mean length of a table's rows, all columns together. */
static bool mean_of(sqlite3 *db, size_t table, size_t *size)
{
    char sql[TEXT_SIZE];
    sqlite3_stmt *st = NULL;
    bool good = false;
    snprintf(sql, sizeof sql,
             "SELECT 'SELECT coalesce(avg(' || group_concat('coalesce(length(CAST(\"' || name || '\" AS "
             "BLOB)), 0)', ' + ') || '), 0) FROM %s WHERE %s' FROM pragma_table_info('%s')",
             tables[table].table, tables[table].which, tables[table].table);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(st, 0);
        good = text && (size_t)snprintf(sql, sizeof sql, "%s", text) < sizeof sql;
    }
    sqlite3_finalize(st);
    st = NULL;
    good = good && sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW;
    *size = good ? (size_t)sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    return good && *size > 0 && *size < ROW_SIZE_MAX;
}

int rows_read(const char *shop, struct rows_of_commit *out, struct err *e)
{
    char path[SHOP_PATH_MAX];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%.900s/authority/authority.db", shop);
    bool good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK;
    for (out->n = 0; out->n < ROWS_MAX && good; out->n++) {
        good = mean_of(db, out->n, &out->size[out->n]);
    }
    sqlite3_close(db);
    return good ? 0 : err_set(e, TP_E_CORRUPT, "the size of a row cannot be read from the shop's database");
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static bool sqlite_commit(sqlite3_stmt *const *insert, const struct rows_of_commit *rows,
                          const uint8_t *bytes)
{
    bool good = true;
    for (size_t i = 0; i < rows->n && good; i++) {
        sqlite3_bind_blob64(insert[i], 1, bytes, rows->size[i], SQLITE_STATIC);
        good = sqlite3_step(insert[i]) == SQLITE_DONE;
        sqlite3_reset(insert[i]);
    }
    return good;
}

int rows_sqlite(const char *dir, const struct rows_of_commit *rows, int64_t transactions, double *us,
                struct err *e)
{
    static const uint8_t bytes[ROW_SIZE_MAX];
    char text[SHOP_PATH_MAX];
    sqlite3 *db = NULL;
    sqlite3_stmt *insert[ROWS_MAX] = {0};
    snprintf(text, sizeof text, "%.900s/rows.db", dir);
    bool good = sqlite3_open(text, &db) == SQLITE_OK &&
                sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL) ==
                    SQLITE_OK;
    for (size_t i = 0; i < rows->n && good; i++) {
        snprintf(text, sizeof text, "CREATE TABLE row%zu (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL)", i);
        good = sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;
        snprintf(text, sizeof text, "INSERT INTO row%zu (bytes) VALUES (?)", i);
        good = good && sqlite3_prepare_v2(db, text, -1, &insert[i], NULL) == SQLITE_OK;
    }
    double from = cpu_us();
    for (int64_t t = 0; t < transactions && good; t++) {
        good = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
        for (int i = 0; i < ROWS_COMMITS && good; i++) {
            good = sqlite_commit(insert, rows, bytes);
        }
        good = good && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    }
    *us = (cpu_us() - from) / (double)(transactions * ROWS_COMMITS);
    for (size_t i = 0; i < rows->n; i++) {
        sqlite3_finalize(insert[i]);
    }
    int rc = good ? 0 : err_set(e, TP_E_IO, "rows.db: %s", sqlite3_errmsg(db));
    sqlite3_close(db);
    return rc;
}

/* Every answer up to the next sync's. */
static bool collect(PGconn *c)
{
    bool good = true;
    for (int nothing = 0; nothing < 2;) {
        PGresult *r = PQgetResult(c);
        ExecStatusType status = r ? PQresultStatus(r) : PGRES_COMMAND_OK;
        good = good && (status == PGRES_COMMAND_OK || status == PGRES_PIPELINE_SYNC);
        nothing = r ? 0 : nothing + 1;
        PQclear(r);
        if (status == PGRES_PIPELINE_SYNC) {
            return good;
        }
    }
    return false;
}

static bool tell(PGconn *c, const char *sql)
{
    PGresult *r = PQexec(c, sql);
    bool good = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return good;
}

static bool prepare(PGconn *c, const struct rows_of_commit *rows)
{
    bool good = true;
    for (size_t i = 0; i < rows->n && good; i++) {
        char sql[120], name[32];
        snprintf(
            sql, sizeof sql,
            "CREATE TABLE row%zu (n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bytes BYTEA NOT NULL)",
            i);
        good = tell(c, sql);
        snprintf(sql, sizeof sql, "INSERT INTO row%zu (bytes) VALUES ($1)", i);
        snprintf(name, sizeof name, "row%zu", i);
        PGresult *r = PQprepare(c, name, sql, 1, NULL);
        good = good && PQresultStatus(r) == PGRES_COMMAND_OK;
        PQclear(r);
    }
    return good;
}

static bool postgres_commit(PGconn *c, const struct rows_of_commit *rows)
{
    static const char bytes[ROW_SIZE_MAX];
    bool good = true;
    for (size_t i = 0; i < rows->n && good; i++) {
        char name[32];
        const char *value = bytes;
        int length = (int)rows->size[i], binary = 1;
        snprintf(name, sizeof name, "row%zu", i);
        good = PQsendQueryPrepared(c, name, 1, &value, &length, &binary, 1) == 1;
    }
    return good;
}

static bool postgres_transaction(PGconn *c, const struct rows_of_commit *rows)
{
    bool good = PQsendQueryParams(c, "BEGIN", 0, NULL, NULL, NULL, NULL, 1) == 1;
    for (int i = 1; i <= ROWS_COMMITS && good; i++) {
        good = postgres_commit(c, rows);
        if (i == ROWS_COMMITS) {
            good = good && PQsendQueryParams(c, "COMMIT", 0, NULL, NULL, NULL, NULL, 1) == 1;
        }
        if (i % PIECE == 0) { /* before both ends' buffers are full */
            good = good && PQpipelineSync(c) == 1 && collect(c);
        }
    }
    return good;
}

int rows_postgres(const struct server *s, const char *address, const struct rows_of_commit *rows,
                  int64_t transactions, double *us, struct err *e)
{
    struct service server = {.pid = s->pid};
    PGconn *c = PQconnectdb(address);
    bool good = PQstatus(c) == CONNECTION_OK && prepare(c, rows) && PQenterPipelineMode(c) == 1;
    service_mark(&server);
    double from = cpu_us();
    for (int64_t t = 0; t < transactions && good; t++) {
        good = postgres_transaction(c, rows);
    }
    double all = cpu_us() - from + (s->pid ? (double)service_cpu_us(&server) : 0);
    *us = all / (double)(transactions * ROWS_COMMITS);
    int rc = good ? 0 : err_set(e, TP_E_IO, "the server takes no rows: %.160s", PQerrorMessage(c));
    PQfinish(c);
    return rc;
}

int rows_fsync(const char *dir, double *us, struct err *e)
{
    static const uint8_t page[4096];
    char path[SHOP_PATH_MAX];
    struct samples s = {0};
    snprintf(path, sizeof path, "%.900s/fsync", dir);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0;
    for (int i = 0; i < FSYNCS && good; i++) {
        int64_t from = now_ns();
        good = write(fd, page, sizeof page) == sizeof page && fdatasync(fd) == 0;
        samples_add(&s, now_ns() - from);
    }
    if (fd >= 0) {
        close(fd);
    }
    *us = (double)samples_at(&s, 50) / 1e3;
    samples_free(&s);
    return good ? 0 : err_set(e, TP_E_IO, "nothing can be written to %.200s", dir);
}
