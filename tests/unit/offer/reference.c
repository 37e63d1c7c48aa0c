/*
 * Both calculators agree on every figure of a great many random baskets; and what must hold whatever the
 * basket: the order of scanning and of lines, the size of the money, offers that did not count.
 */
#include "unit/offer/reference_price.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SLOWED 1
#endif
#endif
#ifdef SLOWED
enum { CASES = 20000 };
#else
enum { CASES = 250000 };
#endif

/* ---- random baskets, the same at each run ---- */

static uint64_t seed;

/* splitmix64 */
static uint64_t next_random(void)
{
    uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t below(int64_t n)
{
    return (int64_t)(next_random() % (uint64_t)n);
}

static bool chance(int64_t percent)
{
    return below(100) < percent;
}

/* Mostly small, so that ties, caps and zeros happen; now and then near the limit. */
static int64_t some_amount(void)
{
    return chance(60) ? below(30) : chance(90) ? below(100000) : below(AMOUNT_MAX / 10);
}

static struct bytes some_words[4];
static const char *const word_texts[] = {"a", "b", "c", "d"};

static void random_line(struct desk *d)
{
    struct line *line = desk_line(d, word_texts[below(4)], word_texts[below(3)], 0, 0, 0);
    line->unit_price = some_amount();
    line->quantity = line->unit_price > 1000000 ? 1000 : chance(70) ? 1000 * (1 + below(5)) : below(4000);
    line->quantity = chance(8) ? -line->quantity : line->quantity;
    line->tax = chance(50) ? 19000 : chance(50) ? below(100001) : 0;
    line->number = (int64_t)d->basket.lines.n * 37 % 101;
}

static void random_words(const struct bytes **v, size_t *n, int64_t percent)
{
    size_t first = (size_t)below(3);
    *v = &some_words[first];
    *n = chance(percent) ? (size_t)(1 + below((int64_t)(4 - first))) : 0;
}

static int64_t some_percent(void)
{
    int64_t v = 1 + (chance(50) ? below(100000) : below(20) * 5000);
    return v > 100000 ? 100000 : v;
}

static struct tier some_tiers[OFFERS][3];

static void random_tiers(struct offer *o, struct tier *tiers)
{
    int64_t from = chance(30) ? 0 : some_amount();
    o->tiers.v = tiers;
    o->tiers.n = (size_t)(1 + below(3));
    for (size_t i = 0; i < o->tiers.n; i++) {
        bool percent = chance(50);
        tiers[i] = (struct tier){from, percent ? some_percent() : NONE, percent ? NONE : 1 + some_amount()};
        from += 1 + some_amount();
    }
}

static void random_gives(struct offer *o, struct tier *tiers)
{
    o->gives = (int)below(6);
    switch (o->gives) {
    case GIVES_AMOUNT:
        o->amount = 1 + some_amount();
        break;
    case GIVES_PRICE:
        o->amount = some_amount();
        break;
    case GIVES_BUY_GET:
        o->buy = 1 + below(3);
        o->get = 1 + below(3);
        o->percent = chance(50) ? 100000 : some_percent();
        break;
    case GIVES_TIERS:
        random_tiers(o, tiers);
        break;
    default:
        o->percent = some_percent();
        o->cap = chance(25) ? 1 + some_amount() : NONE;
        break;
    }
}

static struct hours some_hours[OFFERS][2];

static void random_place(struct offer *o, struct hours *hours)
{
    random_words(&o->stores.v, &o->stores.n, 15);
    o->weekdays = chance(15) ? 1 + below(127) : 0;
    o->hours.v = hours;
    o->hours.n = chance(15) ? (size_t)(1 + below(2)) : 0;
    for (size_t i = 0; i < 2; i++) {
        hours[i].from = chance(50) ? 60 * below(24) : below(1440);
        do {
            hours[i].until = chance(50) ? 60 * below(25) : below(1441);
        } while (hours[i].until == hours[i].from);
    }
}

static void random_offer(struct desk *d)
{
    static const char *const ids[] = {"c1", "a1", "b2", "b1", "a2", "z0"}, *const groups[] = {"g", "h"};
    size_t i = d->n;
    struct offer *o = desk_offer(d, ids[i]);
    int64_t now = d->basket.time_ms == NONE ? 0 : d->basket.time_ms;
    random_gives(o, some_tiers[i]);
    random_place(o, some_hours[i]);
    o->min_spend = chance(25) ? some_amount() : NONE;
    o->min_quantity = chance(20) ? below(8000) : NONE;
    random_words(&o->category.v, &o->category.n, 30);
    random_words(&o->sku.v, &o->sku.n, 30);
    random_words(&o->exclude_sku.v, &o->exclude_sku.n, 20);
    o->priority = chance(70) ? 0 : below(3) - 1;
    o->exclusive = chance(8);
    o->group = chance(40) ? bytes_str(groups[below(2)]) : (struct bytes){0};
    o->funder = chance(30) ? bytes_str("manufacturer") : o->funder;
    o->valid_from = chance(5) ? now + below(2) : 0;
    o->valid_until = chance(5) ? now + below(2) : TIME_MAX;
    d->standings[i].reason = chance(5) ? TP_ALREADY_USED : 0;
    d->standings[i].budget_left = chance(25) ? some_amount() : NONE;
}

/* Around both clock changes of a year in Berlin, or long before any. */
static const struct zone_step steps[] = {{0, 60}, {1774746000000, 120}, {1792890000000, 60}};

static int64_t some_time(void)
{
    int64_t at = chance(20) ? below(300000000) : steps[1 + below(2)].from_ms + below(400000000) - 200000000;
    return chance(90) ? at : NONE;
}

static void random_desk(struct desk *d, void *memory, size_t size)
{
    desk_begin(d);
    arena_over(&d->arena, memory, size);
    d->basket.tax_included = chance(50);
    d->policy.manufacturer_before_tax = chance(50);
    d->policy.zone_steps.v = steps;
    d->policy.zone_steps.n = 3;
    d->basket.time_ms = some_time();
    d->basket.store = some_words[below(4)];
    for (int64_t n = below(LINES + 1); n > 0; n--) {
        random_line(d);
    }
    for (int64_t n = below(OFFERS + 1); n > 0; n--) {
        random_offer(d);
    }
}

/* ---- the comparison ---- */

static void compare_lines(const struct reference *r, const struct quote *q)
{
    for (size_t l = 0; l < q->lines.n; l++) {
        const struct quote_line *line = &q->lines.v[l];
        size_t shares = 0;
        assert_int_equal(line->number, r->d->lines[l].number);
        assert_int_equal(line->gross, r->gross[l]);
        assert_int_equal(line->net, r->left[l]);
        assert_int_equal(line->discount, r->gross[l] - r->left[l]);
        assert_int_equal(line->tax, r->tax[l]);
        for (size_t k = 0; k < r->ntaken; k++) {
            int64_t share = r->share[r->taken[k]][l];
            if (share) {
                assert_true(shares < line->shares.n);
                assert_int_equal(line->shares.v[shares].applied, (int64_t)k);
                assert_int_equal(line->shares.v[shares++].discount, share);
            }
        }
        assert_int_equal(shares, line->shares.n);
    }
}

static void compare_totals(const struct reference *r, const struct quote *q)
{
    int64_t gross = 0, net = 0, tax = 0, rates_net = 0, rates_tax = 0;
    for (size_t l = 0; l < r->d->basket.lines.n; l++) {
        gross += r->gross[l];
        net += r->left[l];
        tax += r->tax[l];
    }
    for (size_t i = 0; i < q->taxes.n; i++) {
        assert_true(i == 0 || q->taxes.v[i - 1].rate < q->taxes.v[i].rate);
        rates_net += q->taxes.v[i].net;
        rates_tax += q->taxes.v[i].tax;
    }
    assert_int_equal(q->gross, gross);
    assert_int_equal(q->net, net);
    assert_int_equal(q->discount, gross - net);
    assert_int_equal(q->tax, tax);
    assert_int_equal(rates_net, net);
    assert_int_equal(rates_tax, tax);
    assert_int_equal(q->due, net + (r->d->basket.tax_included ? 0 : tax));
}

static void compare_offers(const struct reference *r, const struct quote *q)
{
    int64_t cashback = 0;
    assert_int_equal(q->applied.n, r->ntaken);
    for (size_t k = 0; k < r->ntaken; k++) {
        assert_true(bytes_equal(q->applied.v[k].id, r->d->offers[r->taken[k]].id));
        assert_int_equal(q->applied.v[k].discount, r->saved[r->taken[k]]);
        assert_int_equal(q->applied.v[k].basis, r->basis[r->taken[k]]);
        assert_int_equal(q->applied.v[k].cashback, r->owed[r->taken[k]]);
        cashback += q->applied.v[k].cashback;
    }
    assert_int_equal(q->cashback, cashback);
    for (size_t i = 0; i < q->refused.n; i++) {
        const struct quote_refused *row = &q->refused.v[i];
        assert_true(i == 0 || memcmp(q->refused.v[i - 1].id.p, row->id.p, 2) < 0);
        for (size_t k = 0; k < r->d->n; k++) {
            if (bytes_equal(r->d->offers[k].id, row->id)) {
                assert_int_equal(row->reason, r->reason[k]);
                assert_true(row->missing == r->missing[k]);
            }
        }
    }
}

static void both_calculators_agree(void **state)
{
    static uint8_t memory[64 * 1024];
    struct desk d;
    struct reference r;
    int seen[64] = {0}, kinds[6] = {0}, gone = 0;
    (void)state;
    seed = 20261122;
    for (int i = 0; i < CASES; i++) {
        random_desk(&d, memory, sizeof memory);
        desk_price(&d);
        reference_price(&r, &d);
        compare_lines(&r, &d.q);
        compare_totals(&r, &d.q);
        compare_offers(&r, &d.q);
        for (size_t k = 0; k < d.q.refused.n; k++) {
            seen[d.q.refused.v[k].reason]++;
        }
        for (size_t k = 0; k < r.ntaken; k++) {
            kinds[d.offers[r.taken[k]].gives]++;
        }
        for (size_t k = 0; k < d.n; k++) {
            gone += d.offers[k].gives == GIVES_CASHBACK && r.reason[k] == TP_BUDGET_SPENT;
        }
    }
    /* The baskets reach every branch often enough to mean something. */
    static const int reasons[] = {TP_EXPIRED,           TP_NOT_YET_VALID, TP_WRONG_STORE,  TP_WRONG_TIME,
                                  TP_NO_MATCHING_ITEMS, TP_MIN_QUANTITY,  TP_MIN_SPEND,    TP_EXCLUSIVE,
                                  TP_STACKING_GROUP,    TP_NO_EFFECT,     TP_BUDGET_SPENT, TP_ALREADY_USED};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        assert_true(seen[reasons[i]] > CASES / 250);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_true(kinds[i] > CASES / 20);
    }
    assert_true(gone > CASES / 250);
}

