/* Inside the store: the columns of sales and redemptions, read in one order. */
#ifndef STORE_SALES_H
#define STORE_SALES_H

#include "store/redeem.h"
#include "store/sql.h"

#define SALE_COLUMNS                                                                                         \
    "s.d, s.sale, s.till, s.store, s.epoch, s.seq, s.time_ms, s.rev, s.currency, s.gross, s.discount, "      \
    "s.net, "                                                                                                \
    "s.tax, s.due, s.cashback, s.voided, s.disputed"
#define REDEMPTION_COLUMNS                                                                                   \
    "r.d, r.place, r.offer, r.version, r.batch, r.idx, r.card, r.grant_no, r.granted, r.basis, r.discount, " \
    "r.cashback, r.outcome, r.conflict, r.slot, r.channel, r.campaign, "                                     \
    "r.back_discount, r.back_cashback, r.revived, r.lease, r.most"
#define RANKED_COLUMNS REDEMPTION_COLUMNS ", r.rank, r.stage, r.customer, r.limited, r.barred, r.frozen"
enum { SALE_COLUMN_COUNT = 17 };

void read_sale(struct rows *st, int from, struct sale_row *row);
void read_redemption(struct rows *st, int from, struct redemption_row *row);
void read_ranked(struct rows *st, int from, struct redemption_row *row); /* RANKED_COLUMNS */

#endif
