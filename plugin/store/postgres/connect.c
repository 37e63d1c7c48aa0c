/* Connecting, what every session is told, and what a server's error means here. */
#include "store/postgres/inside.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { OLDEST = 150000 };

/*
 * The schema alone is searched, so that nobody's table of the same name stands before ours. Every query here
 * has an index to step through; without statistics a planner would scan, as SQLite's would (sqlite/db.c).
 * What waits has an end: a handle that stops in the middle of a transaction (a paused process) loses it, and
 * with it the merchant's turn, after ten seconds. Role, database or address may set other ends.
 */
#define UNLESS_SET(name, none, value)                                                                        \
    "SELECT set_config('" name "', '" value "', false) WHERE current_setting('" name "') = '" none "';"
static const char session[] =
    "SET search_path = tillproof, pg_temp; SET jit = off; SET enable_seqscan = off; "
    "SET enable_bitmapscan = off;" UNLESS_SET("synchronous_commit", "off", "on")
        UNLESS_SET("lock_timeout", "0", "8s");
static const char writer[] =
    UNLESS_SET("statement_timeout", "0", "60s") UNLESS_SET("idle_in_transaction_session_timeout", "0", "10s");
static const char reader[] = "SET default_transaction_read_only = on";

static const struct {
    char state[6];
    int code;
} faults[] = {
    {"40001", TP_E_BUSY},
    {"40P01", TP_E_BUSY},
    {"55P03", TP_E_BUSY},
    {"57014", TP_E_BUSY},
    {"57P01", TP_E_BUSY},
    {"57P02", TP_E_BUSY},
    {"57P03", TP_E_BUSY},
    {"53300", TP_E_BUSY},
    {"25P03", TP_E_BUSY},
    {"57P05", TP_E_BUSY},
    {"25006", TP_E_READ_ONLY},
    {"42501", TP_E_READ_ONLY},
    {"53200", TP_E_MEMORY},
    {"XX001", TP_E_CORRUPT},
    {"XX002", TP_E_CORRUPT},
    /* a text that the database's encoding does not have */
    {"22021", TP_BAD_STATEMENT},
    {"22P05", TP_BAD_STATEMENT},
};

static int fault_of(const char *state)
{
    for (size_t i = 0; state && i < sizeof faults / sizeof *faults; i++) {
        if (strcmp(faults[i].state, state) == 0) {
            return faults[i].code;
        }
    }
    return !state                         ? TP_E_BUSY
           : strncmp(state, "08", 2) == 0 ? TP_E_BUSY
           : strncmp(state, "23", 2) == 0 ? TP_E_EXISTS
                                          : TP_E_IO;
}

/* The server's first line; its detail quotes rows, and is left out. */
int pg_fault(struct pg_store *s, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    snprintf(s->head.error, sizeof s->head.error, "%.200s (%.5s)", text ? text : "the server is gone",
             state ? state : "-");
    return fault_of(state);
}

int pg_lost(struct pg_store *s)
{
    snprintf(s->head.error, sizeof s->head.error, "the connection to the database was lost");
    pg_drop(s);
    return s->failed = TP_E_BUSY;
}

void pg_drop(struct pg_store *s)
{
    PQfinish(s->conn);
    s->conn = NULL;
    s->pending = 0;
    for (size_t i = 0; i < STATEMENT_CACHE; i++) {
        s->cache[i].state = UNPREPARED;
    }
}

/*
 * Why there is no connection. What the server said names role and database; what libpq says may quote any
 * part of an address that was written wrongly, its password too, so of that only known words are told.
 */
static int refused(struct pg_store *s)
{
    static const char *const known[] = {
        "Connection refused", "No such file or directory",    "timeout expired", "Name or service not known",
        "No route to host",   "server closed the connection", "certificate",     "no password supplied"};
    const char *text = s->conn ? PQerrorMessage(s->conn) : "";
    const char *fatal = strstr(text, "FATAL:"), *why = "it cannot be reached";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        why = strstr(text, known[i]) ? known[i] : why;
    }
    bool gone = !fatal || strstr(fatal, "starting up") || strstr(fatal, "shutting down") ||
                strstr(fatal, "recovery") || strstr(fatal, "too many");
    if (fatal) {
        snprintf(s->head.error, sizeof s->head.error, "%.*s", (int)strcspn(fatal + 7, "\n"), fatal + 7);
    } else {
        snprintf(s->head.error, sizeof s->head.error, "no connection to its server: %s", why);
    }
    pg_drop(s);
    return gone ? TP_E_BUSY : TP_E_READ_ONLY;
}

static void quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

static int tell(struct pg_store *s, const char *text)
{
    PGresult *r = PQexec(s->conn, text);
    ExecStatusType status = PQresultStatus(r);
    int rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : pg_fault(s, r);
    PQclear(r);
    return rc;
}

