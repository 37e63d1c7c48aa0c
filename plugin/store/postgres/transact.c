/*
 * Transactions. Writers of one merchant take turns, by a lock that the transaction holds: what the authority
 * decides rests on what it read before (the next grant's number, who has won a coupon), and a turn is what
 * makes that true. The lock is asked for before the first statement takes its snapshot, READ COMMITTED, so
 * each turn sees all that the ones before it committed. Readers take no turn and see one moment.
 */
#include "store/postgres/inside.h"

#include <stdio.h>

static const struct params none = {.n = 0};

static int turn(struct pg_store *s)
{
    struct params p = pg_of_merchant(s);
    return pg_send(s, "SELECT pg_advisory_xact_lock(hashtextextended(encode(?1, 'hex'), 0))", &p);
}

/* Between transactions. That it could not look is nobody's fault, and the next one says what is wrong. */
static void look(struct pg_store *s)
{
    s->looked = 0;
    s->look = 2 * s->look < LOOK_EVERY ? 2 * s->look : LOOK_EVERY;
    if (pg_send(s, "SELECT look_at_growth()", &none) == 0 && pg_sync(s) == 0) {
        pg_drain(s, NULL);
    }
}

void pg_look_now(struct store *store, int64_t rows)
{
    struct pg_store *s = pg_own(store);
    s->looked += rows;
    if (s->looked >= s->look && pg_ready(s) == 0) {
        s->failed = 0;
        look(s);
    }
}

static int open_transaction(struct pg_store *s, bool write)
{
    int rc = pg_ready(s);
    if (rc) {
        return rc;
    }
    s->failed = 0;
    if (write && s->looked >= s->look && !s->head.look_elsewhere) {
        look(s);
    }
    s->inside = true;
    rc = pg_send(s,
                 write ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
                       : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                 &none);
    rc = rc ? rc : write ? turn(s) : pg_drain(s, NULL);
    s->inside = rc == 0;
    return rc;
}

int pg_begin(struct store *store, bool write)
{
    struct pg_store *s = pg_own(store);
    if (write && s->flags & STORE_READ_ONLY) {
        snprintf(store->error, sizeof store->error, "it was opened to read");
        return TP_E_READ_ONLY;
    }
    int rc = open_transaction(s, write);
    /* A connection that broke while nobody used it is no reason to fail. */
    return rc == TP_E_BUSY && !s->conn ? open_transaction(s, write) : rc;
}

int pg_commit(struct store *store)
{
    struct pg_store *s = pg_own(store);
    PGresult *r = NULL;
    int rc = s->failed ? s->failed : pg_settle(s, NULL);
    rc = rc ? rc : pg_send(s, "COMMIT", &none);
    if (rc) {
        return rc;
    }
    rc = pg_sync(s);
    rc = rc ? rc : pg_drain(s, &r);
    if (rc == 0 && strcmp(PQcmdStatus(r), "COMMIT") != 0) {
        snprintf(store->error, sizeof store->error, "the database undid the transaction");
        rc = TP_E_BUSY;
    }
    PQclear(r);
    store->unsure = rc && !s->conn;
    s->inside = rc != 0;
    return rc;
}

void pg_rollback(struct store *store)
{
    struct pg_store *s = pg_own(store);
    int rc = 0;
    s->inside = false;
    pg_scatter(s);
    if (s->conn && (s->failed || s->pending) && (rc = pg_sync(s)) == 0) {
        pg_drain(s, NULL); /* what it says was said */
    }
    if (s->conn && rc == 0) {
        s->failed = 0;
        rc = pg_send(s, "ROLLBACK", &none);
        rc = rc ? rc : pg_sync(s);
        rc = rc ? rc : pg_drain(s, NULL);
    }
    if (rc) {
        pg_drop(s);
    }
    s->failed = 0;
}

/* What waits is of before it. */
int pg_save(struct store *s)
{
    int rc = pg_settle(pg_own(s), NULL);
    return rc ? rc : pg_send(pg_own(s), "SAVEPOINT one", &none);
}

/* What waits goes on to wait: the rows before it are in, and nothing undoes it alone any more. */
int pg_keep(struct store *s)
{
    return pg_send(pg_own(s), "RELEASE SAVEPOINT one", &none);
}

int pg_undo(struct store *s)
{
    pg_scatter(pg_own(s));
    int rc = pg_send(pg_own(s), "ROLLBACK TO SAVEPOINT one", &none);
    return rc ? rc : pg_send(pg_own(s), "RELEASE SAVEPOINT one", &none);
}
