/*
 * How often somebody may do something: token buckets by key, in a table of a fixed size. Whoever invents keys
 * pushes the longest unused ones out and gains nothing by it: its own address is counted, too. Keys are kept
 * as keyed hashes, so that nobody can choose which collide. Of one thread.
 */
#ifndef DAEMON_RATE_H
#define DAEMON_RATE_H

#include "base/bytes.h"

enum { RATE_KEYS = 4096 };

struct rates;

/* n in per_ms, and `burst` at once; n 0: no limit. */
struct rate {
    int64_t n, per_ms, burst;
};

/* All zero. NULL without memory or random bytes. */
struct rates *rates_new(void);
void rates_free(struct rates *r); /* takes NULL */
/* Takes `cost` for the key: 0; or, and takes nothing, in how many ms there will be that much. A cost beyond
 * the burst waits for a full bucket, and then empties it. now_ms never goes back. */
int64_t rates_take(struct rates *r, const struct rate *rate, struct bytes key, int64_t cost, int64_t now_ms);
/* The same without taking. */
int64_t rates_wait(struct rates *r, const struct rate *rate, struct bytes key, int64_t cost, int64_t now_ms);
/* How many keys are remembered: RATE_KEYS at most. */
size_t rates_count(const struct rates *r);

#endif
