/*
 * A whole sale, its refund and its way to the authority, with one fault at each point in turn. After each the
 * shop is opened again without one, as after a crash, the sale is brought to its end as a POS program would,
 * and the books are held against what the program was told. Usage: fault_sale [FAMILY POINT], one run, to
 * look at it.
 */
#include "fault.h"

#include "authority/authority.h"
#include "shop/shop.h"
#include "tillproof.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const words[FAULT_COUNT] = {"none",       "call",      "io",   "full",
                                               "killbefore", "killafter", "torn", "lost"};
static char base[96], pristine[128], shop_dir[128], coupon[1024];
static size_t coupon_length;

/* What the program was told: bits that a child writes into shared memory as they become true. */
enum { TOLD_SALE = 1, TOLD_REFUND = 2, TOLD_CLOSE = 4 };

static void stop(const char *what)
{
    fprintf(stderr, "fault_sale: %s\n", what);
    exit(2);
}

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- the POS program ---- */

static int32_t ring_up(struct tillproof *t, int64_t *sale, const char *reference)
{
    struct tillproof_line line = {.size = sizeof line,
                                  .number = 1,
                                  .quantity = 2000,
                                  .unit_price = 1000,
                                  .tax = 7000,
                                  .sku = "1",
                                  .name = "Beans",
                                  .category = "coffee"};
    struct tillproof_presentation p = {.size = sizeof p};
    int32_t rc = tillproof_sale_begin(t, reference, "EUR", 0, sale);
    rc = rc ? rc : tillproof_lines_set(t, *sale, &line, 1);
    return rc ? rc : tillproof_present(t, *sale, TILLPROOF_SCAN, coupon, (uint32_t)coupon_length, &p);
}

static bool committed(struct tillproof *t, int64_t sale)
{
    struct tillproof_sale info = {.size = sizeof info};
    return tillproof_sale_info(t, sale, &info) == 0 && info.state == TILLPROOF_COMMITTED;
}

/* Sells, or finds the sale that was sold. 0 when it is recorded. */
static int32_t sell(struct tillproof *t)
{
    struct tillproof_commit c = {.size = sizeof c};
    struct tillproof_tender cash = {.size = sizeof cash, .amount = 1800, .kind = "cash"};
    int64_t sale = 0;
    if (tillproof_sale_find(t, "S-1", &sale) == 0 && sale && committed(t, sale)) {
        return 0;
    }
    int32_t rc = ring_up(t, &sale, "S-1");
    rc = rc ? rc : tillproof_hold(t, sale, 2000, NULL);
    return rc ? rc : tillproof_commit(t, sale, "R-1", &cash, 1, &c);
}

static int32_t take_back(struct tillproof *t)
{
    struct tillproof_line line = {.size = sizeof line, .number = 1, .quantity = 1000};
    struct tillproof_commit c = {.size = sizeof c};
    int64_t refund = 0;
    int32_t outcome = 0;
    if (tillproof_sale_find(t, "B-1", &refund) == 0 && refund && committed(t, refund)) {
        return 0;
    }
    int32_t rc = tillproof_refund_begin(t, "S-1", "B-1", 2000, &refund, &outcome);
    rc = rc ? rc : outcome ? -1 : tillproof_lines_set(t, refund, &line, 1);
    return rc ? rc : tillproof_commit(t, refund, "R-2", NULL, 0, &c);
}

/* What fails is tried again, as the header says a program may. */
static int32_t again(int32_t (*step)(struct tillproof *t), struct tillproof *t)
{
    int32_t rc = -1;
    for (int i = 0; i < 3 && rc; i++) {
        rc = step(t);
    }
    return rc;
}

static int day(struct tillproof *t, int *told)
{
    int32_t rc = again(sell, t);
    if (rc == 0) {
        *told |= TOLD_SALE;
        rc = again(take_back, t);
    }
    if (rc == 0) {
        *told |= TOLD_REFUND;
    }
    return rc;
}

static int tell(int fd, int told)
{
    unsigned char byte = (unsigned char)told;
    return write(fd, &byte, 1) == 1 ? 0 : -1;
}

/* In a child: with the fault. Tells through the pipe what it was told, as soon as it was. */
static void faulty_run(int out, enum fault family, long n)
{
    struct tillproof *t = NULL;
    int told = 0;
    fault_arm(family, n);
    int32_t rc = tillproof_open(shop_dir, NULL, 0, &t);
    for (int i = 0; i < 2 && rc; i++) {
        rc = tillproof_open(shop_dir, NULL, 0, &t);
    }
    if (rc == 0) {
        rc = again(sell, t);
        told |= rc == 0 ? TOLD_SALE : 0;
        (void)tell(out, told);
        rc = rc ? rc : again(take_back, t);
        told |= rc == 0 ? TOLD_REFUND : 0;
        (void)tell(out, told);
        if (tillproof_close(t, 5000) == 0) {
            (void)tell(out, told | TOLD_CLOSE);
        }
    }
    _exit(fault_left() > 0 ? 1 : 0);
}

/* ---- afterwards ---- */

struct books {
    int sales, counting, conflicts, returns;
    int64_t due, back;
};

