/*
 * Reports over the authority's store: what was redeemed, and what each channel earned. Read-only; each
 * report is made in one snapshot. One thread a store. Amounts are minor units of the shop's currency.
 *
 * A sale's gross, discount and net belong to its redemptions in proportion to their discounts (in equal parts
 * where no redemption took anything off), shared by largest remainder: their sums are the sale's amounts
 * exactly. The fee of a redemption that counts is fee.percent of its share of the net, rounded half away from
 * zero, plus fee.fixed, by the terms of the offer's version. A redemption in conflict has no fee and is not
 * counted as redeemed, but what it took off was taken off: its amounts are there.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "store/store.h"

/* Commits with from_ms <= time < until_ms, by the till's time in the commit. */
struct report_range {
    int64_t from_ms, until_ms;
};

struct report_redemption {
    int64_t time_ms;
    const char *till, *channel, *campaign; /* empty where not known */
    uint8_t sale[ID_SIZE];
    struct bytes offer; /* its id; absent when no such offer is kept */
    uint8_t ref[REF_SIZE];
    int64_t gross, discount, net, fee;
    int64_t
        returned; /* of what it took off, what returns took back; gross, discount and net are the sale's */
    int64_t cashback; /* that is owed for it: what was promised, less what returns took back */
    int outcome;      /* TP_APPLIED: it counts; TP_VOIDED: amounts are 0; else why it is a conflict */
};

/*
 * Calls fn for every redemption, by (time, till, epoch, seq, place). Views live for the callback. A nonzero
 * return of fn ends it and is returned. 0, or what the store says, with a sentence in e.
 */
int report_redemptions(struct store *s, const struct report_range *range,
                       int (*fn)(void *arg, const struct report_redemption *row), void *arg, struct err *e);

/*
 * One redemption in conflict: a use that another sale had, or one beyond what was granted. Of a double use
 * both sales are named. A voided sale has none. Or one return or void in conflict: more came back than there
 * was, at whichever tills; then the other sale is the one that it came back of.
 */
enum conflict_of { CONFLICT_OF_REDEMPTION, CONFLICT_OF_RETURN, CONFLICT_OF_VOID };
struct report_conflict {
    int of;          /* enum conflict_of */
    int64_t time_ms; /* of the sale in conflict; of the return or void */
    const char *till;
    uint8_t sale[ID_SIZE]; /* a return: the refund's own */
    struct bytes offer;    /* its id; absent when no such offer is kept, and of a return or void */
    uint8_t ref[REF_SIZE];
    int outcome;    /* why: TP_ALREADY_USED, TP_CONFLICT, ... */
    int64_t amount; /* in conflict: at most what is left of the redemption after returns; money given back */
    int bears;      /* enum bearer: of a double use, and beyond a lease, as the offer says; of all else the
                       merchant */
    bool has_winner;
    int64_t winner_time_ms;
    char winner_till[64];
    uint8_t winner_sale[ID_SIZE];
};

/*
 * Calls fn for every redemption in conflict of a sale of the range, by (time, till, epoch, seq, place); then
 * for every return and void of the range in conflict, by (time, till, epoch, seq). Views live for the
 * callback. A nonzero return of fn ends it and is returned. 0, or what the store says, with a sentence in e.
 */
int report_conflicts(struct store *s, const struct report_range *range,
                     int (*fn)(void *arg, const struct report_conflict *row), void *arg, struct err *e);

/* A lease that keeps something for its till: what may still be spent of it, or was and is not known yet. */
struct report_lease {
    int64_t number;
    const char *till;
    struct bytes offer; /* its id; absent when no such offer is kept */
    uint8_t ref[REF_SIZE];
    int64_t epoch, from_ms, until_ms;
    int64_t uses, amount;           /* as given; NONE: not counted */
    int64_t left_uses, left_amount; /* 0 where not counted */
    int64_t batch, first, last;     /* of its coupons; NONE: for any */
    bool given_back;                /* nothing more is spent of it: records of its till are missing */
    int bears; /* enum bearer: of what its till spends beyond it, as the offer's newest version says */
};

/* Calls fn for every such lease, of one till or (NULL) of all, by number. As report_conflicts. */
int report_leases(struct store *s, const char *till, int (*fn)(void *arg, const struct report_lease *row),
                  void *arg, struct err *e);

/* One channel and campaign. */
struct report_roi_row {
    char channel[64], campaign[64];
    int64_t
        issued; /* coupons of its batches, and card links added (each card and offer once), of all times */
    int64_t redeemed; /* redemptions that count */
    int64_t gross, discount, net, fee;
};

struct report_roi {
    struct report_roi_row *rows; /* by channel, then campaign */
    size_t n;
    struct report_roi_row none;    /* sales, or parts of them, that no channel brought */
    struct report_roi_row returns; /* what came back in the range, below zero; not shared over channels */
    struct report_roi_row
        total; /* of all rows, `none` and `returns`: the sales of the range less its returns */
};

enum { REPORT_ROWS_MAX = 65536 };

/* Owned: report_roi_free. 0; TP_E_MEMORY (more than REPORT_ROWS_MAX channels and campaigns); TP_AMOUNT_RANGE
 * (a sum beyond 64 bits); or what the store says. On failure out is untouched. */
int report_roi(struct store *s, const struct report_range *range, struct report_roi *out, struct err *e);
void report_roi_free(struct report_roi *r); /* takes a zeroed one */

#endif
