/* A person is erased: nothing of them is left in tables and files, figures stay, and a rebuild makes the
 * same. */
#include "store/evidence.h"
#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>

enum { TILLS = 3 };

static int setup(void **state)
{
    struct world *w = test_malloc(sizeof *w);
    world_open(w, TILLS);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    test_free(*state);
    return 0;
}

/* ---- sales ---- */

static struct world_sale by_card(struct world *w, const char *token, int64_t price)
{
    struct world_sale s = world_sale(w, price);
    s.cards[s.card_count++] = world_handle(w, token);
    return s;
}

static void link_card(struct world *w, const struct offer *o, const char *token, const char *customer,
                      const char *channel)
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    w->customer = *customer ? bytes_str(customer) : (struct bytes){0};
    world_link_message(w, &w->tills[0], LINK_ADD, world_handle(w, token), o, channel, &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    buf_free(&message);
}

static void sell(struct world *w, int till, struct world_sale *s, uint8_t d[HASH_SIZE])
{
    w->now += 1000;
    assert_int_equal(world_hold(w, &w->tills[till], s), 0);
    assert_int_equal(world_commit(w, &w->tills[till], s, d), 0);
}

/* The grant ends before it is used: the commit stands without one, behind all that have one. */
static void sell_late(struct world *w, int till, struct world_sale *s, uint8_t d[HASH_SIZE])
{
    w->now += 1000;
    assert_int_equal(world_hold(w, &w->tills[till], s), 0);
    w->now += 121000;
    assert_int_equal(world_commit(w, &w->tills[till], s, d), 0);
}

/* The first one's grant has ended when the second gets one, so that it loses where there is room for one
 * alone. */
static void sell_both(struct world *w, struct world_sale *loses, uint8_t lost[HASH_SIZE],
                      struct world_sale *wins, uint8_t won[HASH_SIZE])
{
    w->now += 1000;
    assert_int_equal(world_hold(w, &w->tills[0], loses), 0);
    w->now += 121000;
    assert_int_equal(world_hold(w, &w->tills[1], wins), 0);
    assert_int_equal(world_commit(w, &w->tills[1], wins, won), 0);
    assert_int_equal(world_commit(w, &w->tills[0], loses, lost), 0);
}

/* ---- erasing and looking ---- */

static int erase(struct world *w, enum erase_by by, const char *name, struct erase_result *out)
{
    struct erase_request who = {by, bytes_str(name)};
    struct err e = {0};
    w->now += 1000;
    int rc = authority_erase(w->authority, &who, bytes_str("merchant"), &w->merchant, out, &e);
    if (rc < 0) {
        fail_msg("%s", e.text);
    }
    return rc;
}

static int add_line(void *arg, struct bytes line)
{
    buf_put(arg, line.p, line.n);
    buf_putc(arg, '\n');
    return 0;
}

/* What reports are made of, as text in the world's arena. */
static const char *figures(struct world *w)
{
    struct store *s = NULL;
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(store_open(w->db, w->id, 0, &s, NULL), 0);
    assert_int_equal(store_figures(s, add_line, &out), 0);
    store_close(s);
    buf_putc(&out, 0);
    struct bytes kept = arena_copy(&w->arena, buf_view(&out));
    buf_free(&out);
    assert_non_null(kept.p);
    return (const char *)kept.p;
}

static void same_after_a_rebuild(struct world *w)
{
    struct err e = {0};
    const char *kept = world_dump(w);
    if (authority_rebuild(w->authority, &e)) {
        fail_msg("%s", e.text);
    }
    assert_string_equal(world_dump(w), kept);
}

static bool file_holds(const char *path, const void *what, size_t n)
{
    struct buf b;
    buf_init(&b, 64 << 20);
    FILE *f = fopen(path, "r");
    for (int c; f && (c = getc(f)) != EOF;) {
        buf_putc(&b, (uint8_t)c);
    }
    if (f) {
        fclose(f);
    }
    bool found = b.n >= n && memmem(b.p, b.n, what, n) != NULL;
    buf_free(&b);
    return found;
}

static bool files_hold(struct world *w, const void *what, size_t n)
{
    char wal[sizeof w->db + 8];
    snprintf(wal, sizeof wal, "%s-wal", w->db);
    return file_holds(w->db, what, n) || file_holds(wal, what, n);
}

