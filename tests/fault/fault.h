/*
 * One fault in one run: at the n-th point of a family something goes wrong, once. The points are counted from
 * fault_arm on, in all threads. A run that ends with fault_left() above zero had fewer points than n.
 */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include <stdbool.h>

enum fault {
    FAULT_NONE,
    FAULT_CALL,        /* a wrapped call fails (calls.def) */
    FAULT_IO,          /* SQLite's write, sync, truncation, deletion or opening fails: the disk's error */
    FAULT_FULL,        /* ... there is no room */
    FAULT_KILL_BEFORE, /* the process ends before one of them */
    FAULT_KILL_AFTER,  /* ... after it */
    FAULT_TORN,        /* ... in the middle of a write */
    FAULT_LOST,        /* ... and the power too: what was not synced is not on the disk */
    FAULT_COUNT,
};

enum { FAULT_KILLED = 99 }; /* exit status of a process that ended itself */

void fault_arm(enum fault family, long n);
long fault_left(void);

/* Counts a point of a family (a name with a static life); true when it is the n-th of the armed one. */
bool fault_counts(enum fault family, const char *name);
const char *fault_where(void); /* the point that failed, or "" */

/* vfs.c: makes the default VFS one that counts. Once, before the first database is opened. */
void fault_vfs(void);

#endif
