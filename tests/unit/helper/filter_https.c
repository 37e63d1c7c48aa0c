/* The filter of the mode `https`, each rule in a forked child. Skipped under a sanitizer, as filter.c's are.
 */
#include "child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/program/filter.h"

/* What the child does behind the filter; true when it worked. */
typedef bool act(void);

/* Exit 0 for true, 4 for false, 3 without a filter. */
static int behind_the_filter(act *what)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        if (filter_apply_https(NULL)) {
            _exit(3);
        }
        _exit(what() ? 0 : 4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void *return_it(void *arg)
{
    return arg;
}

static bool has_threads(void)
{
    pthread_t thread;
    void *back = NULL;
    return pthread_create(&thread, NULL, return_it, &back) == 0 && pthread_join(thread, &back) == 0 &&
           back == &back;
}

/* Nobody listens at port 1; that the question was asked is what counts. */
static bool connects(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno == ECONNREFUSED;
}

static bool looks_names_up(void)
{
    struct addrinfo *found = NULL;
    return getaddrinfo("localhost", "1", NULL, &found) == 0 && found;
}

static bool reads_a_file(void)
{
    char byte;
    int fd = open("/etc/hosts", O_RDONLY);
    return fd >= 0 && read(fd, &byte, 1) >= 0;
}

static bool writes_a_file(void)
{
    return open("/dev/null", O_WRONLY) >= 0;
}

static bool makes_a_file(void)
{
    return open("/tmp", O_RDONLY | O_CREAT | O_EXCL, 0600) >= 0 || errno != EPERM;
}

static bool removes_a_file(void)
{
    return unlink("/nowhere/at/all") == 0 || errno != EPERM;
}

static bool speaks_to_other_programs(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool has_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool forks(void)
{
    return fork() >= 0;
}

static bool runs_a_program(void)
{
    char *const none[] = {NULL};
    execve("/bin/true", none, none);
    return true;
}

static bool listens(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && listen(fd, 1) == 0;
}

static bool kills(void)
{
    return kill(getppid(), 0) == 0;
}

static void does(act *what)
{
    int status = behind_the_filter(what);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void is_refused(act *what)
{
    int status = behind_the_filter(what);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 4);
}

static void is_killed_for(act *what)
{
    int status = behind_the_filter(what);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void what_tls_needs_is_left(void **state)
{
    (void)state;
    does(has_threads);
    does(connects);
    does(looks_names_up);
    does(reads_a_file);
}

static void what_it_does_not_need_is_refused(void **state)
{
    (void)state;
    is_refused(writes_a_file);
    is_refused(makes_a_file);
    is_refused(removes_a_file);
    is_refused(speaks_to_other_programs);
    is_refused(has_executable_memory);
    is_refused(forks);
}

static void what_only_an_intruder_tries_is_the_end(void **state)
{
    (void)state;
    is_killed_for(runs_a_program);
    is_killed_for(listens);
    is_killed_for(kills);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_tls_needs_is_left),
        cmocka_unit_test(what_it_does_not_need_is_refused),
        cmocka_unit_test(what_only_an_intruder_tries_is_the_end),
    };
    return FILTER_SANITIZED ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
