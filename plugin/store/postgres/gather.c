/*
 * Rows that a transaction adds are gathered, and go to the server many at once: one statement with an array
 * for each column, instead of a statement a row. Whatever else is said about the same table sends them first;
 * so does the end of the transaction. What the server finds wrong with one of them is the fault of a later
 * call.
 */
#include "store/postgres/inside.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* What waits in all is BYTES_MAX and a row at most; what a column keeps of its memory meanwhile is KEEP_MAX.
 */
enum { ROWS_MAX = 512, BYTES_MAX = 1024 * 1024, KEEP_MAX = 64 * 1024, COLUMN_MAX = 4 * 1024 * 1024 };

static const char insert[] = "INSERT INTO ", values[] = " VALUES (";

/* ---- the text ---- */

static const struct {
    const char *sql;
    Oid element, array;
} kinds_of[] = {
    {"bigint", OID_INT8, OID_INT8S}, {"text", OID_TEXT, OID_TEXTS}, {"bytea", OID_BYTEA, OID_BYTEAS}};

static size_t kind_of(char type)
{
    return type == 'i' ? 0 : type == 't' || type == 'x' ? 1 : 2;
}

/* One row, whose columns are parameters and plain literals, and nothing that asks what is there. */
static bool is_plain(const char *text)
{
    const char *row = strstr(text, values);
    return row && strncmp(text, insert, sizeof insert - 1) == 0 &&
           strpbrk(row + sizeof values - 1, "()'") == text + strlen(text) - 1;
}

/* INSERT INTO t (..) SELECT ?1, c2, .. FROM unnest(?2::bigint[], ..) AS q (c2, ..) */
static char *make_text(const char *text, const char *types)
{
    struct buf b;
    const char *row = strstr(text, values);
    buf_init(&b, TEXT_MAX);
    buf_put(&b, text, (size_t)(row - text));
    buf_puts(&b, " SELECT ");
    for (const char *p = row + sizeof values - 1; *p && *p != ')'; p++) {
        char c = *p == '?' && !(p[1] == '1' && !isdigit((unsigned char)p[2])) ? 'c' : *p;
        buf_put(&b, &c, 1);
    }
    for (int i = 0; types[i]; i++) {
        buf_printf(&b, "%s?%d::%s[]", i ? ", " : " FROM unnest(", i + 2, kinds_of[kind_of(types[i])].sql);
    }
    for (int i = 0; types[i]; i++) {
        buf_printf(&b, "%sc%d", i ? ", " : ") AS q (", i + 2);
    }
    buf_put(&b, ")", sizeof ")");
    char *out = b.failed ? NULL : strdup((const char *)b.p);
    buf_free(&b);
    return out;
}

/* A table is named behind one of these words, a column of the same name is not. */
static bool names_table(const char *text, const char *at)
{
    static const char *const words[] = {"FROM ", "JOIN ", "INTO ", "UPDATE "};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(at - text) >= n && memcmp(at - n, words[i], n) == 0) {
            return true;
        }
    }
    return false;
}

static bool mentions(const char *text, const char *table)
{
    size_t n = strlen(table);
    for (const char *p = strstr(text, table); p; p = strstr(p + 1, table)) {
        if (names_table(text, p) && !isalnum((unsigned char)p[n]) && p[n] != '_') {
            return true;
        }
    }
    return false;
}

static void free_one(struct gathered *g)
{
    for (size_t i = 0; i < g->columns; i++) {
        buf_free(&g->arrays[i]);
    }
    free(g->insert);
    *g = (struct gathered){0};
}

static void empty(struct pg_store *s, struct gathered *g)
{
    for (size_t i = 0; i < g->columns; i++) {
        if (g->arrays[i].cap > KEEP_MAX) {
            buf_free(&g->arrays[i]);
            buf_init(&g->arrays[i], COLUMN_MAX);
        }
        buf_reset(&g->arrays[i]);
    }
    s->waiting -= g->bytes;
    g->rows = g->bytes = 0;
}

