/*
 * What a store may gather and send later: rows that a group adds. They come to be as they were said, whatever
 * else is asked meanwhile finds them, and what is wrong with one of them ends the group.
 */
#include "contract/group.h"

#include "store/postgres/inside.h"

#include <stdio.h>

static const uint8_t an_offer[REF_SIZE] = {1};

static void make_d(uint32_t n, uint8_t d[HASH_SIZE])
{
    memset(d, 0, HASH_SIZE);
    for (size_t i = 0; i < 4; i++) {
        d[i] = (uint8_t)(n >> 8 * i);
    }
}

static struct sale_row sale_of(uint32_t n)
{
    struct sale_row row = {.till = "t", .store = "main", .currency = "EUR", .time_ms = n, .gross = n};
    make_d(n, row.d);
    return row;
}

static struct redemption_row redemption_of(uint32_t n, int64_t slot)
{
    struct redemption_row r = {.version = 1,
                               .batch = 1,
                               .index = n,
                               .grant = NONE,
                               .slot = slot,
                               .stage = STAGE_WON,
                               .frozen = NONE};
    struct sale_row sale = sale_of(n);
    make_d(n, r.d);
    memcpy(r.offer, an_offer, REF_SIZE);
    redemption_rank(&r, &sale);
    return r;
}

static int put_sale(struct store *s, uint32_t n)
{
    struct sale_row row = sale_of(n);
    return store_sale_put(s, &row);
}

static int64_t sales(struct store *s)
{
    return number_of(s, "SELECT count(*) FROM sale WHERE merchant = ?1");
}

/* ---- as they were said ---- */

static void nothing_and_what_is_empty_stay_apart(void **state)
{
    struct pair *p = *state;
    struct redemption_row none = redemption_of(1, NONE), all = redemption_of(2, 0);
    uint8_t id[ID_SIZE] = {1}, other[ID_SIZE] = {2}, d[HASH_SIZE];
    struct buf answer;
    none.batch = none.index = NONE;
    all.has_card = all.has_customer = true;
    all.lease = 7;
    all.grant = INT64_MIN + 1;
    snprintf(all.channel, sizeof all.channel, "a \"quoted\", {odd} \\ NULL");
    begin(p);
    assert_int_equal(store_redemption_put(p->s, &none), 0);
    assert_int_equal(store_redemption_put(p->s, &all), 0);
    assert_int_equal(store_answer_put(p->s, id, none.d, bytes_str(""), 5), 0);
    assert_int_equal(store_answer_put(p->s, other, all.d, bytes_of("\0\xff", 2), 5), 0);
    end(p);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM redemption WHERE merchant = ?1 AND batch IS "
                                          "NULL AND idx IS NULL AND card IS NULL AND customer IS NULL AND "
                                          "lease IS NULL AND grant_no IS NULL AND slot IS NULL AND "
                                          "channel = '' AND frozen IS NULL"),
                     1);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM redemption WHERE merchant = ?1 AND batch = 1 "
                                          "AND idx = 2 AND length(card) = 32 AND length(customer) = 32 AND "
                                          "lease = 7 AND slot = 0 AND grant_no = -9223372036854775807 AND "
                                          "channel = 'a \"quoted\", {odd} \\ NULL' AND stage = 5"),
                     1);
    buf_init(&answer, 100);
    assert_int_equal(store_answer(p->beside, id, d, &answer), 0);
    assert_int_equal(answer.n, 0);
    assert_int_equal(store_answer(p->beside, other, d, &answer), 0);
    assert_true(answer.n == 2 && memcmp(answer.p, "\0\xff", 2) == 0);
    assert_memory_equal(d, all.d, HASH_SIZE);
    buf_free(&answer);
}

enum { MANY = 1300 };

static int put_sales(struct store *s, void *arg)
{
    int rc = 0;
    for (uint32_t n = 1; n <= MANY && rc == 0; n++) {
        struct redemption_row r = redemption_of(n, 0);
        rc = put_sale(s, n);
        rc = rc ? rc : store_redemption_put(s, &r);
        rc = rc ? rc : store_leaf_wait(s, r.d);
    }
    (void)arg;
    return rc;
}

