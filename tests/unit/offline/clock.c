/*
 * The wrong clock: a till whose wall clock is moved, that is booted again, whose power fails. Nothing that
 * had expired at the floor comes back; nothing valid is refused once this boot has heard its authority;
 * beyond the policy's age the till alone is not sure of its time.
 */
#include "counter.h"

#include <stdlib.h>

/* Three offers: one ended an hour before the world's time, one ends an hour after it, one lasts. */
struct shop {
    struct world w;
    struct counter c;
    struct offer ended, ending, lasting;
};

static int setup(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    world_open(&s->w, 0);
    s->ended = world_offer(&s->w, "ended", 10000);
    s->ended.valid_until = s->w.now - HOUR_MS;
    s->ending = world_offer(&s->w, "ending", 10000);
    s->ending.valid_until = s->w.now + 2 * HOUR_MS;
    s->lasting = world_offer(&s->w, "lasting", 10000);
    s->lasting.valid_until = s->w.now + 100 * YEAR_MS;
    const struct offer *all[] = {&s->ended, &s->ending, &s->lasting};
    for (int i = 0; i < 3; i++) {
        world_publish(&s->w, all[i]);
        world_batch(&s->w, i + 1, all[i], COUNTER_LAST + 1, "email", "");
    }
    counter_open(&s->c, &s->w, "kasse");
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

static int scan(struct shop *s, const char *reference, const struct offer *o, uint32_t batch)
{
    return counter_present(&s->c, counter_sale(&s->c, reference, 1000), o, batch, 1);
}

static struct till_status status_of(struct shop *s)
{
    struct till_status out;
    struct err e = {0};
    assert_int_equal(till_status(s->c.till, &out, &e), 0);
    return out;
}

static const int64_t moves[] = {-10 * YEAR_MS, -2 * DAY_MS, HOUR_MS, 10 * YEAR_MS};
enum { MOVES = sizeof moves / sizeof *moves };

static void a_clock_that_moves_in_a_boot_that_heard_changes_nothing(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    for (int i = 0; i < MOVES; i++) {
        char reference[3][8] = {{"a0"}, {"b0"}, {"c0"}};
        int64_t before = status_of(s).time_ms;
        s->c.wall = s->w.now + moves[i];
        struct till_status now = status_of(s);
        assert_int_equal(now.time_ms, before);
        assert_true(now.time_sure);
        for (int k = 0; k < 3; k++) {
            reference[k][1] = (char)('0' + i);
        }
        assert_int_equal(scan(s, reference[0], &s->ended, 1), TP_EXPIRED);
        assert_int_equal(scan(s, reference[1], &s->ending, 2), 0);
        assert_int_equal(scan(s, reference[2], &s->lasting, 3), 0);
    }
}

/* A reboot loses the boot clock, a power failure the process too; neither loses the floor. */
static void nothing_that_had_expired_at_the_floor_comes_back(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    for (int i = 0; i < MOVES; i++) {
        char reference[8] = "e0";
        reference[1] = (char)('0' + i);
        s->c.wall = s->w.now + moves[i];
        counter_restart(&s->c, true);
        struct till_status now = status_of(s);
        assert_true(now.time_ms >= s->w.now);
        assert_int_equal(now.time_sure, moves[i] == HOUR_MS);
        assert_int_equal(now.time_ms, moves[i] == HOUR_MS ? s->w.now + HOUR_MS : s->w.now);
        assert_int_equal(scan(s, reference, &s->ended, 1), TP_EXPIRED);
    }
}

/* What was recorded at a later time stays the floor, whatever the clock says after a power failure. */
static void a_record_raises_the_floor(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    counter_pass(&s->c, 3 * HOUR_MS);
    counter_commit(&s->c, counter_sale(&s->c, "late", 500));
    s->c.wall = s->w.now - 3 * HOUR_MS;
    counter_restart(&s->c, true);
    assert_int_equal(status_of(s).time_ms, s->w.now);
    assert_false(status_of(s).time_sure);
    assert_int_equal(scan(s, "e", &s->ending, 2), TP_EXPIRED);
}

/* However wrong the clock is: one answer, and everything valid is taken, everything else is not. */
static void once_heard_nothing_valid_is_refused(void **state)
{
    struct shop *s = *state;
    for (int i = 0; i < MOVES; i++) {
        char reference[3][8] = {{"h0"}, {"i0"}, {"j0"}};
        s->c.cut = true;
        s->c.wall = s->w.now + moves[i];
        counter_restart(&s->c, true);
        counter_hear(&s->c);
        for (int k = 0; k < 3; k++) {
            reference[k][1] = (char)('0' + i);
        }
        struct till_status now = status_of(s);
        assert_int_equal(now.time_ms, s->w.now);
        assert_true(now.time_sure);
        assert_int_equal(scan(s, reference[0], &s->ending, 2), 0);
        assert_int_equal(scan(s, reference[1], &s->lasting, 3), 0);
        assert_int_equal(scan(s, reference[2], &s->ended, 1), TP_EXPIRED);
    }
}

/* The clock went an hour ahead while nobody was heard, and a record was made by it; the authority's word is
 * the floor again, on the disk too. */
static void the_authoritys_word_lowers_the_floor(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    s->c.wall = s->w.now + 3 * HOUR_MS;
    counter_restart(&s->c, true);
    counter_commit(&s->c, counter_sale(&s->c, "ahead", 500));
    assert_int_equal(counter_ask(&s->c, "SELECT floor_ms FROM till"), s->w.now + 3 * HOUR_MS);
    assert_int_equal(scan(s, "x", &s->ending, 2), TP_EXPIRED);
    counter_hear(&s->c);
    assert_int_equal(counter_ask(&s->c, "SELECT floor_ms FROM till"), s->w.now);
    assert_int_equal(scan(s, "y", &s->ending, 2), 0);
    s->c.cut = true;
    s->c.wall = s->w.now;
    counter_restart(&s->c, true);
    assert_true(status_of(s).time_sure);
    assert_int_equal(scan(s, "z", &s->ending, 2), 0);
}

/* The policy's age is a day here. Records do not renew it, and neither does a boot that once heard. */
static void beyond_the_policys_age_the_till_is_not_sure(void **state)
{
    struct shop *s = *state;
    s->c.cut = true;
    counter_pass(&s->c, DAY_MS);
    assert_true(status_of(s).time_sure);
    counter_pass(&s->c, 1);
    assert_false(status_of(s).time_sure);
    assert_int_equal(status_of(s).time_ms, s->w.now); /* it knows the time all the same */
    counter_hear(&s->c);
    assert_true(status_of(s).time_sure);

    s->c.cut = true;
    int64_t heard = s->w.now;
    for (int i = 0; i < 3; i++) {
        char reference[8] = "r0";
        reference[1] = (char)('0' + i);
        counter_restart(&s->c, true);
        counter_pass(&s->c, 10 * HOUR_MS);
        assert_int_equal(status_of(s).time_sure, s->w.now <= heard + DAY_MS);
        counter_commit(&s->c, counter_sale(&s->c, reference, 500));
    }
    assert_false(status_of(s).time_sure);
    assert_int_equal(status_of(s).time_ms, heard + 20 * HOUR_MS); /* the last record's */
}

/* It may be an old request that somebody sends once more. */
static void a_sync_with_a_wrong_clock_is_told_no_secret(void **state)
{
    struct shop *s = *state;
    struct world_till by = {.head = {.epoch = 1}};
    struct sync q = {.common = world_common(&s->w)};
    struct buf envelope, message;
    struct dec d;
    struct answer a;
    struct statement st;
    struct arena arena;
    struct err e = {0};
    counter_lock();
    assert_int_equal(cose_key_generate(ALG_ESP256, &by.key), 0);
    world_enrol(&s->w, "old", &by.key, by.head.d);
    q.head = by.head;
    for (int i = 0; i < 2; i++) {
        q.common.time_ms = s->w.now - (i ? 120001 : 120000);
        q.id[0] = (uint8_t)i;
        buf_init(&envelope, ENVELOPE_MAX);
        buf_init(&message, MESSAGE_MAX);
        arena_init(&arena, 1024 * 1024);
        assert_int_equal(statement_sign(KIND_SYNC, &q, bytes_str("old"), &by.key, &envelope, NULL, &e), 0);
        message_put(&message, KIND_SYNC, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
        assert_int_equal(world_send(&s->w, buf_view(&message)), 0);
        dec_init(&d, buf_view(&s->w.reply));
        assert_int_equal(answer_next(&d, &a), 1);
        assert_int_equal(statement_parse(a.statement, &arena, &st, &e), 0);
        static const uint8_t none[HASH_SIZE];
        const struct state *told = &st.payload.state;
        assert_int_equal(told->common.time_ms, s->w.now);
        assert_memory_equal(told->card_key, i ? none : s->w.card_key, HASH_SIZE);
        assert_int_equal(told->more, i == 1);
        arena_reset(&arena);
        buf_free(&message);
        buf_free(&envelope);
    }
    cose_key_free(&by.key);
    counter_unlock();
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_clock_that_moves_in_a_boot_that_heard_changes_nothing),
        TEST(nothing_that_had_expired_at_the_floor_comes_back),
        TEST(a_record_raises_the_floor),
        TEST(once_heard_nothing_valid_is_refused),
        TEST(the_authoritys_word_lowers_the_floor),
        TEST(beyond_the_policys_age_the_till_is_not_sure),
        TEST(a_sync_with_a_wrong_clock_is_told_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
