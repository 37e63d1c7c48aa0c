/* The end of a till's day: what its records since the last one add up to, signed. */
#include "sale/internal.h"

#include <stdlib.h>

enum { RECORD_MEMORY = 1024 * 1024 };

struct day {
    struct close close;
    struct close_sum sums[MAX_CLOSE_SUMS];
    char currency[MAX_CLOSE_SUMS][4];
    bool any;                   /* a sale, void or return is among them */
    struct record_place before; /* the record that comes before the next one; seq 0: none */
    uint8_t before_d[HASH_SIZE];
    struct err *e;
};

static struct close_sum *sum_of(struct day *d, struct bytes currency)
{
    struct close *c = &d->close;
    for (size_t i = 0; i < c->sums.n; i++) {
        if (bytes_equal(d->sums[i].currency, currency)) {
            return &d->sums[i];
        }
    }
    if (c->sums.n == MAX_CLOSE_SUMS || currency.n != 3) {
        return NULL;
    }
    struct close_sum *s = &d->sums[c->sums.n];
    bytes_to_cstr(currency, d->currency[c->sums.n++], sizeof d->currency[0]);
    *s = (struct close_sum){.currency = bytes_str(d->currency[c->sums.n - 1])};
    return s;
}

/* gross, discount, net, tax, due. */
static int add_amounts(struct day *d, struct close_sum *s, const int64_t amounts[5], int sign)
{
    int64_t *to[5] = {&s->gross, &s->discount, &s->net, &s->tax, &s->due};
    const int64_t most = INT64_C(1) << 53;
    for (size_t i = 0; i < 5; i++) {
        int64_t sum = *to[i] + sign * amounts[i]; /* 2^53 and 10^15 are within 64 bits */
        if (sum > most || sum < -most) {
            return err_set(d->e, TP_E_STATE, "the day's sums are beyond what can be counted");
        }
        *to[i] = sum;
    }
    d->any = true;
    return 0;
}

static int add_statement(struct day *d, const struct statement *st)
{
    bool commit = st->kind == KIND_COMMIT;
    if (!commit && st->kind != KIND_REVERSE) {
        return 0;
    }
    const struct commit *c = &st->payload.commit;
    const struct reverse *r = &st->payload.reverse;
    struct close_sum *s = sum_of(d, commit ? c->currency : r->currency);
    if (!s) {
        return err_set(d->e, TP_E_MEMORY, "a day has at most %d currencies", MAX_CLOSE_SUMS);
    }
    if (commit) {
        s->sales++;
        return add_amounts(d, s, (int64_t[]){c->gross, c->discount, c->net, c->tax, c->due}, 1);
    }
    *(r->op == REVERSE_VOID ? &s->voids : &s->returns) += 1;
    return add_amounts(d, s, (int64_t[]){r->gross, r->discount, r->net, r->tax, r->due}, -1);
}

/* The numbers are without gaps, and each record stands on the one before, or begins an epoch: what is not so
 * is named, and no close is signed on top of it. */
static int follow(struct day *d, int64_t epoch, int64_t seq, const uint8_t prev[HASH_SIZE])
{
    const struct record_place *b = &d->before;
    int64_t due = epoch == b->epoch ? b->seq + 1 : 1;
    if (seq != due) {
        return err_set(d->e, TP_E_CORRUPT, "till.db: record %lld/%lld is missing", (long long)epoch,
                       (long long)due);
    }
    if (seq > 1 && memcmp(prev, d->before_d, HASH_SIZE) != 0) {
        return err_set(d->e, TP_E_CORRUPT, "till.db: record %lld/%lld does not follow the one before it",
                       (long long)epoch, (long long)seq);
    }
    return 0;
}

static int come_after(void *arg, const struct journal_record *r)
{
    struct day *d = arg;
    d->before = (struct record_place){r->epoch, r->seq};
    memcpy(d->before_d, r->d, HASH_SIZE);
    return 0;
}

static int add_record(void *arg, const struct journal_record *r)
{
    struct day *d = arg;
    struct arena arena;
    struct statement st;
    int rc = follow(d, r->epoch, r->seq, r->prev);
    if (rc) {
        return rc;
    }
    come_after(d, r);
    d->close.last = (struct record_place){r->epoch, r->seq};
    if (d->close.first.seq == 0) {
        d->close.first = d->close.last;
    }
    arena_init(&arena, RECORD_MEMORY);
    rc = statement_parse(r->raw, &arena, &st, d->e);
    rc = rc ? rc == TP_E_MEMORY ? rc : TP_E_CORRUPT : add_statement(d, &st);
    arena_reset(&arena);
    return rc;
}

