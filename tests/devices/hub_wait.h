/* Waiting on a hub as a host does: on its descriptor, never longer than a test may take. */
#ifndef TESTS_DEVICES_HUB_WAIT_H
#define TESTS_DEVICES_HUB_WAIT_H

#include "drivers/hub/hub.h"
#include "support/cm.h"

#include <poll.h>
#include <stdio.h>

enum { PATIENCE_MS = 20000 };

/* The next event; fails the test when none comes within ms. */
static inline bool next_within(struct hub *h, struct hub_event *out, int ms)
{
    struct pollfd fd = {.fd = hub_fd(h), .events = POLLIN};
    if (hub_next(h, out) == 1) {
        return true;
    }
    return poll(&fd, 1, ms) == 1 && hub_next(h, out) == 1;
}

/* The next scan; events of devices on the way are passed over. */
static inline void wait_scan(struct hub *h, struct hub_event *out)
{
    do {
        assert_true(next_within(h, out, PATIENCE_MS));
    } while (out->kind != HUB_SCAN);
}

/* Until a device is in this state; a scan on the way fails the test. */
static inline void wait_state(struct hub *h, enum hub_state state, struct hub_event *out)
{
    static struct hub_device d[HUB_DEVICES_MAX];
    for (;;) {
        uint32_t n = hub_devices(h, d, HUB_DEVICES_MAX);
        for (uint32_t i = 0; i < n; i++) {
            if (d[i].state == (uint32_t)state) {
                out->device = d[i];
                return;
            }
        }
        if (!next_within(h, out, PATIENCE_MS)) {
            fail_msg("no device became %s", hub_state_word(state));
        }
        assert_int_equal(out->kind, HUB_DEVICE);
    }
}

static inline void assert_scanned(struct hub *h, const char *symbology, const void *bytes, size_t n)
{
    static struct hub_event e;
    wait_scan(h, &e);
    assert_string_equal(e.scan.symbology, symbology);
    assert_int_equal(e.scan.n, n);
    assert_memory_equal(e.scan.bytes, bytes, n);
    assert_true(e.scan.device > 0);
    assert_true(e.scan.at_ms > 0);
}

/* Nothing but events of devices for a while. */
static inline void assert_no_scan(struct hub *h, int ms)
{
    static struct hub_event e;
    while (next_within(h, &e, ms)) {
        assert_int_equal(e.kind, HUB_DEVICE);
    }
}

#endif
