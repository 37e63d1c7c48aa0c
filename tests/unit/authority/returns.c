/* What comes back is booked: what is too much is a conflict, and a coupon comes back when its offer says so.
 */
#include "store/holds.h"
#include "store/reversals.h"
#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>

struct shop {
    struct world w;
    struct offer keep, revive;
    struct buf message;
};

static int setup(void **state)
{
    struct shop *s = test_calloc(1, sizeof *s);
    world_open(&s->w, 3);
    s->keep = world_offer(&s->w, "keep", 10000);
    s->revive = world_offer(&s->w, "revive", 10000);
    s->revive.revive = true;
    world_publish(&s->w, &s->keep);
    world_publish(&s->w, &s->revive);
    world_batch(&s->w, 1, &s->keep, 8, "email", "");
    world_batch(&s->w, 2, &s->revive, 8, "email", "");
    buf_init(&s->message, MESSAGE_MAX);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    buf_free(&s->message);
    world_close(&s->w);
    test_free(s);
    return 0;
}

static int send(struct shop *s)
{
    int rc = world_send(&s->w, buf_view(&s->message));
    buf_reset(&s->message);
    return rc;
}

/* 20.00 with a coupon of 10 percent, at till 0. */
static struct world_sale sell(struct shop *s, const struct offer *o, uint32_t batch, uint8_t d[HASH_SIZE])
{
    struct world_sale sale = world_sale(&s->w, 2000);
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, o, batch, 0);
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &sale), 0);
    assert_int_equal(sale.quote.due, 1800);
    world_commit_message(&s->w, &s->w.tills[0], &sale, &s->message, d);
    return sale;
}

static void back(struct shop *s, int till, const struct world_sale *sale, const uint8_t commit[HASH_SIZE],
                 int64_t quantity, uint8_t d[HASH_SIZE])
{
    s->w.now += 10;
    world_return_message(&s->w, &s->w.tills[till], sale, commit, quantity, &s->message, d);
    assert_int_equal(send(s), 0);
}

struct find {
    const uint8_t *d;
    struct reversal_row row;
    bool found;
};

static int match(void *arg, const struct reversal_row *row)
{
    struct find *f = arg;
    if (memcmp(row->d, f->d, HASH_SIZE) == 0) {
        f->row = *row;
        f->found = true;
    }
    return 0;
}

static struct reversal_row booked(struct shop *s, const uint8_t commit[HASH_SIZE], const uint8_t d[HASH_SIZE])
{
    struct find f = {.d = d};
    struct store *store = NULL;
    assert_int_equal(store_open(s->w.db, s->w.id, 0, &store, NULL), 0);
    assert_int_equal(store_reversals(store, commit, match, &f), 0);
    assert_true(f.found);
    store_close(store);
    return f.row;
}

/* What a fresh sale hears of the coupon. */
static int standing(struct shop *s, const struct offer *o, uint32_t batch)
{
    struct world_sale sale = world_sale(&s->w, 2000);
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, o, batch, 0);
    assert_int_equal(world_hold(&s->w, &s->w.tills[1], &sale), 0);
    int reason = world_verdict(&sale, o)->reason;
    assert_int_equal(world_release(&s->w, &s->w.tills[1], &sale), 0);
    return reason;
}

static void a_return_leaves_the_coupon_used(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE], r[HASH_SIZE];
    struct world_sale sale = sell(s, &s->keep, 1, d);
    assert_int_equal(send(s), 0);
    back(s, 1, &sale, d, 1000, r);
    assert_int_equal(booked(s, d, r).outcome, 0);
    struct redemption_row row = world_redemption(&s->w, d, 0);
    assert_int_equal(row.outcome, 0);
    assert_int_equal(row.back_discount, 200);
    assert_int_equal(row.slot, 0);
    assert_false(row.revived);
    assert_int_equal(standing(s, &s->keep, 1), TP_ALREADY_USED);
}

static void revive_gives_the_coupon_back_when_all_of_it_came_back(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE], again[HASH_SIZE];
    struct world_sale sale = sell(s, &s->revive, 2, d);
    assert_int_equal(send(s), 0);
    back(s, 1, &sale, d, 500, NULL);
    assert_int_equal(standing(s, &s->revive, 2), TP_ALREADY_USED);
    assert_int_equal(world_redemption(&s->w, d, 0).back_discount, 100);
    back(s, 2, &sale, d, 500, NULL);
    assert_true(world_redemption(&s->w, d, 0).revived);
    assert_int_equal(standing(s, &s->revive, 2), 0);
    sell(s, &s->revive, 2, again);
    assert_int_equal(send(s), 0);
    assert_int_equal(world_redemption(&s->w, again, 0).outcome, 0);
    assert_int_equal(world_redemption(&s->w, d, 0).outcome, 0);
    /* once: a return too much gives nothing more back */
    back(s, 1, &sale, d, 1000, NULL);
    assert_int_equal(standing(s, &s->revive, 2), TP_ALREADY_USED);
}

