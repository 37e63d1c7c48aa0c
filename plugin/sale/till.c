#include "sale/internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t monotonic_ms(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void till_lock(struct till *t)
{
    pthread_mutex_lock(&t->lock);
}

void till_unlock(struct till *t)
{
    pthread_mutex_unlock(&t->lock);
}

bool till_wait(struct till *t, int64_t until_ms)
{
    struct timespec when = {.tv_sec = (time_t)(until_ms / 1000),
                            .tv_nsec = (long)(until_ms % 1000 * 1000000)};
    return pthread_cond_timedwait(&t->changed, &t->lock, &when) == 0;
}

void till_kick(struct till *t)
{
    pthread_cond_signal(&t->wake);
}

void till_tell(struct till *t)
{
    pthread_cond_broadcast(&t->changed);
}

int64_t till_now(struct till *t, bool *sure)
{
    return trusted_now(&t->time, t->clock, sure);
}

/* A till that was off for long goes by its floor; a request with that time would be stale for ever. */
int64_t request_time(struct till *t)
{
    return t->time.heard ? till_now(t, NULL) : clock_wall(t->clock);
}

void till_common(struct till *t, struct common *c, int64_t time_ms)
{
    *c = (struct common){.version = 1, .time_ms = time_ms};
    memcpy(c->audience, t->who.authority, ID_SIZE);
}

static int start_sync(struct till *t, struct err *e)
{
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);
    rc = rc ? rc : pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    rc = rc ? rc : pthread_mutex_init(&t->lock, NULL);
    rc = rc ? rc : pthread_cond_init(&t->wake, &attr);
    rc = rc ? rc : pthread_cond_init(&t->changed, &attr);
    pthread_condattr_destroy(&attr);
    return rc ? err_set(e, TP_E_MEMORY, "the system gives no lock") : 0;
}

static int load_journal(struct till *t, const struct till_config *c, struct err *e)
{
    struct journal_till j = {0};
    int rc = journal_open(c->dir, &t->journal, e);
    rc = rc ? rc : journal_till(t->journal, &j, e);
    if (rc == 0 && memcmp(j.authority, c->authority, ID_SIZE) != 0) {
        rc = err_set(e, TP_E_UNTRUSTED, "the till belongs to another shop");
    }
    rc = rc ? rc : journal_counts(t->journal, &t->counts, e);
    if (rc == 0) {
        memcpy(t->who.name, j.name, sizeof t->who.name);
        memcpy(t->who.store, j.store, sizeof t->who.store);
        t->head = j.head;
        t->have = j.have;
        t->outcomes = j.outcomes;
        t->behind = j.behind;
        t->has_card_key = j.has_card_key;
        memcpy(t->card_key, j.card_key, HASH_SIZE);
        t->time.floor_ms = j.floor_ms;
        t->time.told_ms = j.told_ms;
        t->seen = j.seen;
        t->forgone = j.forgone;
    }
    wipe(&j, sizeof j);
    return rc;
}

struct loading {
    struct till *t;
    struct stage stage;
    struct err *e;
};

static int flush_stage(struct loading *l)
{
    int rc = stage_reserve(&l->stage, &l->t->replica, l->e);
    if (rc == 0) {
        stage_apply(&l->stage, &l->t->replica, &l->t->who);
    }
    return rc;
}

enum { KEYSET_FOUND = 1 };

static int load_first_keyset(void *arg, struct bytes raw)
{
    struct loading *l = arg;
    int rc = stage_first_keyset(&l->stage, &l->t->replica, &l->t->who, raw, NULL);
    return rc == 0 ? KEYSET_FOUND : 0;
}

/* What lies on the disk is checked like what comes from the network. */
static int load_statement(void *arg, struct bytes raw)
{
    struct loading *l = arg;
    int rc = 0;
    if (l->stage.n == l->stage.cap) {
        rc = flush_stage(l);
        rc = rc ? rc : stage_begin(&l->stage, MAX_STATE_STATEMENTS, l->e);
    }
    return rc ? rc : stage_add(&l->stage, &l->t->replica, &l->t->who, raw, l->e);
}

static int load_replica(struct till *t, struct err *e)
{
    struct loading l = {.t = t, .e = e};
    int rc = stage_begin(&l.stage, MAX_STATE_STATEMENTS, e);
    rc = rc ? rc : journal_replica(t->journal, load_first_keyset, &l, e);
    rc = rc == KEYSET_FOUND ? 0 : rc;
    rc = rc ? rc : journal_replica(t->journal, load_statement, &l, e);
    rc = rc ? rc : flush_stage(&l);
    stage_drop(&l.stage);
    t->time.age_ms = t->replica.policy.offline_age_ms;
    return rc > 0 ? err_set(e, TP_E_CORRUPT, "till.db: what was published cannot be read") : rc;
}

/* A host's signals are not ours to take. */
static int start_thread(struct till *t, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&t->thread, NULL, worker_run, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    t->thread_started = rc == 0;
    return rc ? err_set(e, TP_E_MEMORY, "the system gives no thread") : 0;
}

