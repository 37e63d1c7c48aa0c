/* What the authority has published: parsed, checked, staged, and only then known. */
#include "sale/internal.h"

#include <stdlib.h>

int stage_begin(struct stage *s, size_t cap, struct err *e)
{
    *s = (struct stage){.cap = cap};
    s->chunk = calloc(1, sizeof *s->chunk);
    if (!s->chunk) {
        return err_code(e, TP_E_MEMORY);
    }
    arena_init(&s->chunk->arena, ITEM_MEMORY);
    s->statements = ARENA_NEW(&s->chunk->arena, struct statement, cap);
    s->raw = ARENA_NEW(&s->chunk->arena, struct bytes, cap);
    s->d = arena_take(&s->chunk->arena, HASH_SIZE, cap);
    if (!s->statements || !s->raw || !s->d) {
        stage_drop(s);
        return err_code(e, TP_E_MEMORY);
    }
    return 0;
}

void stage_drop(struct stage *s)
{
    if (s->chunk) {
        arena_reset(&s->chunk->arena);
        free(s->chunk);
    }
    trust_free(&s->trust);
    *s = (struct stage){0};
}

const struct trust *stage_trust(const struct stage *s, const struct replica *r)
{
    return s->has_trust ? &s->trust : &r->trust;
}

static bool is_public(enum kind kind)
{
    return kind == KIND_POLICY || kind == KIND_KEYSET || kind == KIND_TERMINAL || kind == KIND_OFFER ||
           kind == KIND_BATCH || kind == KIND_LEASE || kind == KIND_WRITE_OFF;
}

static int check_audience(const struct identity *who, const struct statement *st, struct err *e)
{
    if (memcmp(st->payload.common.audience, who->authority, ID_SIZE) != 0) {
        return err_set(e, TP_E_UNTRUSTED, "a %s is for another authority", kinds[st->kind].name);
    }
    return 0;
}

int stage_verify(const struct stage *s, const struct replica *r, const struct identity *who,
                 const struct statement *st, struct err *e)
{
    const struct trusted_key *by = NULL;
    int rc = check_audience(who, st, e);
    return rc ? rc : trust_verify(stage_trust(s, r), st, st->payload.common.time_ms, &by, e);
}

/* A keyset replaces all keys before it; a copy takes it, so that a later failure changes nothing. */
static int take_keyset(struct stage *s, const struct replica *r, const struct keyset *k, struct err *e)
{
    struct trust next = {.keyset = stage_trust(s, r)->keyset};
    if (k->number == next.keyset) {
        return 0;
    }
    int rc = trust_keyset(&next, k, e);
    if (rc) {
        trust_free(&next);
        return rc;
    }
    trust_free(&s->trust);
    s->trust = next;
    s->has_trust = true;
    return 0;
}

int stage_first_keyset(struct stage *s, const struct replica *r, const struct identity *who,
                       struct bytes sequence, struct err *e)
{
    struct dec d;
    struct bytes item;
    dec_init(&d, sequence);
    while (stage_trust(s, r)->keyset == 0 && !dec_done(&d)) {
        struct statement st;
        struct bytes raw;
        int rc = dec_item(&d, &item);
        if (rc) {
            return err_code(e, rc);
        }
        raw = arena_copy(&s->chunk->arena, item);
        rc = raw.p ? statement_parse(raw, &s->chunk->arena, &st, e) : err_code(e, TP_E_MEMORY);
        if (rc) {
            return rc;
        }
        if (st.kind != KIND_KEYSET) {
            continue;
        }
        rc = check_audience(who, &st, e);
        rc = rc ? rc : trust_first_keyset(&st, who->root, e);
        return rc ? rc : take_keyset(s, r, &st.payload.keyset, e);
    }
    return stage_trust(s, r)->keyset ? 0 : err_set(e, TP_E_UNTRUSTED, "the authority sent no keyset");
}

/* The authority took it while its signer's key was valid; the till, which may hear of it much later, asks
 * only whose key it was. */
