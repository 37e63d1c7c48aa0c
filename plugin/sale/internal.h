/* What the files of this room share. Everything below is guarded by till.lock, unless it says otherwise. */
#ifndef SALE_INTERNAL_H
#define SALE_INTERNAL_H

#include "journal/journal.h"
#include "keys/keyfile.h"
#include "keys/time.h"
#include "keys/trust.h"
#include "offer/returns.h"
#include "present/present.h"
#include "sale/till.h"

#include <pthread.h>

enum {
    OPEN_SALES_MAX = 1000,
    FINISHED_SALES_MAX = 64, /* kept in memory; the others are read from the journal */
    PRESENTATIONS_MAX = MAX_COUPONS + MAX_CARDS,
    TABLE_MAX = MAX_REDEMPTIONS + MAX_AUTOMATIC, /* offers on one table */
    LEARNED_MAX = MAX_VERDICTS,
    SYNC_EVERY_MS = 5000,
    RETRY_FIRST_MS = 100,
    RETRY_MOST_MS = 5000,
    RELEASE_ATTEMPTS = 6,
    ITEM_MEMORY = 64 * 1024 * 1024,
    STATE_MEMORY = 4 * 1024 * 1024,
    REPLY_MAX = MESSAGE_MAX + 64 * 1024,
    TEXT_MAX = 64 * 1024,
    URGENT_MAX = 32,
    EVENTS_MAX = 256,
    EVENT_DATA_MAX = 4096,
    EVENT_SCANS_MAX = 64, /* scans that wait at once */
    TILL_PATH = 1200,
    NOTICES_LOADED = 64, /* at once */
    ACKS_MAX = 2 * EVENTS_MAX,
    ACK_MS = 200, /* what the program took notice of is written together */
    RECEIPTS_SOON_MS = 200,
};

/* ---- replica.c: what the authority has published, checked ---- */

struct known_offer {
    struct offer terms; /* views into a chunk: they live as long as the till */
    int unusable;       /* 0, or why this version cannot price it */
    size_t older;       /* 1 + place of the same offer's next older version; 0: none */
};

/* index.c: from a key of 64 bits to a place in an array. */
struct index {
    struct index_slot {
        uint64_t key;
        size_t place; /* 1 + the place; 0: free */
    } * slots;
    size_t room, n; /* room: a power of two, or 0 */
};
/* Makes room for n keys, so that putting them cannot fail. */
int index_reserve(struct index *x, size_t n, struct err *e);
/* Where the key's place is kept, 0 while it has none; NULL when there is no room. */
size_t *index_put(struct index *x, uint64_t key);
/* 1 + the place; 0: none. */
size_t index_find(const struct index *x, uint64_t key);
void index_free(struct index *x);

/* Whose coupons they are. */
enum batch_for { FOR_ALL, FOR_THIS_TILL, FOR_ANOTHER_TILL };

struct known_batch {
    int64_t number, first, last;
    uint8_t offer[REF_SIZE];
    enum batch_for whose;
};

/* A lease of this till. */
struct known_lease {
    struct lease terms;            /* without coupons; views into a chunk */
    struct leased_coupons coupons; /* where bound */
    bool bound;                    /* for these coupons alone */
    bool given_up;                 /* written off: it is spent no more, and goes back */
    bool closed;                   /* returned */
    uint8_t d[HASH_SIZE];
};

struct chunk {
    struct chunk *next;
    struct arena arena;
};

struct replica {
    struct trust trust;
    struct policy policy; /* version 0: none yet */
    struct known_offer *offers;
    size_t offer_count, offer_room;
    struct index by_ref; /* the newest version of each */
    size_t *automatic;   /* those whose newest version is automatic; room for all */
    size_t automatic_count;
    struct known_batch *batches;
    size_t batch_count, batch_room;
    struct index by_number;
    struct known_lease *leases;
    size_t lease_count, lease_room;
    struct chunk *chunks;
    int64_t terminal_epoch;          /* of the newest terminal statement that names this till */
    uint8_t terminal_key[HASH_SIZE]; /* its thumbprint */
    uint8_t terminal_d[HASH_SIZE];   /* the statement that gave that epoch: its D, and when its key signs */
    int64_t terminal_from, terminal_until;
};

