/* What every store must do (plugin/store/store.h): transactions, merchants, the log, and codes; on both
 * databases. */
#include "contract/spot.h"

#include "store/codes.h"
#include "store/holds.h"
#include "store/log.h"
#include "store/offers.h"
#include "support/cm.h"

#include <pthread.h>

static void a_transaction_that_fails_leaves_nothing(void **state)
{
    struct spot *p = *state;
    struct batch_row row;
    int refuse = TP_EXPIRED, accept = 0;
    assert_int_equal(store_write(p->s, put_batch_7, &refuse), TP_EXPIRED);
    assert_int_equal(store_batch(p->s, 7, &row), STORE_NOT_FOUND);
    assert_int_equal(store_write(p->s, put_batch_7, &accept), 0);
    assert_int_equal(store_batch(p->s, 7, &row), 0);
    assert_string_equal(row.channel, "email");
    assert_int_equal(store_write(p->s, put_batch_7, &accept), TP_BAD_STATEMENT);
}

enum { MANY = 450 };

struct walk {
    struct store *s;
    int64_t next;
};

static int look_beside(void *arg, const struct checkpoint_row *row)
{
    struct walk *w = arg;
    uint8_t hash[HASH_SIZE];
    assert_int_equal(row->size, w->next++);
    assert_int_equal(store_node(w->s, 1, row->size, hash), 0);
    assert_int_equal(hash[0], row->root[0]);
    return w->next > MANY ? 77 : 0; /* left early, at the last one */
}

static int put_many(struct store *s, void *arg)
{
    struct checkpoint_row c = {.raw = bytes_str("raw"), .note = bytes_str("")};
    int rc = 0;
    (void)arg;
    for (c.size = 1; c.size <= MANY && rc == 0; c.size++) {
        c.root[0] = (uint8_t)c.size;
        rc = store_checkpoint_put(s, &c);
        rc = rc ? rc : store_node_put(s, 1, c.size, c.root);
    }
    return rc;
}

static int walk_many(struct store *s, void *arg)
{
    struct walk w = {s, 1};
    int rc = store_checkpoints(s, 1, INT64_MAX, look_beside, &w);
    assert_int_equal(rc, 77);
    assert_int_equal(w.next, MANY + 1);
    return arg ? 0 : TP_EXPIRED;
}

static void many_rows_are_stepped_through_while_others_are_asked(void **state)
{
    struct spot *p = *state;
    assert_int_equal(store_write(p->s, put_many, NULL), 0);
    assert_int_equal(store_read(p->s, walk_many, p), 0);
    assert_int_equal(store_write(p->s, walk_many, NULL), TP_EXPIRED);
    assert_int_equal(walk_many(p->s, p), 0); /* outside of a transaction, too */
}

static void one_merchant_does_not_see_another(void **state)
{
    struct spot *p = *state;
    struct store *s = NULL;
    struct batch_row row;
    int accept = 0;
    int64_t last = -1;
    assert_int_equal(store_open(p->db, other_merchant, 0, &s, NULL), 0);
    assert_int_equal(store_write(p->s, put_batch_7, &accept), 0);
    assert_int_equal(store_batch(s, 7, &row), STORE_NOT_FOUND);
    assert_int_equal(store_batch_last(s, &last), 0);
    assert_int_equal(last, 0);
    assert_int_equal(store_write(s, put_batch_7, &accept), 0);
    store_close(s);
}

enum { WRITERS = 4, EACH = 50 };

static int count_up(struct store *s, void *arg)
{
    return store_next_grant(s, arg);
}

static void *writer(void *arg)
{
    struct spot *p = arg;
    struct store *s = NULL;
    int64_t number = 0;
    intptr_t failed = store_open(p->db, merchant, 0, &s, NULL);
    for (int i = 0; i < EACH && !failed; i++) {
        failed = store_write(s, count_up, &number);
    }
    store_close(s);
    return (void *)failed;
}

static void writers_at_once_lose_nothing(void **state)
{
    struct spot *p = *state;
    pthread_t threads[WRITERS];
    int64_t number = 0;
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, writer, p), 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(store_next_grant(p->s, &number), 0);
    assert_int_equal(number, WRITERS * EACH + 1);
}

