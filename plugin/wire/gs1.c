/* The fields of AI 8110 and 8112 have no fixed places: each variable one is led by a digit that gives its
 * length (VLI), and the optional ones of 8110 by a digit that names them. */
#include "wire/gs1.h"

#include "base/code.h"
#include "wire/schema.h"

#include <string.h>

enum {
    PREFIX_LEAST = 6, /* a VLI of 0 */
    PREFIX_MOST = 12,
    OFFER_CODE = 6,
    SERIAL_LEAST = 6,
    GCN = 13, /* with its check digit */
    GCN_SERIAL_MAX = 12,
    DATA_MAX = 70, /* 8110, 8112 */
    DATE = 6,
};

const char *const gs1_ai_digits[GS1_AIS] = {"255", "8110", "8112"};

bool gs1_check_digit(const char *digits, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(digits[i] - '0');
        sum += (n - i) % 2 ? digit : 3 * digit;
    }
    return sum % 10 == 0;
}

static bool all_digits(struct bytes in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] < '0' || in.p[i] > '9') {
            return false;
        }
    }
    return true;
}

/* Digits that are taken off the front; once something does not fit, everything after it fails. */
struct fields {
    struct bytes rest;
    bool bad;
};

static struct bytes take(struct fields *f, size_t n)
{
    if (f->bad || f->rest.n < n) {
        f->bad = true;
        return (struct bytes){0};
    }
    struct bytes taken = bytes_of(f->rest.p, n);
    f->rest = bytes_of(f->rest.p + n, f->rest.n - n);
    return taken;
}

/* One digit out of those allowed. */
static uint8_t take_one_of(struct fields *f, const char *allowed)
{
    struct bytes c = take(f, 1);
    if (f->bad || !memchr(allowed, c.p[0], strlen(allowed))) {
        f->bad = true;
        return '0';
    }
    return c.p[0];
}

/* A VLI and as many digits more than `least` as it says. */
static struct bytes take_variable(struct fields *f, const char *allowed, size_t least)
{
    uint8_t vli = take_one_of(f, allowed);
    return take(f, least + (size_t)(vli - '0'));
}

/* An optional field of 8110 stands there when its own digit does. */
static bool take_mark(struct fields *f, char mark)
{
    if (f->bad || f->rest.n == 0 || f->rest.p[0] != (uint8_t)mark) {
        return false;
    }
    take(f, 1);
    return true;
}

static void put(char *out, struct bytes text)
{
    if (text.n) {
        memcpy(out + strlen(out), text.p, text.n);
    }
}

/* 8112: format, funder id, offer code, serial. */
static void read_positive_offer(struct fields *f, struct gs1_coupon *c)
{
    take_one_of(f, "01");
    struct bytes funder = take_variable(f, "0123456", PREFIX_LEAST);
    struct bytes code = take(f, OFFER_CODE);
    struct bytes serial = take_variable(f, "0123456789", SERIAL_LEAST);
    if (!f->bad) {
        put(c->offer, funder);
        put(c->offer, code);
        put(c->serial, serial);
    }
}

static int number_at(const uint8_t *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* YYMMDD. Two digits of a year: each fourth is a leap year within the hundred years that they can mean. */
static struct bytes take_date(struct fields *f)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct bytes date = take(f, DATE);
    if (f->bad) {
        return date;
    }
    int year = number_at(date.p), month = number_at(date.p + 2), day = number_at(date.p + 4);
    bool leap = month == 2 && year % 4 == 0;
    f->bad = month < 1 || month > 12 || day < 1 || day > days[month - 1] + leap;
    return date;
}

/* What must be bought: a value, the code of its unit, a family of products. */
static void skip_requirement(struct fields *f)
{
    take_variable(f, "12345", 0);
    take_one_of(f, "012349");
    take(f, 3);
}

/* Another company's prefix; 9 stands for the first one's. */
static void skip_other_prefix(struct fields *f)
{
    if (!take_mark(f, '9')) {
        take_variable(f, "0123456", PREFIX_LEAST);
    }
}

static void skip_further_purchases(struct fields *f)
{
    if (take_mark(f, '1')) {
        take_one_of(f, "0123"); /* how the purchases go together */
        skip_requirement(f);
        skip_other_prefix(f);
    }
    if (take_mark(f, '2')) {
        skip_requirement(f);
        skip_other_prefix(f);
    }
}

