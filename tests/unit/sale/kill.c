/* A till that is stopped at any step finds itself again; what it said is on the disk before it said so. */
#include "fake.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Through a connection of its own, as another process would look. */
static int64_t ask(struct fake *f, const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    snprintf(path, sizeof path, "%s/till.db", f->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    int64_t v = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

enum step { BEGUN, PRESENTED, HELD, COMMITTED, VOIDED };

/* The till's process dies at a step, without any clean-up. */
static void die_after(struct fake *f, enum step step)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct till *t = fake_till(f);
        struct err e = {0};
        int64_t sale = fake_sale(t, "A-1");
        fake_lines(t, sale);
        if (step >= PRESENTED) {
            fake_present(f, t, sale, 0, 1);
        }
        if (step >= HELD) {
            fake_hold(t, sale);
        }
        fake_mode(f, DOWN, KIND_COUNT);
        if (step >= COMMITTED) {
            fake_commit(t, sale);
        }
        if (step >= VOIDED && till_void(t, sale, &e)) {
            fprintf(stderr, "%s\n", e.text);
            _exit(1);
        }
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_sale_is_found_again_after_a_kill_at_each_step(void **state)
{
    for (enum step step = BEGUN; step <= VOIDED; step++) {
        struct fake *f = *state;
        fake_close(f);
        fake_open(f);
        die_after(f, step);
        struct till *t = fake_till(f);
        struct err e = {0};
        struct sale_info info;
        int64_t sale = fake_sale(t, "A-1");
        assert_int_equal(till_sale_info(t, sale, &info, &e), 0);
        if (step < HELD) {
            assert_int_equal(info.state, TP_PROVISIONAL);
            assert_int_equal(info.rev, 0);
            assert_true(sale > 1000); /* the ids of the first block are gone for ever */
        } else if (step == HELD) {
            assert_int_equal(info.state, TP_PROVISIONAL);
            assert_int_equal(info.rev, 1);
            fake_lines(t, sale);
            assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
            assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
            assert_int_equal(f->last_rev, 2);
        } else {
            assert_int_equal(info.state, step == COMMITTED ? TP_COMMITTED : TP_VOIDED);
            assert_int_equal(fake_quote(t, sale).due, 2338);
            assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
            assert_int_equal(f->record_count, step == COMMITTED ? 1 : 2);
        }
        till_close(t, FAKE_WAIT);
    }
}

static void a_commit_is_on_the_disk_before_it_returns(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    fake_mode(f, DOWN, KIND_COUNT);
    struct commit_info c = fake_commit(t, sale);
    assert_int_equal(ask(f, "SELECT count(*) FROM record WHERE seq = 1 AND answer IS NULL"), 1);
    assert_int_equal(ask(f, "SELECT seq FROM till"), c.seq);
    assert_int_equal(ask(f, "SELECT state FROM sale WHERE reference = 'A-1'"), SALE_COMMITTED);
    assert_int_equal(till_close(t, 0), TP_E_TIMEOUT);
}

static void a_held_sale_is_on_the_disk_before_the_hold_leaves(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct quote_info q;
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(ask(f, "SELECT count(*) FROM sale"), 0);
    fake_mode(f, DOWN, KIND_HOLD);
    assert_int_equal(till_hold(t, sale, 50, &q, &e), 0);
    assert_true(ask(f, "SELECT rev FROM sale WHERE reference = 'A-1'") >= 1);
    till_close(t, 0);
}

static void the_chain_has_no_gap_across_restarts(void **state)
{
    struct fake *f = *state;
    struct err e = {0};
    for (int i = 0; i < 9; i++) {
        struct till *t = fake_till(f);
        char reference[16];
        snprintf(reference, sizeof reference, "C-%d", i);
        int64_t sale = fake_sale(t, reference);
        fake_lines(t, sale);
        fake_mode(f, i % 2 ? DOWN : GOOD, KIND_COUNT);
        fake_commit(t, sale);
        if (i % 3 == 0) {
            assert_int_equal(till_void(t, sale, &e), 0);
        }
        till_close(t, i % 2 ? 0 : FAKE_WAIT);
        fake_mode(f, GOOD, KIND_COUNT);
    }
    struct till *t = fake_till(f);
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    till_close(t, FAKE_WAIT);
    assert_int_equal(f->record_count, 12);
    for (size_t i = 0; i < f->record_count; i++) {
        assert_int_equal(f->records[i].seq, i + 1); /* oldest first */
        assert_memory_equal(f->records[i].prev, i ? f->records[i - 1].d : f->published[2].d, HASH_SIZE);
    }
}

static void a_till_is_open_once(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f), *second = NULL;
    struct err e = {0};
    assert_int_equal(fake_try(f, &second, &e), TP_E_TILL_BUSY);
    assert_null(second);
    till_close(t, 0);
    till_close(fake_till(f), 0);
}

static void a_restored_copy_signs_nothing(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct till_status s;
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    fake_mode(f, AHEAD, KIND_SYNC);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, &e), 0);
    assert_int_equal(till_status(t, &s, &e), 0);
    assert_true(s.behind);
    assert_int_equal(till_commit(t, sale, (struct bytes){0}, NULL, 0, &(struct commit_info){0}, &e),
                     TP_E_BEHIND);
    assert_int_equal(till_hold(t, sale, 100, &(struct quote_info){0}, &(struct err){0}), TP_E_BEHIND);
    assert_int_equal(till_sync_now(t, 100, &(struct err){0}), TP_E_BEHIND);
    fake_mode(f, GOOD, KIND_COUNT);
    till_close(t, 0);
    t = fake_till(f); /* and it stays so */
    assert_int_equal(till_status(t, &s, &e), 0);
    assert_true(s.behind);
    till_close(t, 0);
}

