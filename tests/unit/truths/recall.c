/*
 * Goods come back at any till of the shop: real tills and a real authority, with a line between them that can
 * lose and spoil what passes.
 */
#include "journal/journal.h"
#include "keys/keyfile.h"
#include "sale/till.h"
#include "support/cm.h"
#include "support/world.h"
#include "wire/hash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TILLS = 3, WAIT = 10000, SOON = 300 };

/* What is wrong with the answers to a recall. */
enum spoil {
    GOOD,
    DOWN,
    GARBAGE,
    OTHER_PART,     /* not what was signed for */
    WRONG_PURPOSE,  /* signed by the merchant */
    OTHER_REQUEST,  /* signed for another request */
    OTHER_COMMIT,   /* names another commit */
    OTHER_PRICE,    /* a price that the till never signed */
    OTHER_LINES,    /* lines that the till never signed */
    OTHER_TERMINAL, /* a till that the merchant never enrolled */
    FORGED_COMMIT,  /* a commit that another key signed */
    TOO_MUCH_BACK,  /* more came back than was sold */
    UNKNOWN_LINE,   /* a line came back that was never sold */
    OLD_ANSWER,     /* the answer to the first recall once more */
    SPOILS
};

struct shop;
struct way {
    struct shop *shop;
    _Atomic int spoil;
};

struct shop {
    pthread_mutex_t lock; /* guards the world: one handle of the authority, many tills */
    struct world w;
    struct clock_source clock; /* the tills' */
    _Atomic int64_t now;
    struct offer claw;
    char dir[TILLS][300];
    struct way way[TILLS];
    struct till *till[TILLS];
    struct buf first; /* the first answer to a recall */
    struct buf asked; /* every byte of requests and of answers to recalls */
    _Atomic int recalls;
};

/* ---- the spoiling line ---- */

struct taken_apart {
    struct arena arena;
    struct answer answer;
    struct statement st;
    struct recalled_part part;
};

static void put_again(struct shop *s, struct taken_apart *x, const struct cose_key *key, const char *iss,
                      bool other_part, struct buf *reply)
{
    struct buf part, envelope;
    struct recalled r = x->st.payload.recalled;
    struct err e = {0};
    buf_init(&part, MESSAGE_MAX);
    buf_init(&envelope, ENVELOPE_MAX);
    if (schema_encode(&schema_recalled_part, &x->part, &part, &e) || sha256(buf_view(&part), r.part)) {
        fail_msg("%s", e.text);
    }
    r.part[0] ^= other_part;
    assert_int_equal(statement_sign(KIND_RECALLED, &r, bytes_str(iss), key, &envelope, NULL, &e), 0);
    buf_reset(reply);
    answer_grant(reply, x->answer.d, buf_view(&envelope), buf_view(&part));
    buf_free(&part);
    buf_free(&envelope);
    (void)s;
}

/* Any key that is not the till's. */
static struct bytes signed_by(struct shop *s, struct taken_apart *x, enum kind kind, const void *payload,
                              const char *iss, const struct cose_key *key)
{
    struct buf envelope;
    struct err e = {0};
    (void)s;
    buf_init(&envelope, ENVELOPE_MAX);
    assert_int_equal(statement_sign(kind, payload, bytes_str(iss), key, &envelope, NULL, &e), 0);
    struct bytes kept = arena_copy(&x->arena, buf_view(&envelope));
    buf_free(&envelope);
    return kept;
}

static void spoil_price(struct taken_apart *x)
{
    struct quote q;
    struct buf out;
    struct err e = {0};
    buf_init(&out, MESSAGE_MAX);
    assert_int_equal(schema_decode(&schema_quote, x->part.quote, &x->arena, &q, &e), 0);
    q.net += 1;
    q.due += 1;
    assert_int_equal(schema_encode(&schema_quote, &q, &out, &e), 0);
    x->part.quote = arena_copy(&x->arena, buf_view(&out));
    buf_free(&out);
}

static void spoil_lines(struct taken_apart *x)
{
    struct bytes lines = arena_copy(&x->arena, x->part.lines);
    ((uint8_t *)(uintptr_t)lines.p)[5] ^= 1; /* in its salt */
    x->part.lines = lines;
}

