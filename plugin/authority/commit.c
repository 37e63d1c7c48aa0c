/* A commit becomes a sale and its redemptions. A paid sale is never refused: what does not stand is booked.
 */
#include "authority/internal.h"
#include "store/holds.h"
#include "store/reversals.h"

#include "offer/price.h"

/* The grant that the commit embeds, when it is ours, for this sale, and had not ended; else NULL. What could
 * not be checked is a fault, and no answer: the outcome is a function of the records alone. */
static int read_grant(struct call *c, struct statement *grant, const struct grant **out)
{
    const struct commit *m = &c->st->payload.commit;
    const struct trusted_key *by = NULL;
    *out = NULL;
    int rc = m->grant.p ? statement_parse(m->grant, c->arena, grant, NULL) : TP_E_MALFORMED;
    if (rc == 0 && grant->kind == KIND_GRANT) {
        rc = trust_verify(&c->a->trust, grant, NONE, &by, NULL);
    }
    if (rc == TP_E_MEMORY || rc == TP_E_CRYPTO) {
        return rc;
    }
    const struct grant *g = by ? &grant->payload.grant : NULL;
    if (g && bytes_is(g->till, c->by) && memcmp(g->sale, m->sale, ID_SIZE) == 0 &&
        memcmp(g->common.audience, c->a->config.id, ID_SIZE) == 0 &&
        m->common.time_ms < g->common.time_ms + g->ttl_ms) {
        *out = g;
    }
    return 0;
}

/* What was decided of one before its person was erased. */
static int take_residue(struct call *c, struct redemption_row *row)
{
    struct residue residue = {0};
    if (c->residue.n == 0) {
        return 0;
    }
    int rc = schema_decode(&schema_residue, c->residue, c->arena, &residue, NULL);
    for (size_t i = 0; i < residue.redemptions.n && rc == 0; i++) {
        const struct residue_row *r = &residue.redemptions.v[i];
        if (r->place == row->place) {
            row->frozen = r->reason;
            COPY_TEXT(row->channel, r->channel);
            COPY_TEXT(row->campaign, r->campaign);
        }
    }
    return rc == TP_E_MEMORY ? rc : rc ? TP_E_CORRUPT : 0;
}

/* A redemption on its way into its row. */
struct taking {
    const struct redemption *r;
    struct redemption_row row;
    bool gs1;
    struct gs1_coupon coupon; /* where gs1 */
};

/* One GS1 coupon's grant is no other's: it names the serial. */
static bool serial_granted(const struct grant *g, const struct taking *t)
{
    bool granted = !t->coupon.serial[0];
    for (size_t i = 0; i < g->gs1.n; i++) {
        granted =
            granted || (g->gs1.v[i].number == t->r->grant && bytes_is(g->gs1.v[i].serial, t->coupon.serial));
    }
    return granted;
}

static bool same_presented(const struct grant *g, const struct verdict *v, const struct taking *t)
{
    if (t->gs1) {
        return v->batch == NONE && v->card == NONE && serial_granted(g, t);
    }
    return t->row.batch != NONE ? v->batch == t->row.batch && v->index == t->row.index
                                : v->card == t->r->card;
}

static void take_grant(const struct grant *g, struct taking *t)
{
    const struct redemption *r = t->r;
    struct redemption_row *row = &t->row;
    for (size_t i = 0; g && i < g->verdicts.n; i++) {
        const struct verdict *v = &g->verdicts.v[i];
        bool same = v->number == r->grant && v->reason == 0 && memcmp(v->offer, r->offer, REF_SIZE) == 0 &&
                    same_presented(g, v, t);
        if (same && r->grant != NONE) {
            row->grant = v->number;
            row->granted = v->discount + v->cashback;
        }
    }
}

static void take_none(struct taking *t, int why)
{
    t->row.stage = -why;
    t->row.barred = why;
}

/* Nobody gave it out through a channel of ours: `gs1` stands for all of them. */
static int take_gs1(struct call *c, struct taking *t)
{
    struct offer offer;
    int why = lookup_gs1(c, t->r->offer, t->r->version, &t->coupon, &offer);
    if (why > 0) {
        take_none(t, why);
    }
    if (why) {
        return why < 0 ? why : 0;
    }
    gs1_numbers(&t->coupon, &t->row.batch, &t->row.index);
    COPY_TEXT(t->row.channel, bytes_str("gs1"));
    return 0;
}

/* A coupon that is not one of ours takes part in no contest: its row keeps why, and no batch. */
static int take_coupon(struct call *c, struct taking *t)
{
    const struct redemption *r = t->r;
    struct redemption_row *row = &t->row;
    struct coupon coupon;
    struct batch_row batch;
    int why = TP_BAD_SIGNATURE;
    if (t->gs1) {
        return take_gs1(c, t);
    }
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
        take_none(t, why);
        return 0;
    }
    row->batch = coupon.batch;
    row->index = coupon.index;
    memcpy(row->channel, batch.channel, sizeof row->channel);
    memcpy(row->campaign, batch.campaign, sizeof row->campaign);
    return 0;
}

/* Neither coupon nor card: an automatic offer's, or nothing's. Where nothing of it is limited, there is
 * nothing that a grant would have kept for it, and none is needed. */
static int take_automatic(struct call *c, const struct redemption *r, struct redemption_row *row)
{
    struct offer o;
    int rc = lookup_offer(c, r->offer, r->version, &o);
    if (rc == STORE_NOT_FOUND || (rc == 0 && !(o.redeem & REDEEM_AUTOMATIC))) {
        row->stage = -TP_NOT_LINKED;
        row->barred = TP_NOT_LINKED;
        return 0;
    }
    if (rc == 0 && !offer_is_limited(&o)) {
        row->granted = r->discount + r->cashback;
    }
    return rc;
}

