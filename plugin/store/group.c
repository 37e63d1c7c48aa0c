#include "store/group.h"

#include <stdlib.h>

enum { TILLS = STORE_TILLS_MAX, TALLIES = 64, KEYS = 8192, PROBES = 16 };

struct known_till {
    struct till_row row;
    bool due;
};

struct known_tally {
    uint8_t offer[REF_SIZE];
    struct tally_row is, more; /* more: to be written */
};

struct key {
    uint8_t sort; /* and one more, so that 0 is an empty place */
    uint8_t n;
    bool gone; /* it was absent, and is no longer */
    uint8_t bytes[HASH_SIZE];
};

struct group {
    struct known_till tills[TILLS];
    struct tenure_row tenures[TILLS];
    struct known_tally tallies[TALLIES];
    int64_t grant, grants;      /* the last number, 0: not known; and how many are to be written */
    int64_t conflicts;          /* to be written */
    int64_t newest[KIND_COUNT]; /* below 0: not known */
    size_t till_count, tenure_count, tally_count, key_count;
    struct key keys[KEYS];
    uint16_t used[KEYS]; /* key_count places */
};

int group_begin(struct store *s)
{
    s->group = s->group ? s->group : calloc(1, sizeof *s->group);
    group_forget(s);
    return s->group ? 0 : TP_E_MEMORY;
}

static void forget_rows(struct group *g)
{
    g->till_count = g->tenure_count = g->tally_count = 0;
    g->conflicts = g->grant = g->grants = 0;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        g->newest[i] = -1;
    }
}

void group_undo(struct store *s)
{
    struct group *g = s->group;
    if (!g) {
        return;
    }
    forget_rows(g);
    for (size_t i = 0; i < g->key_count; i++) {
        struct key *k = &g->keys[g->used[i]];
        k->gone = k->gone || k->sort == ABSENT_LOSER + 1; /* the others were asked for before any step */
    }
}

void group_forget(struct store *s)
{
    struct group *g = s->group;
    if (g) {
        forget_rows(g);
    }
    for (; g && g->key_count; g->key_count--) {
        g->keys[g->used[g->key_count - 1]] = (struct key){0};
    }
}

void group_free(struct store *s)
{
    free(s->group);
    s->group = NULL;
}

static struct group *lasting(const struct store *s)
{
    return s->grouped ? s->group : NULL;
}

static int settle_tallies(struct store *s, struct group *g)
{
    int rc = 0;
    for (size_t i = 0; i < g->tally_count && rc == 0; i++) {
        struct known_tally *t = &g->tallies[i];
        if (t->more.uses || t->more.spent) {
            rc = tally_write(s, t->offer, t->more.uses, t->more.spent);
            t->more = (struct tally_row){0};
        }
    }
    return rc;
}

int group_settle(struct store *s)
{
    struct group *g = lasting(s);
    int rc = 0;
    if (!g) {
        return 0;
    }
    for (size_t i = 0; i < g->till_count && rc == 0; i++) {
        if (g->tills[i].due) {
            rc = till_write(s, &g->tills[i].row);
            g->tills[i].due = false;
        }
    }
    rc = rc ? rc : settle_tallies(s, g);
    if (rc == 0 && g->grants) {
        rc = count_write(s, STORE_GRANTS, g->grants);
        g->grants = 0;
    }
    if (rc == 0 && g->conflicts) {
        rc = count_write(s, STORE_CONFLICTS, g->conflicts);
        g->conflicts = 0;
    }
    return rc;
}

static struct known_till *find_till(const struct store *s, struct bytes name)
{
    struct group *g = lasting(s);
    for (size_t i = 0; g && i < g->till_count; i++) {
        if (bytes_is(name, g->tills[i].row.name)) {
            return &g->tills[i];
        }
    }
    return NULL;
}

const struct till_row *group_till(const struct store *s, struct bytes name)
{
    const struct known_till *k = find_till(s, name);
    return k ? &k->row : NULL;
}

