/* Pages that the reader makes, and cosignatures that it takes. */
#include "daemon/internal.h"

#include "daemon/log.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* What a page may take: one of statements, which ends soon after STATEMENTS_BYTES, or any other. */
enum { PAGE_LONG = STATEMENTS_BYTES + 2 * PART_MAX + ENVELOPE_MAX, PAGE_SHORT = 64 * 1024 };

static const char *const kept_for_ever[] = {"private, max-age=31536000, immutable",
                                            "public, max-age=31536000, immutable"};

static int status_of(const struct visit *v)
{
    switch (v->rc) {
    case 0:
        return 200;
    case TP_UNKNOWN_TOKEN:
    case TP_EXPIRED:
    case TP_REVOKED:
        return 401;
    case TP_NOT_PERMITTED:
    case TP_E_UNTRUSTED:
    case TP_BAD_SIGNATURE:
        return 403;
    case TP_BAD_VALUE:
    case TP_E_MALFORMED:
        return 400;
    case TP_E_ARGUMENT:
    case TP_STALE:
        return 404;
    case TP_CONFLICT:
        return 409;
    case TP_E_BUSY:
        return 503;
    default:
        return 500;
    }
}

static void send_page(struct server *s, struct evhttp_request *req, const struct visit *v)
{
    static const char *const types[] = {"text/plain; charset=utf-8", "application/octet-stream", SEQUENCE};
    const struct page *page = &v->page;
    char link[128];
    struct answer_form f = {.status = 200, .type = types[page->form], .cache = "no-cache"};
    if (page->forever) {
        f.cache = kept_for_ever[v->log_open];
    } else if (page->next != NONE) {
        snprintf(link, sizeof link, "</v1/statements?from=%" PRId64 "&limit=%" PRId64 ">; rel=\"next\"",
                 page->next, page->limit);
        answer_header(req, "Link", link);
    }
    answer_send(s, req, &f, buf_view(&page->body));
}

static void refuse_visit(struct server *s, struct evhttp_request *req, const struct visit *v)
{
    int status = status_of(v);
    const char *why = v->e.code ? v->e.text : code_sentence(v->rc);
    if (status == 401) {
        answer_header(req, "WWW-Authenticate", "Bearer realm=\"tillproof\"");
        why = v->bad_token ? "the token opens nothing here" : why;
    }
    if (v->rc == TP_CONFLICT) {
        log_line(LOG_FAULT, "a witness was shown another log: %s", why);
    }
    answer_refuse(s, req, status, v->rc, why);
}

void visit_finish(struct server *s, struct visit *v)
{
    struct evhttp_request *req = v->owner;
    s->jobs--;
    metrics_took(&s->metrics.pages, answer_clock_us() - v->began_us);
    conn_answer_is(req, v->page.body.n);
    if (v->bad_token) {
        struct conn *c = conn_of(req);
        pages_wait(s, LIMIT_TOKEN, c ? conn_peer(c) : bytes_str(""), 1, true);
    }
    if (v->rc) {
        refuse_visit(s, req, v);
    } else if (v->post) {
        char text[32];
        snprintf(text, sizeof text, "%d\n", v->taken);
        s->metrics.cosignatures += (uint64_t)v->taken;
        answer_text(s, req, 200, bytes_str(text));
    } else {
        send_page(s, req, v);
    }
    visit_free(v);
}

/* "Bearer TOKEN" (RFC 6750). False: there is something else, or too much. */
static bool token_of(struct evhttp_request *req, char out[VISIT_TEXT])
{
    static const char scheme[] = "bearer ";
    const char *value = evhttp_find_header(evhttp_request_get_input_headers(req), "Authorization");
    if (!value) {
        return true;
    }
    if (strncasecmp(value, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    value += sizeof scheme - 1;
    size_t n = strlen(value);
    if (n == 0 || n >= VISIT_TEXT) {
        return false;
    }
    memcpy(out, value, n + 1);
    return true;
}

static bool copy_text(const char *text, char out[VISIT_TEXT])
{
    size_t n = text ? strlen(text) : 0;
    if (n >= VISIT_TEXT) {
        return false;
    }
    memcpy(out, text ? text : "", n + 1);
    return true;
}

static struct visit *visit_of(struct server *s, struct evhttp_request *req)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    size_t n = evbuffer_get_length(in);
    struct visit *v = calloc(1, sizeof *v);
    if (!v) {
        return NULL;
    }
    buf_init(&v->body, COSIGN_MAX);
    v->owner = req;
    v->began_us = answer_clock_us();
    v->log_open = s->config->log_open;
    v->post = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
    uint8_t *to = n ? buf_extend(&v->body, n) : NULL;
    if ((n && (!to || evbuffer_remove(in, to, n) != (int)n)) ||
        !copy_text(evhttp_uri_get_path(uri), v->path) || !copy_text(evhttp_uri_get_query(uri), v->query) ||
        !token_of(req, v->token)) {
        visit_free(v);
        return NULL;
    }
    return v;
}

void visit_begin(struct server *s, struct evhttp_request *req)
{
    struct conn *c = conn_of(req);
    struct visit *v = visit_of(s, req);
    int64_t wait = v && *v->token ? pages_wait(s, LIMIT_TOKEN, conn_peer(c), 1, false) : 0;
    if (wait) {
        visit_free(v);
        pages_throttled(s, req, LIMIT_TOKEN, wait);
        return;
    }
    if (!v) {
        answer_refuse(s, req, 400, TP_BAD_VALUE, "the path, the token or the body is not of this page");
        return;
    }
    size_t reserve = strcmp(v->path, "/v1/statements") == 0 ? PAGE_LONG : PAGE_SHORT;
    bool held = !s->stopping && conn_hold(c, reserve);
    if (!held || !reader_put(s->reader, v)) {
        conn_hold_instead(c, held ? reserve : 0, 0);
        visit_free(v);
        answer_refuse(s, req, 503, TP_E_BUSY, "the authority has too much to do");
        return;
    }
    c->reserved = reserve;
    s->jobs++;
    c->until = INT64_MAX;
}
