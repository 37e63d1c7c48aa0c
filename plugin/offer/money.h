/* Exact integers of money: currencies, decimals in and out, checked arithmetic. Pure; any thread. */
#ifndef OFFER_MONEY_H
#define OFFER_MONEY_H

#include "base/bytes.h"
#include "base/code.h"

/* Digits after the point of an ISO 4217 currency (0, 2 or 3); -1 when the code is not one in use. */
int currency_digits(struct bytes code);

/* "12.99" with at most `digits` decimals -> 1299 for 2. Grammar: -?(0|[1-9][0-9]*)(\.[0-9]+)?; trailing
 * zeros beyond `digits` are fine, other digits are not. 0, TP_BAD_VALUE, TP_AMOUNT_RANGE (beyond AMOUNT_MAX).
 */
int decimal_parse(struct bytes text, int digits, int64_t *out);
/* Appends v with exactly `digits` decimals: 1299 -> "12.99". */
void decimal_put(struct buf *out, int64_t v, int digits);
/* The same, with trailing zeros (and the point) left out: for quantities and percentages. */
void decimal_put_short(struct buf *out, int64_t v, int digits);

/* round(a * b / c), half away from zero, exact in 128 bits. c > 0. false when the result is beyond
 * AMOUNT_MAX. */
bool mul_div(int64_t a, int64_t b, int64_t c, int64_t *out);
/* a + b; false beyond AMOUNT_MAX either way. */
bool add_amount(int64_t a, int64_t b, int64_t *out);

#endif
