#include "cli.h"
#include "files.h"
#include "join.h"
#include "plugin.h"

enum { CODE_INPUT = 256 };

static const struct usage usage = {
    "till join --shop DIR --till NAME --code CODE|- [--anew] [--json]",
    "Enrols a till by a code of till invite, here or on another machine: DIR needs shop.ini and the CA that "
    "it\n"
    "names. The till makes its own key. A code of - is read from standard input. --anew: the till is there, "
    "and\n"
    "begins its next epoch with another key; what it recorded and has not sent stays.",
    0, 0};

static int join(const char *dir, const char *till, const char *code, bool anew, struct joined *out,
                struct err *e)
{
    char helper[PLUGIN_PATH];
    uint8_t memory[CODE_INPUT];
    struct buf text;
    bool has_helper = plugin_beside("tillproof-helper", helper);
    buf_over(&text, memory, sizeof memory);
    int rc = 0;
    if (strcmp(code, "-") == 0) {
        rc = file_read(code, &text, e);
    } else {
        buf_puts(&text, code);
        rc = text.failed ? err_set(e, TP_E_ARGUMENT, "that is no enrolment code") : 0;
    }
    rc = rc ? rc : join_till(dir, till, buf_view(&text), anew, has_helper ? helper : NULL, out, e);
    wipe(memory, sizeof memory);
    return rc;
}

int cmd_till_join(int argc, char **argv)
{
    const char *dir = NULL, *till = NULL, *code = NULL;
    bool anew = false, json = false;
    struct joined joined = {0};
    struct words rest = {0};
    struct err e = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &dir, "DIR", "the folder with shop.ini", OPT_NEEDED},
        {"till", OPT_TEXT, &till, "NAME", "the till that was invited", OPT_NEEDED},
        {"code", OPT_TEXT, &code, "CODE", "the code, or - for standard input", OPT_NEEDED},
        {"anew", OPT_FLAG, &anew, NULL, "the till is there: give it its next epoch and another key", 0},
        {"json", OPT_FLAG, &json, NULL, "print what was done as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = join(dir, till, code, anew, &joined, &e) ? cli_fail(&e) : CLI_DONE;
        if (status == CLI_DONE) {
            printf(json ? "{\"till\":\"%s\",\"store\":\"%s\",\"epoch\":%lld}\n"
                        : "The till %s of store %s is enrolled, in epoch %lld.\n",
                   till, joined.store, (long long)joined.epoch);
        }
    }
    words_free(&rest);
    return status;
}
