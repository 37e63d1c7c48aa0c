/* A sale's life at one till, with an authority that behaves. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof *f);
    fake_open(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_close(*state);
    free(*state);
    return 0;
}

static char *text_of(struct till *t, int64_t sale)
{
    struct buf b;
    struct err e = {0};
    buf_init(&b, 65536);
    assert_int_equal(till_text(t, sale, &b, &e), 0);
    char *out = strndup((const char *)b.p, b.n);
    buf_free(&b);
    return out;
}

static void a_coupon_is_priced_held_and_committed(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_quote(t, sale).due, 2598);
    assert_int_equal(fake_present(f, t, sale, 0, 3), 0);
    struct quote_info q = fake_quote(t, sale);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.due, 2338);
    assert_int_equal(fake_calls(f, KIND_HOLD), 0);
    q = fake_hold(t, sale);
    assert_int_equal(q.outcome, TP_BINDING);
    assert_int_equal(q.due, 2338);
    assert_int_equal(q.hold_left_ms, 120000);
    struct commit_info c = fake_commit(t, sale);
    assert_int_equal(c.outcome, TP_COMMITTED);
    assert_true(c.binding);
    assert_int_equal(c.redemptions, 1);
    assert_int_equal(c.seq, 1);
    struct err e = {0};
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    assert_int_equal(f->coupons[3].state, 2);
    struct sale_info info;
    assert_int_equal(till_sale_info(t, sale, &info, &e), 0);
    assert_int_equal(info.state, TP_COMMITTED);
    assert_true(info.sent);
    assert_string_equal(info.receipt, "R-1");
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
}

static void the_parts_add_up_to_the_price(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct line_info line;
    struct share_info share;
    struct offer_info offer;
    struct tax_info tax;
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    assert_int_equal(fake_present(f, t, sale, 1, 2), 0);
    struct quote_info q = fake_quote(t, sale);
    assert_int_equal(q.lines, 1);
    assert_int_equal(q.shares, 2);
    assert_int_equal(q.offers, 2);
    assert_int_equal(q.taxes, 1);
    assert_int_equal(till_line_result(t, sale, 0, &line, &e), 0);
    assert_int_equal(line.with_tax, q.due);
    assert_int_equal(line.without_tax + line.tax, line.with_tax);
    int64_t sum = 0;
    for (size_t i = 0; i < q.shares; i++) {
        assert_int_equal(till_share_result(t, sale, i, &share, &e), 0);
        assert_int_equal(share.line, 1);
        assert_int_equal(share.offer, i);
        assert_int_equal(till_offer_result(t, sale, i, &offer, &e), 0);
        assert_int_equal(offer.discount, share.discount);
        assert_int_equal(offer.outcome, TP_APPLIED);
        assert_string_equal(offer.funder, "store");
        assert_true(offer.presentation > 0);
        sum += share.discount;
    }
    assert_int_equal(sum, q.discount);
    assert_int_equal(till_tax_result(t, sale, 0, &tax, &e), 0);
    assert_int_equal(tax.rate, 7000);
    assert_int_equal(tax.with_tax, q.due);
    assert_int_equal(till_line_result(t, sale, 1, &line, &e), TP_E_ARGUMENT);
    assert_int_equal(till_share_result(t, sale, 2, &share, &e), TP_E_ARGUMENT);
    assert_int_equal(till_offer_result(t, sale, 2, &offer, &e), TP_E_ARGUMENT);
    assert_int_equal(till_tax_result(t, sale, 1, &tax, &e), TP_E_ARGUMENT);
    till_close(t, 0);
}

static void a_used_coupon_is_told_by_the_hold_and_remembered(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct offer_info offer;
    struct err e = {0};
    f->coupons[3].state = 2;
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 3), 0);
    assert_int_equal(fake_quote(t, sale).due, 2338);
    struct quote_info q = fake_hold(t, sale);
    assert_int_equal(q.outcome, TP_BINDING);
    assert_int_equal(q.due, 2598);
    assert_int_equal(till_offer_result(t, sale, 0, &offer, &e), 0);
    assert_int_equal(offer.outcome, TP_ALREADY_USED);
    fake_lines(t, sale); /* provisional again, and the word stays */
    q = fake_quote(t, sale);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.due, 2598);
    assert_int_equal(till_offer_result(t, sale, 0, &offer, &e), 0);
    assert_int_equal(offer.outcome, TP_ALREADY_USED);
    till_close(t, 0);
}

