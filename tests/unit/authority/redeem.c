/* Holds, grants, commits and voids of one coupon and one card (PROTOCOL, "One redemption"). */
#include "support/cm.h"
#include "support/world.h"

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

static struct offer coffee(struct world *w)
{
    struct offer o = world_offer(w, "coffee10", 10000);
    world_publish(w, &o);
    world_batch(w, 1, &o, 10, "email", "autumn");
    return o;
}

static struct world_sale with_coupon(struct world *w, const struct offer *o, uint32_t index)
{
    struct world_sale s = world_sale(w, 2500);
    s.coupons[s.coupon_count++] = world_coupon(w, o, 1, index);
    return s;
}

static void a_hold_grants_and_the_quote_binds(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale s = with_coupon(w, &o, 0);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    const struct verdict *v = world_verdict(&s, &o);
    assert_non_null(v);
    assert_int_equal(v->reason, 0);
    assert_int_equal(v->discount, 250);
    assert_int_equal(s.quote.due, 2250);
    assert_int_equal(s.granted.payload.grant.rev, 1);
    assert_int_equal(s.granted.payload.grant.ttl_ms, 120000);
}

static void another_sale_finds_it_held_on_any_till(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale first = with_coupon(w, &o, 0), same_till = first, other_till = first;
    assert_int_equal(random_bytes(same_till.id, ID_SIZE), 0);
    assert_int_equal(random_bytes(other_till.id, ID_SIZE), 0);
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    assert_int_equal(world_hold(w, &w->tills[0], &same_till), 0);
    assert_int_equal(world_verdict(&same_till, &o)->reason, TP_HELD);
    assert_int_equal(world_hold(w, &w->tills[1], &other_till), 0);
    assert_int_equal(world_verdict(&other_till, &o)->reason, TP_HELD);
    assert_int_equal(world_verdict(&other_till, &o)->at_ms, w->now);
    assert_true(bytes_is(world_verdict(&other_till, &o)->till, "t0"));
    assert_int_equal(other_till.quote.due, 2500);
}

static void after_the_commit_it_is_already_used(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale first = with_coupon(w, &o, 0), second = with_coupon(w, &o, 0);
    uint8_t d[HASH_SIZE];
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    assert_int_equal(world_commit(w, &w->tills[0], &first, d), 0);
    int64_t then = w->now;
    w->now += 5000;
    assert_int_equal(world_hold(w, &w->tills[1], &second), 0);
    assert_int_equal(world_verdict(&second, &o)->reason, TP_ALREADY_USED);
    assert_int_equal(world_verdict(&second, &o)->at_ms, then);
    assert_true(bytes_is(world_verdict(&second, &o)->till, "t0"));
    struct redemption_row r = world_redemption(w, d, 0);
    assert_int_equal(r.outcome, 0);
    assert_int_equal(r.slot, 0);
    assert_string_equal(r.channel, "email");
    assert_string_equal(r.campaign, "autumn");
}

static void a_release_gives_it_back_and_an_old_rev_changes_nothing(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale first = with_coupon(w, &o, 0), second = with_coupon(w, &o, 0);
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    assert_int_equal(world_release(w, &w->tills[0], &first), 0);
    first.rev = 0;
    assert_int_equal(world_hold(w, &w->tills[0], &first), TP_SUPERSEDED);
    assert_int_equal(world_hold(w, &w->tills[1], &second), 0);
    assert_int_equal(world_verdict(&second, &o)->reason, 0);
}

static void a_higher_rev_replaces_the_sales_own_reservation(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale first = with_coupon(w, &o, 0), second = with_coupon(w, &o, 0);
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    assert_int_equal(world_verdict(&first, &o)->reason, 0);
    first.coupon_count = 0;
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    assert_int_equal(world_hold(w, &w->tills[1], &second), 0);
    assert_int_equal(world_verdict(&second, &o)->reason, 0);
}

