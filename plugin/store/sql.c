/* What is the same for every database: rows, columns, transactions that are run again. */
#include "store/group.h"

enum { RETRIES = 4 };

static const struct store_kind *registered;

void store_register(const struct store_kind *kind)
{
    registered = kind;
}

int store_open(const char *address, const uint8_t merchant[ID_SIZE], int flags, struct store **out,
               struct err *e)
{
    if (!store_is_server(address)) {
        return sqlite_open(address, merchant, flags, out, e);
    }
    if (!registered || strncmp(address, registered->scheme, strlen(registered->scheme)) != 0) {
        return err_set(e, TP_UNSUPPORTED,
                       "the authority's store is a database server: only tillproofd and the tillproof "
                       "command open one");
    }
    return registered->open(address, merchant, flags, out, e);
}

bool store_is_server(const char *address)
{
    return strncmp(address, "postgres:", 9) == 0 || strncmp(address, "postgresql:", 11) == 0;
}

void store_close(struct store *s)
{
    if (s) {
        group_free(s);
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

static int undo(struct store *s)
{
    group_undo(s);
    return s->backend->undo(s);
}

/* One step of a group: undone alone when it is refused; a fault ends the whole group. */
static int step(struct store *s, int (*fn)(struct store *, void *), void *arg)
{
    int rc = s->doomed ? s->doomed : group_settle(s);
    rc = rc ? rc : s->backend->save(s);
    if (rc == 0) {
        rc = fn(s, arg);
        int end = rc == 0 ? s->backend->keep(s) : rc > 0 ? undo(s) : 0;
        rc = end ? end : rc;
    }
    s->doomed = rc < 0 ? rc : 0;
    return rc;
}

/* One that cannot be undone alone, and need not be. */
static int sure_step(struct store *s, int (*fn)(struct store *, void *), void *arg)
{
    uint64_t before = s->runs;
    int rc = s->doomed ? s->doomed : fn(s, arg);
    rc = rc > 0 && s->runs != before ? TP_E_STATE : rc;
    s->doomed = rc < 0 ? rc : 0;
    return rc;
}

int store_write_sure(struct store *s, int (*fn)(struct store *s, void *arg), void *arg)
{
    return s->grouped ? sure_step(s, fn, arg) : store_write(s, fn, arg);
}

int store_write(struct store *s, int (*fn)(struct store *s, void *arg), void *arg)
{
    int rc = TP_E_BUSY;
    if (s->grouped) {
        return step(s, fn, arg);
    }
    s->unsure = false;
    for (int i = 0; i < RETRIES && rc == TP_E_BUSY && !s->unsure; i++) {
        rc = once(s, true, fn, arg);
    }
    return rc;
}

int store_read(struct store *s, int (*fn)(struct store *s, void *arg), void *arg)
{
    return s->grouped ? fn(s, arg) : once(s, false, fn, arg);
}

int store_group_begin(struct store *s)
{
    int rc = group_begin(s) ? TP_E_MEMORY : TP_E_BUSY;
    for (int i = 0; i < RETRIES && rc == TP_E_BUSY; i++) {
        rc = s->backend->begin(s, true);
    }
    s->grouped = rc == 0;
    s->doomed = 0;
    return rc;
}

int store_group_end(struct store *s, bool keep)
{
    int rc = s->doomed ? s->doomed : keep ? 0 : TP_E_STATE;
    rc = rc ? rc : group_settle(s);
    group_forget(s);
    s->grouped = false;
    s->unsure = false;
    s->doomed = 0;
    rc = rc ? rc : s->backend->commit(s);
    if (rc) {
        s->backend->rollback(s);
    }
    return rc;
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

int sql_ints(struct store *s, int64_t *out, int n, const char *text, const char *types, ...)
{
    struct rows *st = NULL;
    va_list args;
    va_start(args, types);
    int rc = s->backend->open(s, &st, text, types, &args);
    va_end(args);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc;
    }
    for (int i = 0; i < n; i++) {
        out[i] = sql_int(st, i);
    }
    sql_end(s, st);
    return 0;
}

int sql_run(struct store *s, const char *text, const char *types, ...)
{
    va_list args;
    s->runs++;
    va_start(args, types);
    int rc = s->backend->run(s, text, types, &args);
    va_end(args);
    return rc;
}

int64_t sql_changes(struct store *s)
{
    return s->backend->changes(s);
}

void store_look_elsewhere(struct store *s)
{
    s->look_elsewhere = true;
}

void store_look(struct store *s, int64_t rows)
{
    if (s->backend->look) {
        s->backend->look(s, rows);
    }
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
