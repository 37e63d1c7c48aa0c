/*
 * Key files: PKCS#8 in PEM, so that the usual tools read them; mode 0600, written whole or not at all.
 */
#ifndef KEYS_KEYFILE_H
#define KEYS_KEYFILE_H

#include "wire/cose.h"

/* Makes a new key and writes it to path, which must not exist; the file and its directory are synced.
 * 0, TP_E_EXISTS, TP_E_IO, TP_E_READ_ONLY, TP_E_CRYPTO. */
int keyfile_create(const char *path, int alg, struct cose_key *key, struct err *e);
/* Reads a private key. A file that group or others may read, write or run, a link, and what is no plain file
 * are refused. 0, TP_E_IO, TP_E_UNTRUSTED. */
int keyfile_load(const char *path, struct cose_key *key, struct err *e);
/* Moves a finished key file into another one's place, for good. 0, TP_E_IO, TP_E_READ_ONLY. */
int keyfile_replace(const char *from, const char *to, struct err *e);
/* Reads a public key for `cose verify`: PEM (public or private) or a CBOR COSE_Key, at most 16 KiB. */
int keyfile_load_public(const char *path, struct cose_key *key, struct err *e);

/* 32 secret bytes in a file of their own, same rules. create: TP_E_EXISTS when it is there. */
int secretfile_create(const char *path, uint8_t secret[HASH_SIZE], struct err *e);
int secretfile_load(const char *path, uint8_t secret[HASH_SIZE], struct err *e);

#endif
