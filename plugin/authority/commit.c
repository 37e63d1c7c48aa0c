/* A commit becomes a sale and its redemptions. A paid sale is never refused: what does not stand is booked.
 */
#include "authority/internal.h"

/* The grant that the commit embeds, when it is ours, for this sale, and had not ended. */
static bool read_grant(struct call *c, struct statement *grant)
{
    const struct commit *m = &c->st->payload.commit;
    const struct trusted_key *by = NULL;
    if (!m->grant.p || statement_parse(m->grant, c->arena, grant, NULL) != 0 || grant->kind != KIND_GRANT ||
        trust_verify(&c->a->trust, grant, NONE, &by, NULL) != 0) {
        return false;
    }
    const struct grant *g = &grant->payload.grant;
    return bytes_is(g->till, c->by) && memcmp(g->sale, m->sale, ID_SIZE) == 0 &&
           memcmp(g->common.audience, c->a->config.id, ID_SIZE) == 0 &&
           m->common.time_ms < g->common.time_ms + g->ttl_ms;
}

static void take_grant(const struct grant *g, const struct redemption *r, struct redemption_row *row)
{
    for (size_t i = 0; g && i < g->verdicts.n; i++) {
        const struct verdict *v = &g->verdicts.v[i];
        bool same =
            v->number == r->grant && v->reason == 0 && memcmp(v->offer, r->offer, REF_SIZE) == 0 &&
            (row->batch != NONE ? v->batch == row->batch && v->index == row->index : v->card == r->card);
        if (same && r->grant != NONE) {
            row->grant = v->number;
            row->granted = v->discount + v->cashback;
        }
    }
}

/* A coupon that is not one of ours takes part in no contest: its row keeps why, and no batch. */
static int take_coupon(struct call *c, const struct redemption *r, struct redemption_row *row)
{
    struct coupon coupon;
    struct batch_row batch;
    int why = TP_BAD_SIGNATURE;
    if (coupon_parse(r->coupon, &coupon) == 0) {
        why = lookup_coupon(c, &coupon, &batch);
        if (why == 0 && memcmp(coupon.offer, r->offer, REF_SIZE) != 0) {
            why = TP_UNKNOWN_OFFER;
        }
    }
    if (why < 0) {
        return why;
    }
    if (why > 0) {
        row->outcome = why;
        row->conflict = r->discount + r->cashback;
        return 0;
    }
    row->batch = coupon.batch;
    row->index = coupon.index;
    memcpy(row->channel, batch.channel, sizeof row->channel);
    memcpy(row->campaign, batch.campaign, sizeof row->campaign);
    return 0;
}

static int put_redemption(struct call *c, size_t place, const struct grant *g,
                          const struct person_part *person)
{
    const struct redemption *r = &c->st->payload.commit.redemptions.v[place];
    struct redemption_row row = {.place = (int64_t)place,
                                 .version = r->version,
                                 .batch = NONE,
                                 .index = NONE,
                                 .grant = NONE,
                                 .basis = r->basis,
                                 .discount = r->discount,
                                 .cashback = r->cashback,
                                 .outcome = OUTCOME_NEW,
                                 .slot = NONE};
    memcpy(row.d, c->st->d, HASH_SIZE);
    memcpy(row.offer, r->offer, REF_SIZE);
    if (r->coupon.p) {
        int rc = take_coupon(c, r, &row);
        if (rc) {
            return rc;
        }
    } else if (r->card != NONE && (size_t)r->card < person->cards.n) {
        row.has_card = true;
        memcpy(row.card, person->cards.v[r->card].p, HASH_SIZE);
    } else {
        row.outcome = TP_NOT_LINKED;
        row.conflict = r->discount + r->cashback;
    }
    take_grant(g, r, &row);
    if (row.batch != NONE && row.grant == NONE) {
        int rc = alone_allows(c, r, &row.granted);
        if (rc) {
            return rc;
        }
    }
    return store_redemption_put(c->s, &row);
}

static int put_sale(struct call *c)
{
    const struct commit *m = &c->st->payload.commit;
    struct till_row till;
    struct sale_row row = {.epoch = m->chain.epoch,
                           .seq = m->chain.seq,
                           .time_ms = m->common.time_ms,
                           .rev = m->rev,
                           .gross = m->gross,
                           .discount = m->discount,
                           .net = m->net,
                           .tax = m->tax,
                           .due = m->due,
                           .cashback = m->cashback};
    int rc = store_till(c->s, bytes_str(c->by), &till);
    if (rc) {
        return rc;
    }
    memcpy(row.d, c->st->d, HASH_SIZE);
    memcpy(row.sale, m->sale, ID_SIZE);
    memcpy(row.till, till.name, sizeof row.till);
    memcpy(row.store, till.store, sizeof row.store);
    COPY_TEXT(row.currency, m->currency);
    rc = store_voided(c->s, c->st->d, till.name, &row.voided);
    return rc ? rc : store_sale_put(c->s, &row);
}

static int finish(struct call *c)
{
    const struct commit *m = &c->st->payload.commit;
    struct rev_row rev;
    int rc = store_rev(c->s, m->sale, &rev);
    if (rc) {
        return rc;
    }
    rev.rev = rev.rev > m->rev ? rev.rev : m->rev;
    rev.finished = true;
    rc = store_rev_put(c->s, m->sale, &rev);
    return rc ? rc : store_reservations_drop(c->s, m->sale);
}

int commit_project(struct call *c)
{
    const struct commit *m = &c->st->payload.commit;
    struct statement grant;
    struct person_part person;
    int rc = chain_take(c, &m->chain);
    if (rc || (rc = lookup_person(c, &person)) || (rc = put_sale(c))) {
        return rc;
    }
    const struct grant *g = read_grant(c, &grant) ? &grant.payload.grant : NULL;
    for (size_t i = 0; i < m->redemptions.n && rc == 0; i++) {
        rc = put_redemption(c, i, g, &person);
    }
    if (rc || (rc = finish(c))) {
        return rc;
    }
    return rank_commit(c, c->st->d);
}
