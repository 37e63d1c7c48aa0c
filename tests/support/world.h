/*
 * A merchant's world for tests: root, merchant, issuer, grant and log keys, an authority on a real SQLite
 * file, and tills that sign by hand. Everything lives in a temporary directory that world_close removes. Any
 * failure of the fixture itself fails the test. Where TILLPROOF_TEST_STORE names a PostgreSQL server (the
 * ctests NAME_postgres), the authority is there instead, each world as a merchant of its own.
 */
#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

#include "authority/authority.h"
#include "store/redeem.h"

enum { WORLD_TILLS = 40, WORLD_REPLY_MAX = 8 * 1024 * 1024 };

struct world_till {
    char name[32];
    struct cose_key key;
    struct head head;
};

struct world {
    char dir[256], db[288]; /* what store_open takes */
    uint8_t id[ID_SIZE];
    int64_t now; /* the authority's and the tills' clock, ms */
    struct clock_source clock;
    struct cose_key root, merchant, issuer, grant, log, registrar;
    uint8_t card_key[HASH_SIZE];
    struct authority *authority;
    struct world_till tills[WORLD_TILLS];
    size_t till_count;
    struct bytes customer; /* whom links name from now on; absent: nobody */
    struct arena arena;    /* what answers and offers point into; reset by world_close */
    struct buf reply;      /* the last reply */
};

/* Makes all of it, with keyset 1 and policy 1 (EUR, UTC+1, tax included) accepted and `tills` enrolled as t0,
 * t1, ... */
void world_open(struct world *w, size_t tills);
void world_close(struct world *w);
/* Enrols a till by its key, epoch 1, store main; d receives D of its terminal statement. */
void world_enrol(struct world *w, const char *name, const struct cose_key *key, uint8_t d[HASH_SIZE]);
/* Its message alone, appended to out. */
void world_enrol_message(struct world *w, const char *name, const struct cose_key *key, uint8_t d[HASH_SIZE],
                         struct buf *out);
/* Another handle on the same database, as another process has one; without the log's key where the world's
 * was freed. Owned: authority_close. */
struct authority *world_another(struct world *w);

/* Signs with the office's key for the kind and sends it; the answer's reason, 0 when registered. */
int world_office(struct world *w, enum kind kind, const void *payload);
/* Fills the common fields. */
struct common world_common(const struct world *w);

/* An offer of the given percent, redeemable by coupon and card, always valid. Texts in the world's arena. */
struct offer world_offer(struct world *w, const char *id, int64_t percent_milli);
/* Publishes it; fails the test unless it is registered. */
void world_publish(struct world *w, const struct offer *o);
/* Issues coupons 0..count-1 of a batch. */
void world_batch(struct world *w, int64_t number, const struct offer *o, int64_t count, const char *channel,
                 const char *campaign);
struct bytes world_coupon(struct world *w, const struct offer *o, uint32_t batch, uint32_t index);
struct bytes world_handle(struct world *w, const char *token);

/* One line: quantity 1 of the given price, category coffee, 7% tax. */
struct basket world_basket(struct world *w, int64_t price);

/* A sale by hand. Zero it, set what is to be presented; world_hold fills grant and quote. */
struct world_sale {
    uint8_t id[ID_SIZE];
    int64_t rev, policy; /* policy: the version that the commit names; 0: 1 */
    struct basket basket;
    struct bytes coupons[MAX_COUPONS];
    size_t coupon_count;
    struct bytes cards[MAX_CARDS];
    size_t card_count;
    struct bytes customer; /* in the person part; may be absent */
    struct bytes pickups[MAX_PICKUPS];
    size_t pickup_count;
    struct gs1_shown gs1[MAX_COUPONS];
    size_t gs1_count;
    struct bytes grant; /* the envelope, kept in the arena */
    struct statement granted;
    struct quote quote;
    struct bytes quote_bytes;
};

