/*
 * Who wins what is claimed more than once (PROTOCOL, "One redemption"). The outcome of every redemption is a
 * function of the set of records: whenever one comes in, those that it concerns are decided again.
 */
#include "authority/contest.h"
#include "store/holds.h"

static void contests_init(struct contests *t, struct call *c)
{
    *t = (struct contests){.c = c};
    t->last = &t->first;
}

static int64_t worth(const struct redemption_row *r)
{
    return r->discount + r->cashback;
}

/* What it still is, after returns. */
static int64_t kept(const struct redemption_row *r)
{
    return worth(r) - r->back_discount - r->back_cashback;
}

static void set(struct redemption_row *r, int outcome, int64_t conflict)
{
    r->outcome = outcome;
    r->conflict = conflict;
}

/* What a stage means. One that stands counts within its grant; what is beyond that, and returns left, is a
 * conflict. */
void rank_decide(struct redemption_row *r)
{
    static const int lost[STAGE_WON] = {[CONTEST_COUPON] = TP_ALREADY_USED,
                                        [CONTEST_CUSTOMER] = TP_LIMIT_REACHED,
                                        [CONTEST_TOTAL] = TP_LIMIT_REACHED,
                                        [CONTEST_BUDGET] = TP_BUDGET_SPENT};
    int64_t excess = kept(r) - r->granted;
    if (r->stage == STAGE_WON || r->stage == STAGE_REVIVED) {
        bool beyond = worth(r) > r->granted;
        set(r, beyond ? TP_CONFLICT : 0, beyond && excess > 0 ? excess : 0);
    } else if (r->stage > 0) {
        set(r, lost[r->stage], kept(r));
    } else {
        bool gone = r->stage == -TP_VOIDED || r->stage == -TP_DISPUTED;
        set(r, -r->stage, gone ? 0 : kept(r));
    }
}

static int tell(struct call *c, const struct redemption_row *r)
{
    struct outcome_row row = {.redemption = r->place, .reason = r->outcome, .amount = r->conflict};
    struct sale_row sale;
    if (c->a->rebuilding) {
        return 0;
    }
    if (c->st && c->st->kind == KIND_COMMIT && memcmp(r->d, c->st->d, HASH_SIZE) == 0) {
        memcpy(sale.till, c->till.name, sizeof sale.till);
    } else {
        int rc = store_sale(c->s, r->d, &sale);
        if (rc) {
            return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
        }
    }
    memcpy(row.till, sale.till, sizeof row.till);
    memcpy(row.commit, r->d, HASH_SIZE);
    return store_outcome_put(c->s, &row);
}

