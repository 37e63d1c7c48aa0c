/* Inside the authority: one statement being handled, and one pair of functions for each kind. */
#ifndef AUTHORITY_INTERNAL_H
#define AUTHORITY_INTERNAL_H

#include "authority/authority.h"
#include "keys/trust.h"
#include "proof/path.h"
#include "proof/tree.h"
#include "store/leases.h"

enum {
    GRANT_TTL_MS = 120000,       /* how long a grant lives */
    REQUEST_WINDOW_MS = 120000,  /* how far a request's time may be off */
    ANSWER_KEPT_MS = 15 * 60000, /* how long a request may be repeated */
    TERMINAL_DAYS_MAX = 90,
    AUTOMATIC_MEMORY = 64 * 1024 * 1024,
    ITEM_MEMORY_MAX = 64 * 1024 * 1024, /* what one item of a message may take, taken apart */
};

/* Automatic offers as last read: they are on every hold's table. */
struct automatics {
    int64_t count;       /* of AUTOMATIC_COUNT when they were read */
    int64_t offers_seen; /* of the handle, when that was looked at; 0: never */
    struct arena memory;
    struct offer *v;
    size_t n;
};
#define AUTOMATIC_COUNT "automatic" /* grows with every version that is published */

/* known.c: what was read of the store and stays so. */
enum { KNOWN_OFFERS = 96, KNOWN_BATCHES = 96, KNOWN_MEMORY = 4 * 1024 * 1024 };
struct known {
    struct arena memory; /* the offers' texts and lists */
    struct known_offer {
        uint8_t d[HASH_SIZE];
        struct offer terms;
    } offers[KNOWN_OFFERS];
    struct known_place { /* in a group: what store_offer says */
        uint8_t ref[REF_SIZE], d[HASH_SIZE];
        int64_t version;
    } places[KNOWN_OFFERS];
    struct batch_row batches[KNOWN_BATCHES];
    size_t offer_count, place_count, batch_count;
    bool full; /* memory has no room for another offer */
};

struct authority {
    struct authority_config config;
    char name[64];           /* of the grant key, as the keyset has it: iss of what it signs */
    char log_name[64];       /* the same of the log key; empty while no keyset has it */
    char registrar_name[64]; /* and of the registrar's */
    bool keys_due;           /* the keyset has newer keys of these than are in hand */
    struct trust trust;      /* keysets and terminals up to statement number `learned` */
    int64_t learned;
    int64_t offers_seen; /* number of the newest offer statement: what is known of versions is as of it */
    struct arena policy_memory;
    struct policy policy; /* version 0: none yet */
    struct automatics automatics;
    struct known known;
    bool log_elsewhere;    /* a sequencer places its leaves */
    uint8_t turn[ID_SIZE]; /* as which it takes turns at the log */
    struct tree head;      /* of the log, as of the turn with that number; 0: not known */
    int64_t head_fence;
    bool rebuilding;  /* replaying kept statements: no tills are told */
    int64_t replayed; /* the last of them that was begun */
    bool grouped;     /* in authority_handle_many's transaction: the log is written at its end */
    bool log_due, log_grew;
    bool level; /* in it: nobody else can write, so what this handle knows of keys and policy is all there is
                 */
    bool expired;            /* in it: what has ended by now was removed */
    struct store_keys ahead; /* ahead.c: of the messages at hand */
    bool damaged;            /* the log's tables were found to be: this handle answers nothing more */
    bool looked;             /* check.c: keys were looked for; the last time at */
    int64_t looked_ms;
};

struct call {
    struct authority *a;
    struct store *s;
    const struct statement *st;
    const char *by; /* the signer's name */
    int64_t now;    /* when it is, or was, received */
    struct arena *arena;
    struct bytes residue; /* when tables are rebuilt: what stays of an erased person; else absent */
    struct buf *answer;
    bool log_due;         /* the log is to be written when this is done */
    bool disputed;        /* of a record, once it has its place: it does not count */
    struct till_row till; /* of a record, once it has its place: who made it */
    struct err err;
};

/* Each returns 0, a positive code to refuse with (c->err says more), or a fault. They run inside a
 * transaction. */
int policy_check(struct call *c);
int keyset_check(struct call *c);
int terminal_check(struct call *c);
int terminal_project(struct call *c);
int ruling_project(struct call *c);
int invite_project(struct call *c);
int enrol_answer(struct call *c);
int renew_answer(struct call *c);
int offer_statement_check(struct call *c);
int offer_statement_project(struct call *c);
int batch_check(struct call *c);
int batch_project(struct call *c);
int link_project(struct call *c);
int commit_project(struct call *c);
int reverse_project(struct call *c);
int close_project(struct call *c);
int erasure_check(struct call *c);
int lease_project(struct call *c);
int lease_return_project(struct call *c);
/* It was disputed, or is not any more. */
int lease_return_dispute(struct call *c, const struct statement *st, bool disputed);
int write_off_check(struct call *c);
int write_off_project(struct call *c);
int hold_answer(struct call *c);
int release_answer(struct call *c);
int sync_answer(struct call *c);
int pickup_answer(struct call *c);
int recall_answer(struct call *c);

