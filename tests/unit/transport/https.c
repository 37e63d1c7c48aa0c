/* The way to an authority on another machine, against a good peer and bad ones; all deadlines by a clock of
 * the test's. */
#include "support/cm.h"
#include "support/peer.h"
#include "helper/https.h"
#include "transport/transport.h"
#include "unit/helper/child.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* A clock that stands still unless it is moved. */
static _Atomic int64_t now = 1000000;

static int64_t read_now(void *ctx)
{
    (void)ctx;
    return atomic_load(&now);
}

static const struct clock_source clock_test = {read_now, read_now, NULL};

struct bed {
    struct peer *peer;
    struct transport way;
    char url[128];
};

static void open_way(struct bed *b, const char *program, struct bytes ca)
{
    struct err e = {0};
    snprintf(b->url, sizeof b->url, "%s/v1/statements", peer_url(b->peer));
    const struct transport_https config = {program, b->url, ca, &clock_test};
    if (transport_https(&b->way, &config, &e)) {
        fail_msg("%s", e.text);
    }
}

static struct bed make_bed(enum peer_mode mode, enum peer_fault fault)
{
    struct bed b = {.peer = peer_open(mode, fault)};
    open_way(&b, HELPER_PROGRAM, peer_ca(b.peer));
    return b;
}

static void drop_bed(struct bed *b)
{
    transport_close(&b->way);
    peer_close(b->peer);
}

static int call(struct bed *b, struct bytes request, struct buf *reply, struct err *e)
{
    *e = (struct err){0};
    buf_init(reply, 5 * 1024 * 1024);
    return b->way.call(b->way.ctx, request, reply, e);
}

static void echoes(struct bed *b, const char *text)
{
    struct buf reply;
    struct err e;
    int rc = call(b, bytes_str(text), &reply, &e);
    if (rc) {
        fail_msg("%d: %s", rc, e.text);
    }
    assert_true(bytes_is(buf_view(&reply), text));
    buf_free(&reply);
}

/* OFFLINE, one line with these words, and nothing in the reply. */
static void offline(struct bed *b, const char *words)
{
    struct buf reply;
    struct err e;
    int rc = call(b, bytes_str("statement"), &reply, &e);
    assert_int_equal(rc, TP_OFFLINE);
    if (!strstr(e.text, words)) {
        fail_msg("'%s' is not in: %s", words, e.text);
    }
    assert_int_equal(reply.n, 0);
    buf_free(&reply);
}

static void answers_come_back_over_one_connection(void **state)
{
    (void)state;
    struct bed b = make_bed(PEER_ECHO, PEER_RIGHT);
    echoes(&b, "one");
    echoes(&b, "another");
    assert_int_equal(peer_connections(b.peer), 1);
    assert_int_equal(peer_requests(b.peer), 2);
    drop_bed(&b);
}

static void the_largest_message_goes_there_and_back(void **state)
{
    (void)state;
    struct bed b = make_bed(PEER_ECHO, PEER_RIGHT);
    size_t n = 4 * 1024 * 1024;
    uint8_t *big = calloc(1, n + 1);
    struct buf reply;
    struct err e;
    assert_non_null(big);
    for (size_t i = 0; i < n; i++) {
        big[i] = (uint8_t)(i * 7 + i / 251);
    }
    assert_int_equal(call(&b, bytes_of(big, n), &reply, &e), 0);
    assert_true(bytes_equal(buf_view(&reply), bytes_of(big, n)));
    buf_free(&reply);
    assert_int_equal(call(&b, bytes_of(big, n + 1), &reply, &e), TP_E_ARGUMENT);
    assert_int_equal(call(&b, bytes_of(big, 0), &reply, &e), TP_E_ARGUMENT);
    free(big);
    drop_bed(&b);
}

