/* The till's devices: what drivers/hub finds and reads becomes the till's events. */
#include "api/internal.h"
#include "drivers/hub/hub.h"
#include "shop/shop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { CLOSE_MS = 2000 };

_Static_assert((int)SHOP_DEVICE_PATHS == HUB_PATHS_MAX && (int)SHOP_DEVICE_PATH_SIZE == DRIVER_PATH_MAX,
               "devices.ini names as many paths as the hub takes");
_Static_assert(sizeof(struct tillproof_device) == 4 * 2 + 8 * 3 + 4 * 2 + 16 + 64 + 112 + 128,
               "struct tillproof_device has no gaps");

struct devices {
    struct till *till;
    struct hub *hub;
    pthread_t thread;
    int wake_fd; /* room for a scan, or the end */
    pthread_mutex_t lock;
    bool stop; /* under the lock */
    /* the thread's */
    struct hub_event event;
    uint8_t data[SCAN_MAX];
};

/* What present reads: the identifier first, where there is one and room for it. */
static void tell_scan(struct devices *d, const struct scan *s)
{
    struct till_event v = {.kind = EVENT_SCAN, .id = s->device};
    size_t head = strnlen(s->symbology, sizeof s->symbology - 1);
    head = head + s->n <= sizeof d->data ? head : 0;
    memcpy(d->data, s->symbology, head);
    memcpy(d->data + head, s->bytes, s->n);
    bytes_to_cstr(bytes_of(s->symbology, head), v.text, sizeof v.text);
    till_event_put(d->till, &v, bytes_of(d->data, head + s->n));
}

static void tell(struct devices *d)
{
    const struct hub_device *device = &d->event.device;
    if (d->event.kind == HUB_SCAN) {
        tell_scan(d, &d->event.scan);
        return;
    }
    struct till_event v = {.kind = EVENT_DEVICE, .id = device->id, .code = hub_state_code(device->state)};
    bytes_to_cstr(bytes_str(device->name), v.text, sizeof v.text);
    till_event_put(d->till, &v, (struct bytes){0});
}

static bool stopping(struct devices *d)
{
    pthread_mutex_lock(&d->lock);
    bool stop = d->stop;
    pthread_mutex_unlock(&d->lock);
    return stop;
}

static void wake(struct devices *d)
{
    uint64_t one = 1;
    ssize_t n = write(d->wake_fd, &one, sizeof one);
    (void)n; /* it fails only when it is awake already */
}

/* Scans that find no room stay with the hub, and in the end in their device. */
static void *run(void *arg)
{
    struct devices *d = arg;
    uint64_t count;
    while (!stopping(d)) {
        bool room = till_event_room(d->till);
        struct pollfd fds[] = {{.fd = d->wake_fd, .events = POLLIN},
                               {.fd = room ? hub_fd(d->hub) : -1, .events = POLLIN}};
        if (room && hub_next(d->hub, &d->event)) {
            tell(d);
        } else if (poll(fds, 2, -1) > 0 && fds[0].revents) {
            ssize_t n = read(d->wake_fd, &count, sizeof count);
            (void)n;
        }
    }
    return NULL;
}

static int start(struct devices *d, const struct hub_config *config, struct err *e)
{
    sigset_t all, before;
    int rc = hub_open(config, &d->hub, e);
    if (rc) {
        return rc;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&d->thread, NULL, run, d);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc) {
        (void)hub_close(d->hub, CLOSE_MS);
        return err_set(e, TP_E_MEMORY, "the system gives no thread");
    }
    return 0;
}

static void drop(struct devices *d)
{
    if (d->wake_fd >= 0) {
        close(d->wake_fd);
    }
    pthread_mutex_destroy(&d->lock);
    free(d);
}

int devices_open(struct till *till, const struct shop_devices *from, struct devices **out, struct err *e)
{
    struct hub_config config = {.no_usb = !from->usb, .path_count = from->path_count};
    if (!from->usb && from->path_count == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < from->path_count; i++) {
        config.paths[i].framing = from->paths[i].records ? DRIVER_RECORDS : DRIVER_LINES;
        memcpy(config.paths[i].path, from->paths[i].path, sizeof config.paths[i].path);
    }
    struct devices *d = calloc(1, sizeof *d);
    if (!d) {
        return err_code(e, TP_E_MEMORY);
    }
    d->till = till;
    pthread_mutex_init(&d->lock, NULL);
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = d->wake_fd >= 0
                 ? start(d, &config, e)
                 : err_set(e, TP_E_IO, "the system gives no event descriptor: %s", strerror(errno));
    if (rc) {
        drop(d);
        return rc;
    }
    *out = d;
    return 0;
}

void devices_close(struct devices *d)
{
    if (!d) {
        return;
    }
    pthread_mutex_lock(&d->lock);
    d->stop = true;
    pthread_mutex_unlock(&d->lock);
    wake(d);
    pthread_join(d->thread, NULL);
    /* One that holds the hub's thread longer is let go, and cleans up by itself. */
    (void)hub_close(d->hub, CLOSE_MS);
    drop(d);
}

void devices_taken(struct devices *d, int kind)
{
    if (d && kind == EVENT_SCAN) {
        wake(d);
    }
}

static void fill(struct tillproof_device *out, const struct hub_device *d)
{
    out->state = hub_state_code(d->state);
    out->id = d->id;
    out->scans = (int64_t)d->scans;
    out->broken = (int64_t)d->broken;
    out->vendor = d->vendor;
    out->product = d->product;
    bytes_to_cstr(bytes_str(d->driver), out->driver, sizeof out->driver);
    bytes_to_cstr(bytes_str(d->name), out->name, sizeof out->name);
    bytes_to_cstr(bytes_str(d->where), out->where, sizeof out->where);
    bytes_to_cstr(bytes_str(d->detail), out->detail, sizeof out->detail);
}

int32_t tillproof_device(struct tillproof *handle, uint32_t index, struct tillproof_device *device)
{
    struct hub_device list[HUB_DEVICES_MAX];
    struct tillproof_device out = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(device, FIRST_DEVICE);
    if (rc) {
        return rc;
    }
    uint32_t n = handle->devices ? hub_devices(handle->devices->hub, list, HUB_DEVICES_MAX) : 0;
    if (index < n) {
        fill(&out, &list[index]);
    }
    api_out(device, &out, sizeof out);
    return 0;
}