/* A total, a budget and a customer's limit come back with the use; a part of it gives nothing back. */
static void revive_gives_limits_back_too(void **state)
{
    struct shop *s = *state;
    struct offer o = world_offer(&s->w, "few", 10000);
    uint8_t d[HASH_SIZE], again[HASH_SIZE];
    o.revive = true;
    o.total = 1;
    o.budget = 250;
    world_publish(&s->w, &o);
    world_batch(&s->w, 3, &o, 8, "email", "");
    struct world_sale sale = sell(s, &o, 3, d);
    assert_int_equal(send(s), 0);
    back(s, 1, &sale, d, 999, NULL);
    struct world_sale next = world_sale(&s->w, 2000);
    next.coupons[next.coupon_count++] = world_coupon(&s->w, &o, 3, 1);
    assert_int_equal(world_hold(&s->w, &s->w.tills[1], &next), 0);
    assert_int_equal(world_verdict(&next, &o)->reason, TP_LIMIT_REACHED);
    back(s, 1, &sale, d, 1, NULL);
    assert_int_equal(world_hold(&s->w, &s->w.tills[1], &next), 0);
    assert_int_equal(world_verdict(&next, &o)->reason, 0);
    assert_int_equal(world_commit(&s->w, &s->w.tills[1], &next, again), 0);
    assert_int_equal(world_redemption(&s->w, again, 0).outcome, 0);
    assert_int_equal(world_redemption(&s->w, d, 0).outcome, 0);
    const char *before = world_dump(&s->w);
    assert_int_equal(authority_rebuild(s->w.authority, NULL), 0);
    assert_string_equal(before, world_dump(&s->w));
}

static void more_than_was_sold_is_a_conflict_with_its_amount(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE], one[HASH_SIZE], two[HASH_SIZE], three[HASH_SIZE];
    struct world_sale sale = sell(s, &s->keep, 1, d);
    assert_int_equal(send(s), 0);
    back(s, 1, &sale, d, 700, one);
    back(s, 2, &sale, d, 700, two);
    back(s, 0, &sale, d, 100, three);
    assert_int_equal(booked(s, d, one).conflict, 0);
    assert_int_equal(booked(s, d, two).outcome, TP_CONFLICT);
    assert_int_equal(booked(s, d, two).conflict, 720); /* 12.60 x 400 / 700 */
    assert_int_equal(booked(s, d, three).conflict, 180);
    assert_int_equal(world_redemption(&s->w, d, 0).back_discount, 200); /* and not a unit more */
}

/* The till that gave too much back hears of it. */
static int count_told(void *arg, const struct outcome_row *row)
{
    struct outcome_row *last = arg;
    *last = *row;
    return 0;
}

static void the_later_of_two_tills_hears_that_it_was_too_much(void **state)
{
    struct shop *s = *state;
    struct store *store = NULL;
    struct outcome_row last = {0};
    uint8_t d[HASH_SIZE], early[HASH_SIZE], late[HASH_SIZE];
    struct buf first;
    struct world_sale sale = sell(s, &s->keep, 1, d);
    assert_int_equal(send(s), 0);
    /* Till 1 was first, and its record comes last: then the other one's becomes the conflict. */
    buf_init(&first, MESSAGE_MAX);
    world_return_message(&s->w, &s->w.tills[1], &sale, d, 1000, &first, early);
    back(s, 2, &sale, d, 1000, late);
    assert_int_equal(booked(s, d, late).conflict, 0);
    assert_int_equal(world_send(&s->w, buf_view(&first)), 0);
    buf_free(&first);
    assert_int_equal(booked(s, d, early).conflict, 0);
    assert_int_equal(booked(s, d, late).conflict, 1800);
    assert_int_equal(store_open(s->w.db, s->w.id, 0, &store, NULL), 0);
    assert_int_equal(store_outcomes(store, bytes_str(s->w.tills[2].name), 0, 10, count_told, &last), 0);
    store_close(store);
    assert_memory_equal(last.commit, late, HASH_SIZE);
    assert_int_equal(last.reason, TP_CONFLICT);
    assert_int_equal(last.amount, 1800);
}