/* ---- the order of offers and of lines does not matter ---- */

static void shuffle_offers(struct desk *d)
{
    for (size_t i = d->n; i > 1; i--) {
        size_t k = (size_t)below((int64_t)i);
        const struct offer *o = d->table[i - 1];
        struct standing s = d->standings[i - 1];
        d->table[i - 1] = d->table[k];
        d->standings[i - 1] = d->standings[k];
        d->table[k] = o;
        d->standings[k] = s;
    }
}

static void shuffle_lines(struct desk *d)
{
    for (size_t i = d->basket.lines.n; i > 1; i--) {
        size_t k = (size_t)below((int64_t)i);
        struct line line = d->lines[i - 1];
        d->lines[i - 1] = d->lines[k];
        d->lines[k] = line;
    }
}

static const struct quote_line *line_of(const struct quote *q, int64_t number)
{
    for (size_t i = 0; i < q->lines.n; i++) {
        if (q->lines.v[i].number == number) {
            return &q->lines.v[i];
        }
    }
    return NULL;
}

static void same_but_for_order_of_lines(const struct quote *a, const struct quote *b)
{
    assert_int_equal(a->applied.n, b->applied.n);
    assert_int_equal(a->refused.n, b->refused.n);
    assert_int_equal(a->due, b->due);
    assert_int_equal(a->tax, b->tax);
    for (size_t i = 0; i < a->applied.n; i++) {
        assert_true(bytes_equal(a->applied.v[i].id, b->applied.v[i].id));
        assert_int_equal(a->applied.v[i].discount, b->applied.v[i].discount);
        assert_int_equal(a->applied.v[i].cashback, b->applied.v[i].cashback);
    }
    for (size_t i = 0; i < a->refused.n; i++) {
        assert_true(bytes_equal(a->refused.v[i].id, b->refused.v[i].id));
        assert_int_equal(a->refused.v[i].reason, b->refused.v[i].reason);
    }
    for (size_t i = 0; i < a->lines.n; i++) {
        const struct quote_line *one = &a->lines.v[i], *other = line_of(b, one->number);
        assert_non_null(other);
        assert_int_equal(one->net, other->net);
        assert_int_equal(one->tax, other->tax);
        assert_int_equal(one->shares.n, other->shares.n);
        for (size_t k = 0; k < one->shares.n; k++) {
            assert_int_equal(one->shares.v[k].applied, other->shares.v[k].applied);
            assert_int_equal(one->shares.v[k].discount, other->shares.v[k].discount);
        }
    }
}

