/* What an authority refuses, and that a refusal changes nothing. */
#include "support/cm.h"
#include "support/world.h"

static int setup(void **state)
{
    struct world *w = test_malloc(sizeof *w);
    world_open(w, 2);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    test_free(*state);
    return 0;
}

static int send_signed(struct world *w, enum kind kind, const void *payload, const char *iss,
                       const struct cose_key *key)
{
    struct buf envelope, message;
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    assert_int_equal(statement_sign(kind, payload, bytes_str(iss), key, &envelope, NULL, NULL), 0);
    message_put(&message, kind, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    int rc = world_send(w, buf_view(&message));
    buf_free(&envelope);
    buf_free(&message);
    return rc;
}

static void a_key_has_one_purpose(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "x", 1000);
    struct offer_statement s = {.common = world_common(w), .terms = o};
    const char *before = world_dump(w);
    assert_int_equal(send_signed(w, KIND_OFFER, &s, "issuer", &w->issuer), TP_BAD_SIGNATURE);
    assert_int_equal(send_signed(w, KIND_OFFER, &s, "grant", &w->grant), TP_BAD_SIGNATURE);
    assert_int_equal(send_signed(w, KIND_OFFER, &s, "t0", &w->tills[0].key), TP_BAD_SIGNATURE);
    assert_int_equal(send_signed(w, KIND_OFFER, &s, "root", &w->root), TP_BAD_SIGNATURE);
    /* the merchant's key under another name */
    assert_int_equal(send_signed(w, KIND_OFFER, &s, "somebody", &w->merchant), TP_BAD_SIGNATURE);
    assert_string_equal(before, world_dump(w));
}

static void a_statement_for_another_authority_is_refused(void **state)
{
    struct world *w = *state;
    struct offer_statement s = {.common = world_common(w), .terms = world_offer(w, "x", 1000)};
    s.common.audience[0] ^= 1;
    assert_int_equal(world_office(w, KIND_OFFER, &s), TP_BAD_STATEMENT);
}

static void a_version_is_published_once(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "x", 1000);
    world_publish(w, &o);
    o.percent = 2000;
    struct offer_statement s = {.common = world_common(w), .terms = o};
    assert_int_equal(world_office(w, KIND_OFFER, &s), TP_VERSION_EXISTS);
    s.terms.version = 2;
    assert_int_equal(world_office(w, KIND_OFFER, &s), 0);
}

static void an_offer_is_in_the_shops_currency_and_under_its_own_reference(void **state)
{
    struct world *w = *state;
    struct offer_statement s = {.common = world_common(w), .terms = world_offer(w, "x", 1000)};
    s.terms.currency = bytes_str("USD");
    assert_int_equal(world_office(w, KIND_OFFER, &s), TP_CURRENCY);
    s.terms.currency = bytes_str("EUR");
    s.terms.ref[3] ^= 1;
    assert_int_equal(world_office(w, KIND_OFFER, &s), TP_BAD_STATEMENT);
    s.terms.ref[3] ^= 1;
    s.terms.holdout_percent = 1000;
    assert_int_equal(world_office(w, KIND_OFFER, &s), TP_UNSUPPORTED);
}

static void a_keyset_and_a_policy_never_go_back(void **state)
{
    struct world *w = *state;
    struct zone_step step = {0, 0};
    struct policy_statement p = {
        .common = world_common(w),
        .terms = {
            .version = 1, .currency = bytes_str("EUR"), .zone = bytes_str("UTC"), .zone_steps = {&step, 1}}};
    assert_int_equal(world_office(w, KIND_POLICY, &p), TP_VERSION_EXISTS);
    p.terms.version = 2;
    p.terms.currency = bytes_str("USD");
    assert_int_equal(world_office(w, KIND_POLICY, &p), TP_BAD_STATEMENT);
    p.terms.currency = bytes_str("EUR");
    assert_int_equal(world_office(w, KIND_POLICY, &p), 0);
}

