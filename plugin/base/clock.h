/* Clocks behind a table, so that a test can set them. Milliseconds throughout. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock_source {
    /* Since 1970-01-01T00:00:00Z by this machine's own clock: may be wrong, may jump. */
    int64_t (*wall_ms)(void *ctx);
    /* Since this machine started, suspended time included; never goes back. */
    int64_t (*boot_ms)(void *ctx);
    void *ctx;
};

/* CLOCK_REALTIME and CLOCK_BOOTTIME. */
extern const struct clock_source clock_system;

static inline int64_t clock_wall(const struct clock_source *c)
{
    return c->wall_ms(c->ctx);
}

static inline int64_t clock_boot(const struct clock_source *c)
{
    return c->boot_ms(c->ctx);
}

#endif
