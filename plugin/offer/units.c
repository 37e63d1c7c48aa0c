#include "offer/money.h"
#include "offer/work.h"

/* What a line still costs above quantity x price; a target out of range is above everything. */
int64_t price_save(struct work *w, const struct offer *o, bool spread)
{
    int64_t saved = 0;
    (void)spread;
    for (size_t i = 0; i < w->nhits; i++) {
        uint32_t line = w->hit[i];
        int64_t target = AMOUNT_MAX;
        (void)mul_div(w->basket->lines.v[line].quantity, o->amount, 1000, &target);
        w->share[line] = w->left[line] > target ? w->left[line] - target : 0;
        saved += w->share[line];
    }
    return saved;
}

static bool cheaper(const void *ctx, uint32_t a, uint32_t b)
{
    const struct line *lines = ctx;
    if (lines[a].unit_price != lines[b].unit_price) {
        return lines[a].unit_price < lines[b].unit_price;
    }
    return lines[a].number < lines[b].number;
}

/* The lines of whole quantity, cheapest units first, in order[]; *units is how many there are. */
static size_t whole_lines(struct work *w, int64_t *units)
{
    size_t n = 0;
    *units = 0;
    for (size_t i = 0; i < w->nhits; i++) {
        uint32_t line = w->hit[i];
        int64_t quantity = w->basket->lines.v[line].quantity;
        w->share[line] = 0;
        if (quantity % 1000 == 0) {
            *units += quantity / 1000;
            w->order[n++] = line;
        }
    }
    sort_indexes(w->order, n, cheaper, w->basket->lines.v);
    return n;
}

int64_t buy_get_save(struct work *w, const struct offer *o, bool spread)
{
    int64_t units = 0, saved = 0;
    size_t n = whole_lines(w, &units);
    int64_t reduced = units / (o->buy + o->get) * o->get;
    (void)spread;
    for (size_t i = 0; i < n && reduced > 0; i++) {
        uint32_t line = w->order[i];
        const struct line *l = &w->basket->lines.v[line];
        int64_t here = l->quantity / 1000 < reduced ? l->quantity / 1000 : reduced, off = 0;
        /* unit price x units is at most the line's gross, and so in range. */
        (void)mul_div(l->unit_price * here, o->percent, PERCENT_WHOLE, &off);
        w->share[line] = off < w->left[line] ? off : w->left[line];
        saved += w->share[line];
        reduced -= here;
    }
    return saved;
}
