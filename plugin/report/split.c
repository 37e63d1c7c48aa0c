#include "report/internal.h"

#include "offer/money.h"

__extension__ typedef __int128 wide;

/* The next place to get a unit of what flooring left over: the largest remainder not yet served. */
static size_t largest(const int64_t *remainders, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        best = remainders[i] > remainders[best] ? i : best;
    }
    return best;
}

void split_amount(int64_t amount, const int64_t *weights, size_t n, int64_t *parts)
{
    int64_t remainders[SHARES_MAX], sign = amount < 0 ? -1 : 1;
    wide total = 0;
    for (size_t i = 0; i < n; i++) {
        total += weights[i];
    }
    bool equal = total == 0;
    total = equal ? (wide)n : total;
    wide left = (wide)amount * sign, whole = left;
    for (size_t i = 0; i < n; i++) {
        wide product = whole * (equal ? 1 : weights[i]);
        parts[i] = (int64_t)(product / total);
        remainders[i] = (int64_t)(product % total);
        left -= parts[i];
    }
    for (; left > 0; left--) {
        size_t i = largest(remainders, n);
        parts[i]++;
        remainders[i] = -1;
    }
    for (size_t i = 0; i < n; i++) {
        parts[i] *= sign;
    }
}

static int64_t fee_of(const struct report_terms *terms, int64_t net)
{
    int64_t fee = 0;
    if (!terms) {
        return 0;
    }
    if (terms->fee_percent > 0 && !mul_div(net, terms->fee_percent, 100000, &fee)) {
        return 0;
    }
    return fee + (terms->fee_fixed > 0 ? terms->fee_fixed : 0);
}

int split_sale(const struct terms_list *terms, const struct sale_row *sale, const struct redemption_row *list,
               size_t n, struct report_share *shares)
{
    int64_t weights[SHARES_MAX], parts[SHARES_MAX];
    if (n > SHARES_MAX) {
        return TP_E_CORRUPT;
    }
    memset(shares, 0, n * sizeof *shares);
    if (n == 0 || sale_out(sale)) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        weights[i] = list[i].discount > 0 ? list[i].discount : 0;
    }
    split_amount(sale->gross, weights, n, parts);
    for (size_t i = 0; i < n; i++) {
        shares[i].gross = parts[i];
    }
    split_amount(sale->discount, weights, n, parts);
    for (size_t i = 0; i < n; i++) {
        shares[i].discount = parts[i];
    }
    split_amount(sale->net, weights, n, parts);
    for (size_t i = 0; i < n; i++) {
        shares[i].net = parts[i];
        const struct report_terms *t = terms_find(terms, list[i].offer, list[i].version);
        shares[i].fee = list[i].outcome == 0 ? fee_of(t, parts[i]) : 0;
    }
    return 0;
}
