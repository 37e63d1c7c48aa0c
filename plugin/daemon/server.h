/* The daemon's loop: HTTP/1.1 over TLS 1.3, one thread; the statements are handled by the pool's. */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "daemon/config.h"

/*
 * Serves until SIGTERM or SIGINT, then finishes what it has taken (a second one, or a timeout's time, ends
 * that) and returns 0. SIGHUP takes the certificate and key anew. Errors of the start: TP_E_IO,
 * TP_E_NO_SHOP, TP_E_MEMORY, TP_E_CRYPTO and what shop_authority says.
 */
int server_run(const struct daemon_config *config, struct err *e);

#endif
