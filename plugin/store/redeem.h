/* Projections: sales with their redemptions, the contests for the same use, and what limits count. */
#ifndef STORE_REDEEM_H
#define STORE_REDEEM_H

#include "store/store.h"

struct sale_row {
    uint8_t d[HASH_SIZE], sale[ID_SIZE]; /* of the commit */
    char till[64], store[64], currency[4];
    int64_t epoch, seq, time_ms, rev;
    int64_t gross, discount, net, tax, due, cashback;
    bool voided, disputed;
};

/* Why a sale does not count, or 0. */
static inline int sale_out(const struct sale_row *sale)
{
    return sale->voided ? TP_VOIDED : sale->disputed ? TP_DISPUTED : 0;
}

enum { RANK_SIZE = 220 };

struct redemption_row {
    uint8_t d[HASH_SIZE]; /* of the commit */
    int64_t place;
    uint8_t offer[REF_SIZE];
    int64_t version, batch, index; /* batch NONE for a card's */
    bool has_card;
    uint8_t card[HASH_SIZE];
    int64_t grant; /* number, or NONE */
    int64_t
        granted; /* discount and cashback that the grant, or the offer's risk without one, allows; else 0 */
    int64_t basis, discount, cashback;
    int outcome;      /* 0: it counts; voided; else why it is a conflict */
    int64_t conflict; /* minor units beyond what was granted, or claimed twice */
    int64_t slot;     /* 0 when it won the one use of its coupon; else NONE */
    char channel[64], campaign[64];
    int64_t back_discount, back_cashback; /* of the two: what returns took back */
    bool revived; /* a return gave its use back: the offer says so, and all that it was given for came back */
    char rank[RANK_SIZE]; /* redemption_rank: its order among those that claim the same use */
    int stage;         /* enum contest_stage; 0 and below: minus the code why it takes part in no contest */
    bool has_customer; /* its offer has a limit for each customer: whose use it is */
    uint8_t customer[HASH_SIZE];
    bool limited;  /* its offer has a total or a budget */
    int64_t lease; /* the one that it names, or 0; while that covers it, grant is the same number and */
    int64_t most;  /* granted is this; otherwise it has no grant */
    int barred;    /* why it takes part in no contest whatever becomes of its sale, or 0 */
    int64_t
        frozen; /* its person was erased: 0, or the code why it does not count for who it was; else NONE */
};

/*
 * The contests that a redemption goes through, one after another, where its offer has that limit. It stops at
 * the one that it loses, and has won all before; those that won a contest are the first ones by rank.
 */
enum contest_stage {
    STAGE_REVIVED = -1000, /* it stands, and its use was given back */
    CONTEST_COUPON = 1,
    CONTEST_CUSTOMER,
    CONTEST_TOTAL,
    CONTEST_BUDGET,
    STAGE_WON,
};

/* Sets rank, which depends on grant, d and place, and on the sale: with a grant first, by its number; then by
 * (time, till, epoch, seq), then by d and place. Bytes in their order. */
void redemption_rank(struct redemption_row *r, const struct sale_row *sale);

int store_sale_put(struct store *s, const struct sale_row *row);
int store_sale(struct store *s, const uint8_t commit[HASH_SIZE], struct sale_row *row); /* STORE_NOT_FOUND */
/* The commit goes by the host's own reference, too, which `handle` stands for. */
int store_sale_reference_put(struct store *s, const uint8_t handle[HASH_SIZE], const uint8_t d[HASH_SIZE]);
/* How many commits have this sale id (ID_SIZE bytes, or absent); or where none has, go by this reference. D
 * of the first one. */
int store_sale_named(struct store *s, struct bytes sale, const uint8_t handle[HASH_SIZE], int64_t *n,
                     uint8_t d[HASH_SIZE]);
/* Whether it is voided, or disputed. */
int store_sale_void(struct store *s, const uint8_t commit[HASH_SIZE], bool voided);
int store_sale_dispute(struct store *s, const uint8_t commit[HASH_SIZE], bool disputed);

int store_redemption_put(struct store *s, const struct redemption_row *row);
/* Changes outcome, conflict, slot, channel, campaign, stage, customer, limited and barred. */
int store_redemption_rank(struct store *s, const struct redemption_row *row);
/* Changes grant, granted and rank. */
int store_redemption_grant(struct store *s, const struct redemption_row *row);
/* Changes back_discount, back_cashback and revived. */
int store_redemption_back(struct store *s, const struct redemption_row *row);

/* A redemption with what ranks it. */
struct contender {
    struct redemption_row redemption;
    struct sale_row sale;
};

/*
 * The redemptions, voided ones too, of one coupon, of one commit, or of all sales in which a card took part,
 * in rank order.
 */
enum contest { BY_COUPON, BY_COMMIT, BY_CARD };
struct contest_key {
    enum contest by;
    int64_t batch, index;
    uint8_t id[HASH_SIZE]; /* commit or card */
};
int store_contest(struct store *s, const struct contest_key *key,
                  int (*fn)(void *arg, const struct contender *row), void *arg);

/* How many of a coupon's uses commits have won; and of a customer's, where the offer limits those. */
int store_coupon_uses(struct store *s, int64_t batch, int64_t index, int64_t *uses);
int store_customer_uses(struct store *s, const uint8_t offer[REF_SIZE], const uint8_t customer[HASH_SIZE],
                        int64_t *uses);

/* Of those that claim the same use as r: who won it last, who lost it first, by rank. `contest` is below
 * STAGE_WON; r must have what it is about (coupon, customer, limited). STORE_NOT_FOUND. */
int store_last_winner(struct store *s, int contest, const struct redemption_row *r,
                      struct redemption_row *out);
int store_first_loser(struct store *s, int contest, const struct redemption_row *r,
                      struct redemption_row *out);
int store_redemption(struct store *s, const uint8_t commit[HASH_SIZE], int64_t place,
                     struct redemption_row *out); /* STORE_NOT_FOUND */
/* An offer's redemptions with a rank above `after` (empty: all), in rank order, at most `limit`. */
int store_offer_redemptions(struct store *s, const uint8_t offer[REF_SIZE], struct bytes after, int64_t limit,
                            int (*fn)(void *arg, const struct redemption_row *row), void *arg);
/* Takes all of an offer's redemptions out of their contests, to that stage (0 or below), and its tally with
 * them. */
int store_offer_unrank(struct store *s, const uint8_t offer[REF_SIZE], int stage);

/* What an offer with a total or a budget has used: how often (stage above CONTEST_TOTAL), and for how much.
 */
struct tally_row {
    int64_t uses, spent;
};
int store_tally(struct store *s, const uint8_t offer[REF_SIZE], struct tally_row *row); /* 0 when unknown */
int store_tally_add(struct store *s, const uint8_t offer[REF_SIZE], int64_t uses, int64_t spent);

/* `who` (a card's handle or a customer's key) took part in that sale; main: as its customer. */
int store_visit_put(struct store *s, const uint8_t who[HASH_SIZE], const uint8_t commit[HASH_SIZE],
                    bool main);
int store_sale_customer(struct store *s, const uint8_t commit[HASH_SIZE],
                        uint8_t who[HASH_SIZE]); /* STORE_NOT_FOUND */
/* Whether who, or any card that was ever linked in that customer's name (may be ""), has a sale that counts.
 */
int store_visited(struct store *s, const uint8_t who[HASH_SIZE], const char *customer, bool *visited);
/* Whom the card's newest link that says so names. STORE_NOT_FOUND. */
int store_card_customer(struct store *s, const uint8_t card[HASH_SIZE], char *out, size_t size);

#endif
