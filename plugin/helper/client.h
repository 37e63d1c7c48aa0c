/*
 * Codes read from pictures, in another process: tillproof-helper parses, this side only sends grey pixels and
 * takes texts. The helper gets nothing of the host's but one socket: no other descriptor, no environment, no
 * signal mask, no terminal. It is killed when late and replaced at the next frame, as it is when it has died.
 *
 * One handle, one thread at a time. Nothing here sets a signal handler or raises SIGPIPE, and it does not
 * matter what the host does with SIGCHLD: a host that reaps every child may reap the helper, too. Signals go
 * through a pidfd, never to a number that may belong to somebody else by then.
 */
#ifndef HELPER_CLIENT_H
#define HELPER_CLIENT_H

#include "base/bytes.h"
#include "base/code.h"
#include "helper/talk.h"

/* 8-bit grey, width x height, no padding; 1 to HELPER_SIDE_MAX each, HELPER_PIXELS_MAX together. */
struct helper_frame {
    uint32_t width, height;
    const uint8_t *px;
};

struct helper;

/*
 * Starts the program at that path (no search along PATH). The handle is owned: helper_close. TP_E_ARGUMENT,
 * TP_E_MEMORY; TP_E_IO when it cannot be started; out untouched then. Takes milliseconds.
 */
int helper_open(const char *program, struct helper **out, struct err *e);

/*
 * Sets all of texts[]: the raw bytes of each code in the frame, each text once, then empty bufs; buf_free
 * takes either. Returns how many, 0 for none, or with nothing to free:
 * TP_E_ARGUMENT: a frame beyond its limits; deadline_ms is not 1 to HELPER_DEADLINE_MAX;
 * TP_E_TIMEOUT: no answer deadline_ms after the call; TP_E_IO: the helper died, cannot be started again, or
 * answered nonsense; TP_E_MEMORY: here or there; TP_E_FORKED: the handle was opened by the parent process.
 * After an error the handle stays usable. Returns at the deadline, or up to a second after it in the rare
 * case that the system takes so long to end a killed process. The helper itself stops trying harder ways of
 * reading shortly before the deadline, so a picture without codes is a 0 and no TP_E_TIMEOUT.
 */
int helper_decode(struct helper *h, const struct helper_frame *frame, uint32_t deadline_ms,
                  struct buf texts[HELPER_CODES_MAX], struct err *e);

/* Ends the helper and frees the handle; takes NULL. In a forked child it only frees. */
void helper_close(struct helper *h);

#endif
