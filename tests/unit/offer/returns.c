/* What comes back when goods come back: the rules, and what must hold for any sale and any way to bring it
 * back. */
#include "unit/offer/make.h"

#include "offer/returns.h"

struct till {
    struct desk d;
    struct returned state[DESK_LINES];
    struct returned_offer reversed[DESK_OFFERS];
    const struct offer *terms[DESK_OFFERS];
    struct sold sale;
    struct refund refund;
};

/* Prices the desk and takes it as sold. */
static void sell(struct till *t)
{
    struct desk *d = &t->d;
    desk_price(d);
    for (size_t k = 0; k < d->q.applied.n; k++) {
        for (size_t i = 0; i < d->n; i++) {
            if (bytes_equal(d->offers[i].id, d->q.applied.v[k].id)) {
                t->terms[k] = &d->offers[i];
            }
        }
    }
    t->sale = (struct sold){&d->policy, &d->basket, &d->q, t->terms};
    memset(t->state, 0, sizeof t->state);
}

static int try_return(struct till *t, const int64_t *now)
{
    t->d.e = (struct err){0};
    return offer_return(&t->sale, t->state, now, t->state, t->reversed, &t->refund, &t->d.arena, &t->d.e);
}

/* Brings back whole units of one line. */
static int64_t bring_back(struct till *t, size_t line, int64_t units)
{
    int64_t now[DESK_LINES] = {0};
    now[line] = units * 1000;
    assert_int_equal(try_return(t, now), 0);
    assert_int_equal(t->refund.gross - t->refund.discount, t->refund.net);
    return t->refund.due;
}

static void sell_six_at_fifty(struct till *t, int rule)
{
    desk_begin(&t->d);
    desk_line(&t->d, "a", "", 6, 5000, 19);
    struct offer *o = desk_percent(&t->d, "p", 10);
    o->min_spend = 30000;
    o->returns = rule;
    sell(t);
    assert_int_equal(t->d.q.due, 27000);
}

/* The published example: 6 x 50.00, 10% from 300.00, five come back. */
static void the_published_example(void **state)
{
    static const int64_t want[][2] = {
        {RETURNS_KEEP, 22500}, {RETURNS_CLAW_BACK, 22000}, {RETURNS_READJUDICATE, 22000}};
    struct till t;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        sell_six_at_fifty(&t, (int)want[i][0]);
        assert_int_equal(bring_back(&t, 0, 5), want[i][1]);
        assert_int_equal(t.refund.rule, want[i][0]);
        assert_int_equal(t.refund.gross, 25000);
        assert_int_equal(t.reversed[0].discount, i == 0 ? 2500 : 3000);
        assert_int_equal(bring_back(&t, 0, 1), 27000 - want[i][1]); /* and the sixth: all that was paid */
        assert_int_equal(t.reversed[0].discount, 3000);
        assert_int_equal(t.state[0].taken_back, 0);
        desk_end(&t.d);
    }
}

static void the_last_unit_takes_the_remainder(void **state)
{
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 3, 100, 0);
    desk_amount(&t.d, "x", 100); /* 2.00 for three: 0.67, 0.66, 0.67 */
    sell(&t);
    assert_int_equal(bring_back(&t, 0, 1), 67);
    assert_int_equal(bring_back(&t, 0, 1), 66);
    assert_int_equal(bring_back(&t, 0, 1), 67);
    assert_int_equal(bring_back(&t, 0, 0), 0);
    desk_end(&t.d);
}

static void weighed_goods_come_back_in_parts(void **state)
{
    int64_t now[DESK_LINES] = {0};
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 0, 999, 0)->quantity = 1500; /* 14.985: 14.99 */
    sell(&t);
    now[0] = 333;
    assert_int_equal(try_return(&t, now), 0);
    assert_int_equal(t.refund.due, 333); /* 14.99 x 0.333 / 1.5 = 3.32778 */
    now[0] = 1167;
    assert_int_equal(try_return(&t, now), 0);
    assert_int_equal(t.refund.due, 1499 - 333);
    desk_end(&t.d);
}

