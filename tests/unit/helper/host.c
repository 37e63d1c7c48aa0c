/* A guest in someone's process: signals, descriptors, forks and environment are the host's. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/program/filter.h"

static volatile sig_atomic_t reaped, alarms;

static void reap_all(int signal)
{
    (void)signal;
    int kept = errno;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
        reaped++;
    }
    errno = kept;
}

static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(number, &action, NULL), 0);
}

/* Killed, late and closed, whoever reaps. */
static void lives_through_it(void)
{
    struct helper *h = open_helper(HELPER_PROGRAM);
    reads_a_code(h);
    pid_t pid = only_child();
    assert_int_equal(kill(pid, SIGKILL), 0);
    await_death(pid);
    reads_a_code(h);
    pid = only_child();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(ask_white(h, 50, 50), TP_E_TIMEOUT);
    reads_a_code(h);
    helper_close(h);
    assert_int_equal(only_child(), 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void a_host_may_ignore_its_children(void **state)
{
    (void)state;
    set_handler(SIGCHLD, SIG_IGN);
    lives_through_it();
    set_handler(SIGCHLD, SIG_DFL);
}

static void a_host_may_reap_every_child(void **state)
{
    (void)state;
    reaped = 0;
    set_handler(SIGCHLD, reap_all);
    lives_through_it();
    set_handler(SIGCHLD, SIG_DFL);
    assert_true(reaped >= 1);
}

static void the_host_s_own_children_are_left_alone(void **state)
{
    (void)state;
    int status = -1;
    pid_t own = fork();
    if (own == 0) {
        _exit(7);
    }
    await_death(own);
    struct helper *h = open_helper(HELPER_PROGRAM);
    reads_a_code(h);
    helper_close(h);
    assert_int_equal(waitpid(own, &status, 0), own);
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void signals_of_the_host_do_not_cut_a_frame_short(void **state)
{
    (void)state;
    struct itimerval every = {{0, 1000}, {0, 1000}}, never = {0};
    set_handler(SIGALRM, on_alarm);
    struct helper *h = open_helper(HELPER_PROGRAM);
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
    for (int i = 0; i < 5; i++) {
        reads_a_code(h);
    }
    assert_int_equal(ask_white(h, 1000, PATIENCE), 0);
    helper_close(h);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    set_handler(SIGALRM, SIG_DFL);
    assert_true(alarms > 0);
}

static void no_descriptor_stays(void **state)
{
    (void)state;
    int files = count_files(getpid());
    for (int i = 0; i < 200; i++) {
        struct helper *h = open_helper(HELPER_PROGRAM);
        if (i % 50 == 0) {
            reads_a_code(h);
        }
        assert_int_equal(count_files(getpid()), files + 2);
        helper_close(h);
        assert_int_equal(count_files(getpid()), files);
    }
    struct helper *h = open_helper(HELPER_PROGRAM);
    for (int i = 0; i < 5; i++) {
        pid_t pid = only_child();
        assert_int_equal(kill(pid, SIGKILL), 0);
        await_death(pid);
        reads_a_code(h);
    }
    assert_int_equal(count_files(getpid()), files + 2);
    helper_close(h);
}

static void no_descriptor_is_left_for_another_program(void **state)
{
    (void)state;
    struct helper *h = open_helper(HELPER_PROGRAM);
    int marked = 0;
    for (int fd = 3; fd < 100; fd++) {
        int flags = fcntl(fd, F_GETFD);
        marked += flags >= 0 && (flags & FD_CLOEXEC);
    }
    assert_int_equal(marked, 2);
    helper_close(h);
}

static void check_link(pid_t pid, int fd, const char *begins)
{
    char path[64], target[128] = "";
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
    assert_true(readlink(path, target, sizeof target - 1) > 0);
    assert_int_equal(strncmp(target, begins, strlen(begins)), 0);
}

/* yes(1) stands in for the helper, whose /proc only root may read. It writes to /dev/null. */
static void nothing_of_the_host_reaches_the_child(void **state)
{
    (void)state;
    char byte;
    sigset_t all, before;
    int leaked = open("/dev/zero", O_RDONLY);
    assert_true(leaked > HELPER_SOCKET || dup2(leaked, 10) == 10);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    set_handler(SIGTERM, SIG_IGN);
    struct helper *h = open_helper("/usr/bin/yes");
    sigprocmask(SIG_SETMASK, &before, NULL);
    pid_t pid = only_child();
    assert_int_equal(status_of(pid, "SigBlk", 16), 0);
    /* Signals 32 and 33 are the C library's own. */
    assert_int_equal(status_of(pid, "SigIgn", 16) & ~0x180000000, 0);
    assert_int_equal(getsid(pid), pid);
    assert_int_equal(count_files(pid), HELPER_SOCKET + 1);
    for (int fd = 0; fd <= 2; fd++) {
        check_link(pid, fd, "/dev/null");
    }
    check_link(pid, HELPER_SOCKET, "socket:");
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    int environment = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(environment >= 0);
    assert_int_equal(read(environment, &byte, 1), 0);
    close(environment);
    helper_close(h);
    set_handler(SIGTERM, SIG_DFL);
    close(leaked);
}

/* A host that closed its standard streams gets the socket at 0, where the child wants /dev/null. */
static void a_host_without_standard_streams_is_served(void **state)
{
    (void)state;
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct helper *h = NULL;
        struct buf texts[HELPER_CODES_MAX];
        struct grey g = draw_code("42", 2, 4);
        closefrom(0);
        struct helper_frame frame = {g.width, g.height, g.px};
        int n = helper_open(HELPER_PROGRAM, &h, NULL);
        n = n ? n : helper_decode(h, &frame, PATIENCE, texts, NULL);
        helper_close(h);
        _exit(n == 1 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_helper_is_closed_in(void **state)
{
    (void)state;
    struct helper *h = open_helper(HELPER_PROGRAM);
    reads_a_code(h);
    pid_t pid = only_child();
    assert_int_equal(status_of(pid, "NoNewPrivs", 10), 1);
    assert_int_equal(status_of(pid, "Seccomp", 10), FILTER_SANITIZED ? 0 : 2);
    assert_int_equal(getsid(pid), pid);
    helper_close(h);
}

static void a_forked_child_may_not_use_the_handle(void **state)
{
    (void)state;
    int status = -1;
    struct helper *h = open_helper(HELPER_PROGRAM);
    pid_t helper = only_child(), pid = fork();
    if (pid == 0) {
        struct buf texts[HELPER_CODES_MAX];
        uint8_t px = 0;
        int n = helper_decode(h, &(struct helper_frame){1, 1, &px}, 100, texts, NULL);
        helper_close(h);
        _exit(n == TP_E_FORKED ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    reads_a_code(h);
    assert_int_equal(only_child(), helper);
    helper_close(h);
}

static void the_helper_goes_when_its_host_is_gone(void **state)
{
    (void)state;
    int ends[2];
    pid_t helper = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t host = fork();
    if (host == 0) {
        struct helper *h = NULL;
        pid_t pid = helper_open(HELPER_PROGRAM, &h, NULL) ? 0 : only_child();
        ssize_t n = write(ends[1], &pid, sizeof pid);
        kill(getpid(), n == sizeof pid ? SIGKILL : SIGABRT);
    }
    assert_int_equal(read(ends[0], &helper, sizeof helper), sizeof helper);
    assert_true(helper > 0);
    assert_int_equal(waitpid(host, NULL, 0), host);
    await_death(helper);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_may_ignore_its_children),
        cmocka_unit_test(a_host_may_reap_every_child),
        cmocka_unit_test(the_host_s_own_children_are_left_alone),
        cmocka_unit_test(signals_of_the_host_do_not_cut_a_frame_short),
        cmocka_unit_test(no_descriptor_stays),
        cmocka_unit_test(no_descriptor_is_left_for_another_program),
        cmocka_unit_test(nothing_of_the_host_reaches_the_child),
        cmocka_unit_test(a_host_without_standard_streams_is_served),
        cmocka_unit_test(the_helper_is_closed_in),
        cmocka_unit_test(a_forked_child_may_not_use_the_handle),
        cmocka_unit_test(the_helper_goes_when_its_host_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
