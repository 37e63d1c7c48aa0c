#include "helper/program/pipe.h"

#include <errno.h>
#include <unistd.h>

int pipe_read(int socket, void *p, size_t n, bool *ended)
{
    uint8_t *at = p;
    size_t left = n;
    while (left > 0) {
        ssize_t done = read(socket, at, left);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            *ended = done == 0 && left == n;
            return TP_E_IO;
        }
        at += done;
        left -= (size_t)done;
    }
    return 0;
}

int pipe_write(int socket, struct bytes from)
{
    while (from.n > 0) {
        ssize_t done = write(socket, from.p, from.n);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return TP_E_IO;
        }
        from = bytes_of(from.p + done, from.n - (size_t)done);
    }
    return 0;
}
