/* A typed code of nine digits is a coupon from the hold on, and nothing before it. */
#include "fake.h"
#include "sale/internal.h"

#include <stdlib.h>
#include <string.h>

/* The fake's authority: 9, the offer, the coupon's index; what begins with 0 is unknown, with 5 too much. */
#define FIRST   "900000003"
#define SECOND  "910000004"
#define UNKNOWN "012345678"
#define TOOMANY "512345678"

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

static int type_code(struct till *t, int64_t sale, const char *code, int64_t *id)
{
    struct presentation_info p;
    struct err e = {0};
    if (till_present(t, sale, PRESENT_TYPED, bytes_str(code), &p, &e)) {
        fail_msg("%s", e.text);
    }
    if (id) {
        *id = p.id;
    }
    return p.outcome;
}

/* The outcome of what this presentation brought. */
static int outcome_of(struct till *t, int64_t sale, int64_t presentation)
{
    struct offer_info offer;
    for (size_t i = 0; till_offer_result(t, sale, i, &offer, NULL) == 0; i++) {
        if (offer.presentation == presentation) {
            return offer.outcome;
        }
    }
    fail_msg("nothing is told of presentation %d", (int)presentation);
    return 0;
}

static void a_code_is_priced_by_the_hold_and_committed_as_its_coupon(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1"), id;
    fake_lines(t, sale);
    assert_int_equal(type_code(t, sale, "900 000 003", &id), 0);
    assert_int_equal(type_code(t, sale, FIRST, NULL), TP_DUPLICATE);
    assert_int_equal(fake_quote(t, sale).due, 2598);
    assert_int_equal(outcome_of(t, sale, id), TP_PROVISIONAL);
    assert_int_equal(fake_hold(t, sale).due, 2338);
    assert_int_equal(outcome_of(t, sale, id), TP_APPLIED);
    struct commit_info c = fake_commit(t, sale);
    assert_true(c.binding);
    assert_int_equal(c.redemptions, 1);
    assert_int_equal(till_flush(t, FAKE_WAIT, NULL), 0);
    assert_int_equal(f->coupons[3].state, 2); /* the commit named the coupon itself */
    till_close(t, 0);
}

/* It is asked about once; from then on it is that coupon, however long its code would have lived. */
static void the_next_hold_names_the_coupon(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(type_code(t, sale, FIRST, NULL), 0);
    assert_int_equal(fake_hold(t, sale).due, 2338);
    assert_true(f->pickups_asked == 1 && f->coupons_asked == 0);
    assert_int_equal(fake_present(f, t, sale, 0, 5), TP_DUPLICATE);
    fake_lines(t, sale);
    assert_int_equal(fake_quote(t, sale).due, 2338); /* and the till prices it alone */
    assert_int_equal(fake_hold(t, sale).due, 2338);
    assert_true(f->pickups_asked == 0 && f->coupons_asked == 1);
    till_close(t, 0);
}

static void a_wrong_code_is_told_and_not_asked_again(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1"), wrong, again;
    fake_lines(t, sale);
    assert_int_equal(type_code(t, sale, UNKNOWN, &wrong), 0);
    assert_int_equal(fake_present(f, t, sale, 0, 3), 0);
    assert_int_equal(fake_hold(t, sale).due, 2338);
    assert_int_equal(outcome_of(t, sale, wrong), TP_UNKNOWN_COUPON);
    fake_lines(t, sale);
    assert_int_equal(outcome_of(t, sale, wrong), TP_UNKNOWN_COUPON);
    assert_int_equal(fake_hold(t, sale).due, 2338);
    assert_int_equal(f->pickups_asked, 0);
    assert_int_equal(type_code(t, sale, UNKNOWN, &again), 0); /* unless it is typed once more */
    assert_int_equal(again, wrong);
    assert_int_equal(fake_quote(t, sale).outcome, TP_PROVISIONAL);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_int_equal(f->pickups_asked, 1);
    assert_int_equal(fake_commit(t, sale).redemptions, 1);
    till_close(t, 0);
}

