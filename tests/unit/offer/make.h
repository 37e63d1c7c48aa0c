/* A basket, offers and a policy on the stack, and short ways to fill them. For the tests of offer alone. */
#ifndef TEST_OFFER_MAKE_H
#define TEST_OFFER_MAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "offer/price.h"

enum { DESK_LINES = 16, DESK_OFFERS = 8, DESK_TIME = 1000000 };

struct desk {
    struct zone_step step;
    struct policy policy;
    struct basket basket;
    struct line lines[DESK_LINES];
    struct offer offers[DESK_OFFERS];
    const struct offer *table[DESK_OFFERS];
    struct standing standings[DESK_OFFERS];
    size_t n;
    struct arena arena;
    struct quote q;
    struct err e;
};

static inline void desk_begin(struct desk *d)
{
    *d = (struct desk){0};
    d->policy = (struct policy){.version = 1,
                                .currency = bytes_str("EUR"),
                                .zone = bytes_str("Europe/Berlin"),
                                .zone_steps = {&d->step, 1},
                                .tax_included = true};
    d->basket = (struct basket){
        .currency = bytes_str("EUR"), .store = bytes_str("s"), .time_ms = DESK_TIME, .tax_included = true};
    d->basket.lines.v = d->lines;
    arena_init(&d->arena, 16 * 1024 * 1024);
}

static inline void desk_end(struct desk *d)
{
    arena_reset(&d->arena);
}

/* quantity in units, price in minor units, tax in whole percent; the number follows the last line's. */
static inline struct line *desk_line(struct desk *d, const char *sku, const char *category, int64_t quantity,
                                     int64_t price, int64_t tax)
{
    struct line *line = &d->lines[d->basket.lines.n++];
    *line = (struct line){.number = (int64_t)d->basket.lines.n,
                          .sku = bytes_str(sku),
                          .name = bytes_str(sku),
                          .category = bytes_str(category),
                          .quantity = quantity * 1000,
                          .unit_price = price,
                          .tax = tax * 1000};
    return line;
}

static inline struct offer offer_plain(const char *id)
{
    return (struct offer){.id = bytes_str(id),
                          .version = 1,
                          .title = bytes_str(id),
                          .currency = bytes_str("EUR"),
                          .funder = bytes_str("store"),
                          .redeem = REDEEM_COUPON,
                          .valid_from = 0,
                          .valid_until = TIME_MAX,
                          .min_spend = NONE,
                          .min_quantity = NONE,
                          .percent = NONE,
                          .cap = NONE,
                          .amount = NONE,
                          .per_coupon = 1,
                          .per_customer = NONE,
                          .total = NONE,
                          .budget = NONE,
                          .offline_cap = NONE};
}

static inline struct offer *desk_offer(struct desk *d, const char *id)
{
    struct offer *o = &d->offers[d->n];
    *o = offer_plain(id);
    d->table[d->n] = o;
    d->standings[d->n++] = (struct standing){.budget_left = NONE};
    return o;
}

/* In whole percent. */
static inline struct offer *desk_percent(struct desk *d, const char *id, int64_t percent)
{
    struct offer *o = desk_offer(d, id);
    o->gives = GIVES_PERCENT;
    o->percent = percent * 1000;
    return o;
}

static inline struct offer *desk_amount(struct desk *d, const char *id, int64_t amount)
{
    struct offer *o = desk_offer(d, id);
    o->gives = GIVES_AMOUNT;
    o->amount = amount;
    return o;
}

/* Each matching unit at this price. */
static inline struct offer *desk_unit_price(struct desk *d, const char *id, int64_t price)
{
    struct offer *o = desk_offer(d, id);
    o->gives = GIVES_PRICE;
    o->amount = price;
    return o;
}

static inline struct offer *desk_buy_get(struct desk *d, const char *id, int64_t buy, int64_t get,
                                         int64_t percent)
{
    struct offer *o = desk_offer(d, id);
    o->gives = GIVES_BUY_GET;
    o->buy = buy;
    o->get = get;
    o->percent = percent * 1000;
    return o;
}

static inline struct offer *desk_tiers(struct desk *d, const char *id, const struct tier *tiers, size_t n)
{
    struct offer *o = desk_offer(d, id);
    o->gives = GIVES_TIERS;
    o->tiers.v = tiers;
    o->tiers.n = n;
    return o;
}

static inline struct offer *desk_cashback(struct desk *d, const char *id, int64_t percent)
{
    struct offer *o = desk_offer(d, id);
    o->gives = GIVES_CASHBACK;
    o->percent = percent * 1000;
    return o;
}

/* For lines of this sku alone; skus lives as long as the desk. */
static inline void offer_sku(struct offer *o, const struct bytes *sku)
{
    o->sku.v = sku;
    o->sku.n = 1;
}

static inline int desk_try(struct desk *d)
{
    d->e = (struct err){0};
    return offer_price(&d->policy, &d->basket, d->table, d->standings, d->n, &d->q, &d->arena, &d->e);
}

static inline void desk_price(struct desk *d)
{
    assert_int_equal(desk_try(d), 0);
    assert_int_equal(d->q.applied.n + d->q.refused.n, d->n);
}

/* Why the offer was refused; 0 when it applied. */
static inline int desk_reason(const struct desk *d, const char *id)
{
    for (size_t i = 0; i < d->q.refused.n; i++) {
        if (bytes_is(d->q.refused.v[i].id, id)) {
            return d->q.refused.v[i].reason;
        }
    }
    return 0;
}

/* What the offer took off; 0 when it did not apply. */
static inline int64_t desk_saved(const struct desk *d, const char *id)
{
    for (size_t i = 0; i < d->q.applied.n; i++) {
        if (bytes_is(d->q.applied.v[i].id, id)) {
            return d->q.applied.v[i].discount;
        }
    }
    return 0;
}

/* What the offer owes the customer after the sale. */
static inline int64_t desk_owed(const struct desk *d, const char *id)
{
    for (size_t i = 0; i < d->q.applied.n; i++) {
        if (bytes_is(d->q.applied.v[i].id, id)) {
            return d->q.applied.v[i].cashback;
        }
    }
    return 0;
}

#endif
