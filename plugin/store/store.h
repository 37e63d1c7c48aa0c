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
enum { STORE_NOT_FOUND = 1, CUSTOMER_MAX = 200, FIGURE_MAX = 8192 };

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
/*
 * What the messages of a group will ask for: which of it is not there is found out by one question to a
 * server, and remembered until the group ends or it comes to be there. Within a group; the arrays are the
 * caller's. 0, or the fault that ended the group. A database that is no server is not asked: its questions
 * cost little.
 */
enum { STORE_KEYS_MAX = 1024, STORE_TILLS_MAX = 64, STORE_NEWEST_MAX = 4 }; /* of each sort */
struct store_keys {
    struct {
        uint8_t v[HASH_SIZE];
    } records[STORE_KEYS_MAX]; /* D */
    struct {
        uint8_t v[ID_SIZE];
    } sales[STORE_KEYS_MAX];
    struct {
        int64_t batch, index;
    } coupons[STORE_KEYS_MAX];
    struct {
        uint8_t v[ID_SIZE];
    } requests[STORE_KEYS_MAX];         /* ids */
    char tills[STORE_TILLS_MAX][64];    /* whose rows are to be known, too */
    enum kind newest[STORE_NEWEST_MAX]; /* what store_newest will be asked for */
    size_t record_count, sale_count, coupon_count, request_count, till_count;
};
int store_ahead(struct store *s, const struct store_keys *keys);
/* A server's planner wants its statistics renewed now and then, which takes a while: whoever writes does it,
 * between transactions. From now on this handle leaves it to another, whose store_look does it when it is
 * time. */
void store_look_elsewhere(struct store *s);
/* Outside of a transaction; `rows`: so many more were written elsewhere. What goes wrong is the next call's.
 */
void store_look(struct store *s, int64_t rows);
bool store_reads_ahead(const struct store *s); /* a question costs much: it is a server */
/* The same as store_write for an fn that refuses, if it does, before it changes anything: in a group it costs
 * no savepoint. One that refuses after a change ends the group with TP_E_STATE. */
int store_write_sure(struct store *s, int (*fn)(struct store *s, void *arg), void *arg);

/* ---- statements ---- */

struct stored {
    int64_t n; /* order of acceptance, from 1 */
    enum kind kind;
    uint8_t d[HASH_SIZE];
    int64_t received_ms;
    struct bytes raw, lines, person; /* parts absent where there are none, or erased */
    struct bytes residue;            /* what stays of a person's part that was erased; else absent */
};

/* Keeps a statement and its parts. *fresh is false when the same D was there: then nothing changes. */
int store_statement_put(struct store *s, const struct statement *st, int64_t received_ms, bool *fresh);
/* The numbers of the newest of these kinds; 0 where there is none of it. */
int store_newest(struct store *s, const enum kind of[STORE_NEWEST_MAX], int64_t newest[STORE_NEWEST_MAX]);
/* Calls fn for the statements with n above `after` whose kind's bit is in `kinds`, in order, at most `limit`;
 * a nonzero return of fn ends it and is returned. */
int store_statements(struct store *s, uint32_t kinds, int64_t after, int64_t limit,
                     int (*fn)(void *arg, const struct stored *row), void *arg);
/* One, by D, without its residue. STORE_NOT_FOUND, or what fn returned. */
int store_statement(struct store *s, const uint8_t d[HASH_SIZE],
                    int (*fn)(void *arg, const struct stored *row), void *arg);

/* ---- what was erased ---- */

struct redemption_row;
struct link_row;

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

/* Overwrites what was deleted before, in the database's files: it must not be in a transaction. TP_E_BUSY:
 * somebody else uses it. TP_UNSUPPORTED where a database sees to that by itself. */
int store_scrub(struct store *s);

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

/* Whether a record counts: what its till signed beyond a revocation, or outside of its key's time, does not
 * until the merchant has accepted it. */
enum dispute { DISPUTE_NONE, DISPUTE_OPEN, DISPUTE_ACCEPTED, DISPUTE_REJECTED };

struct record_row {
    struct bytes till;
    int64_t epoch, seq;
    uint8_t d[HASH_SIZE], prev[HASH_SIZE];
    int dispute; /* enum dispute */
};

/* Adds a record's place in its chain. */
int store_record_put(struct store *s, const struct record_row *row);
/*
 * True in *fork when the chain contradicts itself around this record: two D at one place, or a neighbour
 * whose prev is not the D held.
 */
