#include "drivers/virtual/stream.h"

static uint8_t next_byte(struct bytes *in)
{
    uint8_t c = in->p[0];
    in->p++;
    in->n--;
    return c;
}

static void fill(struct scan *out, const uint8_t *identifier, struct bytes data, int64_t at_ms)
{
    out->at_ms = at_ms;
    out->device = 0;
    memset(out->symbology, 0, sizeof out->symbology);
    if (identifier && symbology_valid(identifier)) {
        memcpy(out->symbology, identifier, STREAM_IDENTIFIER);
    }
    out->n = (uint32_t)data.n;
    memcpy(out->bytes, data.p, data.n);
}

static int end_line(struct stream *s, int64_t at_ms, struct scan *out)
{
    uint32_t n = s->n;
    s->n = 0;
    if (n > 0 && s->bytes[n - 1] == '\r') {
        n--;
    }
    bool identified = n > STREAM_IDENTIFIER && symbology_valid(s->bytes);
    uint32_t skip = identified ? STREAM_IDENTIFIER : 0;
    if (n - skip > SCAN_MAX) {
        return TP_E_MALFORMED;
    }
    if (n == 0) {
        return 0;
    }
    fill(out, identified ? s->bytes : NULL, bytes_of(s->bytes + skip, n - skip), at_ms);
    return 1;
}

static int take_line(struct stream *s, uint8_t c, int64_t at_ms, struct scan *out)
{
    if (c == '\n') {
        bool skipped = s->skipping;
        s->skipping = false;
        return skipped ? 0 : end_line(s, at_ms, out);
    }
    if (s->skipping) {
        return 0;
    }
    if (s->n == sizeof s->bytes) {
        s->skipping = true;
        s->n = 0;
        return TP_E_MALFORMED;
    }
    s->bytes[s->n++] = c;
    return 0;
}

static int take_record(struct stream *s, uint8_t c, int64_t at_ms, struct scan *out)
{
    s->bytes[s->n++] = c;
    if (s->n < STREAM_HEAD) {
        return 0;
    }
    uint32_t size = (uint32_t)(s->bytes[0] << 8 | s->bytes[1]);
    if (size > SCAN_MAX) {
        s->n = 0;
        return TP_E_IO;
    }
    if (s->n < STREAM_HEAD + size) {
        return 0;
    }
    s->n = 0;
    if (size == 0) {
        return 0;
    }
    fill(out, s->bytes + 2, bytes_of(s->bytes + STREAM_HEAD, size), at_ms);
    return 1;
}

int stream_read(struct stream *s, struct bytes *in, int64_t at_ms, struct scan *out)
{
    while (in->n > 0) {
        uint8_t c = next_byte(in);
        int rc = s->framing == DRIVER_RECORDS ? take_record(s, c, at_ms, out) : take_line(s, c, at_ms, out);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

int stream_end(struct stream *s, int64_t at_ms, struct scan *out)
{
    bool line = s->framing == DRIVER_LINES && !s->skipping;
    s->skipping = false;
    int rc = line ? end_line(s, at_ms, out) : 0;
    s->n = 0;
    return rc == 1 ? 1 : 0;
}
