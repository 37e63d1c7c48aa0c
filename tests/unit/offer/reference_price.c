/*
 * Made from the rules alone: fractions instead of rounding helpers, a new start after each offer that turns
 * out not to count, the next best offer looked for each time, units taken one by one, no sorting and no sums
 * kept.
 */
#include "unit/offer/reference_price.h"

__extension__ typedef __int128 i128;

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

static int64_t percent_of(i128 amount, int64_t percent)
{
    return round_fraction((struct fraction){amount * percent, 100000});
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

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

/* ---- where and when ---- */

/* Minutes that the store's clock has shown since its own 1970. */
static int64_t local_minutes(const struct policy *p, int64_t now)
{
    int64_t offset = 0;
    for (size_t i = 0; i < p->zone_steps.n; i++) {
        if (i == 0 || p->zone_steps.v[i].from_ms <= now) {
            offset = p->zone_steps.v[i].offset_min;
        }
    }
    int64_t ms = now + offset * 60000;
    return (ms - ((ms % 60000) + 60000) % 60000) / 60000;
}

/* 1970-01-05 was a Monday. */
static bool on_weekday(const struct offer *o, int64_t day)
{
    return o->weekdays == 0 || (o->weekdays & (1 << ((day + 700000 - 4) % 7)));
}

/* Each span as it lies on the line of the clock's minutes, begun today or the day before. */
static bool open_now(const struct desk *d, const struct offer *o)
{
    int64_t minute = local_minutes(&d->policy, d->basket.time_ms);
    int64_t today = minute / 1440;
    for (int64_t day = today - 1; day <= today; day++) {
        for (size_t i = 0; i < o->hours.n; i++) {
            const struct hours *h = &o->hours.v[i];
            int64_t from = day * 1440 + h->from;
            int64_t until = day * 1440 + h->until + (h->until <= h->from ? 1440 : 0);
            if (minute >= from && minute < until && on_weekday(o, day)) {
                return true;
            }
        }
    }
    return o->hours.n == 0 && on_weekday(o, today);
}

static int first_reason(struct reference *r, size_t i)
{
    const struct desk *d = r->d;
    const struct offer *o = &d->offers[i];
    int64_t quantity = 0, spend = 0, now = d->basket.time_ms;
    bool any = false;
    if (d->standings[i].reason) {
        return d->standings[i].reason;
    }
    if (now != NONE && now < o->valid_from) {
        return TP_NOT_YET_VALID;
    }
    if (now != NONE && now >= o->valid_until) {
        return TP_EXPIRED;
    }
    if (o->stores.n && !in_list(o->stores.v, o->stores.n, d->basket.store)) {
        return TP_WRONG_STORE;
    }
    if (now != NONE && !open_now(d, o)) {
        return TP_WRONG_TIME;
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

/* ---- what an offer gives for lines that cost these amounts ---- */

static int64_t save_price(const struct desk *d, const struct offer *o, const int64_t *cost, int64_t *parts)
{
    int64_t sum = 0;
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        int64_t target = round_fraction((struct fraction){(i128)d->lines[l].quantity * o->amount, 1000});
        parts[l] = matches(o, &d->lines[l]) && cost[l] > target ? cost[l] - target : 0;
        sum += parts[l];
    }
    return sum;
}

/* Takes one unit after another, always the cheapest that is left. */
static int64_t save_units(const struct desk *d, const struct offer *o, const int64_t *cost, int64_t *parts)
{
    int64_t units[LINES] = {0}, reduced[LINES] = {0}, all = 0, sum = 0;
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        const struct line *line = &d->lines[l];
        bool counted = matches(o, line) && line->quantity % 1000 == 0;
        units[l] = counted ? line->quantity / 1000 : 0;
        all += units[l];
        parts[l] = 0;
    }
    for (int64_t k = all / (o->buy + o->get) * o->get; k > 0; k--) {
        size_t best = LINES;
        for (size_t l = 0; l < d->basket.lines.n; l++) {
            const struct line *line = &d->lines[l];
            if (units[l] > 0 &&
                (best == LINES || line->unit_price < d->lines[best].unit_price ||
                 (line->unit_price == d->lines[best].unit_price && line->number < d->lines[best].number))) {
                best = l;
            }
        }
        units[best]--;
        reduced[best]++;
    }
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        parts[l] = smaller(percent_of((i128)d->lines[l].unit_price * reduced[l], o->percent), cost[l]);
        parts[l] = reduced[l] ? parts[l] : 0;
        sum += parts[l];
    }
    return sum;
}

static int64_t save_tiers(const struct offer *o, i128 cost, i128 gross)
{
    const struct tier *best = NULL;
    for (size_t i = 0; i < o->tiers.n; i++) {
        const struct tier *tier = &o->tiers.v[i];
        if (tier->min_spend <= gross && (!best || tier->min_spend > best->min_spend)) {
            best = tier;
        }
    }
    if (!best) {
        return 0;
    }
    return best->percent != NONE ? percent_of(cost, best->percent) : smaller(best->amount, (int64_t)cost);
}

