/* The short memory of sales: what is held for them, what was answered, and what tills are told. */
#ifndef STORE_HOLDS_H
#define STORE_HOLDS_H

#include "store/redeem.h"

/* Highest rev seen of a sale, and whether it is committed. rev 0 when unknown. */
struct rev_row {
    int64_t rev;
    bool finished;
};
int store_rev(struct store *s, const uint8_t sale[ID_SIZE], struct rev_row *row);
int store_rev_put(struct store *s, const uint8_t sale[ID_SIZE], const struct rev_row *row);
/* The sale is committed, by this rev: the highest one stays. */
int store_rev_finish(struct store *s, const uint8_t sale[ID_SIZE], int64_t rev);

/* One use of a coupon that a hold keeps for a sale. */
struct reservation_row {
    uint8_t sale[ID_SIZE], offer[REF_SIZE];
    int64_t batch, index, slot, number, until_ms;
    char till[64];
};

int store_reservation_put(struct store *s,
                          const struct reservation_row *row); /* TP_HELD when the slot is taken */
/* These two drop claims, too. */
int store_reservations_drop(struct store *s, const uint8_t sale[ID_SIZE]);
int store_reservations_expire(struct store *s, int64_t now_ms);
/* Those of one coupon, by slot. */
int store_reservations(struct store *s, int64_t batch, int64_t index,
                       int (*fn)(void *arg, const struct reservation_row *row), void *arg);

/* What a hold keeps of an offer with limits for its sale: one use, and the amount as granted. */
struct claim_row {
    uint8_t sale[ID_SIZE], offer[REF_SIZE];
    bool has_customer, fresh; /* fresh: it was granted to a new customer */
    uint8_t customer[HASH_SIZE];
    int64_t amount, number, until_ms;
    char till[64];
    int64_t lease; /* number of the lease that it draws on, or 0 */
};
int store_claim_put(struct store *s, const struct claim_row *row);
/* Those that draw on one lease: how many, and their sum. */
int store_lease_claims(struct store *s, int64_t number, struct tally_row *row);
/* All other claims of sales on an offer: how many, and their sum; and how many of one customer. */
int store_claims(struct store *s, const uint8_t offer[REF_SIZE], struct tally_row *row);
int store_customer_claims(struct store *s, const uint8_t offer[REF_SIZE], const uint8_t customer[HASH_SIZE],
                          int64_t *claims);
/* The claim of a sale in which this customer counts as new: till and until_ms. STORE_NOT_FOUND. */
int store_fresh_claim(struct store *s, const uint8_t customer[HASH_SIZE], struct claim_row *row);

/* The answer to a request, kept for its repetition. STORE_NOT_FOUND. */
int store_answer(struct store *s, const uint8_t id[ID_SIZE], uint8_t d[HASH_SIZE], struct buf *answer);
int store_answer_put(struct store *s, const uint8_t id[ID_SIZE], const uint8_t d[HASH_SIZE],
                     struct bytes answer, int64_t until_ms);
int store_answers_expire(struct store *s, int64_t now_ms);

/* The next number of the grants' one counter, from 1. */
int store_next_grant(struct store *s, int64_t *number);

/* What tills are told of their redemptions, in order of becoming known. */
struct outcome_row {
    int64_t n;
    char till[64];
    uint8_t commit[HASH_SIZE];
    int64_t redemption, amount;
    int reason;
};
/* One with a reason is counted as STORE_CONFLICTS, too. */
int store_outcome_put(struct store *s, const struct outcome_row *row);
int store_outcomes(struct store *s, struct bytes till, int64_t after, int64_t limit,
                   int (*fn)(void *arg, const struct outcome_row *row), void *arg);

#endif
