/* Who is shown which statements, page by page. */
#include "publish/publish.h"
#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>

struct scene {
    struct world w;
    struct store *s;
    struct offer ours, theirs;
    uint8_t early[HASH_SIZE]; /* D of a commit whose return came before it */
};

static struct offer publish(struct world *w, const char *id, const char *funder)
{
    struct offer o = world_offer(w, id, 10000);
    o.funder = bytes_str(funder);
    world_publish(w, &o);
    return o;
}

/* One sale of our offer whose return comes first, one of theirs with its return, and a link to both. */
static int setup(void **state)
{
    struct scene *c = test_calloc(1, sizeof *c);
    struct world *w = &c->w;
    struct buf late, message;
    uint8_t d[HASH_SIZE];
    int64_t added = 0;
    world_open(w, 2);
    c->ours = publish(w, "ours", "us");
    c->theirs = publish(w, "theirs", "them");
    world_batch(w, 1, &c->ours, 5, "email", "");
    world_batch(w, 2, &c->theirs, 5, "email", "");
    buf_init(&late, MESSAGE_MAX);
    buf_init(&message, MESSAGE_MAX);
    struct world_sale a = world_sale(w, 1000), b = world_sale(w, 1000);
    a.coupons[a.coupon_count++] = world_coupon(w, &c->ours, 1, 0);
    b.coupons[b.coupon_count++] = world_coupon(w, &c->theirs, 2, 0);
    assert_int_equal(world_hold(w, &w->tills[0], &a), 0);
    assert_int_equal(world_hold(w, &w->tills[1], &b), 0);
    world_commit_message(w, &w->tills[0], &a, &late, c->early);
    world_return_message(w, &w->tills[0], &a, c->early, 1000, &message, NULL);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    assert_int_equal(world_commit(w, &w->tills[1], &b, d), 0);
    buf_reset(&message);
    world_return_message(w, &w->tills[1], &b, d, 1000, &message, NULL);
    world_link_message(w, &w->tills[1], LINK_ADD, world_handle(w, "card"), &c->ours, "app", &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    assert_int_equal(world_send(w, buf_view(&late)), 0);
    buf_free(&late);
    buf_free(&message);
    do {
        assert_int_equal(authority_log(w->authority, &added, NULL), 0);
    } while (added);
    assert_int_equal(store_open(w->db, w->id, 0, &c->s, NULL), 0);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;
    store_close(c->s);
    world_close(&c->w);
    test_free(c);
    return 0;
}

enum { MOST = 64 };
struct shown {
    size_t n;
    int64_t index[MOST];
    enum kind kind[MOST];
    bool lines[MOST], person[MOST];
};

/* Takes one page apart, as who reads it would. */
static void read_page(struct scene *c, const struct page *page, struct shown *out)
{
    struct dec d;
    dec_init(&d, buf_view(&page->body));
    while (!dec_done(&d)) {
        struct statement st;
        size_t count;
        assert_true(out->n < MOST);
        assert_int_equal(dec_array(&d, &count), 0);
        assert_int_equal(count, 2);
        assert_int_equal(dec_int(&d, &out->index[out->n]), 0);
        enum cbor_kind kind;
        assert_int_equal(dec_peek(&d, &kind), 0);
        if (kind == CBOR_ARRAY) {
            assert_int_equal(message_next(&d, &c->w.arena, &st, NULL), 1);
        } else {
            struct bytes raw;
            assert_int_equal(dec_item(&d, &raw), 0);
            assert_int_equal(statement_parse(raw, &c->w.arena, &st, NULL), 0);
        }
        out->kind[out->n] = st.kind;
        out->lines[out->n] = st.lines.p;
        out->person[out->n++] = st.person.p;
    }
}

static void read_all(struct scene *c, const struct visitor *who, int64_t limit, struct shown *out)
{
    int64_t from = 0;
    *out = (struct shown){0};
    do {
        char query[64];
        struct page page;
        snprintf(query, sizeof query, "from=%lld&limit=%lld", (long long)from, (long long)limit);
        assert_int_equal(
            publish_page(c->s, who, NULL, bytes_str("/v1/statements"), bytes_str(query), &page, NULL), 0);
        read_page(c, &page, out);
        assert_true(page.next == NONE || page.next > from);
        from = page.next;
        buf_free(&page.body);
    } while (from != NONE);
}

static size_t count_of(const struct shown *shown, enum kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < shown->n; i++) {
        n += shown->kind[i] == kind;
    }
    return n;
}

static void a_funder_is_shown_what_names_its_offers(void **state)
{
    const struct visitor us = {.role = ROLE_FUNDER, .funder = "us"};
    for (int64_t limit = 1; limit <= 3; limit++) {
        struct shown shown;
        read_all(*state, &us, limit, &shown);
        assert_int_equal(shown.n, 5);
        assert_int_equal(count_of(&shown, KIND_OFFER), 1);
        assert_int_equal(count_of(&shown, KIND_BATCH), 1);
        assert_int_equal(count_of(&shown, KIND_LINK), 1);
        assert_int_equal(count_of(&shown, KIND_COMMIT), 1);
        assert_int_equal(count_of(&shown, KIND_REVERSE), 1);
        for (size_t i = 0; i < shown.n; i++) {
            assert_false(shown.lines[i] || shown.person[i]);
        }
    }
}

/* Read on from leaf to leaf, it would be missed at its own place: its commit was not there yet. */
static void a_return_that_came_first_is_shown_with_its_commit(void **state)
{
    const struct visitor us = {.role = ROLE_FUNDER, .funder = "us"};
    struct shown shown;
    read_all(*state, &us, 1000, &shown);
    assert_int_equal(shown.kind[shown.n - 2], KIND_COMMIT);
    assert_int_equal(shown.kind[shown.n - 1], KIND_REVERSE);
    assert_true(shown.index[shown.n - 1] < shown.index[shown.n - 2]);
}

