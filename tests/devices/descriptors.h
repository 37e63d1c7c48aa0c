/*
 * Report descriptors of HID POS scanners, written from the public usage tables (HID Point of Sale Usage
 * Tables 1.02; HID 1.11) for the layouts that vendors publish. Macros of items keep them readable.
 */
#ifndef TESTS_DEVICES_DESCRIPTORS_H
#define TESTS_DEVICES_DESCRIPTORS_H

#include <stdint.h>

#define PAGE_POS    0x05, 0x8C
#define PAGE_DESK   0x05, 0x01
#define PAGE_VENDOR 0x06, 0x66, 0xFF
#define USE(u)      0x09, (u)
#define APPLICATION 0xA1, 0x01
#define LOGICAL     0xA1, 0x02
#define END         0xC0
#define ID(n)       0x85, (n)
#define BYTES(n)    0x75, 0x08, 0x95, (n)
#define BITS(n)     0x75, 0x01, 0x95, (n)
#define LIMITS      0x15, 0x00, 0x26, 0xFF, 0x00
#define VAR         0x81, 0x02
#define BUFFERED    0x82, 0x02, 0x01
#define CONST       0x81, 0x03
#define FEATURE     0xB1, 0x02

/* 64 bytes, id 2: [id][length][AIM x3][56 data][vendor's code id][reserved][continued] */
static const uint8_t with_aim[] = {
    PAGE_POS,  USE(0x02), APPLICATION, USE(0x12),   LOGICAL,   ID(2),     LIMITS,    BYTES(1),    PAGE_DESK,
    USE(0x3B), VAR,       BYTES(3),    PAGE_POS,    USE(0xFB), USE(0xFC), USE(0xFD), VAR,         BYTES(56),
    USE(0xFE), BUFFERED,  BYTES(2),    PAGE_VENDOR, USE(0x04), USE(0x00), VAR,       BITS(1),     PAGE_POS,
    USE(0xFF), VAR,       BITS(7),     CONST,       END,       USE(0x14), LOGICAL,   ID(4),       BITS(1),
    USE(0x00), 0x91,      0x02,        BITS(7),     0x91,      0x03,      END,       PAGE_VENDOR, USE(0x01),
    LOGICAL,   ID(254),   BYTES(1),    USE(0x01),   FEATURE,   END,       END,
};

/* 64 bytes, id 2: [id][length][56 data at 2..57][4 reserved][vendor's symbology at 62][continued at 63], no
 * AIM */
static const uint8_t without_aim[] = {
    PAGE_POS,    USE(0x02), APPLICATION, USE(0x12), LOGICAL,   ID(2),     LIMITS,   BYTES(1), PAGE_DESK,
    USE(0x3B),   VAR,       BYTES(56),   PAGE_POS,  USE(0xFE), BUFFERED,  BYTES(4), CONST,    BYTES(1),
    PAGE_VENDOR, USE(0x01), VAR,         BYTES(1),  PAGE_POS,  USE(0xFF), VAR,      END,      END,
};

/* No report ids, 2-byte length, three identifiers under one usage: [length x2][AIM x3][32 data], no continued
 */
static const uint8_t without_ids[] = {
    PAGE_POS, USE(0x02), APPLICATION, LIMITS,    0x75, 0x10,      0x95,      0x01, PAGE_DESK, USE(0x3B),
    VAR,      BYTES(3),  PAGE_POS,    USE(0xFB), VAR,  BYTES(32), USE(0xFE), VAR,  END,
};

/* The length lies in a byte that nothing names: readable only with a quirk. */
static const uint8_t unnamed_length[] = {
    PAGE_POS,  USE(0x02), APPLICATION, USE(0x12), LOGICAL,   ID(2), LIMITS, BYTES(1), PAGE_VENDOR,
    USE(0x10), VAR,       BYTES(60),   PAGE_POS,  USE(0xFE), VAR,   END,    END,
};

/* A boot keyboard: well formed, and nothing of ours. */
static const uint8_t keyboard[] = {
    PAGE_DESK, USE(0x06), APPLICATION, 0x05,  0x07,     0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25, 0x01,
    BITS(8),   VAR,       BYTES(1),    CONST, BYTES(6), 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, END,
};

#endif
