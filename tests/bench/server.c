#include "tests/bench/server.h"

#include <libpq-fe.h>
#include <stdlib.h>

static int run(struct server *s, const char *sql, struct err *e)
{
    PGresult *r = PQexec(s->conn, sql);
    bool good = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return good ? 0 : err_set(e, TP_E_IO, "the server: %.160s", PQerrorMessage(s->conn));
}

int server_open(struct server *s, const char *address, struct err *e)
{
    *s = (struct server){.address = address, .conn = PQconnectdb(address)};
    if (PQstatus(s->conn) != CONNECTION_OK) {
        return err_set(e, TP_E_BUSY, "no server answers at the address of --store");
    }
    s->pid = service_parent(PQbackendPID(s->conn), "postgres");
    return 0;
}

/* The address with another database in it. */
static int rename_in(const char *address, const char *name, char out[SHOP_STORE_MAX])
{
    const char *host = strstr(address, "://"), *path = host ? strchr(host + 3, '/') : NULL;
    const char *rest = path ? strchr(path, '?') : NULL;
    if (!path) {
        return TP_E_ARGUMENT;
    }
    int n =
        snprintf(out, SHOP_STORE_MAX, "%.*s/%s%s", (int)(path - address), address, name, rest ? rest : "");
    return n > 0 && n < SHOP_STORE_MAX ? 0 : TP_E_ARGUMENT;
}

int server_database(struct server *s, char out[SHOP_STORE_MAX], struct err *e)
{
    char sql[120];
    uint8_t random[8];
    if (s->count == SERVER_DATABASES) {
        return err_code(e, TP_E_STATE);
    }
    char *name = s->names[s->count];
    int rc = random_bytes(random, sizeof random);
    snprintf(name, sizeof s->names[0], "bench_");
    for (size_t i = 0; i < sizeof random; i++) {
        snprintf(name + 6 + 2 * i, 3, "%02x", random[i]);
    }
    rc = rc ? rc : rename_in(s->address, name, out);
    if (rc) {
        return err_set(e, rc, "--store is an address like postgresql://ROLE@HOST/DATABASE");
    }
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", name);
    rc = run(s, sql, e);
    s->count += rc == 0;
    return rc;
}

void server_close(struct server *s)
{
    char sql[120];
    while (s->count) {
        snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", s->names[--s->count]);
        run(s, sql, NULL);
    }
    PQfinish(s->conn);
    *s = (struct server){0};
}

void server_settings(struct server *s, char *out, size_t size)
{
    PGresult *r = PQexec(s->conn, "SELECT 'fsync ' || current_setting('fsync') || ', synchronous_commit ' || "
                                  "current_setting('synchronous_commit') || ', server ' || "
                                  "current_setting('server_version')");
    snprintf(out, size, "%s", PQntuples(r) == 1 ? PQgetvalue(r, 0, 0) : "unknown");
    PQclear(r);
}
