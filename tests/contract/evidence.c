/* What every store must do for an audit and for an erasure (plugin/store/store.h): on a SQLite file, or on
 * the server that TILLPROOF_TEST_STORE names. */
#include "contract/spot.h"
#include "store/erased.h"
#include "store/evidence.h"
#include "support/cm.h"

#include <stdio.h>

/* A kept link with a person part; its D begins with that byte. */
static void keep(struct spot *p, uint8_t first)
{
    struct statement st = {
        .kind = KIND_LINK, .raw = bytes_str("a link"), .person = bytes_str("somebody"), .d = {first}};
    bool fresh = false;
    assert_int_equal(store_statement_put(p->s, &st, 1000, &fresh), 0);
    assert_true(fresh);
}

struct seen {
    int64_t n;
    bool person;
    char text[512];
};

static int see(struct seen *seen, const struct stored *row)
{
    seen->n++;
    seen->person = row->person.p != NULL;
    seen->text[0] = 0;
    if (row->residue.p) {
        snprintf(seen->text, sizeof seen->text, "%.*s", (int)row->residue.n, (const char *)row->residue.p);
    }
    return 0;
}

static int see_leaf(void *arg, const struct leaf_row *leaf, const struct stored *row)
{
    struct seen *seen = arg;
    assert_int_equal(leaf->index, seen->n);
    assert_int_equal(row->d[0], leaf->d[0]);
    return see(seen, row);
}

static int see_waiting(void *arg, const struct stored *row)
{
    return see(arg, row);
}

/* Of the three that are kept, the second. */
static int see_second(void *arg, const struct stored *row)
{
    return row->d[0] == 2 ? see(arg, row) : 0;
}

static void leaves_and_waiting_statements_come_whole_and_in_order(void **state)
{
    struct spot *p = *state;
    struct seen seen = {0};
    for (uint8_t i = 1; i <= 3; i++) {
        struct leaf_row leaf = {.index = i - 1, .d = {i}};
        keep(p, i);
        assert_int_equal(i < 3 ? store_leaf_put(p->s, &leaf) : store_leaf_wait(p->s, leaf.d), 0);
    }
    assert_int_equal(store_logged(p->s, see_leaf, &seen), 0);
    assert_true(seen.n == 2 && seen.person && !seen.text[0]);
    seen.n = 0;
    assert_int_equal(store_unlogged_each(p->s, see_waiting, &seen), 0);
    assert_true(seen.n == 1 && seen.person);
}

static void what_was_erased_is_counted_in_one_hash(void **state)
{
    struct spot *p = *state;
    uint8_t d[3][HASH_SIZE] = {{1}, {2}, {3}}, none[HASH_SIZE] = {0}, one[HASH_SIZE], two[HASH_SIZE],
            again[HASH_SIZE];
    struct seen seen = {0};
    struct buf residue;
    int64_t n = 7, which = 0;
    for (uint8_t i = 1; i <= 3; i++) {
        keep(p, i);
    }
    buf_init(&residue, 100);
    assert_int_equal(store_erased_digest(p->s, INT64_MAX, &n, one), 0);
    assert_int_equal(n, 0);
    assert_memory_equal(one, none, HASH_SIZE);
    assert_int_equal(store_erased(p->s, d[1], &residue), STORE_NOT_FOUND);
    assert_int_equal(store_erased_put(p->s, d[1], bytes_str("what stays")), 0);
    assert_int_equal(store_erased_put(p->s, d[1], bytes_str("something else")), 0); /* it stays as it was */
    assert_int_equal(store_person_drop(p->s, d[1]), 0);
    assert_int_equal(store_erased(p->s, d[1], &residue), 0);
    assert_true(bytes_is(buf_view(&residue), "what stays"));
    assert_int_equal(store_statements(p->s, UINT32_MAX, 0, INT64_MAX, see_second, &seen), 0);
    assert_true(seen.n == 1 && !seen.person);
    assert_string_equal(seen.text, "what stays");
    assert_int_equal(store_erased_digest(p->s, INT64_MAX, &n, one), 0);
    assert_int_equal(n, 1);
    assert_memory_not_equal(one, none, HASH_SIZE);
    /* Neither the order in which they went nor what came after the asked place counts. */
    assert_int_equal(store_erased_put(p->s, d[0], bytes_str("")), 0);
    assert_int_equal(store_erased_digest(p->s, INT64_MAX, &n, two), 0);
    assert_int_equal(n, 2);
    assert_memory_not_equal(two, one, HASH_SIZE);
    assert_int_equal(store_erased_since(p->s, 0, &which), 0);
    assert_int_equal(store_erased_digest(p->s, which, &n, again), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_erased_since(p->s, which + 1, &n), STORE_NOT_FOUND);
    buf_free(&residue);
}

