#include "tests/bench/syncs.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { REGION = 4 * 1024 * 1024 };

int64_t written_bytes(void)
{
    char line[128];
    long long n = 0;
    FILE *f = fopen("/proc/self/io", "re");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "wchar: %lld", &n) == 1) {
            break;
        }
    }
    if (f) {
        fclose(f);
    }
    return n;
}

/* ---- many at once ---- */

struct worker {
    const struct crowd *crowd;
    atomic_int_least64_t *next;
    atomic_int *rc;
    size_t index;
    struct samples each;
    pthread_t thread;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    for (;;) {
        int64_t round = atomic_fetch_add(w->next, 1), ns = 0;
        if (round >= w->crowd->rounds || atomic_load(w->rc)) {
            return NULL;
        }
        int rc = w->crowd->step(w->crowd->ctx, w->index, round, &ns);
        if (rc) {
            atomic_store(w->rc, rc);
            return NULL;
        }
        samples_add(&w->each, ns);
    }
}

int crowd_run(const struct crowd *c, struct samples *each, int64_t *ns)
{
    struct worker *list = calloc(c->threads, sizeof *list);
    atomic_int_least64_t next = 0;
    atomic_int failed = 0;
    size_t started = 0;
    if (!list) {
        return TP_E_MEMORY;
    }
    int64_t from = now_ns();
    for (; started < c->threads; started++) {
        struct worker *w = &list[started];
        *w = (struct worker){.crowd = c, .next = &next, .rc = &failed, .index = started};
        if (pthread_create(&w->thread, NULL, work, w)) {
            atomic_store(&failed, TP_E_MEMORY);
            break;
        }
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(list[i].thread, NULL);
        for (size_t k = 0; k < list[i].each.n; k++) {
            samples_add(each, list[i].each.v[k]);
        }
        samples_free(&list[i].each);
    }
    *ns = now_ns() - from;
    free(list);
    return atomic_load(&failed);
}

/* ---- the floor ---- */

struct file {
    int fd;
    size_t bytes;
    uint8_t *p;
};

/* Each thread over its own part again and again, as a log is written over after its checkpoint. */
static int write_and_wait(void *ctx, size_t thread, int64_t round, int64_t *ns)
{
    const struct file *f = ctx;
    int64_t from = now_ns();
    off_t at = (off_t)(thread * REGION + (size_t)round * f->bytes % (REGION - f->bytes));
    bool good = pwrite(f->fd, f->p, f->bytes, at) == (ssize_t)f->bytes && fdatasync(f->fd) == 0;
    *ns = now_ns() - from;
    return good ? 0 : TP_E_IO;
}

int floor_syncs(const char *dir, size_t bytes, size_t threads, int64_t rounds, struct samples *each,
                int64_t *ns, struct err *e)
{
    char path[SHOP_PATH_MAX];
    struct file f = {.bytes = bytes < REGION / 2 ? bytes : REGION / 2};
    snprintf(path, sizeof path, "%.900s/floor.bytes", dir);
    f.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    f.p = calloc(1, f.bytes + 1);
    int rc = f.fd >= 0 && f.p ? 0 : TP_E_IO;
    uint8_t *all = rc == 0 ? calloc(1, REGION) : NULL;
    for (size_t i = 0; i < threads && rc == 0; i++) {
        rc = all && pwrite(f.fd, all, REGION, (off_t)(i * REGION)) == REGION ? 0 : TP_E_IO;
    }
    rc = rc ? rc : fsync(f.fd) == 0 ? 0 : TP_E_IO;
    const struct crowd crowd = {write_and_wait, &f, threads, rounds};
    rc = rc ? rc : crowd_run(&crowd, each, ns);
    if (f.fd >= 0) {
        close(f.fd);
        unlink(path);
    }
    free(all);
    free(f.p);
    return rc ? err_set(e, rc, "the file for the floor cannot be written in %.120s", dir) : 0;
}
