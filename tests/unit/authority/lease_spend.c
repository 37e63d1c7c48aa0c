/* Leases at the authority: spent, given back and written off, and every cap exact over all of it. */
#include "unit/authority/lease_shop.h"

enum { HELD = 16 };

static int write_off(struct shop *s, const char *till, const uint8_t lease[HASH_SIZE], int64_t uses,
                     int64_t amount)
{
    struct write_off off = {
        .common = world_common(&s->w), .till = bytes_str(till), .uses = uses, .amount = amount};
    memcpy(off.lease, lease, HASH_SIZE);
    return world_office(&s->w, KIND_WRITE_OFF, &off);
}

static int hold(struct shop *s, int i, uint32_t index, int64_t price)
{
    struct world_sale sale = by_coupon(s, 1, index, price);
    int reason = try_hold(s, i, &sale)->reason;
    if (reason == 0) {
        assert_int_equal(world_release(&s->w, &s->w.tills[i], &sale), 0);
    }
    return reason;
}

/* ---- spending ---- */

static void what_a_lease_covers_counts_and_what_goes_beyond_is_a_conflict(void **state)
{
    struct shop *s = *state;
    publish(s);
    struct world_lease l = lease_of(s, 0);
    for (uint32_t i = 0; i < 8; i++) {
        s->w.now += 1000;
        struct redemption_row r = spend(s, 0, &l, i, 50);
        assert_int_equal(r.outcome, 0);
        assert_int_equal(r.grant, l.terms.number);
    }
    s->w.now += 1000;
    struct redemption_row r = spend(s, 0, &l, 8, 70);
    assert_int_equal(r.outcome, TP_CONFLICT);
    assert_int_equal(r.conflict, 70);
    assert_int_equal(r.lease, l.terms.number);
    assert_int_equal(r.grant, NONE);
    /* one that was made before comes late: the last one goes without */
    s->w.now -= 3000;
    assert_int_equal(spend(s, 0, &l, 9, 70).outcome, 0);
    rebuild_makes_the_same(s);
}

static void a_sum_is_spent_one_after_another(void **state)
{
    struct shop *s = *state;
    s->o.lease = &money;
    publish(s);
    struct world_lease l = lease_of(s, 0);
    assert_int_equal(l.terms.uses, LEASE_USES_MAX);
    assert_int_equal(spend(s, 0, &l, 0, 600).outcome, 0);
    s->w.now += 1000;
    assert_int_equal(spend(s, 0, &l, 1, 401).outcome, TP_CONFLICT);
    s->w.now += 1000;
    assert_int_equal(spend(s, 0, &l, 2, 1).outcome, TP_CONFLICT); /* behind the first that was too much */
}

static void a_lease_is_spent_by_its_till_in_its_time_for_its_offer(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE];
    publish(s);
    struct offer tea = world_offer(&s->w, "tea", 10000);
    world_publish(&s->w, &tea);
    struct world_lease l = lease_of(s, 0);
    assert_int_equal(spend(s, 1, &l, 0, 50).outcome, TP_CONFLICT); /* another till */
    s->w.now = l.terms.from - 1;
    assert_int_equal(spend(s, 0, &l, 1, 50).outcome, TP_CONFLICT);
    s->w.now = l.terms.until;
    assert_int_equal(spend(s, 0, &l, 2, 50).outcome, TP_CONFLICT);
    s->w.now = l.terms.until - 1;
    assert_int_equal(spend(s, 0, &l, 3, 50).outcome, 0);
    struct world_sale sale = world_sale(&s->w, 1000);
    world_batch(&s->w, 2, &tea, 4, "email", "");
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, &tea, 2, 0);
    assert_int_equal(world_commit_leased(&s->w, &s->w.tills[0], &sale, &tea, l.terms.number, 100, d), 0);
    assert_int_equal(world_redemption(&s->w, d, 0).outcome, TP_CONFLICT);
    assert_int_equal(spend_at(s, 0, l.terms.number + 1000, 1, 4, 50, NULL).outcome, TP_CONFLICT); /* none */
    rebuild_makes_the_same(s);
}

