/*
 * tillproof-helper: finds codes in pictures for the plugin, in a process that can do nothing else; or, with
 * the argument `https`, posts statements to an authority, in another such process. It is started by
 * helper/process.c with its socket at HELPER_SOCKET; the end of that socket is the end of it. Exit 0 then, 2
 * when it was started otherwise, 1 for any failure.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/program/filter.h"
#include "helper/program/serve.h"
#include "helper/talk.h"

/* A frame, two planes of a pass, what zbar keeps of them, and the libraries' own mappings. */
enum { MEMORY_MAX = 512 * 1024 * 1024, FILES_HTTPS = 64 };

static bool has_socket(void)
{
    int type = 0;
    socklen_t n = sizeof type;
    return getsockopt(HELPER_SOCKET, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM;
}

/* Unbuffered, so that a library that prints asks for nothing but the write itself. */
static bool silence(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; fd++) {
        if (null < 0 || dup2(null, fd) < 0) {
            return false;
        }
    }
    close(null);
    return setvbuf(stdout, NULL, _IONBF, 0) == 0 && setvbuf(stderr, NULL, _IONBF, 0) == 0;
}

static bool limit(int resource, rlim_t most)
{
    struct rlimit limits = {most, most};
    return setrlimit((__rlimit_resource_t)resource, &limits) == 0;
}

/* No core with somebody's picture in it. Pictures need no file at all; TLS needs a few sockets. */
static bool narrow(rlim_t files)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, files) &&
           (FILTER_SANITIZED || limit(RLIMIT_AS, MEMORY_MAX));
}

static int run_pictures(void)
{
    if (!narrow(HELPER_SOCKET + 1) || (!FILTER_SANITIZED && filter_apply(HELPER_SOCKET, NULL))) {
        return 1;
    }
    return serve(HELPER_SOCKET) == 0 ? 0 : 1;
}

static int run_https(void)
{
    if (https_prepare() || !narrow(FILES_HTTPS) || (!FILTER_SANITIZED && filter_apply_https(NULL))) {
        return 1;
    }
    return serve_https(HELPER_SOCKET) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    bool https = argc == 2 && strcmp(argv[1], HELPER_HTTPS) == 0;
    if (!has_socket() || (argc > 1 && !https)) {
        fputs("tillproof-helper: the plugin starts this program; there is nothing to run by hand\n", stderr);
        return 2;
    }
    if (!silence()) {
        return 1;
    }
    /* What the libraries do at exit, the filter would not let them. */
    _exit(https ? run_https() : run_pictures());
}
