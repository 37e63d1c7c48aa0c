/*
 * The authority has been asked and never answers. Whatever the program calls but hold, close, a refund that
 * is told to ask and an event that is waited for, returns while that call to the authority is still under
 * way: each is called with the till's thread inside it, and it is inside it when it has returned.
 */
#include "fake.h"
#include "sale/internal.h"

#include <stdio.h>
#include <unistd.h>

struct stuck {
    struct fake fake;
    struct till *till;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool inside, released;
    int calls; /* so far */
};

static int call(void *ctx, struct bytes message, struct buf *reply, struct err *e)
{
    struct stuck *s = ctx;
    (void)message, (void)reply;
    pthread_mutex_lock(&s->lock);
    s->inside = true;
    s->calls++;
    pthread_cond_broadcast(&s->changed);
    while (!s->released) {
        pthread_cond_wait(&s->changed, &s->lock);
    }
    s->inside = false;
    pthread_mutex_unlock(&s->lock);
    return err_code(e, TP_OFFLINE);
}

static void release(void *ctx)
{
    struct stuck *s = ctx;
    pthread_mutex_lock(&s->lock);
    s->released = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* A till that knows its shop, and whose thread is with its authority now. */
static void open_stuck(struct stuck *s)
{
    struct err e = {0};
    fake_open(&s->fake);
    struct till *t = fake_till(&s->fake);
    int64_t sale = fake_sale(t, "before");
    fake_lines(t, sale);
    fake_commit(t, sale);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->inside = s->released = false;
    s->calls = 0;
    struct till_config c = {
        .dir = s->fake.dir, .clock = &s->fake.clock, .transport = {.call = call, .stop = release, .ctx = s}};
    memcpy(c.authority, s->fake.id, ID_SIZE);
    memcpy(c.root, s->fake.root.thumbprint, HASH_SIZE);
    if (till_open(&c, &s->till, &e)) {
        fail_msg("%s", e.text);
    }
    pthread_mutex_lock(&s->lock);
    while (!s->inside) {
        pthread_cond_wait(&s->changed, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

static bool is_stuck(struct stuck *s)
{
    pthread_mutex_lock(&s->lock);
    bool yes = s->inside && s->calls == 1;
    pthread_mutex_unlock(&s->lock);
    return yes;
}

/* The call returned, and its thread is where it was. */
#define RETURNS(s, what)                                                                                     \
    do {                                                                                                     \
        struct err e = {0};                                                                                  \
        assert_true(is_stuck(s));                                                                            \
        if (what) {                                                                                          \
            fail_msg("%s: %s", #what, e.text);                                                               \
        }                                                                                                    \
        assert_true(is_stuck(s));                                                                            \
    } while (0)

static void a_whole_sale(struct stuck *s)
{
    struct till *t = s->till;
    int64_t sale = 0, found = 0;
    struct line line = {.number = 1, .quantity = 1000, .unit_price = 2500, .category = bytes_str("coffee")};
    struct presentation_info p;
    struct quote_info q;
    struct sale_info info;
    struct line_info li;
    struct tax_info ti;
    struct commit_info c;
    struct buf digits, text;
    buf_init(&digits, 512);
    buf_init(&text, 65536);
    fake_coupon(&s->fake, 0, 1, &digits);
    RETURNS(s, till_sale_begin(t, bytes_str("S-1"), bytes_str("EUR"), false, &sale, &e));
    RETURNS(s, till_sale_find(t, bytes_str("S-1"), &found, &e));
    RETURNS(s, till_lines_set(t, sale, &line, 1, &e));
    RETURNS(s, till_present(t, sale, PRESENT_SCAN, buf_view(&digits), &p, &e));
    RETURNS(s, till_quote(t, sale, &q, &e));
    RETURNS(s, till_withdraw(t, sale, p.id, &e));
    RETURNS(s, till_present(t, sale, PRESENT_SCAN, buf_view(&digits), &p, &e));
    RETURNS(s, till_present(t, sale, PRESENT_CARD_TOKEN, bytes_str("PAR4711"), &p, &e));
    RETURNS(s, till_quote(t, sale, &q, &e));
    RETURNS(s, till_line_result(t, sale, 0, &li, &e));
    RETURNS(s, till_tax_result(t, sale, 0, &ti, &e));
    struct share_info si;
    struct offer_info oi;
    RETURNS(s, till_share_result(t, sale, 0, &si, &e));
    RETURNS(s, till_offer_result(t, sale, 0, &oi, &e));
    RETURNS(s, till_text(t, sale, &text, &e));
    RETURNS(s, till_sale_info(t, sale, &info, &e));
    RETURNS(s, till_release(t, sale, &e));
    RETURNS(s, till_commit(t, sale, bytes_str("R-1"), NULL, 0, &c, &e));
    RETURNS(s, till_proof(t, sale, &text, &e));
    RETURNS(s, till_void(t, sale, &e));
    buf_free(&digits);
    buf_free(&text);
}

static void sales_that_come_and_go(struct stuck *s)
{
    struct till *t = s->till;
    int64_t sale = 0, again = 0, refund = 0;
    struct buf saved;
    struct line back = {.number = 1, .quantity = 1000};
    struct commit_info c;
    struct quote_info q;
    buf_init(&saved, 1 << 20);
    RETURNS(s, till_sale_begin(t, bytes_str("S-2"), bytes_str("EUR"), false, &sale, &e));
    RETURNS(s, till_sale_save(t, sale, &saved, &e));
    RETURNS(s, till_sale_forget(t, sale, &e));
    RETURNS(s, till_sale_load(t, buf_view(&saved), &again, &e));
    RETURNS(s, till_sale_unsettled(t, 0, &sale, &e));
    RETURNS(s, till_void(t, again, &e));
    RETURNS(s, till_refund_begin(t, bytes_str("before"), bytes_str("R-2"), 0, &refund, &e));
    RETURNS(s, till_lines_set(t, refund, &back, 1, &e));
    RETURNS(s, till_quote(t, refund, &q, &e));
    RETURNS(s, till_commit(t, refund, bytes_str("R-3"), NULL, 0, &c, &e));
    buf_free(&saved);
}

static void nothing_else_waits_for_the_network(void **state)
{
    static struct stuck s;
    struct till_status status;
    struct till_event v;
    struct buf data;
    struct day_info day;
    struct ref offer;
    (void)state;
    open_stuck(&s);
    buf_init(&data, 4096);
    RETURNS(&s, till_status(s.till, &status, &e));
    RETURNS(&s, till_event_fd(s.till) < 0);
    RETURNS(&s, (till_event_put(s.till, &(struct till_event){.kind = EVENT_PICTURE}, (struct bytes){0}), 0));
    RETURNS(&s, (till_event_next(s.till, 0, &v), v.kind == 0));
    RETURNS(&s, till_event_data(s.till, v.number, &data, &e));
    a_whole_sale(&s);
    sales_that_come_and_go(&s);
    memcpy(offer.v, s.fake.offers[1].ref, REF_SIZE);
    RETURNS(&s, till_link(s.till, LINK_ADD, bytes_str("PAR4711"), &offer, 1, bytes_str("app"),
                          (struct bytes){0}, (struct bytes){0}, &e));
    RETURNS(&s, till_day_close(s.till, &day, &e));
    assert_int_equal(day.sales, 2);
    /* Those that may wait are told how long, and are back while nobody has answered. */
    int64_t sale = 0;
    struct quote_info q;
    RETURNS(&s, till_sale_begin(s.till, bytes_str("S-4"), bytes_str("EUR"), false, &sale, &e));
    RETURNS(&s, till_hold(s.till, sale, 50, &q, &e));
    RETURNS(&s,
            till_refund_begin(s.till, bytes_str("elsewhere"), bytes_str("R-9"), 50, &sale, &e) != TP_OFFLINE);
    RETURNS(&s, till_flush(s.till, 50, &e) != TP_E_TIMEOUT);
    buf_free(&data);
    assert_int_equal(till_close(s.till, 50), TP_E_TIMEOUT); /* it ends the call */
    assert_true(s.released);
    pthread_mutex_destroy(&s.lock);
    pthread_cond_destroy(&s.changed);
    fake_close(&s.fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_else_waits_for_the_network)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
