/*
 * Messages that concern each other, in one transaction: each is answered, and decided, by what came before it
 * in the same group, as when each comes alone. Every case is run both ways.
 */
#include "unit/authority/group.h"

enum { CAP = 10000 };

static const struct backend *real;
static int commits;

static int commit(struct store *s)
{
    commits++;
    return real->commit(s);
}

/* With a policy under which coupons may be risked. */
static struct group *open_group(bool together)
{
    struct group *g = test_calloc(1, sizeof *g);
    struct zone_step step = {0, 60};
    world_open(&g->w, TILLS);
    struct policy_statement p = {.common = world_common(&g->w),
                                 .terms = {.version = 2,
                                           .currency = bytes_str("EUR"),
                                           .zone = bytes_str("Etc/GMT-1"),
                                           .zone_steps = {&step, 1},
                                           .tax_included = true,
                                           .risk_coupon_cap = CAP,
                                           .risk_hour_cap = CAP,
                                           .offline_age_ms = 86400000}};
    assert_int_equal(world_office(&g->w, KIND_POLICY, &p), 0);
    g->together = together;
    for (size_t i = 0; i < MESSAGES; i++) {
        buf_init(&g->requests[i], MESSAGE_MAX);
        buf_init(&g->replies[i], WORLD_REPLY_MAX);
    }
    struct store *s = g->w.authority->config.store;
    g->real = real = s->backend;
    g->backend = *s->backend;
    g->backend.commit = commit;
    s->backend = &g->backend;
    return g;
}

static void close_group(struct group *g)
{
    g->w.authority->config.store->backend = g->real;
    for (size_t i = 0; i < MESSAGES; i++) {
        buf_free(&g->requests[i]);
        buf_free(&g->replies[i]);
    }
    world_close(&g->w);
    test_free(g);
}

struct buf *next(struct group *g)
{
    assert_true(g->n < MESSAGES);
    return &g->requests[g->n++];
}

void deliver_as(struct group *g, bool falls)
{
    commits = 0;
    for (size_t i = 0; i < g->n; i++) {
        g->v[i] = (struct authority_message){buf_view(&g->requests[i]), &g->replies[i], 1, NULL};
        if (!g->together) {
            g->v[i].rc = authority_handle(g->w.authority, g->v[i].request, g->v[i].reply);
        }
    }
    if (g->together) {
        authority_handle_many(g->w.authority, g->v, g->n);
        assert_true(falls ? commits > 1 : commits == 1);
    }
    for (size_t i = 0; i < g->n; i++) {
        assert_int_equal(g->v[i].rc, 0);
    }
}

void deliver(struct group *g)
{
    deliver_as(g, false);
}

void clear(struct group *g)
{
    for (size_t i = 0; i < g->n; i++) {
        buf_reset(&g->requests[i]);
        buf_reset(&g->replies[i]);
    }
    g->n = 0;
}

static struct answer answer_of(struct group *g, size_t i)
{
    struct dec d;
    struct answer a = {0};
    dec_init(&d, buf_view(&g->replies[i]));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_true(dec_done(&d));
    return a;
}

int said(struct group *g, size_t i)
{
    struct answer a = answer_of(g, i);
    return a.kind == ANSWER_PROBLEM ? a.reason : 0;
}

/* The grant that message i was answered with. */
struct grant grant_of(struct group *g, size_t i)
{
    struct answer a = answer_of(g, i);
    struct statement st;
    assert_int_equal(a.kind, ANSWER_GRANT);
    assert_int_equal(statement_parse(arena_copy(&g->w.arena, a.statement), &g->w.arena, &st, NULL), 0);
    return st.payload.grant;
}

int verdict(struct group *g, size_t i)
{
    struct grant grant = grant_of(g, i);
    assert_int_equal(grant.verdicts.n, 1);
    return grant.verdicts.v[0].reason;
}

int64_t conflicts(struct group *g)
{
    int64_t n = 0;
    assert_int_equal(store_count(g->w.authority->config.store, STORE_CONFLICTS, &n), 0);
    return n;
}

struct redemption_row row_of(struct group *g, size_t i, int64_t place)
{
    return world_redemption(&g->w, g->d[i], place);
}