static void order_does_not_matter(void **state)
{
    static uint8_t memory[64 * 1024];
    struct desk d;
    (void)state;
    seed = 4711;
    for (int i = 0; i < CASES / 5; i++) {
        random_desk(&d, memory, sizeof memory);
        desk_price(&d);
        struct quote first = d.q;
        shuffle_offers(&d);
        desk_price(&d);
        same_but_for_order_of_lines(&first, &d.q);
        shuffle_lines(&d);
        desk_price(&d);
        same_but_for_order_of_lines(&first, &d.q);
    }
}

/* An offer that was refused for anything but its place among the others may as well not be there. */
static void a_refused_offer_changes_nothing(void **state)
{
    static uint8_t memory[64 * 1024];
    struct desk d;
    (void)state;
    seed = 99;
    for (int i = 0; i < CASES / 5; i++) {
        random_desk(&d, memory, sizeof memory);
        desk_price(&d);
        struct quote first = d.q;
        size_t kept = 0;
        for (size_t k = 0; k < d.n; k++) {
            if (!desk_reason(&d,
                             (const char[]){(char)d.table[k]->id.p[0], (char)d.table[k]->id.p[1], '\0'})) {
                d.table[kept] = d.table[k];
                d.standings[kept++] = d.standings[k];
            }
        }
        d.n = kept;
        desk_price(&d);
        assert_int_equal(d.q.refused.n, 0);
        assert_int_equal(d.q.applied.n, first.applied.n);
        assert_int_equal(d.q.due, first.due);
        assert_int_equal(d.q.discount, first.discount);
        assert_int_equal(d.q.cashback, first.cashback);
    }
}

