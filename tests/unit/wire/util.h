/* What the tests of this room share: bytes from hex, and numbers that look random and are the same each time.
 */
#ifndef UNIT_WIRE_UTIL_H
#define UNIT_WIRE_UTIL_H

#include "base/bytes.h"
#include "base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the above before it. */
#include <cmocka.h>

static inline struct bytes unhex(const char *hex, uint8_t *out, size_t size)
{
    size_t n = strlen(hex) / 2;
    assert_true(n <= size);
    assert_true(hex_decode(bytes_str(hex), out, n));
    return bytes_of(out, n);
}

/* xorshift64* */
static inline uint64_t chance(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static inline size_t chance_below(uint64_t *state, size_t n)
{
    return (size_t)(chance(state) % n);
}

#endif
