/* The filter by itself, each rule in a forked child that it may kill. Under a sanitizer, whose runtime needs
 * more than the filter leaves, there is nothing to see and the tests are skipped. */
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper/program/filter.h"

/* What the child does behind the filter; true when it worked. */
typedef bool act(int socket);

/* The status of a child that puts itself behind the filter and acts; exit 0 for true, 3 without a filter. */
static int behind_the_filter(act *what)
{
    int pair[2], status = -1;
    char byte = 'q';
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    /* Before the child is there: it may be killed before anything else comes. */
    assert_int_equal(send(pair[0], &byte, 1, MSG_NOSIGNAL), 1);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        if (filter_apply(pair[1], NULL)) {
            _exit(3);
        }
        _exit(what(pair[1]) ? 0 : 4);
    }
    close(pair[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(pair[0]);
    return status;
}

static bool talks(int socket)
{
    char byte = 0;
    return read(socket, &byte, 1) == 1 && byte == 'q' && write(socket, &byte, 1) == 1;
}

static bool takes_memory(int socket)
{
    (void)socket;
    for (size_t n = 1; n < (size_t)64 << 20; n *= 4) {
        char *p = malloc(n), *q = p ? realloc(p, 2 * n) : NULL;
        if (!q) {
            return false;
        }
        memset(q, 1, 2 * n);
        free(q);
    }
    return true;
}

static bool reads_clocks(int socket)
{
    (void)socket;
    struct timespec now;
    struct itimerval timer = {.it_value = {.tv_sec = 100}};
    return clock_gettime(CLOCK_BOOTTIME, &now) == 0 && setitimer(ITIMER_PROF, &timer, NULL) == 0;
}

/* Into a plane in which zbar prints and finds; standard error is a terminal or file of the tests here. */
static bool finds_a_code(int socket)
{
    (void)socket;
    struct buf texts[PICTURE_CODES_MAX];
    struct grey g = draw_code("271828", 6, 3);
    memset(g.px, 200, g.width);
    return grey_codes(&g, texts) == 1 && bytes_is(buf_view(&texts[0]), "271828");
}

/* Every way of reading is tried on a picture that holds nothing but edges. */
static bool finds_nothing(int socket)
{
    (void)socket;
    struct buf texts[PICTURE_CODES_MAX];
    uint64_t seed = 3;
    struct grey g = draw_white(450, 300);
    for (size_t i = 0; i < (size_t)g.width * g.height; i++) {
        g.px[i] = (uint8_t)(draw_random(&seed) >> 40);
    }
    return grey_codes(&g, texts) >= 0;
}

static bool opens_a_file(int socket)
{
    (void)socket;
    return open("/dev/null", O_RDONLY) >= 0;
}

static bool makes_a_socket(int end)
{
    (void)end;
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool forks(int socket)
{
    (void)socket;
    return fork() >= 0;
}

static bool executes(int socket)
{
    (void)socket;
    return execl("/bin/true", "true", (char *)NULL) == 0;
}

static bool kills(int socket)
{
    (void)socket;
    return kill(1, 0) == 0;
}

static bool reads_another_file(int socket)
{
    (void)socket;
    char byte;
    return read(0, &byte, 1) >= 0;
}

static bool writes_another_file(int socket)
{
    return write(socket + 1, "x", 1) >= 0;
}

static bool maps_code(int socket)
{
    (void)socket;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, flags, -1, 0) != MAP_FAILED;
}

static bool maps_a_file(int socket)
{
    return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, socket, 0) != MAP_FAILED;
}

static bool makes_code(int socket)
{
    (void)socket;
    static char page[8192];
    char *at = page + 4096 - (uintptr_t)page % 4096;
    return mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool lifts_a_limit(int socket)
{
    (void)socket;
    struct rlimit most = {1, 1};
    return setrlimit(RLIMIT_NOFILE, &most) == 0;
}

static bool asks_prctl(int socket)
{
    (void)socket;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool receives_descriptors(int socket)
{
    struct msghdr message = {0};
    return recvmsg(socket, &message, 0) >= 0;
}

static void what_reading_needs_is_left(void **state)
{
    (void)state;
    static act *const acts[] = {talks, takes_memory, reads_clocks, finds_a_code, finds_nothing};
    if (FILTER_SANITIZED) {
        skip();
    }
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        int status = behind_the_filter(acts[i]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fail_msg("act %zu: status %x", i, (unsigned)status);
        }
    }
}

static void anything_else_kills(void **state)
{
    (void)state;
    static act *const acts[] = {
        opens_a_file,        makes_a_socket,      forks,       executes,   kills,      reads_another_file,
        maps_code,           writes_another_file, maps_a_file, makes_code, asks_prctl, lifts_a_limit,
        receives_descriptors};
    if (FILTER_SANITIZED) {
        skip();
    }
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        int status = behind_the_filter(acts[i]);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
            fail_msg("act %zu: status %x", i, (unsigned)status);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_reading_needs_is_left),
        cmocka_unit_test(anything_else_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
