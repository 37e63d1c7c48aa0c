/* Whole messages through the helper's end of the socket. */
#ifndef HELPER_PROGRAM_PIPE_H
#define HELPER_PROGRAM_PIPE_H

#include "base/bytes.h"
#include "base/code.h"

/* 0, or TP_E_IO; *ended when the socket ended before the first byte. */
int pipe_read(int socket, void *p, size_t n, bool *ended);
int pipe_write(int socket, struct bytes from);

#endif
