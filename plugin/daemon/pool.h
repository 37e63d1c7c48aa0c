/*
 * The threads that handle what tills send. Signatures are most of the work that needs no turn at the store:
 * `checkers` threads do that, side by side, for the messages that wait, a long one in parts; one thread, the
 * writer, handles them, in the order in which they came, as many as are ready, up to POOL_GROUP, in one
 * transaction: the more there is to do, the less each costs, and an offer that all tills want at once costs
 * what any other does. A short message that finds nothing before it is the writer's from the start, so that
 * no thread waits for another. Each thread owns one handle of the authority, which no other touches. The
 * queue is never longer than its limit; what was taken is always finished.
 */
#ifndef DAEMON_POOL_H
#define DAEMON_POOL_H

#include "shop/shop.h"

enum { POOL_GROUP = 32, POOL_GROUP_BYTES = 512 * 1024, POOL_PART_BYTES = 16 * 1024 };

struct job {
    struct job *next;
    void *owner; /* of whoever put it */
    int64_t began_us;
    struct buf request, reply;
    struct memo good;             /* of the request's signatures */
    size_t parts, begun, checked; /* in which they are checked, as far as that can be done ahead */
    bool writing;                 /* the writer is at it */
    int rc;                       /* of authority_handle */
};

struct pool;

/* Opens a handle on the shop's authority for each of `checkers` threads, 1 or more, and for the writer, and
 * starts them. notify_fd is an eventfd, written to when jobs are done. 0; what shop_authority says;
 * TP_E_MEMORY. */
int pool_open(const struct shop *shop, size_t checkers, size_t limit, int notify_fd, struct pool **out,
              struct err *e);
/* Takes a job over until pool_done hands it back; false, and it stays the caller's, when the queue is full.
 */
bool pool_put(struct pool *p, struct job *j);
/* The list of jobs that are done, in the order in which they were put; NULL: none. */
struct job *pool_done(struct pool *p);
/* How many wait for their turn, checked or not, and how many the writer is at. */
void pool_depth(struct pool *p, size_t *waiting, size_t *working);
/* From now on so many may wait. */
void pool_limit(struct pool *p, size_t limit);
/* False after a request that failed for a fault of the store or machine, until one succeeds. */
bool pool_healthy(struct pool *p);
/* Finishes what is in it, ends the threads, closes the handles. Jobs that were not handed back are freed.
 * Takes NULL. */
void pool_close(struct pool *p);

void job_free(struct job *j);

#endif
