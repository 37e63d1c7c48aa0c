/* What is the same for every database: rows, columns, transactions that are run again. */
#include "store/sql.h"

enum { RETRIES = 4 };

void store_close(struct store *s)
{
    if (s) {
        s->backend->close(s);
    }
}

const char *store_error(const struct store *s)
{
    return s->error;
}

static int once(struct store *s, bool write, int (*fn)(struct store *, void *), void *arg)
{
    int rc = s->backend->begin(s, write);
    if (rc) {
        return rc;
    }
    if ((rc = fn(s, arg)) == 0) {
        rc = s->backend->commit(s);
    }
    if (rc) {
        s->backend->rollback(s);
    }
    return rc;
}

int store_write(struct store *s, int (*fn)(struct store *s, void *arg), void *arg)
{
    int rc = TP_E_BUSY;
    for (int i = 0; i < RETRIES && rc == TP_E_BUSY; i++) {
        rc = once(s, true, fn, arg);
    }
    return rc;
}

int store_read(struct store *s, int (*fn)(struct store *s, void *arg), void *arg)
{
    return once(s, false, fn, arg);
}

int sql_open(struct store *s, struct rows **st, const char *text, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    int rc = s->backend->open(s, st, text, types, &args);
    va_end(args);
    return rc;
}

int sql_next(struct store *s, struct rows *st)
{
    return s->backend->next(s, st);
}

void sql_end(struct store *s, struct rows *st)
{
    s->backend->end(s, st);
}

int sql_run(struct store *s, const char *text, const char *types, ...)
{
    struct rows *st = NULL;
    va_list args;
    va_start(args, types);
    int rc = s->backend->open(s, &st, text, types, &args);
    va_end(args);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        rc = 0;
    }
    return rc;
}

int64_t sql_changes(struct store *s)
{
    return s->backend->changes(s);
}

int store_copy(struct store *s, const char *path)
{
    return s->backend->copy ? s->backend->copy(s, path) : TP_UNSUPPORTED;
}

int store_scrub(struct store *s)
{
    return s->backend->scrub ? s->backend->scrub(s) : TP_UNSUPPORTED;
}

int sql_columns(struct rows *st)
{
    return st->backend->columns(st);
}

bool sql_is_blob(struct rows *st, int column)
{
    return st->backend->is_blob(st, column);
}

int64_t sql_int(struct rows *st, int column)
{
    return st->backend->is_null(st, column) ? NONE : st->backend->integer(st, column);
}

struct bytes sql_bytes(struct rows *st, int column)
{
    struct bytes none = {0};
    return st->backend->is_null(st, column) ? none : st->backend->content(st, column);
}

void sql_fixed(struct rows *st, int column, void *out, size_t n)
{
    struct bytes b = sql_bytes(st, column);
    memset(out, 0, n);
    if (b.n == n) {
        memcpy(out, b.p, n);
    }
}

void sql_cstr(struct rows *st, int column, char *out, size_t size)
{
    bytes_to_cstr(sql_bytes(st, column), out, size);
}
