/*
 * The books, checked against themselves: every statement's signature, the log over them, each till's chain,
 * and the sums that its closes signed. It reads a store and changes nothing; run it on a copy (store_copy),
 * so that one moment is looked at. Memory does not grow with the log. One thread.
 */
#ifndef REPORT_AUDIT_H
#define REPORT_AUDIT_H

#include "keys/trust.h"
#include "report/bundle.h"

enum { AUDIT_KEYS_MAX = 64, AUDIT_TEXT = 240 };
/* What a check returns when it found something false; a->wrong says what, and where. */
enum { AUDIT_FALSE = 1 };

/* A key that may sign checkpoints or cosign them, from any keyset. */
struct audit_key {
    struct cose_key key;
    enum purpose purpose;
    char name[64];
    int64_t from, until;
};

/* One till's records in one epoch. */
struct audit_till {
    const char *till;
    int64_t epoch;
    int64_t records;
    int64_t proved; /* without a gap from seq 1 up to here */
    int64_t last;   /* the highest seq held; above `proved` where a record is missing */
    int64_t closed; /* the last seq that a close counted; 0: none */
};

struct audit {
    uint8_t authority[ID_SIZE], root[HASH_SIZE];
    char origin[ORIGIN_MAX]; /* the log's name */
    bool withheld;           /* parts are kept back: what they are is not looked at */
    bool by_leaf;            /* statements are named by their leaves: n is one more than the index */
    struct trust trust;
    struct audit_key keys[AUDIT_KEYS_MAX];
    size_t key_count;
    int64_t statements, records, closes; /* that were checked */
    int64_t erased;                      /* person parts that are gone */
    int64_t erasure;                     /* n of the last erasure, 0: none; how many it counts, and which */
    int64_t erasure_parts;
    uint8_t erasure_digest[HASH_SIZE];
    int64_t leaves, checkpoints, waiting, receipts;
    int64_t asked;    /* receipts that an authority was asked for, of its leaves */
    int64_t cosigned; /* size of the largest checkpoint that a witness signed; 0: none */
    int64_t gaps;     /* tills' epochs with a missing record */
    int64_t carrying; /* statements that carry receipts with them */
    char wrong[AUDIT_TEXT];
    void (*till)(void *arg, const struct audit_till *t); /* may be NULL; views live for the call */
    void *arg;
};

/* root: the thumbprint that the first keyset must be signed by. Owned: audit_end. */
void audit_begin(struct audit *a, const uint8_t authority[ID_SIZE], const uint8_t root[HASH_SIZE]);
void audit_end(struct audit *a);
/* A witness that the auditor trusts, whatever the keysets say; the key is taken over on 0. TP_E_MEMORY: too
 * many. */
int audit_trust_witness(struct audit *a, const char *name, struct cose_key *key);

/*
 * In this order, each 0, AUDIT_FALSE at the first thing that is false, or a fault of the store or the machine
 * with a sentence in e. statements: each is what its D says, by a key that might sign it then, with the parts
 * that it signed; a person's part may be gone (erased). log: each statement has one leaf or waits for it;
 * each leaf is the statement as it was logged; each checkpoint is signed and has the root of its first
 * leaves; nodes from which proofs are made are the tree's; receipts that statements carry are of it. chains:
 * each record follows the one before; a missing one is a gap (counted, told, and not false by itself); a
 * checkpoint that a till saw is in the log; each close counts the records since the last one, to the cent. It
 * trusts the table of records: compare that with the statements first (authority_rebuild, store_dump_each).
 */
int audit_statements(struct audit *a, struct store *s, struct err *e);
int audit_log(struct audit *a, struct store *s, struct err *e);
int audit_chains(struct audit *a, struct store *s, struct err *e);

/*
 * Reads a bundle from its beginning to its end into an empty store, and checks each item as it comes: what
 * the two first of the above do, and consistency proofs, receipts, the order of items and what its end says.
 * The figures that it claims are written to `figures`, a row a line. audit_begin comes first, with the
 * header's authority (bundle_next gives it) and the root key to trust; b stands behind the header. 0,
 * AUDIT_FALSE, or a fault.
 */
int audit_bundle(struct audit *a, struct bundle *b, const struct bundle_header *header, struct store *s,
                 FILE *figures, struct err *e);

/* Gets a page of an authority (PROTOCOL, "What others read"): appends its body. path may have a query. 0, or
 * a fault with a sentence in e. */
typedef int audit_get(void *arg, const char *path, struct buf *body, struct err *e);

/* An authority's own pages. Zero it, set get and arg. Owned: audit_pages_close. */
struct audit_pages {
    audit_get *get;
    void *arg;
    bool all;              /* receipts of all leaves; else of 128 at most, taken at random all over the log */
    struct buf checkpoint; /* the note that the audit is held against */
    uint8_t authority[ID_SIZE];
};
/* Reads the last checkpoint, from whose log's name follows which authority it is. 0, or a fault. */
int audit_pages_open(struct audit_pages *p, struct err *e);
void audit_pages_close(struct audit_pages *p);
/*
 * Likewise for those pages: all statements up to the checkpoint, in order, with every checkpoint between and
 * its proof of consistency, and the log's keysets, tiles and receipts against them. audit_begin comes first;
 * own: the first keyset's word is taken for its root key. What is not shown (parts, what stays of those that
 * were erased, tables) is not looked at, and the office's statements are taken at their own times. 0,
 * AUDIT_FALSE, or a fault.
 */
int audit_read_pages(struct audit *a, const struct audit_pages *p, bool own, struct store *s, struct err *e);

#endif