static void more_than_was_sold_is_refused(void **state)
{
    int64_t now[DESK_LINES] = {0};
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 2, 100, 0);
    desk_line(&t.d, "b", "", -1, 100, 0);
    desk_line(&t.d, "c", "", 0, 100, 0);
    sell(&t);
    assert_int_equal(bring_back(&t, 0, 1), 100);
    struct returned before[DESK_LINES];
    memcpy(before, t.state, sizeof before);
    memset(&t.refund, 0x5A, sizeof t.refund);
    struct refund untouched = t.refund;
    static const int64_t bad[][3] = {{2000, 0, 0}, {1001, 0, 0}, {-1, 0, 0},
                                     {0, 1, 0},    {0, 0, 1},    {INT64_MAX, 0, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(now, bad[i], sizeof bad[i]);
        assert_int_equal(try_return(&t, now), TP_BAD_VALUE);
        assert_true(strncmp(t.d.e.text, "$.lines[", 8) == 0);
        assert_memory_equal(t.state, before, sizeof before);
        assert_memory_equal(&t.refund, &untouched, sizeof untouched);
    }
    desk_end(&t.d);
}

static void a_state_that_cannot_be_is_refused(void **state)
{
    static const struct returned bad[] = {{-1, 0, 0}, {2001, 0, 0},           {0, -1, 0},       {0, 201, 0},
                                          {0, 0, -1}, {0, 0, AMOUNT_MAX + 1}, {0, INT64_MAX, 0}};
    int64_t now[DESK_LINES] = {0};
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 2, 100, 0);
    sell(&t);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        t.state[0] = bad[i];
        assert_int_equal(try_return(&t, now), TP_BAD_VALUE);
    }
    t.state[0] = (struct returned){0};
    t.d.lines[0].number = 9; /* not the lines that the quote is of */
    assert_int_equal(try_return(&t, now), TP_BAD_VALUE);
    t.d.lines[0].number = 1;
    t.d.basket.lines.n = 0;
    assert_int_equal(try_return(&t, now), TP_BAD_VALUE);
    desk_end(&t.d);
}

/* Two lines, 10% from 300.00: the kept one becomes dearer, by no more than comes back. */
static void a_clawed_discount_is_taken_from_the_refund(void **state)
{
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 1, 20000, 0);
    desk_line(&t.d, "b", "", 1, 10000, 0);
    struct offer *o = desk_percent(&t.d, "p", 10);
    o->min_spend = 30000;
    o->returns = RETURNS_CLAW_BACK;
    sell(&t);
    assert_int_equal(bring_back(&t, 0, 1), 17000); /* 180.00 less the 10.00 on b */
    assert_int_equal(t.state[1].taken_back, 1000);
    assert_int_equal(t.reversed[0].discount, 3000);
    assert_int_equal(t.refund.discount, 3000);
    assert_int_equal(bring_back(&t, 1, 1), 10000);
    desk_end(&t.d);
}

static void no_more_is_taken_back_than_the_refund(void **state)
{
    struct till t;
    (void)state;
    for (int rule = RETURNS_CLAW_BACK; rule <= RETURNS_READJUDICATE; rule++) {
        desk_begin(&t.d);
        desk_line(&t.d, "a", "", 1, 29900, 0);
        desk_line(&t.d, "b", "", 1, 100, 0);
        struct offer *o = desk_percent(&t.d, "p", 10);
        o->min_spend = 30000;
        o->returns = rule;
        sell(&t);
        assert_int_equal(bring_back(&t, 1, 1), 0); /* 0.90, and 29.90 were to be taken back */
        assert_int_equal(t.state[0].taken_back, 90);
        assert_int_equal(bring_back(&t, 0, 1), 27000);
        desk_end(&t.d);
    }
}

