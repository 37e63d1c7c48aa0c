/*
 * Many transactions in one (store_group_begin): what is undone alone, what ends the whole, and that whatever
 * is remembered meanwhile is what the tables come to hold. On a SQLite file, or on the server that
 * TILLPROOF_TEST_STORE names.
 */
#include "contract/group.h"

#include "store/holds.h"
#include "store/offers.h"

#include <stdio.h>

static const uint8_t offer_a[REF_SIZE] = {1}, offer_b[REF_SIZE] = {2};

int setup_pair(void **state)
{
    struct pair *p = test_calloc(1, sizeof *p);
    void *spot = NULL;
    assert_int_equal(setup(&spot), 0);
    p->spot = spot;
    p->s = p->spot->s;
    p->server = store_is_server(p->spot->db);
    assert_int_equal(store_open(p->spot->db, merchant, 0, &p->beside, NULL), 0);
    *state = p;
    return 0;
}

int teardown_pair(void **state)
{
    struct pair *p = *state;
    void *spot = p->spot;
    store_close(p->beside);
    teardown(&spot);
    test_free(p);
    return 0;
}

void begin(struct pair *p)
{
    assert_int_equal(store_group_begin(p->s), 0);
}

void end(struct pair *p)
{
    assert_int_equal(store_group_end(p->s, true), 0);
}

int64_t number_of(struct store *s, const char *text)
{
    int64_t v = NONE;
    assert_int_equal(sql_ints(s, &v, 1, text, ""), 0);
    return v;
}

/* ---- steps ---- */

struct batch_step {
    int64_t number;
    int refuse;
};

static int put_batch(struct store *s, void *arg)
{
    const struct batch_step *b = arg;
    struct batch_row row = {.number = b->number, .last = 9, .exp = 1, .channel = "email"};
    int rc = store_batch_put(s, &row);
    return rc ? rc : b->refuse;
}

static bool is_there(struct pair *p, int64_t number)
{
    struct batch_row row;
    int rc = store_batch(p->beside, number, &row);
    assert_true(rc == 0 || rc == STORE_NOT_FOUND);
    return rc == 0;
}

static void a_group_keeps_all_but_what_was_refused(void **state)
{
    struct pair *p = *state;
    struct batch_step a = {1, 0}, b = {2, TP_EXPIRED}, c = {3, 0};
    struct batch_row row;
    begin(p);
    assert_int_equal(store_write(p->s, put_batch, &a), 0);
    assert_int_equal(store_write(p->s, put_batch, &b), TP_EXPIRED);
    assert_int_equal(store_write(p->s, put_batch, &c), 0);
    assert_int_equal(store_batch(p->s, 1, &row), 0);
    assert_int_equal(store_batch(p->s, 2, &row), STORE_NOT_FOUND);
    assert_false(is_there(p, 1));
    end(p);
    assert_true(is_there(p, 1) && !is_there(p, 2) && is_there(p, 3));
}

static void a_group_with_a_fault_keeps_nothing(void **state)
{
    struct pair *p = *state;
    struct batch_step a = {1, 0}, b = {2, TP_E_IO}, c = {3, 0};
    begin(p);
    assert_int_equal(store_write(p->s, put_batch, &a), 0);
    assert_int_equal(store_write(p->s, put_batch, &b), TP_E_IO);
    assert_int_equal(store_write(p->s, put_batch, &c), TP_E_IO);
    assert_int_equal(store_write_sure(p->s, put_batch, &c), TP_E_IO);
    assert_int_equal(store_group_end(p->s, true), TP_E_IO);
    assert_false(is_there(p, 1) || is_there(p, 2) || is_there(p, 3));
    assert_int_equal(store_write(p->s, put_batch, &c), 0);
    assert_true(is_there(p, 3));
}

static void a_group_that_is_given_up_keeps_nothing(void **state)
{
    struct pair *p = *state;
    struct batch_step a = {1, 0};
    begin(p);
    assert_int_equal(store_write(p->s, put_batch, &a), 0);
    assert_int_equal(store_group_end(p->s, false), TP_E_STATE);
    assert_false(is_there(p, 1));
}

/* What a step changes beside rows of its own: each of these is remembered, and written when the group ends.
 */
