/* For guests with devices: devices.ini, and waiting for what a device tells. */
#ifndef GUEST_SCANNER_H
#define GUEST_SCANNER_H

#include "guest.h"

enum { PATIENCE_MS = 20000, SCAN_MOST = 4096 };

struct scan {
    struct tillproof_event event;
    char data[SCAN_MOST];
};

static inline void devices_ini(const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/tills/till1/devices.ini", shop);
    if (!text) {
        remove(path);
        return;
    }
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

/* The next event of this kind; others are passed by. */
static inline struct tillproof_event wait_event(struct tillproof *t, uint32_t kind)
{
    struct tillproof_event v = {.size = sizeof v};
    do {
        assert_int_equal(plugin.event_next_(t, PATIENCE_MS, &v), 0);
        assert_int_not_equal(v.kind, 0);
    } while (v.kind != kind);
    return v;
}

static inline struct tillproof_event wait_state(struct tillproof *t, int32_t state)
{
    struct tillproof_event v;
    do {
        v = wait_event(t, TILLPROOF_EVENT_DEVICE);
    } while (v.code != state);
    return v;
}

static inline void wait_scan(struct tillproof *t, struct scan *s)
{
    uint32_t length = sizeof s->data;
    s->event = wait_event(t, TILLPROOF_EVENT_SCAN);
    assert_int_equal(plugin.event_data_(t, s->event.number, s->data, &length), 0);
    assert_int_equal(length, s->event.length);
}

static inline void assert_scan(struct tillproof *t, const void *bytes, size_t n)
{
    static struct scan s;
    wait_scan(t, &s);
    assert_int_equal(s.event.length, n);
    assert_memory_equal(s.data, bytes, n);
    assert_int_equal(s.event.dropped, 0);
}

static inline struct tillproof_device device_at(struct tillproof *t, uint32_t index)
{
    struct tillproof_device d = {.size = sizeof d};
    assert_int_equal(plugin.device_(t, index, &d), 0);
    return d;
}

/* What a program does with a scan; the outcome. */
static inline int32_t present_scan(struct tillproof *t, int64_t sale, const struct scan *s)
{
    struct tillproof_presentation p = {.size = sizeof p};
    assert_int_equal(plugin.present_(t, sale, TILLPROOF_SCAN, s->data, s->event.length, &p), 0);
    return p.outcome;
}

/* The next scan is a coupon: presented, held, paid. */
static inline void redeem_next(struct tillproof *t, const char *reference)
{
    static struct scan s;
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_commit c = {.size = sizeof c};
    struct tillproof_tender tender = {.size = sizeof tender, .amount = DUE, .kind = "cash"};
    struct tillproof_offer_result offer = {.size = sizeof offer};
    int64_t sale = 0;
    wait_scan(t, &s);
    assert_int_equal(sale_fill(t, reference, 0, NULL, &sale), 0);
    assert_int_equal(present_scan(t, sale, &s), TILLPROOF_OK);
    assert_int_equal(plugin.hold_(t, sale, PATIENCE_MS, &q), 0);
    assert_int_equal(q.outcome, TILLPROOF_BINDING);
    assert_int_equal(q.due, DUE);
    assert_int_equal(plugin.offer_result_(t, sale, 0, &offer), 0);
    assert_int_equal(offer.outcome, TILLPROOF_APPLIED);
    assert_int_equal(plugin.commit_(t, sale, reference, &tender, 1, &c), 0);
    assert_int_equal(c.outcome, TILLPROOF_COMMITTED);
}

#endif
