/*
 * The whole authority: request bytes in, reply bytes out. A state machine over signed statements; every
 * table that it keeps beside them is a projection of their set, and can be rebuilt.
 */
#ifndef AUTHORITY_AUTHORITY_H
#define AUTHORITY_AUTHORITY_H

#include "base/clock.h"
#include "keys/memo.h"
#include "store/store.h"
#include "wire/statement.h"

struct authority;

enum { LOG_BATCH = 64, SEQUENCER_BATCH = 512 };

struct authority_config {
    uint8_t id[ID_SIZE];           /* this authority */
    uint8_t root[HASH_SIZE];       /* thumbprint of the root key that its first keyset must be signed by */
    struct store *store;           /* taken over when authority_open succeeds */
    struct cose_key grant_key;     /* taken over when authority_open succeeds */
    struct cose_key log_key;       /* Ed25519, taken over likewise; all zero: this handle keeps no log */
    struct cose_key registrar_key; /* taken over likewise; all zero: this handle enrols no tills by itself */
    /* The folder of grant.key, log.key and registrar.key, which a rotation replaces; "": they stay as given.
     */
    char key_dir[1024];
    uint8_t card_key[HASH_SIZE];
    const struct clock_source *clock; /* outlives the authority */
};

/* 0, TP_E_MEMORY, TP_E_IO. One handle is used by one thread at a time. */
int authority_open(const struct authority_config *config, struct authority **out, struct err *e);
void authority_close(struct authority *a); /* takes NULL */

/*
 * Handles one message (a CBOR sequence of statements, PROTOCOL page "Transport") and appends one answer
 * for each, in order; a malformed item ends the answers with one problem. Every byte of it may be hostile.
 * 0; TP_E_BUSY, TP_E_IO, TP_E_READ_ONLY, TP_E_CORRUPT or TP_E_MEMORY when the store or the machine failed:
 * then nothing of the failing statement was kept, and reply holds the answers before it.
 */
int authority_handle(struct authority *a, struct bytes request, struct buf *reply);

/*
 * Handles several messages in one transaction, so that one fsync carries them all: as authority_handle on
 * each, in order, except that no reply may leave before this returns, and that what one message's fault would
 * have left standing is handled again: when the transaction fails, each message is handled alone. That is
 * safe, because a repeated statement changes nothing and is answered the same.
 */
struct authority_message {
    struct bytes request;
    struct buf *reply;
    int rc;            /* of authority_handle */
    struct memo *good; /* of its signatures: what authority_check found, and what is found now; or NULL */
};
void authority_handle_many(struct authority *a, struct authority_message *v, size_t n);

/*
 * Checks the signatures of a message, those of its statements and of the grants and coupons in them, and
 * remembers the good ones, so that whoever handles it need not check them once more. It changes nothing and
 * decides nothing: which key may sign, whether it was revoked, whether the bytes are those that were checked
 * is found out when the message is handled. It takes no turn at the store, and may run on a handle of its own
 * in another thread. What it cannot check, for whatever reason, it leaves to be checked then.
 * `part` of `parts`, from 0, alone: of what begins there in the message; 0 of 1 is all of it.
 */
void authority_check(struct authority *a, struct bytes request, size_t part, size_t parts, struct memo *good);

/*
 * Gives leaves to statements that wait for them, LOG_BATCH at most, and signs one checkpoint for them. A
 * handle with a log key does so by itself at each sync and when LOG_BATCH wait, unless a sequencer has its
 * turn at this log. 0, or what the store says: then nothing was added.
 */
int authority_log(struct authority *a, int64_t *added, struct err *e);
/* From now on this handle leaves the log to a sequencer. */
void authority_log_elsewhere(struct authority *a);

/* How a step of a sequencer went. */
struct log_turn {
    int64_t added;              /* leaves, and a checkpoint if there are any */
    bool idle;                  /* nothing waits: nobody needs the turn */
    bool mine;                  /* this handle has the turn, until ttl_ms from now */
    int64_t fence;              /* while it stands still, whoever has the turn does nothing */
    int64_t waiting, oldest_ms; /* leaves that still wait (up to 1000000), and since when the first; NONE */
    int64_t conflicts;          /* outcomes that were none of the good ones, ever */
};
/*
 * One step of one of several sequencers on one store, each a handle with a log key: SEQUENCER_BATCH leaves at
 * most and their checkpoint, if it is this handle's turn. It is, while it takes it again in time; a turn that
 * has ended is anybody's, and one whose fence did not move for long may be seized by naming it (NONE: not).
 * Turn, leaves and checkpoint are one transaction: whoever lost its turn unnoticed adds nothing. 0, or what
 * the store says.
 */
int authority_sequence(struct authority *a, int64_t ttl_ms, int64_t seize, struct log_turn *out,
                       struct err *e);
/* Ends this handle's turn, so that another takes it at once. */
int authority_sequence_leave(struct authority *a);
/* Appends the receipt of a statement for the last checkpoint (proof/receipt.h). 0; STORE_NOT_FOUND while it
 * has no leaf; TP_E_STATE without a log key; or what the store says. */
int authority_receipt(struct authority *a, const uint8_t d[HASH_SIZE], struct buf *out, struct err *e);

/* Whose parts are to go: what is kept under a customer's name and its cards, of a card, of one sale. */
enum erase_by { ERASE_CUSTOMER, ERASE_CARD, ERASE_SALE };
struct erase_request {
    enum erase_by by;
    struct bytes
        name; /* the customer's name; the card's token; the sale's id in hex, or the host's reference */
};
struct erase_result {
    int64_t links, commits, reverses; /* whose person parts went now */
    int64_t total;                    /* of all that have gone so far */
};
#define ERASURE_COUNT "erasures" /* counter: of erasures; what they left in the files is to be scrubbed */

/*
 * Erases a person (PROTOCOL, "Erasure"): person parts of links, commits and reverses, and what tables hold of
 * them, in one transaction with the merchant's statement that counts it. What the redemptions had come to
 * stays. Then everything is as a rebuild makes it. 0, also when all of a sale was erased before;
 * TP_UNKNOWN_PERSON or TP_UNKNOWN_SALE: nothing is kept of it; TP_BAD_SIGNATURE: the key is not the
 * merchant's; or a fault. After any but 0 nothing has changed. The files want store_scrub afterwards.
 */
int authority_erase(struct authority *a, const struct erase_request *who, struct bytes iss,
                    const struct cose_key *merchant, struct erase_result *out, struct err *e);

/* Drops every projection and makes it anew from the kept statements, in one transaction. */
int authority_rebuild(struct authority *a, struct err *e);

#endif
