/* A database for the tests of what every store must do: a SQLite file, or, once take_server was called, the
 * server that TILLPROOF_TEST_STORE names, where each test has merchants of its own. */
#ifndef TESTS_CONTRACT_SPOT_H
#define TESTS_CONTRACT_SPOT_H

#include "store/redeem.h"

extern uint8_t merchant[ID_SIZE], other_merchant[ID_SIZE];

struct spot {
    char dir[64], db[300];
    struct store *s;
};

/* Before the tests of a program that is run on both. */
void take_server(void);
int setup(void **state);
int teardown(void **state);

/* For store_write: puts batch 7, and returns what arg, an int, says. */
int put_batch_7(struct store *s, void *arg);
/* Of coupon 1 of batch 1. */
struct redemption_row redemption(uint8_t commit, int64_t slot);

#endif
