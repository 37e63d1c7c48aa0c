/*
 * Deterministic CBOR (RFC 8949, section 4.2.1), and only the profile's part of it: integers within 64 bits
 * signed, byte strings, UTF-8 text, arrays, maps with integer keys in ascending encoded order, true, false,
 * null, and the one tag 18. Everything else is refused: floats, other tags and simple values, indefinite
 * lengths, long forms, duplicate or unordered keys, nesting beyond CBOR_DEPTH. Nothing is allocated and
 * nothing is read beyond the given bytes, whatever they say. Pure; any thread.
 */
#ifndef WIRE_CBOR_H
#define WIRE_CBOR_H

#include "base/bytes.h"
#include "base/code.h"

enum { CBOR_DEPTH = 8 };

enum cbor_kind { CBOR_INT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_BOOL, CBOR_NULL };

/* Writers: append the shortest form to out; a full buffer sets out->failed. Map keys are the caller's to
 * order. */
void enc_int(struct buf *out, int64_t v);
void enc_bytes(struct buf *out, struct bytes v);
void enc_text(struct buf *out, struct bytes v);
void enc_array(struct buf *out, size_t count);
void enc_map(struct buf *out, size_t count);
void enc_tag(struct buf *out, uint64_t tag);
void enc_bool(struct buf *out, bool v);
void enc_null(struct buf *out);

/* A reader over bytes that outlive it. Views that it hands out point into them. */
struct dec {
    const uint8_t *p, *end;
};

void dec_init(struct dec *d, struct bytes in);
/* True when every byte has been read. */
bool dec_done(const struct dec *d);
/* The kind of the next item; TP_E_MALFORMED when there is none or the profile refuses its first byte. */
int dec_peek(const struct dec *d, enum cbor_kind *kind);
/* Each returns 0, or TP_E_MALFORMED with the reader unmoved and the output untouched. */
int dec_int(struct dec *d, int64_t *v);
int dec_bytes(struct dec *d, struct bytes *v);
int dec_text(struct dec *d, struct bytes *v);
int dec_array(struct dec *d, size_t *count); /* count is at most the bytes that are left */
int dec_map(struct dec *d, size_t *count);   /* likewise, halved */
int dec_tag(struct dec *d, uint64_t *tag);
int dec_bool(struct dec *d, bool *v);
int dec_null(struct dec *d);
/* Steps over one whole item of the profile (tag 18 and map keys included) and hands out its bytes. */
int dec_item(struct dec *d, struct bytes *item);

/* Checks that `in` is exactly one item of the profile, to the last byte. 0 or TP_E_MALFORMED. */
int cbor_check(struct bytes in);

#endif
