#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Length of the UTF-8 sequence at p, or 0 when it is malformed (RFC 3629, section 4). */
static size_t utf8_step(const uint8_t *p, size_t n)
{
    uint8_t c = p[0];
    if (c < 0x80) {
        return 1;
    }
    size_t len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || n < len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool bad = (c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F) || (c == 0xF0 && p[1] < 0x90) ||
               (c == 0xF4 && p[1] > 0x8F);
    return bad ? 0 : len;
}

bool bytes_utf8(struct bytes text)
{
    for (size_t i = 0; i < text.n;) {
        size_t step = utf8_step(text.p + i, text.n - i);
        if (step == 0) {
            return false;
        }
        i += step;
    }
    return true;
}

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_over(struct buf *b, void *memory, size_t size)
{
    *b = (struct buf){.p = memory, .cap = size, .max = size, .borrowed = true};
}

void buf_free(struct buf *b)
{
    if (!b->borrowed) {
        free(b->p);
    }
    *b = (struct buf){0};
}

void buf_free_secret(struct buf *b)
{
    if (b->p) {
        explicit_bzero(b->p, b->cap);
    }
    buf_free(b);
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

static bool buf_grow(struct buf *b, size_t need)
{
    if (b->borrowed || need > b->max) {
        return false;
    }
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need) {
        cap = cap > b->max / 2 ? b->max : cap * 2;
    }
    /* Not realloc: what a buffer held may be secret, so the old memory is wiped before it goes back. */
    uint8_t *p = malloc(cap);
    if (!p) {
        return false;
    }
    if (b->n) {
        memcpy(p, b->p, b->n);
        explicit_bzero(b->p, b->n);
    }
    free(b->p);
    b->p = p;
    b->cap = cap;
    return true;
}

uint8_t *buf_extend(struct buf *b, size_t n)
{
    if (b->failed || n > b->max - b->n || (b->n + n > b->cap && !buf_grow(b, b->n + n))) {
        b->failed = true;
        return NULL;
    }
    uint8_t *at = b->p + b->n;
    b->n += n;
    return at;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
    if (n == 0) {
        return;
    }
    uint8_t *at = buf_extend(b, n);
    if (at) {
        memcpy(at, p, n);
    }
}

void buf_putc(struct buf *b, uint8_t c)
{
    buf_put(b, &c, 1);
}

void buf_puts(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    /* One byte more for vsnprintf's terminator, given back at once. */
    uint8_t *at = n < 0 ? NULL : buf_extend(b, (size_t)n + 1);
    if (at) {
        vsnprintf((char *)at, (size_t)n + 1, format, again);
        b->n--;
    } else {
        b->failed = true;
    }
    va_end(again);
}

void bytes_to_cstr(struct bytes text, char *out, size_t size)
{
    if (size == 0) {
        return;
    }
    size_t n = 0;
    while (n < text.n) {
        size_t step = utf8_step(text.p + n, text.n - n);
        if (step == 0 || n + step > size - 1) {
            break;
        }
        n += step;
    }
    if (n) {
        memcpy(out, text.p, n);
    }
    out[n] = '\0';
}
