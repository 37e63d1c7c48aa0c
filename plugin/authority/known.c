/*
 * What was read of the store and stays so, so that the next record need not read it again: an offer's terms
 * by the identity of their statement, and a batch by its number, which nothing changes once they are there.
 * Which statement an offer's version is may change, and is used only inside a group, where nobody else can
 * write, and only until another offer statement has come (authority_refresh).
 */
#include "authority/internal.h"

void known_init(struct known *k)
{
    arena_init(&k->memory, KNOWN_MEMORY);
}

void known_forget(struct known *k)
{
    arena_reset(&k->memory);
    k->offer_count = k->place_count = k->batch_count = 0;
    k->full = false;
}

void known_begin(struct known *k)
{
    if (k->full || k->offer_count == KNOWN_OFFERS) {
        arena_reset(&k->memory);
        k->offer_count = 0;
        k->full = false;
    }
}

void known_places_forget(struct known *k)
{
    k->place_count = 0;
}

const struct offer *known_offer(const struct known *k, const uint8_t d[HASH_SIZE])
{
    for (size_t i = 0; i < k->offer_count; i++) {
        if (memcmp(k->offers[i].d, d, HASH_SIZE) == 0) {
            return &k->offers[i].terms;
        }
    }
    return NULL;
}

bool known_offer_room(const struct known *k)
{
    return !k->full && k->offer_count < KNOWN_OFFERS;
}

void known_offer_add(struct known *k, const uint8_t d[HASH_SIZE], const struct offer *terms)
{
    struct known_offer *o = &k->offers[k->offer_count++];
    memcpy(o->d, d, HASH_SIZE);
    o->terms = *terms;
}

int known_place(struct call *c, const uint8_t ref[REF_SIZE], int64_t version, uint8_t d[HASH_SIZE])
{
    /* An offer statement asks before and after its own version is there. */
    bool still = c->a && c->a->grouped && c->st && c->st->kind != KIND_OFFER;
    struct known *k = still ? &c->a->known : NULL;
    for (size_t i = 0; k && i < k->place_count; i++) {
        if (k->places[i].version == version && memcmp(k->places[i].ref, ref, REF_SIZE) == 0) {
            memcpy(d, k->places[i].d, HASH_SIZE);
            return 0;
        }
    }
    int rc = store_offer(c->s, ref, version, d);
    if (rc == 0 && k && k->place_count < KNOWN_OFFERS) {
        struct known_place *p = &k->places[k->place_count++];
        memcpy(p->ref, ref, REF_SIZE);
        p->version = version;
        memcpy(p->d, d, HASH_SIZE);
    }
    return rc;
}

int known_batch(struct call *c, int64_t number, struct batch_row *row)
{
    struct known *k = &c->a->known;
    for (size_t i = 0; i < k->batch_count; i++) {
        if (k->batches[i].number == number) {
            *row = k->batches[i];
            return 0;
        }
    }
    int rc = store_batch(c->s, number, row);
    if (rc == 0) {
        k->batch_count = k->batch_count < KNOWN_BATCHES ? k->batch_count : 0;
        k->batches[k->batch_count++] = *row;
    }
    return rc;
}
