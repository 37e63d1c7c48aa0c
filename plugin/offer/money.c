#include "offer/money.h"

#include "wire/terms.h"

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

/* ISO 4217, list one, without funds, metals and test codes; four-decimal units are not money of a sale. */
static const char none_after_point[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ";
static const char three_after_point[] = "BHD IQD JOD KWD LYD OMR TND ";
static const char two_after_point[] =
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP "
    "CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS "
    "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
    "SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR "
    "ZMW ZWG ";

static bool listed(const char *list, struct bytes code)
{
    for (; *list; list += 4) {
        if (memcmp(list, code.p, 3) == 0) {
            return true;
        }
    }
    return false;
}

int currency_digits(struct bytes code)
{
    if (!code.p || code.n != 3) {
        return -1;
    }
    if (listed(two_after_point, code)) {
        return 2;
    }
    if (listed(none_after_point, code)) {
        return 0;
    }
    return listed(three_after_point, code) ? 3 : -1;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Ten times v plus a digit, standing still once it is beyond anything that counts. */
static int64_t push_digit(int64_t v, uint8_t c)
{
    return v > AMOUNT_MAX ? v : v * 10 + (c - '0');
}

/* The digits after the point, from text.p[i] to the end. */
static int parse_fraction(struct bytes text, size_t i, int digits, int64_t *v)
{
    int seen = 0;
    if (i == text.n) {
        return TP_BAD_VALUE;
    }
    for (; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (!is_digit(c) || (seen >= digits && c != '0')) {
            return TP_BAD_VALUE;
        }
        if (seen < digits) {
            *v = push_digit(*v, c);
            seen++;
        }
    }
    for (; seen < digits; seen++) {
        *v = push_digit(*v, '0');
    }
    return 0;
}

int decimal_parse(struct bytes text, int digits, int64_t *out)
{
    int64_t v = 0;
    size_t i = text.n && text.p[0] == '-' ? 1 : 0;
    size_t first = i;
    while (i < text.n && is_digit(text.p[i])) {
        v = push_digit(v, text.p[i++]);
    }
    if (i == first || (text.p[first] == '0' && i - first > 1)) {
        return TP_BAD_VALUE;
    }
    if (i < text.n && text.p[i] != '.') {
        return TP_BAD_VALUE;
    }
    if (i < text.n) {
        int rc = parse_fraction(text, i + 1, digits, &v);
        if (rc) {
            return rc;
        }
    } else {
        for (int k = 0; k < digits; k++) {
            v = push_digit(v, '0');
        }
    }
    if (v > AMOUNT_MAX) {
        return TP_AMOUNT_RANGE;
    }
    *out = first ? -v : v;
    return 0;
}

static void put_number(struct buf *out, int64_t v, int digits, bool shorten)
{
    char text[32];
    size_t at = sizeof text;
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    for (; shorten && digits > 0 && left % 10 == 0; digits--) {
        left /= 10;
    }
    for (int i = 0; i < digits; i++) {
        text[--at] = (char)('0' + left % 10);
        left /= 10;
    }
    if (digits > 0) {
        text[--at] = '.';
    }
    do {
        text[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0) {
        text[--at] = '-';
    }
    buf_put(out, text + at, sizeof text - at);
}

void decimal_put(struct buf *out, int64_t v, int digits)
{
    put_number(out, v, digits, false);
}

void decimal_put_short(struct buf *out, int64_t v, int digits)
{
    put_number(out, v, digits, true);
}

bool mul_div(int64_t a, int64_t b, int64_t c, int64_t *out)
{
    i128 product = (i128)a * b;
    u128 whole = product < 0 ? 0 - (u128)product : (u128)product;
    u128 by = (u128)c;
    u128 result = whole / by;
    u128 rest = whole % by;
    if (rest >= by - rest) {
        result++;
    }
    if (result > (u128)AMOUNT_MAX) {
        return false;
    }
    *out = product < 0 ? -(int64_t)result : (int64_t)result;
    return true;
}

bool add_amount(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum) || sum > AMOUNT_MAX || sum < -AMOUNT_MAX) {
        return false;
    }
    *out = sum;
    return true;
}
