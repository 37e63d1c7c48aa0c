/* Views of bytes, and buffers that are born with their maximum. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that somebody else owns. Text is UTF-8 without a terminator. p is NULL where a value is absent. */
struct bytes {
    const uint8_t *p;
    size_t n;
};

static inline struct bytes bytes_of(const void *p, size_t n)
{
    return (struct bytes){(const uint8_t *)p, n};
}

static inline struct bytes bytes_str(const char *s)
{
    return (struct bytes){(const uint8_t *)s, s ? strlen(s) : 0};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool bytes_is(struct bytes a, const char *s)
{
    return bytes_equal(a, bytes_str(s));
}

/* True when every byte belongs to well-formed UTF-8 (RFC 3629: no surrogates, no long forms). */
bool bytes_utf8(struct bytes text);

/*
 * A buffer that grows to max and no further. A write that does not fit sets `failed`, and from then on
 * the buffer takes nothing: check once, at the end. Over caller's memory (buf_over) it never allocates.
 */
struct buf {
    uint8_t *p;
    size_t n, cap, max;
    bool borrowed, failed;
};

void buf_init(struct buf *b, size_t max);
void buf_over(struct buf *b, void *memory, size_t size);
/* Frees and zeroes; takes a buffer that is all zero, too. Never frees borrowed memory. */
void buf_free(struct buf *b);
/* Wipes what it held first. */
void buf_free_secret(struct buf *b);
/* Forgets the content and the failure, keeps the memory. */
void buf_reset(struct buf *b);
/* Makes room for n more bytes and returns where they begin; NULL (and failed) when they do not fit. */
uint8_t *buf_extend(struct buf *b, size_t n);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_putc(struct buf *b, uint8_t c);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline struct bytes buf_view(const struct buf *b)
{
    return (struct bytes){b->p, b->n};
}

/* Copies text into a C string of `size` bytes, cut at a UTF-8 border, always terminated. */
void bytes_to_cstr(struct bytes text, char *out, size_t size);

#endif
