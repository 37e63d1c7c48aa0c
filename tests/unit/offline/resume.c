/* A sale that goes on at another till: what it was denied stays denied, until a hold there is answered. */
#include "counter.h"

#include <stdlib.h>

struct shop {
    struct world w;
    struct counter c, other;
    struct offer deny, risk;
};

enum { COUPON_CAP = 500, HOUR_CAP = 500 };

static struct offer publish(struct world *w, const char *id, int mode, int64_t batch)
{
    struct offer o = world_offer(w, id, 10000);
    o.offline = mode;
    counter_publish(w, &o, batch);
    return o;
}

static int setup(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    world_open(&s->w, 1);
    counter_policy(&s->w, COUPON_CAP, HOUR_CAP);
    s->deny = publish(&s->w, "deny", OFFLINE_DENY, 1);
    s->risk = publish(&s->w, "risk", OFFLINE_RISK, 2);
    counter_open(&s->c, &s->w, "kasse1");
    counter_open(&s->other, &s->w, "kasse2");
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    counter_close(&s->c);
    counter_close(&s->other);
    world_close(&s->w);
    free(s);
    return 0;
}

static struct buf save(struct counter *c, int64_t sale)
{
    struct buf b;
    struct err e = {0};
    buf_init(&b, 64 * 1024);
    if (till_sale_save(c->till, sale, &b, &e)) {
        fail_msg("%s", e.text);
    }
    return b;
}

static int64_t load(struct counter *c, const struct buf *b)
{
    struct err e = {0};
    int64_t sale = 0;
    if (till_sale_load(c->till, buf_view(b), &sale, &e)) {
        fail_msg("%s", e.text);
    }
    return sale;
}

static void what_was_denied_alone_is_denied_at_the_next_till(void **state)
{
    struct shop *s = *state;
    int64_t sale = counter_sale(&s->c, "A", 2000);
    assert_int_equal(counter_present(&s->c, sale, &s->deny, 1, 1), 0);
    assert_int_equal(counter_quote(&s->c, sale).discount, 200);
    s->c.cut = true;
    assert_int_equal(counter_hold(&s->c, sale).discount, 0);
    struct buf b = save(&s->c, sale);
    s->other.cut = true;
    int64_t there = load(&s->other, &b);
    assert_int_equal(counter_quote(&s->other, there).discount, 0);
    assert_int_equal(counter_outcome(&s->other, there, &s->deny), TP_OFFLINE_DENIED);
    assert_int_equal(counter_commit(&s->other, there).redemptions, 0);
    buf_free(&b);
}

static void an_answer_there_gives_it_back(void **state)
{
    struct shop *s = *state;
    int64_t sale = counter_sale(&s->c, "A", 2000);
    assert_int_equal(counter_present(&s->c, sale, &s->deny, 1, 1), 0);
    s->c.cut = true;
    counter_hold(&s->c, sale);
    struct buf b = save(&s->c, sale);
    int64_t there = load(&s->other, &b);
    assert_int_equal(counter_quote(&s->other, there).discount, 0);
    struct quote_info q = counter_hold(&s->other, there);
    assert_int_equal(q.outcome, TP_BINDING);
    assert_int_equal(q.discount, 200);
    buf_free(&b);
}

/* By the caps of the till where it is paid. */
static void a_risk_is_judged_again_where_the_sale_goes_on(void **state)
{
    struct shop *s = *state;
    int64_t sale = counter_sale(&s->c, "A", 4000);
    assert_int_equal(counter_present(&s->c, sale, &s->risk, 2, 1), 0);
    s->c.cut = s->other.cut = true;
    assert_int_equal(counter_hold(&s->c, sale).discount, 400);
    struct buf b = save(&s->c, sale);
    int64_t first = counter_sale(&s->other, "B", 2000);
    assert_int_equal(counter_present(&s->other, first, &s->risk, 2, 2), 0);
    assert_int_equal(counter_hold(&s->other, first).discount, 200);
    counter_commit(&s->other, first);
    int64_t there = load(&s->other, &b); /* 200 and 400 are more than the hour's 500 */
    assert_int_equal(counter_quote(&s->other, there).discount, 0);
    assert_int_equal(counter_outcome(&s->other, there, &s->risk), TP_OFFLINE_CAP);
    buf_free(&b);
}

/* The authority said that the coupon was used; a till without an answer would have risked it. */
static void what_the_authority_refused_stays_refused(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE];
    counter_lock();
    struct world_sale used = world_sale(&s->w, 2000);
    used.coupons[used.coupon_count++] = world_coupon(&s->w, &s->risk, 2, 3);
    int rc = world_hold(&s->w, &s->w.tills[0], &used);
    rc = rc ? rc : world_commit(&s->w, &s->w.tills[0], &used, d);
    counter_unlock();
    assert_int_equal(rc, 0);
    int64_t sale = counter_sale(&s->c, "A", 2000);
    assert_int_equal(counter_present(&s->c, sale, &s->risk, 2, 3), 0);
    assert_int_equal(counter_hold(&s->c, sale).discount, 0);
    assert_int_equal(counter_outcome(&s->c, sale, &s->risk), TP_ALREADY_USED);
    struct buf b = save(&s->c, sale);
    s->other.cut = true;
    int64_t there = load(&s->other, &b);
    assert_int_equal(counter_hold(&s->other, there).discount, 0);
    assert_int_equal(counter_outcome(&s->other, there, &s->risk), TP_ALREADY_USED);
    buf_free(&b);
}

/* Bytes from before the hold do not undo what the hold said. */
static void older_bytes_undo_nothing_at_the_same_till(void **state)
{
    struct shop *s = *state;
    int64_t sale = counter_sale(&s->c, "A", 2000);
    assert_int_equal(counter_present(&s->c, sale, &s->deny, 1, 1), 0);
    struct buf b = save(&s->c, sale);
    s->c.cut = true;
    assert_int_equal(counter_hold(&s->c, sale).discount, 0);
    assert_int_equal(load(&s->c, &b), sale);
    assert_int_equal(counter_quote(&s->c, sale).discount, 0);
    assert_int_equal(counter_outcome(&s->c, sale, &s->deny), TP_OFFLINE_DENIED);
    buf_free(&b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_was_denied_alone_is_denied_at_the_next_till), T(an_answer_there_gives_it_back),
        T(a_risk_is_judged_again_where_the_sale_goes_on),    T(what_the_authority_refused_stays_refused),
        T(older_bytes_undo_nothing_at_the_same_till),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