/* 20% from 100.00, 5% from 50.00: with 60.00 kept, the needs of the offer are still met, its higher tier is
 * not. */
static void tiers_fall_when_read_anew(void **state)
{
    static const struct tier tiers[] = {{5000, 5000, NONE}, {10000, 20000, NONE}};
    struct till t;
    (void)state;
    for (int rule = RETURNS_KEEP; rule <= RETURNS_READJUDICATE; rule++) {
        desk_begin(&t.d);
        desk_line(&t.d, "a", "", 1, 6000, 0);
        desk_line(&t.d, "b", "", 1, 4000, 0);
        desk_tiers(&t.d, "t", tiers, 2)->returns = rule;
        sell(&t);
        assert_int_equal(bring_back(&t, 1, 1), rule == RETURNS_READJUDICATE ? 8000 - 5700 : 3200);
        assert_int_equal(t.reversed[0].discount, rule == RETURNS_READJUDICATE ? 1700 : 800);
        desk_end(&t.d);
        desk_begin(&t.d);
        desk_line(&t.d, "a", "", 1, 4000, 0);
        desk_line(&t.d, "b", "", 1, 6000, 0);
        desk_tiers(&t.d, "t", tiers, 2)->returns = rule;
        sell(&t);
        assert_int_equal(bring_back(&t, 1, 1), rule == RETURNS_KEEP ? 4800 : 4000); /* below the first tier */
        desk_end(&t.d);
    }
}

static void a_free_unit_does_not_stay_free(void **state)
{
    struct till t;
    (void)state;
    for (int rule = RETURNS_KEEP; rule <= RETURNS_READJUDICATE; rule++) {
        desk_begin(&t.d);
        desk_line(&t.d, "a", "", 2, 1000, 0);
        desk_line(&t.d, "b", "", 1, 600, 0);
        desk_buy_get(&t.d, "3for2", 2, 1, 100)->returns = rule;
        sell(&t);
        assert_int_equal(t.d.q.due, 2000);
        assert_int_equal(bring_back(&t, 0, 1), rule == RETURNS_KEEP ? 1000 : 400);
        assert_int_equal(t.reversed[0].discount, rule == RETURNS_KEEP ? 0 : 600);
        assert_int_equal(bring_back(&t, 1, 1), rule == RETURNS_KEEP ? 0 : 600);
        desk_end(&t.d);
    }
}

/* Priced anew, the kept line would cost less: the cap does not bind any more. It does not get cheaper. */
static void no_kept_line_gets_cheaper(void **state)
{
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 1, 10000, 0);
    desk_line(&t.d, "b", "", 1, 10000, 0);
    struct offer *o = desk_percent(&t.d, "p", 50);
    o->cap = 6000; /* 30.00 on each */
    o->returns = RETURNS_READJUDICATE;
    sell(&t);
    assert_int_equal(bring_back(&t, 0, 1), 7000);
    assert_int_equal(t.state[1].taken_back, 0);
    assert_int_equal(t.reversed[0].discount, 3000);
    desk_end(&t.d);
}

static void the_strictest_rule_governs(void **state)
{
    static const int rules[][3] = {{RETURNS_KEEP, RETURNS_CLAW_BACK, RETURNS_CLAW_BACK},
                                   {RETURNS_READJUDICATE, RETURNS_CLAW_BACK, RETURNS_READJUDICATE},
                                   {RETURNS_KEEP, RETURNS_KEEP, RETURNS_KEEP},
                                   {RETURNS_KEEP, RETURNS_READJUDICATE, RETURNS_READJUDICATE}};
    struct till t;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        desk_begin(&t.d);
        desk_line(&t.d, "a", "", 2, 1000, 0);
        desk_amount(&t.d, "x", 100)->returns = rules[i][0];
        desk_percent(&t.d, "y", 10)->returns = rules[i][1];
        desk_amount(&t.d, "none", 5)->min_spend = 99999; /* refused: its rule counts for nothing */
        t.d.offers[2].returns = RETURNS_READJUDICATE;
        sell(&t);
        bring_back(&t, 0, 1);
        assert_int_equal(t.refund.rule, rules[i][2]);
        desk_end(&t.d);
    }
}

