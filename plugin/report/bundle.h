/*
 * A bundle: one merchant's log in one file, with all that an audit needs and the shop is not asked for again
 * (wire/PROTOCOL.md, "A bundle"). It is read and written from its beginning to its end, an item at a time, so
 * that memory does not grow with it. Every byte of a bundle may be hostile. One thread.
 */
#ifndef REPORT_BUNDLE_H
#define REPORT_BUNDLE_H

#include "proof/path.h"
#include "proof/receipt.h"
#include "store/store.h"

#include <stdio.h>

enum { BUNDLE_VERSION = 1, BUNDLE_ITEM_MAX = 2 * PART_MAX + 64 * 1024 };

enum bundle_type {
    BUNDLE_HEADER,
    BUNDLE_STATEMENT,
    BUNDLE_CHECKPOINT,
    BUNDLE_RECEIPT,
    BUNDLE_FIGURE,
    BUNDLE_END,
    BUNDLE_TYPES
};

struct bundle_header {
    uint8_t authority[ID_SIZE],
        root[HASH_SIZE]; /* root: thumbprint of the key that signed the first keyset */
    bool parts;          /* false: all parts are withheld */
};

enum bundle_part_state { BUNDLE_PART_NONE, BUNDLE_PART_HERE, BUNDLE_PART_ERASED, BUNDLE_PART_WITHHELD };
struct bundle_part {
    enum bundle_part_state state;
    struct bytes content; /* HERE: the part; ERASED: what stays of it, may be empty */
};

struct bundle_statement {
    int64_t index;       /* of its leaf; NONE: it waits for one */
    int64_t received_ms; /* by the keeper's clock */
    struct bytes raw;
    struct bundle_part lines, person;
};

struct bundle_checkpoint {
    struct bytes raw, note;
    struct path from_last; /* consistency with the checkpoint before; empty in the first */
};

struct bundle_receipt {
    int64_t index; /* of the leaf */
    struct bytes receipt;
};

/* How many there were of each, and the running hash over all before it. */
struct bundle_end {
    int64_t leaves, waiting, checkpoints, receipts, figures;
    uint8_t hash[HASH_SIZE];
};

struct bundle_item {
    enum bundle_type type;
    union {
        struct bundle_header header;
        struct bundle_statement statement;
        struct bundle_checkpoint checkpoint;
        struct bundle_receipt receipt;
        struct bytes figure; /* one row of the reports' tables: store_figures */
        struct bundle_end end;
    } as;
};

/* An open bundle. Zero it, set file. Owned: bundle_close, which leaves the file open. */
struct bundle {
    FILE *file;
    struct buf item;
    uint8_t hash[HASH_SIZE]; /* running: of the items so far */
    int64_t items;           /* so far */
};
void bundle_close(struct bundle *b);
/*
 * Writes one item. 0, TP_E_IO, TP_E_MEMORY, TP_E_CRYPTO. An END's hash is filled in.
 */
int bundle_put(struct bundle *b, const struct bundle_item *item);
/*
 * Reads the next; views live until the next call. 1; 0 at the end of the file, between two items;
 * TP_E_MALFORMED with a reason in e: cut off within an item, or not an item; TP_E_IO, TP_E_MEMORY.
 */
int bundle_next(struct bundle *b, struct bundle_item *out, struct err *e);

/*
 * Writes a whole bundle of what the store holds, in one snapshot: the same store, the same bytes. root is the
 * thumbprint that the first keyset is trusted by; log (may be NULL) signs the receipts of the tills' last
 * records; parts false withholds them. The file is not synced. 0, or a fault with a sentence in e.
 */
int bundle_write(struct store *s, const struct bundle_header *header, const struct cose_key *log, FILE *file,
                 struct bundle_end *end, struct err *e);

#endif
