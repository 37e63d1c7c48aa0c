/* The one thread that talks to the authority. */
#include "sale/internal.h"

#include <stdlib.h>

void ask_add(struct till *t, struct ask *a)
{
    struct ask **at = &t->asks;
    while (*at) {
        at = &(*at)->next;
    }
    a->next = NULL;
    *at = a;
    till_kick(t);
}

void ask_unlink(struct till *t, struct ask *a)
{
    for (struct ask **at = &t->asks; *at; at = &(*at)->next) {
        if (*at == a) {
            *at = a->next;
            a->next = NULL;
            return;
        }
    }
}

void ask_free(struct ask *a)
{
    if (a) {
        buf_free(&a->message);
        buf_free(&a->lines);
        sold_sale_free(a->sold);
        free(a);
    }
}

int worker_call(struct till *t, struct bytes message, struct buf *reply, struct err *e)
{
    struct err why = {0};
    till_unlock(t);
    int rc = t->transport.call(t->transport.ctx, message, reply, &why);
    till_lock(t);
    event_online(t, rc < 0 ? rc : rc ? TP_OFFLINE : 0);
    if (rc) {
        return err_set(e, TP_OFFLINE, "%s", why.code ? why.text : code_sentence(TP_OFFLINE));
    }
    return 0;
}

int first_answer(struct bytes reply, const uint8_t d[HASH_SIZE], struct answer *out, struct err *e)
{
    struct dec at;
    dec_init(&at, reply);
    if (answer_next(&at, out) != 1 || !dec_done(&at)) {
        return err_set(e, TP_E_MALFORMED, "the answer is not one that an authority gives");
    }
    if (!out->names) {
        return err_set(e, out->kind == ANSWER_PROBLEM ? out->reason : TP_E_MALFORMED, "the authority: %s",
                       code_word(out->reason));
    }
    if (memcmp(out->d, d, HASH_SIZE) != 0) {
        return err_set(e, TP_E_UNTRUSTED, "the answer is to another request");
    }
    return 0;
}

int64_t retry_wait(int64_t wait_ms)
{
    uint32_t dice = 0;
    if (wait_ms < 2 || random_bytes(&dice, sizeof dice)) {
        return wait_ms;
    }
    return wait_ms - (int64_t)dice % (wait_ms / 2 + 1);
}

static struct ask *due_ask(struct till *t, int64_t now)
{
    struct ask *a = t->asks;
    while (a && a->due > now) {
        a = a->next;
    }
    return a;
}

static int64_t next_due(struct till *t)
{
    int64_t at = t->behind || t->stopping ? INT64_MAX : t->sync_due;
    for (const struct ask *a = t->asks; a; a = a->next) {
        at = a->due < at ? a->due : at;
    }
    if (t->counts.unsent && t->outbox_due < at) {
        at = t->outbox_due;
    }
    if (t->stopping && t->stop_at < at) {
        at = t->stop_at;
    }
    int64_t renew = renew_due(t), notice = notices_due(t);
    at = renew < at ? renew : at;
    return notice < at ? notice : at;
}

static bool finished(const struct till *t, int64_t now)
{
    return t->stopping && (now >= t->stop_at || (t->counts.unsent == 0 && !t->asks));
}

static void sleep_until(struct till *t, int64_t at)
{
    if (at == INT64_MAX) {
        pthread_cond_wait(&t->wake, &t->lock);
        return;
    }
    struct timespec when = {.tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000 * 1000000)};
    pthread_cond_timedwait(&t->wake, &t->lock, &when);
}

static void run_ask(struct till *t, struct ask *a)
{
    if (a->recall) {
        recall_run(t, a);
    } else if (a->hold) {
        hold_run(t, a);
    } else {
        release_run(t, a);
    }
}

/* Holds first: somebody stands at the till. Then the backlog, then news. */
void *worker_run(void *arg)
{
    struct till *t = arg;
    till_lock(t);
    for (;;) {
        int64_t now = monotonic_ms();
        if (t->stopping) {
            renewals_stop(t);
        } else {
            renew_run(t);
        }
        if (notices_due(t) <= now) {
            notices_run(t);
        }
        struct ask *a = due_ask(t, now);
        if (finished(t, now)) {
            break;
        }
        if (a) {
            run_ask(t, a);
        } else if (t->counts.unsent && t->outbox_due <= now) {
            (void)outbox_run(t, NULL);
        } else if (rekey_wanted(t)) {
            rekey_run(t);
        } else if (!t->behind && !t->stopping && t->sync_due <= now) {
            sync_run(t);
        } else {
            sleep_until(t, next_due(t));
        }
    }
    t->ended = true;
    till_tell(t);
    till_unlock(t);
    return NULL;
}
