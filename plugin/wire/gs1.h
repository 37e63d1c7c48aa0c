/*
 * GS1 coupons: AI 255 (GCN), 8110 (North American coupon code) and 8112 (positive offer file), to the letter
 * of the GS1 syntax dictionary. Element strings here are an AI and its data, with nothing around them. Pure;
 * any thread.
 */
#ifndef WIRE_GS1_H
#define WIRE_GS1_H

#include "base/bytes.h"

enum {
    GS1_ELEMENT_MAX = 74, /* 8110 and 8112: the AI and X..70 */
    GS1_OFFER_MAX = 22,   /* the AI, a prefix or funder id of 12 digits, an offer code of 6 */
    GS1_SERIAL_MAX = 15,
};

enum gs1_ai { GS1_GCN, GS1_COUPON_CODE, GS1_POSITIVE_OFFER, GS1_AIS };

/* The AI's digits: "255", "8110", "8112". */
extern const char *const gs1_ai_digits[GS1_AIS];

/* Its own copies: the struct may be copied. */
struct gs1_coupon {
    enum gs1_ai ai;
    char element[GS1_ELEMENT_MAX + 1]; /* AI and data as they came: the form that travels */
    /* What it is a coupon of, as an offer's `gs1` names it: the AI and 8110: company prefix and offer code;
     * 8112: funder id and offer code; 255: the GCN's 13 digits. */
    char offer[GS1_OFFER_MAX + 1];
    char serial[GS1_SERIAL_MAX + 1]; /* "" when it has none */
};

/* 0; TP_UNKNOWN_CODE when it does not begin with one of the three AIs; TP_MISREAD when one of its fields is
 * wrong, missing or too much. */
int gs1_coupon_read(struct bytes element, struct gs1_coupon *out);

/* Whether it is what gs1_coupon_read could give as `offer`. */
bool gs1_offer_valid(struct bytes text);

/* Weights 3 and 1 by turns, from the digit before the check digit to the left (GS1 General Specifications,
 * section 7.9.1). `digits` holds n digits, the check digit the last. */
bool gs1_check_digit(const char *digits, size_t n);

/* A funder id or company prefix and its offer code, a GCN, a serial: as two integers that no other pair of
 * (offer, serial) has. *offer is from INT64_MIN + 1 to -1, *serial above 0; leading zeros count. Both are
 * NONE when the coupon has no serial. */
void gs1_numbers(const struct gs1_coupon *c, int64_t *offer, int64_t *serial);

#endif
