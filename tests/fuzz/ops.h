/*
 * A game against one authority: the input is a list of moves, each a byte and its arguments. The keys are
 * ours, so that what is signed is reached; the values are the input's. An input that has ended is all zeros,
 * and zero leaves a value as an honest till would set it.
 */
#ifndef TESTS_FUZZ_OPS_H
#define TESTS_FUZZ_OPS_H

#include "fuzz/fuzz.h"
#include "support/world.h"

enum { GAME_TILLS = 2, OFFERS = 4, COUPONS = 3, CARDS = 3, SALES = 4, RECORDS = 32, MOVES = 24, HANDLES = 2 };

/* One sale of a till. */
struct sale {
    uint8_t id[ID_SIZE];
    int64_t rev;
    struct basket basket;
    struct bytes coupons[4], cards[2];
    size_t coupon_count, card_count;
    struct bytes grant; /* p is NULL: none */
    struct statement granted;
    struct quote quote;
    uint8_t commit[HASH_SIZE];
    bool committed;
};

struct game {
    /* Made once. */
    struct world world;
    struct offer offers[OFFERS];
    struct bytes coupons[OFFERS][COUPONS], cards[CARDS];
    struct bytes database; /* the file, before the first move */
    int64_t begin;
    struct head heads[GAME_TILLS];
    struct world_lease leases[GAME_TILLS]; /* one of the last offer each */

    /* Of one input. */
    struct arena arena;
    struct buf reply, message;
    struct authority *handles[HANDLES]; /* the second is opened when it is asked for */
    size_t handle;
    struct sale sales[SALES];
    uint64_t serial;               /* ids and salts come from it, not from chance */
    struct bytes records[RECORDS]; /* those that were registered, each a message */
    size_t record_count;
    struct bytes last, last_reply;
    bool office; /* the merchant changed something: the order of what follows matters */
};

/* Plays the moves of one input. */
void game_play(struct game *g, struct feed *f);

/* Handles a message by the handle in use, checks each answer, and keeps the records that were registered. The
 * number of answers that registered something. */
size_t game_deliver(struct game *g, struct bytes message);

#endif
