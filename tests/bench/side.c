#include "tests/bench/side.h"

#include <inttypes.h>
#include <libgen.h>
#include <unistd.h>

enum {
    AHEAD = 24000,
    AHEAD_A_MS = 8, /* commits signed beforehand: more than come in the time */
    COUPONS = 40000000,
    CORE_US = 1000000,
    FILL_CLIENTS = 8,
    FILL_AHEAD = 1048576,
    FILL_MS = 36000000,
    HOT_CLIENTS = 16,
    STORED_FIRST = 1000,
};

const size_t side_sizes[SIDE_SIZES] = {1, 16, 256};

/* tillproofd of the same build as this program. */
static int start_daemon(struct side *s, struct err *e)
{
    char self[SHOP_PATH_MAX], program[SHOP_PATH_MAX], listen[40], log[SHOP_PATH_MAX], key[SHOP_PATH_MAX],
        certificate[SHOP_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) {
        return err_code(e, TP_E_IO);
    }
    self[n] = 0;
    snprintf(program, sizeof program, "%.900s/../daemon/tillproofd", dirname(self));
    int rc = service_port(&s->daemon.port, e);
    if (rc) {
        return rc;
    }
    snprintf(listen, sizeof listen, "127.0.0.1:%u", s->daemon.port);
    snprintf(log, sizeof log, "%.900s/tillproofd.log", s->folder);
    snprintf(key, sizeof key, "%.900s/server.key", s->folder);
    snprintf(certificate, sizeof certificate, "%.900s", s->certificate);
    char *argv[] = {program,     "--shop",  s->dir, "--listen",      listen, "--certificate",
                    certificate, "--key",   key,    "--connections", "300",  "--address-connections",
                    "0",         "--queue", "512",  "--till-rate",   "0",    "--address-rate",
                    "0",         NULL};
    return service_start(&s->daemon, argv, log, e);
}

int side_open(struct side *s, const char *database, pid_t beside, struct err *e)
{
    snprintf(s->dir, sizeof s->dir, "%.900s/%s", s->folder, s->store);
    const struct office_plan plan = {.dir = s->dir,
                                     .currency = "EUR",
                                     .zone = "Europe/Berlin",
                                     .store = "main",
                                     .merchant = "Bench",
                                     .database = database,
                                     .tax_included = true,
                                     .risk_coupon_cap = "10.00",
                                     .risk_hour_cap = "1000000.00"};
    s->office = (struct office){.lock = -1};
    int rc = office_make(&plan, e);
    rc = rc ? rc : office_open(s->dir, OFFICE_WRITE, &s->office, e);
    rc = rc ? rc : bench_market_open(&s->market, &s->office, s->clients, COUPONS, e);
    rc = rc ? rc : start_daemon(s, e);
    s->daemon.beside = beside;
    return rc;
}

void side_close(struct side *s)
{
    service_stop(&s->daemon);
    bench_market_free(&s->market);
    office_close(&s->office);
}

static void put_ratio(struct bench_report *r, double value, double of, int digits)
{
    if (value > 0 && of > 0) {
        report_number(r, value / of, digits);
    } else {
        report_none(r);
    }
}

void side_row(struct bench_report *r, const struct yardsticks *y, const struct measured *m)
{
    struct load_result *l = m->load;
    double done = l->done ? (double)l->done : 1, cpu = (double)m->cpu_us / done;
    double rate = done * 1e9 / (double)(l->ns ? l->ns : 1);
    size_t size = 0;
    while (size < SIDE_SIZES && side_sizes[size] != m->clients) {
        size++;
    }
    bool same = size < SIDE_SIZES && y->peer_rate[size] > 0;
    report_text(r, m->what);
    report_text(r, m->store);
    report_count(r, (int64_t)m->clients);
    report_count(r, l->done);
    report_number(r, rate, 0);
    report_number(r, (double)samples_at(&l->latency, 50) / 1e6, 2);
    report_number(r, (double)samples_at(&l->latency, 99) / 1e6, 2);
    report_number(r, cpu, 0);
    report_number(r, (double)m->resident / 1e6, 0);
    put_ratio(r, CORE_US, m->floor_us, 0);
    put_ratio(r, 100 * m->floor_us, cpu, 0);
    put_ratio(r, rate, same ? y->peer_rate[size] : 0, 1);
    put_ratio(r, same ? y->peer_us[size] : 0, cpu, 1);
}