static void a_lease_of_an_old_epoch_covers_nothing_of_the_new_one(void **state)
{
    struct shop *s = *state;
    struct buf key;
    publish(s);
    struct world_lease l = lease_of(s, 0);
    struct world_till *t = &s->w.tills[0];
    struct terminal next = {.common = world_common(&s->w),
                            .till = bytes_str(t->name),
                            .store = bytes_str("main"),
                            .epoch = 2,
                            .from = s->w.now,
                            .until = s->w.now + 48 * HOUR_MS,
                            .from_seq = NONE};
    buf_init(&key, 256);
    cose_key_encode(&t->key, &key);
    next.cose_key = buf_view(&key);
    assert_int_equal(world_office(&s->w, KIND_TERMINAL, &next), 0);
    buf_free(&key);
    t->head = (struct head){.epoch = 2};
    /* what it had then is not what it has, and counts against what it may be given */
    struct world_lease fresh = lease_of(s, 0);
    assert_int_equal(fresh.terms.epoch, 2);
    assert_int_equal(fresh.terms.uses, 8);
    s->w.now += 13 * HOUR_MS;
    assert_int_equal(ask(s, 0, 0, 0), 0);
    assert_int_equal(spend(s, 0, &l, 0, 50).outcome, TP_CONFLICT);
    assert_int_equal(spend(s, 0, &fresh, 1, 50).outcome, 0);
}

static void a_cap_for_each_coupon_holds_in_a_lease_too(void **state)
{
    struct shop *s = *state;
    s->o.offline_cap = 100;
    publish(s);
    struct world_lease l = lease_of(s, 0);
    assert_int_equal(spend(s, 0, &l, 0, 100).outcome, 0);
    struct redemption_row r = spend(s, 0, &l, 1, 130);
    assert_int_equal(r.outcome, TP_CONFLICT);
    assert_int_equal(r.conflict, 30);
}

static void an_automatic_offer_is_leased_without_coupons(void **state)
{
    struct shop *s = *state;
    uint8_t d[2][HASH_SIZE];
    s->o.redeem = REDEEM_AUTOMATIC;
    s->o.total = 16;
    world_publish(&s->w, &s->o);
    struct world_lease l = lease_of(s, 0);
    for (int i = 0; i < 2; i++) {
        struct world_sale sale = world_sale(&s->w, 1000);
        assert_int_equal(
            world_commit_leased(&s->w, &s->w.tills[0], &sale, &s->o, i ? NONE : l.terms.number, 100, d[i]),
            0);
    }
    assert_int_equal(world_redemption(&s->w, d[0], 0).outcome, 0);
    assert_int_equal(world_redemption(&s->w, d[1], 0).outcome, TP_CONFLICT);
}

/* ---- coming back ---- */

static void fill_total(struct shop *s, int64_t total)
{
    s->o.total = total;
    publish(s);
}

static void what_is_not_spent_comes_back_by_a_return_and_by_nothing_else(void **state)
{
    struct shop *s = *state;
    fill_total(s, 16);
    struct world_lease l = lease_of(s, 0);
    for (uint32_t i = 0; i < 8; i++) { /* 8 shared */
        struct world_sale sale = by_coupon(s, 1, 100 + i, 1000);
        assert_int_equal(try_hold(s, 1, &sale)->reason, 0);
        assert_int_equal(world_commit(&s->w, &s->w.tills[1], &sale, NULL), 0);
    }
    assert_int_equal(hold(s, 1, 200, 1000), TP_LIMIT_REACHED);
    assert_int_equal(spend(s, 0, &l, 0, 50).outcome, 0);
    s->w.now += 30 * HOUR_MS; /* that it has ended gives nothing back */
    assert_int_equal(hold(s, 1, 200, 1000), TP_LIMIT_REACHED);
    give_back(s, 0, &l, 6, NONE); /* one commit is still on its way */
    for (uint32_t i = 0; i < 6; i++) {
        struct world_sale sale = by_coupon(s, 1, 200 + i, 1000);
        assert_int_equal(try_hold(s, 1, &sale)->reason, 0);
        assert_int_equal(world_commit(&s->w, &s->w.tills[1], &sale, NULL), 0);
    }
    assert_int_equal(hold(s, 1, 300, 1000), TP_LIMIT_REACHED);
    rebuild_makes_the_same(s);
}