struct world_sale world_sale(struct world *w, int64_t price);
/* Presents a GS1 coupon for this offer; the element is not copied. */
void world_show_gs1(struct world_sale *s, const struct offer *o, const char *element);
/* The message of a hold with the sale's next rev, appended to out. */
void world_hold_message(struct world *w, struct world_till *t, struct world_sale *s, struct buf *out);
/* Sends it: 0 and a grant, or the problem's reason. */
int world_hold(struct world *w, struct world_till *t, struct world_sale *s);
void world_release_message(struct world *w, struct world_till *t, struct world_sale *s, struct buf *out);
int world_release(struct world *w, struct world_till *t, struct world_sale *s);
/* Signs the commit as the chain's next record and appends its message; d of it may be NULL. The till's head
 * moves on. */
void world_commit_message(struct world *w, struct world_till *t, struct world_sale *s, struct buf *out,
                          uint8_t d[HASH_SIZE]);
/* The same of whatever it says to have redeemed, whether that was granted or not. */
void world_redeem_message(struct world *w, struct world_till *t, struct world_sale *s,
                          const struct redemption *list, size_t n, struct buf *out, uint8_t d[HASH_SIZE]);
/* A commit without a grant: its first coupon, redeemed for that much. */
void world_alone_message(struct world *w, struct world_till *t, struct world_sale *s, const struct offer *o,
                         int64_t discount, struct buf *out, uint8_t d[HASH_SIZE]);
int world_commit_alone(struct world *w, struct world_till *t, struct world_sale *s, const struct offer *o,
                       int64_t discount, uint8_t d[HASH_SIZE]);

/* A lease as a sync brought it; its texts live in the arena. */
struct world_lease {
    struct lease terms;
    uint8_t d[HASH_SIZE];
};
/* The till syncs and asks for leases of these offers, of each of which it says to have so much left. Fills
 * `out` with those that are new since `*have`, which moves on; how many. The reason of a refusal is negative.
 */
int world_leases(struct world *w, struct world_till *t, const struct lease_wanted *wanted, size_t n,
                 int64_t *have, struct world_lease *out, size_t room);
/* A commit without a grant that names this lease (or NONE): its first coupon, or none for an automatic offer.
 */
void world_leased_message(struct world *w, struct world_till *t, struct world_sale *s, const struct offer *o,
                          int64_t lease, int64_t discount, struct buf *out, uint8_t d[HASH_SIZE]);
int world_commit_leased(struct world *w, struct world_till *t, struct world_sale *s, const struct offer *o,
                        int64_t lease, int64_t discount, uint8_t d[HASH_SIZE]);
void world_lease_return_message(struct world *w, struct world_till *t, const uint8_t lease[HASH_SIZE],
                                int64_t uses, int64_t amount, struct buf *out);
int world_lease_return(struct world *w, struct world_till *t, const uint8_t lease[HASH_SIZE], int64_t uses,
                       int64_t amount);
void world_void_message(struct world *w, struct world_till *t, const struct world_sale *s,
                        const uint8_t commit[HASH_SIZE], struct buf *out);
/* `quantity` (thousandths) of the sale's one line comes back, with its part of the price. */
void world_return_message(struct world *w, struct world_till *t, const struct world_sale *s,
                          const uint8_t commit[HASH_SIZE], int64_t quantity, struct buf *out,
                          uint8_t d[HASH_SIZE]);
void world_link_message(struct world *w, struct world_till *t, int op, struct bytes handle,
                        const struct offer *o, const char *channel, struct buf *out);
/* Sends a message and returns the reason of its last answer (0: registered, released, granted). */
int world_send(struct world *w, struct bytes message);
int world_commit(struct world *w, struct world_till *t, struct world_sale *s, uint8_t d[HASH_SIZE]);
/* The verdict on an offer in the sale's grant, NULL when there is none. */
const struct verdict *world_verdict(const struct world_sale *s, const struct offer *o);
/* Runs SQL on the world's database behind the store's back; every @ in it is the merchant. The first column
 * of the first row as a number, or -1 without a row. */
int64_t world_sql(struct world *w, const char *sql);
/* All projections as text, in the world's arena. */
const char *world_dump(struct world *w);
/* The redemption at `place` of a commit. */
struct redemption_row world_redemption(struct world *w, const uint8_t commit[HASH_SIZE], int64_t place);

#endif
