/* The hub's thread, and its beginning and end. */
#include "drivers/hub/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { DEFAULT_QUEUE = 64, DEFAULT_MS = 1000, IDLE_MS = 60000 };

bool hub_stopping(struct hub *h)
{
    pthread_mutex_lock(&h->lock);
    bool stop = h->stop;
    pthread_mutex_unlock(&h->lock);
    return stop;
}

static void open_paths(struct hub *h)
{
    for (uint32_t i = 0; i < h->config.path_count; i++) {
        struct hub_device like = {0};
        const struct hub_path *path = &h->config.paths[i];
        memcpy(like.where, path->path, sizeof like.where);
        memcpy(like.driver, "virtual", sizeof "virtual");
        memcpy(like.name, "virtual scanner", sizeof "virtual scanner");
        struct slot *s = device_place(h, &like);
        s->driver = &driver_virtual;
        s->id.bus = DRIVER_PATH;
        s->id.framing = path->framing;
        memcpy(s->id.path, path->path, sizeof s->id.path);
        s->port.id = &s->id;
        device_state(h, s, HUB_OPENING, "");
        s->retry = true;
    }
}

/* The first fd wakes; then libusb's; then those of paths that may be read now. */
static nfds_t collect_fds(struct hub *h, struct slot *owner[])
{
    nfds_t n = 1;
    h->fds[0] = (struct pollfd){.fd = h->wake_fd, .events = POLLIN};
    const struct libusb_pollfd **usb = h->usb ? libusb_get_pollfds(h->usb) : NULL;
    for (unsigned int i = 0; usb && usb[i] && n < POLL_FDS_MAX - HUB_PATHS_MAX; i++) {
        h->fds[n++] = (struct pollfd){.fd = usb[i]->fd, .events = usb[i]->events};
    }
    libusb_free_pollfds(usb);
    h->usb_fds = (unsigned int)n - 1;
    for (unsigned int i = 0; i < HUB_DEVICES_MAX && n < POLL_FDS_MAX; i++) {
        struct slot *s = &h->slots[i];
        if (s->step == SLOT_OPEN && s->id.bus == DRIVER_PATH && queue_reserve(h, s)) {
            owner[n] = s;
            h->fds[n++] = (struct pollfd){.fd = s->driver->fd(s->dev), .events = POLLIN};
        }
    }
    return n;
}

static void earlier(int64_t *at, int64_t than)
{
    if (than < *at) {
        *at = than;
    }
}

static int timeout_ms(struct hub *h)
{
    struct timeval tv;
    int64_t now = hub_now_ms(), at = now + IDLE_MS;
    for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
        const struct slot *s = &h->slots[i];
        if (s->step == SLOT_CLOSED && s->present && s->retry) {
            earlier(&at, s->retry_at);
        }
        if (s->step == SLOT_CLOSING) {
            earlier(&at, s->close_by + 1);
        }
        if (s->step == SLOT_OPEN && s->more && s->reserved) {
            at = now;
        }
    }
    if (!h->config.no_usb && (!h->usb || !h->has_hotplug) && !usb_closing(h)) {
        earlier(&at, h->usb_at);
    }
    if (h->usb && libusb_get_next_timeout(h->usb, &tv) == 1) {
        earlier(&at, now + tv.tv_sec * 1000 + tv.tv_usec / 1000);
    }
    if (h->rescan && !usb_closing(h)) {
        at = now;
    }
    return at > now ? (int)(at - now) : 0;
}

static void handle_usb(struct hub *h)
{
    struct timeval none = {0};
    if (h->usb) {
        libusb_handle_events_timeout_completed(h->usb, &none, NULL);
    }
}

static void wait_and_read(struct hub *h)
{
    struct slot *owner[POLL_FDS_MAX] = {0};
    nfds_t n = collect_fds(h, owner);
    if (poll(h->fds, n, timeout_ms(h)) < 0) {
        return; /* EINTR: signals are blocked here, but a debugger's stop still shows */
    }
    if (h->fds[0].revents) {
        hub_drain(h->wake_fd);
    }
    handle_usb(h);
    for (nfds_t i = 1 + h->usb_fds; i < n; i++) {
        if (h->fds[i].revents) {
            slot_feed_path(owner[i]);
        }
    }
}

static void look_for_devices(struct hub *h)
{
    bool due = hub_now_ms() >= h->usb_at;
    if (h->config.no_usb) {
        return;
    }
    if (!h->usb && due) {
        usb_start(h);
    }
    bool look = h->rescan || (!h->has_hotplug && due);
    if (h->usb && look && !usb_closing(h)) {
        usb_look(h);
    }
}

