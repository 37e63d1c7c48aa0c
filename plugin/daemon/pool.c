#include "daemon/pool.h"

#include "daemon/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct worker {
    struct pool *pool;
    struct authority *authority;
    pthread_t thread;
    bool started;
};

struct pool {
    int notify_fd;
    size_t limit, count;
    struct worker writer, *checkers;

    pthread_mutex_t lock;
    pthread_cond_t to_check, to_write;
    /* Those that wait. Of them the first ones are ready or being checked, and from `unchecked` on nobody has
     * begun. */
    struct job *first, **last, *unchecked;
    struct job *own; /* found the writer at rest, which does all of it */
    struct job *done, **done_last;
    size_t waiting, working;
    bool resting; /* the writer is, and nothing waits */
    bool stopping, healthy;
};

void job_free(struct job *j)
{
    if (j) {
        buf_free(&j->request);
        buf_free_secret(&j->reply); /* a state holds the card key */
        memo_free(&j->good);
        free(j);
    }
}

static void check(struct worker *w, struct job *j)
{
    memo_init(&j->good, j->request.n);
    authority_check(w->authority, buf_view(&j->request), &j->good);
}

/* ---- checkers ---- */

static void *work_ahead(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->unchecked && !p->stopping) {
            pthread_cond_wait(&p->to_check, &p->lock);
        }
        struct job *j = p->unchecked;
        if (!j) {
            break;
        }
        p->unchecked = j->next;
        pthread_mutex_unlock(&p->lock);
        check(w, j);
        pthread_mutex_lock(&p->lock);
        j->ready = true;
        if (j == p->first) {
            pthread_cond_signal(&p->to_write);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- the writer ---- */

static struct job *pop(struct pool *p)
{
    struct job *j = p->first;
    p->first = j->next;
    p->last = p->first ? p->last : &p->first;
    j->next = NULL;
    p->waiting--;
    p->working++;
    return j;
}

/* Until the first is ready, or nobody is at it: then it is the writer's own. NULL and nothing waits: it is
 * over. */
static struct job *wait_for_work(struct pool *p)
{
    while (!p->own && (p->first ? !p->first->ready && p->first != p->unchecked : !p->stopping)) {
        p->resting = !p->first;
        pthread_cond_wait(&p->to_write, &p->lock);
    }
    p->resting = false;
    if (!p->own && p->first && p->first == p->unchecked) {
        p->unchecked = p->first->next;
        p->own = pop(p);
    }
    return p->own ? p->own : p->first;
}

/* The first that are ready: one, or more that are not much together. 0: it is over. */
static size_t take(struct worker *w, struct job *jobs[POOL_GROUP])
{
    struct pool *p = w->pool;
    size_t n = 0, bytes = 0;
    if (!wait_for_work(p)) {
        return 0;
    }
    if (p->own) {
        struct job *j = jobs[n++] = p->own;
        p->own = NULL;
        pthread_mutex_unlock(&p->lock);
        check(w, j);
        bytes = j->request.n;
        pthread_mutex_lock(&p->lock);
    }
    while (p->first && p->first->ready && n < POOL_GROUP &&
           (n == 0 || bytes + p->first->request.n <= POOL_GROUP_BYTES)) {
        bytes += p->first->request.n;
        jobs[n++] = pop(p);
    }
    return n;
}

static void hand_back(struct pool *p, struct job *j)
{
    if (j->rc) {
        log_line(LOG_FAULT, "authority: %s", code_sentence(j->rc));
    }
    p->healthy = j->rc == 0 || j->rc == TP_E_BUSY;
    p->working--;
    *p->done_last = j;
    p->done_last = &j->next;
}

static void tell(struct pool *p)
{
    const uint64_t one = 1;
    ssize_t n = write(p->notify_fd, &one, sizeof one);
    (void)n; /* it counts up: full means that it is readable already */
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;
    struct job *jobs[POOL_GROUP];
    struct authority_message messages[POOL_GROUP];
    pthread_mutex_lock(&p->lock);
    for (size_t n = take(w, jobs); n; n = take(w, jobs)) {
        pthread_mutex_unlock(&p->lock);
        for (size_t i = 0; i < n; i++) {
            messages[i] = (struct authority_message){
                .request = buf_view(&jobs[i]->request), .reply = &jobs[i]->reply, .good = &jobs[i]->good};
        }
        authority_handle_many(w->authority, messages, n);
        for (size_t i = 0; i < n; i++) {
            memo_free(&jobs[i]->good);
        }
        pthread_mutex_lock(&p->lock);
        for (size_t i = 0; i < n; i++) {
            jobs[i]->rc = messages[i].rc;
            hand_back(p, jobs[i]);
        }
        tell(p);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- the pool ---- */

static int open_worker(struct pool *p, const struct shop *shop, struct worker *w, struct err *e)
{
    w->pool = p;
    int rc = shop_authority(shop, &clock_system, &w->authority, e);
    if (rc == 0) {
        authority_log_elsewhere(w->authority);
    }
    return rc;
}

static int start_worker(struct worker *w, void *(*run)(void *))
{
    w->started = pthread_create(&w->thread, NULL, run, w) == 0;
    return w->started ? 0 : TP_E_MEMORY;
}

static int start(struct pool *p, const struct shop *shop, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    int rc = open_worker(p, shop, &p->writer, e);
    for (size_t i = 0; i < p->count && rc == 0; i++) {
        rc = open_worker(p, shop, &p->checkers[i], e);
    }
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = rc ? rc : start_worker(&p->writer, work);
    for (size_t i = 0; i < p->count && rc == 0; i++) {
        rc = start_worker(&p->checkers[i], work_ahead);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? err_code(e, rc) : 0;
}

int pool_open(const struct shop *shop, size_t checkers, size_t limit, int notify_fd, struct pool **out,
              struct err *e)
{
    struct pool *p = calloc(1, sizeof *p);
    struct worker *w = p ? calloc(checkers, sizeof *w) : NULL;
    if (!w) {
        free(p);
        return err_code(e, TP_E_MEMORY);
    }
    *p = (struct pool){
        .notify_fd = notify_fd, .limit = limit, .count = checkers, .checkers = w, .healthy = true};
    p->last = &p->first;
    p->done_last = &p->done;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->to_check, NULL);
    pthread_cond_init(&p->to_write, NULL);
    int rc = start(p, shop, e);
    if (rc) {
        pool_close(p);
        return rc;
    }
    *out = p;
    return 0;
}

/* One that finds the writer at rest is the writer's; any other waits, and is checked meanwhile. */
static void append(struct pool *p, struct job *j)
{
    j->next = NULL;
    j->ready = false;
    if (p->resting && !p->own) {
        p->own = j;
        p->working++;
        pthread_cond_signal(&p->to_write);
        return;
    }
    *p->last = j;
    p->last = &j->next;
    p->unchecked = p->unchecked ? p->unchecked : j;
    p->waiting++;
    pthread_cond_signal(&p->to_check);
}

bool pool_put(struct pool *p, struct job *j)
{
    pthread_mutex_lock(&p->lock);
    bool room = p->waiting < p->limit && !p->stopping;
    if (room) {
        append(p, j);
    }
    pthread_mutex_unlock(&p->lock);
    return room;
}

struct job *pool_done(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    struct job *j = p->done;
    p->done = NULL;
    p->done_last = &p->done;
    pthread_mutex_unlock(&p->lock);
    return j;
}

void pool_depth(struct pool *p, size_t *waiting, size_t *working)
{
    pthread_mutex_lock(&p->lock);
    *waiting = p->waiting;
    *working = p->working;
    pthread_mutex_unlock(&p->lock);
}

void pool_limit(struct pool *p, size_t limit)
{
    pthread_mutex_lock(&p->lock);
    p->limit = limit;
    pthread_mutex_unlock(&p->lock);
}

bool pool_healthy(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    bool healthy = p->healthy;
    pthread_mutex_unlock(&p->lock);
    return healthy;
}

static void end_worker(struct worker *w)
{
    if (w->started) {
        pthread_join(w->thread, NULL);
    }
    authority_close(w->authority);
}

void pool_close(struct pool *p)
{
    if (!p) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->to_check);
    pthread_cond_broadcast(&p->to_write);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->count; i++) {
        end_worker(&p->checkers[i]);
    }
    end_worker(&p->writer);
    while (p->done) {
        struct job *j = p->done;
        p->done = j->next;
        job_free(j);
    }
    pthread_cond_destroy(&p->to_check);
    pthread_cond_destroy(&p->to_write);
    pthread_mutex_destroy(&p->lock);
    free(p->checkers);
    free(p);
}