enum change { NOTHING, TILL, TALLY, CONFLICT, GRANT, TENURE, ROW, CHANGES };

static int change(struct store *s, enum change which, int64_t n)
{
    struct till_row till = {.name = "t0", .store = "main", .epoch = 1, .head = {.epoch = 1, .seq = n}};
    struct tenure_row tenure = {.till = "t0", .epoch = 1, .until_ms = n};
    struct outcome_row outcome = {.till = "t0", .reason = TP_ALREADY_USED, .amount = n};
    struct batch_step row = {n, 0};
    struct tally_row tally;
    int64_t number;
    int rc = 0;
    switch (which) {
    case TILL:
        return store_till_put(s, &till);
    case TALLY:
        rc = store_tally(s, offer_a, &tally);
        return rc ? rc : store_tally_add(s, offer_a, 1, n);
    case CONFLICT:
        return store_outcome_put(s, &outcome);
    case GRANT:
        return store_next_grant(s, &number);
    case TENURE:
        return store_tenure_put(s, &tenure);
    case ROW:
        return put_batch(s, &row);
    default:
        return 0;
    }
}

struct steps {
    unsigned which; /* bits of enum change */
    int64_t n;
    int rc; /* what it ends with */
};

static int make_changes(struct store *s, void *arg)
{
    const struct steps *v = arg;
    int rc = 0;
    for (unsigned i = 0; i < CHANGES && rc == 0; i++) {
        rc = v->which >> i & 1 ? change(s, (enum change)i, v->n) : 0;
    }
    return rc ? rc : v->rc;
}

/* All that make_changes may have changed. */
struct view {
    int64_t seq, uses, spent, conflicts, until_ms, outcomes;
    bool row;
};

static int count_outcome(void *arg, const struct outcome_row *row)
{
    (void)row;
    ++*(int64_t *)arg;
    return 0;
}

static struct view view_of(struct store *s, int64_t number)
{
    struct view v = {0};
    struct till_row till = {.head = {.seq = NONE}};
    struct tenure_row tenure = {.until_ms = NONE};
    struct tally_row tally;
    struct batch_row batch;
    int rc = store_till(s, bytes_str("t0"), &till);
    v.seq = rc ? NONE : till.head.seq;
    assert_true(rc == 0 || rc == STORE_NOT_FOUND);
    assert_int_equal(store_tally(s, offer_a, &tally), 0);
    v.uses = tally.uses;
    v.spent = tally.spent;
    rc = store_tenure(s, bytes_str("t0"), 1, &tenure);
    v.until_ms = rc ? NONE : tenure.until_ms;
    assert_true(rc == 0 || rc == STORE_NOT_FOUND);
    assert_int_equal(store_outcomes(s, bytes_str("t0"), 0, 1000, count_outcome, &v.outcomes), 0);
    assert_int_equal(store_count(s, STORE_CONFLICTS, &v.conflicts), 0);
    rc = store_batch(s, number, &batch);
    v.row = rc == 0;
    assert_true(rc == 0 || rc == STORE_NOT_FOUND);
    return v;
}

static void check_view(struct view v, struct view is)
{
    assert_int_equal(v.seq, is.seq);
    assert_int_equal(v.uses, is.uses);
    assert_int_equal(v.spent, is.spent);
    assert_int_equal(v.conflicts, is.conflicts);
    assert_int_equal(v.outcomes, is.outcomes);
    assert_int_equal(v.until_ms, is.until_ms);
    assert_int_equal(v.row, is.row);
}

enum { ALL = (1u << CHANGES) - 2 };
static const struct view untouched = {.seq = NONE, .until_ms = NONE};
static const struct view changed_by_5 = {5, 1, 5, 1, 5, 1, true};

static int64_t grant_of(struct store *s)
{
    int64_t number = 0;
    assert_int_equal(store_next_grant(s, &number), 0);
    return number;
}

static int take_grant(struct store *s, void *arg)
{
    return store_next_grant(s, arg);
}

static int64_t grant_beside(struct pair *p)
{
    int64_t number = 0;
    assert_int_equal(store_write(p->beside, take_grant, &number), 0);
    return number;
}

