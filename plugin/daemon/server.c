#include "daemon/internal.h"

#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/keyvalq_struct.h>
#include <fcntl.h>
#include <signal.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* SPARE_S: conn.c's time is over before libevent's own. */
enum {
    SPARE_S = 5,
    HEADERS_MAX = 16 * 1024,
    BODY_MAX = MESSAGE_MAX,
    REPLY_LIMIT = MESSAGE_MAX + 64 * 1024,
};

#define SEQUENCE "application/cbor-seq"

static int64_t now_us(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void server_rest(struct server *s)
{
    if (s->stopping && s->jobs == 0 && s->writing == 0) {
        event_base_loopexit(s->base, NULL);
    }
}

static void answered(struct evhttp_request *req, void *arg)
{
    struct conn *c = conn_of(req);
    (void)arg;
    if (c && c->writing) {
        c->writing = false;
        c->server->writing--;
        conn_expect(c);
        server_rest(c->server);
    }
}

static void header(struct evhttp_request *req, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
}

/* Answers, and takes the request back into libevent's hands. */
static void send_answer(struct server *s, struct evhttp_request *req, int status, const char *type,
                        struct bytes body)
{
    struct conn *c = conn_of(req);
    struct evbuffer *out = evbuffer_new();
    metrics_request(&s->metrics, status);
    if (status >= 500 || status == 429) {
        header(req, "Retry-After", "1");
    }
    if (s->stopping || status >= 400) {
        header(req, "Connection", "close");
    }
    header(req, "Content-Type", type);
    header(req, "Cache-Control", "no-store");
    if (c) {
        c->writing = true;
        s->writing++;
        conn_expect(c);
        evhttp_request_set_on_complete_cb(req, answered, NULL);
    }
    if (!out || evbuffer_add(out, body.p, body.n)) {
        evhttp_send_reply(req, 500, NULL, NULL);
    } else {
        evhttp_send_reply(req, status, NULL, out);
    }
    if (out) {
        evbuffer_free(out);
    }
}

/* A problem that stands for the whole request; nothing that was sent is echoed. */
static void refuse(struct server *s, struct evhttp_request *req, int status, int reason, const char *why)
{
    uint8_t memory[512];
    struct buf out;
    buf_over(&out, memory, sizeof memory);
    answer_problem(&out, NULL, reason, why);
    log_line(LOG_WARN, "refused: status %d: %s", status, why);
    send_answer(s, req, status, SEQUENCE, buf_view(&out));
}

static void send_text(struct server *s, struct evhttp_request *req, int status, struct bytes text)
{
    send_answer(s, req, status, "text/plain; version=0.0.4; charset=utf-8", text);
}

/* ---- statements ---- */

/* The answers; a fault in the midst ends them with a problem, and what was answered before it stands. */
static void finish(struct server *s, struct job *j)
{
    struct evhttp_request *req = j->owner;
    s->jobs--;
    metrics_handled(&s->metrics, now_us() - j->began_us);
    if (j->rc && j->reply.n == 0) {
        refuse(s, req, j->rc == TP_E_BUSY ? 503 : 500, j->rc, code_sentence(j->rc));
    } else {
        if (j->rc) {
            answer_problem(&j->reply, NULL, j->rc, NULL);
        }
        s->metrics.sent += j->reply.n;
        send_answer(s, req, 200, SEQUENCE, buf_view(&j->reply));
    }
    job_free(j);
}

static void take_done(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    uint64_t n = 0;
    (void)what;
    ssize_t got = read(fd, &n, sizeof n);
    (void)got;
    for (struct job *j = pool_done(s->pool), *next = NULL; j; j = next) {
        next = j->next;
        finish(s, j);
    }
    server_rest(s);
}

static struct job *job_of(struct evhttp_request *req)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    size_t n = evbuffer_get_length(in);
    struct job *j = calloc(1, sizeof *j);
    if (!j) {
        return NULL;
    }
    buf_init(&j->request, BODY_MAX);
    buf_init(&j->reply, REPLY_LIMIT);
    uint8_t *to = buf_extend(&j->request, n);
    if (!to || evbuffer_remove(in, to, n) != (int)n) {
        job_free(j);
        return NULL;
    }
    j->owner = req;
    j->began_us = now_us();
    return j;
}

static bool is_sequence(struct evhttp_request *req)
{
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(req), "Content-Type");
    size_t n = strlen(SEQUENCE);
    return type && strncasecmp(type, SEQUENCE, n) == 0 && (type[n] == 0 || type[n] == ';');
}

