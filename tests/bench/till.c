/* One till through the plugin as a host loads it, each step beside what the machine asks for anyway. */
#include "tests/bench/internal.h"

#include <dlfcn.h>
#include <inttypes.h>

enum {
    TILL_ROUNDS = 200,
    ROUNDS_MAX = 10000,
    QUOTES_A_ROUND = 20,
    SCANS_A_ROUND = 5,
    VERIFIES_A_ROUND = 5,
    STARTS_MAX = 20,
    HOLD_MS = 10000,
    WAIT_MS = 10000,
};

static const struct bench_column columns[] = {{"what", false},  {"unit", false}, {"n", true},
                                              {"median", true}, {"p99", true},   {"floor", true},
                                              {"ratio", true},  {"goal", false}, {"reached", false}};

struct bench {
    const struct bench_options *options;
    struct bench_shop shop;
    struct floor floor;
    struct plugin plugin;
    __typeof__(tillproof_withdraw) *withdraw;
    struct tillproof *till;
    struct tillproof_line lines[BENCH_LINES];
    int64_t sale, rounds;
    size_t hold_size, commit_size;
    struct samples quote, change, scan, hold, commit, verify, hold_floor, commit_floor;
};

static void fill_lines(struct bench *b)
{
    for (size_t i = 0; i < BENCH_LINES; i++) {
        struct work_line w;
        work_line(i, &w);
        struct tillproof_line *l = &b->lines[i];
        *l = (struct tillproof_line){.size = sizeof *l,
                                     .number = (int64_t)i + 1,
                                     .quantity = w.quantity,
                                     .unit_price = w.unit_price,
                                     .tax = w.tax,
                                     .name = "Item"};
        snprintf(l->sku, sizeof l->sku, "%s", w.sku);
        snprintf(l->category, sizeof l->category, "%s", w.category);
    }
}

static int check(const struct bench *b, int rc, struct err *e)
{
    return rc ? plugin_fail(&b->plugin, rc, e) : 0;
}

/* Until the till has heard its authority and has nothing left to send: then nothing runs beside what is
 * measured. */
static int settle(struct bench *b, struct err *e)
{
    for (int64_t waited = 0; waited < WAIT_MS; waited++) {
        struct tillproof_status s = {.size = sizeof s};
        int rc = check(b, b->plugin.status_(b->till, &s), e);
        if (rc || (s.online && s.queue == 0)) {
            return rc;
        }
        pause_ms(1);
    }
    return err_set(e, TP_OFFLINE, "the till's records were not taken by its authority within %d s",
                   WAIT_MS / 1000);
}

static int open_till(struct bench *b, struct err *e)
{
    int rc = check(b, b->plugin.open_(b->shop.dir, NULL, 0, &b->till), e);
    return rc ? rc : settle(b, e);
}

static int load(struct bench *b, struct err *e)
{
    int rc = plugin_load(b->options->plugin, &b->plugin, e);
    if (rc) {
        return rc;
    }
    void *at = dlsym(b->plugin.object, "tillproof_withdraw");
    memcpy(&b->withdraw, &at, sizeof at);
    return at ? 0 : err_set(e, TP_E_IO, "the plugin has no function tillproof_withdraw");
}

static int present(struct bench *b, size_t offer, int64_t round, int64_t *id, struct err *e)
{
    struct tillproof_presentation p = {.size = sizeof p};
    const char *digits = b->shop.digits[offer * b->shop.coupons + (size_t)round];
    int rc = check(
        b, b->plugin.present_(b->till, b->sale, TILLPROOF_SCAN, digits, (uint32_t)strlen(digits), &p), e);
    if (rc == 0 && p.outcome) {
        rc = err_code(e, p.outcome);
    }
    *id = p.id;
    return rc;
}

static int set_lines(struct bench *b, struct err *e)
{
    return check(b, b->plugin.lines_set_(b->till, b->sale, b->lines, BENCH_LINES), e);
}

/* A sale's beginning: its basket, and all coupons but the last. */
static int begin(struct bench *b, int64_t round, struct err *e)
{
    char reference[32];
    int64_t id = 0;
    snprintf(reference, sizeof reference, "bench-%" PRId64, round);
    int rc = check(b, b->plugin.sale_begin_(b->till, reference, "EUR", 0, &b->sale), e);
    rc = rc ? rc : set_lines(b, e);
    for (size_t i = 0; i + 1 < BENCH_OFFERS && rc == 0; i++) {
        rc = present(b, i, round, &id, e);
    }
    return rc;
}

