/*
 * Load on an HTTPS server of this machine: connections that each send their next request when the answer to
 * the last one is there, over one libevent loop. One thread.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "tests/bench/internal.h"

struct load {
    uint16_t port;
    const char *ca;   /* a PEM file: the certificate that the server must show, or its CA's */
    const char *path; /* of the page that is POSTed to */
    const char *type; /* Content-Type */
    size_t clients;   /* connections */
    int64_t ms;       /* how long operations begin */
    void *ctx;
    /* Appends the client's next request. 0; 1: it has no more; else a fault. */
    int (*next)(void *ctx, size_t client, struct buf *body);
    /* Takes its answer: how many operations are complete with it (0: the operation goes on), negative: a
     * fault. */
    int64_t (*taken)(void *ctx, size_t client, int status, struct bytes body);
};

/* latency: of each operation, over its requests. done: operations; ns: from the first request to the last
 * answer. */
struct load_result {
    struct samples latency;
    int64_t done, ns;
};

/* The connections stand before the time begins. samples_free(&out->latency), whatever is returned. */
int load_run(const struct load *l, struct load_result *out, struct err *e);

#endif