static int add_sale(void *arg, const struct sale_row *sale, const struct redemption_row *list, size_t n)
{
    struct books *b = arg;
    b->sales += !sale->voided;
    b->due += sale->due;
    for (size_t i = 0; i < n; i++) {
        b->counting += list[i].outcome == 0;
        b->conflicts += list[i].conflict != 0;
    }
    return 0;
}

static int add_return(void *arg, const struct reversal_row *row)
{
    struct books *b = arg;
    b->returns++;
    b->back += row->due;
    return 0;
}

static int sound(const char *path, const char **why)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    bool good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK &&
                sqlite3_step(st) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
    sqlite3_finalize(st);
    sqlite3_close(db);
    if (!good) {
        *why = "a database is damaged";
    }
    return good ? 0 : -1;
}

/* The tables are those that the kept statements make. */
static int rebuilt_equal(const struct shop *shop)
{
    struct authority *a = NULL;
    struct store *s = NULL;
    struct buf before, after;
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    int rc = shop_store(shop, &s, NULL);
    rc = rc ? rc : store_dump(s, &before);
    rc = rc ? rc : shop_authority(shop, &clock_system, &a, NULL);
    rc = rc ? rc : authority_rebuild(a, NULL);
    rc = rc ? rc : store_dump(s, &after);
    rc = rc ? rc : bytes_equal(buf_view(&before), buf_view(&after)) ? 0 : -1;
    authority_close(a);
    store_close(s);
    buf_free(&before);
    buf_free(&after);
    return rc;
}

static int check_books(const char **why)
{
    struct shop shop;
    struct store *s = NULL;
    struct books b = {0};
    char path[256];
    snprintf(path, sizeof path, "%s/tills/till1/till.db", shop_dir);
    int rc = sound(path, why);
    snprintf(path, sizeof path, "%s/authority/authority.db", shop_dir);
    rc = rc ? rc : sound(path, why);
    rc = rc ? rc : shop_load(shop_dir, &shop, NULL);
    rc = rc ? rc : shop_store(&shop, &s, NULL);
    rc = rc ? rc : store_report_sales(s, 0, INT64_MAX, add_sale, &b);
    rc = rc ? rc : store_report_returns(s, 0, INT64_MAX, add_return, &b);
    store_close(s);
    if (rc) {
        return rc;
    }
    *why = b.sales != 1                    ? "not one sale"
           : b.counting > 1                ? "the coupon is used twice"
           : b.counting + b.conflicts != 1 ? "the redemption is neither counted nor in conflict"
           : b.due != 1800                 ? "the sale has another amount"
           : b.returns != 1                ? "not one return"
           : b.back != 900                 ? "the return has another amount"
           : rebuilt_equal(&shop)          ? "the tables are not those of the statements"
                                           : NULL;
    return *why ? -1 : 0;
}

/* The coupon of a sale that counted is used: another sale is told so. */
static int check_used(struct tillproof *t)
{
    struct tillproof_quote q = {.size = sizeof q};
    int64_t sale = 0;
    int32_t rc = ring_up(t, &sale, "S-2");
    rc = rc ? rc : tillproof_hold(t, sale, 5000, &q);
    if (rc || q.outcome != TILLPROOF_BINDING || q.due != 2000) {
        printf("another sale: %d, %s, %s, due %lld: ", rc, tillproof_name(q.outcome),
               tillproof_name(q.reason), (long long)q.due);
        return -1;
    }
    return tillproof_void(t, sale);
}

/* In a child: no fault any more. 0, or 1 with a line of what is wrong. */
static int recover(int told, const char **why)
{
    struct tillproof *t = NULL;
    int done = 0;
    int64_t sale = 0;
    *why = "the till does not open";
    if (tillproof_open(shop_dir, NULL, 0, &t)) {
        return 1;
    }
    *why = "a sale that was confirmed is not there";
    if (told & TOLD_SALE && (tillproof_sale_find(t, "S-1", &sale) || !sale || !committed(t, sale))) {
        return 1;
    }
    *why = "a refund that was confirmed is not there";
    if (told & TOLD_REFUND && (tillproof_sale_find(t, "B-1", &sale) || !sale || !committed(t, sale))) {
        return 1;
    }
    *why = "the sale cannot be brought to its end";
    if (day(t, &done)) {
        return 1;
    }
    *why = "another sale cannot be rung up";
    if (check_used(t)) {
        return 1;
    }
    *why = "what was recorded is not sent";
    return tillproof_close(t, 10000) || check_books(why) ? 1 : 0;
}

/* ---- one point ---- */

static void fresh_shop(void)
{
    if (run("rm -rf %s && cp -r %s %s", shop_dir, pristine, shop_dir)) {
        stop("the shop cannot be copied");
    }
}

/* The child's status; *told: the last that it said. */
static int in_child(enum fault family, long n, int *told)
{
    int ends[2], status = 0;
    unsigned char byte = 0;
    if (pipe2(ends, O_CLOEXEC)) {
        stop("no pipe");
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        faulty_run(ends[1], family, n);
    }
    close(ends[1]);
    *told = 0;
    while (read(ends[0], &byte, 1) == 1) {
        *told = byte;
    }
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        stop("no child");
    }
    return status;
}

