/* Projections: what tills were leased to spend alone, and what came back. */
#ifndef STORE_LEASES_H
#define STORE_LEASES_H

#include "store/offers.h"
#include "store/redeem.h"

struct lease_row {
    int64_t number;
    uint8_t d[HASH_SIZE], offer[REF_SIZE];
    char till[64];
    int64_t epoch, from_ms, until_ms;
    int64_t uses, amount;           /* as given; NONE: not counted */
    int64_t batch, first, last;     /* of the coupons that it is for; NONE: for all */
    int64_t left_uses, left_amount; /* still the till's; 0 where not counted */
    bool given_back;                /* a return or a write-off of it is held */
};

/* What an offer's leases keep for their tills. */
struct lease_left {
    int64_t uses, amount;
};

/* A lease-return, or (written_off; epoch and seq 0) what the merchant gave up. */
struct lease_back_row {
    uint8_t lease[HASH_SIZE], d[HASH_SIZE]; /* D of the lease and of the statement */
    char till[64];
    bool written_off, disputed;
    int64_t epoch, seq, uses, amount;
};

int store_lease_put(struct store *s, const struct lease_row *row);
/* Changes left_uses, left_amount and given_back. */
int store_lease_book(struct store *s, const struct lease_row *row);
int store_lease(struct store *s, int64_t number, struct lease_row *row); /* STORE_NOT_FOUND */
int store_lease_named(struct store *s, const uint8_t d[HASH_SIZE], struct lease_row *row); /* the same */
int store_lease_left(struct store *s, const uint8_t offer[REF_SIZE], struct lease_left *left);
/* Leases that keep something, by number: of one till, or (NULL) of all. */
int store_leases(struct store *s, const char *till, int (*fn)(void *arg, const struct lease_row *row),
                 void *arg);
/* The lease that keeps this coupon for its till. STORE_NOT_FOUND. */
int store_lease_of_coupon(struct store *s, int64_t batch, int64_t index, struct lease_row *row);
int store_lease_back_put(struct store *s, const struct lease_back_row *row);
/* Whether it counts. */
int store_lease_back_dispute(struct store *s, const uint8_t d[HASH_SIZE], bool disputed);
/* Returns and write-offs of a lease that are not disputed: returns by their place first. */
int store_lease_backs(struct store *s, const uint8_t lease[HASH_SIZE],
                      int (*fn)(void *arg, const struct lease_back_row *row), void *arg);
/* The redemptions that name a lease, voided ones too, by (time, till, epoch, seq, d, place). */
int store_lease_uses(struct store *s, int64_t number, int (*fn)(void *arg, const struct contender *row),
                     void *arg);
/* Coupons of a batch that somebody has used, holds or was leased: from first to last, in any order. */
int store_coupons_taken(struct store *s, int64_t batch, int (*fn)(void *arg, int64_t first, int64_t last),
                        void *arg);
/* The batches whose coupons are for this till, by number. */
int store_till_batches(struct store *s, const char *till, int (*fn)(void *arg, const struct batch_row *row),
                       void *arg);

#endif
