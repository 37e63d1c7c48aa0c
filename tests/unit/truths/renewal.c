/*
 * The life of a till's key, with a real till and a real authority: it renews by itself, whatever is lost or
 * killed on the way; a copy of its folder is found by the fork that it makes, or by being behind; a keyset
 * that a till takes never goes back.
 */
#include "journal/journal.h"
#include "keys/keyfile.h"
#include "sale/till.h"
#include "support/cm.h"
#include "support/world.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

enum { WAIT = 10000, FOLDERS = 2 };
enum spoil { GOOD, DOWN, LOSE_RENEWAL };

struct shop {
    struct world w;
    struct offer o;
    pthread_mutex_t lock;
    _Atomic int64_t now;
    struct clock_source clock;
    struct way {
        struct shop *shop;
        atomic_int spoil, renewals;
    } way[FOLDERS];
    char dir[FOLDERS][256];
    struct till *till[FOLDERS];
};

static bool asks_to_renew(struct bytes request)
{
    static const char typ[] = "application/vnd.tillproof.renew";
    return memmem(request.p, request.n, typ, sizeof typ - 1) != NULL;
}

static int call(void *ctx, struct bytes request, struct buf *reply, struct err *e)
{
    struct way *way = ctx;
    struct shop *s = way->shop;
    int spoil = atomic_load(&way->spoil);
    if (spoil == DOWN) {
        return err_set(e, TP_OFFLINE, "the line is down");
    }
    pthread_mutex_lock(&s->lock);
    int rc = authority_handle(s->w.authority, request, reply);
    pthread_mutex_unlock(&s->lock);
    if (asks_to_renew(request)) {
        atomic_fetch_add(&way->renewals, 1);
        if (spoil == LOSE_RENEWAL) {
            return err_set(e, TP_OFFLINE, "the answer was lost");
        }
    }
    return rc;
}

static int64_t read_now(void *ctx)
{
    return atomic_load(&((struct shop *)ctx)->now);
}

static void pass(struct shop *s, int64_t ms)
{
    pthread_mutex_lock(&s->lock);
    s->w.now += ms;
    atomic_store(&s->now, s->w.now);
    pthread_mutex_unlock(&s->lock);
}

static int open_folder(struct shop *s, int i, struct err *e)
{
    struct till_config config = {.dir = s->dir[i],
                                 .transport = {.call = call, .ctx = &s->way[i]},
                                 .clock = &s->clock,
                                 .first_wait_ms = WAIT};
    memcpy(config.authority, s->w.id, ID_SIZE);
    memcpy(config.root, s->w.root.thumbprint, HASH_SIZE);
    s->way[i].shop = s;
    return till_open(&config, &s->till[i], e);
}

static void start(struct shop *s, int i)
{
    struct err e = {0};
    if (open_folder(s, i, &e)) {
        fail_msg("%s", e.text);
    }
}

static void stop(struct shop *s, int i)
{
    till_close(s->till[i], 0);
    s->till[i] = NULL;
}

static void path_in(const struct shop *s, int i, const char *name, char out[320])
{
    snprintf(out, 320, "%s/%s", s->dir[i], name);
}

static void make_till(struct shop *s)
{
    struct cose_key key;
    struct err e = {0};
    uint8_t terminal[HASH_SIZE];
    char path[320], dir[256];
    memcpy(dir, s->w.dir, sizeof dir);
    for (int i = 0; i < FOLDERS; i++) {
        snprintf(s->dir[i], sizeof s->dir[i], "%.200s/folder%d", dir, i);
        assert_int_equal(mkdir(s->dir[i], 0700), 0);
    }
    path_in(s, 0, "till.key", path);
    assert_int_equal(keyfile_create(path, ALG_ESP256, &key, &e), 0);
    world_enrol(&s->w, "till", &key, terminal);
    cose_key_free(&key);
    assert_int_equal(
        journal_create(s->dir[0], s->w.id, bytes_str("till"), bytes_str("main"), 1, terminal, &e), 0);
}

static int setup(void **state)
{
    struct shop *s = test_calloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    world_open(&s->w, 0);
    s->o = world_offer(&s->w, "coffee10", 10000);
    world_publish(&s->w, &s->o);
    world_batch(&s->w, 1, &s->o, 32, "email", "");
    s->clock = (struct clock_source){read_now, read_now, s};
    atomic_store(&s->now, s->w.now);
    make_till(s);
    *state = s;
    return 0;
}

static const char *const files[] = {"till.key",    "till.key.next", "till.db",
                                    "till.db-wal", "till.db-shm",   "lock"};
