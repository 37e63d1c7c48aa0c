/* A till's journal: what a commit costs, how long a backlog takes to its authority, how long a long one to
 * open. */
#include "tests/bench/backlog.h"
#include "tests/bench/service.h"
#include "tests/bench/syncs.h"

#include "office.h"
#include "sale/till.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COMMITS = 1000,
    RECORDS = 1000000,
    RECORDS_MAX = 10000000,
    OPENS = 20,
    FLOOR_ROUNDS = 300,
    FLUSH_MS = 3600 * 1000,
    WAIT_MS = 10000,
    PARTS = 6 /* of the work, for the bar */
};

static const struct bench_column columns[] = {
    {"what", false},  {"at once", true},     {"n", true},         {"per s", true},     {"p50 ms", true},
    {"p99 ms", true}, {"floor per s", true}, {"floor p50", true}, {"floor p99", true}, {"% of floor", true}};

static struct bar {
    void (*show)(int64_t done, int64_t total);
    int64_t part;
} bar;

struct bench {
    const struct bench_options *options;
    char folder[SHOP_PATH_MAX], dir[SHOP_PATH_MAX], away[SHOP_PATH_MAX];
    struct office office;
    struct bench_market market;
    struct service daemon;
    int64_t records, delivered, rounds;
    double verify_us, row_us;
};

/* The parts are as long as they are: the bar goes on, and is not a clock. */
static void show(int64_t done, int64_t total)
{
    if (bar.show && total > 0) {
        bar.show(bar.part * 1000 + done * 1000 / total, (int64_t)PARTS * 1000);
    }
}

static void next_part(void)
{
    bar.part++;
    show(0, 1);
}

/* ---- a row ---- */

struct measured {
    const char *what;
    size_t at_once;
    int64_t n, ns;
    struct samples *each, *floor; /* NULL: none */
    double floor_per_s;           /* 0: none */
};

static void put_ms(struct bench_report *r, struct samples *s, int percent)
{
    if (s && s->n) {
        report_number(r, (double)samples_at(s, percent) / 1e6, 2);
    } else {
        report_none(r);
    }
}

static void put_row(struct bench_report *r, const struct measured *m)
{
    double per_s = (double)m->n * 1e9 / (double)(m->ns ? m->ns : 1);
    report_text(r, m->what);
    report_count(r, (int64_t)m->at_once);
    report_count(r, m->n);
    report_number(r, per_s, per_s < 100 ? 1 : 0);
    put_ms(r, m->each, 50);
    put_ms(r, m->each, 99);
    if (m->floor_per_s > 0) {
        report_number(r, m->floor_per_s, m->floor_per_s < 100 ? 1 : 0);
    } else {
        report_none(r);
    }
    put_ms(r, m->floor, 50);
    put_ms(r, m->floor, 99);
    if (m->floor_per_s > 0) {
        report_number(r, 100 * per_s / m->floor_per_s, 0);
    } else {
        report_none(r);
    }
}

/* ---- the shop ---- */

static int make_shop(struct bench *b, struct err *e)
{
    int rc = folder_make(b->options->dir, b->folder, e);
    if (rc) {
        return rc;
    }
    snprintf(b->dir, sizeof b->dir, "%.900s/shop", b->folder);
    snprintf(b->away, sizeof b->away, "%.900s/away", b->folder);
    const struct office_plan plan = {.dir = b->dir,
                                     .currency = "EUR",
                                     .zone = "Europe/Berlin",
                                     .store = "main",
                                     .merchant = "Bench",
                                     .tax_included = true,
                                     .risk_coupon_cap = "10.00",
                                     .risk_hour_cap = "1000000000.00"};
    rc = office_make(&plan, e);
    rc = rc ? rc : office_open(b->dir, OFFICE_WRITE, &b->office, e);
    rc = rc ? rc : bench_market_open(&b->market, &b->office, 1, 2 * b->delivered + 1, e);
    rc = rc ? rc : office_enrol(&b->office, "counter", "main", false, e);
    return rc ? rc : office_enrol(&b->office, "old", "main", false, e);
}

static int measure_floors(struct bench *b, struct err *e)
{
    struct floor f;
    struct samples verify = {0}, rows = {0};
    int rc = floor_open(&f, b->folder, e);
    for (int i = 0; i < FLOOR_ROUNDS && rc == 0; i++) {
        rc = floor_verify(&f, &verify, e);
    }
    rc = rc ? rc : floor_rows(&f, 1024, &rows, e);
    b->verify_us = (double)samples_at(&verify, 50) / 1e3;
    b->row_us = (double)samples_at(&rows, 50) / 1e3;
    floor_close(&f);
    samples_free(&verify);
    samples_free(&rows);
    return rc;
}

