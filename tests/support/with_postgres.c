/*
 * with_postgres [--durable] COMMAND...: runs a command with a PostgreSQL server of its own beside it, whose
 * address is TILLPROOF_TEST_STORE. SIGUSR1 to this process, whose id is TILLPROOF_TEST_STORE_KEEPER, ends the
 * server as a crash does and starts it again; SIGUSR2 ends it, and the next one starts it. Its exit status is
 * the command's.
 */
#include "support/cm.h"
#include "support/postgres.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char **command;
static bool durable;
static int status;

static pid_t start(const struct postgres *p, const sigset_t *before)
{
    char keeper[24];
    snprintf(keeper, sizeof keeper, "%d", (int)getpid());
    setenv("TILLPROOF_TEST_STORE", p->address, 1);
    setenv("TILLPROOF_TEST_STORE_KEEPER", keeper, 1);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, before, NULL);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

static void beside(void **state)
{
    struct postgres p;
    sigset_t wanted, before;
    (void)state;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigaddset(&wanted, SIGUSR2);
    sigaddset(&wanted, SIGCHLD);
    postgres_start(&p, durable);
    sigprocmask(SIG_BLOCK, &wanted, &before);
    pid_t pid = start(&p, &before);
    while (waitpid(pid, &status, WNOHANG) == 0) {
        int what = sigwaitinfo(&wanted, NULL);
        if (what == SIGUSR1) {
            postgres_crash(&p);
        } else if (what == SIGUSR2 && p.pid) {
            postgres_kill(&p);
        } else if (what == SIGUSR2) {
            postgres_start_again(&p);
        }
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    postgres_stop(&p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(beside)};
    durable = argc > 1 && strcmp(argv[1], "--durable") == 0;
    command = argv + 1 + durable;
    if (!*command) {
        fprintf(stderr, "usage: with_postgres [--durable] COMMAND...\n");
        return 2;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (cmocka_run_group_tests(tests, NULL, NULL) != 0) {
        return 99;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
