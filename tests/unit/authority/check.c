/* A message whose signatures were checked ahead is answered to the last byte as one that nobody looked at,
 * and leaves the same behind; and nothing that was found to be good makes up for what the handling finds. */
#include "support/cm.h"
#include "support/world.h"

#include "authority/internal.h"
#include "store/sql.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOK_MS = 1000 };

struct scene {
    struct world w;
    struct offer offer;
    uint32_t coupons;
    struct authority *checker; /* of another thread, in a daemon */
    struct memo good;
    struct buf message, reply, other;
};

static int setup(void **state)
{
    struct scene *c = test_calloc(1, sizeof *c);
    world_open(&c->w, 2);
    c->offer = world_offer(&c->w, "coffee10", 10000);
    world_publish(&c->w, &c->offer);
    world_batch(&c->w, 1, &c->offer, 100, "email", "");
    c->checker = world_another(&c->w);
    buf_init(&c->message, MESSAGE_MAX + 100);
    buf_init(&c->reply, WORLD_REPLY_MAX);
    buf_init(&c->other, WORLD_REPLY_MAX);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;
    authority_close(c->checker);
    memo_free(&c->good);
    buf_free(&c->message);
    buf_free(&c->reply);
    buf_free(&c->other);
    world_close(&c->w);
    test_free(c);
    return 0;
}

static size_t check(struct scene *c)
{
    memo_free(&c->good);
    memo_init(&c->good, c->message.n);
    authority_check(c->checker, buf_view(&c->message), 0, 1, &c->good);
    return c->good.n;
}

static int handle(struct authority *a, struct scene *c, struct memo *good, struct buf *reply)
{
    struct authority_message one = {.request = buf_view(&c->message), .reply = reply, .good = good};
    buf_reset(reply);
    authority_handle_many(a, &one, 1);
    return one.rc;
}

/* The reason of the last answer; 0: none. */
static int said(const struct buf *reply)
{
    struct dec d;
    struct answer a = {0};
    dec_init(&d, buf_view(reply));
    while (answer_next(&d, &a) == 1) {
    }
    assert_true(dec_done(&d));
    return a.kind == ANSWER_PROBLEM ? a.reason : 0;
}

/* Handles it as checked, with the memo that there is. */
static int reason(struct scene *c)
{
    assert_int_equal(handle(c->w.authority, c, &c->good, &c->reply), 0);
    return said(&c->reply);
}

/* ---- messages ---- */

static struct world_sale sale(struct scene *c, int64_t price)
{
    struct world_sale s = world_sale(&c->w, price);
    s.coupons[s.coupon_count++] = world_coupon(&c->w, &c->offer, 1, c->coupons++);
    return s;
}

static void commit_into(struct scene *c, struct world_sale *s)
{
    world_commit_message(&c->w, &c->w.tills[0], s, &c->message, NULL);
}

static void put_commit(struct scene *c)
{
    struct world_sale s = sale(c, 1000);
    assert_int_equal(world_hold(&c->w, &c->w.tills[0], &s), 0);
    commit_into(c, &s);
}

static void spoil(struct bytes *b, struct arena *a)
{
    uint8_t *copy = arena_take(a, 1, b->n);
    memcpy(copy, b->p, b->n);
    copy[b->n - 1] ^= 1; /* of its signature */
    b->p = copy;
}

static void put_forged_grant(struct scene *c)
{
    struct world_sale s = sale(c, 1000);
    assert_int_equal(world_hold(&c->w, &c->w.tills[0], &s), 0);
    spoil(&s.grant, &c->w.arena);
    commit_into(c, &s);
}

static void put_forged_coupon(struct scene *c)
{
    struct world_sale s = sale(c, 1000);
    spoil(&s.coupons[0], &c->w.arena);
    world_alone_message(&c->w, &c->w.tills[0], &s, &c->offer, 100, &c->message, NULL);
}

static void put_alone(struct scene *c)
{
    struct world_sale s = sale(c, 700);
    world_alone_message(&c->w, &c->w.tills[1], &s, &c->offer, 70, &c->message, NULL);
}

static void put_hold(struct scene *c)
{
    struct world_sale s = sale(c, 900);
    world_hold_message(&c->w, &c->w.tills[1], &s, &c->message);
}