/* ahead.c: within a group, reads ahead for the first of the messages; for how many of them. At least one. */
size_t ahead_read(struct authority *a, const struct authority_message *v, size_t n);

/* request.c: what every request is held against; then the kind's own answer. */
int request_handle(struct call *c, int (*answer)(struct call *c));
/* Removes what has ended: once a group, before its first request; else with each. */
int request_expire(struct call *c);
/* Its time is further off than REQUEST_WINDOW_MS. */
bool request_stale(const struct call *c);

/* enrol.c: an enrolment is signed by the key that it brings; fills c->by. */
int enrol_authenticate(struct call *c);

/* terminal.c: the key of a till in an epoch that was ever given. Owned: cose_key_free. STORE_NOT_FOUND. */
int terminal_key(struct store *s, struct bytes till, int64_t epoch, struct cose_key *key);

/* own_keys.c: after a keyset was learned; and before anything is signed. */
void own_keys_learn(struct authority *a);
void own_keys_reload(struct authority *a);

/* dispute.c: whether the call's record counts, into row->dispute and c->disputed. */
int dispute_judge(struct call *c, struct record_row *row);
/* The call's terminal statement: when its key signs, or from where on its records are disputed. */
int dispute_terminal(struct call *c);

/* chain.c: why a record is not taken, before anything is changed: its till is not known, or its epoch was
 * never given, or its person part is malformed. */
int chain_check(struct call *c);
/* It takes its place in its till's chain; a contradiction quarantines the till. */
int chain_take(struct call *c, const struct chain *chain);

/* Inside a transaction: checks a statement's signature and keeps it, as if it had come in a message. */
int authority_keep(struct call *c);

/* What a handle knows of the store is as of the newest of these. */
extern const enum kind kinds_watched[STORE_NEWEST_MAX];
/* Takes in what other handles on the same store have kept since. */
int authority_refresh(struct authority *a);

/* log.c: the call's statement waits for its leaf; inside its transaction. */
int log_queue(struct call *c);
/* Inside a transaction: appends the receipt of a statement for the last checkpoint. STORE_NOT_FOUND while it
 * has no leaf, and where this handle keeps no log. */
int log_receipt(struct call *c, const uint8_t d[HASH_SIZE], struct buf *out);
/* The proof that the log of size2 begins with that of size1: 0 < size1 <= size2, both in the log. */
int log_consistency(struct call *c, int64_t size1, int64_t size2, struct path *out);
/* Leaves and a checkpoint for what waits, where this handle keeps the log; outside of any transaction. When
 * it fails, they wait on: what was accepted and answered stands, and the next call tries again. */
void log_now(struct authority *a);
bool log_is_due(struct authority *a); /* LOG_BATCH leaves wait; in a group */

void known_init(struct known *k);
void known_forget(struct known *k); /* after a transaction was undone, or the tables are made anew */
/* Before each statement: what the last one's offers point to may go. */
void known_begin(struct known *k);
void known_places_forget(struct known *k); /* another offer has come */
const struct offer *known_offer(const struct known *k, const uint8_t d[HASH_SIZE]); /* NULL: not known */
bool known_offer_room(const struct known *k);
/* Its texts are in k->memory, and there is room. */
void known_offer_add(struct known *k, const uint8_t d[HASH_SIZE], const struct offer *terms);
/* As store_offer and store_batch say. */
int known_place(struct call *c, const uint8_t ref[REF_SIZE], int64_t version, uint8_t d[HASH_SIZE]);
int known_batch(struct call *c, int64_t number, struct batch_row *row);

/* lookup.c: statements read back, decoded into the call's arena, or known before: they live as long as the
 * call. */
int lookup_offer(struct call *c, const uint8_t ref[REF_SIZE], int64_t version,
                 struct offer *out); /* STORE_NOT_FOUND */
/* The automatic offers, in their newest versions, by ref; kept until the next version is published. */
int lookup_automatic(struct call *c, const struct automatics **out);
/* The terms of one version of the policy. STORE_NOT_FOUND. */
int lookup_policy(struct call *c, int64_t version, struct policy *out);
/* The person part; an erased or absent one is all zero. */
int lookup_person(struct call *c, struct person_part *out);
/* Why a coupon is not one of ours, or 0: signature, batch, range. Fills the batch where it is known. */
int lookup_coupon(struct call *c, const struct coupon *coupon, struct batch_row *batch);
/* The offer that a GS1 coupon stands for: 0, or TP_UNKNOWN_OFFER when there is none, or it names another GS1
 * offer or is not for coupons. */
