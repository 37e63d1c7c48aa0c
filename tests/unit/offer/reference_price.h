/* The second calculator: what it finds for a desk. It shares no code with the room. */
#ifndef TEST_OFFER_REFERENCE_PRICE_H
#define TEST_OFFER_REFERENCE_PRICE_H

#include "unit/offer/make.h"

enum { LINES = 7, OFFERS = 6 };

struct reference {
    const struct desk *d;
    int reason[OFFERS];
    int64_t missing[OFFERS], saved[OFFERS], owed[OFFERS], basis[OFFERS];
    size_t taken[OFFERS], ntaken;
    int64_t gross[LINES], left[LINES], share[OFFERS][LINES], tax[LINES];
};

/* The desk has at most LINES lines and OFFERS offers, whose ids are of two characters. */
void reference_price(struct reference *r, const struct desk *d);

#endif
