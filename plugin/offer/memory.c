#include "offer/work.h"

enum { ALIGN = 16, PIECES = 32, BLOCK_SLACK = 17 * 1024 };

#define PER_NAME (2 * sizeof(struct bytes) + sizeof(uint32_t) + sizeof(uint8_t))
#define PER_LINE                                                                                             \
    (2 * PER_NAME + 5 * sizeof(int64_t) + 3 * sizeof(uint32_t) + sizeof(struct quote_line) +                 \
     sizeof(struct quote_tax))
#define PER_OFFER                                                                                            \
    (PER_NAME + sizeof(bool) + sizeof(struct candidate) + 2 * sizeof(uint32_t) +                             \
     sizeof(struct quote_applied) + sizeof(struct quote_refused))

/* Everything but the shares. */
static size_t fixed_memory(size_t lines, size_t offers)
{
    return PER_LINE * lines + PER_OFFER * offers + (PIECES + 1) * ALIGN;
}

size_t offer_price_memory(size_t lines, size_t offers)
{
    /* More than this is refused before anything is taken. */
    lines = lines > MAX_LINES ? MAX_LINES : lines;
    offers = offers > MAX_OFFERS ? MAX_OFFERS : offers;
    return fixed_memory(lines, offers) + lines * offers * sizeof(struct quote_share) + BLOCK_SLACK;
}

/* One array; `full` stays set once one did not fit. */
static void *piece(struct arena *a, size_t size, size_t count, bool *full)
{
    void *at = arena_take(a, size, count);
    *full = *full || !at;
    return at;
}

static void take_names(struct arena *a, struct names *names, size_t n, bool *full)
{
    names->all = piece(a, sizeof *names->all, n, full);
    names->text = piece(a, sizeof *names->text, n, full);
    names->of = piece(a, sizeof *names->of, n, full);
    names->mark = piece(a, sizeof *names->mark, n, full);
}

static void take_for_lines(struct work *w, struct arena *a, bool *full)
{
    size_t n = w->nlines;
    w->gross = piece(a, sizeof *w->gross, n, full);
    w->left = piece(a, sizeof *w->left, n, full);
    w->share = piece(a, sizeof *w->share, n, full);
    w->rest = piece(a, sizeof *w->rest, n, full);
    w->manufacturer = piece(a, sizeof *w->manufacturer, n, full);
    w->order = piece(a, sizeof *w->order, n, full);
    w->filled = piece(a, sizeof *w->filled, n, full);
    w->hit = piece(a, sizeof *w->hit, n, full);
    w->lines = piece(a, sizeof *w->lines, n, full);
    w->taxes = piece(a, sizeof *w->taxes, n, full);
    take_names(a, &w->skus, n, full);
    take_names(a, &w->categories, n, full);
}

static void take_for_offers(struct work *w, struct arena *a, bool *full)
{
    size_t n = w->noffers;
    w->group_used = piece(a, sizeof *w->group_used, n, full);
    w->candidates = piece(a, sizeof *w->candidates, n, full);
    w->by_rank = piece(a, sizeof *w->by_rank, n, full);
    w->applied = piece(a, sizeof *w->applied, n, full);
    w->applied_by = piece(a, sizeof *w->applied_by, n, full);
    w->refused = piece(a, sizeof *w->refused, n, full);
    take_names(a, &w->groups, n, full);
}

/* One piece of the arena, cut up here: so the bound above holds whatever the arena's blocks are like. */
bool work_take(struct work *w, struct arena *a)
{
    size_t size = fixed_memory(w->nlines, w->noffers);
    void *memory = arena_take(a, 1, size);
    struct arena own;
    bool full = false;
    if (!memory) {
        return false;
    }
    arena_over(&own, memory, size);
    take_for_lines(w, &own, &full);
    take_for_offers(w, &own, &full);
    return !full;
}
