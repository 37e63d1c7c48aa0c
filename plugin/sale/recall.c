/*
 * A sale of another till, or what other tills took back of this one's: asked for at the authority, because
 * goods come back. Nothing of the answer is used before all of it was checked.
 */
#include "sale/internal.h"

#include "wire/hash.h"

#include <stdlib.h>

enum { RECALL_RETRY_MOST_MS = 1000 };

void sold_sale_free(struct sold_sale *r)
{
    if (r) {
        arena_reset(&r->arena);
        free(r);
    }
}

/* ---- the answer ---- */

/* The authority's own word on this very request. */
static int check_answer(struct till *t, const struct ask *a, const struct statement *st, struct bytes part,
                        struct err *e)
{
    const struct stage none = {0};
    const struct recalled *r = &st->payload.recalled;
    uint8_t hash[HASH_SIZE];
    if (st->kind != KIND_RECALLED) {
        return err_set(e, TP_E_UNTRUSTED, "the answer is not a recalled sale");
    }
    int rc = stage_verify(&none, &t->replica, &t->who, st, e);
    if (rc) {
        return rc;
    }
    if (memcmp(r->request, a->d, HASH_SIZE) != 0) {
        return err_set(e, TP_E_UNTRUSTED, "the sale was recalled for another request");
    }
    if (sha256(part, hash)) {
        return err_code(e, TP_E_CRYPTO);
    }
    return secret_equal(hash, r->part, HASH_SIZE)
               ? 0
               : err_set(e, TP_E_UNTRUSTED, "what follows is not what the authority signed for");
}

/* The till whose sale it is was enrolled by the merchant with the key that signed the commit. */
static int check_commit(struct till *t, const struct recalled_part *p, struct sold_sale *r, struct err *e)
{
    const struct trusted_key *by = NULL;
    struct statement terminal;
    struct cose_key key = {0};
    int rc = statement_parse(p->terminal, &r->arena, &terminal, e);
    rc = rc ? rc : statement_parse(p->commit, &r->arena, &r->st, e);
    if (rc) {
        return rc;
    }
    const struct commit *m = &r->st.payload.commit;
    const struct terminal *at = &terminal.payload.terminal;
    if (terminal.kind != KIND_TERMINAL || r->st.kind != KIND_COMMIT ||
        memcmp(at->common.audience, t->who.authority, ID_SIZE) != 0 ||
        memcmp(m->common.audience, t->who.authority, ID_SIZE) != 0 || !bytes_equal(r->st.iss, at->till) ||
        m->chain.epoch != at->epoch) {
        return err_set(e, TP_E_UNTRUSTED, "the sale is not one of a till of this shop");
    }
    rc = trust_verify(&t->replica.trust, &terminal, NONE, &by, e);
    rc = rc ? rc : cose_key_decode(at->cose_key, &key);
    rc = rc ? rc : statement_verify(&r->st, &key);
    cose_key_free(&key);
    if (rc) {
        return err_set(e, TP_E_UNTRUSTED, "the sale was not signed by a till of this shop");
    }
    r->st.lines = p->lines;
    return statement_check_parts(&r->st, e);
}

static bool same_redemption(const struct redemption *r, const struct quote_applied *p)
{
    return memcmp(r->offer, p->ref, REF_SIZE) == 0 && r->version == p->version && r->basis == p->basis &&
           r->discount == p->discount && r->cashback == p->cashback;
}

/* The price, line by line, adds up to what the till had signed. */
static int check_price(const struct sold_sale *r, struct err *e)
{
    const struct commit *m = &r->st.payload.commit;
    const struct quote *q = &r->quote;
    bool same = m->gross == q->gross && m->discount == q->discount && m->net == q->net && m->tax == q->tax &&
                m->due == q->due && m->cashback == q->cashback && m->redemptions.n == q->applied.n &&
                q->lines.n == r->part.basket.lines.n && bytes_equal(m->currency, r->part.basket.currency) &&
                bytes_equal(m->currency, q->currency);
    for (size_t i = 0; same && i < q->applied.n; i++) {
        same = same_redemption(&m->redemptions.v[i], &q->applied.v[i]);
    }
    int64_t gross = 0, net = 0, tax = 0;
    for (size_t i = 0; same && i < q->lines.n; i++) {
        const struct quote_line *line = &q->lines.v[i];
        same = line->number == r->part.basket.lines.v[i].number;
        gross += line->gross;
        net += line->net;
        tax += line->tax;
        for (size_t k = 0; same && k < line->shares.n; k++) {
            same = line->shares.v[k].applied < (int64_t)q->applied.n;
        }
    }
    same = same && gross == q->gross && net == q->net && tax == q->tax;
    return same ? 0 : err_set(e, TP_E_MALFORMED, "the price is not that of the sale");
}

static int decode(struct bytes raw, struct sold_sale *r, struct recalled_part *p, struct err *e)
{
    struct bytes kept = arena_copy(&r->arena, raw);
    if (!kept.p) {
        return err_code(e, TP_E_MEMORY);
    }
    return schema_decode(&schema_recalled_part, kept, &r->arena, p, e);
}

