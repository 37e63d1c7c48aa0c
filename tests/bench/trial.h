/* One measurement of an authority under load. One thread. */
#ifndef BENCH_TRIAL_H
#define BENCH_TRIAL_H

#include "tests/bench/load.h"
#include "tests/bench/requests.h"
#include "tests/bench/service.h"

enum { TRIAL_BATCH = 128 }; /* records of one till in one request */

/* Online: a hold, then a commit with its grant, signed as it goes. Commits: without a grant, one a request.
 * Batches: TRIAL_BATCH of them a request. These two are signed beforehand. Fill: batches that are signed as
 * it goes, until there are enough. */
enum trial_sort { TRIAL_ONLINE, TRIAL_COMMITS, TRIAL_BATCHES, TRIAL_FILL };

struct trial {
    enum trial_sort sort;
    struct bench_market *market; /* each client is one of its sellers */
    struct service *service;
    size_t ahead;             /* commits to sign, in all; beforehand, but to fill */
    size_t signed_so_far;     /* own: while it fills */
    int64_t cpu_us, resident; /* of the service meanwhile */
    struct pending *pending;  /* own: of each client */
    struct bench_deal *deals; /* own: of each client, what is being sold online */
    bool *held;               /* own */
};

/* The coupon service of peer/service.mjs; DATABASE_URL names its database. Zero it first; peer_service_stop.
 */
struct peer_service {
    struct service service;
    struct buf lines; /* a JSON body each; each is sent once */
    size_t at;
    int64_t cpu_us, resident;
};
/* dir: with service.mjs and its modules; folder: with server.pem and server.key, where the rest is put. */
int peer_service_start(struct peer_service *p, const char *dir, const char *folder, size_t count,
                       struct err *e);
void peer_service_stop(struct peer_service *p);
/* load: ca, clients and ms are told. */
int peer_service_run(struct peer_service *p, struct load *load, struct load_result *out, struct err *e);

/* load: port, ca, clients and ms are told; the rest is filled here. */
int trial_run(struct trial *t, struct load *load, struct load_result *out, struct err *e);

#endif
