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
    struct worker *workers;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *first, **last, *done, **done_last;
    size_t waiting, working;
    bool stopping, healthy;
};

void job_free(struct job *j)
{
    if (j) {
        buf_free(&j->request);
        buf_free_secret(&j->reply); /* a state holds the card key */
        free(j);
    }
}

/* The first that wait: one, or more that are not much together. 0: it is over. */
static size_t take(struct pool *p, struct job *jobs[POOL_GROUP])
{
    size_t n = 0, bytes = 0;
    while (!p->first && !p->stopping) {
        pthread_cond_wait(&p->wake, &p->lock);
    }
    while (p->first && n < POOL_GROUP && (n == 0 || bytes + p->first->request.n <= POOL_GROUP_BYTES)) {
        struct job *j = jobs[n++] = p->first;
        bytes += j->request.n;
        p->first = j->next;
        j->next = NULL;
    }
    p->last = p->first ? p->last : &p->first;
    p->waiting -= n;
    p->working += n;
    return n;
}

static void hand_back(struct pool *p, struct job *j)
{
    const uint64_t one = 1;
    if (j->rc) {
        log_line(LOG_FAULT, "authority: %s", code_sentence(j->rc));
    }
    p->healthy = j->rc == 0 || j->rc == TP_E_BUSY;
    p->working--;
    *p->done_last = j;
    p->done_last = &j->next;
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
    for (size_t n = take(p, jobs); n; n = take(p, jobs)) {
        pthread_mutex_unlock(&p->lock);
        for (size_t i = 0; i < n; i++) {
            messages[i] = (struct authority_message){buf_view(&jobs[i]->request), &jobs[i]->reply, 0};
        }
        authority_handle_many(w->authority, messages, n);
        pthread_mutex_lock(&p->lock);
        for (size_t i = 0; i < n; i++) {
            jobs[i]->rc = messages[i].rc;
            hand_back(p, jobs[i]);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static int start(struct pool *p, const struct shop *shop, struct err *e)
{
    sigset_t all, before;
    int rc = 0;
    sigfillset(&all);
    for (size_t i = 0; i < p->count && rc == 0; i++) {
        p->workers[i].pool = p;
        rc = shop_authority(shop, &clock_system, &p->workers[i].authority, e);
        if (rc == 0) {
            authority_log_elsewhere(p->workers[i].authority);
        }
    }
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < p->count && rc == 0; i++) {
        rc = pthread_create(&p->workers[i].thread, NULL, work, &p->workers[i]) ? TP_E_MEMORY : 0;
        p->workers[i].started = rc == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? err_code(e, rc) : 0;
}

int pool_open(const struct shop *shop, size_t workers, size_t limit, int notify_fd, struct pool **out,
              struct err *e)
{
    /* Writers of a file wait for each other, and each drops the pages that it has when another has written.
     */
    workers = store_is_server(shop->store) ? workers : 1;
    struct pool *p = calloc(1, sizeof *p);
    struct worker *w = p ? calloc(workers, sizeof *w) : NULL;
    if (!w) {
        free(p);
        return err_code(e, TP_E_MEMORY);
    }
    *p = (struct pool){
        .notify_fd = notify_fd, .limit = limit, .count = workers, .workers = w, .healthy = true};
    p->last = &p->first;
    p->done_last = &p->done;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    int rc = start(p, shop, e);
    if (rc) {
        pool_close(p);
        return rc;
    }
    *out = p;
    return 0;
}

bool pool_put(struct pool *p, struct job *j)
{
    pthread_mutex_lock(&p->lock);
    bool room = p->waiting < p->limit && !p->stopping;
    if (room) {
        j->next = NULL;
        *p->last = j;
        p->last = &j->next;
        p->waiting++;
        pthread_cond_signal(&p->wake);
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

void pool_close(struct pool *p)
{
    if (!p) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->count; i++) {
        if (p->workers[i].started) {
            pthread_join(p->workers[i].thread, NULL);
        }
        authority_close(p->workers[i].authority);
    }
    while (p->done) {
        struct job *j = p->done;
        p->done = j->next;
        job_free(j);
    }
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p);
}
