/* What the authority said of a record is told until the program has taken notice of it, and not after. */
#include "counter.h"

#include <stdio.h>
#include <stdlib.h>

enum { MANY = EVENTS_MAX + 50 };

struct shop {
    struct world w;
    struct counter c;
    struct offer risky;
};

static int setup(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    world_open(&s->w, 1);
    counter_policy(&s->w, 500, 500);
    s->risky = world_offer(&s->w, "risky", 10000);
    s->risky.offline = OFFLINE_RISK;
    s->risky.offline_cap = 500;
    world_publish(&s->w, &s->risky);
    world_batch(&s->w, 1, &s->risky, COUNTER_LAST + 1, "news", "");
    counter_open(&s->c, &s->w, "c1");
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    counter_close(&s->c);
    world_close(&s->w);
    free(s);
    return 0;
}

static struct till_event next(struct shop *s, int kind, int64_t wait_ms)
{
    struct till_event v;
    do {
        till_event_next(s->c.till, wait_ms, &v);
    } while (v.kind && v.kind != kind);
    return v;
}

/* The next event, whichever it is; and the program comes back after it. */
static void come_back(struct shop *s)
{
    struct till_event v;
    till_event_next(s->c.till, 0, &v);
}

static void await(struct shop *s, const char *sql, int64_t want)
{
    for (int i = 0; i < 500 && counter_ask(&s->c, sql) != want; i++) {
        (void)next(s, 0, 10);
    }
    assert_int_equal(counter_ask(&s->c, sql), want);
}

/* A coupon that this till redeems alone, though another till has used it: a conflict that it hears of. */
static int64_t conflict(struct shop *s, const char *reference)
{
    uint8_t d[HASH_SIZE];
    s->c.cut = true;
    int64_t sale = counter_sale(&s->c, reference, 2000);
    assert_int_equal(counter_present(&s->c, sale, &s->risky, 1, 0), 0);
    assert_int_equal(counter_hold(&s->c, sale).reason, TP_OFFLINE);
    counter_commit(&s->c, sale);
    counter_lock();
    struct world_sale other = world_sale(&s->w, 2000);
    other.coupons[0] = world_coupon(&s->w, &s->risky, 1, 0);
    other.coupon_count = 1;
    int rc = world_hold(&s->w, &s->w.tills[0], &other);
    rc = rc ? rc : world_commit(&s->w, &s->w.tills[0], &other, d);
    counter_unlock();
    assert_int_equal(rc, 0);
    counter_hear(&s->c);
    return sale;
}

static void check_outcome(const struct till_event *v, int64_t sale)
{
    assert_int_equal(v->kind, EVENT_OUTCOME);
    assert_int_equal(v->code, TP_ALREADY_USED);
    assert_int_equal(v->sale, sale);
    assert_int_equal(v->id, 0);
    assert_int_equal(v->amount, 200);
    assert_int_equal(v->data, HASH_SIZE);
    assert_string_equal(v->offer, "risky");
}

static void what_a_crash_took_is_told_again(void **state)
{
    struct shop *s = *state;
    int64_t sale = conflict(s, "C-1");
    counter_crash(&s->c); /* before anybody took it */
    struct till_event v = next(s, EVENT_OUTCOME, COUNTER_WAIT);
    check_outcome(&v, sale);
    counter_crash(&s->c); /* it was taken, and the program has not come back */
    v = next(s, EVENT_OUTCOME, COUNTER_WAIT);
    check_outcome(&v, sale);
    come_back(s);
    await(s, "SELECT count(*) FROM notice WHERE kind = 1", 0);
    counter_crash(&s->c);
    assert_int_equal(next(s, EVENT_OUTCOME, 50).kind, 0);
}

static void closing_the_till_is_taking_notice(void **state)
{
    struct shop *s = *state;
    int64_t sale = conflict(s, "C-1");
    struct till_event v = next(s, EVENT_OUTCOME, COUNTER_WAIT);
    check_outcome(&v, sale);
    counter_restart(&s->c, false);
    assert_int_equal(next(s, EVENT_OUTCOME, 50).kind, 0);
}

static void what_nobody_took_waits_for_the_next_run(void **state)
{
    struct shop *s = *state;
    int64_t sale = conflict(s, "C-1");
    counter_restart(&s->c, false);
    struct till_event v = next(s, EVENT_OUTCOME, COUNTER_WAIT);
    check_outcome(&v, sale);
}

