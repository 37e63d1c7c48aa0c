/*
 * A sale that goes on at another till of the shop: its basket and what was presented, under a MAC that every
 * till of the shop can make. Cards are in it as handles, never as tokens. The sale keeps its identity, so
 * that a hold of the other till replaces the reservations of the first.
 */
#include "sale/internal.h"

#include "wire/hash.h"
#include "wire/schema.h"

#include <stdlib.h>

enum { SAVED_VERSION = 1, SAVED_MAX = 2 * 1024 * 1024 };
static const char saved_label[] = "tillproof saved sale";

/* What the authority said of a coupon or an automatic offer, where it was a refusal. */
struct denied {
    uint8_t offer[REF_SIZE];
    int64_t version, batch, index; /* batch and index: NONE for a GS1 coupon, and for an automatic offer */
    int reason;
    bool automatic;
};

struct saved {
    int64_t version;
    uint8_t audience[ID_SIZE], sale[ID_SIZE];
    int64_t rev;
    struct bytes reference;
    struct basket basket;
    LIST(struct bytes) coupons;
    LIST(struct bytes) cards;
    LIST(struct bytes) pickups;
    LIST(struct gs1_shown) gs1;
    int64_t alone; /* why its last hold had no grant; NONE: it had, or none */
    LIST(struct denied) denied;
};

static const struct field denied_fields[] = {
    FIELD(F_FIXED, denied, offer, 0, REF_SIZE, REF_SIZE),
    FIELD(F_INT, denied, version, 0, 0, UINT32_MAX),
    FIELD_OPT(F_INT, denied, batch, 0, 0, UINT32_MAX),
    FIELD_OPT(F_INT, denied, index, 0, 0, UINT32_MAX),
    FIELD(F_CODE, denied, reason, 0, 0, 0),
    FIELD(F_BOOL, denied, automatic, 0, 0, 0),
};
static const struct schema schema_denied = SCHEMA("denied", SHAPE_TUPLE, denied, denied_fields);

static const struct field coupon_field[] = {{0, "", F_BYTES, 0, 0, 1, COUPON_MAX, NULL, NULL}};
static const struct schema schema_coupon = {"coupon", SHAPE_SCALAR, sizeof(struct bytes), 1, coupon_field};
static const struct field card_field[] = {{0, "", F_BYTES, 0, 0, HASH_SIZE, HASH_SIZE, NULL, NULL}};
static const struct schema schema_card = {"card", SHAPE_SCALAR, sizeof(struct bytes), 1, card_field};
static const struct field pickup_field[] = {{0, "", F_TEXT, 0, 0, PICKUP_SIZE, PICKUP_SIZE, NULL, NULL}};
static const struct schema schema_code = {"code", SHAPE_SCALAR, sizeof(struct bytes), 1, pickup_field};

static const struct field saved_fields[] = {
    FIELD(F_INT, saved, version, 1, 1, SAVED_VERSION),
    FIELD(F_FIXED, saved, audience, 2, ID_SIZE, ID_SIZE),
    FIELD(F_FIXED, saved, sale, 3, ID_SIZE, ID_SIZE),
    FIELD(F_INT, saved, rev, 4, 0, INT64_C(1) << 52),
    FIELD(F_TEXT, saved, reference, 5, 1, REFERENCE_MAX),
    FIELD_SUB(saved, basket, 6, &schema_basket),
    FIELD_LIST(saved, coupons, 7, 0, MAX_COUPONS, &schema_coupon),
    FIELD_LIST(saved, cards, 8, 0, MAX_CARDS, &schema_card),
    FIELD_LIST(saved, pickups, 9, 0, MAX_PICKUPS, &schema_code),
    FIELD_LIST_OPT(saved, gs1, 10, 1, MAX_COUPONS, &schema_gs1_shown),
    FIELD_OPT(F_INT, saved, alone, 11, 1, UINT16_MAX),
    FIELD_LIST_OPT(saved, denied, 12, 1, LEARNED_MAX, &schema_denied),
};
static const struct schema schema_saved = SCHEMA("saved", SHAPE_MAP, saved, saved_fields);

static int make_mac(const struct till *t, struct bytes body, uint8_t mac[HASH_SIZE], struct err *e)
{
    uint8_t key[HASH_SIZE];
    if (!t->has_card_key) {
        return err_set(e, TP_E_STATE, "the till has never heard its authority, and has no key to save with");
    }
    int rc = hmac_sha256(bytes_of(t->card_key, HASH_SIZE), bytes_str(saved_label), key);
    rc = rc ? rc : hmac_sha256(bytes_of(key, HASH_SIZE), body, mac);
    wipe(key, sizeof key);
    return rc ? err_code(e, rc) : 0;
}

/* ---- saving ---- */

struct lists {
    struct bytes coupons[MAX_COUPONS], cards[MAX_CARDS], pickups[PRESENTATIONS_MAX];
    struct gs1_shown gs1[MAX_COUPONS];
    struct denied denied[LEARNED_MAX];
    size_t coupon_count, card_count, pickup_count, gs1_count, denied_count;
};

