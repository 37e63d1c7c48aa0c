/* What the files of this room share while one basket is priced. No other room includes this. */
#ifndef OFFER_WORK_H
#define OFFER_WORK_H

#include "offer/price.h"

#define PERCENT_WHOLE  INT64_C(100000)        /* 100% in thousandths of a percent */
#define QUANTITY_LIMIT INT64_C(1000000000000) /* a thousand million units, in thousandths */

/* Texts made small: equal texts have equal numbers, in the order of text_order. */
struct names {
    struct bytes *all;  /* one for each item */
    struct bytes *text; /* the distinct ones, ascending */
    uint32_t *of;       /* number of each item's text */
    uint8_t *mark;      /* for each distinct text: the offer at hand names it */
    size_t n;           /* distinct */
};

/* An offer whose needs are met, what it would save if it were alone, and why it is out of this pricing. */
struct candidate {
    uint32_t offer;
    int gone;
    int64_t alone;
};

struct work {
    const struct policy *policy;
    const struct basket *basket;
    const struct offer *const *offers;
    const struct standing *standings;
    size_t nlines, noffers;

    struct names skus, categories, groups; /* of the lines, the lines, the offers */
    bool *group_used;

    /* One for each line. left: what it still costs. share: what the offer at hand takes off it. */
    int64_t *gross, *left, *share, *rest, *manufacturer;
    uint32_t *order, *filled; /* order: scratch; filled: how many of its shares are written */

    uint32_t *hit; /* lines that match the offer at hand, in the basket's order */
    size_t nhits;
    int64_t hit_gross, hit_quantity, hit_left;

    struct candidate *candidates;
    uint32_t *by_rank;
    size_t ncandidates;

    struct quote_applied *applied;
    uint32_t *applied_by; /* the candidate of each */
    size_t napplied;
    bool closed; /* an exclusive offer has applied */
    struct quote_refused *refused;
    size_t nrefused;
    struct quote_line *lines;
    struct quote_tax *taxes;
};

/* memory.c: takes all arrays from the arena; false when it is too small. */
bool work_take(struct work *w, struct arena *a);

/* input.c: what pricing relies on. 0, TP_CURRENCY, TP_BAD_VALUE, TP_UNSUPPORTED. */
int input_basket(const struct policy *policy, const struct basket *basket, struct err *e);
int input_offers(const struct work *w, struct err *e);
int input_numbers(struct work *w, struct err *e);

/* order.c: sorts v in place, without memory of its own. less(ctx, a, b): a comes before b; a total order. */
typedef bool less_fn(const void *ctx, uint32_t a, uint32_t b);
void sort_indexes(uint32_t *v, size_t n, less_fn *less, const void *ctx);
/* Byte by byte, then the shorter first. */
int text_order(struct bytes a, struct bytes b);
void order_candidates(struct work *w);
void order_refused(struct work *w);

/* when.c: 0, or why the offer is not for this moment or store. A time that is not known is not tested. */
int when_reason(const struct policy *policy, const struct basket *basket, const struct offer *o);

/* match.c */
void names_build(struct names *names, size_t items, uint32_t *scratch);
/* Finds the lines that match the offer, and their sums. */
void match_lines(struct work *w, const struct offer *o);
/* 0, or why the offer's needs are not met by the lines just matched; *missing is NONE unless it is money. */
int needs_reason(const struct work *w, const struct offer *o, int64_t *missing);

/* share.c: spreads `total` over the matching lines by what each still costs; total is at most hit_left. */
void share_out(struct work *w, int64_t total);

/*
 * gives.c: one row for each kind of gives. needs, takes: which fields it must and may have. save: what the
 * offer gives for the matching lines as they stand now; where `spread`, also each line's part, in share[].
 */
struct gives {
    int needs, takes;
    int64_t (*save)(struct work *w, const struct offer *o, bool spread);
    bool after; /* owed after the sale: no line changes */
};
/* NULL for a kind that this version does not price. */
const struct gives *gives_of(int kind);
int gives_check(const struct offer *o, struct err *e);

/* units.c: what is saved on the very lines; share[] is always written. */
int64_t price_save(struct work *w, const struct offer *o, bool spread);
int64_t buy_get_save(struct work *w, const struct offer *o, bool spread);

/* check.c: the part of offer_check that pricing relies on. */
int terms_check(const struct offer *o, struct err *e);

/* tax.c: net and tax of each line, and the sums by rate; returns how many rates there are. */
void tax_lines(struct work *w);
size_t tax_sums(struct work *w);

#endif
