/*
 * till.db: what a till must not lose. Its chain of records and which of them the authority has (the
 * outbox), the replica that sync fills, the outcomes that it was told, its sales, and a few numbers. SQLite
 * on a local disk, WAL, synchronous=FULL: a function that writes has written when it returns 0.
 *
 * Not thread-safe: the owner locks. Functions return 0, or TP_E_IO, TP_E_READ_ONLY, TP_E_CORRUPT, TP_E_BUSY,
 * TP_E_MEMORY with a sentence in e (which may be NULL), and then have changed nothing. Views handed to
 * callbacks live for the callback.
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "wire/statement.h"

struct journal;

enum { JOURNAL_NOT_FOUND = 1, JOURNAL_VERSION = 1, REFERENCE_MAX = 64, SALE_ID_BLOCK = 1000 };

/*
 * Makes dir/till.db, mode 0600, for a till that has just been enrolled: its chain begins at the terminal
 * statement. dir exists. A file that is there already: TP_E_EXISTS. Leaves no half-made file behind.
 */
int journal_create(const char *dir, const uint8_t authority[ID_SIZE], struct bytes till, struct bytes store,
                   int64_t epoch, const uint8_t terminal[HASH_SIZE], struct err *e);
/* A till that is enrolled anew: its chain begins at the new terminal statement; what it has not sent stays to
 * be sent. The epoch must be above the one before (TP_E_STATE). The journal must not be open elsewhere. */
int journal_renew(const char *dir, struct bytes store, int64_t epoch, const uint8_t terminal[HASH_SIZE],
                  struct err *e);

/* The same for a till that renews while it is open. */
int journal_next_epoch(struct journal *j, int64_t epoch, const uint8_t terminal[HASH_SIZE], struct err *e);

/* Opens dir/till.db and holds the lock of dir/lock until journal_close. TP_E_NO_SHOP (no such file),
 * TP_E_TILL_BUSY (open here or elsewhere), TP_E_NEWER, TP_E_CORRUPT (not a journal). */
int journal_open(const char *dir, struct journal **out, struct err *e);
/* Opens it for reading alone, also while a till has it open, and takes no lock. TP_E_NO_SHOP, TP_E_NEWER,
 * TP_E_CORRUPT; TP_E_STATE: no till has opened it since a version that kept less. */
int journal_read(const char *dir, struct journal **out, struct err *e);
void journal_close(struct journal *j); /* takes NULL */

/* What the journal says of its till. */
struct journal_till {
    uint8_t authority[ID_SIZE];
    char name[64], store[64];
    struct head head;
    int64_t have, outcomes;      /* cursors of sync */
    int64_t floor_ms;            /* trusted time: see keys/time.h */
    int64_t told_ms;             /* of it, the authority's own last word; 0: none is kept */
    struct checkpoint_seen seen; /* of the log; size 0: none yet */
    bool behind;                 /* the authority holds a later record of this epoch */
    int64_t forgone;             /* up to this epoch the journal was found behind: 0, or none of its leases is
                                    this till's to give back */
    bool has_card_key;
    uint8_t card_key[HASH_SIZE]; /* secret: wipe it */
};
int journal_till(struct journal *j, struct journal_till *out, struct err *e);

/* ---- sales ---- */

enum journal_state { SALE_OPEN, SALE_COMMITTED, SALE_VOIDED };

/* What was decided of one offer of a sale. */
struct journal_decision {
    uint8_t offer[REF_SIZE];
    int64_t batch, index; /* of the coupon; NONE: a card's offer */
    int64_t time_ms, amount;
    int reason;    /* 0: redeemed, for the amount; else why not */
    bool alone;    /* without the authority */
    int64_t lease; /* number of the lease that it spends, or 0 */
};