static void presenting_says_what_can_be_said_at_once(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct presentation_info p;
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    assert_int_equal(fake_present(f, t, sale, 0, 1), TP_DUPLICATE);
    assert_int_equal(fake_present(f, t, sale, 0, 2), TP_DUPLICATE); /* another coupon of the same offer */
    assert_int_equal(fake_present(f, t, sale, 1, 99), TP_UNKNOWN_COUPON);
    assert_int_equal(fake_present(f, t, sale, 2, 1), 0); /* newer than the replica: the authority decides */
    assert_int_equal(till_present(t, sale, PRESENT_SCAN, bytes_str("4006381333931\r\n"), &p, &e), 0);
    assert_int_equal(p.outcome, TP_PRODUCT);
    assert_int_equal(p.id, 0);
    struct cose_key issuer = f->issuer;
    f->issuer = f->evil;
    assert_int_equal(fake_present(f, t, sale, 1, 1), TP_UNKNOWN_COUPON); /* nobody's kid */
    f->issuer = issuer;
    atomic_fetch_add(&f->boot, 2 * 86400000);
    assert_int_equal(fake_present(f, t, sale, 1, 1), TP_EXPIRED);
    assert_int_equal(till_present(t, sale, 9, bytes_str("x"), &p, &e), TP_E_ARGUMENT);
    till_close(t, 0);
}

static void withdrawing_takes_the_offer_off_the_table(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_int_equal(till_withdraw(t, sale, 7, &e), TP_E_ARGUMENT);
    assert_int_equal(till_withdraw(t, sale, 1, &e), 0);
    struct quote_info q = fake_quote(t, sale);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.due, 2598);
    assert_int_equal(fake_present(f, t, sale, 0, 2), 0); /* and its offer may come back */
    till_close(t, 0);
}

static void a_card_earns_its_links_by_the_hold_and_leaves_no_trace_of_its_token(void **state)
{
    static const char token[] = "tok-4711-SECRET-0815";
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct presentation_info p;
    struct offer_info offer;
    struct err e = {0};
    char token_copy[32];
    strcpy(token_copy, token);
    assert_int_equal(card_handle(f->card_key, bytes_str(token), f->linked), 0);
    f->has_link = true;
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(till_present(t, sale, PRESENT_CARD_TOKEN, bytes_str(token_copy), &p, &e), 0);
    assert_int_equal(p.outcome, 0);
    assert_int_equal(till_present(t, sale, PRESENT_CARD_TOKEN, bytes_str(token_copy), &p, &e), 0);
    assert_int_equal(p.outcome, TP_DUPLICATE);
    assert_int_equal(fake_quote(t, sale).discount, 0);
    assert_int_equal(fake_hold(t, sale).discount, 130);
    assert_int_equal(till_offer_result(t, sale, 0, &offer, &e), 0);
    assert_int_equal(offer.presentation, 0);
    fake_lines(t, sale); /* what the grant told of the card is known from then on */
    assert_int_equal(fake_quote(t, sale).discount, 130);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_int_equal(fake_commit(t, sale).redemptions, 1);
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    till_close(t, FAKE_WAIT);
    assert_null(memmem(f->seen.p, f->seen.n, token, 12));
    static const char *const files[] = {"till.db", "till.db-wal"};
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        static uint8_t content[4 * 1024 * 1024];
        snprintf(path, sizeof path, "%s/%s", f->dir, files[i]);
        FILE *in = fopen(path, "rb");
        size_t n = in ? fread(content, 1, sizeof content, in) : 0;
        assert_null(memmem(content, n, token, 12));
        if (in) {
            fclose(in);
        }
    }
}

