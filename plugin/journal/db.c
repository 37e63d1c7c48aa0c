#include "journal/internal.h"

#include <stdarg.h>

static int code_of(int sqlite)
{
    switch (sqlite & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TP_E_BUSY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return TP_E_READ_ONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
        return TP_E_CORRUPT;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        return TP_E_MEMORY;
    default:
        return TP_E_IO;
    }
}

int db_fail(struct journal *j, struct err *e)
{
    if (!j->db) {
        return err_code(e, TP_E_MEMORY);
    }
    return err_set(e, code_of(sqlite3_extended_errcode(j->db)), "till.db: %s", sqlite3_errmsg(j->db));
}

int damaged(struct err *e)
{
    return err_set(e, TP_E_CORRUPT, "till.db: a row is not what this version writes");
}

int db_exec(struct journal *j, const char *sql, struct err *e)
{
    return sqlite3_exec(j->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fail(j, e);
}

static sqlite3_stmt *prepared(struct journal *j, const char *sql)
{
    for (size_t i = 0; i < j->cached; i++) {
        if (j->cache[i].sql == sql) {
            return j->cache[i].stmt;
        }
    }
    sqlite3_stmt *st = NULL;
    if (j->cached == STATEMENT_CACHE ||
        sqlite3_prepare_v3(j->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK) {
        return NULL;
    }
    j->cache[j->cached++] = (struct cached){sql, st};
    return st;
}

static int bind_blob(sqlite3_stmt *st, int at, struct bytes v)
{
    return v.p ? sqlite3_bind_blob64(st, at, v.n ? (const void *)v.p : "", v.n, SQLITE_TRANSIENT)
               : sqlite3_bind_null(st, at);
}

static int bind_all(sqlite3_stmt *st, const char *format, va_list ap)
{
    int rc = SQLITE_OK;
    for (int at = 1; *format && rc == SQLITE_OK; at++, format++) {
        switch (*format) {
        case 'i':
            rc = sqlite3_bind_int64(st, at, va_arg(ap, int64_t));
            break;
        case 'b':
            rc = bind_blob(st, at, va_arg(ap, struct bytes));
            break;
        case 't':
            rc = sqlite3_bind_text(st, at, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
            break;
        case 'd':
            rc = bind_blob(st, at, bytes_of(va_arg(ap, const uint8_t *), HASH_SIZE));
            break;
        default:
            rc = bind_blob(st, at, bytes_of(va_arg(ap, const uint8_t *), ID_SIZE));
            break;
        }
    }
    return rc;
}

static sqlite3_stmt *bind_list(struct journal *j, int *rc, struct err *e, const char *sql, const char *format,
                               va_list ap)
{
    sqlite3_stmt *st = prepared(j, sql);
    if (!st || bind_all(st, format, ap) != SQLITE_OK) {
        *rc = db_fail(j, e);
        if (*rc == 0) {
            *rc = err_code(e, TP_E_MEMORY);
        }
        return NULL;
    }
    return st;
}

sqlite3_stmt *db_bind(struct journal *j, int *rc, struct err *e, const char *sql, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    sqlite3_stmt *st = bind_list(j, rc, e, sql, format, ap);
    va_end(ap);
    return st;
}

void db_reset(sqlite3_stmt *st)
{
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

int db_step(struct journal *j, sqlite3_stmt *st, struct err *e)
{
    int got = sqlite3_step(st);
    if (got == SQLITE_ROW) {
        return 1;
    }
    int rc = got == SQLITE_DONE ? 0 : db_fail(j, e);
    db_reset(st);
    return rc;
}

int db_run(struct journal *j, struct err *e, const char *sql, const char *format, ...)
{
    int rc = 0;
    va_list ap;
    va_start(ap, format);
    sqlite3_stmt *st = bind_list(j, &rc, e, sql, format, ap);
    va_end(ap);
    if (!st) {
        return rc;
    }
    rc = db_step(j, st, e);
    if (rc > 0) {
        db_reset(st);
        rc = 0;
    }
    return rc;
}

int db_begin(struct journal *j, struct err *e)
{
    return db_exec(j, "BEGIN IMMEDIATE", e);
}

int db_end(struct journal *j, int rc, struct err *e)
{
    if (rc == 0) {
        rc = db_exec(j, "COMMIT", e);
    }
    if (rc) {
        sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

struct bytes column_blob(sqlite3_stmt *st, int column)
{
    if (sqlite3_column_type(st, column) != SQLITE_BLOB) {
        return (struct bytes){0};
    }
    const void *p = sqlite3_column_blob(st, column);
    int n = sqlite3_column_bytes(st, column);
    return bytes_of(p ? p : "", n > 0 ? (size_t)n : 0);
}

bool column_fixed(sqlite3_stmt *st, int column, void *out, size_t n)
{
    struct bytes v = column_blob(st, column);
    if (v.n != n) {
        return false;
    }
    memcpy(out, v.p, n);
    return true;
}

bool column_text(sqlite3_stmt *st, int column, char *out, size_t size)
{
    const unsigned char *p = sqlite3_column_text(st, column);
    int n = sqlite3_column_bytes(st, column);
    if (!p || n < 0 || (size_t)n >= size || memchr(p, 0, (size_t)n)) {
        return false;
    }
    memcpy(out, p, (size_t)n);
    out[n] = 0;
    return true;
}