int store_record_fork(struct store *s, const struct record_row *row, bool *fork);

/* Records of that epoch, in the order of (seq, d), with a place above (seq, d) of `after`, at most `limit`.
 */
int store_records_after(struct store *s, const struct record_row *after, int64_t limit,
                        int (*fn)(void *arg, const struct record_row *row), void *arg);
int store_record_dispute(struct store *s, const struct record_row *row); /* changes dispute */

/* One enrolment of a till. */
struct tenure_row {
    char till[64];
    int64_t epoch, from_ms, until_ms; /* from <= t < until */
    int state;                        /* enum terminal_state */
    int64_t from_seq;                 /* what is signed from it on is disputed; NONE */
    bool has_terminal;
    uint8_t terminal[HASH_SIZE]; /* D of the statement that gave this epoch */
};
int store_tenure(struct store *s, struct bytes till, int64_t epoch,
                 struct tenure_row *row); /* STORE_NOT_FOUND */
int store_tenure_put(struct store *s, const struct tenure_row *row);

int store_ruling_put(struct store *s, const uint8_t record[HASH_SIZE], const uint8_t d[HASH_SIZE],
                     int64_t time_ms, int verdict);
/* The latest on that record, by (time, d): an enum ruling_verdict. STORE_NOT_FOUND. */
int store_ruling(struct store *s, const uint8_t record[HASH_SIZE], int *verdict);

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
/* A counter that only grows, 0 at first, one by one or to what it is told. */
int store_count(struct store *s, const char *name, int64_t *value);
int store_count_on(struct store *s, const char *name);
#define STORE_CONFLICTS "conflicts" /* outcomes with a reason, for those who watch */
int store_count_to(struct store *s, const char *name, int64_t value);

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
int store_sale_void(struct store *s, const uint8_t commit[HASH_SIZE], bool voided);
int store_sale_dispute(struct store *s, const uint8_t commit[HASH_SIZE], bool disputed);

/* ---- leases ---- */

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

/* ---- the short memory ---- */

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

/* An enrolment code that a merchant gave out for one till. */
struct invite_row {
    uint8_t d[HASH_SIZE], code_key[HASH_SIZE];
    char till[64], store[64];
    int64_t time_ms, until_ms;
    bool has_used;
    uint8_t used[HASH_SIZE]; /* D of the terminal statement that used it up */
};
int store_invite_put(struct store *s, const struct invite_row *row);
/* The newest of a till, by (time, d). STORE_NOT_FOUND. */
int store_invite(struct store *s, struct bytes till, struct invite_row *row);
int store_invite_use(struct store *s, const uint8_t d[HASH_SIZE], const uint8_t terminal[HASH_SIZE]);
/* A wrong code was tried for the till; how many are remembered, of the till and of all; forgets old ones. */
int store_enrol_miss(struct store *s, struct bytes till, int64_t now_ms);
int store_enrol_misses(struct store *s, struct bytes till, int64_t *mine, int64_t *all);
int store_enrol_misses_expire(struct store *s, int64_t before_ms);

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

/* ---- evidence: what an audit looks at, in one snapshot with store_read ---- */

/* Every leaf in order, with its statement; raw absent: it is not kept. */
int store_logged(struct store *s, int (*fn)(void *arg, const struct leaf_row *leaf, const struct stored *row),
                 void *arg);
/* The statements that wait for their leaves, in order. */
int store_unlogged_each(struct store *s, int (*fn)(void *arg, const struct stored *row), void *arg);
/* The last record of each till in each epoch, by (till, epoch). */
int store_heads(struct store *s, int (*fn)(void *arg, const struct record_row *row), void *arg);
/* The figures that reports are made of, a row at a time as text, by table and in order: nothing of a person.
 * `line` has no end of line and begins with the table's name; PROTOCOL, "A bundle". */
int store_figures(struct store *s, int (*fn)(void *arg, struct bytes line), void *arg);

/* ---- what others read of the log ---- */

/* Nodes of one level from index `from` on, in order, at most `limit`; a nonzero return of fn ends it and is
 * returned. */
int store_nodes(struct store *s, int level, int64_t from, int64_t limit,
                int (*fn)(void *arg, int64_t index, const uint8_t hash[HASH_SIZE]), void *arg);
/* Leaves likewise, without their statements. */
int store_entries(struct store *s, int64_t from, int64_t limit,
                  int (*fn)(void *arg, const struct leaf_row *row), void *arg);
