/*
 * What stands in the log of a statement, and its receipt: the log key's word that the statement is in the
 * tree of one size (RFC 9942, with the tree's size in the protected header). Pure; any thread.
 */
#ifndef PROOF_RECEIPT_H
#define PROOF_RECEIPT_H

#include "proof/path.h"
#include "wire/cose.h"

enum { RECEIPT_MAX = 4096, ORIGIN_MAX = 128 };

/* The log's name: "tillproof/" and the authority's id in lower hex. out holds ORIGIN_MAX. */
void log_origin(const uint8_t authority[ID_SIZE], char out[ORIGIN_MAX]);

/* SHA-256(D2 84, protected, A0, payload, signature) with their heads: the statement with its signature,
 * whatever receipts stand in its unprotected header. 0, TP_E_CRYPTO, TP_E_MEMORY. */
int log_entry(const struct cose_sign1 *statement, uint8_t entry[HASH_SIZE]);

struct receipt {
    struct bytes origin;
    uint8_t entry[HASH_SIZE]; /* what it is about */
    int64_t issued;           /* seconds: iat */
    int64_t size, index;      /* of the tree; of the leaf in it */
    struct path path;
};

/* Signs and appends it; root is the tree's of that size. 0, TP_E_CRYPTO, TP_E_MEMORY; TP_E_ARGUMENT unless
 * log is an Ed25519 key with its private part and index is in the tree. */
int receipt_sign(const struct receipt *r, const uint8_t root[HASH_SIZE], const struct cose_key *log,
                 struct buf *out);
/* Reads one whole; origin points into `in`. 0 or TP_E_MALFORMED (any other header, form, length or size too).
 */
int receipt_parse(struct bytes in, struct receipt *out);
/* Reads it and checks that the log said so of this entry: its name, the path, the signature over the root
 * that the path gives. out receives what it says, root (may be NULL) the root. 0, TP_E_MALFORMED,
 * TP_E_UNTRUSTED. */
int receipt_check(struct bytes in, const uint8_t entry[HASH_SIZE], struct bytes origin,
                  const struct cose_key *log, struct receipt *out, uint8_t root[HASH_SIZE]);

/* Appends the statement with this one receipt in its unprotected header (RFC 9942: label 394), in place of
 * what stood there. What was signed is the same, and so are its D and its entry. A buffer that is full is
 * marked so. */
void receipt_attach(const struct cose_sign1 *statement, struct bytes receipt, struct buf *out);

#endif
