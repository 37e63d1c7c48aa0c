#include "forms/forms.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int read_all(int fd, const char *path, struct buf *out, struct err *e)
{
    uint8_t piece[16384];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n == 0) {
            return 0;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_set(e, TP_E_IO, "%s: %s", path, strerror(errno));
        }
        if ((size_t)n > FORM_MAX - out->n) {
            return err_set(e, TP_E_IO, "%s: is larger than %d bytes", path, FORM_MAX);
        }
        buf_put(out, piece, (size_t)n);
        if (out->failed) {
            return err_set(e, TP_E_IO, "%s: there is no memory for it", path);
        }
    }
}

int form_read_file(const char *path, struct buf *out, struct err *e)
{
    bool standard = strcmp(path, "-") == 0;
    buf_init(out, FORM_MAX);
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return err_set(e, TP_E_IO, "%s: %s", path, strerror(errno));
    }
    int rc = read_all(fd, path, out, e);
    if (!standard) {
        close(fd);
    }
    if (rc) {
        buf_free(out);
    }
    return rc;
}
