#include "daemon/sequencer.h"

#include "daemon/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/*
 * TURN_MS: who has the turn and places nothing for that long loses it. STUCK_MS: a turn that was written by a
 * machine whose clock is ahead would not end; when its fence stands still that long by our own clock, it is
 * seized. GATHER_MS: what comes within it goes into one batch. POLL_MS: what other processes accept.
 */
enum { TURN_MS = 2000, STUCK_MS = 6000, GATHER_MS = 20, POLL_MS = 500, LAST_STEPS = 64 };

struct sequencer {
    struct authority *authority;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken, stopping;
    struct sequencer_state state;

    /* Of the thread. */
    int64_t fence, fence_since; /* of another's turn, and since when it stands still */
    bool failing;
};

static int64_t watch_fence(struct sequencer *q, const struct log_turn *turn)
{
    int64_t now = clock_boot(&clock_system);
    bool other = !turn->idle && !turn->mine;
    if (!other || turn->fence != q->fence) {
        q->fence = other ? turn->fence : NONE;
        q->fence_since = now;
        return NONE;
    }
    return now - q->fence_since >= STUCK_MS ? q->fence : NONE;
}

static void note(struct sequencer *q, const struct log_turn *turn, int rc)
{
    pthread_mutex_lock(&q->lock);
    struct sequencer_state *s = &q->state;
    if (rc == 0) {
        s->turns_lost += s->mine && !turn->idle && !turn->mine;
        s->leaves += (uint64_t)turn->added;
        s->checkpoints += turn->added > 0;
        s->waiting = turn->waiting;
        s->oldest_ms = turn->oldest_ms;
        s->conflicts = turn->conflicts;
        s->mine = turn->idle ? s->mine : turn->mine;
    } else {
        s->failures++;
    }
    pthread_mutex_unlock(&q->lock);
}

/* A fault is said once, and that it is over once. */
static void tell(struct sequencer *q, int rc, const struct err *e)
{
    bool fails = rc != 0 && rc != TP_E_BUSY;
    if (fails && !q->failing) {
        log_line(LOG_FAULT, "the log is not written: %s", e->text);
    } else if (rc == 0 && q->failing) {
        log_line(LOG_SAY, "the log is written again");
    }
    q->failing = fails || (q->failing && rc != 0);
}

/* True: there may be more. */
static bool step(struct sequencer *q, int64_t *seize)
{
    struct log_turn turn = {0};
    struct err e = {0};
    int rc = authority_sequence(q->authority, TURN_MS, *seize, &turn, &e);
    *seize = rc ? NONE : watch_fence(q, &turn);
    if (*seize != NONE) {
        log_line(LOG_WARN, "the log's turn is taken from one that stands still");
    }
    note(q, &turn, rc);
    tell(q, rc, &e);
    return rc == 0 && (*seize != NONE || (turn.mine && turn.waiting > 0));
}

static void wait_for_work(struct sequencer *q)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!q->woken && !q->stopping && pthread_cond_timedwait(&q->wake, &q->lock, &until) == 0) {
    }
}

static void *work(void *arg)
{
    const struct timespec gather = {0, GATHER_MS * 1000000L};
    struct sequencer *q = arg;
    bool stopping = false;
    while (!stopping) {
        pthread_mutex_lock(&q->lock);
        wait_for_work(q);
        bool woken = q->woken;
        q->woken = false;
        stopping = q->stopping;
        pthread_mutex_unlock(&q->lock);
        if (woken && !stopping) {
            nanosleep(&gather, NULL);
        }
        int64_t seize = NONE;
        for (int i = 0; step(q, &seize) && i < LAST_STEPS; i++) {
        }
    }
    return NULL;
}

static int start(struct sequencer *q, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&q->thread, NULL, work, q) ? err_code(e, TP_E_MEMORY) : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    q->started = rc == 0;
    return rc;
}

int sequencer_open(const struct shop *shop, struct sequencer **out, struct err *e)
{
    pthread_condattr_t monotonic;
    struct sequencer *q = calloc(1, sizeof *q);
    if (!q) {
        return err_code(e, TP_E_MEMORY);
    }
    q->fence = NONE;
    q->state.oldest_ms = NONE;
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&q->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int rc = shop_authority(shop, &clock_system, &q->authority, e);
    rc = rc ? rc : start(q, e);
    if (rc) {
        sequencer_close(q);
        return rc;
    }
    *out = q;
    return 0;
}

void sequencer_wake(struct sequencer *q)
{
    pthread_mutex_lock(&q->lock);
    q->woken = true;
    pthread_cond_signal(&q->wake);
    pthread_mutex_unlock(&q->lock);
}

void sequencer_state(struct sequencer *q, struct sequencer_state *out)
{
    pthread_mutex_lock(&q->lock);
    *out = q->state;
    pthread_mutex_unlock(&q->lock);
}

void sequencer_close(struct sequencer *q)
{
    if (!q) {
        return;
    }
    pthread_mutex_lock(&q->lock);
    q->stopping = true;
    pthread_cond_signal(&q->wake);
    pthread_mutex_unlock(&q->lock);
    if (q->started) {
        pthread_join(q->thread, NULL);
        if (q->state.mine) {
            authority_sequence_leave(q->authority);
        }
    }
    authority_close(q->authority);
    pthread_cond_destroy(&q->wake);
    pthread_mutex_destroy(&q->lock);
    free(q);
}