static void till_free(struct till *t)
{
    transport_close(&t->transport);
    while (t->asks) {
        struct ask *a = t->asks;
        t->asks = a->next;
        ask_free(a);
    }
    for (size_t i = 0; i < t->sale_count; i++) {
        sale_free(t->sales[i]);
    }
    free(t->sales);
    replica_free(&t->replica);
    journal_close(t->journal);
    cose_key_free(&t->key);
    cose_key_free(&t->next_key);
    wipe(t->card_key, sizeof t->card_key);
    events_close(&t->events);
    pthread_cond_destroy(&t->changed);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

enum { FIRST_WORD_MS = 300 };

/* A copy of an old record learns that it is one from its authority's first word: nothing is signed before,
 * where it can be had. And a new till can price nothing without one. */
static void first_wait(struct till *t, int64_t wait_ms)
{
    till_lock(t);
    bool fresh = t->replica.policy.version == 0;
    int64_t until = monotonic_ms() + (fresh || wait_ms < FIRST_WORD_MS ? wait_ms : FIRST_WORD_MS);
    while (t->sync_finished == 0 && till_wait(t, until)) {
    }
    till_unlock(t);
}

static int set_dir(struct till *t, const char *dir, struct err *e)
{
    int n = snprintf(t->dir, sizeof t->dir, "%s", dir);
    return n >= 0 && n < (int)sizeof t->dir - 100
               ? 0
               : err_set(e, TP_E_ARGUMENT, "the till's directory has too long a name");
}

int till_open(const struct till_config *c, struct till **out, struct err *e)
{
    struct transport transport = c->transport;
    struct till *t = calloc(1, sizeof *t);
    int rc = t ? start_sync(t, e) : err_code(e, TP_E_MEMORY);
    if (rc) {
        transport_close(&transport);
        free(t);
        return rc;
    }
    t->transport = transport;
    t->clock = c->clock;
    memcpy(t->who.authority, c->authority, ID_SIZE);
    memcpy(t->who.root, c->root, HASH_SIZE);
    rc = events_open(&t->events, e);
    rc = rc ? rc : set_dir(t, c->dir, e);
    rc = rc ? rc : load_journal(t, c, e);
    rc = rc ? rc : load_replica(t, e);
    rc = rc ? rc : outbox_load(t, e);
    rc = rc ? rc : rekey_load(t, e);
    rc = rc ? rc : journal_sale_ids(t->journal, &t->next_id, e);
    t->last_id = t->next_id + SALE_ID_BLOCK - 1;
    rc = rc ? rc : start_thread(t, e);
    if (rc) {
        till_free(t);
        return rc;
    }
    if (c->first_wait_ms > 0) {
        first_wait(t, c->first_wait_ms);
    }
    *out = t;
    return 0;
}

int till_close(struct till *t, int64_t deadline_ms)
{
    if (!t) {
        return 0;
    }
    till_lock(t);
    t->stopping = true;
    t->stop_at = monotonic_ms() + (deadline_ms > 0 ? deadline_ms : 0);
    t->outbox_due = 0;
    t->outbox_wait = 0; /* somebody waits now */
    till_kick(t);
    while (!t->ended && till_wait(t, t->stop_at)) {
    }
    if (!t->ended && t->transport.stop) {
        t->transport.stop(t->transport.ctx);
    }
    till_unlock(t);
    pthread_join(t->thread, NULL);
    int rc = t->counts.unsent ? TP_E_TIMEOUT : 0;
    notices_taken(t);
    t->events.acks_due = 0;
    notices_run(t);
    till_free(t);
    return rc;
}

int till_status(struct till *t, struct till_status *out, struct err *e)
{
    (void)e;
    bool sure = false;
    till_lock(t);
    *out = (struct till_status){
        .online = t->online,
        .ready = t->replica.policy.version > 0,
        .quarantined = t->quarantined,
        .behind = t->behind,
        .unsent = t->counts.unsent,
        .refused = t->counts.refused,
        .conflicts = t->counts.conflicts,
        .refused_reason = t->counts.refused_reason,
        .log = t->counts.log,
        .time_ms = till_now(t, &sure),
        .epoch = t->head.epoch,
        .seq = t->head.seq,
    };
    out->time_sure = sure;
    memcpy(out->name, t->who.name, sizeof out->name);
    memcpy(out->store, t->who.store, sizeof out->store);
    bytes_to_cstr(t->replica.policy.currency, out->currency, sizeof out->currency);
    till_unlock(t);
    return 0;
}

int till_flush(struct till *t, int64_t deadline_ms, struct err *e)
{
    int64_t until = monotonic_ms() + deadline_ms;
    bool in_time = true;
    till_lock(t);
    t->outbox_due = 0;
    t->outbox_wait = 0; /* somebody waits now */
    till_kick(t);
    while (t->counts.unsent && in_time) {
        in_time = till_wait(t, until);
    }
    int rc = t->counts.unsent
                 ? err_set(e, TP_E_TIMEOUT, "%lld records are not sent yet", (long long)t->counts.unsent)
                 : 0;
    till_unlock(t);
    return rc;
}

int till_sync_now(struct till *t, int64_t deadline_ms, struct err *e)
{
    int64_t until = monotonic_ms() + deadline_ms;
    bool in_time = true;
    till_lock(t);
    if (t->behind) {
        till_unlock(t);
        return err_code(e, TP_E_BEHIND);
    }
    int64_t target = t->sync_started + 1;
    t->sync_due = 0;
    till_kick(t);
    while (t->sync_finished < target && in_time) {
        /* One that was under way has put the next one off. */
        if (t->sync_started < target && t->sync_due != 0) {
            t->sync_due = 0;
            till_kick(t);
        }
        in_time = till_wait(t, until);
    }
    int rc = TP_E_TIMEOUT;
    if (t->sync_finished >= target) {
        rc = t->sync_rc ? err_set(e, TP_OFFLINE, "%s", t->sync_err.text) : 0;
    } else {
        err_code(e, rc);
    }
    till_unlock(t);
    return rc;
}