static void spoil_signatures(struct shop *s, struct taken_apart *x, enum spoil spoil)
{
    struct statement st;
    assert_int_equal(statement_parse(x->part.terminal, &x->arena, &st, NULL), 0);
    if (spoil == OTHER_TERMINAL) {
        x->part.terminal = signed_by(s, x, KIND_TERMINAL, &st.payload.terminal, "merchant", &s->w.grant);
        return;
    }
    assert_int_equal(statement_parse(x->part.commit, &x->arena, &st, NULL), 0);
    x->part.commit = signed_by(s, x, KIND_COMMIT, &st.payload.commit, "till0", &s->w.grant);
    memcpy(x->st.payload.recalled.commit, st.d, HASH_SIZE);
}

static void spoil_returns(struct taken_apart *x, enum spoil spoil)
{
    static struct line_back back;
    static struct return_made made;
    back = (struct line_back){spoil == UNKNOWN_LINE ? 9 : 1, spoil == UNKNOWN_LINE ? 1000 : 6001};
    made.lines.v = &back;
    made.lines.n = 1;
    x->part.returns.v = &made;
    x->part.returns.n = 1;
}

static void spoil_answer(struct shop *s, struct taken_apart *x, enum spoil spoil, struct buf *reply)
{
    const struct cose_key *key = spoil == WRONG_PURPOSE ? &s->w.merchant : &s->w.grant;
    x->st.payload.recalled.request[0] ^= spoil == OTHER_REQUEST;
    x->st.payload.recalled.commit[0] ^= spoil == OTHER_COMMIT;
    if (spoil == OTHER_PRICE) {
        spoil_price(x);
    } else if (spoil == OTHER_LINES) {
        spoil_lines(x);
    } else if (spoil == OTHER_TERMINAL || spoil == FORGED_COMMIT) {
        spoil_signatures(s, x, spoil);
    } else if (spoil == TOO_MUCH_BACK || spoil == UNKNOWN_LINE) {
        spoil_returns(x, spoil);
    }
    put_again(s, x, key, spoil == WRONG_PURPOSE ? "merchant" : "grant", spoil == OTHER_PART, reply);
}

static void pass(struct shop *s, enum spoil spoil, struct buf *reply)
{
    struct taken_apart x = {0};
    struct dec d;
    struct err e = {0};
    dec_init(&d, buf_view(reply));
    arena_init(&x.arena, 8 * 1024 * 1024);
    if (answer_next(&d, &x.answer) == 1 && x.answer.kind == ANSWER_GRANT &&
        statement_parse(x.answer.statement, &x.arena, &x.st, &e) == 0 && x.st.kind == KIND_RECALLED) {
        s->recalls++;
        buf_put(&s->asked, reply->p, reply->n);
        if (s->first.n == 0) {
            buf_put(&s->first, reply->p, reply->n);
        }
        if (spoil == GARBAGE) {
            buf_reset(reply);
            buf_puts(reply, "\x82\x58\x20 no answer");
        } else if (spoil == OLD_ANSWER) {
            buf_reset(reply);
            buf_put(reply, s->first.p, s->first.n);
        } else if (spoil != GOOD) {
            struct buf copy; /* what was taken apart points into it */
            buf_init(&copy, MESSAGE_MAX);
            assert_int_equal(schema_decode(&schema_recalled_part, x.answer.quote, &x.arena, &x.part, &e), 0);
            spoil_answer(s, &x, spoil, &copy);
            buf_reset(reply);
            buf_put(reply, copy.p, copy.n);
            buf_free(&copy);
        }
    }
    arena_reset(&x.arena);
}

