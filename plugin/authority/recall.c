/*
 * A till asks for a sale of another one, because goods of it come back: the commit as it was signed, the key
 * that signed it, what each line cost, and what was returned so far. Nothing of the person.
 */
#include "authority/internal.h"
#include "store/reversals.h"

#include "offer/price.h"
#include "wire/hash.h"

struct asked {
    struct call *c;
    struct sale_row sale;
    struct bytes terminal, raw, lines;
    struct statement st;
    struct lines_part part;
    struct quote quote;
    int64_t *left; /* of each line, thousandths */
    struct return_made *returns;
    size_t n;
    struct line_back *back; /* of the return that is being read */
    size_t back_n;
};

static int find_sale(struct asked *a)
{
    struct call *c = a->c;
    const struct recall *q = &c->st->payload.recall;
    uint8_t d[HASH_SIZE];
    int64_t n = 0;
    int rc = store_sale_named(c->s, q->sale, q->reference, &n, d);
    if (rc == 0 && n != 1) {
        return err_set(&c->err, TP_UNKNOWN_SALE, "%s",
                       n ? "several sales go by this reference: name it by its id"
                         : code_sentence(TP_UNKNOWN_SALE));
    }
    rc = rc ? rc : store_sale(c->s, d, &a->sale);
    if (rc == STORE_NOT_FOUND) {
        return TP_E_CORRUPT;
    }
    return rc == 0 && sale_out(&a->sale) ? err_code(&c->err, sale_out(&a->sale)) : rc;
}

static int take_commit(void *arg, const struct stored *row)
{
    struct asked *a = arg;
    a->raw = arena_copy(a->c->arena, row->raw);
    a->lines = arena_copy(a->c->arena, row->lines);
    return a->raw.p && a->lines.p ? 0 : TP_E_MEMORY;
}

enum { TERMINAL_FOUND = 1000 };

static int take_terminal(void *arg, const struct stored *row)
{
    struct asked *a = arg;
    struct statement st;
    struct bytes raw = arena_copy(a->c->arena, row->raw);
    if (!raw.p || statement_parse(raw, a->c->arena, &st, NULL) != 0) {
        return raw.p ? TP_E_CORRUPT : TP_E_MEMORY;
    }
    const struct terminal *m = &st.payload.terminal;
    if (!bytes_is(m->till, a->sale.till) || m->epoch != a->sale.epoch || m->state != TERMINAL_ACTIVE) {
        return 0;
    }
    a->terminal = raw;
    return TERMINAL_FOUND;
}

static int cannot(struct call *c)
{
    return err_set(
        &c->err, TP_UNSUPPORTED,
        "the sale's price cannot be made again from what is kept: return it at the till that sold it");
}

static int read_sale(struct asked *a)
{
    struct call *c = a->c;
    int rc = store_statement(c->s, a->sale.d, take_commit, a);
    rc = rc ? rc : statement_parse(a->raw, c->arena, &a->st, NULL);
    if (rc) {
        return rc < 0 ? rc : TP_E_CORRUPT;
    }
    rc = schema_decode(&schema_lines_part, a->lines, c->arena, &a->part, NULL);
    if (rc) {
        return rc == TP_E_MEMORY ? rc : cannot(c);
    }
    rc = store_statements(c->s, UINT32_C(1) << KIND_TERMINAL, 0, INT64_MAX, take_terminal, a);
    return rc == TERMINAL_FOUND ? 0 : rc == 0 ? TP_E_CORRUPT : rc;
}

/* ---- the price ---- */

/* The same price is made from the same basket and offers; the commit's own sums say whether it was. */
static bool same_price(const struct commit *m, const struct quote *q)
{
    bool same = m->gross == q->gross && m->discount == q->discount && m->net == q->net && m->tax == q->tax &&
                m->due == q->due && m->cashback == q->cashback && m->redemptions.n == q->applied.n;
    for (size_t i = 0; same && i < q->applied.n; i++) {
        const struct redemption *r = &m->redemptions.v[i];
        const struct quote_applied *p = &q->applied.v[i];
        same = memcmp(r->offer, p->ref, REF_SIZE) == 0 && r->version == p->version && r->basis == p->basis &&
               r->discount == p->discount && r->cashback == p->cashback;
    }
    return same;
}

