/*
 * What the files of this folder share: one connection in pipeline mode. A statement is sent, and its answer
 * is taken when somebody asks for it or PENDING_MAX wait, so a transaction waits for the network only where
 * it reads. PENDING_MAX also bounds what the server can have to say before it is listened to: far less than a
 * socket's buffer, so neither side ever waits for the other to read.
 */
#ifndef STORE_POSTGRES_INSIDE_H
#define STORE_POSTGRES_INSIDE_H

#include "store/postgres/postgres.h"
#include "store/sql.h"

#include <libpq-fe.h>

enum {
    STATEMENT_CACHE = 256,
    PENDING_MAX = 64,
    PARAMS_MAX = 28,
    TEXT_MAX = 8 * 1024,
    PIECE = 100, /* rows that a cursor fetches at once */
    GATHERED_MAX = 24,
    TABLE_SIZE = 40,
    NAME_SIZE = 24,
    /* Statements between two looks at how the tables have grown: at first, and as many as it doubles to. */
    LOOK_FIRST = 1024,
    LOOK_EVERY = 16384,
};

enum sent_kind { SENT_STATEMENT, SENT_PREPARE, SENT_SYNC };

struct sent {
    enum sent_kind kind;
    size_t slot; /* of the cache, for SENT_PREPARE */
};

struct prepared {
    const char *text; /* a literal: compared by address */
    enum { UNPREPARED, ASKED, PREPARED } state;
};

/* Rows of one INSERT that wait, each column as an array in the binary form. */
struct gathered {
    const char *text, *types; /* literals; NULL: not used yet */
    char table[TABLE_SIZE];
    char *insert; /* the statement that takes them all */
    size_t columns, rows, bytes;
    struct buf arrays[PARAMS_MAX - 1];
};

struct pg_store {
    struct store head;
    char *address; /* may hold a password */
    int flags;
    PGconn *conn;     /* NULL: lost */
    bool inside;      /* a transaction */
    int failed;       /* what ended it; 0: nothing. Nothing more is sent until it is rolled back */
    int64_t changed;  /* rows, by the last statement that was answered */
    int64_t looked;   /* statements sent since the last look */
    int64_t look;     /* of so many the next one is due */
    unsigned cursors; /* that were opened so far: their names */
    struct sent sent[PENDING_MAX];
    size_t pending;
    struct prepared cache[STATEMENT_CACHE];
    struct gathered gathered[GATHERED_MAX];
    size_t waiting; /* bytes, in all of them */
};

static inline struct pg_store *pg_own(struct store *s)
{
    return (struct pg_store *)(void *)s;
}

/* A statement's parameters in the binary form. */
struct params {
    int n;
    Oid types[PARAMS_MAX];
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];
    uint8_t numbers[PARAMS_MAX][8];
};

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_BYTEAS = 1001,
    OID_TEXTS = 1009,
    OID_INT8S = 1016
};

/* ?1 of every statement that names a table; the rest is added behind it. */
static inline struct params pg_of_merchant(const struct pg_store *s)
{
    return (struct params){.n = 1,
                           .types = {OID_BYTEA},
                           .values = {(const char *)s->head.merchant},
                           .lengths = {ID_SIZE},
                           .formats = {1}};
}

/* array.c: an array is begun, filled and bound; b is the caller's until the statement was sent. */
void pg_array_begin(struct buf *b, Oid element);
void pg_array_put(struct buf *b, const void *value, size_t n); /* NULL: none */
void pg_array_put_number(struct buf *b, int64_t v);
void pg_array_bind(struct params *p, struct buf *b, size_t count, Oid type);

/* connect.c */
/* Makes the connection, settles the session, brings the schema forward where flags and role allow it. */
int pg_connect(struct pg_store *s, struct err *e);
/* Connects again when the connection is lost; outside a transaction. */
int pg_ready(struct pg_store *s);
void pg_drop(struct pg_store *s);
/* The fault that a result stands for, with its sentence in s->head.error. */
int pg_fault(struct pg_store *s, const PGresult *r);
/* The connection is of no use any more: TP_E_BUSY. */
int pg_lost(struct pg_store *s);

/* migrate.c; both before pipeline mode */
extern const int64_t pg_schema_version;
/* 0 when there is no schema. */
int pg_version(struct pg_store *s, int64_t *version);
int pg_migrate(struct pg_store *s);

/* pipe.c */
/* Sends one; a literal text by its prepared statement, else (once) as it stands. */
int pg_send(struct pg_store *s, const char *text, const struct params *p);
int pg_send_once(struct pg_store *s, const char *text, const struct params *p);
int pg_sync(struct pg_store *s);
/* Takes every answer that is due; those of the last n statements into out. The first fault, and then none. */
int pg_collect(struct pg_store *s, PGresult **out, size_t n);
/* The last one's alone, unless last is NULL. */
int pg_drain(struct pg_store *s, PGresult **last);

/* gather.c */
/* Keeps a row that a transaction adds, where the text is a plain INSERT; else *taken is false, and it is to
 * be sent. */
int pg_gather(struct pg_store *s, const char *text, const char *types, const struct params *p, bool *taken);
/* Sends the rows that wait for a table that the text names; NULL: all. */
int pg_settle(struct pg_store *s, const char *text);
void pg_scatter(struct pg_store *s); /* they are dropped: their transaction is undone */
void pg_gather_free(struct pg_store *s);

/* ahead.c */
int pg_ahead(struct store *s, const struct store_keys *keys);

/* transact.c */
int pg_begin(struct store *s, bool write);
int pg_commit(struct store *s);
void pg_rollback(struct store *s);
void pg_look_now(struct store *s, int64_t rows);
int pg_save(struct store *s);
int pg_keep(struct store *s);
int pg_undo(struct store *s);

/* rows.c */
void pg_put_number(struct params *p, int64_t v); /* NONE: NULL */
/* Steps through an answer, which is freed at its end, or at once without memory: NULL. */
struct rows *pg_rows_over(PGresult *r);
extern const struct backend pg_backend;

#endif
