/*
 * Scanners on a USB bus that does not exist: a process of its own holds the mocked /sys and /dev (umockdev)
 * and answers what libusb asks of usbfs; the test tells it what happens on the bus. For programs run by
 * under_umockdev.
 */
#ifndef TESTS_DEVICES_MOCK_USB_H
#define TESTS_DEVICES_MOCK_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOCK_PORTS = 4, MOCK_BYTES_MAX = 1024 };

/* How a device is plugged in. */
struct mock_device {
    uint16_t vendor, product;
    uint8_t subclass, protocol;
    bool bound;      /* the kernel's usbhid has it; its report descriptor is then in /sys, too */
    bool old_kernel; /* no USBDEVFS_DISCONNECT_CLAIM */
    bool foreign;    /* another program has claimed it and does not let go */
    uint16_t descriptor_size;
    uint8_t descriptor[MOCK_BYTES_MAX];
};

/* What has happened to the device at a port since it was plugged in. */
struct mock_state {
    bool bound, claimed;
    uint32_t opened_enabled; /* feature reports FE 01 that came */
    uint32_t detached, attached, cleared;
    uint32_t waiting; /* transfers that wait for a report */
    uint32_t reports; /* reports that nobody has fetched */
};

/*
 * Starts the bus in a process of its own, runs tests() in this one with /sys and /dev mocked, ends the bus.
 * Returns what tests() returned; 77 when the mock is not loaded.
 */
int mock_run(int (*tests)(void));

void mock_plug(unsigned int port, const struct mock_device *d);
/* Transfers come back with ESHUTDOWN, as from a kernel, and the bus tells of it. */
void mock_unplug(unsigned int port);
/* The device sends a report of n bytes, 0 allowed. */
void mock_send(unsigned int port, const void *report, size_t n);
/* The next n transfers end with this errno (EPIPE: STALL) before any report is sent. */
void mock_fail(unsigned int port, unsigned int n, int error);
/* Another program lets go of the device. */
void mock_let_go(unsigned int port);
struct mock_state mock_look(unsigned int port);

#endif
