/*
 * Connections: how many there may be, and how long each may take for a step. libevent's own timeouts count
 * from the last byte, so a client that sends one byte a second would be served for hours; here the whole
 * request must arrive, and the whole answer leave, in one timeout.
 */
#include "daemon/internal.h"

#include "base/clock.h"

#include <event2/bufferevent_ssl.h>
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
    if (c->writing) {
        s->writing--;
        server_rest(s);
    }
    if (s->full && s->listener) {
        s->full = false;
        evconnlistener_enable(s->listener);
    }
    free(c);
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
    s->metrics.connections++;
    if (s->conn_count >= (size_t)s->config->connections && s->listener) {
        s->full = true;
        evconnlistener_disable(s->listener);
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
