/* Arrays as parameters, of one dimension, in the binary form. */
#include "store/postgres/inside.h"

enum { COUNT_AT = 12 };

static void put32(struct buf *b, uint32_t v)
{
    const uint8_t be[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    buf_put(b, be, sizeof be);
}

void pg_array_begin(struct buf *b, Oid element)
{
    put32(b, 1); /* dimensions */
    put32(b, 1); /* there may be NULLs */
    put32(b, element);
    put32(b, 0); /* how many: when it is bound */
    put32(b, 1); /* counted from */
}

void pg_array_put(struct buf *b, const void *value, size_t n)
{
    put32(b, value ? (uint32_t)n : UINT32_MAX);
    if (value) {
        buf_put(b, value, n);
    }
}

void pg_array_put_number(struct buf *b, int64_t v)
{
    put32(b, sizeof v);
    put32(b, (uint32_t)((uint64_t)v >> 32));
    put32(b, (uint32_t)v);
}

void pg_array_bind(struct params *p, struct buf *b, size_t count, Oid type)
{
    for (int i = 0; i < 4 && !b->failed; i++) {
        b->p[COUNT_AT + i] = (uint8_t)(count >> (24 - 8 * i));
    }
    p->types[p->n] = type;
    p->values[p->n] = (const char *)b->p;
    p->lengths[p->n] = (int)b->n;
    p->formats[p->n++] = 1;
}
