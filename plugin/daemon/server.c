#include "daemon/internal.h"

#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* SPARE_S: conn.c's time is over before libevent's own. */
enum { SPARE_S = 5, HEADERS_MAX = 8 * 1024, BODY_MAX = MESSAGE_MAX };

static void take_done(evutil_socket_t fd, short what, void *arg)
{
    uint64_t n = 0;
    (void)what;
    ssize_t got = read(fd, &n, sizeof n);
    (void)got;
    pages_done(arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    (void)fd, (void)what;
    conn_sweep(s);
    conn_tell(s);
    notify_alive();
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
    notify("STOPPING=1\n");
    s->stopping = true;
    s->stop_until = clock_boot(&clock_system) + s->config->timeout_s * 1000;
    s->listener = NULL;
    evhttp_del_accept_socket(s->http, s->socket);
    server_rest(s);
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
    s->over = event_new(s->base, -1, EV_PERSIST, conn_shed, s);
    s->came = event_new(s->base, -1, EV_PERSIST, conn_came, s);
    s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
    s->stop[0] = watch_signal(s, SIGTERM, on_stop);
    s->stop[1] = watch_signal(s, SIGINT, on_stop);
    s->reload = watch_signal(s, SIGHUP, server_reload);
    bool good = s->done && s->over && s->came && s->tick && s->stop[0] && s->stop[1] && s->reload &&
                event_add(s->done, NULL) == 0 && event_add(s->tick, &second) == 0;
    return good ? 0 : err_code(e, TP_E_MEMORY);
}

void server_patience(struct server *s)
{
    evhttp_set_timeout(s->http, (int)s->config->timeout_s + SPARE_S);
}

static int open_limits(struct server *s, struct err *e)
{
    for (size_t i = 0; i < LIMITS; i++) {
        if (!(s->rates[i] = rates_new())) {
            return err_code(e, TP_E_MEMORY);
        }
    }
    s->addresses = addresses_new();
    return s->addresses ? 0 : err_code(e, TP_E_MEMORY);
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
    server_patience(s);
    evhttp_set_bevcb(s->http, conn_new, s);
    evhttp_set_gencb(s->http, pages_handle, s);
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
    const uint16_t port = (uint16_t)c->port;
    s->socket = evhttp_bind_socket_with_handle(s->http, c->address, port);
    if (!s->socket) {
        return err_set(e, TP_E_IO, "%s port %u cannot be listened on: %s", c->address, port, strerror(errno));
    }
    s->listener = evhttp_bound_socket_get_listener(s->socket);
    /* Linux hands it on to what is accepted. Without it the last bytes of an answer that leaves in two writes
     * wait for the client's delayed acknowledgement of the first. */
    if (setsockopt(evhttp_bound_socket_get_fd(s->socket), IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int))) {
        return err_set(e, TP_E_IO, "TCP_NODELAY cannot be set: %s", strerror(errno));
    }
    notify("READY=1\n");
    log_line(LOG_SAY, "listening on %s port %u", c->address, port_of(evhttp_bound_socket_get_fd(s->socket)));
    return 0;
}

/* A shop that keeps its statements in a file is opened by its own tills and commands, too, which would go on
 * with that file: an authority has one store. */
static int choose_store(const struct daemon_config *c, struct shop *shop, struct err *e)
{
    if (*c->store && !*shop->store) {
        return err_set(e, TP_E_ARGUMENT, "store is for a shop whose shop.ini names a database server");
    }
    if (*c->store) {
        memcpy(shop->store, c->store, sizeof shop->store);
    }
    return 0;
}

static int open_server(struct server *s, struct err *e)
{
    struct shop shop;
    int rc = config_read(s->start->argc, s->start->argv, &s->now, e);
    rc = rc ? rc : shop_load(s->config->shop, &shop, e);
    rc = rc ? rc : choose_store(s->config, &shop, e);
    rc = rc ? rc : open_limits(s, e);
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
    rc = rc ? rc : reader_open(&shop, (size_t)s->config->queue, s->done_fd, &s->reader, e);
    rc = rc ? rc : server_witnesses(s, s->config, e);
    rc = rc ? rc : sequencer_open(&shop, &s->sequencer, e);
    return rc ? rc : open_socket(s, e);
}

/* The pool first: its threads write to done_fd. Then HTTP, whose connections look into the server. */
static void close_server(struct server *s)
{
    struct event *const events[] = {s->tick, s->done, s->stop[0], s->stop[1], s->reload, s->over, s->came};
    pool_close(s->pool);
    reader_close(s->reader);
    sequencer_close(s->sequencer);
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
    for (size_t i = 0; i < LIMITS; i++) {
        rates_free(s->rates[i]);
    }
    addresses_free(s->addresses);
    SSL_CTX_free(s->tls);
}

int server_run(const struct server_start *start, struct err *e)
{
    struct server *s = calloc(1, sizeof *s);
    if (!s) {
        return err_code(e, TP_E_MEMORY);
    }
    s->start = start;
    s->config = &s->now;
    s->done_fd = -1;
    int rc = open_server(s, e);
    if (rc == 0 && event_base_dispatch(s->base) < 0) {
        rc = err_set(e, TP_E_IO, "the loop failed");
    }
    close_server(s);
    free(s);
    return rc;
}
