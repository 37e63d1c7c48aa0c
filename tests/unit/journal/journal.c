/* till.db: what is written stays written, in order, and damage is told. */
#include "support/cm.h"

#include "journal/journal.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t authority[ID_SIZE] = {1, 2, 3}, terminal[HASH_SIZE] = {9, 9, 9};

struct fixture {
    char dir[64], db[80];
    struct journal *j;
    struct err e;
};

static void reopen(struct fixture *f)
{
    journal_close(f->j);
    f->j = NULL;
    if (journal_open(f->dir, &f->j, &f->e)) {
        fail_msg("%s", f->e.text);
    }
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/tillproof-journal-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->db, sizeof f->db, "%s/till.db", f->dir);
    assert_int_equal(
        journal_create(f->dir, authority, bytes_str("till1"), bytes_str("mitte"), 1, terminal, &f->e), 0);
    reopen(f);
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    journal_close(f->j);
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

static int sql(struct fixture *f, const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(f->db, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

/* Damages a closed journal and says what opening it returns. */
static int open_after(struct fixture *f, const char *text)
{
    journal_close(f->j);
    f->j = NULL;
    assert_int_equal(sql(f, text), SQLITE_OK);
    return journal_open(f->dir, &f->j, &(struct err){0});
}

static struct journal_till till_of(struct fixture *f)
{
    struct journal_till t;
    assert_int_equal(journal_till(f->j, &t, &f->e), 0);
    return t;
}

/* The next record of the chain; its D is its seq, over and over. */
static struct journal_record next_record(struct fixture *f)
{
    struct journal_till t = till_of(f);
    struct journal_record r = {.kind = KIND_COMMIT,
                               .raw = bytes_str("statement"),
                               .lines = bytes_str("lines"),
                               .person = bytes_str("person"),
                               .epoch = t.head.epoch,
                               .seq = t.head.seq + 1,
                               .time_ms = 1000 * (t.head.seq + 1)};
    memset(r.d, (int)r.seq, HASH_SIZE);
    memcpy(r.prev, t.head.d, HASH_SIZE);
    return r;
}

static struct journal_sale sale_row(int64_t id, const char *reference)
{
    struct journal_sale s = {.id = id, .currency = "EUR", .rev = 1};
    snprintf(s.reference, sizeof s.reference, "%s", reference);
    memset(s.uuid, (int)id, ID_SIZE);
    return s;
}

static void a_new_journal_begins_at_the_terminal_statement(void **state)
{
    struct fixture *f = *state;
    struct journal_till t = till_of(f);
    struct stat st;
    assert_memory_equal(t.authority, authority, ID_SIZE);
    assert_string_equal(t.name, "till1");
    assert_string_equal(t.store, "mitte");
    assert_int_equal(t.head.epoch, 1);
    assert_int_equal(t.head.seq, 0);
    assert_memory_equal(t.head.d, terminal, HASH_SIZE);
    assert_false(t.has_card_key);
    assert_int_equal(stat(f->db, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void creating_twice_is_refused_and_leaves_the_first(void **state)
{
    struct fixture *f = *state;
    char fresh[96];
    journal_close(f->j);
    f->j = NULL;
    assert_int_equal(
        journal_create(f->dir, authority, bytes_str("x"), bytes_str("y"), 1, terminal, &(struct err){0}),
        TP_E_EXISTS);
    snprintf(fresh, sizeof fresh, "%s/till.db.new", f->dir);
    assert_int_not_equal(access(fresh, F_OK), 0);
    reopen(f);
    assert_string_equal(till_of(f).name, "till1");
    assert_int_equal(journal_create("/tmp/tillproof-there-is-no-such", authority, bytes_str("x"),
                                    bytes_str("y"), 1, terminal, &(struct err){0}),
                     TP_E_NO_SHOP);
    assert_int_equal(journal_create(f->dir, authority, bytes_str("../x"), bytes_str("y"), 1, terminal, NULL),
                     TP_E_ARGUMENT);
}

static void it_is_open_once(void **state)
{
    struct fixture *f = *state;
    struct journal *second = NULL;
    assert_int_equal(journal_open(f->dir, &second, &f->e), TP_E_TILL_BUSY);
    assert_null(second);
    reopen(f);
}

static void versions_and_damage_are_told(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_after(f, "PRAGMA user_version = 2"), TP_E_NEWER);
    assert_int_equal(open_after(f, "PRAGMA user_version = 1; PRAGMA application_id = 1"), TP_E_CORRUPT);
    assert_int_equal(open_after(f, "PRAGMA application_id = 1953524273; DELETE FROM till"), TP_E_CORRUPT);
    assert_int_equal(open_after(f, "PRAGMA application_id = 1953524273"), TP_E_CORRUPT);
    FILE *out = fopen(f->db, "wb");
    assert_non_null(out);
    fputs("this is not a database, though it is long enough to be asked what it is", out);
    fclose(out);
    assert_int_equal(journal_open(f->dir, &f->j, &(struct err){0}), TP_E_CORRUPT);
    assert_int_equal(unlink(f->db), 0);
    assert_int_equal(journal_open(f->dir, &f->j, &(struct err){0}), TP_E_NO_SHOP);
}

static void a_row_out_of_its_range_is_damage(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_after(f, "UPDATE till SET name = '../etc'"), TP_E_CORRUPT);
    assert_int_equal(open_after(f, "UPDATE till SET name = 'till1', floor_ms = -1"), TP_E_CORRUPT);
    assert_int_equal(open_after(f, "UPDATE till SET floor_ms = 0"), 0);
}

static void a_record_must_follow_the_head(void **state)
{
    struct fixture *f = *state;
    struct journal_record r = next_record(f), wrong = r;
    wrong.seq = 2;
    assert_int_equal(journal_append(f->j, &wrong, NULL, NULL, &(struct err){0}), TP_E_STATE);
    wrong = r;
    wrong.prev[0] ^= 1;
    assert_int_equal(journal_append(f->j, &wrong, NULL, NULL, &(struct err){0}), TP_E_STATE);
    wrong = r;
    wrong.epoch = 2;
    assert_int_equal(journal_append(f->j, &wrong, NULL, NULL, &(struct err){0}), TP_E_STATE);
    assert_int_equal(till_of(f).head.seq, 0);
    assert_int_equal(journal_append(f->j, &r, NULL, NULL, &f->e), 0);
    assert_int_equal(journal_append(f->j, &r, NULL, NULL, &(struct err){0}), TP_E_STATE);
    struct journal_till t = till_of(f);
    assert_int_equal(t.head.seq, 1);
    assert_memory_equal(t.head.d, r.d, HASH_SIZE);
    assert_int_equal(t.floor_ms, 1000);
}

static void a_record_and_its_sale_are_written_together_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct journal_record r = next_record(f);
    struct journal_sale first = sale_row(1, "A"), clash = sale_row(2, "A");
    struct journal_counts counts;
    assert_int_equal(journal_sale_put(f->j, &first, &f->e), 0);
    clash.state = SALE_COMMITTED;
    clash.quote = clash.text = bytes_str("x");
    assert_int_equal(journal_append(f->j, &r, &clash, NULL, &(struct err){0}), TP_E_CORRUPT);
    assert_int_equal(till_of(f).head.seq, 0);
    assert_int_equal(journal_counts(f->j, &counts, &f->e), 0);
    assert_int_equal(counts.unsent, 0);
}

struct seen {
    int64_t seqs[16];
    size_t n;
};

static int see(void *arg, const struct journal_record *r)
{
    struct seen *s = arg;
    assert_true(bytes_is(r->lines, "lines"));
    s->seqs[s->n++] = r->seq;
    return 0;
}

static void the_outbox_is_oldest_first_and_answers_are_kept(void **state)
{
    struct fixture *f = *state;
    struct journal_answer answers[3] = {{.reason = 0}, {.reason = TP_UNKNOWN_TILL}, {.reason = 0}};
    struct journal_counts counts;
    struct seen seen = {0};
    for (int i = 0; i < 5; i++) {
        struct journal_record r = next_record(f);
        assert_int_equal(journal_append(f->j, &r, NULL, NULL, &f->e), 0);
    }
    reopen(f);
    assert_int_equal(journal_unsent(f->j, 3, see, &seen, &f->e), 0);
    assert_int_equal(seen.n, 3);
    assert_int_equal(seen.seqs[0], 1);
    assert_int_equal(seen.seqs[2], 3);
    memset(answers[0].d, 1, HASH_SIZE);
    memset(answers[1].d, 3, HASH_SIZE);
    memset(answers[2].d, 77, HASH_SIZE); /* none of ours */
    assert_int_equal(journal_answered(f->j, answers, 3, &f->e), 0);
    seen.n = 0;
    assert_int_equal(journal_unsent(f->j, 9, see, &seen, &f->e), 0);
    assert_int_equal(seen.n, 3);
    assert_int_equal(seen.seqs[0], 2);
    assert_int_equal(seen.seqs[1], 4);
    assert_int_equal(journal_counts(f->j, &counts, &f->e), 0);
    assert_int_equal(counts.unsent, 3);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(counts.refused_reason, TP_UNKNOWN_TILL);
    answers[0].reason = TP_STALE; /* "registered" is the last word */
    assert_int_equal(journal_answered(f->j, answers, 1, &f->e), 0);
    assert_int_equal(journal_counts(f->j, &counts, &f->e), 0);
    assert_int_equal(counts.refused, 1);
}

static int keep_sale(void *arg, const struct journal_sale *s)
{
    *(struct journal_sale *)arg = *s;
    return 0;
}

static void a_sale_is_found_by_reference_and_id(void **state)
{
    struct fixture *f = *state;
    struct journal_sale s = sale_row(5, "A-5"), got;
    struct journal_record r = next_record(f);
    bool sent = true;
    uint8_t d[HASH_SIZE];
    assert_int_equal(journal_sale(f->j, 5, keep_sale, &got, &f->e), JOURNAL_NOT_FOUND);
    assert_int_equal(journal_sale_put(f->j, &s, &f->e), 0);
    s.rev = 4;
    assert_int_equal(journal_sale_put(f->j, &s, &f->e), 0);
    assert_int_equal(journal_sale_by_reference(f->j, bytes_str("A-5"), keep_sale, &got, &f->e), 0);
    assert_int_equal(got.rev, 4);
    assert_int_equal(got.state, SALE_OPEN);
    s.state = SALE_COMMITTED;
    s.quote = s.text = bytes_str("q");
    memcpy(s.commit, r.d, HASH_SIZE);
    strcpy(s.receipt, "R-1");
    assert_int_equal(journal_append(f->j, &r, &s, NULL, &f->e), 0);
    assert_int_equal(journal_sale_drop(f->j, 5, &f->e), 0); /* only open ones are forgotten */
    reopen(f);
    assert_int_equal(journal_sale(f->j, 5, keep_sale, &got, &f->e), 0);
    assert_string_equal(got.receipt, "R-1");
    assert_memory_equal(got.commit, r.d, HASH_SIZE);
    assert_int_equal(journal_sale_sent(f->j, 5, &sent, &f->e), 0);
    assert_false(sent);
    assert_int_equal(journal_record_at(f->j, 1, 1, d, &f->e), 0);
    assert_memory_equal(d, r.d, HASH_SIZE);
    assert_int_equal(journal_record_at(f->j, 1, 2, d, &f->e), JOURNAL_NOT_FOUND);
    assert_int_equal(journal_void_of(f->j, 5, d, &f->e), JOURNAL_NOT_FOUND);
}

static void blocks_of_ids_never_meet(void **state)
{
    struct fixture *f = *state;
    int64_t first = 0, last = 1 - SALE_ID_BLOCK;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(journal_sale_ids(f->j, &first, &f->e), 0);
        assert_int_equal(first, last + SALE_ID_BLOCK);
        last = first;
        reopen(f);
    }
}

static int count_statement(void *arg, struct bytes raw)
{
    struct seen *s = arg;
    s->seqs[s->n++] = raw.p[0];
    return 0;
}

static void news_are_taken_whole(void **state)
{
    struct fixture *f = *state;
    const struct bytes statements[] = {bytes_str("a"), bytes_str("b")};
    const uint8_t d[2][HASH_SIZE] = {{1}, {2}};
    const struct outcome outcomes[] = {{.redemption = 0, .reason = TP_CONFLICT, .amount = 5},
                                       {.redemption = 1}};
    struct journal_news news = {.statements = statements,
                                .d = d,
                                .n = 2,
                                .have = 7,
                                .outcomes_to = 2,
                                .outcomes = outcomes,
                                .outcome_count = 2,
                                .time_ms = 5000,
                                .has_card_key = true,
                                .card_key = {4}};
    struct journal_counts counts;
    struct seen seen = {0};
    assert_int_equal(journal_news(f->j, &news, &f->e), 0);
    reopen(f);
    struct journal_till t = till_of(f);
    assert_int_equal(t.have, 7);
    assert_int_equal(t.outcomes, 2);
    assert_int_equal(t.floor_ms, 5000);
    assert_true(t.has_card_key && t.card_key[0] == 4 && !t.behind);
    assert_int_equal(journal_replica(f->j, count_statement, &seen, &f->e), 0);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.seqs[0], 'a');
    assert_int_equal(journal_counts(f->j, &counts, &f->e), 0);
    assert_int_equal(counts.conflicts, 1);
    assert_int_equal(t.told_ms, 5000);
    news.time_ms = 4000; /* the authority's word counts downwards too; behind stays */
    news.behind = true;
    assert_int_equal(journal_news(f->j, &news, &f->e), 0);
    news.behind = false;
    assert_int_equal(journal_news(f->j, &news, &f->e), 0);
    t = till_of(f);
    assert_int_equal(t.floor_ms, 4000);
    assert_int_equal(t.told_ms, 4000);
    assert_true(t.behind);
}

