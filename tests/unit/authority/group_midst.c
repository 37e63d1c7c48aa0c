/* Holds, and what changes for those that come behind it in the same group: offers, policies, tills, leases.
 */
#include "unit/authority/group.h"

/* ---- holds ---- */

static void two_holds_of_one_coupon_hold_it_once(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    for (size_t t = 0; t < 3; t++) {
        put_hold(g, t, &o, t < 2 ? 7 : 8);
    }
    deliver(g);
    assert_int_equal(verdict(g, 0), 0);
    assert_int_equal(verdict(g, 1), TP_HELD);
    assert_int_equal(verdict(g, 2), 0);
    assert_true(grant_of(g, 0).verdicts.v[0].number != grant_of(g, 2).verdicts.v[0].number);
    clear(g);
    g->w.now += 1000000; /* all are over: the first of them takes it again */
    put_hold(g, 1, &o, 7);
    put_hold(g, 0, &o, 7);
    put_use(g, 2, &o, 9, 1);
    put_hold(g, 3, &o, 9);
    deliver(g);
    assert_int_equal(verdict(g, 0), 0);
    assert_int_equal(verdict(g, 1), TP_HELD);
    assert_int_equal(verdict(g, 3), TP_ALREADY_USED);
}

static void a_sale_is_held_released_held_again_and_committed(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    struct world_sale s = by_coupon(g, &o, 7), other = by_coupon(g, &o, 7);
    struct world *w = &g->w;
    world_hold_message(w, &w->tills[0], &s, next(g));
    world_release_message(w, &w->tills[0], &s, next(g));
    world_hold_message(w, &w->tills[1], &other, next(g)); /* free in between */
    world_release_message(w, &w->tills[1], &other, next(g));
    world_hold_message(w, &w->tills[0], &s, next(g));
    world_hold_message(w, &w->tills[1], &other, next(g)); /* and not now */
    world_alone_message(w, &w->tills[0], &s, &o, 100, next(g), g->d[6]);
    world_release_message(w, &w->tills[0], &s, next(g)); /* too late */
    world_hold_message(w, &w->tills[1], &other, next(g));
    deliver(g);
    assert_int_equal(verdict(g, 0), 0);
    assert_int_equal(said(g, 1), 0);
    assert_int_equal(verdict(g, 2), 0);
    assert_int_equal(said(g, 3), 0);
    assert_int_equal(verdict(g, 4), 0);
    assert_int_equal(verdict(g, 5), TP_HELD);
    check_row(g, 6, 0, 0, 0);
    assert_int_equal(said(g, 7), TP_SUPERSEDED);
    assert_int_equal(verdict(g, 8), TP_ALREADY_USED);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM reservation WHERE merchant = @"), 0);
}

static void a_repeated_hold_is_answered_the_same(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    put_hold(g, 0, &o, 7);
    buf_put(next(g), g->requests[0].p, g->requests[0].n);
    put_hold(g, 1, &o, 7);
    deliver(g);
    assert_true(bytes_equal(buf_view(&g->replies[0]), buf_view(&g->replies[1])));
    assert_int_equal(verdict(g, 0), 0);
    assert_int_equal(verdict(g, 2), TP_HELD);
}

/* Pricing refuses it when its sale's revision is already written: that ends the group, and each comes alone.
 */
static void a_hold_that_is_refused_late_harms_nobody(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    struct world_sale bad = by_coupon(g, &o, 9);
    put_use(g, 0, &o, 7, 100);
    bad.basket.currency = bytes_str("USD");
    world_hold_message(&g->w, &g->w.tills[1], &bad, next(g));
    put_use(g, 2, &o, 7, 30);
    put_hold(g, 3, &o, 8);
    bad.basket.currency = bytes_str("EUR");
    bad.rev--; /* what was refused has used no revision up */
    world_hold_message(&g->w, &g->w.tills[1], &bad, next(g));
    deliver_as(g, true);
    check_row(g, 0, 0, 0, 0);
    assert_int_equal(said(g, 1), TP_CURRENCY);
    check_row(g, 2, 0, TP_ALREADY_USED, 30);
    assert_int_equal(verdict(g, 3), 0);
    assert_int_equal(verdict(g, 4), 0);
    assert_int_equal(conflicts(g), 1);
    rebuild_makes_the_same(g);
}

