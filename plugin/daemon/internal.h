/* What conn.c and server.c share. All of it belongs to the thread of the loop. */
#ifndef DAEMON_INTERNAL_H
#define DAEMON_INTERNAL_H

#include "daemon/config.h"
#include "daemon/metrics.h"
#include "daemon/pool.h"
#include "daemon/server.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <openssl/ssl.h>

/* One connection. It lives as long as its SSL, whoever ends that. */
struct conn {
    struct server *server;
    struct conn *next, **at;
    struct bufferevent *bev;
    int64_t until; /* boot ms by which its next step must be done; INT64_MAX while a worker is at it */
    bool writing;  /* an answer is on its way out */
};

struct server {
    const struct daemon_config *config;
    SSL_CTX *tls;
    struct pool *pool;
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *socket;
    struct evconnlistener *listener; /* NULL when it does not listen any more */
    struct event *tick, *done, *stop[2], *reload;
    int done_fd;
    struct conn *conns;
    size_t conn_count, writing, jobs;
    bool full; /* the listener waits for a connection to end */
    bool stopping;
    int64_t stop_until;
    struct metrics metrics;
};

/* conn.c */
/* Once, before the first connection. TP_E_CRYPTO. */
int conn_prepare(struct err *e);
/* evhttp's bevcb: arg is the server. */
struct bufferevent *conn_new(struct event_base *base, void *arg);
/* NULL when the client is gone, or never spoke TLS. */
struct conn *conn_of(struct evhttp_request *req);
/* From now on its timeout runs for the next step. */
void conn_expect(struct conn *c);
/* Closes the connections that are late. */
void conn_sweep(struct server *s);

/* server.c: ends the loop once nothing that was taken is left. */
void server_rest(struct server *s);

#endif
