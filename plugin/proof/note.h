/*
 * A checkpoint as a signed note (C2SP tlog-checkpoint, signed-note): the log's name, the tree's size and root
 * as text, and lines of signatures: the log's own (Ed25519) and those of witnesses (C2SP tlog-cosignature,
 * v1). Public witnesses sign exactly this. Pure; any thread.
 */
#ifndef PROOF_NOTE_H
#define PROOF_NOTE_H

#include "proof/tree.h"
#include "wire/cose.h"

enum { NOTE_MAX = 16 * 1024, NOTE_SIGNATURES_MAX = 16 };

struct note_signature {
    struct bytes name;
    uint8_t id[4]; /* of the key */
    int64_t time;  /* seconds; of a witness's: when it signed. NONE_TIME of a log's */
    uint8_t signature[SIGNATURE_SIZE];
};
enum { NONE_TIME = -1 };

struct note {
    struct bytes text; /* what is signed: up to and with the line end before the empty line */
    struct bytes origin;
    int64_t size;
    uint8_t root[HASH_SIZE];
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
    size_t n;
};

/* Appends the text and the log's signature; the log's key has the log's name. 0, TP_E_CRYPTO, TP_E_MEMORY;
 * TP_E_ARGUMENT for a name with blanks, control characters or '+', or a key that is not Ed25519. */
int note_sign(struct bytes origin, int64_t size, const uint8_t root[HASH_SIZE], const struct cose_key *log,
              struct buf *out);
/* Appends a witness's line to a note: that it saw this checkpoint at `time`. Errors as above; TP_E_MALFORMED
 * when it is none. */
int note_cosign(struct buf *note, struct bytes name, int64_t time, const struct cose_key *witness);
/* Reads one whole; views point into `in`. Signatures of a length that neither kind has are stepped over. 0 or
 * TP_E_MALFORMED. */
int note_parse(struct bytes in, struct note *out);
/* True when the log with this name and key signed it. */
bool note_signed(const struct note *n, struct bytes origin, const struct cose_key *log);
/* True when a witness with this name and key did; time (may be NULL) receives when. */
bool note_cosigned(const struct note *n, struct bytes name, const struct cose_key *witness, int64_t *time);

/*
 * Keys as C2SP signed-note writes them: name+id+base64(type, public key). note_key_text appends a log's or a
 * witness's; note_witness reads a witness's, whose name points into `text` and whose key is owned:
 * cose_key_free. 0, TP_E_MALFORMED, TP_E_CRYPTO, TP_E_MEMORY; TP_E_ARGUMENT as note_sign.
 */
int note_key_text(struct bytes name, bool witness, const struct cose_key *key, struct buf *out);
int note_witness(struct bytes text, struct bytes *name, struct cose_key *key);

/* Base64 of RFC 4648, section 4, padded; decoding takes exactly what encoding gives. */
void base64_encode(struct bytes in, struct buf *out);
bool base64_decode(struct bytes text, struct buf *out);

#endif
