/*
 * What a device is to the rest of the house: a source of scans behind a small table. A driver knows one
 * protocol; it takes bytes and gives scans. The hub finds devices, moves the bytes and owns the thread:
 * a driver has no thread, no timer and no lock, and all its functions run on the hub's thread.
 */
#ifndef DRIVERS_DRIVER_H
#define DRIVERS_DRIVER_H

#include "base/bytes.h"
#include "base/code.h"

enum {
    SCAN_MAX = 4096,          /* bytes of one scan; a longer one is dropped whole */
    DRIVER_REPORT_MAX = 4096, /* bytes that one transfer may bring */
    DRIVER_PATH_MAX = 108,    /* a path with its terminator, as in sockaddr_un */
    DRIVER_QUIRK_MAX = 16,    /* bytes of an enabling report */
};

/* One whole code, as the device read it. Never a part of one. */
struct scan {
    int64_t at_ms;     /* clock_boot when its last byte arrived */
    uint32_t device;   /* the hub's id of the device; a driver leaves it 0 */
    char symbology[4]; /* AIM identifier (ISO/IEC 15424), as "]Q3"; empty when the device does not say */
    uint32_t n;        /* 1..SCAN_MAX */
    uint8_t bytes[SCAN_MAX];
};

enum driver_bus { DRIVER_USB_HID = 1, DRIVER_PATH = 2 };

/* How a byte stream is cut into scans. */
enum driver_framing {
    DRIVER_LINES = 0, /* up to LF; CR before it is dropped; a leading "]cm" is the symbology identifier */
    DRIVER_RECORDS =
        1, /* 2 bytes length of the data, big-endian; 3 bytes symbology identifier or zeros; the data */
};

/* What is known about how one device departs from the rule: a row of quirks/devices.list. */
struct driver_quirk {
    char driver[16];                  /* the driver that must take it; empty: no row */
    uint8_t enable_n;                 /* bytes of a feature report that switches the device on; 0: none */
    uint8_t enable[DRIVER_QUIRK_MAX]; /* the first is the report's id */
    uint16_t length_at; /* offset of the byte count in an input report that does not name it; 0: none */
    char name[64];      /* what people call it */
};

/* One interface of a USB device, or one path. */
struct driver_id {
    enum driver_bus bus;
    uint16_t vendor, product;   /* USB */
    uint8_t interface;          /* bInterfaceNumber */
    uint8_t subclass, protocol; /* bInterfaceSubClass, bInterfaceProtocol: 1 and 1 is a boot keyboard */
    struct driver_quirk quirk;
    char path[DRIVER_PATH_MAX]; /* DRIVER_PATH */
    enum driver_framing framing;
};

/* What the hub does for a driver, and what it knows. Lives as long as the device. */
struct driver_port {
    const struct driver_id *id;
    struct bytes descriptor; /* USB HID: the report descriptor */
    void *ctx;
    /* SET_REPORT (HID 1.11, 7.2.2), type 2 output, 3 feature; the first byte is the report's id. 0 or
     * TP_E_IO. */
    int (*set_report)(void *ctx, uint8_t type, const uint8_t *report, size_t n);
};

enum driver_command {
    DRIVER_START = 1, /* the hub is about to listen: switch the device on */
    DRIVER_BREAK = 2, /* bytes may have been lost: forget the code that is under way */
};

struct driver {
    const char *name;
    /* True when the driver takes such a device. descriptor.p is NULL while its content is not known. */
    bool (*match)(const struct driver_id *id, struct bytes descriptor);
    /*
     * Makes a device. 0; TP_UNSUPPORTED or TP_E_MALFORMED when the device speaks nothing that this driver
     * understands (e says what it lacks; asking again will not help); TP_E_IO, TP_E_MEMORY otherwise.
     */
    int (*open)(const struct driver_port *port, void **dev, struct err *e);
    /*
     * Takes bytes from the front of *in; a device with its own descriptor (fd) is given in == NULL and
     * fetches its own, without waiting. 1: *out is one whole scan; call again, there may be more. 0: all
     * was taken, nothing is whole yet. TP_E_MALFORMED: what came broke the protocol and was dropped; call
     * again. TP_E_IO: the device cannot go on; close it, and open it later. TP_E_STATE: it has ended for
     * good.
     */
    int (*read)(void *dev, struct bytes *in, int64_t at_ms, struct scan *out);
    /* 0 or TP_E_IO. NULL: the device is told nothing. */
    int (*write)(void *dev, enum driver_command command, struct err *e);
    /* Takes NULL. Forgets what was not whole. */
    void (*close)(void *dev);
    /* The descriptor to wait on; NULL when the hub brings the bytes. */
    int (*fd)(void *dev);
    /* Bytes of the longest report, so that the hub can size its transfer; NULL with fd. */
    size_t (*report_size)(void *dev);
};

/* True when the three bytes are a symbology identifier: "]", a letter, a digit or letter (ISO/IEC 15424). */
static inline bool symbology_valid(const uint8_t *id)
{
    bool letter = (id[1] >= 'A' && id[1] <= 'Z') || (id[1] >= 'a' && id[1] <= 'z');
    bool modifier =
        (id[2] >= '0' && id[2] <= '9') || (id[2] >= 'A' && id[2] <= 'Z') || (id[2] >= 'a' && id[2] <= 'z');
    return id[0] == ']' && letter && modifier;
}

extern const struct driver driver_hid_scanner;
extern const struct driver driver_virtual;

#endif
