#include "helper/trip.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* How long the given clock is trusted to run like the system's: a test sets it. */
enum { LOOK_MS = 100 };

int64_t trip_left(const struct trip *trip)
{
    return trip->until - clock_boot(trip->clock);
}

/* 0 when the socket is ready for what is asked or has failed. */
static int await(const struct trip *trip, short events)
{
    struct pollfd ends[2] = {{.fd = trip->socket, .events = events}, {.fd = trip->stop, .events = POLLIN}};
    for (;;) {
        int64_t left = trip_left(trip);
        if (left <= 0) {
            return TP_E_TIMEOUT;
        }
        int n = poll(ends, 2, (int)(left < LOOK_MS ? left : LOOK_MS));
        if (n > 0) {
            return ends[1].revents ? TP_E_STATE : 0;
        }
        if (n < 0 && errno != EINTR) {
            return TP_E_IO;
        }
    }
}

static bool later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int trip_send(const struct trip *trip, const void *p, size_t n)
{
    const uint8_t *at = p;
    while (n > 0) {
        int rc = await(trip, POLLOUT);
        if (rc) {
            return rc;
        }
        ssize_t done = send(trip->socket, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0 && !later()) {
            return TP_E_IO;
        }
        if (done > 0) {
            at += done;
            n -= (size_t)done;
        }
    }
    return 0;
}

int trip_receive(const struct trip *trip, void *p, size_t n)
{
    uint8_t *at = p;
    while (n > 0) {
        int rc = await(trip, POLLIN);
        if (rc) {
            return rc;
        }
        ssize_t done = recv(trip->socket, at, n, MSG_DONTWAIT);
        if (done == 0 || (done < 0 && !later())) {
            return TP_E_IO;
        }
        if (done > 0) {
            at += done;
            n -= (size_t)done;
        }
    }
    return 0;
}
