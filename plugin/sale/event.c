/* What the till has to tell: a bounded queue that nobody needs to listen to. */
#include "sale/internal.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int events_open(struct events *q, struct err *e)
{
    q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    q->waiting = true; /* what the last run left */
    return q->fd >= 0 ? 0 : err_set(e, TP_E_IO, "the system gives no event descriptor: %s", strerror(errno));
}

void events_close(struct events *q)
{
    for (size_t i = 0; i < EVENTS_MAX; i++) {
        buf_free(&q->slots[i].data);
    }
    buf_free(&q->taken);
    if (q->fd > 0) {
        close(q->fd);
    }
}

static struct event_slot *slot_at(struct events *q, size_t i)
{
    return &q->slots[(q->first + i) % EVENTS_MAX];
}

static void drop_at(struct events *q, size_t i)
{
    buf_free(&slot_at(q, i)->data);
    for (; i + 1 < q->n; i++) {
        *slot_at(q, i) = *slot_at(q, i + 1);
    }
    *slot_at(q, i) = (struct event_slot){0};
    q->n--;
}

/* The descriptor is readable exactly while something waits. */
static void signal_fd(struct events *q)
{
    uint64_t one = 1, many;
    if (q->n && !q->readable) {
        q->readable = write(q->fd, &one, sizeof one) == (ssize_t)sizeof one;
    } else if (!q->n && q->readable) {
        q->readable = read(q->fd, &many, sizeof many) != (ssize_t)sizeof many;
    }
}

/* Of a state only the newest is worth telling. */
static bool is_state(int kind)
{
    return kind == EVENT_ONLINE || kind == EVENT_HOLD || kind == EVENT_QUARANTINED || kind == EVENT_BEHIND ||
           kind == EVENT_NEWS || kind == EVENT_DEVICE;
}

static bool same_thing(const struct event_slot *old, const struct till_event *v,
                       const struct journal_notice *of)
{
    if (of && old->notice.n) {
        return old->notice.kind == of->kind && old->notice.place == of->place &&
               memcmp(old->notice.record, of->record, HASH_SIZE) == 0;
    }
    return is_state(v->kind) && old->event.kind == v->kind && old->event.sale == v->sale &&
           (v->kind != EVENT_DEVICE || old->event.id == v->id);
}

static void drop_older(struct events *q, const struct till_event *v, const struct journal_notice *of)
{
    size_t i = 0;
    while (i < q->n && !same_thing(slot_at(q, i), v, of)) {
        i++;
    }
    if (i < q->n) {
        drop_at(q, i);
    }
}

/* A code that somebody scanned is never lost: whoever puts scans waits for room (till_event_room). */
static size_t oldest_to_lose(struct events *q)
{
    size_t i = 0;
    while (i + 1 < q->n && slot_at(q, i)->event.kind == EVENT_SCAN) {
        i++;
    }
    return i;
}

/* What the journal keeps makes room first: it comes again when there is some. */
static void make_room(struct events *q)
{
    size_t i = q->n;
    while (i > 0 && !slot_at(q, i - 1)->notice.n) {
        i--;
    }
    if (i > 0) {
        int64_t before = slot_at(q, i - 1)->notice.n - 1;
        q->loaded = before < q->loaded ? before : q->loaded;
        q->waiting = true;
        drop_at(q, i - 1);
    } else {
        drop_at(q, oldest_to_lose(q));
        q->dropped++;
    }
}

static void put(struct till *t, const struct till_event *v, struct bytes data,
                const struct journal_notice *of)
{
    struct events *q = &t->events;
    drop_older(q, v, of);
    if (q->n == EVENTS_MAX) {
        make_room(q);
    }
    struct event_slot *s = slot_at(q, q->n++);
    s->event = *v;
    s->event.number = ++q->last;
    s->event.at_ms = till_now(t, NULL);
    s->notice = of ? *of : (struct journal_notice){0};
    buf_init(&s->data, EVENT_DATA_MAX);
    buf_put(&s->data, data.p, data.n);
    s->event.data = s->data.n;
    signal_fd(q);
    till_tell(t);
}

void event_put(struct till *t, const struct till_event *v, struct bytes data)
{
    put(t, v, data, NULL);
}

void event_state(struct till *t, int kind, int code)
{
    event_put(t, &(struct till_event){.kind = kind, .code = code}, (struct bytes){0});
}

