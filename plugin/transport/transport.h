/*
 * How a till reaches its authority: bytes out, bytes back. A table, so that tests can lose, delay and
 * repeat what passes.
 */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/code.h"

struct transport {
    /*
     * Sends one message (a CBOR sequence) and appends the reply. It may block, so only a worker thread calls
     * it, one call at a time. 0; TP_OFFLINE when no answer was had; TP_E_* for a fault of this machine.
     */
    int (*call)(void *ctx, struct bytes request, struct buf *reply, struct err *e);
    /* Called once, at the end, by the thread that closes the till. */
    void (*close)(void *ctx);
    void *ctx;
    /* From any thread: the call under way and all later ones return TP_OFFLINE at once. NULL: calls do not
     * wait for a network. */
    void (*stop)(void *ctx);
};

/*
 * The authority in this process: handle is authority_handle, drop is authority_close. Takes over the
 * authority, also when it fails: 0 or TP_E_MEMORY. handle's contract: 0 with a reply, or a code below zero.
 */
int transport_local(struct transport *t,
                    int (*handle)(void *authority, struct bytes request, struct buf *reply),
                    void (*drop)(void *authority), void *authority);

/* The authority on another machine. */
struct transport_https {
    const char *helper; /* path of tillproof-helper */
    const char *url;    /* of POST /v1/statements */
    struct bytes ca;    /* PEM: what vouches for the authority's certificate, and nothing else does */
    const struct clock_source *clock; /* outlives the transport */
};

/* Copies what it is given; the helper is started by the first call. A call takes 20 s at most, less when the
 * peer is silent. TP_E_ARGUMENT, TP_E_MEMORY. */
int transport_https(struct transport *t, const struct transport_https *config, struct err *e);

/* Closes and zeroes; takes a zeroed one. */
void transport_close(struct transport *t);

#endif
