/* What an authority carries: tillproofd in a process of its own, and tills that speak HTTPS to it; over
 * SQLite, and over a PostgreSQL server where one is named. */
#include "tests/bench/side.h"

#include "store/postgres/postgres.h"

#include <stdlib.h>

enum {
    RUN_MS = 3000,
    PEER_COUPONS = 60000,
    PEER_A_MS = 20,
    FLOOR_ROUNDS = 300,
    WARM = 100,
    LEAF_TRIES = 300
};

static const struct bench_column columns[] = {
    {"what", false},      {"store", false}, {"clients", true},   {"n", true},  {"per s", true},
    {"p50 ms", true},     {"p99 ms", true}, {"cpu us", true},    {"MB", true}, {"floor per s", true},
    {"% of floor", true}, {"x peer", true}, {"x peer cpu", true}};

struct bench {
    const struct bench_options *options;
    char folder[SHOP_PATH_MAX], certificate[SHOP_PATH_MAX];
    struct server server; /* conn NULL: none is measured */
    struct yardsticks yard;
    struct rows_of_commit rows;
    double fsync_us, sqlite_us, postgres_us;
    int64_t ms, transactions, steps;
};

static int open_bench(struct bench *b, struct err *e)
{
    char key[SHOP_PATH_MAX];
    int rc = folder_make(b->options->dir, b->folder, e);
    if (rc) {
        return rc;
    }
    snprintf(b->certificate, sizeof b->certificate, "%.900s/server.pem", b->folder);
    snprintf(key, sizeof key, "%.900s/server.key", b->folder);
    rc = service_certificate(key, b->certificate, e);
    return rc || !b->options->store ? rc : server_open(&b->server, b->options->store, e);
}

static int measure_signatures(struct bench *b, struct err *e)
{
    struct floor f;
    struct samples verify = {0}, sign = {0};
    int rc = floor_open(&f, b->folder, e);
    for (int i = 0; i < FLOOR_ROUNDS && rc == 0; i++) {
        rc = floor_verify(&f, &verify, e);
        rc = rc ? rc : floor_sign(&f, &sign, e);
    }
    b->yard.verify_us = (double)samples_at(&verify, 50) / 1e3;
    b->yard.sign_us = (double)samples_at(&sign, 50) / 1e3;
    floor_close(&f);
    samples_free(&verify);
    samples_free(&sign);
    return rc ? rc : rows_fsync(b->folder, &b->fsync_us, e);
}

static void step(struct bench *b)
{
    if (b->options->progress) {
        b->options->progress(++b->steps, b->server.conn ? 10 : 6);
    }
}

static int one_peer(struct bench *b, struct peer_service *p, size_t size, struct bench_report *r,
                    struct err *e)
{
    struct load_result result = {0};
    struct load load = {.ca = b->certificate, .clients = side_sizes[size], .ms = b->ms};
    int rc = peer_service_run(p, &load, &result, e);
    if (rc == 0 && result.done && result.ns) {
        b->yard.peer_rate[size] = (double)result.done * 1e9 / (double)result.ns;
        b->yard.peer_us[size] = (double)p->cpu_us / (double)result.done;
        side_row(r, &b->yard,
                 &(struct measured){"peer: redeem", "PostgreSQL", side_sizes[size], p->cpu_us, p->resident, 0,
                                    &result});
    }
    samples_free(&result.latency);
    return rc;
}

/* Over a database of its own on the server that is measured, or where DATABASE_URL leads. */
static int run_peer(struct bench *b, size_t clients, struct bench_report *r, struct err *e)
{
    struct peer_service p = {0};
    char address[SHOP_STORE_MAX];
    size_t coupons = b->ms * PEER_A_MS < PEER_COUPONS ? (size_t)b->ms * PEER_A_MS : PEER_COUPONS;
    int rc = b->server.conn ? server_database(&b->server, address, e) : 0;
    if (rc == 0 && b->server.conn && setenv("DATABASE_URL", address, 1)) {
        rc = err_code(e, TP_E_MEMORY);
    }
    rc = rc ? rc : peer_service_start(&p, b->options->peer, b->folder, coupons, e);
    p.service.beside = b->server.pid;
    for (size_t i = 0; i < SIDE_SIZES && side_sizes[i] <= clients && rc == 0; i++) {
        rc = one_peer(b, &p, i, r, e);
    }
    peer_service_stop(&p);
    return rc;
}

static int all_peer(struct bench *b, size_t clients, struct bench_report *r, struct err *e)
{
    char why[200];
    if (!b->server.conn && !getenv("DATABASE_URL")) {
        report_note(r, "Without the peer: neither --store nor DATABASE_URL names a database for it.");
        return 0;
    }
    if (!peer_there(b->options->peer, why, sizeof why)) {
        report_note(r, "Without the peer: %s.", why);
        return 0;
    }
    return run_peer(b, clients, r, e);
}

