/* What every store must do with what holds, leases and commits leave: what is taken once, what is counted,
 * and in which order; on both databases. */
#include "contract/spot.h"

#include "store/holds.h"
#include "store/leases.h"
#include "store/offers.h"
#include "support/cm.h"

#include <stdio.h>

static void one_slot_is_reserved_once(void **state)
{
    struct spot *p = *state;
    struct reservation_row row = {
        .sale = {1}, .batch = 1, .index = 2, .until_ms = 100, .till = "t1", .number = 1};
    assert_int_equal(store_reservation_put(p->s, &row), 0);
    row.sale[0] = 2;
    assert_int_equal(store_reservation_put(p->s, &row), TP_HELD);
    row.slot = 1;
    assert_int_equal(store_reservation_put(p->s, &row), 0);
    assert_int_equal(store_reservations_expire(p->s, 99), 0);
    row.slot = 0;
    assert_int_equal(store_reservation_put(p->s, &row), TP_HELD);
    assert_int_equal(store_reservations_expire(p->s, 100), 0);
    assert_int_equal(store_reservation_put(p->s, &row), 0);
    assert_int_equal(store_reservations_drop(p->s, row.sale), 0);
    assert_int_equal(store_reservation_put(p->s, &row), 0);
}

static void a_committed_sale_keeps_its_highest_rev(void **state)
{
    static const int64_t told[] = {3, 2, 5}, kept[] = {3, 3, 5};
    struct spot *p = *state;
    struct rev_row row = {.rev = 1};
    uint8_t sale[ID_SIZE] = {7}, other[ID_SIZE] = {8};
    assert_int_equal(store_rev_put(p->s, sale, &row), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(store_rev_finish(p->s, sale, told[i]), 0);
        assert_int_equal(store_rev(p->s, sale, &row), 0);
        assert_int_equal(row.rev, kept[i]);
        assert_true(row.finished);
    }
    assert_int_equal(store_rev_finish(p->s, other, 2), 0);
    assert_int_equal(store_rev(p->s, other, &row), 0);
    assert_int_equal(row.rev, 2);
}

static void one_use_is_won_by_one_redemption(void **state)
{
    struct spot *p = *state;
    struct redemption_row a = redemption(1, 0), b = redemption(2, 0), loser = redemption(3, NONE);
    int64_t uses = 0;
    assert_int_equal(store_redemption_put(p->s, &a), 0);
    assert_int_equal(store_redemption_put(p->s, &b), TP_E_EXISTS);
    assert_int_equal(store_redemption_put(p->s, &loser), 0);
    loser.slot = 0;
    assert_int_equal(store_redemption_rank(p->s, &loser), TP_E_EXISTS);
    assert_int_equal(store_coupon_uses(p->s, 1, 1, &uses), 0);
    assert_int_equal(uses, 1);
    loser.slot = NONE;
    loser.stage = CONTEST_CUSTOMER;
    assert_int_equal(store_redemption_rank(p->s, &loser), 0);
    assert_int_equal(store_coupon_uses(p->s, 1, 1, &uses), 0);
    assert_int_equal(uses, 2);
}