static int check_signer(const struct stage *s, const struct replica *r, const struct identity *who,
                        const struct statement *st, struct err *e)
{
    const struct trusted_key *by = NULL;
    int rc = check_audience(who, st, e);
    if (rc) {
        return rc;
    }
    if (st->kind == KIND_KEYSET && st->payload.keyset.number == stage_trust(s, r)->keyset) {
        return trust_first_keyset(st, who->root, NULL) == 0
                   ? 0
                   : trust_verify(stage_trust(s, r), st, NONE, &by, e);
    }
    return trust_verify(stage_trust(s, r), st, NONE, &by, e);
}

static int check_own_terms(const struct identity *who, const struct statement *st, struct err *e)
{
    uint8_t ref[REF_SIZE];
    if (st->kind != KIND_OFFER) {
        return 0;
    }
    const struct offer *o = &st->payload.offer.terms;
    int rc = offer_ref(who->authority, o->id, ref);
    if (rc == 0 && memcmp(ref, o->ref, REF_SIZE) != 0) {
        rc = err_set(e, TP_BAD_STATEMENT, "an offer's reference is not that of its id");
    }
    return rc;
}

int stage_add(struct stage *s, const struct replica *r, const struct identity *who, struct bytes raw,
              struct err *e)
{
    if (s->n == s->cap) {
        return err_code(e, TP_E_MEMORY);
    }
    struct statement *st = &s->statements[s->n];
    struct bytes kept = arena_copy(&s->chunk->arena, raw);
    if (!kept.p) {
        return err_code(e, TP_E_MEMORY);
    }
    int rc = statement_parse(kept, &s->chunk->arena, st, e);
    if (rc == 0 && !is_public(st->kind)) {
        rc =
            err_set(e, TP_BAD_STATEMENT, "a %s is nothing that an authority publishes", kinds[st->kind].name);
    }
    rc = rc ? rc : check_signer(s, r, who, st, e);
    rc = rc ? rc : check_own_terms(who, st, e);
    if (rc == 0 && st->kind == KIND_KEYSET) {
        rc = take_keyset(s, r, &st->payload.keyset, e);
    }
    if (rc) {
        return rc;
    }
    s->raw[s->n] = kept;
    memcpy(s->d[s->n], st->d, HASH_SIZE);
    s->n++;
    return 0;
}

static int reserve(void **v, size_t size, size_t n, size_t more, size_t *room, struct err *e)
{
    if (n + more > *room) {
        size_t want = (n + more) * 2;
        void *grown = reallocarray(*v, want, size);
        if (!grown) {
            return err_code(e, TP_E_MEMORY);
        }
        *v = grown;
        *room = want;
    }
    return 0;
}

int replica_reserve(struct replica *r, size_t more, struct err *e)
{
    void *offers = r->offers, *batches = r->batches;
    int rc = reserve(&offers, sizeof *r->offers, r->offer_count, more, &r->offer_room, e);
    r->offers = offers;
    rc = rc ? rc : reserve(&batches, sizeof *r->batches, r->batch_count, more, &r->batch_room, e);
    r->batches = batches;
    void *leases = r->leases;
    rc = rc ? rc : reserve(&leases, sizeof *r->leases, r->lease_count, more, &r->lease_room, e);
    r->leases = leases;
    rc = rc ? rc : index_reserve(&r->by_ref, r->offer_count + more, e);
    rc = rc ? rc : index_reserve(&r->by_number, r->batch_count + more, e);
    size_t *automatic = rc ? NULL : reallocarray(r->automatic, r->offer_room + 1, sizeof *automatic);
    if (!rc && !automatic) {
        rc = err_code(e, TP_E_MEMORY);
    }
    r->automatic = automatic ? automatic : r->automatic;
    return rc;
}

int stage_reserve(const struct stage *s, struct replica *r, struct err *e)
{
    return replica_reserve(r, s->n, e);
}

static uint64_t key_of(const uint8_t ref[REF_SIZE])
{
    uint64_t key;
    memcpy(&key, ref, sizeof key);
    return key;
}

