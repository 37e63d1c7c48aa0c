#include "daemon/metrics.h"

#include <inttypes.h>

static const struct {
    int64_t us;
    const char *le;
} bounds[METRICS_BUCKETS] = {{500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},
                             {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},
                             {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},   {5000000, "5"}};

static const int reasons[METRICS_REASONS] = {
#define X(name, number, word, sentence) number,
    CODES(X)
#undef X
};

void metrics_refused(struct metrics *m, int reason)
{
    for (size_t i = 0; i < METRICS_REASONS; i++) {
        m->refused[i] += reasons[i] == reason;
    }
}

void metrics_answers(struct metrics *m, struct bytes answers)
{
    struct dec d;
    struct answer a;
    dec_init(&d, answers);
    while (answer_next(&d, &a) == 1) {
        if (a.kind == ANSWER_PROBLEM) {
            metrics_refused(m, a.reason);
        }
    }
}

void metrics_request(struct metrics *m, int status)
{
    size_t i = 1;
    while (i < METRICS_STATUSES && m->requests[i].n && m->requests[i].status != status) {
        i++;
    }
    i = i < METRICS_STATUSES ? i : 0;
    m->requests[i].status = i ? status : 0;
    m->requests[i].n++;
}

void metrics_took(struct histogram *h, int64_t us)
{
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        h->buckets[i] += us <= bounds[i].us;
    }
    h->n++;
    h->us += us > 0 ? (uint64_t)us : 0;
}

static void put_one(struct buf *out, const char *name, const char *type, const char *help, uint64_t v)
{
    buf_printf(out, "# HELP tillproofd_%s %s\n# TYPE tillproofd_%s %s\ntillproofd_%s %" PRIu64 "\n", name,
               help, name, type, name, v);
}

static void put_requests(const struct metrics *m, struct buf *out)
{
    buf_puts(out, "# HELP tillproofd_requests_total Requests answered, by HTTP status.\n"
                  "# TYPE tillproofd_requests_total counter\n");
    for (size_t i = 0; i < METRICS_STATUSES; i++) {
        if (m->requests[i].n) {
            buf_printf(out, "tillproofd_requests_total{status=\"%d\"} %" PRIu64 "\n", m->requests[i].status,
                       m->requests[i].n);
        }
    }
}

static void put_histogram(const struct histogram *h, const char *name, const char *help, struct buf *out)
{
    buf_printf(out, "# HELP tillproofd_%s %s\n# TYPE tillproofd_%s histogram\n", name, help, name);
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        buf_printf(out, "tillproofd_%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bounds[i].le, h->buckets[i]);
    }
    buf_printf(out,
               "tillproofd_%s_bucket{le=\"+Inf\"} %" PRIu64 "\ntillproofd_%s_sum %" PRIu64 ".%06" PRIu64
               "\ntillproofd_%s_count %" PRIu64 "\n",
               name, h->n, name, h->us / 1000000, h->us % 1000000, name, h->n);
}

static void put_kinds(const struct metrics *m, struct buf *out)
{
    buf_puts(out, "# HELP tillproofd_statements_total Statements taken to be handled, by kind.\n"
                  "# TYPE tillproofd_statements_total counter\n");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (m->kinds[i]) {
            buf_printf(out, "tillproofd_statements_total{kind=\"%s\"} %" PRIu64 "\n", kinds[i].name,
                       m->kinds[i]);
        }
    }
}

static void put_refused(const struct metrics *m, struct buf *out)
{
    buf_puts(out, "# HELP tillproofd_refused_total Statements and requests refused, by reason.\n"
                  "# TYPE tillproofd_refused_total counter\n");
    for (size_t i = 0; i < METRICS_REASONS; i++) {
        if (m->refused[i]) {
            buf_printf(out, "tillproofd_refused_total{reason=\"%s\"} %" PRIu64 "\n", code_word(reasons[i]),
                       m->refused[i]);
        }
    }
}

