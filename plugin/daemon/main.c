/* tillproofd: one authority for tills on other machines. */
#include "daemon/log.h"
#include "daemon/server.h"
#include "store/postgres/postgres.h"

#include <signal.h>
#include <stdio.h>

static const char help[] =
    "usage: tillproofd --config FILE | --shop DIR [options]\n\n"
    "Serves a shop's authority to tills on other machines: HTTPS, TLS 1.3 alone. The file's keys of "
    "[server]\n"
    "are these options with _ for -; what comes later counts. tillproofd(8) says more.\n"
    "  --shop DIR               the shop's directory\n"
    "  --store ADDRESS          instead of the database server that its shop.ini names\n"
    "  --listen ADDRESS:PORT    where (127.0.0.1:8443); port 0: any\n"
    "  --certificate FILE       PEM (DIR/server/certificate.pem)\n"
    "  --key FILE               PEM (DIR/server/key.pem)\n"
    "  --workers N, --queue N, --connections N, --timeout SECONDS   (2, 64, 256, 30)\n"
    "  --address-connections N  of one address; 0: as many (half of them)\n"
    "  --memory MIB             of bodies and answers in flight (256)\n"
    "  --till-rate N, --till-burst N         messages of one till a second, and at once (200, 2000)\n"
    "  --address-rate N, --address-burst N   requests of one address (2000, 10000)\n"
    "  --codes N, --wrong-tokens N           tries of one address a minute (60, 10)\n"
    "  --metrics loopback|all   who may read /metrics (loopback)\n"
    "  --log token|public       who may read the log (token)\n"
    "  --witness KEY            whose cosignatures are taken; again for more\n\n"
    "SIGTERM finishes what was taken and ends; SIGHUP takes configuration and certificate anew.\n"
    "Exit status: 0 stopped, 2 misuse, 3 a fault.\n";

static int fail(const struct err *e)
{
    bool misused = e->code == TP_E_ARGUMENT || e->code == TP_UNKNOWN_KEY || e->code == TP_BAD_VALUE;
    fprintf(stderr, "tillproofd: %s: %s\n", code_word(e->code), e->text);
    return misused ? 2 : 3;
}

int main(int argc, char **argv)
{
    const struct server_start start = {argc, argv};
    struct err e = {0};
    store_postgres();
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    int rc = server_run(&start, &e);
    if (rc) {
        return fail(&e);
    }
    log_line(LOG_SAY, "stopped");
    return 0;
}
