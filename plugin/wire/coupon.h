/*
 * The coupon: a COSE_Sign1 with protected {1: alg, 4: kid} and payload {4: exp, -65537: [offer, batch,
 * index]}, as bytes and as the digits of a QR code. Pure; any thread.
 */
#ifndef WIRE_COUPON_H
#define WIRE_COUPON_H

#include "wire/cose.h"

#define COUPON_PREFIX "80701"
enum { COUPON_MAX = 512, COUPON_DIGITS_MAX = 5 + (COUPON_MAX + 6) / 7 * 17 };

struct coupon {
    uint8_t offer[REF_SIZE];
    uint32_t batch, index;
    int64_t exp; /* seconds since 1970, 1..2^40 */
    int64_t alg;
    uint8_t kid[KID_SIZE];
    struct cose_sign1 sign1; /* views into the bytes it was parsed from */
};

/* Signs one coupon with an issuer's key; appends the COSE_Sign1. 0, TP_E_CRYPTO, TP_E_MEMORY. */
int coupon_sign(const struct cose_key *issuer, const uint8_t offer[REF_SIZE], uint32_t batch, uint32_t index,
                int64_t exp, struct buf *out);
/* Takes bytes of at most COUPON_MAX apart; checks everything but the signature. 0 or TP_E_MALFORMED. */
int coupon_parse(struct bytes in, struct coupon *c);
/* 0, or TP_E_UNTRUSTED when the signature is not this key's. */
int coupon_verify(const struct coupon *c, const struct cose_key *issuer);

/* Appends the prefix and the digits of at most COUPON_MAX bytes. */
void coupon_to_digits(struct bytes coupon, struct buf *out);
/*
 * Appends the bytes that the text's digits stand for. 0; TP_UNKNOWN_CODE when the text is not ours (no
 * prefix); TP_MISREAD when it begins like ours but a length, a digit or a value cannot be.
 */
int coupon_from_digits(struct bytes text, struct buf *out);

#endif
