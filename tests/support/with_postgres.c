/*
 * with_postgres [--durable] [--judge SCRIPT] [--each] COMMAND...: runs a command with a PostgreSQL server of
 * its own beside it, whose address is TILLPROOF_TEST_STORE. --judge SCRIPT: every statement is logged, and at
 * the end the script is given the log, and has the last word. With --each every word is a command of its own,
 * run one after another until one fails. SIGUSR1 to this process, whose id is TILLPROOF_TEST_STORE_KEEPER,
 * ends the server as a crash does and starts it again; SIGUSR2 ends it, and the next one starts it. Its exit
 * status is the command's.
 */
#include "support/cm.h"
#include "support/postgres.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char **command; /* or commands */
static const char *judge;
static bool durable, each;
static int status;

static int end_of(pid_t pid)
{
    int how = 0;
    while (waitpid(pid, &how, 0) < 0) {
    }
    return how;
}

static void judge_log(const struct postgres *p)
{
    char path[160];
    snprintf(path, sizeof path, "%s/log", p->dir);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execlp(judge, judge, path, (char *)NULL);
        perror(judge);
        _exit(127);
    }
    assert_true(pid > 0);
    status = end_of(pid);
}

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
        char *const alone[] = {command[0], NULL};
        execvp(command[0], each ? alone : command);
        perror(command[0]);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

/* Runs the command to its end, and does with the server what is asked meanwhile. */
static void run(struct postgres *p, const sigset_t *wanted, const sigset_t *before)
{
    pid_t pid = start(p, before);
    while (waitpid(pid, &status, WNOHANG) == 0) {
        int what = sigwaitinfo(wanted, NULL);
        if (what == SIGUSR1) {
            postgres_crash(p);
        } else if (what == SIGUSR2 && p->pid) {
            postgres_kill(p);
        } else if (what == SIGUSR2) {
            postgres_start_again(p);
        }
    }
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
    postgres_start(&p, durable, judge != NULL);
    sigprocmask(SIG_BLOCK, &wanted, &before);
    do {
        run(&p, &wanted, &before);
    } while (status == 0 && each && *++command);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (judge && status == 0) {
        judge_log(&p);
    }
    postgres_stop(&p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(beside)};
    for (command = argv + (argc > 0); *command && **command == '-'; command++) {
        durable |= strcmp(*command, "--durable") == 0;
        each |= strcmp(*command, "--each") == 0;
        if (strcmp(*command, "--judge") == 0 && command[1]) {
            judge = *++command;
        }
    }
    if (!*command) {
        fprintf(stderr, "usage: with_postgres [--durable] [--judge SCRIPT] [--each] COMMAND...\n");
        return 2;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (cmocka_run_group_tests(tests, NULL, NULL) != 0) {
        return 99;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
