/* What the files of the loop share. All of it belongs to the loop's thread. */
#ifndef DAEMON_INTERNAL_H
#define DAEMON_INTERNAL_H

#include "daemon/config.h"
#include "daemon/metrics.h"
#include "daemon/pool.h"
#include "daemon/reader.h"
#include "daemon/sequencer.h"
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
    struct reader *reader;
    struct sequencer *sequencer;
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

/* answer.c */
#define SEQUENCE "application/cbor-seq"
struct answer_form {
    int status;
    const char *type;
    const char *cache; /* Cache-Control; NULL: no-store */
    int64_t retry_s;   /* with 429 and 500 or more: Retry-After, 1 at least */
};
/* Adds a header to the answer to come. */
void answer_header(struct evhttp_request *req, const char *name, const char *value);
/* Answers; the request is libevent's again, and its connection's time runs. */
void answer_send(struct server *s, struct evhttp_request *req, const struct answer_form *f,
                 struct bytes body);
/* A problem that stands for the whole request; nothing that was sent is echoed. Closes the connection. */
void answer_refuse(struct server *s, struct evhttp_request *req, int status, int reason, const char *why);
void answer_refuse_later(struct server *s, struct evhttp_request *req, int status, int64_t retry_s,
                         int reason, const char *why);
void answer_text(struct server *s, struct evhttp_request *req, int status, struct bytes text);
int64_t answer_clock_us(void);
/* Ends the loop once it is stopping and nothing that was taken is left. */
void server_rest(struct server *s);

/* pages.c: evhttp's callback, arg is the server; and what workers and reader are done with. */
void pages_handle(struct evhttp_request *req, void *arg);
void pages_done(struct server *s);

/* statements.c */
void statements_post(struct server *s, struct evhttp_request *req);
void statements_finish(struct server *s, struct job *j);

/* visits.c */
void visit_begin(struct server *s, struct evhttp_request *req);
void visit_finish(struct server *s, struct visit *v);

#endif
