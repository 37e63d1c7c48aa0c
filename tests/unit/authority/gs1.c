/* GS1 coupons at the authority: a serial is used once whatever offer or till it comes through, one without a
 * serial as often as it is shown, and no grant is another coupon's. */
#include "support/cm.h"
#include "support/world.h"

#define FIRST  "8112001234561234560000001"
#define SECOND "8112001234561234560000002"
#define FORMAT "8112101234561234560000001" /* the same coupon, in the other format */
#define ZERO   "81120012345612345610000001"
#define OPEN   "8110012345665432111110123" /* no serial */

static int setup(void **state)
{
    struct world *w = test_malloc(sizeof *w);
    world_open(w, 3);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    test_free(*state);
    return 0;
}

static struct offer offer_for(struct world *w, const char *id, const char *gs1, int64_t per_coupon)
{
    struct offer o = world_offer(w, id, 10000);
    o.gs1 = bytes_str(gs1);
    o.per_coupon = per_coupon;
    world_publish(w, &o);
    return o;
}

static struct offer paper(struct world *w)
{
    return offer_for(w, "paper", "8112123456123456", 1);
}

static struct world_sale with(struct world *w, const struct offer *o, const char *element)
{
    struct world_sale s = world_sale(w, 2500);
    world_show_gs1(&s, o, element);
    return s;
}

static int held_reason(struct world *w, int till, struct world_sale *s, const struct offer *o)
{
    assert_int_equal(world_hold(w, &w->tills[till], s), 0);
    assert_non_null(world_verdict(s, o));
    return world_verdict(s, o)->reason;
}

static void a_serial_is_held_and_used_once(void **state)
{
    struct world *w = *state;
    struct offer o = paper(w);
    struct world_sale first = with(w, &o, FIRST), second = with(w, &o, FIRST), other = with(w, &o, SECOND),
                      zero = with(w, &o, ZERO), format = with(w, &o, FORMAT);
    uint8_t d[HASH_SIZE];
    assert_int_equal(held_reason(w, 0, &first, &o), 0);
    assert_int_equal(first.quote.due, 2250);
    const struct grant *g = &first.granted.payload.grant;
    assert_true(g->gs1.n == 1 && bytes_is(g->gs1.v[0].serial, "000001"));
    assert_int_equal(g->gs1.v[0].number, world_verdict(&first, &o)->number);
    assert_int_equal(held_reason(w, 1, &second, &o), TP_HELD);
    assert_true(bytes_is(world_verdict(&second, &o)->till, "t0"));
    assert_int_equal(second.granted.payload.grant.gs1.n, 0);
    assert_int_equal(second.quote.due, 2500);
    assert_int_equal(held_reason(w, 1, &format, &o), TP_HELD);
    assert_int_equal(held_reason(w, 1, &other, &o), 0); /* another serial, and one more zero, are others */
    assert_int_equal(held_reason(w, 1, &zero, &o), 0);
    assert_int_equal(world_commit(w, &w->tills[0], &first, d), 0);
    struct redemption_row row = world_redemption(w, d, 0);
    assert_int_equal(row.outcome, 0);
    assert_int_equal(row.conflict, 0);
    assert_int_equal(row.slot, 0);
    assert_string_equal(row.channel, "gs1");
    w->now += 1000;
    assert_int_equal(held_reason(w, 1, &second, &o), TP_ALREADY_USED);
    assert_true(bytes_is(world_verdict(&second, &o)->till, "t0"));
}

