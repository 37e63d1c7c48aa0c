/*
 * A coupon's bytes and digits: each of them stands for the other alone. An odd first byte: the rest is
 * digits; an even one: the rest is bytes.
 */
#include "fuzz/fuzz.h"
#include "wire/cbor.h"
#include "wire/coupon.h"

static void check_digits(struct bytes text)
{
    uint8_t memory[COUPON_MAX], again_memory[COUPON_DIGITS_MAX];
    struct buf out, again;
    buf_over(&out, memory, sizeof memory);
    buf_over(&again, again_memory, sizeof again_memory);
    int rc = coupon_from_digits(text, &out);
    if (rc) {
        HOLDS((rc == TP_UNKNOWN_CODE || rc == TP_MISREAD || rc == TP_E_MEMORY) && out.n == 0);
        HOLDS(rc != TP_E_MEMORY || text.n > COUPON_MAX);
        return;
    }
    HOLDS(out.n > 0 && out.n <= COUPON_MAX);
    coupon_to_digits(buf_view(&out), &again);
    HOLDS(!again.failed && bytes_equal(buf_view(&again), text));
}

static void check_bytes(struct bytes in)
{
    uint8_t memory[COUPON_MAX], digits_memory[COUPON_DIGITS_MAX];
    struct buf out, digits;
    buf_over(&out, memory, sizeof memory);
    buf_over(&digits, digits_memory, sizeof digits_memory);
    coupon_to_digits(in, &digits);
    HOLDS(digits.failed == (in.n == 0 || in.n > COUPON_MAX));
    if (!digits.failed) {
        HOLDS(coupon_from_digits(buf_view(&digits), &out) == 0);
        HOLDS(bytes_equal(buf_view(&out), in));
    }
}

/* Header and claims as coupon_sign would write them. */
static void write_again(const struct coupon *c, struct buf *header, struct buf *claims)
{
    enc_map(header, 2);
    enc_int(header, 1);
    enc_int(header, c->alg);
    enc_int(header, 4);
    enc_bytes(header, bytes_of(c->kid, KID_SIZE));
    enc_map(claims, 2);
    enc_int(claims, 4);
    enc_int(claims, c->exp);
    enc_int(claims, -65537);
    enc_array(claims, 3);
    enc_bytes(claims, bytes_of(c->offer, REF_SIZE));
    enc_int(claims, c->batch);
    enc_int(claims, c->index);
}

static void check_parse(struct bytes in)
{
    uint8_t memory[2][COUPON_MAX];
    struct buf header, claims;
    struct coupon c = {.batch = 7};
    int rc = coupon_parse(in, &c);
    if (rc) {
        HOLDS(rc == TP_E_MALFORMED && c.batch == 7);
        return;
    }
    buf_over(&header, memory[0], COUPON_MAX);
    buf_over(&claims, memory[1], COUPON_MAX);
    write_again(&c, &header, &claims);
    HOLDS(bytes_equal(buf_view(&header), c.sign1.protected_map));
    HOLDS(bytes_equal(buf_view(&claims), c.sign1.payload));
    HOLDS(c.exp >= 1 && c.exp <= INT64_C(1) << 40 && cose_alg_known(c.alg));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = feed_of(data, size);
    bool digits = feed_u8(&f) & 1;
    struct bytes in = feed_rest(&f);
    count_allocations();
    if (digits) {
        check_digits(in);
    } else {
        check_bytes(in);
        check_parse(in);
    }
    HOLDS(allocations() == 0);
    return 0;
}