/* The statement's own signature: 64 bytes before the parts, which are not the last of it. */
static void spoil_statement(struct scene *c, size_t from)
{
    struct dec d;
    struct statement st;
    struct arena a;
    arena_init(&a, 1 << 20);
    dec_init(&d, bytes_of(c->message.p + from, c->message.n - from));
    assert_int_equal(message_next(&d, &a, &st, NULL), 1);
    c->message.p[(size_t)(st.raw.p - c->message.p) + st.raw.n - 1] ^= 1;
    arena_reset(&a);
}

static void put_bad_commit(struct scene *c)
{
    size_t from = c->message.n;
    struct world_sale s = sale(c, 1000);
    struct world_till t = c->w.tills[0]; /* whose chain does not move */
    world_alone_message(&c->w, &t, &s, &c->offer, 100, &c->message, NULL);
    spoil_statement(c, from);
}

static void put_bad_hold(struct scene *c)
{
    size_t from = c->message.n;
    put_hold(c);
    spoil_statement(c, from);
}

static void put_stranger(struct scene *c)
{
    struct world_till t = {.name = "stranger", .head = {.epoch = 1}};
    struct world_sale s = sale(c, 1000);
    assert_int_equal(cose_key_generate(ALG_ESP256, &t.key), 0);
    world_commit_message(&c->w, &t, &s, &c->message, NULL);
    cose_key_free(&t.key);
}

static void put_other_audience(struct scene *c)
{
    struct world_sale s = sale(c, 1000);
    struct world_till t = c->w.tills[0];
    c->w.id[0] ^= 1;
    world_alone_message(&c->w, &t, &s, &c->offer, 100, &c->message, NULL);
    c->w.id[0] ^= 1;
}

static void put_garbage(struct scene *c)
{
    buf_puts(&c->message, "\x82\x01 what nobody signed");
}

static void put_cut_short(struct scene *c)
{
    put_alone(c);
    c->message.n--;
}

static void put_too_long(struct scene *c)
{
    put_alone(c);
    while (c->message.n <= MESSAGE_MAX) {
        buf_putc(&c->message, 0xF6);
    }
}

static void put_too_many(struct scene *c)
{
    size_t n;
    put_alone(c);
    n = c->message.n;
    for (size_t i = 1; i <= MESSAGE_ITEMS_MAX; i++) {
        buf_put(&c->message, c->message.p, n);
    }
}

static void put_all(struct scene *c)
{
    put_commit(c);
    put_bad_commit(c);
    put_alone(c);
    put_stranger(c);
    put_forged_coupon(c);
    put_bad_hold(c);
    put_garbage(c);
}

/* ---- the same answers ---- */

/* A second authority that has all that the world's has. On a file alone. */
static struct authority *twin(struct world *w, char path[sizeof w->db])
{
    char command[5 * sizeof w->db];
    snprintf(path, sizeof w->db, "%.240s/twin.db", w->dir);
    snprintf(command, sizeof command, "cp '%s' '%s' && cp '%s-wal' '%s-wal'", w->db, path, w->db, path);
    assert_int_equal(system(command), 0);
    char kept[sizeof w->db];
    memcpy(kept, w->db, sizeof kept);
    memcpy(w->db, path, sizeof kept);
    struct authority *a = world_another(w);
    memcpy(w->db, kept, sizeof kept);
    return a;
}

static const char *dump_at(struct world *w, const char path[sizeof w->db])
{
    char kept[sizeof w->db];
    memcpy(kept, w->db, sizeof kept);
    memcpy(w->db, path, sizeof kept);
    const char *text = world_dump(w);
    memcpy(w->db, kept, sizeof kept);
    return text;
}

/* `good`: how many signatures of it can be checked ahead. */
static const struct {
    const char *what;
    void (*put)(struct scene *c);
    size_t good;
    int reason;
} messages[] = {
    {"a commit with its grant and coupon", put_commit, 3, 0},
    {"a commit without a grant", put_alone, 2, 0},
    {"a commit whose grant is forged", put_forged_grant, 2, 0},
    {"a commit whose coupon is forged", put_forged_coupon, 1, 0},
    {"a commit that its till did not sign", put_bad_commit, 0, TP_BAD_SIGNATURE},
    {"a hold that its till did not sign", put_bad_hold, 0, TP_BAD_SIGNATURE},
    {"a till that nobody knows", put_stranger, 0, TP_BAD_SIGNATURE},
    {"for another authority", put_other_audience, 0, TP_BAD_STATEMENT},
    {"garbage", put_garbage, 0, TP_BAD_STATEMENT},
    {"cut short", put_cut_short, 0, TP_BAD_STATEMENT},
    {"too long", put_too_long, 0, TP_BAD_STATEMENT},
    {"one of many items", put_too_many, 2, TP_BAD_STATEMENT},
    {"all of them in one", put_all, 6, TP_BAD_STATEMENT},
};

