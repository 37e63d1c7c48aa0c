/* Holds: the one thing that a sale waits for. And releases, which nobody waits for. */
#include "sale/internal.h"

#include <stdlib.h>

enum { HOLD_RETRY_MOST_MS = 1000, BACKLOG_ROUNDS = 4 };

void ask_end(struct till *t, struct ask *a, int reason)
{
    if (a->renewal) {
        renewal_end(t, a, reason);
        return;
    }
    ask_unlink(t, a);
    a->done = true;
    a->reason = reason;
    if (a->abandoned) {
        ask_free(a);
    }
    till_tell(t);
}

/* Nothing came back: it may have been lost on the way there or back. The same request is sent again, and gets
 * the same answer. */
void ask_later(struct ask *a, int64_t most_ms)
{
    int64_t wait = RETRY_FIRST_MS;
    for (int i = 1; i < a->attempts && wait < most_ms; i++) {
        wait *= 2;
    }
    a->due = monotonic_ms() + (wait < most_ms ? wait : most_ms);
}

/* Whether the sale still waits for this answer. */
static bool wanted(const struct sale *s, const struct ask *a)
{
    return a->renewal ? renewal_current(s, a) : s && !a->abandoned && s->asking == a;
}

/* asking: what was decided alone is past, for the authority is asked again. */
static int store_rev(struct till *t, struct sale *s, bool asking, struct err *e)
{
    struct journal_sale row;
    const struct journal_decision none = {.reason = 0};
    if (s->state != SALE_OPEN) {
        return 0;
    }
    sale_row(s, &row);
    row.decided = asking ? &none : NULL; /* of no count */
    int rc = journal_sale_put(t->journal, &row, e);
    s->stored = s->stored || rc == 0;
    return rc;
}

static size_t list_coupons(const struct sale *s, struct bytes out[MAX_COUPONS])
{
    size_t n = 0;
    for (size_t i = 0; i < s->presented_count && n < MAX_COUPONS; i++) {
        if (!s->presented[i]->card && !s->presented[i]->gs1 && !s->presented[i]->pickup[0]) {
            out[n++] = bytes_of(s->presented[i]->raw, s->presented[i]->n);
        }
    }
    return n;
}

static size_t list_gs1(const struct sale *s, struct gs1_shown out[MAX_COUPONS])
{
    size_t n = 0;
    for (size_t i = 0; i < s->presented_count && n < MAX_COUPONS; i++) {
        const struct presentation *p = s->presented[i];
        if (p->gs1) {
            out[n].element = bytes_of(p->raw, p->n);
            memcpy(out[n++].offer, p->offer, REF_SIZE);
        }
    }
    return n;
}

static int build_hold(struct till *t, struct sale *s, struct ask *a, struct err *e)
{
    struct bytes coupons[MAX_COUPONS], pickups[MAX_PICKUPS];
    struct gs1_shown gs1[MAX_COUPONS];
    struct basket basket;
    struct hold hold = {.head = t->head, .checkpoint = t->seen.size ? &t->seen : NULL, .rev = s->rev + 1};
    struct buf envelope, person;
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&person, PART_MAX);
    till_common(t, &hold.common, request_time(t));
    memcpy(hold.sale, s->uuid, ID_SIZE);
    hold.coupons.v = coupons;
    hold.coupons.n = list_coupons(s, coupons);
    hold.pickups.v = pickups;
    hold.pickups.n = pickups_list(s, a, pickups);
    hold.gs1.v = gs1;
    hold.gs1.n = list_gs1(s, gs1);
    sale_basket(t, s, hold.common.time_ms, &basket);
    int rc = random_bytes(hold.id, ID_SIZE);
    rc = rc ? err_code(e, rc) : lines_part_put(&basket, &a->lines, hold.lines, e);
    rc = rc ? rc : person_part_put(s, false, &person, hold.person, e);
    rc = rc ? rc : statement_sign(KIND_HOLD, &hold, bytes_str(t->who.name), &t->key, &envelope, a->d, e);
    if (rc == 0) {
        message_put(&a->message, KIND_HOLD, buf_view(&envelope), buf_view(&a->lines), buf_view(&person));
        rc = a->message.failed ? err_code(e, TP_E_MEMORY) : 0;
    }
    if (rc == 0) {
        memcpy(a->lines_hash, hold.lines, HASH_SIZE);
        a->tax_included = basket.tax_included;
        a->rev = hold.rev;
        s->rev = hold.rev;
        /* Before the first byte leaves: after a kill the sale must know its identity and revision. */
        rc = store_rev(t, s, true, e);
    }
    buf_free(&envelope);
    buf_free(&person);
    return rc > 0 ? TP_E_ARGUMENT : rc;
}