/* From the scanner's bytes to the price: signature, dates, offer, basket. The last one stays presented. */
static int scan_to_quote(struct bench *b, int64_t round, struct err *e)
{
    int rc = 0;
    for (int i = 0; i < SCANS_A_ROUND && rc == 0; i++) {
        struct tillproof_quote q = {.size = sizeof q};
        int64_t id = 0, from = now_ns();
        rc = present(b, BENCH_OFFERS - 1, round, &id, e);
        rc = rc ? rc : check(b, b->plugin.quote_(b->till, b->sale, &q), e);
        samples_add(&b->scan, now_ns() - from);
        if (rc == 0 && i + 1 < SCANS_A_ROUND) {
            rc = check(b, b->withdraw(b->till, b->sale, id), e);
        }
    }
    for (int i = 0; i < VERIFIES_A_ROUND && rc == 0; i++) {
        rc = floor_verify(&b->floor, &b->verify, e);
    }
    return rc;
}

/* Each after a change of the basket, so that each computes the price anew. */
static int quotes(struct bench *b, struct err *e)
{
    int rc = 0;
    for (int i = 0; i < QUOTES_A_ROUND && rc == 0; i++) {
        struct tillproof_quote q = {.size = sizeof q};
        int64_t from = now_ns();
        rc = set_lines(b, e);
        int64_t between = now_ns();
        rc = rc ? rc : check(b, b->plugin.quote_(b->till, b->sale, &q), e);
        int64_t to = now_ns();
        samples_add(&b->quote, to - between);
        samples_add(&b->change, to - from);
        if (rc == 0 && (q.outcome != TILLPROOF_PROVISIONAL || q.discount == 0)) {
            rc = err_set(e, TP_E_STATE, "the quote to be measured is no price with discounts");
        }
    }
    return rc;
}

/* Each floor directly before what stands on it, so that both meet the same machine. */
static int hold(struct bench *b, struct tillproof_quote *q, struct err *e)
{
    int rc = floor_write(&b->floor, b->hold_size, &b->hold_floor, e);
    int64_t from = now_ns();
    rc = rc ? rc : check(b, b->plugin.hold_(b->till, b->sale, HOLD_MS, q), e);
    samples_add(&b->hold, now_ns() - from);
    if (rc == 0 && q->outcome != TILLPROOF_BINDING) {
        rc = err_set(e, TP_E_STATE, "a hold was not granted: %s", b->plugin.name_(q->reason));
    }
    return rc;
}

static int commit(struct bench *b, int64_t due, struct err *e)
{
    struct tillproof_commit c = {.size = sizeof c};
    struct tillproof_tender tender = {.size = sizeof tender, .amount = due, .kind = "cash"};
    int rc = floor_write(&b->floor, b->commit_size, &b->commit_floor, e);
    int64_t from = now_ns();
    rc = rc ? rc : check(b, b->plugin.commit_(b->till, b->sale, "R-1", &tender, 1, &c), e);
    samples_add(&b->commit, now_ns() - from);
    if (rc == 0 && (c.outcome != TILLPROOF_COMMITTED || !c.binding || c.redemptions != BENCH_OFFERS)) {
        rc = err_set(e, TP_E_STATE, "the sale to be measured was not committed with its three offers");
    }
    return rc;
}

static int one_sale(struct bench *b, int64_t round, struct err *e)
{
    int rc = begin(b, round, e);
    rc = rc ? rc : scan_to_quote(b, round, e);
    struct tillproof_quote q = {.size = sizeof q};
    rc = rc ? rc : quotes(b, e);
    rc = rc ? rc : hold(b, &q, e);
    return rc ? rc : commit(b, q.due, e);
}

static void forget(struct bench *b)
{
    struct samples *all[] = {&b->quote,  &b->change, &b->scan,       &b->hold,
                             &b->commit, &b->verify, &b->hold_floor, &b->commit_floor};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        samples_free(all[i]);
    }
}

/* The first sale tells how large the rows are; nothing else of it counts. Two copies of SQLite must not have
 * one file open in one process, so the till is closed while the sizes are read. */
static int warm_up(struct bench *b, struct err *e)
{
    int rc = open_till(b, e);
    rc = rc ? rc : one_sale(b, 0, e);
    rc = rc ? rc : settle(b, e);
    forget(b);
    int closed = b->till ? check(b, b->plugin.close_(b->till, WAIT_MS), rc ? NULL : e) : 0;
    b->till = NULL;
    rc = rc ? rc : closed;
    return rc ? rc : floor_sizes(b->shop.dir, &b->commit_size, &b->hold_size, e);
}