static bool is_file(const struct world *w)
{
    return !store_is_server(w->db);
}

static void scrub(struct world *w)
{
    struct store *s = NULL;
    assert_int_equal(store_open(w->db, w->id, 0, &s, NULL), 0);
    assert_int_equal(store_scrub(s), is_file(w) ? 0 : TP_UNSUPPORTED);
    store_close(s);
}

/* ---- the tests ---- */

static void a_customer_goes_and_figures_stay(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "coffee", 10000);
    struct erase_result n;
    uint8_t first[HASH_SIZE], second[HASH_SIZE], late[HASH_SIZE], other[HASH_SIZE];
    o.per_customer = 1;
    world_publish(w, &o);
    link_card(w, &o, "tok-anna", "Anna Bellweather", "app");
    link_card(w, &o, "tok-anna-2", "Anna Bellweather", "mail");
    link_card(w, &o, "tok-cyril", "Cyril", "app");
    struct world_sale a = by_card(w, "tok-anna", 1000), b = by_card(w, "tok-anna-2", 2000),
                      c = by_card(w, "tok-cyril", 3000), plain = world_sale(w, 500);
    plain.customer = bytes_str("Anna Bellweather");
    sell_both(w, &a, late, &b, first);
    sell(w, 1, &c, other);
    sell(w, 2, &plain, second);
    struct redemption_row lost = world_redemption(w, late, 0), won = world_redemption(w, first, 0);
    assert_true(lost.outcome == TP_LIMIT_REACHED && lost.conflict == 100 && won.outcome == 0);
    const char *before = figures(w);
    struct bytes handle = world_handle(w, "tok-anna");
    assert_true(!is_file(w) || (files_hold(w, handle.p, handle.n) && files_hold(w, "Anna Bell", 9)));

    assert_int_equal(erase(w, ERASE_CUSTOMER, "Anna Bellweather", &n), 0);
    assert_true(n.links == 2 && n.commits == 3 && n.reverses == 0 && n.total == 5);
    assert_string_equal(figures(w), before);
    same_after_a_rebuild(w);
    assert_string_equal(figures(w), before);
    scrub(w);
    assert_false(files_hold(w, handle.p, handle.n) || files_hold(w, "Anna Bell", 9) ||
                 files_hold(w, "tok-anna", 8));
    handle = world_handle(w, "tok-anna-2");
    assert_false(files_hold(w, handle.p, handle.n));
    assert_true(!is_file(w) || files_hold(w, "Cyril", 5));
    assert_int_equal(erase(w, ERASE_CUSTOMER, "Anna Bellweather", &n), TP_UNKNOWN_PERSON);
    assert_int_equal(erase(w, ERASE_CARD, "tok-anna", &n), TP_UNKNOWN_PERSON);
}

/* What comes afterwards begins anew: the card is linked to nothing, and its limit has forgotten. */
static void afterwards_the_card_is_a_new_one(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "coffee", 10000);
    struct erase_result n;
    uint8_t d[HASH_SIZE];
    o.per_customer = 1;
    o.total = 3;
    world_publish(w, &o);
    link_card(w, &o, "tok", "", "app");
    struct world_sale a = by_card(w, "tok", 1000), b = by_card(w, "tok", 1000);
    sell(w, 0, &a, d);
    assert_int_equal(world_hold(w, &w->tills[1], &b), 0);
    assert_int_equal(world_verdict(&b, &o)->reason, TP_LIMIT_REACHED);
    assert_int_equal(world_release(w, &w->tills[1], &b), 0);
    assert_int_equal(erase(w, ERASE_CARD, "tok", &n), 0);
    assert_true(n.links == 1 && n.commits == 1);
    b = by_card(w, "tok", 1000);
    assert_int_equal(world_hold(w, &w->tills[1], &b), 0);
    assert_null(world_verdict(&b, &o));
    link_card(w, &o, "tok", "", "app");
    b = by_card(w, "tok", 1000);
    sell(w, 1, &b, d);
    assert_int_equal(world_redemption(w, d, 0).outcome, 0);
    b = by_card(w, "tok", 1000);
    assert_int_equal(world_hold(w, &w->tills[1], &b), 0);
    assert_int_equal(world_verdict(&b, &o)->reason, TP_LIMIT_REACHED);
    same_after_a_rebuild(w);
}

