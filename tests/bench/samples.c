#include "tests/bench/internal.h"

#include <stdlib.h>

int64_t now_ns(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void pause_ms(int64_t ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

void samples_add(struct samples *s, int64_t ns)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 256;
        int64_t *grown = reallocarray(s->v, cap, sizeof *grown);
        if (!grown) {
            s->failed = true;
            return;
        }
        s->v = grown;
        s->cap = cap;
    }
    s->v[s->n++] = ns;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t samples_at(struct samples *s, int percent)
{
    if (s->n == 0) {
        return 0;
    }
    qsort(s->v, s->n, sizeof *s->v, by_value);
    size_t rank = (s->n * (size_t)percent + 99) / 100;
    return s->v[rank ? rank - 1 : 0];
}

void samples_free(struct samples *s)
{
    free(s->v);
    *s = (struct samples){0};
}
