/*
 * A second calculator, made from the rules alone: fractions instead of rounding helpers, a new start after
 * each spent budget, the next best offer looked for each time, no sorting and no sums kept. It shares no code
 * with the room, and both must agree on every figure of 100,000 random baskets.
 */
#include "unit/offer/make.h"

__extension__ typedef __int128 i128;

enum { CASES = 100000, LINES = 7, OFFERS = 6 };

/* ---- the reference ---- */

struct fraction {
    i128 over, under; /* under > 0 */
};

/* Half away from zero. */
static int64_t round_fraction(struct fraction f)
{
    i128 size = f.over < 0 ? -f.over : f.over;
    i128 whole = size / f.under;
    if ((size - whole * f.under) * 2 >= f.under) {
        whole++;
    }
    return (int64_t)(f.over < 0 ? -whole : whole);
}

struct reference {
    const struct desk *d;
    int reason[OFFERS];
    int64_t missing[OFFERS], saved[OFFERS], basis[OFFERS];
    size_t taken[OFFERS], ntaken;
    int64_t gross[LINES], left[LINES], share[OFFERS][LINES], tax[LINES];
};

static bool in_list(const struct bytes *v, size_t n, struct bytes text)
{
    for (size_t i = 0; i < n; i++) {
        if (v[i].n == text.n && memcmp(v[i].p, text.p, text.n) == 0) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct offer *o, const struct line *line)
{
    bool wanted = o->sku.n == 0 && o->category.n == 0;
    wanted = wanted || in_list(o->sku.v, o->sku.n, line->sku);
    wanted = wanted || in_list(o->category.v, o->category.n, line->category);
    return line->quantity >= 0 && wanted && !in_list(o->exclude_sku.v, o->exclude_sku.n, line->sku);
}

/* What the offer would take off lines that cost these amounts. */
static int64_t saving(const struct desk *d, const struct offer *o, const int64_t *cost, int64_t *basis)
{
    i128 sum = 0;
    for (size_t i = 0; i < d->basket.lines.n; i++) {
        sum += matches(o, &d->lines[i]) ? cost[i] : 0;
    }
    *basis = (int64_t)sum;
    if (o->gives == GIVES_AMOUNT) {
        return o->amount < sum ? o->amount : (int64_t)sum;
    }
    int64_t v = round_fraction((struct fraction){sum * o->percent, 100000});
    return o->cap != NONE && v > o->cap ? o->cap : v;
}

static int first_reason(struct reference *r, size_t i)
{
    const struct desk *d = r->d;
    const struct offer *o = &d->offers[i];
    int64_t quantity = 0, spend = 0;
    bool any = false;
    if (d->standings[i].reason) {
        return d->standings[i].reason;
    }
    if (d->basket.time_ms != NONE && d->basket.time_ms < o->valid_from) {
        return TP_NOT_YET_VALID;
    }
    if (d->basket.time_ms != NONE && d->basket.time_ms >= o->valid_until) {
        return TP_EXPIRED;
    }
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        if (matches(o, &d->lines[l])) {
            any = true;
            quantity += d->lines[l].quantity;
            spend += r->gross[l];
        }
    }
    if (!any) {
        return TP_NO_MATCHING_ITEMS;
    }
    if (o->min_quantity != NONE && quantity < o->min_quantity) {
        return TP_MIN_QUANTITY;
    }
    if (o->min_spend != NONE && spend < o->min_spend) {
        r->missing[i] = o->min_spend - spend;
        return TP_MIN_SPEND;
    }
    return 0;
}

/* Ids of the tests are of one letter and one digit, so that memcmp orders them. */
static bool better(const struct reference *r, size_t a, size_t b)
{
    const struct offer *one = &r->d->offers[a], *other = &r->d->offers[b];
    int64_t basis;
    int64_t one_saves = saving(r->d, one, r->gross, &basis),
            other_saves = saving(r->d, other, r->gross, &basis);
    if (one->priority != other->priority) {
        return one->priority > other->priority;
    }
    if (one_saves != other_saves) {
        return one_saves > other_saves;
    }
    return memcmp(one->id.p, other->id.p, 2) < 0;
}

static int conflict(const struct reference *r, size_t i)
{
    const struct offer *o = &r->d->offers[i];
    for (size_t k = 0; k < r->ntaken; k++) {
        if (o->exclusive || r->d->offers[r->taken[k]].exclusive) {
            return TP_EXCLUSIVE;
        }
    }
    for (size_t k = 0; k < r->ntaken; k++) {
        const struct offer *taken = &r->d->offers[r->taken[k]];
        if (o->group.n && o->group.n == taken->group.n && !memcmp(o->group.p, taken->group.p, o->group.n)) {
            return TP_STACKING_GROUP;
        }
    }
    return 0;
}

/* Whole parts first; then one unit at a time to the line with the largest part missing. */
static void spread(struct reference *r, size_t i)
{
    const struct desk *d = r->d;
    i128 rest[LINES];
    int64_t over = r->saved[i];
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        i128 exact = matches(&d->offers[i], &d->lines[l]) ? (i128)r->saved[i] * r->left[l] : 0;
        r->share[i][l] = (int64_t)(exact / r->basis[i]);
        rest[l] = exact % r->basis[i];
        over -= r->share[i][l];
    }
    for (; over > 0; over--) {
        size_t best = LINES;
        for (size_t l = 0; l < d->basket.lines.n; l++) {
            bool more =
                rest[l] > 0 && (best == LINES || rest[l] > rest[best] ||
                                (rest[l] == rest[best] && d->lines[l].number < d->lines[best].number));
            best = more ? l : best;
        }
        assert_true(best < LINES);
        r->share[i][best]++;
        rest[best] = 0;
    }
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        r->left[l] -= r->share[i][l];
        assert_true(r->share[i][l] == 0 || r->left[l] >= 0);
    }
}

