/*
 * Trusted time: what a till may believe. An authority's signed answer of this boot sets it, downwards too;
 * the boot clock carries it on. Without one, the last journaled time is the floor, and the wall clock counts
 * only from the floor on and until the policy's age after the authority was last heard; outside it the floor
 * counts. The till's own records raise the floor, so that what has expired stays so; they do not make the
 * till's knowledge any younger.
 */
#ifndef KEYS_TIME_H
#define KEYS_TIME_H

#include "base/clock.h"

#include <stdbool.h>

struct trusted_time {
    int64_t floor_ms;   /* last journaled time, of the authority or of a record; 0: none */
    int64_t told_ms;    /* last journaled time of the authority; 0: not known apart, then it is the floor */
    int64_t age_ms;     /* the policy's offline age */
    bool heard;         /* an authority was heard in this boot */
    int64_t heard_ms;   /* its time */
    int64_t heard_boot; /* the boot clock when the request was sent: the time is never too early */
};

/* The time now, in ms; *sure (may be NULL) is false when the till may redeem nothing by itself: also in a
 * boot that heard its authority, when that is longer ago than the policy's age. Before an authority was ever
 * heard (no floor) the time is the wall clock's, and not sure. */
int64_t trusted_now(const struct trusted_time *t, const struct clock_source *clock, bool *sure);
/* A signed answer came to a request that was sent at boot clock sent_boot. The floor follows, downwards too.
 */
void trusted_heard(struct trusted_time *t, int64_t authority_ms, int64_t sent_boot);

#endif
