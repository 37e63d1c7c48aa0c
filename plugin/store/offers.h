/* Projections: offers, batches of coupons, and the offers that cards are linked to. */
#ifndef STORE_OFFERS_H
#define STORE_OFFERS_H

#include "store/store.h"

enum { CUSTOMER_MAX = 200 };

int store_offer_put(struct store *s, const uint8_t ref[REF_SIZE], int64_t version, struct bytes id,
                    const uint8_t d[HASH_SIZE]);
/* D of one version, or of the highest (version NONE). STORE_NOT_FOUND. */
int store_offer(struct store *s, const uint8_t ref[REF_SIZE], int64_t version, uint8_t d[HASH_SIZE]);
/* Each version of an offer, or that one (NONE: all), oldest first. */
int store_offer_versions(struct store *s, const uint8_t ref[REF_SIZE], int64_t version,
                         int (*fn)(void *arg, const uint8_t d[HASH_SIZE]), void *arg);

struct batch_row {
    int64_t number, first, last, exp;
    uint8_t offer[REF_SIZE];
    char channel[64], campaign[64];
    char till[64]; /* "": no till's own */
};

int store_batch_put(struct store *s, const struct batch_row *row); /* TP_BAD_STATEMENT: the number is taken */
int store_batch(struct store *s, int64_t number, struct batch_row *row); /* STORE_NOT_FOUND */
int store_batch_last(struct store *s, int64_t *number);                  /* 0 when there is none */

/* One offer of one link record. Which of several holds is a function of their set: the latest by (time, till,
 * epoch, seq). */
struct link_row {
    uint8_t card[HASH_SIZE], offer[REF_SIZE], d[HASH_SIZE];
    int op;
    int64_t time_ms, epoch, seq;
    char till[64], channel[64], campaign[64], customer[CUSTOMER_MAX + 1];
    bool disputed;
};

int store_link_put(struct store *s, const struct link_row *row);
/* All rows of one link record: whether they count; and the cards in them. */
int store_link_dispute(struct store *s, const uint8_t d[HASH_SIZE], bool disputed);
int store_link_cards(struct store *s, const uint8_t d[HASH_SIZE],
                     int (*fn)(void *arg, const uint8_t card[HASH_SIZE]), void *arg);
/* The offers that this card is linked to at `time_ms`, by ref. */
int store_links(struct store *s, const uint8_t card[HASH_SIZE], int64_t time_ms,
                int (*fn)(void *arg, const struct link_row *row), void *arg);

/* An offer that is automatic in its newest version. */
struct automatic_row {
    uint8_t ref[REF_SIZE];
    int64_t version, from_ms, until_ms;
};
/* The newest version of that offer is published, and automatic or not. */
int store_automatic_put(struct store *s, const struct automatic_row *row, bool automatic);
/* Those that end after after_ms, by ref. */
int store_automatic(struct store *s, int64_t after_ms, int (*fn)(void *arg, const struct automatic_row *row),
                    void *arg);

#endif