/* A reply that names our hold: a grant, or why not. False: it is as if none had come. */
static bool take_reply(struct till *t, struct ask *a, struct bytes reply)
{
    struct answer answer;
    if (first_answer(reply, a->d, &answer, &a->err)) {
        return false;
    }
    if (answer.kind == ANSWER_PROBLEM) {
        if (answer.reason < 0) {
            return false;
        }
        t->sync_due = 0; /* a refusal may mean that the till knows too little */
        ask_end(t, a, answer.reason);
        return true;
    }
    if (answer.kind != ANSWER_GRANT) {
        return false;
    }
    struct sale *s = sale_in_memory(t, a->sale);
    if (!wanted(s, a)) {
        hold_late(t, a);
        return true;
    }
    int rc = grant_take(t, s, a, &answer, &a->err);
    if (a->renewal && rc == TP_EXPIRED) {
        ask_end(t, a, rc);
        return true;
    }
    if (rc == 0) {
        ask_end(t, a, 0);
    }
    return rc == 0;
}

/* The answer is not wanted any more: give back what it reserved, unless the sale went on. */
void hold_late(struct till *t, struct ask *a)
{
    struct sale *s = sale_in_memory(t, a->sale);
    /* A renewal that came late renewed what the sale still has. */
    bool went_on = s && (s->asking || s->rev != a->rev || s->state != SALE_OPEN || s->granted || a->renewal);
    if (!went_on) {
        if (s) {
            release_queue(t, s);
        } else {
            release_queue_uuid(t, a->sale, a->uuid, a->rev + 1);
        }
    }
    ask_end(t, a, TP_OFFLINE);
}

/* What this till did before must be known there first: a coupon that a void gave back, or a commit used up.
 */
void send_backlog(struct till *t)
{
    for (int i = 0; i < BACKLOG_ROUNDS && t->counts.unsent && t->outbox_due <= monotonic_ms(); i++) {
        (void)outbox_run(t, NULL);
    }
}

/* A coupon of the sale that this till has used itself, and its authority does not know it yet. */
static int used_unsent(struct till *t, const struct sale *s, bool *used, struct err *e)
{
    int rc = 0;
    *used = false;
    for (size_t i = 0; i < s->presented_count && t->counts.unsent && rc == 0 && !*used; i++) {
        const struct presentation *p = s->presented[i];
        int64_t uses = 0;
        if (!p->card && !p->gs1 && !p->pickup[0]) {
            rc = journal_uses_unsent(t->journal, p->batch, p->index, &uses, e);
            *used = uses > 0;
        }
    }
    return rc;
}

/* Where what it used is still unsent, for the line has only just come back, or there is much before it, that
 * goes on its way now; until it is there the sale is not asked for: the coupon would be granted once more. */
static int tell_used(struct till *t, struct ask *a)
{
    struct sale *s = sale_in_memory(t, a->sale);
    bool used = false;
    int rc = wanted(s, a) ? used_unsent(t, s, &used, &a->err) : 0;
    if (rc == 0 && used) {
        (void)outbox_run(t, NULL);
        s = sale_in_memory(t, a->sale); /* the lock was not held meanwhile */
        rc = wanted(s, a) ? used_unsent(t, s, &used, &a->err) : 0;
    }
    return rc ? rc : used ? TP_OFFLINE : 0;
}

