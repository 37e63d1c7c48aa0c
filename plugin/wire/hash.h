/* SHA-256 and HMAC-SHA-256, from OpenSSL in a library context of our own: no config file, no atexit. */
#ifndef WIRE_HASH_H
#define WIRE_HASH_H

#include "base/bytes.h"
#include "base/id.h"

/* 0 or TP_E_CRYPTO. out is HASH_SIZE bytes. Any thread. */
int sha256(struct bytes in, uint8_t out[HASH_SIZE]);
int hmac_sha256(struct bytes key, struct bytes in, uint8_t out[HASH_SIZE]);

/* The library context of the process's copy of tillproof: made once, thread-safe; NULL when OpenSSL fails,
 * and tried again by the next call. */
struct ossl_lib_ctx_st *crypto_context(void);

/*
 * A "no" of OpenSSL may mean that it could not say: crypto_begin before the calls, and after one that failed
 * crypto_refusal gives `no` where it is an answer, or TP_E_MEMORY where memory ran out on the way.
 */
void crypto_begin(void);
int crypto_refusal(int no);

#endif
