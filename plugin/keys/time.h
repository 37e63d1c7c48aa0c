/*
 * Trusted time: what a till may believe. An authority's signed answer of this boot sets it, downwards too;
 * the boot clock carries it on. Without one, the last journaled trusted time is the floor, and the wall
 * clock counts only within [floor, floor + age]; outside it the floor counts and nothing may be redeemed
 * alone.
 */
#ifndef KEYS_TIME_H
#define KEYS_TIME_H

#include "base/clock.h"

#include <stdbool.h>

struct trusted_time {
    int64_t floor_ms;   /* last journaled trusted time; 0: none */
    int64_t age_ms;     /* the policy's offline age */
    bool heard;         /* an authority was heard in this boot */
    int64_t heard_ms;   /* its time */
    int64_t heard_boot; /* the boot clock then: when the request was sent, so never too late */
};

/* The time now, in ms; *sure (may be NULL) is false when the till may redeem nothing by itself. Before an
 * authority was ever heard (no floor) it is the wall clock's, and not sure. */
int64_t trusted_now(const struct trusted_time *t, const struct clock_source *clock, bool *sure);
/* A signed answer came to a request that was sent at boot clock sent_boot. The floor follows, downwards too.
 */
void trusted_heard(struct trusted_time *t, int64_t authority_ms, int64_t sent_boot);

#endif
