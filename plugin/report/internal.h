/* Inside the report room. */
#ifndef REPORT_INTERNAL_H
#define REPORT_INTERNAL_H

#include "report/report.h"
#include "store/redeem.h"

/* One version of an offer, as far as reports need it. */
struct report_terms {
    uint8_t ref[REF_SIZE];
    int64_t version, fee_percent, fee_fixed;
    int bears; /* enum bearer */
    char id[48];
};

/* Every offer that the store keeps, by (ref, version). Owned: terms_free. */
struct terms_list {
    struct report_terms *v;
    size_t n, cap;
};
int terms_load(struct store *s, struct terms_list *out);
void terms_free(struct terms_list *t);
/* NULL when it is not kept. */
const struct report_terms *terms_find(const struct terms_list *t, const uint8_t ref[REF_SIZE],
                                      int64_t version);

/* The newest version. NULL when none is kept. */
const struct report_terms *terms_newest(const struct terms_list *t, const uint8_t ref[REF_SIZE]);

/* What of a sale belongs to one of its redemptions. */
struct report_share {
    int64_t gross, discount, net, fee;
};

enum { SHARES_MAX = 256 };

/*
 * Shares `amount` over n weights (0 or more) by largest remainder, ties to the lower place; in equal parts
 * when all weights are 0. The parts add up to amount. 1 <= n <= SHARES_MAX.
 */
void split_amount(int64_t amount, const int64_t *weights, size_t n, int64_t *parts);

/* The shares of a sale's redemptions, and the fee of each that counts. n <= SHARES_MAX, else TP_E_CORRUPT. */
int split_sale(const struct terms_list *terms, const struct sale_row *sale, const struct redemption_row *list,
               size_t n, struct report_share *shares);

#endif
