/*
 * One fault in one run: at the n-th point of a family something goes wrong, once, or from there on. The
 * points are counted from fault_arm on, in all threads. A run that ends with fault_left() above zero had
 * fewer points than n.
 */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault {
    FAULT_NONE,
    FAULT_CALL,    /* a wrapped call fails (calls.def) */
    FAULT_IO,      /* what changes the disk fails (SQLite's write, sync, truncation, ...): the disk's error */
    FAULT_FULL,    /* ... there is no room, this once */
    FAULT_FULL_ON, /* ... there is no room from there on, until fault_disarm */
    FAULT_LOCKED,  /* ... the file system is read-only from there on, until fault_disarm */
    FAULT_KILL,    /* the process ends after it */
    FAULT_TORN,    /* ... in the middle of a write */
    FAULT_LOST,    /* the power fails before it: what no sync had followed is not on the disk */
    FAULT_LAST_LOST, /* ... the last such write alone is not there */
    FAULT_LAST_HALF, /* ... it is there by half */
    FAULT_ZEROED,    /* ... where it was are zeroes */
    FAULT_LAST_ONLY, /* ... it is there, and those before it are not */
    FAULT_LIE,       /* from this sync on the disk says yes and keeps nothing: see fault_cut */
    FAULT_COUNT,
};

enum { FAULT_KILLED = 99 }; /* exit status of a process that ended itself */

void fault_arm(enum fault family, long n);
/* As fault_arm for FAULT_CALL: the n-th call of the arming thread (lane 0) or of all others (lane 1). */
void fault_arm_call(int lane, long n);
struct site;
void fault_arm_site(const struct site *site); /* the first call there */
void fault_disarm(void);
long fault_left(void);
bool fault_power(void); /* what is armed needs to know what was written since the last sync */

/* Counts a point of a family (a name with a static life); true when it is the armed one or, for those that
 * last, beyond it. */
bool fault_counts(enum fault family, const char *name);
const char *fault_where(void); /* the point that failed, or "" */

/*
 * Call sites: a wrapped call with the addresses that it would return to, SITE_DEPTH deep. fault_sites_seek
 * notes each with its first place into a table that the caller has shared with its children.
 */
enum { SITE_DEPTH = 5, SITES_MAX = 16384 };
struct site {
    uint64_t mark; /* 0: none */
    int lane;
    long n;
    int tried;
};
struct sites {
    struct site v[SITES_MAX]; /* by mark, with gaps */
    long calls[2];            /* of each lane */
    long count;
    int full;
};
void fault_sites_seek(struct sites *sites);
/* In a run that fault_arm_call has armed: the site that is met is marked as tried. */
void fault_sites_mark(struct sites *sites);

/* vfs.c: makes the default VFS one that counts. Once, before the first database is opened. */
void fault_vfs(void);
/* Only files whose path holds this are lied about; NULL: all. */
void fault_lie_about(const char *part);
/* The power fails now: what no sync had truly followed is gone from files open and closed. Ends the process.
 */
void fault_cut(void) __attribute__((noreturn));

/* One byte of a file that SQLite reads goes wrong on the way, at each read of it: path's end, and where. */
void fault_rot(const char *end, int64_t at);
/* Whether that byte was read since. */
bool fault_rot_met(void);

#endif
