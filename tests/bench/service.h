/* Servers that a bench starts for itself, and what they cost while they run. One thread. */
#ifndef BENCH_SERVICE_H
#define BENCH_SERVICE_H

#include "tests/bench/internal.h"

#include <sys/types.h>

/* A child that listens on 127.0.0.1. Zero it first; service_stop, whatever was returned. */
struct service {
    pid_t pid;
    pid_t beside; /* a server that works for it, and its children, count too; 0: none */
    uint16_t port;
    int64_t cpu_from; /* service_mark's */
};

/* A private key and a certificate for 127.0.0.1 that it signs itself, as PEM; for a day. */
int service_certificate(const char *key, const char *certificate, struct err *e);
/* A port that nobody listens on. */
int service_port(uint16_t *port, struct err *e);
/* Starts it with its output in `log`, and waits until it takes connections on s->port. TP_E_IO: it ended, or
 * said nothing for 20 s. */
int service_start(struct service *s, char *const argv[], const char *log, struct err *e);
/* SIGTERM, and its end. */
void service_stop(struct service *s);
/* From here on processor time is counted. */
void service_mark(struct service *s);
/* Microseconds of processor since then, of it and of its children. */
int64_t service_cpu_us(const struct service *s);
/* Bytes resident now, of the same; what several share counts once, where the system says so. */
int64_t service_resident(const struct service *s);
/* The parent of a process of this machine with that name; 0: there is none. */
pid_t service_parent(pid_t pid, const char *name);

#endif
