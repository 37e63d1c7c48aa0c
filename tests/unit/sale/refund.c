/* What comes back gives back what was paid for it, once, and is in the till's chain. */
#include "fake.h"

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

/* Two units for 25.98, 10 percent off by a coupon. */
static int64_t sold(struct fake *f, struct till *t)
{
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 3), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_int_equal(fake_commit(t, sale).due, 2338);
    return sale;
}

static int64_t refund(struct till *t, const char *reference)
{
    struct err e = {0};
    int64_t sale = 0;
    if (till_refund_begin(t, bytes_str("A-1"), bytes_str(reference), 0, &sale, &e)) {
        fail_msg("%s", e.text);
    }
    return sale;
}

static int back(struct till *t, int64_t sale, int64_t number, int64_t quantity)
{
    struct line line = {.number = number, .quantity = quantity};
    return till_lines_set(t, sale, &line, 1, NULL);
}

static void one_unit_gives_half_back_and_the_other_the_rest(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    sold(f, t);
    int64_t one = refund(t, "R-1");
    assert_int_equal(back(t, one, 1, 1000), 0);
    struct quote_info q = fake_quote(t, one);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.due, -1169);
    assert_int_equal(q.gross, -1299);
    assert_int_equal(q.discount, -130);
    assert_int_equal(q.lines, 0);
    struct commit_info c = fake_commit(t, one);
    assert_int_equal(c.outcome, TP_COMMITTED);
    assert_int_equal(c.due, -1169);
    assert_int_equal(c.seq, 2);
    int64_t two = refund(t, "R-2");
    assert_int_equal(back(t, two, 1, 2000), TP_E_ARGUMENT);
    assert_int_equal(back(t, two, 1, 1000), 0);
    assert_int_equal(fake_quote(t, two).due, -1169);
    fake_commit(t, two);
    int64_t three = refund(t, "R-3");
    assert_int_equal(back(t, three, 1, 1000), TP_E_ARGUMENT);
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    assert_int_equal(f->record_count, 3);
    assert_int_equal(f->records[1].kind, KIND_REVERSE);
    till_close(t, 0);
}

static void what_came_back_is_known_after_reopening(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    sold(f, t);
    int64_t one = refund(t, "R-1");
    assert_int_equal(back(t, one, 1, 1500), 0);
    struct commit_info c = fake_commit(t, one);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
    t = fake_till(f);
    assert_int_equal(refund(t, "R-1"), one); /* committed, as it is */
    struct commit_info again = fake_commit(t, one);
    assert_int_equal(again.due, c.due);
    assert_memory_equal(again.d, c.d, HASH_SIZE);
    int64_t two = refund(t, "R-2");
    assert_int_equal(back(t, two, 1, 501), TP_E_ARGUMENT);
    assert_int_equal(back(t, two, 1, 500), 0);
    assert_int_equal(fake_commit(t, two).due + c.due, -2338); /* together exactly what was paid */
    till_close(t, 0);
}

static void two_open_refunds_do_not_give_back_the_same(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct commit_info c;
    struct quote_info q;
    sold(f, t);
    int64_t one = refund(t, "R-1"), two = refund(t, "R-2");
    assert_int_equal(back(t, one, 1, 2000), 0);
    assert_int_equal(back(t, two, 1, 2000), 0);
    fake_commit(t, one);
    assert_int_equal(till_quote(t, two, &q, &e), TP_E_STATE);
    assert_int_equal(till_commit(t, two, bytes_str("R"), NULL, 0, &c, NULL), TP_E_STATE);
    assert_int_equal(back(t, two, 1, 1000), TP_E_ARGUMENT);
    till_close(t, 0);
}

