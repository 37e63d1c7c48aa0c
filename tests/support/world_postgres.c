/* Lets a test's program open stores on a server; opens_postgres links what it needs. */
#include "support/cm.h"

#include "store/postgres/postgres.h"

#include <libpq-fe.h>
#include <stdlib.h>

extern int64_t (*world_server_sql)(const char *address, const char *sql);

static int64_t ask(const char *address, const char *sql)
{
    PGconn *c = PQconnectdb(address);
    PQclear(PQexec(c, "SET search_path = tillproof"));
    PGresult *r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        print_error("%s: %s\n", sql, PQerrorMessage(c));
        fail();
    }
    int64_t v = PQntuples(r) > 0 ? strtoll(PQgetvalue(r, 0, 0), NULL, 10) : -1;
    PQclear(r);
    PQfinish(c);
    return v;
}

__attribute__((constructor)) static void open_servers(void)
{
    store_postgres();
    world_server_sql = ask;
}