static int call(void *ctx, struct bytes request, struct buf *reply, struct err *e)
{
    struct way *way = ctx;
    struct shop *s = way->shop;
    enum spoil spoil = (enum spoil)atomic_load(&way->spoil);
    if (spoil == DOWN) {
        return err_set(e, TP_OFFLINE, "the line is down");
    }
    pthread_mutex_lock(&s->lock);
    int rc = authority_handle(s->w.authority, request, reply);
    if (rc == 0) {
        pass(s, spoil, reply);
    }
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* ---- the shop ---- */

static int64_t read_now(void *ctx)
{
    return atomic_load(&((struct shop *)ctx)->now);
}

static void later(struct shop *s)
{
    pthread_mutex_lock(&s->lock);
    s->w.now += 10;
    atomic_store(&s->now, s->w.now);
    pthread_mutex_unlock(&s->lock);
}

static void start_till(struct shop *s, int i)
{
    struct err e = {0};
    struct till_config config = {.dir = s->dir[i],
                                 .transport = {.call = call, .ctx = &s->way[i]},
                                 .clock = &s->clock,
                                 .first_wait_ms = WAIT};
    memcpy(config.authority, s->w.id, ID_SIZE);
    memcpy(config.root, s->w.root.thumbprint, HASH_SIZE);
    if (till_open(&config, &s->till[i], &e)) {
        fail_msg("%s", e.text);
    }
}

static void make_till(struct shop *s, int i)
{
    struct cose_key key;
    struct err e = {0};
    uint8_t terminal[HASH_SIZE];
    char path[320], name[16], dir[256];
    memcpy(dir, s->w.dir, sizeof dir);
    snprintf(name, sizeof name, "till%d", i);
    snprintf(s->dir[i], sizeof s->dir[i], "%.200s/%s", dir, name);
    snprintf(path, sizeof path, "%s/till.key", s->dir[i]);
    assert_int_equal(mkdir(s->dir[i], 0700), 0);
    assert_int_equal(keyfile_create(path, ALG_ESP256, &key, &e), 0);
    world_enrol(&s->w, name, &key, terminal);
    cose_key_free(&key);
    assert_int_equal(journal_create(s->dir[i], s->w.id, bytes_str(name), bytes_str("main"), 1, terminal, &e),
                     0);
    s->way[i].shop = s;
}

static int setup(void **state)
{
    struct shop *s = test_calloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    buf_init(&s->first, MESSAGE_MAX);
    buf_init(&s->asked, 64 * 1024 * 1024);
    world_open(&s->w, 0);
    s->claw = world_offer(&s->w, "claw", 10000);
    s->claw.min_spend = 30000;
    s->claw.returns = RETURNS_CLAW_BACK;
    world_publish(&s->w, &s->claw);
    world_batch(&s->w, 1, &s->claw, 8, "email", "");
    for (int i = 0; i < TILLS; i++) {
        make_till(s, i);
    }
    s->clock = (struct clock_source){read_now, read_now, s};
    atomic_store(&s->now, s->w.now);
    for (int i = 0; i < TILLS; i++) {
        start_till(s, i);
    }
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    static const char *const names[] = {"till.key", "till.db", "till.db-wal", "till.db-shm", "lock"};
    for (int i = 0; i < TILLS; i++) {
        till_close(s->till[i], 0);
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            char path[320];
            snprintf(path, sizeof path, "%s/%s", s->dir[i], names[k]);
            unlink(path);
        }
        assert_int_equal(rmdir(s->dir[i]), 0);
    }
    world_close(&s->w);
    buf_free(&s->first);
    buf_free(&s->asked);
    pthread_mutex_destroy(&s->lock);
    test_free(s);
    return 0;
}

static struct line goods(int64_t quantity)
{
    return (struct line){.number = 1,
                         .sku = bytes_str("4006381333931"),
                         .name = bytes_str("Espresso"),
                         .category = bytes_str("coffee"),
                         .quantity = quantity,
                         .unit_price = 5000,
                         .tax = 7000};
}

/* 6 x 50.00 with 10 percent from 300.00; its id in hex. The record is at the authority. */
static int64_t sell(struct shop *s, int till, const char *reference, uint32_t coupon, char hex[33])
{
    struct err e = {0};
    struct till *t = s->till[till];
    struct line line = goods(6000);
    struct presentation_info p;
    struct quote_info q;
    struct commit_info c;
    struct sale_info info;
    int64_t sale = 0;
    assert_int_equal(till_sale_begin(t, bytes_str(reference), bytes_str("EUR"), false, &sale, &e), 0);
    assert_int_equal(till_lines_set(t, sale, &line, 1, &e), 0);
    pthread_mutex_lock(&s->lock);
    struct bytes digits = world_coupon(&s->w, &s->claw, 1, coupon);
    pthread_mutex_unlock(&s->lock);
    assert_int_equal(till_present(t, sale, PRESENT_SCAN, digits, &p, &e), 0);
    assert_int_equal(till_hold(t, sale, WAIT, &q, &e), 0);
    assert_int_equal(q.outcome, TP_BINDING);
    assert_int_equal(q.due, 27000);
    assert_int_equal(till_commit(t, sale, bytes_str("R"), NULL, 0, &c, &e), 0);
    assert_int_equal(till_sale_info(t, sale, &info, &e), 0);
    hex_encode(info.uuid, ID_SIZE, hex);
    assert_int_equal(till_flush(t, WAIT, &e), 0);
    return sale;
}