/* The list of automatic offers after the newest version of one is another: `before` is 1 + the place of the
 * one that was, 0 for none. */
static void apply_automatic(struct replica *r, size_t before, size_t now)
{
    size_t i = 0;
    while (i < r->automatic_count && r->automatic[i] + 1 != before) {
        i++;
    }
    if (r->offers[now].terms.redeem & REDEEM_AUTOMATIC) {
        r->automatic_count += i == r->automatic_count;
        r->automatic[i] = now;
    } else if (i < r->automatic_count) {
        r->automatic[i] = r->automatic[--r->automatic_count];
    }
}

/* Versions of one offer are chained from the newest to the oldest. */
void replica_add_offer(struct replica *r, const struct offer *o)
{
    size_t now = r->offer_count++;
    struct known_offer *k = &r->offers[now];
    size_t *at = index_put(&r->by_ref, key_of(o->ref)), before = *at;
    *k = (struct known_offer){.terms = *o, .unusable = offer_check(o, NULL)};
    if (k->unusable < 0) {
        k->unusable = TP_UNSUPPORTED;
    }
    while (*at && r->offers[*at - 1].terms.version > o->version) {
        at = &r->offers[*at - 1].older;
    }
    k->older = *at;
    *at = now + 1;
    if (k->older == before) {
        apply_automatic(r, before, now);
    }
}

static void apply_batch(struct replica *r, const struct identity *who, const struct batch *b)
{
    struct known_batch *k = &r->batches[r->batch_count++];
    *k = (struct known_batch){.number = b->number, .first = b->first, .last = b->last};
    if (b->till.p) {
        k->whose = bytes_is(b->till, who->name) ? FOR_THIS_TILL : FOR_ANOTHER_TILL;
    }
    memcpy(k->offer, b->offer, REF_SIZE);
    size_t *at = index_put(&r->by_number, (uint64_t)b->number);
    if (!*at) { /* the first of a number counts */
        *at = r->batch_count;
    }
}

static void apply_terminal(struct replica *r, const struct identity *who, const struct statement *st)
{
    const struct terminal *m = &st->payload.terminal;
    struct cose_key key = {0};
    if (!bytes_is(m->till, who->name) || m->epoch < r->terminal_epoch || cose_key_decode(m->cose_key, &key)) {
        return;
    }
    r->terminal_epoch = m->epoch;
    memcpy(r->terminal_key, key.thumbprint, HASH_SIZE);
    cose_key_free(&key);
    if (m->state == TERMINAL_ACTIVE) {
        memcpy(r->terminal_d, st->d, HASH_SIZE);
        r->terminal_from = m->from;
        r->terminal_until = m->until;
    }
}

static struct known_lease *lease_named(const struct replica *r, const uint8_t d[HASH_SIZE])
{
    for (size_t i = 0; i < r->lease_count; i++) {
        if (memcmp(r->leases[i].d, d, HASH_SIZE) == 0) {
            return &r->leases[i];
        }
    }
    return NULL;
}

static void apply_lease(struct replica *r, const struct identity *who, const struct statement *st)
{
    const struct lease *l = &st->payload.lease;
    if (!bytes_is(l->till, who->name) || lease_named(r, st->d)) {
        return;
    }
    struct known_lease *k = &r->leases[r->lease_count++];
    *k = (struct known_lease){.terms = *l, .bound = l->coupons != NULL};
    if (l->coupons) {
        k->coupons = *l->coupons;
    }
    memcpy(k->d, st->d, HASH_SIZE);
}

static void apply_write_off(struct replica *r, const struct write_off *w)
{
    struct known_lease *k = lease_named(r, w->lease);
    if (k) {
        k->given_up = true;
    }
}

