/* What is counted, and how it is told: the Prometheus text format. Of one thread. */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "daemon/sequencer.h"
#include "wire/statement.h"

enum { METRICS_STATUSES = 16, METRICS_BUCKETS = 12, METRICS_LIMITS = 4 };
enum metrics_reason {
#define X(name, number, word, sentence) REASON_##name,
    CODES(X)
#undef X
        METRICS_REASONS
};

struct histogram {
    uint64_t buckets[METRICS_BUCKETS], n, us;
};

struct metrics {
    struct {
        int status;
        uint64_t n;
    } requests[METRICS_STATUSES];       /* by HTTP status; those that do not fit are counted as status 0 */
    struct histogram statements, pages; /* requests, arrival to answer */
    uint64_t received, sent;            /* bytes of statement bodies */
    uint64_t connections, late;         /* taken; closed as too slow */
    uint64_t crowded;                   /* closed because their address had too many */
    uint64_t shed, throttled[METRICS_LIMITS]; /* for memory; by whose limit */
    uint64_t kinds[KIND_COUNT];               /* statements taken to be handled */
    uint64_t refused[METRICS_REASONS];        /* problems answered, in the order of the codes */
    uint64_t cosignatures;                    /* of witnesses, taken */
};

/* What stands now. */
struct gauges {
    size_t queue, queue_limit, working, connections, connection_limit, address_limit, pages, held, held_limit,
        worst, keys;
    struct sequencer_state log;
    int64_t now_ms; /* by which the oldest leaf's age is told */
};

void metrics_request(struct metrics *m, int status);
/* A problem was answered, with that code. */
void metrics_refused(struct metrics *m, int reason);
/* The same for each problem among a message's answers; what is no answer ends them. */
void metrics_answers(struct metrics *m, struct bytes answers);
/* Microseconds between a request's arrival and its answer. */
void metrics_took(struct histogram *h, int64_t us);
void metrics_put(const struct metrics *m, const struct gauges *now, struct buf *out);

#endif
