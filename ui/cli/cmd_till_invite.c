#include "cli.h"
#include "dates.h"
#include "keys/enrolment.h"
#include "office.h"

enum { HOURS = 24, HOURS_MAX = 7 * 24, POLICY_MEMORY = 64 * 1024 };

static const struct usage usage = {"till invite --shop DIR --till NAME [--store NAME] [--hours N] [--json]",
                                   "Prints a code with which this till can be enrolled once, on this machine "
                                   "or another: till join. A later code\n"
                                   "for the same till takes the place of an earlier one.",
                                   0, 0};

static void print(struct office *o, const char *code, int64_t until_ms, bool json)
{
    struct arena arena;
    struct policy policy = {0};
    char memory[64];
    struct buf until;
    arena_init(&arena, POLICY_MEMORY);
    buf_over(&until, memory, sizeof memory);
    (void)office_policy(o, &arena, &policy, NULL); /* without it the time is UTC */
    local_time_put(&policy, until_ms, &until);
    printf(json ? "{\"code\":\"%s\",\"until\":\"%.*s\"}\n" : "%s\ngood until %.*s, once\n", code,
           (int)until.n, (const char *)until.p);
    arena_reset(&arena);
}

static int invite(const char *dir, const char *till, const char *store, int64_t hours, bool json)
{
    char code[ENROLMENT_CODE + 1];
    struct err e = {0};
    struct office office;
    int64_t until_ms = 0;
    int rc = hours >= 1 && hours <= HOURS_MAX
                 ? office_open(dir, OFFICE_WRITE, &office, &e)
                 : err_set(&e, TP_E_ARGUMENT, "--hours is from 1 to %d", HOURS_MAX);
    if (rc) {
        return cli_fail(&e);
    }
    rc = office_invite(&office, till, store, hours, code, &until_ms, &e);
    if (rc == 0) {
        print(&office, code, until_ms, json);
    }
    office_close(&office);
    wipe(code, sizeof code);
    return rc ? cli_fail(&e) : CLI_DONE;
}

int cmd_till_invite(int argc, char **argv)
{
    const char *dir = NULL, *till = NULL, *store = NULL;
    int64_t hours = HOURS;
    bool json = false;
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"till", OPT_TEXT, &till, "NAME", "the till's name, new or not", OPT_NEEDED},
                               {"store", OPT_TEXT, &store, "NAME", "the store that it stands in (main)", 0},
                               {"hours", OPT_INT, &hours, "N", "how long the code is good (24)", 0},
                               {"json", OPT_FLAG, &json, NULL, "print the code as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = invite(dir, till, store, hours, json);
    }
    words_free(&rest);
    return status;
}
