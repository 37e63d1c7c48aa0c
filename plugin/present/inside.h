/* What the files of this room share. Pure. */
#ifndef PRESENT_INSIDE_H
#define PRESENT_INSIDE_H

#include "present/present.h"

static inline bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_printable(uint8_t c)
{
    return c > ' ' && c <= '~';
}

/* Steps over spaces and an AIM prefix; aim[0] is the symbology's letter and aim[1] its modifier, or both are
 * 0. */
struct bytes skip_front(struct bytes in, uint8_t aim[2]);
struct bytes skip_back(struct bytes in);
/* Copies the digits, spaces aside. False when anything else is there, or more than `max` of them. */
bool take_only_digits(struct bytes in, char *out, size_t max, size_t *n);

/* layout.c: appends the digits that were meant, when every byte (spaces at the ends aside) is a digit's key
 * of one keyboard layout, the digits of an AIM prefix before them dropped. `turn` counts the layouts from 0:
 * false when there are no more; out is left empty when this one does not fit. */
bool layout_digits(struct bytes in, size_t turn, struct buf *out);

/* A control character that a scanner sends where a symbol has FNC1. */
enum { GROUP_SEPARATOR = 0x1D };

/* product.c: symbologies that carry element strings: GS1-128, DataBar, DataMatrix, QR. A keyboard with caps
 * lock on turns the letter over. */
bool is_element_string(const uint8_t aim[2]);
/* Where the path of a web address begins, or 0. */
size_t path_of_link(struct bytes in);

/* gs1.c: a coupon of AI 255, 8110 or 8112 in an element string that says it is one (by its prefix, by FNC1 or
 * by brackets), or in a GS1 Digital Link. 0, TP_MISREAD, TP_UNKNOWN_CODE: no coupon in it. `in` is without
 * its prefix and without spaces at its ends. */
int gs1_read(struct bytes in, const uint8_t aim[2], struct gs1_coupon *out);
/* The same of nothing but digits, as from a scanner that sends neither prefix nor FNC1. */
int gs1_read_plain(struct bytes in, struct gs1_coupon *out);

/* product.c: 0, TP_MISREAD (an EAN symbol with a wrong check digit), TP_UNKNOWN_CODE. `in` is without its
 * prefix and without spaces at its ends. */
int product_read(struct bytes in, const uint8_t aim[2], char gtin[GTIN_DIGITS + 1]);

#endif
