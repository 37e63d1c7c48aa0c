#include "cli.h"
#include "dates.h"
#include "forms/forms.h"
#include "office.h"
#include "present/present.h"
#include "scan.h"

static const struct usage usage = {
    "coupon pickup FILE|TEXT|- --shop DIR",
    "Gives a coupon a code of nine digits that a cashier can type, for a screen "
    "that cannot be scanned.\n"
    "The code is good for five minutes.",
    1, 1};

enum { POLICY_ARENA = 64 * 1024 };

static int read_coupon(const char *given, struct presented_coupon *out, struct err *e)
{
    struct buf scan;
    buf_init(&scan, SCAN_BYTES_MAX * 16);
    int rc = scan_read(given, &scan, e);
    if (rc == 0) {
        rc = present_code(buf_view(&scan), out);
        rc = rc ? err_code(e, rc) : 0;
    }
    buf_free(&scan);
    return rc;
}

static void print(const struct policy *policy, const char *code, int64_t until_ms, bool json)
{
    struct buf out;
    buf_init(&out, 4096);
    buf_printf(&out, json ? "{\"code\":\"%s\",\"until\":\"" : "%s\ngood until ", code);
    local_time_put(policy, until_ms, &out);
    buf_puts(&out, json ? "\"}\n" : "\n");
    cli_print(buf_view(&out));
    buf_free(&out);
}

static int run(const char *given, const char *dir, bool json, struct err *e)
{
    static struct presented_coupon presented;
    struct office office = {0};
    struct policy policy;
    struct arena a;
    char code[PICKUP_SIZE + 1];
    int64_t until_ms = 0;
    int rc = read_coupon(given, &presented, e);
    if (rc || (rc = office_open(dir, OFFICE_WRITE, &office, e))) {
        return rc;
    }
    arena_init(&a, POLICY_ARENA);
    rc = office_policy(&office, &a, &policy, e);
    if (rc == 0) {
        rc = office_pickup(&office, bytes_of(presented.raw, presented.n), code, &until_ms, e);
    }
    if (rc == 0) {
        print(&policy, code, until_ms, json);
    }
    arena_reset(&a);
    office_close(&office);
    return rc;
}

int cmd_coupon_pickup(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"json", OPT_FLAG, &json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(rest.v[0], dir, json, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
