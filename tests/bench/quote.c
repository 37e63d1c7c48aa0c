/* Prices a second: offer_price alone, and with its offers looked up among all that are published. */
#include "tests/bench/internal.h"

#include "offer/price.h"
#include "sale/internal.h"

#include <inttypes.h>
#include <stdlib.h>

enum { QUOTE_ROUNDS = 2000, QUOTE_ROUNDS_MAX = 1000000, PUBLISHED = 10000, LEAST = 3 };
static const int64_t enough_ns = 1000000000;

static const struct bench_column columns[] = {
    {"lines", true},   {"presented", true},     {"published", true},   {"applied", true},
    {"n", true},       {"median us", true},     {"p99 us", true},      {"quotes/s", true},
    {"peer us", true}, {"peer quotes/s", true}, {"times faster", true}};

struct quote_case {
    size_t lines, presented;
    bool look_up; /* each presented offer among PUBLISHED ones first */
    bool peer;
};

/* Each size twice: its offers alone, and looked up among all that are published, beside the peer. */
#define SIZE(lines, presented)                                                                               \
    {lines, presented, false, false},                                                                        \
    {                                                                                                        \
        lines, presented, true, true                                                                         \
    }

static const struct quote_case cases[] = {
    SIZE(10, 1),     SIZE(10, 10),     SIZE(10, 100),   SIZE(10, 1000), SIZE(100, 1),
    SIZE(100, 10),   SIZE(100, 100),   SIZE(100, 1000), SIZE(1000, 1),  SIZE(1000, 10),
    SIZE(1000, 100), SIZE(1000, 1000), SIZE(12, 3),     SIZE(12, 32),
};

struct quoting {
    struct arena arena; /* baskets and offers */
    struct policy policy;
    struct replica replica;
    const struct offer *offers[MAX_OFFERS];
    struct standing standings[MAX_OFFERS];
};

static int prepare(struct quoting *w, struct err *e)
{
    static struct zone_step step = {0, 60};
    arena_init(&w->arena, 64 * 1024 * 1024);
    w->policy = (struct policy){
        .version = 1, .currency = bytes_str("EUR"), .zone = bytes_str("Europe/Berlin"), .tax_included = true};
    w->policy.zone_steps.v = &step;
    w->policy.zone_steps.n = 1;
    int rc = replica_reserve(&w->replica, PUBLISHED, e);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < PUBLISHED; i++) {
        struct offer o;
        if (!work_offer(i, &w->arena, &o)) {
            return err_code(e, TP_E_MEMORY);
        }
        replica_add_offer(&w->replica, &o);
    }
    for (size_t i = 0; i < MAX_OFFERS; i++) {
        w->standings[i].budget_left = NONE;
    }
    return 0;
}

/* One price as the till makes it: its own memory, taken and given back. */
static int price_once(struct quoting *w, const struct quote_case *c, const struct basket *basket,
                      int64_t *applied, int64_t *discount, struct err *e)
{
    struct arena a;
    struct quote q = {0};
    for (size_t i = 0; c->look_up && i < c->presented; i++) {
        const struct known_offer *k = replica_offer(&w->replica, w->replica.offers[i].terms.ref, NONE);
        w->offers[i] = k ? &k->terms : NULL;
    }
    arena_init(&a, offer_price_memory(c->lines, c->presented));
    int rc = offer_price(&w->policy, basket, w->offers, w->standings, c->presented, &q, &a, e);
    *applied = (int64_t)q.applied.n;
    *discount = q.discount;
    arena_reset(&a);
    return rc;
}

static int run_case(struct quoting *w, const struct quote_case *c, int64_t rounds, struct samples *s,
                    int64_t result[2], struct err *e)
{
    struct basket basket;
    struct arena a;
    arena_init(&a, 4 * 1024 * 1024);
    int rc = work_basket(c->lines, &a, &basket) ? 0 : err_code(e, TP_E_MEMORY);
    for (size_t i = 0; i < c->presented; i++) {
        w->offers[i] = &w->replica.offers[i].terms;
    }
    rc = rc ? rc : price_once(w, c, &basket, &result[0], &result[1], e);
    int64_t begin = now_ns();
    for (int64_t i = 0; i < rounds && rc == 0; i++) {
        int64_t from = now_ns();
        if (i >= LEAST && from - begin > enough_ns) {
            break;
        }
        rc = price_once(w, c, &basket, &result[0], &result[1], e);
        samples_add(s, now_ns() - from);
    }
    arena_reset(&a);
    return rc;
}

