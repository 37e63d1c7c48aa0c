/*
 * races THREADS|processes ...: many tills of one shop hold one single-use coupon at the same moment.
 *
 *     races threads   PLUGIN SHOP DIGITS N     N threads of one process, each with a till of its own
 *     races processes PLUGIN SHOP DIGITS N     N processes
 *     races ...       PLUGIN SHOP - N K        nothing is presented: the shop has an automatic offer for K
 * sales
 *
 * Tills are named r1..rN. Exactly one may get the coupon; the others are told that it is held, since when
 * and where; after the winner's commit they are told that it was used. Of the automatic offer exactly K are
 * granted, and the others are told that its limit is reached, before the commits and after them. Prints what
 * it counted; exit 1 with a line on standard error when the counts are wrong. Includes the public header and
 * libc alone.
 */
#include "tillproof.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64, HOLD_MS = 50000 };

/* What the racers write and the referee reads; shared between processes. */
struct track {
    pthread_barrier_t ready, held, committed, done;
    int32_t first[MOST], second[MOST]; /* the coupon's outcome at the first and second hold */
    int32_t named[MOST];               /* the loser was told when and where */
    int32_t failed[MOST];              /* a call went wrong: its rc */
};

static struct track *track;
static const char *shop, *digits;
static int limit; /* K, or 0: a coupon */

/* The functions of the plugin that a race needs. */
static struct {
    __typeof__(tillproof_open) *open;
    __typeof__(tillproof_close) *close;
    __typeof__(tillproof_sale_begin) *sale_begin;
    __typeof__(tillproof_lines_set) *lines_set;
    __typeof__(tillproof_present) *present;
    __typeof__(tillproof_hold) *hold;
    __typeof__(tillproof_commit) *commit;
    __typeof__(tillproof_offer_result) *offer_result;
} plugin;

static void *find(void *library, const char *name)
{
    void *p = dlsym(library, name);
    if (!p) {
        fprintf(stderr, "races: the plugin has no %s\n", name);
        exit(1);
    }
    return p;
}

static void load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "races: %s\n", dlerror());
        exit(1);
    }
#define FIND(name) *(void **)(void *)&plugin.name = find(library, "tillproof_" #name)
    FIND(open);
    FIND(close);
    FIND(sale_begin);
    FIND(lines_set);
    FIND(present);
    FIND(hold);
    FIND(commit);
    FIND(offer_result);
#undef FIND
}

/* Holds, and says what became of the coupon. */
static int32_t hold(struct tillproof *t, int64_t sale, struct tillproof_offer_result *offer)
{
    struct tillproof_quote q = {.size = sizeof q};
    int32_t rc = plugin.hold(t, sale, HOLD_MS, &q);
    if (rc == 0 && q.outcome != TILLPROOF_BINDING) {
        return q.reason;
    }
    *offer = (struct tillproof_offer_result){.size = sizeof *offer};
    return rc ? rc : (rc = plugin.offer_result(t, sale, 0, offer)) ? rc : offer->outcome;
}

static int32_t prepare(int n, struct tillproof **t, int64_t *sale)
{
    struct tillproof_line line = {.size = sizeof line,
                                  .number = 1,
                                  .quantity = 1000,
                                  .unit_price = 1000,
                                  .category = "coffee",
                                  .sku = "1"};
    struct tillproof_presentation p = {.size = sizeof p};
    char name[16];
    snprintf(name, sizeof name, "r%d", n + 1);
    int32_t rc = plugin.open(shop, name, 0, t);
    if (rc == 0 && (rc = plugin.sale_begin(*t, "race", "EUR", 0, sale)) == 0 &&
        (rc = plugin.lines_set(*t, *sale, &line, 1)) == 0) {
        rc = limit ? 0 : plugin.present(*t, *sale, TILLPROOF_SCAN, digits, (uint32_t)strlen(digits), &p);
    }
    return rc ? rc : p.outcome ? 1000 + p.outcome : 0;
}

