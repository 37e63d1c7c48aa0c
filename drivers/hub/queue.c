/* What the host sees of the hub: the queue of scans, the table of devices, the descriptor that tells of both.
 */
#include "drivers/hub/internal.h"

#include <unistd.h>

void hub_signal(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n; /* it can fail only when it is signalled already */
}

void hub_drain(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

static bool any_changed(const struct hub *h)
{
    for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
        if (h->changed[i]) {
            return true;
        }
    }
    return false;
}

/* With the lock: the descriptor says what the queue and the table say. */
static void show(struct hub *h)
{
    bool events = h->queue_used > 0 || any_changed(h);
    if (events && !h->signalled) {
        hub_signal(h->event_fd);
    } else if (!events && h->signalled) {
        hub_drain(h->event_fd);
    }
    h->signalled = events;
}

bool queue_reserve(struct hub *h, struct slot *s)
{
    if (s->reserved) {
        return true;
    }
    pthread_mutex_lock(&h->lock);
    s->reserved = h->queue_used + h->queue_reserved < h->queue_size;
    if (s->reserved) {
        h->queue_reserved++;
    } else {
        h->starved = true;
    }
    pthread_mutex_unlock(&h->lock);
    return s->reserved;
}

void queue_release(struct hub *h, struct slot *s)
{
    if (s->reserved) {
        pthread_mutex_lock(&h->lock);
        h->queue_reserved--;
        pthread_mutex_unlock(&h->lock);
        s->reserved = false;
    }
}

/* Into the place that the slot reserved. */
void queue_push(struct hub *h, struct slot *s, const struct scan *scan)
{
    struct hub_device *d = &h->devices[s - h->slots];
    pthread_mutex_lock(&h->lock);
    struct scan *to = &h->queue[(h->queue_first + h->queue_used) % h->queue_size];
    memcpy(to, scan, offsetof(struct scan, bytes) + scan->n);
    to->device = d->id;
    d->scans++;
    h->queue_used++;
    h->queue_reserved--;
    show(h);
    pthread_mutex_unlock(&h->lock);
    s->reserved = false;
}

void device_state(struct hub *h, struct slot *s, enum hub_state state, const char *detail)
{
    struct hub_device *d = &h->devices[s - h->slots];
    struct bytes text = bytes_str(detail);
    pthread_mutex_lock(&h->lock);
    if (d->state != (uint32_t)state || !bytes_is(text, d->detail)) {
        d->state = (uint32_t)state;
        bytes_to_cstr(text, d->detail, sizeof d->detail);
        h->changed[s - h->slots] = true;
        show(h);
    }
    pthread_mutex_unlock(&h->lock);
}

void device_broken(struct hub *h, struct slot *s)
{
    pthread_mutex_lock(&h->lock);
    h->devices[s - h->slots].broken++;
    pthread_mutex_unlock(&h->lock);
}

static bool same_device(const struct hub_device *a, const struct hub_device *b)
{
    return a->vendor == b->vendor && a->product == b->product && strcmp(a->where, b->where) == 0;
}

/* Its old place, else a new one, else that of the device that has been known longest of those that are gone.
 */
static unsigned int choose(const struct hub *h, const struct hub_device *like)
{
    unsigned int free_at = HUB_DEVICES_MAX, gone_at = HUB_DEVICES_MAX;
    for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
        const struct slot *s = &h->slots[i];
        bool gone = s->step == SLOT_CLOSED && !s->present;
        if (gone && same_device(&h->devices[i], like)) {
            return i;
        }
        if (s->step == SLOT_FREE && free_at == HUB_DEVICES_MAX) {
            free_at = i;
        }
        if (gone && (gone_at == HUB_DEVICES_MAX || h->devices[i].id < h->devices[gone_at].id)) {
            gone_at = i;
        }
    }
    return free_at < HUB_DEVICES_MAX ? free_at : gone_at;
}

