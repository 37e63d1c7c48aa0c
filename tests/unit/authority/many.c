/* Several messages in one transaction: each is answered as if it were alone, whatever becomes of the others
 * and of the transaction. */
#include "store/log.h"
#include "support/cm.h"
#include "support/world.h"

#include "authority/internal.h"
#include "store/sql.h"

#include <stdio.h>

enum { MESSAGES = 6 };

struct group {
    struct world w;
    struct authority_message v[MESSAGES];
    struct buf requests[MESSAGES], replies[MESSAGES];
    struct backend backend;
    const struct backend *real;
};

/* The store of the world's authority, whose transactions fail as a test says. */
static struct {
    const struct backend *real;
    int fail_commits, fail_begins, commits;
} fault;

static int begin(struct store *s, bool write)
{
    return fault.fail_begins ? TP_E_BUSY : fault.real->begin(s, write);
}

static int commit(struct store *s)
{
    fault.commits++;
    if (fault.fail_commits > 0) {
        fault.fail_commits--;
        return TP_E_BUSY;
    }
    return fault.real->commit(s);
}

static struct group *setup_group(size_t tills)
{
    struct group *g = test_calloc(1, sizeof *g);
    world_open(&g->w, tills);
    for (size_t i = 0; i < MESSAGES; i++) {
        buf_init(&g->requests[i], MESSAGE_MAX);
        buf_init(&g->replies[i], WORLD_REPLY_MAX);
    }
    struct store *s = g->w.authority->config.store;
    g->real = s->backend;
    g->backend = *s->backend;
    g->backend.begin = begin;
    g->backend.commit = commit;
    s->backend = &g->backend;
    memset(&fault, 0, sizeof fault);
    fault.real = g->real;
    return g;
}

static void done(struct group *g)
{
    g->w.authority->config.store->backend = g->real;
    for (size_t i = 0; i < MESSAGES; i++) {
        buf_free(&g->requests[i]);
        buf_free(&g->replies[i]);
    }
    world_close(&g->w);
    test_free(g);
}

static void handle(struct group *g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_reset(&g->replies[i]);
        g->v[i] = (struct authority_message){buf_view(&g->requests[i]), &g->replies[i], 1, NULL};
    }
    authority_handle_many(g->w.authority, g->v, n);
}

/* The reason of the one answer; 0: registered or granted. */
static int said(struct group *g, size_t i)
{
    struct dec d;
    struct answer a = {0};
    assert_int_equal(g->v[i].rc, 0);
    dec_init(&d, buf_view(&g->replies[i]));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_true(dec_done(&d));
    return a.kind == ANSWER_PROBLEM ? a.reason : 0;
}

/* Two sales, a hold, one hold that is too old, and a commit of a till that nobody enrolled. */
static void mixed(struct group *g, struct world_till *stranger)
{
    struct world *w = &g->w;
    struct world_sale s[MESSAGES - 1];
    for (size_t i = 0; i < MESSAGES - 1; i++) {
        s[i] = world_sale(w, 1000 + (int64_t)i);
    }
    world_commit_message(w, &w->tills[0], &s[0], &g->requests[0], NULL);
    world_hold_message(w, &w->tills[1], &s[1], &g->requests[1]);
    w->now -= REQUEST_WINDOW_MS + 1;
    s[2] = world_sale(w, 5);
    world_hold_message(w, &w->tills[1], &s[2], &g->requests[2]);
    w->now += REQUEST_WINDOW_MS + 1;
    world_commit_message(w, stranger, &s[3], &g->requests[3], NULL);
    world_commit_message(w, &w->tills[0], &s[4], &g->requests[4], NULL);
}

static void check_mixed(struct group *g)
{
    static const int reasons[] = {0, 0, TP_STALE, TP_BAD_SIGNATURE, 0};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(said(g, i), reasons[i]);
    }
}

static struct world_till stranger_of(void)
{
    struct world_till t = {.name = "stranger", .head = {.epoch = 1}};
    assert_int_equal(cose_key_generate(ALG_ESP256, &t.key), 0);
    return t;
}

static void each_is_answered_as_if_alone_by_one_commit(void **state)
{
    struct group *g = setup_group(2);
    struct world_till stranger = stranger_of();
    (void)state;
    mixed(g, &stranger);
    handle(g, 5);
    assert_int_equal(fault.commits, 1);
    check_mixed(g);
    assert_non_null(strstr(world_dump(&g->w), "sale|"));
    const char *before = world_dump(&g->w);
    handle(g, 5); /* repeated: nothing changes, and the answers are the same */
    check_mixed(g);
    assert_string_equal(world_dump(&g->w), before);
    assert_int_equal(authority_rebuild(g->w.authority, NULL), 0);
    assert_string_equal(world_dump(&g->w), before);
    cose_key_free(&stranger.key);
    done(g);
}

static void a_commit_that_fails_costs_nobody_an_answer(void **state)
{
    struct group *g = setup_group(2);
    struct world_till stranger = stranger_of();
    (void)state;
    mixed(g, &stranger);
    fault.fail_commits = 1;
    handle(g, 5);
    assert_true(fault.commits > 3); /* each alone, then */
    check_mixed(g);
    cose_key_free(&stranger.key);
    done(g);
}

