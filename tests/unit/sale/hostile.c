/* Answers that come late, twice, not at all, or are not what they should be: nothing of them is taken. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>

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

enum { SHORT_MS = 250 };

static struct quote_info short_hold(struct till *t, int64_t sale, int64_t ms)
{
    struct quote_info q = {0};
    struct err e = {0};
    if (till_hold(t, sale, ms, &q, &e)) {
        fail_msg("%s", e.text);
    }
    return q;
}

static void a_spoiled_grant_is_no_grant(void **state)
{
    static const enum fake_mode modes[] = {DOWN,      LOST,          GARBAGE,        EMPTY,      TWICE,
                                           WRONG_KEY, WRONG_PURPOSE, OTHER_REQUEST,  OTHER_D,    OTHER_SALE,
                                           OTHER_REV, OTHER_TILL,    OTHER_AUDIENCE, OTHER_QUOTE};
    struct fake *f = *state;
    struct till *t = fake_till(f);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        char reference[16];
        snprintf(reference, sizeof reference, "H-%zu", i);
        int64_t sale = fake_sale(t, reference);
        fake_lines(t, sale);
        assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
        fake_mode(f, modes[i], KIND_HOLD);
        struct quote_info q = short_hold(t, sale, SHORT_MS);
        assert_int_equal(q.outcome, TP_PROVISIONAL);
        assert_int_equal(q.reason, TP_OFFLINE);
        assert_int_equal(q.due, 2598); /* and the till alone denies the offer */
        fake_mode(f, GOOD, KIND_COUNT);
        assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
        struct err e = {0};
        assert_int_equal(till_void(t, sale, &e), 0);
    }
    till_close(t, FAKE_WAIT);
}

static void an_old_grant_does_not_bind_a_new_hold(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    fake_lines(t, sale);
    fake_mode(f, REPLAY, KIND_HOLD);
    assert_int_equal(short_hold(t, sale, SHORT_MS).outcome, TP_PROVISIONAL);
    till_close(t, 0);
}

static void a_lost_answer_is_asked_for_again_with_the_same_request(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    fake_mode(f, LOST, KIND_HOLD);
    struct quote_info q = {0};
    struct err e = {0};
    assert_int_equal(till_hold(t, sale, 350, &q, &e), 0);
    assert_true(fake_calls(f, KIND_HOLD) >= 2);
    assert_int_equal(f->last_rev, 1);
    till_close(t, 0);
}

static void an_answer_after_the_deadline_is_given_back(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    f->delay_ms = 300;
    fake_mode(f, GOOD, KIND_HOLD);
    struct quote_info q = short_hold(t, sale, 50);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.reason, TP_OFFLINE);
    fake_await(f, KIND_RELEASE, 1);
    pthread_mutex_lock(&f->lock);
    assert_int_equal(f->released_rev, 2);
    assert_int_equal(f->coupons[1].state, 0);
    f->delay_ms = 0;
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    till_close(t, 0);
}

static void a_late_answer_does_not_undo_the_hold_or_commit_after_it(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    f->delay_ms = 200;
    fake_mode(f, GOOD, KIND_HOLD);
    assert_int_equal(short_hold(t, sale, 20).outcome, TP_PROVISIONAL);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING); /* waits behind the first */
    assert_int_equal(fake_calls(f, KIND_RELEASE), 0);

    int64_t next = fake_sale(t, "A-2");
    fake_lines(t, next);
    assert_int_equal(short_hold(t, next, 20).outcome, TP_PROVISIONAL);
    assert_false(fake_commit(t, next).binding);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
    assert_int_equal(fake_calls(f, KIND_RELEASE), 0);
}

static void a_renewal_without_an_answer_keeps_what_is_held(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    fake_mode(f, LOST, KIND_HOLD);
    struct quote_info q = short_hold(t, sale, 50);
    assert_int_equal(q.outcome, TP_BINDING);
    assert_int_equal(q.reason, TP_OFFLINE);
    assert_true(fake_commit(t, sale).binding);
    till_close(t, FAKE_WAIT);
    assert_int_equal(fake_calls(f, KIND_RELEASE), 0);
}

static void a_problem_is_a_reason_and_no_error(void **state)
{
    static const int reasons[] = {TP_QUARANTINED, TP_SUPERSEDED, TP_STALE};
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    for (size_t i = 0; i < 3; i++) {
        f->problem = reasons[i];
        fake_mode(f, PROBLEM, KIND_HOLD);
        struct quote_info q = fake_hold(t, sale);
        assert_int_equal(q.outcome, TP_PROVISIONAL);
        assert_int_equal(q.reason, reasons[i]);
    }
    till_close(t, 0);
}

/* True when the replica has taken in the offer: a genuine coupon of it is then shown with its title. */
static bool knows(struct fake *f, struct till *t, int which)
{
    struct presentation_info p;
    struct err e = {0};
    struct buf digits;
    int64_t sale = fake_sale(t, "K-1");
    buf_init(&digits, COUPON_DIGITS_MAX);
    fake_coupon(f, which, 1, &digits);
    assert_int_equal(till_present(t, sale, PRESENT_SCAN, buf_view(&digits), &p, &e), 0);
    assert_int_equal(p.outcome, 0); /* taken all the same: the authority decides */
    assert_int_equal(till_void(t, sale, &e), 0);
    buf_free(&digits);
    return p.title[0] != 0;
}

