/*
 * Who may sign what: the keys of a keyset and the tills' own, found by kid. One structure serves the
 * authority and a till's replica. Not thread-safe; its owner locks.
 */
#ifndef KEYS_TRUST_H
#define KEYS_TRUST_H

#include "keys/memo.h"
#include "wire/statement.h"

enum { TRUST_KEYS_MAX = 8192, TRUST_ALL_MAX = 1 << 20 };

struct trusted_key {
    struct cose_key key;
    enum purpose purpose;
    char name[64];
    int64_t from, until; /* ms; from <= t < until */
    bool revoked;     /* tills: no longer active. Their earlier records stay valid: the caller looks at seq */
    int64_t epoch;    /* tills: in which it signs; 0 for all others */
    int64_t from_seq; /* tills: revoked from this seq on, else NONE */
};

struct trust {
    struct trusted_key *v;
    size_t n, cap;
    int64_t keyset; /* number of the keyset in force, 0: none yet */
    bool all;       /* of every till the keys of all epochs, up to TRUST_ALL_MAX; else of the last two,
                       TRUST_KEYS_MAX */
    /* Where signatures that check out are remembered, and not checked again; NULL: nowhere. Not owned. It
     * saves the mathematics alone: which key may sign what, and when, is decided as without it. */
    struct memo *memo;
};

/* Replaces all keys but the tills' by those of the keyset. A number not above the one in force is
 * refused (TP_BAD_STATEMENT), unless it is the same number: then nothing changes. 0, or an error and no
 * change. */
int trust_keyset(struct trust *t, const struct keyset *keyset, struct err *e);
/*
 * Adds a till's key, or changes its state. Each epoch of a till has a key of its own, which may be the same,
 * and a key below the last two epochs is forgotten, or not taken, unless all are kept;
 * within one epoch a revoked till stays revoked, the lowest seq counts, and another key is refused.
 * 0, TP_BAD_STATEMENT, TP_E_MEMORY.
 */
int trust_terminal(struct trust *t, const struct terminal *terminal, struct err *e);
void trust_free(struct trust *t);

/*
 * Finds the key that signed: every key that may sign this kind with that kid is tried, its window must hold
 * at_ms (NONE: any time), its name must be iss, and a till's epoch that of the statement. A registrar signs
 * terminal statements of active tills as a merchant does. 0 with *by set (owned by t, valid until t changes),
 * or TP_E_UNTRUSTED with a reason in e; TP_E_CRYPTO, TP_E_MEMORY: this machine could not say.
 */
int trust_verify(const struct trust *t, const struct statement *s, int64_t at_ms,
                 const struct trusted_key **by, struct err *e);
/* The same for a coupon, by issuer keys. TP_UNKNOWN_COUPON: no such kid. TP_BAD_SIGNATURE. 0. Below zero:
 * this machine could not say. */
int trust_verify_coupon(const struct trust *t, const struct coupon *c, int64_t at_ms);

/* A keyset statement as the first one: signed by its own root key, whose thumbprint is `root`. Returns as
 * trust_verify. */
int trust_first_keyset(const struct statement *s, const uint8_t root[HASH_SIZE], struct err *e);

#endif
