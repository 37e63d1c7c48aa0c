/*
 * Inside the store: SQL without a database's name. The queries of this folder are written once, in the words
 * that every database here has in common, and go through these few functions; a database is a table of them
 * (struct backend) and a schema. Every query names the merchant, as ?1.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "store/store.h"

#include <stdarg.h>

struct rows;

/*
 * What a database does. Its functions keep a sentence of what went wrong in store.error. A change inside a
 * transaction may be sent without waiting for its answer: what went wrong with it then comes from a later
 * call, at the latest from commit.
 */
struct backend {
    void (*close)(struct store *s); /* frees s */
    int (*begin)(struct store *s, bool write);
    int (*commit)(struct store *s); /* sets store.unsure when nobody can say whether it was */
    void (*rollback)(struct store *s);
    /* One level inside a transaction: begun, kept, or undone. */
    int (*save)(struct store *s);
    int (*keep)(struct store *s);
    int (*undo)(struct store *s);
    int (*run)(struct store *s, const char *text, const char *types, va_list *args); /* no rows */
    int (*open)(struct store *s, struct rows **st, const char *text, const char *types, va_list *args);
    int (*next)(struct store *s, struct rows *st);
    void (*end)(struct store *s, struct rows *st);
    int64_t (*changes)(struct store *s);            /* rows that the last statement changed */
    int (*copy)(struct store *s, const char *path); /* NULL: it is no file */
    int (*scrub)(struct store *s);                  /* NULL: deleted rows are its own business */
    void (*look)(struct store *s, int64_t rows);    /* NULL: nothing to renew */
    /* NULL: a question costs too little. Calls group_present_is for what there is of the keys. */
    int (*ahead)(struct store *s, const struct store_keys *keys);
    int (*columns)(struct rows *st);
    bool (*is_null)(struct rows *st, int column);
    bool (*is_blob)(struct rows *st, int column);
    int64_t (*integer)(struct rows *st, int column);
    struct bytes (*content)(struct rows *st,
                            int column); /* of a blob or text; of an integer as decimal text */
};

/* The beginnings of every database's own structs: of an open database, and of a statement that is being
 * stepped. */
struct rows {
    const struct backend *backend;
};
struct group;
struct store {
    const struct backend *backend;
    uint8_t merchant[ID_SIZE];
    char error[240];
    bool grouped;        /* between store_group_begin and store_group_end */
    int doomed;          /* the fault that ended the group; 0: none */
    bool look_elsewhere; /* store_look_elsewhere */
    bool unsure;         /* the last commit's fate is unknown */
    uint64_t runs;       /* changes that were asked for */
    struct group *group; /* group.h; NULL before the first */
};

/* Opens what an address that begins with `scheme` names; flags, out and e as in store_open. */
struct store_kind {
    const char *scheme;
    int (*open)(const char *address, const uint8_t merchant[ID_SIZE], int flags, struct store **out,
                struct err *e);
};
/* From now on store_open takes such addresses. A root calls it before it starts threads; `kind` lives on. */
void store_register(const struct store_kind *kind);
/* SQLite's: the address is a path. */
int sqlite_open(const char *path, const uint8_t merchant[ID_SIZE], int flags, struct store **out,
                struct err *e);

/*
 * Runs text (a string literal): ?1 is always the merchant, then ?2.. by `types`:
 * i int64_t (NONE binds NULL) | h const uint8_t[32] | d const uint8_t[16] | r const uint8_t[8] |
 * v struct bytes as a blob | x struct bytes as text | t const char * as text.
 * A * before them all says that the rows may be many: they are to be fetched in pieces.
 * The row loop: sql_open, while ((rc = sql_next(..)) == SQL_ROW), and nothing more when rc is not SQL_ROW.
 * Leave early with sql_end.
 */
enum { SQL_ROW = 1000, SQL_DONE = 0 };
int sql_open(struct store *s, struct rows **st, const char *text, const char *types, ...);
int sql_next(struct store *s, struct rows *st);
void sql_end(struct store *s, struct rows *st);
/* The first row's first n columns as integers (NONE for NULL); without a row they stay as they are, and it is
 * 0, too. */
int sql_ints(struct store *s, int64_t *out, int n, const char *text, const char *types, ...);
/* Runs a statement that gives no rows. */
int sql_run(struct store *s, const char *text, const char *types, ...);
/* Rows that the last sql_run changed; -1 when it failed, which the next call says. Where a unique key may be
 * taken and the transaction goes on, the query says ON CONFLICT DO NOTHING and this tells: a database may end
 * a transaction by an error. */
int64_t sql_changes(struct store *s);

/* Columns; what a damaged database holds never overruns. */
int sql_columns(struct rows *st);
bool sql_is_blob(struct rows *st, int column);
int64_t sql_int(struct rows *st, int column);        /* NONE for NULL */
struct bytes sql_bytes(struct rows *st, int column); /* absent for NULL; of an integer its decimal text */
void sql_fixed(struct rows *st, int column, void *out, size_t n); /* zeroed where the length differs */
void sql_cstr(struct rows *st, int column, char *out, size_t size);

#define STORE_GRANTS "grant" /* the counter of their numbers */
/* Written now, whatever is remembered: chain.c, limits.c. */
int till_write(struct store *s, const struct till_row *row);
int tally_write(struct store *s, const uint8_t offer[REF_SIZE], int64_t uses, int64_t spent);
int count_write(struct store *s, const char *name, int64_t more);

#endif
