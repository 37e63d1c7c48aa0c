/* Leases at the authority: given, spent, given back and written off, and every cap exact over all of it. */
#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>

enum { TILLS = 6, LEASES = 32, HELD = 16, HOUR_MS = 3600000 };

static const struct lease_terms eight = {8, NONE, 24}, money = {NONE, 1000, 24}, both = {8, 1000, 24};

struct shop {
    struct world w;
    struct offer o;
    int64_t have[TILLS];
    struct world_lease lease[LEASES]; /* of the last sync */
};

static int setup(void **state)
{
    struct shop *s = test_calloc(1, sizeof *s);
    world_open(&s->w, TILLS);
    s->o = world_offer(&s->w, "coffee10", 10000);
    s->o.offline = OFFLINE_LEASE;
    s->o.lease = &eight;
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    world_close(&s->w);
    test_free(s);
    return 0;
}

static void publish(struct shop *s)
{
    world_publish(&s->w, &s->o);
    world_batch(&s->w, 1, &s->o, 1000, "email", "autumn");
}

/* Till i syncs, and says what it has left. */
static int ask(struct shop *s, int i, int64_t uses, int64_t amount)
{
    struct lease_wanted wanted = {.uses = uses, .amount = amount};
    memcpy(wanted.offer, s->o.ref, REF_SIZE);
    return world_leases(&s->w, &s->w.tills[i], &wanted, 1, &s->have[i], s->lease, LEASES);
}

static struct world_lease lease_of(struct shop *s, int i)
{
    assert_int_equal(ask(s, i, 0, 0), 1);
    return s->lease[0];
}

static struct world_sale by_coupon(struct shop *s, uint32_t batch, uint32_t index, int64_t price)
{
    struct world_sale sale = world_sale(&s->w, price);
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, &s->o, batch, index);
    return sale;
}

/* Till i spends of the lease without a line. */
static struct redemption_row spend_at(struct shop *s, int i, int64_t lease, uint32_t batch, uint32_t index,
                                      int64_t discount, uint8_t d[HASH_SIZE])
{
    uint8_t own[HASH_SIZE];
    struct world_sale sale = by_coupon(s, batch, index, 10 * discount);
    assert_int_equal(world_commit_leased(&s->w, &s->w.tills[i], &sale, &s->o, lease, discount, own), 0);
    if (d) {
        memcpy(d, own, HASH_SIZE);
    }
    return world_redemption(&s->w, own, 0);
}

static struct redemption_row spend(struct shop *s, int i, const struct world_lease *l, uint32_t index,
                                   int64_t discount)
{
    return spend_at(s, i, l->terms.number, 1, index, discount, NULL);
}

