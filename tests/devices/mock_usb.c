#include "devices/mock_usb.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <umockdev.h>
#include <unistd.h>

enum { OP_PLUG = 1, OP_UNPLUG, OP_SEND, OP_FAIL, OP_LET_GO, OP_LOOK };
enum { REPORTS_MAX = 4096, REPORT_MAX = 128, URBS_MAX = 16, LIFE_S = 110 };

struct request {
    uint32_t op, port, n, error;
    struct mock_device device;
    uint8_t bytes[REPORT_MAX];
};

struct report {
    size_t n;
    uint8_t bytes[REPORT_MAX];
};

struct urbs {
    UMockdevIoctlData *at[URBS_MAX];
    unsigned int n;
};

struct device {
    struct mock_device is;
    struct mock_state seen;
    bool plugged, gone;
    char node[64], sys[64], interface[80], hid[120], fifo_path[256];
    int fifo;
    UMockdevIoctlBase *handler;
    struct urbs waiting, done;
    struct report reports[REPORTS_MAX];
    unsigned int first, count;
    unsigned int failures;
    int error;
};

static UMockdevTestbed *bed;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct device devices[MOCK_PORTS];
static unsigned int last_number;
static int control = -1;

/* ---- urbs ---- */

static struct usbdevfs_urb *urb_of(UMockdevIoctlData *data)
{
    return (struct usbdevfs_urb *)(void *)data->data;
}

static UMockdevIoctlData *take_urb(struct urbs *from, unsigned int at)
{
    UMockdevIoctlData *data = from->at[at];
    from->n--;
    memmove(from->at + at, from->at + at + 1, (from->n - at) * sizeof from->at[0]);
    return data;
}

static void add_urb(struct urbs *to, UMockdevIoctlData *data)
{
    if (to->n == URBS_MAX) {
        abort();
    }
    to->at[to->n++] = data;
}

static void finish_urb(struct device *d, UMockdevIoctlData *data, int status, size_t n)
{
    urb_of(data)->status = status;
    urb_of(data)->actual_length = (int)n;
    add_urb(&d->done, data);
}

/* usbfs is writable while there is something to reap; so is a FIFO of one page that is empty. */
static void show(struct device *d)
{
    char page[4096] = {0};
    ssize_t n = 1;
    while (n > 0) {
        n = d->done.n > 0 ? read(d->fifo, page, sizeof page) : write(d->fifo, page, sizeof page);
    }
}

/* Reports and failures meet the transfers that wait for them. */
static void match(struct device *d)
{
    while (d->waiting.n > 0 && (d->failures > 0 || d->count > 0)) {
        UMockdevIoctlData *data = take_urb(&d->waiting, 0);
        if (d->failures > 0) {
            d->failures--;
            finish_urb(d, data, -d->error, 0);
            continue;
        }
        const struct report *r = &d->reports[d->first];
        size_t room = (size_t)urb_of(data)->buffer_length;
        size_t n = r->n < room ? r->n : room;
        memcpy(urb_of(data)->buffer, r->bytes, n);
        finish_urb(d, data, r->n > room ? -EOVERFLOW : 0, n);
        d->first = (d->first + 1) % REPORTS_MAX;
        d->count--;
    }
    show(d);
}

/* ---- what usbfs is asked ---- */

static void answer_control(struct device *d, UMockdevIoctlData *data)
{
    uint8_t *setup = urb_of(data)->buffer;
    unsigned int value = setup[2] | (unsigned int)setup[3] << 8,
                 length = setup[6] | (unsigned int)setup[7] << 8;
    if (setup[0] == 0x81 && setup[1] == 6 && value == 0x2200) {
        size_t n = d->is.descriptor_size < length ? d->is.descriptor_size : length;
        memcpy(setup + 8, d->is.descriptor, n);
        finish_urb(d, data, 0, n);
    } else if (setup[0] == 0x21 && setup[1] == 9 && value == 0x03FE && length == 2 && setup[8] == 0xFE) {
        d->seen.opened_enabled += setup[9] == 1;
        finish_urb(d, data, 0, length);
    } else {
        finish_urb(d, data, -EPIPE, 0);
    }
}

static int submit(struct device *d, UMockdevIoctlData *arg)
{
    UMockdevIoctlData *data = umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
    UMockdevIoctlData *buffer = umockdev_ioctl_data_resolve(data, offsetof(struct usbdevfs_urb, buffer),
                                                            (gsize)urb_of(data)->buffer_length, NULL);
    g_clear_object(&buffer); /* its parent holds it */
    if (urb_of(data)->type == USBDEVFS_URB_TYPE_CONTROL) {
        answer_control(d, data);
        show(d);
    } else if (!d->seen.claimed) {
        g_object_unref(data);
        return -EINVAL;
    } else {
        add_urb(&d->waiting, data);
        match(d);
    }
    return 0;
}

