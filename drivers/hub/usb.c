/* Finding USB devices. Hotplug only says "look": there is one way to see what came and what went. */
#include "drivers/hub/internal.h"
#include "drivers/hub/quirks.h"

#include <stdio.h>

static const struct driver *const usb_drivers[] = {&driver_hid_scanner};

enum { DRIVERS = sizeof usb_drivers / sizeof usb_drivers[0] };

static int LIBUSB_CALL hotplugged(libusb_context *ctx, libusb_device *d, libusb_hotplug_event event,
                                  void *user)
{
    (void)ctx, (void)d, (void)event;
    ((struct hub *)user)->rescan = true;
    return 0;
}

/* Without libusb there is still a device to tell of: the bus itself. */
static void tell_of_bus(struct hub *h, int rc)
{
    struct hub_device bus = {.name = "USB", .where = "usb"};
    struct slot *s = device_place(h, &bus);
    if (s) {
        s->id.bus = DRIVER_USB_HID;
        s->present = false;
        h->bus = s;
        device_state(h, s, HUB_FAILED, libusb_strerror(rc));
    }
}

void usb_start(struct hub *h)
{
    int rc = libusb_init(&h->usb);
    h->usb_at = hub_now_ms() + h->config.poll_ms;
    if (rc != 0) {
        h->usb = NULL;
        h->usb_at = hub_now_ms() + RETRY_MAX_MS;
        if (!h->bus) {
            tell_of_bus(h, rc);
        }
        return;
    }
    if (h->bus) {
        device_forget(h, h->bus);
        h->bus = NULL;
    }
    h->rescan = true;
    if (!h->config.no_hotplug && libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG)) {
        int events = LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT;
        h->has_hotplug = libusb_hotplug_register_callback(h->usb, events, 0, LIBUSB_HOTPLUG_MATCH_ANY,
                                                          LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
                                                          hotplugged, h, &h->hotplug) == 0;
    }
}

void usb_ignore(struct hub *h, libusb_device *d)
{
    if (h->ignored_count < IGNORED_MAX) {
        h->ignored[h->ignored_count++] = libusb_ref_device(d);
    }
}

static bool listed(libusb_device *d, libusb_device **list, ssize_t n)
{
    for (ssize_t i = 0; i < n; i++) {
        if (list[i] == d) {
            return true;
        }
    }
    return false;
}

static bool known(const struct hub *h, libusb_device *d)
{
    for (unsigned int i = 0; i < h->ignored_count; i++) {
        if (h->ignored[i] == d) {
            return true;
        }
    }
    for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
        if (h->slots[i].step != SLOT_FREE && h->slots[i].usb == d) {
            return true;
        }
    }
    return false;
}

/* The name of its folder in sysfs: bus, then the ports on the way to it. */
static void name_port(libusb_device *d, char *out, size_t size)
{
    uint8_t ports[8];
    int depth = libusb_get_port_numbers(d, ports, sizeof ports);
    size_t n = (size_t)snprintf(out, size, "%u-", libusb_get_bus_number(d));
    for (int i = 0; i < depth && n < size; i++) {
        n += (size_t)snprintf(out + n, size - n, i ? ".%u" : "%u", ports[i]);
    }
}

static struct slot *place(struct hub *h, libusb_device *d, const struct driver_id *id, const char *port,
                          const struct driver *driver)
{
    struct hub_device like = {.vendor = id->vendor, .product = id->product};
    snprintf(like.where, sizeof like.where, "usb %s:%u", port, id->interface);
    snprintf(like.driver, sizeof like.driver, "%s", driver ? driver->name : "");
    snprintf(like.name, sizeof like.name, "%s", id->quirk.name[0] ? id->quirk.name : "HID POS scanner");
    struct slot *s = device_place(h, &like);
    if (s) {
        s->id = *id;
        s->driver = driver;
        s->usb = libusb_ref_device(d);
        s->port.id = &s->id;
    }
    return s;
}

static const struct driver *driver_for(const struct driver_id *id, struct bytes descriptor)
{
    for (unsigned int i = 0; i < DRIVERS; i++) {
        if (usb_drivers[i]->match(id, descriptor)) {
            return usb_drivers[i];
        }
    }
    return NULL;
}

static uint8_t interrupt_in(const struct libusb_interface_descriptor *alt, uint16_t *packet)
{
    for (unsigned int i = 0; i < alt->bNumEndpoints; i++) {
        const struct libusb_endpoint_descriptor *ep = &alt->endpoint[i];
        bool interrupt = (ep->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) == LIBUSB_TRANSFER_TYPE_INTERRUPT;
        if (interrupt && (ep->bEndpointAddress & LIBUSB_ENDPOINT_IN)) {
            *packet = ep->wMaxPacketSize & 0x7FF;
            return ep->bEndpointAddress;
        }
    }
    return 0;
}