/* ---- one that is sure ---- */

static void what_refuses_before_it_changes_anything_harms_nobody(void **state)
{
    struct pair *p = *state;
    struct steps good = {ALL, 5, 0}, bad = {0, 6, TP_STALE};
    begin(p);
    assert_int_equal(store_write_sure(p->s, make_changes, &bad), TP_STALE);
    assert_int_equal(store_write_sure(p->s, make_changes, &good), 0);
    assert_int_equal(store_write_sure(p->s, make_changes, &bad), TP_STALE);
    check_view(view_of(p->s, 5), changed_by_5);
    check_view(view_of(p->beside, 5), untouched);
    end(p);
    check_view(view_of(p->beside, 5), changed_by_5);
    assert_int_equal(grant_beside(p), 2);
}

/* Whichever change it was, remembered or written, and known or not before. */
static void what_refuses_after_a_change_ends_the_group(void **state)
{
    struct pair *p = *state;
    struct steps before = {ALL, 5, 0};
    for (unsigned known = 0; known < 2; known++) {
        for (unsigned i = NOTHING + 1; i < CHANGES; i++) {
            struct steps bad = {1u << i, 6, TP_STALE};
            begin(p);
            if (known) {
                assert_int_equal(store_write_sure(p->s, make_changes, &before), 0);
            }
            assert_int_equal(store_write_sure(p->s, make_changes, &bad), TP_E_STATE);
            assert_int_equal(store_write(p->s, make_changes, &before), TP_E_STATE);
            assert_int_equal(store_group_end(p->s, true), TP_E_STATE);
            check_view(view_of(p->beside, 5), untouched);
            check_view(view_of(p->s, 6), untouched);
        }
    }
    assert_int_equal(grant_beside(p), 1);
    assert_int_equal(store_write_sure(p->s, make_changes, &before), 0); /* alone: as store_write */
    check_view(view_of(p->beside, 5), changed_by_5);
}

static void a_sure_one_alone_is_undone_when_it_refuses(void **state)
{
    struct pair *p = *state;
    struct steps bad = {ALL, 5, TP_STALE};
    assert_int_equal(store_write_sure(p->s, make_changes, &bad), TP_STALE);
    check_view(view_of(p->s, 5), untouched);
}

/* ---- one that is undone ---- */

static void a_step_that_is_refused_undoes_exactly_itself(void **state)
{
    struct pair *p = *state;
    struct steps first = {ALL, 5, 0}, bad = {ALL, 6, TP_STALE}, last = {1u << TALLY | 1u << CONFLICT, 7, 0};
    begin(p);
    assert_int_equal(store_write_sure(p->s, make_changes, &first), 0);
    assert_int_equal(grant_of(p->s), 2);
    assert_int_equal(store_write(p->s, make_changes, &bad), TP_STALE); /* its grant was 3 */
    check_view(view_of(p->s, 5), changed_by_5);
    assert_false(view_of(p->s, 6).row);
    assert_int_equal(store_write(p->s, make_changes, &bad), TP_STALE);
    assert_int_equal(grant_of(p->s), 3);
    assert_int_equal(grant_of(p->s), 4);
    assert_int_equal(store_write_sure(p->s, make_changes, &last), 0);
    struct view now = {5, 2, 12, 2, 5, 2, true};
    check_view(view_of(p->s, 5), now);
    end(p);
    check_view(view_of(p->beside, 5), now);
    assert_int_equal(grant_beside(p), 5);
}

/* The same where it is the first, and nothing was known before it. */
static void a_first_step_that_is_refused_leaves_nothing(void **state)
{
    struct pair *p = *state;
    struct steps bad = {ALL, 6, TP_STALE}, good = {ALL, 5, 0};
    begin(p);
    assert_int_equal(store_write(p->s, make_changes, &bad), TP_STALE);
    check_view(view_of(p->s, 6), untouched);
    assert_int_equal(store_write(p->s, make_changes, &good), 0);
    check_view(view_of(p->s, 5), changed_by_5);
    end(p);
    check_view(view_of(p->beside, 5), changed_by_5);
    assert_int_equal(grant_beside(p), 2);
}

