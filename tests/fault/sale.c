/*
 * A whole sale, its refund, its way to the authority and the day's end, with one fault at each point in turn.
 * After each the shop is opened again without one, as after a crash, the day is brought to its end as a POS
 * program would, and the books are held against what the program was told. Usage: fault_sale [FAMILY POINT]:
 * one run, to look at it; FAMILY alone: all of that one.
 */
#include "day.h"
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Most of a point is waiting: for a thread, for a moment before the next try. */
enum { WORKERS = 3, WRONG_MAX = 5, POINTS_MAX = 200000, BEYOND = 7, EARLY = 8, PATIENCE_MS = 100 };

static const char *const words[FAULT_COUNT] = {[FAULT_NONE] = "none",
                                               [FAULT_CALL] = "call",
                                               [FAULT_IO] = "io",
                                               [FAULT_FULL] = "full",
                                               [FAULT_FULL_ON] = "full-on",
                                               [FAULT_LOCKED] = "read-only",
                                               [FAULT_KILL] = "kill",
                                               [FAULT_TORN] = "torn",
                                               [FAULT_LOST] = "lost",
                                               [FAULT_LAST_LOST] = "last-lost",
                                               [FAULT_LAST_HALF] = "last-half",
                                               [FAULT_ZEROED] = "zeroed",
                                               [FAULT_LAST_ONLY] = "last-only",
                                               [FAULT_LIE] = "lie"};

static const char *const meanings[FAULT_COUNT] = {
    [FAULT_CALL] = "a call fails",
    [FAULT_IO] = "the disk fails once",
    [FAULT_FULL] = "the disk is full once",
    [FAULT_FULL_ON] = "the disk is full from here on, and then has room again",
    [FAULT_LOCKED] = "the file system is read-only from here on, and then is not",
    [FAULT_KILL] = "killed after a write",
    [FAULT_TORN] = "killed in the midst of a write",
    [FAULT_LOST] = "power cut, what was not synced is lost",
    [FAULT_LAST_LOST] = "power cut, the last write alone is lost",
    [FAULT_LAST_HALF] = "power cut, the last write is there by half",
    [FAULT_ZEROED] = "power cut, the last write is zeroes",
    [FAULT_LAST_ONLY] = "power cut, the last write is there and those before it are not",
};

struct trial {
    enum fault family;
    int lane; /* of a call; -1: of any thread */
    long n;
    const struct site *site;
    int patience_ms; /* while a fault lasts: how long the day waits for what will not come */
};

/* What the workers share. */
static struct shared {
    long next, tried, wrong, end;
    struct told told[WORKERS];
    struct sites sites;
} * shared;

static struct told *told; /* of this process */
static struct trial trial;

/* ---- one point ---- */

static bool ends_process(enum fault family)
{
    return family >= FAULT_KILL;
}

static int32_t open_and_live(struct tillproof **t)
{
    int32_t rc = *t ? 0 : day_open(t);
    if (rc) {
        told->code = rc;
        snprintf(told->why, sizeof told->why, "open: %s", tillproof_name(rc));
    }
    return rc ? rc : day_live(*t, told);
}

/* 0, 1: the day failed although the fault was one that passes; BEYOND: there was no such point; EARLY: the
 * day ran out of patience before the point. */
static int faulty(void *arg)
{
    struct tillproof *t = NULL;
    (void)arg;
    fault_sites_mark(&shared->sites);
    if (trial.site) {
        fault_arm_site(trial.site);
    } else if (trial.lane >= 0) {
        fault_arm_call(trial.lane, trial.n);
    } else {
        fault_arm(trial.family, trial.n);
    }
    bool lasts = trial.family == FAULT_FULL_ON || trial.family == FAULT_LOCKED;
    day_in_vain = lasts ? trial.patience_ms : 0;
    int32_t rc = open_and_live(&t);
    if (rc && lasts) {
        if (fault_left() > 0) {
            return EARLY;
        }
        fault_disarm();
        day_in_vain = 0;
        rc = open_and_live(&t);
    }
    /* What OpenSSL begins once in a process it does not begin again: then no till opens in this one. */
    bool shut = trial.family == FAULT_CALL && rc < 0 && !t;
    if (t && tillproof_close(t, 5000) == 0 && rc == 0) {
        told->bits |= TOLD_SENT;
    }
    return rc && !shut ? 1 : fault_left() > 0 ? BEYOND : 0;
}

