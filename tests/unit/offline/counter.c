#include "counter.h"

#include "journal/journal.h"
#include "keys/keyfile.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* One authority's handle for all counters and the test: one at a time. */
static pthread_mutex_t authority_lock = PTHREAD_MUTEX_INITIALIZER;

void counter_lock(void)
{
    pthread_mutex_lock(&authority_lock);
}

void counter_unlock(void)
{
    pthread_mutex_unlock(&authority_lock);
}

static int64_t read_wall(void *ctx)
{
    return ((struct counter *)ctx)->wall;
}

static int64_t read_boot(void *ctx)
{
    return ((struct counter *)ctx)->boot;
}

static int call(void *ctx, struct bytes request, struct buf *reply, struct err *e)
{
    struct counter *c = ctx;
    if (c->cut) {
        return err_code(e, TP_OFFLINE);
    }
    counter_lock();
    int rc = authority_handle(c->w->authority, request, reply);
    if (rc == 0 && c->between) {
        c->between(c->between_arg, request, reply);
    }
    counter_unlock();
    return rc;
}

static void start(struct counter *c)
{
    struct err e = {0};
    struct till_config config = {.dir = c->dir,
                                 .transport = {.call = call, .ctx = c},
                                 .clock = &c->clock,
                                 .first_wait_ms = COUNTER_WAIT};
    memcpy(config.authority, c->w->id, ID_SIZE);
    memcpy(config.root, c->w->root.thumbprint, HASH_SIZE);
    if (till_open(&config, &c->till, &e)) {
        fail_msg("%s", e.text);
    }
}

void counter_policy(struct world *w, int64_t coupon_cap, int64_t hour_cap)
{
    struct zone_step step = {0, 60};
    struct policy_statement p = {.common = world_common(w),
                                 .terms = {.version = 2,
                                           .currency = bytes_str("EUR"),
                                           .zone = bytes_str("Etc/GMT-1"),
                                           .zone_steps = {&step, 1},
                                           .tax_included = true,
                                           .offline_age_ms = DAY_MS,
                                           .risk_coupon_cap = coupon_cap,
                                           .risk_hour_cap = hour_cap}};
    assert_int_equal(world_office(w, KIND_POLICY, &p), 0);
}

void counter_publish(struct world *w, const struct offer *o, int64_t batch)
{
    world_publish(w, o);
    world_batch(w, batch, o, COUNTER_LAST + 1, "email", "autumn");
}

void counter_open(struct counter *c, struct world *w, const char *name)
{
    struct cose_key key;
    struct err e = {0};
    uint8_t terminal[HASH_SIZE];
    char path[320];
    memset(c, 0, sizeof *c);
    c->w = w;
    c->wall = w->now;
    c->boot = HOUR_MS;
    c->clock = (struct clock_source){read_wall, read_boot, c};
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->dir, sizeof c->dir, "%s/%s", w->dir, name);
    snprintf(path, sizeof path, "%s/till.key", c->dir);
    assert_int_equal(mkdir(c->dir, 0700), 0);
    assert_int_equal(keyfile_create(path, ALG_ESP256, &key, &e), 0);
    counter_lock();
    world_enrol(w, name, &key, terminal);
    counter_unlock();
    cose_key_free(&key);
    assert_int_equal(journal_create(c->dir, w->id, bytes_str(name), bytes_str("main"), 1, terminal, &e), 0);
    start(c);
    counter_hear(c);
}

static void copy_file(const struct counter *c, const char *from, const char *to)
{
    char in[320], out[320], bytes[4096];
    snprintf(in, sizeof in, "%s/%s", c->dir, from);
    snprintf(out, sizeof out, "%s/%s", c->dir, to);
    FILE *r = fopen(in, "rb"), *w = fopen(out, "wb");
    assert_non_null(w);
    for (size_t n; r && (n = fread(bytes, 1, sizeof bytes, r)) > 0;) {
        assert_int_equal(fwrite(bytes, 1, n, w), n);
    }
    if (r) {
        fclose(r);
    }
    assert_int_equal(fclose(w), 0);
}

static void remove_file(const struct counter *c, const char *name)
{
    char path[320];
    snprintf(path, sizeof path, "%s/%s", c->dir, name);
    unlink(path);
}