/* Many of a kind: more than are remembered. */
static int put_many_tills(struct store *s, void *arg)
{
    int64_t seq = *(int64_t *)arg;
    int rc = 0;
    for (int i = 0; i < STORE_TILLS_MAX + 20 && rc == 0; i++) {
        struct till_row till = {.store = "main", .epoch = 1, .head = {.epoch = 1, .seq = seq}};
        struct tenure_row tenure = {.epoch = 1, .until_ms = seq};
        snprintf(till.name, sizeof till.name, "many%d", i);
        snprintf(tenure.till, sizeof tenure.till, "many%d", i);
        uint8_t offer[REF_SIZE] = {9, (uint8_t)i};
        struct tally_row tally;
        rc = store_till_put(s, &till);
        rc = rc ? rc : store_tenure_put(s, &tenure);
        rc = rc ? rc : store_tally(s, offer, &tally);
        rc = rc ? rc : store_tally_add(s, offer, 1, seq);
    }
    return rc;
}

static void check_many_tills(struct store *s, int64_t seq, int64_t uses)
{
    for (int i = 0; i < STORE_TILLS_MAX + 20; i++) {
        struct till_row till;
        struct tenure_row tenure;
        struct tally_row tally;
        char name[64];
        uint8_t offer[REF_SIZE] = {9, (uint8_t)i};
        snprintf(name, sizeof name, "many%d", i);
        assert_int_equal(store_till(s, bytes_str(name), &till), 0);
        assert_int_equal(till.head.seq, seq);
        assert_string_equal(till.name, name);
        assert_int_equal(store_tenure(s, bytes_str(name), 1, &tenure), 0);
        assert_int_equal(tenure.until_ms, seq);
        assert_int_equal(store_tally(s, offer, &tally), 0);
        assert_int_equal(tally.uses, uses);
    }
}

static void what_is_not_remembered_is_written_and_read(void **state)
{
    struct pair *p = *state;
    int64_t seq = 1;
    begin(p);
    assert_int_equal(store_write_sure(p->s, put_many_tills, &seq), 0);
    check_many_tills(p->s, 1, 1);
    seq = 2;
    assert_int_equal(store_write_sure(p->s, put_many_tills, &seq), 0);
    check_many_tills(p->s, 2, 2);
    end(p);
    check_many_tills(p->beside, 2, 2);
}

/* ---- one group after another ---- */

static void a_group_remembers_nothing_of_the_one_before(void **state)
{
    struct pair *p = *state;
    struct steps mine = {ALL, 5, 0}, others = {ALL & ~(1u << ROW), 8, 0};
    begin(p);
    assert_int_equal(store_write_sure(p->s, make_changes, &mine), 0);
    end(p);
    assert_int_equal(store_write(p->beside, make_changes, &others), 0);
    begin(p);
    struct view both = {8, 2, 13, 2, 8, 2, true};
    check_view(view_of(p->s, 5), both);
    assert_int_equal(grant_of(p->s), 3);
    end(p);
    check_view(view_of(p->beside, 5), both);
    assert_int_equal(grant_beside(p), 4);
}

static int take_n(void *arg, const struct stored *row)
{
    *(int64_t *)arg = row->n;
    return 0;
}

/* By the statements themselves. */
static void check_newest(struct store *s)
{
    static const enum kind of[STORE_NEWEST_MAX] = {KIND_KEYSET, KIND_POLICY, KIND_TERMINAL, KIND_OFFER};
    int64_t newest[STORE_NEWEST_MAX] = {0};
    for (int again = 0; again < 2; again++) {
        assert_int_equal(store_newest(s, of, newest), 0);
        for (size_t i = 0; i < STORE_NEWEST_MAX; i++) {
            int64_t last = 0;
            assert_int_equal(store_statements(s, UINT32_C(1) << of[i], 0, INT64_MAX, take_n, &last), 0);
            assert_int_equal(newest[i], last);
        }
    }
}

struct kind_step {
    enum kind kind;
    uint8_t d;
    int rc;
};

static int put_kind(struct store *s, void *arg)
{
    const struct kind_step *k = arg;
    struct statement st = {.kind = k->kind, .d = {k->d}, .raw = bytes_str("raw")};
    bool fresh = false;
    int rc = store_statement_put(s, &st, 1, &fresh);
    check_newest(s);
    return rc ? rc : k->rc;
}