static void a_commit_behind_the_return_is_beyond_the_lease(void **state)
{
    struct shop *s = *state;
    publish(s);
    struct world_lease l = lease_of(s, 0);
    assert_int_equal(spend(s, 0, &l, 0, 50).outcome, 0);
    give_back(s, 0, &l, 5, NONE);
    assert_int_equal(spend(s, 0, &l, 1, 50).outcome, TP_CONFLICT); /* though two are not accounted for */
    give_back(s, 0, &l, 0, NONE);                                  /* the first word counts */
    give_back(s, 1, &l, 8, NONE);                                  /* and nobody else's */
    assert_non_null(strstr(world_dump(&s->w), "|2|0|1|1\n")); /* left_uses, left_amount, given_back, open */
    rebuild_makes_the_same(s);
}

static void void_sale(struct shop *s, int i, const struct world_sale *sale, const uint8_t d[HASH_SIZE])
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_void_message(&s->w, &s->w.tills[i], sale, d, &message);
    assert_int_equal(world_send(&s->w, buf_view(&message)), 0);
    buf_free(&message);
}

static void a_void_gives_a_use_to_the_lease_and_after_its_return_to_all(void **state)
{
    struct shop *s = *state;
    uint8_t d[3][HASH_SIZE];
    struct world_sale sale[3];
    fill_total(s, 16);
    struct world_lease l = lease_of(s, 0);
    for (uint32_t i = 0; i < 3; i++) {
        sale[i] = by_coupon(s, 1, i, 1000);
        assert_int_equal(
            world_commit_leased(&s->w, &s->w.tills[0], &sale[i], &s->o, l.terms.number, 100, d[i]), 0);
    }
    void_sale(s, 0, &sale[0], d[0]);
    assert_int_equal(ask(s, 0, 6, 0), 0);
    give_back(s, 0, &l, 6, NONE); /* two stand, and nothing is missing */
    assert_null(strstr(world_dump(&s->w), "|1\nlease_back"));
    void_sale(s, 0, &sale[1], d[1]);
    int64_t left = 0;
    for (uint32_t i = 0; i < 16; i++) { /* 15 are free by now */
        struct world_sale other = by_coupon(s, 1, 100 + i, 1000);
        left += try_hold(s, 1, &other)->reason == 0;
    }
    assert_int_equal(left, 15);
    rebuild_makes_the_same(s);
}

static void a_write_off_frees_what_is_left_and_is_held_against_the_till(void **state)
{
    struct shop *s = *state;
    uint8_t none[HASH_SIZE] = {1};
    fill_total(s, 8);
    struct world_lease l = lease_of(s, 0); /* 4 of 8 */
    assert_int_equal(l.terms.uses, 4);
    assert_int_equal(spend(s, 0, &l, 0, 50).outcome, 0);
    assert_int_equal(write_off(s, "t0", l.d, 4, NONE), TP_BAD_STATEMENT); /* one is spent */
    assert_int_equal(write_off(s, "t1", l.d, 3, NONE), TP_BAD_STATEMENT);
    assert_int_equal(write_off(s, "t0", none, 3, NONE), TP_BAD_STATEMENT);
    assert_int_equal(write_off(s, "t0", l.d, 3, NONE), 0);
    for (uint32_t i = 0; i < 7; i++) {
        struct world_sale sale = by_coupon(s, 1, 100 + i, 1000);
        assert_int_equal(try_hold(s, 1, &sale)->reason, 0);
        assert_int_equal(world_commit(&s->w, &s->w.tills[1], &sale, NULL), 0);
    }
    assert_int_equal(hold(s, 1, 200, 1000), TP_LIMIT_REACHED);
    /* the till is found again, and had spent one more: the caps hold, and it is booked */
    s->w.now += 1000;
    struct redemption_row r = spend(s, 0, &l, 1, 50);
    assert_int_equal(r.outcome, TP_LIMIT_REACHED);
    assert_int_equal(r.conflict, 50);
    /* that it returns the rest as well changes nothing: it is the same rest */
    give_back(s, 0, &l, 2, NONE);
    assert_int_equal(hold(s, 1, 200, 1000), TP_LIMIT_REACHED);
    rebuild_makes_the_same(s);
}

