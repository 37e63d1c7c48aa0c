/* What a group was told it will be asked for (store_ahead): what is absent, what comes to be there, and what
 * was there before. */
#include "contract/group.h"

#include <stdio.h>

static const uint8_t an_offer[REF_SIZE] = {1};

/* One key of each sort, all made of n. */
struct keys {
    uint8_t d[HASH_SIZE], sale[ID_SIZE], claimed[ID_SIZE], request[ID_SIZE];
    int64_t batch, index;
};

static struct keys keys_of(uint32_t n)
{
    struct keys k = {.batch = 1 + n % 7, .index = n};
    for (size_t i = 0; i < 4; i++) {
        k.d[i] = k.sale[i] = k.claimed[i] = k.request[i] = (uint8_t)(n >> 8 * i);
    }
    k.d[31] = 0xD0;
    k.claimed[15] = 1;
    return k;
}

static struct store_keys asked;

static void ask_for(uint32_t n)
{
    struct keys k = keys_of(n);
    if (asked.record_count < STORE_KEYS_MAX) {
        memcpy(asked.records[asked.record_count++].v, k.d, HASH_SIZE);
        memcpy(asked.requests[asked.request_count++].v, k.request, ID_SIZE);
        asked.coupons[asked.coupon_count].batch = k.batch;
        asked.coupons[asked.coupon_count++].index = k.index;
    }
    if (asked.sale_count + 2 <= STORE_KEYS_MAX) {
        memcpy(asked.sales[asked.sale_count++].v, k.sale, ID_SIZE);
        memcpy(asked.sales[asked.sale_count++].v, k.claimed, ID_SIZE);
    }
}

static void ask_nothing(void)
{
    asked.record_count = asked.sale_count = asked.coupon_count = asked.request_count = asked.till_count = 0;
}

static int count_reservation(void *arg, const struct reservation_row *row)
{
    (void)row;
    ++*(int64_t *)arg;
    return 0;
}

/* Every question about these keys is answered by `there`, and about coupons in redemptions by uses. */
static void check_keys(struct store *s, uint32_t n, int64_t there)
{
    struct keys k = keys_of(n);
    struct rev_row rev;
    struct buf answer;
    uint8_t d[HASH_SIZE];
    int64_t uses = NONE, reserved = 0;
    bool reversed = false;
    buf_init(&answer, 1000);
    assert_int_equal(store_rev(s, k.sale, &rev), 0);
    assert_int_equal(rev.rev, there ? n + 1 : 0);
    assert_int_equal(store_coupon_uses(s, k.batch, k.index, &uses), 0);
    assert_int_equal(uses, there);
    assert_int_equal(store_reservations(s, k.batch, k.index, count_reservation, &reserved), 0);
    assert_int_equal(reserved, there);
    assert_int_equal(store_answer(s, k.request, d, &answer), there ? 0 : STORE_NOT_FOUND);
    assert_int_equal(answer.n, there ? 2 : 0);
    assert_int_equal(store_reversed(s, k.d, &reversed), 0);
    assert_int_equal(reversed, there);
    buf_free(&answer);
}

static int put_statement(struct store *s, uint32_t n, bool *fresh)
{
    struct statement st = {.kind = KIND_COMMIT, .raw = bytes_str("raw"), .lines = bytes_str("lines")};
    struct keys k = keys_of(n);
    memcpy(st.d, k.d, HASH_SIZE);
    return store_statement_put(s, &st, 1, fresh);
}

static int put_reservation(struct store *s, uint32_t n)
{
    struct keys k = keys_of(n);
    struct reservation_row r = {.batch = k.batch, .index = k.index, .number = n, .until_ms = 9, .till = "t"};
    memcpy(r.sale, k.sale, ID_SIZE);
    return store_reservation_put(s, &r);
}

static int put_claim(struct store *s, uint32_t n)
{
    struct keys k = keys_of(n);
    struct claim_row c = {.amount = 1, .number = n, .until_ms = 9, .till = "t"};
    memcpy(c.sale, k.claimed, ID_SIZE);
    memcpy(c.offer, an_offer, REF_SIZE);
    return store_claim_put(s, &c);
}

