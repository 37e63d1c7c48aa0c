#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum { BLOCK = 16 * 1024, ALIGN = alignof(max_align_t) };

struct arena_block {
    alignas(max_align_t) struct arena_block *next;
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

void arena_over(struct arena *a, void *memory, size_t size)
{
    size_t skip = (size_t)(-(uintptr_t)memory % ALIGN);
    *a = (struct arena){0};
    if (skip < size) {
        a->p = (uint8_t *)memory + skip;
        a->cap = size - skip;
    }
}

static bool arena_grow(struct arena *a, size_t need)
{
    if (need > a->max - a->total) {
        return false;
    }
    size_t size = need > BLOCK ? need : BLOCK;
    if (size > a->max - a->total) {
        size = a->max - a->total;
    }
    struct arena_block *block = malloc(sizeof *block + size);
    if (!block) {
        return false;
    }
    block->next = a->blocks;
    a->blocks = block;
    a->p = (uint8_t *)(block + 1);
    a->n = 0;
    a->cap = size;
    a->total += size;
    return true;
}

void *arena_take(struct arena *a, size_t size, size_t count)
{
    size_t want;
    if (__builtin_mul_overflow(size, count, &want) || want > SIZE_MAX - ALIGN) {
        return NULL;
    }
    want = (want + ALIGN - 1) / ALIGN * ALIGN;
    if (want == 0) {
        want = ALIGN;
    }
    if (want > a->cap - a->n && !arena_grow(a, want)) {
        return NULL;
    }
    void *at = a->p + a->n;
    a->n += want;
    memset(at, 0, want);
    return at;
}

struct bytes arena_copy(struct arena *a, struct bytes from)
{
    if (!from.p) {
        return from;
    }
    uint8_t *at = arena_take(a, 1, from.n);
    if (!at) {
        return (struct bytes){0};
    }
    if (from.n) {
        memcpy(at, from.p, from.n);
    }
    return bytes_of(at, from.n);
}

void arena_reset(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
        a->p = NULL;
        a->cap = 0;
    }
    a->n = 0;
    a->total = 0;
}