/* Every racer meets the others at four gates, whatever happens to it, so that nobody waits for ever. */
static void race(int n)
{
    struct tillproof *t = NULL;
    struct tillproof_offer_result offer = {.size = sizeof offer};
    int64_t sale = 0;
    track->failed[n] = prepare(n, &t, &sale);
    pthread_barrier_wait(&track->ready);
    track->first[n] = track->failed[n] ? 0 : hold(t, sale, &offer);
    track->named[n] = offer.at_ms > 0 && offer.at_till[0] == 'r';
    pthread_barrier_wait(&track->held);
    if (track->first[n] == TILLPROOF_APPLIED) {
        struct tillproof_tender cash = {.size = sizeof cash, .amount = 900, .kind = "cash"};
        track->failed[n] = plugin.commit(t, sale, NULL, &cash, 1, NULL);
        track->failed[n] = track->failed[n] ? track->failed[n] : plugin.close(t, HOLD_MS);
        t = NULL;
    }
    pthread_barrier_wait(&track->committed);
    if (t) {
        track->second[n] = track->failed[n] ? 0 : hold(t, sale, &offer);
        track->named[n] = track->named[n] && offer.at_ms > 0 && offer.at_till[0] == 'r';
    }
    pthread_barrier_wait(&track->done);
    if (t) {
        int32_t rc = plugin.close(t, HOLD_MS);
        track->failed[n] = track->failed[n] ? track->failed[n] : rc;
    }
}

static void *race_thread(void *arg)
{
    race((int)(intptr_t)arg);
    return NULL;
}

static void run_threads(int n)
{
    pthread_t threads[MOST];
    for (int i = 0; i < n; i++) {
        if (pthread_create(&threads[i], NULL, race_thread, (void *)(intptr_t)i) != 0) {
            exit(1);
        }
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void run_processes(int n, const char *path)
{
    pid_t children[MOST];
    for (int i = 0; i < n; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            load(path); /* after the fork: each process has a plugin of its own */
            race(i);
            exit(0);
        }
    }
    for (int i = 0; i < n; i++) {
        int status = 0;
        if (children[i] < 0 || waitpid(children[i], &status, 0) != children[i] || status != 0) {
            track->failed[i] = 2000 + status;
        }
    }
}

static int referee(int n)
{
    int winners = 0, held = 0, used = 0, named = 0, failed = 0, most = limit ? limit : 1;
    int before = limit ? TILLPROOF_LIMIT_REACHED : TILLPROOF_HELD;
    int after = limit ? TILLPROOF_LIMIT_REACHED : TILLPROOF_ALREADY_USED;
    for (int i = 0; i < n; i++) {
        winners += track->first[i] == TILLPROOF_APPLIED;
        held += track->first[i] == before;
        used += track->second[i] == after;
        named += track->named[i] && track->first[i] != TILLPROOF_APPLIED;
        if (track->failed[i]) {
            fprintf(stderr, "races: r%d: failed with %d\n", i + 1, track->failed[i]);
            failed++;
        }
    }
    printf("%d racers: %d granted, %d not, %d still not after the commits, %d told when and where\n", n,
           winners, held, used, named);
    if (winners != most || held != n - most || used != n - most || (!limit && named != n - 1) || failed) {
        fprintf(stderr, "races: wrong counts\n");
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int n = argc >= 6 ? atoi(argv[5]) : 0;
    bool threads = argc >= 6 && strcmp(argv[1], "threads") == 0;
    pthread_barrierattr_t attr;
    limit = argc == 7 ? atoi(argv[6]) : 0;
    if (n < 2 || n > MOST || limit < 0 || limit > n || argc > 7) {
        fprintf(stderr, "races: threads|processes PLUGIN SHOP DIGITS|- N [K]\n");
        return 2;
    }
    shop = argv[3];
    digits = argv[4];
    track = mmap(NULL, sizeof *track, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_init(&attr);
    pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_barrier_t *gates[] = {&track->ready, &track->held, &track->committed, &track->done};
    for (size_t i = 0; i < 4; i++) {
        pthread_barrier_init(gates[i], &attr, (unsigned)n);
    }
    if (threads) {
        load(argv[2]);
        run_threads(n);
    } else {
        run_processes(n, argv[2]);
    }
    return referee(n);
}
