/* A grant: who signed it, what it answers, and that its quote is the one it signed for. */
#include "sale/internal.h"

#include "wire/hash.h"

#include <stdlib.h>

enum { GRANT_MEMORY = 8 * 1024 * 1024 };

void granted_free(struct granted *g)
{
    if (g) {
        arena_reset(&g->arena);
        free(g);
    }
}

bool granted_alive(struct till *t, const struct sale *s)
{
    return s->granted && s->state == SALE_OPEN && clock_boot(t->clock) < s->granted->until_boot;
}

static int check(struct till *t, const struct sale *s, const struct ask *a, const struct statement *st,
                 struct bytes quote, struct err *e)
{
    const struct stage none = {0};
    const struct grant *g = &st->payload.grant;
    uint8_t hash[HASH_SIZE];
    if (st->kind != KIND_GRANT) {
        return err_set(e, TP_E_UNTRUSTED, "the answer is not a grant");
    }
    int rc = stage_verify(&none, &t->replica, &t->who, st, e);
    if (rc) {
        return rc;
    }
    if (memcmp(g->request, a->d, HASH_SIZE) != 0 || memcmp(g->sale, s->uuid, ID_SIZE) != 0 ||
        g->rev != a->rev || !bytes_is(g->till, t->who.name)) {
        return err_set(e, TP_E_UNTRUSTED, "the grant is for another hold");
    }
    if (sha256(quote, hash)) {
        return err_code(e, TP_E_CRYPTO);
    }
    if (!secret_equal(hash, g->quote, HASH_SIZE)) {
        return err_set(e, TP_E_UNTRUSTED, "the quote is not the one that was granted");
    }
    return st->raw.n <= GRANT_MAX ? 0 : err_set(e, TP_E_MALFORMED, "the grant is too long for a commit");
}

static const struct presentation *card_at(const struct sale *s, int64_t place)
{
    int64_t n = 0;
    for (size_t i = 0; i < s->presented_count; i++) {
        if (s->presented[i]->card && n++ == place) {
            return s->presented[i];
        }
    }
    return NULL;
}