static int wrong(const char *why)
{
    char reason[160] = "";
    uint32_t length = sizeof reason;
    tillproof_reason(reason, &length);
    if (why) {
        snprintf(told->why, sizeof told->why, "%s (%s)", why, reason);
    }
    return 1;
}

/* No fault any more. 0, or 1 with why. */
static int recover(void *arg)
{
    struct tillproof *t = NULL;
    int before = told->bits;
    (void)arg;
    if (tillproof_open(shop_dir, NULL, 0, &t)) {
        return wrong("the till does not open");
    }
    if (before & TOLD_SALE && !day_committed(t, "S-1")) {
        return wrong("a sale that was confirmed is not there");
    }
    if (before & TOLD_REFUND && !day_committed(t, "B-1")) {
        return wrong("a refund that was confirmed is not there");
    }
    if (day_live(t, told) || day_coupon_used(t, told)) {
        return wrong(NULL);
    }
    if (tillproof_close(t, 10000)) {
        return wrong("what was recorded is not sent");
    }
    return books_check(told) ? 1 : 0;
}

/* 0, 1 when something was wrong, or BEYOND. */
static int try_point(void)
{
    int status = EARLY;
    trial.patience_ms = PATIENCE_MS / 2;
    for (int i = 0; i < 6 && status == EARLY; i++) {
        trial.patience_ms *= 2;
        *told = (struct told){0};
        shop_restore();
        status = in_child(faulty, NULL);
    }
    int bits = told->bits;
    bool fine = status == 0 || status == BEYOND || (status == FAULT_KILLED && ends_process(trial.family));
    if (!fine) {
        printf("%s %d %ld: the program ended with %d: %s\n", words[trial.family], trial.lane, trial.n, status,
               told->why);
        return 1;
    }
    if (in_warm_child(recover, NULL) != 0) {
        printf("%s %d %ld: afterwards: %s; it had been told %d\n", words[trial.family], trial.lane, trial.n,
               told->why, bits);
        return 1;
    }
    return status == BEYOND ? BEYOND : 0;
}

static void count(int r)
{
    if (r != BEYOND) {
        __atomic_add_fetch(&shared->tried, 1, __ATOMIC_RELAXED);
    }
    if (r == 1) {
        __atomic_add_fetch(&shared->wrong, 1, __ATOMIC_RELAXED);
    }
    fflush(stdout);
}

/* ---- all points of a sort, in a few processes ---- */

static void each_disk_point(enum fault family, long stride)
{
    trial = (struct trial){.family = family, .lane = -1};
    while (shared->wrong < WRONG_MAX) {
        trial.n = 1 + stride * __atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED);
        if (trial.n > POINTS_MAX) {
            return;
        }
        int r = try_point();
        count(r);
        if (r == BEYOND) {
            return;
        }
    }
}

/* Each place of the table once; the place's first call, or where that one was not met, the next time. */
static void each_site(enum fault family, long stride)
{
    (void)family;
    while (shared->wrong < WRONG_MAX) {
        long i = __atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED);
        if (i >= SITES_MAX) {
            return;
        }
        const struct site *at = &shared->sites.v[i];
        if (at->mark == 0 || at->tried || (stride > 1 && i % stride)) {
            continue;
        }
        trial = (struct trial){.family = FAULT_CALL, .lane = at->lane, .n = at->n, .site = at};
        count(try_point());
    }
}

static void each_call(enum fault family, long stride)
{
    long all = shared->sites.calls[0] + shared->sites.calls[1];
    (void)family;
    while (shared->wrong < WRONG_MAX) {
        long i = stride * __atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED);
        if (i >= all) {
            return;
        }
        int lane = i >= shared->sites.calls[0];
        trial = (struct trial){
            .family = FAULT_CALL, .lane = lane, .n = 1 + i - (lane ? shared->sites.calls[0] : 0)};
        count(try_point());
    }
}

