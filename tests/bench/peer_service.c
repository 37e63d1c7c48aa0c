/* The coupon service of peer/service.mjs under the same load as tillproofd. */
#include "tests/bench/trial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { REQUESTS_MAX = 64 * 1024 * 1024, PEER_WORKERS = 2 };

static int next_line(void *ctx, size_t client, struct buf *body)
{
    struct peer_service *p = ctx;
    (void)client;
    if (p->at >= p->lines.n) {
        return 1;
    }
    const uint8_t *from = p->lines.p + p->at, *end = memchr(from, '\n', p->lines.n - p->at);
    size_t n = end ? (size_t)(end - from) : p->lines.n - p->at;
    buf_put(body, from, n);
    p->at += n + 1;
    return body->failed ? TP_E_MEMORY : 0;
}

static int64_t redeemed(void *ctx, size_t client, int status, struct bytes body)
{
    (void)ctx, (void)client, (void)body;
    return status == 200 ? 1 : TP_E_STATE;
}

static int read_lines(const char *folder, struct buf *out, struct err *e)
{
    char path[SHOP_PATH_MAX];
    snprintf(path, sizeof path, "%.900s/requests.txt", folder);
    FILE *f = fopen(path, "re");
    buf_init(out, REQUESTS_MAX);
    for (size_t n = 1; f && n && !out->failed;) {
        uint8_t chunk[65536];
        n = fread(chunk, 1, sizeof chunk, f);
        buf_put(out, chunk, n);
    }
    bool good = f && !ferror(f) && !out->failed && out->n > 0;
    if (f) {
        fclose(f);
    }
    return good ? 0 : err_set(e, TP_E_IO, "service.mjs has prepared no requests");
}

int peer_service_start(struct peer_service *p, const char *dir, const char *folder, size_t count,
                       struct err *e)
{
    char script[SHOP_PATH_MAX], there[SHOP_PATH_MAX], numbers[3][24], log[SHOP_PATH_MAX], nothing[8];
    snprintf(script, sizeof script, "%.900s/service.mjs", dir);
    snprintf(there, sizeof there, "%.900s", folder);
    snprintf(log, sizeof log, "%.900s/peer.log", folder);
    snprintf(numbers[0], sizeof numbers[0], "%zu", count);
    char *prepare[] = {"node", script, "prepare", there, numbers[0], NULL};
    int rc = run_child("node", prepare, nothing, sizeof nothing, e);
    rc = rc ? rc : read_lines(folder, &p->lines, e);
    rc = rc ? rc : service_port(&p->service.port, e);
    snprintf(numbers[1], sizeof numbers[1], "%u", p->service.port);
    snprintf(numbers[2], sizeof numbers[2], "%d", PEER_WORKERS);
    char *serve[] = {"node", script, "serve", there, numbers[1], numbers[2], NULL};
    return rc ? rc : service_start(&p->service, serve, log, e);
}

void peer_service_stop(struct peer_service *p)
{
    service_stop(&p->service);
    buf_free(&p->lines);
}

int peer_service_run(struct peer_service *p, struct load *load, struct load_result *out, struct err *e)
{
    load->port = p->service.port;
    load->path = "/redeem";
    load->type = "application/json";
    load->ctx = p;
    load->next = next_line;
    load->taken = redeemed;
    service_mark(&p->service);
    int rc = load_run(load, out, e);
    p->cpu_us = service_cpu_us(&p->service);
    p->resident = service_resident(&p->service);
    return rc;
}