static void tax_on_top_comes_back_with_the_goods(void **state)
{
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 3, 1000, 19);
    t.d.basket.tax_included = false;
    struct offer *o = desk_percent(&t.d, "p", 10);
    o->min_spend = 3000;
    o->returns = RETURNS_CLAW_BACK;
    sell(&t);
    assert_int_equal(t.d.q.due, 2700 + 513);
    /* 9.00 and 1.71 each for two; the third costs 10.00 and 1.90 now, 1.19 more than it did. */
    assert_int_equal(bring_back(&t, 0, 2), 1800 + 342 - 119);
    assert_int_equal(t.refund.tax, 342 - 19);
    assert_int_equal(t.refund.net, 1700);
    assert_int_equal(bring_back(&t, 0, 1), 1190);
    assert_int_equal(t.refund.tax, 190);
    desk_end(&t.d);
}

static void included_tax_is_within_the_refund(void **state)
{
    struct till t;
    (void)state;
    sell_six_at_fifty(&t, RETURNS_CLAW_BACK);
    assert_int_equal(t.d.q.tax, 4311); /* 270.00 x 19 / 119 */
    bring_back(&t, 0, 5);
    assert_int_equal(t.refund.net, 22000);
    assert_int_equal(t.refund.tax, 3593 - 80); /* 43.11 x 5 / 6, less the tax in 5.00 */
    bring_back(&t, 0, 1);
    assert_int_equal(t.refund.tax, 4311 - 3593 + 80);
    desk_end(&t.d);
}

static void cashback_is_owed_for_what_stays(void **state)
{
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 4, 1000, 0);
    desk_line(&t.d, "b", "", 1, 1000, 0);
    offer_sku(desk_cashback(&t.d, "back", 10), &t.d.lines[0].sku);
    sell(&t);
    assert_int_equal(t.d.q.cashback, 400);
    assert_int_equal(bring_back(&t, 1, 1), 1000);
    assert_int_equal(t.reversed[0].cashback, 0);
    assert_int_equal(bring_back(&t, 0, 1), 1000);
    assert_int_equal(t.reversed[0].cashback, 100);
    bring_back(&t, 0, 3);
    assert_int_equal(t.reversed[0].cashback, 400);
    assert_int_equal(t.reversed[0].discount, 0);
    desk_end(&t.d);
}

/* A quote that came from elsewhere may say anything of itself; no more comes back than was owed. */
static void no_more_cashback_comes_back_than_was_owed(void **state)
{
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 4, 1000, 0);
    desk_cashback(&t.d, "back", 10);
    sell(&t);
    ((struct quote_applied *)t.d.q.applied.v)[0].basis = 1;
    bring_back(&t, 0, 2);
    assert_int_equal(t.reversed[0].cashback, 400);
    desk_end(&t.d);
}

/* Three parts of 34 over three units are cut three times: 69 would stay on two units of 34. */
static void a_kept_unit_costs_at_most_its_list_price(void **state)
{
    int64_t now[DESK_LINES] = {1000, 1000};
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 3, 34, 0);
    desk_line(&t.d, "b", "", 1, 1000, 0);
    for (int i = 0; i < 2; i++) {
        struct offer *o = desk_amount(&t.d, i ? "x" : "y", 34);
        offer_sku(o, &t.d.lines[0].sku);
        o->min_quantity = 3000;
        o->returns = RETURNS_CLAW_BACK;
    }
    sell(&t);
    assert_int_equal(t.d.q.lines.v[0].net, 34);
    assert_int_equal(try_return(&t, now), 0);
    assert_int_equal(t.refund.due, 1034 - 68);
    desk_end(&t.d);
}

