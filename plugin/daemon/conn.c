/*
 * Connections: how many there may be, and how long each may take for a step. libevent's own timeouts count
 * from the last byte, so a client that sends one byte a second would be served for hours; here the whole
 * request must arrive, and the whole answer leave, in one timeout.
 */
#include "daemon/internal.h"

#include "base/clock.h"

#include "daemon/log.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

static int conn_index = -1;

/* Runs when the SSL is freed, which libevent does in all of its ways to end a connection. */
static void conn_end(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    struct conn *c = ptr;
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    if (!c) {
        return;
    }
    struct server *s = c->server;
    *c->at = c->next;
    if (c->next) {
        c->next->at = c->at;
    }
    s->conn_count--;
    s->held -= c->held;
    addresses_leave(s->addresses, c->address);
    if (c->writing) {
        s->writing--;
        server_rest(s);
    }
    conn_admit(s);
    free(c);
}

void conn_admit(struct server *s)
{
    bool full = s->conn_count >= (size_t)s->config->connections;
    if (s->listener && full != s->full) {
        s->full = full;
        full ? evconnlistener_disable(s->listener) : evconnlistener_enable(s->listener);
    }
}

int conn_prepare(struct err *e)
{
    if (conn_index < 0) {
        conn_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, conn_end);
    }
    return conn_index < 0 ? err_code(e, TP_E_CRYPTO) : 0;
}

void conn_expect(struct conn *c)
{
    c->until = clock_boot(&clock_system) + c->server->config->timeout_s * 1000;
}

static void add(struct server *s, struct conn *c)
{
    c->server = s;
    c->next = s->conns;
    c->at = &s->conns;
    if (c->next) {
        c->next->at = &c->next;
    }
    s->conns = c;
    s->conn_count++;
    event_active(s->came, 0, 0);
    conn_admit(s);
}

/* ---- memory ---- */

static size_t memory_of(const struct server *s)
{
    return (size_t)s->config->memory_mib * CONFIG_MIB;
}

/* libevent gathers a body until it is whole; this counts what it has of all of them. */
static void on_input(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *c = arg;
    (void)in;
    if (info->n_added && !c->shed) {
        c->held += info->n_added;
        c->server->held += info->n_added;
        if (c->server->held > memory_of(c->server)) {
            event_active(c->server->over, 0, 0);
        }
    }
}

void conn_hold_instead(struct conn *c, size_t before, size_t n)
{
    if (!c->shed) {
        c->held = c->held - before + n;
        c->server->held = c->server->held - before + n;
    }
}

void conn_answer_is(struct evhttp_request *req, size_t n)
{
    struct conn *c = conn_of(req);
    if (c) {
        conn_hold_instead(c, c->reserved, n);
        c->reserved = 0;
    }
}

void conn_release(struct conn *c)
{
    conn_hold_instead(c, c->held, evbuffer_get_length(bufferevent_get_input(c->bev)));
}

/* Of those whose request is still coming in, the one that holds most: a till's messages are small, and
 * whoever fills the memory pays for it first. */
static struct conn *largest(const struct server *s, const struct conn *but)
{
    struct conn *found = NULL;
    for (struct conn *c = s->conns; c; c = c->next) {
        if (c != but && !c->shed && !c->writing && c->until != INT64_MAX &&
            (!found || c->held > found->held)) {
            found = c;
        }
    }
    return found;
}

/* libevent has no way to answer in the midst of a request, so the answer goes past it. Then it is told that
 * the client is gone, and frees what was gathered: to read on until it finds that out would gather what the
 * kernel still has. */
static void shed(struct conn *c)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\n"
                                 "Connection: close\r\nContent-Length: 0\r\n\r\n";
    struct server *s = c->server;
    SSL_write(bufferevent_openssl_get_ssl(c->bev), answer, sizeof answer - 1);
    shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
    bufferevent_disable(c->bev, EV_READ);
    bufferevent_trigger_event(c->bev, BEV_EVENT_READING | BEV_EVENT_EOF, BEV_TRIG_DEFER_CALLBACKS);
    s->held -= c->held;
    c->held = 0;
    c->shed = true;
    s->metrics.shed++;
    metrics_request(&s->metrics, 503);
}

