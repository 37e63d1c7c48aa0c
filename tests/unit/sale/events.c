/* What a till tells by itself: each once, the newest of a state, and what was lost is counted. */
#include "fake.h"

#include "sale/internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof *f);
    fake_open(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_close(*state);
    free(*state);
    return 0;
}

static bool readable(struct till *t)
{
    struct pollfd p = {.fd = till_event_fd(t), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* The next event of a kind; others are passed by. kind 0 in the result: none came. */
static struct till_event next(struct till *t, int kind, int64_t wait_ms)
{
    struct till_event v;
    do {
        till_event_next(t, wait_ms, &v);
    } while (v.kind && v.kind != kind);
    return v;
}

static void drain(struct till *t)
{
    struct till_event v;
    do {
        till_event_next(t, 0, &v);
    } while (v.kind);
}

static void publish_offer(struct fake *f)
{
    struct offer_statement o = {.common = fake_common(f), .terms = f->offers[0]};
    o.terms.version = 2;
    pthread_mutex_lock(&f->lock);
    fake_publish(f, KIND_OFFER, &o, &f->merchant, "office");
    pthread_mutex_unlock(&f->lock);
}

static void the_descriptor_is_readable_while_events_wait(void **state)
{
    struct till *t = fake_till(*state);
    struct till_event v;
    assert_true(readable(t));
    drain(t);
    assert_false(readable(t));
    till_event_next(t, 20, &v);
    assert_int_equal(v.kind, 0);
    publish_offer(*state);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, NULL), 0);
    assert_true(readable(t));
    till_event_next(t, 0, &v);
    assert_int_equal(v.kind, EVENT_NEWS);
    assert_false(readable(t));
    till_close(t, 0);
}

static void the_line_is_told_once_a_change(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct till_event v = next(t, EVENT_ONLINE, FAKE_WAIT);
    assert_int_equal(v.code, 0);
    assert_true(v.at_ms >= FAKE_NOW);
    fake_mode(f, DOWN, KIND_COUNT);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, NULL), TP_OFFLINE);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, NULL), TP_OFFLINE);
    v = next(t, EVENT_ONLINE, FAKE_WAIT);
    assert_int_equal(v.code, TP_OFFLINE);
    assert_int_equal(next(t, EVENT_ONLINE, 0).kind, 0);
    fake_mode(f, GOOD, KIND_COUNT);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, NULL), 0);
    assert_int_equal(next(t, EVENT_ONLINE, FAKE_WAIT).code, 0);
    till_close(t, 0);
}

static void of_a_state_only_the_newest_waits(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    for (int i = 0; i < 3; i++) {
        fake_mode(f, i & 1 ? GOOD : DOWN, KIND_COUNT);
        (void)till_sync_now(t, FAKE_WAIT, NULL);
    }
    assert_int_equal(next(t, EVENT_ONLINE, 0).code, TP_OFFLINE);
    assert_int_equal(next(t, EVENT_ONLINE, 0).kind, 0);
    till_close(t, 0);
}

static void what_nobody_takes_is_dropped_and_counted(void **state)
{
    struct till *t = fake_till(*state);
    struct till_event v;
    drain(t);
    till_lock(t);
    for (int i = 0; i < EVENTS_MAX + 3; i++) {
        event_put(t, &(struct till_event){.kind = EVENT_OUTCOME, .id = i}, bytes_str("data"));
    }
    till_unlock(t);
    till_event_next(t, 0, &v);
    assert_int_equal(v.dropped, 3);
    assert_int_equal(v.id, 3);
    till_event_next(t, 0, &v);
    assert_int_equal(v.dropped, 0);
    assert_int_equal(v.id, 4);
    till_close(t, 0);
}

static void scans_are_never_dropped_but_wait_for_room(void **state)
{
    struct till *t = fake_till(*state);
    struct till_event v;
    int64_t scans = 0, dropped = 0;
    drain(t);
    till_event_put(t, &(struct till_event){.kind = EVENT_OUTCOME}, bytes_str("older"));
    while (till_event_room(t)) {
        till_event_put(t, &(struct till_event){.kind = EVENT_SCAN, .id = ++scans}, bytes_str("data"));
    }
    assert_int_equal(scans, EVENT_SCANS_MAX);
    for (int i = 0; i < 2 * EVENTS_MAX; i++) {
        till_event_put(t, &(struct till_event){.kind = EVENT_OUTCOME, .id = i}, bytes_str("other"));
    }
    for (int64_t i = 1; i <= scans; i++) {
        till_event_next(t, 0, &v);
        assert_int_equal(v.kind, EVENT_SCAN);
        assert_int_equal(v.id, i);
        dropped += v.dropped;
        assert_true(till_event_room(t));
    }
    assert_int_equal(dropped, 1 + 2 * EVENTS_MAX - (EVENTS_MAX - scans));
    till_event_next(t, 0, &v);
    assert_int_equal(v.kind, EVENT_OUTCOME);
    till_close(t, 0);
}