static void check_alike(struct scene *c, size_t i)
{
    char path[sizeof c->w.db];
    struct memo empty;
    buf_reset(&c->message);
    messages[i].put(c);
    memo_init(&empty, c->message.n);
    struct authority *unchecked = twin(&c->w, path);
    size_t found = check(c);
    if (found != messages[i].good) {
        print_error("%s: %zu signatures were found to be good\n", messages[i].what, found);
    }
    assert_int_equal(found, messages[i].good);
    assert_int_equal(handle(unchecked, c, &empty, &c->other), 0);
    assert_int_equal(reason(c), messages[i].reason);
    /* The handling finds what the checker did, and where that is known, checks none of it again. */
    assert_int_equal(empty.n, found);
    assert_int_equal(c->good.n, found);
    assert_int_equal(c->reply.n, c->other.n);
    assert_memory_equal(c->reply.p, c->other.p, c->reply.n);
    assert_string_equal(world_dump(&c->w), dump_at(&c->w, path));
    authority_close(unchecked);
    memo_free(&empty);
}

static void a_checked_message_is_answered_as_any_other(void **state)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        check_alike(*state, i);
    }
}

/* A grant is signed anew each time: what it says is the same. */
static void a_checked_hold_gets_what_any_other_does(void **state)
{
    struct scene *c = *state;
    struct dec d;
    struct answer a;
    struct statement st;
    put_hold(c);
    assert_int_equal(check(c), 2);
    assert_int_equal(reason(c), 0);
    assert_int_equal(c->good.n, 2);
    dec_init(&d, buf_view(&c->reply));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_int_equal(a.kind, ANSWER_GRANT);
    assert_int_equal(statement_parse(a.statement, &c->w.arena, &st, NULL), 0);
    assert_int_equal(st.payload.grant.verdicts.n, 1);
    assert_int_equal(st.payload.grant.verdicts.v[0].reason, 0);
}

/* Each of them by another thread in a daemon, and of each item somebody has looked at it. */
static void its_parts_together_are_the_whole(void **state)
{
    enum { ITEMS = 12, PARTS = 5 };
    struct scene *c = *state;
    for (size_t i = 0; i < ITEMS; i++) {
        put_alone(c);
    }
    for (size_t parts = 1; parts <= PARTS; parts++) {
        size_t found = 0;
        memo_free(&c->good);
        memo_init(&c->good, c->message.n);
        for (size_t part = parts; part-- > 0;) {
            struct memo one;
            memo_init(&one, c->message.n);
            authority_check(c->checker, buf_view(&c->message), part, parts, &one);
            assert_true(one.n > 0 && one.n <= 2 * (ITEMS / parts + 1));
            found += one.n;
            memo_join(&c->good, &one);
        }
        assert_int_equal(found, 2 * ITEMS); /* none twice */
        assert_int_equal(c->good.n, found);
    }
    assert_int_equal(reason(c), 0);
    assert_int_equal(c->good.n, 2 * ITEMS);
}

/* Each alone, after their transaction failed: the memo goes with the message. */
static int fail_commits;
static const struct backend *real;

static int commit_or_not(struct store *s)
{
    return fail_commits-- > 0 ? TP_E_BUSY : real->commit(s);
}

static void the_memo_outlives_a_transaction_that_failed(void **state)
{
    struct scene *c = *state;
    struct store *s = c->w.authority->config.store;
    struct backend failing = *s->backend;
    put_commit(c);
    assert_int_equal(check(c), 3);
    real = s->backend;
    failing.commit = commit_or_not;
    fail_commits = 1;
    s->backend = &failing;
    assert_int_equal(reason(c), 0);
    s->backend = real;
    assert_true(fail_commits < 1);
    assert_int_equal(c->good.n, 3);
    assert_non_null(strstr(world_dump(&c->w), "sale|"));
}

/* ---- what a memo does not do ---- */

