/* Coupons used twice, each with one row: both sales, what is left of the amount, and who bears it. */
#include "counter.h"

#include "report/report.h"

#include <stdlib.h>

struct shop {
    struct world w;
    struct counter c, other;
    struct offer ours, theirs, twice;
};

static struct offer publish(struct world *w, const char *id, int bears, int64_t per_coupon, int64_t batch)
{
    struct offer o = world_offer(w, id, 10000);
    o.offline = OFFLINE_RISK;
    o.bears = bears;
    o.per_coupon = per_coupon;
    counter_publish(w, &o, batch);
    return o;
}

static int setup(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    world_open(&s->w, 0);
    counter_policy(&s->w, 100000, 1000000);
    s->ours = publish(&s->w, "ours", BEARS_MERCHANT, 1, 1);
    s->theirs = publish(&s->w, "theirs", BEARS_ISSUER, 1, 2);
    s->twice = publish(&s->w, "twice", BEARS_ISSUER, 2, 3);
    counter_open(&s->c, &s->w, "kasse1");
    counter_open(&s->other, &s->w, "kasse2");
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    counter_close(&s->c);
    counter_close(&s->other);
    world_close(&s->w);
    free(s);
    return 0;
}

struct seen {
    struct report_conflict row[16];
    char offer[16][48], till[16][64];
    size_t n;
    int end_with;
};

static int take(void *arg, const struct report_conflict *row)
{
    struct seen *seen = arg;
    assert_true(seen->n < 16);
    seen->row[seen->n] = *row;
    bytes_to_cstr(row->offer, seen->offer[seen->n], sizeof seen->offer[0]);
    bytes_to_cstr(bytes_str(row->till), seen->till[seen->n++], sizeof seen->till[0]);
    return seen->end_with;
}

static struct seen report(struct shop *s, int64_t from, int64_t until, int want)
{
    struct store *store = NULL;
    struct err e = {0};
    struct report_range range = {from, until};
    struct seen seen = {.end_with = want};
    counter_lock();
    assert_int_equal(store_open(s->w.db, s->w.id, STORE_READ_ONLY, &store, &e), 0);
    assert_int_equal(report_conflicts(store, &range, take, &seen, &e), want);
    store_close(store);
    counter_unlock();
    return seen;
}

/* Alone at this counter: one coupon, one sale. */
static int64_t sell(struct counter *c, const char *reference, int64_t price, const struct offer *o,
                    uint32_t batch, uint32_t index, uint8_t sale_id[ID_SIZE])
{
    struct sale_info info;
    int64_t sale = counter_sale(c, reference, price);
    c->cut = true;
    assert_int_equal(counter_present(c, sale, o, batch, index), 0);
    counter_hold(c, sale);
    assert_int_equal(counter_commit(c, sale).redemptions, 1);
    assert_int_equal(till_sale_info(c->till, sale, &info, NULL), 0);
    memcpy(sale_id, info.uuid, ID_SIZE);
    return sale;
}

static void go_on(struct shop *s, int64_t ms)
{
    counter_pass(&s->c, ms);
    s->other.wall += ms;
    s->other.boot += ms;
}

static void a_double_use_is_one_row_with_both_sales(void **state)
{
    struct shop *s = *state;
    uint8_t won[2][ID_SIZE], lost[2][ID_SIZE];
    int64_t first = s->w.now;
    sell(&s->c, "A", 3000, &s->theirs, 2, 1, won[0]);
    sell(&s->c, "B", 1000, &s->ours, 1, 1, won[1]);
    go_on(s, 60000);
    sell(&s->other, "A", 2000, &s->theirs, 2, 1, lost[0]);
    go_on(s, 60000);
    sell(&s->other, "B", 5000, &s->ours, 1, 1, lost[1]);
    counter_hear(&s->other);
    assert_int_equal(report(s, 0, TIME_MAX, 0).n, 0); /* nobody else has told yet */
    counter_hear(&s->c);
    struct seen seen = report(s, 0, TIME_MAX, 0);
    assert_int_equal(seen.n, 2);
    for (int i = 0; i < 2; i++) {
        const struct report_conflict *r = &seen.row[i];
        assert_int_equal(r->outcome, TP_ALREADY_USED);
        assert_string_equal(seen.till[i], "kasse2");
        assert_memory_equal(r->sale, lost[i], ID_SIZE);
        assert_int_equal(r->time_ms, first + 60000 * (i + 1));
        assert_true(r->has_winner);
        assert_string_equal(r->winner_till, "kasse1");
        assert_memory_equal(r->winner_sale, won[i], ID_SIZE);
        assert_int_equal(r->winner_time_ms, first);
    }
    assert_string_equal(seen.offer[0], "theirs");
    assert_int_equal(seen.row[0].amount, 200);
    assert_int_equal(seen.row[0].bears, BEARS_ISSUER);
    assert_string_equal(seen.offer[1], "ours");
    assert_int_equal(seen.row[1].amount, 500);
    assert_int_equal(seen.row[1].bears, BEARS_MERCHANT);
    /* the range is of the sale in conflict; what fn returns ends it */
    assert_int_equal(report(s, first + 60000, first + 60001, 0).n, 1);
    assert_int_equal(report(s, 0, first + 60000, 0).n, 0);
    assert_int_equal(report(s, 0, TIME_MAX, 77).n, 1);
}

