/* A hash table with open addressing: keys are random (references of offers) or made so. Nothing leaves it. */
#include "sale/internal.h"

#include <stdlib.h>

enum { SLOTS_LEAST = 64 };

/* Spreads keys that count up (numbers of batches) over all bits; the multiplier is 2^64 over the golden
 * ratio. */
static size_t first_slot(const struct index *x, uint64_t key)
{
    uint64_t mixed = (key ^ key >> 32) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(mixed ^ mixed >> 29) & (x->room - 1);
}

static struct index_slot *slot_of(const struct index *x, uint64_t key)
{
    size_t at = first_slot(x, key);
    while (x->slots[at].place && x->slots[at].key != key) {
        at = (at + 1) & (x->room - 1);
    }
    return &x->slots[at];
}

int index_reserve(struct index *x, size_t n, struct err *e)
{
    struct index grown = {.room = x->room ? x->room : SLOTS_LEAST, .n = x->n};
    if (n > SIZE_MAX / 8) {
        return err_code(e, TP_E_MEMORY);
    }
    while (grown.room < 2 * n) {
        grown.room *= 2;
    }
    if (grown.room == x->room) {
        return 0;
    }
    grown.slots = calloc(grown.room, sizeof *grown.slots);
    if (!grown.slots) {
        return err_code(e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < x->room; i++) {
        if (x->slots[i].place) {
            *slot_of(&grown, x->slots[i].key) = x->slots[i];
        }
    }
    free(x->slots);
    *x = grown;
    return 0;
}

size_t *index_put(struct index *x, uint64_t key)
{
    if (2 * x->n >= x->room) {
        return NULL;
    }
    struct index_slot *slot = slot_of(x, key);
    slot->key = key;
    x->n += slot->place == 0;
    return &slot->place;
}

size_t index_find(const struct index *x, uint64_t key)
{
    return x->room ? slot_of(x, key)->place : 0;
}

void index_free(struct index *x)
{
    free(x->slots);
    *x = (struct index){0};
}
