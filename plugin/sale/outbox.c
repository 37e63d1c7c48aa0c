/*
 * Records on their way to the authority: commits whose grant still lives first, then the backlog, oldest
 * first. What is not answered is sent again.
 */
#include "sale/internal.h"

#include <stdlib.h>

enum { BATCH_ITEMS = 256, BATCH_BYTES = 1024 * 1024 };

struct batch_out {
    struct buf message;
    uint8_t d[BATCH_ITEMS][HASH_SIZE];
    struct journal_answer answers[BATCH_ITEMS];
    size_t sent, answered;
};

enum { BATCH_FULL = JOURNAL_NOT_FOUND + 1 };

static bool in_batch(const struct batch_out *b, const uint8_t d[HASH_SIZE])
{
    for (size_t i = 0; i < b->sent; i++) {
        if (memcmp(b->d[i], d, HASH_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static int put_record(void *arg, const struct journal_record *r)
{
    struct batch_out *b = arg;
    if (in_batch(b, r->d)) {
        return 0;
    }
    size_t need = r->raw.n + r->lines.n + r->person.n + 64;
    if (b->sent == BATCH_ITEMS || (b->sent && b->message.n + need > BATCH_BYTES)) {
        return BATCH_FULL;
    }
    message_put(&b->message, r->kind, r->raw, r->lines, r->person);
    if (b->message.failed) {
        return TP_E_MEMORY;
    }
    memcpy(b->d[b->sent++], r->d, HASH_SIZE);
    return 0;
}

void outbox_hurry(struct till *t, const uint8_t d[HASH_SIZE], int64_t until_boot)
{
    if (t->urgent_count == URGENT_MAX) {
        t->urgent_count--;
        memmove(t->urgent, t->urgent + 1, t->urgent_count * sizeof *t->urgent);
    }
    struct urgent *u = &t->urgent[t->urgent_count++];
    memcpy(u->d, d, HASH_SIZE);
    u->until_boot = until_boot;
}

static int hurry_one(void *arg, const uint8_t d[HASH_SIZE], int64_t until_ms)
{
    struct till *t = arg;
    outbox_hurry(t, d, clock_boot(t->clock) + until_ms - till_now(t, NULL));
    return 0;
}

/* By the time that the till goes by before it hears anybody: it decides an order, and nothing else. */
int outbox_load(struct till *t, struct err *e)
{
    return journal_urgent(t->journal, till_now(t, NULL), URGENT_MAX, hurry_one, t, e);
}

/* Those whose grant has ended wait their turn in the backlog. */
static int put_urgent(struct till *t, struct batch_out *b, struct err *e)
{
    int64_t now = clock_boot(t->clock);
    int rc = 0;
    for (size_t i = 0; i < t->urgent_count && rc == 0; i++) {
        if (t->urgent[i].until_boot > now) {
            rc = journal_record(t->journal, t->urgent[i].d, put_record, b, e);
            rc = rc == JOURNAL_NOT_FOUND ? 0 : rc;
        }
    }
    return rc;
}

/* What was answered, or has no grant any more, is no longer urgent. */
static void forget_urgent(struct till *t, const struct batch_out *b)
{
    int64_t now = clock_boot(t->clock);
    size_t kept = 0;
    for (size_t i = 0; i < t->urgent_count; i++) {
        bool over = t->urgent[i].until_boot <= now;
        for (size_t k = 0; k < b->answered && !over; k++) {
            over = memcmp(b->answers[k].d, t->urgent[i].d, HASH_SIZE) == 0;
        }
        if (!over) {
            t->urgent[kept++] = t->urgent[i];
        }
    }
    t->urgent_count = kept;
}

/* Answers come in order, each naming its record; what is not that ends them. */
static void read_answers(struct batch_out *b, struct bytes reply)
{
    struct dec d;
    struct answer a;
    dec_init(&d, reply);
    for (size_t i = 0; i < b->sent && answer_next(&d, &a) == 1; i++) {
        if (!a.names || memcmp(a.d, b->d[i], HASH_SIZE) != 0) {
            return;
        }
        bool refused = a.kind == ANSWER_PROBLEM && a.reason > 0;
        if (a.kind != ANSWER_REGISTERED && !refused) {
            continue; /* busy: it stays */
        }
        struct journal_answer *out = &b->answers[b->answered++];
        memcpy(out->d, a.d, HASH_SIZE);
        out->reason = refused ? a.reason : 0;
    }
}

static int send_batch(struct till *t, struct batch_out *b, struct err *e)
{
    struct buf reply;
    buf_init(&reply, REPLY_MAX);
    int rc = put_urgent(t, b, e);
    rc = rc ? rc : journal_unsent(t->journal, 2 * BATCH_ITEMS + 1, put_record, b, e);
    rc = rc == BATCH_FULL ? 0 : rc;
    if (rc == 0 && b->sent) {
        rc = worker_call(t, buf_view(&b->message), &reply, e);
    }
    /* Also of a call that failed in the midst: what was answered before is answered. */
    read_answers(b, buf_view(&reply));
    if (b->answered) {
        int kept = journal_answered(t->journal, b->answers, b->answered, e);
        rc = rc ? rc : kept;
        if (kept == 0) {
            forget_urgent(t, b);
            notices_more(t);
        }
        int counted = journal_counts(t->journal, &t->counts, e);
        rc = rc ? rc : counted;
    } else if (rc == 0 && b->sent) {
        rc = err_set(e, TP_OFFLINE, "the authority answered no record");
    } else if (rc == 0) {
        /* There is nothing to send, and yet it was counted: the count failed after the last one. */
        rc = journal_counts(t->journal, &t->counts, e);
    }
    buf_free(&reply);
    return rc;
}

int outbox_run(struct till *t, struct err *e)
{
    struct batch_out *b = calloc(1, sizeof *b);
    if (!b) {
        return err_code(e, TP_E_MEMORY);
    }
    buf_init(&b->message, MESSAGE_MAX);
    int rc = send_batch(t, b, e);
    buf_free(&b->message);
    free(b);
    t->outbox_wait = rc == 0 ? 0 : t->outbox_wait * 2 + RETRY_FIRST_MS;
    if (t->outbox_wait > RETRY_MOST_MS) {
        t->outbox_wait = RETRY_MOST_MS;
    }
    t->outbox_due = monotonic_ms() + retry_wait(t->outbox_wait);
    till_tell(t);
    return rc;
}