static struct redemption_row redemption_of(uint32_t n)
{
    struct keys k = keys_of(n);
    struct redemption_row r = {.version = 1,
                               .batch = k.batch,
                               .index = k.index,
                               .grant = NONE,
                               .slot = NONE,
                               .stage = STAGE_WON,
                               .frozen = NONE};
    memcpy(r.d, k.d, HASH_SIZE);
    memcpy(r.offer, an_offer, REF_SIZE);
    snprintf(r.rank, sizeof r.rank, "%08u", n);
    return r;
}

static int put_reversal(struct store *s, uint32_t n)
{
    struct keys k = keys_of(n);
    struct reversal_row v = {.till = "t", .currency = "EUR"};
    memcpy(v.d, k.d, HASH_SIZE);
    v.d[30] = 1;
    memcpy(v.commit, k.d, HASH_SIZE);
    return store_reversal_put(s, &v);
}

struct puts {
    uint32_t n;
    int rc;     /* what it ends with */
    bool fresh; /* out */
};

/* A row for each question. */
static int put_all(struct store *s, void *arg)
{
    struct puts *p = arg;
    struct keys k = keys_of(p->n);
    struct rev_row rev = {.rev = p->n + 1};
    struct redemption_row r = redemption_of(p->n);
    int rc = put_statement(s, p->n, &p->fresh);
    rc = rc ? rc : store_rev_put(s, k.sale, &rev);
    rc = rc ? rc : put_reservation(s, p->n);
    rc = rc ? rc : put_claim(s, p->n);
    rc = rc ? rc : store_redemption_put(s, &r);
    rc = rc ? rc : store_answer_put(s, k.request, k.d, bytes_str("ok"), 9);
    rc = rc ? rc : put_reversal(s, p->n);
    return rc ? rc : p->rc;
}

static void ahead(struct pair *p)
{
    assert_int_equal(store_ahead(p->s, &asked), 0);
}

static void put(struct pair *p, uint32_t n)
{
    struct puts v = {.n = n};
    assert_int_equal(store_write_sure(p->s, put_all, &v), 0);
    assert_true(v.fresh);
}

/* What is there is found to be there by what is put again, too. */
static void check_taken(struct pair *p, uint32_t n)
{
    struct keys k = keys_of(n);
    struct tally_row claims;
    bool fresh = true;
    int64_t reserved = 0;
    check_keys(p->s, n, 1);
    assert_int_equal(put_statement(p->s, n, &fresh), 0);
    assert_false(fresh);
    assert_int_equal(put_reservation(p->s, n), TP_HELD);
    assert_int_equal(store_rev_finish(p->s, k.sale, 1), 0);
    check_keys(p->s, n, 1);
    assert_int_equal(store_reservations_drop(p->s, k.sale), 0);
    assert_int_equal(store_reservations(p->s, k.batch, k.index, count_reservation, &reserved), 0);
    assert_int_equal(reserved, 0);
    assert_int_equal(store_claims(p->s, an_offer, &claims), 0);
    int64_t before = claims.uses;
    assert_int_equal(store_reservations_drop(p->s, k.claimed), 0);
    assert_int_equal(store_claims(p->s, an_offer, &claims), 0);
    assert_int_equal(claims.uses, before - 1);
}

static void an_absent_key_is_found_when_it_comes_to_be_there(void **state)
{
    struct pair *p = *state;
    ask_nothing();
    ask_for(1);
    ask_for(2);
    begin(p);
    ahead(p);
    for (uint32_t n = 1; n <= 3; n++) { /* 3 was not asked for */
        check_keys(p->s, n, 0);
        put(p, n);
        check_taken(p, n);
    }
    end(p);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM statement WHERE merchant = ?1"), 3);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM revision WHERE merchant = ?1"), 3);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM part WHERE merchant = ?1"), 3);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM reservation WHERE merchant = ?1"), 0);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM claim WHERE merchant = ?1"), 0);
}