/* ---- a till ---- */

static int nobody(void *ctx, struct bytes request, struct buf *reply, struct err *e)
{
    (void)ctx, (void)request, (void)reply;
    return err_code(e, TP_OFFLINE);
}

/* shop NULL: its authority does not answer. */
static int open_till(struct bench *b, const char *dir, const char *name, const struct shop *shop,
                     struct till **out, struct err *e)
{
    char path[SHOP_PATH_MAX], helper[PLUGIN_PATH];
    struct till_config config = {
        .dir = path, .transport = {.call = nobody}, .clock = &clock_system, .first_wait_ms = WAIT_MS};
    snprintf(path, sizeof path, "%.900s/tills/%s", dir, name);
    memcpy(config.authority, b->office.shop.authority, ID_SIZE);
    memcpy(config.root, b->office.shop.root, HASH_SIZE);
    if (shop) {
        if (shop->away && !plugin_beside("tillproof-helper", helper)) {
            return err_set(e, TP_E_IO, "tillproof-helper does not lie beside the plugin");
        }
        int rc = shop_transport(shop, &clock_system, helper, &config.transport, e);
        if (rc) {
            return rc;
        }
    } else {
        config.first_wait_ms = 0;
    }
    return till_open(&config, out, e);
}

/* A till that knows its shop's policy. */
static int warm_up(struct bench *b, const char *name, struct err *e)
{
    struct till *t = NULL;
    int rc = open_till(b, b->dir, name, &b->office.shop, &t, e);
    rc = rc ? rc : till_sync_now(t, WAIT_MS, e);
    int closed = till_close(t, WAIT_MS);
    return rc ? rc : closed ? err_code(e, closed) : 0;
}

/* ---- commits ---- */

struct selling {
    struct till *till;
    size_t threads;
};

static int sell(void *ctx, size_t thread, int64_t round, int64_t *ns)
{
    const struct selling *s = ctx;
    char reference[48];
    struct line lines[BENCH_LINES];
    struct work_line w[BENCH_LINES];
    struct commit_info info;
    int64_t sale = 0, due = 0;
    snprintf(reference, sizeof reference, "%zu-%zu-%" PRId64, s->threads, thread, round);
    for (size_t i = 0; i < BENCH_LINES; i++) {
        work_line(i, &w[i]);
        lines[i] = (struct line){.number = (int64_t)i + 1,
                                 .sku = bytes_str(w[i].sku),
                                 .name = bytes_str("Item"),
                                 .category = bytes_str(w[i].category),
                                 .quantity = w[i].quantity,
                                 .unit_price = w[i].unit_price,
                                 .tax = w[i].tax};
        due += w[i].quantity * w[i].unit_price / 1000;
    }
    struct tender cash = {bytes_str("cash"), due};
    int rc = till_sale_begin(s->till, bytes_str(reference), bytes_str("EUR"), false, &sale, NULL);
    rc = rc ? rc : till_lines_set(s->till, sale, lines, BENCH_LINES, NULL);
    int64_t from = now_ns();
    rc = rc ? rc : till_commit(s->till, sale, bytes_str("R"), &cash, 1, &info, NULL);
    *ns = now_ns() - from;
    return rc;
}

static int commits(struct bench *b, size_t threads, struct bench_report *r, struct err *e)
{
    struct samples each = {0}, floor = {0};
    struct selling s = {.threads = threads};
    int64_t ns = 0, floor_ns = 0;
    int rc = open_till(b, b->dir, "counter", NULL, &s.till, e);
    int64_t before = written_bytes();
    const struct crowd crowd = {sell, &s, threads, b->rounds};
    rc = rc ? rc : crowd_run(&crowd, &each, &ns);
    size_t bytes = (size_t)((written_bytes() - before) / b->rounds);
    (void)till_close(s.till, 0);
    if (rc) {
        return err_code(e, rc);
    }
    rc = floor_syncs(b->folder, bytes ? bytes : 4096, threads, b->rounds, &floor, &floor_ns, e);
    if (rc == 0) {
        double per_s = (double)b->rounds * 1e9 / (double)(floor_ns ? floor_ns : 1);
        put_row(r, &(struct measured){"commit", threads, b->rounds, ns, &each, &floor, per_s});
        if (threads == 1) {
            report_note(r,
                        "A commit writes %zu bytes; its floor writes as many, once, and waits for the disk.",
                        bytes);
        }
    }
    samples_free(&each);
    samples_free(&floor);
    return rc;
}

