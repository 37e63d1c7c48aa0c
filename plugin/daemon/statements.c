/* Statements that come in, and their answers. */
#include "daemon/internal.h"

#include "daemon/log.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <strings.h>

#include "wire/peek.h"

enum { BODY_MAX = MESSAGE_MAX, REPLY_LIMIT = MESSAGE_MAX + 64 * 1024 };

/* The answers; a fault in the midst ends them with a problem, and what was answered before it stands. */
void statements_finish(struct server *s, struct job *j)
{
    struct evhttp_request *req = j->owner;
    s->jobs--;
    sequencer_wake(s->sequencer);
    metrics_took(&s->metrics.statements, answer_clock_us() - j->began_us);
    conn_answer_is(req, j->reply.n);
    if (j->rc && j->reply.n == 0) {
        answer_refuse(s, req, j->rc == TP_E_BUSY ? 503 : 500, j->rc, code_sentence(j->rc));
    } else {
        if (j->rc) {
            answer_problem(&j->reply, NULL, j->rc, NULL);
        }
        metrics_answers(&s->metrics, buf_view(&j->reply));
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

/* ---- limits ---- */

/* What the answers may take at most, by what is asked: only these kinds are answered at length. */
static size_t answers_of(const struct peek *p)
{
    enum { SHORT = 512, GRANT = 64 * 1024, STATE = 1280 * 1024, RECALLED = 2 * 1024 * 1024 };
    size_t n = p->items * SHORT + p->kinds[KIND_HOLD] * GRANT +
               (p->kinds[KIND_SYNC] + p->kinds[KIND_ENROL] + p->kinds[KIND_RENEW]) * STATE +
               p->kinds[KIND_RECALL] * RECALLED;
    return n < REPLY_LIMIT ? n : REPLY_LIMIT;
}

/*
 * A till is counted by its key's name together with the address that it comes from: nobody has checked yet
 * that it signed, and others must not use up its limit from where they are.
 */
static bool within_limits(struct server *s, struct evhttp_request *req, struct conn *c, const struct peek *p)
{
    uint8_t memory[ADDRESS_MAX + KID_SIZE];
    struct buf till;
    buf_over(&till, memory, sizeof memory);
    struct bytes peer = conn_peer(c);
    buf_put(&till, peer.p, peer.n);
    buf_put(&till, p->kid, KID_SIZE);
    int64_t wait = p->items ? pages_wait(s, LIMIT_TILL, buf_view(&till), 1, true) : 0;
    if (wait) {
        pages_throttled(s, req, LIMIT_TILL, wait);
        return false;
    }
    wait = p->codes ? pages_wait(s, LIMIT_CODE, peer, (int64_t)p->codes, true) : 0;
    if (wait) {
        pages_throttled(s, req, LIMIT_CODE, wait);
        return false;
    }
    return true;
}

static void hand_over(struct server *s, struct evhttp_request *req, struct conn *c, struct job *j,
                      const struct peek *p)
{
    size_t n = j->request.n, reserve = answers_of(p) + memo_bytes(n);
    bool held = conn_hold(c, reserve);
    if (!held || !pool_put(s->pool, j)) {
        conn_hold_instead(c, held ? reserve : 0, 0);
        job_free(j);
        answer_refuse(s, req, 503, TP_E_BUSY, "the authority has too much to do");
        return;
    }
    c->reserved = reserve;
    c->until = INT64_MAX;
    s->jobs++;
    s->metrics.received += n;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        s->metrics.kinds[i] += p->kinds[i];
    }
}

void statements_post(struct server *s, struct evhttp_request *req)
{
    struct conn *c = conn_of(req);
    struct peek p;
    if (!is_sequence(req) || evbuffer_get_length(evhttp_request_get_input_buffer(req)) == 0) {
        answer_refuse(s, req, 415, TP_E_ARGUMENT, "a request's body is " SEQUENCE);
        return;
    }
    if (s->stopping) {
        answer_refuse(s, req, 503, TP_E_BUSY, "the authority is stopping");
        return;
    }
    struct job *j = job_of(req);
    if (!j) {
        answer_refuse(s, req, 503, TP_E_BUSY, "the authority has too much to do");
        return;
    }
    message_peek(buf_view(&j->request), &p);
    if (within_limits(s, req, c, &p)) {
        hand_over(s, req, c, j, &p);
    } else {
        job_free(j);
    }
}