static int check_order(void *arg, const struct waiting_leaf *row)
{
    uint8_t d[HASH_SIZE];
    make_d(++*(uint32_t *)arg, d);
    assert_memory_equal(row->d, d, HASH_SIZE);
    return 0;
}

static void many_rows_of_several_tables_all_come_in_order(void **state)
{
    struct pair *p = *state;
    uint32_t n = 0;
    begin(p);
    assert_int_equal(store_write_sure(p->s, put_sales, NULL), 0);
    assert_int_equal(sales(p->s), MANY);
    end(p);
    assert_int_equal(sales(p->beside), MANY);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM sale s JOIN redemption r ON r.merchant = "
                                          "s.merchant AND r.d = s.d WHERE s.merchant = ?1 AND s.gross = "
                                          "r.idx"),
                     MANY);
    assert_int_equal(store_each_waiting(p->beside, 2 * MANY, check_order, &n), 0);
    assert_int_equal(n, MANY);
}

/* Parts as large as they may be, and one row of more than is gathered at all. */
enum { LARGE = 5, LARGEST = 3 * 1024 * 1024 };

static void check_bounded(const struct pair *p)
{
    const struct pg_store *own = p->server ? pg_own(p->s) : NULL;
    for (size_t i = 0; own && i < GATHERED_MAX; i++) {
        size_t n = 0;
        assert_true(own->gathered[i].rows < 512);
        for (size_t k = 0; k < own->gathered[i].columns; k++) {
            n += own->gathered[i].arrays[k].n;
        }
        assert_true(n < 2 * 1024 * 1024);
    }
}

static int check_part(void *arg, const struct stored *row)
{
    uint8_t n = row->d[0];
    (void)arg;
    assert_int_equal(row->raw.n, 16 * 1024);
    assert_true(row->raw.p[0] == n && row->raw.p[row->raw.n - 1] == n);
    assert_int_equal(row->lines.n, PART_MAX);
    assert_true(row->lines.p[0] == n && row->lines.p[PART_MAX - 1] == n);
    return 0;
}

static void large_rows_come_whole_and_memory_is_bounded(void **state)
{
    struct pair *p = *state;
    struct statement st = {.kind = KIND_COMMIT};
    uint8_t *content = test_malloc(LARGEST), d[HASH_SIZE], id[ID_SIZE] = {1};
    struct buf answer;
    begin(p);
    for (uint32_t n = 1; n <= LARGE; n++) {
        bool fresh = false;
        memset(content, (int)n, PART_MAX);
        make_d(n, st.d);
        st.raw = bytes_of(content, 16 * 1024);
        st.lines = bytes_of(content, PART_MAX);
        assert_int_equal(store_statement_put(p->s, &st, 1, &fresh), 0);
        assert_true(fresh);
        check_bounded(p);
    }
    make_d(1, d);
    memset(content, 'x', LARGEST);
    assert_int_equal(store_answer_put(p->s, id, d, bytes_of(content, LARGEST), 5), 0);
    check_bounded(p);
    for (id[1] = 1; id[1] < 10; id[1]++) { /* three of them are more than a megabyte */
        assert_int_equal(store_answer_put(p->s, id, d, bytes_of(content, 400000), 5), 0);
        check_bounded(p);
    }
    id[1] = 0;
    for (uint32_t n = 1; n <= MANY; n++) {
        assert_int_equal(put_sale(p->s, n), 0);
        check_bounded(p);
    }
    end(p);
    for (uint32_t n = 1; n <= LARGE; n++) {
        make_d(n, d);
        assert_int_equal(store_statement(p->beside, d, check_part, NULL), 0);
    }
    buf_init(&answer, LARGEST);
    assert_int_equal(store_answer(p->beside, id, d, &answer), 0);
    assert_true(answer.n == LARGEST && answer.p[LARGEST - 1] == 'x');
    assert_int_equal(number_of(p->beside, "SELECT CAST(sum(length(content)) AS BIGINT) FROM answer WHERE "
                                          "merchant = ?1"),
                     LARGEST + 9 * 400000);
    buf_free(&answer);
    test_free(content);
}