/* One sale's row. Texts end with a zero byte. */
struct journal_sale {
    int64_t id;
    char reference[REFERENCE_MAX + 1];
    uint8_t uuid[ID_SIZE];
    char currency[4];
    int64_t rev;
    int state; /* enum journal_state */
    /* from the commit on: */
    char receipt[REFERENCE_MAX + 1];
    bool binding;
    int64_t seq, redemptions;
    uint8_t commit[HASH_SIZE];
    struct bytes quote, text; /* views; the quote's encoding and the receipt's lines */
    /* Written with the row, in place of what a hold decided before; NULL: as it was. Not read back. */
    const struct journal_decision *decided;
    size_t decided_count;
    /* Of a commit: until when its grant lives, by trusted time; 0: it has none. Not read back. */
    int64_t urgent_until_ms;
};

/* Writes or replaces the row of a sale that is open. */
int journal_sale_put(struct journal *j, const struct journal_sale *s, struct err *e);
/* Forgets a sale that is open; none such is fine. */
int journal_sale_drop(struct journal *j, int64_t id, struct err *e);
/* The index-th sale that is open, by id; they were all held or loaded. JOURNAL_NOT_FOUND beyond the end. */
int journal_sale_unsettled(struct journal *j, int64_t index, int64_t *id, struct err *e);
/* JOURNAL_NOT_FOUND, or what fn returned. */
int journal_sale(struct journal *j, int64_t id, int (*fn)(void *arg, const struct journal_sale *s), void *arg,
                 struct err *e);
int journal_sale_by_reference(struct journal *j, struct bytes reference,
                              int (*fn)(void *arg, const struct journal_sale *s), void *arg, struct err *e);
int journal_sale_by_uuid(struct journal *j, const uint8_t uuid[ID_SIZE],
                         int (*fn)(void *arg, const struct journal_sale *s), void *arg, struct err *e);
/* How often commits of this till that are not voided have redeemed the coupon. */
int journal_uses(struct journal *j, int64_t batch, int64_t index, int64_t *uses, struct err *e);
/* The same of those commits that the authority has not answered. */
int journal_uses_unsent(struct journal *j, int64_t batch, int64_t index, int64_t *uses, struct err *e);
/* What commits of this till after that time, not voided, have redeemed without the authority and without a
 * lease: the sum. */
int journal_alone_since(struct journal *j, int64_t after_ms, int64_t *sum, struct err *e);
/* What commits that are not voided have spent of a lease: how often, and how much. */
struct journal_spent {
    int64_t uses, amount;
};
int journal_lease_spent(struct journal *j, int64_t lease, struct journal_spent *out, struct err *e);
/* True when the sale's last hold had no answer, and something was decided without one. */
int journal_alone(struct journal *j, int64_t sale, bool *alone, struct err *e);
/* One row of what was decided: by a hold that had no answer, or by a commit. */
struct journal_decided {
    int64_t sale;
    const char *reference; /* of the sale; "" when it was forgotten */
    bool committed;        /* by the commit; else by a hold */
    bool past;             /* by a hold, in place of which a later one or the commit came */
    struct journal_decision what;
};
/* Those with from_ms <= time < until_ms, in the order of their making; alone: those without the authority. */
int journal_decisions(struct journal *j, int64_t from_ms, int64_t until_ms, bool alone,
                      int (*fn)(void *arg, const struct journal_decided *v), void *arg, struct err *e);
/* Takes the next SALE_ID_BLOCK ids, for ever: *first is the first of them, from 1. */
int journal_sale_ids(struct journal *j, int64_t *first, struct err *e);

/* ---- the chain and the outbox ---- */

struct journal_record {
    enum kind kind;
    uint8_t d[HASH_SIZE];
    struct bytes raw, lines, person; /* parts absent where the kind has none */
    int64_t epoch, seq;
    uint8_t prev[HASH_SIZE];
    int64_t time_ms;
};

/* What came back of one line of a sale, or was taken back of one of its offers, all returns together. */
struct journal_returned {
    bool offer;
    int64_t place;    /* of the line in the basket, or of the offer among those that applied; from 0 */
    int64_t quantity; /* of a line */
    int64_t refunded, taken_back; /* of an offer: discount, cashback */
};
struct journal_returns {
    uint8_t commit[HASH_SIZE]; /* of the original */
    struct journal_returned *list;
    size_t n;
};
/* Rows of one commit; a nonzero return of fn ends it and is returned. */
int journal_returned(struct journal *j, const uint8_t commit[HASH_SIZE],
                     int (*fn)(void *arg, const struct journal_returned *r), void *arg, struct err *e);