/* Statements that were parsed and checked, and are not yet known: staged, then applied or dropped. */
struct stage {
    struct chunk *chunk;
    struct statement *statements;
    struct bytes *raw;
    uint8_t (*d)[HASH_SIZE];
    size_t n, cap;
    bool has_trust;
    struct trust trust;
};

/* Who this till is, for the checks. */
struct identity {
    uint8_t authority[ID_SIZE], root[HASH_SIZE];
    char name[64], store[64];
};

int stage_begin(struct stage *s, size_t cap, struct err *e);
/* Copies, parses and checks one public statement. TP_E_UNTRUSTED, TP_E_MALFORMED, TP_BAD_STATEMENT,
 * TP_E_MEMORY. */
int stage_add(struct stage *s, const struct replica *r, const struct identity *who, struct bytes raw,
              struct err *e);
/* Trusts the first keyset among the statements, where none is trusted yet. */
int stage_first_keyset(struct stage *s, const struct replica *r, const struct identity *who,
                       struct bytes sequence, struct err *e);
/* Checks a grant or state: its signer's purpose, and the audience. */
int stage_verify(const struct stage *s, const struct replica *r, const struct identity *who,
                 const struct statement *st, struct err *e);
/* The keys that hold for what comes with it. */
const struct trust *stage_trust(const struct stage *s, const struct replica *r);
/* Makes room, so that applying cannot fail. */
int stage_reserve(const struct stage *s, struct replica *r, struct err *e);
void stage_apply(struct stage *s, struct replica *r, const struct identity *who);
void stage_drop(struct stage *s);

void replica_free(struct replica *r);
/* Room for as many more offers and batches; and one version of an offer, whose terms outlive the replica. */
int replica_reserve(struct replica *r, size_t more, struct err *e);
void replica_add_offer(struct replica *r, const struct offer *o);
/* The newest version, or the one named (version NONE: newest). NULL when there is none. At a cost that does
 * not grow with what is published. */
const struct known_offer *replica_offer(const struct replica *r, const uint8_t ref[REF_SIZE],
                                        int64_t version);
/* The offer that stands for this GS1 offer: of several, one that is valid at that time, then the first by id.
 * NULL when there is none. */
const struct known_offer *replica_gs1(const struct replica *r, const char *gs1, int64_t now_ms);
/* 0, TP_UNKNOWN_COUPON, TP_BAD_SIGNATURE: signature, batch, range, offer. A genuine coupon whose batch or
 * offer is newer than the replica is not refused, for the authority knows: *known is false. */
int replica_coupon(const struct replica *r, const struct coupon *c, bool *known);
/* The replica knows the batch, and the index is of it: then whose (or NULL) is set. */
bool replica_issued(const struct replica *r, const uint8_t offer[REF_SIZE], int64_t batch, int64_t index,
                    enum batch_for *whose);

/* ---- a sale ---- */

struct presentation {
    int64_t id;
    bool card, gs1;
    uint8_t handle[HASH_SIZE];
    uint8_t raw[COUPON_MAX]; /* the coupon's bytes, or a GS1 coupon's element */
    size_t n;
    uint8_t offer[REF_SIZE];
    int64_t batch, index, exp;    /* a GS1 coupon: NONE, NONE, and no end of its own */
    char pickup[PICKUP_SIZE + 1]; /* a typed code whose coupon is not known yet; "" for all others */
    int reason;                   /* and what the authority said of it */
};

/* What the last grant said of one coupon or card offer, or its quote of an automatic one. */
struct learned {
    uint8_t offer[REF_SIZE];
    int64_t version, batch, index;
    bool card, automatic;
    uint8_t handle[HASH_SIZE];
    int reason;
    int64_t at_ms; /* already_used, held: since when, and at which till; else NONE */
    char till[64];
};

/* What a price that was told alone spends of a lease. */
struct price_lease {
    uint8_t offer[REF_SIZE];
    int64_t number, amount;
};

struct price {
    bool known;
    struct arena arena;
    struct quote quote;
    bool tax_included;
    struct price_lease leased[MAX_REDEMPTIONS];
    size_t leased_count;
};

