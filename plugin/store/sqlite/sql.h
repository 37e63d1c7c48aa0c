/* Inside the SQLite store: one prepared statement per text, bound and stepped in one call. */
#ifndef STORE_SQLITE_SQL_H
#define STORE_SQLITE_SQL_H

#include "store/store.h"

#include <sqlite3.h>

enum { SQL_CACHE = 96 };

struct store {
    sqlite3 *db;
    uint8_t merchant[ID_SIZE];
    bool in_write;
    struct {
        const char *text; /* a literal: compared by address */
        sqlite3_stmt *stmt;
    } cache[SQL_CACHE];
    char error[240];
};

/* Maps SQLite's last result to a code and keeps its sentence. */
int sql_fault(struct store *s, int sqlite_rc);

/*
 * Prepares text (a string literal) and binds: ?1 is always the merchant, then ?2.. by `types`:
 * i int64_t (NONE binds NULL) | h const uint8_t[32] | d const uint8_t[16] | r const uint8_t[8] |
 * v struct bytes as a blob | x struct bytes as text | t const char * as text.
 * The row loop: sql_open, while ((rc = sql_next(..)) == SQL_ROW), and nothing more when rc is not SQL_ROW.
 * Leave early with sql_end.
 */
enum { SQL_ROW = 1000, SQL_DONE = 0 };
int sql_open(struct store *s, sqlite3_stmt **st, const char *text, const char *types, ...);
int sql_next(struct store *s, sqlite3_stmt *st);
void sql_end(struct store *s, sqlite3_stmt *st);
/* Runs a statement that gives no rows. */
int sql_run(struct store *s, const char *text, const char *types, ...);

/* Columns; what a damaged database holds never overruns. */
int64_t sql_int(sqlite3_stmt *st, int column); /* NONE for NULL */
struct bytes sql_bytes(sqlite3_stmt *st, int column);
void sql_fixed(sqlite3_stmt *st, int column, void *out, size_t n); /* zeroed where the length differs */
void sql_cstr(sqlite3_stmt *st, int column, char *out, size_t size);

#endif
