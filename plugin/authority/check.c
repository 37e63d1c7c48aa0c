/*
 * Signatures checked ahead of the turn that handles them, by a handle of another thread: what is good goes
 * into a memo, which saves the one who has the turn the mathematics and decides nothing. What cannot be
 * checked here is left alone.
 */
#include "authority/internal.h"

/* How often keys are looked for that this handle does not know: whoever sends what nobody signed gets no
 * query a message for it. */
enum { LOOK_MS = 1000 };

static bool look_again(struct authority *a)
{
    int64_t now = clock_boot(a->config.clock);
    if (a->looked && now - a->looked_ms < LOOK_MS) {
        return false;
    }
    a->looked = true;
    a->looked_ms = now;
    return authority_refresh(a) == 0;
}

static bool check_statement(struct authority *a, const struct statement *st)
{
    const struct trusted_key *by;
    int rc = trust_verify(&a->trust, st, NONE, &by, NULL);
    if (rc == TP_E_UNTRUSTED && look_again(a)) {
        rc = trust_verify(&a->trust, st, NONE, &by, NULL);
    }
    return rc == 0;
}

static void check_coupon(struct authority *a, struct bytes bytes)
{
    struct coupon coupon;
    if (coupon_parse(bytes, &coupon) == 0 &&
        trust_verify_coupon(&a->trust, &coupon, NONE) == TP_UNKNOWN_COUPON && look_again(a)) {
        trust_verify_coupon(&a->trust, &coupon, NONE);
    }
}

static void check_commit(struct authority *a, const struct commit *m, struct arena *arena)
{
    struct statement grant;
    if (m->grant.p && statement_parse(m->grant, arena, &grant, NULL) == 0 && grant.kind == KIND_GRANT) {
        check_statement(a, &grant);
    }
    for (size_t i = 0; i < m->redemptions.n; i++) {
        check_coupon(a, m->redemptions.v[i].coupon);
    }
}

/* What a statement carries is looked at when its own signature is good: nobody else has it done. */
static void check_item(struct authority *a, const struct statement *st, struct arena *arena)
{
    if (memcmp(st->payload.common.audience, a->config.id, ID_SIZE) != 0 || !check_statement(a, st)) {
        return;
    }
    if (st->kind == KIND_COMMIT) {
        check_commit(a, &st->payload.commit, arena);
    } else if (st->kind == KIND_PICKUP) {
        check_coupon(a, st->payload.pickup.coupon);
    } else if (st->kind == KIND_HOLD) {
        for (size_t i = 0; i < st->payload.hold.coupons.n; i++) {
            check_coupon(a, st->payload.hold.coupons.v[i]);
        }
    }
}

/* Of an item that begins at d. */
static size_t part_of(const struct dec *d, struct bytes request, size_t parts)
{
    return (size_t)(d->p - request.p) * parts / request.n;
}

void authority_check(struct authority *a, struct bytes request, size_t part, size_t parts, struct memo *good)
{
    struct arena arena;
    struct statement st;
    struct bytes skipped;
    struct dec d;
    if (request.n > MESSAGE_MAX) {
        return;
    }
    arena_init(&arena, ITEM_MEMORY_MAX);
    dec_init(&d, request);
    a->trust.memo = good;
    bool more = true;
    for (int items = 0; more && items < MESSAGE_ITEMS_MAX && !dec_done(&d); items++) {
        size_t at = part_of(&d, request, parts);
        if (at < part) {
            more = dec_item(&d, &skipped) == 0;
        } else if ((more = at == part && message_next(&d, &arena, &st, NULL) == 1)) {
            check_item(a, &st, &arena);
            arena_reset(&arena);
        }
    }
    arena_reset(&arena);
    a->trust.memo = NULL;
}