void check_row(struct group *g, size_t i, int64_t place, int outcome, int64_t conflict)
{
    struct redemption_row r = row_of(g, i, place);
    assert_int_equal(r.outcome, outcome);
    assert_int_equal(r.conflict, conflict);
}

void check_stage(struct group *g, size_t i, int64_t place, int stage)
{
    assert_int_equal(row_of(g, i, place).stage, stage);
}

void rebuild_makes_the_same(struct group *g)
{
    const char *before = world_dump(&g->w);
    assert_int_equal(authority_rebuild(g->w.authority, NULL), 0);
    assert_string_equal(world_dump(&g->w), before);
}

struct offer risky(struct group *g, const char *id)
{
    struct offer o = world_offer(&g->w, id, 10000);
    o.offline = OFFLINE_RISK;
    return o;
}

void publish(struct group *g, const struct offer *o)
{
    world_publish(&g->w, o);
    world_batch(&g->w, 1, o, 100, "email", "");
}

struct world_sale by_coupon(struct group *g, const struct offer *o, uint32_t index)
{
    struct world_sale s = world_sale(&g->w, 1000);
    s.coupons[s.coupon_count++] = world_coupon(&g->w, o, 1, index);
    s.policy = 2;
    return s;
}

void put_use(struct group *g, size_t t, const struct offer *o, uint32_t index, int64_t discount)
{
    struct world_sale s = by_coupon(g, o, index);
    size_t i = g->n;
    g->w.now += 1000; /* the earlier, the better its rank */
    world_alone_message(&g->w, &g->w.tills[t], &s, o, discount, next(g), g->d[i]);
}

void put_hold(struct group *g, size_t t, const struct offer *o, uint32_t index)
{
    struct world_sale s = by_coupon(g, o, index);
    world_hold_message(&g->w, &g->w.tills[t], &s, next(g));
}

static struct redemption redeemed(const struct offer *o, struct bytes coupon, int64_t discount)
{
    struct redemption r = {.version = o->version,
                           .coupon = coupon,
                           .card = NONE,
                           .grant = NONE,
                           .basis = 1000,
                           .discount = discount};
    memcpy(r.offer, o->ref, REF_SIZE);
    return r;
}

/* A commit that says to have redeemed both. */
static void put_pair(struct group *g, struct redemption a, struct redemption b)
{
    struct redemption list[] = {a, b};
    struct world_sale s = world_sale(&g->w, 1000);
    size_t i = g->n;
    s.policy = 2;
    s.quote = (struct quote){
        .gross = 1000, .discount = a.discount + b.discount, .net = 1000 - a.discount - b.discount};
    s.quote.due = s.quote.net;
    g->w.now += 1000;
    world_redeem_message(&g->w, &g->w.tills[0], &s, list, 2, next(g), g->d[i]);
}

/* ---- uses ---- */

static void a_coupon_is_used_as_often_as_it_is_good(struct group *g)
{
    struct offer o = risky(g, "twice");
    o.per_coupon = 2;
    publish(g, &o);
    for (size_t t = 0; t < 3; t++) {
        put_use(g, t, &o, 7, 100);
    }
    put_use(g, 3, &o, 8, 100);
    deliver(g);
    check_row(g, 0, 0, 0, 0);
    check_row(g, 1, 0, 0, 0);
    check_row(g, 2, 0, TP_ALREADY_USED, 100);
    check_row(g, 3, 0, 0, 0);
    assert_int_equal(conflicts(g), 1);
    clear(g);
    put_use(g, 3, &o, 7, 50);
    deliver(g);
    check_row(g, 0, 0, TP_ALREADY_USED, 50);
    assert_int_equal(conflicts(g), 2);
    rebuild_makes_the_same(g);
}

/* The later message has the better rank, so the one that won before it in the group has lost. */
static void an_earlier_use_that_comes_later_pushes_the_other_out(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    put_use(g, 0, &o, 7, 100);
    g->w.now -= 5000;
    put_use(g, 1, &o, 7, 60);
    deliver(g);
    check_row(g, 0, 0, TP_ALREADY_USED, 100);
    check_row(g, 1, 0, 0, 0);
    assert_int_equal(row_of(g, 1, 0).slot, 0);
    assert_int_equal(conflicts(g), 1);
    rebuild_makes_the_same(g);
}