/* A till may say that it takes back what itself takes back, and so on: that leads to nobody's offer, and not
 * deep. */
static void reverses_of_reverses_lead_nowhere(void **state)
{
    struct scene *c = *state;
    struct world *w = &c->w;
    const struct visitor us = {.role = ROLE_FUNDER, .funder = "us"};
    struct buf message;
    struct world_sale s = world_sale(w, 1000);
    uint8_t d[HASH_SIZE];
    int64_t added = 0;
    struct shown before, shown;
    read_all(c, &us, 1000, &before);
    memcpy(d, c->early, HASH_SIZE);
    buf_init(&message, MESSAGE_MAX);
    s.quote = (struct quote){.gross = 1000, .net = 1000, .due = 1000};
    for (int i = 0; i < 200; i++) {
        uint8_t next[HASH_SIZE];
        world_return_message(w, &w->tills[0], &s, d, 1000, &message, next);
        memcpy(d, next, HASH_SIZE);
    }
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    do {
        assert_int_equal(authority_log(w->authority, &added, NULL), 0);
    } while (added);
    read_all(c, &us, 1000, &shown);
    assert_true(shown.n > before.n && shown.n <= before.n + 3);
    buf_free(&message);
}

static void an_auditor_is_shown_the_parts_that_are_released(void **state)
{
    struct shown shown, all;
    const struct visitor merchant = {.role = ROLE_MERCHANT};
    read_all(*state, &merchant, 3, &all);
    static const int64_t each[] = {0, PART_LINES, PART_LINES | PART_PERSON};
    for (size_t k = 0; k < 3; k++) {
        int64_t parts = each[k];
        const struct visitor auditor = {.role = ROLE_AUDITOR, .parts = parts};
        read_all(*state, &auditor, 3, &shown);
        assert_int_equal(shown.n, all.n);
        for (size_t i = 0; i < all.n; i++) {
            assert_int_equal(shown.kind[i], all.kind[i]);
            assert_int_equal(shown.lines[i], all.lines[i] && (parts & PART_LINES));
            assert_int_equal(shown.person[i], all.person[i] && (parts & PART_PERSON));
        }
    }
    for (size_t i = 0; i < all.n; i++) {
        assert_int_equal(all.lines[i], (kinds[all.kind[i]].parts & PART_LINES) != 0);
        assert_int_equal(all.person[i], (kinds[all.kind[i]].parts & PART_PERSON) != 0);
    }
}

static void nobody_is_shown_statements(void **state)
{
    struct scene *c = *state;
    const struct visitor nobody = {.log_open = true}, closed = {0};
    struct page page;
    const struct bytes none = {0};
    assert_int_equal(publish_page(c->s, &nobody, NULL, bytes_str("/v1/statements"), none, &page, NULL),
                     TP_UNKNOWN_TOKEN);
    assert_int_equal(page.body.n, 0);
    buf_free(&page.body);
    assert_int_equal(publish_page(c->s, &nobody, NULL, bytes_str("/checkpoint"), none, &page, NULL), 0);
    buf_free(&page.body);
    assert_int_equal(publish_page(c->s, &closed, NULL, bytes_str("/checkpoint"), none, &page, NULL),
                     TP_UNKNOWN_TOKEN);
    buf_free(&page.body);
    assert_int_equal(publish_page(c->s, &nobody, NULL, bytes_str("/checkpoints"), none, &page, NULL),
                     TP_E_ARGUMENT);
    buf_free(&page.body);
}

static void a_token_opens_until_it_ends_or_is_revoked(void **state)
{
    struct scene *c = *state;
    char text[TOKEN_TEXT_SIZE];
    struct token_row row = {.role = ROLE_FUNDER, .funder = "us", .until_ms = 1000, .revoked_ms = NONE};
    struct visitor who = {.log_open = true};
    assert_int_equal(token_make(&row, text), 0);
    assert_int_equal(token_visitor(c->s, bytes_str(text), 0, &who), TP_UNKNOWN_TOKEN);
    assert_int_equal(store_token_put(c->s, &row), 0);
    assert_int_equal(store_token_put(c->s, &row), TP_E_EXISTS);
    assert_int_equal(token_visitor(c->s, bytes_str(text), 999, &who), 0);
    assert_int_equal(who.role, ROLE_FUNDER);
    assert_string_equal(who.funder, "us");
    assert_true(who.log_open);
    assert_int_equal(token_visitor(c->s, bytes_str(text), 1000, &who), TP_EXPIRED);
    assert_int_equal(store_token_revoke(c->s, row.hash, 5), 0);
    assert_int_equal(store_token_revoke(c->s, row.hash, 9), 0);
    assert_int_equal(token_visitor(c->s, bytes_str(text), 999, &who), TP_REVOKED);
    assert_int_equal(store_token(c->s, row.hash, &row), 0);
    assert_int_equal(row.revoked_ms, 5);
    text[8] = text[8] == 'a' ? 'b' : 'a';
    assert_int_equal(token_visitor(c->s, bytes_str(text), 999, &who), TP_UNKNOWN_TOKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_funder_is_shown_what_names_its_offers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_return_that_came_first_is_shown_with_its_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(reverses_of_reverses_lead_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(an_auditor_is_shown_the_parts_that_are_released, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_is_shown_statements, setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_opens_until_it_ends_or_is_revoked, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
