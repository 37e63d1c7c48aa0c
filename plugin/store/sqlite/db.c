/* Opening, schema, transactions, and the cache of prepared statements. */
#include "store/sqlite/sql.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x54507266, SCHEMA_VERSION = 2, BUSY_MS = 8000, RETRIES = 4 };

extern const unsigned char schema_0001[], schema_0002[];

/* What brings a database from each version to the next; the last one's number is SCHEMA_VERSION. */
static const unsigned char *const steps[SCHEMA_VERSION] = {schema_0001, schema_0002};

int sql_fault(struct store *s, int sqlite_rc)
{
    snprintf(s->error, sizeof s->error, "%s", s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(sqlite_rc));
    switch (sqlite_rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TP_E_BUSY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return TP_E_READ_ONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return TP_E_CORRUPT;
    case SQLITE_NOMEM:
        return TP_E_MEMORY;
    case SQLITE_CONSTRAINT:
        return TP_E_EXISTS;
    default:
        return TP_E_IO;
    }
}

static int pragma_int(struct store *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *out = sqlite3_column_int64(st, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return rc == SQLITE_OK ? 0 : sql_fault(s, rc);
}

static int exec(struct store *s, const char *sql)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sql_fault(s, rc);
}

/* Inside BEGIN IMMEDIATE, so that two openers make the schema once. */
static int migrate(struct store *s)
{
    int64_t version = 0;
    int rc = pragma_int(s, "PRAGMA user_version", &version);
    if (rc || version == SCHEMA_VERSION) {
        return rc;
    }
    if (version > SCHEMA_VERSION) {
        return TP_E_NEWER;
    }
    while (rc == 0 && version < SCHEMA_VERSION) {
        rc = version < 0 ? TP_E_CORRUPT : exec(s, (const char *)steps[version++]);
    }
    char mark[80];
    snprintf(mark, sizeof mark, "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION_ID,
             SCHEMA_VERSION);
    return rc ? rc : exec(s, mark);
}

