#include "contract/spot.h"

#include "base/clock.h"
#include "store/offers.h"
#include "store/postgres/postgres.h"
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

uint8_t merchant[ID_SIZE] = {1}, other_merchant[ID_SIZE] = {2};
static const char *server; /* NULL: files */

void take_server(void)
{
    server = getenv("TILLPROOF_TEST_STORE");
    if (server) {
        store_postgres();
    }
}

int setup(void **state)
{
    struct spot *p = test_calloc(1, sizeof *p);
    snprintf(p->dir, sizeof p->dir, "/tmp/tillproof-store-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->db, sizeof p->db, "%s/a.db", p->dir);
    if (server) {
        snprintf(p->db, sizeof p->db, "%s", server);
        assert_int_equal(random_bytes(merchant, ID_SIZE), 0);
        assert_int_equal(random_bytes(other_merchant, ID_SIZE), 0);
    }
    assert_int_equal(store_open(p->db, merchant, STORE_CREATE, &p->s, NULL), 0);
    *state = p;
    return 0;
}

int teardown(void **state)
{
    struct spot *p = *state;
    static const char *const ends[] = {"", "-wal", "-shm"};
    store_close(p->s);
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/a.db%s", p->dir, ends[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(p->dir), 0);
    test_free(p);
    return 0;
}

int put_batch_7(struct store *s, void *arg)
{
    struct batch_row row = {.number = 7, .last = 9, .exp = 1, .channel = "email"};
    int rc = store_batch_put(s, &row);
    return rc ? rc : *(int *)arg;
}

struct redemption_row redemption(uint8_t commit, int64_t slot)
{
    struct redemption_row r = {
        .d = {commit}, .version = 1, .batch = 1, .index = 1, .grant = NONE, .discount = 100, .slot = slot};
    r.stage = slot == NONE ? CONTEST_COUPON : STAGE_WON;
    return r;
}