static int recover_in_child(int told)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        const char *why = "";
        alarm(60);
        int rc = recover(told, &why);
        if (rc) {
            char reason[512] = "";
            uint32_t length = sizeof reason;
            tillproof_reason(reason, &length);
            printf("%s (%s)\n", why, reason);
            fflush(stdout);
        }
        _exit(rc);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        stop("no child");
    }
    return status;
}

enum { POINT_FINE, POINT_BEYOND, POINT_WRONG };

static int try_point(enum fault family, long n)
{
    int told = 0;
    fresh_shop();
    int status = in_child(family, n, &told);
    bool ended = WIFEXITED(status) && (WEXITSTATUS(status) <= 1 ||
                                       (WEXITSTATUS(status) == FAULT_KILLED && family >= FAULT_KILL_BEFORE));
    if (!ended) {
        printf("%s %ld: the program died, status %x\n", words[family], n, (unsigned)status);
        return POINT_WRONG;
    }
    if (recover_in_child(told) != 0) {
        printf("%s %ld: ^ what was wrong afterwards; told %d\n", words[family], n, told);
        return POINT_WRONG;
    }
    return WEXITSTATUS(status) == 1 && WIFEXITED(status) ? POINT_BEYOND : POINT_FINE;
}

static long try_family(enum fault family, long stride, int *wrong)
{
    long points = 0, n = 1;
    int bad = 0;
    for (;; n += stride) {
        int r = try_point(family, n);
        if (r == POINT_BEYOND) {
            break;
        }
        points++;
        bad += r == POINT_WRONG;
        if (bad > 5 || n > 200000) {
            break;
        }
    }
    printf("fault/sale: %s: %ld points tried of about %ld\n", words[family], points, n);
    *wrong += bad;
    return points;
}

/* ---- the shop ---- */

static void make_shop(const char *command)
{
    char path[160];
    const char *under = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(base, sizeof base, "%s/tillproof-fault-XXXXXX", under);
    if (!mkdtemp(base)) {
        stop("no folder");
    }
    snprintf(pristine, sizeof pristine, "%s/pristine", base);
    snprintf(shop_dir, sizeof shop_dir, "%s/shop", base);
    snprintf(path, sizeof path, "%s/offer.json", base);
    FILE *out = fopen(path, "w");
    if (!out ||
        fputs("{\"id\":\"coffee\",\"version\":1,\"title\":\"10%\",\"currency\":\"EUR\",\"funder\":\"store\","
              "\"redeem\":[\"coupon\"],\"valid\":{\"from\":\"2020-01-01\",\"until\":\"2090-01-01\"},"
              "\"needs\":{\"category\":[\"coffee\"]},\"gives\":{\"percent\":\"10\"},\"limits\":{\"per_"
              "coupon\":1}}",
              out) < 0 ||
        fclose(out)) {
        stop("no offer file");
    }
    if (run("%s shop init %s >/dev/null", command, pristine) ||
        run("%s offer publish %s/offer.json --shop %s >/dev/null", command, base, pristine) ||
        run("%s coupon issue --shop %s --offer coffee --channel news --out %s/c.txt >/dev/null", command,
            pristine, base) ||
        run("%s quote --help >/dev/null", command)) {
        stop("the shop cannot be made");
    }
    snprintf(path, sizeof path, "%s/c.txt", base);
    FILE *in = fopen(path, "r");
    coupon_length = in ? fread(coupon, 1, sizeof coupon - 1, in) : 0;
    if (in) {
        fclose(in);
    }
}

/* A till that has heard its authority, and nothing else. */
static void warm(void)
{
    fflush(stdout);
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        struct tillproof *t = NULL;
        int rc = tillproof_open(pristine, NULL, 0, &t);
        _exit(rc || tillproof_close(t, 5000));
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status) {
        stop("the till cannot be opened once");
    }
}

int main(int argc, char **argv)
{
    const char *command = getenv("TILLPROOF_COMMAND");
    /* Points are left out: of calls, most of which are OpenSSL's for memory, the most. */
    long every = getenv("TILLPROOF_SOAK") ? 1 : 11;
    int wrong = 0;
    long points = 0;
    if (!command) {
        stop("TILLPROOF_COMMAND is not set");
    }
    fault_vfs();
    make_shop(command);
    warm();
    if (try_point(FAULT_NONE, 1) == POINT_WRONG) {
        stop("the sale fails without a fault");
    }
    for (int f = FAULT_CALL; f < FAULT_COUNT; f++) {
        if (argc == 3 && strcmp(argv[1], words[f]) == 0) {
            wrong += try_point((enum fault)f, atol(argv[2])) == POINT_WRONG;
        } else if (argc == 1) {
            points += try_family((enum fault)f, (f == FAULT_CALL ? 19 : 1) * every, &wrong);
        }
    }
    printf("fault/sale: %ld points tried, %d of them wrong\n", points, wrong);
    run("rm -rf %s", base);
    return wrong ? 1 : 0;
}
