/* The way to an authority on another machine: one question at a time through the helper. */
#include "helper/https.h"
#include "transport/transport.h"

/* For one message there and back. What waits for an answer has deadlines of its own, and mostly shorter. */
enum { CALL_MS = 20000 };

static int https_call(void *ctx, struct bytes request, struct buf *reply, struct err *e)
{
    return https_post(ctx, request, CALL_MS, reply, e);
}

static void stop(void *ctx)
{
    https_stop(ctx);
}

static void end(void *ctx)
{
    https_close(ctx);
}

int transport_https(struct transport *t, const struct transport_https *config, struct err *e)
{
    const struct https_config c = {config->helper, config->url, config->ca, config->clock};
    struct https *h = NULL;
    int rc = https_open(&c, &h, e);
    if (rc == 0) {
        *t = (struct transport){.call = https_call, .close = end, .stop = stop, .ctx = h};
    }
    return rc;
}
