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

static struct job *take(struct pool *p)
{
    while (!p->first && !p->stopping) {
        pthread_cond_wait(&p->wake, &p->lock);
    }
    struct job *j = p->first;
    if (j) {
        p->first = j->next;
        p->last = p->first ? p->last : &p->first;
        p->waiting--;
        p->working++;
        j->next = NULL;
    }
    return j;
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
    pthread_mutex_lock(&p->lock);
    for (struct job *j = take(p); j; j = take(p)) {
        pthread_mutex_unlock(&p->lock);
        j->rc = authority_handle(w->authority, buf_view(&j->request), &j->reply);
        pthread_mutex_lock(&p->lock);
        hand_back(p, j);
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
