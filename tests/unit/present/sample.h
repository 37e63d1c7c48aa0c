/* One coupon, and how codes are given to present_read. */
#ifndef UNIT_PRESENT_SAMPLE_H
#define UNIT_PRESENT_SAMPLE_H

#include "support/cm.h"

#include "present/present.h"

#include <stdio.h>
#include <string.h>

struct sample {
    struct cose_key issuer;
    uint8_t raw[COUPON_MAX];
    char digits[COUPON_DIGITS_MAX + 1];
    size_t raw_n, digits_n;
};

static inline int sample_make(void **state)
{
    static struct sample s;
    static const uint8_t offer[REF_SIZE] = {8, 7, 6, 5, 4, 3, 2, 1};
    struct buf b;
    assert_int_equal(cose_key_generate(ALG_ESP256, &s.issuer), 0);
    buf_over(&b, s.raw, sizeof s.raw);
    assert_int_equal(coupon_sign(&s.issuer, offer, 12, 345, 1800000000, &b), 0);
    s.raw_n = b.n;
    buf_over(&b, s.digits, sizeof s.digits - 1);
    coupon_to_digits(bytes_of(s.raw, s.raw_n), &b);
    assert_false(b.failed);
    s.digits_n = b.n;
    s.digits[b.n] = '\0';
    *state = &s;
    return 0;
}

static inline int sample_free(void **state)
{
    cose_key_free(&((struct sample *)*state)->issuer);
    return 0;
}

/* The shop's loyalty numbers in these tests begin with KD- or 26. */
static inline int read_bytes(const void *p, size_t n, bool typed, struct presented *out)
{
    static const struct bytes prefixes[] = {{(const uint8_t *)"KD-", 3}, {(const uint8_t *)"26", 2}};
    const struct present_rules rules = {typed, prefixes, 2};
    return present_read(bytes_of(p, n), &rules, out);
}

static inline int scan_text(const char *text, struct presented *out)
{
    return read_bytes(text, strlen(text), false, out);
}

static inline int type_text(const char *text, struct presented *out)
{
    return read_bytes(text, strlen(text), true, out);
}

static inline void is_product(const char *text, const char *gtin)
{
    struct presented out;
    if (scan_text(text, &out) || out.kind != PRESENTED_PRODUCT) {
        fail_msg("not a product: %s", text);
    }
    assert_string_equal(out.gtin, gtin);
}

static inline void is_unknown(const char *text)
{
    struct presented out;
    if (scan_text(text, &out) != TP_UNKNOWN_CODE || type_text(text, &out) != TP_UNKNOWN_CODE) {
        fail_msg("not unknown: %s", text);
    }
}

#endif