bool group_till_is(struct store *s, const struct till_row *row, bool due)
{
    struct group *g = lasting(s);
    struct known_till *k = find_till(s, bytes_str(row->name));
    if (!k && g && g->till_count < TILLS) {
        k = &g->tills[g->till_count++];
        k->due = false;
    }
    if (k) {
        k->row = *row;
        k->due = k->due || due;
    }
    return k != NULL;
}

static struct tenure_row *find_tenure(const struct store *s, struct bytes till, int64_t epoch)
{
    struct group *g = lasting(s);
    for (size_t i = 0; g && i < g->tenure_count; i++) {
        if (g->tenures[i].epoch == epoch && bytes_is(till, g->tenures[i].till)) {
            return &g->tenures[i];
        }
    }
    return NULL;
}

const struct tenure_row *group_tenure(const struct store *s, struct bytes till, int64_t epoch)
{
    return find_tenure(s, till, epoch);
}

void group_tenure_is(struct store *s, const struct tenure_row *row)
{
    struct group *g = lasting(s);
    struct tenure_row *t = find_tenure(s, bytes_str(row->till), row->epoch);
    if (!t && g && g->tenure_count < TILLS) {
        t = &g->tenures[g->tenure_count++];
    }
    if (t) {
        *t = *row;
    }
}

static struct known_tally *find_tally(const struct store *s, const uint8_t offer[REF_SIZE])
{
    struct group *g = lasting(s);
    for (size_t i = 0; g && i < g->tally_count; i++) {
        if (memcmp(g->tallies[i].offer, offer, REF_SIZE) == 0) {
            return &g->tallies[i];
        }
    }
    return NULL;
}

const struct tally_row *group_tally(const struct store *s, const uint8_t offer[REF_SIZE])
{
    const struct known_tally *t = find_tally(s, offer);
    return t ? &t->is : NULL;
}

void group_tally_is(struct store *s, const uint8_t offer[REF_SIZE], const struct tally_row *row)
{
    struct group *g = lasting(s);
    if (g && !find_tally(s, offer) && g->tally_count < TALLIES) {
        struct known_tally *t = &g->tallies[g->tally_count++];
        *t = (struct known_tally){.is = *row};
        memcpy(t->offer, offer, REF_SIZE);
    }
}

bool group_tally_add(struct store *s, const uint8_t offer[REF_SIZE], int64_t uses, int64_t spent)
{
    struct known_tally *t = find_tally(s, offer);
    if (t) {
        t->is.uses += uses;
        t->is.spent += spent;
        t->more.uses += uses;
        t->more.spent += spent;
    }
    return t != NULL;
}

void group_tally_forget(struct store *s, const uint8_t offer[REF_SIZE])
{
    struct known_tally *t = find_tally(s, offer);
    if (t) {
        *t = s->group->tallies[--s->group->tally_count];
    }
}

bool group_newest(const struct store *s, const enum kind of[STORE_NEWEST_MAX],
                  int64_t newest[STORE_NEWEST_MAX])
{
    const struct group *g = lasting(s);
    bool known = g != NULL;
    for (size_t i = 0; i < STORE_NEWEST_MAX && known; i++) {
        newest[i] = g->newest[of[i]];
        known = newest[i] >= 0;
    }
    return known;
}

void group_newest_is(struct store *s, enum kind kind, int64_t n)
{
    struct group *g = lasting(s);
    if (g) {
        g->newest[kind] = n;
    }
}

void group_newest_forget(struct store *s, enum kind kind)
{
    group_newest_is(s, kind, -1);
}

bool group_next_grant(struct store *s, int64_t *number)
{
    struct group *g = lasting(s);
    if (!g || g->grant == 0) {
        return false;
    }
    s->runs++;
    g->grants++;
    *number = ++g->grant;
    return true;
}

void group_grant_is(struct store *s, int64_t last)
{
    struct group *g = lasting(s);
    if (g) {
        g->grant = last;
    }
}

bool group_conflict(struct store *s)
{
    struct group *g = lasting(s);
    if (g) {
        g->conflicts++;
        s->runs++;
    }
    return g != NULL;
}

/* ---- absent keys ---- */

void group_coupon_key(int64_t batch, int64_t index, uint8_t key[COUPON_KEY_SIZE])
{
    memcpy(key, &batch, sizeof batch);
    memcpy(key + sizeof batch, &index, sizeof index);
}