struct slot *device_place(struct hub *h, const struct hub_device *like)
{
    unsigned int at = choose(h, like);
    if (at == HUB_DEVICES_MAX) {
        return NULL;
    }
    struct slot *s = &h->slots[at];
    pthread_mutex_lock(&h->lock);
    struct hub_device *d = &h->devices[at];
    if (s->step == SLOT_FREE || !same_device(d, like)) {
        *d = *like;
        d->id = ++h->last_id;
        h->changed[at] = false;
    }
    memcpy(d->name, like->name, sizeof d->name);
    pthread_mutex_unlock(&h->lock);
    *s = (struct slot){.step = SLOT_CLOSED, .hub = h, .pause_ms = h->config.retry_ms, .present = true};
    return s;
}

void device_forget(struct hub *h, struct slot *s)
{
    unsigned int at = (unsigned int)(s - h->slots);
    pthread_mutex_lock(&h->lock);
    h->devices[at] = (struct hub_device){0};
    h->changed[at] = false;
    show(h);
    pthread_mutex_unlock(&h->lock);
    *s = (struct slot){0};
}

/* With the lock. The device that was seen first, of those that have changed. */
static bool next_device(struct hub *h, struct hub_event *out)
{
    unsigned int at = HUB_DEVICES_MAX;
    for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
        if (h->changed[i] && (at == HUB_DEVICES_MAX || h->devices[i].id < h->devices[at].id)) {
            at = i;
        }
    }
    if (at == HUB_DEVICES_MAX) {
        return false;
    }
    out->kind = HUB_DEVICE;
    out->device = h->devices[at];
    h->changed[at] = false;
    return true;
}

static bool next_scan(struct hub *h, struct hub_event *out)
{
    if (h->queue_used == 0) {
        return false;
    }
    const struct scan *from = &h->queue[h->queue_first];
    out->kind = HUB_SCAN;
    memcpy(&out->scan, from, offsetof(struct scan, bytes) + from->n);
    h->queue_first = (h->queue_first + 1) % h->queue_size;
    h->queue_used--;
    return true;
}

int hub_next(struct hub *h, struct hub_event *out)
{
    pthread_mutex_lock(&h->lock);
    bool got = next_device(h, out) || next_scan(h, out);
    if (got && out->kind == HUB_SCAN && h->starved) {
        h->starved = false;
        hub_signal(h->wake_fd);
    }
    show(h);
    pthread_mutex_unlock(&h->lock);
    return got ? 1 : 0;
}

uint32_t hub_devices(struct hub *h, struct hub_device *out, uint32_t cap)
{
    uint32_t count = 0, last = 0;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        const struct hub_device *next = NULL;
        for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
            const struct hub_device *d = &h->devices[i];
            if (d->state != 0 && d->id > last && (!next || d->id < next->id)) {
                next = d;
            }
        }
        if (!next) {
            break;
        }
        if (count < cap) {
            out[count] = *next;
        }
        last = next->id;
        count++;
    }
    pthread_mutex_unlock(&h->lock);
    return count;
}

int hub_fd(const struct hub *h)
{
    return h->event_fd;
}

const char *hub_state_word(uint32_t state)
{
    static const char *const words[] = {
        [HUB_OPENING] = "opening",
        [HUB_READY] = "ready",
        [HUB_GONE] = "gone",
        [HUB_CLAIMED] = "claimed by another driver",
        [HUB_DENIED] = "no permission",
        [HUB_FAILED] = "failed",
        [HUB_UNUSABLE] = "unusable",
    };
    const char *word = state < sizeof words / sizeof words[0] ? words[state] : NULL;
    return word ? word : "unknown";
}

int hub_state_code(uint32_t state)
{
    static const int codes[] = {
        [HUB_OPENING] = TP_DEVICE_OPENING,   [HUB_READY] = TP_DEVICE_READY,   [HUB_GONE] = TP_DEVICE_GONE,
        [HUB_CLAIMED] = TP_DEVICE_CLAIMED,   [HUB_DENIED] = TP_DEVICE_DENIED, [HUB_FAILED] = TP_DEVICE_FAILED,
        [HUB_UNUSABLE] = TP_DEVICE_UNUSABLE,
    };
    return state < sizeof codes / sizeof codes[0] ? codes[state] : 0;
}
