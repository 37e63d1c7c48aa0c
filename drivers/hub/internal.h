/* The hub's own view. Everything outside the lock belongs to the hub's thread alone. */
#ifndef DRIVERS_HUB_INTERNAL_H
#define DRIVERS_HUB_INTERNAL_H

#include "drivers/hub/hub.h"

#include <libusb-1.0/libusb.h>
#include <pthread.h>
#include <poll.h>

enum {
    CONTROL_MS = 500, /* a control transfer may hold the thread this long */
    CLOSE_MS = 1000,  /* cancelled transfers have this long to come back */
    RETRY_MAX_MS = 30000,
    TROUBLE_MAX = 3, /* failed transfers in a row before a device is given up */
    FEED_MAX = 32,   /* scans of one path before the others have their turn */
    IGNORED_MAX = 128,
    POLL_FDS_MAX = 64,
};

/* CLOSED -> OPEN -> CLOSING (a transfer is still out) -> CLOSED; FREE is a place that no device has. */
enum slot_step { SLOT_FREE = 0, SLOT_CLOSED, SLOT_OPEN, SLOT_CLOSING };

struct slot {
    enum slot_step step;
    struct hub *hub;
    const struct driver *driver;
    struct driver_id id;
    struct driver_port port;
    void *dev;
    bool present;  /* plugged in, or a path that has not ended */
    bool reserved; /* holds a place in the queue */
    bool more;     /* a path's driver has bytes in hand */
    bool retry;
    int64_t retry_at, close_by; /* monotonic */
    uint32_t pause_ms;
    unsigned int trouble;

    libusb_device *usb; /* a reference, while present */
    libusb_device_handle *handle;
    struct libusb_transfer *transfer;
    uint8_t *buffer, endpoint;
    uint16_t packet;
    bool claimed, attach_later, in_flight, fresh;
    uint8_t descriptor[DRIVER_REPORT_MAX];
    size_t descriptor_size;
};

struct hub {
    struct hub_config config;
    pthread_t thread;
    int event_fd, wake_fd;

    pthread_mutex_t lock;
    pthread_cond_t ended_cond;
    /* Under the lock: */
    bool stop, ended, abandoned, starved, signalled;
    struct hub_device devices[HUB_DEVICES_MAX]; /* one for each slot */
    bool changed[HUB_DEVICES_MAX];
    uint32_t last_id;
    struct scan *queue;
    uint32_t queue_size, queue_first, queue_used, queue_reserved;

    /* The thread's: */
    struct slot slots[HUB_DEVICES_MAX];
    libusb_context *usb;
    libusb_hotplug_callback_handle hotplug;
    bool has_hotplug, rescan;
    int64_t usb_at; /* when to look again, or to start libusb again; monotonic */
    libusb_device *ignored[IGNORED_MAX];
    unsigned int ignored_count;
    struct slot *bus; /* while libusb does not start */
    struct pollfd fds[POLL_FDS_MAX];
    unsigned int usb_fds;
    struct scan scan; /* the one that a driver fills */
};

/* queue.c: what the host sees. */
bool queue_reserve(struct hub *h, struct slot *s);
void queue_release(struct hub *h, struct slot *s);
void queue_push(struct hub *h, struct slot *s, const struct scan *scan);
void device_state(struct hub *h, struct slot *s, enum hub_state state, const char *detail);
void device_broken(struct hub *h, struct slot *s);
/* A place for a device, its old one if it was here before; NULL when all are taken. */
struct slot *device_place(struct hub *h, const struct hub_device *like);
void device_forget(struct hub *h, struct slot *s);
bool hub_stopping(struct hub *h);
void hub_signal(int fd);
void hub_drain(int fd);
void hub_free(struct hub *h);

/* slot.c: one device's life. */
void slot_open(struct slot *s);
/* Releases what is open and says why; the slot is opened again later when `retry`. */
void slot_close(struct slot *s, enum hub_state state, const char *detail, bool retry);
void slot_feed(struct slot *s, struct bytes report);
void slot_feed_path(struct slot *s);
void slot_step(struct slot *s);
int64_t hub_now_ms(void);

/* usb.c: finding devices. */
void usb_start(struct hub *h);
void usb_look(struct hub *h);
bool usb_closing(const struct hub *h);
void usb_stop(struct hub *h);
void usb_ignore(struct hub *h, libusb_device *d);

/* usb_device.c: one device's transfers. */
void usb_open(struct slot *s);
/* True when everything is back; false while a transfer is out. */
bool usb_close(struct slot *s);
void usb_listen(struct slot *s);
void usb_take(struct slot *s);

/* sysfs.c: the report descriptor as the kernel's driver read it; 0 when it has none bound. */
size_t sysfs_descriptor(const char *device, unsigned int configuration, unsigned int interface, uint8_t *out,
                        size_t size);

#endif