static void a_peer_that_is_no_authority_is_offline(void **state)
{
    (void)state;
    static const struct {
        enum peer_mode mode;
        const char *words;
    } cases[] = {{PEER_REFUSES, "is not reached"},       {PEER_CUT, "is not reached"},
                 {PEER_GARBAGE, "is not reached"},       {PEER_PLAIN, "is not reached"},
                 {PEER_PAGE, "what answers is no auth"}, {PEER_BUSY, "too much to do"},
                 {PEER_LOST, "HTTP status 302"},         {PEER_ENDLESS, "is not reached"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bed b = make_bed(cases[i].mode, PEER_RIGHT);
        offline(&b, cases[i].words);
        if (cases[i].mode != PEER_REFUSES) {
            peer_set(b.peer, PEER_ECHO);
        }
        if (cases[i].mode == PEER_CUT || cases[i].mode == PEER_GARBAGE) {
            echoes(&b, "after it came to its senses");
        }
        drop_bed(&b);
    }
}

static void a_certificate_that_does_not_check_out_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum peer_fault fault;
        const char *words;
    } cases[] = {{PEER_OTHER_CA, "certificate is refused"},
                 {PEER_OTHER_HOST, "certificate is refused"},
                 {PEER_EXPIRED, "certificate is refused"},
                 {PEER_TLS12, "is not reached"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bed b = make_bed(PEER_ECHO, cases[i].fault);
        offline(&b, cases[i].words);
        assert_int_equal(peer_requests(b.peer), 0);
        drop_bed(&b);
    }
    struct bed b = {.peer = peer_open(PEER_ECHO, PEER_RIGHT)};
    open_way(&b, HELPER_PROGRAM, bytes_str("no certificate at all"));
    offline(&b, "the authority");
    assert_int_equal(peer_requests(b.peer), 0);
    drop_bed(&b);
}

/* ---- deadlines ---- */

struct caller {
    struct bed *bed;
    pthread_t thread;
    int rc;
    struct err e;
};

static void *call_once(void *arg)
{
    struct caller *c = arg;
    struct buf reply;
    c->rc = call(c->bed, bytes_str("statement"), &reply, &c->e);
    buf_free(&reply);
    return NULL;
}

static void a_late_peer_is_left_at_the_deadline(void **state)
{
    (void)state;
    static const enum peer_mode modes[] = {PEER_SILENT, PEER_MUTE, PEER_SLOW};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct bed b = make_bed(modes[i], PEER_RIGHT);
        struct caller c = {.bed = &b};
        assert_int_equal(pthread_create(&c.thread, NULL, call_once, &c), 0);
        peer_await(b.peer);
        pid_t first = only_child();
        assert_true(first > 0);
        atomic_fetch_add(&now, 20000);
        pthread_join(c.thread, NULL);
        assert_int_equal(c.rc, TP_OFFLINE);
        assert_non_null(strstr(c.e.text, "in time"));
        await_death(first);
        /* The late helper is replaced, and the next answer is its own. */
        peer_set(b.peer, PEER_ECHO);
        echoes(&b, "the next one");
        assert_true(only_child() != first);
        drop_bed(&b);
    }
}

static void a_call_ends_when_the_till_stops(void **state)
{
    (void)state;
    struct bed b = make_bed(PEER_MUTE, PEER_RIGHT);
    struct caller c = {.bed = &b};
    assert_int_equal(pthread_create(&c.thread, NULL, call_once, &c), 0);
    peer_await(b.peer);
    b.way.stop(b.way.ctx);
    pthread_join(c.thread, NULL);
    assert_int_equal(c.rc, TP_OFFLINE);
    offline(&b, "closing");
    drop_bed(&b);
    assert_int_equal(only_child(), 0);
}

/* ---- the helper ---- */

static void a_helper_that_died_is_replaced(void **state)
{
    (void)state;
    struct bed b = make_bed(PEER_ECHO, PEER_RIGHT);
    echoes(&b, "one");
    pid_t first = only_child();
    assert_int_equal(kill(first, SIGKILL), 0);
    await_death(first);
    echoes(&b, "two");
    assert_int_equal(peer_connections(b.peer), 2);
    drop_bed(&b);
}

