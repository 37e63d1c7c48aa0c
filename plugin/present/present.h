/*
 * What was scanned, typed or tapped. Pure; any thread. Every byte may be hostile: bytes are compared and
 * counted, and never run, opened, formatted with or handed to a database.
 */
#ifndef PRESENT_PRESENT_H
#define PRESENT_PRESENT_H

#include "wire/coupon.h"
#include "wire/gs1.h"

enum {
    SCAN_MAX = 4096,
    CARD_TOKEN_MAX = 64,
    GTIN_DIGITS = 14,  /* any GTIN, zeros in front (GS1 General Specifications, section 3.3.2) */
    PICKUP_DIGITS = 9, /* a code for a screen that cannot be scanned */
};

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

/* A card's token: 1 to 64 printable ASCII bytes, no space; a line end after it does not count. *token is a
 * view of `in`. 0, or TP_MISREAD. */
int present_card(struct bytes in, struct bytes *token);

enum presented_kind {
    PRESENTED_COUPON,
    PRESENTED_PRODUCT,
    PRESENTED_LOYALTY,
    PRESENTED_PICKUP,
    PRESENTED_GS1,
};

struct presented {
    enum presented_kind kind;
    struct presented_coupon coupon; /* COUPON; do not copy the struct */
    char gtin[GTIN_DIGITS + 1];     /* PRODUCT */
    struct bytes token;             /* LOYALTY: a view of `in` */
    char pickup[PICKUP_DIGITS + 1]; /* PICKUP */
    struct gs1_coupon gs1;          /* GS1 */
};

struct present_rules {
    bool typed; /* by a person: nine digits are a pickup code */
    const struct bytes
        *loyalty; /* what loyalty numbers begin with, of the shop's policy; an empty one is passed over */
    size_t loyalty_count;
};

/*
 * Tells what a scan or a typed code is. In this order: a whole coupon; a pickup code (typed, exactly nine
 * digits, spaces aside); a GS1 coupon (AI 255, 8110 or 8112 behind a GS1 symbology's prefix, with FNC1, in
 * brackets or in a GS1 Digital Link); a loyalty number (a token as for present_card, with one of the
 * prefixes); a product (8, 12, 13 or 14 digits that end in their check digit; behind a GS1 symbology's
 * prefix, AI 01; or a GS1 Digital Link with /01/); a GS1 coupon as nothing but digits; and any coupon or
 * product whose digits came through a keyboard of another layout as a whole (French, Belgian, Czech, or a US
 * one with shift held). 0; TP_MISREAD (begins like a coupon, but a field of it is wrong; or an EAN symbol
 * whose check digit is); TP_UNKNOWN_CODE.
 */
int present_read(struct bytes in, const struct present_rules *rules, struct presented *out);

#endif
