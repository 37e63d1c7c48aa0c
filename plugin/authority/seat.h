/* Between hold.c and limits.c: an offer on a hold's table. */
#ifndef AUTHORITY_SEAT_H
#define AUTHORITY_SEAT_H

#include "authority/internal.h"

/* One offer: of a coupon, of one of a card's links, or automatic. */
struct seat {
    struct offer offer;
    bool known;           /* the offer's terms were found: it takes part in pricing */
    bool automatic;       /* it was not presented */
    int64_t batch, index; /* NONE but for a coupon */
    int64_t card;         /* NONE but for a card's */
    int64_t slot;         /* which use of the coupon it would take */
    bool gs1;             /* batch and index are the numbers of gs1_numbers, which no verdict names */
    char serial[GS1_SERIAL_MAX + 1];
    int64_t budget_left; /* NONE: it has no budget */
    int64_t lease;       /* of the till's own, that it draws on; 0: on what all share */
    struct customer customer;
    int reason;
    int64_t at_ms; /* already_used, held: since when, and at which till */
    char till[64];
};

/* limits.c: whether the offer's limits leave one use of it, counting what other sales have claimed and tills
 * were leased. Sets reason (customer_not_eligible, held, limit_reached) or budget_left, and lease where the
 * till draws on one of its own because nothing else is left. */
int limits_check(struct call *c, struct seat *seat);
/* What all share of its total and its budget: less what was used, claimed and leased. INT64_MAX: no such
 * limit. */
int limits_left(struct call *c, const struct offer *o, struct lease_left *left);
/* Claims the use and the amount that the verdict grants, where the offer has limits. */
int limits_claim(struct call *c, const struct seat *seat, const uint8_t sale[ID_SIZE],
                 const struct verdict *v);

#endif
