/*
 * What the authority keeps: statements as received, their parts apart, projections of them, and the short
 * memory of holds and requests. Here: the database, its transactions, statements, and tills with their
 * records. The rest has a header for each concern, under the rules of this one: offers.h, redeem.h (sales and
 * redemptions), reversals.h, leases.h, holds.h and codes.h (the short memory), log.h, erased.h, tokens.h,
 * and, for reading alone, report.h and evidence.h.
 *
 * Every row carries its merchant (here: the authority's id), bound when the store is opened. One handle, one
 * thread. Functions return 0, or TP_E_BUSY, TP_E_IO, TP_E_READ_ONLY, TP_E_CORRUPT, TP_E_MEMORY with a
 * sentence in store_error(); "not found" is told apart where a function says so. Views handed to callbacks
 * live for the callback.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "wire/statement.h"

struct store;

enum { STORE_CREATE = 1, STORE_READ_ONLY = 2 };
enum { STORE_NOT_FOUND = 1 };

/*
 * Opens (or makes) the database at `address` for one merchant, and brings its schema to this version: a path
 * is a SQLite file, postgresql://... a server, where a program has registered that kind
 * (postgres/postgres.h). TP_E_NEWER when a later version wrote it; TP_E_NO_SHOP when it is not there;
 * TP_UNSUPPORTED when this program does not open such a one.
 */
int store_open(const char *address, const uint8_t merchant[ID_SIZE], int flags, struct store **out,
               struct err *e);
bool store_is_server(const char *address); /* it names a server, not a file */
void store_close(struct store *s);         /* takes NULL */
const char *store_error(const struct store *s);

/*
 * Runs fn in one write transaction: committed when it returns 0, undone otherwise. fn may be run again when
 * the database was busy, so it must only touch the store and what it resets at its beginning.
 */
int store_write(struct store *s, int (*fn)(struct store *s, void *arg), void *arg);

/* Runs fn in one read transaction. */
int store_read(struct store *s, int (*fn)(struct store *s, void *arg), void *arg);

/*
 * Groups many store_write into one transaction, so that one fsync carries them all. In between, a store_write
 * whose fn refuses (above 0) undoes only itself; after a fault (below 0) nothing of the group is kept. What
 * store_write returned counts only when store_group_end, which commits, returned 0; without `keep` it undoes
 * them all and returns the fault, or TP_E_STATE. store_group_begin that fails has begun nothing.
 */
int store_group_begin(struct store *s);
int store_group_end(struct store *s, bool keep);
/*
 * What the messages of a group will ask for: which of it is not there is found out by one question to a
 * server, and remembered until the group ends or it comes to be there. Within a group; the arrays are the
 * caller's. 0, or the fault that ended the group. A database that is no server is not asked: its questions
 * cost little.
 */
enum { STORE_KEYS_MAX = 1024, STORE_TILLS_MAX = 64, STORE_NEWEST_MAX = 4 }; /* of each sort */
struct store_keys {
    struct {
        uint8_t v[HASH_SIZE];
    } records[STORE_KEYS_MAX]; /* D */
    struct {
        uint8_t v[ID_SIZE];
    } sales[STORE_KEYS_MAX];
    struct {
        int64_t batch, index;
    } coupons[STORE_KEYS_MAX];
    struct {
        uint8_t v[ID_SIZE];
    } requests[STORE_KEYS_MAX];         /* ids */
    char tills[STORE_TILLS_MAX][64];    /* whose rows are to be known, too */
    enum kind newest[STORE_NEWEST_MAX]; /* what store_newest will be asked for */
    size_t record_count, sale_count, coupon_count, request_count, till_count;
};
int store_ahead(struct store *s, const struct store_keys *keys);
/* A server's planner wants its statistics renewed now and then, which takes a while: whoever writes does it,
 * between transactions. From now on this handle leaves it to another, whose store_look does it when it is
 * time. */
void store_look_elsewhere(struct store *s);
/* Outside of a transaction; `rows`: so many more were written elsewhere. What goes wrong is the next call's.
 */
void store_look(struct store *s, int64_t rows);
bool store_reads_ahead(const struct store *s); /* a question costs much: it is a server */
/* The same as store_write for an fn that refuses, if it does, before it changes anything: in a group it costs
 * no savepoint. One that refuses after a change ends the group with TP_E_STATE. */
int store_write_sure(struct store *s, int (*fn)(struct store *s, void *arg), void *arg);

/* ---- statements ---- */

struct stored {
    int64_t n; /* order of acceptance, from 1 */
    enum kind kind;
    uint8_t d[HASH_SIZE];
    int64_t received_ms;
    struct bytes raw, lines, person; /* parts absent where there are none, or erased */
    struct bytes residue;            /* what stays of a person's part that was erased; else absent */
};