static int price(struct asked *a)
{
    struct call *c = a->c;
    const struct commit *m = &a->st.payload.commit;
    size_t n = m->redemptions.n;
    struct offer *offers = ARENA_NEW(c->arena, struct offer, n);
    const struct offer **list = ARENA_NEW(c->arena, const struct offer *, n);
    struct standing *standings = ARENA_NEW(c->arena, struct standing, n);
    struct policy policy = {0};
    if (!offers || !list || !standings) {
        return TP_E_MEMORY;
    }
    int rc = lookup_policy(c, m->policy, &policy);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = lookup_offer(c, m->redemptions.v[i].offer, m->redemptions.v[i].version, &offers[i]);
        list[i] = &offers[i];
        standings[i] = (struct standing){0, NONE};
    }
    rc = rc ? rc : offer_price(&policy, &a->part.basket, list, standings, n, &a->quote, c->arena, NULL);
    if (rc < 0) {
        return rc;
    }
    return rc || !same_price(m, &a->quote) ? cannot(c) : 0;
}

/* ---- what came back so far ---- */

static int take_back(void *arg, int64_t number, int64_t quantity)
{
    struct asked *a = arg;
    for (size_t i = 0; i < a->part.basket.lines.n; i++) {
        if (a->part.basket.lines.v[i].number == number && a->left[i] > 0) {
            int64_t back = quantity < a->left[i] ? quantity : a->left[i];
            a->left[i] -= back;
            a->back[a->back_n++] = (struct line_back){number, back};
        }
    }
    return 0;
}

static int take_return(void *arg, const struct reversal_row *row)
{
    struct asked *a = arg;
    if (row->op != REVERSE_RETURN) {
        return 0;
    }
    a->back_n = 0;
    int rc = store_reversal_lines(a->c->s, row->d, take_back, a);
    if (rc || a->back_n == 0) {
        return rc;
    }
    if (a->n == MAX_RETURNS) {
        return err_set(&a->c->err, TP_UNSUPPORTED, "goods of the sale came back more than %d times",
                       MAX_RETURNS);
    }
    struct line_back *kept = ARENA_NEW(a->c->arena, struct line_back, a->back_n);
    if (!kept) {
        return TP_E_MEMORY;
    }
    memcpy(kept, a->back, a->back_n * sizeof *kept);
    a->returns[a->n].lines.v = kept;
    a->returns[a->n++].lines.n = a->back_n;
    return 0;
}

static int read_returns(struct asked *a)
{
    struct arena *arena = a->c->arena;
    size_t n = a->part.basket.lines.n;
    a->left = ARENA_NEW(arena, int64_t, n);
    a->back = ARENA_NEW(arena, struct line_back, n);
    a->returns = ARENA_NEW(arena, struct return_made, MAX_RETURNS);
    if (!a->left || !a->back || !a->returns) {
        return TP_E_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        a->left[i] = a->part.basket.lines.v[i].quantity > 0 ? a->part.basket.lines.v[i].quantity : 0;
    }
    return store_reversals(a->c->s, a->sale.d, take_return, a);
}

/* ---- the answer ---- */

static int put_part(struct asked *a, struct buf *part)
{
    struct buf quote;
    struct recalled_part p = {
        .terminal = a->terminal, .commit = a->raw, .lines = a->lines, .returns = {a->returns, a->n}};
    buf_init(&quote, MESSAGE_MAX);
    int rc = schema_encode(&schema_quote, &a->quote, &quote, &a->c->err);
    p.quote = buf_view(&quote);
    rc = rc ? rc : schema_encode(&schema_recalled_part, &p, part, &a->c->err);
    buf_free(&quote);
    if (rc == TP_E_MEMORY && part->failed) {
        rc = err_set(&a->c->err, TP_UNSUPPORTED, "the sale is too long for an answer");
    }
    return rc;
}

static int put_answer(struct asked *a)
{
    struct call *c = a->c;
    struct recalled r = {.common = {.version = 1, .time_ms = c->now}};
    struct buf part, envelope;
    buf_init(&part, MESSAGE_MAX - ENVELOPE_MAX);
    buf_init(&envelope, ENVELOPE_MAX);
    memcpy(r.common.audience, c->a->config.id, ID_SIZE);
    memcpy(r.request, c->st->d, HASH_SIZE);
    memcpy(r.commit, a->sale.d, HASH_SIZE);
    int rc = put_part(a, &part);
    rc = rc ? rc : sha256(buf_view(&part), r.part);
    rc = rc ? rc
            : statement_sign(KIND_RECALLED, &r, bytes_str(c->a->name), &c->a->config.grant_key, &envelope,
                             NULL, &c->err);
    if (rc == 0) {
        answer_grant(c->answer, c->st->d, buf_view(&envelope), buf_view(&part));
    }
    buf_free(&part);
    buf_free(&envelope);
    return rc;
}

int recall_answer(struct call *c)
{
    struct asked a = {.c = c};
    int rc = find_sale(&a);
    rc = rc ? rc : read_sale(&a);
    rc = rc ? rc : price(&a);
    rc = rc ? rc : read_returns(&a);
    return rc ? rc : put_answer(&a);
}
