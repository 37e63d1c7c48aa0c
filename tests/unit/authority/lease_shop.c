#include "unit/authority/lease_shop.h"

const struct lease_terms eight = {8, NONE, 24}, money = {NONE, 1000, 24}, both = {8, 1000, 24};

int setup(void **state)
{
    struct shop *s = test_calloc(1, sizeof *s);
    world_open(&s->w, TILLS);
    s->o = world_offer(&s->w, "coffee10", 10000);
    s->o.offline = OFFLINE_LEASE;
    s->o.lease = &eight;
    *state = s;
    return 0;
}

int teardown(void **state)
{
    struct shop *s = *state;
    world_close(&s->w);
    test_free(s);
    return 0;
}

void publish(struct shop *s)
{
    world_publish(&s->w, &s->o);
    world_batch(&s->w, 1, &s->o, 1000, "email", "autumn");
}

int ask(struct shop *s, int i, int64_t uses, int64_t amount)
{
    struct lease_wanted wanted = {.uses = uses, .amount = amount};
    memcpy(wanted.offer, s->o.ref, REF_SIZE);
    return world_leases(&s->w, &s->w.tills[i], &wanted, 1, &s->have[i], s->lease, LEASES);
}

struct world_lease lease_of(struct shop *s, int i)
{
    assert_int_equal(ask(s, i, 0, 0), 1);
    return s->lease[0];
}

struct world_sale by_coupon(struct shop *s, uint32_t batch, uint32_t index, int64_t price)
{
    struct world_sale sale = world_sale(&s->w, price);
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, &s->o, batch, index);
    return sale;
}

struct redemption_row spend_at(struct shop *s, int i, int64_t lease, uint32_t batch, uint32_t index,
                               int64_t discount, uint8_t d[HASH_SIZE])
{
    uint8_t own[HASH_SIZE];
    struct world_sale sale = by_coupon(s, batch, index, 10 * discount);
    assert_int_equal(world_commit_leased(&s->w, &s->w.tills[i], &sale, &s->o, lease, discount, own), 0);
    if (d) {
        memcpy(d, own, HASH_SIZE);
    }
    return world_redemption(&s->w, own, 0);
}

struct redemption_row spend(struct shop *s, int i, const struct world_lease *l, uint32_t index,
                            int64_t discount)
{
    return spend_at(s, i, l->terms.number, 1, index, discount, NULL);
}

const struct verdict *try_hold(struct shop *s, int i, struct world_sale *sale)
{
    assert_int_equal(world_hold(&s->w, &s->w.tills[i], sale), 0);
    const struct verdict *v = world_verdict(sale, &s->o);
    assert_non_null(v);
    return v;
}

void give_back(struct shop *s, int i, const struct world_lease *l, int64_t uses, int64_t amount)
{
    assert_int_equal(world_lease_return(&s->w, &s->w.tills[i], l->d, uses, amount), 0);
}

void rebuild_makes_the_same(struct shop *s)
{
    struct err e = {0};
    const char *before = world_dump(&s->w);
    assert_int_equal(authority_rebuild(s->w.authority, &e), 0);
    assert_string_equal(world_dump(&s->w), before);
}