/* What till i's hold of a coupon is told. */
static const struct verdict *try_hold(struct shop *s, int i, struct world_sale *sale)
{
    assert_int_equal(world_hold(&s->w, &s->w.tills[i], sale), 0);
    const struct verdict *v = world_verdict(sale, &s->o);
    assert_non_null(v);
    return v;
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

static void give_back(struct shop *s, int i, const struct world_lease *l, int64_t uses, int64_t amount)
{
    assert_int_equal(world_lease_return(&s->w, &s->w.tills[i], l->d, uses, amount), 0);
}

static int write_off(struct shop *s, const char *till, const uint8_t lease[HASH_SIZE], int64_t uses,
                     int64_t amount)
{
    struct write_off off = {
        .common = world_common(&s->w), .till = bytes_str(till), .uses = uses, .amount = amount};
    memcpy(off.lease, lease, HASH_SIZE);
    return world_office(&s->w, KIND_WRITE_OFF, &off);
}

static void rebuild_makes_the_same(struct shop *s)
{
    struct err e = {0};
    const char *before = world_dump(&s->w);
    assert_int_equal(authority_rebuild(s->w.authority, &e), 0);
    assert_string_equal(world_dump(&s->w), before);
}

/* ---- giving ---- */

static void a_till_is_leased_what_the_offer_says(void **state)
{
    struct shop *s = *state;
    s->o.lease = &both;
    publish(s);
    struct world_lease l = lease_of(s, 0);
    assert_true(bytes_is(l.terms.till, "t0"));
    assert_memory_equal(l.terms.offer, s->o.ref, REF_SIZE);
    assert_int_equal(l.terms.epoch, 1);
    assert_int_equal(l.terms.uses, 8);
    assert_int_equal(l.terms.amount, 1000);
    assert_null(l.terms.coupons);
    assert_int_equal(l.terms.from, s->w.now);
    assert_int_equal(l.terms.until, s->w.now + 24 * HOUR_MS);
    assert_int_equal(ask(s, 0, 8, 1000), 0);
    /* the answer was lost: it is the same lease again */
    s->have[0] = 0;
    assert_int_equal(ask(s, 0, 0, 0), 1);
    assert_memory_equal(s->lease[0].d, l.d, HASH_SIZE);
    /* and it is nobody else's business */
    assert_int_equal(ask(s, 1, 0, 0), 1);
    assert_true(bytes_is(s->lease[0].terms.till, "t1"));
    assert_true(s->lease[0].terms.number > l.terms.number);
}

static void nobody_gets_what_he_did_not_ask_for(void **state)
{
    struct shop *s = *state;
    publish(s);
    assert_int_equal(world_leases(&s->w, &s->w.tills[0], NULL, 0, &s->have[0], s->lease, LEASES), 0);
    s->o.version = 2;
    s->o.offline = OFFLINE_DENY;
    s->o.lease = NULL;
    world_publish(&s->w, &s->o);
    assert_int_equal(ask(s, 0, 0, 0), 0); /* the newest version leases nothing */
    s->o.ref[0] ^= 1;
    assert_int_equal(ask(s, 0, 0, 0), 0); /* no such offer */
}

static void a_lease_ends_with_its_offer(void **state)
{
    struct shop *s = *state;
    s->o.valid_until = s->w.now + HOUR_MS;
    publish(s);
    assert_int_equal(lease_of(s, 0).terms.until, s->o.valid_until);
    s->w.now += HOUR_MS;
    assert_int_equal(ask(s, 1, 0, 0), 0);
}

static void an_offer_for_other_stores_is_not_leased(void **state)
{
    struct shop *s = *state;
    const struct bytes other = bytes_str("nord");
    s->o.stores.v = &other;
    s->o.stores.n = 1;
    publish(s);
    assert_int_equal(ask(s, 0, 0, 0), 0);
}

/* What it has is reckoned by the authority; what it says only keeps it from getting more. */
static void a_till_is_topped_up_below_half(void **state)
{
    struct shop *s = *state;
    publish(s);
    struct world_lease l = lease_of(s, 0);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(spend(s, 0, &l, i, 50).outcome, 0);
        assert_int_equal(ask(s, 0, 7 - i, 0), 0);
    }
    assert_int_equal(spend(s, 0, &l, 4, 50).outcome, 0);
    assert_int_equal(ask(s, 0, 3, 0), 1);
    assert_int_equal(s->lease[0].terms.uses, 5);
    assert_int_equal(ask(s, 0, 8, 0), 0);
    assert_int_equal(ask(s, 0, 0, 0), 0); /* it says that it has none; it has 8 */
}

static void a_till_that_gives_nothing_back_is_bounded(void **state)
{
    struct shop *s = *state;
    publish(s);
    lease_of(s, 0);
    s->w.now += 13 * HOUR_MS;             /* it ends soon: the next one is given before that */
    assert_int_equal(ask(s, 0, 8, 0), 0); /* the till does not say so yet */
    assert_int_equal(ask(s, 0, 0, 0), 1);
    assert_int_equal(s->lease[0].terms.uses, 8);
    for (int i = 0; i < 4; i++) {
        s->w.now += 30 * HOUR_MS;
        assert_int_equal(ask(s, 0, 0, 0), 0); /* twice the size, and no more */
    }
}

static void what_all_share_is_leased_by_halves_and_never_to_the_last(void **state)
{
    struct shop *s = *state;
    int64_t given = 0;
    s->o.total = 20;
    publish(s);
    const int64_t want[TILLS] = {8, 6, 3, 1, 1, 0};
    for (int i = 0; i < TILLS; i++) {
        int n = ask(s, i, 0, 0);
        assert_int_equal(n, want[i] > 0);
        given += n ? s->lease[0].terms.uses : 0;
        assert_true(n == 0 || s->lease[0].terms.uses == want[i]);
    }
    assert_int_equal(given, 19);
    struct world_sale last = by_coupon(s, 1, 900, 1000), none = by_coupon(s, 1, 901, 1000);
    assert_int_equal(try_hold(s, 5, &last)->reason, 0);
    assert_int_equal(try_hold(s, 5, &none)->reason, TP_LIMIT_REACHED);
}

