/* A day's sums are those of its records; a close counts each of them once, and what it counted stands. */
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

static int64_t sold(struct till *t, const char *reference)
{
    int64_t sale = fake_sale(t, reference);
    fake_lines(t, sale);
    fake_commit(t, sale);
    return sale;
}

static struct day_info close_day(struct till *t)
{
    struct day_info d;
    struct err e = {0};
    if (till_day_close(t, &d, &e)) {
        fail_msg("%s", e.text);
    }
    return d;
}

static void a_close_counts_what_was_recorded_since_the_last(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    sold(t, "A-1");
    int64_t gone = sold(t, "A-2");
    assert_int_equal(till_void(t, gone, &e), 0);
    struct day_info d = close_day(t);
    assert_true(d.fresh);
    assert_int_equal(d.sales, 2);
    assert_int_equal(d.voids, 1);
    assert_int_equal(d.returns, 0);
    assert_int_equal(d.gross, 2598);
    assert_int_equal(d.due, 2598);
    assert_int_equal(d.net, d.gross - d.discount);
    assert_int_equal(d.first, 1);
    assert_int_equal(d.last, 3);
    assert_int_equal(d.seq, 4);
    assert_int_equal(d.currencies, 1);
    assert_string_equal(d.currency, "EUR");
    sold(t, "A-3");
    d = close_day(t);
    assert_int_equal(d.sales, 1);
    assert_int_equal(d.first, 5);
    assert_int_equal(d.last, 5);
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    assert_int_equal(f->record_count, 6);
    assert_int_equal(f->records[3].kind, KIND_CLOSE);
    till_close(t, 0);
}

static void closing_twice_is_closing_once(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    sold(t, "A-1");
    struct day_info first = close_day(t), again = close_day(t);
    assert_false(again.fresh);
    assert_int_equal(again.seq, first.seq);
    assert_int_equal(again.due, first.due);
    assert_int_equal(again.time_ms, first.time_ms);
    assert_memory_equal(again.d, first.d, HASH_SIZE);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
    t = fake_till(f);
    again = close_day(t);
    assert_false(again.fresh);
    assert_memory_equal(again.d, first.d, HASH_SIZE);
    till_close(t, 0);
}

static void a_till_without_records_has_nothing_to_close(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t training = 0;
    assert_int_equal(till_sale_begin(t, bytes_str("T"), bytes_str("EUR"), true, &training, &e), 0);
    fake_lines(t, training);
    fake_commit(t, training);
    struct day_info d = close_day(t);
    assert_false(d.fresh);
    assert_int_equal(d.seq, 0);
    assert_int_equal(d.sales, 0);
    assert_string_equal(d.currency, "EUR");
    till_close(t, 0);
}

static void what_a_close_has_counted_is_not_voided(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t before = sold(t, "A-1"), gone = sold(t, "A-2");
    assert_int_equal(till_void(t, gone, &e), 0);
    close_day(t);
    int64_t after = sold(t, "A-3");
    assert_int_equal(till_void(t, before, &e), TP_E_STATE);
    assert_non_null(strstr(e.text, "closed"));
    assert_int_equal(till_void(t, gone, NULL), 0); /* it was voided before: once more changes nothing */
    assert_int_equal(till_void(t, after, NULL), 0);
    till_close(t, 0);
}

static void a_copy_closes_no_day(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct day_info d = {.seq = 77};
    sold(t, "A-1");
    fake_mode(f, AHEAD, KIND_SYNC);
    (void)till_sync_now(t, FAKE_WAIT, NULL);
    assert_int_equal(till_day_close(t, &d, &e), TP_E_BEHIND);
    assert_int_equal(d.seq, 77);
    till_close(t, 0);
}

static void what_is_unsent_is_told(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    fake_mode(f, DOWN, KIND_COUNT);
    sold(t, "A-1");
    assert_int_equal(close_day(t).unsent, 2);
    till_close(t, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_close_counts_what_was_recorded_since_the_last),
        T(closing_twice_is_closing_once),
        T(a_till_without_records_has_nothing_to_close),
        T(what_a_close_has_counted_is_not_voided),
        T(a_copy_closes_no_day),
        T(what_is_unsent_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