static void a_batch_needs_its_offer_and_its_number_once(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "x", 1000);
    struct batch b = {
        .common = world_common(w), .number = 1, .last = 9, .channel = bytes_str("email"), .exp = 1};
    memcpy(b.offer, o.ref, REF_SIZE);
    assert_int_equal(world_office(w, KIND_BATCH, &b), TP_UNKNOWN_OFFER);
    world_publish(w, &o);
    assert_int_equal(world_office(w, KIND_BATCH, &b), 0);
    b.last = 10;
    assert_int_equal(world_office(w, KIND_BATCH, &b), TP_VERSION_EXISTS);
}

static void a_request_far_off_in_time_is_stale(void **state)
{
    struct world *w = *state;
    struct world_sale s = world_sale(w, 100);
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_hold_message(w, &w->tills[0], &s, &message);
    w->now += 120001;
    assert_int_equal(world_send(w, buf_view(&message)), TP_STALE);
    w->now -= 1;
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    w->now -= 240001;
    assert_int_equal(world_send(w, buf_view(&message)), TP_STALE);
    buf_free(&message);
}

static void a_repeated_request_has_the_same_answer(void **state)
{
    struct world *w = *state;
    struct world_sale s = world_sale(w, 100);
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_hold_message(w, &w->tills[0], &s, &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    struct bytes first = arena_copy(&w->arena, buf_view(&w->reply));
    w->now += 1000;
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    assert_true(bytes_equal(first, buf_view(&w->reply)));
    buf_free(&message);
}

static void a_till_that_is_not_enrolled_is_not_heard(void **state)
{
    struct world *w = *state;
    struct world_till stranger = {.name = "t9", .head = {.epoch = 1}};
    struct world_sale s = world_sale(w, 100);
    assert_int_equal(cose_key_generate(ALG_ESP256, &stranger.key), 0);
    assert_int_equal(world_hold(w, &stranger, &s), TP_BAD_SIGNATURE);
    cose_key_free(&stranger.key);
}

static void one_tills_key_does_not_speak_for_another(void **state)
{
    struct world *w = *state;
    struct world_till forged = w->tills[0];
    struct world_sale s = world_sale(w, 100);
    memcpy(forged.name, w->tills[1].name, sizeof forged.name);
    assert_int_equal(world_hold(w, &forged, &s), TP_BAD_SIGNATURE);
}

static void a_revoked_till_may_not_ask(void **state)
{
    struct world *w = *state;
    struct buf key;
    struct world_sale s = world_sale(w, 100);
    buf_init(&key, 256);
    cose_key_encode(&w->tills[0].key, &key);
    struct terminal t = {.common = world_common(w),
                         .till = bytes_str("t0"),
                         .store = bytes_str("main"),
                         .epoch = 1,
                         .cose_key = buf_view(&key),
                         .from = w->now,
                         .until = w->now + 1000,
                         .state = TERMINAL_REVOKED,
                         .from_seq = 1};
    assert_int_equal(world_office(w, KIND_TERMINAL, &t), 0);
    assert_int_equal(world_hold(w, &w->tills[0], &s), TP_REVOKED);
    buf_free(&key);
}

static void a_till_has_one_key_in_an_epoch(void **state)
{
    struct world *w = *state;
    struct buf key;
    struct world_sale s = world_sale(w, 100);
    buf_init(&key, 256);
    cose_key_encode(&w->tills[1].key, &key);
    struct terminal t = {.common = world_common(w),
                         .till = bytes_str("t0"),
                         .store = bytes_str("main"),
                         .epoch = 1,
                         .cose_key = buf_view(&key),
                         .from = w->now,
                         .until = w->now + 1000,
                         .state = TERMINAL_REVOKED,
                         .from_seq = 1};
    assert_int_equal(world_office(w, KIND_TERMINAL, &t), TP_BAD_STATEMENT);
    /* and it was not kept: the authority goes on as before */
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    buf_free(&key);
}

static void a_basket_is_in_the_shops_currency_store_and_time(void **state)
{
    struct world *w = *state;
    struct world_sale s = world_sale(w, 100);
    s.basket.currency = bytes_str("USD");
    assert_int_equal(world_hold(w, &w->tills[0], &s), TP_CURRENCY);
    s.basket.currency = bytes_str("EUR");
    s.basket.store = bytes_str("other");
    assert_int_equal(world_hold(w, &w->tills[0], &s), TP_BAD_STATEMENT);
    s.basket.store = bytes_str("main");
    s.basket.tax_included = false;
    assert_int_equal(world_hold(w, &w->tills[0], &s), TP_BAD_STATEMENT);
    s.basket.tax_included = true;
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
}

static void a_coupon_of_another_shop_and_one_beyond_its_batch_are_unknown(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "x", 1000);
    struct cose_key foreign;
    struct buf b;
    world_publish(w, &o);
    world_batch(w, 1, &o, 10, "email", "");
    assert_int_equal(cose_key_generate(ALG_ESP256, &foreign), 0);
    buf_init(&b, COUPON_MAX);
    assert_int_equal(coupon_sign(&foreign, o.ref, 1, 0, w->now / 1000 + 1000, &b), 0);
    struct world_sale s = world_sale(w, 1000);
    s.coupons[0] = buf_view(&b);
    s.coupons[1] = world_coupon(w, &o, 1, 10);
    s.coupons[2] = world_coupon(w, &o, 2, 0);
    s.coupon_count = 3;
    assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
    assert_int_equal(s.granted.payload.grant.verdicts.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(s.granted.payload.grant.verdicts.v[i].reason, TP_UNKNOWN_COUPON);
    }
    assert_int_equal(s.quote.discount, 0);
    buf_free(&b);
    cose_key_free(&foreign);
}