/* ---- ten times the money is ten times the price, where nothing is rounded ---- */

/* Money in round pieces, percentages in tenths of the whole: six of them in a row still leave integers. */
static int64_t round_amount(void)
{
    return (1 + below(20)) * 1000000000;
}

static void round_offer(struct desk *d)
{
    random_offer(d);
    struct offer *o = &d->offers[d->n - 1];
    static const int kinds[] = {GIVES_PERCENT, GIVES_PRICE, GIVES_BUY_GET, GIVES_TIERS, GIVES_CASHBACK};
    bool one_line = d->basket.lines.n == 1; /* shares over several lines would be rounded */
    o->gives = one_line && chance(20) ? GIVES_AMOUNT : kinds[below(5)];
    o->percent = o->cap = o->amount = NONE;
    o->buy = o->get = 0;
    o->tiers.n = 0;
    o->min_spend = chance(25) ? round_amount() : NONE;
    d->standings[d->n - 1].budget_left = chance(20) ? round_amount() : NONE;
    if (o->gives == GIVES_AMOUNT || o->gives == GIVES_PRICE) {
        o->amount = round_amount();
        return;
    }
    if (o->gives == GIVES_TIERS) {
        some_tiers[d->n - 1][0] = (struct tier){round_amount(), 10000 * (1 + below(10)), NONE};
        o->tiers.v = some_tiers[d->n - 1];
        o->tiers.n = 1;
        return;
    }
    o->percent = 10000 * (1 + below(10));
    o->buy = o->gives == GIVES_BUY_GET ? 1 + below(3) : 0;
    o->get = o->gives == GIVES_BUY_GET ? 1 + below(3) : 0;
    o->cap = o->gives == GIVES_CASHBACK || (one_line && o->gives == GIVES_PERCENT)
                 ? (chance(50) ? NONE : round_amount())
                 : NONE;
}

