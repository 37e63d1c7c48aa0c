/*
 * One price, computed twice: the till calls offer_price with what it knows, the authority with what is
 * true. Same input, same bytes. Pure: no clock, no disk, no allocation beyond the given arena.
 */
#ifndef OFFER_PRICE_H
#define OFFER_PRICE_H

#include "base/arena.h"
#include "wire/terms.h"

/* What is known of one presented offer beside its terms. */
struct standing {
    int reason;          /* 0, or the positive code that refuses it before anything else is looked at */
    int64_t budget_left; /* minor units, or NONE: no budget */
};

/*
 * Prices the basket with n offers on the table, each once (the caller passes no offer twice); standings[i]
 * belongs to offers[i]. The result does not depend on their order. q's lists are taken from the arena, q's
 * texts are views of the basket's and the offers'. Prices include tax or not as the basket says. The valid
 * window, weekdays and hours are not tested when basket->time_ms is NONE; an offer for some stores is refused
 * where the basket names none. Automatic offers are passed like the others. An offer with a standing is
 * refused by it, and nothing else of it is looked at, its currency included.
 *
 * 0; TP_CURRENCY (an offer's or the basket's currency is not the policy's); TP_AMOUNT_RANGE (an amount beyond
 * AMOUNT_MAX); TP_BAD_VALUE (line numbers not unique, or a field out of range); TP_UNSUPPORTED (a kind of
 * gives that this version does not know); TP_E_MEMORY (arena). On failure q is untouched and e says why.
 */
int offer_price(const struct policy *policy, const struct basket *basket, const struct offer *const *offers,
                const struct standing *standings, size_t n, struct quote *q, struct arena *a, struct err *e);

/* Bytes of arena that offer_price takes at most for these sizes. */
size_t offer_price_memory(size_t lines, size_t offers);

/* Whether the offer can be given for this line: by its category, sku and exclude_sku. */
bool offer_matches(const struct offer *o, const struct line *line);

/*
 * Checks an offer's terms as a whole: what a schema cannot say (until after from, one kind of gives and the
 * fields that belong to it, tiers that rise, hours that hold a minute), and only what this version can keep.
 * 0, TP_BAD_VALUE or TP_UNSUPPORTED with the JSON path in e
 * ("$.gives.percent: ..."). Publishing calls it, and the authority before it takes an offer.
 */
int offer_check(const struct offer *o, struct err *e);

/* Whether uses of it are counted beyond one coupon's: in total, in money, by customer, or for new ones. */
bool offer_is_limited(const struct offer *o);

#endif
