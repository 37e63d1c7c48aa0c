/* What the process may still ask of the kernel once pictures come in. */
#ifndef HELPER_PROGRAM_FILTER_H
#define HELPER_PROGRAM_FILTER_H

#include "base/code.h"

/* The sanitizers' own runtime asks for more than the filter lets through. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FILTER_SANITIZED 1
#endif
#endif
#ifndef FILTER_SANITIZED
#define FILTER_SANITIZED 0
#endif

/*
 * For the whole process and for good: no new privileges, and a seccomp filter that lets it read and write the
 * socket, write to standard output and error, take and return memory that is not executable, read clocks, set
 * an interval timer, and exit. Anything else kills the process with SIGSYS. 0, TP_E_MEMORY or TP_E_IO.
 */
int filter_apply(int socket, struct err *e);
/*
 * For the mode `https`: it may connect over IPv4 and IPv6, have threads, and read files (which names and
 * addresses are looked up in). It may not write, make or remove a file, listen, run a program, have memory
 * that is executable, or touch another process: a try to run or to touch kills it, anything else that is not
 * listed fails with EPERM.
 */
int filter_apply_https(struct err *e);

#endif
