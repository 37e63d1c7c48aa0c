/* Between rank.c and contest.c: one offer's contests while a record is taken in. */
#ifndef AUTHORITY_CONTEST_H
#define AUTHORITY_CONTEST_H

#include "authority/internal.h"

/* A redemption whose stage was changed: its outcome is written at the end, and told when it is another. */
struct touched {
    uint8_t d[HASH_SIZE];
    int64_t place;
    int outcome;      /* of the first: what was told before */
    int64_t conflict; /* the same */
    struct touched *after;
};

struct contests {
    struct call *c;
    struct offer terms; /* the newest version: of the redemption at hand */
    bool known;
    bool fresh; /* the rows that are handed in were read in this transaction, and nothing has changed them */
    struct touched *first, **last;
    struct redemption_row only; /* while nothing but the first was touched: its row as it is now */
};

/* r, which takes part in no contest, comes in. Rows are changed; r is stale afterwards. */
int contests_enter(struct contests *t, struct redemption_row *r);
/* Whether r, not yet written, wins all that it takes part in while everybody else stays where they are. */
int contests_fit(struct contests *t, const struct redemption_row *r, bool *fits);
/* It does: its stage and slot, in r alone; and once it is written, what it takes of the offer. */
void contests_won(struct contests *t, struct redemption_row *r);
int contests_count(struct contests *t, const struct redemption_row *r);
/* r leaves them all, to a stage of 0 or below. */
int contests_leave(struct contests *t, struct redemption_row *r, int stage);
/* rank.c: what a stage means, into outcome and conflict. */
void rank_decide(struct redemption_row *r);
/* Writes r's stage, with its other changed fields; the contests are not put right. */
int contests_stage(struct contests *t, struct redemption_row *r, int stage);

#endif
