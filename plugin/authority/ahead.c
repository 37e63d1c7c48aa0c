/*
 * What the commits and holds of a group will ask the store for, read out of its messages before they are
 * handled, so that a server is asked once for many of them. It saves questions and decides nothing: what is
 * not found here, or does not fit, is asked for when it is needed.
 */
#include "authority/internal.h"

static void add_till(struct store_keys *k, struct bytes name)
{
    for (size_t i = 0; i < k->till_count; i++) {
        if (bytes_is(name, k->tills[i])) {
            return;
        }
    }
    if (k->till_count < STORE_TILLS_MAX && name.n < sizeof k->tills[0]) {
        COPY_TEXT(k->tills[k->till_count], name);
        k->till_count++;
    }
}

static void add_coupon(struct store_keys *k, struct bytes bytes)
{
    struct coupon coupon;
    if (bytes.p && k->coupon_count < STORE_KEYS_MAX && coupon_parse(bytes, &coupon) == 0) {
        k->coupons[k->coupon_count].batch = coupon.batch;
        k->coupons[k->coupon_count++].index = coupon.index;
    }
}

static void add_sale(struct store_keys *k, const uint8_t sale[ID_SIZE])
{
    memcpy(k->sales[k->sale_count++].v, sale, ID_SIZE);
}

static void add(struct store_keys *k, const struct statement *st)
{
    const struct commit *m = &st->payload.commit;
    const struct hold *h = &st->payload.hold;
    if (st->kind == KIND_COMMIT) {
        add_till(k, st->iss);
        add_sale(k, m->sale);
        memcpy(k->records[k->record_count++].v, st->d, HASH_SIZE);
        for (size_t i = 0; i < m->redemptions.n; i++) {
            add_coupon(k, m->redemptions.v[i].coupon);
        }
    } else if (st->kind == KIND_HOLD) {
        add_till(k, st->iss);
        add_sale(k, h->sale);
        memcpy(k->requests[k->request_count++].v, h->id, ID_SIZE);
        for (size_t i = 0; i < h->coupons.n; i++) {
            add_coupon(k, h->coupons.v[i]);
        }
    }
}

/* As far as the message is one. */
static void add_message(struct store_keys *k, struct bytes request, struct arena *arena)
{
    struct statement st;
    struct dec d;
    dec_init(&d, request);
    for (int i = 0; i < MESSAGE_ITEMS_MAX && k->sale_count < STORE_KEYS_MAX; i++) {
        if (message_next(&d, arena, &st, NULL) != 1) {
            break;
        }
        add(k, &st);
        arena_reset(arena);
    }
    arena_reset(arena);
}

size_t ahead_read(struct authority *a, const struct authority_message *v, size_t n)
{
    struct store_keys *k = &a->ahead;
    struct arena arena;
    size_t read = 0;
    if (!store_reads_ahead(a->config.store)) {
        return n;
    }
    arena_init(&arena, ITEM_MEMORY_MAX);
    k->record_count = k->sale_count = k->coupon_count = k->request_count = k->till_count = 0;
    memcpy(k->newest, kinds_watched, sizeof k->newest);
    while (read < n && k->sale_count + MESSAGE_ITEMS_MAX <= STORE_KEYS_MAX) {
        add_message(k, v[read++].request, &arena);
    }
    if (k->sale_count) {
        store_ahead(a->config.store, k); /* its fault is the next one's */
    }
    return read;
}
