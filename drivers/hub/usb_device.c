/* One USB device: taken from the system, listened to, given back. */
#include "drivers/hub/internal.h"

#include <stdlib.h>

enum { HID_GET_REPORT_DESCRIPTOR = 0x2200, HID_SET_REPORT = 0x09 };

static void failed(struct slot *s, int usb_error, const char *what)
{
    struct err e = {0};
    enum hub_state state = usb_error == LIBUSB_ERROR_ACCESS      ? HUB_DENIED
                           : usb_error == LIBUSB_ERROR_BUSY      ? HUB_CLAIMED
                           : usb_error == LIBUSB_ERROR_NO_DEVICE ? HUB_GONE
                                                                 : HUB_FAILED;
    err_set(&e, TP_E_IO, "%s: %s", what, libusb_strerror(usb_error));
    slot_close(s, state, e.text, true);
}

/* Where libusb cannot change drivers by itself, by hand: the one that was bound is bound again at the end. */
static int claim_by_hand(struct slot *s)
{
    int interface = s->id.interface;
    libusb_set_auto_detach_kernel_driver(s->handle, 0);
    if (libusb_kernel_driver_active(s->handle, interface) == 1) {
        if (libusb_detach_kernel_driver(s->handle, interface) != 0) {
            return LIBUSB_ERROR_BUSY;
        }
        s->attach_later = true;
    }
    int rc = libusb_claim_interface(s->handle, interface);
    if (rc != 0 && s->attach_later) {
        libusb_attach_kernel_driver(s->handle, interface);
        s->attach_later = false;
    }
    return rc;
}

static int claim(struct slot *s)
{
    int rc = libusb_set_auto_detach_kernel_driver(s->handle, 1);
    if (rc == 0) {
        rc = libusb_claim_interface(s->handle, s->id.interface);
    }
    if (rc != 0 && rc != LIBUSB_ERROR_BUSY && rc != LIBUSB_ERROR_NO_DEVICE) {
        rc = claim_by_hand(s);
    }
    s->claimed = rc == 0;
    return rc;
}

static int set_report(void *ctx, uint8_t type, const uint8_t *report, size_t n)
{
    struct slot *s = ctx;
    uint8_t copy[DRIVER_QUIRK_MAX];
    if (n == 0 || n > sizeof copy) {
        return TP_E_IO;
    }
    memcpy(copy, report, n);
    uint8_t kind =
        (uint8_t)LIBUSB_ENDPOINT_OUT | (uint8_t)LIBUSB_REQUEST_TYPE_CLASS | LIBUSB_RECIPIENT_INTERFACE;
    int sent = libusb_control_transfer(s->handle, kind, HID_SET_REPORT, (uint16_t)(type << 8 | report[0]),
                                       s->id.interface, copy, (uint16_t)n, CONTROL_MS);
    return sent == (int)n ? 0 : TP_E_IO;
}

/* The device's own word; where it does not give it, what the kernel's driver read of it before. */
static void read_descriptor(struct slot *s)
{
    uint8_t descriptor[DRIVER_REPORT_MAX];
    uint8_t kind =
        (uint8_t)LIBUSB_ENDPOINT_IN | (uint8_t)LIBUSB_REQUEST_TYPE_STANDARD | LIBUSB_RECIPIENT_INTERFACE;
    int n = libusb_control_transfer(s->handle, kind, LIBUSB_REQUEST_GET_DESCRIPTOR, HID_GET_REPORT_DESCRIPTOR,
                                    s->id.interface, descriptor, sizeof descriptor, CONTROL_MS);
    if (n > 0) {
        memcpy(s->descriptor, descriptor, (size_t)n);
        s->descriptor_size = (size_t)n;
    }
    s->port.descriptor = bytes_of(s->descriptor, s->descriptor_size);
}

/* Not a device of ours after all: it is given back and not looked at again. */
static void let_go(struct slot *s)
{
    struct hub *h = s->hub;
    usb_ignore(h, s->usb);
    s->present = false;
    slot_close(s, HUB_GONE, "", false);
    device_forget(h, s);
}

/* A keyboard must not lose its driver only because nobody has said what it is. */
static bool hands_off(struct slot *s)
{
    bool unknown = !s->id.quirk.driver[0] && s->descriptor_size == 0;
    return unknown && libusb_kernel_driver_active(s->handle, s->id.interface) != 0;
}

static bool make_transfer(struct slot *s)
{
    size_t n = s->driver->report_size(s->dev);
    n = (n + s->packet - 1) / s->packet * s->packet;
    n = n ? n : s->packet;
    s->transfer = libusb_alloc_transfer(0);
    s->buffer = calloc(1, n);
    if (!s->transfer || !s->buffer) {
        return false;
    }
    s->transfer->length = (int)n;
    return true;
}

