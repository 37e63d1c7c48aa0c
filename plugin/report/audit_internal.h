/* Inside the audit: how a finding is put. */
#ifndef REPORT_AUDIT_INTERNAL_H
#define REPORT_AUDIT_INTERNAL_H

#include "report/audit.h"
#include "store/log.h"

enum { AUDIT_ARENA = 4 * 1024 * 1024 };

/* Keeps the sentence; AUDIT_FALSE. */
int audit_false(struct audit *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A record's place in its chain. */
const struct chain *audit_chain(const struct statement *st);
/* "commit 1/4 of till1", "offer by merchant". */
void audit_name(const struct statement *st, char out[128]);
/*
 * One statement with its parts, and what is learned from it: signature, purpose, epoch, parts. `where` begins
 * the sentence of what is false. st lives in the arena. 0, AUDIT_FALSE, a fault.
 */
int audit_statement(struct audit *a, const char *where, const struct stored *row, struct arena *arena,
                    struct statement *st);
/* A checkpoint and its note: signed by the log's key, of this log, and saying the same. */
int audit_signed(struct audit *a, const struct checkpoint_row *row);
/* What is gone is what the merchant's last erasure counts. */
int audit_erasures(struct audit *a, struct store *s);
/* Which checkpoints a witness signed, too. */
int audit_witnesses(struct audit *a, struct store *s);
/* What the log said of a leaf in a receipt, against the tree whose nodes the store keeps. */
int audit_receipt(struct audit *a, struct store *s, const struct leaf_row *leaf, struct bytes receipt);
/* Likewise for all that statements carry with them. */
int audit_carried(struct audit *a, struct store *s);
/* Root of the first `size` leaves, from the kept nodes. STORE_NOT_FOUND: they are not kept. */
int audit_root_at(struct store *s, int64_t size, uint8_t root[HASH_SIZE]);
/* The fault as a sentence. */
int audit_fault(struct store *s, int rc, struct err *e);

#endif
