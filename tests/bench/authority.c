/* What an authority carries: tillproofd in a process of its own, and tills that speak HTTPS to it. */
#include "tests/bench/trial.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SIZES = 3,
    CLIENTS_MAX = 256,
    RUN_MS = 3000,
    AHEAD = 24000,
    COUPONS = 4000000,
    PEER_COUPONS = 60000,
    FLOOR_ROUNDS = 300,
    CORE_US = 1000000
};

static const size_t sizes[SIZES] = {1, 16, CLIENTS_MAX};
static const struct bench_column columns[] = {
    {"what", false},  {"clients", true}, {"n", true},  {"per s", true},       {"p50 ms", true},
    {"p99 ms", true}, {"cpu us", true},  {"MB", true}, {"floor per s", true}, {"% of floor", true}};

struct bench {
    const struct bench_options *options;
    char folder[SHOP_PATH_MAX], dir[SHOP_PATH_MAX], certificate[SHOP_PATH_MAX];
    struct office office;
    struct bench_market market;
    struct service daemon;
    struct peer_service peer;
    int64_t ms;
    double verify_us, sign_us, row_us; /* floors: one core's time for one of each */
};

static int make_shop(struct bench *b, struct err *e)
{
    char key[SHOP_PATH_MAX];
    int rc = folder_make(b->options->dir, b->folder, e);
    if (rc) {
        return rc;
    }
    snprintf(b->dir, sizeof b->dir, "%.900s/shop", b->folder);
    snprintf(b->certificate, sizeof b->certificate, "%.900s/server.pem", b->folder);
    snprintf(key, sizeof key, "%.900s/server.key", b->folder);
    const struct office_plan plan = {.dir = b->dir,
                                     .currency = "EUR",
                                     .zone = "Europe/Berlin",
                                     .store = "main",
                                     .merchant = "Bench",
                                     .tax_included = true,
                                     .risk_coupon_cap = "10.00",
                                     .risk_hour_cap = "1000000.00"};
    rc = office_make(&plan, e);
    rc = rc ? rc : office_open(b->dir, OFFICE_WRITE, &b->office, e);
    rc = rc ? rc : bench_market_open(&b->market, &b->office, CLIENTS_MAX, COUPONS, false, e);
    return rc ? rc : service_certificate(key, b->certificate, e);
}

/* tillproofd of the same build as this program. */
static int start_daemon(struct bench *b, struct err *e)
{
    char self[SHOP_PATH_MAX], program[SHOP_PATH_MAX], listen[40], log[SHOP_PATH_MAX], key[SHOP_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) {
        return err_code(e, TP_E_IO);
    }
    self[n] = 0;
    snprintf(program, sizeof program, "%.900s/../daemon/tillproofd", dirname(self));
    int rc = service_port(&b->daemon.port, e);
    if (rc) {
        return rc;
    }
    snprintf(listen, sizeof listen, "127.0.0.1:%u", b->daemon.port);
    snprintf(log, sizeof log, "%.900s/tillproofd.log", b->folder);
    snprintf(key, sizeof key, "%.900s/server.key", b->folder);
    char *argv[] = {program,        "--shop",      b->dir, "--listen",       listen, "--certificate",
                    b->certificate, "--key",       key,    "--connections",  "300",  "--queue",
                    "512",          "--till-rate", "0",    "--address-rate", "0",    NULL};
    return service_start(&b->daemon, argv, log, e);
}

static int measure_floors(struct bench *b, struct err *e)
{
    struct floor f;
    struct samples verify = {0}, sign = {0}, rows = {0};
    int rc = floor_open(&f, b->folder, e);
    for (int i = 0; i < FLOOR_ROUNDS && rc == 0; i++) {
        rc = floor_verify(&f, &verify, e);
        rc = rc ? rc : floor_sign(&f, &sign, e);
    }
    rc = rc ? rc : floor_rows(&f, 2048, &rows, e);
    b->verify_us = (double)samples_at(&verify, 50) / 1e3;
    b->sign_us = (double)samples_at(&sign, 50) / 1e3;
    b->row_us = (double)samples_at(&rows, 50) / 1e3;
    floor_close(&f);
    samples_free(&verify);
    samples_free(&sign);
    samples_free(&rows);
    return rc;
}

/* What the work of one operation asks of one core at least: the slower of its signatures and its rows. */
static double floor_us(const struct bench *b, enum trial_sort sort)
{
    /* A commit: the till's signature and the coupon's. Online: the hold's and the coupon's, the grant's made;
     * then the commit's and the grant's. */
    double crypto = sort == TRIAL_ONLINE ? 4 * b->verify_us + b->sign_us : 2 * b->verify_us;
    double rows = sort == TRIAL_ONLINE ? 2 * b->row_us : b->row_us;
    return crypto > rows ? crypto : rows;
}