/* What comes back with b, its own dearness included, goes towards c, which has just lost its second offer. */
static void what_is_given_back_counts_for_what_is_taken(void **state)
{
    struct bytes skus[] = {bytes_str("b"), bytes_str("c")};
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 1, 20000, 0);
    desk_line(&t.d, "b", "", 1, 100, 0);
    desk_line(&t.d, "c", "", 1, 10000, 0);
    struct offer *first = desk_percent(&t.d, "first", 10), *second = desk_percent(&t.d, "second", 50);
    first->priority = 1;
    first->min_spend = 30100;
    second->sku.v = skus;
    second->sku.n = 2;
    second->min_quantity = 2000;
    first->returns = second->returns = RETURNS_CLAW_BACK;
    sell(&t);
    assert_int_equal(bring_back(&t, 0, 1), 18000 - 10 - 1000);
    assert_int_equal(bring_back(&t, 1, 1), 0); /* 0.45 and the 0.10, all of it taken for c's 45.00 */
    assert_int_equal(t.state[2].taken_back, 1000 + 55);
    assert_int_equal(bring_back(&t, 2, 1), 4500 + 1055);
    desk_end(&t.d);
}

/* Taxed before the discount: the tax on it was paid, and is not asked for again. */
static void a_manufacturers_discount_was_taxed_already(void **state)
{
    struct till t;
    (void)state;
    desk_begin(&t.d);
    desk_line(&t.d, "a", "", 2, 1000, 10);
    t.d.basket.tax_included = false;
    t.d.policy.manufacturer_before_tax = true;
    struct offer *o = desk_amount(&t.d, "m", 300);
    o->funder = bytes_str("manufacturer");
    o->min_quantity = 2000;
    o->returns = RETURNS_CLAW_BACK;
    o->priority = 1;
    desk_amount(&t.d, "s", 200); /* this one stays */
    sell(&t);
    assert_int_equal(t.d.q.due, 1500 + 180);
    assert_int_equal(bring_back(&t, 0, 1), 750 + 90 - 150);
    t.d.policy.manufacturer_before_tax = false;
    sell(&t);
    assert_int_equal(t.d.q.due, 1500 + 150);
    assert_int_equal(bring_back(&t, 0, 1), 750 + 75 - 150 - 15);
    desk_end(&t.d);
}

static void memory_is_bounded_as_published(void **state)
{
    int64_t now[DESK_LINES] = {1000};
    static uint8_t memory[1 << 20];
    struct till t;
    bool worked = false;
    (void)state;
    sell_six_at_fifty(&t, RETURNS_READJUDICATE);
    struct arena whole = t.d.arena;
    size_t most = offer_return_memory(1, 1);
    assert_true(most <= sizeof memory);
    for (size_t n = 0; n <= most; n += 8) {
        arena_over(&t.d.arena, memory, n);
        memset(t.state, 0, sizeof t.state);
        int rc = try_return(&t, now);
        assert_true(worked ? rc == 0 : rc == 0 || rc == TP_E_MEMORY);
        worked = worked || rc == 0;
    }
    assert_true(worked);
    t.d.arena = whole;
    desk_end(&t.d);
}

/* ---- any sale, brought back in any way ---- */

static uint64_t seed = 5050;

/* splitmix64 */
static int64_t below(int64_t n)
{
    uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (int64_t)((z ^ (z >> 31)) % (uint64_t)n);
}

