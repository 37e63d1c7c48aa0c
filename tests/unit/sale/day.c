/* A day's sums are those of its records; a close counts each of them once, and what it counted stands. */
#include "fake.h"
#include "sale/internal.h"

#include <sqlite3.h>
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

static void doctor(struct fake *f, const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/till.db", f->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    sqlite3_close(db);
}

/* Of a till's own file, from which somebody took a record, or changed one: the first that is wrong is named,
 * and nothing is signed on top of it. */
static void check_doctored(struct fake *f, const char *sql, const char *named)
{
    struct till *t = fake_till(f);
    struct err e = {0};
    struct day_info d = {.seq = 77};
    sold(t, "A-1");
    sold(t, "A-2");
    assert_int_equal(close_day(t).seq, 3);
    sold(t, "A-3");
    sold(t, "A-4");
    sold(t, "A-5");
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
    doctor(f, sql);
    t = fake_till(f);
    int64_t seq = t->head.seq;
    assert_int_equal(till_day_close(t, &d, &e), TP_E_CORRUPT);
    if (!strstr(e.text, named)) {
        fail_msg("'%s' is not in: %s", named, e.text);
    }
    assert_int_equal(d.seq, 77);
    assert_int_equal(t->head.seq, seq);
    till_close(t, 0);
}

#define DOCTORED(name, sql, named)                                                                           \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        check_doctored(*state, sql, named);                                                                  \
    }

DOCTORED(a_record_that_is_gone_from_the_midst_is_named, "DELETE FROM record WHERE seq = 5",
         "record 1/5 is missing")
DOCTORED(the_first_record_of_a_day_is_missed, "DELETE FROM record WHERE seq = 4", "record 1/4 is missing")
DOCTORED(the_last_record_of_a_day_is_missed, "DELETE FROM record WHERE seq = 6", "record 1/6 is missing")
DOCTORED(a_close_that_is_gone_is_missed, "DELETE FROM record WHERE seq = 3", "record 1/3 is missing")
DOCTORED(a_record_that_stands_on_another_is_named,
         "UPDATE record SET prev = (SELECT d FROM record WHERE seq = 1) WHERE seq = 5",
         "record 1/5 does not follow")

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
        T(a_record_that_is_gone_from_the_midst_is_named),
        T(the_first_record_of_a_day_is_missed),
        T(the_last_record_of_a_day_is_missed),
        T(a_close_that_is_gone_is_missed),
        T(a_record_that_stands_on_another_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