/* What the work of one operation asks of one core at least: the slower of its signatures and its rows. */
static double floor_us(const struct side *s, enum trial_sort sort)
{
    /* A commit: the till's signature and the coupon's. Online: the hold's and the coupon's, the grant's made;
     * then the commit's and the grant's. */
    const struct yardsticks *y = s->yard;
    double crypto = sort == TRIAL_ONLINE ? 4 * y->verify_us + y->sign_us : 2 * y->verify_us;
    return crypto > s->row_us ? crypto : s->row_us;
}

static int one(struct side *s, const char *what, enum trial_sort sort, size_t clients, struct bench_report *r,
               struct err *e)
{
    struct load_result result = {0};
    size_t ahead = s->ms * AHEAD_A_MS < AHEAD ? (size_t)s->ms * AHEAD_A_MS : AHEAD;
    struct trial t = {.sort = sort, .market = &s->market, .service = &s->daemon, .ahead = ahead};
    struct load load = {.port = s->daemon.port, .ca = s->certificate, .clients = clients, .ms = s->ms};
    int rc = trial_run(&t, &load, &result, e);
    s->kept += result.done;
    if (rc == 0) {
        side_row(
            r, s->yard,
            &(struct measured){what, s->store, clients, t.cpu_us, t.resident, floor_us(s, sort), &result});
    }
    samples_free(&result.latency);
    return rc;
}

/* At most `left` commits, by batches while there are enough of them. */
static int fill_some(struct side *s, int64_t left, struct err *e)
{
    struct load_result result = {0};
    bool few = left < TRIAL_BATCH;
    size_t batches = (size_t)(left < FILL_AHEAD ? left : FILL_AHEAD) / TRIAL_BATCH;
    size_t clients = s->clients < FILL_CLIENTS ? s->clients : FILL_CLIENTS;
    struct trial t = {.sort = few ? TRIAL_COMMITS : TRIAL_FILL,
                      .market = &s->market,
                      .service = &s->daemon,
                      .ahead = few ? (size_t)left - 1 : batches * TRIAL_BATCH};
    struct load load = {
        .port = s->daemon.port, .ca = s->certificate, .clients = few ? 1 : clients, .ms = FILL_MS};
    int rc = trial_run(&t, &load, &result, e);
    s->kept += result.done;
    samples_free(&result.latency);
    return rc;
}

int side_fill(struct side *s, int64_t kept, struct err *e)
{
    int rc = 0;
    while (s->kept < kept && rc == 0) {
        rc = fill_some(s, kept - s->kept, e);
    }
    return rc;
}

int side_stored(struct side *s, int64_t up_to, struct bench_report *r, struct err *e)
{
    size_t clients = s->clients < HOT_CLIENTS ? s->clients : HOT_CLIENTS;
    int rc = 0;
    for (int64_t n = STORED_FIRST; n <= up_to && rc == 0; n *= 10) {
        char what[64];
        rc = side_fill(s, n, e);
        snprintf(what, sizeof what, "commit, %" PRId64 " stored", n);
        rc = rc ? rc : one(s, what, TRIAL_COMMITS, clients, r, e);
        snprintf(what, sizeof what, "128 a request, %" PRId64 " stored", n);
        rc = rc ? rc : one(s, what, TRIAL_BATCHES, clients, r, e);
    }
    return rc;
}

int side_sorts(struct side *s, struct bench_report *r, struct err *e)
{
    static const enum trial_sort sorts[] = {TRIAL_ONLINE, TRIAL_COMMITS, TRIAL_BATCHES};
    static const char *const names[] = {"hold, then commit", "commit", "commits, 128 a request"};
    int rc = 0;
    for (size_t sort = 0; sort < 3; sort++) {
        for (size_t c = 0; c < SIDE_SIZES && side_sizes[c] <= s->clients && rc == 0; c++) {
            rc = one(s, names[sort], sorts[sort], side_sizes[c], r, e);
        }
    }
    return rc;
}

int side_hot(struct side *s, struct bench_report *r, struct err *e)
{
    size_t clients = s->clients < HOT_CLIENTS ? s->clients : HOT_CLIENTS;
    s->market.from = WARE_HOT;
    int rc = one(s, "hold, commit: 1 offer, budget", TRIAL_ONLINE, clients, r, e);
    s->market.from = WARE_SPREAD;
    s->market.span = WARES_SPREAD;
    rc = rc ? rc : one(s, "hold, commit: 64, budgets", TRIAL_ONLINE, clients, r, e);
    s->market.from = WARE_FREE;
    s->market.span = 1;
    return rc;
}
