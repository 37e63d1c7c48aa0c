#include "offer/work.h"

__extension__ typedef __int128 i128;

static bool larger_rest(const void *ctx, uint32_t a, uint32_t b)
{
    const struct work *w = ctx;
    if (w->rest[a] != w->rest[b]) {
        return w->rest[a] > w->rest[b];
    }
    return w->basket->lines.v[a].number < w->basket->lines.v[b].number;
}

/*
 * Largest remainder. A share that is rounded up stays within its line: its exact part was no integer and
 * below what the line costs. There are more lines with a rest than units left over.
 */
void share_out(struct work *w, int64_t total)
{
    int64_t over = total;
    size_t n = 0;
    for (size_t i = 0; i < w->nhits; i++) {
        uint32_t line = w->hit[i];
        i128 part = w->hit_left ? (i128)total * w->left[line] : 0;
        int64_t by = w->hit_left ? w->hit_left : 1;
        w->share[line] = (int64_t)(part / by);
        w->rest[line] = (int64_t)(part % by);
        over -= w->share[line];
        if (w->rest[line]) {
            w->order[n++] = line;
        }
    }
    if (over > 0) {
        sort_indexes(w->order, n, larger_rest, w);
    }
    for (size_t i = 0; i < n && over > 0; i++, over--) {
        w->share[w->order[i]]++;
    }
}
