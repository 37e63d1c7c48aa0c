/*
 * zbar opens character set converters for every QR code, and converts what has an ECI (ISO/IEC 18004, 7.4.3)
 * even where raw bytes are asked for. The C library reads converters from files, which the filter forbids.
 * These come before the C library's in the program: one converter that leaves every byte as it is.
 */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#pragma GCC visibility push(default)

iconv_t iconv_open(const char *to, const char *from)
{
    static char only;
    (void)to;
    (void)from;
    return (iconv_t)&only;
}

size_t iconv(iconv_t cd, char **restrict in, size_t *restrict in_left, char **restrict out,
             size_t *restrict out_left)
{
    (void)cd;
    if (!in || !*in || !in_left || !out || !*out || !out_left) {
        return 0;
    }
    size_t n = *in_left < *out_left ? *in_left : *out_left;
    memcpy(*out, *in, n);
    *in += n;
    *in_left -= n;
    *out += n;
    *out_left -= n;
    if (*in_left > 0) {
        errno = E2BIG;
        return (size_t)-1;
    }
    return 0;
}

int iconv_close(iconv_t cd)
{
    (void)cd;
    return 0;
}

#pragma GCC visibility pop
