/* Reading for reports: each in one snapshot with store_read. */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "store/offers.h"
#include "store/redeem.h"
#include "store/reversals.h"

/* Sales with from_ms <= time < until_ms, voided ones too, by (time, till, epoch, seq); each with its
 * redemptions by place. */
int store_report_sales(struct store *s, int64_t from_ms, int64_t until_ms,
                       int (*fn)(void *arg, const struct sale_row *sale, const struct redemption_row *list,
                                 size_t n),
                       void *arg);
/* Reverse statements that were booked as a conflict, with from_ms <= time < until_ms, by (time, till, epoch,
 * seq). */
int store_report_reversal_conflicts(struct store *s, int64_t from_ms, int64_t until_ms,
                                    int (*fn)(void *arg, const struct reversal_row *row), void *arg);
/* Returns (reverse statements with op return, whether their commit is held or not) with from_ms <= time <
 * until_ms, by (time, d). */
int store_report_returns(struct store *s, int64_t from_ms, int64_t until_ms,
                         int (*fn)(void *arg, const struct reversal_row *row), void *arg);
int store_report_batches(struct store *s, int (*fn)(void *arg, const struct batch_row *row), void *arg);
/* Every link record's rows, removals too. */
int store_report_links(struct store *s, int (*fn)(void *arg, const struct link_row *row), void *arg);

#endif
