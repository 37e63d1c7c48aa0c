/* The chain of records: gaps, replays, forks; and what a sync brings. */
#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>

static struct world *fresh(size_t tills)
{
    struct world *w = test_malloc(sizeof *w);
    world_open(w, tills);
    return w;
}

static void done(struct world *w)
{
    world_close(w);
    test_free(w);
}

static struct bytes commit_of(struct world *w, struct world_till *t, int64_t price)
{
    struct world_sale s = world_sale(w, price);
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    assert_int_equal(world_hold(w, t, &s), 0);
    world_commit_message(w, t, &s, &message, NULL);
    struct bytes kept = arena_copy(&w->arena, buf_view(&message));
    buf_free(&message);
    return kept;
}

static int sync_till(struct world *w, struct world_till *t, int64_t have, struct state *out)
{
    struct sync q = {.common = world_common(w), .head = t->head, .have = have, .keyset = have > 0};
    struct buf envelope, message;
    struct dec d;
    struct answer a;
    struct statement st;
    assert_int_equal(random_bytes(q.id, ID_SIZE), 0);
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    assert_int_equal(statement_sign(KIND_SYNC, &q, bytes_str(t->name), &t->key, &envelope, NULL, NULL), 0);
    message_put(&message, KIND_SYNC, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    int rc = world_send(w, buf_view(&message));
    buf_free(&envelope);
    buf_free(&message);
    if (rc) {
        return rc;
    }
    dec_init(&d, buf_view(&w->reply));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_int_equal(a.kind, ANSWER_STATE);
    struct bytes kept = arena_copy(&w->arena, a.statement);
    assert_int_equal(statement_parse(kept, &w->arena, &st, NULL), 0);
    assert_int_equal(statement_verify(&st, &w->grant), 0);
    *out = st.payload.state;
    return 0;
}

static void a_hole_stays_open_and_is_filled_later(void **state)
{
    (void)state;
    struct world *w = fresh(1);
    struct state s;
    struct bytes one = commit_of(w, &w->tills[0], 100), two = commit_of(w, &w->tills[0], 200);
    assert_int_equal(world_send(w, two), 0);
    assert_int_equal(sync_till(w, &w->tills[0], 0, &s), 0);
    assert_int_equal(s.head.seq, 2);
    assert_false(s.quarantined);
    assert_int_equal(world_send(w, one), 0);
    assert_int_equal(sync_till(w, &w->tills[0], 0, &s), 0);
    assert_int_equal(s.head.seq, 2);
    assert_false(s.quarantined);
    done(w);
}

static void a_repeated_record_changes_nothing_and_is_answered_the_same(void **state)
{
    (void)state;
    struct world *w = fresh(1);
    struct bytes one = commit_of(w, &w->tills[0], 100);
    assert_int_equal(world_send(w, one), 0);
    struct bytes first = arena_copy(&w->arena, buf_view(&w->reply));
    const char *before = world_dump(w);
    assert_int_equal(world_send(w, one), 0);
    assert_true(bytes_equal(first, buf_view(&w->reply)));
    assert_string_equal(before, world_dump(w));
    done(w);
}

static void a_second_signature_over_the_same_bytes_is_a_replay_not_a_fork(void **state)
{
    (void)state;
    struct world *w = fresh(1);
    struct bytes one = commit_of(w, &w->tills[0], 100);
    struct dec d;
    struct statement st;
    struct buf envelope, message;
    struct state s;
    assert_int_equal(world_send(w, one), 0);
    dec_init(&d, one);
    assert_int_equal(message_next(&d, &w->arena, &st, NULL), 1);
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    assert_int_equal(cose_sign1(&w->tills[0].key, st.sign1.protected_map, st.sign1.payload, &envelope, NULL),
                     0);
    assert_false(bytes_equal(buf_view(&envelope), st.raw));
    message_put(&message, KIND_COMMIT, buf_view(&envelope), st.lines, st.person);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    assert_int_equal(sync_till(w, &w->tills[0], 0, &s), 0);
    assert_false(s.quarantined);
    buf_free(&envelope);
    buf_free(&message);
    done(w);
}

static void two_records_at_one_place_quarantine_the_till(void **state)
{
    (void)state;
    struct world *w = fresh(2);
    struct state s;
    struct head before = w->tills[0].head;
    struct bytes one = commit_of(w, &w->tills[0], 100);
    w->tills[0].head = before;
    struct bytes other = commit_of(w, &w->tills[0], 200);
    assert_int_equal(world_send(w, one), 0);
    assert_int_equal(world_send(w, other), 0);
    assert_int_equal(sync_till(w, &w->tills[0], 0, &s), 0);
    assert_true(s.quarantined);
    struct world_sale hold = world_sale(w, 100);
    assert_int_equal(world_hold(w, &w->tills[0], &hold), TP_QUARANTINED);
    assert_int_equal(world_hold(w, &w->tills[1], &hold), 0);
    done(w);
}

static void a_record_that_does_not_follow_its_neighbour_is_a_fork(void **state)
{
    (void)state;
    for (int later_first = 0; later_first < 2; later_first++) {
        struct world *w = fresh(1);
        struct state s;
        struct bytes one = commit_of(w, &w->tills[0], 100);
        w->tills[0].head.d[5] ^= 1;
        struct bytes two = commit_of(w, &w->tills[0], 200);
        assert_int_equal(world_send(w, later_first ? two : one), 0);
        assert_int_equal(world_send(w, later_first ? one : two), 0);
        assert_int_equal(sync_till(w, &w->tills[0], 0, &s), 0);
        assert_true(s.quarantined);
        done(w);
    }
}

static void the_first_record_follows_the_terminal_statement(void **state)
{
    (void)state;
    struct world *w = fresh(1);
    struct state s;
    w->tills[0].head.d[0] ^= 1;
    struct bytes one = commit_of(w, &w->tills[0], 100);
    assert_int_equal(world_send(w, one), 0);
    assert_int_equal(sync_till(w, &w->tills[0], 0, &s), 0);
    assert_true(s.quarantined);
    done(w);
}

static void a_sync_brings_what_is_new_and_names_each_by_its_hash(void **state)
{
    (void)state;
    struct world *w = fresh(2);
    struct state s, again;
    struct offer o = world_offer(w, "coffee10", 10000);
    world_publish(w, &o);
    assert_int_equal(sync_till(w, &w->tills[0], 0, &s), 0);
    /* keyset, policy, its own terminal, the offer; not the other till's terminal */
    assert_int_equal(s.statements.n, 4);
    assert_memory_equal(s.card_key, w->card_key, HASH_SIZE);
    assert_int_equal(s.common.time_ms, w->now);
    assert_false(s.more);
    assert_int_equal(sync_till(w, &w->tills[0], s.have, &again), 0);
    assert_int_equal(again.statements.n, 0);
    assert_int_equal(again.have, s.have);
    done(w);
}

static void a_long_sync_says_that_there_is_more(void **state)
{
    (void)state;
    struct world *w = fresh(1);
    struct state s;
    size_t got = 0;
    int64_t have = 0;
    for (int i = 0; i < 230; i++) {
        char id[16];
        snprintf(id, sizeof id, "o%d", i);
        struct offer o = world_offer(w, id, 1000);
        world_publish(w, &o);
    }
    do {
        assert_int_equal(sync_till(w, &w->tills[0], have, &s), 0);
        assert_true(s.have > have);
        have = s.have;
        got += s.statements.n;
    } while (s.more);
    assert_int_equal(got, 233);
    done(w);
}

/* A close as the till's next record; its head moves on. */
static int send_close(struct world *w, struct world_till *t, const uint8_t prev[HASH_SIZE])
{
    struct close c = {.common = world_common(w),
                      .chain = {.epoch = t->head.epoch, .seq = t->head.seq + 1},
                      .first = {1, 1},
                      .last = {1, 1}};
    struct buf envelope, message;
    memcpy(c.chain.prev, prev, HASH_SIZE);
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    assert_int_equal(statement_sign(KIND_CLOSE, &c, bytes_str(t->name), &t->key, &envelope, t->head.d, NULL),
                     0);
    t->head.seq++;
    message_put(&message, KIND_CLOSE, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    int rc = world_send(w, buf_view(&message));
    buf_free(&envelope);
    buf_free(&message);
    return rc;
}

static void a_close_takes_its_place_in_the_chain_like_any_record(void **state)
{
    (void)state;
    struct world *w = fresh(1);
    struct world_till *t = &w->tills[0];
    struct state s;
    uint8_t other[HASH_SIZE] = {1};
    assert_int_equal(world_send(w, commit_of(w, t, 100)), 0);
    uint8_t prev[HASH_SIZE];
    memcpy(prev, t->head.d, HASH_SIZE);
    assert_int_equal(send_close(w, t, prev), 0);
    assert_int_equal(sync_till(w, t, 0, &s), 0);
    assert_int_equal(s.head.seq, 2);
    assert_memory_equal(s.head.d, t->head.d, HASH_SIZE);
    assert_false(s.quarantined);
    assert_int_equal(send_close(w, t, other), 0);
    assert_int_equal(sync_till(w, t, 0, &s), 0);
    assert_true(s.quarantined);
    done(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hole_stays_open_and_is_filled_later),
        cmocka_unit_test(a_repeated_record_changes_nothing_and_is_answered_the_same),
        cmocka_unit_test(a_second_signature_over_the_same_bytes_is_a_replay_not_a_fork),
        cmocka_unit_test(two_records_at_one_place_quarantine_the_till),
        cmocka_unit_test(a_record_that_does_not_follow_its_neighbour_is_a_fork),
        cmocka_unit_test(the_first_record_follows_the_terminal_statement),
        cmocka_unit_test(a_sync_brings_what_is_new_and_names_each_by_its_hash),
        cmocka_unit_test(a_long_sync_says_that_there_is_more),
        cmocka_unit_test(a_close_takes_its_place_in_the_chain_like_any_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
