/*
 * A till that was leased something beforehand spends it without a line: once each, over restarts, in its
 * time; gives back what is left; and is given anew. The authority's sums come out to the last use.
 */
#include "counter.h"

#include <stdio.h>
#include <stdlib.h>

struct shop {
    struct world w;
    struct counter c, other;
    struct offer uses, money, gift, bound;
};

static const struct lease_terms three = {3, NONE, 24}, tenner = {NONE, 1000, 24};

static struct offer leased(struct world *w, const char *id, const struct lease_terms *terms, int64_t batch,
                           const char *till)
{
    struct offer o = world_offer(w, id, 10000);
    o.offline = OFFLINE_LEASE;
    o.lease = terms;
    o.bears = BEARS_ISSUER;
    if (terms == &tenner) {
        o.budget = 2000;
        o.offline_cap = 600;
    }
    if (!batch) {
        o.redeem = REDEEM_AUTOMATIC;
        o.total = 6;
    }
    world_publish(w, &o);
    if (batch) {
        struct batch b = {.common = world_common(w),
                          .number = batch,
                          .last = COUNTER_LAST,
                          .channel = bytes_str("email"),
                          .exp = w->now / 1000 + 86400 * 30,
                          .till = till ? bytes_str(till) : (struct bytes){0}};
        memcpy(b.offer, o.ref, REF_SIZE);
        assert_int_equal(world_office(w, KIND_BATCH, &b), 0);
    }
    return o;
}

static int setup(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    world_open(&s->w, 0);
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

static void publish_uses(struct shop *s)
{
    counter_lock();
    s->uses = leased(&s->w, "uses", &three, 1, NULL);
    counter_unlock();
    counter_hear(&s->c);
}

static int64_t held(struct counter *c, const char *reference, int64_t price, const struct offer *o,
                    uint32_t batch, uint32_t index)
{
    int64_t sale = counter_sale(c, reference, price);
    if (batch) {
        assert_int_equal(counter_present(c, sale, o, batch, index), 0);
    }
    counter_hold(c, sale);
    return sale;
}

static struct redemption_row redemption_of(struct shop *s, const struct commit_info *info)
{
    counter_lock();
    struct redemption_row row = world_redemption(&s->w, info->d, 0);
    counter_unlock();
    return row;
}

static bool in_tables(struct shop *s, const char *what)
{
    counter_lock();
    bool found = strstr(world_dump(&s->w), what) != NULL;
    counter_unlock();
    return found;
}

/* How many leases the till's file has been given, and how many it has returned. */
static int64_t returned(struct counter *c)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM record WHERE kind = %d", KIND_LEASE_RETURN);
    return counter_ask(c, sql);
}

static void a_lease_is_spent_without_a_line_and_not_once_more(void **state)
{
    struct shop *s = *state;
    struct commit_info info[3];
    char reference[8];
    publish_uses(s);
    s->c.cut = true;
    for (uint32_t i = 0; i < 3; i++) {
        snprintf(reference, sizeof reference, "A%u", i);
        int64_t sale = held(&s->c, reference, 2000, &s->uses, 1, i);
        assert_int_equal(counter_quote(&s->c, sale).due, 1800);
        info[i] = counter_commit(&s->c, sale);
        assert_false(info[i].binding);
        assert_int_equal(info[i].redemptions, 1);
        counter_pass(&s->c, 1000);
    }
    int64_t sale = held(&s->c, "B", 2000, &s->uses, 1, 5);
    assert_int_equal(counter_quote(&s->c, sale).due, 2000);
    assert_int_equal(counter_outcome(&s->c, sale, &s->uses), TP_OFFLINE_DENIED);
    assert_int_equal(counter_ask(&s->c, "SELECT reason FROM decided WHERE stage = 0"), TP_OFFLINE_DENIED);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM leased"),
                     6); /* at the hold, and at the commit */
    counter_hear(&s->c);
    for (int i = 0; i < 3; i++) {
        struct redemption_row r = redemption_of(s, &info[i]);
        assert_int_equal(r.outcome, 0);
        assert_true(r.lease > 0 && r.grant == r.lease);
    }
    /* with the line came the next lease */
    counter_hear(&s->c);
    s->c.cut = true;
    sale = held(&s->c, "C", 2000, &s->uses, 1, 5);
    assert_int_equal(counter_quote(&s->c, sale).due, 1800);
}