/* The first is a till's enrolment, by which alone the second's signature counts. What the handle learned of
 * it in the transaction that failed must not outlive it. */
static void what_was_undone_is_not_remembered(void **state)
{
    struct group *g = setup_group(1);
    struct world *w = &g->w;
    struct world_till late = stranger_of();
    struct world_sale s = world_sale(w, 700);
    struct authority_message only;
    (void)state;
    world_enrol_message(w, late.name, &late.key, late.head.d, &g->requests[0]);
    world_commit_message(w, &late, &s, &g->requests[1], NULL);
    fault.fail_commits = 1 + 4; /* the group, and every try of the first message alone */
    handle(g, 2);
    assert_int_equal(g->v[0].rc, TP_E_BUSY);
    assert_int_equal(g->v[1].rc, TP_E_BUSY);
    assert_int_equal(g->replies[0].n + g->replies[1].n, 0);
    only = (struct authority_message){buf_view(&g->requests[1]), &g->replies[1], 1, NULL};
    g->v[1] = only;
    authority_handle_many(w->authority, &g->v[1], 1);
    assert_int_equal(said(g, 1), TP_BAD_SIGNATURE);
    handle(g, 2);
    assert_int_equal(said(g, 0), 0);
    assert_int_equal(said(g, 1), 0);
    cose_key_free(&late.key);
    done(g);
}

static void a_store_that_is_gone_answers_busy_and_keeps_nothing(void **state)
{
    struct group *g = setup_group(2);
    struct world_till stranger = stranger_of();
    (void)state;
    mixed(g, &stranger);
    fault.fail_begins = 1;
    handle(g, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(g->v[i].rc, TP_E_BUSY);
        assert_int_equal(g->replies[i].n, 0);
    }
    fault.fail_begins = 0;
    assert_null(strstr(world_dump(&g->w), "sale|"));
    handle(g, 5);
    check_mixed(g);
    cose_key_free(&stranger.key);
    done(g);
}

static void offer_message(struct world *w, const struct offer *o, struct buf *out)
{
    struct offer_statement s = {.common = world_common(w), .terms = *o};
    struct buf envelope;
    buf_init(&envelope, ENVELOPE_MAX);
    assert_int_equal(
        statement_sign(KIND_OFFER, &s, bytes_str("merchant"), &w->merchant, &envelope, NULL, NULL), 0);
    message_put(out, KIND_OFFER, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    buf_free(&envelope);
}

/* A version that comes between two sales is what the second one is ranked by; `undone`: also when the group
 * that brought it was undone, and each came again. */
static void check_version_between(int undone)
{
    struct group *g = setup_group(1);
    struct world *w = &g->w;
    struct offer o = world_offer(w, "coffee10", 10000);
    uint8_t d[2][HASH_SIZE];
    world_publish(w, &o);
    world_batch(w, 1, &o, 10, "email", "");
    for (uint32_t i = 0; i < 2; i++) {
        struct world_sale sale = world_sale(w, 1000);
        sale.coupons[sale.coupon_count++] = world_coupon(w, &o, 1, i);
        world_alone_message(w, &w->tills[0], &sale, &o, 100, &g->requests[2 * i], d[i]);
    }
    o.version = 2;
    o.total = 1;
    offer_message(w, &o, &g->requests[1]);
    fault.fail_commits = undone;
    handle(g, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(said(g, i), 0);
    }
    assert_int_equal(world_redemption(w, d[0], 0).outcome, TP_CONFLICT);
    assert_int_equal(world_redemption(w, d[1], 0).outcome, TP_LIMIT_REACHED);
    done(g);
}

static void what_is_known_of_an_offer_ends_when_another_version_comes(void **state)
{
    (void)state;
    check_version_between(0);
    check_version_between(1);
}

/* More than two batches of leaves in one message's group, all in the log when it is answered. */
static void a_group_writes_the_log_for_all_it_brought(void **state)
{
    struct group *g = setup_group(1);
    struct world *w = &g->w;
    struct store *s = w->authority->config.store;
    int64_t waiting = 0;
    (void)state;
    for (int i = 0; i < 3 * LOG_BATCH; i++) {
        struct world_sale sale = world_sale(w, 100 + i);
        world_commit_message(w, &w->tills[0], &sale, &g->requests[0], NULL);
    }
    handle(g, 1);
    assert_int_equal(g->v[0].rc, 0);
    assert_int_equal(store_leaves_waiting(s, LOG_BATCH, &waiting), 0);
    assert_true(waiting < LOG_BATCH);
    done(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_answered_as_if_alone_by_one_commit),
        cmocka_unit_test(a_commit_that_fails_costs_nobody_an_answer),
        cmocka_unit_test(what_was_undone_is_not_remembered),
        cmocka_unit_test(what_is_known_of_an_offer_ends_when_another_version_comes),
        cmocka_unit_test(a_store_that_is_gone_answers_busy_and_keeps_nothing),
        cmocka_unit_test(a_group_writes_the_log_for_all_it_brought),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