static bool has_verdict(const struct grant *g, const uint8_t ref[REF_SIZE])
{
    for (size_t i = 0; i < g->verdicts.n; i++) {
        if (memcmp(g->verdicts.v[i].offer, ref, REF_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Automatic offers that do not apply have no verdict: the quote says why. */
static void learn_automatic(struct sale *s, const struct grant *g, const struct quote *q)
{
    for (size_t i = 0; i < q->refused.n && s->learned_count < LEARNED_MAX; i++) {
        const struct quote_refused *r = &q->refused.v[i];
        if (is_standing(r->reason) && !has_verdict(g, r->ref)) {
            struct learned *l = &s->learned[s->learned_count++];
            *l = (struct learned){.automatic = true,
                                  .version = r->version,
                                  .batch = NONE,
                                  .index = NONE,
                                  .reason = r->reason,
                                  .at_ms = NONE};
            memcpy(l->offer, r->ref, REF_SIZE);
        }
    }
}

/* What the authority said of each coupon and card outlives the grant, for the provisional prices that follow.
 */
static void learn(struct sale *s, const struct grant *g, const struct quote *q)
{
    s->learned_count = 0;
    for (size_t i = 0; i < g->verdicts.n && s->learned_count < LEARNED_MAX; i++) {
        const struct verdict *v = &g->verdicts.v[i];
        struct learned l = {.version = v->version,
                            .batch = v->batch,
                            .index = v->index,
                            .reason = v->reason,
                            .at_ms = v->at_ms};
        memcpy(l.offer, v->offer, REF_SIZE);
        bytes_to_cstr(v->till, l.till, sizeof l.till);
        if (v->card != NONE) {
            const struct presentation *p = card_at(s, v->card);
            if (!p) {
                continue;
            }
            l.card = true;
            memcpy(l.handle, p->handle, HASH_SIZE);
        }
        l.automatic = v->card == NONE && v->batch == NONE;
        s->learned[s->learned_count++] = l;
    }
    learn_automatic(s, g, q);
}

/* The binding quote is of this basket: its lines in their order, and no offer that nobody presented. */
static int check_quote(const struct sale *s, const struct grant *g, const struct quote *q, struct err *e)
{
    bool same = bytes_is(q->currency, s->currency) && q->lines.n == s->line_count;
    for (size_t i = 0; same && i < q->lines.n; i++) {
        same = q->lines.v[i].number == s->lines[i].number;
        for (size_t k = 0; same && k < q->lines.v[i].shares.n; k++) {
            same = q->lines.v[i].shares.v[k].applied < (int64_t)q->applied.n;
        }
    }
    for (size_t i = 0; same && i < q->applied.n; i++) {
        bool granted = false;
        for (size_t k = 0; k < g->verdicts.n; k++) {
            const struct verdict *v = &g->verdicts.v[k];
            granted = granted || (v->reason == 0 && memcmp(v->offer, q->applied.v[i].ref, REF_SIZE) == 0);
        }
        same = granted;
    }
    return same ? 0 : err_set(e, TP_E_MALFORMED, "the quote does not fit the sale");
}

static int keep(struct granted *g, const struct ask *a, const struct answer *answer, struct statement *st,
                struct err *e)
{
    g->raw = arena_copy(&g->arena, answer->statement);
    g->lines = arena_copy(&g->arena, buf_view(&a->lines));
    if (!g->raw.p || !g->lines.p) {
        return err_code(e, TP_E_MEMORY);
    }
    return statement_parse(g->raw, &g->arena, st, e);
}

static void bind(struct sale *s, struct granted *g, struct price *price)
{
    sale_touched(s);
    s->price = *price;
    s->granted = g;
    s->reserved = true;
    s->alone = 0;
    learn(s, &g->grant, &price->quote);
}

int grant_take(struct till *t, struct sale *s, struct ask *a, const struct answer *answer, struct err *e)
{
    struct granted *g = calloc(1, sizeof *g);
    struct statement st;
    if (!g) {
        return err_code(e, TP_E_MEMORY);
    }
    struct price price = {.known = true, .tax_included = a->tax_included};
    arena_init(&g->arena, GRANT_MEMORY);
    arena_init(&price.arena, ITEM_MEMORY);
    /* The price outlives the grant, so the bytes that its texts point into are its own. */
    struct bytes quote = arena_copy(&price.arena, answer->quote);
    int rc = quote.p ? keep(g, a, answer, &st, e) : err_code(e, TP_E_MEMORY);
    rc = rc ? rc : check(t, s, a, &st, quote, e);
    rc = rc ? rc : schema_decode(&schema_quote, quote, &price.arena, &price.quote, e);
    if (rc == 0) {
        g->grant = st.payload.grant;
        rc = check_quote(s, &g->grant, &price.quote, e);
        rc = rc ? rc : pickups_check(s, a, &g->grant, e);
    }
    /* The customer was told a price, and is paying it. */
    if (rc == 0 && a->renewal && memcmp(g->grant.quote, s->granted->grant.quote, HASH_SIZE) != 0) {
        rc = err_code(e, TP_EXPIRED);
    }
    if (rc) {
        arena_reset(&price.arena);
        granted_free(g);
        return rc;
    }
    memcpy(g->lines_hash, a->lines_hash, HASH_SIZE);
    g->tax_included = a->tax_included;
    /* Counted from the first sending: never longer than by the authority's clock. */
    g->until_boot = a->sent_boot + g->grant.ttl_ms;
    g->renew_boot = a->sent_boot + g->grant.ttl_ms / 2;
    if (!a->renewal) {
        s->first_hold_boot = a->sent_boot;
        s->renewal_over = false;
    }
    pickups_take(s, a, &g->grant);
    bind(s, g, &price);
    a->edition = s->edition;
    return 0;
}