static double mean(const struct samples *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        sum += (double)s->v[i];
    }
    return s->n ? sum / (double)s->n : 0;
}

static double each_second(double ns)
{
    return ns > 0 ? 1e9 / ns : 0;
}

static void row(const struct quote_case *c, struct samples *s, int64_t applied, const struct peer_answer *p,
                struct bench_report *r)
{
    double median = (double)samples_at(s, 50);
    report_count(r, (int64_t)c->lines);
    report_count(r, (int64_t)c->presented);
    report_count(r, c->look_up ? PUBLISHED : (int64_t)c->presented);
    report_count(r, applied);
    report_count(r, (int64_t)s->n);
    report_number(r, median / 1e3, 2);
    report_number(r, (double)samples_at(s, 99) / 1e3, 2);
    report_number(r, each_second(mean(s)), 0);
    if (!p) {
        report_none(r);
        report_none(r);
        report_none(r);
        return;
    }
    report_number(r, (double)p->median / 1e3, 2);
    report_number(r, each_second(p->mean), 0);
    report_number(r, median > 0 ? (double)p->median / median : 0, 1);
}

static int measure(struct quoting *w, const struct quote_case *c, const struct bench_options *o,
                   bool with_peer, struct bench_report *r, struct err *e)
{
    struct samples s = {0};
    struct peer_answer peer = {0};
    int64_t result[2] = {0}, rounds = o->rounds ? o->rounds : QUOTE_ROUNDS;
    bool ask = with_peer && c->peer;
    int rc = run_case(w, c, rounds, &s, result, e);
    if (rc == 0 && ask) {
        rc = peer_run(o->peer, c->lines, c->presented, rounds, &peer, e);
    }
    if (rc == 0) {
        row(c, &s, result[0], ask ? &peer : NULL, r);
    }
    if (rc == 0 && ask && (peer.applied != result[0] || peer.discount != result[1])) {
        report_note(r,
                    "The peer's answer for %zu lines and %zu offers differs: %" PRId64 " applied and %" PRId64
                    " off, not %" PRId64 " and %" PRId64 ".",
                    c->lines, c->presented, peer.applied, peer.discount, result[0], result[1]);
    }
    samples_free(&s);
    return rc;
}

int bench_quote(const struct bench_options *options, struct bench_report *report, struct err *e)
{
    char why[256];
    report_begin(report, columns, sizeof columns / sizeof columns[0]);
    if (options->rounds < 0 || options->rounds > QUOTE_ROUNDS_MAX) {
        return err_set(e, TP_E_ARGUMENT, "--rounds is 1 to %d", QUOTE_ROUNDS_MAX);
    }
    struct quoting *w = calloc(1, sizeof *w);
    int rc = w ? prepare(w, e) : err_code(e, TP_E_MEMORY);
    bool with_peer = peer_there(options->peer, why, sizeof why);
    size_t n = sizeof cases / sizeof cases[0];
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = measure(w, &cases[i], options, with_peer, report, e);
        if (options->progress) {
            options->progress((int64_t)i + 1, (int64_t)n);
        }
    }
    report_note(report,
                "offer_price, one thread, memory taken and given back each time. Where more offers are "
                "published than presented, each presented one is looked up first.");
    if (with_peer) {
        report_note(report,
                    "The peer is json-rules-engine on Node, with its rules made beforehand; it gives the "
                    "same discount, and shares nothing over lines.");
    } else {
        report_note(report, "Without the peer: %s; see packaging/bench.", why);
    }
    if (w) {
        replica_free(&w->replica);
        arena_reset(&w->arena);
    }
    free(w);
    return rc;
}
