/* tillproofd: one authority for tills on other machines. */
#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/server.h"
#include "store/postgres/postgres.h"

#include <signal.h>
#include <stdio.h>

static const char help[] = "usage: tillproofd --config FILE | --shop DIR [options]\n\n"
                           "Serves a shop's authority to tills on other machines: HTTPS, TLS 1.3 alone. "
                           "Options come after the file\n"
                           "and mean the same as its keys of [server]:\n"
                           "  --shop DIR               the shop's directory\n"
                           "  --listen ADDRESS:PORT    where (127.0.0.1:8443); port 0: any\n"
                           "  --certificate FILE       PEM (DIR/server/certificate.pem)\n"
                           "  --key FILE               PEM (DIR/server/key.pem)\n"
                           "  --workers N, --queue N, --connections N, --timeout SECONDS   (2, 64, 256, 30)\n"
                           "  --metrics loopback|all   who may read /metrics (loopback)\n\n"
                           "SIGTERM finishes what was taken and ends; SIGHUP takes the certificate anew.\n"
                           "Exit status: 0 stopped, 2 misuse, 3 a fault.\n";

static int fail(const struct err *e)
{
    bool misused = e->code == TP_E_ARGUMENT || e->code == TP_UNKNOWN_KEY || e->code == TP_BAD_VALUE;
    fprintf(stderr, "tillproofd: %s: %s\n", code_word(e->code), e->text);
    return misused ? 2 : 3;
}

int main(int argc, char **argv)
{
    struct daemon_config config;
    struct err e = {0};
    store_postgres();
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
    }
    int rc = config_read(argc, argv, &config, &e);
    if (rc) {
        return fail(&e);
    }
    signal(SIGPIPE, SIG_IGN);
    rc = server_run(&config, &e);
    if (rc) {
        return fail(&e);
    }
    log_line(LOG_SAY, "stopped");
    return 0;
}
