/* Where a GS1 coupon's element string stands: among others in a symbol's text, in brackets, in a link. */
#include "present/inside.h"

enum { AI_LEAST = 2, AI_MOST = 4 };

/* What was found on the way through a text. */
struct found {
    struct gs1_coupon *out;
    int rc;        /* of the coupon; TP_UNKNOWN_CODE: none so far */
    bool excludes; /* something that cannot go with a GCN */
};

static bool is_ai(struct bytes ai, const char *const list[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes_is(ai, list[i])) {
            return true;
        }
    }
    return false;
}

/* The GS1 syntax dictionary: 255 is never paired with any of these. */
static bool excludes_gcn(struct bytes ai)
{
    static const char *const list[] = {"01", "02", "415", "8006", "8020", "8026"};
    return is_ai(ai, list, sizeof list / sizeof *list);
}

/* One element: an AI and its data, one after the other, spaces aside. A second coupon is one too many; the
 * same one again is not. */
static void note(struct found *f, struct bytes ai, struct bytes data)
{
    uint8_t memory[GS1_ELEMENT_MAX];
    struct gs1_coupon c;
    struct buf element;
    f->excludes = f->excludes || excludes_gcn(ai);
    if (!is_ai(ai, gs1_ai_digits, GS1_AIS)) {
        return;
    }
    buf_over(&element, memory, sizeof memory);
    buf_put(&element, ai.p, ai.n);
    for (size_t i = 0; i < data.n; i++) {
        if (data.p[i] != ' ') {
            buf_putc(&element, data.p[i]);
        }
    }
    int rc = element.failed ? TP_MISREAD : gs1_coupon_read(buf_view(&element), &c);
    if (rc == 0 && f->rc == 0 && strcmp(c.element, f->out->element) != 0) {
        rc = TP_MISREAD;
    }
    if (rc == 0 && f->rc == TP_UNKNOWN_CODE) {
        *f->out = c;
    }
    f->rc = f->rc == TP_MISREAD ? TP_MISREAD : rc;
}

/* `whole`: every byte belonged to an element. */
static int judge(const struct found *f, bool whole)
{
    if (f->rc == 0 && (!whole || (f->out->ai == GS1_GCN && f->excludes))) {
        return TP_MISREAD;
    }
    return f->rc;
}

/* How long an element is with its AI, when its length is predefined; or 0 (GS1 General Specifications,
 * section 7.8.5: by the AI's first two digits). */
static size_t predefined_length(const uint8_t *ai)
{
    static const struct {
        char first, from, to;
        size_t length;
    } table[] = {
        {'0', '0', '0', 20}, {'0', '1', '3', 16}, {'0', '4', '4', 18}, {'1', '1', '9', 8},
        {'2', '0', '0', 4},  {'3', '1', '6', 10}, {'4', '1', '1', 16},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (ai[0] == (uint8_t)table[i].first && ai[1] >= (uint8_t)table[i].from &&
            ai[1] <= (uint8_t)table[i].to) {
            return table[i].length;
        }
    }
    return 0;
}

/* How many digits its AI has, of those that matter here; what else it is does not. */
static size_t ai_length(struct bytes element)
{
    static const char *const known[] = {"01", "02", "255", "415", "8006", "8020", "8026", "8110", "8112"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i]);
        if (element.n >= n && memcmp(element.p, known[i], n) == 0) {
            return n;
        }
    }
    return AI_LEAST;
}

/* Takes one element off the front, and the separator after it. False when there is none. */
static bool take_element(struct bytes *in, struct bytes *element)
{
    size_t n = 0;
    if (in->n <= AI_LEAST || !is_digit(in->p[0]) || !is_digit(in->p[1])) {
        return false;
    }
    size_t fixed = predefined_length(in->p);
    while (n < in->n && in->p[n] != GROUP_SEPARATOR && (!fixed || n < fixed)) {
        n++;
    }
    if (fixed && n < fixed) {
        return false;
    }
    *element = bytes_of(in->p, n);
    n += n < in->n && in->p[n] == GROUP_SEPARATOR;
    *in = bytes_of(in->p + n, in->n - n);
    return true;
}

static int read_elements(struct bytes in, struct gs1_coupon *out)
{
    struct found f = {out, TP_UNKNOWN_CODE, false};
    struct bytes element;
    if (in.n && in.p[0] == GROUP_SEPARATOR) { /* the FNC1 that tells a GS1 symbol, which some scanners send */
        in = bytes_of(in.p + 1, in.n - 1);
    }
    while (in.n && take_element(&in, &element)) {
        size_t ai = ai_length(element);
        note(&f, bytes_of(element.p, ai), bytes_of(element.p + ai, element.n - ai));
    }
    return judge(&f, in.n == 0);
}