static void post_statements(struct server *s, struct evhttp_request *req)
{
    if (evhttp_request_get_command(req) != EVHTTP_REQ_POST) {
        header(req, "Allow", "POST");
        refuse(s, req, 405, TP_E_ARGUMENT, "statements are posted");
        return;
    }
    if (!is_sequence(req) || evbuffer_get_length(evhttp_request_get_input_buffer(req)) == 0) {
        refuse(s, req, 415, TP_E_ARGUMENT, "a request's body is " SEQUENCE);
        return;
    }
    if (s->stopping) {
        refuse(s, req, 503, TP_E_BUSY, "the authority is stopping");
        return;
    }
    struct conn *c = conn_of(req);
    struct job *j = job_of(req);
    size_t n = j ? j->request.n : 0;
    if (!j || !pool_put(s->pool, j)) {
        job_free(j);
        refuse(s, req, 503, TP_E_BUSY, "the authority has too much to do");
        return;
    }
    s->metrics.received += n;
    s->jobs++;
    c->until = INT64_MAX;
}

/* ---- pages for those who run it ---- */

static void get_health(struct server *s, struct evhttp_request *req)
{
    send_text(s, req, 200, bytes_str("ok\n"));
}

static void get_ready(struct server *s, struct evhttp_request *req)
{
    bool ready = !s->stopping && pool_healthy(s->pool);
    send_text(s, req, ready ? 200 : 503, bytes_str(ready ? "ready\n" : "not ready\n"));
}

/* Growth shows trade, so figures are for this machine alone unless the configuration says otherwise. */
static bool may_see(const struct server *s, struct evhttp_request *req)
{
    char *peer = NULL;
    ev_uint16_t port = 0;
    evhttp_connection_get_peer(evhttp_request_get_connection(req), &peer, &port);
    return s->config->metrics_all || (peer && (strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0));
}

static void get_metrics(struct server *s, struct evhttp_request *req)
{
    struct buf out;
    struct gauges now = {.queue_limit = (size_t)s->config->queue,
                         .connections = s->conn_count,
                         .connection_limit = (size_t)s->config->connections};
    if (!may_see(s, req)) {
        refuse(s, req, 403, TP_E_ARGUMENT, "the figures are for this machine alone");
        return;
    }
    pool_depth(s->pool, &now.queue, &now.working);
    buf_init(&out, 64 * 1024);
    metrics_put(&s->metrics, &now, &out);
    send_text(s, req, 200, buf_view(&out));
    buf_free(&out);
}

static const struct page {
    const char *path;
    void (*run)(struct server *s, struct evhttp_request *req);
    bool statements;
} pages[] = {{"/v1/statements", post_statements, true},
             {"/healthz", get_health, false},
             {"/readyz", get_ready, false},
             {"/metrics", get_metrics, false}};

/* libevent takes the first of two lengths. What frames a request in two ways is answered once, and its
 * connection ended, so that nobody between takes its rest for another request (RFC 9112, 6.3). */
static bool framed_once(struct evhttp_request *req)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    int frames = 0;
    bool digits = true;
    for (const struct evkeyval *h = headers->tqh_first; h; h = h->next.tqe_next) {
        bool length = strcasecmp(h->key, "Content-Length") == 0;
        frames += length || strcasecmp(h->key, "Transfer-Encoding") == 0;
        digits = digits && (!length || (*h->value && h->value[strspn(h->value, "0123456789")] == 0));
    }
    return digits && frames <= 1;
}

static void handle(struct evhttp_request *req, void *arg)
{
    struct server *s = arg;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    if (!conn_of(req)) {
        evhttp_send_reply(req, 503, NULL, NULL);
        return;
    }
    if (!framed_once(req)) {
        refuse(s, req, 400, TP_E_MALFORMED, "a request has one length");
        return;
    }
    for (size_t i = 0; path && i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(path, pages[i].path) != 0) {
            continue;
        }
        if (!pages[i].statements && evhttp_request_get_command(req) == EVHTTP_REQ_POST) {
            header(req, "Allow", "GET, HEAD");
            refuse(s, req, 405, TP_E_ARGUMENT, "pages are read");
            return;
        }
        pages[i].run(s, req);
        return;
    }
    refuse(s, req, 404, TP_E_ARGUMENT, "there is no such page");
}

/* ---- the loop ---- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    (void)fd, (void)what;
    conn_sweep(s);
    if (s->stopping && clock_boot(&clock_system) >= s->stop_until) {
        log_line(LOG_WARN, "stopped with %zu requests unanswered", s->jobs + s->writing);
        event_base_loopexit(s->base, NULL);
    }
}

static void on_stop(evutil_socket_t sig, short what, void *arg)
{
    struct server *s = arg;
    (void)sig, (void)what;
    if (s->stopping) {
        event_base_loopexit(s->base, NULL);
        return;
    }
    log_line(LOG_SAY, "stopping: %zu requests are finished first", s->jobs + s->writing);
    s->stopping = true;
    s->stop_until = clock_boot(&clock_system) + s->config->timeout_s * 1000;
    s->listener = NULL;
    evhttp_del_accept_socket(s->http, s->socket);
    server_rest(s);
}

static void on_reload(evutil_socket_t sig, short what, void *arg)
{
    struct server *s = arg;
    SSL_CTX *fresh = NULL;
    struct err e = {0};
    (void)sig, (void)what;
    if (tls_open(s->config->certificate, s->config->key, &fresh, &e)) {
        log_line(LOG_FAULT, "the old certificate stays: %s", e.text);
        return;
    }
    /* Connections that stand keep the one that they began with. */
    SSL_CTX_free(s->tls);
    s->tls = fresh;
    log_line(LOG_SAY, "the certificate was taken anew");
}

