/* Pickup codes: nine digits that stand for a coupon for five minutes, and cannot be guessed at a till. */
#include "support/cm.h"
#include "support/world.h"

enum { FIVE_MINUTES = 5 * 60000, TEN_MINUTES = 10 * 60000 };

struct shop {
    struct world w;
    struct offer offer;
};

static int setup(void **state)
{
    static struct shop s;
    world_open(&s.w, 12);
    s.offer = world_offer(&s.w, "coffee", 10000);
    world_publish(&s.w, &s.offer);
    world_batch(&s.w, 7, &s.offer, 100, "email", "");
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    world_close(&((struct shop *)*state)->w);
    return 0;
}

/* Asks for a code; 0 with the code in the arena, or the problem's reason. */
static int ask(struct world *w, struct bytes coupon, struct bytes *code)
{
    struct pickup p = {.common = world_common(w), .coupon = coupon};
    struct answer a;
    struct dec d;
    assert_int_equal(random_bytes(p.id, ID_SIZE), 0);
    int rc = world_office(w, KIND_PICKUP, &p);
    if (rc == 0) {
        dec_init(&d, buf_view(&w->reply));
        assert_int_equal(answer_next(&d, &a), 1);
        assert_int_equal(a.kind, ANSWER_PICKUP);
        assert_int_equal(a.until_ms, w->now + FIVE_MINUTES);
        *code = arena_copy(&w->arena, a.code);
    }
    return rc;
}

static struct bytes code_for(struct shop *s, uint32_t index)
{
    struct bytes code = {0};
    assert_int_equal(ask(&s->w, world_coupon(&s->w, &s->offer, 7, index), &code), 0);
    return code;
}

static const struct picked *picked(const struct world_sale *sale, size_t place)
{
    const struct grant *g = &sale->granted.payload.grant;
    assert_true(place < g->pickups.n);
    return &g->pickups.v[place];
}

/* The reason that a hold with just this code gets for it. */
static int try_code(struct world *w, size_t till, struct bytes code)
{
    struct world_sale sale = world_sale(w, 1000);
    sale.pickups[0] = code;
    sale.pickup_count = 1;
    assert_int_equal(world_hold(w, &w->tills[till], &sale), 0);
    int reason = picked(&sale, 0)->reason;
    assert_int_equal(world_release(w, &w->tills[till], &sale), 0);
    return reason;
}

static struct bytes wrong_code(struct bytes right, size_t n)
{
    static uint8_t code[PICKUP_SIZE];
    memcpy(code, right.p, PICKUP_SIZE);
    code[n % PICKUP_SIZE] =
        (uint8_t)('0' + (code[n % PICKUP_SIZE] - '0' + 1 + (int)(n / PICKUP_SIZE) % 9) % 10);
    return bytes_of(code, PICKUP_SIZE);
}

static void a_code_is_the_coupon(void **state)
{
    struct shop *s = *state;
    uint8_t d[HASH_SIZE];
    struct world_sale sale = world_sale(&s->w, 1000);
    struct bytes coupon = world_coupon(&s->w, &s->offer, 7, 1);
    assert_int_equal(ask(&s->w, coupon, &sale.pickups[0]), 0);
    sale.pickup_count = 1;
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &sale), 0);
    assert_int_equal(sale.quote.discount, 100);
    assert_int_equal(picked(&sale, 0)->reason, 0);
    assert_true(bytes_equal(picked(&sale, 0)->coupon, coupon));
    const struct verdict *v = world_verdict(&sale, &s->offer);
    assert_true(v && v->reason == 0 && v->batch == 7 && v->index == 1 && v->card == NONE);
    /* it is held like one that was scanned */
    struct world_sale other = world_sale(&s->w, 1000);
    other.coupons[0] = coupon;
    other.coupon_count = 1;
    assert_int_equal(world_hold(&s->w, &s->w.tills[1], &other), 0);
    assert_int_equal(world_verdict(&other, &s->offer)->reason, TP_HELD);
    /* and committed as the coupon that it is */
    sale.coupons[0] = picked(&sale, 0)->coupon;
    sale.coupon_count = 1;
    assert_int_equal(world_commit(&s->w, &s->w.tills[0], &sale, d), 0);
    struct redemption_row row = world_redemption(&s->w, d, 0);
    assert_int_equal(row.outcome, 0);
    assert_int_equal(row.conflict, 0);
    assert_int_equal(row.batch, 7);
    assert_int_equal(row.index, 1);
    assert_string_equal(row.channel, "email");
}

