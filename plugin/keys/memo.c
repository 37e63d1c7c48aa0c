#include "keys/memo.h"

#include "wire/hash.h"

#include <stdlib.h>

/* No signed statement and no coupon is shorter than this, signature and header alone are more. */
enum { SIGNED_MIN = 96 };

static size_t room_for(size_t bytes)
{
    size_t n = bytes / SIGNED_MIN + 1;
    return n < MEMO_MAX ? n : MEMO_MAX;
}

size_t memo_bytes(size_t bytes)
{
    return room_for(bytes) * HASH_SIZE;
}

void memo_init(struct memo *m, size_t bytes)
{
    *m = (struct memo){.max = room_for(bytes)};
}

void memo_free(struct memo *m)
{
    if (m) {
        free(m->v);
        *m = (struct memo){0};
    }
}

int memo_mark(const struct cose_key *key, const uint8_t d[HASH_SIZE], const uint8_t signature[SIGNATURE_SIZE],
              uint8_t mark[HASH_SIZE])
{
    static const char domain[] = "tillproof good signature"; /* with its zero byte */
    uint8_t memory[sizeof domain + 2 * HASH_SIZE + SIGNATURE_SIZE];
    struct buf in;
    buf_over(&in, memory, sizeof memory);
    buf_put(&in, domain, sizeof domain);
    buf_put(&in, key->thumbprint, HASH_SIZE);
    buf_put(&in, d, HASH_SIZE);
    buf_put(&in, signature, SIGNATURE_SIZE);
    return in.failed ? TP_E_CRYPTO : sha256(buf_view(&in), mark);
}

bool memo_has(struct memo *m, const uint8_t mark[HASH_SIZE])
{
    for (size_t i = 0; i < m->n; i++) {
        size_t at = m->at + i < m->n ? m->at + i : m->at + i - m->n;
        if (memcmp(m->v[at], mark, HASH_SIZE) == 0) {
            m->at = at + 1 < m->n ? at + 1 : 0;
            return true;
        }
    }
    return false;
}

void memo_put(struct memo *m, const uint8_t mark[HASH_SIZE])
{
    if (!m->v && m->max) {
        m->v = calloc(m->max, sizeof *m->v);
    }
    if (m->v && m->n < m->max) {
        memcpy(m->v[m->n++], mark, HASH_SIZE);
    }
}

void memo_join(struct memo *m, struct memo *from)
{
    if (m->n == 0 && m->max == from->max) {
        struct memo empty = *m;
        *m = *from;
        *from = empty;
    }
    for (size_t i = 0; i < from->n; i++) {
        memo_put(m, from->v[i]);
    }
    memo_free(from);
}
