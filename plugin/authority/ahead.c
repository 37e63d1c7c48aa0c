/*
 * What the commits of a group will ask the store for, read out of its messages before they are handled, so
 * that a server is asked once for many of them. It saves questions and decides nothing: what is not found
 * here, or does not fit, is asked for when it is needed.
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
        COPY_TEXT(k->tills[k->till_count++], name);
    }
}

static void add_commit(struct store_keys *k, const struct statement *st)
{
    const struct commit *m = &st->payload.commit;
    memcpy(k->records[k->record_count++].v, st->d, HASH_SIZE);
    memcpy(k->sales[k->sale_count++].v, m->sale, ID_SIZE);
    add_till(k, st->iss);
    for (size_t i = 0; i < m->redemptions.n && k->coupon_count < STORE_KEYS_MAX; i++) {
        struct coupon coupon;
        if (m->redemptions.v[i].coupon.p && coupon_parse(m->redemptions.v[i].coupon, &coupon) == 0) {
            k->coupons[k->coupon_count].batch = coupon.batch;
            k->coupons[k->coupon_count++].index = coupon.index;
        }
    }
}

/* Its commits, as far as the message is one. */
static void add_message(struct store_keys *k, struct bytes request, struct arena *arena)
{
    struct statement st;
    struct dec d;
    dec_init(&d, request);
    for (int i = 0; i < MESSAGE_ITEMS_MAX && k->record_count < STORE_KEYS_MAX; i++) {
        if (message_next(&d, arena, &st, NULL) != 1) {
            break;
        }
        if (st.kind == KIND_COMMIT) {
            add_commit(k, &st);
        }
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
    k->record_count = k->sale_count = k->coupon_count = k->till_count = 0;
    while (read < n && k->record_count + MESSAGE_ITEMS_MAX <= STORE_KEYS_MAX) {
        add_message(k, v[read++].request, &arena);
    }
    if (k->record_count) {
        store_ahead(a->config.store, k); /* its fault is the next one's */
    }
    return read;
}
