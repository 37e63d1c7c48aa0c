/* What the rows of a commit ask for anyway: the same bytes, in plain tables, many to a transaction. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "tests/bench/server.h"

enum { ROWS_MAX = 9, ROWS_COMMITS = 500 };

/* Bytes of each row that one commit leaves. */
struct rows_of_commit {
    size_t n, size[ROWS_MAX];
};

/* As they are by now in the authority.db of a shop: the mean of all commits. */
int rows_read(const char *shop, struct rows_of_commit *out, struct err *e);
/* The processor time of one commit's rows, ROWS_COMMITS of them a transaction, in microseconds; by SQLite in
 * `dir`, WAL and synchronous=FULL. */
int rows_sqlite(const char *dir, const struct rows_of_commit *rows, int64_t transactions, double *us,
                struct err *e);
/* The same by the server's prepared INSERTs in a pipeline, its processor time and this program's. */
int rows_postgres(const struct server *s, const char *address, const struct rows_of_commit *rows,
                  int64_t transactions, double *us, struct err *e);
/* How long 4 KiB appended to a file of `dir` take to be on the disk, in microseconds: the median. */
int rows_fsync(const char *dir, double *us, struct err *e);

#endif