static int prepare(struct till *t, struct ask *a)
{
    if (!t->synced) {
        sync_run(t);
    }
    send_backlog(t);
    int rc = tell_used(t, a);
    struct sale *s = sale_in_memory(t, a->sale);
    if (rc || !wanted(s, a)) {
        return rc ? rc : TP_OFFLINE; /* that took too long */
    }
    if (t->behind) {
        return err_code(&a->err, TP_E_BEHIND);
    }
    if (t->revoked) {
        return TP_REVOKED;
    }
    if (t->replica.policy.version == 0 || !t->synced) {
        return TP_OFFLINE;
    }
    if (!bytes_is(t->replica.policy.currency, s->currency)) {
        return TP_CURRENCY;
    }
    return build_hold(t, s, a, &a->err);
}

void hold_run(struct till *t, struct ask *a)
{
    if (a->renewal && !wanted(sale_in_memory(t, a->sale), a)) {
        hold_late(t, a);
        return;
    }
    a->attempts++;
    a->flying = true;
    if (a->sent_boot == 0) {
        int rc = prepare(t, a);
        if (rc) {
            a->flying = false;
            if (a->abandoned || rc != TP_OFFLINE || !wanted(sale_in_memory(t, a->sale), a)) {
                ask_end(t, a, rc);
            } else {
                ask_later(a, HOLD_RETRY_MOST_MS);
            }
            return;
        }
        a->sent_boot = clock_boot(t->clock);
    }
    struct buf reply;
    buf_init(&reply, REPLY_MAX);
    a->err = (struct err){0};
    int rc = worker_call(t, buf_view(&a->message), &reply, &a->err);
    a->flying = false;
    if (rc || !take_reply(t, a, buf_view(&reply))) {
        if (a->abandoned || !wanted(sale_in_memory(t, a->sale), a)) {
            hold_late(t, a);
        } else {
            ask_later(a, HOLD_RETRY_MOST_MS);
        }
    }
    buf_free(&reply);
}

/* ---- release ---- */

void release_queue_uuid(struct till *t, int64_t sale, const uint8_t uuid[ID_SIZE], int64_t rev)
{
    struct ask *a = calloc(1, sizeof *a);
    if (!a) {
        return; /* the reservation ends by itself */
    }
    a->sale = sale;
    a->rev = rev;
    a->abandoned = true;
    memcpy(a->uuid, uuid, ID_SIZE);
    buf_init(&a->message, ENVELOPE_MAX);
    buf_init(&a->lines, 1);
    ask_add(t, a);
}

void release_queue(struct till *t, struct sale *s)
{
    s->reserved = false;
    s->rev++;
    release_queue_uuid(t, s->id, s->uuid, s->rev);
}

static int build_release(struct till *t, struct ask *a)
{
    struct release release = {.head = t->head, .checkpoint = t->seen.size ? &t->seen : NULL, .rev = a->rev};
    struct sale *s = sale_in_memory(t, a->sale);
    int rc = t->behind ? TP_E_BEHIND : s ? store_rev(t, s, false, NULL) : 0;
    till_common(t, &release.common, request_time(t));
    memcpy(release.sale, a->uuid, ID_SIZE);
    rc = rc ? rc : random_bytes(release.id, ID_SIZE);
    return rc ? rc
              : statement_sign(KIND_RELEASE, &release, bytes_str(t->who.name), &t->key, &a->message, a->d,
                               NULL);
}

/* A newer request of the sale, or its commit, makes a release void. */
static bool release_moot(struct till *t, const struct ask *a)
{
    const struct sale *s = sale_in_memory(t, a->sale);
    return s && (s->rev > a->rev || s->state != SALE_OPEN);
}