static void random_sale(struct till *t, void *memory, size_t size)
{
    static const char *const skus[] = {"a", "b", "c"}, *const ids[] = {"o1", "o2", "o3"};
    static struct tier tiers[3][2];
    desk_begin(&t->d);
    arena_over(&t->d.arena, memory, size);
    t->d.basket.tax_included = below(2);
    t->d.policy.manufacturer_before_tax = below(2);
    for (int64_t n = 1 + below(5); n > 0; n--) {
        struct line *line =
            desk_line(&t->d, skus[below(3)], "", 1 + below(5), below(2) ? below(20) : below(9999), 0);
        line->quantity = below(8) ? line->quantity : below(3) ? below(4000) : -line->quantity;
        line->tax = below(3) * 9500;
    }
    for (size_t i = 0, n = (size_t)below(4); i < n; i++) {
        tiers[i][0] = (struct tier){below(3000), 1 + below(50000), NONE};
        tiers[i][1] = (struct tier){3000 + below(9000), NONE, 1 + below(3000)};
        struct offer *o = below(4)   ? desk_percent(&t->d, ids[i], 1 + below(100))
                          : below(2) ? desk_amount(&t->d, ids[i], 1 + below(3000))
                          : below(3) ? desk_buy_get(&t->d, ids[i], 1 + below(2), 1, 50 + below(51))
                                     : desk_tiers(&t->d, ids[i], tiers[i], 2);
        if (o->gives == GIVES_PERCENT && !below(4)) {
            o->gives = GIVES_CASHBACK;
        }
        o->min_spend = below(2) ? below(12000) : NONE;
        o->min_quantity = below(3) ? NONE : below(6000);
        o->funder = below(3) ? o->funder : bytes_str("manufacturer");
        o->returns = (int)below(3);
        if (!below(3)) {
            offer_sku(o, &t->d.lines[0].sku);
        }
    }
    sell(t);
}

struct so_far {
    int64_t due, gross, net, tax;
};

static int64_t line_paid(const struct till *t, size_t i)
{
    const struct quote_line *line = &t->d.q.lines.v[i];
    return line->net + (t->d.basket.tax_included ? 0 : line->tax);
}

/* What holds after each return, whatever came before it. */
static void check_step(const struct till *t, const struct returned *before, const int64_t *now, int64_t paid,
                       const struct so_far *sum)
{
    int64_t own = 0, dearer = 0;
    assert_true(t->refund.due >= 0);
    assert_true(sum->due <= paid);
    assert_int_equal(t->refund.gross - t->refund.discount, t->refund.net);
    for (size_t i = 0; i < t->d.basket.lines.n; i++) {
        const struct returned *b = &before[i], *a = &t->state[i];
        int64_t sold = t->d.lines[i].quantity > 0 ? t->d.lines[i].quantity : 0;
        assert_int_equal(a->quantity, b->quantity + now[i]);
        assert_true(a->refunded >= b->refunded && a->refunded <= (sold ? line_paid(t, i) : 0));
        assert_true(a->taken_back >= 0);
        own += a->refunded - b->refunded;
        dearer += a->taken_back - b->taken_back;
        if (sold && t->d.basket.tax_included) { /* the formula, by its definition: |2 (x q - net n)| <= q */
            int64_t gap = 2 * (a->refunded * sold - t->d.q.lines.v[i].net * a->quantity);
            assert_true(gap <= sold && gap > -sold);
        }
        if (a->quantity < sold) { /* per unit, a kept line never gets cheaper by more than a rounded unit */
            int64_t was = line_paid(t, i) - b->refunded + b->taken_back;
            int64_t is = line_paid(t, i) - a->refunded + a->taken_back;
            assert_true((is + 2) * (sold - b->quantity) >= was * (sold - a->quantity));
        }
        assert_true(t->refund.rule != RETURNS_KEEP || a->taken_back == 0);
    }
    assert_int_equal(t->refund.due, own - dearer);
    for (size_t k = 0; k < t->d.q.applied.n; k++) {
        assert_true(t->reversed[k].discount >= 0 && t->reversed[k].discount <= t->d.q.applied.v[k].discount);
        assert_true(t->reversed[k].cashback >= 0 && t->reversed[k].cashback <= t->d.q.applied.v[k].cashback);
    }
}

