/* What goes out: every answer takes its request back into libevent's hands, and its time begins to run. */
#include "daemon/internal.h"

#include "daemon/log.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <time.h>

int64_t answer_clock_us(void)
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
        conn_release(c);
        conn_expect(c);
        server_rest(c->server);
    }
}

void answer_header(struct evhttp_request *req, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
}

void answer_send(struct server *s, struct evhttp_request *req, const struct answer_form *f, struct bytes body)
{
    struct conn *c = conn_of(req);
    struct evbuffer *out = evbuffer_new();
    int status = f->status;
    metrics_request(&s->metrics, status);
    if (status >= 500 || status == 429) {
        char seconds[24];
        snprintf(seconds, sizeof seconds, "%" PRId64, f->retry_s > 1 ? f->retry_s : 1);
        answer_header(req, "Retry-After", seconds);
    }
    if (s->stopping || status >= 400) {
        answer_header(req, "Connection", "close");
    }
    answer_header(req, "Content-Type", f->type);
    answer_header(req, "Cache-Control", f->cache ? f->cache : "no-store");
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

void answer_refuse_later(struct server *s, struct evhttp_request *req, int status, int64_t retry_s,
                         int reason, const char *why)
{
    uint8_t memory[512];
    struct buf out;
    const struct answer_form f = {.status = status, .type = SEQUENCE, .retry_s = retry_s};
    buf_over(&out, memory, sizeof memory);
    answer_problem(&out, NULL, reason, why);
    metrics_refused(&s->metrics, reason);
    log_line(LOG_WARN, "refused: status %d: %s", status, why);
    answer_send(s, req, &f, buf_view(&out));
}

void answer_refuse(struct server *s, struct evhttp_request *req, int status, int reason, const char *why)
{
    answer_refuse_later(s, req, status, 1, reason, why);
}

void answer_text(struct server *s, struct evhttp_request *req, int status, struct bytes text)
{
    const struct answer_form f = {.status = status, .type = "text/plain; version=0.0.4; charset=utf-8"};
    answer_send(s, req, &f, text);
}
