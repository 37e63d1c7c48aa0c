/*
 * What the authority keeps: statements as received, their parts apart, projections of them, and the short
 * memory of holds and requests. Every row carries its merchant (here: the authority's id), bound when the
 * store is opened. One handle, one thread. Functions return 0, or TP_E_BUSY, TP_E_IO, TP_E_READ_ONLY,
 * TP_E_CORRUPT, TP_E_MEMORY with a sentence in store_error(); "not found" is told apart where a function says
 * so. Views handed to callbacks live for the callback.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "wire/statement.h"

struct store;

enum { STORE_CREATE = 1, STORE_READ_ONLY = 2 };
enum { STORE_NOT_FOUND = 1, CUSTOMER_MAX = 200 };

/*
 * Opens (or makes) the database at `address` for one merchant, and brings its schema to this version: a path
 * is a SQLite file, postgresql://... a server, where a program has registered that kind
 * (postgres/postgres.h). TP_E_NEWER when a later version wrote it; TP_E_NO_SHOP when it is not there;
 * TP_UNSUPPORTED when this program does not open such a one.
 */
int store_open(const char *address, const uint8_t merchant[ID_SIZE], int flags, struct store **out,
               struct err *e);
bool store_is_server(const char *address); /* it names a server, not a file */
void store_close(struct store *s);         /* takes NULL */
const char *store_error(const struct store *s);

/*
 * Runs fn in one write transaction: committed when it returns 0, undone otherwise. fn may be run again when
 * the database was busy, so it must only touch the store and what it resets at its beginning.
 */
int store_write(struct store *s, int (*fn)(struct store *s, void *arg), void *arg);

/*
 * Groups many store_write into one transaction, so that one fsync carries them all. In between, a store_write
 * whose fn refuses (above 0) undoes only itself; after a fault (below 0) nothing of the group is kept. What
 * store_write returned counts only when store_group_end, which commits, returned 0; without `keep` it undoes
 * them all and returns the fault, or TP_E_STATE. store_group_begin that fails has begun nothing.
 */
int store_group_begin(struct store *s);
int store_group_end(struct store *s, bool keep);

/* ---- statements ---- */

struct stored {
    int64_t n; /* order of acceptance, from 1 */
    enum kind kind;
    uint8_t d[HASH_SIZE];
    int64_t received_ms;
    struct bytes raw, lines, person; /* parts absent where there are none, or erased */
};

/* Keeps a statement and its parts. *fresh is false when the same D was there: then nothing changes. */
int store_statement_put(struct store *s, const struct statement *st, int64_t received_ms, bool *fresh);
/* Calls fn for the statements with n above `after` whose kind's bit is in `kinds`, in order, at most `limit`;
 * a nonzero return of fn ends it and is returned. */
int store_statements(struct store *s, uint32_t kinds, int64_t after, int64_t limit,
                     int (*fn)(void *arg, const struct stored *row), void *arg);
/* One, by D. STORE_NOT_FOUND, or what fn returned. */
int store_statement(struct store *s, const uint8_t d[HASH_SIZE],
                    int (*fn)(void *arg, const struct stored *row), void *arg);

/* Empties every projection. */
int store_clear_projections(struct store *s);

/* ---- projections ---- */

struct till_row {
    char name[64], store[64];
    int64_t epoch;               /* the highest that a terminal statement gave */
    uint8_t terminal[HASH_SIZE]; /* D of that statement */
    struct head head;            /* highest record held of that epoch; seq 0, d = terminal before the first */
    bool quarantined;
};

int store_till(struct store *s, struct bytes name, struct till_row *row); /* STORE_NOT_FOUND */
int store_till_put(struct store *s, const struct till_row *row);

struct record_row {
    struct bytes till;
    int64_t epoch, seq;
    uint8_t d[HASH_SIZE], prev[HASH_SIZE];
};

/* Adds a record's place in its chain. */
int store_record_put(struct store *s, const struct record_row *row);
/*
 * True in *fork when the chain contradicts itself around this record: two D at one place, or a neighbour
 * whose prev is not the D held.
 */
int store_record_fork(struct store *s, const struct record_row *row, bool *fork);

int store_offer_put(struct store *s, const uint8_t ref[REF_SIZE], int64_t version, struct bytes id,
                    const uint8_t d[HASH_SIZE]);