void event_hold(struct till *t, const struct sale *s, int code)
{
    struct till_event v = {.kind = EVENT_HOLD, .code = code, .sale = s->id};
    if (granted_alive(t, s)) {
        v.amount = s->granted->until_boot - clock_boot(t->clock);
    }
    event_put(t, &v, (struct bytes){0});
}

void event_online(struct till *t, int code)
{
    t->online = code == 0;
    t->doubt = code == TP_E_CORRUPT ? code : t->doubt;
    /* An authority whose word does not check out is not one that answers, until it does. */
    code = code ? code : t->doubt;
    if (!t->online_told || t->online_code != code) {
        t->online_told = true;
        t->online_code = code;
        event_state(t, EVENT_ONLINE, code);
    }
}

/* The commit's redemptions are in the order of the quote's offers. */
static void name_redemption(struct till *t, struct till_event *v)
{
    struct sale *s = NULL;
    if (!v->sale || sale_find(t, v->sale, &s, NULL) || s->state == SALE_OPEN ||
        v->id >= (int64_t)s->price.quote.applied.n) {
        return;
    }
    const struct quote_applied *a = &s->price.quote.applied.v[v->id];
    const struct known_offer *k = replica_offer(&t->replica, a->ref, a->version);
    bytes_to_cstr(a->id, v->offer, sizeof v->offer);
    bytes_to_cstr(k ? k->terms.title : a->id, v->text, sizeof v->text);
}

void event_notice(struct till *t, const struct journal_notice *of)
{
    struct till_event v = {.kind = EVENT_OUTCOME, .code = of->reason, .sale = of->sale, .amount = of->amount};
    if (of->kind == NOTICE_OUTCOME) {
        v.id = of->place;
        name_redemption(t, &v);
    } else {
        v.kind = of->kind == NOTICE_RECEIPT ? EVENT_RECEIPT : EVENT_REFUSED;
        v.id = of->kind == NOTICE_RECEIPT ? of->seq : 0;
        bytes_to_cstr(bytes_str(of->reason ? code_sentence(of->reason) : ""), v.text, sizeof v.text);
    }
    put(t, &v, bytes_of(of->record, HASH_SIZE), of);
}

/* ---- the listener's side ---- */

void till_event_put(struct till *t, const struct till_event *v, struct bytes data)
{
    till_lock(t);
    event_put(t, v, data);
    till_unlock(t);
}

bool till_event_room(struct till *t)
{
    size_t scans = 0;
    till_lock(t);
    for (size_t i = 0; i < t->events.n; i++) {
        scans += slot_at(&t->events, i)->event.kind == EVENT_SCAN;
    }
    till_unlock(t);
    return scans < EVENT_SCANS_MAX;
}

int till_event_fd(struct till *t)
{
    return t->events.fd;
}

static void take_first(struct events *q, struct till_event *out)
{
    struct event_slot *s = slot_at(q, 0);
    *out = s->event;
    out->dropped = q->dropped;
    q->dropped = 0;
    buf_free(&q->taken);
    q->taken = s->data;
    q->taken_number = s->event.number;
    q->noticed = s->notice.n;
    *s = (struct event_slot){0};
    q->first = (q->first + 1) % EVENTS_MAX;
    q->n--;
    signal_fd(q);
}

void till_event_next(struct till *t, int64_t wait_ms, struct till_event *out)
{
    int64_t until = monotonic_ms() + wait_ms;
    bool in_time = wait_ms > 0;
    *out = (struct till_event){0};
    till_lock(t);
    notices_taken(t);
    while (t->events.n == 0 && in_time) {
        in_time = till_wait(t, until);
    }
    if (t->events.n) {
        take_first(&t->events, out);
    }
    till_unlock(t);
}

int till_event_data(struct till *t, int64_t number, struct buf *out, struct err *e)
{
    till_lock(t);
    int rc = number > 0 && number == t->events.taken_number
                 ? 0
                 : err_set(e, TP_E_ARGUMENT, "that is not the event that was taken last");
    if (rc == 0) {
        buf_put(out, t->events.taken.p, t->events.taken.n);
        rc = out->failed ? err_code(e, TP_E_MEMORY) : 0;
    }
    till_unlock(t);
    return rc;
}
