#include "tests/bench/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int folder_make(const char *parent, char out[SHOP_PATH_MAX], struct err *e)
{
    if ((size_t)snprintf(out, SHOP_PATH_MAX, "%s/bench-XXXXXX", parent) >= SHOP_PATH_MAX - 64) {
        out[0] = 0;
        return err_set(e, TP_E_ARGUMENT, "the folder's name is too long");
    }
    if (!mkdtemp(out)) {
        out[0] = 0;
        return err_set(e, TP_E_IO, "no folder can be made in %.120s; name another with --dir", parent);
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void folder_remove(const char *path)
{
    if (path[0]) {
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}

static size_t read_all(int fd, char *out, size_t size)
{
    size_t n = 0;
    char more[256];
    for (;;) {
        bool full = n == size - 1;
        ssize_t got = read(fd, full ? more : out + n, full ? sizeof more : size - 1 - n);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            out[n] = 0;
            return n;
        }
        n += got > 0 && !full ? (size_t)got : 0;
    }
}

int run_child(const char *program, char *const argv[], char *out, size_t size, struct err *e)
{
    int ends[2], status = 0;
    pid_t pid = 0;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC)) {
        return err_set(e, TP_E_IO, "no pipe can be made");
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int rc = posix_spawnp(&pid, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (rc == 0) {
        read_all(ends[0], out, size);
        rc = waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status);
    }
    close(ends[0]);
    return rc ? err_set(e, TP_E_IO, "%.80s could not be run, or failed", argv[0]) : 0;
}