static void a_release_or_a_void_gives_it_back(void **state)
{
    struct world *w = *state;
    struct offer o = paper(w);
    struct world_sale first = with(w, &o, FIRST), second = with(w, &o, FIRST), third = with(w, &o, FIRST);
    struct buf message;
    uint8_t d[HASH_SIZE];
    assert_int_equal(held_reason(w, 0, &first, &o), 0);
    assert_int_equal(world_release(w, &w->tills[0], &first), 0);
    assert_int_equal(held_reason(w, 1, &second, &o), 0);
    assert_int_equal(world_commit(w, &w->tills[1], &second, d), 0);
    buf_init(&message, MESSAGE_MAX);
    world_void_message(w, &w->tills[1], &second, d, &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    assert_int_equal(world_send(w, buf_view(&message)), 0); /* once, however often it is said */
    buf_free(&message);
    assert_int_equal(world_redemption(w, d, 0).outcome, TP_VOIDED);
    assert_int_equal(held_reason(w, 2, &third, &o), 0);
}

static void another_offer_for_it_does_not_make_it_new(void **state)
{
    struct world *w = *state;
    struct offer o = paper(w), again = offer_for(w, "again", "8112123456123456", 1);
    struct world_sale first = with(w, &o, FIRST), second = with(w, &again, FIRST);
    uint8_t d[HASH_SIZE];
    assert_int_equal(held_reason(w, 0, &first, &o), 0);
    assert_int_equal(held_reason(w, 1, &second, &again), TP_HELD);
    assert_int_equal(world_commit(w, &w->tills[0], &first, d), 0);
    assert_int_equal(held_reason(w, 1, &second, &again), TP_ALREADY_USED);
}

static void an_offer_may_allow_more_uses(void **state)
{
    struct world *w = *state;
    struct offer o = offer_for(w, "gcn", "2559501101530003", 2);
    struct world_sale s[3];
    uint8_t d[HASH_SIZE];
    for (int i = 0; i < 3; i++) {
        s[i] = with(w, &o, "25595011015300037");
        assert_int_equal(held_reason(w, i, &s[i], &o), i < 2 ? 0 : TP_HELD);
    }
    assert_int_equal(world_commit(w, &w->tills[0], &s[0], d), 0);
    assert_int_equal(world_commit(w, &w->tills[1], &s[1], d), 0);
    assert_int_equal(world_redemption(w, d, 0).outcome, 0);
    assert_int_equal(held_reason(w, 2, &s[2], &o), TP_ALREADY_USED);
}

static void without_a_serial_it_is_contested_by_nobody(void **state)
{
    struct world *w = *state;
    struct offer o = offer_for(w, "mail", "8110123456654321", 1);
    uint8_t d[HASH_SIZE];
    for (int i = 0; i < 3; i++) {
        struct world_sale s = with(w, &o, OPEN);
        assert_int_equal(held_reason(w, i, &s, &o), 0);
        assert_int_equal(s.granted.payload.grant.gs1.n, 0);
        assert_int_equal(world_commit(w, &w->tills[i], &s, d), 0);
        struct redemption_row row = world_redemption(w, d, 0);
        assert_true(row.outcome == 0 && row.conflict == 0 && row.batch == NONE && row.slot == NONE);
    }
    /* In one basket it counts once. */
    struct world_sale twice = with(w, &o, OPEN);
    world_show_gs1(&twice, &o, OPEN);
    assert_int_equal(world_hold(w, &w->tills[0], &twice), 0);
    const struct grant *g = &twice.granted.payload.grant;
    assert_int_equal(g->verdicts.n, 2);
    assert_true((g->verdicts.v[0].reason == 0 && g->verdicts.v[1].reason == TP_DUPLICATE) ||
                (g->verdicts.v[1].reason == 0 && g->verdicts.v[0].reason == TP_DUPLICATE));
    assert_int_equal(twice.quote.due, 2250);
    /* Without a grant it is a conflict like any other. */
    struct world_sale alone = with(w, &o, OPEN);
    assert_int_equal(held_reason(w, 0, &alone, &o), 0);
    w->now += 130000;
    assert_int_equal(world_commit(w, &w->tills[0], &alone, d), 0);
    assert_int_equal(world_redemption(w, d, 0).outcome, TP_CONFLICT);
    assert_int_equal(world_redemption(w, d, 0).conflict, 250);
}

static void an_offer_that_names_something_else_is_unknown(void **state)
{
    struct world *w = *state;
    struct offer o = paper(w), plain = world_offer(w, "plain", 5000), nobody = world_offer(w, "nobody", 5000);
    world_publish(w, &plain);
    struct world_sale s = with(w, &plain, FIRST);
    assert_int_equal(held_reason(w, 0, &s, &plain), TP_UNKNOWN_OFFER);
    s = with(w, &nobody, FIRST);
    assert_int_equal(held_reason(w, 0, &s, &nobody), TP_UNKNOWN_OFFER);
    s = with(w, &o, "8112001234561234570000001"); /* another offer code */
    assert_int_equal(held_reason(w, 0, &s, &o), TP_UNKNOWN_OFFER);
    assert_int_equal(s.quote.due, 2500);
}

/* Neither may a till redeem a coupon by the grant for another. */
static void a_grant_is_for_its_serial_alone(void **state)
{
    struct world *w = *state;
    struct offer o = paper(w);
    struct world_sale s = with(w, &o, FIRST), later = with(w, &o, SECOND);
    uint8_t d[HASH_SIZE];
    assert_int_equal(held_reason(w, 0, &s, &o), 0);
    s.gs1[0].element = bytes_str(SECOND);
    assert_int_equal(world_commit(w, &w->tills[0], &s, d), 0);
    struct redemption_row row = world_redemption(w, d, 0);
    assert_int_equal(row.outcome, TP_CONFLICT);
    assert_int_equal(row.conflict, 250);
    assert_true(row.grant == NONE);
    /* It is used all the same. */
    w->now += 1000;
    assert_int_equal(world_hold(w, &w->tills[1], &later), 0);
    assert_int_equal(world_verdict(&later, &o)->reason, TP_ALREADY_USED);
}

static void a_commit_that_names_something_else_is_a_conflict(void **state)
{
    struct world *w = *state;
    struct offer o = paper(w);
    static const char *const elements[] = {"8112001234561234570000001", "811200123456123456", "paper"};
    static const int outcomes[] = {TP_UNKNOWN_OFFER, TP_BAD_SIGNATURE, TP_BAD_SIGNATURE};
    for (int i = 0; i < 3; i++) {
        struct world_sale s = with(w, &o, i ? SECOND : FIRST);
        uint8_t d[HASH_SIZE];
        assert_int_equal(held_reason(w, 0, &s, &o), 0);
        s.gs1[0].element = bytes_str(elements[i]);
        assert_int_equal(world_commit(w, &w->tills[0], &s, d), 0);
        assert_int_equal(world_redemption(w, d, 0).outcome, outcomes[i]);
        assert_int_equal(world_redemption(w, d, 0).conflict, 250);
        assert_int_equal(world_redemption(w, d, 0).slot, NONE);
    }
}

static void one_that_comes_twice_is_answered_once(void **state)
{
    struct world *w = *state;
    struct offer o = paper(w);
    struct world_sale s = with(w, &o, FIRST);
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_hold_message(w, &w->tills[0], &s, &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    struct bytes first = arena_copy(&w->arena, buf_view(&w->reply));
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    assert_true(bytes_equal(first, buf_view(&w->reply)));
    buf_free(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_serial_is_held_and_used_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_release_or_a_void_gives_it_back, setup, teardown),
        cmocka_unit_test_setup_teardown(another_offer_for_it_does_not_make_it_new, setup, teardown),
        cmocka_unit_test_setup_teardown(an_offer_may_allow_more_uses, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_serial_it_is_contested_by_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(an_offer_that_names_something_else_is_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_grant_is_for_its_serial_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_that_names_something_else_is_a_conflict, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_comes_twice_is_answered_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
