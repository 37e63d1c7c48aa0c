/* What a scan or a typed code is. */
#include "present/inside.h"

static bool is_pickup(struct bytes in, const struct present_rules *rules, struct presented *out)
{
    size_t n;
    char digits[PICKUP_DIGITS];
    if (!rules->typed || !take_only_digits(in, digits, sizeof digits, &n) || n != sizeof digits) {
        return false;
    }
    memcpy(out->pickup, digits, sizeof digits);
    return true;
}

static bool is_loyalty(struct bytes in, const struct present_rules *rules, struct bytes *token)
{
    struct bytes found;
    if (present_card(in, &found)) {
        return false;
    }
    for (size_t i = 0; i < rules->loyalty_count; i++) {
        struct bytes prefix = rules->loyalty[i];
        if (prefix.n && prefix.n <= found.n && memcmp(prefix.p, found.p, prefix.n) == 0) {
            *token = found;
            return true;
        }
    }
    return false;
}

static bool read_meant(struct bytes in, struct buf *digits, struct presented *out)
{
    static const uint8_t no_prefix[2] = {0, 0};
    for (size_t turn = 0; layout_digits(in, turn, digits); turn++) {
        struct bytes meant = buf_view(digits);
        if (digits->failed || meant.n == 0) {
            buf_reset(digits);
            continue;
        }
        if (present_code(meant, &out->coupon) == 0) {
            out->kind = PRESENTED_COUPON;
            return true;
        }
        if (product_read(meant, no_prefix, out->gtin) == 0) {
            out->kind = PRESENTED_PRODUCT;
            return true;
        }
        if (gs1_read_plain(meant, &out->gs1) == 0) {
            out->kind = PRESENTED_GS1;
            return true;
        }
    }
    return false;
}

/* The digits that were meant: a coupon, a product or a GS1 coupon, or nothing. What was read may be a card's
 * stripe: no copy stays. */
static bool read_layouts(struct bytes in, struct presented *out)
{
    uint8_t memory[COUPON_DIGITS_MAX];
    struct buf digits;
    buf_over(&digits, memory, sizeof memory);
    bool read = read_meant(in, &digits, out);
    wipe(memory, sizeof memory);
    return read;
}

/* What a coupon is not. */
static int read_other(struct bytes in, const struct present_rules *rules, struct presented *out)
{
    uint8_t aim[2];
    struct bytes whole = skip_back(in), content = skip_front(whole, aim);
    if (is_pickup(content, rules, out)) {
        out->kind = PRESENTED_PICKUP;
        return 0;
    }
    int rc = gs1_read(content, aim, &out->gs1);
    if (rc != TP_UNKNOWN_CODE) {
        out->kind = PRESENTED_GS1;
        return rc;
    }
    if (is_loyalty(content, rules, &out->token)) {
        out->kind = PRESENTED_LOYALTY;
        return 0;
    }
    rc = product_read(content, aim, out->gtin);
    if (rc == 0) {
        out->kind = PRESENTED_PRODUCT;
        return 0;
    }
    if (rc == TP_UNKNOWN_CODE && (rc = gs1_read_plain(content, &out->gs1)) == 0) {
        out->kind = PRESENTED_GS1;
        return 0;
    }
    while (whole.n && is_space(whole.p[0])) {
        whole = bytes_of(whole.p + 1, whole.n - 1);
    }
    return rc == TP_UNKNOWN_CODE && read_layouts(whole, out) ? 0 : rc;
}

int present_read(struct bytes in, const struct present_rules *rules, struct presented *out)
{
    *out = (struct presented){0};
    if (in.n == 0 || in.n > SCAN_MAX) {
        return TP_UNKNOWN_CODE;
    }
    int rc = present_code(in, &out->coupon);
    if (rc == 0) {
        out->kind = PRESENTED_COUPON;
        return 0;
    }
    /* A few articles' numbers begin like a coupon; a whole one is theirs. */
    int other = read_other(in, rules, out);
    return other == TP_UNKNOWN_CODE ? rc : other;
}