/* Outcomes that came to be others are written and told, once, when all is settled. */
static int finish(struct contests *t)
{
    int rc = 0;
    for (struct touched *m = t->first; m && rc == 0; m = m->after) {
        struct redemption_row r = t->only;
        bool first = m == t->first;
        if ((!first || m->after) && (rc = store_redemption(t->c->s, m->d, m->place, &r)) != 0) {
            return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
        }
        int outcome = r.outcome;
        int64_t conflict = r.conflict;
        rank_decide(&r);
        if (outcome != r.outcome || conflict != r.conflict) {
            rc = store_redemption_rank(t->c->s, &r);
        }
        outcome = first ? m->outcome : outcome;
        conflict = first ? m->conflict : conflict;
        if (rc == 0 && (outcome != r.outcome || conflict != r.conflict)) {
            rc = tell(t->c, &r);
        }
    }
    t->first = NULL;
    t->last = &t->first;
    return rc;
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

/* Why the card's offer does not count, or 0; and through which channel it came. */
static int check_link(struct contests *t, struct redemption_row *r, const struct sale_row *sale, int *why)
{
    struct find_link f = {r->offer, r, false};
    memset(r->channel, 0, sizeof r->channel);
    memset(r->campaign, 0, sizeof r->campaign);
    int rc = store_links(t->c->s, r->card, sale->time_ms, take_link, &f);
    if (!*why && !f.found && r->grant == NONE) {
        *why = TP_NOT_LINKED;
    }
    return rc;
}

/*
 * Whose use it is, and whether the offer is for that customer. That a customer was new is seen by the hold
 * alone, so a grant stands for it and nothing else does.
 */
static int check_customer(struct contests *t, struct redemption_row *r, int *why)
{
    struct customer customer = {0};
    uint8_t who[HASH_SIZE];
    r->has_customer = false;
    if (t->terms.customer_new && r->grant == NONE) {
        *why = TP_CUSTOMER_NOT_ELIGIBLE;
    }
    if (*why || t->terms.per_customer == NONE) {
        return 0;
    }
    int rc = r->has_card ? 0 : store_sale_customer(t->c->s, r->d, who);
    if (rc == 0) {
        rc = customer_of_card(t->c, r->has_card ? r->card : who, &customer);
    }
    if (customer.known) {
        r->has_customer = true;
        memcpy(r->customer, customer.key, HASH_SIZE);
    } else if (r->grant == NONE) {
        *why = TP_CUSTOMER_NOT_ELIGIBLE;
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

/* Whose it was is not known any more: what was decided of that stays. Its channel stands in its row. */
static int frozen_why(const struct redemption_row *r)
{
    return r->frozen == TP_LIMIT_REACHED ? 0 : (int)r->frozen;
}

/* The coupon was none of ours, or it had neither coupon nor card nor an automatic offer: that stays so. Rows
 * of an earlier version say so by their stage alone. */
static int barred_before(const struct redemption_row *r)
{
    bool again = r->stage >= 0 || r->stage == -OUTCOME_NEW || r->stage == -TP_CUSTOMER_NOT_ELIGIBLE ||
                 r->stage == STAGE_REVIVED || r->stage == -TP_VOIDED || r->stage == -TP_DISPUTED;
    return r->batch == NONE && !r->has_card && r->frozen == NONE && !again ? -r->stage : 0;
}

bool rank_out_for_good(const struct redemption_row *r)
{
    return r->barred || barred_before(r);
}

static int load_terms(struct contests *t, const struct redemption_row *r)
{
    if (t->known && memcmp(t->terms.ref, r->offer, REF_SIZE) == 0) {
        return 0;
    }
    int rc = lookup_offer(t->c, r->offer, NONE, &t->terms);
    t->known = rc == 0;
    if (rc == STORE_NOT_FOUND) {
        t->terms = (struct offer){.per_coupon = NONE, .per_customer = NONE, .total = NONE, .budget = NONE};
        rc = 0;
    }
    return rc;
}

static bool same_contests(const struct redemption_row *a, const struct redemption_row *b)
{
    return a->limited == b->limited && a->has_customer == b->has_customer &&
           (!a->has_customer || memcmp(a->customer, b->customer, HASH_SIZE) == 0);
}

/* What contests it is for, and why it is for none. */
static int judge(struct contests *t, struct redemption_row *r, const struct sale_row *sale, int *why)
{
    r->limited = t->terms.total != NONE || t->terms.budget != NONE;
    if (r->frozen != NONE) {
        r->has_customer = false;
        *why = *why ? *why : frozen_why(r);
        return 0;
    }
    int rc = r->has_card ? check_link(t, r, sale, why) : 0;
    return rc ? rc : check_customer(t, r, why);
}

/* Takes a redemption to where it belongs by now. Before anything was touched it is as it was just read. */
static int replace(struct contests *t, const struct redemption_row *which, const struct sale_row *sale)
{
    struct redemption_row now = *which, next;
    int why = sale_out(sale);
    int rc = t->first || !t->fresh ? store_redemption(t->c->s, which->d, which->place, &now) : 0;
    if (rc || (rc = load_terms(t, &now))) {
        return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
    }
    now.barred = now.barred ? now.barred : barred_before(&now);
    if (now.barred) {
        return contests_stage(t, &now, why ? -why : -now.barred);
    }
    next = now;
    rc = judge(t, &next, sale, &why);
    int out = why ? -why : now.revived ? STAGE_REVIVED : 0;
    if (rc == 0 && now.stage > 0 && (out || !same_contests(&now, &next))) {
        rc = contests_leave(t, &now, out ? out : -OUTCOME_NEW);
        next.stage = now.stage;
    }
    if (rc) {
        return rc;
    }
    if (out || next.stage > 0) { /* out, or still where it was: its channel may be another */
        return contests_stage(t, &next, out ? out : next.stage);
    }
    return contests_enter(t, &next);
}

struct gather {
    struct call *c;
    struct gathered {
        struct contender row;
        struct gathered *after;
    } * first, **last;
};

static int gather_one(void *arg, const struct contender *row)
{
    struct gather *g = arg;
    struct gathered *d = ARENA_NEW(g->c->arena, struct gathered, 1);
    if (!d) {
        return TP_E_MEMORY;
    }
    d->row = *row;
    *g->last = d;
    g->last = &d->after;
    return 0;
}

static bool any_row(const struct redemption_row *r)
{
    (void)r;
    return true;
}

static bool lost_customer(const struct redemption_row *r)
{
    return r->frozen == TP_LIMIT_REACHED;
}

static int replace_gathered(struct call *c, const struct gathered *first,
                            bool (*wanted)(const struct redemption_row *r))
{
    struct contests t;
    int rc = 0;
    contests_init(&t, c);
    t.fresh = true;
    for (const struct gathered *d = first; d && rc == 0; d = d->after) {
        rc = wanted(&d->row.redemption) ? replace(&t, &d->row.redemption, &d->row.sale) : 0;
    }
    return rc ? rc : finish(&t);
}

static int replace_all(struct call *c, const struct contest_key *key,
                       bool (*wanted)(const struct redemption_row *r))
{
    struct gather g = {.c = c};
    g.last = &g.first;
    int rc = store_contest(c->s, key, gather_one, &g);
    return rc ? rc : replace_gathered(c, g.first, wanted);
}

/* Out of its contests as it was, and in again as it is to be. */
static int recover(struct contests *t, const struct lease_use *u)
{
    struct redemption_row now;
    int rc = store_redemption(t->c->s, u->redemption.d, u->redemption.place, &now);
    if (rc == 0 && now.stage > 0) {
        rc = load_terms(t, &now);
        rc = rc ? rc : contests_leave(t, &now, -OUTCOME_NEW);
    }
    rc = rc ? rc : store_redemption_grant(t->c->s, &u->redemption);
    rc = rc ? rc : replace(t, &u->redemption, &u->sale);
    return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
}

int rank_lease(struct call *c, int64_t number)
{
    struct lease_use *first = NULL;
    struct contests t;
    contests_init(&t, c);
    int rc = lease_settle(c, number, &first);
    for (const struct lease_use *u = first; u && rc == 0; u = u->after) {
        rc = u->changed ? recover(&t, u) : 0;
    }
    return rc ? rc : finish(&t);
}

/* The leases that its redemptions name, each once. */
static int rank_leases(struct call *c, const struct gathered *first, bool *any)
{
    int rc = 0;
    *any = false;
    for (const struct gathered *d = first; d && rc == 0; d = d->after) {
        bool seen = d->row.redemption.lease == 0;
        *any = *any || !seen;
        for (const struct gathered *e = first; e != d && !seen; e = e->after) {
            seen = e->row.redemption.lease == d->row.redemption.lease;
        }
        rc = seen ? 0 : rank_lease(c, d->row.redemption.lease);
    }
    return rc;
}

int rank_commit(struct call *c, const uint8_t commit[HASH_SIZE])
{
    struct contest_key key = {.by = BY_COMMIT};
    struct gather g = {.c = c};
    bool changed = false;
    g.last = &g.first;
    memcpy(key.id, commit, HASH_SIZE);
    int rc = store_contest(c->s, &key, gather_one, &g);
    rc = rc ? rc : rank_leases(c, g.first, &changed);
    if (rc) {
        return rc;
    }
    return changed ? replace_all(c, &key, any_row) : replace_gathered(c, g.first, any_row);
}

int rank_frozen(struct call *c, const uint8_t commit[HASH_SIZE], bool lost)
{
    struct contest_key key = {.by = BY_COMMIT};
    memcpy(key.id, commit, HASH_SIZE);
    return replace_all(c, &key, lost ? lost_customer : any_row);
}

int rank_card(struct call *c, const uint8_t card[HASH_SIZE])
{
    struct contest_key key = {.by = BY_CARD};
    memcpy(key.id, card, HASH_SIZE);
    return replace_all(c, &key, any_row);
}

/* A page of an offer's redemptions. */
enum { PAGE = 256 };
struct page {
    struct redemption_row rows[PAGE];
    size_t n;
};

static int take_row(void *arg, const struct redemption_row *row)
{
    struct page *p = arg;
    p->rows[p->n++] = *row;
    return 0;
}

/* One after another in rank order, each is the last that its contests have seen. */
int rank_offer(struct call *c, const uint8_t ref[REF_SIZE])
{
    struct page *page = ARENA_NEW(c->arena, struct page, 1);
    struct contests t;
    char after[RANK_SIZE] = "";
    int rc = page ? store_offer_unrank(c->s, ref, -OUTCOME_NEW) : TP_E_MEMORY;
    contests_init(&t, c);
    do {
        page->n = 0;
        rc = rc ? rc : store_offer_redemptions(c->s, ref, bytes_str(after), PAGE, take_row, page);
        for (size_t i = 0; i < page->n && rc == 0; i++) {
            struct sale_row sale;
            rc = store_sale(c->s, page->rows[i].d, &sale);
            rc = rc ? (rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc) : replace(&t, &page->rows[i], &sale);
            memcpy(after, page->rows[i].rank, sizeof after);
        }
        rc = rc ? rc : finish(&t);
    } while (rc == 0 && page->n == PAGE);
    return rc;
}

/* ---- new ones ---- */

/* A GS1 coupon's number is none of an offer's alone. */
static bool share_contest(const struct redemption_row *a, const struct redemption_row *b)
{
    bool coupon = a->batch != NONE && a->batch == b->batch && a->index == b->index;
    return coupon || memcmp(a->offer, b->offer, REF_SIZE) == 0;
}

/* No two of them are for one offer or one coupon, so none of their contests is another's; and none spends a
 * lease. */
static bool apart(const struct redemption_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (share_contest(&rows[i], &rows[k])) {
                return false;
            }
        }
        if (rows[i].lease) {
            return false;
        }
    }
    return true;
}

static int settle(struct contests *t, struct redemption_row *r, const struct sale_row *sale, bool *settled)
{
    int why = sale_out(sale), rc = load_terms(t, r);
    if (rc) {
        return rc;
    }
    if (r->barred) {
        r->stage = why ? -why : -r->barred;
    } else if ((rc = judge(t, r, sale, &why)) == 0 && why) {
        r->stage = -why;
    } else if (rc == 0 && (rc = contests_fit(t, r, settled)) == 0 && *settled) {
        contests_won(t, r);
    }
    rank_decide(r);
    return rc;
}

static int put_settled(struct contests *t, const struct redemption_row *r)
{
    int rc = store_redemption_put(t->c->s, r);
    rc = rc ? rc : contests_count(t, r);
    return rc || (r->outcome == OUTCOME_NEW && r->conflict == 0) ? rc : tell(t->c, r);
}

int rank_new(struct call *c, const struct redemption_row *rows, size_t n, const struct sale_row *sale,
             bool *settled)
{
    struct redemption_row *v = ARENA_NEW(c->arena, struct redemption_row, n);
    struct contests t;
    int rc = v || n == 0 ? 0 : TP_E_MEMORY;
    contests_init(&t, c);
    *settled = apart(rows, n);
    for (size_t i = 0; i < n && rc == 0 && *settled; i++) {
        v[i] = rows[i];
        rc = settle(&t, &v[i], sale, settled);
    }
    for (size_t i = 0; i < n && rc == 0 && *settled; i++) {
        rc = put_settled(&t, &v[i]);
    }
    return rc;
}
