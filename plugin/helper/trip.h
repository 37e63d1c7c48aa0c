/* One question on its way to a helper, and its answer: bytes through the socket until a deadline. */
#ifndef HELPER_TRIP_H
#define HELPER_TRIP_H

#include <stddef.h>

#include "base/clock.h"
#include "base/code.h"

struct trip {
    int socket;
    int stop; /* readable: nobody wants the answer any more; -1: none */
    const struct clock_source *clock;
    int64_t until; /* of the boot clock */
};

/* Milliseconds until the deadline, 0 or less when it has passed. */
int64_t trip_left(const struct trip *trip);
/* All n bytes. TP_E_TIMEOUT; TP_E_STATE: stopped; TP_E_IO: the other end is closed or the socket failed. */
int trip_send(const struct trip *trip, const void *p, size_t n);
int trip_receive(const struct trip *trip, void *p, size_t n);

#endif
