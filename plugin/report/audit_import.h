/* Inside the audit: evidence that comes piece by piece, and is put into a store of its own. */
#ifndef REPORT_AUDIT_IMPORT_H
#define REPORT_AUDIT_IMPORT_H

#include "report/audit_internal.h"

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

/* The next statement: its place, its signature, its parts, its neighbours in the chain; then it is kept. */
int import_statement(struct importing *m, const struct bundle_statement *s);

#endif
