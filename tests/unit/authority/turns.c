/* Several sequencers on one log: one has the turn, another takes it when it ends, and whoever lost it adds
 * nothing. */
#include "store/log.h"
#include "support/cm.h"
#include "support/world.h"

enum { TTL_MS = 2000 };

struct scene {
    struct world w;
    struct authority *a, *b;
    struct store *s;
};

static int setup(void **state)
{
    struct scene *c = test_calloc(1, sizeof *c);
    world_open(&c->w, 1);
    c->a = world_another(&c->w);
    c->b = world_another(&c->w);
    authority_log_elsewhere(c->w.authority);
    assert_int_equal(store_open(c->w.db, c->w.id, 0, &c->s, NULL), 0);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;
    store_close(c->s);
    authority_close(c->a);
    authority_close(c->b);
    world_close(&c->w);
    test_free(c);
    return 0;
}

/* One more record waits. */
static void sell(struct scene *c)
{
    struct world_sale s = world_sale(&c->w, 1000);
    assert_int_equal(world_commit(&c->w, &c->w.tills[0], &s, NULL), 0);
}

static struct log_turn step(struct authority *a, int64_t seize)
{
    struct log_turn turn;
    struct err e = {0};
    assert_int_equal(authority_sequence(a, TTL_MS, seize, &turn, &e), 0);
    return turn;
}

static int64_t leaves(struct scene *c)
{
    int64_t n = 0;
    assert_int_equal(store_leaf_count(c->s, &n), 0);
    return n;
}

static void the_second_waits_until_the_turn_ends(void **state)
{
    struct scene *c = *state;
    struct log_turn turn = step(c->a, NONE);
    assert_true(turn.mine);
    assert_int_equal(turn.added, 3); /* keyset, policy, terminal */
    assert_int_equal(turn.waiting, 0);
    assert_true(step(c->a, NONE).idle);
    sell(c);
    c->w.now += TTL_MS - 1;
    turn = step(c->b, NONE);
    assert_false(turn.mine || turn.idle);
    assert_int_equal(turn.added, 0);
    assert_int_equal(turn.waiting, 1);
    assert_int_equal(step(c->b, NONE).fence, turn.fence);
    c->w.now += 1;
    turn = step(c->b, NONE);
    assert_true(turn.mine);
    assert_int_equal(turn.added, 1);
    sell(c);
    assert_false(step(c->a, NONE).mine); /* it slept, and finds that out before it adds any */
    assert_int_equal(leaves(c), 4);
    assert_int_equal(step(c->b, NONE).added, 1);
}

static void a_turn_that_is_given_back_is_free_at_once(void **state)
{
    struct scene *c = *state;
    assert_true(step(c->a, NONE).mine);
    sell(c);
    assert_int_equal(authority_sequence_leave(c->b), 0); /* not its own */
    assert_false(step(c->b, NONE).mine);
    assert_int_equal(authority_sequence_leave(c->a), 0);
    assert_true(step(c->b, NONE).mine);
    assert_int_equal(leaves(c), 4);
}

/* A clock that is an hour ahead wrote it: by the other's clock it ends much too late. */
static void a_turn_that_stands_still_is_seized(void **state)
{
    struct scene *c = *state;
    c->w.now += 3600000;
    assert_true(step(c->a, NONE).mine);
    sell(c);
    c->w.now -= 3600000;
    struct log_turn turn = step(c->b, NONE);
    assert_false(turn.mine);
    assert_false(step(c->b, turn.fence - 1).mine); /* it moved meanwhile: not that one */
    turn = step(c->b, turn.fence);
    assert_true(turn.mine);
    assert_int_equal(turn.added, 1);
    assert_int_equal(leaves(c), 4);
}

static int sync_till(struct world *w, struct world_till *t)
{
    struct sync q = {.common = world_common(w), .head = t->head};
    struct buf envelope;
    assert_int_equal(random_bytes(q.id, ID_SIZE), 0);
    buf_init(&envelope, ENVELOPE_MAX);
    assert_int_equal(statement_sign(KIND_SYNC, &q, bytes_str(t->name), &t->key, &envelope, NULL, NULL), 0);
    int rc = world_send(w, buf_view(&envelope));
    buf_free(&envelope);
    return rc;
}

/* A handle without a sequencer writes at each sync, as ever, but not beside one that has its turn. */
static void a_handle_of_its_own_gives_way(void **state)
{
    struct scene *c = *state;
    assert_int_equal(sync_till(&c->w, &c->w.tills[0]), 0);
    assert_int_equal(leaves(c), 0); /* this one leaves it to the sequencers */
    struct authority *workers = c->w.authority;
    c->w.authority = c->a;
    assert_true(step(c->b, NONE).mine);
    sell(c);
    assert_int_equal(sync_till(&c->w, &c->w.tills[0]), 0);
    assert_int_equal(leaves(c), 3);
    c->w.now += TTL_MS;
    assert_int_equal(sync_till(&c->w, &c->w.tills[0]), 0);
    assert_int_equal(leaves(c), 4);
    sell(c);
    assert_true(step(c->b, NONE).mine); /* it kept no turn */
    c->w.authority = workers;
}

static void many_are_placed_in_batches(void **state)
{
    struct scene *c = *state;
    for (int i = 0; i < SEQUENCER_BATCH; i++) {
        sell(c);
    }
    struct log_turn turn = step(c->a, NONE);
    assert_int_equal(turn.added, SEQUENCER_BATCH);
    assert_int_equal(turn.waiting, 3);
    assert_int_equal(turn.oldest_ms, c->w.now);
    assert_int_equal(step(c->a, NONE).added, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_second_waits_until_the_turn_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(a_turn_that_is_given_back_is_free_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_turn_that_stands_still_is_seized, setup, teardown),
        cmocka_unit_test_setup_teardown(a_handle_of_its_own_gives_way, setup, teardown),
        cmocka_unit_test_setup_teardown(many_are_placed_in_batches, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