enum { FILES = sizeof files / sizeof *files };

static int teardown(void **state)
{
    struct shop *s = *state;
    for (int i = 0; i < FOLDERS; i++) {
        stop(s, i);
        for (size_t k = 0; k < FILES; k++) {
            char path[320];
            path_in(s, i, files[k], path);
            unlink(path);
        }
        assert_int_equal(rmdir(s->dir[i]), 0);
    }
    world_close(&s->w);
    pthread_mutex_destroy(&s->lock);
    test_free(s);
    return 0;
}

static void copy_file(const char *from, const char *to)
{
    char chunk[4096];
    ssize_t n;
    int in = open(from, O_RDONLY | O_CLOEXEC), out;
    unlink(to);
    if (in < 0) {
        return;
    }
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out >= 0);
    while ((n = read(in, chunk, sizeof chunk)) > 0) {
        assert_int_equal(write(out, chunk, (size_t)n), n);
    }
    close(in);
    close(out);
}

/* The second folder becomes what the first one is now. The till is closed. */
static void copy_folder(struct shop *s)
{
    for (size_t k = 0; k < FILES; k++) {
        char from[320], to[320];
        path_in(s, 0, files[k], from);
        path_in(s, 1, files[k], to);
        copy_file(from, to);
    }
}

static struct till_status status_of(struct shop *s, int i)
{
    struct till_status v;
    assert_int_equal(till_status(s->till[i], &v, NULL), 0);
    return v;
}

/* Waits for the till's worker, which does it by itself. */
static bool comes_to_epoch(struct shop *s, int i, int64_t epoch)
{
    for (int ms = 0; ms < WAIT; ms += 20) {
        if (status_of(s, i).epoch == epoch) {
            return true;
        }
        (void)till_sync_now(s->till[i], 1000, NULL);
        usleep(20000);
    }
    return false;
}

/* A sale with this coupon: the price, or below zero why it is not recorded. */
static int64_t sell(struct shop *s, int i, const char *reference, uint32_t coupon, int *reason)
{
    struct err e = {0};
    struct line line = {.number = 1,
                        .sku = bytes_str("1"),
                        .name = bytes_str("Beans"),
                        .category = bytes_str("coffee"),
                        .quantity = 1000,
                        .unit_price = 2000,
                        .tax = 7000};
    struct presentation_info p;
    struct quote_info q = {0};
    struct commit_info c;
    int64_t sale = 0;
    assert_int_equal(till_sale_begin(s->till[i], bytes_str(reference), bytes_str("EUR"), false, &sale, &e),
                     0);
    assert_int_equal(till_lines_set(s->till[i], sale, &line, 1, &e), 0);
    pthread_mutex_lock(&s->lock);
    struct bytes digits = world_coupon(&s->w, &s->o, 1, coupon);
    pthread_mutex_unlock(&s->lock);
    assert_int_equal(till_present(s->till[i], sale, PRESENT_SCAN, digits, &p, &e), 0);
    int rc = till_hold(s->till[i], sale, atomic_load(&s->way[i].spoil) == DOWN ? 300 : WAIT, &q, &e);
    rc = rc ? rc : till_commit(s->till[i], sale, bytes_str("R"), NULL, 0, &c, &e);
    *reason = q.reason;
    return rc ? rc : q.due;
}

/* ---- renewal ---- */

static void a_till_renews_before_its_time_ends(void **state)
{
    struct shop *s = *state;
    char next[320];
    int reason;
    start(s, 0);
    pass(s, 58 * DAY_MS); /* of 90; a day had gone when it was enrolled */
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    assert_int_equal(sell(s, 0, "A-1", 0, &reason), 1800);
    assert_int_equal(till_flush(s->till[0], WAIT, NULL), 0);
    assert_int_equal(status_of(s, 0).epoch, 1);
    assert_int_equal(atomic_load(&s->way[0].renewals), 0);
    pass(s, 2 * DAY_MS);
    assert_true(comes_to_epoch(s, 0, 2));
    assert_int_equal(status_of(s, 0).seq, 0);
    assert_int_equal(sell(s, 0, "A-2", 1, &reason), 1800);
    assert_int_equal(till_flush(s->till[0], WAIT, NULL), 0);
    assert_int_equal(atomic_load(&s->way[0].renewals), 1);
    path_in(s, 0, "till.key.next", next);
    assert_int_equal(access(next, F_OK), -1);
    /* years go by */
    for (int64_t epoch = 3; epoch < 8; epoch++) {
        pass(s, 60 * DAY_MS);
        assert_true(comes_to_epoch(s, 0, epoch));
    }
    stop(s, 0);
    start(s, 0);
    assert_int_equal(sell(s, 0, "A-3", 2, &reason), 1800);
    assert_int_equal(till_flush(s->till[0], WAIT, NULL), 0);
    assert_int_equal(status_of(s, 0).refused, 0);
    assert_null(strstr(world_dump(&s->w), "|disputed"));
}

