/* HID Point of Sale scanners: usage page 0x8C (HID Point of Sale Usage Tables 1.02). */
#include "drivers/hid_scanner/join.h"

#include <stdlib.h>

struct hid_scanner {
    const struct driver_port *port;
    struct layout layout;
    struct join join;
};

static bool hid_scanner_match(const struct driver_id *id, struct bytes descriptor)
{
    enum { BOOT_INTERFACE = 1 };
    struct layout l;
    /* A boot interface is a keyboard or a mouse: taking it away would leave a cashier without one. */
    if (id->bus != DRIVER_USB_HID || id->subclass == BOOT_INTERFACE) {
        return false;
    }
    if (id->quirk.driver[0]) {
        return strcmp(id->quirk.driver, driver_hid_scanner.name) == 0;
    }
    return !descriptor.p || (layout_parse(descriptor, 0, &l, NULL) != TP_E_MALFORMED && l.scanner);
}

static int hid_scanner_open(const struct driver_port *port, void **dev, struct err *e)
{
    struct hid_scanner *h = calloc(1, sizeof *h);
    if (!h) {
        return err_code(e, TP_E_MEMORY);
    }
    h->port = port;
    int rc = layout_parse(port->descriptor, port->id->quirk.length_at, &h->layout, e);
    if (rc != 0) {
        free(h);
        return rc;
    }
    *dev = h;
    return 0;
}

static int hid_scanner_read(void *dev, struct bytes *in, int64_t at_ms, struct scan *out)
{
    struct hid_scanner *h = dev;
    struct bytes report = *in;
    *in = (struct bytes){NULL, 0};
    return join_report(&h->join, &h->layout, report, at_ms, out);
}

static int hid_scanner_write(void *dev, enum driver_command command, struct err *e)
{
    enum { FEATURE = 3 };
    struct hid_scanner *h = dev;
    const struct driver_quirk *q = &h->port->id->quirk;
    if (command == DRIVER_BREAK) {
        join_break(&h->join);
    }
    if (command != DRIVER_START || q->enable_n == 0) {
        return 0;
    }
    int rc = h->port->set_report(h->port->ctx, FEATURE, q->enable, q->enable_n);
    return rc != 0 ? err_set(e, rc, "the scanner refused to be switched on") : 0;
}

static size_t hid_scanner_report_size(void *dev)
{
    return ((struct hid_scanner *)dev)->layout.largest;
}

static void hid_scanner_close(void *dev)
{
    free(dev);
}

const struct driver driver_hid_scanner = {
    .name = "hid_scanner",
    .match = hid_scanner_match,
    .open = hid_scanner_open,
    .read = hid_scanner_read,
    .write = hid_scanner_write,
    .close = hid_scanner_close,
    .report_size = hid_scanner_report_size,
};
