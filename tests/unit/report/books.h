/* A store with offers, sales and redemptions put straight into it, for the reports' tests. */
#ifndef TESTS_REPORT_BOOKS_H
#define TESTS_REPORT_BOOKS_H

#include "report/internal.h"
#include "report/report.h"

struct books {
    char dir[64], path[96];
    struct store *store;
    uint8_t merchant[ID_SIZE];
    struct cose_key key;
    int64_t sales;
};

void books_open(struct books *b);
void books_close(struct books *b);
/* Publishes an offer with a fee; percent in thousandths of a percent. NONE: no fee of that kind. */
void books_offer(struct books *b, const char *id, int64_t version, int64_t fee_percent, int64_t fee_fixed);
void books_ref(const struct books *b, const char *id, uint8_t ref[REF_SIZE]);

/* What a sale redeemed. */
struct used {
    const char *offer, *channel, *campaign;
    int64_t discount;
    int outcome;
};

/* A sale at time_ms; its discount is given apart, so that it may differ from the redemptions'. */
void books_sale(struct books *b, int64_t time_ms, int64_t gross, int64_t discount, bool voided,
                const struct used *used, size_t n);
void books_batch(struct books *b, int64_t number, const char *offer, int64_t count, const char *channel,
                 const char *campaign);
/* One row of a link record; `card` fills the handle. */
void books_link(struct books *b, uint8_t card, const char *offer, int op, int64_t time_ms,
                const char *channel);

#endif