void stage_apply(struct stage *s, struct replica *r, const struct identity *who)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct statement *st = &s->statements[i];
        if (st->kind == KIND_OFFER) {
            replica_add_offer(r, &st->payload.offer.terms);
        } else if (st->kind == KIND_BATCH) {
            apply_batch(r, who, &st->payload.batch);
        } else if (st->kind == KIND_LEASE) {
            apply_lease(r, who, st);
        } else if (st->kind == KIND_WRITE_OFF) {
            apply_write_off(r, &st->payload.write_off);
        } else if (st->kind == KIND_TERMINAL) {
            apply_terminal(r, who, st);
        } else if (st->kind == KIND_POLICY && st->payload.policy.terms.version > r->policy.version) {
            r->policy = st->payload.policy.terms;
        }
    }
    if (s->has_trust) {
        trust_free(&r->trust);
        r->trust = s->trust;
        s->trust = (struct trust){0};
    }
    s->chunk->next = r->chunks;
    r->chunks = s->chunk;
    s->chunk = NULL;
    stage_drop(s);
}

void replica_free(struct replica *r)
{
    while (r->chunks) {
        struct chunk *next = r->chunks->next;
        arena_reset(&r->chunks->arena);
        free(r->chunks);
        r->chunks = next;
    }
    free(r->offers);
    free(r->batches);
    free(r->leases);
    free(r->automatic);
    index_free(&r->by_ref);
    index_free(&r->by_number);
    trust_free(&r->trust);
    *r = (struct replica){0};
}

const struct known_offer *replica_offer(const struct replica *r, const uint8_t ref[REF_SIZE], int64_t version)
{
    size_t at = index_find(&r->by_ref, key_of(ref));
    while (at && version != NONE && r->offers[at - 1].terms.version != version) {
        at = r->offers[at - 1].older;
    }
    return at ? &r->offers[at - 1] : NULL;
}

static bool valid_at(const struct known_offer *k, int64_t now_ms)
{
    return now_ms >= k->terms.valid_from && now_ms < k->terms.valid_until;
}

static bool goes_before(const struct known_offer *a, const struct known_offer *b, int64_t now_ms)
{
    struct bytes x = a->terms.id, y = b->terms.id;
    if (valid_at(a, now_ms) != valid_at(b, now_ms)) {
        return valid_at(a, now_ms);
    }
    int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return order ? order < 0 : x.n < y.n;
}

const struct known_offer *replica_gs1(const struct replica *r, const char *gs1, int64_t now_ms)
{
    const struct known_offer *best = NULL;
    for (size_t i = 0; i < r->offer_count; i++) {
        const struct known_offer *k = &r->offers[i];
        if (bytes_is(k->terms.gs1, gs1) && (k->terms.redeem & REDEEM_COUPON) &&
            replica_offer(r, k->terms.ref, NONE) == k && (!best || goes_before(k, best, now_ms))) {
            best = k;
        }
    }
    return best;
}

int replica_coupon(const struct replica *r, const struct coupon *c, bool *known)
{
    *known = false;
    int rc = trust_verify_coupon(&r->trust, c, NONE);
    if (rc) {
        return rc;
    }
    const struct known_offer *offer = replica_offer(r, c->offer, NONE);
    if (offer && !(offer->terms.redeem & REDEEM_COUPON)) {
        return TP_UNKNOWN_COUPON;
    }
    size_t at = index_find(&r->by_number, (uint64_t)c->batch);
    if (at) {
        const struct known_batch *b = &r->batches[at - 1];
        bool fits = memcmp(b->offer, c->offer, REF_SIZE) == 0 && c->index >= b->first && c->index <= b->last;
        *known = fits && offer;
        return fits ? 0 : TP_UNKNOWN_COUPON;
    }
    return 0;
}

bool replica_issued(const struct replica *r, const uint8_t offer[REF_SIZE], int64_t batch, int64_t index,
                    enum batch_for *whose)
{
    for (size_t i = 0; i < r->batch_count; i++) {
        const struct known_batch *b = &r->batches[i];
        if (b->number == batch) {
            if (whose) {
                *whose = b->whose;
            }
            return memcmp(b->offer, offer, REF_SIZE) == 0 && index >= b->first && index <= b->last;
        }
    }
    return false;
}