static void the_newest_of_a_kind_is_known_until_there_is_another(void **state)
{
    struct pair *p = *state;
    struct kind_step steps[] = {{KIND_OFFER, 1, 0},         {KIND_KEYSET, 2, 0}, {KIND_OFFER, 3, 0},
                                {KIND_POLICY, 4, TP_STALE}, {KIND_OFFER, 1, 0},  {KIND_TERMINAL, 5, 0},
                                {KIND_KEYSET, 6, TP_STALE}, {KIND_POLICY, 7, 0}};
    begin(p);
    check_newest(p->s);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        assert_int_equal(store_write(p->s, put_kind, &steps[i]), steps[i].rc);
        check_newest(p->s);
    }
    end(p);
    struct kind_step others = {KIND_OFFER, 9, 0};
    assert_int_equal(store_write(p->beside, put_kind, &others), 0);
    begin(p);
    check_newest(p->s);
    end(p);
    check_newest(p->beside);
}

/* Nor of one that was given up, or fell. */
static void what_a_group_did_not_keep_it_does_not_write_later(void **state)
{
    struct pair *p = *state;
    struct steps mine = {ALL, 5, 0}, bad = {1u << TILL, 6, TP_E_IO};
    begin(p);
    assert_int_equal(store_write_sure(p->s, make_changes, &mine), 0);
    assert_int_equal(store_group_end(p->s, false), TP_E_STATE);
    begin(p);
    check_view(view_of(p->s, 5), untouched);
    assert_int_equal(store_write_sure(p->s, make_changes, &bad), TP_E_IO);
    assert_int_equal(store_group_end(p->s, true), TP_E_IO);
    begin(p);
    end(p);
    check_view(view_of(p->beside, 5), untouched);
    assert_int_equal(grant_beside(p), 1);
}

static int unrank(struct store *s, void *arg)
{
    (void)arg;
    return store_offer_unrank(s, offer_a, 0);
}

/* A tally that was removed is not written again, and one beside it is. */
static void a_tally_that_is_removed_is_gone_with_what_was_to_be_written(void **state)
{
    struct pair *p = *state;
    struct tally_row tally;
    struct steps add = {1u << TALLY, 5, 0};
    begin(p);
    assert_int_equal(store_write_sure(p->s, make_changes, &add), 0);
    assert_int_equal(store_tally(p->s, offer_b, &tally), 0);
    assert_int_equal(store_tally_add(p->s, offer_b, 3, 30), 0);
    assert_int_equal(store_write_sure(p->s, unrank, NULL), 0);
    assert_int_equal(store_tally(p->s, offer_a, &tally), 0);
    assert_int_equal(tally.uses, 0);
    assert_int_equal(store_tally_add(p->s, offer_a, 1, 2), 0);
    end(p);
    assert_int_equal(store_tally(p->beside, offer_a, &tally), 0);
    assert_true(tally.uses == 1 && tally.spent == 2);
    assert_int_equal(store_tally(p->beside, offer_b, &tally), 0);
    assert_true(tally.uses == 3 && tally.spent == 30);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_pair, teardown_pair)
    const struct CMUnitTest tests[] = {
        T(a_group_keeps_all_but_what_was_refused),
        T(a_group_with_a_fault_keeps_nothing),
        T(a_group_that_is_given_up_keeps_nothing),
        T(what_refuses_before_it_changes_anything_harms_nobody),
        T(what_refuses_after_a_change_ends_the_group),
        T(a_sure_one_alone_is_undone_when_it_refuses),
        T(a_step_that_is_refused_undoes_exactly_itself),
        T(a_first_step_that_is_refused_leaves_nothing),
        T(what_is_not_remembered_is_written_and_read),
        T(a_group_remembers_nothing_of_the_one_before),
        T(the_newest_of_a_kind_is_known_until_there_is_another),
        T(what_a_group_did_not_keep_it_does_not_write_later),
        T(a_tally_that_is_removed_is_gone_with_what_was_to_be_written),
    };
    take_server();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + test_ahead() + test_gather();
}
