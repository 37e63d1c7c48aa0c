/*
 * What was scanned, typed or tapped. Pure; any thread. Every byte may be hostile.
 */
#ifndef PRESENT_PRESENT_H
#define PRESENT_PRESENT_H

#include "wire/coupon.h"

enum { SCAN_MAX = 4096, CARD_TOKEN_MAX = 64 };

/* A coupon, with its own copy of the bytes that its views point into: do not copy the struct. */
struct presented_coupon {
    uint8_t raw[COUPON_MAX];
    size_t n;
    struct coupon coupon;
};

/*
 * Reads a scan or a typed code: the digits of a coupon, or its raw COSE bytes. Spaces, tabs, line ends and an
 * AIM prefix (]Q1, ISO/IEC 15424) are what devices and people add; they do not count.
 * 0; TP_UNKNOWN_CODE (not ours); TP_MISREAD (ours, but damaged or cut). Says nothing of the signature.
 */
int present_code(struct bytes in, struct presented_coupon *out);

/* A card's token: 1 to 64 printable ASCII bytes, no space; a line end after it does not count. *token is a view
 * of `in`. 0, or TP_MISREAD. */
int present_card(struct bytes in, struct bytes *token);

#endif