static void a_grant_ends_after_its_time(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale first = with_coupon(w, &o, 0), second = with_coupon(w, &o, 0);
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    w->now += 119999;
    assert_int_equal(world_hold(w, &w->tills[1], &second), 0);
    assert_int_equal(world_verdict(&second, &o)->reason, TP_HELD);
    w->now += 1;
    assert_int_equal(world_hold(w, &w->tills[1], &second), 0);
    assert_int_equal(world_verdict(&second, &o)->reason, 0);
}

static void two_commits_of_one_coupon_are_a_conflict_with_an_amount(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale first = with_coupon(w, &o, 0), second = with_coupon(w, &o, 0);
    uint8_t late[HASH_SIZE], granted[HASH_SIZE];
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    w->now += 120000;
    assert_int_equal(world_hold(w, &w->tills[1], &second), 0);
    /* The first grant has ended: until the second commit comes, its sale has the coupon, without a grant. */
    assert_int_equal(world_commit(w, &w->tills[0], &first, late), 0);
    assert_int_equal(world_redemption(w, late, 0).outcome, TP_CONFLICT);
    assert_int_equal(world_redemption(w, late, 0).slot, 0);
    assert_int_equal(world_commit(w, &w->tills[1], &second, granted), 0);
    struct redemption_row a = world_redemption(w, granted, 0), b = world_redemption(w, late, 0);
    assert_int_equal(a.outcome, 0);
    assert_int_equal(a.slot, 0);
    assert_int_equal(b.outcome, TP_ALREADY_USED);
    assert_int_equal(b.conflict, 250);
    assert_true(b.slot == NONE);
}