void release_run(struct till *t, struct ask *a)
{
    struct answer answer;
    struct buf reply;
    buf_init(&reply, REPLY_MAX);
    a->attempts++;
    int rc = release_moot(t, a) ? TP_SUPERSEDED : 0;
    if (rc == 0 && a->message.n == 0) {
        rc = build_release(t, a);
    }
    if (rc == 0) {
        rc = worker_call(t, buf_view(&a->message), &reply, NULL);
        bool answered = rc == 0 && first_answer(buf_view(&reply), a->d, &answer, NULL) == 0;
        if (!answered && a->attempts < RELEASE_ATTEMPTS) {
            ask_later(a, RETRY_MOST_MS);
            buf_free(&reply);
            return;
        }
    }
    buf_free(&reply);
    ask_end(t, a, 0);
}

int till_release(struct till *t, int64_t sale, struct err *e)
{
    till_lock(t);
    struct sale *s = NULL;
    int rc = sale_change(t, sale, &s, e);
    if (rc == 0) {
        if (s->granted) {
            sale_touched(s);
        }
        if (s->alone) {
            price_drop(&s->price); /* what it was told alone is free for other sales */
        }
        if (s->reserved) {
            release_queue(t, s);
        }
    }
    till_unlock(t);
    return rc;
}

/* ---- the caller's side ---- */

struct ask *ask_new(const struct sale *s, struct err *e)
{
    struct ask *a = calloc(1, sizeof *a);
    if (!a) {
        err_code(e, TP_E_MEMORY);
        return NULL;
    }
    a->hold = true;
    a->sale = s->id;
    memcpy(a->uuid, s->uuid, ID_SIZE);
    buf_init(&a->message, MESSAGE_MAX);
    buf_init(&a->lines, PART_MAX);
    return a;
}

/* The deadline has come: the worker keeps what is under way; what was sent is given back. */
static void abandon(struct till *t, struct sale *s, struct ask *a)
{
    a->abandoned = true;
    if (a->flying) {
        return;
    }
    ask_unlink(t, a);
    if (a->sent_boot && !s->granted) {
        release_queue(t, s);
    }
    ask_free(a);
}

static int wait_for(struct till *t, struct sale *s, struct ask *a, int64_t until, struct err *e)
{
    bool in_time = true;
    while (!a->done && in_time) {
        in_time = till_wait(t, until);
    }
    s->asking = NULL;
    if (!a->done) {
        s->hold_reason = TP_OFFLINE;
        alone_begin(t, s, TP_OFFLINE);
        abandon(t, s, a);
        return 0;
    }
    int rc = 0;
    if (a->reason < 0) {
        rc = err_set(e, a->reason, "%s", a->err.code ? a->err.text : code_sentence(a->reason));
    } else if (a->reason) {
        s->hold_reason = a->reason;
        alone_begin(t, s, a->reason);
    }
    ask_free(a);
    return rc;
}

static int ask_and_wait(struct till *t, struct sale *s, int64_t until, struct err *e)
{
    struct ask *a = ask_new(s, e);
    if (!a) {
        return TP_E_MEMORY;
    }
    s->asking = a;
    s->hold_reason = 0;
    ask_add(t, a);
    return wait_for(t, s, a, until, e);
}

int till_hold(struct till *t, int64_t sale, int64_t deadline_ms, struct quote_info *out, struct err *e)
{
    int64_t until = monotonic_ms() + deadline_ms;
    till_lock(t);
    struct sale *s = NULL;
    int rc = sale_change(t, sale, &s, e);
    if (rc == 0 && t->behind && !s->training) {
        rc = err_code(e, TP_E_BEHIND);
    }
    if (rc == 0 && !s->training) {
        rc = s->refund ? refund_hold(t, s, until, e) : ask_and_wait(t, s, until, e);
    }
    if (rc == 0) {
        rc = price_now(t, s, e);
    }
    if (rc == 0 && s->alone) {
        rc = alone_keep(t, s, e);
    }
    if (rc >= 0) {
        quote_fill(t, s, rc, out);
        rc = 0;
    }
    till_unlock(t);
    return rc;
}
