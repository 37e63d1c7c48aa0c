/* Erasing a person: whose statements there are, what goes, and what stays of a part that was erased. */
#ifndef STORE_ERASED_H
#define STORE_ERASED_H

#include "store/offers.h"
#include "store/redeem.h"

/* The statement's person part is gone; residue is what stays of it, empty where it came without one. Once
 * noted, it stays as it is. */
int store_erased_put(struct store *s, const uint8_t d[HASH_SIZE], struct bytes residue);
/* Appends the residue. STORE_NOT_FOUND: it was not erased. */
int store_erased(struct store *s, const uint8_t d[HASH_SIZE], struct buf *residue);
/*
 * Which statements with n below before_n were erased, in one hash: from 32 zero bytes on, by D, SHA-256 over
 * the hash so far, D, and the residue's SHA-256.
 */
int store_erased_digest(struct store *s, int64_t before_n, int64_t *count, uint8_t digest[HASH_SIZE]);
/* The first from n on whose residue is not empty. STORE_NOT_FOUND. */
int store_erased_since(struct store *s, int64_t n, int64_t *which);
/* Takes the person out of the tables beside a statement, and drops the part: its links, visits and reference
 * are gone, its redemptions' cards too. */
int store_person_drop(struct store *s, const uint8_t d[HASH_SIZE]);
/* No open claim is this customer's any more. */
int store_claims_forget(struct store *s, const uint8_t customer[HASH_SIZE]);
/* A redemption's decided part from now on (frozen). */
int store_redemption_freeze(struct store *s, const struct redemption_row *row);

/* Whose statements: D of each, once, in order. */
int store_links_of_card(struct store *s, const uint8_t card[HASH_SIZE],
                        bool unnamed, /* only those without a customer */
                        int (*fn)(void *arg, const uint8_t *d), void *arg);
int store_links_of_customer(struct store *s, const char *customer, int (*fn)(void *arg, const uint8_t *d),
                            void *arg);
int store_visits_of(struct store *s, const uint8_t who[HASH_SIZE], int (*fn)(void *arg, const uint8_t *d),
                    void *arg);
/* Every card that was linked in that name. */
int store_cards_of_customer(struct store *s, const char *customer, int (*fn)(void *arg, const uint8_t *card),
                            void *arg);
/* The rows of one link record, by card and offer; and all that join one card to one offer, by D. */
int store_link_rows(struct store *s, const uint8_t d[HASH_SIZE],
                    int (*fn)(void *arg, const struct link_row *row), void *arg);
int store_link_twins(struct store *s, const uint8_t card[HASH_SIZE], const uint8_t offer[REF_SIZE],
                     int (*fn)(void *arg, const struct link_row *row), void *arg);
/* Reverses whose commit is not held. */
int store_reversals_alone(struct store *s, int (*fn)(void *arg, const uint8_t *d), void *arg);

#endif