static void a_void_gives_the_coupon_back_once(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale first = with_coupon(w, &o, 0), second = with_coupon(w, &o, 0);
    uint8_t d[HASH_SIZE];
    struct buf message;
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    assert_int_equal(world_commit(w, &w->tills[0], &first, d), 0);
    buf_init(&message, MESSAGE_MAX);
    world_void_message(w, &w->tills[0], &first, d, &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    buf_free(&message);
    assert_int_equal(world_redemption(w, d, 0).outcome, TP_VOIDED);
    assert_int_equal(world_hold(w, &w->tills[1], &second), 0);
    assert_int_equal(world_verdict(&second, &o)->reason, 0);
}

static void another_tills_void_changes_nothing(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale first = with_coupon(w, &o, 0);
    uint8_t d[HASH_SIZE];
    struct buf message;
    assert_int_equal(world_hold(w, &w->tills[0], &first), 0);
    assert_int_equal(world_commit(w, &w->tills[0], &first, d), 0);
    buf_init(&message, MESSAGE_MAX);
    world_void_message(w, &w->tills[1], &first, d, &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    buf_free(&message);
    assert_int_equal(world_redemption(w, d, 0).outcome, 0);
}

/* A card's redemption whose grant is over stands by its link alone; one that names no card stands by nothing.
 */
static void what_no_card_is_joined_to_is_not_linked(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct bytes handle = world_handle(w, "tok_9");
    struct world_sale late = world_sale(w, 1000), nobody = late;
    struct buf message;
    uint8_t d[HASH_SIZE];
    assert_int_equal(random_bytes(nobody.id, ID_SIZE), 0);
    buf_init(&message, MESSAGE_MAX);
    world_link_message(w, &w->tills[1], LINK_ADD, handle, &o, "app", &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    late.cards[late.card_count++] = nobody.cards[nobody.card_count++] = handle;
    assert_int_equal(world_hold(w, &w->tills[0], &late), 0);
    assert_int_equal(world_hold(w, &w->tills[2], &nobody), 0);
    nobody.card_count = 0;
    assert_int_equal(world_commit(w, &w->tills[2], &nobody, d), 0);
    assert_int_equal(world_redemption(w, d, 0).outcome, TP_NOT_LINKED);
    assert_int_equal(world_redemption(w, d, 0).conflict, 100);
    w->now += 60000;
    buf_reset(&message);
    world_link_message(w, &w->tills[1], LINK_REMOVE, handle, &o, "app", &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    w->now += 70000;
    assert_int_equal(world_commit(w, &w->tills[0], &late, d), 0);
    assert_int_equal(world_redemption(w, d, 0).outcome, TP_NOT_LINKED);
    assert_int_equal(world_redemption(w, d, 0).conflict, 100);
    buf_free(&message);
}

static void a_linked_card_finds_its_offer_and_an_unlinked_one_does_not(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct buf message;
    struct world_sale s = world_sale(w, 2500);
    uint8_t d[HASH_SIZE];
    struct bytes handle = world_handle(w, "tok-1");
    s.cards[s.card_count++] = handle;
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    assert_null(world_verdict(&s, &o));
    buf_init(&message, MESSAGE_MAX);
    world_link_message(w, &w->tills[1], LINK_ADD, handle, &o, "app", &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    assert_int_equal(world_verdict(&s, &o)->discount, 250);
    assert_int_equal(world_verdict(&s, &o)->card, 0);
    assert_int_equal(world_commit(w, &w->tills[0], &s, d), 0);
    assert_string_equal(world_redemption(w, d, 0).channel, "app");
    assert_int_equal(world_redemption(w, d, 0).outcome, 0);
    w->now += 1000;
    buf_reset(&message);
    world_link_message(w, &w->tills[1], LINK_REMOVE, handle, &o, "app", &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    struct world_sale later = world_sale(w, 2500);
    later.cards[later.card_count++] = handle;
    assert_int_equal(world_hold(w, &w->tills[0], &later), 0);
    assert_null(world_verdict(&later, &o));
    buf_free(&message);
}

static void an_offer_that_saves_nothing_is_not_used_up(void **state)
{
    struct world *w = *state;
    struct offer o = coffee(w);
    struct world_sale free_of_charge = with_coupon(w, &o, 0), second = with_coupon(w, &o, 0);
    free_of_charge.basket = world_basket(w, 0);
    assert_int_equal(world_hold(w, &w->tills[0], &free_of_charge), 0);
    assert_int_equal(world_verdict(&free_of_charge, &o)->reason, TP_NO_EFFECT);
    assert_int_equal(world_hold(w, &w->tills[1], &second), 0);
    assert_int_equal(world_verdict(&second, &o)->reason, 0);
}

static void a_coupon_for_n_uses_gives_n_grants(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "three", 10000);
    int granted = 0, held = 0;
    o.per_coupon = 3;
    world_publish(w, &o);
    world_batch(w, 7, &o, 1, "page", "");
    for (int i = 0; i < 5; i++) {
        struct world_sale s = world_sale(w, 1000);
        s.coupons[s.coupon_count++] = world_coupon(w, &o, 7, 0);
        assert_int_equal(world_hold(w, &w->tills[i % 3], &s), 0);
        granted += world_verdict(&s, &o)->reason == 0;
        held += world_verdict(&s, &o)->reason == TP_HELD;
        if (i == 0) {
            assert_int_equal(world_commit(w, &w->tills[0], &s, NULL), 0);
        }
    }
    assert_int_equal(granted, 3);
    assert_int_equal(held, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_hold_grants_and_the_quote_binds),
        T(another_sale_finds_it_held_on_any_till),
        T(after_the_commit_it_is_already_used),
        T(a_release_gives_it_back_and_an_old_rev_changes_nothing),
        T(a_higher_rev_replaces_the_sales_own_reservation),
        T(a_grant_ends_after_its_time),
        T(two_commits_of_one_coupon_are_a_conflict_with_an_amount),
        T(a_void_gives_the_coupon_back_once),
        T(another_tills_void_changes_nothing),
        T(what_no_card_is_joined_to_is_not_linked),
        T(a_linked_card_finds_its_offer_and_an_unlinked_one_does_not),
        T(an_offer_that_saves_nothing_is_not_used_up),
        T(a_coupon_for_n_uses_gives_n_grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
