/* What `device list` and `device watch` share: a hub over a till's devices, or over this machine's. */
#ifndef CLI_DEVICES_H
#define CLI_DEVICES_H

#include "cli.h"
#include "drivers/hub/hub.h"

struct device_options {
    const char *shop, *till;
    struct words paths;
    bool json;
};

/* With a shop, what the till's devices.ini names; without one, USB; in both cases the paths that were given,
 * whose number all in all is *paths. */
int devices_hub(const struct device_options *o, struct hub **out, uint32_t *paths, struct err *e);
/* Waits for an event: 1 and the event, or 0 when none came in wait_ms or a signal did. */
int devices_next(struct hub *h, int wait_ms, struct hub_event *out);
/* Gives the devices back. */
void devices_hub_close(struct hub *h);
/* Any bytes as text for a terminal: what is not printable ASCII as \xNN. */
void devices_put_bytes(struct buf *out, const uint8_t *p, size_t n);

#endif