/* The coupon's own standing is told by its verdict. */
static void the_code_of_a_used_coupon_is_told_as_used(void **state)
{
    struct shop *s = *state;
    struct bytes coupon = world_coupon(&s->w, &s->offer, 7, 2);
    struct world_sale first = world_sale(&s->w, 1000), second = world_sale(&s->w, 1000);
    first.coupons[0] = coupon;
    first.coupon_count = 1;
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &first), 0);
    assert_int_equal(world_commit(&s->w, &s->w.tills[0], &first, NULL), 0);
    assert_int_equal(ask(&s->w, coupon, &second.pickups[0]), 0);
    second.pickup_count = 1;
    assert_int_equal(world_hold(&s->w, &s->w.tills[1], &second), 0);
    assert_int_equal(picked(&second, 0)->reason, 0);
    assert_int_equal(world_verdict(&second, &s->offer)->reason, TP_ALREADY_USED);
    assert_int_equal(second.quote.discount, 0);
}

static void a_code_ends_after_five_minutes(void **state)
{
    struct shop *s = *state;
    struct bytes code = code_for(s, 3);
    s->w.now += FIVE_MINUTES - 1;
    assert_int_equal(try_code(&s->w, 0, code), 0);
    s->w.now += 1;
    assert_int_equal(try_code(&s->w, 0, code), TP_UNKNOWN_COUPON);
}

static void an_unknown_code_is_no_coupon_and_spoils_nothing_else(void **state)
{
    struct shop *s = *state;
    struct world_sale sale = world_sale(&s->w, 1000);
    sale.pickups[1] = code_for(s, 4);
    sale.pickups[0] = wrong_code(sale.pickups[1], 0);
    sale.pickup_count = 2;
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &sale), 0);
    assert_int_equal(picked(&sale, 0)->reason, TP_UNKNOWN_COUPON);
    assert_null(picked(&sale, 0)->coupon.p);
    assert_int_equal(picked(&sale, 1)->reason, 0);
    assert_int_equal(sale.granted.payload.grant.verdicts.n, 1);
    assert_int_equal(sale.quote.discount, 100);
}

/* An offer takes one seat, whichever way it came. */
static void a_code_of_an_offer_that_is_there_is_a_duplicate(void **state)
{
    struct shop *s = *state;
    struct world_sale sale = world_sale(&s->w, 1000);
    sale.coupons[0] = world_coupon(&s->w, &s->offer, 7, 5);
    sale.coupon_count = 1;
    assert_int_equal(ask(&s->w, sale.coupons[0], &sale.pickups[0]), 0);
    sale.pickups[1] = code_for(s, 6);
    sale.pickup_count = 2;
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &sale), 0);
    assert_int_equal(picked(&sale, 0)->reason, TP_DUPLICATE);
    assert_int_equal(picked(&sale, 1)->reason, TP_DUPLICATE);
    assert_int_equal(sale.granted.payload.grant.verdicts.n, 1);
    assert_int_equal(world_verdict(&sale, &s->offer)->index, 5);
}