/* Most keys are hashes; a coupon's numbers and a sale's id are mixed. */
static size_t place_of(enum absent sort, const uint8_t *key, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) + (uint64_t)sort;
    for (size_t i = 0; i < n && i < COUPON_KEY_SIZE; i++) {
        h = (h ^ key[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(h ^ h >> 32) % KEYS;
}

/* The key's own place; with `make` an empty one for it; NULL. */
static struct key *find_key(struct group *g, enum absent sort, const uint8_t *key, size_t n, bool make)
{
    size_t at = place_of(sort, key, n);
    for (size_t i = 0; i < PROBES; i++) {
        struct key *k = &g->keys[(at + i) % KEYS];
        if (k->sort == 0) {
            return make ? k : NULL;
        }
        if (k->sort == (uint8_t)sort + 1 && k->n == n && memcmp(k->bytes, key, n) == 0) {
            return k;
        }
    }
    return NULL;
}

void group_absent_is(struct store *s, enum absent sort, const uint8_t *key, size_t n)
{
    struct group *g = lasting(s);
    struct key *k = g && n <= HASH_SIZE ? find_key(g, sort, key, n, true) : NULL;
    if (k && k->sort == 0) {
        *k = (struct key){.sort = (uint8_t)((uint8_t)sort + 1), .n = (uint8_t)n};
        memcpy(k->bytes, key, n);
        g->used[g->key_count++] = (uint16_t)(k - g->keys);
    }
}

bool group_present_is(struct store *s, enum absent sort, const uint8_t *key, size_t n)
{
    struct group *g = lasting(s);
    struct key *k = g && g->key_count ? find_key(g, sort, key, n, false) : NULL;
    bool first = k && !k->gone;
    if (k) {
        k->gone = true;
    }
    return first;
}

bool group_absent(const struct store *s, enum absent sort, const uint8_t *key, size_t n)
{
    struct group *g = lasting(s);
    const struct key *k = g && g->key_count ? find_key(g, sort, key, n, false) : NULL;
    return k && !k->gone;
}

static const uint8_t no_key[1];

bool group_no_lease(const struct store *s)
{
    return group_absent(s, ABSENT_LEASE, no_key, 0);
}

void group_lease_is(struct store *s)
{
    group_present_is(s, ABSENT_LEASE, no_key, 0);
}

static void ask_for(struct store *s, const struct store_keys *k)
{
    for (size_t i = 0; i < k->record_count; i++) {
        group_absent_is(s, ABSENT_STATEMENT, k->records[i].v, HASH_SIZE);
        group_absent_is(s, ABSENT_REVERSAL, k->records[i].v, HASH_SIZE);
    }
    for (size_t i = 0; i < k->sale_count; i++) {
        group_absent_is(s, ABSENT_REVISION, k->sales[i].v, ID_SIZE);
        group_absent_is(s, ABSENT_HELD, k->sales[i].v, ID_SIZE);
    }
    for (size_t i = 0; i < k->coupon_count; i++) {
        uint8_t key[COUPON_KEY_SIZE];
        group_coupon_key(k->coupons[i].batch, k->coupons[i].index, key);
        group_absent_is(s, ABSENT_COUPON, key, sizeof key);
        group_absent_is(s, ABSENT_RESERVED, key, sizeof key);
    }
    for (size_t i = 0; i < k->request_count; i++) {
        group_absent_is(s, ABSENT_ANSWER, k->requests[i].v, ID_SIZE);
    }
    group_absent_is(s, ABSENT_LEASE, no_key, 0);
}

bool store_reads_ahead(const struct store *s)
{
    return s->backend->ahead != NULL;
}

int store_ahead(struct store *s, const struct store_keys *k)
{
    if (!s->backend->ahead || !lasting(s) || s->doomed) {
        return s->doomed;
    }
    int rc = group_settle(s);
    ask_for(s, k); /* and then what is there is not absent */
    rc = rc ? rc : s->backend->ahead(s, k);
    if (rc) {
        group_forget(s);
        s->doomed = rc < 0 ? rc : TP_E_STATE;
    }
    return s->doomed;
}
