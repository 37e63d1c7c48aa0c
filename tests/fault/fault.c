#include "fault.h"

#include <execinfo.h>
#include <stdatomic.h>
#include <stdlib.h>

static enum fault armed;
static atomic_long left;
static _Atomic(const char *) where = "";
static int armed_lane = -1; /* -1: every thread counts */
static atomic_long lanes[2];
static _Thread_local bool arming, looking;
static struct sites *seek, *mark;
/* Signatures are of chance, and how often OpenSSL allocates for them, too: a place is looked for from a
 * little before where it was on. */
enum { NEAR = 500 };
static long site_from;
static uint64_t site_mark; /* 0: none is looked for */

static void arm(enum fault family, int lane, long n)
{
    arming = true;
    armed_lane = lane;
    atomic_store(&lanes[0], 0);
    atomic_store(&lanes[1], 0);
    atomic_store(&left, n);
    armed = family;
}

void fault_arm(enum fault family, long n)
{
    arm(family, -1, n);
}

void fault_arm_call(int lane, long n)
{
    arm(FAULT_CALL, lane, n);
}

void fault_arm_site(const struct site *site)
{
    arm(FAULT_CALL, site->lane, 1);
    site_from = site->n - NEAR;
    site_mark = site->mark;
}

void fault_disarm(void)
{
    armed = FAULT_NONE;
}

bool fault_power(void)
{
    return armed >= FAULT_LOST && armed <= FAULT_LAST_ONLY;
}

long fault_left(void)
{
    return atomic_load(&left);
}

const char *fault_where(void)
{
    return atomic_load(&where);
}

/* ---- sites ---- */

/* Of the wrapper's callers. backtrace allocates at its first use: that is not a point. */
static uint64_t here(const void *wrapper)
{
    enum { OWN = 4 }; /* at most: this function, fault_counts, the wrapper, a sanitizer's own */
    void *frames[SITE_DEPTH + OWN];
    uint64_t h = 1469598103934665603u;
    int from = 0;
    looking = true;
    int n = backtrace(frames, SITE_DEPTH + OWN);
    looking = false;
    while (from < n && frames[from] != wrapper) {
        from++;
    }
    /* The wrapper's address tells which call it is. */
    for (int i = from; i < n && i <= from + SITE_DEPTH; i++) {
        h = (h ^ (uint64_t)(uintptr_t)frames[i]) * 1099511628211u;
        h ^= h >> 29;
    }
    return h ? h : 1;
}

static struct site *place_of(struct sites *s, uint64_t h)
{
    for (size_t i = 0; i < SITES_MAX; i++) {
        struct site *at = &s->v[(h + i) % SITES_MAX];
        uint64_t none = 0;
        if (__atomic_load_n(&at->mark, __ATOMIC_ACQUIRE) == h ||
            __atomic_compare_exchange_n(&at->mark, &none, h, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ||
            none == h) {
            return at;
        }
    }
    s->full = 1;
    return NULL;
}

void fault_sites_seek(struct sites *sites)
{
    seek = sites;
    arm(FAULT_CALL, -1, 0);
}

void fault_sites_mark(struct sites *sites)
{
    mark = sites;
}

static void note(uint64_t h, int lane, long n)
{
    struct site *at = place_of(seek, h);
    if (at && at->n == 0) {
        at->lane = lane;
        at->n = n;
        __atomic_fetch_add(&seek->count, 1, __ATOMIC_RELAXED);
    }
    seek->calls[lane] = n;
}

static void note_tried(uint64_t h)
{
    struct site *at = place_of(mark, h);
    if (at) {
        __atomic_store_n(&at->tried, 1, __ATOMIC_RELAXED);
    }
}

/* ---- points ---- */

static bool lasts(enum fault family)
{
    return family == FAULT_FULL_ON || family == FAULT_LOCKED || family == FAULT_LIE;
}

static bool is_next(enum fault family)
{
    long n = atomic_load(&left);
    if (n <= 0) {
        return n == 0 && lasts(family);
    }
    n = atomic_fetch_sub(&left, 1);
    return n == 1 || (n <= 0 && lasts(family));
}

bool fault_counts(enum fault family, const char *name)
{
    const void *wrapper = __builtin_return_address(0);
    if (armed != family || looking) {
        return false;
    }
    if (family == FAULT_CALL) {
        int lane = arming ? 0 : 1;
        long n = atomic_fetch_add(&lanes[lane], 1) + 1;
        if (seek) {
            note(here(wrapper), lane, n);
            return false;
        }
        if ((armed_lane >= 0 && lane != armed_lane) ||
            (site_mark && (n < site_from || fault_left() <= 0 || here(wrapper) != site_mark))) {
            return false;
        }
    }
    if (!is_next(family)) {
        return false;
    }
    atomic_store(&where, name);
    if (mark) {
        note_tried(here(wrapper));
    }
    if (getenv("FAULT_TRACE")) {
        void *frames[24];
        looking = true;
        backtrace_symbols_fd(frames, backtrace(frames, 24), 2);
        looking = false;
    }
    return true;
}