static void in_workers(void (*all)(enum fault family, long stride), enum fault family, long stride)
{
    pid_t children[WORKERS];
    shared->next = 0;
    fflush(stdout);
    for (int i = 0; i < WORKERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            told = &shared->told[i];
            shop_mine(i + 1);
            all(family, stride);
            in_warm_end();
            fflush(stdout);
            _exit(0);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        int status = 0;
        if (children[i] < 0 || waitpid(children[i], &status, 0) != children[i] || status) {
            printf("a worker ended with %x\n", (unsigned)status);
            shared->wrong++;
        }
    }
}

static long try_family(enum fault family, long stride)
{
    shared->tried = 0;
    in_workers(each_disk_point, family, stride);
    printf("fault/sale: %-10s %5ld points tried: %s\n", words[family], shared->tried, meanings[family]);
    return shared->tried;
}

/* ---- calls ---- */

static int seek_sites(void *arg)
{
    struct tillproof *t = NULL;
    (void)arg;
    fault_sites_seek(&shared->sites);
    int32_t rc = open_and_live(&t);
    return rc || tillproof_close(t, 5000);
}

static long count_sites(bool tried)
{
    long n = 0;
    for (size_t i = 0; i < SITES_MAX; i++) {
        n += shared->sites.v[i].mark && (!tried || shared->sites.v[i].tried);
    }
    return n;
}

static long try_calls(long stride, bool every)
{
    enum { ROUNDS = 2 };
    shared->tried = 0;
    for (int round = 0; round < ROUNDS && shared->wrong < WRONG_MAX; round++) {
        for (size_t i = 0; i < SITES_MAX; i++) {
            shared->sites.v[i].n = 0; /* threads take turns in other ways: each time anew */
        }
        shop_restore();
        if (in_child(seek_sites, NULL) || shared->sites.full) {
            printf("the calls cannot be counted: %s\n", told->why);
            shared->wrong++;
            return 0;
        }
        in_workers(every ? each_call : each_site, FAULT_CALL, stride);
        if (every) {
            break;
        }
    }
    printf("fault/sale: %-10s %5ld points tried: %s; of %ld places %ld, of %ld calls\n", words[FAULT_CALL],
           shared->tried, meanings[FAULT_CALL], count_sites(false), count_sites(true),
           shared->sites.calls[0] + shared->sites.calls[1]);
    return shared->tried;
}

static void one_run(const char *family, long n, int lane)
{
    for (int f = FAULT_NONE; f < FAULT_COUNT; f++) {
        if (strcmp(family, words[f]) == 0) {
            trial = (struct trial){.family = (enum fault)f, .lane = f == FAULT_CALL ? lane : -1, .n = n};
            count(try_point());
            printf("%s\n", told->why);
        }
    }
}

int main(int argc, char **argv)
{
    const char *command = getenv("TILLPROOF_COMMAND"), *thin = getenv("FAULT_STRIDE");
    long points = 0, stride = thin ? atol(thin) : 1;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!command || shared == MAP_FAILED || stride < 1) {
        fprintf(stderr, "fault_sale: TILLPROOF_COMMAND is not set\n");
        return 2;
    }
    fault_vfs();
    shop_make(command);
    shop_mine(0);
    told = &shared->told[0];
    trial = (struct trial){.family = FAULT_NONE, .lane = -1, .n = 1};
    if (try_point() == 1) {
        printf("the day fails without a fault\n");
        shared->wrong++;
    } else if (argc > 2) {
        one_run(argv[1], atol(argv[2]), argc > 3 ? atoi(argv[3]) : 0);
    } else {
        for (int f = FAULT_CALL; f <= FAULT_LAST_ONLY && shared->wrong < WRONG_MAX; f++) {
            if (argc == 1 || strcmp(argv[1], words[f]) == 0) {
                points += f == FAULT_CALL ? try_calls(stride, getenv("TILLPROOF_SOAK") != NULL)
                                          : try_family((enum fault)f, stride);
            }
        }
    }
    printf("fault/sale: %ld points tried, %ld of them wrong\n", points, shared->wrong);
    shop_remove();
    return shared->wrong ? 1 : 0;
}