static void sort_presented(const struct sale *s, struct lists *l)
{
    for (size_t i = 0; i < s->presented_count; i++) {
        const struct presentation *p = s->presented[i];
        if (p->card && l->card_count < MAX_CARDS) {
            l->cards[l->card_count++] = bytes_of(p->handle, HASH_SIZE);
        } else if (p->gs1 && l->gs1_count < MAX_COUPONS) {
            memcpy(l->gs1[l->gs1_count].offer, p->offer, REF_SIZE);
            l->gs1[l->gs1_count++].element = bytes_of(p->raw, p->n);
        } else if (p->pickup[0]) {
            l->pickups[l->pickup_count++] = bytes_str(p->pickup);
        } else if (!p->card && l->coupon_count < MAX_COUPONS) {
            l->coupons[l->coupon_count++] = bytes_of(p->raw, p->n);
        }
    }
}

/* A card's offers are not worth anything without an answer, so they need not be refused. */
static void list_denied(const struct sale *s, struct lists *l)
{
    for (size_t i = 0; i < s->learned_count; i++) {
        const struct learned *k = &s->learned[i];
        if (!k->card && is_standing(k->reason) && l->denied_count < LEARNED_MAX) {
            struct denied *d = &l->denied[l->denied_count++];
            *d = (struct denied){.version = k->version,
                                 .batch = k->batch,
                                 .index = k->index,
                                 .reason = k->reason,
                                 .automatic = k->automatic};
            memcpy(d->offer, k->offer, REF_SIZE);
        }
    }
}

static int save(struct till *t, const struct sale *s, struct buf *out, struct err *e)
{
    struct lists l = {.coupon_count = 0};
    /* Above the revision of the release with which this till lets go of the sale. */
    struct saved v = {.version = SAVED_VERSION,
                      .rev = s->rev + 1,
                      .reference = bytes_str(s->reference),
                      .alone = s->alone ? s->alone : NONE};
    struct buf body;
    uint8_t mac[HASH_SIZE];
    sort_presented(s, &l);
    list_denied(s, &l);
    memcpy(v.audience, t->who.authority, ID_SIZE);
    memcpy(v.sale, s->uuid, ID_SIZE);
    sale_basket(t, s, till_now(t, NULL), &v.basket);
    v.coupons.v = l.coupons;
    v.coupons.n = l.coupon_count;
    v.cards.v = l.cards;
    v.cards.n = l.card_count;
    v.pickups.v = l.pickups;
    v.pickups.n = l.pickup_count;
    v.gs1.v = l.gs1;
    v.gs1.n = l.gs1_count;
    v.denied.v = l.denied;
    v.denied.n = l.denied_count;
    buf_init(&body, SAVED_MAX);
    int rc = schema_encode(&schema_saved, &v, &body, e);
    rc = rc ? rc : make_mac(t, buf_view(&body), mac, e);
    if (rc == 0) {
        buf_put(out, mac, HASH_SIZE);
        buf_put(out, body.p, body.n);
        rc = out->failed ? err_code(e, TP_E_MEMORY) : 0;
    }
    buf_free(&body);
    return rc > 0 ? TP_E_MEMORY : rc;
}

int till_sale_save(struct till *t, int64_t sale, struct buf *out, struct err *e)
{
    till_lock(t);
    struct sale *s = NULL;
    int rc = sale_change(t, sale, &s, e);
    if (rc == 0 && (s->training || s->refund)) {
        rc = err_set(e, TP_E_STATE, "a training sale or a refund stays where it is");
    }
    rc = rc ? rc : save(t, s, out, e);
    till_unlock(t);
    return rc;
}

/* ---- loading ---- */

static int read_saved(struct till *t, struct bytes in, struct arena *a, struct saved *out, struct err *e)
{
    uint8_t mac[HASH_SIZE];
    if (in.n <= HASH_SIZE || in.n > SAVED_MAX) {
        return err_set(e, TP_E_MALFORMED, "that is not a saved sale");
    }
    struct bytes body = bytes_of(in.p + HASH_SIZE, in.n - HASH_SIZE);
    int rc = make_mac(t, body, mac, e);
    if (rc) {
        return rc;
    }
    if (!secret_equal(mac, in.p, HASH_SIZE)) {
        return err_set(e, TP_E_UNTRUSTED, "no till of this shop saved that sale, or it was changed since");
    }
    rc = schema_decode(&schema_saved, body, a, out, e);
    if (rc) {
        return rc < 0 ? rc : TP_E_MALFORMED;
    }
    bool ours = memcmp(out->audience, t->who.authority, ID_SIZE) == 0;
    return ours ? 0 : err_set(e, TP_E_UNTRUSTED, "the sale belongs to another shop");
}

static int add_presented(struct sale *to, struct presentation **made)
{
    struct presentation *p = calloc(1, sizeof *p);
    if (!p || to->presented_count == PRESENTATIONS_MAX) {
        free(p);
        return TP_E_MEMORY;
    }
    p->id = to->next_presentation++;
    to->presented[to->presented_count++] = p;
    *made = p;
    return 0;
}

