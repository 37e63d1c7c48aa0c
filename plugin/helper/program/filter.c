#include "helper/program/filter.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>

/* sysinfo: qsort asks it how much memory there is. */
static const int allowed[] = {
    SCMP_SYS(sysinfo), SCMP_SYS(munmap),        SCMP_SYS(mremap),       SCMP_SYS(brk),
    SCMP_SYS(futex),   SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(setitimer),
    SCMP_SYS(exit),    SCMP_SYS(exit_group),    SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
};

/* The call's argument `at`, masked, is `value`. */
static struct scmp_arg_cmp argument(unsigned at, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){at, SCMP_CMP_MASKED_EQ, mask, value};
}

static struct scmp_arg_cmp descriptor(unsigned fd)
{
    return argument(0, UINT32_MAX, fd);
}

static int allow_plain(scmp_filter_ctx filter)
{
    int rc = 0;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && rc == 0; i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    return rc;
}

/* zbar prints to standard error, which is /dev/null here. */
static int allow_files(scmp_filter_ctx filter, unsigned socket)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, descriptor(socket));
    const unsigned out[] = {1, 2, socket};
    for (size_t i = 0; i < sizeof out / sizeof *out && rc == 0; i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, descriptor(out[i]));
    }
    return rc;
}

/* Fresh memory of its own, which can be read and written but never run. */
static int allow_memory(scmp_filter_ctx filter)
{
    const uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS;
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, argument(2, PROT_EXEC, 0),
                              argument(3, flags, flags));
    if (rc) {
        return rc;
    }
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, argument(2, PROT_EXEC, 0));
}

int filter_apply(int socket, struct err *e)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter) {
        return err_code(e, TP_E_MEMORY);
    }
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1);
    rc = rc ? rc : seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    rc = rc ? rc : seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    rc = rc ? rc : allow_plain(filter);
    rc = rc ? rc : allow_files(filter, (unsigned)socket);
    rc = rc ? rc : allow_memory(filter);
    rc = rc ? rc : seccomp_load(filter);
    seccomp_release(filter);
    return rc ? err_set(e, TP_E_IO, "the system call filter is refused: %s", strerror(-rc)) : 0;
}