/* One has the turn until it ends or is seized; the fence moves with each of that. */
static void one_sequencer_has_the_turn(void **state)
{
    struct spot *p = *state;
    static const uint8_t a[ID_SIZE] = {1}, b[ID_SIZE] = {2};
    struct turn_row row;
    bool mine;
    assert_int_equal(store_sequencer_take(p->s, a, 1000, 500, &row, &mine), 0);
    assert_true(mine);
    assert_int_equal(row.until_ms, 1500);
    int64_t fence = row.fence;
    assert_int_equal(store_sequencer_take(p->s, b, 1499, 500, &row, &mine), 0);
    assert_false(mine);
    assert_int_equal(row.fence, fence);
    assert_memory_equal(row.owner, a, ID_SIZE);
    assert_int_equal(store_sequencer_take(p->s, a, 1499, 500, &row, &mine), 0);
    assert_true(mine && row.fence == fence + 1);
    assert_int_equal(store_sequencer_take(p->s, b, 1999, 500, &row, &mine), 0);
    assert_true(mine);
    assert_int_equal(store_sequencer_seize(p->s, a, fence, 9), 0); /* an old one */
    assert_int_equal(store_sequencer_leave(p->s, a), 0);           /* another's */
    assert_int_equal(store_sequencer_take(p->s, a, 2000, 500, &row, &mine), 0);
    assert_false(mine);
    assert_int_equal(store_sequencer_seize(p->s, a, row.fence, 9), 0);
    assert_int_equal(store_sequencer_take(p->s, b, 5, 500, &row, &mine), 0);
    assert_false(mine);
    assert_int_equal(store_sequencer_leave(p->s, a), 0);
    assert_int_equal(store_sequencer_take(p->s, b, 5, 500, &row, &mine), 0);
    assert_true(mine);
}

static void a_note_is_changed_by_who_knows_it(void **state)
{
    struct spot *p = *state;
    struct checkpoint_row c = {.size = 2, .raw = bytes_str("raw"), .note = bytes_str("note")};
    struct bytes more = bytes_str("note and more");
    int64_t size = 0;
    assert_int_equal(store_witnessed_last(p->s, &size), STORE_NOT_FOUND);
    assert_int_equal(store_checkpoint_put(p->s, &c), 0);
    assert_int_equal(store_witnessed_last(p->s, &size), STORE_NOT_FOUND);
    assert_int_equal(store_checkpoint_note(p->s, 2, c.note, more, 1), 0);
    assert_int_equal(store_checkpoint_note(p->s, 2, c.note, more, 1), TP_E_BUSY);
    assert_int_equal(store_checkpoint_note(p->s, 3, c.note, more, 1), TP_E_BUSY);
    assert_int_equal(store_witnessed_last(p->s, &size), 0);
    assert_int_equal(size, 2);
}

static void a_read_only_handle_writes_nothing(void **state)
{
    struct spot *p = *state;
    struct store *s = NULL;
    int accept = 0;
    assert_int_equal(store_open(p->db, merchant, STORE_READ_ONLY, &s, NULL), 0);
    assert_int_equal(store_write(s, put_batch_7, &accept), TP_E_READ_ONLY);
    store_close(s);
}

static void a_pickup_code_is_there_until_its_time_and_once(void **state)
{
    struct spot *p = *state;
    struct store *other = NULL;
    struct bytes code = bytes_str("123456789");
    uint8_t memory[COUPON_MAX];
    struct buf coupon;
    buf_over(&coupon, memory, sizeof memory);
    assert_int_equal(store_pickup_put(p->s, code, bytes_str("coupon"), 100), 0);
    assert_int_equal(store_pickup_put(p->s, code, bytes_str("other"), 200), TP_E_EXISTS);
    assert_int_equal(store_pickup(p->s, code, 99, &coupon), 0);
    assert_true(bytes_is(buf_view(&coupon), "coupon"));
    assert_int_equal(store_pickup(p->s, code, 100, &coupon), STORE_NOT_FOUND);
    assert_int_equal(store_pickup(p->s, bytes_str("123456788"), 1, &coupon), STORE_NOT_FOUND);
    assert_int_equal(store_pickup(p->s, bytes_str("' OR 1=1 "), 1, &coupon), STORE_NOT_FOUND);
    assert_int_equal(store_open(p->db, other_merchant, 0, &other, NULL), 0);
    assert_int_equal(store_pickup(other, code, 1, &coupon), STORE_NOT_FOUND);
    assert_int_equal(store_pickups_expire(other, 1000, 1000), 0);
    store_close(other);
    assert_int_equal(store_pickups_expire(p->s, 99, 0), 0);
    assert_int_equal(store_pickup(p->s, code, 1, &coupon), 0);
    assert_int_equal(store_pickups_expire(p->s, 100, 0), 0);
    assert_int_equal(store_pickup(p->s, code, 1, &coupon), STORE_NOT_FOUND);
}