static int load_presented(const struct saved *v, struct sale *to)
{
    struct presentation *p = NULL;
    int rc = 0;
    for (size_t i = 0; i < v->coupons.n && rc == 0; i++) {
        struct coupon c;
        rc = coupon_parse(v->coupons.v[i], &c);
        rc = rc ? rc : add_presented(to, &p);
        if (rc == 0) {
            presentation_coupon(p, v->coupons.v[i], &c);
        }
    }
    for (size_t i = 0; i < v->gs1.n && rc == 0; i++) {
        struct gs1_coupon c;
        rc = gs1_coupon_read(v->gs1.v[i].element, &c) ? TP_E_MALFORMED : add_presented(to, &p);
        if (rc == 0) {
            presentation_gs1(p, v->gs1.v[i].element, v->gs1.v[i].offer);
        }
    }
    for (size_t i = 0; i < v->cards.n && rc == 0; i++) {
        rc = add_presented(to, &p);
        if (rc == 0) {
            p->card = true;
            memcpy(p->handle, v->cards.v[i].p, HASH_SIZE);
        }
    }
    for (size_t i = 0; i < v->pickups.n && rc == 0; i++) {
        rc = pickup_valid(v->pickups.v[i]) ? add_presented(to, &p) : TP_E_MALFORMED;
        if (rc == 0) {
            bytes_to_cstr(v->pickups.v[i], p->pickup, sizeof p->pickup);
        }
    }
    return rc;
}

static void swap_presented(struct sale *a, struct sale *b)
{
    for (size_t i = 0; i < PRESENTATIONS_MAX; i++) {
        struct presentation *p = a->presented[i];
        a->presented[i] = b->presented[i];
        b->presented[i] = p;
    }
    size_t n = a->presented_count;
    a->presented_count = b->presented_count;
    b->presented_count = n;
}

/* What was refused stays refused until a hold of this till is answered, and a till that has no answer,
 * either, goes by its own caps. */
static void load_denied(const struct saved *v, struct sale *s)
{
    if (v->rev < s->rev) {
        return; /* this till has asked since, and knows more */
    }
    if (!s->alone && v->alone != NONE) {
        s->alone = (int)v->alone;
        s->alone_until_boot = 0;
    }
    s->learned_count = 0;
    for (size_t i = 0; i < v->denied.n; i++) {
        const struct denied *d = &v->denied.v[i];
        if (is_standing(d->reason)) {
            struct learned *k = &s->learned[s->learned_count++];
            *k = (struct learned){.version = d->version,
                                  .batch = d->batch,
                                  .index = d->index,
                                  .automatic = d->automatic,
                                  .reason = d->reason,
                                  .at_ms = NONE};
            memcpy(k->offer, d->offer, REF_SIZE);
        }
    }
}

/* The sale that has this reference, open and with the saved identity; or a new one. */
static int find_place(struct till *t, const struct saved *v, int64_t *id, bool *made, struct err *e)
{
    struct sale *s = NULL;
    int rc = sale_by_reference(t, v->reference, &s, e);
    *made = rc == 0 && !s;
    if (*made) {
        rc = sale_new(t, v->reference, v->basket.currency, &s, e);
        if (rc == 0) {
            memcpy(s->uuid, v->sale, ID_SIZE);
        }
    }
    if (rc == 0 && memcmp(s->uuid, v->sale, ID_SIZE) != 0) {
        rc = err_set(e, TP_E_EXISTS, "the reference belongs to another sale of this till");
    }
    if (rc == 0) {
        *id = s->id;
    }
    return rc;
}

static int load(struct till *t, const struct saved *v, int64_t *sale, struct err *e)
{
    struct sale *s = NULL;
    struct sale fresh = {.next_presentation = 1};
    int64_t id = 0;
    bool made = false;
    int rc = load_presented(v, &fresh);
    rc = rc ? err_code(e, rc) : find_place(t, v, &id, &made, e);
    if (rc == 0) {
        s = sale_in_memory(t, id);
        rc = s && s->state != SALE_OPEN ? 0 : sale_change(t, id, &s, e);
    }
    if (rc == 0 && s->state == SALE_OPEN) {
        rc = sale_take_lines(s, v->basket.lines.v, v->basket.lines.n, e);
        if (rc == 0) {
            swap_presented(s, &fresh);
            s->next_presentation = fresh.next_presentation;
            load_denied(v, s);
            s->rev = s->rev > v->rev ? s->rev : v->rev;
        } else if (made) {
            sale_forget(t, s);
        }
    }
    for (size_t i = 0; i < fresh.presented_count; i++) {
        free(fresh.presented[i]);
    }
    if (rc == 0) {
        *sale = id;
    }
    return rc;
}

int till_sale_load(struct till *t, struct bytes in, int64_t *sale, struct err *e)
{
    struct saved v;
    struct arena arena;
    arena_init(&arena, ITEM_MEMORY);
    till_lock(t);
    int rc = read_saved(t, in, &arena, &v, e);
    rc = rc ? rc : load(t, &v, sale, e);
    till_unlock(t);
    arena_reset(&arena);
    return rc;
}
