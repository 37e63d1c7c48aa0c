/* The outbox: what goes first, what is sent again, and when. */
#include "fake.h"
#include "sale/internal.h"

#include <stdio.h>

enum { BACKLOG = 70, MANY = 1000 };

static int setup(void **state)
{
    static struct fake f;
    fake_open(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fake_close(*state);
    return 0;
}

static void sell(struct till *t, int n)
{
    char reference[16];
    snprintf(reference, sizeof reference, "S-%d", n);
    int64_t sale = fake_sale(t, reference);
    fake_lines(t, sale);
    fake_commit(t, sale);
}

/* BACKLOG sales that nobody heard of, and one more whose grant lives. */
static struct till *sell_many(struct fake *f)
{
    struct till *t = fake_till(f);
    fake_mode(f, DOWN, KIND_COMMIT);
    for (int i = 0; i < BACKLOG; i++) {
        sell(t, i);
    }
    int64_t sale = fake_sale(t, "held");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_true(fake_commit(t, sale).binding);
    return t;
}

static int64_t arrived(struct fake *f, size_t i)
{
    pthread_mutex_lock(&f->lock);
    assert_true(i < f->record_count);
    int64_t seq = f->records[i].seq;
    pthread_mutex_unlock(&f->lock);
    return seq;
}

static void a_commit_whose_grant_lives_goes_first(void **state)
{
    struct fake *f = *state;
    struct till *t = sell_many(f);
    fake_mode(f, GOOD, KIND_COUNT);
    assert_int_equal(till_flush(t, FAKE_WAIT, NULL), 0);
    assert_int_equal(arrived(f, 0), BACKLOG + 1);
    for (size_t i = 1; i <= BACKLOG; i++) {
        assert_int_equal(arrived(f, i), i);
    }
    assert_int_equal(f->record_count, BACKLOG + 1);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
}

static void once_its_grant_has_ended_it_waits_its_turn(void **state)
{
    struct fake *f = *state;
    struct till *t = sell_many(f);
    atomic_fetch_add(&f->boot, 10 * 60000);
    atomic_fetch_add(&f->wall, 10 * 60000);
    fake_mode(f, GOOD, KIND_COUNT);
    assert_int_equal(till_flush(t, FAKE_WAIT, NULL), 0);
    for (size_t i = 0; i <= BACKLOG; i++) {
        assert_int_equal(arrived(f, i), i + 1);
    }
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
}

static void check_order(struct fake *f, bool urgent)
{
    struct till *t = fake_till(f);
    fake_mode(f, GOOD, KIND_COUNT);
    assert_int_equal(till_flush(t, FAKE_WAIT, NULL), 0);
    for (size_t i = 0; i <= BACKLOG; i++) {
        assert_int_equal(arrived(f, i), urgent ? (i ? i : BACKLOG + 1) : i + 1);
    }
    assert_int_equal(f->record_count, BACKLOG + 1);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
}

static void a_restart_loses_nothing_and_keeps_the_order(void **state)
{
    struct fake *f = *state;
    assert_int_equal(till_close(sell_many(f), 0), TP_E_TIMEOUT);
    fake_mode(f, DOWN, KIND_COMMIT);
    check_order(f, true);
}

static void a_reboot_keeps_it_too(void **state)
{
    struct fake *f = *state;
    assert_int_equal(till_close(sell_many(f), 0), TP_E_TIMEOUT);
    atomic_store(&f->boot, 5000);
    atomic_fetch_add(&f->wall, 60000);
    fake_mode(f, DOWN, KIND_COMMIT);
    check_order(f, true);
}

static void a_grant_that_ended_meanwhile_hurries_nothing(void **state)
{
    struct fake *f = *state;
    assert_int_equal(till_close(sell_many(f), 0), TP_E_TIMEOUT);
    atomic_store(&f->boot, 5000);
    atomic_fetch_add(&f->wall, 121000);
    fake_mode(f, DOWN, KIND_COMMIT);
    check_order(f, false);
}

/* Handled, and the answer lost: it is sent again and counted once. */
static void a_lost_answer_is_asked_for_again(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    fake_mode(f, LOST, KIND_COMMIT);
    for (int i = 0; i < 3; i++) {
        sell(t, i);
    }
    fake_await(f, KIND_COMMIT, 4);
    struct till_status s = {0};
    assert_int_equal(till_status(t, &s, NULL), 0);
    assert_int_equal(s.unsent, 3);
    fake_mode(f, GOOD, KIND_COUNT);
    assert_int_equal(till_flush(t, FAKE_WAIT, NULL), 0);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
}

static void waiting_is_spread_over_half_of_the_time(void **state)
{
    (void)state;
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < MANY; i++) {
        int64_t wait = retry_wait(5000);
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    assert_true(least >= 2500 && most <= 5000);
    assert_true(most - least > 1000);
    assert_int_equal(retry_wait(0), 0);
    assert_int_equal(retry_wait(1), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_commit_whose_grant_lives_goes_first),
        T(once_its_grant_has_ended_it_waits_its_turn),
        T(a_restart_loses_nothing_and_keeps_the_order),
        T(a_reboot_keeps_it_too),
        T(a_grant_that_ended_meanwhile_hurries_nothing),
        T(a_lost_answer_is_asked_for_again),
        cmocka_unit_test(waiting_is_spread_over_half_of_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