/* Where the kernel has read the descriptor already, nothing is taken from it that we could not use. */
static bool unusable(struct slot *s)
{
    struct err e = {0};
    void *dev = NULL;
    s->port.descriptor = bytes_of(s->descriptor, s->descriptor_size);
    int rc = s->descriptor_size > 0 ? s->driver->open(&s->port, &dev, &e) : 0;
    if (rc == TP_UNSUPPORTED || rc == TP_E_MALFORMED) {
        device_state(s->hub, s, HUB_UNUSABLE, e.text);
        return true;
    }
    s->driver->close(dev);
    return false;
}

static bool consider_interface(struct hub *h, libusb_device *d, struct driver_id *id,
                               unsigned int configuration, const struct libusb_interface *interface)
{
    uint8_t descriptor[DRIVER_REPORT_MAX];
    uint16_t packet = 0;
    char port[64];
    if (interface->num_altsetting < 1 || interface->altsetting[0].bInterfaceClass != LIBUSB_CLASS_HID) {
        return false;
    }
    const struct libusb_interface_descriptor *alt = &interface->altsetting[0];
    id->interface = alt->bInterfaceNumber;
    id->subclass = alt->bInterfaceSubClass;
    id->protocol = alt->bInterfaceProtocol;
    name_port(d, port, sizeof port);
    size_t n = sysfs_descriptor(port, configuration, id->interface, descriptor, sizeof descriptor);
    const struct driver *driver = driver_for(id, bytes_of(n ? descriptor : NULL, n));
    uint8_t endpoint = interrupt_in(alt, &packet);
    struct slot *s = driver && endpoint && packet ? place(h, d, id, port, driver) : NULL;
    if (!s) {
        return false;
    }
    s->endpoint = endpoint;
    s->packet = packet;
    memcpy(s->descriptor, descriptor, n);
    s->descriptor_size = n;
    if (!unusable(s)) {
        s->retry = true;
        /* One that may turn out not to be ours is not told of before it is known. */
        if (n > 0 || id->quirk.driver[0]) {
            device_state(h, s, HUB_OPENING, "");
        }
    }
    return true;
}

/* True when the device has a slot now. */
static bool consider(struct hub *h, libusb_device *d)
{
    struct libusb_device_descriptor dd;
    struct libusb_config_descriptor *config = NULL;
    struct driver_id id = {.bus = DRIVER_USB_HID};
    bool taken = false;
    if (libusb_get_device_descriptor(d, &dd) != 0) {
        return false;
    }
    id.vendor = dd.idVendor;
    id.product = dd.idProduct;
    quirks_find(quirks_builtin(), id.vendor, id.product, &id.quirk);
    if (strcmp(id.quirk.driver, "other") == 0) {
        char port[64];
        name_port(d, port, sizeof port);
        struct slot *s = place(h, d, &id, port, NULL);
        if (s) {
            device_state(h, s, HUB_UNUSABLE, id.quirk.name);
        }
        return s != NULL;
    }
    if (libusb_get_active_config_descriptor(d, &config) != 0) {
        return false;
    }
    for (unsigned int i = 0; i < config->bNumInterfaces; i++) {
        taken |= consider_interface(h, d, &id, config->bConfigurationValue, &config->interface[i]);
    }
    libusb_free_config_descriptor(config);
    return taken;
}

static void forget_ignored(struct hub *h, libusb_device **list, ssize_t n)
{
    unsigned int kept = 0;
    for (unsigned int i = 0; i < h->ignored_count; i++) {
        if (listed(h->ignored[i], list, n)) {
            h->ignored[kept++] = h->ignored[i];
        } else {
            libusb_unref_device(h->ignored[i]);
        }
    }
    h->ignored_count = kept;
}

static void drop_left(struct hub *h, libusb_device **list, ssize_t n)
{
    for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
        struct slot *s = &h->slots[i];
        if (s->step != SLOT_FREE && s->usb && s->present && !listed(s->usb, list, n)) {
            s->present = false;
            slot_close(s, HUB_GONE, "", false);
        }
    }
}

bool usb_closing(const struct hub *h)
{
    for (unsigned int i = 0; i < HUB_DEVICES_MAX; i++) {
        if (h->slots[i].step == SLOT_CLOSING) {
            return true;
        }
    }
    return false;
}

void usb_look(struct hub *h)
{
    libusb_device **list = NULL;
    h->rescan = false;
    h->usb_at = hub_now_ms() + h->config.poll_ms;
    ssize_t n = libusb_get_device_list(h->usb, &list);
    if (n < 0) {
        return;
    }
    drop_left(h, list, n);
    forget_ignored(h, list, n);
    /* What left must be closed before it can come back to its place. */
    h->rescan = usb_closing(h);
    for (ssize_t i = 0; !h->rescan && i < n; i++) {
        if (!known(h, list[i]) && !consider(h, list[i])) {
            usb_ignore(h, list[i]);
        }
    }
    libusb_free_device_list(list, 1);
}

void usb_stop(struct hub *h)
{
    if (!h->usb) {
        return;
    }
    forget_ignored(h, NULL, 0);
    if (h->has_hotplug) {
        libusb_hotplug_deregister_callback(h->usb, h->hotplug);
    }
    libusb_exit(h->usb);
    h->usb = NULL;
}