static void two_open_sales_do_not_both_take_the_last_use(void **state)
{
    struct shop *s = *state;
    publish_uses(s);
    s->c.cut = true;
    counter_commit(&s->c, held(&s->c, "A", 2000, &s->uses, 1, 0));
    counter_commit(&s->c, held(&s->c, "B", 2000, &s->uses, 1, 1));
    int64_t first = held(&s->c, "C", 2000, &s->uses, 1, 2), second = held(&s->c, "D", 2000, &s->uses, 1, 3);
    assert_int_equal(counter_quote(&s->c, first).due, 1800);
    assert_int_equal(counter_quote(&s->c, second).due, 2000);
    /* the payment fails: it is free for the other one */
    assert_int_equal(till_release(s->c.till, first, NULL), 0);
    assert_int_equal(counter_hold(&s->c, second).due, 1800);
    assert_int_equal(counter_hold(&s->c, first).due, 2000);
    assert_int_equal(counter_commit(&s->c, second).redemptions, 1);
    assert_int_equal(counter_commit(&s->c, first).redemptions, 0);
    counter_hear(&s->c);
    assert_false(in_tables(s, "|33|")); /* conflict */
}

static void what_is_spent_stays_so_over_a_restart_and_a_void_gives_it_back(void **state)
{
    struct shop *s = *state;
    publish_uses(s);
    s->c.cut = true;
    int64_t a = held(&s->c, "A", 2000, &s->uses, 1, 0);
    counter_commit(&s->c, a);
    counter_commit(&s->c, held(&s->c, "B", 2000, &s->uses, 1, 1));
    int64_t open = held(&s->c, "C", 2000, &s->uses, 1, 2);
    assert_int_equal(counter_quote(&s->c, open).due, 1800);
    counter_restart(&s->c, true);
    /* the sale that was open is one no more, and its use is free */
    counter_commit(&s->c, held(&s->c, "D", 2000, &s->uses, 1, 3));
    int64_t none = held(&s->c, "E", 2000, &s->uses, 1, 4);
    assert_int_equal(counter_quote(&s->c, none).due, 2000);
    assert_int_equal(till_void(s->c.till, a, NULL), 0);
    assert_int_equal(counter_hold(&s->c, none).due, 1800);
    counter_commit(&s->c, none);
    counter_hear(&s->c);
    assert_false(in_tables(s, "|33|"));
}

static void a_lease_ends_by_trusted_time_and_goes_back(void **state)
{
    struct shop *s = *state;
    publish_uses(s);
    s->c.cut = true;
    int64_t told = held(&s->c, "A", 2000, &s->uses, 1, 0);
    assert_int_equal(counter_quote(&s->c, told).due, 1800);
    counter_pass(&s->c, 24 * HOUR_MS - 1);
    int64_t last = held(&s->c, "B", 2000, &s->uses, 1, 1);
    assert_int_equal(counter_quote(&s->c, last).due, 1800);
    counter_commit(&s->c, last);
    int64_t over = held(&s->c, "C", 2000, &s->uses, 1, 2);
    assert_int_equal(counter_quote(&s->c, over).due, 1800); /* told a moment too early */
    counter_pass(&s->c, 1);
    assert_int_equal(counter_quote(&s->c, over).due, 2000);
    assert_int_equal(counter_outcome(&s->c, over, &s->uses), TP_OFFLINE_DENIED);
    assert_int_equal(counter_commit(&s->c, over).redemptions, 0);
    assert_int_equal(returned(&s->c), 0); /* nobody hears it */
    counter_hear(&s->c);
    counter_hear(&s->c);
    assert_int_equal(returned(&s->c), 1);
    assert_false(in_tables(s, "|33|"));
    /* one was spent, two came back, and three were given anew, which a restart does not confuse */
    assert_true(in_tables(s, "|kasse1|0|1|3|2|0|"));
    s->c.cut = true;
    counter_restart(&s->c, false);
    assert_int_equal(s->c.till->replica.lease_count, 1);
    int64_t next = held(&s->c, "D", 2000, &s->uses, 1, 2);
    assert_int_equal(counter_quote(&s->c, next).due, 1800);
}

