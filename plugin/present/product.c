/* Articles' numbers: the check digit of the GS1 General Specifications, section 7.9.1, and the plain ways in
 * which a number is written. */
#include "present/inside.h"

enum { GTIN_SHORT = 8, AI_DIGITS = 2 };

static bool is_gtin_length(size_t n)
{
    return n == GTIN_SHORT || (n >= 12 && n <= GTIN_DIGITS);
}

static bool take_gtin(const char *digits, size_t n, char gtin[GTIN_DIGITS + 1])
{
    if (!is_gtin_length(n) || !gs1_check_digit(digits, n)) {
        return false;
    }
    memset(gtin, '0', GTIN_DIGITS);
    memcpy(gtin + GTIN_DIGITS - n, digits, n);
    gtin[GTIN_DIGITS] = '\0';
    return true;
}

bool is_element_string(const uint8_t aim[2])
{
    static const char *const symbologies[] = {"C1", "c1", "e0", "E0", "d2", "D2", "Q3", "q3"};
    for (size_t i = 0; i < sizeof symbologies / sizeof *symbologies; i++) {
        if (memcmp(symbologies[i], aim, 2) == 0) {
            return true;
        }
    }
    return false;
}

/* AI 01 first; whatever follows it is not looked at, but it is text. */
static bool read_element_string(struct bytes in, char gtin[GTIN_DIGITS + 1])
{
    char digits[AI_DIGITS + GTIN_DIGITS];
    size_t n;
    if (in.n < sizeof digits || !take_only_digits(bytes_of(in.p, sizeof digits), digits, sizeof digits, &n) ||
        n != sizeof digits || memcmp(digits, "01", AI_DIGITS) != 0) {
        return false;
    }
    for (size_t i = sizeof digits; i < in.n; i++) {
        if (!is_printable(in.p[i]) && in.p[i] != GROUP_SEPARATOR) {
            return false;
        }
    }
    return take_gtin(digits + AI_DIGITS, GTIN_DIGITS, gtin);
}

static uint8_t small_letter(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool begins(struct bytes in, const char *small)
{
    size_t n = strlen(small);
    bool same = in.n >= n;
    for (size_t i = 0; same && i < n; i++) {
        same = small_letter(in.p[i]) == (uint8_t)small[i];
    }
    return same;
}

size_t path_of_link(struct bytes in)
{
    size_t at = begins(in, "https://") ? 8 : begins(in, "http://") ? 7 : 0, host = at;
    for (size_t i = 0; i < in.n; i++) {
        if (!is_printable(in.p[i])) {
            return 0;
        }
    }
    while (at && at < in.n && in.p[at] != '/') {
        at++;
    }
    return at > host && at < in.n ? at : 0;
}

/* GS1 Digital Link, URI syntax, section 4: /01/ and the number, before any ? or #. */
static bool read_link(struct bytes in, char gtin[GTIN_DIGITS + 1])
{
    size_t at = path_of_link(in);
    while (at && at < in.n && in.p[at] != '?' && in.p[at] != '#') {
        struct bytes rest = bytes_of(in.p + at, in.n - at);
        size_t n = 0;
        if (!begins(rest, "/01/")) {
            at++;
            continue;
        }
        rest = bytes_of(rest.p + 4, rest.n - 4);
        while (n < rest.n && n <= GTIN_DIGITS && is_digit(rest.p[n])) {
            n++;
        }
        bool ends = n == rest.n || rest.p[n] == '/' || rest.p[n] == '?' || rest.p[n] == '#';
        return ends && take_gtin((const char *)rest.p, n, gtin);
    }
    return false;
}

/* ISO/IEC 15424: E0 is EAN-13 with UPC-A and UPC-E written out, E4 is EAN-8. */
static bool is_ean_symbol(const uint8_t aim[2], size_t n)
{
    bool ean = small_letter(aim[0]) == 'e';
    return (ean && aim[1] == '0' && (n == 12 || n == 13)) || (ean && aim[1] == '4' && n == GTIN_SHORT);
}

int product_read(struct bytes in, const uint8_t aim[2], char gtin[GTIN_DIGITS + 1])
{
    char digits[GTIN_DIGITS];
    size_t n;
    if (take_only_digits(in, digits, sizeof digits, &n)) {
        if (take_gtin(digits, n, gtin)) {
            return 0;
        }
        return is_ean_symbol(aim, n) ? TP_MISREAD : TP_UNKNOWN_CODE;
    }
    bool found = (is_element_string(aim) && read_element_string(in, gtin)) || read_link(in, gtin);
    return found ? 0 : TP_UNKNOWN_CODE;
}