static int reap(struct device *d, UMockdevIoctlData *arg)
{
    if (d->done.n == 0) {
        return d->gone ? -ENODEV : -EAGAIN;
    }
    UMockdevIoctlData *slot = umockdev_ioctl_data_resolve(arg, 0, sizeof(void *), NULL);
    UMockdevIoctlData *data = take_urb(&d->done, 0);
    umockdev_ioctl_data_set_ptr(slot, 0, data);
    g_object_unref(slot);
    g_object_unref(data);
    show(d);
    return 0;
}

static int discard(struct device *d, UMockdevIoctlData *arg)
{
    gulong address;
    memcpy(&address, arg->data, sizeof address);
    for (unsigned int i = 0; i < d->waiting.n; i++) {
        if (d->waiting.at[i]->client_addr == address) {
            finish_urb(d, take_urb(&d->waiting, i), -ENOENT, 0);
            show(d);
            return 0;
        }
    }
    return -EINVAL;
}

static int claim(struct device *d, bool take_over)
{
    if (d->is.foreign || (d->seen.bound && !take_over)) {
        return -EBUSY;
    }
    d->seen.detached += d->seen.bound;
    d->seen.bound = false;
    d->seen.claimed = true;
    return 0;
}

static int get_driver(struct device *d, UMockdevIoctlData *arg)
{
    UMockdevIoctlData *data = umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_getdriver), NULL);
    struct usbdevfs_getdriver *get = (struct usbdevfs_getdriver *)(void *)data->data;
    bool any = d->seen.bound || d->seen.claimed || d->is.foreign;
    strcpy(get->driver, d->seen.bound ? "usbhid" : "usbfs");
    g_object_unref(data);
    return any ? 0 : -ENODATA;
}

static int bind_driver(struct device *d, UMockdevIoctlData *arg)
{
    UMockdevIoctlData *data = umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_ioctl), NULL);
    unsigned int code = (unsigned int)((struct usbdevfs_ioctl *)(void *)data->data)->ioctl_code;
    g_object_unref(data);
    if (code == (unsigned int)USBDEVFS_DISCONNECT) {
        if (!d->seen.bound) {
            return -ENODATA;
        }
        d->seen.bound = false;
        d->seen.detached++;
        return 0;
    }
    d->seen.attached += d->is.bound && !d->seen.bound;
    d->seen.bound = d->is.bound;
    return d->is.bound ? 1 : 0;
}

static int capabilities(UMockdevIoctlData *arg)
{
    UMockdevIoctlData *data = umockdev_ioctl_data_resolve(arg, 0, sizeof(uint32_t), NULL);
    memset(data->data, 0, sizeof(uint32_t));
    g_object_unref(data);
    return 0;
}

/* A result, or an errno below zero. */
static int usbfs(struct device *d, gulong request, UMockdevIoctlData *arg)
{
    if (request == USBDEVFS_REAPURBNDELAY) {
        return reap(d, arg);
    }
    if (d->gone) {
        return -ENODEV;
    }
    switch (request) {
    case USBDEVFS_GET_CAPABILITIES:
        return capabilities(arg);
    case USBDEVFS_SUBMITURB:
        return submit(d, arg);
    case USBDEVFS_DISCARDURB:
        return discard(d, arg);
    case USBDEVFS_CLAIMINTERFACE:
        return claim(d, false);
    case USBDEVFS_DISCONNECT_CLAIM:
        return d->is.old_kernel ? -ENOTTY : claim(d, true);
    case USBDEVFS_RELEASEINTERFACE:
        d->seen.claimed = false;
        return 0;
    case USBDEVFS_CLEAR_HALT:
        d->seen.cleared++;
        return 0;
    case USBDEVFS_GETDRIVER:
        return get_driver(d, arg);
    case USBDEVFS_IOCTL:
        return bind_driver(d, arg);
    default:
        return -ENOTTY;
    }
}

static gboolean handle(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer user)
{
    struct device *d = user;
    (void)base;
    pthread_mutex_lock(&lock);
    int rc = usbfs(d, umockdev_ioctl_client_get_request(client), umockdev_ioctl_client_get_arg(client));
    pthread_mutex_unlock(&lock);
    umockdev_ioctl_client_complete(client, rc < 0 ? -1 : rc, rc < 0 ? -rc : 0);
    return TRUE;
}

/* ---- the bus ---- */