/* Its row, before any contest. hour_left: see alone_allows. */
static int make_redemption(struct call *c, size_t place, const struct grant *g, const struct sale_row *sale,
                           const struct person_part *person, int64_t *hour_left, struct redemption_row *out)
{
    const struct redemption *r = &c->st->payload.commit.redemptions.v[place];
    struct taking t = {.r = r};
    struct redemption_row *row = &t.row;
    *row = (struct redemption_row){.place = (int64_t)place,
                                   .version = r->version,
                                   .batch = NONE,
                                   .index = NONE,
                                   .grant = NONE,
                                   .basis = r->basis,
                                   .discount = r->discount,
                                   .cashback = r->cashback,
                                   .outcome = OUTCOME_NEW,
                                   .stage = -OUTCOME_NEW,
                                   .slot = NONE,
                                   .frozen = NONE};
    memcpy(row->d, c->st->d, HASH_SIZE);
    memcpy(row->offer, r->offer, REF_SIZE);
    int rc = take_residue(c, row);
    if (rc) {
        return rc;
    }
    if (r->coupon.p) {
        t.gs1 = gs1_coupon_read(r->coupon, &t.coupon) == 0;
        rc = take_coupon(c, &t);
    } else if (r->card != NONE && (size_t)r->card < person->cards.n) {
        row->has_card = true;
        memcpy(row->card, person->cards.v[r->card].p, HASH_SIZE);
    } else if (r->card == NONE || row->frozen == NONE) {
        rc = take_automatic(c, r, row);
    }
    take_grant(g, &t);
    rc = rc ? rc : lease_take(c, r, row->grant == NONE ? NONE : row->granted, row);
    redemption_rank(row, sale);
    if (rc == 0 && row->batch != NONE && !t.gs1 && row->grant == NONE && row->lease == 0) {
        rc = alone_allows(c, r, hour_left, &row->granted);
    }
    *out = *row;
    return rc;
}

/* Most commits are decided before they are written. */
static int put_redemptions(struct call *c, struct redemption_row *rows, size_t n, const struct sale_row *sale,
                           bool reversed)
{
    bool settled = false;
    int rc = reversed ? 0 : rank_new(c, rows, n, sale, &settled);
    if (rc || settled) {
        return rc;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = store_redemption_put(c->s, &rows[i]);
    }
    if (rc == 0 && reversed) {
        rc = returns_book(c, c->st->d);
    }
    return rc || n == 0 ? rc : rank_commit(c, c->st->d);
}

static int put_sale(struct call *c, struct sale_row *out, bool reversed)
{
    const struct commit *m = &c->st->payload.commit;
    const struct till_row *till = &c->till;
    struct sale_row row = {.epoch = m->chain.epoch,
                           .seq = m->chain.seq,
                           .time_ms = m->common.time_ms,
                           .rev = m->rev,
                           .gross = m->gross,
                           .discount = m->discount,
                           .net = m->net,
                           .tax = m->tax,
                           .due = m->due,
                           .cashback = m->cashback,
                           .disputed = c->disputed};
    memcpy(row.d, c->st->d, HASH_SIZE);
    memcpy(row.sale, m->sale, ID_SIZE);
    memcpy(row.till, till->name, sizeof row.till);
    memcpy(row.store, till->store, sizeof row.store);
    COPY_TEXT(row.currency, m->currency);
    int rc = reversed ? store_voided(c->s, c->st->d, till->name, &row.voided) : 0;
    *out = row;
    return rc ? rc : store_sale_put(c->s, &row);
}

/* The host's own number of the sale, by which another till may ask for it. Gone when the person is erased. */
static int put_reference(struct call *c, const struct person_part *person)
{
    uint8_t handle[HASH_SIZE];
    if (!person->reference.p) {
        return 0;
    }
    int rc = reference_handle(c->a->config.card_key, person->reference, handle);
    return rc ? rc : store_sale_reference_put(c->s, handle, c->st->d);
}

static int finish(struct call *c)
{
    const struct commit *m = &c->st->payload.commit;
    int rc = store_rev_finish(c->s, m->sale, m->rev);
    return rc ? rc : store_reservations_drop(c->s, m->sale);
}

int commit_project(struct call *c)
{
    const struct commit *m = &c->st->payload.commit;
    struct statement grant;
    struct person_part person;
    const struct grant *g = NULL;
    struct sale_row sale;
    bool reversed = false; /* before it came */
    int rc = chain_take(c, &m->chain);
    if (rc || (rc = lookup_person(c, &person)) || (rc = store_reversed(c->s, c->st->d, &reversed)) ||
        (rc = put_sale(c, &sale, reversed)) || (rc = put_reference(c, &person)) ||
        (rc = customer_visits(c, &person)) || (rc = read_grant(c, &grant, &g))) {
        return rc;
    }
    int64_t hour_left = m->unheld ? m->unheld->hour_left : INT64_MAX;
    size_t n = m->redemptions.n;
    struct redemption_row *rows = ARENA_NEW(c->arena, struct redemption_row, n);
    rc = rows || n == 0 ? finish(c) : TP_E_MEMORY;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = make_redemption(c, i, g, &sale, &person, &hour_left, &rows[i]);
    }
    return rc ? rc : put_redemptions(c, rows, n, &sale, reversed);
}