/* However it comes in: scanned with a prefix, typed, or from the payment terminal. */
static void a_loyalty_number_is_a_card(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct presentation_info p;
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(card_handle(f->card_key, bytes_str("KD-000017"), f->linked), 0);
    f->has_link = true;
    assert_int_equal(till_present(t, sale, PRESENT_SCAN, bytes_str("]C0KD-000017\r\n"), &p, &e), 0);
    assert_int_equal(p.outcome, 0);
    assert_int_equal(till_present(t, sale, PRESENT_TYPED, bytes_str("KD-000017"), &p, &e), 0);
    assert_int_equal(p.outcome, TP_DUPLICATE);
    assert_int_equal(till_present(t, sale, PRESENT_CARD_TOKEN, bytes_str("KD-000017"), &p, &e), 0);
    assert_int_equal(p.outcome, TP_DUPLICATE);
    assert_int_equal(till_present(t, sale, PRESENT_SCAN, bytes_str("XD-000017"), &p, &e), 0);
    assert_int_equal(p.outcome, TP_UNKNOWN_CODE);
    assert_int_equal(fake_hold(t, sale).discount, 130);
    till_close(t, FAKE_WAIT);
    assert_null(memmem(f->seen.p, f->seen.n, "000017", 6));
}

static void a_hold_ends_and_can_be_renewed(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    atomic_fetch_add(&f->boot, 119999);
    assert_int_equal(fake_quote(t, sale).hold_left_ms, 1);
    atomic_fetch_add(&f->boot, 1);
    struct quote_info q = fake_quote(t, sale);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.reason, TP_EXPIRED);
    atomic_fetch_add(&f->wall, 120000);
    q = fake_hold(t, sale);
    assert_int_equal(q.outcome, TP_BINDING);
    assert_int_equal(f->last_rev, 2);
    till_close(t, 0);
}

static void a_release_keeps_the_basket_and_gives_the_coupon_back(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_int_equal(till_release(t, sale, &e), 0);
    assert_int_equal(fake_quote(t, sale).outcome, TP_PROVISIONAL);
    fake_await(f, KIND_RELEASE, 1);
    assert_int_equal(f->released_rev, 2);
    assert_int_equal(f->coupons[1].state, 0);
    assert_int_equal(till_release(t, sale, &e), 0); /* nothing held: nothing sent */
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    assert_int_equal(f->last_rev, 3);
    assert_int_equal(fake_calls(f, KIND_RELEASE), 1);
    till_close(t, 0);
}

static void committing_twice_is_committing_once(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct commit_info again;
    int64_t sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    fake_hold(t, sale);
    struct commit_info c = fake_commit(t, sale);
    assert_int_equal(till_commit(t, sale, bytes_str("other"), NULL, 0, &again, &e), 0);
    assert_memory_equal(&c, &again, sizeof c);
    char *text = text_of(t, sale);
    char *again_text = text_of(t, sale);
    assert_string_equal(again_text, text);
    free(again_text);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
    assert_int_equal(f->record_count, 1);
    t = fake_till(f);
    assert_int_equal(fake_sale(t, "A-1"), sale);
    assert_int_equal(till_commit(t, sale, bytes_str("x"), NULL, 0, &again, &e), 0);
    assert_memory_equal(c.d, again.d, HASH_SIZE);
    assert_int_equal(again.due, c.due);
    assert_true(again.binding);
    char *reprint = text_of(t, sale);
    assert_string_equal(reprint, text);
    assert_non_null(strstr(text, "10% off coffee  -2.60\n"));
    assert_non_null(strstr(text, "Total  23.38 EUR\n"));
    struct quote_info q = fake_quote(t, sale);
    assert_int_equal(q.outcome, TP_COMMITTED);
    assert_int_equal(q.due, 2338);
    assert_int_equal(q.shares, 1);
    assert_int_equal(till_lines_set(t, sale, NULL, 0, &e), TP_E_STATE);
    assert_int_equal(till_hold(t, sale, 100, &q, &e), TP_E_STATE);
    assert_int_equal(till_release(t, sale, &e), TP_E_STATE);
    till_close(t, 0);
    free(text);
    free(reprint);
}

