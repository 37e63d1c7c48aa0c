#include "offer/money.h"
#include "offer/work.h"

/* Within range: a rate is at most 100%, so a tax is at most its base. */
static int64_t tax_of(const struct work *w, size_t i)
{
    int64_t rate = w->basket->lines.v[i].tax;
    int64_t base = w->lines[i].net + w->manufacturer[i];
    int64_t tax = 0;
    (void)mul_div(base, rate, w->basket->tax_included ? PERCENT_WHOLE + rate : PERCENT_WHOLE, &tax);
    return tax;
}

void tax_lines(struct work *w)
{
    for (size_t i = 0; i < w->nlines; i++) {
        w->lines[i].tax = tax_of(w, i);
    }
}

static bool lower_rate(const void *ctx, uint32_t a, uint32_t b)
{
    const struct line *lines = ctx;
    return lines[a].tax != lines[b].tax ? lines[a].tax < lines[b].tax : a < b;
}

size_t tax_sums(struct work *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->nlines; i++) {
        w->order[i] = (uint32_t)i;
    }
    sort_indexes(w->order, w->nlines, lower_rate, w->basket->lines.v);
    for (size_t i = 0; i < w->nlines; i++) {
        uint32_t line = w->order[i];
        int64_t rate = w->basket->lines.v[line].tax;
        if (n == 0 || w->taxes[n - 1].rate != rate) {
            w->taxes[n++] = (struct quote_tax){.rate = rate};
        }
        w->taxes[n - 1].net += w->lines[line].net;
        w->taxes[n - 1].tax += w->lines[line].tax;
    }
    return n;
}
