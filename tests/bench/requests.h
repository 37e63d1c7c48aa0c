/*
 * What tills send, signed by hand, for the bench of the authority: a few tills with keys in memory, one kind
 * of sale, coupons that may be redeemed with a grant or without one. One thread.
 */
#ifndef BENCH_REQUESTS_H
#define BENCH_REQUESTS_H

#include "office.h"

/* What is sold: one offer that a till may redeem alone, one with a budget, and many with a budget each. */
enum { TILL_NAME_SIZE = 16, WARE_FREE = 0, WARE_HOT = 1, WARE_SPREAD = 2, WARES_SPREAD = 64, WARES = 66 };

struct bench_ware {
    char name[24];
    struct offer offer;
    struct batch batch;
    uint32_t next; /* coupon: each is used once */
};

struct bench_seller {
    char name[TILL_NAME_SIZE];
    struct cose_key key;
    struct head head; /* of its chain; moves on with each commit */
};

/* A shop's offers with a batch each, and who sells. bench_market_free. */
struct bench_market {
    uint8_t authority[ID_SIZE];
    struct bench_ware wares[WARES];
    size_t from, span, turn; /* deals take turns at `span` wares from `from` on */
    struct cose_key issuer;  /* borrowed from the office */
    struct bench_seller *sellers;
    size_t count;
};

/* One sale: what a hold leaves for its commit. */
struct bench_deal {
    const struct bench_ware *ware;
    uint8_t id[ID_SIZE], coupon_memory[COUPON_MAX];
    struct buf coupon;
    struct buf grant; /* the envelope, empty without one */
    int64_t grant_number;
};

/* Publishes the wares with `coupons` coupons each, and enrols `count` tills. It sells WARE_FREE. */
int bench_market_open(struct bench_market *m, struct office *o, size_t count, int64_t coupons, struct err *e);
void bench_market_free(struct bench_market *m);
/* The next coupon, in a new sale. TP_E_RANGE when all are used. */
int bench_deal_begin(struct bench_market *m, struct bench_deal *deal);
void bench_deal_free(struct bench_deal *deal);
/* Appends the message of the deal's hold. */
int bench_hold(struct bench_market *m, struct bench_seller *s, struct bench_deal *deal, struct buf *out);
/* Takes the grant from the answer to that hold. The answer's reason where it is not one. */
int bench_granted(struct bench_deal *deal, struct bytes answer);
/* A commit as a till's journal keeps it. bench_record_free, whatever was returned. */
struct bench_record {
    struct buf raw, lines, person;
    uint8_t d[HASH_SIZE], prev[HASH_SIZE];
    int64_t epoch, seq, time_ms;
};
/* The deal's commit, the next record of the till, which moves on. deal NULL: a sale without a coupon. */
int bench_record(struct bench_market *m, struct bench_seller *s, const struct bench_deal *deal,
                 struct bench_record *out);
void bench_record_free(struct bench_record *r);
/* Appends the message of it. */
int bench_commit(struct bench_market *m, struct bench_seller *s, struct bench_deal *deal, struct buf *out);
/* How many statements of an answer were registered; -1 when one was not. */
int64_t bench_registered(struct bytes answer);

#endif