static int begin(struct shop *s, int till, const char *original, const char *reference, int64_t ms,
                 int64_t *refund)
{
    *refund = 0;
    return till_refund_begin(s->till[till], bytes_str(original), bytes_str(reference), ms, refund, NULL);
}

static int64_t begun(struct shop *s, int till, const char *original, const char *reference)
{
    int64_t refund = 0;
    assert_int_equal(begin(s, till, original, reference, WAIT, &refund), 0);
    assert_true(refund > 0);
    return refund;
}

static int put_back(struct shop *s, int till, int64_t refund, int64_t quantity)
{
    struct line line = goods(quantity);
    return till_lines_set(s->till[till], refund, &line, 1, NULL);
}

static int64_t paid_back(struct shop *s, int till, int64_t refund)
{
    struct commit_info c;
    struct err e = {0};
    if (till_commit(s->till[till], refund, bytes_str("R"), NULL, 0, &c, &e) ||
        till_flush(s->till[till], WAIT, &e)) {
        fail_msg("%s", e.text);
    }
    return -c.due;
}

static const char *books(struct shop *s)
{
    pthread_mutex_lock(&s->lock);
    const char *dump = world_dump(&s->w);
    pthread_mutex_unlock(&s->lock);
    return dump;
}

/* How many rows of a table say conflict, and with this amount. */
static int conflicts(struct shop *s, int64_t amount)
{
    char end[48];
    int n = 0;
    snprintf(end, sizeof end, "|EUR|%d|%lld|0\n", TP_CONFLICT, (long long)amount);
    for (const char *p = books(s); (p = strstr(p, end)); p++) {
        n++;
    }
    return n;
}

/* ---- the tests ---- */

static void one_till_takes_back_what_another_sold_and_it_the_rest(void **state)
{
    struct shop *s = *state;
    char hex[33];
    int64_t none = 0;
    sell(s, 0, "A-1", 0, hex);
    int64_t five = begun(s, 1, "A-1", "B-1");
    assert_int_equal(put_back(s, 1, five, 6001), TP_E_ARGUMENT);
    assert_int_equal(put_back(s, 1, five, 5000), 0);
    assert_int_equal(paid_back(s, 1, five), 22000); /* claw_back */
    int64_t one = begun(s, 0, "A-1", "A-2");
    assert_int_equal(put_back(s, 0, one, 1001), TP_E_ARGUMENT);
    assert_int_equal(put_back(s, 0, one, 1000), 0);
    assert_int_equal(paid_back(s, 0, one), 5000); /* together exactly what was paid */
    int64_t third = begun(s, 2, hex, "C-1");
    assert_int_equal(put_back(s, 2, third, 1), TP_E_ARGUMENT);
    int64_t fourth = begun(s, 0, hex, "A-3");
    assert_int_equal(put_back(s, 0, fourth, 1), TP_E_ARGUMENT);
    assert_null(strstr(books(s), "|EUR|38|"));                                 /* TP_CONFLICT: in no row */
    assert_int_equal(begin(s, 2, "A-2", "C-2", WAIT, &none), TP_UNKNOWN_SALE); /* a refund is no sale */
}

static void neither_the_reference_nor_the_person_travels(void **state)
{
    struct shop *s = *state;
    char hex[33];
    sell(s, 0, "order-of-Ms-Example", 0, hex);
    buf_reset(&s->asked);
    begun(s, 1, "order-of-Ms-Example", "B-1");
    assert_true(s->asked.n > 0);
    assert_null(memmem(s->asked.p, s->asked.n, "Ms-Example", 10));
    assert_null(strstr(books(s), "Ms-Example"));
}