/* One pricing without those in `spent`; the first offer that exceeds its budget is returned, or OFFERS. */
static size_t price_once(struct reference *r, const bool *spent)
{
    const struct desk *d = r->d;
    bool done[OFFERS] = {false};
    r->ntaken = 0;
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        r->gross[l] =
            round_fraction((struct fraction){(i128)d->lines[l].quantity * d->lines[l].unit_price, 1000});
        r->left[l] = r->gross[l];
    }
    for (size_t i = 0; i < d->n; i++) {
        r->missing[i] = NONE;
        r->reason[i] = spent[i] ? TP_BUDGET_SPENT : first_reason(r, i);
        done[i] = r->reason[i] != 0;
        memset(r->share[i], 0, sizeof r->share[i]);
    }
    for (;;) {
        size_t best = OFFERS;
        for (size_t i = 0; i < d->n; i++) {
            best = !done[i] && (best == OFFERS || better(r, i, best)) ? i : best;
        }
        if (best == OFFERS) {
            return OFFERS;
        }
        done[best] = true;
        r->reason[best] = conflict(r, best);
        if (r->reason[best]) {
            continue;
        }
        r->saved[best] = saving(d, &d->offers[best], r->left, &r->basis[best]);
        if (r->saved[best] == 0) {
            r->reason[best] = TP_NO_EFFECT;
            continue;
        }
        if (d->standings[best].budget_left != NONE && r->saved[best] > d->standings[best].budget_left) {
            return best;
        }
        r->taken[r->ntaken++] = best;
        spread(r, best);
    }
}

static void reference_price(struct reference *r, const struct desk *d)
{
    bool spent[OFFERS] = {false};
    *r = (struct reference){.d = d};
    for (size_t over; (over = price_once(r, spent)) != OFFERS;) {
        spent[over] = true;
    }
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        i128 base = r->left[l], rate = d->lines[l].tax;
        for (size_t k = 0; k < r->ntaken; k++) {
            struct bytes funder = d->offers[r->taken[k]].funder;
            bool before = d->policy.manufacturer_before_tax && bytes_is(funder, "manufacturer");
            base += before ? r->share[r->taken[k]][l] : 0;
        }
        r->tax[l] =
            round_fraction((struct fraction){base * rate, d->basket.tax_included ? 100000 + rate : 100000});
    }
}

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

static void random_offer(struct desk *d)
{
    static const char *const ids[] = {"c1", "a1", "b2", "b1", "a2", "z0"}, *const groups[] = {"g", "h"};
    struct offer *o = desk_offer(d, ids[d->n]);
    o->gives = chance(50) ? GIVES_PERCENT : GIVES_AMOUNT;
    o->percent = o->gives == GIVES_PERCENT ? 1 + (chance(50) ? below(100000) : below(20) * 5000) : NONE;
    o->percent = o->percent > 100000 ? 100000 : o->percent;
    o->cap = o->gives == GIVES_PERCENT && chance(25) ? 1 + some_amount() : NONE;
    o->amount = o->gives == GIVES_AMOUNT ? 1 + some_amount() : NONE;
    o->min_spend = chance(25) ? some_amount() : NONE;
    o->min_quantity = chance(20) ? below(8000) : NONE;
    random_words(&o->category.v, &o->category.n, 30);
    random_words(&o->sku.v, &o->sku.n, 30);
    random_words(&o->exclude_sku.v, &o->exclude_sku.n, 20);
    o->priority = chance(70) ? 0 : below(3) - 1;
    o->exclusive = chance(8);
    o->group = chance(40) ? bytes_str(groups[below(2)]) : (struct bytes){0};
    o->funder = chance(30) ? bytes_str("manufacturer") : o->funder;
    o->valid_from = chance(5) ? DESK_TIME + below(2) : 0;
    o->valid_until = chance(5) ? DESK_TIME + below(2) : TIME_MAX;
    d->standings[d->n - 1].reason = chance(5) ? TP_ALREADY_USED : 0;
    d->standings[d->n - 1].budget_left = chance(25) ? some_amount() : NONE;
}

static void random_desk(struct desk *d, void *memory, size_t size)
{
    desk_begin(d);
    arena_over(&d->arena, memory, size);
    d->basket.tax_included = chance(50);
    d->policy.manufacturer_before_tax = chance(50);
    d->basket.time_ms = chance(90) ? DESK_TIME : NONE;
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
    assert_int_equal(q->cashback, 0);
}

static void compare_offers(const struct reference *r, const struct quote *q)
{
    assert_int_equal(q->applied.n, r->ntaken);
    for (size_t k = 0; k < r->ntaken; k++) {
        assert_true(bytes_equal(q->applied.v[k].id, r->d->offers[r->taken[k]].id));
        assert_int_equal(q->applied.v[k].discount, r->saved[r->taken[k]]);
        assert_int_equal(q->applied.v[k].basis, r->basis[r->taken[k]]);
    }
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
    int seen[64] = {0};
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
        seen[0] += (int)d.q.applied.n;
    }
    /* The baskets reach every branch often enough to mean something. */
    static const int reasons[] = {0,
                                  TP_EXPIRED,
                                  TP_NOT_YET_VALID,
                                  TP_NO_MATCHING_ITEMS,
                                  TP_MIN_QUANTITY,
                                  TP_MIN_SPEND,
                                  TP_EXCLUSIVE,
                                  TP_STACKING_GROUP,
                                  TP_NO_EFFECT,
                                  TP_BUDGET_SPENT,
                                  TP_ALREADY_USED};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        assert_true(seen[reasons[i]] > 1000);
    }
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