int lookup_gs1(struct call *c, const uint8_t ref[REF_SIZE], int64_t version, const struct gs1_coupon *coupon,
               struct offer *out);
/* The coupon that a typed code stands for, in the arena. TP_UNKNOWN_COUPON, which is remembered against the
 * till; TP_THROTTLED after too many of those, whatever the code is. */
int pickup_find(struct call *c, struct bytes code, struct bytes *coupon);
/* Copies a name into a row's fixed array. */
#define COPY_TEXT(to, from) bytes_to_cstr((from), (to), sizeof(to))

/* customer.c: whose use of an offer it is. */
struct customer {
    bool known;
    uint8_t key[HASH_SIZE];
    char text[CUSTOMER_MAX + 1]; /* "": it is a card that no link names */
};
/* Of a card's handle; a customer's key is its own customer. */
int customer_of_card(struct call *c, const uint8_t card[HASH_SIZE], struct customer *out);
/* The one that the sale names, else that of its first card, else unknown. */
int customer_of_sale(struct call *c, const struct person_part *person, struct customer *out);
/* Remembers who took part in the commit at hand. */
int customer_visits(struct call *c, const struct person_part *person);

/* link.c: the rows that stay of an erased link, as `like` has its channel, time and place. */
int link_erased(struct call *c, const uint8_t d[HASH_SIZE], const struct link_row *like,
                const struct residue *residue);

/* returns.c: books every reverse of a commit that is held; its redemptions are to be ranked after it. */
int returns_book(struct call *c, const uint8_t commit[HASH_SIZE]);

/* alone.c: what a commit may give by this redemption without a grant, because the offer lets a till risk it.
 * *left is what its till had for the hour, and less by what this redemption takes of it. */
int alone_allows(struct call *c, const struct redemption *r, int64_t *left, int64_t *most);

/* lease.c: what a till spends beforehand. */
/* A redemption that names a lease, and what became of its cover. */
struct lease_use {
    struct redemption_row redemption;
    struct sale_row sale;
    bool taken;   /* it has its part of the lease */
    bool changed; /* grant, granted and rank are to be others than they were */
    struct lease_use *after;
};
/* Decides anew what of the lease its redemptions took, from the kept records alone, and books what is left.
 * *out are those that name it, with grant, granted and rank as they are to be; none when the lease is not
 * known. */
int lease_settle(struct call *c, int64_t number, struct lease_use **out);
/* The redemption names a lease by its number, instead of a grant: sets lease and most. `allowed`: what a
 * grant that names the lease allows it, or NONE. */
int lease_take(struct call *c, const struct redemption *r, int64_t allowed, struct redemption_row *row);
/* The till at hand may spend it now, and until a grant that is made now ends. */
bool lease_usable(const struct call *c, const struct till_row *till, const struct lease_row *lease);
/* What is left of it beside what holds have claimed. */
int lease_room(struct call *c, const struct lease_row *lease, struct lease_left *left);

/* lease_give.c: makes the leases that the till at hand asks for, as far as there is something to give. */
int lease_give(struct call *c, const struct sync *sync);

/* rank.c: who wins what is claimed more than once. A function of the kept set alone. */
/* Decides a new commit's redemptions before they are written, and writes and tells them: *settled, where
 * nobody else's outcome changes by them and each is decided by itself. Else nothing is written, and the rows
 * are as they were: they are to be put and ranked. */
int rank_new(struct call *c, const struct redemption_row *rows, size_t n, const struct sale_row *sale,
             bool *settled);
int rank_commit(struct call *c, const uint8_t commit[HASH_SIZE]); /* it came in, or was voided */
int rank_card(struct call *c, const uint8_t card[HASH_SIZE]);     /* it was linked, or no longer */
int rank_offer(struct call *c, const uint8_t ref[REF_SIZE]);      /* its newest version has other limits */
/* Its redemptions were frozen: first those that had lost to the customer's others (lost), so that nobody
 * takes their place. */
int rank_frozen(struct call *c, const uint8_t commit[HASH_SIZE], bool lost);
int rank_lease(struct call *c, int64_t number); /* what it covers is to be decided again */
/* It took part in no contest, for a reason that stays. */
bool rank_out_for_good(const struct redemption_row *r);
/* What a redemption's outcome is before it was ever ranked. */
enum { OUTCOME_NEW = TP_PROVISIONAL };

#endif