static void a_day_is_closed_without_leases_where_others_can_be_had(void **state)
{
    struct shop *s = *state;
    struct day_info day;
    publish_uses(s);
    s->c.cut = true;
    counter_commit(&s->c, held(&s->c, "A", 2000, &s->uses, 1, 0));
    assert_int_equal(till_day_close(s->c.till, &day, NULL), 0);
    assert_int_equal(returned(&s->c), 0); /* without a line it keeps what it has */
    counter_commit(&s->c, held(&s->c, "B", 2000, &s->uses, 1, 1));
    counter_hear(&s->c);
    int64_t kept = held(&s->c, "C", 2000, &s->uses, 1, 2); /* by a grant: it takes nothing of the lease */
    assert_int_equal(till_day_close(s->c.till, &day, NULL), 0);
    assert_int_equal(day.sales, 1);
    int64_t gone = returned(&s->c);
    assert_true(gone >= 1);
    assert_true(counter_commit(&s->c, kept).binding);
    counter_hear(&s->c);
    counter_hear(&s->c);
    assert_false(in_tables(s, "|33|"));
    s->c.cut = true;
    int64_t next = held(&s->c, "D", 2000, &s->uses, 1, 3);
    assert_int_equal(counter_quote(&s->c, next).due, 1800);
    /* the close counts what lies before it, with what went back */
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM record WHERE kind = 14"), 2);
}

/* A lease that an open sale was told a price with is not given back under it. */
static void what_was_promised_is_not_given_back(void **state)
{
    struct shop *s = *state;
    struct day_info day;
    publish_uses(s);
    s->c.cut = true;
    counter_commit(&s->c, held(&s->c, "A", 2000, &s->uses, 1, 0));
    int64_t open = held(&s->c, "B", 2000, &s->uses, 1, 1);
    counter_hear(&s->c);
    assert_int_equal(till_day_close(s->c.till, &day, NULL), 0);
    int64_t before = returned(&s->c);
    assert_int_equal(counter_quote(&s->c, open).due, 1800);
    assert_int_equal(counter_commit(&s->c, open).redemptions, 1);
    counter_hear(&s->c);
    assert_int_equal(returned(&s->c), before);
    assert_false(in_tables(s, "|33|"));
}

static void an_offer_that_leases_no_more_gets_its_leases_back(void **state)
{
    struct shop *s = *state;
    publish_uses(s);
    counter_lock();
    s->uses.version = 2;
    s->uses.offline = OFFLINE_DENY;
    s->uses.lease = NULL;
    world_publish(&s->w, &s->uses);
    counter_unlock();
    counter_hear(&s->c);
    assert_int_equal(returned(&s->c), 1);
    s->c.cut = true;
    int64_t sale = held(&s->c, "A", 2000, &s->uses, 1, 0);
    assert_int_equal(counter_quote(&s->c, sale).due, 2000);
}