static void a_spoiled_state_changes_nothing(void **state)
{
    static const enum fake_mode modes[] = {
        DOWN,          LOST,    GARBAGE,        EMPTY,           WRONG_KEY,         WRONG_PURPOSE,
        OTHER_REQUEST, OTHER_D, OTHER_AUDIENCE, EXTRA_STATEMENT, MISSING_STATEMENT, GOES_BACK};
    struct fake *f = *state;
    struct till_status s;
    struct err e = {0};
    struct till *t = fake_till(f);
    struct offer_statement o = {.common = fake_common(f), .terms = f->offers[2]};
    pthread_mutex_lock(&f->lock);
    fake_publish(f, KIND_OFFER, &o, &f->merchant, "office");
    pthread_mutex_unlock(&f->lock);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        fake_mode(f, modes[i], KIND_SYNC);
        assert_int_equal(till_sync_now(t, FAKE_WAIT, &(struct err){0}), TP_OFFLINE);
        assert_false(knows(f, t, 2));
    }
    fake_mode(f, GOOD, KIND_COUNT);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, &e), 0);
    assert_true(knows(f, t, 2));
    assert_int_equal(till_status(t, &s, &e), 0);
    assert_true(s.online);
    fake_mode(f, REPLAY, KIND_SYNC);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, &(struct err){0}), TP_OFFLINE);
    till_close(t, 0);
}

static void an_offer_that_the_merchant_did_not_sign_spoils_the_whole_answer(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct offer_statement o = {.common = fake_common(f), .terms = f->offers[2]};
    pthread_mutex_lock(&f->lock);
    fake_publish(f, KIND_OFFER, &o, &f->issuer, "issuer");
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, &(struct err){0}), TP_OFFLINE);
    assert_false(knows(f, t, 2));
    pthread_mutex_lock(&f->lock);
    f->published_count--;
    struct offer_statement wrong_ref = o;
    wrong_ref.terms.ref[0] ^= 1;
    fake_publish(f, KIND_OFFER, &wrong_ref, &f->merchant, "office");
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, &(struct err){0}), TP_OFFLINE);
    till_close(t, 0);
}

static void another_root_is_not_trusted(void **state)
{
    struct fake *f = *state;
    struct till *t = NULL;
    struct till_status s;
    struct err e = {0};
    f->root.thumbprint[0] ^= 1;
    assert_int_equal(fake_try(f, &t, &e), 0);
    assert_int_equal(till_status(t, &s, &e), 0);
    assert_false(s.ready);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_quote(t, sale).outcome, TP_OFFLINE);
    assert_int_equal(fake_present(f, t, sale, 0, 1), TP_OFFLINE);
    assert_int_equal(short_hold(t, sale, 100).outcome, TP_OFFLINE);
    assert_int_equal(fake_calls(f, KIND_HOLD), 0);
    till_close(t, 0);
}

static void records_wait_until_they_are_answered(void **state)
{
    static const enum fake_mode modes[] = {DOWN, LOST, GARBAGE, EMPTY, OTHER_D};
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct till_status s;
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    fake_mode(f, DOWN, KIND_COUNT);
    assert_false(fake_commit(t, sale).binding);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        fake_mode(f, modes[i], KIND_COUNT);
        assert_int_equal(till_flush(t, 60, &(struct err){0}), TP_E_TIMEOUT);
    }
    f->problem = TP_E_BUSY;
    fake_mode(f, PROBLEM, KIND_COMMIT);
    assert_int_equal(till_flush(t, 60, &(struct err){0}), TP_E_TIMEOUT);
    fake_mode(f, GOOD, KIND_COUNT);
    assert_int_equal(till_flush(t, FAKE_WAIT * 3, &e), 0);
    assert_int_equal(f->record_count, 1);
    assert_int_equal(till_status(t, &s, &e), 0);
    assert_int_equal(s.refused, 0);
    till_close(t, 0);
}

static void a_refused_record_is_kept_and_those_after_it_still_go(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct till_status s;
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    f->problem = TP_UNKNOWN_TILL;
    fake_mode(f, PROBLEM, KIND_COMMIT);
    fake_commit(t, sale);
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    fake_mode(f, GOOD, KIND_COUNT);
    sale = fake_sale(t, "A-2");
    fake_lines(t, sale);
    fake_commit(t, sale);
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    assert_int_equal(till_status(t, &s, &e), 0);
    assert_int_equal(s.refused, 1);
    assert_int_equal(s.refused_reason, TP_UNKNOWN_TILL);
    assert_int_equal(s.unsent, 0);
    assert_int_equal(f->record_count, 1);
    assert_int_equal(f->records[0].seq, 2);
    till_close(t, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_spoiled_grant_is_no_grant, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_grant_does_not_bind_a_new_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_answer_is_asked_for_again_with_the_same_request, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_answer_after_the_deadline_is_given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_answer_does_not_undo_the_hold_or_commit_after_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_renewal_without_an_answer_keeps_what_is_held, setup, teardown),
        cmocka_unit_test_setup_teardown(a_problem_is_a_reason_and_no_error, setup, teardown),
        cmocka_unit_test_setup_teardown(a_spoiled_state_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_offer_that_the_merchant_did_not_sign_spoils_the_whole_answer,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(another_root_is_not_trusted, setup, teardown),
        cmocka_unit_test_setup_teardown(records_wait_until_they_are_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_record_is_kept_and_those_after_it_still_go, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
