/* Statements read back from the store, and what a coupon is. */
#include "authority/internal.h"

struct find_offer {
    struct arena *arena;
    struct offer *out;
};

static int take_offer(void *arg, const struct stored *row)
{
    struct find_offer *f = arg;
    struct statement st;
    struct bytes raw = arena_copy(f->arena, row->raw);
    if (!raw.p) {
        return TP_E_MEMORY;
    }
    int rc = statement_parse(raw, f->arena, &st, NULL);
    if (rc || st.kind != KIND_OFFER) {
        return rc == TP_E_MEMORY ? rc : TP_E_CORRUPT;
    }
    *f->out = st.payload.offer.terms;
    return 0;
}

int lookup_offer(struct call *c, const uint8_t ref[REF_SIZE], int64_t version, struct offer *out)
{
    uint8_t d[HASH_SIZE];
    struct known *k = c->a ? &c->a->known : NULL;
    int rc = known_place(c, ref, version, d);
    const struct offer *known = rc == 0 && k ? known_offer(k, d) : NULL;
    if (rc || known) {
        *out = known ? *known : *out;
        return rc;
    }
    if (k && known_offer_room(k)) {
        struct find_offer keep = {&k->memory, out};
        rc = store_statement(c->s, d, take_offer, &keep);
        if (rc != TP_E_MEMORY) {
            if (rc == 0) {
                known_offer_add(k, d, out);
            }
            return rc;
        }
        k->full = true;
    }
    struct find_offer f = {c->arena, out};
    return store_statement(c->s, d, take_offer, &f);
}

struct reading {
    struct call *c;
    struct automatics *out;
    size_t room;
};

static int count_one(void *arg, const struct automatic_row *row)
{
    (void)row;
    ((struct reading *)arg)->room++;
    return 0;
}

static int read_one(void *arg, const struct automatic_row *row)
{
    struct reading *r = arg;
    struct call into = {.s = r->c->s, .arena = &r->out->memory};
    if (r->out->n == r->room) {
        return TP_E_CORRUPT;
    }
    int rc = lookup_offer(&into, row->ref, row->version, &r->out->v[r->out->n]);
    r->out->n += rc == 0;
    return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
}

int lookup_automatic(struct call *c, const struct automatics **out)
{
    struct automatics *a = &c->a->automatics;
    struct reading r = {.c = c, .out = a};
    bool same = c->a->grouped && c->a->level && a->offers_seen && a->offers_seen == c->a->offers_seen;
    int64_t count = a->count;
    int rc = same ? 0 : store_count(c->s, AUTOMATIC_COUNT, &count);
    if (rc == 0 && a->count != count) {
        a->count = 0;
        a->n = 0;
        arena_reset(&a->memory);
        rc = store_automatic(c->s, c->now, count_one, &r);
        a->v = ARENA_NEW(&a->memory, struct offer, r.room);
        rc = rc ? rc : a->v ? store_automatic(c->s, c->now, read_one, &r) : TP_E_MEMORY;
        a->count = rc ? 0 : count;
    }
    a->offers_seen = rc == 0 && c->a->grouped && c->a->level ? c->a->offers_seen : 0;
    *out = a;
    return rc;
}

struct find_policy {
    struct call *c;
    int64_t version;
    struct policy *out;
};

enum { POLICY_FOUND = 1000 };

static int take_policy(void *arg, const struct stored *row)
{
    struct find_policy *f = arg;
    struct statement st;
    struct bytes raw = arena_copy(f->c->arena, row->raw);
    if (!raw.p) {
        return TP_E_MEMORY;
    }
    int rc = statement_parse(raw, f->c->arena, &st, NULL);
    if (rc) {
        return rc == TP_E_MEMORY ? rc : TP_E_CORRUPT;
    }
    if (st.payload.policy.terms.version != f->version) {
        return 0;
    }
    *f->out = st.payload.policy.terms;
    return POLICY_FOUND;
}

int lookup_policy(struct call *c, int64_t version, struct policy *out)
{
    /* While tables are made anew, the one in force may be older than what is being replayed. */
    if (c->a->policy.version == version && !c->a->rebuilding) {
        *out = c->a->policy;
        return 0;
    }
    struct find_policy f = {c, version, out};
    int rc = store_statements(c->s, UINT32_C(1) << KIND_POLICY, 0, INT64_MAX, take_policy, &f);
    return rc == 0 ? STORE_NOT_FOUND : rc == POLICY_FOUND ? 0 : rc;
}

int lookup_person(struct call *c, struct person_part *out)
{
    *out = (struct person_part){0};
    if (!c->st->person.p) {
        return 0;
    }
    int rc = schema_decode(&schema_person_part, c->st->person, c->arena, out, &c->err);
    return rc == TP_E_MALFORMED ? TP_BAD_STATEMENT : rc;
}

int lookup_coupon(struct call *c, const struct coupon *coupon, struct batch_row *batch)
{
    *batch = (struct batch_row){0};
    int rc = trust_verify_coupon(&c->a->trust, coupon, NONE);
    if (rc) {
        return rc;
    }
    rc = known_batch(c, coupon->batch, batch);
    if (rc) {
        return rc == STORE_NOT_FOUND ? TP_UNKNOWN_COUPON : rc;
    }
    bool ours = memcmp(batch->offer, coupon->offer, REF_SIZE) == 0 && coupon->index >= batch->first &&
                coupon->index <= batch->last;
    return ours ? 0 : TP_UNKNOWN_COUPON;
}

int lookup_gs1(struct call *c, const uint8_t ref[REF_SIZE], int64_t version, const struct gs1_coupon *coupon,
               struct offer *out)
{
    struct offer found = {0};
    int rc = lookup_offer(c, ref, version, &found);
    if (rc < 0) {
        return rc;
    }
    bool fits = rc == 0 && (found.redeem & REDEEM_COUPON) && bytes_is(found.gs1, coupon->offer);
    if (fits) {
        *out = found;
    }
    return fits ? 0 : TP_UNKNOWN_OFFER;
}
