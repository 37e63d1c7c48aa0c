/* Reports become codes: a long code comes in several reports, each but the last marked as continued. */
#ifndef DRIVERS_HID_SCANNER_JOIN_H
#define DRIVERS_HID_SCANNER_JOIN_H

#include "drivers/hid_scanner/layout.h"

enum { JOIN_GAP_MS = 2000 }; /* longest pause between two reports of one code */

/* Zero it first. */
struct join {
    int64_t last_ms;
    bool open;    /* a code has begun and is continued */
    bool spoiled; /* the code that is under way is lost; skip to its end */
    char symbology[4];
    uint32_t n;
    uint8_t bytes[SCAN_MAX];
};

/*
 * Takes one report as it came. 1: *out is a whole code. 0: nothing whole yet (a part, an empty report, a
 * report that carries no scan). TP_E_MALFORMED: the report contradicts its layout, or a code was lost: longer
 * than SCAN_MAX, its parts do not belong together, or its rest never came. Lost codes are dropped to their
 * last report. *out is touched only with 1.
 */
int join_report(struct join *j, const struct layout *l, struct bytes report, int64_t at_ms, struct scan *out);

/* Reports may have been lost: the code under way, if there is one, is dropped to its last report. */
void join_break(struct join *j);

#endif
