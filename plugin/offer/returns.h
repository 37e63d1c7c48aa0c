/*
 * What a return gives back: by what was paid, or by what the kept lines cost without what was returned. Pure:
 * no clock, no disk, no memory but the given arena.
 */
#ifndef OFFER_RETURNS_H
#define OFFER_RETURNS_H

#include "offer/price.h"

/* Of one line, all returns so far. Zero where nothing came back. Money is what changes hands: with the tax on
 * top where the sale's prices were without it. */
struct returned {
    int64_t quantity;   /* thousandths, 0 to what was sold */
    int64_t refunded;   /* for the units that came back */
    int64_t taken_back; /* by which the units that stay have become dearer; never above refunded in sum */
};

/* Of one offer that applied, all returns so far, this one included. */
struct returned_offer {
    int64_t discount, cashback; /* at most what it gave */
};

/* This return alone. due is 0 or more; gross less discount is net; tax may be below 0 where a discount that
 * is taken back was on a higher rate than what came back. */
struct refund {
    int rule; /* enum returns_rule: the strictest of the offers that applied */
    int64_t gross, discount, net, tax, due;
};

/* A sale as it was committed. */
struct sold {
    const struct policy *policy;
    const struct basket *basket;
    const struct quote *quote;         /* its lines in the basket's order */
    const struct offer *const *offers; /* the terms of quote->applied, in that order */
};

/*
 * For each line of the basket, in its order: before[i] is its state, now[i] the quantity that comes back now
 * (thousandths, 0 or more), and after[i] becomes its new state, to be given as before[i] next time. offers
 * gets quote->applied.n rows. All three are the caller's, and untouched on failure, as is *out.
 *
 * 0; TP_BAD_VALUE (more than was sold, a line that was itself a return, or states that cannot be: e names the
 * line); TP_E_MEMORY; or what offer_price says of the kept lines.
 */
int offer_return(const struct sold *sale, const struct returned *before, const int64_t *now,
                 struct returned *after, struct returned_offer *offers, struct refund *out, struct arena *a,
                 struct err *e);

/* Bytes of arena that it takes at most for these sizes. */
size_t offer_return_memory(size_t lines, size_t applied);

#endif