/* Device, configuration, interface, HID (HID 1.11, 6.2.1) and one interrupt endpoint of 64 bytes. */
static size_t descriptors(const struct mock_device *is, uint8_t *out)
{
    const uint8_t all[] = {
        18,
        1,
        0x00,
        0x02,
        0,
        0,
        0,
        64,
        (uint8_t)is->vendor,
        (uint8_t)(is->vendor >> 8),
        (uint8_t)is->product,
        (uint8_t)(is->product >> 8),
        0,
        1,
        0,
        0,
        0,
        1,
        9,
        2,
        34,
        0,
        1,
        1,
        0,
        0x80,
        50,
        9,
        4,
        0,
        0,
        1,
        3,
        is->subclass,
        is->protocol,
        0,
        9,
        0x21,
        0x11,
        0x01,
        0,
        1,
        0x22,
        (uint8_t)is->descriptor_size,
        (uint8_t)(is->descriptor_size >> 8),
        7,
        5,
        0x81,
        3,
        64,
        0,
        1,
    };
    memcpy(out, all, sizeof all);
    return sizeof all;
}

static void add_text(const char *text)
{
    GError *error = NULL;
    if (!umockdev_testbed_add_from_string(bed, text, &error)) {
        fprintf(stderr, "mock: %s\n", error->message);
        abort();
    }
}

