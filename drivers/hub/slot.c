/* One device's life: opened, read, closed, opened again. */
#include "drivers/hub/internal.h"

#include <time.h>

int64_t hub_now_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void plan_retry(struct slot *s, bool retry)
{
    s->retry = retry && s->present;
    s->retry_at = hub_now_ms() + s->pause_ms;
    s->pause_ms = s->pause_ms * 2 < RETRY_MAX_MS ? s->pause_ms * 2 : RETRY_MAX_MS;
}

/* The driver's part goes first, so that nothing of a broken code survives; then the hub's. */
void slot_close(struct slot *s, enum hub_state state, const char *detail, bool retry)
{
    if (s->dev) {
        s->driver->close(s->dev);
        s->dev = NULL;
    }
    s->more = false;
    plan_retry(s, retry);
    s->step = usb_close(s) ? SLOT_CLOSED : SLOT_CLOSING;
    queue_release(s->hub, s);
    device_state(s->hub, s, state, detail);
}

static void open_path(struct slot *s)
{
    struct err e = {0};
    int rc = s->driver->open(&s->port, &s->dev, &e);
    if (rc == 0) {
        s->step = SLOT_OPEN;
        device_state(s->hub, s, HUB_READY, "");
    } else {
        slot_close(s, rc == TP_UNSUPPORTED ? HUB_UNUSABLE : HUB_FAILED, e.text, rc != TP_UNSUPPORTED);
    }
}

void slot_open(struct slot *s)
{
    s->retry = false;
    s->trouble = 0;
    if (s->id.bus == DRIVER_PATH) {
        open_path(s);
    } else {
        usb_open(s);
    }
}

/* What a driver said of one read. True while it may have more. */
static bool take(struct slot *s, int rc)
{
    struct hub *h = s->hub;
    if (rc == 1) {
        queue_push(h, s, &h->scan);
        s->pause_ms = h->config.retry_ms;
        return true;
    }
    if (rc == TP_E_MALFORMED) {
        device_broken(h, s);
        return true;
    }
    if (rc == TP_E_STATE) {
        s->present = false;
        slot_close(s, HUB_GONE, "it was read to its end", false);
    } else if (rc < 0) {
        slot_close(s, HUB_FAILED, "it broke off", true);
    }
    return false;
}

static int64_t stamp(const struct hub *h)
{
    return clock_boot(h->config.clock);
}

/* One report holds at most one code, so the place that was reserved for it is enough. */
void slot_feed(struct slot *s, struct bytes report)
{
    do {
        if (!queue_reserve(s->hub, s)) {
            device_broken(s->hub, s);
            return;
        }
    } while (take(s, s->driver->read(s->dev, &report, stamp(s->hub), &s->hub->scan)) && report.n > 0);
}

void slot_feed_path(struct slot *s)
{
    s->more = true;
    for (int i = 0; i < FEED_MAX; i++) {
        if (!queue_reserve(s->hub, s)) {
            return;
        }
        if (!take(s, s->driver->read(s->dev, NULL, stamp(s->hub), &s->hub->scan))) {
            s->more = false;
            return;
        }
    }
}

void slot_step(struct slot *s)
{
    if (s->step == SLOT_CLOSING && usb_close(s)) {
        s->step = SLOT_CLOSED;
    }
    if (s->step == SLOT_CLOSED && s->present && s->retry && hub_now_ms() >= s->retry_at) {
        slot_open(s);
    }
    if (s->step == SLOT_OPEN && s->id.bus == DRIVER_USB_HID) {
        usb_take(s);
    }
    if (s->step == SLOT_OPEN && s->id.bus == DRIVER_USB_HID) {
        usb_listen(s);
    }
    if (s->step == SLOT_OPEN && s->more) {
        slot_feed_path(s);
    }
}