/* A grant that was checked. Its parts are what a commit will carry. */
struct granted {
    struct arena arena;
    struct bytes raw, lines; /* the statement; the lines part that was held */
    uint8_t lines_hash[HASH_SIZE];
    struct grant grant;
    int64_t until_boot, renew_boot;
    bool tax_included;
};

/* A sale as the authority recalled it, checked, and what came back of it since. */
struct sold_sale {
    struct arena arena;
    struct statement st; /* the commit */
    struct lines_part part;
    struct quote quote;
    struct returned *before; /* of each line */
    struct returned_offer *offers_before;
};

struct ask;

struct sale {
    int64_t id;
    char reference[REFERENCE_MAX + 1], receipt[REFERENCE_MAX + 1], currency[4];
    uint8_t uuid[ID_SIZE];
    int64_t rev;
    int state;             /* enum journal_state */
    bool training, stored; /* stored: it has a row */
    bool refund;           /* it gives back goods of the sale that `original` recorded */
    int64_t original_sale; /* 0: another till's */
    uint8_t original[HASH_SIZE], original_uuid[ID_SIZE];
    struct sold_sale *recalled; /* what the authority said of it; NULL: this till's own record alone */
    struct ask *asking;
    struct ask *renewing;    /* the worker's own hold, which nobody waits for */
    int64_t edition;         /* grows with everything that makes a renewal's answer useless */
    int64_t first_hold_boot; /* of the program's own hold that bound the price */
    bool renewal_over;       /* it was told that this price is not renewed any more */

    struct arena lines_arena;
    const struct line *lines;
    size_t line_count;
    struct presentation *presented[PRESENTATIONS_MAX];
    size_t presented_count;
    int64_t next_presentation;
    struct learned learned[LEARNED_MAX];
    size_t learned_count;

    struct price price;
    struct granted *granted; /* NULL: provisional */
    bool reserved;           /* the authority may hold something for this sale */
    int hold_reason;         /* why the last hold did not bind, or no longer does */
    int alone; /* why the last hold had no grant: the till prices by itself; 0: it had, or none */
    int64_t alone_until_boot; /* until then the price that was told alone stays, while the basket does */

    bool binding;
    int64_t seq, redemptions;
    uint8_t commit[HASH_SIZE];
    struct buf text;
};

/* The offers on one table, for pricing. */
struct price_table {
    const struct offer *offers[TABLE_MAX];
    struct standing standings[TABLE_MAX];
    const struct presentation *coupons[TABLE_MAX]; /* NULL: a card's offer */
    bool free[TABLE_MAX]; /* automatic and without limits: nobody can take it twice */
    bool automatic[TABLE_MAX];
    bool risked[TABLE_MAX];    /* redeemed alone, within caps */
    int64_t leased[TABLE_MAX]; /* redeemed alone, by the lease of this number; 0: by none */
    size_t n;
    int64_t hour_left; /* what may be redeemed alone in this hour */
};

/* ---- the till ---- */

/* A hold, release or recall on its way. */
struct ask {
    struct ask *next;
    bool hold, renewal, recall;
    char original[REFERENCE_MAX + 1]; /* a recall: the sale's reference; its id is uuid when by_id */
    bool by_id;
    int64_t returns;        /* what till.returns was when the recall was built */
    struct sold_sale *sold; /* its answer. Owned */
    int64_t edition;        /* a renewal: the sale's when it was asked for */
    int64_t sale;
    uint8_t uuid[ID_SIZE];
    int64_t rev;
    struct buf message, lines;
    uint8_t d[HASH_SIZE], lines_hash[HASH_SIZE];
    bool tax_included;
    int64_t sent_boot; /* of the first attempt; 0: not sent yet */
    int attempts;
    int64_t due;    /* monotonic ms */
    bool flying;    /* the worker is at it, without the lock */
    bool abandoned; /* nobody waits for it: the worker frees it */
    bool done;
    int reason; /* when done without a grant: an outcome, or a code below zero with err */
    struct err err;
};

struct event_slot {
    struct till_event event;
    struct buf data;
    struct journal_notice notice; /* n 0: it is not kept */
};

