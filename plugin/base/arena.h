/* Memory that is taken piece by piece and given back at once, up to a maximum fixed at birth. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

struct arena_block;

/* Either over caller's memory (arena_over), which never allocates, or in blocks of its own (arena_init). */
struct arena {
    uint8_t *p;
    size_t n, cap;
    size_t total, max;
    struct arena_block *blocks;
};

void arena_init(struct arena *a, size_t max);
void arena_over(struct arena *a, void *memory, size_t size);
/* count zeroed items of `size` bytes, aligned for any type; NULL when the maximum is reached. count 0 gives
 * a pointer that may not be read. */
void *arena_take(struct arena *a, size_t size, size_t count);
/* A copy of the bytes that lives as long as the arena; p is NULL when it does not fit or was absent. */
struct bytes arena_copy(struct arena *a, struct bytes from);
/* Forgets everything taken; frees own blocks. The arena can be used again. */
void arena_reset(struct arena *a);

#define ARENA_NEW(a, type, count) ((type *)arena_take((a), sizeof(type), (count)))

#endif