static void a_record_that_is_not_ours_at_our_place_is_a_clone(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct till_status s;
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    fake_commit(t, sale);
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    pthread_mutex_lock(&f->lock);
    f->records[0].d[0] ^= 1;
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, &e), 0);
    assert_int_equal(till_status(t, &s, &e), 0);
    assert_true(s.behind);
    till_close(t, 0);
}

static void the_replica_is_checked_again_when_it_is_read(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    till_close(t, 0);
    fake_mode(f, DOWN, KIND_COUNT);
    t = fake_till(f); /* from the disk alone */
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    assert_int_equal(fake_quote(t, sale).due, 2338);
    till_close(t, 0);
    ask(f, "UPDATE public SET raw = CAST(substr(raw, 1, length(raw) - 1) || CASE WHEN substr(raw, -1) = "
           "x'00' THEN "
           "x'01' ELSE x'00' END AS BLOB) WHERE n = 4");
    assert_int_equal(fake_try(f, &t, &e), TP_E_UNTRUSTED);
}

static void another_tills_key_is_not_taken(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct cose_key other = {0};
    char path[128];
    till_close(t, 0);
    snprintf(path, sizeof path, "%s/till.key", f->dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(keyfile_create(path, ALG_ESP256, &other, &e), 0);
    cose_key_free(&other);
    assert_int_equal(fake_try(f, &t, &e), TP_E_UNTRUSTED);
    f->id[0] ^= 1;
    assert_int_equal(fake_try(f, &t, &(struct err){0}), TP_E_UNTRUSTED); /* another shop's till */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sale_is_found_again_after_a_kill_at_each_step, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_is_on_the_disk_before_it_returns, setup, teardown),
        cmocka_unit_test_setup_teardown(a_held_sale_is_on_the_disk_before_the_hold_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(the_chain_has_no_gap_across_restarts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_till_is_open_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restored_copy_signs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_is_not_ours_at_our_place_is_a_clone, setup, teardown),
        cmocka_unit_test_setup_teardown(the_replica_is_checked_again_when_it_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(another_tills_key_is_not_taken, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