static void a_return_takes_off_its_part_and_a_void_all(void **state)
{
    struct shop *s = *state;
    uint8_t id[ID_SIZE];
    int64_t refund = 0;
    struct commit_info info;
    struct line half = {.number = 1, .quantity = 500};
    int64_t winner = sell(&s->c, "A", 3000, &s->theirs, 2, 1, id);
    go_on(s, 1000);
    sell(&s->other, "B", 2000, &s->theirs, 2, 1, id);
    counter_hear(&s->c);
    counter_hear(&s->other);
    assert_int_equal(report(s, 0, TIME_MAX, 0).row[0].amount, 200);
    assert_int_equal(till_refund_begin(s->other.till, bytes_str("B"), bytes_str("R"), 0, &refund, NULL), 0);
    assert_int_equal(till_lines_set(s->other.till, refund, &half, 1, NULL), 0);
    assert_int_equal(till_commit(s->other.till, refund, bytes_str("R-2"), NULL, 0, &info, NULL), 0);
    counter_hear(&s->other);
    struct seen seen = report(s, 0, TIME_MAX, 0);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.row[0].amount, 100);
    assert_int_equal(till_void(s->c.till, winner, NULL), 0); /* then the other one was right */
    counter_hear(&s->c);
    assert_int_equal(report(s, 0, TIME_MAX, 0).n, 0);
}

static void a_third_use_of_a_coupon_for_two_is_against_the_second(void **state)
{
    struct shop *s = *state;
    uint8_t id[3][ID_SIZE];
    sell(&s->c, "A", 1000, &s->twice, 3, 1, id[0]);
    go_on(s, 1000);
    sell(&s->other, "B", 1000, &s->twice, 3, 1, id[1]);
    go_on(s, 1000);
    sell(&s->c, "C", 1000, &s->twice, 3, 1, id[2]);
    counter_hear(&s->c);
    counter_hear(&s->other);
    struct seen seen = report(s, 0, TIME_MAX, 0);
    assert_int_equal(seen.n, 1);
    assert_memory_equal(seen.row[0].sale, id[2], ID_SIZE);
    assert_memory_equal(seen.row[0].winner_sale, id[1], ID_SIZE);
}

/* Nobody won what nobody may have: the till gave it, so the merchant bears it. */
static void what_goes_beyond_has_no_winner(void **state)
{
    struct shop *s = *state;
    struct world_till by = {.name = "rogue", .head = {.epoch = 1}};
    struct world_sale sale = world_sale(&s->w, 6000);
    counter_lock();
    assert_int_equal(cose_key_generate(ALG_ESP256, &by.key), 0);
    world_enrol(&s->w, by.name, &by.key, by.head.d);
    sale.coupons[sale.coupon_count++] = world_coupon(&s->w, &s->theirs, 2, 7);
    sale.policy = 1; /* under which nothing was risked */
    assert_int_equal(world_commit_alone(&s->w, &by, &sale, &s->theirs, 600, NULL), 0);
    cose_key_free(&by.key);
    counter_unlock();
    struct seen seen = report(s, 0, TIME_MAX, 0);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.row[0].outcome, TP_CONFLICT);
    assert_int_equal(seen.row[0].amount, 600);
    assert_int_equal(seen.row[0].bears, BEARS_MERCHANT);
    assert_false(seen.row[0].has_winner);
}

static int64_t take_back(struct counter *c, const char *original, const char *reference, uint8_t id[ID_SIZE])
{
    struct line all = {.number = 1, .quantity = 1000};
    struct sale_info info;
    struct err e = {0};
    int64_t refund = 0;
    if (till_refund_begin(c->till, bytes_str(original), bytes_str(reference), COUNTER_WAIT, &refund, &e) ||
        till_lines_set(c->till, refund, &all, 1, &e)) {
        fail_msg("%s", e.text);
    }
    assert_int_equal(till_sale_info(c->till, refund, &info, NULL), 0);
    memcpy(id, info.uuid, ID_SIZE);
    return refund;
}

/* Two tills take the same goods back while neither hears of the other: the later one is told, with its
 * refund, the sale that it is of, and the money. */
