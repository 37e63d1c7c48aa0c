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
    /* Those that are not handled yet. The first ones are checked or begun; from `unchecked` on there are
     * parts that nobody has begun. */
    struct job *first, **last, *unchecked;
    struct job *done, **done_last;
    size_t waiting, working;
    bool resting; /* the writer is, and nothing waits */
    bool own;     /* the first job's first part is begun for the writer, which does not know yet */
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

static bool is_ready(const struct job *j)
{
    return j->checked == j->parts;
}

/* ---- checking ahead ---- */

/* The next part of the first job that has one which nobody has begun. */
static size_t begin(struct pool *p)
{
    struct job *j = p->unchecked;
    size_t part = j->begun++;
    p->unchecked = j->begun == j->parts ? j->next : j;
    return part;
}

/* Without the lock meanwhile. */
static void check(struct worker *w, struct job *j, size_t part)
{
    struct memo found;
    pthread_mutex_unlock(&w->pool->lock);
    memo_init(&found, j->request.n);
    authority_check(w->authority, buf_view(&j->request), part, j->parts, &found);
    pthread_mutex_lock(&w->pool->lock);
    memo_join(&j->good, &found);
    j->checked++;
}

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
        check(w, j, begin(p));
        if (j == p->first && is_ready(j)) {
            pthread_cond_signal(&p->to_write);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- the writer ---- */

static void take_over(struct pool *p, struct job *j)
{
    if (!j->writing) {
        j->writing = true;
        p->waiting--;
        p->working++;
    }
}

/* Until the first job is ready, with a hand in that where others have not begun all of it. NULL: it is over.
 */
static struct job *wait_for_work(struct worker *w)
{
    struct pool *p = w->pool;
    for (;;) {
        struct job *j = p->first;
        if (p->own) {
            p->own = false;
            check(w, j, 0);
        } else if (j ? is_ready(j) : p->stopping) {
            return j;
        } else if (j && j == p->unchecked) {
            take_over(p, j);
            check(w, j, begin(p));
        } else {
            p->resting = !j;
            pthread_cond_wait(&p->to_write, &p->lock);
            p->resting = false;
        }
    }
}

static struct job *pop(struct pool *p)
{
    struct job *j = p->first;
    take_over(p, j);
    p->first = j->next;
    p->last = p->first ? p->last : &p->first;
    j->next = NULL;
    return j;
}

/* The first that are ready: one, or more that are not much together. 0: it is over. */
static size_t take(struct worker *w, struct job *jobs[POOL_GROUP])
{
    struct pool *p = w->pool;
    size_t n = 0, bytes = 0;
    for (struct job *j = wait_for_work(w);
         j && is_ready(j) && n < POOL_GROUP && (n == 0 || bytes + j->request.n <= POOL_GROUP_BYTES);
         j = p->first) {
        bytes += j->request.n;
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

/* One that finds the writer at rest is its own, or if it is long, a part of it. Threads that have nothing to
 * do are woken for the rest. */
static void append(struct pool *p, struct job *j)
{
    size_t parts = j->request.n / POOL_PART_BYTES + 1;
    j->next = NULL;
    j->parts = parts <= p->count ? parts : p->count + 1;
    j->begun = j->checked = 0;
    memo_init(&j->good, j->request.n);
    *p->last = j;
    p->last = &j->next;
    p->unchecked = p->unchecked ? p->unchecked : j;
    j->writing = p->resting;
    if (p->resting) {
        p->resting = false;
        p->own = true;
        p->working++;
        begin(p);
        pthread_cond_signal(&p->to_write);
    } else {
        p->waiting++;
    }
    for (size_t i = j->begun; i < j->parts; i++) {
        pthread_cond_signal(&p->to_check);
    }
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
