/*
 * Statements posted to an authority on another machine, and its pages read, by a process of their own:
 * tillproof-helper in its mode `https` speaks TLS to the world, and this side only sends bytes and takes
 * bytes. The helper is started by the first call, keeps its connection, and is killed and replaced when it is
 * late.
 *
 * One handle, one thread at a time; https_stop alone may come from any.
 */
#ifndef HELPER_HTTPS_H
#define HELPER_HTTPS_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/code.h"

struct https_config {
    const char *program;              /* path of tillproof-helper; no search along PATH */
    const char *url;                  /* https://HOST[:PORT]/... of what is posted to */
    struct bytes ca;                  /* PEM: these certificates vouch for the authority, and no others */
    const struct clock_source *clock; /* outlives the handle */
};

struct https;

/* Copies what it is given and starts nothing. Owned: https_close. TP_E_ARGUMENT, TP_E_MEMORY, TP_E_IO. */
int https_open(const struct https_config *config, struct https **out, struct err *e);

/*
 * Posts the request (1 byte to HELPER_BODY_MAX) and appends the answer. 0;
 * TP_OFFLINE: no answer came by the deadline, or none that is one: e says why in one line;
 * TP_E_IO: the helper cannot be started, died or answered nonsense; TP_E_ARGUMENT; TP_E_MEMORY, also when
 * reply is full; TP_E_FORKED. The handle stays usable. Returns at the deadline, or up to a second later in
 * the rare case that the system takes so long to end a killed process.
 */
int https_post(struct https *h, struct bytes request, int64_t deadline_ms, struct buf *reply, struct err *e);

/*
 * Gets a page: path begins with '/' and goes behind the URL, which should have no path of its own then; token
 * (may be NULL) is sent as `Authorization: Bearer`. Both are printable ASCII without blanks. Returns as
 * https_post; what is answered with another status than 200 is TP_OFFLINE, too.
 */
int https_get(struct https *h, const char *path, const char *token, int64_t deadline_ms, struct buf *reply,
              struct err *e);

/* From any thread: the call under way and all later ones return TP_OFFLINE at once. */
void https_stop(struct https *h);

/* Ends the helper and frees the handle; takes NULL. In a forked child it only frees. */
void https_close(struct https *h);

#endif
