/* A paid sale becomes a record. It is never refused: what was not granted is the authority's to book. */
#include "sale/internal.h"

static const struct presentation *coupon_for(const struct sale *s, const uint8_t ref[REF_SIZE])
{
    for (size_t i = 0; i < s->presented_count; i++) {
        if (!s->presented[i]->card && memcmp(s->presented[i]->offer, ref, REF_SIZE) == 0) {
            return s->presented[i];
        }
    }
    return NULL;
}

static int64_t card_place(const struct sale *s, const uint8_t handle[HASH_SIZE])
{
    int64_t n = 0;
    for (size_t i = 0; i < s->presented_count; i++) {
        if (s->presented[i]->card) {
            if (memcmp(s->presented[i]->handle, handle, HASH_SIZE) == 0) {
                return n;
            }
            n++;
        }
    }
    return NONE;
}

static int64_t card_for(const struct sale *s, const uint8_t ref[REF_SIZE])
{
    for (size_t i = 0; i < s->learned_count; i++) {
        if (s->learned[i].card && memcmp(s->learned[i].offer, ref, REF_SIZE) == 0) {
            return card_place(s, s->learned[i].handle);
        }
    }
    return NONE;
}

/* By a grant: exactly what its verdict names. */
static void by_verdict(const struct sale *s, struct redemption *r)
{
    const struct grant *g = &s->granted->grant;
    for (size_t i = 0; i < g->verdicts.n; i++) {
        const struct verdict *v = &g->verdicts.v[i];
        if (v->reason || memcmp(v->offer, r->offer, REF_SIZE) != 0) {
            continue;
        }
        r->grant = v->number;
        if (v->card != NONE) {
            r->card = v->card;
            r->coupon = (struct bytes){0};
        }
        return;
    }
}

static size_t redemptions(const struct till *t, const struct sale *s, struct redemption out[MAX_REDEMPTIONS])
{
    const struct quote *q = &s->price.quote;
    size_t n = 0;
    for (size_t i = 0; i < q->applied.n && n < MAX_REDEMPTIONS; i++) {
        const struct quote_applied *a = &q->applied.v[i];
        struct redemption r = {.version = a->version,
                               .card = NONE,
                               .grant = NONE,
                               .basis = a->basis,
                               .discount = a->discount,
                               .cashback = a->cashback};
        memcpy(r.offer, a->ref, REF_SIZE);
        const struct presentation *p = coupon_for(s, a->ref);
        if (p) {
            r.coupon = bytes_of(p->raw, p->n);
        } else {
            r.card = card_for(s, a->ref);
        }
        int64_t lease = lease_spent_by(t, s, a->ref);
        if (s->granted) {
            by_verdict(s, &r);
        } else if (lease) {
            r.grant = lease;
        }
        out[n++] = r;
    }
    return n;
}

struct parts {
    struct buf lines, person;
};

/* With a grant, the very lines that the authority priced. */
static int make_parts(struct till *t, const struct sale *s, struct commit *c, struct parts *p, struct err *e)
{
    int rc = 0;
    if (s->granted) {
        buf_put(&p->lines, s->granted->lines.p, s->granted->lines.n);
        memcpy(c->lines, s->granted->lines_hash, HASH_SIZE);
        rc = p->lines.failed ? err_code(e, TP_E_MEMORY) : 0;
    } else {
        struct basket basket;
        sale_basket(t, s, c->common.time_ms, &basket);
        rc = lines_part_put(&basket, &p->lines, c->lines, e);
    }
    return rc ? rc : person_part_put(s, true, &p->person, c->person, e);
}

static void fill(const struct till *t, const struct sale *s, struct commit *c)
{
    const struct quote *q = &s->price.quote;
    memcpy(c->sale, s->uuid, ID_SIZE);
    c->rev = s->granted ? s->granted->grant.rev : s->rev;
    c->policy = s->granted ? s->granted->grant.policy : t->replica.policy.version;
    c->currency = bytes_str(s->currency);
    c->gross = q->gross;
    c->discount = q->discount;
    c->net = q->net;
    c->tax = q->tax;
    c->due = q->due;
    c->cashback = q->cashback;
    if (s->granted) {
        c->grant = s->granted->raw;
    }
}

static void finish(struct sale *s, const struct journal_sale *row, const uint8_t d[HASH_SIZE],
                   struct buf *text)
{
    s->state = SALE_COMMITTED;
    s->binding = row->binding;
    s->seq = row->seq;
    s->redemptions = row->redemptions;
    memcpy(s->receipt, row->receipt, sizeof s->receipt);
    memcpy(s->commit, d, HASH_SIZE);
    s->stored = !s->training;
    s->hold_reason = 0;
    s->reserved = false;
    granted_free(s->granted);
    s->granted = NULL;
    s->edition++;
    buf_free(&s->text);
    s->text = *text;
    *text = (struct buf){0};
}