/* What was recorded under the key before, and not sent, is sent under it. */
static void what_was_not_sent_before_is_taken_after(void **state)
{
    struct shop *s = *state;
    int reason;
    start(s, 0);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    atomic_store(&s->way[0].spoil, DOWN);
    pass(s, 61 * DAY_MS);
    assert_int_equal(sell(s, 0, "A-1", 0, &reason), 2000);
    assert_int_equal(status_of(s, 0).unsent, 1);
    atomic_store(&s->way[0].spoil, GOOD);
    assert_true(comes_to_epoch(s, 0, 2));
    assert_int_equal(till_flush(s->till[0], WAIT, NULL), 0);
    assert_int_equal(status_of(s, 0).refused, 0);
    assert_non_null(strstr(world_dump(&s->w), "sale|"));
}

static void a_lost_answer_costs_nothing(void **state)
{
    struct shop *s = *state;
    int reason;
    start(s, 0);
    atomic_store(&s->way[0].spoil, LOSE_RENEWAL);
    pass(s, 61 * DAY_MS);
    assert_true(comes_to_epoch(s, 0, 2));
    assert_false(status_of(s, 0).behind);
    assert_int_equal(sell(s, 0, "A-1", 0, &reason), 1800);
}

/* Killed after the journal had the new epoch and before the file had its place; and before either. */
static void a_renewal_that_was_interrupted_is_finished(void **state)
{
    struct shop *s = *state;
    char key[320], next[320], old[320];
    int reason;
    path_in(s, 0, "till.key", key);
    path_in(s, 0, "till.key.next", next);
    path_in(s, 1, "till.key", old);
    copy_file(key, old);
    start(s, 0);
    pass(s, 61 * DAY_MS);
    assert_true(comes_to_epoch(s, 0, 2));
    stop(s, 0);
    assert_int_equal(rename(key, next), 0);
    copy_file(old, key);
    start(s, 0);
    assert_int_equal(access(next, F_OK), -1);
    assert_int_equal(sell(s, 0, "A-1", 0, &reason), 1800);
    stop(s, 0);
    /* Without the key that was asked for it is a till with a strange key. */
    copy_file(old, key);
    struct err e = {0};
    assert_int_equal(open_folder(s, 0, &e), TP_E_UNTRUSTED);
    s->till[0] = NULL;
}

/* ---- given up ---- */

static void a_till_that_was_given_up_is_told_and_redeems_nothing(void **state)
{
    struct shop *s = *state;
    struct cose_key key = {0};
    char path[320];
    int reason;
    path_in(s, 0, "till.key", path);
    assert_int_equal(keyfile_load(path, &key, NULL), 0);
    start(s, 0);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    pthread_mutex_lock(&s->lock);
    struct buf encoded;
    buf_init(&encoded, 256);
    cose_key_encode(&key, &encoded);
    cose_key_free(&key);
    struct terminal t = {.common = world_common(&s->w),
                         .till = bytes_str("till"),
                         .store = bytes_str("main"),
                         .epoch = 1,
                         .cose_key = buf_view(&encoded),
                         .from = s->w.now,
                         .until = s->w.now + DAY_MS,
                         .state = TERMINAL_LOST,
                         .from_seq = 1};
    assert_int_equal(world_office(&s->w, KIND_TERMINAL, &t), 0);
    buf_free(&encoded);
    pthread_mutex_unlock(&s->lock);
    /* The sale is recorded and kept, at the full price. */
    assert_int_equal(sell(s, 0, "A-1", 0, &reason), 2000);
    assert_int_equal(reason, TP_REVOKED);
    assert_int_equal(till_flush(s->till[0], WAIT, NULL), 0);
    assert_int_equal(status_of(s, 0).refused, 0);
    (void)till_sync_now(s->till[0], WAIT, NULL);
    assert_true(status_of(s, 0).quarantined);
    struct till_event event = {0};
    bool told = false;
    do {
        till_event_next(s->till[0], 0, &event);
        told = told || (event.kind == EVENT_QUARANTINED && event.code == TP_REVOKED);
    } while (event.kind);
    assert_true(told);
    /* without a line it redeems nothing, either; and past two thirds of its time it asks for no next epoch */
    pass(s, 61 * DAY_MS);
    (void)till_sync_now(s->till[0], WAIT, NULL);
    assert_int_equal(atomic_load(&s->way[0].renewals), 0);
}