/* The rows of the first commits, once they all have a leaf. */
static int read_rows(struct bench *b, const struct side *s, struct err *e)
{
    int rc = TP_E_CORRUPT;
    for (int i = 0; i < LEAF_TRIES && rc; i++) {
        rc = rows_read(s->dir, &b->rows, e);
        if (rc) {
            pause_ms(10);
        }
    }
    return rc ? rc : rows_sqlite(b->folder, &b->rows, b->transactions, &b->sqlite_us, e);
}

static int run_side(struct bench *b, struct side *s, bool server, struct bench_report *r, struct err *e)
{
    int64_t file = b->options->stored_file;
    int rc = side_stored(s, server || file < 0 ? b->options->stored : file, r, e);
    step(b);
    rc = rc ? rc : side_sorts(s, r, e);
    step(b);
    rc = rc ? rc : side_hot(s, r, e);
    step(b);
    return rc;
}

static int one_side(struct bench *b, bool server, size_t clients, struct bench_report *r, struct err *e)
{
    struct side s = {.store = server ? "PostgreSQL" : "SQLite",
                     .folder = b->folder,
                     .certificate = b->certificate,
                     .yard = &b->yard,
                     .ms = b->ms,
                     .clients = clients,
                     .office = {.lock = -1}};
    char address[SHOP_STORE_MAX];
    int64_t version;
    int rc = server ? server_database(&b->server, address, e) : 0;
    rc = rc || !server ? rc : store_postgres_migrate(address, &version, e);
    rc = rc ? rc : side_open(&s, server ? address : NULL, server ? b->server.pid : 0, e);
    rc = rc ? rc : side_fill(&s, WARM, e);
    if (rc == 0) {
        rc = server ? rows_postgres(&b->server, address, &b->rows, b->transactions, &b->postgres_us, e)
                    : read_rows(b, &s, e);
    }
    s.row_us = server ? b->postgres_us : b->sqlite_us;
    step(b);
    rc = rc ? rc : run_side(b, &s, server, r, e);
    side_close(&s);
    folder_remove(s.dir); /* it may be large, and the next one is, too */
    return rc;
}

static void explain(struct bench *b, struct bench_report *r)
{
    size_t bytes = 0;
    for (size_t i = 0; i < b->rows.n; i++) {
        bytes += b->rows.size[i];
    }
    report_note(r,
                "Floors, one core: a signature verified %.1f us, made %.1f us; the %zu rows of a commit (%zu "
                "bytes), %d commits a transaction: SQLite %.1f us.",
                b->yard.verify_us, b->yard.sign_us, b->rows.n, bytes, ROWS_COMMITS, b->sqlite_us);
    if (b->server.conn) {
        char settings[120];
        server_settings(&b->server, settings, sizeof settings);
        report_note(r, "The same rows by PostgreSQL, its processor time and the sender's: %.1f us; %s.",
                    b->postgres_us, settings);
        if (!b->server.pid) {
            report_note(r,
                        "The server is not on this machine: its processor time and memory are not counted.");
        }
    }
    report_note(r, "4 KiB appended and on the disk: %.0f us (%.0f a second).", b->fsync_us,
                b->fsync_us > 0 ? 1e6 / b->fsync_us : 0);
    report_note(r,
                "cpu us: processor time for one, tillproofd's and its database server's; %% of floor: what "
                "the floor is of it; x peer: its rate beside the peer's at as many clients; x peer cpu: the "
                "peer's time for one beside this. The load runs on the same machine.");
}

int bench_authority(const struct bench_options *options, struct bench_report *report, struct err *e)
{
    int64_t ms = options->rounds ? options->rounds : RUN_MS;
    size_t clients = options->clients ? (size_t)options->clients : side_sizes[SIDE_SIZES - 1];
    struct bench b = {.options = options, .ms = ms, .transactions = ms < RUN_MS ? 2 : 20};
    report_begin(report, columns, sizeof columns / sizeof *columns);
    if (options->rounds < 0 || options->stored < 0 || options->clients < 0 ||
        clients > side_sizes[SIDE_SIZES - 1]) {
        return err_set(e, TP_E_ARGUMENT, "--clients is 1 to 256, --rounds and --stored are not negative");
    }
    int rc = open_bench(&b, e);
    rc = rc ? rc : measure_signatures(&b, e);
    rc = rc ? rc : all_peer(&b, clients, report, e);
    step(&b);
    rc = rc ? rc : one_side(&b, false, clients, report, e);
    if (rc == 0 && b.server.conn) {
        rc = one_side(&b, true, clients, report, e);
    }
    if (rc == 0) {
        explain(&b, report);
    }
    server_close(&b.server);
    folder_remove(b.folder);
    return rc;
}
