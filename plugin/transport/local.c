#include "transport/transport.h"

#include <stdlib.h>

struct local {
    int (*handle)(void *authority, struct bytes request, struct buf *reply);
    void (*drop)(void *authority);
    void *authority;
};

static int local_call(void *ctx, struct bytes request, struct buf *reply, struct err *e)
{
    struct local *l = ctx;
    int rc = l->handle(l->authority, request, reply);
    if (rc) {
        return err_set(e, rc, "the shop's authority: %s", code_sentence(rc));
    }
    if (reply->failed) {
        return err_set(e, TP_E_MEMORY, "the authority's answer is longer than a message may be");
    }
    return 0;
}

static void local_close(void *ctx)
{
    struct local *l = ctx;
    if (l->drop) {
        l->drop(l->authority);
    }
    free(l);
}

int transport_local(struct transport *t,
                    int (*handle)(void *authority, struct bytes request, struct buf *reply),
                    void (*drop)(void *authority), void *authority)
{
    struct local *l = malloc(sizeof *l);
    if (!l) {
        if (drop) {
            drop(authority);
        }
        return TP_E_MEMORY;
    }
    *l = (struct local){handle, drop, authority};
    *t = (struct transport){.call = local_call, .close = local_close, .ctx = l};
    return 0;
}

void transport_close(struct transport *t)
{
    if (t->close) {
        t->close(t->ctx);
    }
    *t = (struct transport){0};
}