static void data_belongs_to_the_event_that_was_taken_last(void **state)
{
    struct till *t = fake_till(*state);
    struct till_event a, b;
    struct err e = {0};
    struct buf out;
    buf_init(&out, 64);
    drain(t);
    till_lock(t);
    event_put(t, &(struct till_event){.kind = EVENT_SCAN}, bytes_str("first"));
    event_put(t, &(struct till_event){.kind = EVENT_SCAN}, bytes_str("second"));
    till_unlock(t);
    till_event_next(t, 0, &a);
    assert_int_equal(a.data, 5);
    assert_int_equal(till_event_data(t, a.number, &out, &e), 0);
    assert_true(bytes_is(buf_view(&out), "first"));
    till_event_next(t, 0, &b);
    assert_int_equal(till_event_data(t, a.number, &out, &e), TP_E_ARGUMENT);
    assert_int_equal(till_event_data(t, 0, &out, NULL), TP_E_ARGUMENT);
    buf_reset(&out);
    assert_int_equal(till_event_data(t, b.number, &out, NULL), 0);
    assert_true(bytes_is(buf_view(&out), "second"));
    buf_free(&out);
    till_close(t, 0);
}

static void a_conflict_names_its_sale_and_offer(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 3), 0);
    struct commit_info c = fake_commit(t, sale);
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    pthread_mutex_lock(&f->lock);
    f->outcomes[0] = (struct outcome){.redemption = 0, .reason = TP_ALREADY_USED, .amount = 260};
    memcpy(f->outcomes[0].commit, c.d, HASH_SIZE);
    f->outcomes[1] = f->outcomes[0]; /* the same again is no news */
    f->outcomes[2] = (struct outcome){.redemption = 1, .reason = 0};
    f->outcome_count = 1;
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, &e), 0);
    struct till_event v = next(t, EVENT_OUTCOME, 0);
    assert_int_equal(v.code, TP_ALREADY_USED);
    assert_int_equal(v.sale, sale);
    assert_int_equal(v.id, 0);
    assert_int_equal(v.amount, 260);
    assert_true(v.offer[0] && v.text[0]);
    pthread_mutex_lock(&f->lock);
    f->outcome_count = 3;
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, &e), 0);
    assert_int_equal(next(t, EVENT_OUTCOME, 0).kind, 0);
    till_close(t, 0);
}

static void a_refused_record_is_told_with_its_word(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    f->problem = TP_REVOKED;
    fake_mode(f, PROBLEM, KIND_COMMIT);
    fake_commit(t, sale);
    struct till_event v = next(t, EVENT_REFUSED, FAKE_WAIT);
    assert_int_equal(v.code, TP_REVOKED);
    assert_int_equal(v.sale, sale);
    till_close(t, 0);
}

static void a_copy_is_told_to_be_behind(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    fake_mode(f, AHEAD, KIND_SYNC);
    (void)till_sync_now(t, FAKE_WAIT, NULL);
    assert_int_equal(next(t, EVENT_BEHIND, FAKE_WAIT).code, TP_E_BEHIND);
    till_close(t, 0);
}

/* ---- renewal ---- */

static int64_t held(struct fake *f, struct till *t)
{
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 3), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    drain(t);
    return sale;
}

/* Time goes by, and the worker looks. */
static void later(struct fake *f, struct till *t, int64_t ms)
{
    atomic_fetch_add(&f->boot, ms);
    till_lock(t);
    till_kick(t);
    till_unlock(t);
}

static void a_binding_price_is_renewed_at_half_of_its_life(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = held(f, t);
    later(f, t, 59000);
    assert_int_equal(next(t, EVENT_HOLD, 50).kind, 0);
    later(f, t, 1000);
    struct till_event v = next(t, EVENT_HOLD, FAKE_WAIT);
    assert_int_equal(v.code, TP_BINDING);
    assert_int_equal(v.sale, sale);
    assert_int_equal(v.amount, 120000);
    assert_int_equal(f->last_rev, 2);
    assert_int_equal(fake_quote(t, sale).hold_left_ms, 120000);
    struct commit_info c = fake_commit(t, sale);
    assert_true(c.binding);
    later(f, t, 60000);
    assert_int_equal(next(t, EVENT_HOLD, 50).kind, 0);
    assert_int_equal(fake_calls(f, KIND_HOLD), 2);
    till_close(t, FAKE_WAIT);
}

