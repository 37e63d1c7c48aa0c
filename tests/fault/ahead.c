/*
 * Signatures that are checked ahead while something goes wrong: at each call that may fail, once. Whatever
 * was not found out is found out by the handling, whose own failures are told as faults: what nobody signed
 * is never taken, and what was signed is.
 */
#include "fault.h"

#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>

enum { MESSAGES = 3, POINTS_MAX = 100000 };

static struct stage {
    struct world w;
    struct authority *checker;
    struct buf request[MESSAGES], wanted[MESSAGES], reply[MESSAGES];
    struct memo good[MESSAGES];
    long stride;
} stage;

/* ---- what is sent ---- */

static void forge(struct bytes *signed_bytes, struct arena *a)
{
    uint8_t *copy = arena_take(a, 1, signed_bytes->n);
    memcpy(copy, signed_bytes->p, signed_bytes->n);
    copy[signed_bytes->n - 1] ^= 1;
    signed_bytes->p = copy;
}

/* A commit with grant and coupon; one that its till did not sign; one whose coupon nobody issued. */
static void make_messages(struct stage *s, const struct offer *o)
{
    struct world *w = &s->w;
    struct world_till stranger = w->tills[1];
    struct world_sale sales[MESSAGES];
    for (uint32_t i = 0; i < MESSAGES; i++) {
        buf_init(&s->request[i], MESSAGE_MAX);
        buf_init(&s->wanted[i], WORLD_REPLY_MAX);
        buf_init(&s->reply[i], WORLD_REPLY_MAX);
        sales[i] = world_sale(w, 1000);
        sales[i].coupons[sales[i].coupon_count++] = world_coupon(w, o, 1, i);
    }
    assert_int_equal(world_hold(w, &w->tills[0], &sales[0]), 0);
    world_commit_message(w, &w->tills[0], &sales[0], &s->request[0], NULL);
    stranger.key = w->issuer;
    memcpy(stranger.key.kid, w->tills[1].key.kid, KID_SIZE);
    world_alone_message(w, &stranger, &sales[1], o, 100, &s->request[1], NULL);
    forge(&sales[2].coupons[0], &w->arena);
    world_alone_message(w, &w->tills[0], &sales[2], o, 100, &s->request[2], NULL);
}

static int setup(void **state)
{
    const char *thin = getenv("FAULT_STRIDE");
    struct stage *s = &stage;
    s->stride = thin ? atol(thin) : 1;
    world_open(&s->w, 2);
    struct offer o = world_offer(&s->w, "coffee10", 10000);
    world_publish(&s->w, &o);
    world_batch(&s->w, 1, &o, MESSAGES, "email", "");
    make_messages(s, &o);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;
    for (size_t i = 0; i < MESSAGES; i++) {
        buf_free(&s->request[i]);
        buf_free(&s->wanted[i]);
        buf_free(&s->reply[i]);
    }
    world_close(&s->w);
    return 0;
}

/* ---- one try ---- */

static void check_all(struct stage *s, struct authority *a)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        memo_init(&s->good[i], s->request[i].n);
        authority_check(a, buf_view(&s->request[i]), 0, 1, &s->good[i]);
    }
}

static void forget_all(struct stage *s)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        memo_free(&s->good[i]);
    }
}

static void handle_all(struct stage *s, struct buf replies[MESSAGES], int rc[MESSAGES])
{
    struct authority_message v[MESSAGES];
    for (size_t i = 0; i < MESSAGES; i++) {
        buf_reset(&replies[i]);
        v[i] = (struct authority_message){
            .request = buf_view(&s->request[i]), .reply = &replies[i], .good = &s->good[i]};
    }
    authority_handle_many(s->w.authority, v, MESSAGES);
    for (size_t i = 0; i < MESSAGES; i++) {
        rc[i] = v[i].rc;
    }
}

/* Answered as it is when nothing goes wrong; or, where the handling itself failed, not at all. */
static void compare(struct stage *s, const int rc[MESSAGES], bool may_fail, long point)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        bool same = rc[i] == 0 && bytes_equal(buf_view(&s->reply[i]), buf_view(&s->wanted[i]));
        if (!same && !(may_fail && rc[i] < 0 && s->reply[i].n == 0)) {
            fail_msg("point %ld (%s): message %zu is answered otherwise, or by %d", point, fault_where(), i,
                     rc[i]);
        }
    }
}

/* How many marks the messages' memos have when nothing goes wrong: none of what is forged. */
static const size_t most[MESSAGES] = {3, 0, 1};

static void compare_marks(const struct stage *s)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        assert_true(s->good[i].n <= most[i]);
    }
}

static void without_a_fault(struct stage *s)
{
    int rc[MESSAGES];
    s->checker = world_another(&s->w);
    check_all(s, s->checker);
    for (size_t i = 0; i < MESSAGES; i++) {
        assert_int_equal(s->good[i].n, most[i]);
    }
    handle_all(s, s->wanted, rc);
    for (size_t i = 0; i < MESSAGES; i++) {
        assert_int_equal(rc[i], 0);
    }
    authority_close(s->checker);
    forget_all(s);
}

/* ---- */

/* A checker that knows nothing yet reads its keys, too. */
static void what_is_not_checked_ahead_is_checked_later(void **state)
{
    struct stage *s = *state;
    long point = 1;
    without_a_fault(s);
    for (long left = 0; left <= 0; point += s->stride) {
        int rc[MESSAGES];
        assert_true(point < POINTS_MAX);
        s->checker = world_another(&s->w);
        fault_arm(FAULT_CALL, point);
        check_all(s, s->checker);
        left = fault_left();
        fault_disarm();
        compare_marks(s);
        handle_all(s, s->reply, rc);
        compare(s, rc, false, point);
        authority_close(s->checker);
        forget_all(s);
    }
    print_message("%ld points of checking\n", point / s->stride);
    assert_true(point / s->stride > 100 / s->stride);
}

static void what_fails_in_the_handling_is_a_fault_and_accepts_nothing(void **state)
{
    struct stage *s = *state;
    long point = 1;
    s->checker = world_another(&s->w);
    for (long left = 0; left <= 0; point += s->stride) {
        int rc[MESSAGES];
        assert_true(point < POINTS_MAX);
        check_all(s, s->checker);
        fault_arm(FAULT_CALL, point);
        handle_all(s, s->reply, rc);
        left = fault_left();
        fault_disarm();
        compare_marks(s);
        compare(s, rc, true, point);
        forget_all(s);
    }
    print_message("%ld points of handling\n", point / s->stride);
    assert_true(point / s->stride > 100 / s->stride);
    authority_close(s->checker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_checked_ahead_is_checked_later),
        cmocka_unit_test(what_fails_in_the_handling_is_a_fault_and_accepts_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
