/*
 * Enrolment codes: what a merchant gives to whoever sets a new till up. A code is 80 random bits as sixteen
 * characters, and makes a key pair: the invite names the public part, from which nobody finds the code; the
 * new till proves with the private part that it was told the code, over its own key, so that what passes on
 * the way enrols nobody else.
 */
#ifndef KEYS_ENROLMENT_H
#define KEYS_ENROLMENT_H

#include "wire/statement.h"

enum { ENROLMENT_CODE = 19 }; /* characters, with the dashes between four groups */

/* A new code, terminated. 0, TP_E_IO. */
int enrolment_code(char code[ENROLMENT_CODE + 1]);
/*
 * The key that a code makes for this authority. Small letters, spaces and dashes make no difference, and what
 * is easily taken for another character is: O for 0, I and L for 1. 0; TP_E_ARGUMENT: not a code;
 * TP_E_CRYPTO. Owned: cose_key_free.
 */
int enrolment_key(const uint8_t authority[ID_SIZE], struct bytes code, struct cose_key *key);
/* Fills r->proof, over all else that the request says. till_key is the key that it brings. 0, TP_E_CRYPTO,
 * TP_E_MEMORY. */
int enrolment_prove(struct enrol *r, const struct cose_key *till_key, const struct cose_key *code);
/* 0; TP_E_UNTRUSTED; or this machine could not say. code_key is the invite's. */
int enrolment_check(const struct enrol *r, const struct cose_key *till_key,
                    const uint8_t code_key[HASH_SIZE]);

#endif
