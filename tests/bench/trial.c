#include "tests/bench/trial.h"

#include <stdlib.h>

struct pending {
    struct buf bytes; /* messages that are signed already, one after another */
    size_t *ends, n, at;
};

static int fill_on(struct trial *t, size_t client, struct buf *body)
{
    struct bench_deal deal;
    int rc = t->signed_so_far < t->ahead ? 0 : 1;
    for (size_t k = 0; k < TRIAL_BATCH && rc == 0; k++) {
        rc = bench_deal_begin(t->market, &deal);
        rc = rc ? rc : bench_commit(t->market, &t->market->sellers[client], &deal, body);
        bench_deal_free(&deal);
        t->signed_so_far++;
    }
    return rc;
}

static int next_request(void *ctx, size_t client, struct buf *body)
{
    struct trial *t = ctx;
    if (t->sort == TRIAL_ONLINE) {
        struct bench_deal *deal = &t->deals[client];
        struct bench_seller *seller = &t->market->sellers[client];
        if (t->held[client]) {
            return bench_commit(t->market, seller, deal, body);
        }
        bench_deal_free(deal);
        int rc = bench_deal_begin(t->market, deal);
        return rc == TP_E_STATE ? 1 : rc ? rc : bench_hold(t->market, seller, deal, body);
    }
    if (t->sort == TRIAL_FILL) {
        return fill_on(t, client, body);
    }
    struct pending *p = &t->pending[client];
    if (p->at == p->n) {
        return 1;
    }
    size_t from = p->at ? p->ends[p->at - 1] : 0;
    buf_put(body, p->bytes.p + from, p->ends[p->at++] - from);
    return body->failed ? TP_E_MEMORY : 0;
}

static int64_t taken(void *ctx, size_t client, int status, struct bytes body)
{
    struct trial *t = ctx;
    if (status != 200) {
        return TP_E_IO;
    }
    if (t->sort == TRIAL_ONLINE && !t->held[client]) {
        int rc = bench_granted(&t->deals[client], body);
        t->held[client] = rc == 0;
        return rc > 0 ? -rc : rc;
    }
    int64_t n = bench_registered(body);
    if (t->sort == TRIAL_ONLINE) {
        t->held[client] = false;
    }
    return n == (t->sort == TRIAL_BATCHES || t->sort == TRIAL_FILL ? TRIAL_BATCH : 1) ? n : TP_E_STATE;
}

/* Signs `requests` for each client, of `each` commits. */
static int sign_ahead(struct trial *t, size_t clients, size_t requests, size_t each)
{
    struct bench_deal deal;
    for (size_t c = 0; c < clients; c++) {
        struct pending *p = &t->pending[c];
        buf_init(&p->bytes, SIZE_MAX / 2);
        p->ends = calloc(requests, sizeof *p->ends);
        for (size_t i = 0; p->ends && i < requests; i++) {
            for (size_t k = 0; k < each; k++) {
                int rc = bench_deal_begin(t->market, &deal);
                rc = rc ? rc : bench_commit(t->market, &t->market->sellers[c], &deal, &p->bytes);
                bench_deal_free(&deal);
                if (rc) {
                    return rc;
                }
            }
            p->ends[p->n++] = p->bytes.n;
        }
        if (!p->ends) {
            return TP_E_MEMORY;
        }
    }
    return 0;
}

static int trial_open(struct trial *t, size_t clients)
{
    t->pending = calloc(clients, sizeof *t->pending);
    t->deals = calloc(clients, sizeof *t->deals);
    t->held = calloc(clients, sizeof *t->held);
    return t->pending && t->deals && t->held ? 0 : TP_E_MEMORY;
}

static void trial_close(struct trial *t, size_t clients)
{
    for (size_t i = 0; i < clients; i++) {
        if (t->pending) {
            buf_free(&t->pending[i].bytes);
            free(t->pending[i].ends);
        }
        if (t->deals) {
            bench_deal_free(&t->deals[i]);
        }
    }
    free(t->pending);
    free(t->deals);
    free(t->held);
}

int trial_run(struct trial *t, struct load *load, struct load_result *out, struct err *e)
{
    size_t requests = t->ahead / load->clients / (t->sort == TRIAL_BATCHES ? TRIAL_BATCH : 1) + 1;
    int rc = trial_open(t, load->clients);
    if (rc == 0 && (t->sort == TRIAL_COMMITS || t->sort == TRIAL_BATCHES)) {
        rc = sign_ahead(t, load->clients, requests, t->sort == TRIAL_BATCHES ? TRIAL_BATCH : 1);
    }
    load->path = "/v1/statements";
    load->type = "application/cbor-seq";
    load->ctx = t;
    load->next = next_request;
    load->taken = taken;
    if (rc == 0) {
        service_mark(t->service);
        rc = load_run(load, out, e);
        t->cpu_us = service_cpu_us(t->service);
        t->resident = service_resident(t->service);
    }
    trial_close(t, load->clients);
    return rc ? err_code(e, rc) : 0;
}
