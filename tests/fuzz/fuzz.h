/* What the fuzz targets share: one entry each, invariants that end the run, and a count of allocations. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

/* The target itself; libFuzzer or replay.c calls it. `data` ends where the input ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant. Broken, it ends the process so that the input is kept. */
#define HOLDS(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                   \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* Allocations of this process between the two calls; 0 where no sanitizer's runtime counts them. */
void count_allocations(void);
size_t allocations(void);

/* The input, taken from the front; zeros when it is used up. */
struct feed {
    const uint8_t *p, *end;
};

static inline struct feed feed_of(const uint8_t *data, size_t size)
{
    return (struct feed){data, data + size};
}

static inline size_t feed_left(const struct feed *f)
{
    return (size_t)(f->end - f->p);
}

static inline uint8_t feed_u8(struct feed *f)
{
    return f->p < f->end ? *f->p++ : 0;
}

static inline uint32_t feed_u16(struct feed *f)
{
    uint32_t high = feed_u8(f);
    return high << 8 | feed_u8(f);
}

/* At most n bytes; fewer where no more are left. */
static inline struct bytes feed_bytes(struct feed *f, size_t n)
{
    size_t left = feed_left(f);
    struct bytes out = bytes_of(f->p, n < left ? n : left);
    f->p += out.n;
    return out;
}

static inline struct bytes feed_rest(struct feed *f)
{
    return feed_bytes(f, SIZE_MAX);
}

#endif
