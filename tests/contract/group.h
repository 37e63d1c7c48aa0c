/* What the tests of groups share: a store and another handle on it. */
#ifndef TESTS_CONTRACT_GROUP_H
#define TESTS_CONTRACT_GROUP_H

#include "contract/spot.h"
#include "store/holds.h"
#include "store/leases.h"
#include "store/log.h"
#include "store/offers.h"
#include "store/redeem.h"
#include "store/report.h"
#include "store/reversals.h"
#include "store/sql.h"
#include "support/cm.h"

struct pair {
    struct spot *spot;
    bool server;
    struct store *s, *beside; /* another handle's view */
};

int setup_pair(void **state);
int teardown_pair(void **state);
void begin(struct pair *p);
void end(struct pair *p); /* and all of it was kept */
/* The first column of the first row, as store s sees it. */
int64_t number_of(struct store *s, const char *text);

int test_ahead(void);
int test_gather(void);

#endif
