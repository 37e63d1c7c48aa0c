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

/* The same as a scan and as typed: what it is told to be, it is. */
static void check_read(struct bytes in, bool typed, int coupon)
{
    static const struct bytes prefixes[] = {{(const uint8_t *)"KD-", 3}, {(const uint8_t *)"26", 2}};
    static struct presented out;
    const struct present_rules rules = {typed, prefixes, 2};
    int rc = present_read(in, &rules, &out);
    HOLDS(rc == 0 || rc == TP_UNKNOWN_CODE || rc == TP_MISREAD);
    HOLDS(coupon != 0 || (rc == 0 && out.kind == PRESENTED_COUPON));
    if (rc == 0 && out.kind == PRESENTED_PRODUCT) {
        unsigned sum = 0;
        for (size_t i = 0; i < GTIN_DIGITS; i++) {
            HOLDS(out.gtin[i] >= '0' && out.gtin[i] <= '9');
            sum += (unsigned)(out.gtin[i] - '0') * (i % 2 ? 1 : 3);
        }
        HOLDS(sum % 10 == 0 && out.gtin[GTIN_DIGITS] == 0);
    }
    if (rc == 0 && out.kind == PRESENTED_GS1) {
        struct gs1_coupon again;
        int64_t offer, serial;
        HOLDS(gs1_coupon_read(bytes_str(out.gs1.element), &again) == 0);
        HOLDS(strcmp(again.offer, out.gs1.offer) == 0 && strcmp(again.serial, out.gs1.serial) == 0);
        HOLDS(gs1_offer_valid(bytes_str(again.offer)));
        gs1_numbers(&again, &offer, &serial);
        HOLDS((offer < 0) == (serial > 0) || !again.serial[0]);
    }
    if (rc == 0 && out.kind == PRESENTED_LOYALTY) {
        HOLDS(out.token.p >= in.p && out.token.p + out.token.n <= in.p + in.n);
        HOLDS(out.token.n >= 2 && out.token.n <= CARD_TOKEN_MAX);
    }
    HOLDS(typed || rc || out.kind != PRESENTED_PICKUP);
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
    check_read(in, false, rc);
    check_read(in, true, rc);
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
