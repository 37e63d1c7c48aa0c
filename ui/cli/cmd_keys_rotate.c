#include "cli.h"
#include "office.h"

static const struct usage usage = {
    "keys rotate --shop DIR --purpose merchant|issuer|grant|log|registrar [--at-once] [--json]",
    "Replaces one of the shop's keys; needs root.key in the office folder. What the old key signed stays "
    "good,\n"
    "coupons too; it signs nothing new. An authority that runs takes the new one up by itself, within an "
    "hour;\n"
    "--at-once ends the old one now, because it was stolen. Run it again after it was interrupted.",
    0, 0};

static int rotate(const char *dir, const char *purpose, bool at_once, int64_t *number)
{
    struct err e = {0};
    struct office office;
    int rc = office_open(dir, OFFICE_WRITE, &office, &e);
    if (rc) {
        return cli_fail(&e);
    }
    rc = office_rotate(&office, purpose, at_once, number, &e);
    office_close(&office);
    return rc ? cli_fail(&e) : CLI_DONE;
}

int cmd_keys_rotate(int argc, char **argv)
{
    const char *dir = NULL, *purpose = NULL;
    bool at_once = false, json = false;
    int64_t number = 0;
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"purpose", OPT_TEXT, &purpose, "PURPOSE", "which key", OPT_NEEDED},
                               {"at-once", OPT_FLAG, &at_once, NULL, "the old key ends now", 0},
                               {"json", OPT_FLAG, &json, NULL, "print what was done as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = rotate(dir, purpose, at_once, &number);
        if (status == CLI_DONE) {
            printf(json ? "{\"purpose\":\"%s\",\"keyset\":%lld}\n"
                        : "The %s key was replaced; keyset %lld is in force.\n",
                   purpose, (long long)number);
        }
    }
    words_free(&rest);
    return status;
}
