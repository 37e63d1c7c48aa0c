#include "tests/bench/load.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>

enum { BODY_MAX = 4 * 1024 * 1024, GIVE_UP_S = 60 };

struct client {
    struct run *run;
    struct evhttp_connection *conn;
    size_t index;
    int64_t begun; /* when its operation began; 0 between two */
};

struct run {
    const struct load *l;
    struct load_result *out;
    struct event_base *base;
    SSL_CTX *tls;
    struct client *clients;
    struct buf body;
    int64_t from, until;
    size_t busy;
    struct err *e;
    int rc;
};

static void go_on(struct client *c);

static void stop(struct run *r, int rc, const char *what)
{
    if (r->rc == 0) {
        r->rc = err_set(r->e, rc, "%s", what);
    }
    event_base_loopbreak(r->base);
}

static void on_answer(struct evhttp_request *req, void *arg)
{
    struct client *c = arg;
    struct run *r = c->run;
    r->busy--;
    int status = req ? evhttp_request_get_response_code(req) : 0;
    if (status == 0) {
        stop(r, TP_E_IO, "the server broke a connection off");
        return;
    }
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    size_t n = evbuffer_get_length(in);
    int64_t done = r->l->taken(r->l->ctx, c->index, status, bytes_of(evbuffer_pullup(in, -1), n));
    if (done < 0) {
        char text[80];
        snprintf(text, sizeof text, "an answer is not what it must be (status %d, code %d)", status,
                 (int)-done);
        stop(r, TP_E_STATE, text);
        return;
    }
    if (done) {
        samples_add(&r->out->latency, now_ns() - c->begun);
        c->begun = 0;
        r->out->done += done;
    }
    go_on(c);
}

/* The client's next request, unless its time is up between two operations. */
static void go_on(struct client *c)
{
    struct run *r = c->run;
    int64_t now = now_ns();
    r->out->ns = now - r->from;
    if (c->begun == 0 && now >= r->until) {
        return;
    }
    buf_reset(&r->body);
    int rc = r->l->next(r->l->ctx, c->index, &r->body);
    if (rc == 1) {
        return;
    }
    struct evhttp_request *req = rc ? NULL : evhttp_request_new(on_answer, c);
    if (!req) {
        stop(r, rc ? rc : TP_E_MEMORY, "a request could not be made");
        return;
    }
    c->begun = c->begun ? c->begun : now;
    evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "127.0.0.1");
    evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", r->l->type);
    evbuffer_add(evhttp_request_get_output_buffer(req), r->body.p, r->body.n);
    if (evhttp_make_request(c->conn, req, EVHTTP_REQ_POST, r->l->path)) {
        stop(r, TP_E_IO, "a request could not be sent");
        return;
    }
    r->busy++;
}

static int connect_one(struct run *r, struct client *c)
{
    SSL *ssl = SSL_new(r->tls);
    struct bufferevent *bev = ssl ? bufferevent_openssl_socket_new(
                                        r->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE)
                                  : NULL;
    c->conn =
        bev ? evhttp_connection_base_bufferevent_new(r->base, NULL, bev, "127.0.0.1", r->l->port) : NULL;
    if (!c->conn) {
        return TP_E_MEMORY;
    }
    evhttp_connection_set_timeout(c->conn, GIVE_UP_S);
    return 0;
}

static int open_run(struct run *r)
{
    r->base = event_base_new();
    r->tls = SSL_CTX_new(TLS_client_method());
    r->clients = calloc(r->l->clients, sizeof *r->clients);
    if (!r->base || !r->tls || !r->clients || SSL_CTX_set_min_proto_version(r->tls, TLS1_3_VERSION) != 1 ||
        SSL_CTX_load_verify_file(r->tls, r->l->ca) != 1) {
        return err_set(r->e, TP_E_IO, "no TLS client can be made");
    }
    SSL_CTX_set_verify(r->tls, SSL_VERIFY_PEER, NULL);
    for (size_t i = 0; i < r->l->clients; i++) {
        r->clients[i] = (struct client){.run = r, .index = i};
        if (connect_one(r, &r->clients[i])) {
            return err_code(r->e, TP_E_MEMORY);
        }
    }
    return 0;
}

static void on_healthy(struct evhttp_request *req, void *arg)
{
    struct client *c = arg;
    c->run->busy--;
    if (!req || evhttp_request_get_response_code(req) == 0) {
        stop(c->run, TP_E_IO, "the server does not answer over TLS");
        return;
    }
    setsockopt(bufferevent_getfd(evhttp_connection_get_bufferevent(c->conn)), IPPROTO_TCP, TCP_NODELAY,
               &(int){1}, sizeof(int));
}

/* Each connection shakes hands now. */
static void warm(struct run *r)
{
    for (size_t i = 0; i < r->l->clients; i++) {
        struct evhttp_request *req = evhttp_request_new(on_healthy, &r->clients[i]);
        if (!req) {
            stop(r, TP_E_MEMORY, "memory ran out");
            return;
        }
        evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "127.0.0.1");
        if (evhttp_make_request(r->clients[i].conn, req, EVHTTP_REQ_GET, "/healthz")) {
            stop(r, TP_E_IO, "the server cannot be reached");
            return;
        }
        r->busy++;
    }
    while (r->busy && r->rc == 0 && event_base_loop(r->base, EVLOOP_ONCE) == 0) {
    }
}

int load_run(const struct load *l, struct load_result *out, struct err *e)
{
    struct run r = {.l = l, .out = out, .e = e};
    *out = (struct load_result){0};
    buf_init(&r.body, BODY_MAX);
    r.rc = open_run(&r);
    if (r.rc == 0) {
        warm(&r);
    }
    r.from = now_ns();
    r.until = r.from + l->ms * INT64_C(1000000);
    for (size_t i = 0; i < l->clients && r.rc == 0; i++) {
        go_on(&r.clients[i]);
    }
    while (r.busy && r.rc == 0 && event_base_loop(r.base, EVLOOP_ONCE) == 0) {
    }
    for (size_t i = 0; r.clients && i < l->clients; i++) {
        if (r.clients[i].conn) {
            evhttp_connection_free(r.clients[i].conn);
        }
    }
    free(r.clients);
    SSL_CTX_free(r.tls);
    if (r.base) {
        event_base_free(r.base);
    }
    buf_free(&r.body);
    return r.rc ? r.rc : out->latency.failed ? err_code(e, TP_E_MEMORY) : 0;
}