static void round_desk(struct desk *d, void *memory, size_t size)
{
    random_desk(d, memory, size);
    d->n = 0;
    d->basket.tax_included = false;
    for (size_t i = 0; i < d->basket.lines.n; i++) {
        d->lines[i].unit_price = round_amount();
        d->lines[i].quantity = 1000 * (1 + below(5));
        d->lines[i].tax = 10000 * below(4);
    }
    for (int64_t n = below(OFFERS + 1); n > 0; n--) {
        round_offer(d);
    }
}

static void tenfold(int64_t *v)
{
    *v = *v == NONE ? NONE : *v * 10;
}

static void scale_desk(struct desk *d)
{
    for (size_t i = 0; i < d->basket.lines.n; i++) {
        tenfold(&d->lines[i].unit_price);
    }
    for (size_t i = 0; i < d->n; i++) {
        tenfold(&d->offers[i].min_spend);
        tenfold(&d->offers[i].amount);
        tenfold(&d->offers[i].cap);
        if (d->offers[i].tiers.n) {
            tenfold(&some_tiers[i][0].min_spend);
        }
        tenfold(&d->standings[i].budget_left);
    }
}

static void ten_times_the_money_is_ten_times_the_price(void **state)
{
    static uint8_t memory[64 * 1024];
    struct desk d;
    (void)state;
    seed = 1010;
    for (int i = 0; i < CASES / 5; i++) {
        round_desk(&d, memory, sizeof memory);
        desk_price(&d);
        struct quote one = d.q;
        scale_desk(&d);
        desk_price(&d);
        assert_int_equal(d.q.gross, 10 * one.gross);
        assert_int_equal(d.q.discount, 10 * one.discount);
        assert_int_equal(d.q.tax, 10 * one.tax);
        assert_int_equal(d.q.due, 10 * one.due);
        assert_int_equal(d.q.cashback, 10 * one.cashback);
        assert_int_equal(d.q.applied.n, one.applied.n);
        for (size_t k = 0; k < one.applied.n; k++) {
            assert_true(bytes_equal(one.applied.v[k].id, d.q.applied.v[k].id));
            assert_int_equal(d.q.applied.v[k].discount, 10 * one.applied.v[k].discount);
        }
        for (size_t k = 0; k < one.refused.n; k++) {
            assert_int_equal(d.q.refused.v[k].reason, one.refused.v[k].reason);
        }
        for (size_t k = 0; k < one.lines.n; k++) {
            assert_int_equal(d.q.lines.v[k].net, 10 * one.lines.v[k].net);
        }
    }
}

int main(void)
{
    for (size_t i = 0; i < 4; i++) {
        some_words[i] = bytes_str(word_texts[i]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_calculators_agree),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(a_refused_offer_changes_nothing),
        cmocka_unit_test(ten_times_the_money_is_ten_times_the_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
