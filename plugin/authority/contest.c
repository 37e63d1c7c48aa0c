/*
 * The contests for what is limited: the uses of a coupon, a customer's uses of an offer, its uses in total,
 * and its money. A redemption goes through them in this order and stops at the one that it loses. Of those
 * that come to a contest the first n by rank win; of those that come to the last, as many of the first as
 * the budget pays for, one after another.
 *
 * That makes the outcome a function of the set of redemptions. It is kept so by moving only those whose own
 * outcome changes: whoever comes in may push out the last winner, whoever leaves lets the first loser in, and
 * both then come to, or leave, the contests behind. No step looks at more than one row.
 */
#include "authority/contest.h"

/* What a redemption takes from the budget: not what went beyond its grant. */
static int64_t charge(const struct redemption_row *r)
{
    int64_t worth = r->discount + r->cashback;
    return r->grant != NONE && worth > r->granted ? r->granted : worth;
}

static bool takes_part(const struct contests *t, const struct redemption_row *r, int contest)
{
    switch (contest) {
    case CONTEST_COUPON:
        return r->batch != NONE && t->terms.per_coupon != NONE;
    case CONTEST_CUSTOMER:
        return r->has_customer;
    case CONTEST_TOTAL:
        return t->terms.total != NONE;
    default:
        return t->terms.budget != NONE;
    }
}

/* Most records touch one row: the first is written with its outcome at once. */
static int touch(struct contests *t, struct redemption_row *r)
{
    struct touched *m = ARENA_NEW(t->c->arena, struct touched, 1);
    if (!m) {
        return TP_E_MEMORY;
    }
    memcpy(m->d, r->d, HASH_SIZE);
    m->place = r->place;
    m->outcome = r->outcome;
    m->conflict = r->conflict;
    if (!t->first) {
        rank_decide(r);
        t->only = *r;
    }
    *t->last = m;
    t->last = &m->after;
    return 0;
}

static void set_stage(struct contests *t, struct redemption_row *r, int stage)
{
    bool sole = r->batch != NONE && t->terms.per_coupon == 1 && stage > CONTEST_COUPON;
    r->stage = stage;
    r->slot = sole ? 0 : NONE;
}

void contests_won(struct contests *t, struct redemption_row *r)
{
    set_stage(t, r, STAGE_WON);
}

int contests_count(struct contests *t, const struct redemption_row *r)
{
    return r->limited && r->stage == STAGE_WON ? store_tally_add(t->c->s, r->offer, 1, charge(r)) : 0;
}

int contests_stage(struct contests *t, struct redemption_row *r, int stage)
{
    int64_t uses = (stage > CONTEST_TOTAL) - (r->stage > CONTEST_TOTAL);
    int64_t spent = charge(r) * ((stage == STAGE_WON) - (r->stage == STAGE_WON));
    set_stage(t, r, stage);
    int rc = touch(t, r);
    rc = rc ? rc : store_redemption_rank(t->c->s, r);
    if (rc == 0 && r->limited && (uses || spent)) {
        rc = store_tally_add(t->c->s, r->offer, uses, spent);
    }
    return rc;
}

/* Whether one more may win. */
static int has_room(struct contests *t, const struct redemption_row *r, int contest, bool *room)
{
    int64_t uses = 0, limit = t->terms.total;
    struct tally_row tally;
    int rc;
    if (contest == CONTEST_COUPON) {
        limit = t->terms.per_coupon;
        rc = store_coupon_uses(t->c->s, r->batch, r->index, &uses);
    } else if (contest == CONTEST_CUSTOMER) {
        limit = t->terms.per_customer;
        rc = store_customer_uses(t->c->s, r->offer, r->customer, &uses);
    } else {
        rc = store_tally(t->c->s, r->offer, &tally);
        uses = tally.uses;
    }
    *room = uses < limit;
    return rc;
}

static int overspent(struct contests *t, const struct redemption_row *r, int64_t more, bool *yes)
{
    struct tally_row tally;
    int rc = store_tally(t->c->s, r->offer, &tally);
    *yes = tally.spent + more > t->terms.budget;
    return rc;
}

