#include "base/id.h"

#include "base/code.h"

#include <errno.h>
#include <sys/random.h>

int random_bytes(void *out, size_t n)
{
    uint8_t *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return TP_E_IO;
        }
        p += got;
        n -= (size_t)got;
    }
    return 0;
}

void hex_encode(const void *p, size_t n, char *out)
{
    const uint8_t *in = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = "0123456789abcdef"[in[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[in[i] & 15];
    }
    out[2 * n] = '\0';
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(struct bytes text, void *out, size_t n)
{
    if (text.n != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (hex_digit(text.p[i]) < 0) {
            return false;
        }
    }
    uint8_t *to = out;
    for (size_t i = 0; i < n; i++) {
        to[i] = (uint8_t)(hex_digit(text.p[2 * i]) * 16 + hex_digit(text.p[2 * i + 1]));
    }
    return true;
}

void wipe(void *p, size_t n)
{
    if (p && n) {
        explicit_bzero(p, n);
    }
}

bool secret_equal(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;
    uint8_t diff = 0;
    for (size_t i = 0; i < n; i++) {
        diff |= (uint8_t)(x[i] ^ y[i]);
    }
    return diff == 0;
}