/* D of one version, or of the highest (version NONE). STORE_NOT_FOUND. */
int store_offer(struct store *s, const uint8_t ref[REF_SIZE], int64_t version, uint8_t d[HASH_SIZE]);

struct batch_row {
    int64_t number, first, last, exp;
    uint8_t offer[REF_SIZE];
    char channel[64], campaign[64];
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
};

int store_link_put(struct store *s, const struct link_row *row);
/* The offers that this card is linked to at `time_ms`, by ref. */
int store_links(struct store *s, const uint8_t card[HASH_SIZE], int64_t time_ms,
                int (*fn)(void *arg, const struct link_row *row), void *arg);

struct sale_row {
    uint8_t d[HASH_SIZE], sale[ID_SIZE]; /* of the commit */
    char till[64], store[64], currency[4];
    int64_t epoch, seq, time_ms, rev;
    int64_t gross, discount, net, tax, due, cashback;
    bool voided;
};

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
    bool limited; /* its offer has a total or a budget */
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
int store_redemption_put(struct store *s, const struct redemption_row *row);
/* Changes outcome, conflict, slot, channel, campaign, stage, customer and limited. */
int store_redemption_rank(struct store *s, const struct redemption_row *row);
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
/* Whether who, or any card that was ever linked in that customer's name (may be ""), has a sale that is not
 * voided. */
int store_visited(struct store *s, const uint8_t who[HASH_SIZE], const char *customer, bool *visited);
/* Whom the card's newest link that says so names. STORE_NOT_FOUND. */
int store_card_customer(struct store *s, const uint8_t card[HASH_SIZE], char *out, size_t size);

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
/* A counter that only grows, 0 at first. */
int store_count(struct store *s, const char *name, int64_t *value);
int store_count_on(struct store *s, const char *name);

/* A reverse statement of one commit. */
struct reversal_row {
    uint8_t d[HASH_SIZE], commit[HASH_SIZE];
    char till[64], currency[4];
    int op;
    int64_t epoch, seq, time_ms, gross, discount, net, tax, due;
    int outcome;      /* 0, or conflict: more than was committed */
    int64_t conflict; /* of due, minor units: what went back beyond it */
};

int store_reversal_put(struct store *s, const struct reversal_row *row);
/* What of a line, or of a redemption, it takes back; more of the same is added. */
int store_reversal_line_put(struct store *s, const uint8_t d[HASH_SIZE], int64_t number, int64_t quantity);
int store_reversal_share_put(struct store *s, const uint8_t d[HASH_SIZE], const struct reversed *share);
/* Those of one commit in the order in which they count: voids first, then by (time, till, epoch, seq). */
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
/* True when a void of the commit by the same till is held. */
int store_voided(struct store *s, const uint8_t commit[HASH_SIZE], const char *till, bool *voided);
int store_sale_void(struct store *s, const uint8_t commit[HASH_SIZE]);

/* ---- the short memory ---- */

/* Highest rev seen of a sale, and whether it is committed. rev 0 when unknown. */
struct rev_row {
    int64_t rev;
    bool finished;
};
int store_rev(struct store *s, const uint8_t sale[ID_SIZE], struct rev_row *row);
int store_rev_put(struct store *s, const uint8_t sale[ID_SIZE], const struct rev_row *row);

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
};
int store_claim_put(struct store *s, const struct claim_row *row);
/* All sales' claims on an offer: how many, and their sum; and how many of one customer. */
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

/* A code that stands for a coupon until then (exclusive). TP_E_EXISTS when the code is there. */
int store_pickup_put(struct store *s, struct bytes code, struct bytes coupon, int64_t until_ms);
/* Appends its coupon. STORE_NOT_FOUND: no such code, or not any more. */
int store_pickup(struct store *s, struct bytes code, int64_t now_ms, struct buf *coupon);
/* A wrong code was tried at the till. */
int store_pickup_miss(struct store *s, const char *till, int64_t now_ms);
/* How many wrong ones are remembered, of the till and of all. */
int store_pickup_misses(struct store *s, const char *till, int64_t *mine, int64_t *all);
/* Forgets codes that have ended, and wrong ones up to that time. */
int store_pickups_expire(struct store *s, int64_t now_ms, int64_t misses_before_ms);

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
int store_outcome_put(struct store *s, const struct outcome_row *row);
int store_outcomes(struct store *s, struct bytes till, int64_t after, int64_t limit,
                   int (*fn)(void *arg, const struct outcome_row *row), void *arg);

