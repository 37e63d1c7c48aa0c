#include "report/internal.h"

#include <stdlib.h>

enum { TERMS_MAX = 1 << 20, TERMS_ARENA = 64 * 1024 };

static int compare_key(const uint8_t ref[REF_SIZE], int64_t version, const struct report_terms *b)
{
    int by_ref = memcmp(ref, b->ref, REF_SIZE);
    return by_ref ? by_ref : (version > b->version) - (version < b->version);
}

static int compare(const void *x, const void *y)
{
    const struct report_terms *a = x;
    return compare_key(a->ref, a->version, y);
}

static int add(struct terms_list *t, const struct offer *o)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        struct report_terms *v = cap > TERMS_MAX ? NULL : reallocarray(t->v, cap, sizeof *v);
        if (!v) {
            return TP_E_MEMORY;
        }
        t->v = v;
        t->cap = cap;
    }
    struct report_terms *to = &t->v[t->n++];
    *to = (struct report_terms){
        .version = o->version, .fee_percent = o->fee_percent, .fee_fixed = o->fee_fixed, .bears = o->bears};
    memcpy(to->ref, o->ref, REF_SIZE);
    bytes_to_cstr(o->id, to->id, sizeof to->id);
    return 0;
}

static int take(void *arg, const struct stored *row)
{
    struct arena a;
    struct statement s = {0};
    arena_init(&a, TERMS_ARENA);
    int rc = statement_parse(row->raw, &a, &s, NULL);
    rc = rc ? TP_E_CORRUPT : add(arg, &s.payload.offer.terms);
    arena_reset(&a);
    return rc;
}

int terms_load(struct store *s, struct terms_list *out)
{
    *out = (struct terms_list){0};
    int rc = store_statements(s, UINT32_C(1) << KIND_OFFER, 0, INT64_MAX, take, out);
    if (rc) {
        terms_free(out);
    } else if (out->n) {
        qsort(out->v, out->n, sizeof *out->v, compare);
    }
    return rc;
}

void terms_free(struct terms_list *t)
{
    free(t->v);
    *t = (struct terms_list){0};
}

const struct report_terms *terms_find(const struct terms_list *t, const uint8_t ref[REF_SIZE],
                                      int64_t version)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_key(ref, version, &t->v[middle]);
        if (order == 0) {
            return &t->v[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const struct report_terms *terms_newest(const struct terms_list *t, const uint8_t ref[REF_SIZE])
{
    const struct report_terms *newest = NULL;
    for (size_t i = 0; i < t->n; i++) { /* by version within an offer */
        if (memcmp(t->v[i].ref, ref, REF_SIZE) == 0) {
            newest = &t->v[i];
        }
    }
    return newest;
}
