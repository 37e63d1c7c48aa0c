/* Tokens: 32 random bytes, told once, kept as their hash alone. */
#include "publish/publish.h"

#include "wire/hash.h"

#include <stdio.h>

static const char mark[] = "tpt_"; /* so that a token in the wrong place is found by who looks for such */
enum { MARK = sizeof mark - 1 };

int token_make(struct token_row *row, char text[TOKEN_TEXT_SIZE])
{
    uint8_t secret[TOKEN_SECRET];
    int rc = random_bytes(secret, sizeof secret);
    rc = rc ? rc : sha256(bytes_of(secret, sizeof secret), row->hash);
    if (rc == 0) {
        memcpy(text, mark, MARK);
        hex_encode(secret, sizeof secret, text + MARK);
    }
    wipe(secret, sizeof secret);
    return rc;
}

static bool token_hash(struct bytes text, uint8_t hash[HASH_SIZE])
{
    uint8_t secret[TOKEN_SECRET];
    bool good = text.n == TOKEN_TEXT_SIZE - 1 && memcmp(text.p, mark, MARK) == 0 &&
                hex_decode(bytes_of(text.p + MARK, text.n - MARK), secret, sizeof secret) &&
                sha256(bytes_of(secret, sizeof secret), hash) == 0;
    wipe(secret, sizeof secret);
    return good;
}

/* What is looked up is a hash of what was sent, so that the time which the index takes tells nothing of the
 * secret; the row is compared in constant time all the same. */
int token_visitor(struct store *s, struct bytes text, int64_t now_ms, struct visitor *who)
{
    uint8_t hash[HASH_SIZE];
    struct token_row row;
    if (!token_hash(text, hash)) {
        return TP_UNKNOWN_TOKEN;
    }
    int rc = store_token(s, hash, &row);
    if (rc) {
        return rc == STORE_NOT_FOUND ? TP_UNKNOWN_TOKEN : rc;
    }
    if (!secret_equal(row.hash, hash, HASH_SIZE) || row.role <= ROLE_NOBODY || row.role >= ROLE_COUNT) {
        return TP_UNKNOWN_TOKEN;
    }
    if (row.revoked_ms != NONE) {
        return TP_REVOKED;
    }
    if (row.until_ms != NONE && now_ms >= row.until_ms) {
        return TP_EXPIRED;
    }
    who->role = (enum role)row.role;
    who->parts = row.parts;
    memcpy(who->funder, row.funder, sizeof who->funder);
    return 0;
}