static int end_till(struct world *w, const struct world_till *t)
{
    uint8_t memory[128];
    struct buf key;
    buf_over(&key, memory, sizeof memory);
    cose_key_encode(&t->key, &key);
    struct terminal terminal = {.common = world_common(w),
                                .till = bytes_str(t->name),
                                .store = bytes_str("main"),
                                .epoch = 1,
                                .cose_key = buf_view(&key),
                                .from = w->now - 1,
                                .until = w->now + 86400000,
                                .state = TERMINAL_REVOKED,
                                .from_seq = 1};
    return world_office(w, KIND_TERMINAL, &terminal);
}

static void a_key_that_is_revoked_meanwhile_is_revoked(void **state)
{
    struct scene *c = *state;
    put_hold(c);
    assert_int_equal(check(c), 2);
    assert_int_equal(end_till(&c->w, &c->w.tills[1]), 0);
    assert_int_equal(check(c), 2); /* the checker does not know yet, and need not */
    assert_int_equal(reason(c), TP_REVOKED);
    assert_null(strstr(world_dump(&c->w), "reservation|"));
    buf_reset(&c->message);
    put_alone(c); /* a record of it is kept, and does not count */
    assert_int_equal(check(c), 2);
    assert_int_equal(reason(c), 0);
    assert_int_equal(world_sql(&c->w, "SELECT count(*) FROM sale WHERE merchant = @ AND disputed = 1"), 1);
}

/* Everything in it was found to be good: and then it says something else. */
static void other_bytes_than_those_that_were_checked_gain_nothing(void **state)
{
    struct scene *c = *state;
    put_alone(c);
    assert_int_equal(check(c), 2);
    spoil_statement(c, 0);
    assert_int_equal(reason(c), TP_BAD_SIGNATURE);
    spoil_statement(c, 0);
    for (size_t i = 0; i < c->message.n; i += 7) {
        c->message.p[i] ^= 4;
        assert_true(reason(c) != 0);
        c->message.p[i] ^= 4;
    }
    assert_null(strstr(world_dump(&c->w), "sale|"));
    assert_int_equal(reason(c), 0);
    /* Another message, with the memo of this one. */
    buf_reset(&c->message);
    put_bad_commit(c);
    put_stranger(c);
    assert_int_equal(reason(c), TP_BAD_SIGNATURE);
    assert_int_equal(world_sql(&c->w, "SELECT count(*) FROM sale WHERE merchant = @"), 1);
}

/* ---- what a checker knows ---- */

static void a_checker_learns_of_new_keys_now_and_then(void **state)
{
    struct scene *c = *state;
    struct world *w = &c->w;
    struct world_till late = {.name = "late", .head = {.epoch = 1}};
    struct world_sale s = world_sale(w, 1000);
    assert_int_equal(cose_key_generate(ALG_ESP256, &late.key), 0);
    put_stranger(c); /* it looks, and finds nobody */
    assert_int_equal(check(c), 0);
    world_enrol(w, late.name, &late.key, late.head.d);
    buf_reset(&c->message);
    world_commit_message(w, &late, &s, &c->message, NULL);
    assert_int_equal(check(c), 0);
    w->now += LOOK_MS - 1;
    assert_int_equal(check(c), 0);
    w->now++;
    assert_int_equal(check(c), 1);
    assert_int_equal(check(c), 1);
    memo_free(&c->good);
    assert_int_equal(handle(w->authority, c, NULL, &c->reply), 0); /* and nobody has waited for that */
    assert_int_equal(said(&c->reply), 0);
    cose_key_free(&late.key);
}

/* Coupons are looked at for those alone who signed what carries them. */
static void what_nobody_signed_has_nothing_checked(void **state)
{
    struct scene *c = *state;
    put_bad_hold(c);
    put_bad_commit(c);
    assert_int_equal(check(c), 0);
    assert_null(c->good.v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_checked_message_is_answered_as_any_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checked_hold_gets_what_any_other_does, setup, teardown),
        cmocka_unit_test_setup_teardown(its_parts_together_are_the_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(the_memo_outlives_a_transaction_that_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_that_is_revoked_meanwhile_is_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(other_bytes_than_those_that_were_checked_gain_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_checker_learns_of_new_keys_now_and_then, setup, teardown),
        cmocka_unit_test_setup_teardown(what_nobody_signed_has_nothing_checked, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
