/* The parts of a price, one by one. */
#include "sale/internal.h"

/* The priced sale, with the lock held; the caller unlocks. */
static int priced(struct till *t, int64_t sale, struct sale **out, struct err *e)
{
    till_lock(t);
    int rc = sale_find(t, sale, out, e);
    return rc ? rc : price_told(t, *out, e);
}

static int beyond(struct err *e)
{
    return err_set(e, TP_E_ARGUMENT, "the index is beyond the end");
}

static void split_tax(const struct sale *s, int64_t net, int64_t tax, int64_t *without, int64_t *with)
{
    *without = s->price.tax_included ? net - tax : net;
    *with = s->price.tax_included ? net : net + tax;
}

int till_line_result(struct till *t, int64_t sale, size_t index, struct line_info *out, struct err *e)
{
    struct sale *s = NULL;
    int rc = priced(t, sale, &s, e);
    if (rc == 0 && index >= s->price.quote.lines.n) {
        rc = beyond(e);
    }
    if (rc == 0) {
        const struct quote_line *l = &s->price.quote.lines.v[index];
        *out = (struct line_info){.shares = l->shares.n,
                                  .number = l->number,
                                  .gross = l->gross,
                                  .discount = l->discount,
                                  .net = l->net,
                                  .tax = l->tax};
        split_tax(s, l->net, l->tax, &out->without_tax, &out->with_tax);
    }
    till_unlock(t);
    return rc;
}

static int find_share(const struct quote *q, size_t index, struct share_info *out, struct err *e)
{
    for (size_t i = 0; i < q->lines.n; i++) {
        const struct quote_line *l = &q->lines.v[i];
        if (index < l->shares.n) {
            const struct quote_share *share = &l->shares.v[index];
            *out = (struct share_info){(size_t)share->applied, l->number, share->discount};
            return 0;
        }
        index -= l->shares.n;
    }
    return beyond(e);
}

int till_share_result(struct till *t, int64_t sale, size_t index, struct share_info *out, struct err *e)
{
    struct sale *s = NULL;
    int rc = priced(t, sale, &s, e);
    rc = rc ? rc : find_share(&s->price.quote, index, out, e);
    till_unlock(t);
    return rc;
}

static void name_offer(const struct till *t, const uint8_t ref[REF_SIZE], int64_t version,
                       struct offer_info *out)
{
    const struct known_offer *k = replica_offer(&t->replica, ref, version);
    if (k) {
        bytes_to_cstr(k->terms.title, out->title, sizeof out->title);
        if (!out->offer[0]) {
            bytes_to_cstr(k->terms.id, out->offer, sizeof out->offer);
        }
    }
}

static int64_t presented_by(const struct sale *s, const uint8_t ref[REF_SIZE])
{
    for (size_t i = 0; i < s->presented_count; i++) {
        if (!s->presented[i]->card && memcmp(s->presented[i]->offer, ref, REF_SIZE) == 0) {
            return s->presented[i]->id;
        }
    }
    return 0;
}

static void fill_applied(const struct till *t, const struct sale *s, const struct quote_applied *a,
                         struct offer_info *out)
{
    *out = (struct offer_info){.outcome = TP_APPLIED,
                               .presentation = presented_by(s, a->ref),
                               .version = a->version,
                               .discount = a->discount,
                               .cashback = a->cashback};
    bytes_to_cstr(a->id, out->offer, sizeof out->offer);
    bytes_to_cstr(a->funder, out->funder, sizeof out->funder);
    name_offer(t, a->ref, a->version, out);
}

static void fill_refused(const struct till *t, const struct sale *s, const struct quote_refused *r,
                         struct offer_info *out)
{
    *out = (struct offer_info){.outcome = r->reason,
                               .presentation = presented_by(s, r->ref),
                               .version = r->version,
                               .missing = r->missing == NONE ? 0 : r->missing};
    bytes_to_cstr(r->id, out->offer, sizeof out->offer);
    name_offer(t, r->ref, r->version, out);
}

/* already_used, held: since when and where, as the authority told it. */
static void tell_where(const struct sale *s, const uint8_t ref[REF_SIZE], struct offer_info *out)
{
    for (size_t i = 0; i < s->learned_count; i++) {
        const struct learned *l = &s->learned[i];
        if (l->reason == out->outcome && l->at_ms != NONE && memcmp(l->offer, ref, REF_SIZE) == 0) {
            out->at_ms = l->at_ms;
            memcpy(out->at_till, l->till, sizeof out->at_till);
        }
    }
}

static int fill_offer(const struct till *t, const struct sale *s, size_t index, struct offer_info *out,
                      struct err *e)
{
    const struct quote *q = &s->price.quote;
    const struct presentation *p = NULL;
    int reason = 0;
    if (index < q->applied.n) {
        fill_applied(t, s, &q->applied.v[index], out);
        return 0;
    }
    index -= q->applied.n;
    if (index < q->refused.n) {
        fill_refused(t, s, &q->refused.v[index], out);
        tell_where(s, q->refused.v[index].ref, out);
        return 0;
    }
    index -= q->refused.n;
    if (index >= unpriced(s, index, &p, &reason)) {
        return beyond(e);
    }
    *out = (struct offer_info){.outcome = reason, .presentation = p->id};
    tell_where(s, p->offer, out);
    name_offer(t, p->offer, NONE, out);
    return 0;
}

int till_offer_result(struct till *t, int64_t sale, size_t index, struct offer_info *out, struct err *e)
{
    struct sale *s = NULL;
    int rc = priced(t, sale, &s, e);
    rc = rc ? rc : fill_offer(t, s, index, out, e);
    till_unlock(t);
    return rc;
}

int till_tax_result(struct till *t, int64_t sale, size_t index, struct tax_info *out, struct err *e)
{
    struct sale *s = NULL;
    int rc = priced(t, sale, &s, e);
    if (rc == 0 && index >= s->price.quote.taxes.n) {
        rc = beyond(e);
    }
    if (rc == 0) {
        const struct quote_tax *x = &s->price.quote.taxes.v[index];
        *out = (struct tax_info){.rate = x->rate, .tax = x->tax};
        split_tax(s, x->net, x->tax, &out->without_tax, &out->with_tax);
    }
    till_unlock(t);
    return rc;
}