static void enrolling_anew_begins_a_new_chain_and_keeps_the_outbox(void **state)
{
    struct fixture *f = *state;
    struct journal_record r = next_record(f);
    struct journal_counts counts;
    uint8_t next[HASH_SIZE] = {5};
    assert_int_equal(journal_append(f->j, &r, NULL, NULL, &f->e), 0);
    journal_close(f->j);
    f->j = NULL;
    assert_int_equal(journal_renew(f->dir, bytes_str("mitte"), 1, next, &(struct err){0}), TP_E_STATE);
    assert_int_equal(journal_renew(f->dir, bytes_str("nord"), 2, next, &f->e), 0);
    reopen(f);
    struct journal_till t = till_of(f);
    assert_int_equal(t.head.epoch, 2);
    assert_int_equal(t.head.seq, 0);
    assert_string_equal(t.store, "nord");
    assert_int_equal(journal_counts(f->j, &counts, &f->e), 0);
    assert_int_equal(counts.unsent, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_journal_begins_at_the_terminal_statement, setup, teardown),
        cmocka_unit_test_setup_teardown(creating_twice_is_refused_and_leaves_the_first, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_open_once, setup, teardown),
        cmocka_unit_test_setup_teardown(versions_and_damage_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_out_of_its_range_is_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_must_follow_the_head, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_and_its_sale_are_written_together_or_not_at_all, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_outbox_is_oldest_first_and_answers_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sale_is_found_by_reference_and_id, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_of_ids_never_meet, setup, teardown),
        cmocka_unit_test_setup_teardown(news_are_taken_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(enrolling_anew_begins_a_new_chain_and_keeps_the_outbox, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