void counter_close(struct counter *c)
{
    static const char *const names[] = {"till.key", "till.db", "till.db-wal", "till.db-shm", "lock"};
    till_close(c->till, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        remove_file(c, names[i]);
    }
    assert_int_equal(rmdir(c->dir), 0);
}

void counter_restart(struct counter *c, bool reboot)
{
    till_close(c->till, 0);
    if (reboot) {
        c->boot = 1000;
    }
    start(c);
}

void counter_crash(struct counter *c)
{
    till_lock(c->till); /* its thread writes nothing meanwhile */
    copy_file(c, "till.db", "kept");
    copy_file(c, "till.db-wal", "kept-wal");
    till_unlock(c->till);
    till_close(c->till, 0);
    remove_file(c, "till.db-shm");
    copy_file(c, "kept", "till.db");
    copy_file(c, "kept-wal", "till.db-wal");
    remove_file(c, "kept");
    remove_file(c, "kept-wal");
    start(c);
}

void counter_hear(struct counter *c)
{
    struct err e = {0};
    c->cut = false;
    if (till_flush(c->till, COUNTER_WAIT, &e) || till_sync_now(c->till, COUNTER_WAIT, &e)) {
        fail_msg("%s", e.text);
    }
}

void counter_pass(struct counter *c, int64_t ms)
{
    counter_lock();
    c->w->now += ms;
    counter_unlock();
    c->wall += ms;
    c->boot += ms;
}

/* ---- sales ---- */

int64_t counter_sale(struct counter *c, const char *reference, int64_t price)
{
    struct line line = {.number = 1,
                        .sku = bytes_str("beans"),
                        .name = bytes_str("Espresso beans"),
                        .category = bytes_str("coffee"),
                        .quantity = 1000,
                        .unit_price = price,
                        .tax = 7000};
    struct err e = {0};
    int64_t sale = 0;
    if (till_sale_begin(c->till, bytes_str(reference), bytes_str("EUR"), false, &sale, &e) ||
        till_lines_set(c->till, sale, &line, 1, &e)) {
        fail_msg("%s", e.text);
    }
    return sale;
}

int counter_present(struct counter *c, int64_t sale, const struct offer *o, uint32_t batch, uint32_t index)
{
    struct presentation_info p = {0};
    struct err e = {0};
    struct buf digits;
    buf_init(&digits, COUPON_DIGITS_MAX);
    counter_lock();
    coupon_to_digits(world_coupon(c->w, o, batch, index), &digits);
    counter_unlock();
    if (till_present(c->till, sale, PRESENT_SCAN, buf_view(&digits), &p, &e)) {
        fail_msg("%s", e.text);
    }
    buf_free(&digits);
    return p.outcome;
}

struct quote_info counter_hold(struct counter *c, int64_t sale)
{
    struct quote_info q = {0};
    struct err e = {0};
    if (till_hold(c->till, sale, c->cut ? COUNTER_SHORT : COUNTER_WAIT, &q, &e)) {
        fail_msg("%s", e.text);
    }
    return q;
}

struct quote_info counter_quote(struct counter *c, int64_t sale)
{
    struct quote_info q = {0};
    struct err e = {0};
    if (till_quote(c->till, sale, &q, &e)) {
        fail_msg("%s", e.text);
    }
    return q;
}

struct commit_info counter_commit(struct counter *c, int64_t sale)
{
    struct commit_info info = {0};
    struct tender tender = {bytes_str("cash"), counter_quote(c, sale).due};
    struct err e = {0};
    if (till_commit(c->till, sale, bytes_str("R-1"), &tender, 1, &info, &e)) {
        fail_msg("%s", e.text);
    }
    return info;
}

int counter_outcome(struct counter *c, int64_t sale, const struct offer *o)
{
    struct quote_info q = counter_quote(c, sale);
    char id[48];
    bytes_to_cstr(o->id, id, sizeof id);
    for (size_t i = 0; i < q.offers; i++) {
        struct offer_info info;
        struct err e = {0};
        assert_int_equal(till_offer_result(c->till, sale, i, &info, &e), 0);
        if (strcmp(info.offer, id) == 0) {
            return info.outcome;
        }
    }
    return 0;
}

int64_t counter_ask(struct counter *c, const char *sql)
{
    char path[320];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    snprintf(path, sizeof path, "%s/till.db", c->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

void counter_write(struct counter *c, const char *sql)
{
    char path[320];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/till.db", c->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}
