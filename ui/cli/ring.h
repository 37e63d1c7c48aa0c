/* One sale rung up through the plugin, as any point-of-sale program would. Knows tillproof.h and nothing
 * behind it. */
#ifndef CLI_RING_H
#define CLI_RING_H

#include "base/arena.h"
#include "plugin.h"
#include "wire/statement.h"

/* What became of one thing that was presented. */
struct ring_scan {
    const char *given;  /* as the person gave it; a card has none */
    struct bytes bytes; /* as a scanner would send it */
    int outcome;
    char offer[48];
};

struct ring {
    struct plugin plugin;
    struct tillproof *till;
    int64_t sale;
    const struct basket *basket;
    const struct tender *tenders; /* none: one in cash over the whole amount */
    size_t tender_count;
    struct ring_scan *scans;
    size_t scan_count;
    struct bytes card; /* absent: none */
    const char *reference;
    bool training;
    /* results */
    int card_outcome, not_binding;
    struct tillproof_commit commit;
    struct tillproof_sale info;
    struct quote quote; /* in the arena */
    struct buf text;    /* the receipt's lines */
    struct arena *arena;
};

/* Opens the till; ring_close whatever is returned. */
int ring_open(struct ring *r, const char *shop, const char *till, struct err *e);
/*
 * Lines, presentations, hold, commit, results. A positive code: there is no price, and nothing was recorded.
 * What a sale of this reference became before is only told again.
 */
int ring_up(struct ring *r, struct err *e);
int ring_close(struct ring *r, struct err *e);

#endif
