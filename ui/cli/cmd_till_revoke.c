#include "cli.h"
#include "office.h"

static const struct usage revoke_usage = {
    "till revoke --shop DIR --till NAME [--from-seq N] [--epoch N] [--json]",
    "The till's key is good no longer: its holds are refused, and what it signed from N on (as a rule from "
    "what\n"
    "was not yet known here) does not count until you accept it: see till disputed.",
    0, 0};
static const struct usage lose_usage = {
    "till lose --shop DIR --till NAME [--from-seq N] [--epoch N] [--json]",
    "The till's disk is lost: as till revoke, and what it was leased and had not spent as far as is known "
    "here is\n"
    "given up. Begin anew with an empty folder: till enrol, or till invite and till join on another machine.",
    0, 0};

static int give_up(const char *dir, const char *till, int state, struct record_place *place,
                   struct office_given_up *given)
{
    struct err e = {0};
    struct office office;
    int rc = office_open(dir, OFFICE_WRITE, &office, &e);
    if (rc) {
        return cli_fail(&e);
    }
    rc = office_give_up(&office, till, state, place, &e);
    if (rc == 0 && state == TERMINAL_LOST) {
        rc = office_write_off(&office, till, NONE, given, &e);
    }
    office_close(&office);
    return rc ? cli_fail(&e) : CLI_DONE;
}

static int run(const struct usage *usage, int state, int argc, char **argv)
{
    static const char *const words[] = {"active", "revoked", "lost"};
    const char *dir = NULL, *till = NULL;
    struct record_place place = {NONE, NONE};
    struct office_given_up given = {0};
    bool json = false;
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"till", OPT_TEXT, &till, "NAME", "the till", OPT_NEEDED},
        {"from-seq", OPT_INT, &place.seq, "N", "from this record on (the first that is not known here)", 0},
        {"epoch", OPT_INT, &place.epoch, "N", "of this enrolment (the one in force)", 0},
        {"json", OPT_FLAG, &json, NULL, "print what was done as JSON", 0},
        {0}};
    int status = cli_parse(usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = give_up(dir, till, state, &place, &given);
    }
    if (status == CLI_DONE && till) {
        printf(json ? "{\"till\":\"%s\",\"state\":\"%s\",\"epoch\":%lld,\"from_seq\":%lld,\"leases\":%lld}\n"
                    : "The till %s is %s: in epoch %lld, what it signed from record %lld on is disputed.\n"
                      "Leases given up: %lld.\n",
               till, words[state], (long long)place.epoch, (long long)place.seq, (long long)given.leases);
    }
    words_free(&rest);
    return status;
}

int cmd_till_revoke(int argc, char **argv)
{
    return run(&revoke_usage, TERMINAL_REVOKED, argc, argv);
}

int cmd_till_lose(int argc, char **argv)
{
    return run(&lose_usage, TERMINAL_LOST, argc, argv);
}