static void claims_are_counted_until_their_time(void **state)
{
    struct spot *p = *state;
    struct claim_row row = {.sale = {1},
                            .offer = {1},
                            .has_customer = true,
                            .customer = {9},
                            .fresh = true,
                            .amount = 250,
                            .number = 1,
                            .until_ms = 100,
                            .till = "t1"},
                     found;
    struct tally_row sum;
    int64_t n;
    assert_int_equal(store_claim_put(p->s, &row), 0);
    assert_int_equal(store_claim_put(p->s, &row), TP_E_EXISTS);
    row.sale[0] = 2;
    row.has_customer = row.fresh = false;
    row.until_ms = 200;
    assert_int_equal(store_claim_put(p->s, &row), 0);
    assert_int_equal(store_claims(p->s, row.offer, &sum), 0);
    assert_true(sum.uses == 2 && sum.spent == 500);
    assert_int_equal(store_customer_claims(p->s, row.offer, row.customer, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_fresh_claim(p->s, row.customer, &found), 0);
    assert_string_equal(found.till, "t1");
    assert_int_equal(store_reservations_expire(p->s, 100), 0);
    assert_int_equal(store_claims(p->s, row.offer, &sum), 0);
    assert_true(sum.uses == 1 && sum.spent == 250);
    assert_int_equal(store_fresh_claim(p->s, row.customer, &found), STORE_NOT_FOUND);
    assert_int_equal(store_reservations_drop(p->s, row.sale), 0);
    assert_int_equal(store_claims(p->s, row.offer, &sum), 0);
    assert_true(sum.uses == 0 && sum.spent == 0);
}

static void a_claim_on_a_lease_is_no_claim_on_what_all_share(void **state)
{
    struct spot *p = *state;
    struct claim_row row = {
        .sale = {1}, .offer = {1}, .amount = 250, .number = 5, .until_ms = 100, .till = "t1"};
    struct tally_row sum;
    row.lease = 5;
    assert_int_equal(store_claim_put(p->s, &row), 0);
    assert_int_equal(store_claims(p->s, row.offer, &sum), 0);
    assert_true(sum.uses == 0 && sum.spent == 0);
    assert_int_equal(store_lease_claims(p->s, 5, &sum), 0);
    assert_true(sum.uses == 1 && sum.spent == 250);
    assert_int_equal(store_lease_claims(p->s, 6, &sum), 0);
    assert_true(sum.uses == 0 && sum.spent == 0);
    assert_int_equal(store_reservations_expire(p->s, 100), 0);
    assert_int_equal(store_lease_claims(p->s, 5, &sum), 0);
    assert_int_equal(sum.uses, 0);
}

static int count_lease(void *arg, const struct lease_row *row)
{
    (void)row;
    (*(int *)arg)++;
    return 0;
}

static int count_leases(struct spot *p, const char *till)
{
    int n = 0;
    assert_int_equal(store_leases(p->s, till, count_lease, &n), 0);
    return n;
}

static struct lease_row leased(int64_t number, const char *till, int64_t first, int64_t last)
{
    struct lease_row row = {.number = number,
                            .d = {(uint8_t)number},
                            .offer = {1},
                            .epoch = 1,
                            .from_ms = 1,
                            .until_ms = 2,
                            .uses = 10,
                            .amount = NONE,
                            .batch = first == NONE ? NONE : 7,
                            .first = first,
                            .last = last,
                            .left_uses = 10};
    snprintf(row.till, sizeof row.till, "%s", till);
    return row;
}

static void a_lease_is_listed_and_counted_while_it_keeps_something(void **state)
{
    struct spot *p = *state;
    struct lease_row a = leased(1, "t1", NONE, NONE), b = leased(2, "t2", 0, 9), c = leased(3, "t2", 20, 29),
                     row;
    struct lease_left left;
    assert_int_equal(store_lease_put(p->s, &a), 0);
    assert_int_equal(store_lease_put(p->s, &b), 0);
    assert_int_equal(store_lease_put(p->s, &c), 0);
    assert_int_equal(store_lease_put(p->s, &c), TP_E_EXISTS);
    assert_int_equal(store_lease_left(p->s, a.offer, &left), 0);
    assert_true(left.uses == 30 && left.amount == 0);
    assert_int_equal(count_leases(p, NULL), 3);
    assert_int_equal(count_leases(p, "t2"), 2);
    assert_int_equal(store_lease_of_coupon(p->s, 7, 9, &row), 0);
    assert_int_equal(row.number, 2);
    assert_int_equal(store_lease_of_coupon(p->s, 7, 10, &row), STORE_NOT_FOUND);
    assert_int_equal(store_lease_of_coupon(p->s, 7, 20, &row), 0);
    assert_int_equal(store_lease_of_coupon(p->s, 8, 0, &row), STORE_NOT_FOUND);
    b.left_uses = 0;
    b.given_back = true;
    assert_int_equal(store_lease_book(p->s, &b), 0);
    assert_int_equal(count_leases(p, NULL), 2);
    assert_int_equal(store_lease_of_coupon(p->s, 7, 9, &row), STORE_NOT_FOUND);
    assert_int_equal(store_lease_left(p->s, a.offer, &left), 0);
    assert_int_equal(left.uses, 20);
    assert_int_equal(store_lease_named(p->s, b.d, &row), 0);
    assert_true(row.number == 2 && row.given_back && row.amount == NONE && row.last == 9);
    assert_int_equal(store_lease(p->s, 9, &row), STORE_NOT_FOUND);
}

static int note_back(void *arg, const struct lease_back_row *row)
{
    int64_t *seen = arg;
    seen[++seen[0]] = row->written_off ? -row->uses : row->uses;
    return 0;
}

static void what_came_back_is_read_by_its_place_and_write_offs_last(void **state)
{
    struct spot *p = *state;
    int64_t seen[4] = {0};
    struct lease_back_row row = {.lease = {1}, .d = {1}, .till = "t1", .written_off = true, .uses = 3};
    assert_int_equal(store_lease_back_put(p->s, &row), 0);
    assert_int_equal(store_lease_back_put(p->s, &row), TP_E_EXISTS);
    row = (struct lease_back_row){.lease = {1}, .d = {2}, .till = "t1", .epoch = 1, .seq = 9, .uses = 4};
    assert_int_equal(store_lease_back_put(p->s, &row), 0);
    row = (struct lease_back_row){.lease = {1}, .d = {3}, .till = "t1", .epoch = 1, .seq = 8, .uses = 5};
    assert_int_equal(store_lease_back_put(p->s, &row), 0);
    assert_int_equal(store_lease_backs(p->s, row.lease, note_back, seen), 0);
    assert_true(seen[0] == 3 && seen[1] == 5 && seen[2] == 4 && seen[3] == -3);
}

struct seen {
    uint8_t d[8];
    size_t n;
};

static int see(void *arg, const struct contender *c)
{
    struct seen *s = arg;
    s->d[s->n++] = c->redemption.d[0];
    return 0;
}

static void contests_are_ranked_by_grant_then_time_till_epoch_seq(void **state)
{
    struct spot *p = *state;
    static const struct {
        uint8_t d;
        int64_t grant, time, epoch, seq;
        const char *till;
    } rows[] = {{1, NONE, 50, 1, 1, "a"}, {2, 9, 90, 1, 1, "a"}, {3, NONE, 40, 1, 2, "b"},
                {4, NONE, 40, 1, 1, "b"}, {5, 3, 99, 1, 1, "c"}, {6, NONE, 40, 1, 9, "a"}};
    struct seen seen = {.n = 0};
    struct contest_key key = {.by = BY_COUPON, .batch = 1, .index = 1};
    for (size_t i = 0; i < 6; i++) {
        struct sale_row sale = {
            .d = {rows[i].d}, .time_ms = rows[i].time, .epoch = rows[i].epoch, .seq = rows[i].seq};
        struct redemption_row r = redemption(rows[i].d, NONE);
        r.grant = rows[i].grant;
        snprintf(sale.till, sizeof sale.till, "%s", rows[i].till);
        assert_int_equal(store_sale_put(p->s, &sale), 0);
        assert_int_equal(store_redemption_put(p->s, &r), 0);
    }
    assert_int_equal(store_contest(p->s, &key, see, &seen), 0);
    static const uint8_t order[] = {5, 2, 6, 4, 3, 1};
    assert_int_equal(seen.n, 6);
    assert_memory_equal(seen.d, order, 6);
}

static int take_link(void *arg, const struct link_row *row)
{
    struct seen *s = arg;
    s->d[s->n++] = row->offer[0];
    return 0;
}

static void the_latest_link_record_at_a_time_holds(void **state)
{
    struct spot *p = *state;
    struct link_row row = {.card = {9}, .offer = {1}, .d = {1}, .op = LINK_ADD, .time_ms = 10, .till = "a"};
    const int64_t times[] = {9, 10, 19, 20, 30};
    const size_t linked[] = {0, 1, 1, 0, 1};
    assert_int_equal(store_link_put(p->s, &row), 0);
    row.d[0] = 2;
    row.op = LINK_REMOVE;
    row.time_ms = 20;
    assert_int_equal(store_link_put(p->s, &row), 0);
    row.d[0] = 3;
    row.op = LINK_ADD;
    row.time_ms = 30;
    assert_int_equal(store_link_put(p->s, &row), 0);
    for (size_t i = 0; i < 5; i++) {
        struct seen seen = {.n = 0};
        assert_int_equal(store_links(p->s, row.card, times[i], take_link, &seen), 0);
        assert_int_equal(seen.n, linked[i]);
    }
}

static void outcomes_with_a_reason_are_counted(void **state)
{
    struct spot *p = *state;
    struct outcome_row row = {.till = "a"};
    int64_t n = -1;
    assert_int_equal(store_outcome_put(p->s, &row), 0);
    assert_int_equal(store_count(p->s, STORE_CONFLICTS, &n), 0);
    assert_int_equal(n, 0);
    row.reason = TP_CONFLICT;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_outcome_put(p->s, &row), 0);
    }
    assert_int_equal(store_count(p->s, STORE_CONFLICTS, &n), 0);
    assert_int_equal(n, 3);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest all[] = {
        T(one_slot_is_reserved_once),
        T(claims_are_counted_until_their_time),
        T(a_claim_on_a_lease_is_no_claim_on_what_all_share),
        T(a_lease_is_listed_and_counted_while_it_keeps_something),
        T(what_came_back_is_read_by_its_place_and_write_offs_last),
        T(a_committed_sale_keeps_its_highest_rev),
        T(one_use_is_won_by_one_redemption),
        T(contests_are_ranked_by_grant_then_time_till_epoch_seq),
        T(the_latest_link_record_at_a_time_holds),
        T(outcomes_with_a_reason_are_counted),
    };
    take_server();
    return cmocka_run_group_tests(all, NULL, NULL);
}
