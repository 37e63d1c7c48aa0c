/* Which request goes where, and the pages for those who run the daemon. */
#include "daemon/internal.h"

#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <strings.h>

static void get_health(struct server *s, struct evhttp_request *req)
{
    answer_text(s, req, 200, bytes_str("ok\n"));
}

static void get_ready(struct server *s, struct evhttp_request *req)
{
    bool ready = !s->stopping && pool_healthy(s->pool);
    answer_text(s, req, ready ? 200 : 503, bytes_str(ready ? "ready\n" : "not ready\n"));
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
                         .connection_limit = (size_t)s->config->connections,
                         .address_limit = (size_t)s->config->address_connections};
    if (!may_see(s, req)) {
        answer_refuse(s, req, 403, TP_E_ARGUMENT, "the figures are for this machine alone");
        return;
    }
    pool_depth(s->pool, &now.queue, &now.working);
    now.held = s->held;
    now.worst = (size_t)config_worst(s->config);
    now.held_limit = (size_t)s->config->memory_mib * CONFIG_MIB;
    for (size_t i = 0; i < LIMITS; i++) {
        now.keys += rates_count(s->rates[i]);
    }
    now.pages = reader_depth(s->reader);
    sequencer_state(s->sequencer, &now.log);
    now.now_ms = clock_wall(&clock_system);
    buf_init(&out, 64 * 1024);
    metrics_put(&s->metrics, &now, &out);
    answer_text(s, req, 200, buf_view(&out));
    buf_free(&out);
}

/* ---- limits ---- */

static struct rate rate_of(const struct daemon_config *c, int limit)
{
    enum { SECOND = 1000, MINUTE = 60000 };
    switch (limit) {
    case LIMIT_ADDRESS:
        return (struct rate){c->address_rate, SECOND, c->address_burst};
    case LIMIT_TILL:
        return (struct rate){c->till_rate, SECOND, c->till_burst};
    case LIMIT_CODE:
        return (struct rate){c->codes, MINUTE, c->codes};
    default:
        return (struct rate){c->wrong_tokens, MINUTE, c->wrong_tokens};
    }
}

int64_t pages_wait(struct server *s, int limit, struct bytes key, int64_t cost, bool take)
{
    const struct rate rate = rate_of(s->config, limit);
    int64_t now = answer_clock_us() / 1000;
    return take ? rates_take(s->rates[limit], &rate, key, cost, now)
                : rates_wait(s->rates[limit], &rate, key, cost, now);
}

void pages_throttled(struct server *s, struct evhttp_request *req, int limit, int64_t wait_ms)
{
    static const char *const why[LIMITS] = {
        "too many requests from this address", "too many messages of this till",
        "too many codes from this address", "too many wrong tokens from this address"};
    s->metrics.throttled[limit]++;
    answer_refuse_later(s, req, 429, (wait_ms + 999) / 1000, TP_THROTTLED, why[limit]);
}

static const struct place {
    const char *path;
    void (*run)(struct server *s, struct evhttp_request *req);
} gets[] = {{"/healthz", get_health}, {"/readyz", get_ready}, {"/metrics", get_metrics}},
  posts[] = {{"/v1/statements", statements_post}, {"/v1/cosignatures", visit_begin}};

static const struct place *find(const struct place *places, size_t n, const char *path)
{
    size_t i = 0;
    while (i < n && strcmp(path, places[i].path) != 0) {
        i++;
    }
    return i < n ? &places[i] : NULL;
}

/* A header's name is a token (RFC 9110, 5.6.2): one with a blank before its colon is another name for others.
 */
static bool is_token(const char *name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    size_t n = 0;
    while ((name[n] >= '0' && name[n] <= '9') || (name[n] >= 'a' && name[n] <= 'z') ||
           (name[n] >= 'A' && name[n] <= 'Z') || (name[n] && strchr(marks, name[n]))) {
        n++;
    }
    return n > 0 && name[n] == 0;
}

/*
 * libevent takes the first of two lengths, and no body for what is only read: what it leaves would be the
 * next request. What others may frame otherwise is answered once, and its connection ended, so that nobody
 * between takes its rest for another request (RFC 9112, 6.3).
 */
static bool framed_once(struct evhttp_request *req)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    int frames = 0;
    bool good = true, posted = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
    for (const struct evkeyval *h = headers->tqh_first; h; h = h->next.tqe_next) {
        bool length = strcasecmp(h->key, "Content-Length") == 0;
        bool coding = strcasecmp(h->key, "Transfer-Encoding") == 0;
        frames += length || coding;
        good = good && is_token(h->key) &&
               (!length || (*h->value && h->value[strspn(h->value, "0123456789")] == 0)) &&
               (!coding || strcasecmp(h->value, "chunked") == 0) &&
               (posted || (!coding && (!length || h->value[strspn(h->value, "0")] == 0)));
    }
    return good && frames <= 1;
}

static void route(struct server *s, struct evhttp_request *req, const char *path)
{
    const struct place *get = find(gets, sizeof gets / sizeof *gets, path);
    const struct place *post = find(posts, sizeof posts / sizeof *posts, path);
    bool posted = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
    bool published = publish_knows(bytes_str(path));
    if (posted && post) {
        post->run(s, req);
    } else if (!posted && get) {
        get->run(s, req);
    } else if (!posted && published) {
        visit_begin(s, req);
    } else if (get || post || published) {
        answer_header(req, "Allow", get || published ? "GET, HEAD" : "POST");
        answer_refuse(s, req, 405, TP_E_ARGUMENT, posted ? "pages are read" : "that is posted");
    } else {
        answer_refuse(s, req, 404, TP_E_ARGUMENT, "there is no such page");
    }
}

void pages_handle(struct evhttp_request *req, void *arg)
{
    struct server *s = arg;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    struct conn *c = conn_of(req);
    if (!c) {
        evhttp_send_reply(req, 503, NULL, NULL);
        return;
    }
    int64_t wait =
        path && strcmp(path, "/metrics") == 0 ? 0 : pages_wait(s, LIMIT_ADDRESS, conn_peer(c), 1, true);
    if (wait) {
        pages_throttled(s, req, LIMIT_ADDRESS, wait);
        return;
    }
    if (!framed_once(req)) {
        answer_refuse(s, req, 400, TP_E_MALFORMED, "a request has one length");
        return;
    }
    route(s, req, path ? path : "");
}

void pages_done(struct server *s)
{
    for (struct job *j = pool_done(s->pool), *next = NULL; j; j = next) {
        next = j->next;
        statements_finish(s, j);
    }
    for (struct visit *v = reader_done(s->reader), *next = NULL; v; v = next) {
        next = v->next;
        visit_finish(s, v);
    }
    server_rest(s);
}