static int record(struct till *t, struct sale *s, struct commit *c, struct journal_sale *row,
                  uint8_t d[HASH_SIZE], struct err *e)
{
    struct parts parts;
    struct buf quote;
    buf_init(&parts.lines, PART_MAX);
    buf_init(&parts.person, PART_MAX);
    buf_init(&quote, MESSAGE_MAX);
    int rc = record_begin(t, &c->chain, &c->common, e);
    fill(t, s, c);
    rc = rc ? rc : make_parts(t, s, c, &parts, e);
    rc = rc ? rc : schema_encode(&schema_quote, &s->price.quote, &quote, e);
    row->seq = c->chain.seq;
    row->quote = buf_view(&quote);
    rc = rc ? rc : record_add(t, KIND_COMMIT, c, buf_view(&parts.lines), buf_view(&parts.person), row, d, e);
    buf_free(&parts.lines);
    buf_free(&parts.person);
    buf_free(&quote);
    return rc > 0 ? TP_E_ARGUMENT : rc;
}

static int commit_priced(struct till *t, struct sale *s, struct bytes receipt, const struct tender *tenders,
                         size_t n, struct err *e)
{
    struct redemption list[MAX_REDEMPTIONS];
    struct journal_decision decided[TABLE_MAX];
    struct commit c = {0};
    struct journal_sale row;
    struct buf text;
    struct unheld unheld = {0};
    bool alone = false;
    uint8_t d[HASH_SIZE] = {0};
    c.tenders.v = tenders;
    c.tenders.n = n;
    c.redemptions.v = list;
    c.redemptions.n = redemptions(t, s, list);
    sale_row(s, &row);
    row.state = SALE_COMMITTED;
    row.binding = s->granted != NULL;
    if (s->granted && granted_alive(t, s)) {
        row.urgent_until_ms = till_now(t, NULL) + s->granted->until_boot - clock_boot(t->clock);
    }
    row.redemptions = (int64_t)c.redemptions.n;
    if (!s->refund) {
        row.decided = decided;
        row.decided_count = decisions(t, s, decided);
    }
    bytes_to_cstr(receipt, row.receipt, sizeof row.receipt);
    buf_init(&text, TEXT_MAX);
    int rc = alone_unheld(t, s, decided, &unheld, &alone, e);
    c.unheld = alone ? &unheld : NULL;
    rc = rc ? rc : text_put(t, s, &text, e);
    row.text = buf_view(&text);
    if (rc == 0 && !s->training) {
        rc = s->refund ? refund_record(t, s, tenders, n, &row, d, e) : record(t, s, &c, &row, d, e);
    }
    if (rc == 0 && !s->training && s->granted && granted_alive(t, s)) {
        outbox_hurry(t, d, s->granted->until_boot);
    }
    if (rc == 0) {
        finish(s, &row, d, &text);
    }
    buf_free(&text);
    return rc;
}

static int check_tenders(const struct tender *v, size_t n, struct err *e)
{
    if (n > MAX_TENDERS) {
        return err_set(e, TP_E_ARGUMENT, "a sale has at most %d tenders", MAX_TENDERS);
    }
    for (size_t i = 0; i < n; i++) {
        bool good =
            v[i].kind.n >= 1 && v[i].kind.n <= 16 && v[i].amount >= -AMOUNT_MAX && v[i].amount <= AMOUNT_MAX;
        for (size_t k = 0; good && k < v[i].kind.n; k++) {
            uint8_t c = v[i].kind.p[k];
            good = c == '_' || (c >= 'a' && c <= 'z');
        }
        if (!good) {
            return err_set(e, TP_E_ARGUMENT, "tender %zu: its kind or amount is out of range", i + 1);
        }
    }
    return 0;
}

static void fill_info(const struct sale *s, struct commit_info *out)
{
    *out = (struct commit_info){
        .outcome = s->state == SALE_VOIDED ? TP_VOIDED : TP_COMMITTED,
        .binding = s->binding,
        .redemptions = s->redemptions,
        .due = s->price.quote.due,
        .seq = s->seq,
        .training = s->training,
    };
    memcpy(out->d, s->commit, HASH_SIZE);
}

int till_commit(struct till *t, int64_t sale, struct bytes receipt, const struct tender *tenders, size_t n,
                struct commit_info *out, struct err *e)
{
    int rc = check_tenders(tenders, n, e);
    if (rc == 0 && (receipt.n > REFERENCE_MAX || !bytes_utf8(receipt))) {
        rc = err_set(e, TP_E_ARGUMENT, "a receipt's number has at most %d bytes", REFERENCE_MAX);
    }
    if (rc) {
        return rc;
    }
    till_lock(t);
    struct sale *s = NULL;
    rc = sale_find(t, sale, &s, e);
    if (rc == 0 && s->state == SALE_OPEN) {
        rc = sale_change(t, sale, &s, e);
        rc = rc ? rc : price_now(t, s, e);
        if (rc > 0) {
            rc = err_set(e, TP_E_STATE, "the sale has no price: %s", code_sentence(rc));
        }
        rc = rc ? rc : commit_priced(t, s, receipt, tenders, n, e);
    }
    if (rc == 0) {
        fill_info(s, out);
    }
    till_unlock(t);
    return rc;
}
