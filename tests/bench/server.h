/* A PostgreSQL server that is measured: databases of its own for the bench, and what it costs. One thread. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "tests/bench/service.h"

enum { SERVER_DATABASES = 3 };

/* Zero it first; server_close, whatever was returned. */
struct server {
    struct pg_conn *conn;
    const char *address;
    pid_t pid; /* of the whole server; 0: it is not on this machine */
    char names[SERVER_DATABASES][40];
    size_t count;
};

/* address: postgresql://[...]/DATABASE[?...] of a role that may make databases; borrowed. TP_E_BUSY. */
int server_open(struct server *s, const char *address, struct err *e);
/* A new database, and its address. */
int server_database(struct server *s, char out[SHOP_STORE_MAX], struct err *e);
/* Drops them. */
void server_close(struct server *s);
/* What the server says of itself: fsync and synchronous_commit. */
void server_settings(struct server *s, char *out, size_t size);

#endif
