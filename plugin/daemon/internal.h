/* What the files of the loop share. All of it belongs to the loop's thread. */
#ifndef DAEMON_INTERNAL_H
#define DAEMON_INTERNAL_H

#include "daemon/addresses.h"
#include "daemon/config.h"
#include "daemon/metrics.h"
#include "daemon/pool.h"
#include "daemon/rate.h"
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
    int64_t until; /* boot ms by which its next step must be done; INT64_MAX while the pool or the reader has
                      it */
    bool writing;  /* an answer is on its way out */
    bool shed;     /* it was closed for holding too much */
    size_t held;   /* bytes that its request and the answer take, or may take; of these */
    size_t reserved;         /* so many for an answer to come */
    struct address *address; /* whom limits count; NULL until the loop has looked at it */
    bool refused;            /* its address has too many */
};

/* Whom limits are kept for. */
enum { LIMIT_ADDRESS, LIMIT_TILL, LIMIT_CODE, LIMIT_TOKEN, LIMITS };

struct server {
    struct daemon_config now;
    const struct daemon_config *config; /* now, for those who read it */
    const struct server_start *start;
    SSL_CTX *tls;
    struct pool *pool;
    struct reader *reader;
    struct sequencer *sequencer;
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *socket;
    struct evconnlistener *listener; /* NULL when it does not listen any more */
    struct event *tick, *done, *stop[2], *reload, *over, *came;
    int done_fd;
    struct rates *rates[LIMITS];
    size_t held; /* bytes, by all connections */
    struct addresses *addresses;
    struct conn *conns; /* the youngest first */
    size_t conn_count, writing, jobs;
    bool full; /* the listener waits for a connection to end */
    bool stopping;
    int64_t stop_until;
    struct metrics metrics;
    uint64_t crowded_said; /* of metrics.crowded, those that the log has told of */
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
/* Takes those that came, or closes them where their address has too many. */
void conn_came(evutil_socket_t fd, short what, void *arg);
/* Says how many were refused since it last said so: a line for all, so that a crowd does not fill the log. */
void conn_tell(struct server *s);
/* Closes the connections that are late. */
void conn_sweep(struct server *s);
/* Takes bytes for what it is answered, from those whose requests still come in and hold more, if need be;
 * false, and takes none, where the configured memory would not do. */
bool conn_hold(struct conn *c, size_t n);
/* They are n now instead, whatever that makes of the sum. */
void conn_hold_instead(struct conn *c, size_t before, size_t n);
/* The answer takes so many, instead of what was reserved. */
void conn_answer_is(struct evhttp_request *req, size_t n);
/* Its answer is gone; what it has sent since stays. */
void conn_release(struct conn *c);
/* Refuses those that hold most of what is in flight, until the rest is within the configured memory. */
void conn_shed(evutil_socket_t fd, short what, void *arg);
/* Whom it comes from; empty when the system does not say. */
struct bytes conn_peer(struct conn *c);
/* As many as the configuration has, and no more. */
void conn_admit(struct server *s);

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

/* pages.c: the limit of that kind: 0, or the ms until it allows this. */
int64_t pages_wait(struct server *s, int limit, struct bytes key, int64_t cost, bool take);
/* Says so: 429. */
void pages_throttled(struct server *s, struct evhttp_request *req, int limit, int64_t wait_ms);
/* evhttp's callback, arg is the server; and what pool and reader are done with. */
void pages_handle(struct evhttp_request *req, void *arg);
void pages_done(struct server *s);

/* server.c: libevent's own timeouts, after the configured one. */
void server_patience(struct server *s);

/* reload.c: SIGHUP. */
void server_reload(evutil_socket_t sig, short what, void *arg);
/* Gives the reader the configured witnesses. */
int server_witnesses(struct server *s, const struct daemon_config *c, struct err *e);

/* statements.c */
void statements_post(struct server *s, struct evhttp_request *req);
void statements_finish(struct server *s, struct job *j);

/* visits.c */
void visit_begin(struct server *s, struct evhttp_request *req);
void visit_finish(struct server *s, struct visit *v);

#endif
