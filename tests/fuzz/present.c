/* A scan of any bytes: what is a coupon is one, with its views in its own copy; and devices' additions do not
 * count. */
#include "fuzz/fuzz.h"
#include "present/present.h"

static bool within(struct bytes view, const struct presented_coupon *c)
{
    return view.n == 0 || (view.p >= c->raw && view.p + view.n <= c->raw + c->n);
}

static void check_coupon(const struct presented_coupon *c)
{
    static struct presented_coupon again;
    uint8_t memory[COUPON_DIGITS_MAX + 8];
    struct coupon parsed;
    struct buf text;
    HOLDS(c->n > 0 && c->n <= COUPON_MAX);
    HOLDS(coupon_parse(bytes_of(c->raw, c->n), &parsed) == 0);
    HOLDS(parsed.batch == c->coupon.batch && parsed.index == c->coupon.index);
    HOLDS(within(c->coupon.sign1.protected_map, c) && within(c->coupon.sign1.payload, c) &&
          within(c->coupon.sign1.unprotected, c));
    buf_over(&text, memory, sizeof memory);
    buf_puts(&text, "]Q1");
    coupon_to_digits(bytes_of(c->raw, c->n), &text);
    buf_puts(&text, "\r\n");
    HOLDS(!text.failed && present_code(buf_view(&text), &again) == 0);
    HOLDS(bytes_equal(bytes_of(again.raw, again.n), bytes_of(c->raw, c->n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct presented_coupon coupon;
    struct bytes in = bytes_of(data, size), token = {0};
    count_allocations();
    int rc = present_code(in, &coupon);
    HOLDS(rc == 0 || rc == TP_UNKNOWN_CODE || rc == TP_MISREAD);
    if (rc == 0) {
        check_coupon(&coupon);
    }
    rc = present_card(in, &token);
    HOLDS(rc == 0 || (rc == TP_MISREAD && !token.p));
    if (rc == 0) {
        HOLDS(token.n > 0 && token.n <= CARD_TOKEN_MAX && token.p == in.p && token.n <= in.n);
        for (size_t i = 0; i < token.n; i++) {
            HOLDS(token.p[i] > ' ' && token.p[i] <= '~');
        }
    }
    HOLDS(allocations() == 0);
    return 0;
}