/* One that is refused before it changes anything costs the group nothing. */
static void a_hold_that_is_refused_early_is_undone_alone(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    struct world_sale bad = by_coupon(g, &o, 9);
    put_use(g, 0, &o, 7, 100);
    bad.coupons[0] = bytes_str("no coupon");
    world_hold_message(&g->w, &g->w.tills[1], &bad, next(g));
    put_hold(g, 3, &o, 8);
    deliver(g);
    assert_int_equal(said(g, 1), TP_BAD_STATEMENT);
    assert_int_equal(verdict(g, 2), 0);
    check_row(g, 0, 0, 0, 0);
}

/* ---- records of one sale ---- */

static void a_void_before_its_commit_voids_it(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    struct world_sale s = by_coupon(g, &o, 7);
    struct buf late;
    struct world *w = &g->w;
    buf_init(&late, MESSAGE_MAX);
    world_alone_message(w, &w->tills[0], &s, &o, 100, &late, g->d[1]);
    world_void_message(w, &w->tills[0], &s, g->d[1], next(g));
    buf_put(next(g), late.p, late.n);
    put_use(g, 1, &o, 7, 40);
    deliver(g);
    assert_int_equal(row_of(g, 1, 0).stage, -TP_VOIDED);
    check_row(g, 2, 0, 0, 0);
    rebuild_makes_the_same(g);
    buf_free(&late);
}

static void a_commit_and_its_void_free_the_coupon(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    struct world_sale s = by_coupon(g, &o, 7);
    struct world *w = &g->w;
    world_alone_message(w, &w->tills[0], &s, &o, 100, next(g), g->d[0]);
    put_use(g, 1, &o, 7, 40);
    world_void_message(w, &w->tills[0], &s, g->d[0], next(g));
    put_use(g, 2, &o, 7, 30);
    deliver(g);
    assert_int_equal(row_of(g, 0, 0).stage, -TP_VOIDED);
    check_row(g, 1, 0, 0, 0);
    check_row(g, 3, 0, TP_ALREADY_USED, 30);
    rebuild_makes_the_same(g);
}

/* ---- what changes in the midst ---- */