struct events {
    int fd;
    bool readable;
    struct event_slot slots[EVENTS_MAX];
    size_t first, n;
    int64_t last, dropped, taken_number;
    struct buf taken; /* data of the event that was taken last */
    /* notices: what the journal keeps until the program has taken notice */
    bool waiting;           /* the journal may have some that are not in the queue */
    int64_t loaded;         /* number of the last that was put into it */
    int64_t noticed;        /* of the event that was taken last, 0: it is none */
    int64_t acks[ACKS_MAX]; /* taken notice of, and not yet written */
    size_t ack_count;
    int64_t acks_due; /* monotonic ms */
};

/* Records whose receipt is asked for by one sync. */
struct receipts_asked {
    size_t n;
    uint8_t d[MAX_RECEIPTS][HASH_SIZE], entry[MAX_RECEIPTS][HASH_SIZE];
    struct bytes list[MAX_RECEIPTS];
    int64_t last; /* number of the last of them */
};

/* A commit that is worth most while its grant lives. */
struct urgent {
    uint8_t d[HASH_SIZE];
    int64_t until_boot;
};

struct till {
    /* constant after till_open */
    struct identity who;
    char dir[TILL_PATH];
    const struct clock_source *clock;
    struct transport transport; /* used by the worker alone */
    pthread_t thread;
    bool thread_started;

    pthread_mutex_t lock;
    pthread_cond_t wake, changed; /* for the worker; for those who wait */

    struct journal *journal;
    struct cose_key key;      /* of the epoch in force */
    struct cose_key next_key; /* on the disk beside it, and asked for; or none */
    int64_t rekey_at;         /* not before then, monotonic ms */
    struct head head;
    struct checkpoint_seen seen; /* of the log, as the authority named it last; size 0: none yet */
    int64_t have, outcomes;
    bool log_forked;        /* and the one that it named last does not go on from there */
    int64_t receipts_after; /* those of records above this number are asked for next */
    bool behind, quarantined, online, has_card_key;
    bool revoked; /* quarantined because the authority says that the key was given up */
    uint8_t card_key[HASH_SIZE];
    struct trusted_time time;
    struct replica replica;
    int64_t next_id, last_id;
    int64_t returns;    /* recorded since open */
    int64_t forgone;    /* epochs whose leases are not this till's to give back */
    size_t wanted_from; /* offers are asked for in turn, where they are too many for one sync */
    size_t wanted;      /* how many the last sync asked for */
    struct journal_counts counts;

    struct sale **sales;
    size_t sale_count, sale_room;

    struct ask *asks;
    bool stopping, ended; /* ended: the worker has left its loop */
    int64_t stop_at;      /* monotonic ms */
    bool synced;          /* since open */
    int64_t sync_due, sync_wait, sync_started, sync_finished;
    int sync_rc;
    struct err sync_err;
    int64_t outbox_due, outbox_wait;
    struct urgent urgent[URGENT_MAX]; /* oldest first */
    size_t urgent_count;

    bool online_told;
    int online_code; /* what was told: see TILLPROOF_EVENT_ONLINE */
    bool damaged;    /* till.db was found to be, where nobody waited for it: nothing is signed on top */
    int doubt;       /* why the last sync's answer was not taken, below zero; or 0 */
    struct events events;
};

int64_t monotonic_ms(void);
void till_lock(struct till *t);
void till_unlock(struct till *t);
/* Waits on `changed` until then; false when the time is over. */
bool till_wait(struct till *t, int64_t until_ms);
void till_kick(struct till *t); /* wakes the worker */
void till_tell(struct till *t); /* wakes those who wait */

/* The time that the till goes by; and the time of a request, which before the first answer is the wall
 * clock's. */
int64_t till_now(struct till *t, bool *sure);
int64_t request_time(struct till *t);
void till_common(struct till *t, struct common *c, int64_t time_ms);

/* worker.c */
void *worker_run(void *arg);
void ask_add(struct till *t, struct ask *a);
void ask_unlink(struct till *t, struct ask *a);
void ask_free(struct ask *a);
/* Done, or given up: tells who waits, or frees what nobody waits for. */
void ask_end(struct till *t, struct ask *a, int reason);
void ask_later(struct ask *a, int64_t most_ms);
/* Sends one message and reads the first answer that names d. The lock is let go for the call. `reply` keeps
 * the bytes. 0 with *answer; TP_OFFLINE (no or a useless answer) with a reason in e. */