static struct event *watch_signal(struct server *s, int sig, event_callback_fn fn)
{
    struct event *ev = evsignal_new(s->base, sig, fn, s);
    if (ev && event_add(ev, NULL)) {
        event_free(ev);
        ev = NULL;
    }
    return ev;
}

static int watch(struct server *s, struct err *e)
{
    const struct timeval second = {1, 0};
    s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->done = s->done_fd < 0 ? NULL : event_new(s->base, s->done_fd, EV_READ | EV_PERSIST, take_done, s);
    s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
    s->stop[0] = watch_signal(s, SIGTERM, on_stop);
    s->stop[1] = watch_signal(s, SIGINT, on_stop);
    s->reload = watch_signal(s, SIGHUP, on_reload);
    bool good = s->done && s->tick && s->stop[0] && s->stop[1] && s->reload &&
                event_add(s->done, NULL) == 0 && event_add(s->tick, &second) == 0;
    return good ? 0 : err_code(e, TP_E_MEMORY);
}

static int open_http(struct server *s, struct err *e)
{
    s->http = evhttp_new(s->base);
    if (!s->http) {
        return err_code(e, TP_E_MEMORY);
    }
    evhttp_set_max_headers_size(s->http, HEADERS_MAX);
    evhttp_set_max_body_size(s->http, BODY_MAX);
    evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
    evhttp_set_timeout(s->http, (int)s->config->timeout_s + SPARE_S);
    evhttp_set_bevcb(s->http, conn_new, s);
    evhttp_set_gencb(s->http, handle, s);
    return 0;
}

static uint16_t port_of(evutil_socket_t fd)
{
    struct sockaddr_storage at = {0};
    socklen_t n = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &n)) {
        return 0;
    }
    return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&at)->sin6_port
                                          : ((struct sockaddr_in *)(void *)&at)->sin_port);
}

static int open_socket(struct server *s, struct err *e)
{
    const struct daemon_config *c = s->config;
    s->socket = evhttp_bind_socket_with_handle(s->http, c->address, c->port);
    if (!s->socket) {
        return err_set(e, TP_E_IO, "%s port %u cannot be listened on: %s", c->address, c->port,
                       strerror(errno));
    }
    s->listener = evhttp_bound_socket_get_listener(s->socket);
    /* Linux hands it on to what is accepted. Without it the last bytes of an answer that leaves in two writes
     * wait for the client's delayed acknowledgement of the first. */
    if (setsockopt(evhttp_bound_socket_get_fd(s->socket), IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int))) {
        return err_set(e, TP_E_IO, "TCP_NODELAY cannot be set: %s", strerror(errno));
    }
    log_line(LOG_SAY, "listening on %s port %u", c->address, port_of(evhttp_bound_socket_get_fd(s->socket)));
    return 0;
}

static int open_server(struct server *s, struct err *e)
{
    struct shop shop;
    int rc = shop_load(s->config->shop, &shop, e);
    rc = rc ? rc : conn_prepare(e);
    rc = rc ? rc : tls_open(s->config->certificate, s->config->key, &s->tls, e);
    if (rc) {
        return rc;
    }
    s->base = event_base_new();
    rc = s->base ? watch(s, e) : err_code(e, TP_E_MEMORY);
    rc = rc ? rc : open_http(s, e);
    rc = rc ? rc
            : pool_open(&shop, (size_t)s->config->workers, (size_t)s->config->queue, s->done_fd, &s->pool, e);
    return rc ? rc : open_socket(s, e);
}

/* The pool first: its threads write to done_fd. Then HTTP, whose connections look into the server. */
static void close_server(struct server *s)
{
    struct event *const events[] = {s->tick, s->done, s->stop[0], s->stop[1], s->reload};
    pool_close(s->pool);
    s->listener = NULL;
    if (s->http) {
        evhttp_free(s->http);
    }
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i]) {
            event_free(events[i]);
        }
    }
    if (s->base) {
        event_base_free(s->base);
    }
    if (s->done_fd >= 0) {
        close(s->done_fd);
    }
    SSL_CTX_free(s->tls);
}

int server_run(const struct daemon_config *config, struct err *e)
{
    struct server *s = calloc(1, sizeof *s);
    if (!s) {
        return err_code(e, TP_E_MEMORY);
    }
    s->config = config;
    s->done_fd = -1;
    int rc = open_server(s, e);
    if (rc == 0 && event_base_dispatch(s->base) < 0) {
        rc = err_set(e, TP_E_IO, "the loop failed");
    }
    close_server(s);
    free(s);
    return rc;
}