/* Every device is given back; cancelled transfers come back through libusb, for CLOSE_MS at most. */
static void close_all(struct hub *h)
{
    for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
        struct slot *s = &h->slots[i];
        s->present = false;
        if (s->step == SLOT_OPEN || s->step == SLOT_CLOSED) {
            slot_close(s, HUB_GONE, "", false);
        }
    }
    while (usb_closing(h)) {
        struct timeval short_while = {.tv_usec = 10000};
        libusb_handle_events_timeout_completed(h->usb, &short_while, NULL);
        for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
            slot_step(&h->slots[i]);
        }
    }
    usb_stop(h);
}

static void *run(void *arg)
{
    struct hub *h = arg;
    open_paths(h);
    while (!hub_stopping(h)) {
        look_for_devices(h);
        for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
            slot_step(&h->slots[i]);
        }
        wait_and_read(h);
    }
    close_all(h);
    pthread_mutex_lock(&h->lock);
    bool abandoned = h->abandoned;
    h->ended = true;
    pthread_cond_signal(&h->ended_cond);
    pthread_mutex_unlock(&h->lock);
    if (abandoned) {
        hub_free(h);
    }
    return NULL;
}

void hub_free(struct hub *h)
{
    if (h->event_fd >= 0) {
        close(h->event_fd);
    }
    if (h->wake_fd >= 0) {
        close(h->wake_fd);
    }
    pthread_cond_destroy(&h->ended_cond);
    pthread_mutex_destroy(&h->lock);
    free(h->queue);
    free(h);
}

static int check(const struct hub_config *c, struct err *e)
{
    bool queue = c->queue == 0 || (c->queue >= HUB_QUEUE_MIN && c->queue <= HUB_QUEUE_MAX);
    if (!queue || c->path_count > HUB_PATHS_MAX) {
        return err_set(e, TP_E_ARGUMENT, "a hub has %d to %d places for scans and at most %d paths",
                       HUB_QUEUE_MIN, HUB_QUEUE_MAX, HUB_PATHS_MAX);
    }
    for (uint32_t i = 0; i < c->path_count; i++) {
        size_t n = strnlen(c->paths[i].path, DRIVER_PATH_MAX);
        if (n == 0 || n == DRIVER_PATH_MAX) {
            return err_set(e, TP_E_ARGUMENT, "a path is 1 to %d bytes", DRIVER_PATH_MAX - 1);
        }
    }
    return 0;
}

static void init_locks(struct hub *h)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->ended_cond, &attr);
    pthread_condattr_destroy(&attr);
}

/* The host's signals are the host's: none is taken by this thread. */
static int start_thread(struct hub *h)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&h->thread, NULL, run, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void set_config(struct hub *h, const struct hub_config *c)
{
    h->config = *c;
    h->config.clock = c->clock ? c->clock : &clock_system;
    h->config.poll_ms = c->poll_ms ? c->poll_ms : DEFAULT_MS;
    h->config.retry_ms = c->retry_ms ? c->retry_ms : DEFAULT_MS;
    h->queue_size = c->queue ? c->queue : DEFAULT_QUEUE;
}

int hub_open(const struct hub_config *config, struct hub **out, struct err *e)
{
    struct hub_config none = {0};
    config = config ? config : &none;
    int rc = check(config, e);
    if (rc != 0) {
        return rc;
    }
    struct hub *h = calloc(1, sizeof *h);
    if (!h) {
        return err_code(e, TP_E_MEMORY);
    }
    set_config(h, config);
    init_locks(h);
    h->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->queue = calloc(h->queue_size, sizeof *h->queue);
    if (!h->queue) {
        rc = err_code(e, TP_E_MEMORY);
    } else if (h->event_fd < 0 || h->wake_fd < 0 || start_thread(h) != 0) {
        rc = err_set(e, TP_E_IO, "the hub's thread does not start: %s", strerror(errno));
    }
    if (rc != 0) {
        hub_free(h);
        return rc;
    }
    *out = h;
    return 0;
}

static struct timespec in_ms(uint32_t ms)
{
    struct timespec at = {0};
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

int hub_close(struct hub *h, uint32_t deadline_ms)
{
    if (!h) {
        return 0;
    }
    struct timespec at = in_ms(deadline_ms);
    pthread_t thread = h->thread;
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    hub_signal(h->wake_fd);
    int rc = 0;
    while (!h->ended && rc == 0) {
        rc = pthread_cond_timedwait(&h->ended_cond, &h->lock, &at);
    }
    bool ended = h->ended;
    h->abandoned = !ended;
    pthread_mutex_unlock(&h->lock);
    if (!ended) {
        pthread_detach(thread);
        return TP_E_TIMEOUT;
    }
    pthread_join(thread, NULL);
    hub_free(h);
    return 0;
}
