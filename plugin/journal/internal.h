/* What the files of this room share. */
#ifndef JOURNAL_INTERNAL_H
#define JOURNAL_INTERNAL_H

#include "journal/journal.h"

#include <sqlite3.h>

enum { STATEMENT_CACHE = 96, APPLICATION_ID = 0x74706a31 /* "tpj1" */ };

struct cached {
    const char *sql; /* compared by address: every SQL text is a constant */
    sqlite3_stmt *stmt;
};

struct journal {
    sqlite3 *db;
    int lock; /* the lock file, or -1 */
    struct cached cache[STATEMENT_CACHE];
    size_t cached;
};

extern const char journal_schema[];
/* Tables that a journal of an earlier draft lacks. */
extern const char journal_schema_later[];

/* Fills e from the database's last error and returns the code for it. */
int db_fail(struct journal *j, struct err *e);
/* Runs SQL without values or results. */
int db_exec(struct journal *j, const char *sql, struct err *e);
/*
 * Prepares (or takes from the cache) and binds: one letter a value. i int64_t; b struct bytes (NULL when p
 * is); t const char *; d the address of HASH_SIZE bytes; u of ID_SIZE bytes. NULL on failure, with *rc set.
 */
sqlite3_stmt *db_bind(struct journal *j, int *rc, struct err *e, const char *sql, const char *format, ...);
/* 1: a row; 0: the end, or done (then it is reset); below zero: a fault (reset, too). */
int db_step(struct journal *j, sqlite3_stmt *st, struct err *e);
void db_reset(sqlite3_stmt *st);
/* db_bind and db_step for what returns no row. */
int db_run(struct journal *j, struct err *e, const char *sql, const char *format, ...);

int db_begin(struct journal *j, struct err *e);
/* Commits when rc is 0; undoes otherwise. Returns rc, or why it could not be committed. */
int db_end(struct journal *j, int rc, struct err *e);

struct bytes column_blob(sqlite3_stmt *st, int column);
/* False when the blob has another length. */
bool column_fixed(sqlite3_stmt *st, int column, void *out, size_t n);
bool column_text(sqlite3_stmt *st, int column, char *out, size_t size);

int damaged(struct err *e);
/* The sale's row, inside the caller's transaction. */
int sale_write(struct journal *j, const struct journal_sale *s, struct err *e);
/* What was decided of the sale's offers, inside the caller's transaction. */
int decided_write(struct journal *j, const struct journal_sale *s, struct err *e);
/* One more thing that the program is to be told, inside the caller's transaction. */
int notice_write(struct journal *j, const struct journal_notice *v, struct err *e);
/* A record has been taken: its receipt is waited for. Inside the caller's transaction. */
int receipt_wait(struct journal *j, const uint8_t d[HASH_SIZE], struct err *e);
int returns_write(struct journal *j, const struct journal_returns *returns, struct err *e);

#endif