static void a_malformed_item_ends_the_answers_with_one_problem(void **state)
{
    struct world *w = *state;
    struct offer o = world_offer(w, "x", 1000);
    struct offer_statement s = {.common = world_common(w), .terms = o};
    struct buf envelope, message;
    struct dec d;
    struct answer a;
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    assert_int_equal(
        statement_sign(KIND_OFFER, &s, bytes_str("merchant"), &w->merchant, &envelope, NULL, NULL), 0);
    message_put(&message, KIND_OFFER, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    buf_putc(&message, 0xFF);
    message_put(&message, KIND_OFFER, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    assert_int_equal(world_send(w, buf_view(&message)), TP_BAD_STATEMENT);
    dec_init(&d, buf_view(&w->reply));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_int_equal(a.kind, ANSWER_REGISTERED);
    assert_int_equal(answer_next(&d, &a), 1);
    assert_int_equal(a.kind, ANSWER_PROBLEM);
    assert_false(a.names);
    assert_int_equal(answer_next(&d, &a), 0);
    buf_free(&envelope);
    buf_free(&message);
}

static void a_part_that_does_not_hash_right_is_refused(void **state)
{
    struct world *w = *state;
    struct world_sale s = world_sale(w, 100);
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_hold_message(w, &w->tills[0], &s, &message);
    message.p[message.n - 1] ^= 1;
    assert_int_not_equal(world_send(w, buf_view(&message)), 0);
    buf_free(&message);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_key_has_one_purpose),
        T(a_statement_for_another_authority_is_refused),
        T(a_version_is_published_once),
        T(an_offer_is_in_the_shops_currency_and_under_its_own_reference),
        T(a_keyset_and_a_policy_never_go_back),
        T(a_batch_needs_its_offer_and_its_number_once),
        T(a_request_far_off_in_time_is_stale),
        T(a_repeated_request_has_the_same_answer),
        T(a_till_that_is_not_enrolled_is_not_heard),
        T(one_tills_key_does_not_speak_for_another),
        T(a_revoked_till_may_not_ask),
        T(a_till_has_one_key_in_an_epoch),
        T(a_basket_is_in_the_shops_currency_store_and_time),
        T(a_coupon_of_another_shop_and_one_beyond_its_batch_are_unknown),
        T(a_malformed_item_ends_the_answers_with_one_problem),
        T(a_part_that_does_not_hash_right_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
