#include "forms/forms.h"

#include "offer/money.h"

/* One character of a JSON string (RFC 8259, section 7). */
static void put_json_byte(struct buf *out, uint8_t c)
{
    if (c == '"' || c == '\\') {
        buf_putc(out, '\\');
        buf_putc(out, c);
    } else if (c < 0x20) {
        buf_printf(out, "\\u%04x", c);
    } else {
        buf_putc(out, c);
    }
}

/* Length of the well-formed UTF-8 character at p, or 0. */
static size_t utf8_length(const uint8_t *p, size_t n)
{
    for (size_t length = 1; length <= 4 && length <= n; length++) {
        if (bytes_utf8(bytes_of(p, length))) {
            return length;
        }
    }
    return 0;
}

void json_put_string(struct buf *out, struct bytes text)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < text.n;) {
        size_t length = utf8_length(text.p + i, text.n - i);
        if (length == 1) {
            put_json_byte(out, text.p[i]);
        } else if (length) {
            buf_put(out, text.p + i, length);
        } else {
            buf_puts(out, "\\ufffd");
        }
        i += length ? length : 1;
    }
    buf_putc(out, '"');
}

struct writing {
    struct buf *out;
    int digits;
};

static void put_money(struct writing *w, const char *key, int64_t v)
{
    buf_printf(w->out, "\"%s\":\"", key);
    decimal_put(w->out, v, w->digits);
    buf_putc(w->out, '"');
}

static void put_key_text(struct writing *w, const char *key, struct bytes text)
{
    buf_printf(w->out, "\"%s\":", key);
    json_put_string(w->out, text);
}

static void put_applied(struct writing *w, const struct quote_applied *applied)
{
    buf_putc(w->out, '{');
    put_key_text(w, "offer", applied->id);
    buf_putc(w->out, ',');
    put_money(w, "discount", applied->discount);
    buf_putc(w->out, ',');
    put_key_text(w, "funder", applied->funder);
    if (applied->cashback) {
        buf_putc(w->out, ',');
        put_money(w, "cashback", applied->cashback);
    }
    buf_putc(w->out, '}');
}

static void put_refused(struct writing *w, const struct quote_refused *refused)
{
    buf_putc(w->out, '{');
    put_key_text(w, "offer", refused->id);
    buf_printf(w->out, ",\"reason\":\"%s\"", code_word(refused->reason));
    if (refused->missing != NONE) {
        buf_putc(w->out, ',');
        put_money(w, "missing", refused->missing);
    }
    buf_putc(w->out, '}');
}

/* A quote that came over the wire may name an offer that is not there. */
static void put_shares(struct writing *w, const struct quote *q, const struct quote_line *line)
{
    bool first = true;
    buf_puts(w->out, "\"offers\":{");
    for (size_t i = 0; i < line->shares.n; i++) {
        const struct quote_share *share = &line->shares.v[i];
        if (share->applied < 0 || (uint64_t)share->applied >= q->applied.n) {
            continue;
        }
        if (!first) {
            buf_putc(w->out, ',');
        }
        first = false;
        json_put_string(w->out, q->applied.v[share->applied].id);
        buf_puts(w->out, ":\"");
        decimal_put(w->out, share->discount, w->digits);
        buf_putc(w->out, '"');
    }
    buf_putc(w->out, '}');
}

static void put_amounts(struct writing *w, int64_t gross, int64_t discount, int64_t net, int64_t tax)
{
    put_money(w, "gross", gross);
    buf_putc(w->out, ',');
    put_money(w, "discount", discount);
    buf_putc(w->out, ',');
    put_money(w, "net", net);
    buf_putc(w->out, ',');
    put_money(w, "tax", tax);
    buf_putc(w->out, ',');
}

static void put_line(struct writing *w, const struct quote *q, const struct quote_line *line)
{
    buf_printf(w->out, "{\"line\":%lld,", (long long)line->number);
    put_amounts(w, line->gross, line->discount, line->net, line->tax);
    put_shares(w, q, line);
    buf_putc(w->out, '}');
}

void form_quote(const struct quote *q, struct buf *out)
{
    int digits = currency_digits(q->currency);
    struct writing w = {.out = out, .digits = digits < 0 ? 0 : digits};
    buf_putc(out, '{');
    put_key_text(&w, "currency", q->currency);
    buf_putc(out, ',');
    put_amounts(&w, q->gross, q->discount, q->net, q->tax);
    put_money(&w, "due", q->due);
    buf_putc(out, ',');
    put_money(&w, "cashback", q->cashback);
    buf_puts(out, ",\"applied\":[");
    for (size_t i = 0; i < q->applied.n; i++) {
        buf_puts(out, i ? "," : "");
        put_applied(&w, &q->applied.v[i]);
    }
    buf_puts(out, "],\"refused\":[");
    for (size_t i = 0; i < q->refused.n; i++) {
        buf_puts(out, i ? "," : "");
        put_refused(&w, &q->refused.v[i]);
    }
    buf_puts(out, "],\"lines\":[");
    for (size_t i = 0; i < q->lines.n; i++) {
        buf_puts(out, i ? "," : "");
        put_line(&w, q, &q->lines.v[i]);
    }
    buf_puts(out, "]}");
}

static bool is_number(struct bytes text)
{
    size_t i = text.n && (text.p[0] == '-' || text.p[0] == '+') ? 1 : 0;
    size_t digits = 0, points = 0;
    for (; i < text.n; i++) {
        bool point = text.p[i] == '.';
        if ((point && (digits == 0 || points++)) || (!point && (text.p[i] < '0' || text.p[i] > '9'))) {
            return false;
        }
        digits = point ? digits : digits + 1;
    }
    return digits > 0 && text.p[text.n - 1] != '.';
}

static bool has_any(struct bytes text, const char *chars)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] && strchr(chars, text.p[i])) {
            return true;
        }
    }
    return false;
}

/* A spreadsheet runs what begins like a formula; an apostrophe makes it a text. */
void csv_put_field(struct buf *out, struct bytes text)
{
    bool defuse = has_any(bytes_of(text.p, text.n ? 1 : 0), "=+-@\t\r") && !is_number(text);
    bool quote = has_any(text, ",\"\r\n");
    buf_puts(out, quote ? "\"" : "");
    buf_puts(out, defuse ? "'" : "");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') {
            buf_putc(out, '"');
        }
        buf_putc(out, text.p[i]);
    }
    buf_puts(out, quote ? "\"" : "");
}
