/* Who may read what is published. */
#ifndef STORE_TOKENS_H
#define STORE_TOKENS_H

#include "store/store.h"

/* A token is kept as its SHA-256 alone. */
struct token_row {
    uint8_t hash[HASH_SIZE];
    int role;
    int64_t parts;                           /* PART_LINES | PART_PERSON: which it is shown, too */
    char label[64], funder[65];              /* for people; whose offers, for a funder's */
    int64_t issued_ms, until_ms, revoked_ms; /* NONE: without end; not revoked */
};
int store_token_put(struct store *s, const struct token_row *row);
int store_token(struct store *s, const uint8_t hash[HASH_SIZE], struct token_row *row); /* STORE_NOT_FOUND */
/* By (issued_ms, hash). */
int store_tokens(struct store *s, int (*fn)(void *arg, const struct token_row *row), void *arg);
/* Revokes it; the first time stays. */
int store_token_revoke(struct store *s, const uint8_t hash[HASH_SIZE], int64_t now_ms);

#endif
