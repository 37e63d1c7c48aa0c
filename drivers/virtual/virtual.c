/*
 * A scanner that is a path: a UNIX socket to which it connects, a FIFO, or a file, which is read once.
 * It never listens, and never waits: a writer that stops in the middle of a code stops nobody.
 */
#include "drivers/virtual/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { READS_MAX = 16, CHUNK = 512 };

struct virtual
{
    int fd;
    bool file, ended;
    struct stream stream;
    struct bytes rest; /* of chunk */
    uint8_t chunk[CHUNK];
};

static bool virtual_match(const struct driver_id *id, struct bytes descriptor)
{
    (void)descriptor;
    return id->bus == DRIVER_PATH;
}

static int connect_to(struct virtual *v, const char *path, struct err *e)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, path, strlen(path) + 1);
    v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (v->fd < 0) {
        return err_set(e, TP_E_IO, "no socket: %s", strerror(errno));
    }
    if (connect(v->fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        return err_set(e, TP_E_IO, "nobody answers at the socket: %s", strerror(errno));
    }
    return 0;
}

/* A FIFO is opened for writing, too, so that it does not end with its last writer. */
static int open_path(struct virtual *v, const char *path, struct err *e)
{
    struct stat is;
    if (stat(path, &is) != 0) {
        return err_set(e, TP_E_IO, "it cannot be opened: %s", strerror(errno));
    }
    if (S_ISSOCK(is.st_mode)) {
        return connect_to(v, path, e);
    }
    v->file = S_ISREG(is.st_mode);
    if (!v->file && !S_ISFIFO(is.st_mode)) {
        return err_set(e, TP_UNSUPPORTED, "it is neither a socket nor a FIFO nor a file");
    }
    v->fd = open(path, (v->file ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return v->fd < 0 ? err_set(e, TP_E_IO, "it cannot be opened: %s", strerror(errno)) : 0;
}

static void virtual_close(void *dev)
{
    struct virtual *v = dev;
    if (v) {
        if (v->fd >= 0) {
            close(v->fd);
        }
        free(v);
    }
}

static int virtual_open(const struct driver_port *port, void **dev, struct err *e)
{
    size_t n = strnlen(port->id->path, sizeof port->id->path);
    if (n == 0 || n == sizeof port->id->path) {
        return err_set(e, TP_UNSUPPORTED, "a path is 1 to %d bytes", DRIVER_PATH_MAX - 1);
    }
    struct virtual *v = calloc(1, sizeof *v);
    if (!v) {
        return err_code(e, TP_E_MEMORY);
    }
    v->fd = -1;
    v->stream.framing = port->id->framing;
    int rc = open_path(v, port->id->path, e);
    if (rc != 0) {
        virtual_close(v);
        return rc;
    }
    *dev = v;
    return 0;
}

/* Fills the chunk. 1: there are bytes. 0: none now. TP_E_IO: none ever. */
static int fetch(struct virtual *v)
{
    ssize_t n = read(v->fd, v->chunk, sizeof v->chunk);
    if (n > 0) {
        v->rest = bytes_of(v->chunk, (size_t)n);
        return 1;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : TP_E_IO;
}

static int finish(struct virtual *v, int64_t at_ms, struct scan *out)
{
    /* The last line of a file may lack its LF; a socket that breaks off has sent half a code. */
    bool last = v->file && !v->ended && stream_end(&v->stream, at_ms, out) == 1;
    v->ended = true;
    if (last) {
        return 1;
    }
    return v->file ? TP_E_STATE : TP_E_IO;
}

static int virtual_read(void *dev, struct bytes *in, int64_t at_ms, struct scan *out)
{
    struct virtual *v = dev;
    (void)in;
    for (int i = 0; i < READS_MAX; i++) {
        int rc = v->rest.n > 0 ? 1 : v->ended ? TP_E_IO : fetch(v);
        if (rc <= 0) {
            return rc == 0 ? 0 : finish(v, at_ms, out);
        }
        rc = stream_read(&v->stream, &v->rest, at_ms, out);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int virtual_fd(void *dev)
{
    return ((struct virtual *)dev)->fd;
}

const struct driver driver_virtual = {
    .name = "virtual",
    .match = virtual_match,
    .open = virtual_open,
    .read = virtual_read,
    .close = virtual_close,
    .fd = virtual_fd,
};
