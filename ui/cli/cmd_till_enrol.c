#include "cli.h"
#include "office.h"

static const struct usage usage = {
    "till enrol NAME --shop DIR [--store NAME] [--anew]",
    "Gives a till its key and its journal in DIR/tills/NAME, and tells the authority.\n"
    "An enrolment lasts 90 days; --anew begins the next one and keeps what the till has not sent.",
    1, 1};

static int enrol(const char *name, const char *dir, const char *store, bool anew)
{
    struct err e = {0};
    struct office office;
    int rc = office_open(dir, OFFICE_WRITE, &office, &e);
    if (rc) {
        return cli_fail(&e);
    }
    rc = office_enrol(&office, name, store, anew, &e);
    office_close(&office);
    return rc ? cli_fail(&e) : CLI_DONE;
}

int cmd_till_enrol(int argc, char **argv)
{
    const char *dir = NULL, *store = NULL;
    bool anew = false, json = false;
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"store", OPT_TEXT, &store, "NAME", "the store that it stands in (main)", 0},
        {"anew", OPT_FLAG, &anew, NULL, "the till is there: give it its next epoch", 0},
        {"json", OPT_FLAG, &json, NULL, "print what was done as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = enrol(rest.v[0], dir, store, anew);
        if (status == CLI_DONE) {
            printf(json ? "{\"till\":\"%s\"}\n" : "The till %s is enrolled.\n", rest.v[0]);
        }
    }
    words_free(&rest);
    return status;
}