static void a_void_before_the_commit_forgets_and_after_it_reverses(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct sale_info info;
    int64_t found = 1, sale = fake_sale(t, "A-1");
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    fake_hold(t, sale);
    assert_int_equal(till_void(t, sale, &e), 0);
    fake_await(f, KIND_RELEASE, 1);
    assert_int_equal(till_sale_info(t, sale, &info, &e), TP_E_ARGUMENT);
    assert_int_equal(till_sale_find(t, bytes_str("A-1"), &found, &e), 0);
    assert_int_equal(found, 0);

    int64_t next = fake_sale(t, "A-1");
    assert_int_not_equal(next, sale);
    fake_lines(t, next);
    assert_int_equal(fake_present(f, t, next, 0, 1), 0);
    assert_int_equal(fake_hold(t, next).outcome, TP_BINDING);
    fake_commit(t, next);
    e = (struct err){0};
    if (till_void(t, next, &e)) {
        fail_msg("%s", e.text);
    }
    e = (struct err){0};
    if (till_void(t, next, &e)) {
        fail_msg("%s", e.text);
    }
    assert_int_equal(fake_quote(t, next).outcome, TP_VOIDED);
    assert_int_equal(fake_commit(t, next).outcome, TP_VOIDED);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
    assert_int_equal(f->record_count, 2);
    assert_int_equal(f->records[1].kind, KIND_REVERSE);
    t = fake_till(f);
    assert_int_equal(till_sale_info(t, next, &info, &e), 0);
    assert_int_equal(info.state, TP_VOIDED);
    assert_true(info.sent);
    till_close(t, 0);
}

static void a_hold_comes_after_the_records_before_it(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct offer_info offer;
    struct err e = {0};
    for (int i = 0; i < 20; i++) {
        char reference[16];
        snprintf(reference, sizeof reference, "O-%d", i);
        int64_t sale = fake_sale(t, reference);
        fake_lines(t, sale);
        assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
        assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
        assert_int_equal(till_offer_result(t, sale, 0, &offer, &e), 0);
        assert_int_equal(offer.outcome,
                         i == 0 ? TP_APPLIED : TP_ALREADY_USED); /* never held by the sale before */
        fake_commit(t, sale);
    }
    till_close(t, FAKE_WAIT);
}

static void training_leaves_no_trace(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct quote_info q;
    int64_t sale = 0, found = 1;
    assert_int_equal(till_sale_begin(t, bytes_str("T-1"), bytes_str("EUR"), true, &sale, &e), 0);
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 1), 0);
    assert_int_equal(till_hold(t, sale, 100, &q, &e), 0);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.reason, 0);
    assert_int_equal(q.due, 2338);
    struct commit_info c = fake_commit(t, sale);
    assert_int_equal(c.outcome, TP_COMMITTED);
    assert_int_equal(c.seq, 0);
    char *text = text_of(t, sale);
    assert_memory_equal(text, "TRAINING\n", 9);
    free(text);
    assert_int_equal(till_void(t, sale, &e), 0);
    assert_int_equal(till_sale_find(t, bytes_str("T-1"), &found, &e), 0);
    assert_int_equal(found, 0);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
    assert_int_equal(fake_calls(f, KIND_HOLD) + fake_calls(f, KIND_COMMIT) + fake_calls(f, KIND_REVERSE), 0);
    t = fake_till(f);
    assert_int_equal(till_sale_info(t, sale, &(struct sale_info){0}, &e), TP_E_ARGUMENT);
    till_close(t, 0);
}

