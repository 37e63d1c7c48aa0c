/* The floor of a commit: bytes written to a file and waited for, by as many threads as there are sales at
 * once. */
#ifndef BENCH_SYNCS_H
#define BENCH_SYNCS_H

#include "tests/bench/internal.h"

enum { SYNC_THREADS_MAX = 64 };

/* Bytes that this process has written to files so far, by the kernel's count; 0 where it keeps none. */
int64_t written_bytes(void);

/* `rounds` calls of step by `threads` threads together, each timed. *ns: all of them together. Ends at the
 * first that fails and returns its code. */
struct crowd {
    int (*step)(void *ctx, size_t thread, int64_t round, int64_t *ns); /* ns: what of it counts */
    void *ctx;
    size_t threads;
    int64_t rounds;
};
int crowd_run(const struct crowd *c, struct samples *each, int64_t *ns);

/* As many times `bytes` bytes and an fdatasync, in one file under dir that does not grow. */
int floor_syncs(const char *dir, size_t bytes, size_t threads, int64_t rounds, struct samples *each,
                int64_t *ns, struct err *e);

#endif