/* Everybody behind the first one that the money is not enough for loses, however small. */
static int enter_budget(struct contests *t, struct redemption_row *r)
{
    struct redemption_row other;
    bool over = false;
    int rc = store_first_loser(t->c->s, CONTEST_BUDGET, r, &other);
    if (rc == 0 && strcmp(other.rank, r->rank) < 0) {
        return contests_stage(t, r, CONTEST_BUDGET);
    }
    if (rc && rc != STORE_NOT_FOUND) {
        return rc;
    }
    rc = contests_stage(t, r, STAGE_WON);
    rc = rc ? rc : overspent(t, r, 0, &over);
    while (rc == 0 && over) {
        rc = store_last_winner(t->c->s, CONTEST_BUDGET, r, &other);
        rc = rc ? rc : contests_stage(t, &other, CONTEST_BUDGET);
        rc = rc ? rc : overspent(t, r, 0, &over);
    }
    return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
}

static int refill_budget(struct contests *t, const struct redemption_row *r)
{
    struct redemption_row other;
    int rc;
    while ((rc = store_first_loser(t->c->s, CONTEST_BUDGET, r, &other)) == 0) {
        bool over;
        rc = overspent(t, r, charge(&other), &over);
        if (rc || over) {
            return rc;
        }
        if ((rc = contests_stage(t, &other, STAGE_WON)) != 0) {
            return rc;
        }
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

int contests_fit(struct contests *t, const struct redemption_row *r, bool *fits)
{
    struct redemption_row other;
    int rc = 0;
    *fits = r->frozen != TP_LIMIT_REACHED;
    for (int contest = CONTEST_COUPON; contest < CONTEST_BUDGET && rc == 0 && *fits; contest++) {
        rc = takes_part(t, r, contest) ? has_room(t, r, contest, fits) : 0;
    }
    if (rc || !*fits || !takes_part(t, r, CONTEST_BUDGET)) {
        return rc;
    }
    bool over = false;
    rc = store_first_loser(t->c->s, CONTEST_BUDGET, r, &other);
    *fits = rc == STORE_NOT_FOUND;
    rc = *fits ? overspent(t, r, charge(r), &over) : rc;
    *fits = *fits && !over;
    return rc;
}

static int enter(struct contests *t, struct redemption_row *r, int contest);

/* Lets the first loser in where a winner has left. */
static int refill(struct contests *t, const struct redemption_row *r, int contest)
{
    struct redemption_row other;
    bool room;
    int rc = has_room(t, r, contest, &room);
    if (rc || !room) {
        return rc;
    }
    rc = store_first_loser(t->c->s, contest, r, &other);
    return rc == STORE_NOT_FOUND ? 0 : rc ? rc : enter(t, &other, contest + 1);
}

/* Takes r back to an earlier stage. The contests that it leaves are put right from the last one on, so that
 * whoever comes up through one finds those behind it in order. */
static int leave(struct contests *t, struct redemption_row *r, int stage)
{
    int from = r->stage, rc = contests_stage(t, r, stage);
    for (int contest = CONTEST_BUDGET; contest > stage && contest > 0 && rc == 0; contest--) {
        if (from < contest || !takes_part(t, r, contest)) {
            continue;
        }
        if (contest == CONTEST_BUDGET) {
            rc = refill_budget(t, r);
        } else if (from > contest) {
            rc = refill(t, r, contest);
        }
    }
    return rc;
}

/* One that may be counted: *won when r goes on. */
static int enter_counted(struct contests *t, struct redemption_row *r, int contest, bool *won)
{
    struct redemption_row other;
    int rc = has_room(t, r, contest, won);
    if (rc || *won) {
        return rc;
    }
    rc = store_last_winner(t->c->s, contest, r, &other);
    if (rc == 0 && strcmp(r->rank, other.rank) < 0) {
        *won = true;
        return leave(t, &other, contest);
    }
    return rc && rc != STORE_NOT_FOUND ? rc : contests_stage(t, r, contest);
}

/* r has won every contest before this one. */
static int enter(struct contests *t, struct redemption_row *r, int contest)
{
    for (; contest < CONTEST_BUDGET; contest++) {
        bool won = true;
        if (contest == CONTEST_CUSTOMER && r->frozen == TP_LIMIT_REACHED) {
            return contests_stage(t, r, contest); /* it lost to others of a customer who was erased */
        }
        int rc = takes_part(t, r, contest) ? enter_counted(t, r, contest, &won) : 0;
        if (rc || !won) {
            return rc;
        }
    }
    return takes_part(t, r, CONTEST_BUDGET) ? enter_budget(t, r) : contests_stage(t, r, STAGE_WON);
}

int contests_enter(struct contests *t, struct redemption_row *r)
{
    return enter(t, r, CONTEST_COUPON);
}

int contests_leave(struct contests *t, struct redemption_row *r, int stage)
{
    return leave(t, r, stage);
}
