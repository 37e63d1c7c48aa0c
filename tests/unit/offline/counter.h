/*
 * A counter of a shop: one real till before the world's authority, with a line that can be cut and clocks of
 * its own. The authority goes by the world's. Failures of the fixture itself fail the test.
 */
#ifndef TESTS_UNIT_OFFLINE_COUNTER_H
#define TESTS_UNIT_OFFLINE_COUNTER_H

#include "support/cm.h"

#include "sale/internal.h"
#include "support/world.h"

#include <stdatomic.h>

enum { COUNTER_WAIT = 5000, COUNTER_SHORT = 60, COUNTER_LAST = 7 /* the highest index of a coupon */ };
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    INT64_C(86400000)
#define YEAR_MS   (365 * DAY_MS)

struct counter {
    struct world *w;
    char name[16], dir[300];
    _Atomic int64_t wall, boot;
    _Atomic bool cut; /* no call reaches the authority */
    struct clock_source clock;
    struct till *till; /* NULL: closed */
    /* Sees each request, and may change the answer to it; with the authority's lock. NULL: nothing. */
    void (*between)(void *arg, struct bytes request, struct buf *reply);
    void *between_arg;
};

/* Policy 2: as the world's first, with these caps of what a till alone may risk. */
void counter_policy(struct world *w, int64_t coupon_cap, int64_t hour_cap);
/* Publishes the offer, and issues coupons 0..COUNTER_LAST of it. */
void counter_publish(struct world *w, const struct offer *o, int64_t batch);
/* Enrols the till, opens it with clocks that are right, and lets it sync. */
void counter_open(struct counter *c, struct world *w, const char *name);
/* Closes the till, without waiting for what is unsent, and removes its directory. */
void counter_close(struct counter *c);
/* Closes and opens the till again. reboot: the boot clock begins anew. */
void counter_restart(struct counter *c, bool reboot);
/* Ends the till as a crash does: what is on the disk at this moment is what it finds when it is opened again.
 */
void counter_crash(struct counter *c);
/* The line is mended, and the till has heard its authority; what it had recorded has been taken. */
void counter_hear(struct counter *c);
/* Time goes by for everybody. */
void counter_pass(struct counter *c, int64_t ms);

/* Keeps the authority still, for a test that looks at it or moves the world's clock. */
void counter_lock(void);
void counter_unlock(void);

/* A sale with one line of `price` (coffee), the coupon presented: the outcome of presenting it. */
int64_t counter_sale(struct counter *c, const char *reference, int64_t price);
int counter_present(struct counter *c, int64_t sale, const struct offer *o, uint32_t batch, uint32_t index);
/* Waits a short time when the line is cut. */
struct quote_info counter_hold(struct counter *c, int64_t sale);
struct quote_info counter_quote(struct counter *c, int64_t sale);
struct commit_info counter_commit(struct counter *c, int64_t sale);
/* The outcome of an offer in the sale's price; 0: it is not there. */
int counter_outcome(struct counter *c, int64_t sale, const struct offer *o);
/* The first number of the first row, read from the till's own file. */
int64_t counter_ask(struct counter *c, const char *sql);
/* Changes that file. */
void counter_write(struct counter *c, const char *sql);

#endif