static int add_text(void *arg, struct bytes line)
{
    struct seen *seen = arg;
    size_t n = strlen(seen->text);
    seen->n++;
    snprintf(seen->text + n, sizeof seen->text - n, "%.*s\n", (int)line.n, (const char *)line.p);
    return 0;
}

static int add_head(void *arg, const struct record_row *row)
{
    struct seen *seen = arg;
    size_t n = strlen(seen->text);
    snprintf(seen->text + n, sizeof seen->text - n, "%.*s %lld/%lld ", (int)row->till.n,
             (const char *)row->till.p, (long long)row->epoch, (long long)row->seq);
    return 0;
}

static void figures_and_heads_are_the_same_everywhere(void **state)
{
    struct spot *p = *state;
    struct seen seen = {0};
    struct batch_row batch = {
        .number = 5, .first = 0, .last = 9, .exp = 1, .channel = "email", .campaign = ""};
    batch.offer[0] = 0xab;
    assert_int_equal(store_batch_put(p->s, &batch), 0);
    assert_int_equal(store_tally_add(p->s, batch.offer, 2, 300), 0);
    assert_int_equal(store_figures(p->s, add_text, &seen), 0);
    assert_string_equal(seen.text, "batch|5|ab00000000000000|0|9|email|\ntally|ab00000000000000|2|300\n");
    for (int64_t seq = 1; seq <= 3; seq++) {
        struct record_row row = {.till = bytes_str(seq < 3 ? "t1" : "t2"), .epoch = 1, .seq = seq};
        row.d[0] = (uint8_t)seq;
        assert_int_equal(store_record_put(p->s, &row), 0);
    }
    seen.text[0] = 0;
    assert_int_equal(store_heads(p->s, add_head, &seen), 0);
    assert_string_equal(seen.text, "t1 1/2 t2 1/3 ");
}

static int count_d(void *arg, const uint8_t *d)
{
    (void)d;
    ++*(int64_t *)arg;
    return 0;
}

static int count_link(void *arg, const struct link_row *row)
{
    (void)row;
    ++*(int64_t *)arg;
    return 0;
}

static void a_person_is_found_and_dropped(void **state)
{
    struct spot *p = *state;
    const uint8_t commit[HASH_SIZE] = {9}, none[HASH_SIZE] = {0};
    struct link_row row = {
        .card = {7}, .offer = {1}, .d = {3}, .till = "t1", .channel = "app", .customer = "Anna"};
    int64_t n = 0;
    assert_int_equal(store_link_put(p->s, &row), 0);
    row.offer[0] = 2;
    assert_int_equal(store_link_put(p->s, &row), 0);
    row.d[0] = 4;
    row.customer[0] = 0;
    assert_int_equal(store_link_put(p->s, &row), 0);
    assert_int_equal(store_visit_put(p->s, row.card, commit, true), 0);
    assert_int_equal(store_links_of_card(p->s, row.card, false, count_d, &n), 0);
    assert_int_equal(n, 2);
    n = 0;
    assert_int_equal(store_links_of_card(p->s, row.card, true, count_d, &n), 0);
    assert_int_equal(n, 1);
    n = 0;
    assert_int_equal(store_links_of_customer(p->s, "Anna", count_d, &n), 0);
    assert_int_equal(store_cards_of_customer(p->s, "Anna", count_d, &n), 0);
    assert_int_equal(store_visits_of(p->s, row.card, count_d, &n), 0);
    assert_int_equal(n, 3);
    n = 0;
    assert_int_equal(store_links_of_customer(p->s, "", count_d, &n), 0); /* nobody's name */
    assert_int_equal(store_visits_of(p->s, none, count_d, &n), 0);
    assert_int_equal(store_reversals_alone(p->s, count_d, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(store_link_twins(p->s, row.card, row.offer, count_link, &n), 0);
    assert_int_equal(n, 2);
    n = 0;
    assert_int_equal(store_link_rows(p->s, row.d, count_link, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_person_drop(p->s, row.d), 0);
    assert_int_equal(store_person_drop(p->s, commit), 0);
    assert_int_equal(store_claims_forget(p->s, row.card), 0);
    n = 0;
    assert_int_equal(store_links_of_card(p->s, row.card, false, count_d, &n), 0);
    assert_int_equal(store_visits_of(p->s, row.card, count_d, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_count_to(p->s, "x", 7), 0);
    assert_int_equal(store_count_on(p->s, "x"), 0);
    assert_int_equal(store_count(p->s, "x", &n), 0);
    assert_int_equal(n, 8);
    int rc = store_scrub(p->s);
    assert_true(rc == 0 || rc == TP_UNSUPPORTED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(leaves_and_waiting_statements_come_whole_and_in_order), T(what_was_erased_is_counted_in_one_hash),
        T(figures_and_heads_are_the_same_everywhere), T(a_person_is_found_and_dropped)};
    take_server();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