/* ---- with a line ---- */

static void a_till_draws_on_its_own_lease_where_nothing_else_is_left(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE];
    fill_total(s, 4);
    struct world_lease l = lease_of(s, 0); /* 2 of 4 */
    struct world_sale a = by_coupon(s, 1, 0, 1000), b = by_coupon(s, 1, 1, 1000),
                      c = by_coupon(s, 1, 2, 1000), e = by_coupon(s, 1, 3, 1000),
                      f = by_coupon(s, 1, 4, 1000);
    assert_int_not_equal(try_hold(s, 0, &a)->number, l.terms.number);
    assert_int_not_equal(try_hold(s, 0, &b)->number, l.terms.number);
    assert_int_equal(hold(s, 1, 9, 1000), TP_LIMIT_REACHED);
    assert_int_equal(try_hold(s, 0, &c)->number, l.terms.number);
    assert_int_equal(try_hold(s, 0, &e)->number, l.terms.number);
    assert_int_equal(try_hold(s, 0, &f)->reason, TP_LIMIT_REACHED);
    assert_int_equal(world_commit(&s->w, &s->w.tills[0], &c, d), 0);
    assert_int_equal(world_redemption(&s->w, d, 0).outcome, 0);
    assert_int_equal(world_redemption(&s->w, d, 0).lease, l.terms.number);
    assert_int_equal(try_hold(s, 0, &f)->reason, TP_LIMIT_REACHED);
    assert_int_equal(world_release(&s->w, &s->w.tills[0], &e), 0);
    assert_int_equal(try_hold(s, 0, &f)->number, l.terms.number);
    /* a use that was drawn and one that was spent alone are the same two */
    s->w.now += 1000;
    assert_int_equal(spend(s, 0, &l, 5, 50).outcome, 0);
    s->w.now += 1000;
    assert_int_equal(world_commit(&s->w, &s->w.tills[0], &f, d), 0);
    assert_int_equal(world_redemption(&s->w, d, 0).outcome, TP_CONFLICT);
    assert_int_equal(world_redemption(&s->w, d, 0).conflict, 100);
    rebuild_makes_the_same(s);
}

static void money_is_drawn_where_the_lease_has_more_of_it(void **state)
{
    struct shop *s = *state;
    s->o.lease = &money;
    s->o.budget = 1500;
    publish(s);
    struct world_lease l = lease_of(s, 0); /* 750 of 1500 */
    assert_int_equal(l.terms.amount, 750);
    struct world_sale a = by_coupon(s, 1, 0, 6000), b = by_coupon(s, 1, 1, 6000),
                      c = by_coupon(s, 1, 2, 1600);
    assert_int_not_equal(try_hold(s, 1, &a)->number, l.terms.number); /* 600 of the other 750 */
    assert_int_equal(hold(s, 2, 9, 2000), TP_BUDGET_SPENT);
    assert_int_equal(try_hold(s, 0, &b)->number, l.terms.number);
    assert_int_equal(try_hold(s, 0, &c)->reason, TP_BUDGET_SPENT); /* 160 of 150, here as there */
}

/* ---- caps, over everything ---- */

static uint64_t seed = 20261125;

