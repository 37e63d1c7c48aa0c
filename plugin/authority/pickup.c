/* A coupon's short code, for a screen that cannot be scanned: given out, and looked up by a hold. */
#include "authority/internal.h"
#include "store/codes.h"

enum {
    PICKUP_MS = 5 * 60000,
    MISS_MEMORY_MS = 10 * 60000,
    MISSES_A_TILL = 10, /* wrong codes within that time */
    MISSES_ALL = 100,
    DRAWS_MAX = 64, /* until a code is free; a second draw is rare already */
};

/* Every code is as likely as any other. */
static int draw(uint8_t code[PICKUP_SIZE])
{
    static const uint32_t codes = 1000000000, fair = UINT32_MAX / codes * codes;
    uint8_t random[4];
    uint32_t v;
    do {
        int rc = random_bytes(random, sizeof random);
        if (rc) {
            return rc;
        }
        v = (uint32_t)random[0] << 24 | (uint32_t)random[1] << 16 | (uint32_t)random[2] << 8 | random[3];
    } while (v >= fair);
    for (size_t i = PICKUP_SIZE; i-- > 0; v /= 10) {
        code[i] = (uint8_t)('0' + v % 10);
    }
    return 0;
}

static int put_code(struct call *c, struct bytes coupon, uint8_t code[PICKUP_SIZE])
{
    int rc = TP_E_EXISTS;
    for (int i = 0; i < DRAWS_MAX && rc == TP_E_EXISTS; i++) {
        rc = draw(code);
        rc = rc ? rc : store_pickup_put(c->s, bytes_of(code, PICKUP_SIZE), coupon, c->now + PICKUP_MS);
    }
    return rc;
}

int pickup_answer(struct call *c)
{
    const struct pickup *p = &c->st->payload.pickup;
    struct coupon coupon;
    struct batch_row batch;
    uint8_t code[PICKUP_SIZE];
    if (coupon_parse(p->coupon, &coupon) != 0) {
        return err_set(&c->err, TP_BAD_STATEMENT, "the coupon is malformed");
    }
    int rc = lookup_coupon(c, &coupon, &batch);
    if (rc == 0 && coupon.exp <= c->now / 1000) {
        rc = TP_EXPIRED;
    }
    if (rc) {
        return rc > 0 ? err_code(&c->err, rc) : rc;
    }
    if ((rc = store_pickups_expire(c->s, c->now, c->now - MISS_MEMORY_MS)) ||
        (rc = put_code(c, p->coupon, code))) {
        return rc;
    }
    answer_pickup(c->answer, c->st->d, bytes_of(code, PICKUP_SIZE), c->now + PICKUP_MS);
    return 0;
}

int pickup_find(struct call *c, struct bytes code, struct bytes *coupon)
{
    int64_t mine = 0, all = 0;
    struct buf found;
    int rc = store_pickups_expire(c->s, c->now, c->now - MISS_MEMORY_MS);
    if (rc || (rc = store_pickup_misses(c->s, c->by, &mine, &all))) {
        return rc;
    }
    if (mine >= MISSES_A_TILL || all >= MISSES_ALL) {
        return TP_THROTTLED;
    }
    buf_init(&found, COUPON_MAX);
    rc = store_pickup(c->s, code, c->now, &found);
    if (rc == STORE_NOT_FOUND) {
        rc = store_pickup_miss(c->s, c->by, c->now);
        rc = rc ? rc : TP_UNKNOWN_COUPON;
    } else if (rc == 0) {
        *coupon = arena_copy(c->arena, buf_view(&found));
        rc = coupon->p ? 0 : TP_E_MEMORY;
    }
    buf_free(&found);
    return rc;
}