static void a_written_off_lease_is_spent_no_more(void **state)
{
    struct shop *s = *state;
    publish_uses(s);
    struct write_off off = {.till = bytes_str("kasse1"), .uses = 3, .amount = NONE};
    counter_lock();
    off.common = world_common(&s->w);
    memcpy(off.lease, s->c.till->replica.leases[0].d, HASH_SIZE);
    assert_int_equal(world_office(&s->w, KIND_WRITE_OFF, &off), 0);
    counter_unlock();
    counter_hear(&s->c); /* hears of it, */
    counter_hear(&s->c); /* and asks for another one */
    till_lock(s->c.till);
    assert_true(s->c.till->replica.leases[0].closed);
    bool other = s->c.till->replica.lease_count == 2 && !s->c.till->replica.leases[1].closed;
    till_unlock(s->c.till);
    assert_true(other); /* and there is another one in its place */
    assert_int_equal(returned(&s->c), 1);
}

/* The line is back, and what was sold without it is not told yet: the same coupon is not granted once more.
 */
static void a_coupon_that_was_spent_alone_is_told_before_it_is_asked_for(void **state)
{
    struct shop *s = *state;
    counter_lock();
    s->bound = leased(&s->w, "bound", &three, 3, "kasse1");
    counter_unlock();
    counter_hear(&s->c);
    s->c.cut = true;
    struct commit_info alone = counter_commit(&s->c, held(&s->c, "A", 2000, &s->bound, 3, 0));
    assert_int_equal(alone.redemptions, 1);
    till_lock(s->c.till);
    s->c.till->outbox_due = INT64_MAX; /* it was tried in vain, and is not due for a while */
    s->c.cut = false;
    till_unlock(s->c.till);
    int64_t again = held(&s->c, "B", 2000, &s->bound, 3, 0);
    assert_int_equal(counter_quote(&s->c, again).outcome, TP_BINDING);
    assert_int_equal(counter_outcome(&s->c, again, &s->bound), TP_ALREADY_USED);
    assert_int_equal(redemption_of(s, &alone).outcome, 0);
}

/* What is voided behind a write-off belongs to no old lease: the till has its coupons again. */
static void a_void_after_a_write_off_leaves_nothing_to_the_old_lease(void **state)
{
    struct shop *s = *state;
    struct write_off off = {.till = bytes_str("kasse1"), .amount = NONE};
    counter_lock();
    s->bound = leased(&s->w, "bound", &three, 3, "kasse1");
    counter_unlock();
    counter_hear(&s->c);
    int64_t sold = held(&s->c, "A", 2000, &s->bound, 3, 0);
    assert_true(counter_commit(&s->c, sold).binding);
    counter_hear(&s->c);
    counter_lock();
    off.common = world_common(&s->w);
    for (size_t i = 0; i < s->c.till->replica.lease_count; i++) {
        const struct known_lease *k = &s->c.till->replica.leases[i];
        if (k->bound) {
            memcpy(off.lease, k->d, HASH_SIZE);
            off.uses = k->terms.uses - 1; /* one is spent */
        }
    }
    assert_int_equal(world_office(&s->w, KIND_WRITE_OFF, &off), 0);
    counter_unlock();
    counter_hear(&s->c); /* hears of it, and returns it */
    assert_int_equal(till_void(s->c.till, sold, NULL), 0);
    counter_hear(&s->c);
    for (uint32_t i = 0; i < 6; i += 5) {
        int64_t again = held(&s->c, i ? "B" : "C", 2000, &s->bound, 3, i);
        assert_int_equal(counter_outcome(&s->c, again, &s->bound), TP_APPLIED);
    }
    assert_false(in_tables(s, "|33|"));
}

