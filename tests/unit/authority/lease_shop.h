/* A shop whose offer is leased, for the tests of leases at the authority. */
#ifndef TESTS_UNIT_AUTHORITY_LEASE_SHOP_H
#define TESTS_UNIT_AUTHORITY_LEASE_SHOP_H

#include "support/cm.h"
#include "support/world.h"

enum { TILLS = 6, LEASES = 32, HOUR_MS = 3600000 };

extern const struct lease_terms eight, money, both;

struct shop {
    struct world w;
    struct offer o;
    int64_t have[TILLS];
    struct world_lease lease[LEASES]; /* of the last sync */
};

int setup(void **state);
int teardown(void **state);
void publish(struct shop *s);
/* Till i syncs, and says what it has left. */
int ask(struct shop *s, int i, int64_t uses, int64_t amount);
struct world_lease lease_of(struct shop *s, int i);
struct world_sale by_coupon(struct shop *s, uint32_t batch, uint32_t index, int64_t price);
/* Till i spends of the lease without a line. */
struct redemption_row spend_at(struct shop *s, int i, int64_t lease, uint32_t batch, uint32_t index,
                               int64_t discount, uint8_t d[HASH_SIZE]);
struct redemption_row spend(struct shop *s, int i, const struct world_lease *l, uint32_t index,
                            int64_t discount);
/* What till i's hold of a coupon is told. */
const struct verdict *try_hold(struct shop *s, int i, struct world_sale *sale);
void give_back(struct shop *s, int i, const struct world_lease *l, int64_t uses, int64_t amount);
void rebuild_makes_the_same(struct shop *s);

#endif