static int all_commits(struct bench *b, struct bench_report *r, struct err *e)
{
    static const size_t at_once[] = {1, 4, 16};
    int rc = warm_up(b, "counter", e);
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        rc = commits(b, at_once[i], r, e);
        show((int64_t)i + 1, 3);
    }
    return rc;
}

/* ---- a backlog ---- */

static int fill(struct bench *b, const char *name, int64_t records, bool taken, struct err *e)
{
    char path[SHOP_PATH_MAX];
    int64_t bytes = 0;
    const struct backlog plan = {.records = records, .taken = taken, .coupons = !taken, .progress = show};
    snprintf(path, sizeof path, "%.900s/tills/%s", b->dir, name);
    next_part();
    return backlog_fill(path, &b->market, &plan, &bytes, e);
}

static int64_t processor_us(void)
{
    struct rusage u = {0};
    getrusage(RUSAGE_SELF, &u);
    return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

/* A coupon's and the till's own signature, and a row as large as a record. */
static double delivery_floor(const struct bench *b)
{
    return 1e6 / (2 * b->verify_us + b->row_us);
}

static int deliver(struct bench *b, const char *dir, const char *name, const char *what,
                   struct bench_report *r, struct err *e)
{
    struct shop shop;
    struct till *t = NULL;
    struct till_status st = {0};
    int rc = shop_load(dir, &shop, e);
    next_part();
    int64_t from = now_ns(), cpu = processor_us();
    rc = rc ? rc : open_till(b, dir, name, &shop, &t, e);
    rc = rc ? rc : till_flush(t, FLUSH_MS, e);
    int64_t ns = now_ns() - from;
    rc = rc ? rc : till_status(t, &st, e);
    int closed = till_close(t, WAIT_MS);
    rc = rc ? rc : closed ? err_code(e, closed) : 0;
    if (rc == 0 && (st.refused || st.conflicts || st.seq < b->delivered)) {
        rc = err_set(e, TP_E_STATE,
                     "%" PRId64 " of %" PRId64 " records were refused, %" PRId64 " are in conflict",
                     st.refused, st.seq, st.conflicts);
    }
    if (rc == 0) {
        put_row(r, &(struct measured){what, 1, b->delivered, ns, NULL, NULL, delivery_floor(b)});
        report_note(r, "%s: %" PRId64 " records in %.1f s; %.0f us of this process's processor each.", what,
                    b->delivered, (double)ns / 1e9, (double)(processor_us() - cpu) / (double)b->delivered);
    }
    return rc;
}

/* ---- tillproofd, and a till on another machine ---- */

static int put_ini(const struct bench *b, const char *path)
{
    char authority[2 * ID_SIZE + 1], root[2 * HASH_SIZE + 1];
    hex_encode(b->office.shop.authority, ID_SIZE, authority);
    hex_encode(b->office.shop.root, HASH_SIZE, root);
    FILE *f = fopen(path, "we");
    if (!f) {
        return TP_E_IO;
    }
    fprintf(f,
            "[shop]\nversion = %d\nauthority = %s\nroot = %s\n[authority]\nhome = https\n"
            "url = https://127.0.0.1:%u\nca = ../server.pem\n",
            SHOP_VERSION, authority, root, b->daemon.port);
    return fclose(f) ? TP_E_IO : 0;
}

static int move_away(struct bench *b, const char *name, struct err *e)
{
    char path[SHOP_PATH_MAX], from[SHOP_PATH_MAX];
    snprintf(path, sizeof path, "%.900s/tills", b->away);
    bool good = mkdir(b->away, 0700) == 0 && mkdir(path, 0700) == 0;
    snprintf(path, sizeof path, "%.900s/shop.ini", b->away);
    good = good && put_ini(b, path) == 0;
    snprintf(from, sizeof from, "%.900s/tills/%s", b->dir, name);
    snprintf(path, sizeof path, "%.900s/tills/%s", b->away, name);
    good = good && rename(from, path) == 0;
    return good ? 0 : err_set(e, TP_E_IO, "a directory for another machine cannot be made");
}

/* tillproofd of the same build as this program. */
static int start_daemon(struct bench *b, struct err *e)
{
    char self[SHOP_PATH_MAX], program[SHOP_PATH_MAX], listen[40], log[SHOP_PATH_MAX];
    char key[SHOP_PATH_MAX], certificate[SHOP_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) {
        return err_code(e, TP_E_IO);
    }
    self[n] = 0;
    snprintf(program, sizeof program, "%.900s/../daemon/tillproofd", dirname(self));
    snprintf(log, sizeof log, "%.900s/tillproofd.log", b->folder);
    snprintf(key, sizeof key, "%.900s/server.key", b->folder);
    snprintf(certificate, sizeof certificate, "%.900s/server.pem", b->folder);
    int rc = service_certificate(key, certificate, e);
    rc = rc ? rc : service_port(&b->daemon.port, e);
    if (rc) {
        return rc;
    }
    snprintf(listen, sizeof listen, "127.0.0.1:%u", b->daemon.port);
    char *argv[] = {program,         "--shop",    b->dir,  "--listen", listen,
                    "--certificate", certificate, "--key", key,        NULL};
    return service_start(&b->daemon, argv, log, e);
}

static int all_deliveries(struct bench *b, struct bench_report *r, struct err *e)
{
    int rc = fill(b, "till1", b->delivered, false, e);
    rc = rc ? rc : fill(b, "desk", b->delivered, false, e);
    rc = rc ? rc : deliver(b, b->dir, "till1", "deliver a backlog, here", r, e);
    rc = rc ? rc : start_daemon(b, e);
    rc = rc ? rc : move_away(b, "desk", e);
    rc = rc ? rc : deliver(b, b->away, "desk", "the same, to tillproofd over HTTPS", r, e);
    service_stop(&b->daemon);
    return rc;
}

/* ---- a long journal ---- */

static int opens(struct bench *b, struct bench_report *r, struct err *e)
{
    struct samples each = {0}, floor = {0};
    int64_t all = 0;
    int rc = warm_up(b, "old", e);
    rc = rc ? rc : fill(b, "old", b->records, true, e);
    rc = rc ? rc : floor_start(b->folder, &floor, e); /* makes the database: that one does not count */
    samples_free(&floor);
    for (int i = 0; i < OPENS && rc == 0; i++) {
        struct till *t = NULL;
        rc = floor_start(b->folder, &floor, e);
        int64_t from = now_ns();
        rc = rc ? rc : open_till(b, b->dir, "old", NULL, &t, e);
        int64_t ns = now_ns() - from;
        samples_add(&each, ns);
        all += ns;
        (void)till_close(t, 0);
    }
    if (rc == 0) {
        double per_s = 1e9 / (double)(samples_at(&floor, 50) ? samples_at(&floor, 50) : 1);
        put_row(r, &(struct measured){"open a till with a long journal", 1, (int64_t)each.n, all, &each,
                                      &floor, per_s});
        report_note(r,
                    "The long journal has %" PRId64
                    " records; its floor is a database opened, and one row written.",
                    b->records);
    }
    samples_free(&each);
    samples_free(&floor);
    return rc;
}

static int run(struct bench *b, struct bench_report *r, struct err *e)
{
    int rc = make_shop(b, e);
    rc = rc ? rc : measure_floors(b, e);
    rc = rc ? rc : all_commits(b, r, e);
    rc = rc ? rc : all_deliveries(b, r, e);
    rc = rc ? rc : opens(b, r, e);
    if (rc == 0) {
        report_note(r,
                    "Deliveries: each record redeems a coupon. Their floor, on one core: two signatures "
                    "verified, %.1f us "
                    "each, and a row of 1 KiB in a transaction of 500, %.1f us.",
                    b->verify_us, b->row_us);
    }
    return rc;
}

int bench_journal(const struct bench_options *options, struct bench_report *report, struct err *e)
{
    struct bench b = {.options = options,
                      .office = {.lock = -1},
                      .records = options->records ? options->records : RECORDS,
                      .rounds = options->rounds ? options->rounds : COMMITS};
    report_begin(report, columns, sizeof columns / sizeof *columns);
    if (b.records < 10 || b.records > RECORDS_MAX || b.rounds < 1) {
        return err_set(e, TP_E_ARGUMENT, "--records is 10 to %d, --rounds 1 at least", RECORDS_MAX);
    }
    b.delivered = b.records / 10;
    bar = (struct bar){options->progress, 0};
    int rc = run(&b, report, e);
    service_stop(&b.daemon);
    bench_market_free(&b.market);
    office_close(&b.office);
    folder_remove(b.folder);
    return rc;
}
