#include "daemon/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

void notify(const char *state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path ? strlen(path) : 0;
    if (n < 2 || n >= sizeof at.sun_path || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(at.sun_path, path, n);
    if (path[0] == '@') {
        at.sun_path[0] = 0; /* an abstract one */
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        /* A manager that does not listen is no reason to stop. */
        ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&at,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
        (void)sent;
        close(fd);
    }
}

void notify_reloading(void)
{
    char text[80];
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
             (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000);
    notify(text);
}

void notify_alive(void)
{
    if (getenv("WATCHDOG_USEC")) {
        notify("WATCHDOG=1\n");
    }
}