static void money_is_spent_to_the_cent_and_capped(void **state)
{
    struct shop *s = *state;
    counter_lock();
    s->money = leased(&s->w, "money", &tenner, 2, NULL);
    counter_unlock();
    counter_hear(&s->c);
    s->c.cut = true;
    int64_t capped = held(&s->c, "A", 7000, &s->money, 2, 0); /* 700 of at most 600 */
    assert_int_equal(counter_outcome(&s->c, capped, &s->money), TP_OFFLINE_CAP);
    assert_int_equal(counter_quote(&s->c, capped).due, 7000);
    int64_t a = held(&s->c, "B", 5500, &s->money, 2, 1), b = held(&s->c, "C", 4510, &s->money, 2, 2),
            c = held(&s->c, "D", 4500, &s->money, 2, 3);
    assert_int_equal(counter_quote(&s->c, a).due, 4950);
    assert_int_equal(counter_outcome(&s->c, b, &s->money), TP_OFFLINE_CAP); /* 451 of the 450 that are left */
    assert_int_equal(counter_quote(&s->c, c).due, 4050);
    counter_commit(&s->c, a);
    struct commit_info last = counter_commit(&s->c, c);
    counter_hear(&s->c);
    assert_int_equal(redemption_of(s, &last).outcome, 0);
    assert_false(in_tables(s, "|33|"));
}

static void an_automatic_offer_with_a_total_goes_on_by_its_lease(void **state)
{
    struct shop *s = *state;
    counter_lock();
    s->gift = leased(&s->w, "gift", &three, 0, NULL);
    counter_unlock();
    counter_hear(&s->c);
    counter_hear(&s->other);
    s->c.cut = s->other.cut = true;
    int64_t given = 0;
    struct commit_info info;
    char reference[8];
    for (int i = 0; i < 5; i++) {
        snprintf(reference, sizeof reference, "A%d", i);
        info = counter_commit(&s->c, held(&s->c, reference, 1000, &s->gift, 0, 0));
        given += info.redemptions;
        info = counter_commit(&s->other, held(&s->other, reference, 1000, &s->gift, 0, 0));
        given += info.redemptions;
    }
    assert_int_equal(given, 4); /* 3 of 6, then half of the other three */
    counter_hear(&s->c);
    counter_hear(&s->other);
    assert_false(in_tables(s, "|33|"));
}

static void leased_coupons_are_spent_by_their_till_alone(void **state)
{
    struct shop *s = *state;
    counter_lock();
    s->bound = leased(&s->w, "bound", &three, 3, "kasse1");
    counter_unlock();
    counter_hear(&s->c);
    counter_hear(&s->other);
    /* with a line */
    int64_t theirs = held(&s->other, "A", 2000, &s->bound, 3, 0);
    assert_int_equal(counter_outcome(&s->other, theirs, &s->bound), TP_HELD);
    int64_t own = held(&s->c, "A", 2000, &s->bound, 3, 0);
    struct commit_info by_line = counter_commit(&s->c, own);
    assert_true(by_line.binding);
    /* and without */
    s->c.cut = s->other.cut = true;
    theirs = held(&s->other, "B", 2000, &s->bound, 3, 1);
    assert_int_equal(counter_outcome(&s->other, theirs, &s->bound), TP_OFFLINE_DENIED);
    int64_t again = held(&s->c, "B", 2000, &s->bound, 3, 0);
    assert_int_equal(counter_outcome(&s->c, again, &s->bound), TP_ALREADY_USED);
    struct commit_info alone[5];
    char reference[8];
    for (uint32_t i = 1; i <= 5; i++) { /* more than the uses that any coupon may take */
        snprintf(reference, sizeof reference, "C%u", i);
        alone[i - 1] = counter_commit(&s->c, held(&s->c, reference, 2000, &s->bound, 3, i));
        assert_int_equal(alone[i - 1].redemptions, 1);
    }
    counter_hear(&s->c);
    assert_int_equal(redemption_of(s, &by_line).outcome, 0);
    assert_int_equal(redemption_of(s, &by_line).lease, redemption_of(s, &alone[4]).lease);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(redemption_of(s, &alone[i]).outcome, 0);
    }
}