static void a_throttled_code_is_asked_again_by_the_next_hold(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1"), first, second, id;
    fake_lines(t, sale);
    assert_int_equal(type_code(t, sale, FIRST, &first), 0);
    assert_int_equal(type_code(t, sale, TOOMANY, &id), 0);
    assert_int_equal(type_code(t, sale, SECOND, &second), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_int_equal(outcome_of(t, sale, id), TP_THROTTLED);
    (void)outcome_of(t, sale, first);
    (void)outcome_of(t, sale, second);
    fake_lines(t, sale);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_true(f->pickups_asked == 1 && f->coupons_asked == 2);
    till_close(t, 0);
}

/* A code whose offer is there already stays out, and the commit names the coupon that was granted. */
static void a_code_of_the_same_offer_is_a_duplicate(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1"), id;
    fake_lines(t, sale);
    assert_int_equal(type_code(t, sale, FIRST, &id), 0);
    assert_int_equal(fake_present(f, t, sale, 0, 5), 0);
    assert_int_equal(fake_hold(t, sale).due, 2338);
    assert_int_equal(outcome_of(t, sale, id), TP_DUPLICATE);
    assert_int_equal(fake_commit(t, sale).redemptions, 1);
    assert_int_equal(till_flush(t, FAKE_WAIT, NULL), 0);
    assert_int_equal(f->coupons[5].state, 2);
    assert_int_equal(f->coupons[3].state, 0);
    till_close(t, 0);
}

/* What is renewed is the coupon; a code that had none is not asked about, so that no time counts it as wrong.
 */
static void a_renewal_asks_about_no_code(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(type_code(t, sale, TOOMANY, NULL), 0);
    assert_int_equal(type_code(t, sale, FIRST, NULL), 0);
    assert_int_equal(fake_hold(t, sale).due, 2338);
    atomic_fetch_add(&f->boot, 60000);
    till_lock(t);
    till_kick(t);
    till_unlock(t);
    fake_await(f, KIND_HOLD, 2);
    assert_true(f->pickups_asked == 0 && f->coupons_asked == 1);
    struct commit_info c = fake_commit(t, sale);
    assert_true(c.binding);
    assert_int_equal(c.redemptions, 1);
    till_close(t, FAKE_WAIT);
}

static void without_a_line_a_code_is_worth_nothing(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct quote_info q;
    int64_t sale = fake_sale(t, "A-1"), id;
    fake_lines(t, sale);
    fake_mode(f, DOWN, KIND_COUNT);
    assert_int_equal(type_code(t, sale, FIRST, &id), 0);
    assert_int_equal(till_hold(t, sale, 200, &q, NULL), 0);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.reason, TP_OFFLINE);
    assert_int_equal(q.due, 2598);
    assert_int_equal(outcome_of(t, sale, id), TP_OFFLINE_DENIED);
    struct commit_info c = fake_commit(t, sale);
    assert_false(c.binding);
    assert_int_equal(c.redemptions, 0);
    assert_int_equal(outcome_of(t, sale, id), TP_OFFLINE_DENIED);
    till_close(t, 0);
}

/* A hold that was not answered in time asks again, and the code is not spent by it. */
static void a_lost_answer_costs_nothing(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct quote_info q;
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(type_code(t, sale, FIRST, NULL), 0);
    fake_mode(f, LOST, KIND_HOLD);
    assert_int_equal(till_hold(t, sale, 200, &q, NULL), 0);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    fake_mode(f, GOOD, KIND_COUNT);
    assert_int_equal(fake_hold(t, sale).due, 2338);
    till_close(t, 0);
}

/* An authority that answers something else is not believed, and nothing is changed by it. */
static void a_grant_that_does_not_fit_the_codes_is_no_answer(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct quote_info q;
    int64_t sale = fake_sale(t, "A-1"), id;
    fake_lines(t, sale);
    assert_int_equal(type_code(t, sale, FIRST, &id), 0);
    assert_int_equal(type_code(t, sale, SECOND, NULL), 0);
    for (int spoil = ONE_FEWER; spoil <= OTHER_COUPON; spoil++) {
        pthread_mutex_lock(&f->lock);
        f->spoil_pickups = (enum fake_spoil)spoil;
        pthread_mutex_unlock(&f->lock);
        assert_int_equal(till_hold(t, sale, 300, &q, NULL), 0);
        assert_int_equal(q.outcome, TP_PROVISIONAL);
        assert_int_equal(outcome_of(t, sale, id), TP_OFFLINE_DENIED);
    }
    pthread_mutex_lock(&f->lock);
    f->spoil_pickups = RIGHT;
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    till_close(t, 0);
}

static void a_sale_takes_eight_codes(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1"), first = 0;
    char code[] = "012345670";
    for (int i = 0; i < MAX_PICKUPS; i++) {
        code[8] = (char)('0' + i);
        assert_int_equal(type_code(t, sale, code, i ? NULL : &first), 0);
    }
    assert_int_equal(type_code(t, sale, FIRST, NULL), TP_LIMIT_REACHED);
    assert_int_equal(till_withdraw(t, sale, first, &e), 0);
    assert_int_equal(type_code(t, sale, FIRST, NULL), 0);
    till_close(t, 0);
}

static void in_training_a_code_leaves_no_trace(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct quote_info q;
    struct err e = {0};
    int64_t sale = 0;
    assert_int_equal(till_sale_begin(t, bytes_str("T-1"), bytes_str("EUR"), true, &sale, &e), 0);
    fake_lines(t, sale);
    assert_int_equal(type_code(t, sale, "987654321", NULL), 0);
    assert_int_equal(till_hold(t, sale, FAKE_WAIT, &q, &e), 0);
    assert_int_equal(fake_calls(f, KIND_HOLD), 0);
    till_close(t, FAKE_WAIT);
    assert_null(memmem(f->seen.p, f->seen.n, "987654321", 9));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_code_is_priced_by_the_hold_and_committed_as_its_coupon),
        T(the_next_hold_names_the_coupon),
        T(a_wrong_code_is_told_and_not_asked_again),
        T(a_throttled_code_is_asked_again_by_the_next_hold),
        T(a_code_of_the_same_offer_is_a_duplicate),
        T(a_renewal_asks_about_no_code),
        T(without_a_line_a_code_is_worth_nothing),
        T(a_lost_answer_costs_nothing),
        T(a_grant_that_does_not_fit_the_codes_is_no_answer),
        T(a_sale_takes_eight_codes),
        T(in_training_a_code_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