int worker_call(struct till *t, struct bytes message, struct buf *reply, struct err *e);
int first_answer(struct bytes reply, const uint8_t d[HASH_SIZE], struct answer *out, struct err *e);

/* event.c */
int events_open(struct events *q, struct err *e);
void events_close(struct events *q);
/* Never fails: of a state the newest stays, and of a full queue the oldest but scans is dropped
 * and counted. */
void event_put(struct till *t, const struct till_event *v, struct bytes data);
void event_state(struct till *t, int kind, int code);
void event_online(struct till *t, int code);
void event_hold(struct till *t, const struct sale *s, int code);
/* An event of what the journal keeps: it takes the place of an older one of the same thing. */
void event_notice(struct till *t, const struct journal_notice *v);

/* notice.c */
/* When notices_run has something to do, by the monotonic clock. */
int64_t notices_due(const struct till *t);
/* Writes what was taken notice of, and puts into the queue what it has room for. */
void notices_run(struct till *t);
/* The journal has more of them. */
void notices_more(struct till *t);
/* The program has come back for the next event: it has taken notice of the one before. */
void notices_taken(struct till *t);

/* log.c: what the authority's log must be, and the receipts. */
/* Checks what a state says of the log against what was seen of it; `checkpoint` is the signed one that came
 * with it. 0, and *forked: it is not the log that was seen, which was told, and the evidence is kept;
 * TP_E_UNTRUSTED: the log's key did not sign that; or a fault. */
int log_check(struct till *t, const struct stage *stage, const struct state *s, struct bytes checkpoint,
              bool *forked, struct err *e);
/* Chooses whose receipts are asked for. */
int receipts_ask(struct till *t, struct receipts_asked *a, struct err *e);
/* Checks what came for each of them, in order (absent: nothing yet). */
void receipts_check(const struct till *t, const struct stage *stage, const struct checkpoint_seen *log,
                    const struct receipts_asked *a, const struct bytes *came,
                    struct journal_receipt out[MAX_RECEIPTS], size_t *n);
/* Files them. True: as many as could be asked for at once have come. */
int receipts_take(struct till *t, const struct receipts_asked *a, struct journal_receipt *list, size_t n,
                  bool *soon, struct err *e);

/* renew.c */
/* When renew_run has something to do, by the monotonic clock. */
int64_t renew_due(struct till *t);
void renew_run(struct till *t);
/* True while the answer to this renewal can still be used. */
bool renewal_current(const struct sale *s, const struct ask *a);
void renewal_end(struct till *t, struct ask *a, int reason);
void renewals_stop(struct till *t);
/* The binding price has come to its end by time. */
void hold_over(struct till *t, struct sale *s);

/* sync.c, outbox.c: one round each, by the worker, with the lock. */
/* more: ask again at once; soon: before long. */
int sync_round(struct till *t, bool *more, bool *soon, struct err *e);
void sync_run(struct till *t);
/* TP_OFFLINE when nothing was answered. */
int outbox_run(struct till *t, struct err *e);
/* This commit goes before the backlog for as long as its grant lives; and those of the runs before. */
void outbox_hurry(struct till *t, const uint8_t d[HASH_SIZE], int64_t until_boot);
int outbox_load(struct till *t, struct err *e);
/* Somewhere between half of it and all, so that tills that lost one authority together do not come back
 * together. */
int64_t retry_wait(int64_t wait_ms);

/* rekey.c: the till's key, and its renewal. */
/* Reads till.key, and finishes a renewal that was interrupted. */
int rekey_load(struct till *t, struct err *e);
/* True when the worker is to ask for the next epoch now; and that. */
bool rekey_wanted(struct till *t);
void rekey_run(struct till *t);
/* What the authority's later epoch means, as far as is known with what is staged: somebody else's; this
 * till's own renewal, to be adopted; or its statement has not come yet. */
enum rekey_news { REKEY_NONE, REKEY_OURS, REKEY_AWAITED };
enum rekey_news rekey_news(const struct till *t, const struct stage *s, int64_t epoch);
/* The epoch of the newest terminal statement begins, with the new key. */
int rekey_adopt(struct till *t, struct err *e);

