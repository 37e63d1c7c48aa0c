/* Records on their way to the authority, oldest first. What it does not answer is sent again. */
#include "sale/internal.h"

#include <stdlib.h>

enum { BATCH_ITEMS = 64, BATCH_BYTES = 1024 * 1024 };

struct batch_out {
    struct buf message;
    uint8_t d[BATCH_ITEMS][HASH_SIZE];
    struct journal_answer answers[BATCH_ITEMS];
    size_t sent, answered;
};

enum { BATCH_FULL = 1 };

static int put_record(void *arg, const struct journal_record *r)
{
    struct batch_out *b = arg;
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

static void tell_refused(struct till *t, const struct batch_out *b, int kept)
{
    for (size_t i = 0; kept == 0 && i < b->answered; i++) {
        if (b->answers[i].reason) {
            event_refused(t, b->answers[i].d, b->answers[i].reason);
        }
    }
}

static int send_batch(struct till *t, struct batch_out *b, struct err *e)
{
    struct buf reply;
    buf_init(&reply, REPLY_MAX);
    int rc = journal_unsent(t->journal, BATCH_ITEMS + 1, put_record, b, e);
    rc = rc == BATCH_FULL ? 0 : rc;
    if (rc == 0 && b->sent) {
        rc = worker_call(t, buf_view(&b->message), &reply, e);
    }
    /* Also of a call that failed in the midst: what was answered before is answered. */
    read_answers(b, buf_view(&reply));
    if (b->answered) {
        int kept = journal_answered(t->journal, b->answers, b->answered, e);
        rc = rc ? rc : kept;
        tell_refused(t, b, kept);
        int counted = journal_counts(t->journal, &t->counts, e);
        rc = rc ? rc : counted;
    } else if (rc == 0 && b->sent) {
        rc = err_set(e, TP_OFFLINE, "the authority answered no record");
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
    t->outbox_due = monotonic_ms() + t->outbox_wait;
    till_tell(t);
    return rc;
}