static void what_two_tills_took_back_is_one_row_with_both_sales(void **state)
{
    struct shop *s = *state;
    uint8_t sold[ID_SIZE], first[ID_SIZE], second[ID_SIZE];
    struct commit_info info;
    int64_t at = s->w.now;
    sell(&s->c, "A", 3000, &s->ours, 1, 1, sold);
    counter_hear(&s->c);
    int64_t here = take_back(&s->c, "A", "RA", first), there = take_back(&s->other, "A", "RB", second);
    s->c.cut = s->other.cut = true;
    go_on(s, 1000);
    assert_int_equal(till_commit(s->c.till, here, bytes_str("1"), NULL, 0, &info, NULL), 0);
    go_on(s, 1000);
    assert_int_equal(till_commit(s->other.till, there, bytes_str("2"), NULL, 0, &info, NULL), 0);
    counter_hear(&s->other);
    assert_int_equal(report(s, 0, TIME_MAX, 0).n, 0); /* the first one has not told yet */
    counter_hear(&s->c);
    struct seen seen = report(s, 0, TIME_MAX, 0);
    assert_int_equal(seen.n, 1);
    const struct report_conflict *r = &seen.row[0];
    assert_int_equal(r->of, CONFLICT_OF_RETURN);
    assert_int_equal(r->outcome, TP_CONFLICT);
    assert_string_equal(seen.till[0], "kasse2");
    assert_memory_equal(r->sale, second, ID_SIZE);
    assert_int_equal(r->time_ms, at + 2000);
    assert_int_equal(r->amount, 2700);
    assert_int_equal(r->bears, BEARS_MERCHANT);
    assert_true(r->has_winner);
    assert_memory_equal(r->winner_sale, sold, ID_SIZE);
    assert_string_equal(r->winner_till, "kasse1");
    assert_int_equal(r->winner_time_ms, at);
    assert_int_equal(report(s, at + 2000, at + 2001, 0).n, 1); /* the range is of the return */
    assert_int_equal(report(s, 0, at + 2000, 0).n, 0);
    assert_int_equal(report(s, 0, TIME_MAX, 77).n, 1);
}

/* The sale is voided where it was made, and its goods come back elsewhere at the same time. */
static void a_return_of_what_was_voided_is_a_conflict_whole(void **state)
{
    struct shop *s = *state;
    uint8_t sold[ID_SIZE], refund[ID_SIZE];
    struct commit_info info;
    int64_t sale = sell(&s->c, "A", 3000, &s->ours, 1, 1, sold);
    counter_hear(&s->c);
    int64_t there = take_back(&s->other, "A", "RB", refund);
    s->c.cut = s->other.cut = true;
    assert_int_equal(till_commit(s->other.till, there, bytes_str("2"), NULL, 0, &info, NULL), 0);
    go_on(s, 1000);
    assert_int_equal(till_void(s->c.till, sale, NULL), 0);
    counter_hear(&s->other);
    assert_int_equal(report(s, 0, TIME_MAX, 0).n, 0);
    counter_hear(&s->c);
    struct seen seen = report(s, 0, TIME_MAX, 0);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.row[0].of, CONFLICT_OF_RETURN);
    assert_int_equal(seen.row[0].amount, 2700);
    assert_memory_equal(seen.row[0].sale, refund, ID_SIZE);
    assert_memory_equal(seen.row[0].winner_sale, sold, ID_SIZE);
}

/* A till cannot void what another one sold: it gave back what was not its own to give. */
static void a_void_by_another_till_is_a_row_of_its_own(void **state)
{
    struct shop *s = *state;
    struct world_till by = {.name = "rogue", .head = {.epoch = 1}};
    struct world_sale sale = world_sale(&s->w, 3000);
    struct buf message;
    struct commit_info info;
    struct sale_info of;
    buf_init(&message, MESSAGE_MAX);
    int64_t mine = counter_sale(&s->c, "A", 3000);
    info = counter_commit(&s->c, mine);
    counter_hear(&s->c);
    assert_int_equal(till_sale_info(s->c.till, mine, &of, NULL), 0);
    memcpy(sale.id, of.uuid, ID_SIZE);
    counter_lock();
    int rc = cose_key_generate(ALG_ESP256, &by.key);
    world_enrol(&s->w, by.name, &by.key, by.head.d);
    assert_int_equal(
        offer_price(&(struct policy){.version = 2, .currency = bytes_str("EUR"), .tax_included = true},
                    &sale.basket, NULL, NULL, 0, &sale.quote, &s->w.arena, NULL),
        0);
    world_void_message(&s->w, &by, &sale, info.d, &message);
    rc = rc ? rc : world_send(&s->w, buf_view(&message));
    counter_unlock();
    assert_int_equal(rc, 0);
    struct seen seen = report(s, 0, TIME_MAX, 0);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.row[0].of, CONFLICT_OF_VOID);
    assert_string_equal(seen.till[0], "rogue");
    assert_int_equal(seen.row[0].amount, 3000);
    assert_memory_equal(seen.row[0].sale, of.uuid, ID_SIZE);
    assert_memory_equal(seen.row[0].winner_sale, of.uuid, ID_SIZE);
    assert_string_equal(seen.row[0].winner_till, "kasse1");
    cose_key_free(&by.key);
    buf_free(&message);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_double_use_is_one_row_with_both_sales),
        TEST(a_return_takes_off_its_part_and_a_void_all),
        TEST(a_third_use_of_a_coupon_for_two_is_against_the_second),
        TEST(what_goes_beyond_has_no_winner),
        TEST(what_two_tills_took_back_is_one_row_with_both_sales),
        TEST(a_return_of_what_was_voided_is_a_conflict_whole),
        TEST(a_void_by_another_till_is_a_row_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