/* Statements in the order of the log, from leaf `from` on, each with its leaf's index. */
int store_log_page(struct store *s, int64_t from, int64_t limit,
                   int (*fn)(void *arg, int64_t index, const struct stored *row), void *arg);

/* The note of the checkpoint of that size becomes `after`, in which so many witnesses' lines stand. TP_E_BUSY
 * when it is not `before` any more. */
int store_checkpoint_note(struct store *s, int64_t size, struct bytes before, struct bytes after,
                          int64_t witnesses);
/* The largest checkpoint that a witness signed. STORE_NOT_FOUND. */
int store_witnessed_last(struct store *s, int64_t *size);

/* Whose turn it is to sequence the log, until when, and how often that was written. All zero: nobody's yet.
 */
struct turn_row {
    uint8_t owner[ID_SIZE];
    int64_t fence, until_ms;
};
/*
 * Takes or renews the turn when it is the owner's own or has ended by now_ms; *row is how it stands then. In
 * the transaction that adds the leaves: whoever was passed over meanwhile finds that out before it adds any,
 * so clocks decide who works, and never whether the log is right.
 */
int store_sequencer_take(struct store *s, const uint8_t owner[ID_SIZE], int64_t now_ms, int64_t ttl_ms,
                         struct turn_row *row, bool *mine);
/* Takes it from whoever has it, if it was not renewed since `fence` was read. */
int store_sequencer_seize(struct store *s, const uint8_t owner[ID_SIZE], int64_t fence, int64_t until_ms);
/* Its owner ends it; another's stays. */
int store_sequencer_leave(struct store *s, const uint8_t owner[ID_SIZE]);
/* How many leaves wait, counted up to `limit`, and when the first of them was accepted; NONE: none. */
int store_log_lag(struct store *s, int64_t limit, int64_t *waiting, int64_t *oldest_ms);

/* ---- who may read ---- */

/* A token is kept as its SHA-256 alone. */
struct token_row {
    uint8_t hash[HASH_SIZE];
    int role;
    int64_t parts;                           /* PART_LINES | PART_PERSON: which it is shown, too */
    char label[64], funder[65];              /* for people; whose offers, for a funder's */
    int64_t issued_ms, until_ms, revoked_ms; /* NONE: without end; not revoked */
};
int store_token_put(struct store *s, const struct token_row *row);
int store_token(struct store *s, const uint8_t hash[HASH_SIZE], struct token_row *row); /* STORE_NOT_FOUND */
/* By (issued_ms, hash). */
int store_tokens(struct store *s, int (*fn)(void *arg, const struct token_row *row), void *arg);
/* Revokes it; the first time stays. */
int store_token_revoke(struct store *s, const uint8_t hash[HASH_SIZE], int64_t now_ms);

/* ---- reading for reports: each in one snapshot with store_read ---- */

/* Runs fn in one read transaction. */
int store_read(struct store *s, int (*fn)(struct store *s, void *arg), void *arg);
/* Sales with from_ms <= time < until_ms, voided ones too, by (time, till, epoch, seq); each with its
 * redemptions by place. */
int store_report_sales(struct store *s, int64_t from_ms, int64_t until_ms,
                       int (*fn)(void *arg, const struct sale_row *sale, const struct redemption_row *list,
                                 size_t n),
                       void *arg);
/* Reverse statements that were booked as a conflict, with from_ms <= time < until_ms, by (time, till, epoch,
 * seq). */
int store_report_reversal_conflicts(struct store *s, int64_t from_ms, int64_t until_ms,
                                    int (*fn)(void *arg, const struct reversal_row *row), void *arg);
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
/* All records that are or were disputed, decided or not, by (till, epoch, seq, d). */
int store_disputes(struct store *s, int (*fn)(void *arg, const struct record_row *row, struct bytes raw),
                   void *arg);
/* The same as store_dump, a row at a time: `line` has no end of line; `table` is its first word. */
int store_dump_each(struct store *s, int (*fn)(void *arg, const char *table, struct bytes line), void *arg);
/* Writes what is kept at this moment to a new database of the same kind at path, which must not exist.
 * TP_UNSUPPORTED where a database is no file. */
int store_copy(struct store *s, const char *path);
/* Appends every projection as text, one row a line, in a fixed order: what a rebuild must reproduce. */
int store_dump(struct store *s, struct buf *out);

#endif