/* More sorts of rows than are gathered. */
static void more_statements_than_are_gathered_are_sent(void **state)
{
    static char texts[GATHERED_MAX + 6][80];
    struct pair *p = *state;
    uint8_t d[HASH_SIZE], handle[HASH_SIZE] = {1};
    begin(p);
    for (uint32_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        snprintf(texts[i], sizeof texts[i], "INSERT INTO sale_reference VALUES (?1, ?2, ?3)%*s", (int)i, "");
        make_d(i, d);
        assert_int_equal(sql_run(p->s, texts[i], "hh", handle, d), 0);
    }
    end(p);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM sale_reference WHERE merchant = ?1"),
                     GATHERED_MAX + 6);
}

/* ---- what was added is seen ---- */

static int count_contender(void *arg, const struct contender *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

static int count_record(void *arg, const struct record_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

static int contenders(struct store *s, const struct contest_key *key)
{
    int n = 0;
    assert_int_equal(store_contest(s, key, count_contender, &n), 0);
    return n;
}

/* Rows wait in one table or in two, and the question is about both. */
static void a_question_finds_what_waits_in_every_table_of_it(void **state)
{
    struct pair *p = *state;
    struct contest_key coupon = {.by = BY_COUPON, .batch = 1, .index = 1}, commit = {.by = BY_COMMIT},
                       card = {.by = BY_CARD, .id = {0xCA}};
    struct redemption_row r = redemption_of(1, 0), found;
    int64_t uses = 0;
    make_d(1, commit.id);
    begin(p);
    assert_int_equal(put_sale(p->s, 1), 0);
    assert_int_equal(store_redemption_put(p->s, &r), 0);
    assert_int_equal(contenders(p->s, &coupon), 1);
    assert_int_equal(contenders(p->s, &commit), 1);
    assert_int_equal(contenders(p->s, &card), 0);
    assert_int_equal(store_visit_put(p->s, card.id, r.d, true), 0);
    assert_int_equal(contenders(p->s, &card), 1);
    r = redemption_of(2, NONE); /* the sale is there, its redemption waits; and the other way round */
    assert_int_equal(put_sale(p->s, 2), 0);
    assert_int_equal(sales(p->s), 2);
    assert_int_equal(store_redemption_put(p->s, &r), 0);
    assert_int_equal(store_coupon_uses(p->s, 1, 2, &uses), 0);
    assert_int_equal(uses, 1);
    assert_int_equal(store_last_winner(p->s, CONTEST_COUPON, &r, &found), 0);
    assert_memory_equal(found.d, r.d, HASH_SIZE);
    assert_int_equal(store_redemption(p->s, r.d, 0, &found), 0);
    r = redemption_of(3, NONE);
    assert_int_equal(store_redemption_put(p->s, &r), 0);
    assert_int_equal(store_coupon_uses(p->s, 1, 3, &uses), 0);
    assert_int_equal(put_sale(p->s, 3), 0);
    coupon.index = 3;
    assert_int_equal(contenders(p->s, &coupon), 1);
    end(p);
}

static void records_and_reversals_that_wait_are_found(void **state)
{
    struct pair *p = *state;
    struct record_row row = {.till = bytes_str("t"), .epoch = 1, .seq = 1, .d = {1}}, none = row;
    struct reversal_row back = {.d = {9}, .commit = {1}, .till = "t", .currency = "EUR", .op = REVERSE_VOID};
    struct record_place place;
    bool yes = true;
    int n = 0;
    begin(p);
    assert_int_equal(store_record_fork(p->s, &row, &yes), 0);
    assert_false(yes);
    assert_int_equal(store_record_put(p->s, &row), 0);
    row.d[0] = 2; /* another at its place */
    assert_int_equal(store_record_fork(p->s, &row, &yes), 0);
    assert_true(yes);
    assert_int_equal(store_record_put(p->s, &row), 0);
    none.seq = 0;
    assert_int_equal(store_records_after(p->s, &none, 10, count_record, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(store_reversed(p->s, back.commit, &yes), 0);
    assert_false(yes);
    assert_int_equal(store_reversal_put(p->s, &back), 0);
    assert_int_equal(store_reversed(p->s, back.commit, &yes), 0);
    assert_true(yes);
    assert_int_equal(store_void_place(p->s, back.commit, "t", &place), 0);
    end(p);
}

static void a_row_that_waits_is_changed_and_removed(void **state)
{
    struct pair *p = *state;
    struct sale_row sale;
    struct redemption_row r = redemption_of(1, NONE), found;
    struct claim_row claim = {.sale = {5}, .till = "t", .number = 1, .until_ms = 9};
    begin(p);
    assert_int_equal(put_sale(p->s, 1), 0);
    assert_int_equal(store_sale_void(p->s, r.d, true), 0);
    assert_int_equal(put_sale(p->s, 2), 0);
    assert_int_equal(store_redemption_put(p->s, &r), 0);
    r.stage = CONTEST_TOTAL;
    r.outcome = TP_LIMIT_REACHED;
    assert_int_equal(store_redemption_rank(p->s, &r), 0);
    assert_int_equal(store_claim_put(p->s, &claim), 0);
    assert_int_equal(store_reservations_drop(p->s, claim.sale), 0);
    end(p);
    assert_int_equal(store_sale(p->beside, r.d, &sale), 0);
    assert_true(sale.voided);
    assert_int_equal(number_of(p->beside, "SELECT CAST(sum(voided) AS BIGINT) FROM sale WHERE merchant = ?1"),
                     1);
    assert_int_equal(store_redemption(p->beside, r.d, 0, &found), 0);
    assert_true(found.stage == CONTEST_TOTAL && found.outcome == TP_LIMIT_REACHED);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM claim WHERE merchant = ?1"), 0);
}

/* What a statement changed is its own, whatever waits beside it, and waits for it in its own table. */
static void changes_are_counted_while_others_wait(void **state)
{
    struct pair *p = *state;
    struct reservation_row row = {.sale = {1}, .batch = 1, .index = 1, .number = 1, .until_ms = 9};
    struct statement st = {.kind = KIND_COMMIT, .d = {1}, .raw = bytes_str("x")};
    static struct store_keys keys;
    bool fresh = false;
    keys.record_count = keys.coupon_count = 1;
    keys.records[0].v[0] = 1;
    keys.coupons[0].batch = keys.coupons[0].index = 1;
    begin(p);
    assert_int_equal(store_ahead(p->s, &keys), 0);
    for (uint32_t n = 0; n < 3; n++) { /* the first waits, the second is told that it is there */
        assert_int_equal(put_sale(p->s, 2 * n), 0);
        assert_int_equal(store_statement_put(p->s, &st, 1, &fresh), 0);
        assert_int_equal(fresh, n == 0);
        assert_int_equal(put_sale(p->s, 2 * n + 1), 0);
        assert_int_equal(store_reservation_put(p->s, &row), n == 0 ? 0 : TP_HELD);
    }
    end(p);
    assert_int_equal(sales(p->beside), 6);
}

struct walk {
    struct store *s;
    uint32_t seen;
};

static int add_beside(void *arg, const struct sale_row *sale, const struct redemption_row *list, size_t n)
{
    struct walk *w = arg;
    (void)list;
    assert_int_equal(n, 1);
    assert_int_equal(sale->gross, ++w->seen);
    assert_int_equal(put_sale(w->s, 10000 + w->seen), 0);
    if (w->seen % 50 == 0) {
        assert_int_equal(sales(w->s), MANY + w->seen);
    }
    return 0;
}

static int walk_sales(struct store *s, void *arg)
{
    return store_report_sales(s, 0, 5000, add_beside, arg);
}

static void rows_are_added_while_others_are_stepped_through(void **state)
{
    struct pair *p = *state;
    struct walk w = {.s = p->s};
    begin(p);
    assert_int_equal(store_write_sure(p->s, put_sales, NULL), 0);
    assert_int_equal(store_write(p->s, walk_sales, &w), 0);
    assert_int_equal(w.seen, MANY);
    end(p);
    assert_int_equal(sales(p->beside), 2 * MANY);
}

/* ---- what goes wrong ---- */

static int put_twice(struct store *s, void *arg)
{
    struct redemption_row a = redemption_of(1, 0), b = a;
    (void)arg;
    b.d[5] = 1;
    int rc = put_sale(s, 77);
    rc = rc ? rc : store_redemption_put(s, &a);
    return rc ? rc : store_redemption_put(s, &b); /* the use has been won */
}

static void a_row_that_may_not_be_ends_the_group(void **state)
{
    struct pair *p = *state;
    int (*const write[])(struct store * s, int (*fn)(struct store *, void *), void *arg) = {store_write,
                                                                                            store_write_sure};
    for (size_t i = 0; i < 2; i++) {
        begin(p);
        assert_int_equal(put_sale(p->s, 1), 0);
        int rc = write[i](p->s, put_twice, NULL); /* now, or later */
        assert_true(rc == 0 || rc == TP_E_EXISTS);
        assert_int_equal(store_group_end(p->s, true), TP_E_EXISTS);
        assert_int_equal(sales(p->beside), 0);
    }
    begin(p); /* and nothing of it comes later */
    assert_int_equal(put_sale(p->s, 2), 0);
    end(p);
    assert_int_equal(sales(p->beside), 1);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM redemption WHERE merchant = ?1"), 0);
}

/* A question that comes behind it learns of it. */
static void a_row_that_may_not_be_is_told_by_the_next_question(void **state)
{
    struct pair *p = *state;
    struct redemption_row a = redemption_of(1, 0), b = a, found;
    b.d[5] = 1;
    if (!p->server) {
        return; /* a file says it at once */
    }
    begin(p);
    assert_int_equal(store_redemption_put(p->s, &a), 0);
    assert_int_equal(store_redemption_put(p->s, &b), 0);
    assert_int_equal(store_redemption(p->s, a.d, 0, &found), TP_E_EXISTS);
    assert_int_equal(store_redemption(p->s, a.d, 0, &found), TP_E_EXISTS); /* and it stays so */
    assert_int_equal(put_sale(p->s, 1), TP_E_EXISTS);
    assert_int_equal(store_group_end(p->s, true), TP_E_EXISTS);
    assert_int_equal(sales(p->s), 0);
}

static void what_was_undone_is_not_sent_later(void **state)
{
    struct pair *p = *state;
    begin(p);
    assert_int_equal(put_sale(p->s, 1), 0);
    assert_int_equal(store_group_end(p->s, false), TP_E_STATE);
    begin(p);
    assert_int_equal(put_sale(p->s, 2), 0);
    end(p);
    assert_int_equal(number_of(p->beside, "SELECT CAST(sum(gross) AS BIGINT) FROM sale WHERE merchant = ?1"),
                     2);
}

/* Every connection of this server's but the one that asks. */
static void cut(struct pair *p)
{
    number_of(p->beside, "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
                         "application_name = 'tillproof' AND pid <> pg_backend_pid()");
}

/* The connection is lost while rows wait, with more to come or at the end. */
static void a_lost_connection_takes_what_waits_with_it(void **state)
{
    struct pair *p = *state;
    static struct store_keys keys;
    for (int more = 0; p->server && more < 3; more++) {
        begin(p);
        assert_int_equal(put_sale(p->s, 1), 0);
        cut(p);
        if (more == 1) {
            store_write_sure(p->s, put_sales, NULL); /* sent, or not */
        } else if (more == 2) {
            assert_int_equal(store_ahead(p->s, &keys), TP_E_BUSY);
        }
        assert_int_equal(store_group_end(p->s, true), TP_E_BUSY);
        assert_int_equal(sales(p->beside), 0);
    }
    begin(p);
    assert_int_equal(put_sale(p->s, 2), 0);
    end(p);
    assert_int_equal(number_of(p->beside, "SELECT CAST(sum(gross) AS BIGINT) FROM sale WHERE merchant = ?1"),
                     2);
}

int test_gather(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_pair, teardown_pair)
    const struct CMUnitTest tests[] = {
        T(nothing_and_what_is_empty_stay_apart),
        T(many_rows_of_several_tables_all_come_in_order),
        T(large_rows_come_whole_and_memory_is_bounded),
        T(more_statements_than_are_gathered_are_sent),
        T(a_question_finds_what_waits_in_every_table_of_it),
        T(records_and_reversals_that_wait_are_found),
        T(a_row_that_waits_is_changed_and_removed),
        T(changes_are_counted_while_others_wait),
        T(rows_are_added_while_others_are_stepped_through),
        T(a_row_that_may_not_be_ends_the_group),
        T(a_row_that_may_not_be_is_told_by_the_next_question),
        T(what_was_undone_is_not_sent_later),
        T(a_lost_connection_takes_what_waits_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
