#include "daemon/reader.h"

#include "daemon/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct reader {
    int notify_fd;
    struct shop shop;
    struct store *store;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct visit *first, **last, *done, **done_last;
    size_t waiting, limit;
    bool stopping, has_fresh;
    struct witnesses fresh; /* to be `told` from the next visit on */

    struct witnesses told; /* of the thread */
};

void visit_free(struct visit *v)
{
    if (v) {
        buf_free(&v->body);
        buf_free(&v->page.body);
        wipe(v->token, sizeof v->token);
        free(v);
    }
}

/* The log's key may be another one since: it is looked for where it lies, whenever something is signed. */
static int make_page(struct reader *r, struct visit *v, const struct visitor *who)
{
    struct cose_key log = {0};
    int rc = strcmp(v->path, "/v1/receipts") == 0 ? shop_log_key(&r->shop, &log, &v->e) : 0;
    rc =
        rc ? rc : publish_page(r->store, who, &log, bytes_str(v->path), bytes_str(v->query), &v->page, &v->e);
    cose_key_free(&log);
    return rc;
}

static void serve(struct reader *r, struct visit *v)
{
    struct visitor who = {.log_open = v->log_open};
    int rc = 0;
    if (*v->token) {
        rc = token_visitor(r->store, bytes_str(v->token), clock_wall(&clock_system), &who);
        v->bad_token = rc > 0;
        wipe(v->token, sizeof v->token);
    }
    if (rc == 0 && v->post) {
        int64_t size = NONE;
        rc = publish_cosign_query(bytes_str(v->query), &size, &v->e);
        rc = rc ? rc : publish_cosign(r->store, &who, &r->told, size, buf_view(&v->body), &v->taken, &v->e);
    } else if (rc == 0) {
        rc = make_page(r, v, &who);
    }
    v->rc = rc;
    if (rc < 0 && rc != TP_E_BUSY && rc != TP_E_MALFORMED && rc != TP_E_UNTRUSTED && rc != TP_E_ARGUMENT) {
        log_line(LOG_FAULT, "a page: %s", code_sentence(rc));
    }
}

static struct visit *take(struct reader *r)
{
    while (!r->first && !r->stopping) {
        pthread_cond_wait(&r->wake, &r->lock);
    }
    struct visit *v = r->first;
    if (v) {
        r->first = v->next;
        r->last = r->first ? r->last : &r->first;
        v->next = NULL;
    }
    return v;
}

static void *work(void *arg)
{
    const uint64_t one = 1;
    struct reader *r = arg;
    pthread_mutex_lock(&r->lock);
    for (struct visit *v = take(r); v; v = take(r)) {
        if (r->has_fresh) {
            witnesses_free(&r->told);
            r->told = r->fresh;
            r->has_fresh = false;
        }
        pthread_mutex_unlock(&r->lock);
        serve(r, v);
        pthread_mutex_lock(&r->lock);
        r->waiting--;
        *r->done_last = v;
        r->done_last = &v->next;
        ssize_t n = write(r->notify_fd, &one, sizeof one);
        (void)n; /* as in pool.c */
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

int reader_open(const struct shop *shop, size_t limit, int notify_fd, struct reader **out, struct err *e)
{
    sigset_t all, before;
    struct reader *r = calloc(1, sizeof *r);
    if (!r) {
        return err_code(e, TP_E_MEMORY);
    }
    *r = (struct reader){.notify_fd = notify_fd, .shop = *shop, .limit = limit};
    r->last = &r->first;
    r->done_last = &r->done;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->wake, NULL);
    int rc = shop_store_write(shop, &r->store, e);
    if (rc == 0) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rc = pthread_create(&r->thread, NULL, work, r) ? err_code(e, TP_E_MEMORY) : 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        r->started = rc == 0;
    }
    if (rc) {
        reader_close(r);
        return rc;
    }
    *out = r;
    return 0;
}

void reader_witnesses(struct reader *r, struct witnesses *told)
{
    pthread_mutex_lock(&r->lock);
    if (r->has_fresh) {
        witnesses_free(&r->fresh);
    }
    r->fresh = *told;
    r->has_fresh = true;
    pthread_mutex_unlock(&r->lock);
    *told = (struct witnesses){0};
}

void reader_limit(struct reader *r, size_t limit)
{
    pthread_mutex_lock(&r->lock);
    r->limit = limit;
    pthread_mutex_unlock(&r->lock);
}

bool reader_put(struct reader *r, struct visit *v)
{
    pthread_mutex_lock(&r->lock);
    bool room = r->waiting < r->limit && !r->stopping;
    if (room) {
        v->next = NULL;
        *r->last = v;
        r->last = &v->next;
        r->waiting++;
        pthread_cond_signal(&r->wake);
    }
    pthread_mutex_unlock(&r->lock);
    return room;
}

struct visit *reader_done(struct reader *r)
{
    pthread_mutex_lock(&r->lock);
    struct visit *v = r->done;
    r->done = NULL;
    r->done_last = &r->done;
    pthread_mutex_unlock(&r->lock);
    return v;
}

size_t reader_depth(struct reader *r)
{
    pthread_mutex_lock(&r->lock);
    size_t waiting = r->waiting;
    pthread_mutex_unlock(&r->lock);
    return waiting;
}

void reader_close(struct reader *r)
{
    if (!r) {
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->lock);
    if (r->started) {
        pthread_join(r->thread, NULL);
    }
    while (r->done) {
        struct visit *v = r->done;
        r->done = v->next;
        visit_free(v);
    }
    store_close(r->store);
    witnesses_free(&r->told);
    if (r->has_fresh) {
        witnesses_free(&r->fresh);
    }
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