static void skip_dates(struct fields *f)
{
    struct bytes expiry = {0};
    if (take_mark(f, '3')) {
        expiry = take_date(f);
    }
    if (take_mark(f, '4')) {
        struct bytes start = take_date(f);
        f->bad = f->bad || (expiry.p && memcmp(start.p, expiry.p, DATE) > 0);
    }
}

/* 8110: company prefix, offer code, what is saved, what must be bought; then optional fields in their order.
 */
static void read_coupon_code(struct fields *f, struct gs1_coupon *c)
{
    struct bytes prefix = take_variable(f, "0123456", PREFIX_LEAST);
    struct bytes code = take(f, OFFER_CODE), serial = {0};
    take_variable(f, "12345", 0);
    skip_requirement(f);
    skip_further_purchases(f);
    skip_dates(f);
    if (take_mark(f, '5')) {
        serial = take_variable(f, "0123456789", SERIAL_LEAST);
    }
    if (take_mark(f, '6')) {
        take_variable(f, "1234567", PREFIX_LEAST); /* the retailer's prefix or location number */
    }
    if (take_mark(f, '9')) {
        take_one_of(f, "01256"); /* how the value saves */
        take_one_of(f, "012");   /* on which item */
        take(f, 1);              /* store coupon */
        take_one_of(f, "01");    /* not to be multiplied */
    }
    if (!f->bad) {
        put(c->offer, prefix);
        put(c->offer, code);
        put(c->serial, serial);
    }
}

/* 255: N13 with a check digit, then N..12. */
static void read_gcn(struct fields *f, struct gs1_coupon *c)
{
    struct bytes gcn = take(f, GCN);
    f->bad = f->bad || !gs1_check_digit((const char *)gcn.p, GCN) || f->rest.n > GCN_SERIAL_MAX;
    struct bytes serial = take(f, f->rest.n);
    if (!f->bad) {
        put(c->offer, gcn);
        put(c->serial, serial);
    }
}

static bool begins(struct bytes in, const char *text)
{
    return in.n >= strlen(text) && memcmp(in.p, text, strlen(text)) == 0;
}

int gs1_coupon_read(struct bytes element, struct gs1_coupon *out)
{
    static void (*const readers[GS1_AIS])(struct fields *, struct gs1_coupon *) = {read_gcn, read_coupon_code,
                                                                                   read_positive_offer};
    struct gs1_coupon c = {0};
    while (c.ai < GS1_AIS && !begins(element, gs1_ai_digits[c.ai])) {
        c.ai++;
    }
    if (c.ai == GS1_AIS) {
        return TP_UNKNOWN_CODE;
    }
    size_t ai = strlen(gs1_ai_digits[c.ai]);
    struct fields f = {.rest = bytes_of(element.p + ai, element.n - ai)};
    f.bad = f.rest.n > DATA_MAX || !all_digits(f.rest);
    memcpy(c.offer, gs1_ai_digits[c.ai], ai);
    readers[c.ai](&f, &c);
    if (f.bad || f.rest.n) {
        return TP_MISREAD;
    }
    put(c.element, element);
    *out = c;
    return 0;
}

bool gs1_offer_valid(struct bytes text)
{
    if (!all_digits(text)) {
        return false;
    }
    if (begins(text, gs1_ai_digits[GS1_GCN])) {
        return text.n == 3 + GCN && gs1_check_digit((const char *)text.p + 3, GCN);
    }
    return (begins(text, gs1_ai_digits[GS1_COUPON_CODE]) ||
            begins(text, gs1_ai_digits[GS1_POSITIVE_OFFER])) &&
           text.n >= 4 + PREFIX_LEAST + OFFER_CODE && text.n <= 4 + PREFIX_MOST + OFFER_CODE;
}

/* A 1 in front keeps leading zeros: at most 19 digits, below 2 x 10^18. */
static int64_t number_of(const char *digits)
{
    int64_t v = 1;
    for (; *digits; digits++) {
        v = v * 10 + (*digits - '0');
    }
    return v;
}

void gs1_numbers(const struct gs1_coupon *c, int64_t *offer, int64_t *serial)
{
    *offer = *serial = NONE;
    if (c->serial[0]) {
        /* Below 8 x 10^18 + 3, so that there is room for the AI. */
        *offer = -(number_of(c->offer + strlen(gs1_ai_digits[c->ai])) * 4 + (int64_t)c->ai);
        *serial = number_of(c->serial);
    }
}