static uint32_t pick(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

struct party {
    struct world_lease lease[HELD];
    int64_t left[HELD], money[HELD];
    size_t n;
};

/* A till alone spends what it believes to have; the commit is sent at once. */
static int64_t spend_some(struct shop *s, int i, struct party *p, uint32_t *coupon, int64_t price)
{
    for (size_t k = 0; k < p->n; k++) {
        if (p->left[k] > 0 && p->money[k] >= price / 10) {
            p->left[k]--;
            p->money[k] -= price / 10;
            assert_int_equal(spend(s, i, &p->lease[k], (*coupon)++, price / 10).outcome, 0);
            return price / 10;
        }
    }
    return 0;
}

static void take_leases(struct shop *s, int i, struct party *p)
{
    int64_t left = 0, cash = 0;
    for (size_t k = 0; k < p->n; k++) {
        left += p->left[k];
        cash += p->money[k];
    }
    int got = ask(s, i, left, cash);
    for (int k = 0; k < got; k++) {
        assert_true(p->n < HELD);
        p->left[p->n] = s->lease[k].terms.uses;
        p->money[p->n] = s->lease[k].terms.amount;
        p->lease[p->n++] = s->lease[k];
    }
}

static void return_all(struct shop *s, int i, struct party *p)
{
    for (size_t k = 0; k < p->n; k++) {
        give_back(s, i, &p->lease[k], p->left[k], p->money[k]);
    }
    p->n = 0;
}

static int64_t buy(struct shop *s, int i, uint32_t *coupon, int64_t price)
{
    struct world_sale sale = by_coupon(s, 1, (*coupon)++, price);
    const struct verdict *v = try_hold(s, i, &sale);
    int64_t worth = v->reason ? 0 : v->discount;
    if (v->reason == 0) {
        assert_int_equal(world_commit(&s->w, &s->w.tills[i], &sale, NULL), 0);
    }
    return worth;
}

/* Grants and leases together use each cap up to its end and not once more, and nobody is in conflict. */
static void every_cap_is_exact_over_grants_and_leases(void **state)
{
    struct shop *s = *state;
    struct party party[TILLS] = {0};
    uint32_t coupon = 0;
    int64_t uses = 0, spent = 0;
    s->o.lease = &both;
    s->o.total = 60;
    s->o.budget = 6000;
    publish(s);
    for (int round = 0; round < 160; round++) {
        int i = (int)pick(TILLS);
        int64_t price = 500 + 10 * pick(80), worth = 0;
        s->w.now += 1000;
        switch (pick(5)) {
        case 0: /* the last till sells with a line, and has no lease */
            if (i < TILLS - 1) {
                take_leases(s, i, &party[i]);
            }
            break;
        case 1:
            if (pick(3) == 0) {
                return_all(s, i, &party[i]);
            }
            break;
        case 2:
            worth = buy(s, TILLS - 1, &coupon, price);
            break;
        default:
            worth = spend_some(s, i, &party[i], &coupon, price);
        }
        uses += worth > 0;
        spent += worth;
        assert_true(uses <= 60 && spent <= 6000);
    }
    for (int i = 0; i < TILLS; i++) {
        return_all(s, i, &party[i]);
    }
    assert_true(uses > 0 && uses < 60);
    for (int64_t worth = 1; worth > 0;) { /* what is left goes to the last cent or use */
        s->w.now += 1000;
        worth = buy(s, 0, &coupon, 100);
        uses += worth > 0;
        spent += worth;
    }
    assert_true(uses == 60 || spent > 6000 - 10);
    assert_true(uses <= 60 && spent <= 6000);
    rebuild_makes_the_same(s);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_a_lease_covers_counts_and_what_goes_beyond_is_a_conflict),
        TEST(a_sum_is_spent_one_after_another),
        TEST(a_lease_is_spent_by_its_till_in_its_time_for_its_offer),
        TEST(a_lease_of_an_old_epoch_covers_nothing_of_the_new_one),
        TEST(a_cap_for_each_coupon_holds_in_a_lease_too),
        TEST(an_automatic_offer_is_leased_without_coupons),
        TEST(what_is_not_spent_comes_back_by_a_return_and_by_nothing_else),
        TEST(a_commit_behind_the_return_is_beyond_the_lease),
        TEST(a_void_gives_a_use_to_the_lease_and_after_its_return_to_all),
        TEST(a_write_off_frees_what_is_left_and_is_held_against_the_till),
        TEST(a_till_draws_on_its_own_lease_where_nothing_else_is_left),
        TEST(money_is_drawn_where_the_lease_has_more_of_it),
        TEST(every_cap_is_exact_over_grants_and_leases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
