/*
 * The sequencer's thread: it places what was accepted in the merchant's log, in batches, each under a signed
 * checkpoint. Of several daemons on one database one has the turn; when it ends or stops, another has it
 * within seconds.
 */
#ifndef DAEMON_SEQUENCER_H
#define DAEMON_SEQUENCER_H

#include "shop/shop.h"

struct sequencer;

/* What it did, and what lies before it. */
struct sequencer_state {
    uint64_t leaves, checkpoints, failures, turns_lost;
    int64_t waiting, oldest_ms; /* leaves that wait, and when the first was accepted; NONE */
    int64_t conflicts;          /* in the shop's books, ever */
    bool mine;
};

/* Opens a handle on the shop's authority and starts the thread. 0, what shop_authority says, TP_E_MEMORY. */
int sequencer_open(const struct shop *shop, struct sequencer **out, struct err *e);
/* Something may wait. */
void sequencer_wake(struct sequencer *q);
void sequencer_state(struct sequencer *q, struct sequencer_state *out);
/* Places what waits, gives its turn back, ends. Takes NULL. */
void sequencer_close(struct sequencer *q);

#endif