static void a_return_that_comes_first_takes_effect_with_its_commit(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE], r[HASH_SIZE];
    struct buf commit;
    struct world_sale sale = sell(s, &s->revive, 2, d);
    buf_init(&commit, MESSAGE_MAX);
    buf_put(&commit, s->message.p, s->message.n);
    buf_reset(&s->message);
    back(s, 1, &sale, d, 1000, r);
    assert_int_equal(booked(s, d, r).outcome, 0);
    assert_int_equal(world_send(&s->w, buf_view(&commit)), 0);
    buf_free(&commit);
    assert_true(world_redemption(&s->w, d, 0).revived);
    assert_int_equal(standing(s, &s->revive, 2), 0);
}

static void a_void_counts_once_and_leaves_nothing_to_return(void **state)
{
    struct shop *s = *state;
    struct world *w = &s->w;
    uint8_t d[HASH_SIZE], r[HASH_SIZE];
    struct world_sale sale = sell(s, &s->keep, 1, d);
    assert_int_equal(send(s), 0);
    back(s, 1, &sale, d, 1000, r);
    for (int i = 0; i < 2; i++) {
        w->now += 10;
        world_void_message(w, &w->tills[0], &sale, d, &s->message);
    }
    world_void_message(w, &w->tills[1], &sale, d, &s->message); /* not its sale */
    assert_int_equal(send(s), 0);
    assert_int_equal(world_redemption(w, d, 0).outcome, TP_VOIDED);
    assert_int_equal(booked(s, d, r).conflict, 1800);
    const char *dump = world_dump(w);
    int conflicts = 0;
    char row[32];
    snprintf(row, sizeof row, "|%d|1800|0\n", TP_CONFLICT);
    for (const char *p = dump; (p = strstr(p, row)); p++) {
        conflicts++;
    }
    assert_int_equal(conflicts, 3); /* the return, the second void, the other till's */
    assert_int_equal(standing(s, &s->keep, 1), 0);
}

static void a_conflict_is_what_returns_leave_of_it(void **state)
{
    struct shop *s = *state;
    uint8_t first[HASH_SIZE], d[HASH_SIZE];
    struct world_sale other = world_sale(&s->w, 2000);
    other.coupons[other.coupon_count++] = world_coupon(&s->w, &s->keep, 1, 0);
    assert_int_equal(world_hold(&s->w, &s->w.tills[1], &other), 0);
    s->w.now += 130000; /* its grant ends, and the coupon is sold to another */
    sell(s, &s->keep, 1, first);
    assert_int_equal(send(s), 0);
    assert_int_equal(world_commit(&s->w, &s->w.tills[1], &other, d), 0);
    assert_int_equal(world_redemption(&s->w, d, 0).outcome, TP_ALREADY_USED);
    assert_int_equal(world_redemption(&s->w, d, 0).conflict, 200);
    back(s, 1, &other, d, 500, NULL);
    assert_int_equal(world_redemption(&s->w, d, 0).outcome, TP_ALREADY_USED);
    assert_int_equal(world_redemption(&s->w, d, 0).conflict, 100);
}

static void what_was_never_sold_stands_as_a_conflict_whole(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE], r[HASH_SIZE];
    struct world_sale sale = sell(s, &s->keep, 1, d);
    struct line line = sale.basket.lines.v[0];
    assert_int_equal(send(s), 0);
    struct world_sale wrong = sale;
    line.number = 7;
    wrong.basket.lines.v = &line;
    back(s, 1, &wrong, d, 1000, r);
    assert_int_equal(booked(s, d, r).conflict, 1800);
    back(s, 1, &sale, d, 1000, r); /* and takes nothing from what can still come back */
    assert_int_equal(booked(s, d, r).conflict, 0);
}

static void a_rebuild_books_the_same(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE];
    struct world_sale sale = sell(s, &s->revive, 2, d);
    assert_int_equal(send(s), 0);
    back(s, 1, &sale, d, 700, NULL);
    back(s, 2, &sale, d, 700, NULL);
    const char *before = world_dump(&s->w);
    assert_int_equal(authority_rebuild(s->w.authority, NULL), 0);
    assert_string_equal(before, world_dump(&s->w));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_return_leaves_the_coupon_used),
        T(revive_gives_the_coupon_back_when_all_of_it_came_back),
        T(revive_gives_limits_back_too),
        T(more_than_was_sold_is_a_conflict_with_its_amount),
        T(the_later_of_two_tills_hears_that_it_was_too_much),
        T(a_return_that_comes_first_takes_effect_with_its_commit),
        T(a_void_counts_once_and_leaves_nothing_to_return),
        T(a_conflict_is_what_returns_leave_of_it),
        T(what_was_never_sold_stands_as_a_conflict_whole),
        T(a_rebuild_books_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
