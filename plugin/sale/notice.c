/*
 * Outcomes, receipts and refusals are told until the program has taken notice of them, that is, has come back
 * for the event after: what a crash takes out of the queue is in the journal, and is told once more. The
 * queue is filled from there alone, so that a program that is slow to listen loses none.
 */
#include "sale/internal.h"

enum { ROOM = EVENTS_MAX / 2 };

int64_t notices_due(const struct till *t)
{
    const struct events *q = &t->events;
    return (q->waiting && q->n < ROOM) || q->ack_count ? q->acks_due : INT64_MAX;
}

void notices_more(struct till *t)
{
    t->events.waiting = true;
    t->events.acks_due = 0;
}

void notices_taken(struct till *t)
{
    struct events *q = &t->events;
    if (q->noticed && q->ack_count < ACKS_MAX) {
        if (q->ack_count == 0 && !q->waiting) {
            q->acks_due = monotonic_ms() + ACK_MS;
        }
        q->acks[q->ack_count++] = q->noticed;
        till_kick(t);
    }
    q->noticed = 0;
}

struct loading {
    struct journal_notice v[NOTICES_LOADED];
    size_t n;
};

static int load_one(void *arg, const struct journal_notice *v)
{
    struct loading *l = arg;
    l->v[l->n++] = *v;
    return 0;
}

/* It waits in the queue already, or was taken and is not written yet. */
static bool in_hand(const struct events *q, int64_t number)
{
    bool found = number == q->noticed;
    for (size_t i = 0; i < q->ack_count && !found; i++) {
        found = q->acks[i] == number;
    }
    for (size_t i = 0; i < EVENTS_MAX && !found; i++) {
        found = q->slots[i].notice.n == number;
    }
    return found;
}

static int write_acks(struct till *t)
{
    struct events *q = &t->events;
    int rc = journal_noticed(t->journal, q->acks, q->ack_count, NULL);
    if (rc == 0) {
        q->ack_count = 0;
    }
    return rc;
}

void notices_run(struct till *t)
{
    struct events *q = &t->events;
    struct loading l = {.n = 0};
    int rc = write_acks(t);
    if (rc == 0 && q->waiting && q->n < ROOM) {
        rc = journal_notices(t->journal, q->loaded, NOTICES_LOADED, load_one, &l, NULL);
        q->waiting = rc != 0 || l.n == NOTICES_LOADED;
    }
    for (size_t i = 0; rc == 0 && i < l.n; i++) {
        q->loaded = l.v[i].n;
        if (!in_hand(q, l.v[i].n)) {
            event_notice(t, &l.v[i]);
        }
    }
    t->damaged = t->damaged || rc == TP_E_CORRUPT;
    /* A disk that is full is not asked again at once. */
    q->acks_due = monotonic_ms() + (rc ? RETRY_MOST_MS : q->waiting ? 0 : ACK_MS);
}