int journal_any_returned(struct journal *j, const uint8_t commit[HASH_SIZE], bool *any, struct err *e);

/*
 * Adds a record to the chain and to the outbox, and writes the sale's row (NULL: none) and what came back
 * (NULL: nothing) with it, in one transaction. The record must follow the head: otherwise TP_E_STATE. The
 * floor of trusted time grows to time_ms.
 */
int journal_append(struct journal *j, const struct journal_record *r, const struct journal_sale *s,
                   const struct journal_returns *returns, struct err *e);
/* The same for a lease-return: with it the lease, which the till will not spend any more, leaves the replica.
 */
int journal_append_lease_return(struct journal *j, const struct journal_record *r,
                                const uint8_t lease[HASH_SIZE], struct err *e);
/* One record by D, or what fn returned. JOURNAL_NOT_FOUND. */
int journal_record(struct journal *j, const uint8_t d[HASH_SIZE],
                   int (*fn)(void *arg, const struct journal_record *r), void *arg, struct err *e);
/* D of the record at a place of the chain. JOURNAL_NOT_FOUND. */
int journal_record_at(struct journal *j, int64_t epoch, int64_t seq, uint8_t d[HASH_SIZE], struct err *e);
/* Whether the authority has said that it has the record at a place of the chain; false where there is none.
 */
int journal_taken_at(struct journal *j, int64_t epoch, int64_t seq, bool *taken, struct err *e);
/* The records that the authority has neither taken nor refused, oldest first; a nonzero return of fn ends it
 * and is returned. */
int journal_unsent(struct journal *j, int64_t limit, int (*fn)(void *arg, const struct journal_record *r),
                   void *arg, struct err *e);
/* D of the last `limit` commits, oldest first, that the authority has not answered and whose grant lives
 * longer than now_ms. */
int journal_urgent(struct journal *j, int64_t now_ms, int64_t limit,
                   int (*fn)(void *arg, const uint8_t d[HASH_SIZE], int64_t until_ms), void *arg,
                   struct err *e);
/* What was last heard of one redemption. JOURNAL_NOT_FOUND: nothing. */
int journal_outcome(struct journal *j, const uint8_t commit[HASH_SIZE], int64_t redemption, int *reason,
                    struct err *e);
/* The void of a commit: its D. JOURNAL_NOT_FOUND. */
int journal_void_of(struct journal *j, int64_t sale, uint8_t d[HASH_SIZE], struct err *e);

/* The records after the last close, oldest first; a nonzero return of fn ends it and is returned. */
int journal_day(struct journal *j, int (*fn)(void *arg, const struct journal_record *r), void *arg,
                struct err *e);
/* D of the last close. JOURNAL_NOT_FOUND. */
int journal_last_close(struct journal *j, uint8_t d[HASH_SIZE], struct err *e);
/* True when a close has counted this record. */
int journal_closed(struct journal *j, const uint8_t d[HASH_SIZE], bool *closed, struct err *e);

/* What the authority said of one record: reason 0, it has it; else the code by which it was refused. */
struct journal_answer {
    uint8_t d[HASH_SIZE];
    int reason;
};
/* All of them in one transaction. A D that is not held is passed by. */
int journal_answered(struct journal *j, const struct journal_answer *list, size_t n, struct err *e);
/* True when every record of the sale has been taken. */
int journal_sale_sent(struct journal *j, int64_t sale, bool *sent, struct err *e);

struct journal_counts {
    int64_t unsent, refused, conflicts;
    int refused_reason; /* of the latest, 0: none */
    int log;            /* the code of the gravest evidence: TP_LOG_FORKED, TP_BAD_RECEIPT, or 0 */
};
int journal_counts(struct journal *j, struct journal_counts *out, struct err *e);

/* ---- receipts, and what speaks against the log ---- */

