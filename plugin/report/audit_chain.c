/* The tills' chains: places without gaps, each record on the one before, and what the closes say of them. */
#include "report/audit_internal.h"
#include "store/evidence.h"

#include <inttypes.h>

/* Sums of the records since a place: since the last close, or since the epoch began. */
struct sums {
    struct record_place first; /* seq 0: none yet */
    struct close_sum v[MAX_CLOSE_SUMS];
    char currency[MAX_CLOSE_SUMS][4];
    size_t n;
};

struct chains {
    struct audit *a;
    struct store *s;
    char till[64];
    struct audit_till t; /* of the epoch at hand */
    uint8_t d[HASH_SIZE];
    bool any;
    struct record_place before; /* the record before, whatever its epoch */
    struct sums open, epoch;
};

/* ---- sums ---- */

static struct close_sum *sum_of(struct sums *s, struct bytes currency)
{
    for (size_t i = 0; i < s->n; i++) {
        if (bytes_equal(s->v[i].currency, currency)) {
            return &s->v[i];
        }
    }
    if (s->n == MAX_CLOSE_SUMS) {
        return NULL;
    }
    bytes_to_cstr(currency, s->currency[s->n], sizeof s->currency[0]);
    s->v[s->n] = (struct close_sum){.currency = bytes_str(s->currency[s->n])};
    return &s->v[s->n++];
}

/* Amounts are within 10^15 and a day's records are few: a sum that leaves 64 bits is no day's. */
static bool add(int64_t *to, int64_t v, int sign)
{
    return sign > 0 ? !__builtin_add_overflow(*to, v, to) : !__builtin_sub_overflow(*to, v, to);
}

static bool add_record(struct sums *s, const struct statement *st, const struct chain *place)
{
    const struct commit *c = &st->payload.commit;
    const struct reverse *r = &st->payload.reverse;
    if (s->first.seq == 0) {
        s->first = (struct record_place){place->epoch, place->seq};
    }
    if (st->kind == KIND_COMMIT) {
        struct close_sum *t = sum_of(s, c->currency);
        return t && ++t->sales && add(&t->gross, c->gross, 1) && add(&t->discount, c->discount, 1) &&
               add(&t->net, c->net, 1) && add(&t->tax, c->tax, 1) && add(&t->due, c->due, 1);
    }
    if (st->kind == KIND_REVERSE) {
        struct close_sum *t = sum_of(s, r->currency);
        return t && ++*(r->op == REVERSE_VOID ? &t->voids : &t->returns) && add(&t->gross, r->gross, -1) &&
               add(&t->discount, r->discount, -1) && add(&t->net, r->net, -1) && add(&t->tax, r->tax, -1) &&
               add(&t->due, r->due, -1);
    }
    return true;
}

static bool same_sum(const struct close_sum *a, const struct close_sum *b)
{
    return bytes_equal(a->currency, b->currency) && a->sales == b->sales && a->voids == b->voids &&
           a->returns == b->returns && a->gross == b->gross && a->discount == b->discount &&
           a->net == b->net && a->tax == b->tax && a->due == b->due;
}

/* The first currency whose line in the close is not what the records add up to; NULL when all are. */
static const char *differs(struct sums *s, const struct close *c)
{
    for (size_t i = 0; i < s->n; i++) {
        bool found = false;
        for (size_t k = 0; k < c->sums.n; k++) {
            found = found || same_sum(&s->v[i], &c->sums.v[k]);
        }
        if (!found) {
            return s->currency[i];
        }
    }
    return c->sums.n == s->n ? NULL : "a currency without records";
}

static bool same_place(struct record_place a, int64_t epoch, int64_t seq)
{
    return a.epoch == epoch && a.seq == seq;
}

/* A close counts from the record after the last one, or, where a till lost its disk, from its new epoch's
 * first. */
static int check_close(struct chains *w, const struct close *c)
{
    struct sums *s = same_place(w->open.first, c->first.epoch, c->first.seq) ? &w->open : &w->epoch;
    int64_t epoch = c->chain.epoch, seq = c->chain.seq;
    w->a->closes++;
    if (!same_place(s->first, c->first.epoch, c->first.seq) ||
        !same_place(c->last, w->before.epoch, w->before.seq)) {
        return audit_false(w->a,
                           "close %" PRId64 "/%" PRId64 " of %s counts %" PRId64 "/%" PRId64 " to %" PRId64
                           "/%" PRId64 ", which is not what lies before it",
                           epoch, seq, w->till, c->first.epoch, c->first.seq, c->last.epoch, c->last.seq);
    }
    const char *currency = differs(s, c);
    if (currency) {
        return audit_false(w->a,
                           "close %" PRId64 "/%" PRId64 " of %s: its total in %s is not that of its records",
                           epoch, seq, w->till, currency);
    }
    w->open = w->epoch = (struct sums){0};
    w->t.closed = c->last.seq;
    return 0;
}

/* ---- chains ---- */

