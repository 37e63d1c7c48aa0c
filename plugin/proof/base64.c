#include "proof/note.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct bytes in, struct buf *out)
{
    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i;
        uint32_t v = (uint32_t)in.p[i] << 16 | (left > 1 ? (uint32_t)in.p[i + 1] << 8 : 0) |
                     (left > 2 ? in.p[i + 2] : 0);
        buf_putc(out, (uint8_t)digits[v >> 18 & 63]);
        buf_putc(out, (uint8_t)digits[v >> 12 & 63]);
        buf_putc(out, (uint8_t)(left > 1 ? digits[v >> 6 & 63] : '='));
        buf_putc(out, (uint8_t)(left > 2 ? digits[v & 63] : '='));
    }
}

static int digit(uint8_t c)
{
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Four digits, the last `pad` of which are '='; bits that stand for nothing must be 0, so that a value has
 * one form. */
static bool decode_four(const uint8_t *p, int pad, struct buf *out)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        int d = i < 4 - pad ? digit(p[i]) : 0;
        if (d < 0) {
            return false;
        }
        v = v << 6 | (uint32_t)d;
    }
    if (v & ((1u << 8 * pad) - 1)) {
        return false;
    }
    for (int i = 0; i < 3 - pad; i++) {
        buf_putc(out, (uint8_t)(v >> (16 - 8 * i)));
    }
    return true;
}

bool base64_decode(struct bytes text, struct buf *out)
{
    bool good = text.n % 4 == 0;
    for (size_t i = 0; i < text.n && good; i += 4) {
        bool last = i + 4 == text.n;
        int pad = last && text.p[i + 3] == '=' ? text.p[i + 2] == '=' ? 2 : 1 : 0;
        good = decode_four(text.p + i, pad, out);
    }
    return good && !out->failed;
}
