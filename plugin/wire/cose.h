/*
 * COSE keys and COSE_Sign1 (RFC 9052, RFC 9053, RFC 9864), as the profile narrows them.
 */
#ifndef WIRE_COSE_H
#define WIRE_COSE_H

#include "base/bytes.h"
#include "base/code.h"
#include "base/id.h"

struct evp_pkey_st;

enum { KID_SIZE = 8, SIGNATURE_SIZE = 64 };
enum cose_alg { ALG_ES256 = -7, ALG_EDDSA = -8, ALG_ESP256 = -9, ALG_ED25519 = -19 };

/* True for the four above. */
static inline bool cose_alg_known(int64_t alg)
{
    return alg == ALG_ES256 || alg == ALG_EDDSA || alg == ALG_ESP256 || alg == ALG_ED25519;
}

/* A P-256 or Ed25519 key; with a private part it signs. Owned: cose_key_free. Signing and verifying on one
 * key from several threads at once is allowed. */
struct cose_key {
    int alg; /* ALG_ESP256 or ALG_ED25519: what it emits */
    bool can_sign;
    uint8_t x[32], y[32]; /* y is zero for Ed25519 */
    uint8_t thumbprint[HASH_SIZE], kid[KID_SIZE];
    struct evp_pkey_st *pkey;
};

/* A new random key. 0 or TP_E_CRYPTO. */
int cose_key_generate(int alg, struct cose_key *key);
/* From the COSE_Key map {1: kty, 3: alg, -1: crv, -2: x, -3: y}, deterministic, nothing else in it, y never
 * boolean, the point on the curve and, for Ed25519, reduced and not of small order. 0, TP_E_MALFORMED,
 * TP_E_CRYPTO, TP_E_MEMORY. */
int cose_key_decode(struct bytes in, struct cose_key *key);
/* The same from any COSE_Key that says what we need: further members and labels, long forms and alg -7 or -8
 * or none are taken. For keys of other systems alone. */
int cose_key_decode_any(struct bytes in, struct cose_key *key);
/* Appends that map: the public part. */
void cose_key_encode(const struct cose_key *key, struct buf *out);
/* Takes over an OpenSSL key of either type; fills thumbprint (RFC 9679) and kid. On failure the caller keeps
 * it. */
int cose_key_wrap(struct evp_pkey_st *pkey, struct cose_key *key);
void cose_key_free(struct cose_key *key);

/* A parsed COSE_Sign1. Every view points into the input. */
struct cose_sign1 {
    struct bytes protected_map; /* the content of the protected byte string */
    struct bytes unprotected;   /* the whole item, as received */
    struct bytes payload;
    bool payload_nil; /* detached */
    uint8_t signature[SIGNATURE_SIZE];
    bool tagged;
};

/*
 * Parses exactly one COSE_Sign1, the tag required when `strict`. Strict is the profile: protected map
 * well-formed, unprotected {} or {394: [+ receipt]}, payload present, signature of 64 bytes. Lax takes what
 * RFC 9052 allows and this machine can check (any header maps, tag optional).
 * 0, TP_E_MALFORMED.
 */
int cose_sign1_parse(struct bytes in, bool strict, struct cose_sign1 *out);

/* The alg and kid (kid->p is NULL when absent) of a message parsed lax: from the protected map, else from the
 * unprotected one. 0; TP_E_MALFORMED when alg is missing or no integer, or kid is no byte string;
 * TP_UNSUPPORTED when it names critical headers (RFC 9052, section 3.1: crit), as none beyond these is known.
 */
int cose_header(const struct cose_sign1 *s, int64_t *alg, struct bytes *kid);

/* Appends Sig_structure ["Signature1", protected, h'', payload] (RFC 9052, section 4.4). */
void cose_sig_structure(struct bytes protected_map, struct bytes external_aad, struct bytes payload,
                        struct buf *out);
/* D = SHA-256(Sig_structure) with empty external_aad: the identity of a statement. */
int cose_d(struct bytes protected_map, struct bytes payload, uint8_t d[HASH_SIZE]);

/*
 * Signs: appends the tagged COSE_Sign1 with empty unprotected map; an ECDSA s is made low.
 * d, when not NULL, receives D. 0, TP_E_CRYPTO, TP_E_MEMORY.
 */
int cose_sign1(const struct cose_key *key, struct bytes protected_map, struct bytes payload, struct buf *out,
               uint8_t d[HASH_SIZE]);

/* The signature alone, over any bytes: r and s with a low s, or Ed25519's own. 0, TP_E_CRYPTO. */
int cose_sign_bytes(const struct cose_key *key, struct bytes to_be_signed, uint8_t signature[SIGNATURE_SIZE]);

/*
 * Checks the signature over the parsed parts with the key; alg is the one that the header names and must
 * be the key's (ESP256 keys take -9 and -7, Ed25519 keys -19 and -8). `profile` refuses ECDSA s above n/2.
 * 0; TP_E_UNTRUSTED: it does not check out; TP_E_CRYPTO, TP_E_MEMORY: this machine could not say.
 */
int cose_verify(const struct cose_key *key, int64_t alg, const struct cose_sign1 *s, bool profile);

/* The signature alone, over the bytes that were signed, whatever they are: 64 bytes, r and s or Ed25519's
 * own. Returns as cose_verify. */
int cose_verify_bytes(const struct cose_key *key, struct bytes signed_bytes,
                      const uint8_t signature[SIGNATURE_SIZE], bool profile);

#endif