static void renewing_ends_after_a_quarter_of_an_hour(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = held(f, t);
    for (int i = 0; i < 14; i++) {
        later(f, t, 60000);
        assert_int_equal(next(t, EVENT_HOLD, FAKE_WAIT).code, TP_BINDING);
    }
    later(f, t, 60000);
    struct till_event v = next(t, EVENT_HOLD, FAKE_WAIT);
    assert_int_equal(v.code, TP_EXPIRED);
    assert_int_equal(v.amount, 60000);
    assert_int_equal(fake_quote(t, sale).outcome, TP_BINDING);
    later(f, t, 60000);
    v = next(t, EVENT_HOLD, FAKE_WAIT);
    assert_int_equal(v.code, TP_EXPIRED);
    assert_int_equal(v.amount, 0);
    struct quote_info q = fake_quote(t, sale);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.reason, TP_EXPIRED);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING); /* by the program: from the beginning */
    later(f, t, 60000);
    assert_int_equal(next(t, EVENT_HOLD, FAKE_WAIT).code, TP_BINDING);
    till_close(t, 0);
}

static void without_an_answer_the_price_binds_to_its_end(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = held(f, t);
    fake_mode(f, DOWN, KIND_COUNT);
    later(f, t, 60000);
    fake_await(f, KIND_HOLD, 3);
    assert_int_equal(fake_quote(t, sale).outcome, TP_BINDING);
    later(f, t, 60000);
    struct till_event v = next(t, EVENT_HOLD, FAKE_WAIT);
    assert_int_equal(v.code, TP_EXPIRED);
    assert_int_equal(v.amount, 0);
    till_close(t, 0);
}

static void a_refusal_to_renew_is_told_and_leaves_the_price(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = held(f, t);
    f->problem = TP_QUARANTINED;
    fake_mode(f, PROBLEM, KIND_HOLD);
    later(f, t, 60000);
    struct till_event v = next(t, EVENT_HOLD, FAKE_WAIT);
    assert_int_equal(v.code, TP_QUARANTINED);
    assert_int_equal(v.amount, 60000);
    assert_int_equal(fake_quote(t, sale).outcome, TP_BINDING);
    assert_int_equal(fake_calls(f, KIND_HOLD), 2);
    till_close(t, 0);
}

static void a_renewal_never_changes_the_price(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = held(f, t);
    pthread_mutex_lock(&f->lock);
    f->offers[0].percent *= 2;
    pthread_mutex_unlock(&f->lock);
    later(f, t, 60000);
    struct till_event v = next(t, EVENT_HOLD, FAKE_WAIT);
    assert_int_equal(v.code, TP_EXPIRED);
    assert_int_equal(v.amount, 60000);
    struct quote_info q = fake_quote(t, sale);
    assert_int_equal(q.outcome, TP_BINDING);
    assert_int_equal(q.due, 2338);
    till_close(t, 0);
}

static void a_sale_changes_freely_while_it_is_renewed(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = held(f, t);
    pthread_mutex_lock(&f->lock);
    f->mode_kind = KIND_HOLD;
    f->delay_ms = 200;
    pthread_mutex_unlock(&f->lock);
    later(f, t, 60000);
    fake_await(f, KIND_HOLD, 2);
    fake_lines(t, sale); /* not "being held" */
    assert_int_equal(fake_quote(t, sale).outcome, TP_PROVISIONAL);
    assert_int_equal(next(t, EVENT_HOLD, 400).kind, 0);
    assert_int_equal(fake_quote(t, sale).outcome, TP_PROVISIONAL);
    assert_int_equal(fake_calls(f, KIND_RELEASE), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_int_equal(f->last_rev, 3);
    till_close(t, 0);
}

static void a_sale_ends_freely_while_it_is_renewed(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = held(f, t);
    pthread_mutex_lock(&f->lock);
    f->mode_kind = KIND_HOLD;
    f->delay_ms = 200;
    pthread_mutex_unlock(&f->lock);
    later(f, t, 60000);
    fake_await(f, KIND_HOLD, 2);
    struct err e = {0};
    assert_int_equal(till_void(t, sale, &e), 0);
    fake_await(f, KIND_RELEASE, 1);
    assert_int_equal(f->coupons[3].state, 0);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_descriptor_is_readable_while_events_wait),
        T(the_line_is_told_once_a_change),
        T(of_a_state_only_the_newest_waits),
        T(what_nobody_takes_is_dropped_and_counted),
        T(scans_are_never_dropped_but_wait_for_room),
        T(data_belongs_to_the_event_that_was_taken_last),
        T(a_conflict_names_its_sale_and_offer),
        T(a_refused_record_is_told_with_its_word),
        T(a_copy_is_told_to_be_behind),
        T(a_binding_price_is_renewed_at_half_of_its_life),
        T(renewing_ends_after_a_quarter_of_an_hour),
        T(without_an_answer_the_price_binds_to_its_end),
        T(a_refusal_to_renew_is_told_and_leaves_the_price),
        T(a_renewal_never_changes_the_price),
        T(a_sale_changes_freely_while_it_is_renewed),
        T(a_sale_ends_freely_while_it_is_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
