#include "cli.h"
#include "offer/money.h"
#include "office.h"
#include "store/leases.h"

#include <inttypes.h>

static const struct usage usage = {
    "lease write-off --shop DIR --till NAME|--lease N",
    "Gives up what is left of a till's leases, or of one, because the till will not give it back: its disk "
    "is lost, or\n"
    "it was stolen. From then on others may use it. What the till did spend of it comes to be a conflict "
    "when its\n"
    "records still arrive, borne by whom the offer names. A till that works gives its leases back by itself.",
    0, 0};

struct options {
    const char *dir, *till;
    int64_t lease;
    bool json;
};

static int check(struct office *o, const struct options *opt, struct err *e)
{
    struct till_row till;
    struct lease_row lease;
    int rc = 0;
    if (opt->till && (rc = store_till(o->store, bytes_str(opt->till), &till)) == STORE_NOT_FOUND) {
        return err_set(e, TP_UNKNOWN_TILL, "the shop has no till '%.32s'", opt->till);
    }
    if (rc == 0 && opt->lease != NONE &&
        (rc = store_lease(o->store, opt->lease, &lease)) == STORE_NOT_FOUND) {
        return err_set(e, TP_E_ARGUMENT, "there is no lease %" PRId64 "; see tillproof lease list",
                       opt->lease);
    }
    if (rc == 0 && opt->lease != NONE && opt->till && strcmp(lease.till, opt->till) != 0) {
        return err_set(e, TP_E_ARGUMENT, "lease %" PRId64 " is another till's: %.32s", opt->lease,
                       lease.till);
    }
    return rc ? err_set(e, rc, "%s", store_error(o->store)) : 0;
}

static int print(struct office *o, const struct options *opt, const struct office_given_up *up, struct err *e)
{
    struct arena a;
    struct policy policy = {0};
    char memory[64];
    struct buf amount;
    buf_over(&amount, memory, sizeof memory);
    arena_init(&a, 64 * 1024);
    int rc = office_policy(o, &a, &policy, e);
    if (rc == 0) {
        decimal_put(&amount, up->amount, currency_digits(policy.currency));
        printf(opt->json ? "{\"leases\":%" PRId64 ",\"uses\":%" PRId64 ",\"amount\":\"%.*s\"}\n"
                         : "given up: %" PRId64 " leases, %" PRId64 " uses, %.*s\n",
               up->leases, up->uses, (int)amount.n, (const char *)amount.p);
    }
    arena_reset(&a);
    return rc;
}

static int run(const struct options *opt, struct err *e)
{
    struct office office;
    struct office_given_up up;
    int rc = office_open(opt->dir, OFFICE_WRITE, &office, e);
    if (rc) {
        return rc;
    }
    rc = check(&office, opt, e);
    rc = rc ? rc : office_write_off(&office, opt->till, opt->lease, &up, e);
    rc = rc ? rc : print(&office, opt, &up, e);
    office_close(&office);
    return rc;
}

int cmd_lease_write_off(int argc, char **argv)
{
    struct options o = {.lease = NONE};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"till", OPT_TEXT, &o.till, "NAME", "all leases of this till", 0},
        {"lease", OPT_INT, &o.lease, "N", "the one with this number, as lease list has it", 0},
        {"json", OPT_FLAG, &o.json, NULL, "print what was given up as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO && !o.till && o.lease == NONE) {
        status = cli_error(TP_E_ARGUMENT, "say whose: --till NAME or --lease N");
    }
    if (status == CLI_GO) {
        status = run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