/* hold.c, grant.c: the worker's part. */
void hold_run(struct till *t, struct ask *a);
void release_run(struct till *t, struct ask *a);
/* What this till did before must be known there first. */
void send_backlog(struct till *t);
/* Makes room for the next hold or gives reservations back: queues a release, above the sale's rev. */
void release_queue(struct till *t, struct sale *s);
void release_queue_uuid(struct till *t, int64_t sale, const uint8_t uuid[ID_SIZE], int64_t rev);
void hold_late(struct till *t, struct ask *a);
struct ask *ask_new(const struct sale *s, struct err *e);
/* Checks an answered grant and makes it the sale's. */
int grant_take(struct till *t, struct sale *s, struct ask *a, const struct answer *answer, struct err *e);
void granted_free(struct granted *g);
bool granted_alive(struct till *t, const struct sale *s);

/* pickup.c: typed codes. Those that this hold asks about, as views into the sale. */
size_t pickups_list(const struct sale *s, const struct ask *a, struct bytes out[MAX_PICKUPS]);
/* The grant answers just those, and each coupon that it brings has its verdict. TP_E_MALFORMED. */
int pickups_check(const struct sale *s, const struct ask *a, const struct grant *g, struct err *e);
/* From then on they are those coupons, or refused. The grant has been checked. */
void pickups_take(const struct sale *s, const struct ask *a, const struct grant *g);
/* Why a code has no coupon yet. */
int pickup_reason(const struct sale *s, const struct presentation *p);
/* present.c: p is this coupon, with a copy of its bytes (at most COUPON_MAX). */
void presentation_coupon(struct presentation *p, struct bytes raw, const struct coupon *c);
/* p is this GS1 coupon, an element of at most GS1_ELEMENT_MAX, for this offer. */
void presentation_gs1(struct presentation *p, struct bytes element, const uint8_t offer[REF_SIZE]);

/* record.c: the chain */
int record_begin(struct till *t, struct chain *chain, struct common *common, struct err *e);
int record_add(struct till *t, enum kind kind, const void *payload, struct bytes lines, struct bytes person,
               const struct journal_sale *row, uint8_t d[HASH_SIZE], struct err *e);
int record_add_return(struct till *t, const struct reverse *payload, struct bytes lines, struct bytes person,
                      const struct journal_sale *row, const struct journal_returns *returns,
                      uint8_t d[HASH_SIZE], struct err *e);
/* A salted part, and its hash. */
int lines_part_put(const struct basket *b, struct buf *out, uint8_t hash[HASH_SIZE], struct err *e);
int person_part_put(const struct sale *s, bool with_reference, struct buf *out, uint8_t hash[HASH_SIZE],
                    struct err *e);

/* sale.c */
struct sale *sale_in_memory(struct till *t, int64_t id);
/* From memory or the journal. TP_E_ARGUMENT when there is none. */
int sale_find(struct till *t, int64_t id, struct sale **out, struct err *e);
/* The same, for what changes the sale: it must be open, and no hold under way. */
int sale_change(struct till *t, int64_t id, struct sale **out, struct err *e);
/* NULL in *out: none. Training sales are not found. */
int sale_by_reference(struct till *t, struct bytes reference, struct sale **out, struct err *e);
/* A new sale, with an id and identity of its own. */
int sale_by_uuid(struct till *t, const uint8_t uuid[ID_SIZE], struct sale **out, struct err *e);
bool reference_valid(struct bytes r);
int sale_new(struct till *t, struct bytes reference, struct bytes currency, struct sale **out, struct err *e);
/* Checks and copies the lines in place of those before. */
int sale_take_lines(struct sale *s, const struct line *lines, size_t n, struct err *e);
void sale_row(const struct sale *s, struct journal_sale *row);
void sale_forget(struct till *t, struct sale *s);
void sale_free(struct sale *s);
/* The basket, its presentations or what is known of them changed: no longer binding, not priced. */
void sale_touched(struct sale *s);

/* price.c */
/* Words that the authority alone can say. Others follow from the basket, and pricing finds them itself. */
bool is_standing(int reason);
/* The price now: binding, the record's, or made anew. 0, or the outcome why there is none, or a fault. */
int price_now(struct till *t, struct sale *s, struct err *e);
/* The price that was told last, or a new one. */
int price_told(struct till *t, struct sale *s, struct err *e);
void price_drop(struct price *p);
void sale_basket(const struct till *t, const struct sale *s, int64_t time_ms, struct basket *out);
int price_decode(struct sale *s, struct bytes encoded, bool tax_included, struct err *e);
void quote_fill(struct till *t, struct sale *s, int priced, struct quote_info *out);
/* Coupons that the quote does not mention, and why. Counts them; the index-th is handed out. */
size_t unpriced(const struct sale *s, size_t index, const struct presentation **p, int *reason);