bool conn_hold(struct conn *c, size_t n)
{
    struct server *s = c->server;
    struct conn *other;
    while (s->held + n > memory_of(s) && (other = largest(s, c)) != NULL && other->held > n) {
        shed(other);
    }
    if (s->held + n > memory_of(s)) {
        return false;
    }
    conn_hold_instead(c, 0, n);
    return true;
}

void conn_shed(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    struct conn *c;
    size_t n = 0;
    (void)fd, (void)what;
    while (s->held > memory_of(s) && (c = largest(s, NULL)) != NULL && c->held > 0) {
        shed(c);
        n++;
    }
    if (n) {
        log_line(LOG_WARN, "refused: status 503: too much is in flight: %zu requests", n);
    }
}

/* ---- one connection ---- */

struct bytes conn_peer(struct conn *c)
{
    return c->address ? bytes_of(c->address->bytes, c->address->n) : bytes_str("");
}

/* libevent is told that the client is gone: nothing is read of it, not even what has come. */
static void turn_away(struct conn *c)
{
    c->refused = true;
    c->until = INT64_MAX;
    c->server->metrics.crowded++;
    bufferevent_trigger_event(c->bev, BEV_EVENT_READING | BEV_EVENT_EOF, 0);
}

static void look_at(struct conn *c)
{
    struct server *s = c->server;
    struct sockaddr_storage from = {0};
    socklen_t n = sizeof from;
    if (getpeername(bufferevent_getfd(c->bev), (struct sockaddr *)&from, &n)) {
        from.ss_family = AF_UNSPEC;
    }
    c->address = addresses_come(s->addresses, &from);
    int64_t most = s->config->address_connections;
    if (!c->address || (most && c->address->connections > (size_t)most)) {
        turn_away(c);
    } else {
        s->metrics.connections++;
    }
}

/* libevent says whom it has accepted only after it has made all of the connection. This runs in the same
 * round of the loop, before anything can have been read: no handshake is made with those who are refused. */
void conn_came(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    (void)fd, (void)what;
    for (struct conn *c = s->conns, *next = NULL; c && !c->address && !c->refused; c = next) {
        next = c->next;
        look_at(c);
    }
}

void conn_tell(struct server *s)
{
    uint64_t n = s->metrics.crowded - s->crowded_said;
    if (n) {
        log_line(LOG_WARN, "refused: %" PRIu64 " connections of addresses that have too many", n);
        s->crowded_said = s->metrics.crowded;
    }
}

/* Without memory libevent makes a plain connection, which conn_of does not know and nothing is served on. */
struct bufferevent *conn_new(struct event_base *base, void *arg)
{
    struct server *s = arg;
    SSL *ssl = SSL_new(s->tls);
    struct conn *c = ssl ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        SSL_free(ssl);
        return NULL;
    }
    add(s, c);
    if (SSL_set_ex_data(ssl, conn_index, c) != 1) {
        conn_end(NULL, c, NULL, 0, 0, NULL);
        SSL_free(ssl);
        return NULL;
    }
    c->bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev) {
        SSL_free(ssl);
        return NULL;
    }
    if (!evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c)) {
        bufferevent_free(c->bev);
        return NULL;
    }
    conn_expect(c);
    return c->bev;
}

struct conn *conn_of(struct evhttp_request *req)
{
    struct evhttp_connection *e = evhttp_request_get_connection(req);
    SSL *ssl = e ? bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(e)) : NULL;
    return ssl ? SSL_get_ex_data(ssl, conn_index) : NULL;
}

/* The shut socket is found by libevent as one that its client has closed. */
void conn_sweep(struct server *s)
{
    int64_t now = clock_boot(&clock_system);
    for (struct conn *c = s->conns; c; c = c->next) {
        if (c->until <= now) {
            c->until = INT64_MAX;
            s->metrics.late++;
            shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
        }
    }
}
