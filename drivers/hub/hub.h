/*
 * All devices of a machine behind one descriptor: found, opened, watched, read and found again by one thread
 * of its own. The host waits on hub_fd in its own loop and takes events with hub_next; nothing here ever
 * waits for a device on the host's time, except hub_close, to its deadline.
 *
 * Scans are not lost when the host is slow: a place in the queue is taken before a device is asked for
 * its next code, and a device that is not asked keeps what it has. Events about devices are not queued but
 * marked at the device, so that the latest state is always told and the queue cannot fill with them.
 */
#ifndef DRIVERS_HUB_HUB_H
#define DRIVERS_HUB_HUB_H

#include "base/clock.h"
#include "drivers/driver.h"

enum {
    HUB_DEVICES_MAX = 16,
    HUB_PATHS_MAX = 8,
    HUB_QUEUE_MIN = 2 * HUB_DEVICES_MAX,
    HUB_QUEUE_MAX = 1024,
};

enum hub_state {
    HUB_OPENING = 1,
    HUB_READY,
    HUB_GONE,     /* unplugged, or a file at its end; it keeps its id if it comes back to the same port */
    HUB_CLAIMED,  /* claimed by another driver or program, which does not let go; tried again */
    HUB_DENIED,   /* no permission: the udev rules are not installed; tried again */
    HUB_FAILED,   /* it did not answer, stalled or broke off; tried again */
    HUB_UNUSABLE, /* it speaks nothing that a driver understands; detail says what it lacks */
};

struct hub_device {
    uint32_t id;              /* from 1, never reused for another device */
    uint32_t state;           /* enum hub_state */
    uint16_t vendor, product; /* 0 for a path */
    char driver[16];          /* empty while there is none */
    char name[64];
    char where[DRIVER_PATH_MAX]; /* "usb 1-2.3:0": bus, ports, interface; or the path */
    char detail[128];            /* one sentence to an unhappy state, or empty */
    uint64_t scans, broken;      /* delivered; codes and reports dropped because they were not whole */
};

struct hub_path {
    char path[DRIVER_PATH_MAX];
    enum driver_framing framing;
};

/* All zero is a fine configuration: USB, no paths. Copied. */
struct hub_config {
    const struct clock_source *clock; /* stamps scans; called on the hub's thread; NULL: clock_system */
    struct hub_path paths[HUB_PATHS_MAX];
    uint32_t path_count;
    bool no_usb;
    bool no_hotplug;   /* look for devices every poll_ms even where the system could tell */
    uint32_t poll_ms;  /* 0: 1000 */
    uint32_t retry_ms; /* first pause before a device is opened again, doubled up to 30 s; 0: 1000 */
    uint32_t queue;    /* scans, HUB_QUEUE_MIN..HUB_QUEUE_MAX; 0: 64 */
};

enum hub_event_kind { HUB_SCAN = 1, HUB_DEVICE = 2 };

struct hub_event {
    uint32_t kind;            /* enum hub_event_kind */
    struct hub_device device; /* HUB_DEVICE: its state now */
    struct scan scan;         /* HUB_SCAN */
};

struct hub;

/* Starts the thread, which then looks for devices. TP_E_ARGUMENT, TP_E_MEMORY, TP_E_IO; *out untouched on
 * failure. */
int hub_open(const struct hub_config *config, struct hub **out, struct err *e);

/* Readable while hub_next has something. The hub's own: never read, write or close it. [any thread] */
int hub_fd(const struct hub *h);

/* 1 and the next event, devices before scans; 0 when there is none. Never waits. [any thread] */
int hub_next(struct hub *h, struct hub_event *out);

/* Fills up to cap devices, in the order in which they were first seen; returns how many there are. [any
 * thread] */
uint32_t hub_devices(struct hub *h, struct hub_device *out, uint32_t cap);

/*
 * Gives every device back to the system and ends the thread. 0, or TP_E_TIMEOUT when a device holds the
 * thread longer than deadline_ms: it is then let go and cleans up by itself. h is dead in both cases. Takes
 * NULL. No other call on h may run or follow.
 */
int hub_close(struct hub *h, uint32_t deadline_ms);

/* A static word for a state: "ready", "claimed by another driver", ... Never NULL. */
const char *hub_state_word(uint32_t state);
/* The same as a code: TP_DEVICE_READY, ...; 0 for no state. */
int hub_state_code(uint32_t state);

#endif