static void lines_are_taken_whole_or_not_at_all(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1");
    struct line good = {.number = 1, .quantity = 1000, .unit_price = 100, .tax = 7000};
    const struct line bad[] = {
        {.number = 0, .quantity = 1000, .unit_price = 100},
        {.number = INT64_C(4294967296), .quantity = 1000, .unit_price = 100},
        {.number = 2, .quantity = 0, .unit_price = 100},
        {.number = 2, .quantity = INT64_C(1000000000001), .unit_price = 100},
        {.number = 2, .quantity = 1000, .unit_price = -1},
        {.number = 2, .quantity = 1000, .unit_price = AMOUNT_MAX + 1},
        {.number = 2, .quantity = 1000, .unit_price = 1, .tax = -1},
        {.number = 2, .quantity = 1000, .unit_price = 1, .tax = 100001},
        {.number = 1, .quantity = 1000, .unit_price = 1},
        {.number = 2, .quantity = 1000, .unit_price = 1, .sku = bytes_str("\xff")},
    };
    assert_int_equal(till_lines_set(t, sale, &good, 1, &e), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct line two[2] = {good, bad[i]};
        assert_int_equal(till_lines_set(t, sale, two, 2, &e), TP_E_ARGUMENT);
        assert_int_equal(fake_quote(t, sale).due, 100);
    }
    struct line huge = {.number = 1, .quantity = INT64_C(1000000000000), .unit_price = AMOUNT_MAX};
    assert_int_equal(till_lines_set(t, sale, &huge, 1, &e), 0);
    struct quote_info q = fake_quote(t, sale);
    assert_int_equal(q.outcome, TP_AMOUNT_RANGE);
    assert_int_equal(q.due, 0);
    assert_int_equal(q.lines, 0);
    assert_int_equal(till_commit(t, sale, (struct bytes){0}, NULL, 0, &(struct commit_info){0}, &e),
                     TP_E_STATE);
    till_close(t, 0);
}

static void a_sale_has_one_currency_and_one_reference(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1"), other = 0;
    assert_int_equal(fake_sale(t, "A-1"), sale);
    assert_int_equal(till_sale_begin(t, bytes_str("A-1"), bytes_str("USD"), false, &other, &e), TP_E_EXISTS);
    assert_int_equal(till_sale_begin(t, bytes_str("A-2"), bytes_str("USD"), false, &other, &e), 0);
    fake_lines(t, other);
    assert_int_equal(fake_quote(t, other).outcome, TP_CURRENCY);
    assert_int_equal(till_sale_begin(t, bytes_str("A-3"), bytes_str("eur"), false, &other, &e),
                     TP_E_ARGUMENT);
    assert_int_equal(till_sale_begin(t, bytes_str(""), bytes_str("EUR"), false, &other, &e), TP_E_ARGUMENT);
    assert_int_equal(till_sale_info(t, 999999, &(struct sale_info){0}, &e), TP_E_ARGUMENT);
    till_close(t, 0);
}

static void a_link_is_a_record_with_the_handle_in_its_person_part(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct ref ref;
    uint8_t handle[HASH_SIZE];
    memcpy(ref.v, f->offers[1].ref, REF_SIZE);
    assert_int_equal(card_handle(f->card_key, bytes_str("tok-9"), handle), 0);
    assert_int_equal(till_link(t, LINK_ADD, bytes_str("tok-9"), &ref, 1, bytes_str("app"), (struct bytes){0},
                               bytes_str("c-1"), &e),
                     0);
    assert_int_equal(till_link(t, LINK_ADD, bytes_str("tok 9"), &ref, 1, bytes_str("app"), (struct bytes){0},
                               (struct bytes){0}, &e),
                     TP_E_ARGUMENT);
    assert_int_equal(till_flush(t, FAKE_WAIT, &e), 0);
    assert_int_equal(f->record_count, 1);
    assert_int_equal(f->records[0].kind, KIND_LINK);
    assert_non_null(memmem(f->seen.p, f->seen.n, handle, HASH_SIZE));
    assert_null(memmem(f->seen.p, f->seen.n, "tok-9", 5));
    till_close(t, 0);
}

static void conflicts_come_by_sync(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    struct till_status s;
    pthread_mutex_lock(&f->lock);
    f->outcomes[0] = (struct outcome){.redemption = 0, .reason = TP_ALREADY_USED, .amount = 260};
    f->outcome_count = 1;
    pthread_mutex_unlock(&f->lock);
    assert_int_equal(till_sync_now(t, FAKE_WAIT, &e), 0);
    assert_int_equal(till_status(t, &s, &e), 0);
    assert_int_equal(s.conflicts, 1);
    assert_true(s.ready && s.online && s.time_sure && !s.behind);
    assert_string_equal(s.currency, "EUR");
    assert_string_equal(s.name, "till1");
    till_close(t, 0);
}

