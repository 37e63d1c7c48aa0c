#include "wire/coupon.h"

#include "wire/cbor.h"

enum { LABEL_ALG = 1, LABEL_KID = 4, CLAIM_EXP = 4, CLAIM_COUPON = -65537, CHUNK = 7, CHUNK_DIGITS = 17 };
#define EXP_MAX (INT64_C(1) << 40)

/* Digits that k bytes take: the least in which 2^(8k) - 1 can be written. */
static const uint8_t digits_of[CHUNK + 1] = {0, 3, 5, 8, 10, 13, 15, CHUNK_DIGITS};

int coupon_sign(const struct cose_key *issuer, const uint8_t offer[REF_SIZE], uint32_t batch, uint32_t index,
                int64_t exp, struct buf *out)
{
    uint8_t header[32], claims[64];
    struct buf protected_map, payload;
    if (exp < 1 || exp > EXP_MAX) {
        return TP_E_ARGUMENT;
    }
    buf_over(&protected_map, header, sizeof header);
    enc_map(&protected_map, 2);
    enc_int(&protected_map, LABEL_ALG);
    enc_int(&protected_map, issuer->alg);
    enc_int(&protected_map, LABEL_KID);
    enc_bytes(&protected_map, bytes_of(issuer->kid, KID_SIZE));
    buf_over(&payload, claims, sizeof claims);
    enc_map(&payload, 2);
    enc_int(&payload, CLAIM_EXP);
    enc_int(&payload, exp);
    enc_int(&payload, CLAIM_COUPON);
    enc_array(&payload, 3);
    enc_bytes(&payload, bytes_of(offer, REF_SIZE));
    enc_int(&payload, batch);
    enc_int(&payload, index);
    return cose_sign1(issuer, buf_view(&protected_map), buf_view(&payload), out, NULL);
}

static bool next_is(struct dec *d, int64_t label)
{
    int64_t key;
    return !dec_int(d, &key) && key == label;
}

static int parse_header(struct bytes in, struct coupon *c)
{
    struct dec d;
    struct bytes kid;
    size_t count;
    dec_init(&d, in);
    if (dec_map(&d, &count) || count != 2 || !next_is(&d, LABEL_ALG) || dec_int(&d, &c->alg) ||
        !next_is(&d, LABEL_KID) || dec_bytes(&d, &kid) || kid.n != KID_SIZE || !dec_done(&d)) {
        return TP_E_MALFORMED;
    }
    memcpy(c->kid, kid.p, KID_SIZE);
    return cose_alg_known(c->alg) ? 0 : TP_E_MALFORMED;
}

static int parse_claims(struct bytes in, struct coupon *c)
{
    struct dec d;
    struct bytes offer;
    size_t count, three;
    int64_t batch, index;
    dec_init(&d, in);
    if (dec_map(&d, &count) || count != 2 || !next_is(&d, CLAIM_EXP) || dec_int(&d, &c->exp) ||
        !next_is(&d, CLAIM_COUPON) || dec_array(&d, &three) || three != 3 || dec_bytes(&d, &offer) ||
        dec_int(&d, &batch) || dec_int(&d, &index) || !dec_done(&d)) {
        return TP_E_MALFORMED;
    }
    if (offer.n != REF_SIZE || batch < 0 || batch > UINT32_MAX || index < 0 || index > UINT32_MAX ||
        c->exp < 1 || c->exp > EXP_MAX) {
        return TP_E_MALFORMED;
    }
    memcpy(c->offer, offer.p, REF_SIZE);
    c->batch = (uint32_t)batch;
    c->index = (uint32_t)index;
    return 0;
}

int coupon_parse(struct bytes in, struct coupon *c)
{
    struct coupon made = {0};
    if (in.n > COUPON_MAX || cose_sign1_parse(in, true, &made.sign1) ||
        made.sign1.unprotected.n != 1 || /* {}: a coupon carries no receipts */
        parse_header(made.sign1.protected_map, &made) || parse_claims(made.sign1.payload, &made)) {
        return TP_E_MALFORMED;
    }
    *c = made;
    return 0;
}

int coupon_verify(const struct coupon *c, const struct cose_key *issuer)
{
    return cose_verify(issuer, c->alg, &c->sign1, true);
}

static void put_chunk(const uint8_t *p, size_t n, struct buf *out)
{
    uint64_t v = 0;
    size_t digits = digits_of[n];
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    uint8_t *at = buf_extend(out, digits);
    for (size_t i = digits; at && i-- > 0; v /= 10) {
        at[i] = (uint8_t)('0' + v % 10);
    }
}

void coupon_to_digits(struct bytes coupon, struct buf *out)
{
    if (coupon.n == 0 || coupon.n > COUPON_MAX) {
        out->failed = true;
        return;
    }
    buf_puts(out, COUPON_PREFIX);
    for (size_t i = 0; i < coupon.n; i += CHUNK) {
        put_chunk(coupon.p + i, coupon.n - i < CHUNK ? coupon.n - i : CHUNK, out);
    }
}

/* Bytes that a chunk of so many digits stands for; 0 when there is no such chunk. */
static size_t bytes_for(size_t digits)
{
    for (size_t k = 1; k <= CHUNK; k++) {
        if (digits_of[k] == digits) {
            return k;
        }
    }
    return 0;
}

static int take_chunk(const uint8_t *p, size_t digits, struct buf *out)
{
    uint64_t v = 0;
    size_t n = bytes_for(digits);
    for (size_t i = 0; i < digits; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return TP_MISREAD;
        }
        v = v * 10 + (uint64_t)(p[i] - '0');
    }
    if (n == 0 || v >> 8 * n) {
        return TP_MISREAD;
    }
    for (size_t i = n; i-- > 0;) {
        buf_putc(out, (uint8_t)(v >> 8 * i));
    }
    return out->failed ? TP_E_MEMORY : 0;
}

int coupon_from_digits(struct bytes text, struct buf *out)
{
    size_t prefix = strlen(COUPON_PREFIX), before = out->n;
    if (text.n < prefix || memcmp(text.p, COUPON_PREFIX, prefix) != 0) {
        return TP_UNKNOWN_CODE;
    }
    size_t left = text.n - prefix;
    int rc = left == 0 || text.n > COUPON_DIGITS_MAX ? TP_MISREAD : 0;
    for (const uint8_t *p = text.p + prefix; !rc && left > 0;) {
        size_t digits = left < CHUNK_DIGITS ? left : CHUNK_DIGITS;
        rc = take_chunk(p, digits, out);
        p += digits;
        left -= digits;
    }
    if (!rc && out->n - before > COUPON_MAX) {
        rc = TP_MISREAD;
    }
    if (rc) {
        out->n = before;
    }
    return rc;
}
