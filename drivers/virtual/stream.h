/* A byte stream cut into scans: lines, or records with their length. Pure; allocates nothing. */
#ifndef DRIVERS_VIRTUAL_STREAM_H
#define DRIVERS_VIRTUAL_STREAM_H

#include "drivers/driver.h"

enum { STREAM_IDENTIFIER = 3, STREAM_HEAD = 2 + STREAM_IDENTIFIER };

/* Zero it first, then set framing. */
struct stream {
    enum driver_framing framing;
    bool skipping; /* the line is too long: drop it to its end */
    uint32_t n;
    uint8_t bytes[SCAN_MAX + STREAM_HEAD]; /* a line with its identifier and CR, or a record */
};

/*
 * Takes bytes from the front of *in. 1: *out is a scan, *in may hold more. 0: *in is empty, nothing is whole.
 * TP_E_MALFORMED: a line was longer than SCAN_MAX and is dropped; call again. TP_E_IO: a record is longer
 * than SCAN_MAX, so nobody knows where the next one begins. Empty lines and records are no scans.
 */
int stream_read(struct stream *s, struct bytes *in, int64_t at_ms, struct scan *out);

/* The stream has ended: 1 and a scan when it ended in a line without its LF, 0 otherwise. */
int stream_end(struct stream *s, int64_t at_ms, struct scan *out);

#endif