/* ---- copies ---- */

static void two_copies_that_sell_make_a_fork_and_redeem_nothing_more(void **state)
{
    struct shop *s = *state;
    struct till_row row;
    struct store *store = NULL;
    int reason;
    start(s, 0);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    stop(s, 0);
    copy_folder(s);
    for (int i = 0; i < FOLDERS; i++) {
        atomic_store(&s->way[i].spoil, DOWN);
        start(s, i);
        pass(s, 10);
        assert_int_equal(sell(s, i, i ? "B-1" : "A-1", (uint32_t)i, &reason), 2000);
    }
    for (int i = 0; i < FOLDERS; i++) {
        atomic_store(&s->way[i].spoil, GOOD);
        (void)till_flush(s->till[i], WAIT, NULL);
    }
    /* both records are kept as evidence, and count: both sales happened */
    assert_int_equal(store_open(s->w.db, s->w.id, STORE_READ_ONLY, &store, NULL), 0);
    assert_int_equal(store_till(store, bytes_str("till"), &row), 0);
    assert_true(row.quarantined);
    store_close(store);
    const char *dump = world_dump(&s->w);
    int records = 0;
    for (const char *p = dump; (p = strstr(p, "\nrecord|")); p++) {
        records++;
    }
    assert_int_equal(records, 2);
    for (int i = 0; i < FOLDERS; i++) {
        int64_t due = sell(s, i, i ? "B-2" : "A-2", (uint32_t)(2 + i), &reason);
        assert_true(due == TP_E_BEHIND || (due == 2000 && reason == TP_QUARANTINED));
    }
}

static void yesterdays_folder_is_behind_and_signs_nothing(void **state)
{
    struct shop *s = *state;
    int reason;
    start(s, 0);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    stop(s, 0);
    copy_folder(s);
    start(s, 0);
    assert_int_equal(sell(s, 0, "A-1", 0, &reason), 1800);
    assert_int_equal(till_flush(s->till[0], WAIT, NULL), 0);
    stop(s, 0);
    start(s, 1);
    assert_int_equal(sell(s, 1, "A-1", 1, &reason), TP_E_BEHIND);
    assert_true(status_of(s, 1).behind);
    assert_int_equal(status_of(s, 1).seq, 0);
    /* also after it was opened again without a line */
    stop(s, 1);
    atomic_store(&s->way[1].spoil, DOWN);
    start(s, 1);
    assert_int_equal(sell(s, 1, "A-1", 1, &reason), TP_E_BEHIND);
}

/* A folder from before a renewal: its key is another epoch's now. */
static void a_copy_from_before_a_renewal_is_behind(void **state)
{
    struct shop *s = *state;
    int reason;
    start(s, 0);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    stop(s, 0);
    copy_folder(s);
    start(s, 0);
    pass(s, 61 * DAY_MS);
    assert_true(comes_to_epoch(s, 0, 2));
    stop(s, 0);
    start(s, 1);
    assert_int_equal(sell(s, 1, "A-1", 1, &reason), TP_E_BEHIND);
    assert_true(status_of(s, 1).behind);
}

/* ---- keysets ---- */

static struct bytes encoded(struct shop *s, const struct cose_key *key)
{
    struct buf b;
    buf_init(&b, 256);
    cose_key_encode(key, &b);
    struct bytes kept = arena_copy(&s->w.arena, buf_view(&b));
    buf_free(&b);
    return kept;
}

/* Another grant key: the one before signed until now. The authority is started with the new one. */
static void rotate_grant_key(struct shop *s, int64_t number)
{
    struct cose_key fresh = {0};
    assert_int_equal(cose_key_generate(ALG_ESP256, &fresh), 0);
    pthread_mutex_lock(&s->lock);
    const struct {
        const struct cose_key *key;
        int purpose;
        const char *name;
        int64_t from, until;
    } all[] = {{&s->w.root, PURPOSE_ROOT, "root", 0, TIME_MAX},
               {&s->w.merchant, PURPOSE_MERCHANT, "merchant", 0, TIME_MAX},
               {&s->w.issuer, PURPOSE_ISSUER, "issuer", 0, TIME_MAX},
               {&s->w.log, PURPOSE_LOG, "log", 0, TIME_MAX},
               {&s->w.registrar, PURPOSE_REGISTRAR, "registrar", 0, TIME_MAX},
               {&s->w.grant, PURPOSE_GRANT, "grant", 0, s->w.now},
               {&fresh, PURPOSE_GRANT, "grant", s->w.now, TIME_MAX}};
    enum { KEYS = sizeof all / sizeof *all };
    struct keyset_key keys[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = (struct keyset_key){.cose_key = encoded(s, all[i].key),
                                      .purpose = all[i].purpose,
                                      .name = bytes_str(all[i].name),
                                      .from = all[i].from,
                                      .until = all[i].until};
    }
    struct keyset k = {
        .common = world_common(&s->w), .number = number, .merchant = bytes_str("Test"), .keys = {keys, KEYS}};
    assert_int_equal(world_office(&s->w, KIND_KEYSET, &k), 0);
    cose_key_free(&s->w.grant);
    s->w.grant = fresh;
    authority_close(s->w.authority);
    s->w.authority = world_another(&s->w);
    pthread_mutex_unlock(&s->lock);
}