static void a_refund_names_a_sale_of_this_till(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct sale_info info;
    char hex[2 * ID_SIZE + 1];
    int64_t id = 0, by_id = 0;
    int64_t sale = sold(f, t), open = fake_sale(t, "A-2");
    assert_int_equal(till_refund_begin(t, bytes_str("none"), bytes_str("R-1"), 0, &id, NULL),
                     TP_UNKNOWN_SALE);
    assert_int_equal(till_refund_begin(t, bytes_str("A-2"), bytes_str("R-1"), 0, &id, NULL), TP_UNKNOWN_SALE);
    assert_int_equal(till_sale_info(t, sale, &info, &e), 0);
    hex_encode(info.uuid, ID_SIZE, hex);
    assert_int_equal(till_refund_begin(t, bytes_str(hex), bytes_str("R-1"), 0, &by_id, &e), 0);
    assert_int_equal(refund(t, "R-1"), by_id);
    assert_int_equal(till_refund_begin(t, bytes_str("A-1"), bytes_str("A-2"), 0, &id, NULL), TP_E_EXISTS);
    assert_int_equal(till_refund_begin(t, bytes_str("A-1"), bytes_str("A-1"), 0, &id, NULL), TP_E_EXISTS);
    assert_int_equal(till_refund_begin(t, bytes_str("A-1"), bytes_str(""), 0, &id, NULL), TP_E_ARGUMENT);
    assert_int_equal(back(t, by_id, 2, 1000), TP_E_ARGUMENT); /* no such line */
    assert_int_equal(back(t, by_id, 1, -1000), TP_E_ARGUMENT);
    assert_int_equal(id, 0);
    fake_lines(t, open);
    fake_commit(t, open);
    assert_int_equal(till_void(t, open, &e), 0);
    assert_int_equal(till_refund_begin(t, bytes_str("A-2"), bytes_str("R-9"), 0, &id, NULL), TP_E_STATE);
    till_close(t, 0);
}

static void neither_a_refund_nor_its_sale_is_voided(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t sale = sold(f, t), id = 0, one = refund(t, "R-1");
    assert_int_equal(back(t, one, 1, 1000), 0);
    fake_commit(t, one);
    assert_int_equal(till_void(t, one, &e), TP_E_STATE);
    assert_int_equal(till_void(t, sale, NULL), TP_E_STATE);
    assert_int_equal(till_refund_begin(t, bytes_str("R-1"), bytes_str("R-2"), 0, &id, NULL), TP_E_STATE);
    int64_t open = refund(t, "R-3");
    assert_int_equal(till_void(t, open, NULL), 0); /* one that is not recorded is forgotten */
    till_close(t, 0);
}

static void a_refund_asks_nobody_and_takes_nothing(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct presentation_info p;
    struct commit_info c;
    sold(f, t);
    int64_t one = refund(t, "R-1");
    assert_int_equal(till_commit(t, one, (struct bytes){0}, NULL, 0, &c, NULL), TP_E_STATE);
    assert_int_equal(back(t, one, 1, 1000), 0);
    int calls = fake_calls(f, KIND_HOLD);
    assert_int_equal(fake_hold(t, one).outcome, TP_PROVISIONAL);
    assert_int_equal(fake_calls(f, KIND_HOLD), calls);
    assert_int_equal(till_present(t, one, PRESENT_CARD_TOKEN, bytes_str("tok-1"), &p, NULL), TP_E_STATE);
    fake_mode(f, DOWN, KIND_COUNT);
    fake_commit(t, one); /* on the disk, whatever the line does */
    till_close(t, 0);
}

static void a_day_takes_returns_off(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct day_info d;
    sold(f, t);
    int64_t one = refund(t, "R-1");
    assert_int_equal(back(t, one, 1, 1000), 0);
    fake_commit(t, one);
    assert_int_equal(till_day_close(t, &d, NULL), 0);
    assert_int_equal(d.sales, 1);
    assert_int_equal(d.returns, 1);
    assert_int_equal(d.due, 1169);
    int64_t two = refund(t, "R-2"); /* a closed day can be returned */
    assert_int_equal(back(t, two, 1, 1000), 0);
    fake_commit(t, two);
    assert_int_equal(till_day_close(t, &d, NULL), 0);
    assert_int_equal(d.due, -1169);
    till_close(t, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(one_unit_gives_half_back_and_the_other_the_rest),
        T(what_came_back_is_known_after_reopening),
        T(two_open_refunds_do_not_give_back_the_same),
        T(a_refund_names_a_sale_of_this_till),
        T(neither_a_refund_nor_its_sale_is_voided),
        T(a_refund_asks_nobody_and_takes_nothing),
        T(a_day_takes_returns_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