static int check_server(struct pg_store *s)
{
    const char *encoding = PQparameterStatus(s->conn, "server_encoding");
    if (PQserverVersion(s->conn) < OLDEST) {
        snprintf(s->head.error, sizeof s->head.error, "it wants PostgreSQL 15 or later");
        return TP_UNSUPPORTED;
    }
    if (!encoding || strcmp(encoding, "UTF8") != 0) {
        snprintf(s->head.error, sizeof s->head.error, "the database's encoding is not UTF8");
        return TP_UNSUPPORTED;
    }
    return 0;
}

/* What is before the address is a default, what comes after it is not to be changed. */
static PGconn *dial(const char *address)
{
    static const char *const names[] = {"connect_timeout",
                                        "tcp_user_timeout",
                                        "keepalives_idle",
                                        "keepalives_interval",
                                        "keepalives_count",
                                        "fallback_application_name",
                                        "dbname",
                                        "client_encoding",
                                        NULL};
    const char *const values[] = {"5", "15000", "10", "5", "3", "tillproof", address, "UTF8", NULL};
    return PQconnectdbParams(names, values, 1);
}

/* The schema is at this version, or is brought to it. */
static int settle(struct pg_store *s)
{
    int64_t version = 0;
    int rc = pg_version(s, &version);
    if (rc || version == pg_schema_version) {
        return rc;
    }
    if (version > pg_schema_version) {
        return TP_E_NEWER;
    }
    if (version == 0 && !(s->flags & STORE_CREATE)) {
        snprintf(s->head.error, sizeof s->head.error, "the database has no schema tillproof");
        return TP_E_NO_SHOP;
    }
    if (!(s->flags & STORE_READ_ONLY)) {
        rc = pg_migrate(s);
    }
    if (rc == TP_E_READ_ONLY || s->flags & STORE_READ_ONLY) {
        snprintf(s->head.error, sizeof s->head.error,
                 "an earlier version made its tables: run 'tillproof store migrate' as their owner");
        rc = TP_E_READ_ONLY;
    }
    return rc;
}

int pg_connect(struct pg_store *s, struct err *e)
{
    s->conn = dial(s->address);
    int rc = s->conn && PQstatus(s->conn) == CONNECTION_OK ? check_server(s) : refused(s);
    if (rc == 0) {
        PQsetNoticeProcessor(s->conn, quiet, NULL);
        rc = tell(s, session);
    }
    rc = rc ? rc : tell(s, s->flags & STORE_READ_ONLY ? reader : writer);
    rc = rc ? rc : settle(s);
    if (rc == 0 && PQenterPipelineMode(s->conn) != 1) {
        rc = pg_lost(s);
    }
    s->failed = 0;
    if (rc) {
        pg_drop(s);
        return err_set(e, rc, "the authority's database: %s",
                       rc == TP_E_NEWER ? code_sentence(rc) : s->head.error);
    }
    return 0;
}

/* Whether the connection ended while nobody used it: then something is there to read. Known before a
 * transaction begins, it costs nothing; in its commit it would leave its fate unknown. */
static bool broken(struct pg_store *s)
{
    struct pollfd p = {.fd = PQsocket(s->conn), .events = POLLIN};
    return PQstatus(s->conn) != CONNECTION_OK ||
           (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR) || !PQconsumeInput(s->conn) ||
                                   !PQconsumeInput(s->conn) || PQstatus(s->conn) != CONNECTION_OK));
}

int pg_ready(struct pg_store *s)
{
    if (s->conn && !broken(s)) {
        return 0;
    }
    pg_drop(s);
    return pg_connect(s, NULL);
}

static int open_server(const char *address, const uint8_t merchant[ID_SIZE], int flags, struct store **out,
                       struct err *e)
{
    char *why = NULL;
    PQconninfoOption *parts = PQconninfoParse(address, &why);
    PQconninfoFree(parts);
    PQfreemem(why); /* it quotes the address */
    if (!parts || strlen(address) >= POSTGRES_ADDRESS_MAX) {
        return err_set(e, TP_BAD_VALUE,
                       "the store's address is not postgresql://[ROLE@]HOST[:PORT]/DATABASE");
    }
    struct pg_store *s = calloc(1, sizeof *s);
    if (!s || !(s->address = strdup(address))) {
        free(s);
        return err_code(e, TP_E_MEMORY);
    }
    s->head.backend = &pg_backend;
    memcpy(s->head.merchant, merchant, ID_SIZE);
    s->flags = flags;
    s->look = LOOK_FIRST;
    int rc = pg_connect(s, e);
    if (rc) {
        store_close(&s->head);
        return rc;
    }
    *out = &s->head;
    return 0;
}

void store_postgres(void)
{
    static const struct store_kind kind = {"postgres", open_server};
    store_register(&kind);
}

int store_postgres_migrate(const char *address, int64_t *version, struct err *e)
{
    static const uint8_t nobody[ID_SIZE];
    struct store *s = NULL;
    int rc = open_server(address, nobody, STORE_CREATE, &s, e);
    if (rc == 0) {
        *version = pg_schema_version;
    }
    store_close(s);
    return rc;
}
