/*
 * Where a bar code scanner of the HID Point of Sale usage page (0x8C) puts what it read. The report
 * descriptor (HID 1.11, 6.2.2) comes from the device and is hostile: this is a pure function over bytes,
 * with bounds on everything, and it allocates nothing.
 */
#ifndef DRIVERS_HID_SCANNER_LAYOUT_H
#define DRIVERS_HID_SCANNER_LAYOUT_H

#include "drivers/driver.h"

enum {
    LAYOUT_REPORTS = 4,           /* scanned data reports of one device */
    LAYOUT_DESCRIPTOR_MAX = 4096, /* as in Linux: HID_MAX_DESCRIPTOR_SIZE */
};

/* One scanned data report. Offsets are in bytes from the report's begin, its id included; 0 is no field
 * where the report has ids, so `has_` says what is there. */
struct layout_report {
    uint8_t id;       /* 0: reports of this device have no id byte */
    uint16_t size;    /* bytes, the id included */
    uint16_t data_at; /* Decoded Data, 0xFE */
    uint16_t data_size;
    bool has_length; /* Byte Count (page 1, 0x3B) */
    uint16_t length_at;
    uint8_t length_size; /* 1 or 2 bytes, little-endian */
    bool has_aim;        /* Symbology Identifier 1 to 3, 0xFB to 0xFD */
    uint16_t aim_at[3];
    bool has_continued; /* Decoded Data Continued, 0xFF */
    uint32_t continued_bit;
    uint8_t continued_bits; /* 1..8 */
};

struct layout {
    bool scanner;     /* the descriptor has an application collection Bar Code Scanner (0x8C, 0x02) */
    bool ids;         /* every report begins with its id */
    uint16_t largest; /* bytes of the largest input report, whatever it holds */
    uint8_t count;
    struct layout_report reports[LAYOUT_REPORTS];
};

/*
 * Reads a report descriptor of 1..LAYOUT_DESCRIPTOR_MAX bytes. length_at: where the byte count lies when
 * the descriptor does not name it (a quirk), 0 for nowhere. 0; TP_E_MALFORMED when the descriptor breaks
 * its own format; TP_UNSUPPORTED when it is well formed and has no report with both Decoded Data and a
 * length (scanner says whether it is a scanner at all). *out is zero unless 0 or TP_UNSUPPORTED.
 */
int layout_parse(struct bytes descriptor, uint16_t length_at, struct layout *out, struct err *e);

/* The report with this id; NULL when none of them carries scanned data. */
const struct layout_report *layout_find(const struct layout *l, uint8_t id);

#endif
