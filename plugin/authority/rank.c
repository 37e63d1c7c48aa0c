/*
 * Who wins what is claimed more than once (PROTOCOL, "One redemption"). The outcome of every redemption is a
 * function of the set of records: whenever a record touches a coupon or a card, all that name it are decided
 * again.
 */
#include "authority/internal.h"

/* A redemption as it stands and as it is to stand. */
struct decided {
    struct contender row;
    struct redemption_row next;
    struct decided *after;
};

struct ranking {
    struct call *c;
    struct decided *first, **last;
};

static int collect(void *arg, const struct contender *row)
{
    struct ranking *t = arg;
    struct decided *d = ARENA_NEW(t->c->arena, struct decided, 1);
    if (!d) {
        return TP_E_MEMORY;
    }
    d->row = *row;
    d->next = row->redemption;
    *t->last = d;
    t->last = &d->after;
    return 0;
}

static int load(struct call *c, const struct contest_key *key, struct ranking *t)
{
    *t = (struct ranking){.c = c};
    t->last = &t->first;
    return store_contest(c->s, key, collect, t);
}

static int64_t worth(const struct redemption_row *r)
{
    return r->discount + r->cashback;
}

static void set(struct redemption_row *r, int outcome, int64_t conflict)
{
    r->outcome = outcome;
    r->conflict = conflict;
}

/* One that stands: within its grant it counts, beyond it the excess is a conflict. */
static void stand(struct redemption_row *r)
{
    int64_t excess = worth(r) - r->granted;
    set(r, excess > 0 ? TP_CONFLICT : 0, excess > 0 ? excess : 0);
}

static bool told(const struct redemption_row *a, const struct redemption_row *b)
{
    return a->outcome != b->outcome || a->conflict != b->conflict;
}

static int tell(struct call *c, const struct decided *d)
{
    struct outcome_row row = {
        .redemption = d->next.place, .reason = d->next.outcome, .amount = d->next.conflict};
    if (c->a->rebuilding || !told(&d->row.redemption, &d->next)) {
        return 0;
    }
    memcpy(row.till, d->row.sale.till, sizeof row.till);
    memcpy(row.commit, d->next.d, HASH_SIZE);
    return store_outcome_put(c->s, &row);
}

static bool changed(const struct redemption_row *a, const struct redemption_row *b)
{
    return told(a, b) || a->slot != b->slot || strcmp(a->channel, b->channel) != 0 ||
           strcmp(a->campaign, b->campaign) != 0;
}

/* Slots that are given up go first, so that the guard on them never sees two winners. */
static int apply(struct ranking *t)
{
    int rc = 0;
    for (struct decided *d = t->first; d && rc == 0; d = d->after) {
        if (d->row.redemption.slot != NONE && d->row.redemption.slot != d->next.slot) {
            struct redemption_row without = d->row.redemption;
            without.slot = NONE;
            rc = store_redemption_rank(t->c->s, &without);
        }
    }
    for (struct decided *d = t->first; d && rc == 0; d = d->after) {
        if (changed(&d->row.redemption, &d->next) && (rc = store_redemption_rank(t->c->s, &d->next)) == 0) {
            rc = tell(t->c, d);
        }
    }
    return rc;
}

int rank_coupon(struct call *c, int64_t batch, int64_t index)
{
    struct ranking t;
    struct offer offer;
    int rc = load(c, &(struct contest_key){.by = BY_COUPON, .batch = batch, .index = index}, &t);
    if (rc || !t.first) {
        return rc;
    }
    rc = lookup_offer(c, t.first->next.offer, NONE, &offer);
    if (rc && rc != STORE_NOT_FOUND) {
        return rc;
    }
    int64_t limit = rc == STORE_NOT_FOUND ? 0 : offer.per_coupon == NONE ? INT64_MAX : offer.per_coupon;
    int64_t slot = 0;
    for (struct decided *d = t.first; d; d = d->after) {
        d->next.slot = NONE;
        if (d->row.sale.voided) {
            set(&d->next, TP_VOIDED, 0);
        } else if (slot < limit) {
            d->next.slot = slot++;
            stand(&d->next);
        } else {
            set(&d->next, TP_ALREADY_USED, worth(&d->next));
        }
    }
    return apply(&t);
}

struct find_link {
    const uint8_t *offer;
    struct redemption_row *row;
    bool found;
};

static int take_link(void *arg, const struct link_row *link)
{
    struct find_link *f = arg;
    if (memcmp(link->offer, f->offer, REF_SIZE) == 0) {
        memcpy(f->row->channel, link->channel, sizeof f->row->channel);
        memcpy(f->row->campaign, link->campaign, sizeof f->row->campaign);
        f->found = true;
    }
    return 0;
}

int rank_card(struct call *c, const uint8_t card[HASH_SIZE])
{
    struct ranking t;
    struct contest_key key = {.by = BY_CARD};
    memcpy(key.id, card, HASH_SIZE);
    int rc = load(c, &key, &t);
    for (struct decided *d = t.first; d && rc == 0; d = d->after) {
        struct find_link f = {d->next.offer, &d->next, false};
        memset(d->next.channel, 0, sizeof d->next.channel);
        memset(d->next.campaign, 0, sizeof d->next.campaign);
        rc = store_links(c->s, card, d->row.sale.time_ms, take_link, &f);
        if (d->row.sale.voided) {
            set(&d->next, TP_VOIDED, 0);
        } else if (f.found || d->next.grant != NONE) {
            stand(&d->next);
        } else {
            set(&d->next, TP_NOT_LINKED, worth(&d->next));
        }
    }
    return rc ? rc : apply(&t);
}

/* Contested by nobody: a GS1 coupon without a serial, or what was refused when it came. */
static int rank_alone(struct call *c, struct decided *d)
{
    struct ranking alone = {.c = c, .first = d};
    struct decided *after = d->after;
    if (d->row.sale.voided) {
        set(&d->next, TP_VOIDED, 0);
    } else if (d->next.outcome == OUTCOME_NEW) {
        stand(&d->next);
    }
    d->after = NULL;
    int rc = apply(&alone);
    d->after = after;
    return rc;
}

int rank_commit(struct call *c, const uint8_t commit[HASH_SIZE])
{
    struct ranking t;
    struct contest_key key = {.by = BY_COMMIT};
    memcpy(key.id, commit, HASH_SIZE);
    int rc = load(c, &key, &t);
    for (struct decided *d = t.first; d && rc == 0; d = d->after) {
        if (d->next.batch != NONE) {
            rc = rank_coupon(c, d->next.batch, d->next.index);
        } else if (d->next.has_card) {
            rc = rank_card(c, d->next.card);
        } else {
            rc = rank_alone(c, d);
        }
    }
    return rc;
}