/* Keeps a statement and its parts. *fresh is false when the same D was there: then nothing changes. */
int store_statement_put(struct store *s, const struct statement *st, int64_t received_ms, bool *fresh);
/* The numbers of the newest of these kinds; 0 where there is none of it. */
int store_newest(struct store *s, const enum kind of[STORE_NEWEST_MAX], int64_t newest[STORE_NEWEST_MAX]);
/* Calls fn for the statements with n above `after` whose kind's bit is in `kinds`, in order, at most `limit`;
 * a nonzero return of fn ends it and is returned. */
int store_statements(struct store *s, uint32_t kinds, int64_t after, int64_t limit,
                     int (*fn)(void *arg, const struct stored *row), void *arg);
/* One, by D, without its residue. STORE_NOT_FOUND, or what fn returned. */
int store_statement(struct store *s, const uint8_t d[HASH_SIZE],
                    int (*fn)(void *arg, const struct stored *row), void *arg);

/* ---- projections ---- */

/* Empties every projection. */
int store_clear_projections(struct store *s);
/* The same as store_dump, a row at a time: `line` has no end of line; `table` is its first word. */
int store_dump_each(struct store *s, int (*fn)(void *arg, const char *table, struct bytes line), void *arg);
/* Appends every projection as text, one row a line, in a fixed order: what a rebuild must reproduce. */
int store_dump(struct store *s, struct buf *out);

/* ---- tills and their records ---- */

struct till_row {
    char name[64], store[64];
    int64_t epoch;               /* the highest that a terminal statement gave */
    uint8_t terminal[HASH_SIZE]; /* D of that statement */
    struct head head;            /* highest record held of that epoch; seq 0, d = terminal before the first */
    bool quarantined;
};

int store_till(struct store *s, struct bytes name, struct till_row *row); /* STORE_NOT_FOUND */
int store_till_put(struct store *s, const struct till_row *row);

/* Whether a record counts: what its till signed beyond a revocation, or outside of its key's time, does not
 * until the merchant has accepted it. */
enum dispute { DISPUTE_NONE, DISPUTE_OPEN, DISPUTE_ACCEPTED, DISPUTE_REJECTED };

struct record_row {
    struct bytes till;
    int64_t epoch, seq;
    uint8_t d[HASH_SIZE], prev[HASH_SIZE];
    int dispute; /* enum dispute */
};

/* Adds a record's place in its chain. */
int store_record_put(struct store *s, const struct record_row *row);
/*
 * True in *fork when the chain contradicts itself around this record: two D at one place, or a neighbour
 * whose prev is not the D held.
 */
int store_record_fork(struct store *s, const struct record_row *row, bool *fork);

/* Records of that epoch, in the order of (seq, d), with a place above (seq, d) of `after`, at most `limit`.
 */
int store_records_after(struct store *s, const struct record_row *after, int64_t limit,
                        int (*fn)(void *arg, const struct record_row *row), void *arg);
int store_record_dispute(struct store *s, const struct record_row *row); /* changes dispute */

/* One enrolment of a till. */
struct tenure_row {
    char till[64];
    int64_t epoch, from_ms, until_ms; /* from <= t < until */
    int state;                        /* enum terminal_state */
    int64_t from_seq;                 /* what is signed from it on is disputed; NONE */
    bool has_terminal;
    uint8_t terminal[HASH_SIZE]; /* D of the statement that gave this epoch */
};
int store_tenure(struct store *s, struct bytes till, int64_t epoch,
                 struct tenure_row *row); /* STORE_NOT_FOUND */
int store_tenure_put(struct store *s, const struct tenure_row *row);

int store_ruling_put(struct store *s, const uint8_t record[HASH_SIZE], const uint8_t d[HASH_SIZE],
                     int64_t time_ms, int verdict);
/* The latest on that record, by (time, d): an enum ruling_verdict. STORE_NOT_FOUND. */
int store_ruling(struct store *s, const uint8_t record[HASH_SIZE], int *verdict);

/* A counter that only grows, 0 at first, one by one or to what it is told. */
int store_count(struct store *s, const char *name, int64_t *value);
int store_count_on(struct store *s, const char *name);
#define STORE_CONFLICTS "conflicts" /* outcomes with a reason, for those who watch */
int store_count_to(struct store *s, const char *name, int64_t value);

/* ---- the whole database ---- */

/* Overwrites what was deleted before, in the database's files: it must not be in a transaction. TP_E_BUSY:
 * somebody else uses it. TP_UNSUPPORTED where a database sees to that by itself. */
int store_scrub(struct store *s);
/* Writes what is kept at this moment to a new database of the same kind at path, which must not exist.
 * TP_UNSUPPORTED where a database is no file. */
int store_copy(struct store *s, const char *path);

#endif