static void leases_of_an_old_epoch_are_given_back_and_not_spent(void **state)
{
    struct shop *s = *state;
    struct err e = {0};
    uint8_t terminal[HASH_SIZE];
    struct cose_key key;
    char path[340];
    publish_uses(s);
    s->c.cut = true;
    counter_commit(&s->c, held(&s->c, "A", 2000, &s->uses, 1, 0));
    till_close(s->c.till, 0);
    s->c.till = NULL;
    snprintf(path, sizeof path, "%s/till.key", s->c.dir);
    assert_int_equal(keyfile_load(path, &key, &e), 0);
    struct buf encoded;
    buf_init(&encoded, 256);
    cose_key_encode(&key, &encoded);
    struct terminal next = {.common = world_common(&s->w),
                            .till = bytes_str("kasse1"),
                            .store = bytes_str("main"),
                            .epoch = 2,
                            .cose_key = buf_view(&encoded),
                            .from = s->w.now,
                            .until = s->w.now + DAY_MS,
                            .from_seq = NONE};
    struct buf envelope, message;
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    counter_lock();
    assert_int_equal(
        statement_sign(KIND_TERMINAL, &next, bytes_str("merchant"), &s->w.merchant, &envelope, terminal, &e),
        0);
    message_put(&message, KIND_TERMINAL, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    assert_int_equal(world_send(&s->w, buf_view(&message)), 0);
    counter_unlock();
    buf_free(&envelope);
    buf_free(&message);
    buf_free(&encoded);
    cose_key_free(&key);
    assert_int_equal(journal_renew(s->c.dir, bytes_str("main"), 2, terminal, &e), 0);
    counter_restart(&s->c, false);
    int64_t sale = held(&s->c, "B", 2000, &s->uses, 1, 1);
    assert_int_equal(counter_quote(&s->c, sale).due, 2000);
    counter_hear(&s->c);
    counter_hear(&s->c);
    assert_int_equal(returned(&s->c), 1);
    assert_false(in_tables(s, "|33|"));
}

static void a_journal_that_was_behind_gives_nothing_back(void **state)
{
    struct shop *s = *state;
    struct err e = {0};
    struct journal *j = NULL;
    struct journal_till row;
    uint8_t terminal[HASH_SIZE] = {7};
    struct journal_news news = {.time_ms = s->w.now, .behind = true};
    till_close(s->other.till, 0);
    s->other.till = NULL;
    assert_int_equal(journal_open(s->other.dir, &j, &e), 0);
    assert_int_equal(journal_news(j, &news, &e), 0);
    assert_int_equal(journal_till(j, &row, &e), 0);
    assert_true(row.behind && row.forgone == 0);
    journal_close(j);
    assert_int_equal(journal_renew(s->other.dir, bytes_str("main"), 2, terminal, &e), 0);
    assert_int_equal(journal_open(s->other.dir, &j, &e), 0);
    assert_int_equal(journal_till(j, &row, &e), 0);
    assert_true(!row.behind && row.forgone == 1);
    journal_close(j);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_lease_is_spent_without_a_line_and_not_once_more),
        TEST(two_open_sales_do_not_both_take_the_last_use),
        TEST(what_is_spent_stays_so_over_a_restart_and_a_void_gives_it_back),
        TEST(a_lease_ends_by_trusted_time_and_goes_back),
        TEST(a_day_is_closed_without_leases_where_others_can_be_had),
        TEST(what_was_promised_is_not_given_back),
        TEST(an_offer_that_leases_no_more_gets_its_leases_back),
        TEST(a_written_off_lease_is_spent_no_more),
        TEST(a_coupon_that_was_spent_alone_is_told_before_it_is_asked_for),
        TEST(a_void_after_a_write_off_leaves_nothing_to_the_old_lease),
        TEST(money_is_spent_to_the_cent_and_capped),
        TEST(an_automatic_offer_with_a_total_goes_on_by_its_lease),
        TEST(leased_coupons_are_spent_by_their_till_alone),
        TEST(leases_of_an_old_epoch_are_given_back_and_not_spent),
        TEST(a_journal_that_was_behind_gives_nothing_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
