#include "helper/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "helper/talk.h"

/* A killed process is gone at once unless the system is in trouble. */
enum { END_MS = 1000 };

/* The socket first: in a host without standard streams it may stand where /dev/null is to be. */
static int set_files(posix_spawn_file_actions_t *files, int socket)
{
    int rc = posix_spawn_file_actions_adddup2(files, socket, HELPER_SOCKET);
    for (int fd = 0; fd <= 2 && rc == 0; fd++) {
        rc = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
    }
    return rc ? rc : posix_spawn_file_actions_addclosefrom_np(files, HELPER_SOCKET + 1);
}

/* Its own session, so that a terminal's signals pass it by; none of the host's masks and ignored signals. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawnattr_setsigmask(attributes, &none);
    rc = rc ? rc : posix_spawnattr_setsigdefault(attributes, &all);
    return rc ? rc
              : posix_spawnattr_setflags(attributes,
                                         POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const char *program, const char *mode, int socket, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char name[] = "tillproof-helper", word[16] = "";
    char *const arguments[] = {name, mode ? word : NULL, NULL}, *const environment[] = {NULL};
    bytes_to_cstr(bytes_str(mode), word, sizeof word);
    int rc = posix_spawn_file_actions_init(&files);
    if (rc) {
        return rc;
    }
    rc = posix_spawnattr_init(&attributes);
    if (rc) {
        goto no_attributes;
    }
    rc = set_files(&files, socket);
    rc = rc ? rc : set_signals(&attributes);
    rc = rc ? rc : posix_spawn(pid, program, &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
no_attributes:
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* The hang-up is told in any case; `events` are what counts besides. */
static bool shows(const struct process *p, short events)
{
    struct pollfd end = {.fd = p->socket, .events = events};
    int n = poll(&end, 1, 0);
    return n != 0 && !(n < 0 && errno == EINTR);
}

bool process_spent(const struct process *p)
{
    return shows(p, POLLIN);
}

/*
 * The host may have reaped the child before pidfd_open, and its number may be another process's by now. A
 * child that still holds its end of the socket lives, so the pidfd is its own.
 */
static bool is_ours(const struct process *p)
{
    siginfo_t info;
    return !shows(p, 0) && waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int process_start(const char *program, const char *mode, struct process *out, struct err *e)
{
    struct process p = PROCESS_NONE;
    pid_t pid = 0;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        return err_set(e, TP_E_IO, "no socket for the helper: %s", strerror(errno));
    }
    p.socket = pair[0];
    int rc = spawn(program, mode, pair[1], &pid);
    close(pair[1]);
    if (rc) {
        process_forget(&p);
        return err_set(e, TP_E_IO, "the helper %s cannot be started: %s", program, strerror(rc));
    }
    p.pidfd = pidfd_open(pid, 0);
    p.sure = p.pidfd >= 0 && is_ours(&p);
    if (!p.sure) {
        /* It reads the end of its socket and leaves by itself. */
        process_end(&p);
        return err_set(e, TP_E_IO, "the helper %s ended at once", program);
    }
    *out = p;
    return 0;
}

/* A signal of the host's may cut the wait short; what is left then is reaped by nobody, so wait again. */
static void await_end(int pidfd)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    for (int ms = 0; ms < END_MS; ms += 10) {
        if (poll(&end, 1, 10) > 0) {
            return;
        }
    }
}

void process_end(struct process *p)
{
    siginfo_t info;
    if (p->socket >= 0) {
        shutdown(p->socket, SHUT_RDWR);
    }
    if (p->sure) {
        pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
    }
    if (p->pidfd >= 0) {
        await_end(p->pidfd);
        /* ECHILD when the host's own handling was faster. */
        waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED | WNOHANG);
    }
    process_forget(p);
}

void process_forget(struct process *p)
{
    if (p->socket >= 0) {
        close(p->socket);
    }
    if (p->pidfd >= 0) {
        close(p->pidfd);
    }
    *p = PROCESS_NONE;
}