/* parts[] is filled where the saving lies on the very lines. */
static int64_t saving(const struct reference *r, const struct offer *o, const int64_t *cost, int64_t *basis,
                      int64_t *parts)
{
    const struct desk *d = r->d;
    i128 sum = 0, gross = 0;
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        sum += matches(o, &d->lines[l]) ? cost[l] : 0;
        gross += matches(o, &d->lines[l]) ? r->gross[l] : 0;
    }
    *basis = (int64_t)sum;
    switch (o->gives) {
    case GIVES_AMOUNT:
        return smaller(o->amount, (int64_t)sum);
    case GIVES_PRICE:
        return save_price(d, o, cost, parts);
    case GIVES_BUY_GET:
        return save_units(d, o, cost, parts);
    case GIVES_TIERS:
        return save_tiers(o, sum, gross);
    default: {
        int64_t v = percent_of(sum, o->percent);
        return o->cap != NONE ? smaller(v, o->cap) : v;
    }
    }
}

/* ---- who is next, and who is in the way ---- */

static bool better(const struct reference *r, size_t a, size_t b)
{
    const struct offer *one = &r->d->offers[a], *other = &r->d->offers[b];
    int64_t basis, parts[LINES];
    int64_t one_saves = saving(r, one, r->gross, &basis, parts);
    int64_t other_saves = saving(r, other, r->gross, &basis, parts);
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

static bool is_cashback(const struct reference *r, size_t i)
{
    return r->d->offers[i].gives == GIVES_CASHBACK;
}

static bool over_budget(const struct reference *r, size_t i, int64_t amount)
{
    int64_t budget = r->d->standings[i].budget_left;
    return budget != NONE && amount > budget;
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
}

static void take_off(struct reference *r, size_t i, const int64_t *parts)
{
    int kind = r->d->offers[i].gives;
    if (kind == GIVES_PRICE || kind == GIVES_BUY_GET) {
        memcpy(r->share[i], parts, r->d->basket.lines.n * sizeof *parts);
    } else {
        spread(r, i);
    }
    for (size_t l = 0; l < r->d->basket.lines.n; l++) {
        r->left[l] -= r->share[i][l];
        assert_true(r->share[i][l] == 0 || (r->share[i][l] > 0 && r->left[l] >= 0));
    }
}

/* ---- one pricing, and the next without who turned out not to count ---- */

static void begin(struct reference *r, const int *out, bool *done)
{
    const struct desk *d = r->d;
    r->ntaken = 0;
    for (size_t l = 0; l < d->basket.lines.n; l++) {
        r->gross[l] =
            round_fraction((struct fraction){(i128)d->lines[l].quantity * d->lines[l].unit_price, 1000});
        r->left[l] = r->gross[l];
    }
    for (size_t i = 0; i < d->n; i++) {
        r->missing[i] = NONE;
        r->saved[i] = r->owed[i] = 0;
        r->reason[i] = out[i] ? out[i] : first_reason(r, i);
        done[i] = r->reason[i] != 0;
        memset(r->share[i], 0, sizeof r->share[i]);
    }
}

/* False: it is out, and out[] says why. */
static bool settle(struct reference *r, int *out)
{
    int64_t parts[LINES];
    for (size_t k = 0; k < r->ntaken; k++) {
        size_t i = r->taken[k];
        if (!is_cashback(r, i)) {
            continue;
        }
        r->saved[i] = 0;
        r->owed[i] = saving(r, &r->d->offers[i], r->left, &r->basis[i], parts);
        if (r->owed[i] == 0 || over_budget(r, i, r->owed[i])) {
            out[i] = r->owed[i] ? TP_BUDGET_SPENT : TP_NO_EFFECT;
            return false;
        }
    }
    return true;
}

static bool price_once(struct reference *r, int *out)
{
    const struct desk *d = r->d;
    bool done[OFFERS] = {false};
    begin(r, out, done);
    for (;;) {
        int64_t parts[LINES];
        size_t best = OFFERS;
        for (size_t i = 0; i < d->n; i++) {
            best = !done[i] && (best == OFFERS || better(r, i, best)) ? i : best;
        }
        if (best == OFFERS) {
            return settle(r, out);
        }
        done[best] = true;
        r->reason[best] = conflict(r, best);
        if (r->reason[best]) {
            continue;
        }
        r->saved[best] = saving(r, &d->offers[best], r->left, &r->basis[best], parts);
        if (r->saved[best] == 0) {
            r->reason[best] = TP_NO_EFFECT;
            continue;
        }
        if (!is_cashback(r, best) && over_budget(r, best, r->saved[best])) {
            out[best] = TP_BUDGET_SPENT;
            return false;
        }
        r->taken[r->ntaken++] = best;
        if (!is_cashback(r, best)) {
            take_off(r, best, parts);
        }
    }
}

void reference_price(struct reference *r, const struct desk *d)
{
    int out[OFFERS] = {0};
    *r = (struct reference){.d = d};
    while (!price_once(r, out)) {
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