static int settle(struct store *s, int flags)
{
    int64_t version = 0, application = 0;
    int rc = exec(s, "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON;"
                     "PRAGMA cell_size_check=ON");
    if (rc == 0) {
        rc = pragma_int(s, "PRAGMA user_version", &version);
    }
    if (rc == 0) {
        rc = pragma_int(s, "PRAGMA application_id", &application);
    }
    if (rc) {
        return rc;
    }
    if (version > SCHEMA_VERSION) {
        return TP_E_NEWER;
    }
    if (version > 0 && application != APPLICATION_ID) {
        return TP_E_CORRUPT;
    }
    if (flags & STORE_READ_ONLY) {
        return version > 0 ? 0 : TP_E_NO_SHOP; /* an older one has all that is read */
    }
    if ((rc = exec(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")) || version == SCHEMA_VERSION) {
        return rc;
    }
    if ((rc = exec(s, "BEGIN IMMEDIATE")) == 0 && (rc = migrate(s)) == 0) {
        rc = exec(s, "COMMIT");
    }
    if (rc) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

int store_open(const char *path, const uint8_t merchant[ID_SIZE], int flags, struct store **out,
               struct err *e)
{
    if (!(flags & STORE_CREATE) && access(path, F_OK) != 0) {
        return err_set(e, TP_E_NO_SHOP, "the authority's database is missing");
    }
    if (!(flags & (STORE_READ_ONLY | STORE_CREATE)) && access(path, W_OK) != 0) {
        return err_code(e, TP_E_READ_ONLY);
    }
    struct store *s = calloc(1, sizeof *s);
    if (!s) {
        return err_code(e, TP_E_MEMORY);
    }
    memcpy(s->merchant, merchant, ID_SIZE);
    int mode = flags & STORE_READ_ONLY
                   ? SQLITE_OPEN_READONLY
                   : SQLITE_OPEN_READWRITE | (flags & STORE_CREATE ? SQLITE_OPEN_CREATE : 0);
    if (flags & STORE_CREATE) {
        /* SQLite gives its -wal and -shm the mode of the database. */
        int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0) {
            close(fd);
        }
    }
    int rc = sqlite3_open_v2(path, &s->db, mode | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        rc = sql_fault(s, rc);
    } else {
        sqlite3_busy_timeout(s->db, BUSY_MS);
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        rc = settle(s, flags);
    }
    if (rc) {
        err_set(e, rc, "the authority's database: %s", rc == TP_E_NEWER ? code_sentence(rc) : store_error(s));
        store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < SQL_CACHE; i++) {
        sqlite3_finalize(s->cache[i].stmt);
    }
    sqlite3_close(s->db);
    free(s);
}

const char *store_error(const struct store *s)
{
    return s->error;
}

static int once(struct store *s, const char *begin, int (*fn)(struct store *, void *), void *arg)
{
    int rc = exec(s, begin);
    if (rc) {
        return rc;
    }
    if ((rc = fn(s, arg)) == 0) {
        rc = exec(s, "COMMIT");
    }
    if (rc) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

int store_write(struct store *s, int (*fn)(struct store *s, void *arg), void *arg)
{
    int rc = TP_E_BUSY;
    for (int i = 0; i < RETRIES && rc == TP_E_BUSY; i++) {
        rc = once(s, "BEGIN IMMEDIATE", fn, arg);
    }
    return rc;
}

int store_read(struct store *s, int (*fn)(struct store *s, void *arg), void *arg)
{
    return once(s, "BEGIN", fn, arg);
}

/* A cached statement, or a fresh one when the cached one is being stepped further up the stack. */
static int prepare(struct store *s, sqlite3_stmt **st, const char *text)
{
    size_t i = 0;
    while (i < SQL_CACHE && s->cache[i].text && s->cache[i].text != text) {
        i++;
    }
    bool keep = i < SQL_CACHE && !(s->cache[i].stmt && sqlite3_stmt_busy(s->cache[i].stmt));
    if (keep && s->cache[i].stmt) {
        *st = s->cache[i].stmt;
        return 0;
    }
    int rc = sqlite3_prepare_v3(s->db, text, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, st, NULL);
    if (rc != SQLITE_OK) {
        return sql_fault(s, rc);
    }
    if (keep) {
        s->cache[i].text = text;
        s->cache[i].stmt = *st;
    }
    return 0;
}

static int bind_one(sqlite3_stmt *st, int at, char type, va_list *args)
{
    if (type == 'i') {
        int64_t v = va_arg(*args, int64_t);
        return v == NONE ? sqlite3_bind_null(st, at) : sqlite3_bind_int64(st, at, v);
    }
    if (type == 't') {
        return sqlite3_bind_text(st, at, va_arg(*args, const char *), -1, SQLITE_TRANSIENT);
    }
    if (type == 'v' || type == 'x') {
        struct bytes b = va_arg(*args, struct bytes);
        if (b.n > INT32_MAX) {
            return SQLITE_TOOBIG;
        }
        const char *p = b.p ? (const char *)b.p : "";
        return type == 'v' ? sqlite3_bind_blob(st, at, p, (int)b.n, SQLITE_TRANSIENT)
                           : sqlite3_bind_text(st, at, p, (int)b.n, SQLITE_TRANSIENT);
    }
    const uint8_t *p = va_arg(*args, const uint8_t *);
    int n = type == 'h' ? HASH_SIZE : type == 'd' ? ID_SIZE : REF_SIZE;
    return p ? sqlite3_bind_blob(st, at, p, n, SQLITE_TRANSIENT) : sqlite3_bind_null(st, at);
}

static int open_va(struct store *s, sqlite3_stmt **st, const char *text, const char *types, va_list *args)
{
    int rc = prepare(s, st, text);
    if (rc) {
        return rc;
    }
    rc = sqlite3_bind_blob(*st, 1, s->merchant, ID_SIZE, SQLITE_STATIC);
    for (int at = 2; rc == SQLITE_OK && *types; at++) {
        rc = bind_one(*st, at, *types++, args);
    }
    if (rc != SQLITE_OK) {
        rc = sql_fault(s, rc);
        sql_end(s, *st);
    }
    return rc;
}

int sql_open(struct store *s, sqlite3_stmt **st, const char *text, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    int rc = open_va(s, st, text, types, &args);
    va_end(args);
    return rc;
}

int sql_next(struct store *s, sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        return SQL_ROW;
    }
    rc = rc == SQLITE_DONE ? SQL_DONE : sql_fault(s, rc);
    sql_end(s, st);
    return rc;
}

void sql_end(struct store *s, sqlite3_stmt *st)
{
    for (size_t i = 0; i < SQL_CACHE; i++) {
        if (s->cache[i].stmt == st) {
            sqlite3_reset(st);
            sqlite3_clear_bindings(st);
            return;
        }
    }
    sqlite3_finalize(st);
}

int sql_run(struct store *s, const char *text, const char *types, ...)
{
    sqlite3_stmt *st = NULL;
    va_list args;
    va_start(args, types);
    int rc = open_va(s, &st, text, types, &args);
    va_end(args);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        rc = 0;
    }
    return rc;
}

int64_t sql_int(sqlite3_stmt *st, int column)
{
    return sqlite3_column_type(st, column) == SQLITE_NULL ? NONE : sqlite3_column_int64(st, column);
}

struct bytes sql_bytes(sqlite3_stmt *st, int column)
{
    if (sqlite3_column_type(st, column) == SQLITE_NULL) {
        return (struct bytes){0};
    }
    const void *p = sqlite3_column_blob(st, column);
    int n = sqlite3_column_bytes(st, column);
    return bytes_of(p ? p : "", n > 0 ? (size_t)n : 0);
}

void sql_fixed(sqlite3_stmt *st, int column, void *out, size_t n)
{
    struct bytes b = sql_bytes(st, column);
    memset(out, 0, n);
    if (b.n == n) {
        memcpy(out, b.p, n);
    }
}

void sql_cstr(sqlite3_stmt *st, int column, char *out, size_t size)
{
    bytes_to_cstr(sql_bytes(st, column), out, size);
}