static void wrong_codes_are_counted_for_a_while(void **state)
{
    struct spot *p = *state;
    int64_t mine, all;
    assert_int_equal(store_pickup_misses(p->s, "till1", &mine, &all), 0);
    assert_true(mine == 0 && all == 0);
    for (int64_t at = 1; at <= 5; at++) {
        assert_int_equal(store_pickup_miss(p->s, at % 2 ? "till1" : "till2", at), 0);
    }
    assert_int_equal(store_pickup_misses(p->s, "till1", &mine, &all), 0);
    assert_true(mine == 3 && all == 5);
    assert_int_equal(store_pickups_expire(p->s, 0, 2), 0);
    assert_int_equal(store_pickup_misses(p->s, "till1", &mine, &all), 0);
    assert_true(mine == 2 && all == 3);
}

static int count_leaf(void *arg, const struct leaf_row *row, struct bytes raw)
{
    int64_t *next = arg;
    assert_int_equal(row->index, (*next)++);
    assert_null(raw.p); /* no such statement is kept here */
    return 0;
}

static int take_n(void *arg, const struct waiting_leaf *row)
{
    *(int64_t *)arg = row->n;
    return 0;
}

static void the_log_keeps_its_order_and_its_places(void **state)
{
    struct spot *p = *state;
    uint8_t d[3][HASH_SIZE] = {{1}, {2}, {3}}, hash[HASH_SIZE];
    int64_t n = 0, last = 0;
    struct leaf_row leaf = {.index = 0};
    struct checkpoint_row c;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(store_leaf_wait(p->s, d[i]), 0);
    }
    assert_int_equal(store_leaves_waiting(p->s, 2, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(store_each_waiting(p->s, 2, take_n, &last), 0);
    assert_int_equal(store_waiting_drop(p->s, last), 0);
    assert_int_equal(store_leaves_waiting(p->s, 9, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_leaf_count(p->s, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(store_leaf(p->s, d[0], &leaf), STORE_NOT_FOUND);
    for (size_t i = 0; i < 2; i++) {
        leaf = (struct leaf_row){.index = (int64_t)i, .entry = {7}};
        memcpy(leaf.d, d[i], HASH_SIZE);
        assert_int_equal(store_leaf_put(p->s, &leaf), 0);
    }
    assert_int_equal(store_leaf_put(p->s, &leaf), TP_E_EXISTS);
    leaf.index = 5;
    assert_int_equal(store_leaf_put(p->s, &leaf), TP_E_EXISTS); /* one statement, one leaf */
    n = 0;
    assert_int_equal(store_leaves(p->s, 0, count_leaf, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(store_node(p->s, 1, 0, hash), STORE_NOT_FOUND);
    assert_int_equal(store_node_put(p->s, 1, 0, d[1]), 0);
    assert_int_equal(store_node_put(p->s, 1, 0, d[2]), TP_E_EXISTS);
    assert_int_equal(store_node(p->s, 1, 0, hash), 0);
    assert_memory_equal(hash, d[1], HASH_SIZE);
    assert_int_equal(store_checkpoint_last(p->s, &c), STORE_NOT_FOUND);
    c = (struct checkpoint_row){.size = 2, .raw = bytes_str("raw"), .note = bytes_str("note")};
    assert_int_equal(store_checkpoint_put(p->s, &c), 0);
    assert_int_equal(store_checkpoint_put(p->s, &c), TP_E_EXISTS); /* never two trees of one size */
    assert_int_equal(store_checkpoint_last(p->s, &c), 0);
    assert_int_equal(c.size, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest all[] = {
        T(a_transaction_that_fails_leaves_nothing),
        T(one_merchant_does_not_see_another),
        T(writers_at_once_lose_nothing),
        T(one_sequencer_has_the_turn),
        T(a_note_is_changed_by_who_knows_it),
        T(a_read_only_handle_writes_nothing),
        T(a_pickup_code_is_there_until_its_time_and_once),
        T(wrong_codes_are_counted_for_a_while),
        T(the_log_keeps_its_order_and_its_places),
        T(many_rows_are_stepped_through_while_others_are_asked),
    };
    take_server();
    return cmocka_run_group_tests(all, NULL, NULL);
}