static void ten_wrong_codes_close_a_till_for_ten_minutes(void **state)
{
    struct shop *s = *state;
    struct bytes right = code_for(s, 7);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(try_code(&s->w, 0, wrong_code(right, i)), TP_UNKNOWN_COUPON);
        s->w.now += 1000;
    }
    assert_int_equal(try_code(&s->w, 0, wrong_code(right, 10)), TP_THROTTLED);
    assert_int_equal(try_code(&s->w, 0, right), TP_THROTTLED);
    assert_int_equal(try_code(&s->w, 1, right), 0); /* another till is free */
    /* a scan is not refused for it */
    struct world_sale sale = world_sale(&s->w, 1000);
    sale.coupons[0] = world_coupon(&s->w, &s->offer, 7, 8);
    sale.coupon_count = 1;
    sale.pickups[0] = right;
    sale.pickup_count = 1;
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &sale), 0);
    assert_int_equal(sale.quote.discount, 100);
    assert_int_equal(picked(&sale, 0)->reason, TP_THROTTLED);
    /* the first wrong one is ten minutes old, and its place is free again */
    s->w.now += TEN_MINUTES - 10 * 1000;
    right = code_for(s, 7);
    assert_int_equal(try_code(&s->w, 0, right), 0);
    assert_int_equal(try_code(&s->w, 0, wrong_code(right, 0)), TP_UNKNOWN_COUPON);
    assert_int_equal(try_code(&s->w, 0, right), TP_THROTTLED);
}

/* Many in one hold are counted one by one. */
static void a_hold_full_of_wrong_codes_counts_each(void **state)
{
    struct shop *s = *state;
    struct bytes right = code_for(s, 9);
    uint8_t codes[MAX_PICKUPS][PICKUP_SIZE];
    struct world_sale sale = world_sale(&s->w, 1000);
    for (size_t i = 0; i < MAX_PICKUPS; i++) {
        memcpy(codes[i], wrong_code(right, i).p, PICKUP_SIZE);
        sale.pickups[i] = bytes_of(codes[i], PICKUP_SIZE);
    }
    sale.pickup_count = MAX_PICKUPS;
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &sale), 0);
    assert_int_equal(picked(&sale, 7)->reason, TP_UNKNOWN_COUPON);
    assert_int_equal(world_hold(&s->w, &s->w.tills[0], &sale), 0);
    assert_int_equal(picked(&sale, 1)->reason, TP_UNKNOWN_COUPON);
    assert_int_equal(picked(&sale, 2)->reason, TP_THROTTLED);
    assert_int_equal(picked(&sale, 7)->reason, TP_THROTTLED);
}

static void a_hundred_wrong_codes_close_all_tills(void **state)
{
    struct shop *s = *state;
    struct bytes right = code_for(s, 10);
    for (size_t till = 0; till < 10; till++) {
        for (size_t i = 0; i < 10; i++) {
            assert_int_equal(try_code(&s->w, till, wrong_code(right, i)), TP_UNKNOWN_COUPON);
        }
    }
    assert_int_equal(try_code(&s->w, 11, right), TP_THROTTLED);
    s->w.now += TEN_MINUTES;
    assert_int_equal(try_code(&s->w, 11, code_for(s, 10)), 0);
}

/* The same request again is the same answer: a lost one costs no second try. */
static void a_repeated_hold_counts_once(void **state)
{
    struct shop *s = *state;
    struct bytes right = code_for(s, 11);
    struct world_sale sale = world_sale(&s->w, 1000);
    struct buf message;
    sale.pickups[0] = wrong_code(right, 0);
    sale.pickup_count = 1;
    buf_init(&message, MESSAGE_MAX);
    world_hold_message(&s->w, &s->w.tills[0], &sale, &message);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(world_send(&s->w, buf_view(&message)), 0);
    }
    buf_free(&message);
    assert_int_equal(try_code(&s->w, 0, right), 0);
}

static void codes_differ_and_use_every_digit(void **state)
{
    struct shop *s = *state;
    enum { N = 200 };
    struct bytes codes[N];
    int seen[PICKUP_SIZE][10] = {{0}};
    for (size_t i = 0; i < N; i++) {
        codes[i] = code_for(s, 12);
        assert_true(pickup_valid(codes[i]));
        for (size_t k = 0; k < PICKUP_SIZE; k++) {
            seen[k][codes[i].p[k] - '0']++;
        }
        for (size_t k = 0; k < i; k++) {
            assert_false(bytes_equal(codes[i], codes[k]));
        }
    }
    for (size_t k = 0; k < PICKUP_SIZE; k++) {
        for (int digit = 0; digit < 10; digit++) {
            assert_true(seen[k][digit] > 0); /* one of the 90 is missing once in 10^7 runs */
        }
    }
}

