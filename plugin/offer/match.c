#include "offer/work.h"

enum { MARK_WANTED = 1, MARK_TAKEN_OUT = 2 };

static bool text_before(const void *ctx, uint32_t a, uint32_t b)
{
    const struct bytes *all = ctx;
    int by_text = text_order(all[a], all[b]);
    return by_text ? by_text < 0 : a < b;
}

void names_build(struct names *names, size_t items, uint32_t *scratch)
{
    for (size_t i = 0; i < items; i++) {
        scratch[i] = (uint32_t)i;
    }
    sort_indexes(scratch, items, text_before, names->all);
    names->n = 0;
    for (size_t i = 0; i < items; i++) {
        struct bytes text = names->all[scratch[i]];
        if (names->n == 0 || !bytes_equal(names->text[names->n - 1], text)) {
            names->text[names->n++] = text;
        }
        names->of[scratch[i]] = (uint32_t)(names->n - 1);
    }
}

static void names_mark(struct names *names, const struct bytes *wanted, size_t n, uint8_t mark)
{
    for (size_t i = 0; i < n; i++) {
        size_t low = 0, high = names->n;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            int order = text_order(names->text[middle], wanted[i]);
            if (order == 0) {
                names->mark[middle] |= mark;
                break;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
    }
}

static bool line_matches(const struct work *w, const struct offer *o, size_t i)
{
    uint8_t by_sku = w->skus.mark[w->skus.of[i]];
    if (w->basket->lines.v[i].quantity < 0 || (by_sku & MARK_TAKEN_OUT)) {
        return false;
    }
    if (o->sku.n == 0 && o->category.n == 0) {
        return true;
    }
    return (by_sku & MARK_WANTED) || (w->categories.mark[w->categories.of[i]] & MARK_WANTED);
}

static bool in_list(const struct bytes *v, size_t n, struct bytes text)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes_equal(v[i], text)) {
            return true;
        }
    }
    return false;
}

bool offer_matches(const struct offer *o, const struct line *line)
{
    if (line->quantity < 0 || in_list(o->exclude_sku.v, o->exclude_sku.n, line->sku)) {
        return false;
    }
    return (o->sku.n == 0 && o->category.n == 0) || in_list(o->sku.v, o->sku.n, line->sku) ||
           in_list(o->category.v, o->category.n, line->category);
}

void match_lines(struct work *w, const struct offer *o)
{
    memset(w->skus.mark, 0, w->skus.n);
    memset(w->categories.mark, 0, w->categories.n);
    names_mark(&w->skus, o->sku.v, o->sku.n, MARK_WANTED);
    names_mark(&w->skus, o->exclude_sku.v, o->exclude_sku.n, MARK_TAKEN_OUT);
    names_mark(&w->categories, o->category.v, o->category.n, MARK_WANTED);
    w->nhits = 0;
    w->hit_gross = w->hit_quantity = w->hit_left = 0;
    for (size_t i = 0; i < w->nlines; i++) {
        if (line_matches(w, o, i)) {
            w->hit[w->nhits++] = (uint32_t)i;
            w->hit_gross += w->gross[i];
            w->hit_left += w->left[i];
            w->hit_quantity += w->basket->lines.v[i].quantity;
        }
    }
}

int needs_reason(const struct work *w, const struct offer *o, int64_t *missing)
{
    *missing = NONE;
    if (w->nhits == 0) {
        return TP_NO_MATCHING_ITEMS;
    }
    if (o->min_quantity != NONE && w->hit_quantity < o->min_quantity) {
        return TP_MIN_QUANTITY;
    }
    if (o->min_spend != NONE && w->hit_gross < o->min_spend) {
        *missing = o->min_spend - w->hit_gross;
        return TP_MIN_SPEND;
    }
    return 0;
}