static int read_answer(struct till *t, const struct ask *a, const struct answer *answer, struct sold_sale *r,
                       struct err *e)
{
    struct statement st;
    struct recalled_part p;
    int rc = statement_parse(answer->statement, &r->arena, &st, e);
    rc = rc ? rc : check_answer(t, a, &st, answer->quote, e);
    rc = rc ? rc : decode(answer->quote, r, &p, e);
    rc = rc ? rc : check_commit(t, &p, r, e);
    if (rc == 0 && (memcmp(r->st.d, st.payload.recalled.commit, HASH_SIZE) != 0 ||
                    (a->by_id && memcmp(r->st.payload.commit.sale, a->uuid, ID_SIZE) != 0))) {
        rc = err_set(e, TP_E_UNTRUSTED, "the answer is another sale");
    }
    rc = rc ? rc : schema_decode(&schema_lines_part, p.lines, &r->arena, &r->part, e);
    rc = rc ? rc : schema_decode(&schema_quote, p.quote, &r->arena, &r->quote, e);
    rc = rc ? rc : check_price(r, e);
    return rc ? rc : refund_replay(t, r, p.returns.v, p.returns.n, e);
}

/* False: it is as if nothing had come. */
static bool take_reply(struct till *t, struct ask *a, struct bytes reply)
{
    struct answer answer;
    if (first_answer(reply, a->d, &answer, &a->err)) {
        return false;
    }
    if (answer.kind == ANSWER_PROBLEM && answer.reason > 0) {
        ask_end(t, a, answer.reason);
        return true;
    }
    struct sold_sale *r = answer.kind == ANSWER_GRANT ? calloc(1, sizeof *r) : NULL;
    if (!r) {
        return false;
    }
    arena_init(&r->arena, ITEM_MEMORY);
    if (read_answer(t, a, &answer, r, &a->err)) {
        sold_sale_free(r);
        return false;
    }
    a->sold = r;
    ask_end(t, a, 0);
    return true;
}

/* ---- the request ---- */

static int build(struct till *t, struct ask *a)
{
    struct recall q = {.head = t->head, .checkpoint = t->seen.size ? &t->seen : NULL};
    uint8_t id[ID_SIZE];
    till_common(t, &q.common, request_time(t));
    if (a->by_id) {
        q.sale = bytes_of(a->uuid, ID_SIZE);
    } else if (hex_decode(bytes_str(a->original), id, ID_SIZE)) {
        q.sale = bytes_of(id, ID_SIZE);
    }
    buf_reset(&a->message);
    a->returns = t->returns;
    int rc = random_bytes(q.id, ID_SIZE);
    rc = rc ? rc : reference_handle(t->card_key, bytes_str(a->original), q.reference);
    return rc ? err_code(&a->err, rc)
              : statement_sign(KIND_RECALL, &q, bytes_str(t->who.name), &t->key, &a->message, a->d, &a->err);
}

/* First the news, for the offers of the sale must be known; then what this till did itself, for the answer
 * must count it. */
static int prepare(struct till *t, struct ask *a)
{
    sync_run(t);
    send_backlog(t);
    if (t->behind) {
        return err_code(&a->err, TP_E_BEHIND);
    }
    if (a->abandoned || !t->synced || t->replica.policy.version == 0 || !t->has_card_key ||
        t->counts.unsent) {
        return TP_OFFLINE;
    }
    return build(t, a);
}

void recall_run(struct till *t, struct ask *a)
{
    struct buf reply;
    buf_init(&reply, REPLY_MAX);
    a->attempts++;
    a->flying = true;
    a->err = (struct err){0};
    int rc = prepare(t, a);
    rc = rc ? rc : worker_call(t, buf_view(&a->message), &reply, &a->err);
    a->flying = false;
    if (a->abandoned || rc < 0) {
        ask_end(t, a, rc < 0 ? rc : TP_OFFLINE);
    } else if (rc || !take_reply(t, a, buf_view(&reply))) {
        ask_later(a, RECALL_RETRY_MOST_MS);
    }
    buf_free(&reply);
}

/* ---- the caller's side ---- */

static int wait_for(struct till *t, struct ask *a, int64_t until, struct sold_sale **out, struct err *e)
{
    bool in_time = true;
    while (!a->done && in_time) {
        in_time = till_wait(t, until);
    }
    if (!a->done) {
        a->abandoned = true;
        if (!a->flying) {
            ask_unlink(t, a);
            ask_free(a);
        }
        return TP_OFFLINE;
    }
    int rc = a->reason;
    if (rc < 0) {
        err_set(e, rc, "%s", a->err.code ? a->err.text : code_sentence(rc));
    }
    /* Goods came back here while the answer was on its way: it does not count them. */
    bool late = rc == 0 && a->returns != t->returns;
    if (rc == 0 && !late) {
        *out = a->sold;
        a->sold = NULL;
    }
    ask_free(a);
    return late ? TP_STALE : rc;
}

int recall_ask(struct till *t, struct bytes original, const uint8_t *uuid, struct sale *s, int64_t until,
               struct sold_sale **out, struct err *e)
{
    int rc = TP_STALE;
    while (rc == TP_STALE) {
        struct ask *a = calloc(1, sizeof *a);
        if (!a) {
            return err_code(e, TP_E_MEMORY);
        }
        a->recall = true;
        a->by_id = uuid != NULL;
        if (uuid) {
            memcpy(a->uuid, uuid, ID_SIZE);
        }
        bytes_to_cstr(original, a->original, sizeof a->original);
        buf_init(&a->message, ENVELOPE_MAX);
        buf_init(&a->lines, 1);
        if (s) {
            s->asking = a;
        }
        ask_add(t, a);
        rc = wait_for(t, a, until, out, e);
        if (s) {
            s->asking = NULL;
        }
    }
    return rc;
}