static void a_key_that_was_there_before_is_found(void **state)
{
    struct pair *p = *state;
    struct puts before = {.n = 5};
    assert_int_equal(store_write(p->beside, put_all, &before), 0);
    ask_nothing();
    ask_for(4);
    ask_for(5);
    begin(p);
    ahead(p);
    check_keys(p->s, 4, 0);
    check_taken(p, 5);
    end(p);
}

/* Whatever of it still waits to be written. */
static void a_key_that_the_group_itself_put_before_is_found(void **state)
{
    struct pair *p = *state;
    ask_nothing();
    ask_for(1);
    ask_for(2);
    begin(p);
    put(p, 1);
    ahead(p);
    check_taken(p, 1);
    put(p, 2);
    ahead(p); /* once more */
    check_taken(p, 2);
    end(p);
}

/* Of each sort alone: the row of one says nothing of another. */
static void each_sort_is_known_by_itself(void **state)
{
    struct pair *p = *state;
    struct redemption_row r = redemption_of(6);
    struct keys k = keys_of(6);
    int64_t n = 0;
    bool fresh = false, reversed = true;
    assert_int_equal(store_redemption_put(p->beside, &r), 0);
    assert_int_equal(put_claim(p->beside, 6), 0);
    ask_nothing();
    ask_for(6);
    begin(p);
    ahead(p);
    assert_int_equal(store_coupon_uses(p->s, k.batch, k.index, &n), 0);
    assert_int_equal(n, 1);
    n = 0;
    assert_int_equal(store_reservations(p->s, k.batch, k.index, count_reservation, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(store_reversed(p->s, k.d, &reversed), 0);
    assert_false(reversed);
    assert_int_equal(put_statement(p->s, 6, &fresh), 0);
    assert_true(fresh);
    assert_int_equal(store_reservations_drop(p->s, k.claimed), 0);
    end(p);
    assert_int_equal(number_of(p->beside, "SELECT count(*) FROM claim WHERE merchant = ?1"), 0);
}

/* A request's id may be a sale's. */
static void equal_keys_of_two_sorts_are_two(void **state)
{
    struct pair *p = *state;
    struct keys k = keys_of(6);
    struct rev_row rev = {.rev = 3};
    struct buf answer;
    uint8_t d[HASH_SIZE];
    assert_int_equal(store_rev_put(p->beside, k.sale, &rev), 0);
    ask_nothing();
    memcpy(asked.requests[asked.request_count++].v, k.sale, ID_SIZE);
    buf_init(&answer, 100);
    begin(p);
    ahead(p);
    assert_int_equal(store_answer(p->s, k.sale, d, &answer), STORE_NOT_FOUND);
    assert_int_equal(store_rev(p->s, k.sale, &rev), 0);
    assert_int_equal(rev.rev, 3);
    end(p);
    buf_free(&answer);
}

static void what_was_undone_is_absent_again(void **state)
{
    struct pair *p = *state;
    struct puts bad = {.n = 7, .rc = TP_STALE};
    ask_nothing();
    ask_for(7);
    begin(p);
    ahead(p);
    assert_int_equal(store_write(p->s, put_all, &bad), TP_STALE);
    check_keys(p->s, 7, 0);
    put(p, 7);
    check_taken(p, 7);
    end(p);
}

/* Two groups of keys that together are more than there is room for. */
static void more_keys_than_there_is_room_for_are_asked_for_later(void **state)
{
    struct pair *p = *state;
    enum { MANY = 2 * STORE_KEYS_MAX };
    begin(p);
    for (uint32_t from = 0; from < MANY; from += STORE_KEYS_MAX) {
        ask_nothing();
        for (uint32_t n = from; n < from + STORE_KEYS_MAX; n++) {
            ask_for(n);
        }
        assert_int_equal(asked.record_count, STORE_KEYS_MAX);
        ahead(p);
    }
    for (uint32_t n = 0; n < MANY; n += 16) {
        check_keys(p->s, n, 0);
        put(p, n);
        check_keys(p->s, n, 1);
        check_keys(p->s, n + 1, 0);
    }
    end(p);
    for (uint32_t n = 0; n < MANY; n += 16) {
        check_keys(p->beside, n, 1);
    }
}

/* The same keys in two groups, between which another writes. */
static void a_group_knows_no_key_of_the_one_before(void **state)
{
    struct pair *p = *state;
    struct puts others = {.n = 8};
    ask_nothing();
    ask_for(8);
    ask_for(9);
    for (int again = 0; again < 2; again++) {
        begin(p);
        ahead(p);
        check_keys(p->s, 8, 0);
        end(p);
    }
    assert_int_equal(store_write(p->beside, put_all, &others), 0);
    begin(p);
    check_keys(p->s, 8, 1); /* nothing was asked ahead */
    ahead(p);
    check_keys(p->s, 8, 1);
    check_keys(p->s, 9, 0);
    end(p);
    check_keys(p->s, 8, 1);
    others.n = 9;
    assert_int_equal(store_write(p->beside, put_all, &others), 0);
    check_keys(p->s, 9, 1);
}

static void leases_are_none_until_there_is_one(void **state)
{
    struct pair *p = *state;
    struct lease_row row = {.number = 4,
                            .till = "t",
                            .uses = 5,
                            .amount = NONE,
                            .batch = 1,
                            .first = 1,
                            .last = 9,
                            .left_uses = 5},
                     found;
    struct lease_left left;
    ask_nothing();
    ask_for(1);
    begin(p);
    ahead(p);
    assert_int_equal(store_lease(p->s, 4, &found), STORE_NOT_FOUND);
    assert_int_equal(store_lease_put(p->s, &row), 0);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(store_lease(p->s, 4, &found), 0);
        assert_int_equal(store_lease_named(p->s, row.d, &found), 0);
        assert_int_equal(store_lease_of_coupon(p->s, 1, 5, &found), 0);
        assert_int_equal(store_lease_left(p->s, row.offer, &left), 0);
        assert_int_equal(left.uses, 5);
        end(p);
        begin(p);
        ahead(p); /* now it was there before */
    }
    end(p);
}

/* Ends with tills that are known: one that is to be written stays so. */
static void tills_are_read_ahead_and_written_once(void **state)
{
    struct pair *p = *state;
    struct till_row old = {.name = "old", .store = "main", .epoch = 2, .head = {.epoch = 2, .seq = 3}}, row;
    struct tenure_row tenure = {.till = "old", .epoch = 2, .until_ms = 77}, found;
    struct till_row bare = {.name = "bare", .store = "main", .epoch = 1};
    assert_int_equal(store_till_put(p->beside, &old), 0);
    assert_int_equal(store_till_put(p->beside, &bare), 0);
    assert_int_equal(store_tenure_put(p->beside, &tenure), 0);
    ask_nothing();
    for (; asked.till_count < STORE_TILLS_MAX; asked.till_count++) {
        snprintf(asked.tills[asked.till_count], sizeof asked.tills[0], "none%zu", asked.till_count);
    }
    snprintf(asked.tills[5], sizeof asked.tills[5], "old");
    snprintf(asked.tills[6], sizeof asked.tills[6], "bare");
    begin(p);
    old.head.seq = 4;
    assert_int_equal(store_till_put(p->s, &old), 0);
    ahead(p);
    assert_int_equal(store_till(p->s, bytes_str("old"), &row), 0);
    assert_int_equal(row.head.seq, 4);
    assert_int_equal(store_till(p->s, bytes_str("bare"), &row), 0);
    assert_int_equal(store_tenure(p->s, bytes_str("bare"), 1, &found), STORE_NOT_FOUND);
    assert_int_equal(store_tenure(p->s, bytes_str("old"), 2, &found), 0);
    assert_int_equal(found.until_ms, 77);
    assert_int_equal(store_tenure(p->s, bytes_str("old"), 1, &found), STORE_NOT_FOUND);
    assert_int_equal(store_till(p->s, bytes_str("none9"), &row), STORE_NOT_FOUND);
    old.head.seq = 5;
    old.quarantined = true;
    assert_int_equal(store_till_put(p->s, &old), 0);
    end(p);
    assert_int_equal(store_till(p->beside, bytes_str("old"), &row), 0);
    assert_int_equal(row.head.seq, 5);
    assert_true(row.quarantined);
}

static int fault(struct store *s, void *arg)
{
    (void)s;
    (void)arg;
    return TP_E_IO;
}

static void a_group_that_fell_asks_nothing_more(void **state)
{
    struct pair *p = *state;
    ask_nothing();
    ask_for(1);
    assert_int_equal(store_ahead(p->s, &asked), 0); /* outside of a group it is nothing */
    begin(p);
    assert_int_equal(store_write_sure(p->s, fault, NULL), TP_E_IO);
    assert_int_equal(store_ahead(p->s, &asked), TP_E_IO);
    assert_int_equal(store_group_end(p->s, true), TP_E_IO);
}

/* ---- the first loser of a budget, which is looked for once ---- */

static struct redemption_row loser(void)
{
    struct redemption_row r = redemption_of(1);
    r.limited = true;
    r.stage = CONTEST_BUDGET;
    return r;
}

static int find_loser(struct store *s)
{
    struct redemption_row r = loser(), found;
    return store_first_loser(s, CONTEST_BUDGET, &r, &found);
}

static int let_in_and_refuse(struct store *s, void *arg)
{
    struct redemption_row r = loser();
    (void)arg;
    r.stage = STAGE_WON;
    int rc = store_redemption_rank(s, &r);
    if (rc == 0) {
        assert_int_equal(find_loser(s), STORE_NOT_FOUND);
    }
    return rc ? rc : TP_STALE;
}

static void the_first_loser_is_found_when_there_is_one(void **state)
{
    struct pair *p = *state;
    struct redemption_row r = loser();
    begin(p);
    assert_int_equal(find_loser(p->s), STORE_NOT_FOUND);
    assert_int_equal(store_redemption_put(p->s, &r), 0);
    assert_int_equal(find_loser(p->s), 0);
    end(p);
    begin(p);
    r.stage = STAGE_WON;
    assert_int_equal(store_redemption_rank(p->s, &r), 0);
    assert_int_equal(find_loser(p->s), STORE_NOT_FOUND);
    r.stage = CONTEST_BUDGET;
    assert_int_equal(store_redemption_rank(p->s, &r), 0);
    assert_int_equal(find_loser(p->s), 0);
    end(p);
}

/* That there was none for a while was undone, too. */
static void a_loser_that_was_let_in_by_what_was_undone_has_lost(void **state)
{
    struct pair *p = *state;
    struct redemption_row r = loser();
    assert_int_equal(store_redemption_put(p->s, &r), 0);
    begin(p);
    assert_int_equal(store_write(p->s, let_in_and_refuse, NULL), TP_STALE);
    assert_int_equal(find_loser(p->s), 0);
    end(p);
}

int test_ahead(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_pair, teardown_pair)
    const struct CMUnitTest tests[] = {
        T(an_absent_key_is_found_when_it_comes_to_be_there),
        T(a_key_that_was_there_before_is_found),
        T(a_key_that_the_group_itself_put_before_is_found),
        T(each_sort_is_known_by_itself),
        T(equal_keys_of_two_sorts_are_two),
        T(what_was_undone_is_absent_again),
        T(more_keys_than_there_is_room_for_are_asked_for_later),
        T(a_group_knows_no_key_of_the_one_before),
        T(leases_are_none_until_there_is_one),
        T(tills_are_read_ahead_and_written_once),
        T(a_group_that_fell_asks_nothing_more),
        T(the_first_loser_is_found_when_there_is_one),
        T(a_loser_that_was_let_in_by_what_was_undone_has_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