/* One that had lost to another use of its customer had still used up its coupon: that stays, too. */
static void a_lost_use_keeps_its_coupon(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "coffee", 10000);
    struct erase_result n;
    uint8_t late[HASH_SIZE], twin[HASH_SIZE], d[HASH_SIZE];
    o.per_customer = 1;
    world_publish(w, &o);
    world_batch(w, 1, &o, 8, "email", "autumn");
    struct world_sale a = world_sale(w, 1000), b = world_sale(w, 1000), c = world_sale(w, 1000);
    a.coupons[a.coupon_count++] = world_coupon(w, &o, 1, 0);
    a.customer = bytes_str("Dora");
    b.coupons[b.coupon_count++] = world_coupon(w, &o, 1, 1);
    b.customer = bytes_str("Dora");
    c.coupons[c.coupon_count++] = world_coupon(w, &o, 1, 0); /* the same coupon, later, by somebody else */
    c.customer = bytes_str("Emil");
    assert_int_equal(world_hold(w, &w->tills[2], &c), 0);
    w->now += 121000;
    sell_both(w, &a, late, &b, d);
    assert_int_equal(world_commit(w, &w->tills[2], &c, twin), 0);
    assert_int_equal(world_redemption(w, late, 0).outcome, TP_LIMIT_REACHED);
    assert_int_equal(world_redemption(w, twin, 0).outcome, TP_ALREADY_USED);
    const char *before = figures(w);
    assert_int_equal(erase(w, ERASE_CUSTOMER, "Dora", &n), 0);
    assert_int_equal(n.commits, 2);
    assert_string_equal(figures(w), before);
    same_after_a_rebuild(w);
    assert_string_equal(figures(w), before);
}

/* One sale alone, with its refund; what it had used up of its customer's limit is free for the next in line.
 */
static void one_sale(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "coffee", 10000);
    struct erase_result n;
    struct buf message;
    uint8_t first[HASH_SIZE], late[HASH_SIZE], back[HASH_SIZE];
    char id[2 * ID_SIZE + 1];
    o.per_customer = 1;
    world_publish(w, &o);
    link_card(w, &o, "tok", "Fred", "app");
    struct world_sale a = by_card(w, "tok", 1000), b = by_card(w, "tok", 2000);
    sell_both(w, &a, late, &b, first);
    assert_int_equal(world_redemption(w, late, 0).outcome, TP_LIMIT_REACHED);
    buf_init(&message, MESSAGE_MAX);
    world_return_message(w, &w->tills[2], &b, first, 500, &message, back);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    hex_encode(b.id, ID_SIZE, id);
    assert_int_equal(erase(w, ERASE_SALE, "no such reference", &n), TP_UNKNOWN_SALE);
    assert_int_equal(erase(w, ERASE_SALE, id, &n), 0);
    assert_true(n.links == 0 && n.commits == 1 && n.reverses == 1 && n.total == 2);
    assert_int_equal(world_redemption(w, first, 0).outcome, 0);
    assert_int_equal(world_redemption(w, late, 0).outcome, TP_CONFLICT); /* it counts, beyond its grant */
    same_after_a_rebuild(w);
    const char *after = world_dump(w);
    assert_int_equal(erase(w, ERASE_SALE, id, &n), 0); /* once more: nothing is left to do */
    assert_true(n.links + n.commits + n.reverses == 0);
    assert_string_equal(world_dump(w), after);
    /* The rest of it may still come back, and the sale be voided. */
    buf_reset(&message);
    world_return_message(w, &w->tills[2], &b, first, 500, &message, back);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    same_after_a_rebuild(w);
    buf_reset(&message);
    world_void_message(w, &w->tills[1], &b, first, &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    assert_int_equal(world_redemption(w, first, 0).outcome, TP_VOIDED);
    same_after_a_rebuild(w);
    buf_free(&message);
}