static int is_terminal(void *arg, const struct stored *row)
{
    const struct chains *w = arg;
    struct arena arena;
    struct statement st;
    arena_init(&arena, AUDIT_ARENA);
    bool yes = statement_parse(row->raw, &arena, &st, NULL) == 0 && st.kind == KIND_TERMINAL &&
               bytes_is(st.payload.terminal.till, w->till) && st.payload.terminal.epoch == w->t.epoch;
    arena_reset(&arena);
    return yes ? 0 : STORE_NOT_FOUND;
}

/* seq 1 stands on the statement that gave the epoch. */
static int check_first(struct chains *w, const uint8_t prev[HASH_SIZE])
{
    int rc = store_statement(w->s, prev, is_terminal, w);
    return rc != STORE_NOT_FOUND ? rc
                                 : audit_false(w->a,
                                               "record %" PRId64 "/1 of %s stands on no statement that gave "
                                               "it this epoch",
                                               w->t.epoch, w->till);
}

static void tell(struct chains *w)
{
    if (!w->any) {
        return;
    }
    w->a->gaps += w->t.last > w->t.proved;
    w->t.till = w->till;
    if (w->a->till) {
        w->a->till(w->a->arg, &w->t);
    }
}

static void begin(struct chains *w, const struct record_row *row)
{
    bool other = !w->any || !bytes_is(row->till, w->till);
    tell(w);
    if (other) {
        bytes_to_cstr(row->till, w->till, sizeof w->till);
        w->open = (struct sums){0};
        w->before = (struct record_place){0};
    }
    w->epoch = (struct sums){0};
    w->t = (struct audit_till){.epoch = row->epoch};
    w->any = true;
}

static int check_place(struct chains *w, const struct record_row *row)
{
    struct audit_till *t = &w->t;
    if (row->seq == t->last) {
        return audit_false(w->a, "%s has two records at %" PRId64 "/%" PRId64, w->till, row->epoch, row->seq);
    }
    if (row->seq == 1) {
        int rc = check_first(w, row->prev);
        if (rc) {
            return rc;
        }
    } else if (row->seq == t->last + 1 && memcmp(row->prev, w->d, HASH_SIZE) != 0) {
        return audit_false(w->a, "record %" PRId64 "/%" PRId64 " of %s does not follow the one before it",
                           row->epoch, row->seq, w->till);
    }
    t->proved = row->seq == t->last + 1 && t->proved == t->last ? row->seq : t->proved;
    t->last = row->seq;
    t->records++;
    memcpy(w->d, row->d, HASH_SIZE);
    return 0;
}

/* What a till saw of the log, and signed, must still be there. */
static int check_seen(struct chains *w, const struct chain *c)
{
    uint8_t root[HASH_SIZE];
    if (!c->checkpoint || c->checkpoint->size == 0) {
        return 0;
    }
    int rc =
        c->checkpoint->size > w->a->leaves ? STORE_NOT_FOUND : audit_root_at(w->s, c->checkpoint->size, root);
    if (rc == STORE_NOT_FOUND || (rc == 0 && memcmp(root, c->checkpoint->root, HASH_SIZE) != 0)) {
        return audit_false(
            w->a, "record %" PRId64 "/%" PRId64 " of %s saw a log of %" PRId64 " leaves that is not this one",
            c->epoch, c->seq, w->till, c->checkpoint->size);
    }
    return rc;
}

static int check_record(struct chains *w, const struct record_row *row, struct bytes raw, struct arena *arena)
{
    struct statement st;
    if (!raw.p || statement_parse(raw, arena, &st, NULL) || !audit_chain(&st)) {
        return TP_E_CORRUPT; /* statements and tables were checked before */
    }
    const struct chain *c = audit_chain(&st);
    int rc = check_seen(w, c);
    if (rc == 0 && st.kind == KIND_CLOSE) {
        rc = check_close(w, &st.payload.close);
    } else if (rc == 0 && (!add_record(&w->open, &st, c) || !add_record(&w->epoch, &st, c))) {
        rc =
            audit_false(w->a, "the records of %s up to %" PRId64 "/%" PRId64 " are more than a day can count",
                        w->till, row->epoch, row->seq);
    }
    w->before = (struct record_place){row->epoch, row->seq};
    return rc;
}

static int each_record(void *arg, const struct record_row *row, struct bytes raw)
{
    struct chains *w = arg;
    struct arena arena;
    if (!w->any || !bytes_is(row->till, w->till) || row->epoch != w->t.epoch) {
        begin(w, row);
    }
    int rc = check_place(w, row);
    if (rc) {
        return rc;
    }
    arena_init(&arena, AUDIT_ARENA);
    rc = check_record(w, row, raw, &arena);
    arena_reset(&arena);
    return rc;
}

int audit_chains(struct audit *a, struct store *s, struct err *e)
{
    struct chains w = {.a = a, .s = s};
    int rc = store_records(s, each_record, &w);
    if (rc == 0) {
        tell(&w);
    }
    return audit_fault(s, rc, e);
}