static void unsettled_sales_are_listed_until_they_are_settled(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t ids[3], id = 9;
    const char *const references[] = {"A-1", "A-2", "A-3"};
    for (size_t i = 0; i < 3; i++) {
        ids[i] = fake_sale(t, references[i]);
        fake_lines(t, ids[i]);
        assert_int_equal(fake_hold(t, ids[i]).outcome, TP_BINDING);
    }
    int64_t never = fake_sale(t, "A-4"); /* not held: nothing to settle */
    fake_commit(t, ids[0]);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
    t = fake_till(f);
    assert_int_equal(till_sale_unsettled(t, 0, &id, &e), 0);
    assert_int_equal(id, ids[1]);
    assert_int_equal(till_sale_unsettled(t, 1, &id, &e), 0);
    assert_int_equal(id, ids[2]);
    assert_int_equal(till_sale_unsettled(t, 2, &id, &e), 0);
    assert_int_equal(id, 0);
    struct sale_info info;
    assert_int_equal(till_sale_info(t, ids[1], &info, &e), 0);
    assert_string_equal(info.reference, "A-2");
    assert_int_equal(till_sale_forget(t, ids[1], &e), 0);
    fake_await(f, KIND_RELEASE, 1);
    assert_int_equal(till_sale_unsettled(t, 0, &id, &e), 0);
    assert_int_equal(id, ids[2]);
    fake_lines(t, ids[2]);
    fake_commit(t, ids[2]);
    assert_int_equal(till_sale_unsettled(t, 0, &id, &e), 0);
    assert_int_equal(id, 0);
    assert_int_equal(till_sale_info(t, never, &info, &e), TP_E_ARGUMENT);
    till_close(t, 0);
}

static void a_recorded_sale_is_not_forgotten(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1"), training = 0;
    fake_lines(t, sale);
    fake_commit(t, sale);
    assert_int_equal(till_sale_forget(t, sale, &e), TP_E_STATE);
    assert_int_equal(till_void(t, sale, &e), 0);
    assert_int_equal(till_sale_forget(t, sale, NULL), TP_E_STATE);
    assert_int_equal(till_sale_forget(t, 999, NULL), TP_E_ARGUMENT);
    assert_int_equal(till_sale_begin(t, bytes_str("T"), bytes_str("EUR"), true, &training, NULL), 0);
    fake_lines(t, training);
    fake_commit(t, training);
    assert_int_equal(till_sale_forget(t, training, NULL), 0);
    assert_int_equal(till_sale_forget(t, training, NULL), TP_E_ARGUMENT);
    till_close(t, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_coupon_is_priced_held_and_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(the_parts_add_up_to_the_price, setup, teardown),
        cmocka_unit_test_setup_teardown(a_used_coupon_is_told_by_the_hold_and_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(presenting_says_what_can_be_said_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(withdrawing_takes_the_offer_off_the_table, setup, teardown),
        cmocka_unit_test_setup_teardown(a_card_earns_its_links_by_the_hold_and_leaves_no_trace_of_its_token,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_loyalty_number_is_a_card, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hold_ends_and_can_be_renewed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_release_keeps_the_basket_and_gives_the_coupon_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(committing_twice_is_committing_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_void_before_the_commit_forgets_and_after_it_reverses, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_hold_comes_after_the_records_before_it, setup, teardown),
        cmocka_unit_test_setup_teardown(training_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_are_taken_whole_or_not_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sale_has_one_currency_and_one_reference, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_is_a_record_with_the_handle_in_its_person_part, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(conflicts_come_by_sync, setup, teardown),
        cmocka_unit_test_setup_teardown(unsettled_sales_are_listed_until_they_are_settled, setup, teardown),
        cmocka_unit_test_setup_teardown(a_recorded_sale_is_not_forgotten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
