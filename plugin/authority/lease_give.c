/*
 * Leases given: a till says what it has left, and is topped up when that is less than half of what its offer
 * lets a till have. What it has is reckoned here, from what was given and what came back, and never taken
 * from the till.
 */
#include "authority/seat.h"
#include "store/holds.h"

#include "offer/price.h"

enum { LEASES_MAX = 256, BATCHES_MAX = 64 }; /* open ones of one till; batches that are leased in one sync */
#define HOUR_MS INT64_C(3600000)

struct giving {
    struct call *c;
    struct till_row till;
    struct offer offer;
    const struct lease_wanted *wanted;
    int64_t open;              /* leases of the till, of any offer */
    struct lease_left lasting; /* of this offer, beside coupons: what it may spend for a while yet, */
    struct lease_left all;     /* and what it has in all, old ones too */
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The statement is kept like any other that was accepted. */
static int keep(struct call *c, const struct lease *lease)
{
    struct statement st;
    struct buf envelope;
    bool fresh = false;
    buf_init(&envelope, ENVELOPE_MAX);
    int rc = statement_sign(KIND_LEASE, lease, bytes_str(c->a->name), &c->a->config.grant_key, &envelope,
                            NULL, &c->err);
    if (rc == 0) {
        struct bytes raw = arena_copy(c->arena, buf_view(&envelope));
        rc = raw.p ? statement_parse(raw, c->arena, &st, &c->err) : TP_E_MEMORY;
    }
    buf_free(&envelope);
    if (rc) {
        return rc > 0 ? TP_E_STATE : rc;
    }
    struct call own = *c;
    own.st = &st;
    own.by = c->a->name;
    rc = store_statement_put(c->s, &st, c->now, &fresh);
    rc = rc ? rc : lease_project(&own);
    rc = rc ? rc : log_queue(&own);
    return rc > 0 ? TP_E_STATE : rc;
}

static int give(struct giving *g, int64_t uses, int64_t amount, const struct leased_coupons *coupons)
{
    struct call *c = g->c;
    const struct offer *o = &g->offer;
    struct lease lease = {.common = {.version = 1, .time_ms = c->now},
                          .till = bytes_str(g->till.name),
                          .epoch = g->till.epoch,
                          .from = c->now,
                          .until = c->now + o->lease->hours * HOUR_MS,
                          .uses = uses,
                          .amount = amount,
                          .coupons = coupons};
    lease.until = lease.until < o->valid_until ? lease.until : o->valid_until;
    if (g->open >= LEASES_MAX || lease.until <= lease.from) {
        return 0;
    }
    memcpy(lease.common.audience, c->a->config.id, ID_SIZE);
    memcpy(lease.offer, o->ref, REF_SIZE);
    g->open++;
    int rc = store_next_grant(c->s, &lease.number);
    return rc ? rc : keep(c, &lease);
}

/* One that ends soon is not counted on: the next one is given before that. */
static int count_one(void *arg, const struct lease_row *row)
{
    struct giving *g = arg;
    g->open++;
    if (row->batch != NONE || memcmp(row->offer, g->offer.ref, REF_SIZE) != 0) {
        return 0;
    }
    g->all.uses += row->left_uses;
    g->all.amount += row->left_amount;
    if (lease_usable(g->c, &g->till, row) && row->until_ms - g->c->now > (row->until_ms - row->from_ms) / 2) {
        g->lasting.uses += row->left_uses;
        g->lasting.amount += row->left_amount;
    }
    return 0;
}

/* How much more of one measure: up to `size`, with old leases up to twice that, and of what all share at most
 * half, so that no till takes what others sell with a line. */
static int64_t more(int64_t size, int64_t lasting, int64_t all, int64_t shared)
{
    int64_t n = size == NONE ? 0 : smaller(size - lasting, 2 * size - all);
    n = shared == INT64_MAX ? n : smaller(n, shared / 2);
    return n < 0 ? 0 : n;
}

/* A till that says it has more has not told everything yet; one that says it has less has not heard
 * everything. */
static bool runs_low(int64_t size, int64_t lasting, int64_t says)
{
    return size != NONE && 2 * lasting < size && 2 * says < size;
}

/* A sum alone is given for so many uses at most: what a lease covers is reckoned from all that name it. */
static int top_up(struct giving *g)
{
    const struct lease_terms *l = g->offer.lease;
    struct lease_left shared;
    int64_t most = l->uses == NONE ? LEASE_USES_MAX : l->uses;
    int rc = limits_left(g->c, &g->offer, &shared);
    if (rc || !(runs_low(most, g->lasting.uses, g->wanted->uses) ||
                runs_low(l->amount, g->lasting.amount, g->wanted->amount))) {
        return rc;
    }
    /* Where both are counted, the rest of an old lease is no part of the new one: each use needs some of
     * both. */
    bool both = l->uses != NONE && l->amount != NONE;
    int64_t uses = more(l->uses, both ? 0 : g->lasting.uses, g->all.uses, shared.uses);
    int64_t amount = more(l->amount, both ? 0 : g->lasting.amount, g->all.amount, shared.amount);
    uses = l->uses == NONE ? most : uses;
    /* A lease of one without the other could not be spent. */
    if (uses == 0 || (l->amount != NONE && amount == 0)) {
        return 0;
    }
    return give(g, uses, l->amount == NONE ? NONE : amount, NULL);
}

/* ---- coupons that are for this till alone ---- */

struct batches {
    struct giving *g;
    struct batch_row list[BATCHES_MAX];
    size_t n;
};

struct coupons {
    const struct batch_row *batch;
    bool taken[LEASE_USES_MAX];
};

static int take_batch(void *arg, const struct batch_row *row)
{
    struct batches *b = arg;
    bool live = row->exp > b->g->c->now / 1000 && memcmp(row->offer, b->g->offer.ref, REF_SIZE) == 0;
    if (live && b->n < BATCHES_MAX) {
        b->list[b->n++] = *row;
    }
    return 0;
}

static int mark_taken(void *arg, int64_t first, int64_t last)
{
    struct coupons *k = arg;
    for (int64_t i = first; i <= last; i++) {
        int64_t at = i - k->batch->first;
        if (at >= 0 && at < LEASE_USES_MAX) {
            k->taken[at] = true;
        }
    }
    return 0;
}

static int give_run(struct giving *g, const struct batch_row *row, int64_t from, int64_t n)
{
    const struct lease_terms *l = g->offer.lease;
    struct lease_left shared;
    int rc = limits_left(g->c, &g->offer, &shared);
    n = smaller(n, shared.uses);
    int64_t amount = l->amount == NONE ? NONE : more(l->amount, 0, 0, shared.amount);
    struct leased_coupons coupons = {row->number, row->first + from, row->first + from + n - 1};
    return rc || n == 0 || amount == 0 ? rc : give(g, n, amount, &coupons);
}

/* Each run of coupons that nobody has used, holds or was leased. */
static int give_batch(struct giving *g, const struct batch_row *row)
{
    struct coupons *k = ARENA_NEW(g->c->arena, struct coupons, 1);
    int64_t count = smaller(row->last - row->first + 1, LEASE_USES_MAX), from = 0;
    if (!k) {
        return TP_E_MEMORY;
    }
    *k = (struct coupons){.batch = row};
    int rc = store_coupons_taken(g->c->s, row->number, mark_taken, k);
    for (int64_t i = 0; i <= count && rc == 0; i++) {
        if (i == count || k->taken[i]) {
            rc = i > from ? give_run(g, row, from, i - from) : 0;
            from = i + 1;
        }
    }
    return rc;
}

static int give_coupons(struct giving *g)
{
    struct batches *b = ARENA_NEW(g->c->arena, struct batches, 1);
    if (!b) {
        return TP_E_MEMORY;
    }
    *b = (struct batches){.g = g};
    int rc = store_till_batches(g->c->s, g->till.name, take_batch, b);
    for (size_t i = 0; i < b->n && rc == 0; i++) {
        rc = give_batch(g, &b->list[i]);
    }
    return rc;
}

/* ---- one sync ---- */

static bool is_for(const struct offer *o, const struct till_row *till, int64_t now)
{
    bool here = o->stores.n == 0;
    for (size_t i = 0; i < o->stores.n; i++) {
        here = here || bytes_is(o->stores.v[i], till->store);
    }
    return here && o->offline == OFFLINE_LEASE && o->lease && o->valid_from <= now && now < o->valid_until;
}

static int give_for(struct call *c, const struct till_row *till, const struct lease_wanted *wanted)
{
    struct giving g = {.c = c, .till = *till, .wanted = wanted};
    int rc = lookup_offer(c, wanted->offer, NONE, &g.offer);
    if (rc || !is_for(&g.offer, till, c->now)) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    rc = store_leases(c->s, till->name, count_one, &g);
    rc = rc ? rc : top_up(&g);
    return rc ? rc : give_coupons(&g);
}

int lease_give(struct call *c, const struct sync *sync)
{
    struct till_row till;
    int rc = sync->wanted.n ? store_till(c->s, bytes_str(c->by), &till) : 0;
    /* A copy of the till would spend what the other one has, too. */
    if (rc || !sync->wanted.n || till.quarantined || sync->head.seq < till.head.seq) {
        return rc;
    }
    for (size_t i = 0; i < sync->wanted.n && rc == 0; i++) {
        rc = give_for(c, &till, &sync->wanted.v[i]);
    }
    return rc;
}
