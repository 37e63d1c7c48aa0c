#include "cli.h"

#include "store/postgres/postgres.h"

#include <stdio.h>

static const struct usage usage = {
    "store migrate ADDRESS",
    "Makes the schema 'tillproof' in the PostgreSQL database at ADDRESS (postgresql://ROLE@HOST/NAME), or "
    "brings\n"
    "it to this version, as a role that may make tables there. The roles tillproof_service and "
    "tillproof_report\n"
    "get what they need and no more, where they exist. Running it again changes nothing.",
    1, 1};

int cmd_store_migrate(int argc, char **argv)
{
    bool json = false;
    struct words rest = {0};
    struct err e = {0};
    int64_t version = 0;
    const struct opt opts[] = {{"json", OPT_FLAG, &json, NULL, "print the version as JSON", 0}, {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = store_postgres_migrate(rest.v[0], &version, &e) ? cli_fail(&e) : CLI_DONE;
        if (status == CLI_DONE) {
            printf(json ? "{\"version\":%lld}\n" : "The tables are of version %lld.\n", (long long)version);
        }
    }
    words_free(&rest);
    return status;
}
