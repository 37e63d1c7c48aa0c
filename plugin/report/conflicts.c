/* What was given and should not have been: which sale, against which, how much, and who bears it. */
#include "report/internal.h"

#include <stdlib.h>

enum { BACKS_MAX = 1 << 22, BACK_ARENA = 256 * 1024 };

/* What returns took back of one redemption. */
struct back {
    uint8_t commit[HASH_SIZE];
    int64_t place, amount;
};

struct conflicts {
    struct store *store;
    const struct report_range *range;
    struct terms_list terms;
    struct back *backs; /* by (commit, place) */
    size_t n, cap;
    int (*fn)(void *arg, const struct report_conflict *row);
    void *arg;
    bool ended; /* by fn: its return is not the store's */
};

static int add_back(struct conflicts *c, const struct reverse *r, const struct reversed *v)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64;
        struct back *grown = cap > BACKS_MAX ? NULL : reallocarray(c->backs, cap, sizeof *grown);
        if (!grown) {
            return TP_E_MEMORY;
        }
        c->backs = grown;
        c->cap = cap;
    }
    struct back *b = &c->backs[c->n++];
    *b = (struct back){.place = v->redemption, .amount = v->discount + v->cashback};
    memcpy(b->commit, r->commit, HASH_SIZE);
    return 0;
}

static int take_reverse(void *arg, const struct stored *row)
{
    struct arena a;
    struct statement st = {0};
    arena_init(&a, BACK_ARENA);
    int rc = statement_parse(row->raw, &a, &st, NULL) ? TP_E_CORRUPT : 0;
    const struct reverse *r = &st.payload.reverse;
    for (size_t i = 0; rc == 0 && r->op == REVERSE_RETURN && i < r->redemptions.n; i++) {
        rc = add_back(arg, r, &r->redemptions.v[i]);
    }
    arena_reset(&a);
    return rc;
}

static int compare(const void *x, const void *y)
{
    const struct back *a = x, *b = y;
    int by = memcmp(a->commit, b->commit, HASH_SIZE);
    return by ? by : (a->place > b->place) - (a->place < b->place);
}

static int load_backs(struct conflicts *c)
{
    int rc = store_statements(c->store, UINT32_C(1) << KIND_REVERSE, 0, INT64_MAX, take_reverse, c);
    if (rc == 0 && c->n) {
        qsort(c->backs, c->n, sizeof *c->backs, compare);
    }
    return rc;
}

/* What is left of the redemption: 0 or more, whatever was said to come back. */
static int64_t left_of(const struct conflicts *c, const struct redemption_row *r)
{
    struct back key = {.place = r->place};
    int64_t left = r->discount + r->cashback;
    size_t low = 0, high = c->n;
    memcpy(key.commit, r->d, HASH_SIZE);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&c->backs[middle], &key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < c->n && left > 0 && compare(&c->backs[low], &key) == 0; low++) {
        left = c->backs[low].amount < left ? left - c->backs[low].amount : 0;
    }
    return left;
}

struct winner {
    struct report_conflict *row;
    int64_t slot;
};

/* The sale that took the last of the coupon's uses: it is why this one had none. */
static int take_winner(void *arg, const struct contender *c)
{
    struct winner *w = arg;
    if (c->redemption.slot != NONE && c->redemption.slot >= w->slot) {
        w->slot = c->redemption.slot;
        w->row->has_winner = true;
        w->row->winner_time_ms = c->sale.time_ms;
        memcpy(w->row->winner_till, c->sale.till, sizeof w->row->winner_till);
        memcpy(w->row->winner_sale, c->sale.sale, ID_SIZE);
    }
    return 0;
}

static int tell(struct conflicts *c, const struct sale_row *sale, const struct redemption_row *r)
{
    const struct report_terms *terms = terms_find(&c->terms, r->offer, r->version);
    bool twice = r->outcome == TP_ALREADY_USED;
    int64_t left = left_of(c, r);
    struct report_conflict row = {.time_ms = sale->time_ms,
                                  .till = sale->till,
                                  .offer = bytes_str(terms ? terms->id : NULL),
                                  .outcome = r->outcome,
                                  .amount = r->conflict < left ? r->conflict : left,
                                  .bears = twice && terms ? terms->bears : BEARS_MERCHANT};
    struct winner w = {&row, 0};
    memcpy(row.sale, sale->sale, ID_SIZE);
    memcpy(row.ref, r->offer, REF_SIZE);
    if (twice && r->batch != NONE) {
        struct contest_key key = {.by = BY_COUPON, .batch = r->batch, .index = r->index};
        int rc = store_contest(c->store, &key, take_winner, &w);
        if (rc) {
            return rc;
        }
    }
    int rc = c->fn(c->arg, &row);
    c->ended = rc != 0;
    return rc;
}

static int each_sale(void *arg, const struct sale_row *sale, const struct redemption_row *list, size_t n)
{
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0 && !sale->voided; i++) {
        if (list[i].outcome && list[i].outcome != TP_VOIDED) {
            rc = tell(arg, sale, &list[i]);
        }
    }
    return rc;
}

static int read_all(struct store *s, void *arg)
{
    struct conflicts *c = arg;
    c->n = 0;
    int rc = terms_load(s, &c->terms);
    rc = rc ? rc : load_backs(c);
    rc = rc ? rc : store_report_sales(s, c->range->from_ms, c->range->until_ms, each_sale, c);
    terms_free(&c->terms);
    return rc;
}

int report_conflicts(struct store *s, const struct report_range *range,
                     int (*fn)(void *arg, const struct report_conflict *row), void *arg, struct err *e)
{
    struct conflicts c = {.store = s, .range = range, .fn = fn, .arg = arg};
    int rc = store_read(s, read_all, &c);
    free(c.backs);
    return rc && !c.ended ? err_set(e, rc, "the shop's records cannot be read: %s", store_error(s)) : rc;
}