/* ---- the log ---- */

/* A statement that was accepted in this transaction waits for its leaf. */
int store_leaf_wait(struct store *s, const uint8_t d[HASH_SIZE]);
/* How many wait, counted up to `limit`. */
int store_leaves_waiting(struct store *s, int64_t limit, int64_t *count);

struct waiting_leaf {
    int64_t n; /* its place in the queue */
    uint8_t d[HASH_SIZE];
    struct bytes raw; /* the statement; absent when it is not kept */
};
/* The first `limit` that wait, in order. */
int store_each_waiting(struct store *s, int64_t limit, int (*fn)(void *arg, const struct waiting_leaf *row),
                       void *arg);
/* They have their leaves, up to that place. */
int store_waiting_drop(struct store *s, int64_t up_to);

struct leaf_row {
    int64_t index; /* from 0 */
    uint8_t d[HASH_SIZE], entry[HASH_SIZE];
};
int store_leaf_put(struct store *s, const struct leaf_row *row); /* TP_E_EXISTS: the index or D is taken */
int store_leaf_count(struct store *s, int64_t *count);           /* one above the highest index */
int store_leaf(struct store *s, const uint8_t d[HASH_SIZE], struct leaf_row *row); /* STORE_NOT_FOUND */
/* Leaves from index `from` on, in order, each with its statement (absent when it is not kept). */
int store_leaves(struct store *s, int64_t from,
                 int (*fn)(void *arg, const struct leaf_row *row, struct bytes raw), void *arg);
/* The first statement that has no leaf and does not wait for one. STORE_NOT_FOUND: there is none. */
int store_unlogged(struct store *s, uint8_t d[HASH_SIZE]);

/* A complete node of the tree: level 0 are leaves. */
int store_node_put(struct store *s, int level, int64_t index, const uint8_t hash[HASH_SIZE]);
int store_node(struct store *s, int level, int64_t index, uint8_t hash[HASH_SIZE]); /* STORE_NOT_FOUND */

struct checkpoint_row {
    int64_t size, time_ms;
    uint8_t root[HASH_SIZE];
    struct bytes raw, note; /* the statement, and the same as a signed note */
};
int store_checkpoint_put(struct store *s, const struct checkpoint_row *row);
/* Those of from_size or more leaves, by size. */
int store_checkpoints(struct store *s, int64_t from_size, int64_t limit,
                      int (*fn)(void *arg, const struct checkpoint_row *row), void *arg);
/* The largest, without raw and note. STORE_NOT_FOUND. */
int store_checkpoint_last(struct store *s, struct checkpoint_row *row);

/* ---- reading for reports: each in one snapshot with store_read ---- */

/* Runs fn in one read transaction. */
int store_read(struct store *s, int (*fn)(struct store *s, void *arg), void *arg);
/* Sales with from_ms <= time < until_ms, voided ones too, by (time, till, epoch, seq); each with its
 * redemptions by place. */
int store_report_sales(struct store *s, int64_t from_ms, int64_t until_ms,
                       int (*fn)(void *arg, const struct sale_row *sale, const struct redemption_row *list,
                                 size_t n),
                       void *arg);
/* Returns (reverse statements with op return, whether their commit is held or not) with from_ms <= time <
 * until_ms, by (time, d). */
int store_report_returns(struct store *s, int64_t from_ms, int64_t until_ms,
                         int (*fn)(void *arg, const struct reversal_row *row), void *arg);
int store_report_batches(struct store *s, int (*fn)(void *arg, const struct batch_row *row), void *arg);
/* Every link record's rows, removals too. */
int store_report_links(struct store *s, int (*fn)(void *arg, const struct link_row *row), void *arg);
/* Records by (till, epoch, seq, d), each with its statement (absent when it is not kept). */
int store_records(struct store *s, int (*fn)(void *arg, const struct record_row *row, struct bytes raw),
                  void *arg);
/* The same as store_dump, a row at a time: `line` has no end of line; `table` is its first word. */
int store_dump_each(struct store *s, int (*fn)(void *arg, const char *table, struct bytes line), void *arg);
/* Writes what is kept at this moment to a new database of the same kind at path, which must not exist.
 * TP_UNSUPPORTED where a database is no file. */
int store_copy(struct store *s, const char *path);
/* Appends every projection as text, one row a line, in a fixed order: what a rebuild must reproduce. */
int store_dump(struct store *s, struct buf *out);

#endif