/* A refund whose sale has not come is found by what it holds. */
static void a_refund_that_came_alone(void **state)
{
    struct world *w = *state;
    struct erase_result n;
    struct buf commit, back;
    uint8_t d[HASH_SIZE], r[HASH_SIZE];
    struct world_sale a = by_card(w, "tok", 1000);
    buf_init(&commit, MESSAGE_MAX);
    buf_init(&back, MESSAGE_MAX);
    assert_int_equal(world_hold(w, &w->tills[0], &a), 0);
    world_commit_message(w, &w->tills[0], &a, &commit, d);
    world_return_message(w, &w->tills[1], &a, d, 1000, &back, r);
    assert_int_equal(world_send(w, buf_view(&back)), 0);
    assert_int_equal(erase(w, ERASE_CARD, "tok", &n), 0);
    assert_true(n.commits == 0 && n.reverses == 1);
    assert_int_equal(world_send(w, buf_view(&commit)), 0); /* and is there again when it comes */
    same_after_a_rebuild(w);
    assert_int_equal(erase(w, ERASE_CARD, "tok", &n), 0);
    assert_true(n.commits == 1 && n.reverses == 0 && n.total == 2);
    buf_free(&commit);
    buf_free(&back);
}

/* A record may come without its person: nobody erased it here. Nobody but the merchant counts what was. */
static void only_the_merchant_counts(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "coffee", 10000);
    struct erase_request who = {ERASE_CARD, bytes_str("tok")};
    struct erasure said = {.common = world_common(w), .parts = 7};
    struct erase_result n;
    struct err e = {0};
    world_publish(w, &o);
    link_card(w, &o, "tok", "", "app");
    const char *before = world_dump(w);
    assert_int_equal(authority_erase(w->authority, &who, bytes_str("merchant"), &w->issuer, &n, &e),
                     TP_BAD_SIGNATURE);
    assert_string_equal(world_dump(w), before);
    assert_int_equal(world_office(w, KIND_ERASURE, &said), TP_BAD_STATEMENT);
    assert_int_equal(erase(w, ERASE_CARD, "tok", &n), 0);
    said.parts = 1;
    assert_int_equal(world_office(w, KIND_ERASURE, &said), TP_BAD_STATEMENT); /* the right number of others */
}

/* Many people, cards, coupons and limits, in an order that a seed gives; somebody is erased again and again.
 */
static void whoever_goes_whenever(void **state)
{
    static const char *const names[] = {"", "", "Gina", "Hugo", "Ines"};
    static const char *const tokens[] = {"t0", "t1", "t2", "t3", "t4"};
    struct world *w = *state;
    struct offer o = world_offer(w, "coffee", 10000);
    uint8_t d[HASH_SIZE];
    unsigned seed = 7;
    o.per_customer = 2;
    o.total = 14;
    o.budget = 3000;
    world_publish(w, &o);
    world_batch(w, 1, &o, 64, "email", "autumn");
    for (int step = 0; step < 60; step++) {
        int i = rand_r(&seed) % 5, what = rand_r(&seed) % 10, till = rand_r(&seed) % TILLS;
        if (what < 2) {
            link_card(w, &o, tokens[i], names[rand_r(&seed) % 5], what ? "app" : "mail");
        } else if (what < 8) {
            struct world_sale s = by_card(w, tokens[i], 500 + rand_r(&seed) % 3000);
            s.customer = *names[i] && what == 3 ? bytes_str(names[i]) : (struct bytes){0};
            if (what == 4) {
                s.coupons[s.coupon_count++] = world_coupon(w, &o, 1, (uint32_t)(rand_r(&seed) % 6));
            }
            if (what < 6) {
                sell(w, till, &s, d);
            } else if (what < 7) {
                sell_late(w, till, &s, d);
            } else {
                struct world_sale other = by_card(w, tokens[i], 900);
                uint8_t won[HASH_SIZE];
                sell_both(w, &s, d, &other, won);
            }
        } else {
            struct erase_result n;
            const char *before = figures(w);
            bool named = *names[i] && what == 9;
            int rc = erase(w, named ? ERASE_CUSTOMER : ERASE_CARD, named ? names[i] : tokens[i], &n);
            assert_true(rc == 0 || rc == TP_UNKNOWN_PERSON);
            if (rc) {
                assert_string_equal(figures(w), before);
            }
            same_after_a_rebuild(w);
        }
    }
    same_after_a_rebuild(w);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {WITH(a_customer_goes_and_figures_stay),
                                       WITH(afterwards_the_card_is_a_new_one),
                                       WITH(a_lost_use_keeps_its_coupon),
                                       WITH(one_sale),
                                       WITH(a_refund_that_came_alone),
                                       WITH(only_the_merchant_counts),
                                       WITH(whoever_goes_whenever)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