static void start_driver(struct slot *s)
{
    struct err e = {0};
    s->port.ctx = s;
    s->port.set_report = set_report;
    int rc = s->driver->open(&s->port, &s->dev, &e);
    if (rc != 0) {
        bool useless = rc == TP_UNSUPPORTED || rc == TP_E_MALFORMED;
        slot_close(s, useless ? HUB_UNUSABLE : HUB_FAILED, e.text, !useless);
    } else if (!make_transfer(s)) {
        slot_close(s, HUB_FAILED, code_sentence(TP_E_MEMORY), true);
    } else if (s->driver->write && s->driver->write(s->dev, DRIVER_START, &e) != 0) {
        slot_close(s, HUB_FAILED, e.text, true);
    } else {
        s->step = SLOT_OPEN;
        device_state(s->hub, s, HUB_READY, "");
    }
}

void usb_open(struct slot *s)
{
    int rc = libusb_open(s->usb, &s->handle);
    if (rc != 0) {
        s->handle = NULL;
        failed(s, rc, "it cannot be opened");
        return;
    }
    if (hands_off(s)) {
        let_go(s);
        return;
    }
    rc = claim(s);
    if (rc != 0) {
        failed(s, rc, "it cannot be claimed");
        return;
    }
    read_descriptor(s);
    if (s->descriptor_size == 0) {
        failed(s, LIBUSB_ERROR_IO, "the report descriptor cannot be read");
    } else if (!s->driver->match(&s->id, s->port.descriptor)) {
        let_go(s);
    } else {
        start_driver(s);
    }
}

static void give_back(struct slot *s)
{
    if (s->handle && s->claimed) {
        libusb_release_interface(s->handle, s->id.interface);
        if (s->attach_later) {
            libusb_attach_kernel_driver(s->handle, s->id.interface);
        }
    }
    if (s->handle) {
        libusb_close(s->handle);
    }
    s->handle = NULL;
    s->claimed = s->attach_later = s->fresh = false;
    if (s->usb && !s->present) {
        libusb_unref_device(s->usb);
        s->usb = NULL;
    }
}

bool usb_close(struct slot *s)
{
    if (s->in_flight && s->step == SLOT_CLOSING && hub_now_ms() > s->close_by) {
        /* libusb still holds the transfer, which must not be freed under it: it is left behind. */
        s->transfer->callback = NULL;
        s->in_flight = false;
        s->transfer = NULL;
        s->buffer = NULL;
    }
    if (s->in_flight) {
        if (s->step != SLOT_CLOSING) {
            s->close_by = hub_now_ms() + CLOSE_MS;
            libusb_cancel_transfer(s->transfer);
        }
        return false;
    }
    libusb_free_transfer(s->transfer);
    free(s->buffer);
    s->transfer = NULL;
    s->buffer = NULL;
    give_back(s);
    return true;
}

/* Only takes note: libusb may call it from within a call of ours. */
static void LIBUSB_CALL arrived(struct libusb_transfer *t)
{
    struct slot *s = t->user_data;
    s->in_flight = false;
    s->fresh = true;
}

/* One transfer at a time, and only with a place for what it may bring. */
void usb_listen(struct slot *s)
{
    if (s->in_flight || !queue_reserve(s->hub, s)) {
        return;
    }
    libusb_fill_interrupt_transfer(s->transfer, s->handle, s->endpoint, s->buffer, s->transfer->length,
                                   arrived, s, 0);
    int rc = libusb_submit_transfer(s->transfer);
    if (rc == 0) {
        s->in_flight = true;
    } else {
        failed(s, rc, "it does not listen");
    }
}

static void trouble(struct slot *s, const char *what)
{
    struct err e = {0};
    if (s->driver->write) {
        s->driver->write(s->dev, DRIVER_BREAK, &e);
    }
    device_broken(s->hub, s);
    if (++s->trouble > TROUBLE_MAX) {
        slot_close(s, HUB_FAILED, what, true);
    } else if (s->transfer->status == LIBUSB_TRANSFER_STALL) {
        int rc = libusb_clear_halt(s->handle, s->endpoint);
        if (rc != 0) {
            failed(s, rc, "it stalled and cannot be cleared");
        }
    }
}

void usb_take(struct slot *s)
{
    if (!s->fresh) {
        return;
    }
    s->fresh = false;
    switch (s->transfer->status) {
    case LIBUSB_TRANSFER_COMPLETED:
        s->trouble = 0;
        slot_feed(s, bytes_of(s->buffer, (size_t)s->transfer->actual_length));
        break;
    case LIBUSB_TRANSFER_NO_DEVICE:
        /* Enumeration will say whether it is gone; until then it is only silent. */
        s->hub->rescan = true;
        slot_close(s, HUB_GONE, "", true);
        break;
    case LIBUSB_TRANSFER_STALL:
        trouble(s, "it stalled again and again");
        break;
    default:
        trouble(s, "its transfers fail");
        break;
    }
}
