/*
 * A till whose authority is far away and out of order: whatever is there instead, a hold is over at its
 * deadline, nothing else waits, and a paid sale is recorded. No time is measured here: the peer is still at
 * it when the call returns.
 */
#include "fake.h"
#include "support/peer.h"

#include <stdio.h>

struct bed {
    struct fake fake;
    struct peer *peer;
    struct till *till;
};

/* A till that has heard its authority before; then the way to it changes. */
static void open_bed(struct bed *b, enum peer_mode mode)
{
    char url[128];
    struct err e = {0};
    struct till_config c = {.dir = b->fake.dir, .clock = &b->fake.clock};
    fake_open(&b->fake);
    assert_int_equal(till_close(fake_till(&b->fake), FAKE_WAIT), 0);
    b->peer = peer_open(mode, PEER_RIGHT);
    snprintf(url, sizeof url, "%s/v1/statements", peer_url(b->peer));
    /* The deadline of one call never comes: the clock stands still. */
    const struct transport_https way = {HELPER_PROGRAM, url, peer_ca(b->peer), &b->fake.clock};
    assert_int_equal(transport_https(&c.transport, &way, NULL), 0);
    memcpy(c.authority, b->fake.id, ID_SIZE);
    memcpy(c.root, b->fake.root.thumbprint, HASH_SIZE);
    if (till_open(&c, &b->till, &e)) {
        fail_msg("%s", e.text);
    }
}

static void close_bed(struct bed *b)
{
    peer_close(b->peer);
    fake_close(&b->fake);
}

static void sells_alone(enum peer_mode mode, bool stays)
{
    struct bed b;
    open_bed(&b, mode);
    if (stays) {
        peer_await(b.peer); /* the till's first sync hangs there already */
    }
    int64_t sale = fake_sale(b.till, "S-1");
    fake_lines(b.till, sale);
    assert_int_equal(fake_present(&b.fake, b.till, sale, 0, 1), 0);
    struct quote_info q = {0};
    struct err e = {0};
    assert_int_equal(fake_quote(b.till, sale).outcome, TP_PROVISIONAL);
    assert_int_equal(till_hold(b.till, sale, 300, &q, &e), 0);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.reason, TP_OFFLINE);
    assert_true(!stays || peer_serving(b.peer));
    struct till_status s = {0};
    fake_commit(b.till, sale);
    assert_int_equal(till_status(b.till, &s, NULL), 0);
    assert_int_equal(s.unsent, 1);
    assert_true(s.online == (mode == PEER_ECHO)); /* something answered, if only nonsense */
    assert_int_equal(till_flush(b.till, 100, &e), TP_E_TIMEOUT);
    assert_true(!stays || (peer_serving(b.peer) && peer_connections(b.peer) == 1));
    assert_int_equal(till_close(b.till, 100), TP_E_TIMEOUT);
    close_bed(&b);
}

static void a_peer_that_refuses(void **state)
{
    (void)state;
    sells_alone(PEER_REFUSES, false);
}

static void a_peer_that_is_silent(void **state)
{
    (void)state;
    sells_alone(PEER_SILENT, true);
}

static void a_peer_that_takes_and_does_not_answer(void **state)
{
    (void)state;
    sells_alone(PEER_MUTE, true);
}

static void a_peer_that_is_slow_by_one_byte_a_second(void **state)
{
    (void)state;
    sells_alone(PEER_SLOW, true);
}

static void a_peer_that_is_cut_in_the_midst(void **state)
{
    (void)state;
    sells_alone(PEER_CUT, false);
}

static void a_peer_that_answers_garbage(void **state)
{
    (void)state;
    sells_alone(PEER_GARBAGE, false);
}

/* Well-formed HTTP whose body is not an authority's: the request itself. */
static void a_peer_that_answers_with_the_request(void **state)
{
    (void)state;
    sells_alone(PEER_ECHO, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_refuses),
        cmocka_unit_test(a_peer_that_is_silent),
        cmocka_unit_test(a_peer_that_takes_and_does_not_answer),
        cmocka_unit_test(a_peer_that_is_slow_by_one_byte_a_second),
        cmocka_unit_test(a_peer_that_is_cut_in_the_midst),
        cmocka_unit_test(a_peer_that_answers_garbage),
        cmocka_unit_test(a_peer_that_answers_with_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