/* Some of what is still there; all of it in the end. */
static bool pick_some(const struct till *t, int64_t *now, bool all)
{
    bool any = false;
    for (size_t i = 0; i < t->d.basket.lines.n; i++) {
        int64_t sold = t->d.lines[i].quantity > 0 ? t->d.lines[i].quantity : 0,
                rest = sold - t->state[i].quantity;
        now[i] = all || below(3) == 0 ? rest
                 : below(3) == 0      ? below(rest + 1)
                                      : below(rest / 1000 + 1) * 1000;
        any = any || rest > 0;
    }
    return any;
}

static void whatever_comes_back_sums_to_what_was_paid(void **state)
{
    static uint8_t memory[1 << 20];
    int steps = 0, clawed = 0, nothing = 0;
    (void)state;
    for (int i = 0; i < 30000; i++) {
        struct till t;
        struct so_far sum = {0};
        int64_t now[DESK_LINES], paid = 0, gross = 0, net = 0, tax = 0;
        random_sale(&t, memory, sizeof memory);
        for (size_t l = 0; l < t.d.basket.lines.n; l++) {
            bool sold = t.d.lines[l].quantity > 0;
            paid += sold ? line_paid(&t, l) : 0;
            gross += sold ? t.d.q.lines.v[l].gross : 0;
            net += sold ? t.d.q.lines.v[l].net : 0;
            tax += sold ? t.d.q.lines.v[l].tax : 0;
        }
        struct arena sold = t.d.arena;
        for (int step = 0; pick_some(&t, now, step == 5); step++) {
            struct returned before[DESK_LINES];
            memcpy(before, t.state, sizeof before);
            t.d.arena = sold;
            assert_int_equal(try_return(&t, now), 0);
            sum.due += t.refund.due;
            sum.gross += t.refund.gross;
            sum.net += t.refund.net;
            sum.tax += t.refund.tax;
            check_step(&t, before, now, paid, &sum);
            steps++;
            for (size_t l = 0; l < t.d.basket.lines.n; l++) {
                clawed += t.state[l].taken_back > before[l].taken_back;
            }
            nothing += t.refund.due == 0;
        }
        assert_int_equal(sum.due, paid);
        assert_int_equal(sum.gross, gross);
        assert_int_equal(sum.net, net);
        assert_int_equal(sum.tax, tax);
        for (size_t k = 0; k < t.d.q.applied.n; k++) {
            assert_true(paid == 0 || t.reversed[k].discount == t.d.q.applied.v[k].discount);
        }
    }
    assert_true(steps > 60000 && clawed > 5000 && nothing > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example),
        cmocka_unit_test(the_last_unit_takes_the_remainder),
        cmocka_unit_test(weighed_goods_come_back_in_parts),
        cmocka_unit_test(more_than_was_sold_is_refused),
        cmocka_unit_test(a_state_that_cannot_be_is_refused),
        cmocka_unit_test(a_clawed_discount_is_taken_from_the_refund),
        cmocka_unit_test(no_more_is_taken_back_than_the_refund),
        cmocka_unit_test(tiers_fall_when_read_anew),
        cmocka_unit_test(a_free_unit_does_not_stay_free),
        cmocka_unit_test(no_kept_line_gets_cheaper),
        cmocka_unit_test(the_strictest_rule_governs),
        cmocka_unit_test(tax_on_top_comes_back_with_the_goods),
        cmocka_unit_test(included_tax_is_within_the_refund),
        cmocka_unit_test(cashback_is_owed_for_what_stays),
        cmocka_unit_test(no_more_cashback_comes_back_than_was_owed),
        cmocka_unit_test(a_kept_unit_costs_at_most_its_list_price),
        cmocka_unit_test(what_is_given_back_counts_for_what_is_taken),
        cmocka_unit_test(a_manufacturers_discount_was_taxed_already),
        cmocka_unit_test(memory_is_bounded_as_published),
        cmocka_unit_test(whatever_comes_back_sums_to_what_was_paid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