static void office(struct group *g, enum kind kind, const void *payload)
{
    struct buf envelope;
    buf_init(&envelope, ENVELOPE_MAX);
    assert_int_equal(
        statement_sign(kind, payload, bytes_str("merchant"), &g->w.merchant, &envelope, NULL, NULL), 0);
    message_put(next(g), kind, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    buf_free(&envelope);
}

static void put_offer(struct group *g, const struct offer *o)
{
    struct offer_statement s = {.common = world_common(&g->w), .terms = *o};
    office(g, KIND_OFFER, &s);
}

static void put_plain_hold(struct group *g, size_t t)
{
    struct world_sale s = world_sale(&g->w, 1000);
    world_hold_message(&g->w, &g->w.tills[t], &s, next(g));
}

static void an_automatic_offer_is_on_the_table_from_its_statement_on(struct group *g)
{
    struct offer o = world_offer(&g->w, "happy", 10000);
    o.redeem = REDEEM_AUTOMATIC;
    put_plain_hold(g, 0);
    put_offer(g, &o);
    put_plain_hold(g, 1);
    put_plain_hold(g, 2);
    o.version = 2;
    o.redeem = REDEEM_COUPON;
    put_offer(g, &o);
    put_plain_hold(g, 3);
    deliver(g);
    assert_int_equal(grant_of(g, 0).verdicts.n, 0);
    assert_int_equal(grant_of(g, 2).verdicts.n, 1);
    assert_int_equal(grant_of(g, 3).verdicts.n, 1);
    assert_int_equal(grant_of(g, 5).verdicts.n, 0);
}

/* Its terms, and who wins by them. */
static void a_new_version_counts_from_its_statement_on(struct group *g)
{
    struct offer o = world_offer(&g->w, "more", 10000);
    o.total = 1;
    publish(g, &o);
    put_hold(g, 0, &o, 1);
    put_use(g, 1, &o, 2, 100);
    put_use(g, 2, &o, 3, 100);
    o.version = 2;
    o.total = 2;
    o.percent = 20000;
    put_offer(g, &o);
    put_use(g, 3, &o, 4, 100);
    put_hold(g, 1, &o, 5);
    deliver(g);
    assert_int_equal(grant_of(g, 0).verdicts.v[0].discount, 100);
    check_stage(g, 1, 0, STAGE_WON);
    check_stage(g, 2, 0, STAGE_WON); /* the second of two by now */
    check_stage(g, 4, 0, CONTEST_TOTAL);
    assert_int_equal(verdict(g, 5), TP_LIMIT_REACHED);
    assert_int_equal(grant_of(g, 5).verdicts.v[0].version, 2);
    rebuild_makes_the_same(g);
}

/* It is refused behind its own row, which is undone alone. */
static void a_statement_that_is_refused_leaves_nothing_of_itself(struct group *g)
{
    struct offer o = risky(g, "once"), other = risky(g, "other");
    publish(g, &o);
    put_use(g, 0, &o, 7, 100);
    o.percent = 20000;
    put_offer(g, &o);
    put_use(g, 1, &o, 7, 30);
    put_offer(g, &other);
    put_hold(g, 2, &o, 8);
    deliver(g);
    check_row(g, 0, 0, 0, 0);
    assert_int_equal(said(g, 1), TP_VERSION_EXISTS);
    check_row(g, 2, 0, TP_ALREADY_USED, 30);
    assert_int_equal(said(g, 3), 0);
    assert_int_equal(grant_of(g, 4).verdicts.v[0].discount, 100);
    assert_int_equal(conflicts(g), 1);
    assert_int_equal(world_sql(&g->w, "SELECT count(*) FROM offer WHERE merchant = @"), 2);
    rebuild_makes_the_same(g);
}

static void a_policy_is_in_force_from_its_statement_on(struct group *g)
{
    struct zone_step step = {0, 60};
    struct policy_statement p = {.common = world_common(&g->w),
                                 .terms = {.version = 3,
                                           .currency = bytes_str("EUR"),
                                           .zone = bytes_str("Etc/GMT-1"),
                                           .zone_steps = {&step, 1},
                                           .tax_included = false,
                                           .offline_age_ms = 86400000}};
    put_plain_hold(g, 0);
    office(g, KIND_POLICY, &p);
    put_plain_hold(g, 1); /* its basket is by the old one */
    office(g, KIND_POLICY, &p);
    deliver(g);
    assert_int_equal(grant_of(g, 0).policy, 2);
    assert_int_equal(said(g, 2), TP_BAD_STATEMENT);
    assert_int_equal(said(g, 3), 0);
}

static void put_terminal(struct group *g, size_t t, int state)
{
    struct buf key;
    struct terminal s = {.common = world_common(&g->w),
                         .till = bytes_str(g->w.tills[t].name),
                         .store = bytes_str("main"),
                         .epoch = 1,
                         .from = g->w.now - 1000,
                         .until = g->w.now + 1000000,
                         .state = state,
                         .from_seq = state == TERMINAL_REVOKED ? 1 : NONE};
    buf_init(&key, 256);
    cose_key_encode(&g->w.tills[t].key, &key);
    s.cose_key = buf_view(&key);
    office(g, KIND_TERMINAL, &s);
    buf_free(&key);
}

static void a_till_is_revoked_from_its_statement_on(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    put_hold(g, 0, &o, 1);
    put_use(g, 0, &o, 2, 100);
    put_terminal(g, 0, TERMINAL_REVOKED);
    put_hold(g, 0, &o, 3);
    put_use(g, 0, &o, 4, 100);
    put_hold(g, 1, &o, 3);
    deliver(g);
    assert_int_equal(verdict(g, 0), 0);
    assert_int_equal(said(g, 3), TP_REVOKED);
    assert_int_equal(row_of(g, 1, 0).stage, -TP_DISPUTED);
    assert_int_equal(row_of(g, 4, 0).stage, -TP_DISPUTED);
    assert_int_equal(verdict(g, 5), 0);
    rebuild_makes_the_same(g);
}

static void a_till_that_forked_is_quarantined_at_once(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    struct world_till twin = g->w.tills[0];
    put_hold(g, 0, &o, 1);
    put_use(g, 0, &o, 2, 100);
    struct world_till honest = g->w.tills[0];
    g->w.tills[0] = twin; /* another first record of the same chain */
    put_use(g, 0, &o, 3, 100);
    g->w.tills[0] = honest;
    put_hold(g, 0, &o, 4);
    put_hold(g, 1, &o, 4);
    deliver(g);
    assert_int_equal(verdict(g, 0), 0);
    check_row(g, 1, 0, 0, 0);
    check_row(g, 2, 0, 0, 0);
    assert_int_equal(said(g, 3), TP_QUARANTINED);
    assert_int_equal(verdict(g, 4), 0);
    assert_int_equal(world_sql(&g->w, "SELECT quarantined FROM till WHERE merchant = @ AND name = 't0'"), 1);
    rebuild_makes_the_same(g);
}

/* ---- leases ---- */

/* That one was given before the group is known in it. */
static void a_lease_covers_what_is_spent_of_it(struct group *g)
{
    static const struct lease_terms two = {2, NONE, 24};
    struct offer o = world_offer(&g->w, "leased", 10000);
    struct world *w = &g->w;
    struct world_lease lease;
    struct lease_wanted wanted = {0};
    int64_t have = 0;
    o.offline = OFFLINE_LEASE;
    o.lease = &two;
    o.total = 8;
    publish(g, &o);
    memcpy(wanted.offer, o.ref, REF_SIZE);
    assert_int_equal(world_leases(w, &w->tills[0], &wanted, 1, &have, &lease, 1), 1);
    uint32_t uses = (uint32_t)lease.terms.uses;
    assert_true(uses > 0 && uses < 3);
    for (uint32_t i = 0; i <= uses; i++) {
        struct world_sale s = by_coupon(g, &o, i);
        w->now += 1000;
        world_leased_message(w, &w->tills[0], &s, &o, lease.terms.number, 100, next(g), g->d[i]);
    }
    deliver(g);
    for (uint32_t i = 0; i <= uses; i++) {
        check_row(g, i, 0, i < uses ? 0 : TP_CONFLICT, i < uses ? 0 : 100);
    }
    rebuild_makes_the_same(g);
}

int test_midst(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(two_holds_of_one_coupon_hold_it_once),
        BOTH(a_sale_is_held_released_held_again_and_committed),
        BOTH(a_repeated_hold_is_answered_the_same),
        BOTH(a_hold_that_is_refused_late_harms_nobody),
        BOTH(a_hold_that_is_refused_early_is_undone_alone),
        BOTH(a_void_before_its_commit_voids_it),
        BOTH(a_commit_and_its_void_free_the_coupon),
        BOTH(an_automatic_offer_is_on_the_table_from_its_statement_on),
        BOTH(a_new_version_counts_from_its_statement_on),
        BOTH(a_statement_that_is_refused_leaves_nothing_of_itself),
        BOTH(a_policy_is_in_force_from_its_statement_on),
        BOTH(a_till_is_revoked_from_its_statement_on),
        BOTH(a_till_that_forked_is_quarantined_at_once),
        BOTH(a_lease_covers_what_is_spent_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
