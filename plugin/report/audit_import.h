/* Inside the audit: evidence that comes piece by piece, and is put into a store of its own. */
#ifndef REPORT_AUDIT_IMPORT_H
#define REPORT_AUDIT_IMPORT_H

#include "report/audit_internal.h"

#include "proof/note.h"
#include "wire/cbor.h"

struct importing {
    struct audit *a;
    struct bundle *b; /* where it comes from, if it is one */
    struct store *s;
    FILE *figures;
    struct tree tree;
    struct checkpoint_row last; /* without its bytes; size 0: none yet */
    struct bundle_end seen;
    enum bundle_type at; /* of the item before */
    bool waits;          /* a statement without a leaf was there */
    bool ended;
    struct err err;
};

/* An authority's own pages, being read. */
struct reading {
    struct importing m;
    const struct audit_pages *p;
    struct note note; /* the checkpoint that all is held against */
    bool own;         /* the first keyset names its root key itself */
    struct buf page, keysets, ahead;
    struct dec shown;            /* of ahead: checkpoints that are still to come */
    struct bundle_checkpoint at; /* the next of them, */
    int64_t next;                /* and its size; NONE: no more are shown */
    struct err err;
};

/* What a checkpoint says it is, before it is checked: its size, time and root. 0, TP_E_MALFORMED, or another
 * reason for which it cannot be read. */
int import_claim(const struct bundle_checkpoint *c, struct checkpoint_row *row);
/* The checkpoint that stands behind the leaves so far: signed, with their root, and growing from the one
 * before; then it is kept. */
int import_checkpoint(struct importing *m, const struct bundle_checkpoint *c);
/* Gets a page instead of what was in `to`. */
int reading_get(struct reading *r, const char *path, struct buf *to);
/* audit_shown.c: begins with the first checkpoint; and takes those that end with the leaves so far. */
int shown_begin(struct reading *r);
int shown_take(struct reading *r);
/* The checkpoint that all is held against is one of them. */
int shown_end(struct reading *r);
/* Receipts of all leaves, or of some. */
int shown_receipts(struct reading *r);
/* The next statement: its place, its signature, its parts, its neighbours in the chain; then it is kept. */
int import_statement(struct importing *m, const struct bundle_statement *s);

#endif