static void a_reference_of_two_tills_is_no_name(void **state)
{
    struct shop *s = *state;
    char one[33], two[33];
    int64_t refund = 0;
    sell(s, 0, "0001", 0, one);
    sell(s, 1, "0001", 1, two);
    assert_int_equal(begin(s, 2, "0001", "C-1", WAIT, &refund), TP_UNKNOWN_SALE);
    begun(s, 2, two, "C-1");
    assert_int_equal(begin(s, 2, one, "C-1", WAIT, &refund), TP_E_EXISTS);
    begun(s, 2, one, "C-2");
    /* and at its own till the reference is that till's */
    int64_t own = begun(s, 1, "0001", "B-1");
    assert_int_equal(put_back(s, 1, own, 6000), 0);
    assert_int_equal(paid_back(s, 1, own), 27000);
    int64_t other = begun(s, 2, one, "C-2");
    assert_int_equal(put_back(s, 2, other, 6000), 0);
}

static void without_a_line_only_its_own_comes_back(void **state)
{
    struct shop *s = *state;
    char hex[33];
    int64_t refund = 0;
    sell(s, 0, "A-1", 0, hex);
    int64_t known = begun(s, 1, "A-1", "B-1");
    assert_int_equal(put_back(s, 1, known, 1000), 0);
    paid_back(s, 1, known);
    atomic_store(&s->way[0].spoil, DOWN);
    atomic_store(&s->way[1].spoil, DOWN);
    assert_int_equal(begin(s, 1, "A-1", "B-2", SOON, &refund), TP_OFFLINE);
    assert_int_equal(refund, 0);
    assert_int_equal(begin(s, 1, "A-1", "B-2", 0, &refund), TP_UNKNOWN_SALE); /* asks nobody */
    assert_int_equal(begin(s, 1, "A-1", "B-1", SOON, &refund), 0);            /* committed: as it is */
    assert_int_equal(refund, known);
    /* Its own is in its record; what it cannot know becomes a conflict at the authority. */
    later(s);
    assert_int_equal(begin(s, 0, "A-1", "A-2", SOON, &refund), 0);
    assert_int_equal(put_back(s, 0, refund, 6000), 0);
    struct commit_info c;
    assert_int_equal(till_commit(s->till[0], refund, bytes_str("R"), NULL, 0, &c, NULL), 0);
    assert_int_equal(c.due, -27000);
    atomic_store(&s->way[0].spoil, GOOD);
    assert_int_equal(till_flush(s->till[0], WAIT, NULL), 0);
    assert_int_equal(conflicts(s, 4500), 1); /* one of the six was back already */
}

static void what_nobody_sold_is_unknown_and_what_was_voided_stays(void **state)
{
    struct shop *s = *state;
    char hex[33];
    int64_t refund = 0;
    struct err e = {0};
    assert_int_equal(begin(s, 1, "nothing", "B-1", WAIT, &refund), TP_UNKNOWN_SALE);
    assert_int_equal(begin(s, 1, "0123456789abcdef0123456789abcdef", "B-1", WAIT, &refund), TP_UNKNOWN_SALE);
    int64_t sale = sell(s, 0, "A-1", 0, hex);
    assert_int_equal(till_void(s->till[0], sale, &e), 0);
    assert_int_equal(till_flush(s->till[0], WAIT, &e), 0);
    assert_int_equal(begin(s, 1, "A-1", "B-1", WAIT, &refund), TP_E_STATE);
    assert_int_equal(refund, 0);
}