static void put_throttled(const struct metrics *m, struct buf *out)
{
    static const char *const by[METRICS_LIMITS] = {"address", "till", "code", "token"};
    buf_puts(out, "# HELP tillproofd_throttled_total Requests refused with 429, by whose limit.\n"
                  "# TYPE tillproofd_throttled_total counter\n");
    for (size_t i = 0; i < METRICS_LIMITS; i++) {
        buf_printf(out, "tillproofd_throttled_total{by=\"%s\"} %" PRIu64 "\n", by[i], m->throttled[i]);
    }
}

static void put_log(const struct gauges *now, struct buf *out)
{
    const struct sequencer_state *log = &now->log;
    int64_t age = log->oldest_ms == NONE || now->now_ms < log->oldest_ms ? 0 : now->now_ms - log->oldest_ms;
    put_one(out, "log_leaves_total", "counter", "Leaves that this daemon placed in the log.", log->leaves);
    put_one(out, "log_checkpoints_total", "counter", "Checkpoints that it signed.", log->checkpoints);
    put_one(out, "log_failures_total", "counter", "Batches that the store did not take.", log->failures);
    put_one(out, "log_turns_lost_total", "counter", "Turns at the log that another took.", log->turns_lost);
    put_one(out, "log_turn", "gauge", "1 if the last turn at the log was this daemon's.", log->mine);
    put_one(out, "log_waiting", "gauge", "Accepted statements that wait for their leaf.",
            (uint64_t)log->waiting);
    buf_printf(out,
               "# HELP tillproofd_log_lag_seconds How long the first of them has waited.\n"
               "# TYPE tillproofd_log_lag_seconds gauge\ntillproofd_log_lag_seconds %" PRId64 ".%03" PRId64
               "\n",
               age / 1000, age % 1000);
}

void metrics_put(const struct metrics *m, const struct gauges *now, struct buf *out)
{
    put_requests(m, out);
    put_kinds(m, out);
    put_refused(m, out);
    put_throttled(m, out);
    put_histogram(&m->statements, "statements_seconds", "Statement requests, from arrival to answer.", out);
    put_histogram(&m->pages, "pages_seconds", "Pages and cosignatures likewise.", out);
    put_one(out, "received_bytes_total", "counter", "Bytes of statements that came in.", m->received);
    put_one(out, "sent_bytes_total", "counter", "Bytes of answers that went out.", m->sent);
    put_one(out, "connections_total", "counter", "Connections taken.", m->connections);
    put_one(out, "late_total", "counter", "Connections closed because they were too slow.", m->late);
    put_one(out, "crowded_total", "counter", "Connections closed because their address had too many.",
            m->crowded);
    put_one(out, "shed_total", "counter", "Requests refused because too much was in flight.", m->shed);
    put_one(out, "held_bytes", "gauge", "Bytes of requests and answers in flight.", now->held);
    put_one(out, "held_bytes_limit", "gauge", "How many there may be.", now->held_limit);
    put_one(out, "worst_bytes", "gauge", "Bytes that requests may take at worst, with all that serves them.",
            now->worst);
    put_one(out, "limited_keys", "gauge", "Keys that limits are kept for.", now->keys);
    put_one(out, "conflicts", "gauge", "Outcomes that conflict with a grant or with each other, ever.",
            (uint64_t)now->log.conflicts);
    put_one(out, "cosignatures_total", "counter", "Cosignatures of witnesses taken.", m->cosignatures);
    put_one(out, "queue_depth", "gauge", "Requests that wait for their turn.", now->queue);
    put_one(out, "queue_limit", "gauge", "How many may wait.", now->queue_limit);
    put_one(out, "working", "gauge", "Requests that are being handled.", now->working);
    put_one(out, "pages_depth", "gauge", "Pages that wait or are made.", now->pages);
    put_log(now, out);
    put_one(out, "connections", "gauge", "Connections now.", now->connections);
    put_one(out, "connections_limit", "gauge", "How many there may be.", now->connection_limit);
    put_one(out, "address_connections_limit", "gauge", "How many of one address; 0: as many.",
            now->address_limit);
}