/* The text's own, made where there is room for it; NULL. */
static struct gathered *place(struct pg_store *s, const char *text, const char *types)
{
    size_t i = 0;
    while (i < GATHERED_MAX && s->gathered[i].text && s->gathered[i].text != text) {
        i++;
    }
    struct gathered *g = i < GATHERED_MAX ? &s->gathered[i] : NULL;
    if (!g || g->text || !is_plain(text) || strlen(types) + 1 > PARAMS_MAX) {
        return g && g->text ? g : NULL;
    }
    *g = (struct gathered){.text = text, .types = types, .columns = strlen(types)};
    snprintf(g->table, sizeof g->table, "%.*s", (int)strcspn(text + sizeof insert - 1, " ("),
             text + sizeof insert - 1);
    for (i = 0; i < g->columns; i++) {
        buf_init(&g->arrays[i], COLUMN_MAX);
    }
    g->insert = make_text(text, types);
    if (!g->insert) {
        free_one(g);
        return NULL;
    }
    return g;
}

/* ---- the rows ---- */

static size_t size_of(const struct params *p)
{
    size_t n = 0;
    for (int i = 1; i < p->n; i++) {
        n += p->values[i] ? (size_t)p->lengths[i] : 0;
    }
    return n;
}

static int put_row(struct pg_store *s, struct gathered *g, const struct params *p)
{
    for (size_t i = 0; i < g->columns; i++) {
        struct buf *b = &g->arrays[i];
        const char *value = p->values[i + 1];
        size_t n = value ? (size_t)p->lengths[i + 1] : 0;
        if (b->n == 0) {
            pg_array_begin(b, kinds_of[kind_of(g->types[i])].element);
        }
        pg_array_put(b, value, n);
        g->bytes += n;
        s->waiting += n;
        if (b->failed) {
            return TP_E_MEMORY;
        }
    }
    g->rows++;
    return 0;
}

static int flush(struct pg_store *s, struct gathered *g)
{
    struct params p = pg_of_merchant(s);
    for (size_t i = 0; i < g->columns; i++) {
        pg_array_bind(&p, &g->arrays[i], g->rows, kinds_of[kind_of(g->types[i])].array);
    }
    int rc = pg_send(s, g->insert, &p);
    s->looked += (int64_t)g->rows;
    empty(s, g);
    return rc;
}

/* ---- for the rest of the folder ---- */

int pg_gather(struct pg_store *s, const char *text, const char *types, const struct params *p, bool *taken)
{
    /* One that is larger than all that may wait goes by itself. */
    struct gathered *g = s->inside && size_of(p) <= BYTES_MAX ? place(s, text, types) : NULL;
    *taken = g != NULL;
    if (!g) {
        return 0;
    }
    int rc = put_row(s, g, p);
    if (rc) {
        return s->failed = rc; /* some columns may have it: nothing more of this transaction is sent */
    }
    return s->waiting >= BYTES_MAX ? pg_settle(s, NULL) : g->rows == ROWS_MAX ? flush(s, g) : 0;
}

int pg_settle(struct pg_store *s, const char *text)
{
    int rc = 0;
    for (size_t i = 0; i < GATHERED_MAX && s->gathered[i].text && rc == 0; i++) {
        struct gathered *g = &s->gathered[i];
        rc = g->rows && (!text || mentions(text, g->table)) ? flush(s, g) : 0;
    }
    return rc;
}

void pg_scatter(struct pg_store *s)
{
    for (size_t i = 0; i < GATHERED_MAX && s->gathered[i].text; i++) {
        empty(s, &s->gathered[i]);
    }
}

void pg_gather_free(struct pg_store *s)
{
    for (size_t i = 0; i < GATHERED_MAX; i++) {
        free_one(&s->gathered[i]);
    }
}
