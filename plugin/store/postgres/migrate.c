/*
 * The schema: made and brought forward in one transaction, under a lock of its own, so that of several that
 * start at once one does it and the others find it done.
 */
#include "store/postgres/inside.h"

#include <stdlib.h>

extern const unsigned char *const pg_schema_steps[];
extern const unsigned char pg_look[], pg_grants[];

static const char begin[] = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '120s';"
                            "SET LOCAL idle_in_transaction_session_timeout = 0;"
                            "SELECT pg_advisory_xact_lock(1414558310);";
static const char bootstrap[] =
    "CREATE SCHEMA IF NOT EXISTS tillproof;"
    "CREATE TABLE IF NOT EXISTS schema_version (one BIGINT PRIMARY KEY CHECK (one = 1), version BIGINT NOT "
    "NULL);"
    "INSERT INTO schema_version VALUES (1, 0) ON CONFLICT (one) DO NOTHING";

static int tell(struct pg_store *s, const char *text, char first[NAME_SIZE])
{
    PGresult *r = PQexec(s->conn, text);
    ExecStatusType status = PQresultStatus(r);
    int rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : pg_fault(s, r);
    if (first) {
        bool any = rc == 0 && PQntuples(r) == 1 && PQnfields(r) == 1 && !PQgetisnull(r, 0, 0);
        bytes_to_cstr(bytes_str(any ? PQgetvalue(r, 0, 0) : ""), first, NAME_SIZE);
    }
    PQclear(r);
    return rc;
}

int pg_version(struct pg_store *s, int64_t *version)
{
    char text[NAME_SIZE];
    *version = 0;
    int rc = tell(s, "SELECT to_regclass('tillproof.schema_version') IS NOT NULL", text);
    if (rc || text[0] != 't') {
        return rc;
    }
    if ((rc = tell(s, "SELECT version FROM schema_version", text)) == 0) {
        char *end = NULL;
        long long v = strtoll(text, &end, 10);
        rc = *text && !*end && v >= 0 ? 0 : TP_E_CORRUPT;
        *version = rc ? 0 : v;
    }
    return rc;
}

static int forward(struct pg_store *s)
{
    int64_t version = 0;
    char mark[80];
    int rc = tell(s, begin, NULL);
    rc = rc ? rc : pg_version(s, &version);
    if (rc || version >= pg_schema_version) {
        return rc ? rc : version > pg_schema_version ? TP_E_NEWER : tell(s, "COMMIT", NULL);
    }
    rc = version ? 0 : tell(s, bootstrap, NULL);
    while (rc == 0 && version < pg_schema_version) {
        rc = tell(s, (const char *)pg_schema_steps[version++], NULL);
    }
    snprintf(mark, sizeof mark, "UPDATE schema_version SET version = %lld WHERE one = 1",
             (long long)pg_schema_version);
    rc = rc ? rc : tell(s, mark, NULL);
    rc = rc ? rc : tell(s, (const char *)pg_look, NULL);
    rc = rc ? rc : tell(s, (const char *)pg_grants, NULL);
    return rc ? rc : tell(s, "COMMIT", NULL);
}

int pg_migrate(struct pg_store *s)
{
    char error[sizeof s->head.error];
    int rc = forward(s);
    if (rc) {
        memcpy(error, s->head.error, sizeof error);
        tell(s, "ROLLBACK", NULL);
        memcpy(s->head.error, error, sizeof error);
    }
    return rc;
}