static void only_our_own_coupons_get_a_code(void **state)
{
    struct shop *s = *state;
    struct bytes code, coupon = world_coupon(&s->w, &s->offer, 7, 13);
    uint8_t forged[COUPON_MAX];
    memcpy(forged, coupon.p, coupon.n);
    forged[coupon.n - 1] ^= 1;
    assert_int_equal(ask(&s->w, bytes_of(forged, coupon.n), &code), TP_BAD_SIGNATURE);
    assert_int_equal(ask(&s->w, bytes_of(coupon.p, coupon.n - 1), &code), TP_BAD_STATEMENT);
    assert_int_equal(ask(&s->w, world_coupon(&s->w, &s->offer, 7, 100), &code), TP_UNKNOWN_COUPON);
    assert_int_equal(ask(&s->w, world_coupon(&s->w, &s->offer, 8, 0), &code), TP_UNKNOWN_COUPON);
    s->w.now += INT64_C(366) * 86400000;
    assert_int_equal(ask(&s->w, coupon, &code), TP_EXPIRED);
}

/* Only the issuer asks; and a request is of its time. */
static void a_code_is_asked_for_with_the_issuers_key(void **state)
{
    struct shop *s = *state;
    struct pickup p = {.common = world_common(&s->w), .coupon = world_coupon(&s->w, &s->offer, 7, 14)};
    const struct cose_key *keys[] = {&s->w.merchant, &s->w.tills[0].key, &s->w.grant};
    const char *names[] = {"merchant", "t0", "grant"};
    for (size_t i = 0; i < 3; i++) {
        struct buf envelope;
        buf_init(&envelope, ENVELOPE_MAX);
        assert_int_equal(statement_sign(KIND_PICKUP, &p, bytes_str(names[i]), keys[i], &envelope, NULL, NULL),
                         0);
        assert_int_equal(world_send(&s->w, buf_view(&envelope)), TP_BAD_SIGNATURE);
        buf_free(&envelope);
    }
    p.common.time_ms -= 120001;
    assert_int_equal(world_office(&s->w, KIND_PICKUP, &p), TP_STALE);
    p.common.time_ms += 120001;
    assert_int_equal(world_office(&s->w, KIND_PICKUP, &p), 0);
    p.coupon = world_coupon(&s->w, &s->offer, 7, 15);
    assert_int_equal(world_office(&s->w, KIND_PICKUP, &p), TP_BAD_STATEMENT); /* its id was used */
}

/* Codes are short memory: no statement, and no row that a rebuild must make. */
static void a_rebuild_knows_no_codes(void **state)
{
    struct shop *s = *state;
    const char *before = world_dump(&s->w);
    struct bytes code = code_for(s, 16);
    assert_string_equal(world_dump(&s->w), before);
    assert_int_equal(authority_rebuild(s->w.authority, NULL), 0);
    assert_string_equal(world_dump(&s->w), before);
    assert_int_equal(try_code(&s->w, 0, code), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_code_is_the_coupon),
        T(the_code_of_a_used_coupon_is_told_as_used),
        T(a_code_ends_after_five_minutes),
        T(an_unknown_code_is_no_coupon_and_spoils_nothing_else),
        T(a_code_of_an_offer_that_is_there_is_a_duplicate),
        T(ten_wrong_codes_close_a_till_for_ten_minutes),
        T(a_hold_full_of_wrong_codes_counts_each),
        T(a_hundred_wrong_codes_close_all_tills),
        T(a_repeated_hold_counts_once),
        T(codes_differ_and_use_every_digit),
        T(only_our_own_coupons_get_a_code),
        T(a_code_is_asked_for_with_the_issuers_key),
        T(a_rebuild_knows_no_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
