/* Parameters in, rows out, all in the binary form; and the table that sql.h knows. */
#include "store/postgres/inside.h"

#include <stdio.h>
#include <stdlib.h>

struct pg_rows {
    struct rows head;
    PGresult *result; /* all rows, or a piece of them */
    int row, count;
    unsigned cursor; /* 0: none */
    char number[NAME_SIZE];
};

static struct pg_rows *rows_of(struct rows *st)
{
    return (struct pg_rows *)(void *)st;
}

/* ---- parameters ---- */

static void put_bytes(struct params *p, const void *at, size_t n, Oid type)
{
    p->types[p->n] = type;
    p->values[p->n] = at;
    p->lengths[p->n] = (int)n;
    p->formats[p->n++] = 1;
}

void pg_put_number(struct params *p, int64_t v)
{
    uint8_t *to = p->numbers[p->n];
    for (int i = 0; i < 8; i++) {
        to[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
    }
    put_bytes(p, v == NONE ? NULL : to, 8, OID_INT8);
}

static int put_one(struct params *p, char type, va_list *args)
{
    if (type == 'i') {
        pg_put_number(p, va_arg(*args, int64_t));
    } else if (type == 't') {
        const char *text = va_arg(*args, const char *);
        put_bytes(p, text, strlen(text), OID_TEXT);
    } else if (type == 'v' || type == 'x') {
        struct bytes b = va_arg(*args, struct bytes);
        if (b.n > INT32_MAX) {
            return TP_E_MEMORY;
        }
        put_bytes(p, b.p ? (const char *)b.p : "", b.n, type == 'v' ? OID_BYTEA : OID_TEXT);
    } else {
        size_t n = type == 'h' ? HASH_SIZE : type == 'd' ? ID_SIZE : REF_SIZE;
        put_bytes(p, va_arg(*args, const uint8_t *), n, OID_BYTEA);
    }
    return 0;
}

/* The merchant first, then what types says. */
static int bind(struct pg_store *s, struct params *p, const char *types, va_list *args)
{
    int rc = 0;
    *p = pg_of_merchant(s);
    for (; *types && rc == 0; types++) {
        rc = p->n < PARAMS_MAX ? put_one(p, *types, args) : TP_E_MEMORY;
    }
    return rc;
}

/* ---- rows ---- */

static void end_rows(struct store *store, struct rows *st)
{
    struct pg_rows *r = rows_of(st);
    struct pg_store *s = pg_own(store);
    if (r->cursor && s->inside && !s->failed) {
        char text[40];
        const struct params none = {.n = 0};
        snprintf(text, sizeof text, "CLOSE c%u", r->cursor);
        pg_send_once(s, text, &none); /* its fault is the next call's */
    }
    PQclear(r->result);
    free(r);
}

struct rows *pg_rows_over(PGresult *result)
{
    struct pg_rows *r = calloc(1, sizeof *r);
    if (!r) {
        PQclear(result);
        return NULL;
    }
    r->head.backend = &pg_backend;
    r->result = result;
    r->row = -1;
    r->count = PQntuples(result);
    return &r->head;
}

static int fetch(struct pg_store *s, struct pg_rows *r)
{
    char text[60];
    const struct params none = {.n = 0};
    snprintf(text, sizeof text, "FETCH %d FROM c%u", PIECE, r->cursor);
    PQclear(r->result);
    r->result = NULL;
    r->row = -1;
    int rc = pg_send_once(s, text, &none);
    rc = rc ? rc : pg_drain(s, &r->result);
    r->count = rc ? 0 : PQntuples(r->result);
    return rc;
}

/* Rows that may be many come through a cursor, so that memory does not grow with them, and other statements
 * may be sent while they are stepped through. */
static int open_cursor(struct pg_store *s, struct pg_rows *r, const char *text, const struct params *p)
{
    char whole[TEXT_MAX];
    r->cursor = ++s->cursors ? s->cursors : ++s->cursors;
    int n = snprintf(whole, sizeof whole, "DECLARE c%u NO SCROLL CURSOR FOR %s", r->cursor, text);
    if (n < 0 || (size_t)n >= sizeof whole) {
        return TP_E_MEMORY;
    }
    int rc = pg_send_once(s, whole, p);
    return rc ? rc : fetch(s, r);
}

static int ask(struct pg_store *s, const char *text, const struct params *p, PGresult **result)
{
    int rc = pg_send(s, text, p);
    rc = rc || s->inside ? rc : pg_sync(s);
    return rc ? rc : pg_drain(s, result);
}

/* Outside of a transaction a question is asked again when the connection turned out to be broken. */
static int ask_all(struct pg_store *s, struct pg_rows *r, const char *text, const struct params *p)
{
    int rc = ask(s, text, p, &r->result);
    if (rc == TP_E_BUSY && !s->conn && !s->inside && strncmp(text, "SELECT", 6) == 0 &&
        (rc = pg_ready(s)) == 0) {
        rc = ask(s, text, p, &r->result);
    }
    r->row = -1;
    r->count = rc ? 0 : PQntuples(r->result);
    return rc;
}

static int open_rows(struct store *store, struct rows **st, const char *text, const char *types,
                     va_list *args)
{
    struct pg_store *s = pg_own(store);
    struct params p;
    bool many = *types == '*';
    int rc = s->inside ? s->failed : pg_ready(s);
    struct pg_rows *r = rc ? NULL : calloc(1, sizeof *r);
    if (!r) {
        return rc ? rc : TP_E_MEMORY;
    }
    r->head.backend = &pg_backend;
    rc = bind(s, &p, types + many, args);
    rc = rc ? rc : pg_settle(s, text);
    if (rc == 0) {
        rc = many && s->inside ? open_cursor(s, r, text, &p) : ask_all(s, r, text, &p);
    }
    if (rc) {
        end_rows(store, &r->head);
        return rc;
    }
    *st = &r->head;
    return 0;
}

static int next_row(struct store *store, struct rows *st)
{
    struct pg_rows *r = rows_of(st);
    int rc = 0;
    if (r->row + 1 == r->count && r->cursor && r->count == PIECE) {
        rc = fetch(pg_own(store), r);
    }
    if (rc == 0 && ++r->row < r->count) {
        return SQL_ROW;
    }
    end_rows(store, st);
    return rc;
}

/* Inside a transaction it is not waited for. */
static int run(struct store *store, const char *text, const char *types, va_list *args)
{
    struct pg_store *s = pg_own(store);
    struct params p;
    int rc = s->inside ? s->failed : pg_ready(s);
    bool taken = false;
    rc = rc ? rc : bind(s, &p, types, args);
    rc = rc ? rc : pg_gather(s, text, types, &p, &taken);
    if (rc || taken) {
        return rc;
    }
    rc = pg_settle(s, text);
    rc = rc ? rc : pg_send(s, text, &p);
    if (rc == 0 && !s->inside) {
        rc = pg_sync(s);
        rc = rc ? rc : pg_drain(s, NULL);
    }
    return rc;
}

static int64_t changes(struct store *store)
{
    struct pg_store *s = pg_own(store);
    return pg_drain(s, NULL) ? -1 : s->changed;
}

static void close_store(struct store *store)
{
    struct pg_store *s = pg_own(store);
    pg_drop(s);
    pg_gather_free(s);
    wipe(s->address, strlen(s->address));
    free(s->address);
    free(s);
}

/* ---- columns ---- */

static int columns(struct rows *st)
{
    return PQnfields(rows_of(st)->result);
}

static bool is_null(struct rows *st, int column)
{
    struct pg_rows *r = rows_of(st);
    return PQgetisnull(r->result, r->row, column) != 0;
}

static bool is_blob(struct rows *st, int column)
{
    return PQftype(rows_of(st)->result, column) == OID_BYTEA && !is_null(st, column);
}

/* Integers and truth, most significant byte first; of anything else 0. */
static int64_t integer(struct rows *st, int column)
{
    struct pg_rows *r = rows_of(st);
    Oid type = PQftype(r->result, column);
    const uint8_t *p = (const uint8_t *)PQgetvalue(r->result, r->row, column);
    int n = PQgetlength(r->result, r->row, column);
    bool whole = (type == OID_INT8 && n == 8) || (type == OID_INT4 && n == 4) || (type == OID_BOOL && n == 1);
    uint64_t v = whole && n < 8 && p[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; whole && i < n; i++) {
        v = v << 8 | p[i];
    }
    return (int64_t)v;
}

static struct bytes content(struct rows *st, int column)
{
    struct pg_rows *r = rows_of(st);
    Oid type = PQftype(r->result, column);
    if (type == OID_INT8 || type == OID_INT4 || type == OID_BOOL) {
        int n = snprintf(r->number, sizeof r->number, "%lld", (long long)integer(st, column));
        return bytes_of(r->number, (size_t)n);
    }
    int n = PQgetlength(r->result, r->row, column);
    return bytes_of(PQgetvalue(r->result, r->row, column), n > 0 ? (size_t)n : 0);
}

const struct backend pg_backend = {
    .close = close_store,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .save = pg_save,
    .keep = pg_keep,
    .undo = pg_undo,
    .run = run,
    .open = open_rows,
    .next = next_row,
    .end = end_rows,
    .changes = changes,
    .look = pg_look_now,
    .ahead = pg_ahead,
    .columns = columns,
    .is_null = is_null,
    .is_blob = is_blob,
    .integer = integer,
    .content = content,
};