static void a_helper_that_is_none_is_not_believed(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "exit 0",
        "printf '\\065\\110\\120\\124\\0\\0\\0\\0\\377\\377\\377\\177' >&3; cat <&3 >/dev/null", /* longer
                                                                                                    than may
                                                                                                    be */
        "printf '\\065\\110\\120\\124\\001\\0\\0\\0\\004\\0\\0\\0abcd' >&3; cat <&3 >/dev/null", /* a code
                                                                                         that it has not */
        "printf 'HTTP/1.1 200 OK\\r\\n\\r\\n' >&3; cat <&3 >/dev/null",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct script script = write_script(bodies[i]);
        struct bed b = {.peer = peer_open(PEER_ECHO, PEER_RIGHT)};
        struct buf reply;
        struct err e;
        open_way(&b, script.path, peer_ca(b.peer));
        assert_int_equal(call(&b, bytes_str("statement"), &reply, &e), TP_E_IO);
        assert_int_equal(reply.n, 0);
        buf_free(&reply);
        drop_bed(&b);
        remove_script(&script);
    }
}

static void what_a_helper_says_of_a_failure_is_one_plain_line(void **state)
{
    (void)state;
    struct script script = write_script(
        "printf '\\065\\110\\120\\124\\040\\0\\0\\0\\005\\0\\0\\0a\\nb\\033c' >&3; cat <&3 >/dev/null");
    struct bed b = {.peer = peer_open(PEER_ECHO, PEER_RIGHT)};
    open_way(&b, script.path, peer_ca(b.peer));
    offline(&b, "a?b?c");
    drop_bed(&b);
    remove_script(&script);
}

static void what_cannot_be_an_address_is_refused(void **state)
{
    (void)state;
    struct transport t = {0};
    struct transport_https c = {HELPER_PROGRAM, "http://127.0.0.1/", bytes_str("x"), &clock_test};
    assert_int_equal(transport_https(&t, &c, NULL), TP_E_ARGUMENT);
    c.url = "https://127.0.0.1/";
    c.ca = (struct bytes){0};
    assert_int_equal(transport_https(&t, &c, NULL), TP_E_ARGUMENT);
    c.ca = bytes_str("x");
    c.helper = "/nowhere/tillproof-helper";
    assert_int_equal(transport_https(&t, &c, NULL), 0);
    struct buf reply;
    buf_init(&reply, 100);
    assert_int_equal(t.call(t.ctx, bytes_str("statement"), &reply, NULL), TP_E_IO);
    buf_free(&reply);
    transport_close(&t);
}

/* Nobody smuggles a header or another request into the one for a page; no helper is started for such. */
static void what_cannot_be_a_page_is_refused(void **state)
{
    static const char *const paths[] = {"checkpoint", "",      "/a b",     "/a\r\nHost: x",
                                        "/a\n",       "/\x7f", "/\xc3\xa4"};
    struct https_config c = {"/nowhere/tillproof-helper", "https://127.0.0.1", bytes_str("x"), &clock_test};
    struct https *h = NULL;
    struct buf reply;
    char longer[2000] = "/";
    (void)state;
    assert_int_equal(https_open(&c, &h, NULL), 0);
    buf_init(&reply, 100);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(https_get(h, paths[i], NULL, 1000, &reply, NULL), TP_E_ARGUMENT);
    }
    static const char *const tokens[] = {"a b", "a\r\nHost: x", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        assert_int_equal(https_get(h, "/checkpoint", tokens[i], 1000, &reply, NULL), TP_E_ARGUMENT);
    }
    memset(longer + 1, 'a', sizeof longer - 2);
    assert_int_equal(https_get(h, longer, NULL, 1000, &reply, NULL), TP_E_ARGUMENT);
    assert_int_equal(https_get(h, "/checkpoint", NULL, 0, &reply, NULL), TP_E_ARGUMENT);
    assert_int_equal(https_get(h, "/checkpoint", "tpt_1", 1000, &reply, NULL),
                     TP_E_IO); /* that helper is none */
    https_close(h);
    buf_free(&reply);
}

int main(void)
{
#define T(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        T(answers_come_back_over_one_connection),
        T(the_largest_message_goes_there_and_back),
        T(a_peer_that_is_no_authority_is_offline),
        T(a_certificate_that_does_not_check_out_is_refused),
        T(a_late_peer_is_left_at_the_deadline),
        T(a_call_ends_when_the_till_stops),
        T(a_helper_that_died_is_replaced),
        T(a_helper_that_is_none_is_not_believed),
        T(what_a_helper_says_of_a_failure_is_one_plain_line),
        T(what_cannot_be_an_address_is_refused),
        T(what_cannot_be_a_page_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
