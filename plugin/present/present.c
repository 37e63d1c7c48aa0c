#include "present/inside.h"

/* The first byte of tag 18 (RFC 8949, section 3.4): no text begins with it. */
enum { COSE_FIRST = 0xD2 };

static bool is_alnum(uint8_t c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

struct bytes skip_front(struct bytes in, uint8_t aim[2])
{
    aim[0] = aim[1] = 0;
    while (in.n && is_space(in.p[0])) {
        in = bytes_of(in.p + 1, in.n - 1);
    }
    /* ISO/IEC 15424: a bracket, the symbology's letter, its modifier. */
    if (in.n >= 3 && in.p[0] == ']' && is_alnum(in.p[1]) && is_alnum(in.p[2])) {
        memcpy(aim, in.p + 1, 2);
        in = bytes_of(in.p + 3, in.n - 3);
    }
    return in;
}

struct bytes skip_back(struct bytes in)
{
    while (in.n && is_space(in.p[in.n - 1])) {
        in.n--;
    }
    return in;
}

bool take_only_digits(struct bytes in, char *out, size_t max, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] == ' ') {
            continue;
        }
        if (*n == max || !is_digit(in.p[i])) {
            return false;
        }
        out[(*n)++] = (char)in.p[i];
    }
    return true;
}

static int take_raw(struct bytes in, struct presented_coupon *out)
{
    /* A signature may end in the byte of a line end, so the whole is tried first. */
    for (int cut = 0; cut <= 2; cut++) {
        if (in.n == 0 || (cut && !is_space(in.p[in.n - 1]))) {
            break;
        }
        in.n -= cut ? 1 : 0;
        if (in.n > COUPON_MAX) {
            continue;
        }
        memcpy(out->raw, in.p, in.n);
        out->n = in.n;
        if (coupon_parse(bytes_of(out->raw, out->n), &out->coupon) == 0) {
            return 0;
        }
    }
    return TP_MISREAD;
}

static int take_digits(struct bytes in, struct presented_coupon *out)
{
    uint8_t digits[COUPON_DIGITS_MAX];
    size_t n = 0;
    bool cut = false;
    for (size_t i = 0; i < in.n; i++) {
        if (is_space(in.p[i])) {
            continue;
        }
        if (n == sizeof digits) {
            cut = true;
            break;
        }
        digits[n++] = in.p[i];
    }
    struct buf raw;
    buf_over(&raw, out->raw, sizeof out->raw);
    int rc = coupon_from_digits(bytes_of(digits, n), &raw);
    wipe(digits, n); /* it may have been a card's number */
    if (rc == TP_UNKNOWN_CODE) {
        return rc;
    }
    if (rc || cut || raw.failed || coupon_parse(buf_view(&raw), &out->coupon)) {
        return TP_MISREAD;
    }
    out->n = raw.n;
    return 0;
}

int present_code(struct bytes in, struct presented_coupon *out)
{
    *out = (struct presented_coupon){0};
    if (in.n > SCAN_MAX) {
        return TP_UNKNOWN_CODE;
    }
    uint8_t aim[2];
    in = skip_front(in, aim);
    if (in.n == 0) {
        return TP_UNKNOWN_CODE;
    }
    return in.p[0] == COSE_FIRST ? take_raw(in, out) : take_digits(in, out);
}

int present_card(struct bytes in, struct bytes *token)
{
    in = skip_back(in);
    if (in.n == 0 || in.n > CARD_TOKEN_MAX) {
        return TP_MISREAD;
    }
    for (size_t i = 0; i < in.n; i++) {
        if (!is_printable(in.p[i])) {
            return TP_MISREAD;
        }
    }
    *token = in;
    return 0;
}