static void a_quarantined_till_or_a_copy_gets_none(void **state)
{
    struct shop *s = *state;
    struct world_till copy;
    publish(s);
    copy = s->w.tills[0];
    struct world_sale sale = by_coupon(s, 1, 0, 1000);
    assert_int_equal(world_commit_alone(&s->w, &s->w.tills[0], &sale, &s->o, 0, NULL), 0);
    struct lease_wanted wanted = {.uses = 0};
    memcpy(wanted.offer, s->o.ref, REF_SIZE);
    assert_int_equal(world_leases(&s->w, &copy, &wanted, 1, &s->have[1], s->lease, LEASES), 0);
    sale = by_coupon(s, 1, 1, 1000);
    assert_int_equal(world_commit_alone(&s->w, &copy, &sale, &s->o, 0, NULL), 0); /* a fork */
    assert_int_equal(ask(s, 0, 0, 0), 0);
}

/* It may be an old request that somebody sends again. */
static void a_sync_whose_time_is_off_gets_none(void **state)
{
    struct shop *s = *state;
    publish(s);
    struct world_till *t = &s->w.tills[0];
    struct lease_wanted wanted = {.uses = 0};
    struct sync q = {.common = world_common(&s->w), .head = t->head, .wanted = {&wanted, 1}};
    struct buf envelope, message;
    memcpy(wanted.offer, s->o.ref, REF_SIZE);
    q.common.time_ms -= 120001;
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    assert_int_equal(statement_sign(KIND_SYNC, &q, bytes_str(t->name), &t->key, &envelope, NULL, NULL), 0);
    message_put(&message, KIND_SYNC, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    assert_int_equal(world_send(&s->w, buf_view(&message)), 0);
    assert_null(strstr(world_dump(&s->w), "\nlease|"));
    buf_free(&envelope);
    buf_free(&message);
}

static void a_lease_is_signed_by_an_authority_alone(void **state)
{
    struct shop *s = *state;
    publish(s);
    struct world_lease l = lease_of(s, 0);
    struct buf envelope, message;
    l.terms.uses = 1000;
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    assert_int_equal(
        statement_sign(KIND_LEASE, &l.terms, bytes_str("grant"), &s->w.grant, &envelope, NULL, NULL), 0);
    message_put(&message, KIND_LEASE, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    assert_int_equal(world_send(&s->w, buf_view(&message)), TP_BAD_STATEMENT);
    buf_free(&envelope);
    buf_free(&message);
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

/* ---- coupons for one till ---- */

static void publish_bound(struct shop *s, int64_t count)
{
    struct batch b = {.common = world_common(&s->w),
                      .number = 2,
                      .last = count - 1,
                      .channel = bytes_str("print"),
                      .exp = s->w.now / 1000 + 86400,
                      .till = bytes_str("t0")};
    world_publish(&s->w, &s->o);
    memcpy(b.offer, s->o.ref, REF_SIZE);
    assert_int_equal(world_office(&s->w, KIND_BATCH, &b), 0);
}

static const struct world_lease *bound_lease(struct shop *s, int n)
{
    for (int i = 0; i < n; i++) {
        if (s->lease[i].terms.coupons) {
            return &s->lease[i];
        }
    }
    fail();
    return NULL;
}

static void leased_coupons_are_their_tills_alone(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE];
    publish_bound(s, 10);
    assert_int_equal(ask(s, 1, 0, 0), 1);
    assert_null(s->lease[0].terms.coupons);
    assert_int_equal(ask(s, 0, 0, 0), 2);
    struct world_lease l = *bound_lease(s, 2);
    assert_int_equal(l.terms.uses, 10);
    assert_int_equal(l.terms.coupons->batch, 2);
    assert_int_equal(l.terms.coupons->first, 0);
    assert_int_equal(l.terms.coupons->last, 9);
    assert_int_equal(ask(s, 0, 8, 0), 0);

    struct world_sale theirs = by_coupon(s, 2, 3, 1000), own = by_coupon(s, 2, 3, 1000);
    const struct verdict *v = try_hold(s, 1, &theirs);
    assert_int_equal(v->reason, TP_HELD);
    assert_true(bytes_is(v->till, "t0"));
    assert_int_equal(v->at_ms, l.terms.from);
    assert_int_equal(try_hold(s, 0, &own)->number, l.terms.number);
    assert_int_equal(world_commit(&s->w, &s->w.tills[0], &own, d), 0);
    assert_int_equal(world_redemption(&s->w, d, 0).outcome, 0);
    assert_int_equal(try_hold(s, 1, &theirs)->reason, TP_ALREADY_USED);

    /* a till that takes one nevertheless loses it to the lease, whoever comes first */
    struct world_sale rogue = by_coupon(s, 2, 4, 1000);
    s->w.now -= 1000;
    assert_int_equal(world_commit_alone(&s->w, &s->w.tills[1], &rogue, &s->o, 100, d), 0);
    s->w.now += 2000;
    assert_int_equal(spend_at(s, 0, l.terms.number, 2, 4, 100, NULL).outcome, 0);
    assert_int_equal(world_redemption(&s->w, d, 0).outcome, TP_ALREADY_USED);
    assert_int_equal(world_redemption(&s->w, d, 0).conflict, 100);

    /* a coupon of another batch is none of it */
    world_batch(&s->w, 1, &s->o, 4, "email", "");
    assert_int_equal(spend_at(s, 0, l.terms.number, 1, 0, 100, NULL).outcome, TP_CONFLICT);
    rebuild_makes_the_same(s);
}

static void returned_coupons_are_everybodys_and_leased_again_around_the_used(void **state)
{
    struct shop *s = *state;
    publish_bound(s, 10);
    assert_int_equal(ask(s, 0, 0, 0), 2);
    struct world_lease l = *bound_lease(s, 2);
    assert_int_equal(spend_at(s, 0, l.terms.number, 2, 0, 100, NULL).outcome, 0);
    give_back(s, 0, &l, 9, NONE);
    struct world_sale sale = by_coupon(s, 2, 4, 1000), held = by_coupon(s, 2, 7, 1000);
    assert_int_equal(try_hold(s, 1, &sale)->reason, 0);
    assert_int_equal(world_commit(&s->w, &s->w.tills[1], &sale, NULL), 0);
    assert_int_equal(try_hold(s, 1, &held)->reason, 0);
    assert_int_equal(ask(s, 0, 8, 0), 3);
    const int64_t runs[3][2] = {{1, 3}, {5, 6}, {8, 9}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(s->lease[i].terms.coupons->first, runs[i][0]);
        assert_int_equal(s->lease[i].terms.coupons->last, runs[i][1]);
    }
    struct world_sale other = by_coupon(s, 2, 6, 1000);
    assert_int_equal(try_hold(s, 1, &other)->reason, TP_HELD);
}

static void coupons_for_one_till_need_an_offer_that_leases_each_once(void **state)
{
    struct shop *s = *state;
    struct batch b = {.common = world_common(&s->w),
                      .number = 2,
                      .last = 9,
                      .channel = bytes_str("print"),
                      .exp = s->w.now / 1000 + 86400,
                      .till = bytes_str("nobody")};
    memcpy(b.offer, s->o.ref, REF_SIZE);
    world_publish(&s->w, &s->o);
    assert_int_equal(world_office(&s->w, KIND_BATCH, &b), TP_UNKNOWN_TILL);
    b.till = bytes_str("t0");
    b.last = LEASE_USES_MAX;
    assert_int_equal(world_office(&s->w, KIND_BATCH, &b), TP_BAD_STATEMENT);
    b.last = 9;
    s->o.version = 2;
    s->o.per_coupon = 2;
    world_publish(&s->w, &s->o);
    assert_int_equal(world_office(&s->w, KIND_BATCH, &b), TP_BAD_STATEMENT);
    s->o.version = 3;
    s->o.per_coupon = 1;
    s->o.offline = OFFLINE_DENY;
    s->o.lease = NULL;
    world_publish(&s->w, &s->o);
    assert_int_equal(world_office(&s->w, KIND_BATCH, &b), TP_BAD_STATEMENT);
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
        TEST(a_till_is_leased_what_the_offer_says),
        TEST(nobody_gets_what_he_did_not_ask_for),
        TEST(a_lease_ends_with_its_offer),
        TEST(an_offer_for_other_stores_is_not_leased),
        TEST(a_till_is_topped_up_below_half),
        TEST(a_till_that_gives_nothing_back_is_bounded),
        TEST(what_all_share_is_leased_by_halves_and_never_to_the_last),
        TEST(a_quarantined_till_or_a_copy_gets_none),
        TEST(a_sync_whose_time_is_off_gets_none),
        TEST(a_lease_is_signed_by_an_authority_alone),
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
        TEST(leased_coupons_are_their_tills_alone),
        TEST(returned_coupons_are_everybodys_and_leased_again_around_the_used),
        TEST(coupons_for_one_till_need_an_offer_that_leases_each_once),
        TEST(every_cap_is_exact_over_grants_and_leases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
