/* Projections: voids and returns, by the commit that they take back. */
#ifndef STORE_REVERSALS_H
#define STORE_REVERSALS_H

#include "store/store.h"

/* A reverse statement of one commit. */
struct reversal_row {
    uint8_t d[HASH_SIZE], commit[HASH_SIZE];
    char till[64], currency[4];
    int op;
    int64_t epoch, seq, time_ms, gross, discount, net, tax, due;
    int outcome;      /* 0, or conflict: more than was committed */
    int64_t conflict; /* of due, minor units: what went back beyond it */
    bool disputed;
};

int store_reversal_put(struct store *s, const struct reversal_row *row);
/* What of a line, or of a redemption, it takes back; more of the same is added. */
int store_reversal_line_put(struct store *s, const uint8_t d[HASH_SIZE], int64_t number, int64_t quantity);
int store_reversal_share_put(struct store *s, const uint8_t d[HASH_SIZE], const struct reversed *share);
/* Those of one commit that are not disputed, in the order in which they count: voids first, then by (time,
 * till, epoch, seq). */
int store_reversals(struct store *s, const uint8_t commit[HASH_SIZE],
                    int (*fn)(void *arg, const struct reversal_row *row), void *arg);
/* The lines of one, by number. */
int store_reversal_lines(struct store *s, const uint8_t d[HASH_SIZE],
                         int (*fn)(void *arg, int64_t number, int64_t quantity), void *arg);
/* What the returns of one commit take back of its redemptions. */
int store_reversal_shares(struct store *s, const uint8_t commit[HASH_SIZE],
                          int (*fn)(void *arg, const struct reversed *share), void *arg);
/* Changes outcome and conflict. */
int store_reversal_book(struct store *s, const struct reversal_row *row);
/* Whether any reverse of the commit is held. */
int store_reversed(struct store *s, const uint8_t commit[HASH_SIZE], bool *reversed);
/* Where in its till's chain the first void of the commit by that till stands that is not disputed.
 * STORE_NOT_FOUND. */
int store_void_place(struct store *s, const uint8_t commit[HASH_SIZE], const char *till,
                     struct record_place *place);
/* Whether it counts; what was booked of it is forgotten. */
int store_reversal_dispute(struct store *s, const uint8_t d[HASH_SIZE], bool disputed);
/* True when a void of the commit by the same till is held that is not disputed. */
int store_voided(struct store *s, const uint8_t commit[HASH_SIZE], const char *till, bool *voided);

#endif