/* The newest word on one thing takes the place of the one before, also when that is being taken. */
static void a_newer_word_is_told_though_the_older_was_taken(void **state)
{
    struct shop *s = *state;
    int64_t sale = conflict(s, "C-1");
    struct till_event v = next(s, EVENT_OUTCOME, COUNTER_WAIT);
    check_outcome(&v, sale);
    struct journal_news news = {.time_ms = s->c.w->now};
    struct outcome free_again = {.redemption = 0, .reason = 0};
    struct commit_info c;
    assert_int_equal(till_commit(s->c.till, sale, (struct bytes){0}, NULL, 0, &c, NULL), 0);
    memcpy(free_again.commit, c.d, HASH_SIZE);
    till_lock(s->c.till);
    news.have = s->c.till->have;
    news.outcomes_to = s->c.till->outcomes;
    news.outcomes = &free_again;
    news.outcome_count = 1;
    news.has_card_key = true;
    memcpy(news.card_key, s->c.till->card_key, HASH_SIZE);
    assert_int_equal(journal_news(s->c.till->journal, &news, NULL), 0);
    notices_more(s->c.till);
    till_kick(s->c.till);
    till_unlock(s->c.till);
    v = next(s, EVENT_OUTCOME, COUNTER_WAIT);
    assert_int_equal(v.kind, EVENT_OUTCOME);
    assert_int_equal(v.code, 0);
    assert_int_equal(v.sale, sale);
}

static void put_outcomes(struct shop *s, size_t n)
{
    till_lock(s->c.till);
    for (size_t i = 0; i < n; i++) {
        struct outcome o = {.redemption = (int64_t)(i % 64), .reason = TP_CONFLICT, .amount = (int64_t)i};
        o.commit[0] = (uint8_t)(i / 64);
        struct journal_news news = {.have = s->c.till->have,
                                    .outcomes_to = s->c.till->outcomes,
                                    .outcomes = &o,
                                    .outcome_count = 1,
                                    .time_ms = s->c.w->now,
                                    .has_card_key = true};
        memcpy(news.card_key, s->c.till->card_key, HASH_SIZE);
        assert_int_equal(journal_news(s->c.till->journal, &news, NULL), 0);
    }
    notices_more(s->c.till);
    till_kick(s->c.till);
    till_unlock(s->c.till);
}

/* More than the queue holds: each is told, in order, none counted as dropped; other events have their place.
 */
static void more_than_the_queue_holds_are_told_one_after_another(void **state)
{
    struct shop *s = *state;
    put_outcomes(s, MANY);
    for (int64_t i = 0; i < MANY; i++) {
        struct till_event v = next(s, EVENT_OUTCOME, COUNTER_WAIT);
        assert_int_equal(v.kind, EVENT_OUTCOME);
        assert_int_equal(v.amount, i);
        assert_int_equal(v.dropped, 0);
    }
    come_back(s);
    await(s, "SELECT count(*) FROM notice", 0);
}

static bool holds_notices(const struct events *q)
{
    bool found = false;
    for (size_t i = 0; i < EVENTS_MAX; i++) {
        found = found || q->slots[i].notice.n;
    }
    return found;
}

/* What is kept makes room for what is not. */
static void a_full_queue_loses_nothing_that_is_kept(void **state)
{
    struct shop *s = *state;
    put_outcomes(s, MANY);
    till_lock(s->c.till);
    struct events *q = &s->c.till->events;
    notices_run(s->c.till);
    bool held = holds_notices(q);
    for (int64_t i = 0; i < EVENTS_MAX && holds_notices(q); i++) {
        event_put(s->c.till, &(struct till_event){.kind = EVENT_PICTURE, .id = i}, (struct bytes){0});
    }
    bool left = holds_notices(q), full = q->n == EVENTS_MAX;
    int64_t dropped = q->dropped;
    till_unlock(s->c.till);
    assert_true(held && !left && full);
    assert_int_equal(dropped, 0);
    for (int64_t told = 0; told < MANY; told++) {
        struct till_event v = next(s, EVENT_OUTCOME, COUNTER_WAIT);
        assert_int_equal(v.kind, EVENT_OUTCOME);
        assert_int_equal(v.amount, told);
    }
}

/* A sale's outcome, then as many receipts as are kept and some more: the first ones go, the outcome does not.
 */
static void receipts_that_nobody_wants_do_not_pile_up(void **state)
{
    struct shop *s = *state;
    char sql[200];
    enum { MORE = 10 };
    (void)conflict(s, "C-1");
    counter_restart(&s->c, false);
    /* So many as if they had come; one by one would take long. */
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)"
        " INSERT INTO notice (kind, record, place, reason, amount) SELECT 2, randomblob(32), 0, 0, 0 FROM c",
        NOTICE_RECEIPTS_MAX + MORE);
    till_lock(s->c.till);
    counter_write(&s->c, sql);
    till_unlock(s->c.till);
    int64_t sale = counter_sale(&s->c, "C-2", 2000);
    counter_commit(&s->c, sale);
    counter_hear(&s->c);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(till_sync_now(s->c.till, COUNTER_WAIT, NULL), 0);
    }
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM notice WHERE kind = 2"), NOTICE_RECEIPTS_MAX);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM notice WHERE kind = 1"), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_a_crash_took_is_told_again),
        T(closing_the_till_is_taking_notice),
        T(what_nobody_took_waits_for_the_next_run),
        T(a_newer_word_is_told_though_the_older_was_taken),
        T(more_than_the_queue_holds_are_told_one_after_another),
        T(a_full_queue_loses_nothing_that_is_kept),
        T(receipts_that_nobody_wants_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
