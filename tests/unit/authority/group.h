/* What the tests of messages in one group share: every case is run with each message alone, and with all of
 * them together. */
#ifndef TESTS_UNIT_AUTHORITY_GROUP_H
#define TESTS_UNIT_AUTHORITY_GROUP_H

#include "support/cm.h"
#include "support/world.h"

#include "authority/internal.h"
#include "store/sql.h"

enum { MESSAGES = 12, TILLS = 4 };

struct group {
    struct world w;
    bool together;
    struct authority_message v[MESSAGES];
    struct buf requests[MESSAGES], replies[MESSAGES];
    uint8_t d[MESSAGES][HASH_SIZE]; /* of commits */
    size_t n;
    struct backend backend;
    const struct backend *real;
};

/* All that were put, by one commit or each by itself; falls: the group is undone, and each comes alone. */
void deliver_as(struct group *g, bool falls);
void deliver(struct group *g);
void clear(struct group *g);
/* The reason of the one answer to message i; 0: registered, released or granted. */
int said(struct group *g, size_t i);
/* The grant that it was answered with; and the reason of its one verdict. */
struct grant grant_of(struct group *g, size_t i);
int verdict(struct group *g, size_t i);
int64_t conflicts(struct group *g);
/* Of the commit that message i is. */
struct redemption_row row_of(struct group *g, size_t i, int64_t place);
void check_row(struct group *g, size_t i, int64_t place, int outcome, int64_t conflict);
/* Where there is no grant for it, what wins is a conflict all the same: of what was not granted. */
void check_stage(struct group *g, size_t i, int64_t place, int stage);
/* The tables are what the records alone make of them. */
void rebuild_makes_the_same(struct group *g);
/* 10% that a till may risk; published with batch 1. */
struct offer risky(struct group *g, const char *id);
void publish(struct group *g, const struct offer *o);
struct world_sale by_coupon(struct group *g, const struct offer *o, uint32_t index);
/* A use of a coupon without a grant, by till t, for that much. */
void put_use(struct group *g, size_t t, const struct offer *o, uint32_t index, int64_t discount);
void put_hold(struct group *g, size_t t, const struct offer *o, uint32_t index);
/* The next message, to be filled. */
struct buf *next(struct group *g);

typedef void test_case(struct group *g);

/* Runs *state, a case, both ways. */
void run_both(void **state);
/* cmocka's first state is a pointer to a case. */
#define BOTH(f)                                                                                              \
    {                                                                                                        \
        .name = #f, .test_func = run_both, .initial_state = (test_case *[])                                  \
        {                                                                                                    \
            f                                                                                                \
        }                                                                                                    \
    }

int test_midst(void);

#endif