static void one_coupon_twice_in_one_commit_is_used_once(struct group *g)
{
    struct offer o = risky(g, "once");
    publish(g, &o);
    struct bytes coupon = world_coupon(&g->w, &o, 1, 7);
    put_use(g, 1, &o, 1, 10);
    put_pair(g, redeemed(&o, coupon, 100), redeemed(&o, coupon, 30));
    put_use(g, 2, &o, 7, 20);
    deliver(g);
    check_row(g, 0, 0, 0, 0);
    check_row(g, 1, 0, 0, 0);
    check_row(g, 1, 1, TP_ALREADY_USED, 30);
    check_row(g, 2, 0, TP_ALREADY_USED, 20);
    assert_int_equal(conflicts(g), 2);
    rebuild_makes_the_same(g);
}

static void one_offer_twice_in_one_commit_is_counted_twice(struct group *g)
{
    struct offer o = world_offer(&g->w, "few", 10000);
    o.total = 2;
    o.budget = 1000;
    publish(g, &o);
    put_use(g, 1, &o, 1, 10);
    put_pair(g, redeemed(&o, world_coupon(&g->w, &o, 1, 2), 100),
             redeemed(&o, world_coupon(&g->w, &o, 1, 3), 30));
    put_use(g, 2, &o, 4, 20);
    deliver(g);
    check_stage(g, 0, 0, STAGE_WON);
    check_stage(g, 1, 0, STAGE_WON);
    check_stage(g, 1, 1, CONTEST_TOTAL);
    check_stage(g, 2, 0, CONTEST_TOTAL);
    rebuild_makes_the_same(g);
}

/* A GS1 coupon is one, whichever offers a till says to have given for it. */
static void one_serial_under_two_offers_in_one_commit_is_used_once(struct group *g)
{
    struct offer a = world_offer(&g->w, "paper", 10000), b = world_offer(&g->w, "other", 10000);
    struct bytes element = bytes_str("8112001234561234560000001");
    a.gs1 = b.gs1 = bytes_str("8112123456123456");
    world_publish(&g->w, &a);
    world_publish(&g->w, &b);
    put_pair(g, redeemed(&a, element, 100), redeemed(&b, element, 30));
    put_pair(g, redeemed(&b, element, 20), redeemed(&a, element, 10));
    deliver(g);
    struct redemption_row first = row_of(g, 0, 0), second = row_of(g, 0, 1);
    assert_true(first.stage == STAGE_WON && first.slot == 0);
    assert_int_equal(second.outcome, TP_ALREADY_USED);
    assert_int_equal(row_of(g, 1, 0).outcome, TP_ALREADY_USED);
    assert_int_equal(row_of(g, 1, 1).outcome, TP_ALREADY_USED);
    rebuild_makes_the_same(g);
}

/* More than is read ahead at once, in a few long messages: each coupon comes a second time much later. */
static void a_long_group_is_decided_to_its_end(void **state)
{
    enum { EACH = 120, LONG = 10, USES = EACH * LONG };
    struct group *g = open_group(true);
    struct offer o = risky(g, "once");
    uint32_t won = 0;
    (void)state;
    world_publish(&g->w, &o);
    world_batch(&g->w, 1, &o, USES, "email", "");
    for (uint32_t i = 0; i < USES; i++) {
        struct world_sale s = by_coupon(g, &o, i % (USES / 2));
        struct buf *message = i % EACH ? &g->requests[g->n - 1] : next(g);
        g->w.now += 1000;
        world_alone_message(&g->w, &g->w.tills[i % TILLS], &s, &o, 10, message, NULL);
    }
    deliver(g);
    won = (uint32_t)world_sql(&g->w, "SELECT count(*) FROM redemption WHERE merchant = @ AND stage = 5");
    assert_int_equal(won, USES / 2);
    assert_int_equal(conflicts(g), USES / 2);
    assert_int_equal(world_sql(&g->w, "SELECT count(*) FROM sale WHERE merchant = @"), USES);
    assert_int_equal(world_sql(&g->w, "SELECT min(head_seq) FROM till WHERE merchant = @"), USES / TILLS);
    close_group(g);
}

