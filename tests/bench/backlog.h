/*
 * A till's journal with as many true records as are asked for: signed, chained, with their sales' rows,
 * written in large transactions beside the till, which must be closed. One thread.
 */
#ifndef BENCH_BACKLOG_H
#define BENCH_BACKLOG_H

#include "tests/bench/requests.h"

struct backlog {
    int64_t records;
    bool taken;   /* the authority is said to have them; else they wait to be sent */
    bool coupons; /* each redeems one */
    void (*progress)(int64_t done, int64_t total); /* may be NULL */
};

/* dir: DIR/tills/NAME with till.key and till.db. *bytes: what the records and their parts are, together. */
int backlog_fill(const char *dir, struct bench_market *m, const struct backlog *b, int64_t *bytes,
                 struct err *e);

#endif