/* However much it has missed meanwhile: the state is signed by a key that it does not know yet. */
static void a_till_that_was_off_learns_the_new_keys_first(void **state)
{
    struct shop *s = *state;
    int reason;
    start(s, 0);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    assert_int_equal(sell(s, 0, "A-1", 0, &reason), 1800);
    assert_int_equal(till_flush(s->till[0], WAIT, NULL), 0);
    stop(s, 0);
    for (int i = 0; i < 230; i++) {
        char id[16];
        snprintf(id, sizeof id, "o%d", i);
        struct offer o = world_offer(&s->w, id, 1000);
        world_publish(&s->w, &o);
    }
    pass(s, 1000);
    rotate_grant_key(s, 2);
    pass(s, 1000);
    start(s, 0);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    assert_int_equal(sell(s, 0, "A-2", 1, &reason), 1800); /* a coupon from before */
    assert_int_equal(till_flush(s->till[0], WAIT, NULL), 0);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    stop(s, 0);
    /* and it comes up with what it has kept */
    atomic_store(&s->way[0].spoil, DOWN);
    start(s, 0);
    assert_true(status_of(s, 0).ready);
}

/* An authority that was set back to an earlier day has an earlier keyset, and signs with a key that has
 * ended: the till, which knows better, believes none of it and goes by what it has. */
static void an_authority_with_an_older_keyset_is_not_believed(void **state)
{
    struct shop *s = *state;
    char kept[320];
    struct cose_key before = {0};
    struct err e = {0};
    start(s, 0);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    snprintf(kept, sizeof kept, "%.280s/kept.db", s->w.dir);
    pthread_mutex_lock(&s->lock);
    struct store *store = NULL;
    assert_int_equal(store_open(s->w.db, s->w.id, 0, &store, NULL), 0);
    assert_int_equal(store_copy(store, kept), 0);
    store_close(store);
    before = s->w.grant;
    assert_int_equal(EVP_PKEY_up_ref(before.pkey), 1);
    pthread_mutex_unlock(&s->lock);
    pass(s, 1000);
    rotate_grant_key(s, 2);
    pass(s, 1000);
    assert_int_equal(till_sync_now(s->till[0], WAIT, NULL), 0);
    pthread_mutex_lock(&s->lock);
    authority_close(s->w.authority);
    cose_key_free(&s->w.grant);
    s->w.grant = before;
    snprintf(s->w.db, sizeof s->w.db, "%.280s", kept);
    s->w.authority = world_another(&s->w);
    pthread_mutex_unlock(&s->lock);
    int64_t epoch = status_of(s, 0).epoch;
    assert_int_equal(till_sync_now(s->till[0], WAIT, &e), TP_OFFLINE);
    assert_non_null(strstr(e.text, "not valid at that time"));
    assert_int_equal(status_of(s, 0).epoch, epoch);
    assert_true(status_of(s, 0).ready);
}

#define WITH_SHOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SHOP(a_till_renews_before_its_time_ends),
        WITH_SHOP(what_was_not_sent_before_is_taken_after),
        WITH_SHOP(a_lost_answer_costs_nothing),
        WITH_SHOP(a_renewal_that_was_interrupted_is_finished),
        WITH_SHOP(a_till_that_was_given_up_is_told_and_redeems_nothing),
        WITH_SHOP(two_copies_that_sell_make_a_fork_and_redeem_nothing_more),
        WITH_SHOP(yesterdays_folder_is_behind_and_signs_nothing),
        WITH_SHOP(a_copy_from_before_a_renewal_is_behind),
        WITH_SHOP(a_till_that_was_off_learns_the_new_keys_first),
        WITH_SHOP(an_authority_with_an_older_keyset_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
