/* What the tests of groups share: a store and another handle on it. */
#ifndef TESTS_CONTRACT_GROUP_H
#define TESTS_CONTRACT_GROUP_H

#include "store/holds.h"
#include "store/leases.h"
#include "store/log.h"
#include "store/offers.h"
#include "store/redeem.h"
#include "store/report.h"
#include "store/reversals.h"
#include "support/cm.h"

#include "store/sql.h"

struct spot {
    char dir[64], db[300];
    struct store *s, *beside; /* another handle's view */
};

extern const char *server; /* NULL: files */

int setup(void **state);
int teardown(void **state);
void begin(struct spot *p);
void end(struct spot *p); /* and all of it was kept */
/* The first column of the first row, as store s sees it. */
int64_t number_of(struct store *s, const char *text);

int test_ahead(void);
int test_gather(void);

#endif