static void a_hostile_answer_is_none(void **state)
{
    struct shop *s = *state;
    char hex[33];
    int64_t refund = 0;
    sell(s, 0, "A-1", 0, hex);
    begun(s, 1, "A-1", "B-0"); /* the one that is repeated later */
    for (int spoil = GARBAGE; spoil < SPOILS; spoil++) {
        int before = s->recalls;
        atomic_store(&s->way[2].spoil, spoil);
        int rc = begin(s, 2, "A-1", "C-1", SOON, &refund);
        if (rc != TP_OFFLINE || refund != 0) {
            fail_msg("spoil %d: %d", spoil, rc);
        }
        assert_true(s->recalls > before);
    }
    atomic_store(&s->way[2].spoil, GOOD);
    refund = begun(s, 2, "A-1", "C-1");
    assert_int_equal(put_back(s, 2, refund, 6000), 0);
    /* A hold that gets such an answer keeps what was known. */
    atomic_store(&s->way[2].spoil, TOO_MUCH_BACK);
    struct quote_info q;
    assert_int_equal(till_hold(s->till[2], refund, SOON, &q, NULL), 0);
    assert_int_equal(q.outcome, TP_PROVISIONAL);
    assert_int_equal(q.reason, TP_OFFLINE);
    assert_int_equal(q.due, -27000);
}

static void two_tills_at_once_leave_one_conflict(void **state)
{
    struct shop *s = *state;
    char hex[33];
    struct quote_info q;
    int64_t refund[2], one = 0;
    sell(s, 0, "A-1", 0, hex);
    for (int i = 0; i < 2; i++) {
        refund[i] = begun(s, i + 1, "A-1", "X-1");
        assert_int_equal(put_back(s, i + 1, refund[i], 6000), 0);
        assert_int_equal(till_hold(s->till[i + 1], refund[i], WAIT, &q, NULL), 0);
        assert_int_equal(q.due, -27000);
        assert_int_equal(q.reason, 0);
    }
    /* Both had asked; then both pay. */
    later(s);
    assert_int_equal(paid_back(s, 1, refund[0]), 27000);
    later(s);
    assert_int_equal(paid_back(s, 2, refund[1]), 27000);
    assert_int_equal(conflicts(s, 0), 0);
    assert_int_equal(conflicts(s, 27000), 1);
    /* One that asks again before it pays hears of it. */
    sell(s, 0, "A-9", 1, hex);
    one = begun(s, 1, "A-9", "Y-1");
    assert_int_equal(put_back(s, 1, one, 6000), 0);
    int64_t other = begun(s, 2, "A-9", "Y-2");
    assert_int_equal(put_back(s, 2, other, 1000), 0);
    paid_back(s, 2, other);
    assert_int_equal(till_hold(s->till[1], one, WAIT, &q, NULL), TP_E_STATE);
    assert_int_equal(put_back(s, 1, one, 5000), 0);
    assert_int_equal(till_hold(s->till[1], one, WAIT, &q, NULL), 0);
    assert_int_equal(conflicts(s, 27000), 1);
}

static void two_refunds_open_at_one_till_share_what_is_left(void **state)
{
    struct shop *s = *state;
    char hex[33];
    sell(s, 0, "A-1", 0, hex);
    int64_t one = begun(s, 1, "A-1", "B-1"), two = begun(s, 1, hex, "B-2");
    assert_int_equal(put_back(s, 1, one, 5000), 0);
    assert_int_equal(put_back(s, 1, two, 5000), 0);
    assert_int_equal(paid_back(s, 1, one), 22000);
    struct commit_info c;
    assert_int_equal(till_commit(s->till[1], two, bytes_str("R"), NULL, 0, &c, NULL), TP_E_STATE);
    assert_int_equal(put_back(s, 1, two, 1000), 0);
    assert_int_equal(paid_back(s, 1, two), 5000);
    /* After reopening, what was recorded is found; a fresh one asks and finds nothing left. */
    assert_int_equal(till_close(s->till[1], WAIT), 0);
    start_till(s, 1);
    int64_t found = begun(s, 1, "A-1", "B-2");
    assert_int_equal(paid_back(s, 1, found), 5000);
    int64_t more = begun(s, 1, "A-1", "B-3");
    assert_int_equal(put_back(s, 1, more, 1), TP_E_ARGUMENT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(one_till_takes_back_what_another_sold_and_it_the_rest),
        T(neither_the_reference_nor_the_person_travels),
        T(a_reference_of_two_tills_is_no_name),
        T(without_a_line_only_its_own_comes_back),
        T(what_nobody_sold_is_unknown_and_what_was_voided_stays),
        T(a_hostile_answer_is_none),
        T(two_tills_at_once_leave_one_conflict),
        T(two_refunds_open_at_one_till_share_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
