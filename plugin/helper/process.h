/* Between the clients and process.c; nothing outside the room includes it. */
#ifndef HELPER_PROCESS_H
#define HELPER_PROCESS_H

#include <stdbool.h>

#include "base/code.h"

/* A started helper. `sure` when the pidfd is known to mean our child and may be sent signals. */
struct process {
    int socket, pidfd;
    bool sure;
};

#define PROCESS_NONE ((struct process){.socket = -1, .pidfd = -1})

/* mode is the program's one argument, NULL for none. 0 or TP_E_IO (out untouched). */
int process_start(const char *program, const char *mode, struct process *out, struct err *e);
/* The other end is closed, or has said something unasked: nothing more is to be had from it. */
bool process_spent(const struct process *p);
/* Kills it, reaps it unless somebody else did, closes both descriptors. Takes PROCESS_NONE. */
void process_end(struct process *p);
/* Closes the descriptors alone: in a forked child the process is not ours. */
void process_forget(struct process *p);

#endif
