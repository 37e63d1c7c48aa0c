/* Statements that come in, and their answers. */
#include "daemon/internal.h"

#include "daemon/log.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <strings.h>

enum { BODY_MAX = MESSAGE_MAX, REPLY_LIMIT = MESSAGE_MAX + 64 * 1024 };

/* The answers; a fault in the midst ends them with a problem, and what was answered before it stands. */
void statements_finish(struct server *s, struct job *j)
{
    struct evhttp_request *req = j->owner;
    s->jobs--;
    sequencer_wake(s->sequencer);
    metrics_handled(&s->metrics, answer_clock_us() - j->began_us);
    if (j->rc && j->reply.n == 0) {
        answer_refuse(s, req, j->rc == TP_E_BUSY ? 503 : 500, j->rc, code_sentence(j->rc));
    } else {
        if (j->rc) {
            answer_problem(&j->reply, NULL, j->rc, NULL);
        }
        s->metrics.sent += j->reply.n;
        answer_send(s, req, &(struct answer_form){.status = 200, .type = SEQUENCE}, buf_view(&j->reply));
    }
    job_free(j);
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
    j->began_us = answer_clock_us();
    return j;
}

static bool is_sequence(struct evhttp_request *req)
{
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(req), "Content-Type");
    size_t n = strlen(SEQUENCE);
    return type && strncasecmp(type, SEQUENCE, n) == 0 && (type[n] == 0 || type[n] == ';');
}

void statements_post(struct server *s, struct evhttp_request *req)
{
    if (evhttp_request_get_command(req) != EVHTTP_REQ_POST) {
        answer_header(req, "Allow", "POST");
        answer_refuse(s, req, 405, TP_E_ARGUMENT, "statements are posted");
        return;
    }
    if (!is_sequence(req) || evbuffer_get_length(evhttp_request_get_input_buffer(req)) == 0) {
        answer_refuse(s, req, 415, TP_E_ARGUMENT, "a request's body is " SEQUENCE);
        return;
    }
    if (s->stopping) {
        answer_refuse(s, req, 503, TP_E_BUSY, "the authority is stopping");
        return;
    }
    struct conn *c = conn_of(req);
    struct job *j = job_of(req);
    size_t n = j ? j->request.n : 0;
    if (!j || !pool_put(s->pool, j)) {
        job_free(j);
        answer_refuse(s, req, 503, TP_E_BUSY, "the authority has too much to do");
        return;
    }
    s->metrics.received += n;
    s->jobs++;
    c->until = INT64_MAX;
}