/* A record that the authority has, and whose receipt has not come. */
struct journal_due {
    int64_t n; /* its number in this file */
    uint8_t d[HASH_SIZE];
    struct bytes raw;
};
/* Those numbered above `after`, by number; a nonzero return of fn ends it and is returned. */
int journal_receipts_due(struct journal *j, int64_t after, int64_t limit,
                         int (*fn)(void *arg, const struct journal_due *due), void *arg, struct err *e);

/* A receipt that came for a record; or, with a reason, that is none and why: it is kept as evidence. */
struct journal_receipt {
    uint8_t d[HASH_SIZE];
    struct bytes raw;
    int64_t size, place; /* of the tree; of the leaf */
    int reason;
    bool fresh; /* set by journal_receipts: it was not known before */
};
/* Files them beside their records, all in one transaction; of each that is filed or refused for the first
 * time there is a notice. */
int journal_receipts(struct journal *j, struct journal_receipt *list, size_t n, int64_t time_ms,
                     struct err *e);
/* The receipt of a record, or what fn returned. JOURNAL_NOT_FOUND. */
int journal_receipt(struct journal *j, const uint8_t d[HASH_SIZE],
                    int (*fn)(void *arg, const struct journal_receipt *r), void *arg, struct err *e);

/* What was signed and should not have been. At most EVIDENCE_MAX rows are kept, the first ones. */
enum { EVIDENCE_MAX = 64 };
struct journal_evidence {
    int what;               /* TP_LOG_FORKED: `raw` is a checkpoint; TP_BAD_RECEIPT: a receipt */
    uint8_t key[HASH_SIZE]; /* the root, or D of the record: one row each */
    int64_t time_ms;
    struct bytes raw;  /* may be empty: nothing came where something had to */
    struct bytes seen; /* the signed checkpoint that was seen before; absent: none was kept */
};
/* *fresh: it was not known before. `seen` is not looked at: it is filled from what is kept. */
int journal_evidence_put(struct journal *j, const struct journal_evidence *v, bool *fresh, struct err *e);
int journal_evidence(struct journal *j, int (*fn)(void *arg, const struct journal_evidence *v), void *arg,
                     struct err *e);

/* ---- what the program is to be told, until it has taken notice ---- */

enum notice_kind { NOTICE_OUTCOME = 1, NOTICE_RECEIPT, NOTICE_REFUSED };
/* Of receipts that nobody takes notice of, the last ones are kept. */
enum { NOTICE_RECEIPTS_MAX = 1024 };
struct journal_notice {
    int64_t n; /* never used again, growing */
    int kind;
    uint8_t record[HASH_SIZE];
    int64_t place;             /* of the redemption; 0 for all else */
    int reason;                /* 0: no longer in conflict; a receipt that is one */
    int64_t amount, sale, seq; /* sale, seq: of the record, 0 where it is none of this till's */
};
/* Those numbered above `after`, by number. */
int journal_notices(struct journal *j, int64_t after, int64_t limit,
                    int (*fn)(void *arg, const struct journal_notice *v), void *arg, struct err *e);
/* They were taken notice of. */
int journal_noticed(struct journal *j, const int64_t *numbers, size_t n, struct err *e);

/* ---- what sync brings ---- */

struct journal_news {
    const struct bytes *statements; /* envelopes, in order */
    const uint8_t (*d)[HASH_SIZE];
    size_t n;
    int64_t have, outcomes_to;      /* new cursors */
    const struct outcome *outcomes; /* of each that says something new there is a notice */
    size_t outcome_count;
    int64_t time_ms;                    /* of the authority: it becomes the floor, downwards too */
    const struct checkpoint_seen *seen; /* NULL: none was named, the last one stays */
    struct bytes seen_signed;           /* with `seen`: the checkpoint as the log's key signed it */
    bool behind;                        /* once true it stays, until the till is enrolled anew */
    bool has_card_key;
    uint8_t card_key[HASH_SIZE];
};
/* Takes all of it in one transaction. */
int journal_news(struct journal *j, const struct journal_news *news, struct err *e);
/* The replica: every public statement taken so far, in order. */
int journal_replica(struct journal *j, int (*fn)(void *arg, struct bytes statement), void *arg,
                    struct err *e);

#endif