static const struct close_sum *shops_sum(const struct till *t, const struct close *c)
{
    for (size_t i = 0; i < c->sums.n; i++) {
        if (bytes_equal(c->sums.v[i].currency, t->replica.policy.currency)) {
            return &c->sums.v[i];
        }
    }
    return c->sums.n ? &c->sums.v[0] : NULL;
}

static void fill(const struct till *t, const struct close *c, const uint8_t d[HASH_SIZE],
                 struct day_info *out)
{
    const struct close_sum *s = shops_sum(t, c);
    *out = (struct day_info){.currencies = c->sums.n,
                             .time_ms = c->common.time_ms,
                             .seq = c->chain.seq,
                             .first = c->first.seq,
                             .last = c->last.seq};
    memcpy(out->d, d, HASH_SIZE);
    bytes_to_cstr(s ? s->currency : t->replica.policy.currency, out->currency, sizeof out->currency);
    if (s) {
        out->sales = s->sales;
        out->voids = s->voids;
        out->returns = s->returns;
        out->gross = s->gross;
        out->discount = s->discount;
        out->net = s->net;
        out->tax = s->tax;
        out->due = s->due;
    }
}

struct last {
    struct till *t;
    struct day_info *out;
    struct err *e;
};

static int read_last(void *arg, const struct journal_record *r)
{
    struct last *l = arg;
    struct arena arena;
    struct statement st;
    arena_init(&arena, RECORD_MEMORY);
    int rc = statement_parse(r->raw, &arena, &st, l->e);
    if (rc == 0 && st.kind == KIND_CLOSE) {
        fill(l->t, &st.payload.close, st.d, l->out);
    }
    arena_reset(&arena);
    return rc > 0 ? TP_E_CORRUPT : rc;
}

/* Nothing happened since: the last one's sums once more, or none at all. */
static int again(struct till *t, struct day_info *out, struct err *e)
{
    const struct close none = {0};
    struct last l = {t, out, e};
    uint8_t d[HASH_SIZE] = {0};
    int rc = journal_last_close(t->journal, d, e);
    if (rc == JOURNAL_NOT_FOUND) {
        fill(t, &none, d, out);
        return 0;
    }
    return rc ? rc : journal_record(t->journal, d, read_last, &l, e);
}

/* From the last close to the till's head, both of which are known apart from the records. */
static int count(struct till *t, struct day *day, struct err *e)
{
    uint8_t close[HASH_SIZE];
    *day = (struct day){.e = e};
    int rc = journal_last_close(t->journal, close, e);
    rc = rc ? rc : journal_record(t->journal, close, come_after, day, e);
    rc = rc == JOURNAL_NOT_FOUND ? 0 : rc;
    rc = rc ? rc : journal_day(t->journal, add_record, day, e);
    return rc || t->head.seq == 0 || memcmp(t->head.d, day->before_d, HASH_SIZE) == 0
               ? rc
               : err_set(e, TP_E_CORRUPT, "till.db: record %lld/%lld is missing", (long long)t->head.epoch,
                         (long long)t->head.seq);
}

static int by_currency(const void *a, const void *b)
{
    const struct close_sum *x = a, *y = b;
    return memcmp(x->currency.p, y->currency.p, 3);
}

static int close_now(struct till *t, struct day *day, struct day_info *out, struct err *e)
{
    const struct bytes none = {0};
    uint8_t d[HASH_SIZE];
    int rc = record_begin(t, &day->close.chain, &day->close.common, e);
    qsort(day->sums, day->close.sums.n, sizeof day->sums[0], by_currency);
    day->close.sums.v = day->sums;
    rc = rc ? rc : record_add(t, KIND_CLOSE, &day->close, none, none, NULL, d, e);
    if (rc == 0) {
        fill(t, &day->close, d, out);
        out->fresh = true;
    }
    return rc;
}

int till_day_close(struct till *t, struct day_info *out, struct err *e)
{
    struct day day;
    struct day_info info;
    till_lock(t);
    int rc = count(t, &day, e);
    if (rc == 0 && day.any) {
        /* What is left of leases goes back first, so that the close comes behind it; without a line the till
         * keeps them, for it could get no others. */
        rc = t->online && t->synced ? leases_return(t, true, e) : 0;
        rc = rc ? rc : count(t, &day, e);
    }
    if (rc == 0) {
        rc = day.any ? close_now(t, &day, &info, e) : again(t, &info, e);
    }
    if (rc == 0) {
        info.unsent = t->counts.unsent;
        info.refused = t->counts.refused;
        *out = info;
    }
    till_unlock(t);
    return rc > 0 ? err_code(e, TP_E_CORRUPT) : rc;
}
