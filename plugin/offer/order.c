#include "offer/work.h"

static void sift_down(uint32_t *v, size_t at, size_t n, less_fn *less, const void *ctx)
{
    uint32_t moving = v[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && less(ctx, v[child], v[child + 1])) {
            child++;
        }
        if (!less(ctx, moving, v[child])) {
            break;
        }
        v[at] = v[child];
    }
    v[at] = moving;
}

/* A heap sort: qsort may allocate, and a bad case of a quick sort is quadratic. */
void sort_indexes(uint32_t *v, size_t n, less_fn *less, const void *ctx)
{
    for (size_t i = n / 2; i-- > 0;) {
        sift_down(v, i, n, less, ctx);
    }
    for (size_t end = n; end-- > 1;) {
        uint32_t last = v[0];
        v[0] = v[end];
        v[end] = last;
        sift_down(v, 0, end, less, ctx);
    }
}

int text_order(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int by_bytes = n ? memcmp(a.p, b.p, n) : 0;
    if (by_bytes) {
        return by_bytes;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

/* By priority, then by what each alone would save, then by id; the version only settles what cannot be. */
static bool taken_before(const void *ctx, uint32_t a, uint32_t b)
{
    const struct work *w = ctx;
    const struct candidate *left = &w->candidates[a], *right = &w->candidates[b];
    const struct offer *one = w->offers[left->offer], *other = w->offers[right->offer];
    if (one->priority != other->priority) {
        return one->priority > other->priority;
    }
    if (left->alone != right->alone) {
        return left->alone > right->alone;
    }
    int by_id = text_order(one->id, other->id);
    return by_id ? by_id < 0 : one->version > other->version;
}

void order_candidates(struct work *w)
{
    for (size_t i = 0; i < w->ncandidates; i++) {
        w->by_rank[i] = (uint32_t)i;
    }
    sort_indexes(w->by_rank, w->ncandidates, taken_before, w);
}

static bool refused_before(const void *ctx, uint32_t a, uint32_t b)
{
    const struct quote_refused *refused = ctx;
    int by_id = text_order(refused[a].id, refused[b].id);
    return by_id ? by_id < 0 : refused[a].version > refused[b].version;
}

/* Sorts places, then moves each row once, along the cycles of the permutation. */
void order_refused(struct work *w)
{
    uint32_t *from = w->by_rank;
    for (size_t i = 0; i < w->nrefused; i++) {
        from[i] = (uint32_t)i;
    }
    sort_indexes(from, w->nrefused, refused_before, w->refused);
    for (size_t i = 0; i < w->nrefused; i++) {
        struct quote_refused row = w->refused[i];
        size_t at = i;
        while (from[at] != i) {
            size_t next = from[at];
            w->refused[at] = w->refused[next];
            from[at] = (uint32_t)at;
            at = next;
        }
        w->refused[at] = row;
        from[at] = (uint32_t)at;
    }
}