static int measure(struct bench *b, struct err *e)
{
    int rc = open_till(b, e);
    for (int64_t i = 1; i <= b->rounds && rc == 0; i++) {
        rc = one_sale(b, i, e);
        rc = rc ? rc : settle(b, e);
        if (b->options->progress) {
            b->options->progress(i, b->rounds);
        }
    }
    int closed = b->till ? check(b, b->plugin.close_(b->till, WAIT_MS), rc ? NULL : e) : 0;
    b->till = NULL;
    return rc ? rc : closed;
}

static void rows(struct bench *b, struct bench_report *r)
{
    const struct cost costs[] = {
        {"quote: 12 lines, 3 offers", "us", 1e3, &b->quote, NULL, GOAL_BELOW, 50},
        {"basket changed, and quote", "us", 1e3, &b->change, NULL, GOAL_NONE, 0},
        {"scan to quote", "us", 1e3, &b->scan, &b->verify, GOAL_NONE, 0},
        {"hold", "us", 1e3, &b->hold, &b->hold_floor, GOAL_NONE, 0},
        {"commit", "us", 1e3, &b->commit, &b->commit_floor, GOAL_RATIO, 1.5},
    };
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        cost_row(r, &costs[i]);
    }
}

/* On a machine with other work medians wander with the disk; its quiet moments tell the work itself. */
static void note_quiet(struct bench *b, struct bench_report *r)
{
    double hold = (double)samples_at(&b->hold, 10), commit = (double)samples_at(&b->commit, 10);
    double hold_floor = (double)samples_at(&b->hold_floor, 10);
    double commit_floor = (double)samples_at(&b->commit_floor, 10);
    report_note(r,
                "The quietest tenth of all (p10 beside p10 of the floor): hold %.0f us, %.2f x; commit %.0f "
                "us, %.2f x.",
                hold / 1e3, hold / hold_floor, commit / 1e3, commit / commit_floor);
}

static void notes(struct bench *b, struct bench_report *r)
{
    note_quiet(b, r);
    report_note(r,
                "Floors: scan, one ECDSA P-256 verification; hold and commit, one signature and one SQLite "
                "transaction (WAL, synchronous=FULL) of one row as");
    report_note(r,
                "large as a hold's answer (%zu bytes) and a commit's record (%zu bytes), on the same file "
                "system; open, a database opened and one such row.",
                b->hold_size, b->commit_size);
    report_note(
        r,
        "A hold of 50 ms against a machine that takes the connection and says nothing; its floor is how far "
        "past 50 ms the kernel wakes a sleeper.");
    report_note(r,
                "The authority is this machine's own, in the plugin. Each sale begins when the one before is "
                "acknowledged. MB are 10^6 bytes.");
}

static void drop(struct bench *b)
{
    forget(b);
    if (b->till) {
        b->plugin.close_(b->till, 0);
    }
    plugin_unload(&b->plugin);
    floor_close(&b->floor);
    bench_shop_free(&b->shop);
}

int bench_till(const struct bench_options *options, struct bench_report *report, struct err *e)
{
    struct bench b = {.options = options, .rounds = options->rounds ? options->rounds : TILL_ROUNDS};
    report_begin(report, columns, sizeof columns / sizeof columns[0]);
    if (b.rounds < 1 || b.rounds > ROUNDS_MAX) {
        return err_set(e, TP_E_ARGUMENT, "--rounds is 1 to %d", ROUNDS_MAX);
    }
    fill_lines(&b);
    int rc = bench_shop_make(&b.shop, options->dir, (size_t)b.rounds + 1, e);
    rc = rc ? rc : floor_open(&b.floor, b.shop.folder, e);
    rc = rc ? rc : load(&b, e);
    rc = rc ? rc : warm_up(&b, e);
    rc = rc ? rc : measure(&b, e);
    if (rc == 0) {
        rows(&b, report);
        rc = start_rows(options, b.shop.folder, b.shop.dir, b.rounds < STARTS_MAX ? b.rounds : STARTS_MAX,
                        report, e);
        rc = rc ? rc : late_rows(&b.plugin, b.shop.folder, b.shop.dir, b.rounds, report, e);
        notes(&b, report);
    }
    drop(&b);
    return rc;
}
