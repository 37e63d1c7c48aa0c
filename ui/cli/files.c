#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BUFFER = 4096 };

static int write_failure(const char *path, struct err *e)
{
    if (errno == EACCES || errno == EROFS || errno == EPERM) {
        return err_set(e, TP_E_READ_ONLY, "%.120s cannot be written", path);
    }
    if (errno == ENOSPC || errno == EDQUOT) {
        return err_set(e, TP_E_IO, "the disk is full: %.120s was not written; make room and try again", path);
    }
    return err_set(e, TP_E_IO, "%.120s could not be written: %s", path, strerror(errno));
}

int file_temp_dir(char *path, struct err *e)
{
    return mkdtemp(path) ? 0 : write_failure(path, e);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    remove(path);
    return 0;
}

void file_remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void file_sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    char parent[PATH_BUFFER] = ".";
    if (slash) {
        snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static int write_all(int fd, struct bytes content, int when)
{
    for (size_t done = 0; done < content.n;) {
        ssize_t n = write(fd, content.p + done, content.n - done);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return when == FILE_NOW ? fsync(fd) : 0;
}

int file_write(const char *path, struct bytes content, int when, struct err *e)
{
    char temp[PATH_BUFFER];
    if ((size_t)snprintf(temp, sizeof temp, "%s.new-XXXXXX", path) >= sizeof temp) {
        return err_set(e, TP_E_ARGUMENT, "the file's name is too long");
    }
    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0) {
        return write_failure(path, e);
    }
    mode_t mask = umask(0);
    umask(mask);
    int bad = fchmod(fd, 0666 & ~mask) || write_all(fd, content, when);
    bad = close(fd) || bad || rename(temp, path);
    if (bad) {
        int rc = write_failure(path, e);
        unlink(temp);
        return rc;
    }
    if (when == FILE_NOW) {
        file_sync_parent(path);
    }
    return 0;
}

int file_stream_begin(const char *path, struct file_stream *out, struct err *e)
{
    *out = (struct file_stream){.path = path};
    if ((size_t)snprintf(out->temp, sizeof out->temp, "%s.new-XXXXXX", path) >= sizeof out->temp) {
        return err_set(e, TP_E_ARGUMENT, "the file's name is too long");
    }
    int fd = mkostemp(out->temp, O_CLOEXEC);
    if (fd < 0) {
        return write_failure(path, e);
    }
    out->file = fdopen(fd, "w");
    if (!out->file) {
        close(fd);
        unlink(out->temp);
        return err_code(e, TP_E_MEMORY);
    }
    return 0;
}

int file_stream_end(struct file_stream *s, bool keep, struct err *e)
{
    int bad = keep && (fflush(s->file) || fsync(fileno(s->file)));
    bad = fclose(s->file) || bad || (keep && rename(s->temp, s->path));
    if (bad || !keep) {
        int rc = bad && keep ? write_failure(s->path, e) : 0;
        unlink(s->temp);
        return rc;
    }
    file_sync_parent(s->path);
    return 0;
}

int file_sync_all(const char *folder, struct err *e)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int bad = fd < 0 || syncfs(fd);
    if (fd >= 0) {
        close(fd);
    }
    return bad ? err_set(e, TP_E_IO, "%.120s could not be written to the disk: %s", folder, strerror(errno))
               : 0;
}

int file_read(const char *path, struct buf *out, struct err *e)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_set(e, TP_E_IO, "%.120s cannot be read: %s", path, strerror(errno));
    }
    uint8_t block[16384];
    ssize_t n = 0;
    do {
        n = read(fd, block, sizeof block);
        if (n > 0) {
            buf_put(out, block, (size_t)n);
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    int why = errno;
    if (!standard) {
        close(fd);
    }
    if (n < 0) {
        return err_set(e, TP_E_IO, "%.120s cannot be read: %s", path, strerror(why));
    }
    return out->failed ? err_set(e, TP_E_IO, "%.120s is larger than such a file may be", path) : 0;
}
