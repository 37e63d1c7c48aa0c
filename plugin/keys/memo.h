/*
 * Signatures that were found to be good, so that a thread which did the mathematics ahead saves it for the
 * one that decides. A mark stands for one fact alone, that this very key made this very signature over these
 * very bytes, which does not change; whether the key may sign, and when, is for whoever asks. Of one thread
 * at a time.
 */
#ifndef KEYS_MEMO_H
#define KEYS_MEMO_H

#include "wire/cose.h"

enum { MEMO_MAX = 2048, MEMO_BYTES = MEMO_MAX * HASH_SIZE };

/* All zero: remembers nothing. */
struct memo {
    uint8_t (*v)[HASH_SIZE];
    size_t n, max;
    size_t
        at; /* where the next one is looked for first: they are asked for in the order in which they came */
};

/* For what was signed in a message of so many bytes: room for MEMO_MAX marks at most, which take no more than
 * memo_bytes(bytes). Nothing is allocated yet. */
void memo_init(struct memo *m, size_t bytes);
size_t memo_bytes(size_t bytes);
void memo_free(struct memo *m); /* takes NULL; the memo can be used again after memo_init */

/* The mark of a signature: d is SHA-256 of the bytes that were signed. 0 or TP_E_CRYPTO. */
int memo_mark(const struct cose_key *key, const uint8_t d[HASH_SIZE], const uint8_t signature[SIGNATURE_SIZE],
              uint8_t mark[HASH_SIZE]);
bool memo_has(struct memo *m, const uint8_t mark[HASH_SIZE]);
/* Remembers it; nothing where it is full or has no memory. */
void memo_put(struct memo *m, const uint8_t mark[HASH_SIZE]);
/* Remembers what the other does, as far as there is room, and frees that. */
void memo_join(struct memo *m, struct memo *from);

#endif