/* recall.c */
void recall_run(struct till *t, struct ask *a);
void sold_sale_free(struct sold_sale *r); /* takes NULL */
/* Waits for a sale of any till: by its uuid, or (NULL) by what `original` may be, id or reference. s (or
 * NULL) is the refund that waits. 0 and *out, which is the caller's; TP_OFFLINE, or the authority's reason;
 * or a code below zero. The lock is let go meanwhile. */
int recall_ask(struct till *t, struct bytes original, const uint8_t *uuid, struct sale *s, int64_t until,
               struct sold_sale **out, struct err *e);

/* alone.c: a till without an answer. */
/* The last hold had no grant, for this reason; a grant before it that lives goes on. */
void alone_begin(struct till *t, struct sale *s, int reason);
/* The price that was told alone stands. */
bool alone_settled(const struct till *t, const struct sale *s);
/* Puts standings on the table: what may not be redeemed alone, and how much the others may be worth. */
int alone_judge(struct till *t, const struct sale *s, struct price_table *w, struct err *e);
/* True when what goes beyond a cap was taken off the table: price again. */
bool alone_beyond(struct price_table *w, const struct quote *q);
/* Notes which leases the price spends. */
void alone_leased(const struct price_table *w, struct price *price);
/* What the sale's price says of each offer, for the journal. */
size_t decisions(struct till *t, const struct sale *s, struct journal_decision out[TABLE_MAX]);
/* What the caps say of a sale that is committed without a hold, and without having been told a price alone:
 * puts the reasons beside the decisions, which are in the order of the price's offers. *unheld: the commit
 * says *out. */
int alone_unheld(struct till *t, const struct sale *s, struct journal_decision *decided, struct unheld *out,
                 bool *unheld, struct err *e);
/* Writes what was decided alone, before anybody is told. */
int alone_keep(struct till *t, struct sale *s, struct err *e);

/* lease.c: what this till may spend without asking. */
/* A lease that covers one more redemption of this offer in this sale, by this coupon (NULL: automatic): its
 * number, 0 when there is none; and how much it may be worth, NONE when no sum is counted. */
int lease_find(struct till *t, const struct sale *s, const struct offer *o, const struct presentation *p,
               int64_t *number, int64_t *worth, struct err *e);
/* The leases that the price was told with still cover it. */
int leases_hold(struct till *t, const struct sale *s, bool *hold, struct err *e);
/* The lease that this offer of the sale's price spends, alone or granted; 0: none. */
int64_t lease_spent_by(const struct till *t, const struct sale *s, const uint8_t ref[REF_SIZE]);
/* Records what is left of those that no open sale was told a price with: of all, or of those that are over.
 */
int leases_return(struct till *t, bool all, struct err *e);
/* The offers for which the next sync asks, and what is left of each. */
int leases_wanted(struct till *t, struct lease_wanted out[MAX_WANTED], size_t *n, struct err *e);

/* refund.c */
/* Makes r's state what these returns, one after the other, left of it. */
int refund_replay(struct till *t, struct sold_sale *r, const struct return_made *returns, size_t n,
                  struct err *e);
/* Asks again what is left. 0; TP_OFFLINE and others: it goes by what is known; or a code below zero. */
int refund_hold(struct till *t, struct sale *s, int64_t until, struct err *e);
/* 0, or TP_E_ARGUMENT: a line that the original has not, or more than is left of it. */
int refund_check_lines(struct till *t, const struct sale *s, const struct line *lines, size_t n,
                       struct err *e);
int refund_price(struct till *t, struct sale *s, struct err *e);
int refund_record(struct till *t, struct sale *s, const struct tender *tenders, size_t n,
                  struct journal_sale *row, uint8_t d[HASH_SIZE], struct err *e);

/* text.c */
int text_put(struct till *t, const struct sale *s, struct buf *out, struct err *e);

#endif