/* How long "(AI)" is at the front, or 0. */
static size_t bracket_length(struct bytes in)
{
    size_t n = 1;
    while (n < in.n && n <= AI_MOST && is_digit(in.p[n])) {
        n++;
    }
    return in.n > n && in.p[0] == '(' && in.p[n] == ')' && n > AI_LEAST ? n + 1 : 0;
}

static int read_brackets(struct bytes in, struct gs1_coupon *out)
{
    struct found f = {out, TP_UNKNOWN_CODE, false};
    size_t ai = bracket_length(in);
    while (ai) {
        struct bytes rest = bytes_of(in.p + ai, in.n - ai);
        size_t n = 0, next = 0;
        while (n < rest.n && (next = bracket_length(bytes_of(rest.p + n, rest.n - n))) == 0) {
            n++;
        }
        note(&f, bytes_of(in.p + 1, ai - 2), bytes_of(rest.p, n));
        in = bytes_of(rest.p + n, rest.n - n);
        ai = n < rest.n ? next : 0;
    }
    return judge(&f, true);
}

/* Up to a byte out of `ends`, which goes away too. */
static struct bytes take_until(struct bytes *in, const char *ends)
{
    size_t n = 0;
    while (n < in->n && !memchr(ends, in->p[n], strlen(ends))) {
        n++;
    }
    struct bytes taken = bytes_of(in->p, n);
    n += n < in->n;
    *in = bytes_of(in->p + n, in->n - n);
    return taken;
}

/* GS1 Digital Link, URI syntax: what may stand first in its path. */
static bool is_primary_key(struct bytes ai)
{
    static const char *const list[] = {"00",  "01",   "253",  "255",  "401",  "402",  "414",  "415",
                                       "417", "8003", "8004", "8006", "8010", "8013", "8017", "8018"};
    return is_ai(ai, list, sizeof list / sizeof *list);
}

static bool only_digits(struct bytes in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (!is_digit(in.p[i])) {
            return false;
        }
    }
    return in.n > 0;
}

/* The path ends in pairs of AI and value. 255 takes none after it; another address may well have such a
 * number in it, so what is no digits is not judged. True when there was a primary key. */
static bool read_path(struct bytes path, struct found *f)
{
    struct bytes segment = {0};
    bool key = false;
    while (path.n) {
        struct bytes last = segment;
        segment = take_until(&path, "/");
        if (is_primary_key(last) && segment.n) {
            key = true;
            f->excludes = f->excludes || excludes_gcn(last);
            if (path.n == 0 && bytes_is(last, gs1_ai_digits[GS1_GCN]) && only_digits(segment)) {
                note(f, last, segment);
            }
        }
    }
    return key;
}

/* Data attributes stand in the query: those two coupons have no other place, for they are no primary keys. */
static void read_query(struct bytes query, struct found *f)
{
    while (query.n) {
        struct bytes pair = take_until(&query, "&;");
        struct bytes ai = take_until(&pair, "=");
        if (!bytes_is(ai, gs1_ai_digits[GS1_GCN])) {
            note(f, ai, pair);
        }
    }
}

static int read_link(struct bytes in, size_t path_at, struct gs1_coupon *out)
{
    struct found f = {out, TP_UNKNOWN_CODE, false};
    struct bytes rest = bytes_of(in.p + path_at, in.n - path_at);
    rest = take_until(&rest, "#");
    struct bytes path = take_until(&rest, "?");
    if (read_path(path, &f)) {
        read_query(rest, &f);
    }
    return judge(&f, true);
}

static bool has_separator(struct bytes in)
{
    return in.n && memchr(in.p, GROUP_SEPARATOR, in.n);
}

int gs1_read(struct bytes in, const uint8_t aim[2], struct gs1_coupon *out)
{
    size_t path = path_of_link(in);
    if (path) {
        return read_link(in, path, out);
    }
    if (bracket_length(in)) {
        return read_brackets(in, out);
    }
    /* With caps lock on, DataBar's prefix is that of EAN-13. */
    bool article = aim[0] == 'E' && in.n <= GTIN_DIGITS;
    return (is_element_string(aim) && !article) || has_separator(in) ? read_elements(in, out)
                                                                     : TP_UNKNOWN_CODE;
}

int gs1_read_plain(struct bytes in, struct gs1_coupon *out)
{
    char digits[GS1_ELEMENT_MAX + 1];
    size_t n;
    if (!take_only_digits(in, digits, sizeof digits, &n) || n <= GTIN_DIGITS) {
        return TP_UNKNOWN_CODE;
    }
    int rc = gs1_coupon_read(bytes_of(digits, n), out);
    /* Three digits alone do not make a GCN of any long number. */
    bool gcn = memcmp(digits, gs1_ai_digits[GS1_GCN], 3) == 0;
    return rc == TP_MISREAD && gcn ? TP_UNKNOWN_CODE : rc;
}