/* ---- limits ---- */

static void a_total_is_kept_exactly(struct group *g)
{
    struct offer o = world_offer(&g->w, "few", 10000);
    struct tally_row tally;
    o.total = 3;
    publish(g, &o);
    for (uint32_t i = 0; i < 5; i++) {
        put_use(g, i % TILLS, &o, i, 100);
    }
    deliver(g);
    for (size_t i = 0; i < 5; i++) {
        check_row(g, i, 0, i < 3 ? TP_CONFLICT : TP_LIMIT_REACHED, 100);
    }
    assert_int_equal(store_tally(g->w.authority->config.store, o.ref, &tally), 0);
    assert_true(tally.uses == 3 && tally.spent == 300);
    assert_int_equal(conflicts(g), 5);
    rebuild_makes_the_same(g);
}

/* To the last cent; and whoever is behind the first that it was not enough for loses, however small. */
static void a_budget_is_spent_exactly(struct group *g)
{
    static const struct {
        int64_t discount;
        int stage;
    } uses[] = {{100, STAGE_WON}, {100, STAGE_WON}, {50, STAGE_WON}, {1, CONTEST_BUDGET}},
      small[] = {{200, STAGE_WON}, {60, CONTEST_BUDGET}, {10, CONTEST_BUDGET}, {1, CONTEST_BUDGET}};
    struct offer o = world_offer(&g->w, "exact", 10000), p = world_offer(&g->w, "strict", 10000);
    struct tally_row tally;
    o.budget = p.budget = 250;
    publish(g, &o);
    world_publish(&g->w, &p);
    world_batch(&g->w, 2, &p, 100, "email", "");
    for (uint32_t i = 0; i < 4; i++) {
        put_use(g, 0, &o, i, uses[i].discount);
        struct world_sale s = world_sale(&g->w, 1000);
        s.coupons[s.coupon_count++] = world_coupon(&g->w, &p, 2, i);
        s.policy = 2;
        size_t at = g->n;
        world_alone_message(&g->w, &g->w.tills[1], &s, &p, small[i].discount, next(g), g->d[at]);
    }
    deliver(g);
    for (size_t i = 0; i < 4; i++) {
        check_stage(g, 2 * i, 0, uses[i].stage);
        check_stage(g, 2 * i + 1, 0, small[i].stage);
    }
    assert_int_equal(store_tally(g->w.authority->config.store, o.ref, &tally), 0);
    assert_int_equal(tally.spent, 250);
    assert_int_equal(conflicts(g), 8);
    rebuild_makes_the_same(g);
}

static void a_customers_uses_are_kept_exactly(struct group *g)
{
    struct offer o = risky(g, "each");
    o.per_customer = 1;
    publish(g, &o);
    for (uint32_t i = 0; i < 3; i++) {
        struct world_sale s = by_coupon(g, &o, i);
        s.customer = bytes_str(i == 2 ? "bert" : "anna");
        g->w.now += 1000;
        world_alone_message(&g->w, &g->w.tills[i], &s, &o, 100, next(g), g->d[i]);
    }
    deliver(g);
    check_row(g, 0, 0, 0, 0);
    check_row(g, 1, 0, TP_LIMIT_REACHED, 100);
    check_row(g, 2, 0, 0, 0);
    assert_int_equal(conflicts(g), 1);
    rebuild_makes_the_same(g);
}

/* ---- both ways ---- */

void run_both(void **state)
{
    test_case *const *test = *state;
    for (int together = 0; together < 2; together++) {
        struct group *g = open_group(together != 0);
        (*test)(g);
        close_group(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_coupon_is_used_as_often_as_it_is_good),
        BOTH(an_earlier_use_that_comes_later_pushes_the_other_out),
        BOTH(one_coupon_twice_in_one_commit_is_used_once),
        BOTH(one_offer_twice_in_one_commit_is_counted_twice),
        BOTH(one_serial_under_two_offers_in_one_commit_is_used_once),
        cmocka_unit_test(a_long_group_is_decided_to_its_end),
        BOTH(a_total_is_kept_exactly),
        BOTH(a_budget_is_spent_exactly),
        BOTH(a_customers_uses_are_kept_exactly),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + test_midst();
}
