/*
 * A hold is answered by a grant: what stands for each presented coupon and card, the binding quote, and
 * reservations that keep it so until the grant ends.
 */
#include "authority/seat.h"
#include "store/holds.h"

#include "offer/price.h"
#include "wire/hash.h"

#include <stdlib.h>

struct table {
    struct call *c;
    const struct hold *hold;
    struct lines_part lines;
    struct person_part person;
    struct seat *seats;
    size_t n, cap;
    int64_t card;             /* whose links are being seated */
    struct customer customer; /* of the sale */
    struct picked *picked;
};

static bool seated(const struct table *t, const uint8_t ref[REF_SIZE])
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->seats[i].known && memcmp(t->seats[i].offer.ref, ref, REF_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* The slots of one coupon that other sales hold. */
struct taken {
    int64_t n, lowest_free;
    struct seat *seat;
};

static int count_taken(void *arg, const struct reservation_row *row)
{
    struct taken *t = arg;
    t->n++;
    t->seat->at_ms = row->until_ms - GRANT_TTL_MS;
    memcpy(t->seat->till, row->till, sizeof t->seat->till);
    if (row->slot == t->lowest_free) { /* rows come by slot */
        t->lowest_free++;
    }
    return 0;
}

/* Where and when a coupon was used last. */
static int find_use(void *arg, const struct contender *row)
{
    struct seat *seat = arg;
    if (row->redemption.stage > CONTEST_COUPON) {
        seat->at_ms = row->sale.time_ms;
        memcpy(seat->till, row->sale.till, sizeof seat->till);
    }
    return 0;
}

/* Whether one more use of the coupon is free; else already_used or held. The sale's own reservations are gone
 * by now. */
static int take_slot(struct call *c, struct seat *seat)
{
    int64_t uses = 0, limit = seat->offer.per_coupon == NONE ? INT64_MAX : seat->offer.per_coupon;
    struct taken taken = {.seat = seat};
    int rc = store_coupon_uses(c->s, seat->batch, seat->index, &uses);
    if (rc == 0) {
        rc = store_reservations(c->s, seat->batch, seat->index, count_taken, &taken);
    }
    seat->slot = taken.lowest_free;
    if (rc == 0 && uses >= limit) {
        struct contest_key key = {.by = BY_COUPON, .batch = seat->batch, .index = seat->index};
        seat->reason = TP_ALREADY_USED;
        rc = store_contest(c->s, &key, find_use, seat);
    } else if (rc == 0 && taken.n >= limit - uses) {
        seat->reason = TP_HELD;
    }
    return rc;
}

/* A coupon that was leased is its till's alone, with a line or without, until that gives it back. */
static int take_lease(struct call *c, struct seat *seat)
{
    struct lease_row lease;
    struct till_row till;
    int rc = store_lease_of_coupon(c->s, seat->batch, seat->index, &lease);
    rc = rc ? rc : store_till(c->s, bytes_str(c->by), &till);
    if (rc) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    bool own = strcmp(lease.till, till.name) == 0 && lease.epoch == till.epoch && !lease.given_back;
    if (lease_usable(c, &till, &lease)) {
        seat->lease = lease.number;
    } else if (!own) { /* its own that has just ended is in nobody's way */
        seat->reason = TP_HELD;
        seat->at_ms = lease.from_ms;
        memcpy(seat->till, lease.till, sizeof seat->till);
    }
    return 0;
}

static int seat_coupon(struct table *t, struct bytes bytes)
{
    struct call *c = t->c;
    struct coupon coupon;
    struct batch_row batch;
    if (coupon_parse(bytes, &coupon) != 0) {
        return TP_E_CORRUPT; /* what was shown was looked at, and what a code stands for before it was kept */
    }
    struct seat seat = {.batch = coupon.batch, .index = coupon.index, .card = NONE, .customer = t->customer};
    seat.reason = lookup_coupon(c, &coupon, &batch);
    if (seat.reason < 0) {
        return seat.reason;
    }
    int rc = lookup_offer(c, coupon.offer, NONE, &seat.offer);
    if (rc && rc != STORE_NOT_FOUND) {
        return rc;
    }
    memcpy(seat.offer.ref, coupon.offer, REF_SIZE);
    if (seat.reason == 0 && rc == STORE_NOT_FOUND) {
        seat.reason = TP_UNKNOWN_OFFER;
    } else if (seat.reason == 0 && !(seat.offer.redeem & REDEEM_COUPON)) {
        seat.reason = TP_UNKNOWN_COUPON;
    } else if (seat.reason == 0 && seated(t, coupon.offer)) {
        seat.reason = TP_DUPLICATE;
    } else if (seat.reason == 0) {
        seat.known = true;
        seat.reason = coupon.exp <= c->now / 1000 ? TP_EXPIRED : 0;
        rc = seat.reason ? 0 : take_slot(c, &seat);
        rc = rc || seat.reason ? rc : take_lease(c, &seat);
        if (rc) {
            return rc;
        }
    }
    t->seats[t->n++] = seat;
    return 0;
}

/* Its offer decides whether it is known: nobody signed it. One without a serial is contested by nobody. */
static int seat_gs1(struct table *t, const struct gs1_shown *shown)
{
    struct gs1_coupon coupon;
    struct seat seat = {.batch = NONE, .index = NONE, .card = NONE, .gs1 = true, .customer = t->customer};
    if (gs1_coupon_read(shown->element, &coupon)) {
        return TP_E_STATE; /* check_shown has looked at it */
    }
    int rc = lookup_gs1(t->c, shown->offer, NONE, &coupon, &seat.offer);
    if (rc < 0) {
        return rc;
    }
    memcpy(seat.offer.ref, shown->offer, REF_SIZE);
    seat.reason = rc ? rc : seated(t, shown->offer) ? TP_DUPLICATE : 0;
    if (seat.reason == 0) {
        seat.known = true;
        memcpy(seat.serial, coupon.serial, sizeof seat.serial);
        gs1_numbers(&coupon, &seat.batch, &seat.index);
        if (seat.serial[0] && (rc = take_slot(t->c, &seat))) {
            return rc;
        }
    }
    t->seats[t->n++] = seat;
    return 0;
}

static int seat_link(void *arg, const struct link_row *row)
{
    struct table *t = arg;
    struct seat seat = {.batch = NONE, .index = NONE, .card = t->card, .known = true};
    if (seated(t, row->offer) || t->n == t->cap) {
        return 0;
    }
    int rc = lookup_offer(t->c, row->offer, NONE, &seat.offer);
    if (rc == 0 && (seat.offer.redeem & REDEEM_CARD)) {
        rc = customer_of_card(t->c, t->person.cards.v[t->card].p, &seat.customer);
        t->seats[t->n++] = seat;
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

/* Those that are valid at the time of the hold: where the till knows the same offers, it lays the same ones.
 */
static int seat_automatic(struct table *t)
{
    const struct automatics *a;
    int64_t at = t->lines.basket.time_ms;
    int rc = lookup_automatic(t->c, &a);
    for (size_t i = 0; i < a->n && rc == 0 && t->n < t->cap; i++) {
        const struct offer *o = &a->v[i];
        if (o->valid_from <= at && at < o->valid_until && !seated(t, o->ref)) {
            t->seats[t->n++] = (struct seat){.offer = *o,
                                             .known = true,
                                             .batch = NONE,
                                             .index = NONE,
                                             .card = NONE,
                                             .automatic = true,
                                             .customer = t->customer};
        }
    }
    return rc;
}

/* A code's coupon takes a seat like one that was scanned; where it would take part in nothing, it has none
 * and stays unknown to the till. */
static int seat_pickup(struct table *t, size_t place)
{
    struct picked *picked = &t->picked[place];
    *picked = (struct picked){0};
    int rc = pickup_find(t->c, t->hold->pickups.v[place], &picked->coupon);
    if (rc == 0 && (rc = seat_coupon(t, picked->coupon)) == 0 && !t->seats[t->n - 1].known) {
        rc = t->seats[--t->n].reason;
    }
    if (rc > 0) {
        *picked = (struct picked){.reason = rc};
    }
    return rc < 0 ? rc : 0;
}

/* Coupons first, in the order of scanning, then typed codes, GS1 coupons and each card's links, then what is
 * automatic; an offer takes one seat. */
static int seat_all(struct table *t)
{
    struct call *c = t->c;
    int rc = 0;
    t->cap = MAX_REDEMPTIONS + MAX_AUTOMATIC;
    t->seats = ARENA_NEW(c->arena, struct seat, t->cap);
    t->picked = ARENA_NEW(c->arena, struct picked, MAX_PICKUPS);
    if (!t->seats || !t->picked) {
        return TP_E_MEMORY;
    }
    rc = customer_of_sale(c, &t->person, &t->customer);
    for (size_t i = 0; i < t->hold->coupons.n && rc == 0; i++) {
        rc = seat_coupon(t, t->hold->coupons.v[i]);
    }
    for (size_t i = 0; i < t->hold->pickups.n && rc == 0; i++) {
        rc = seat_pickup(t, i);
    }
    for (size_t i = 0; i < t->hold->gs1.n && rc == 0; i++) {
        rc = seat_gs1(t, &t->hold->gs1.v[i]);
    }
    t->cap = MAX_REDEMPTIONS;
    for (size_t i = 0; i < t->person.cards.n && rc == 0; i++) {
        t->card = (int64_t)i;
        rc = store_links(c->s, t->person.cards.v[i].p, t->hold->common.time_ms, seat_link, t);
    }
    t->cap = t->n + MAX_AUTOMATIC;
    rc = rc ? rc : seat_automatic(t);
    for (size_t i = 0; i < t->n && rc == 0; i++) {
        rc = t->seats[i].known && !t->seats[i].reason ? limits_check(c, &t->seats[i]) : 0;
    }
    return rc;
}

static int price(struct table *t, struct quote *q)
{
    const struct offer **offers = ARENA_NEW(t->c->arena, const struct offer *, t->n);
    struct standing *standings = ARENA_NEW(t->c->arena, struct standing, t->n);
    size_t n = 0;
    if (!offers || !standings) {
        return TP_E_MEMORY;
    }
    for (size_t i = 0; i < t->n; i++) {
        if (t->seats[i].known) {
            offers[n] = &t->seats[i].offer;
            standings[n++] = (struct standing){t->seats[i].reason, t->seats[i].budget_left};
        }
    }
    return offer_price(&t->c->a->policy, &t->lines.basket, offers, standings, n, q, t->c->arena, &t->c->err);
}

static int reserve(struct table *t, const struct seat *seat, const struct verdict *v)
{
    int rc = limits_claim(t->c, seat, t->hold->sale, v);
    if (rc || seat->batch == NONE) {
        return rc;
    }
    struct reservation_row row = {.batch = seat->batch,
                                  .index = seat->index,
                                  .slot = seat->slot,
                                  .number = v->number,
                                  .until_ms = t->c->now + GRANT_TTL_MS};
    memcpy(row.sale, t->hold->sale, ID_SIZE);
    memcpy(row.offer, seat->offer.ref, REF_SIZE);
    COPY_TEXT(row.till, bytes_str(t->c->by));
    return store_reservation_put(t->c->s, &row);
}

/* What pricing made of a seat; an offer that applied takes a number and its reservation. */
static int judge(struct table *t, const struct seat *seat, const struct quote *q, struct verdict *v)
{
    *v = (struct verdict){.version = seat->known ? seat->offer.version : 0,
                          .batch = seat->gs1 ? NONE : seat->batch,
                          .index = seat->gs1 ? NONE : seat->index,
                          .card = seat->card,
                          .reason = seat->reason,
                          .at_ms = NONE,
                          .number = NONE};
    memcpy(v->offer, seat->offer.ref, REF_SIZE);
    if (seat->reason == TP_ALREADY_USED || seat->reason == TP_HELD) {
        v->at_ms = seat->at_ms;
        v->till = bytes_str(seat->till);
    }
    if (!seat->known) {
        return 0;
    }
    for (size_t i = 0; i < q->refused.n; i++) {
        if (memcmp(q->refused.v[i].ref, v->offer, REF_SIZE) == 0) {
            v->reason = q->refused.v[i].reason;
        }
    }
    for (size_t i = 0; i < q->applied.n; i++) {
        const struct quote_applied *a = &q->applied.v[i];
        if (memcmp(a->ref, v->offer, REF_SIZE) == 0) {
            v->basis = a->basis;
            v->discount = a->discount;
            v->cashback = a->cashback;
            v->number = seat->lease;
            int rc = seat->lease == 0 ? store_next_grant(t->c->s, &v->number) : 0;
            return rc ? rc : reserve(t, seat, v);
        }
    }
    return 0;
}

/* A verdict on a GS1 coupon names its offer alone; the serial that it granted stands beside it. */
static int list_serials(const struct table *t, const struct verdict *verdicts, struct grant *grant)
{
    struct gs1_granted *list = ARENA_NEW(t->c->arena, struct gs1_granted, MAX_COUPONS);
    if (!list) {
        return TP_E_MEMORY;
    }
    grant->gs1.v = list;
    for (size_t i = 0; i < t->n; i++) {
        if (t->seats[i].serial[0] && verdicts[i].number != NONE) {
            list[grant->gs1.n++] = (struct gs1_granted){verdicts[i].number, bytes_str(t->seats[i].serial)};
        }
    }
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct verdict *x = a, *y = b;
    int order = memcmp(x->offer, y->offer, REF_SIZE);
    int64_t xs[] = {x->batch, x->index, x->card}, ys[] = {y->batch, y->index, y->card};
    for (size_t i = 0; order == 0 && i < 3; i++) {
        order = xs[i] < ys[i] ? -1 : xs[i] > ys[i];
    }
    return order;
}

static int sign_grant(struct table *t, const struct quote *q)
{
    struct call *c = t->c;
    struct verdict *verdicts = ARENA_NEW(c->arena, struct verdict, t->n);
    size_t n = 0;
    struct grant grant = {.common = {.version = 1, .time_ms = c->now},
                          .till = bytes_str(c->by),
                          .rev = t->hold->rev,
                          .ttl_ms = GRANT_TTL_MS,
                          .policy = c->a->policy.version,
                          .pickups = {t->picked, t->hold->pickups.n}};
    struct buf quote, envelope;
    int rc = verdicts ? 0 : TP_E_MEMORY;
    for (size_t i = 0; i < t->n && rc == 0; i++) {
        rc = judge(t, &t->seats[i], q, &verdicts[n]);
        /* What the quote says of an automatic offer that does not apply is enough. */
        n += !t->seats[i].automatic || verdicts[n].number != NONE;
    }
    rc = rc ? rc : list_serials(t, verdicts, &grant);
    if (rc) {
        return rc;
    }
    qsort(verdicts, n, sizeof *verdicts, by_place);
    grant.verdicts.v = verdicts;
    grant.verdicts.n = n;
    memcpy(grant.common.audience, c->a->config.id, ID_SIZE);
    memcpy(grant.request, c->st->d, HASH_SIZE);
    memcpy(grant.sale, t->hold->sale, ID_SIZE);
    buf_init(&quote, MESSAGE_MAX);
    buf_init(&envelope, ENVELOPE_MAX);
    if ((rc = schema_encode(&schema_quote, q, &quote, &c->err)) == 0 &&
        (rc = sha256(buf_view(&quote), grant.quote)) == 0 &&
        (rc = statement_sign(KIND_GRANT, &grant, bytes_str(c->a->name), &c->a->config.grant_key, &envelope,
                             NULL, &c->err)) == 0) {
        answer_grant(c->answer, c->st->d, buf_view(&envelope), buf_view(&quote));
    }
    buf_free(&quote);
    buf_free(&envelope);
    return rc;
}

/* The basket must be the till's own, at the moment of asking, by the policy in force. */
static int read_parts(struct table *t)
{
    struct call *c = t->c;
    struct till_row till;
    const struct basket *b = &t->lines.basket;
    int rc = schema_decode(&schema_lines_part, c->st->lines, c->arena, &t->lines, &c->err);
    if (rc || (rc = lookup_person(c, &t->person)) || (rc = store_till(c->s, bytes_str(c->by), &till))) {
        return rc == TP_E_MALFORMED ? TP_BAD_STATEMENT : rc;
    }
    if (c->a->policy.version == 0) {
        return err_set(&c->err, TP_BAD_STATEMENT, "the shop has no policy yet");
    }
    if (b->time_ms != t->hold->common.time_ms || b->tax_included != c->a->policy.tax_included ||
        !bytes_is(b->store, till.store)) {
        return err_set(&c->err, TP_BAD_STATEMENT, "the basket's time, store or tax mode is not the till's");
    }
    return 0;
}

/* Before anything is changed. */
static int check_shown(struct table *t)
{
    struct coupon coupon;
    struct gs1_coupon gs1;
    for (size_t i = 0; i < t->hold->coupons.n; i++) {
        if (coupon_parse(t->hold->coupons.v[i], &coupon)) {
            return err_set(&t->c->err, TP_BAD_STATEMENT, "a coupon is malformed");
        }
    }
    for (size_t i = 0; i < t->hold->gs1.n; i++) {
        if (gs1_coupon_read(t->hold->gs1.v[i].element, &gs1)) {
            return err_set(&t->c->err, TP_BAD_STATEMENT, "a GS1 coupon is malformed");
        }
    }
    return 0;
}

int hold_answer(struct call *c)
{
    struct table t = {.c = c, .hold = &c->st->payload.hold};
    struct rev_row rev;
    struct quote q;
    int rc = read_parts(&t);
    if (rc || (rc = store_rev(c->s, t.hold->sale, &rev))) {
        return rc;
    }
    if (rev.finished || t.hold->rev <= rev.rev) {
        return err_code(&c->err, TP_SUPERSEDED);
    }
    if ((rc = check_shown(&t))) {
        return rc;
    }
    rev.rev = t.hold->rev;
    if ((rc = store_rev_put(c->s, t.hold->sale, &rev)) ||
        (rc = store_reservations_drop(c->s, t.hold->sale)) || (rc = seat_all(&t)) || (rc = price(&t, &q))) {
        return rc;
    }
    return sign_grant(&t, &q);
}