static void make_node(struct device *d, unsigned int port)
{
    gchar *root = umockdev_testbed_get_root_dir(bed);
    char folder[200];
    last_number++;
    snprintf(folder, sizeof folder, "%s/dev/bus/usb/001", root);
    g_mkdir_with_parents(folder, 0755);
    snprintf(d->node, sizeof d->node, "/dev/bus/usb/001/%03u", last_number);
    snprintf(d->sys, sizeof d->sys, "/sys/devices/mock/1-%u", port + 1);
    snprintf(d->fifo_path, sizeof d->fifo_path, "%s/%03u", folder, last_number);
    g_free(root);
    if (mkfifo(d->fifo_path, 0600) != 0 ||
        (d->fifo = open(d->fifo_path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0 ||
        fcntl(d->fifo, F_SETPIPE_SZ, 4096) < 0) {
        perror("mock: the device's node");
        abort();
    }
    show(d);
    d->handler = umockdev_ioctl_base_new();
    g_signal_connect(d->handler, "handle-ioctl", G_CALLBACK(handle), d);
    if (!umockdev_testbed_attach_ioctl(bed, d->node, d->handler, NULL)) {
        abort();
    }
}

static void to_hex(const uint8_t *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++) {
        snprintf(out + 2 * i, 3, "%02X", bytes[i]);
    }
}

/* Before the device itself: what is added last is told of last. */
static void add_driver(struct device *d, unsigned int port)
{
    char text[MOCK_BYTES_MAX * 2 + 512], hex[MOCK_BYTES_MAX * 2 + 1] = "", interface[sizeof d->interface],
                                                                  hid[sizeof d->hid];
    to_hex(d->is.descriptor, d->is.descriptor_size, hex);
    snprintf(interface, sizeof interface, "/sys/devices/mock/1-%u/1-%u:1.0", port + 1, port + 1);
    snprintf(hid, sizeof hid, "%s/0003:%04X:%04X.%04X", interface, d->is.vendor, d->is.product, last_number);
    snprintf(text, sizeof text, "P: %s\nE: SUBSYSTEM=hid\nH: report_descriptor=%s\n\n", hid + 4, hex);
    add_text(text);
    snprintf(text, sizeof text, "P: %s\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n\n", interface + 4);
    add_text(text);
    memcpy(d->interface, interface, sizeof interface);
    memcpy(d->hid, hid, sizeof hid);
}

static void plug(struct device *d, unsigned int port, const struct mock_device *is)
{
    char text[1024], hex[256];
    uint8_t raw[100];
    memset(d, 0, sizeof *d);
    d->is = *is;
    d->seen.bound = is->bound;
    d->plugged = true;
    make_node(d, port);
    if (is->bound) {
        add_driver(d, port);
    }
    to_hex(raw, descriptors(is, raw), hex);
    snprintf(
        text, sizeof text,
        "P: %s\nE: DEVNAME=%s\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\nE: BUSNUM=001\nE: DEVNUM=%03u\n"
        "A: busnum=1\\n\nA: devnum=%u\\n\nA: bConfigurationValue=1\\n\nA: speed=12\\n\nH: descriptors=%s\n\n",
        d->sys + 4, d->node, last_number, last_number, hex);
    add_text(text);
}

static void unplug(struct device *d)
{
    pthread_mutex_lock(&lock);
    d->gone = true;
    d->plugged = false;
    d->count = 0;
    while (d->waiting.n > 0) {
        finish_urb(d, take_urb(&d->waiting, 0), -ESHUTDOWN, 0);
    }
    show(d);
    pthread_mutex_unlock(&lock);
    umockdev_testbed_uevent(bed, d->sys, "remove");
    if (d->hid[0]) {
        umockdev_testbed_remove_device(bed, d->hid);
        umockdev_testbed_remove_device(bed, d->interface);
    }
    umockdev_testbed_remove_device(bed, d->sys);
    unlink(d->fifo_path);
}

static void serve(const struct request *q)
{
    struct device *d = &devices[q->port % MOCK_PORTS];
    if (q->op == OP_PLUG) {
        if (d->plugged) {
            unplug(d); /* what a failed test left */
        }
        plug(d, q->port, &q->device);
        return;
    }
    if (q->op == OP_UNPLUG) {
        unplug(d);
        return;
    }
    pthread_mutex_lock(&lock);
    if (q->op == OP_SEND && d->count < REPORTS_MAX) {
        struct report *r = &d->reports[(d->first + d->count++) % REPORTS_MAX];
        r->n = q->n;
        memcpy(r->bytes, q->bytes, q->n);
        match(d);
    } else if (q->op == OP_FAIL) {
        d->failures = q->n;
        d->error = (int)q->error;
        match(d);
    } else if (q->op == OP_LET_GO) {
        d->is.foreign = false;
    }
    pthread_mutex_unlock(&lock);
}

/* The bus lives until the test lets go of its end. */
static void run_bus(int fd)
{
    struct request q;
    bed = umockdev_testbed_new();
    gchar *root = umockdev_testbed_get_root_dir(bed);
    if (write(fd, root, strlen(root) + 1) < 0) {
        abort();
    }
    while (read(fd, &q, sizeof q) == (ssize_t)sizeof q) {
        serve(&q);
        pthread_mutex_lock(&lock);
        struct mock_state s = devices[q.port % MOCK_PORTS].seen;
        s.waiting = devices[q.port % MOCK_PORTS].waiting.n;
        s.reports = devices[q.port % MOCK_PORTS].count;
        pthread_mutex_unlock(&lock);
        if (write(fd, &s, sizeof s) < 0) {
            break;
        }
    }
    g_free(root);
}

/* ---- the test's side ---- */

static struct mock_state ask(const struct request *q)
{
    struct mock_state s = {0};
    if (write(control, q, sizeof *q) != (ssize_t)sizeof *q ||
        read(control, &s, sizeof s) != (ssize_t)sizeof s) {
        fprintf(stderr, "the mocked bus has ended\n");
        _exit(1);
    }
    return s;
}

void mock_plug(unsigned int port, const struct mock_device *d)
{
    ask(&(struct request){.op = OP_PLUG, .port = port, .device = *d});
}

void mock_unplug(unsigned int port)
{
    ask(&(struct request){.op = OP_UNPLUG, .port = port});
}

void mock_send(unsigned int port, const void *report, size_t n)
{
    struct request q = {.op = OP_SEND, .port = port, .n = (uint32_t)n};
    memcpy(q.bytes, report, n < REPORT_MAX ? n : REPORT_MAX);
    ask(&q);
}

void mock_fail(unsigned int port, unsigned int n, int error)
{
    ask(&(struct request){.op = OP_FAIL, .port = port, .n = n, .error = (uint32_t)error});
}

void mock_let_go(unsigned int port)
{
    ask(&(struct request){.op = OP_LET_GO, .port = port});
}

struct mock_state mock_look(unsigned int port)
{
    return ask(&(struct request){.op = OP_LOOK, .port = port});
}

static int run_tests(int fd, int (*tests)(void))
{
    char root[256] = "";
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(LIFE_S);
    if (read(fd, root, sizeof root - 1) <= 0) {
        return 1;
    }
    setenv("UMOCKDEV_DIR", root, 1);
    control = fd;
    return tests();
}

int mock_run(int (*tests)(void))
{
    int ends[2], status = 0;
    /* umockdev_in_mock_environment is of no use here: asked before there is a bus, it says no for ever. */
    const char *preload = getenv("LD_PRELOAD");
    if (!preload || !strstr(preload, "umockdev")) {
        printf("skipped: run it by under_umockdev\n");
        return 77;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return 1;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        exit(run_tests(ends[1], tests));
    }
    close(ends[1]);
    alarm(LIFE_S);
    run_bus(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return 1;
    }
    g_object_unref(bed);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
