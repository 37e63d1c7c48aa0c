#include "daemon/rate.h"

#include "base/id.h"
#include "wire/hash.h"

#include <stdlib.h>

/* UNIT: what one of a rate counts in a bucket, so that slow rates fill it evenly. */
enum { UNIT = 1000000, KEY_MAX = 64, NOBODY = -1, DAY_MS = 86400000, HEADS = RATE_KEYS };

struct bucket {
    uint8_t key[16]; /* of the keyed hash */
    int64_t level, last_ms;
    int32_t next;         /* with the same head */
    int32_t older, newer; /* by use */
};

struct rates {
    uint8_t secret[HASH_SIZE];
    struct bucket v[RATE_KEYS];
    int32_t heads[HEADS];
    int32_t oldest, newest;
    size_t n;
};

struct rates *rates_new(void)
{
    struct rates *r = calloc(1, sizeof *r);
    if (!r || random_bytes(r->secret, sizeof r->secret)) {
        free(r);
        return NULL;
    }
    for (size_t i = 0; i < HEADS; i++) {
        r->heads[i] = NOBODY;
    }
    r->oldest = r->newest = NOBODY;
    return r;
}

void rates_free(struct rates *r)
{
    free(r);
}

size_t rates_count(const struct rates *r)
{
    return r->n;
}

static int32_t *head_of(struct rates *r, const uint8_t key[16])
{
    return &r->heads[((size_t)key[0] | (size_t)key[1] << 8) % HEADS];
}

/* ---- the order of use ---- */

static void unlink_use(struct rates *r, int32_t i)
{
    struct bucket *b = &r->v[i];
    *(b->older == NOBODY ? &r->oldest : &r->v[b->older].newer) = b->newer;
    *(b->newer == NOBODY ? &r->newest : &r->v[b->newer].older) = b->older;
}

static void link_use(struct rates *r, int32_t i)
{
    struct bucket *b = &r->v[i];
    b->older = r->newest;
    b->newer = NOBODY;
    *(r->newest == NOBODY ? &r->oldest : &r->v[r->newest].newer) = i;
    r->newest = i;
}

/* The bucket to use for a new key: a free one, or the longest unused. */
static int32_t make_room(struct rates *r)
{
    if (r->n < RATE_KEYS) {
        return (int32_t)r->n++;
    }
    int32_t i = r->oldest;
    int32_t *at = head_of(r, r->v[i].key);
    while (*at != i) {
        at = &r->v[*at].next;
    }
    *at = r->v[i].next;
    unlink_use(r, i);
    return i;
}

static struct bucket *find(struct rates *r, const uint8_t key[16], const struct rate *rate, int64_t now_ms)
{
    int32_t *head = head_of(r, key), i = *head;
    while (i != NOBODY && memcmp(r->v[i].key, key, sizeof r->v[i].key) != 0) {
        i = r->v[i].next;
    }
    if (i == NOBODY) {
        i = make_room(r);
        head = head_of(r, key);
        r->v[i] = (struct bucket){.level = rate->burst * UNIT, .last_ms = now_ms, .next = *head};
        memcpy(r->v[i].key, key, sizeof r->v[i].key);
        *head = i;
    } else {
        unlink_use(r, i);
    }
    link_use(r, i);
    return &r->v[i];
}

/* ---- the bucket ---- */

static void fill(struct bucket *b, const struct rate *rate, int64_t now_ms)
{
    int64_t passed = now_ms - b->last_ms, full = rate->burst * UNIT;
    passed = passed < 0 ? 0 : passed > DAY_MS ? DAY_MS : passed;
    /* Rates are at most a million, so that this stays far within 64 bits. */
    int64_t more =
        passed * rate->n / rate->per_ms * UNIT + passed * rate->n % rate->per_ms * UNIT / rate->per_ms;
    b->level = b->level > full - more ? full : b->level + more;
    b->last_ms = now_ms;
}

static int64_t reckon(struct rates *r, const struct rate *rate, struct bytes key, int64_t cost,
                      int64_t now_ms, bool take)
{
    uint8_t hash[HASH_SIZE];
    if (rate->n == 0 || key.n > KEY_MAX || hmac_sha256(bytes_of(r->secret, sizeof r->secret), key, hash)) {
        return 0;
    }
    struct bucket *b = find(r, hash, rate, now_ms);
    fill(b, rate, now_ms);
    int64_t wanted = (cost < rate->burst ? cost : rate->burst) * UNIT;
    if (b->level >= wanted) {
        b->level -= take ? wanted : 0;
        return 0;
    }
    int64_t each = rate->n * UNIT / rate->per_ms; /* a ms; never 0: a minute of one is 16 */
    return (wanted - b->level + each - 1) / each;
}

int64_t rates_take(struct rates *r, const struct rate *rate, struct bytes key, int64_t cost, int64_t now_ms)
{
    return reckon(r, rate, key, cost, now_ms, true);
}

int64_t rates_wait(struct rates *r, const struct rate *rate, struct bytes key, int64_t cost, int64_t now_ms)
{
    return reckon(r, rate, key, cost, now_ms, false);
}