struct measured {
    const char *what;
    size_t clients;
    int64_t cpu_us, resident;
    double floor_us; /* 0: none */
    struct load_result *load;
};

static void put_row(struct bench_report *r, const struct measured *m)
{
    struct load_result *l = m->load;
    double done = l->done ? (double)l->done : 1, cpu = (double)m->cpu_us / done;
    report_text(r, m->what);
    report_count(r, (int64_t)m->clients);
    report_count(r, l->done);
    report_number(r, done * 1e9 / (double)(l->ns ? l->ns : 1), 0);
    report_number(r, (double)samples_at(&l->latency, 50) / 1e6, 2);
    report_number(r, (double)samples_at(&l->latency, 99) / 1e6, 2);
    report_number(r, cpu, 0);
    report_number(r, (double)m->resident / 1e6, 0);
    if (m->floor_us > 0 && cpu > 0) {
        report_number(r, CORE_US / m->floor_us, 0);
        report_number(r, 100 * m->floor_us / cpu, 0);
    } else {
        report_none(r);
        report_none(r);
    }
}

static int one(struct bench *b, enum trial_sort sort, size_t clients, struct bench_report *r, struct err *e)
{
    static const char *const names[] = {"hold, then commit", "commit", "commits, 128 a request"};
    struct load_result result = {0};
    struct trial t = {.sort = sort, .market = &b->market, .service = &b->daemon, .ahead = AHEAD};
    struct load load = {.port = b->daemon.port, .ca = b->certificate, .clients = clients, .ms = b->ms};
    int rc = trial_run(&t, &load, &result, e);
    if (rc == 0) {
        put_row(r,
                &(struct measured){names[sort], clients, t.cpu_us, t.resident, floor_us(b, sort), &result});
    }
    samples_free(&result.latency);
    return rc;
}

static int one_peer(struct bench *b, size_t clients, struct bench_report *r, struct err *e)
{
    struct load_result result = {0};
    struct load load = {.ca = b->certificate, .clients = clients, .ms = b->ms};
    int rc = peer_service_run(&b->peer, &load, &result, e);
    if (rc == 0) {
        put_row(r, &(struct measured){"peer: redeem", clients, b->peer.cpu_us, b->peer.resident, 0, &result});
    }
    samples_free(&result.latency);
    return rc;
}

static int all_peer(struct bench *b, struct bench_report *r, struct err *e)
{
    char why[200];
    if (!getenv("DATABASE_URL")) {
        report_note(r, "Without the peer: DATABASE_URL names no database for it.");
        return 0;
    }
    if (!peer_there(b->options->peer, why, sizeof why)) {
        report_note(r, "Without the peer: %s.", why);
        return 0;
    }
    int rc = peer_service_start(&b->peer, b->options->peer, b->folder, PEER_COUPONS, e);
    for (size_t i = 0; i < SIZES && rc == 0; i++) {
        rc = one_peer(b, sizes[i], r, e);
    }
    peer_service_stop(&b->peer);
    return rc;
}

static int all_sorts(struct bench *b, struct bench_report *r, struct err *e)
{
    static const enum trial_sort sorts[] = {TRIAL_ONLINE, TRIAL_COMMITS, TRIAL_BATCHES};
    int64_t step = 0;
    int rc = start_daemon(b, e);
    for (size_t s = 0; s < 3; s++) {
        for (size_t c = 0; c < SIZES && rc == 0; c++) {
            rc = one(b, sorts[s], sizes[c], r, e);
            if (b->options->progress) {
                b->options->progress(++step, 3 * SIZES);
            }
        }
    }
    service_stop(&b->daemon);
    return rc;
}

int bench_authority(const struct bench_options *options, struct bench_report *report, struct err *e)
{
    struct bench b = {
        .options = options, .office = {.lock = -1}, .ms = options->rounds ? options->rounds : RUN_MS};
    report_begin(report, columns, sizeof columns / sizeof *columns);
    int rc = make_shop(&b, e);
    rc = rc ? rc : measure_floors(&b, e);
    rc = rc ? rc : all_sorts(&b, report, e);
    rc = rc ? rc : all_peer(&b, report, e);
    if (rc == 0) {
        report_note(report,
                    "Floors, one core: a signature verified %.1f us, made %.1f us; a row of 2 KiB in a "
                    "transaction of 500 %.1f us.",
                    b.verify_us, b.sign_us, b.row_us);
        report_note(report,
                    "cpu us: processor time of the server for one; %% of floor: what the floor is of it.");
    }
    bench_market_free(&b.market);
    office_close(&b.office);
    folder_remove(b.folder);
    return rc;
}
