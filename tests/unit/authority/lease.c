/* Leases at the authority: given, as offers and what all share allow, and for coupons of one till. */
#include "unit/authority/lease_shop.h"

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
        TEST(leased_coupons_are_their_tills_alone),
        TEST(returned_coupons_are_everybodys_and_leased_again_around_the_used),
        TEST(coupons_for_one_till_need_an_offer_that_leases_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
