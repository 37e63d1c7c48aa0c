/* The daemon's loop: HTTP/1.1 over TLS 1.3, one thread; the statements are handled by the pool's. */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "daemon/config.h"

/* How the daemon was started: SIGHUP reads it again. */
struct server_start {
    int argc;
    char **argv;
};

/*
 * Serves until SIGTERM or SIGINT, then finishes what it has taken (a second one, or a timeout's time, ends
 * that) and returns 0. SIGHUP reads the configuration again, and takes it and the certificate, or neither.
 * Errors of the start: TP_E_IO, TP_E_NO_SHOP, TP_E_MEMORY, TP_E_CRYPTO and what shop_authority says.
 */
int server_run(const struct server_start *start, struct err *e);

#endif
