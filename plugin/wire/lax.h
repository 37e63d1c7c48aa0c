/*
 * Any well-formed CBOR (RFC 8949, section 5.3.1): long forms, indefinite lengths, floats, tags and text keys
 * included. Only for COSE messages and keys of other systems, which `tillproof cose verify` checks; nothing
 * of the redemption protocol is read with it. Allocates nothing; nesting ends at LAX_DEPTH. Pure; any thread.
 */
#ifndef WIRE_LAX_H
#define WIRE_LAX_H

#include "wire/cbor.h"

enum { LAX_DEPTH = 16 };

/* Steps over one item and hands out its bytes. 0, or TP_E_MALFORMED with the reader unmoved. */
int lax_item(struct dec *d, struct bytes *item);
/* Steps over a tag's head of this number; false, and unmoved, when something else comes. */
bool lax_tag(struct dec *d, uint64_t tag);
/* Steps over an array's head; count is at most the bytes left. An indefinite length is refused. */
int lax_array(struct dec *d, size_t *count);
/* Looks for an integer label in a map; value.p is NULL when it is not there. 0, or TP_E_MALFORMED when `map`
 * is not exactly one well-formed map or has the label twice. */
int lax_find(struct bytes map, int64_t label, struct bytes *value);
/* What one item says, when it is an integer of 64 bits, or a byte string of definite length. */
bool lax_int(struct bytes item, int64_t *v);
bool lax_bytes(struct bytes item, struct bytes *v);

#endif
