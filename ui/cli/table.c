/* Tables: the same rows aligned for people, as CSV (RFC 4180) and as JSON. */
#include "cli.h"

#include "forms/forms.h"
#include "offer/money.h"

#include <inttypes.h>

enum { CELLS_MAX = 512 * 1024 * 1024 };

void table_begin(struct table *t, const struct column *columns, size_t count)
{
    *t = (struct table){.columns = columns, .count = count};
    buf_init(&t->cells, CELLS_MAX);
}

void table_cell(struct table *t, struct bytes text)
{
    buf_put(&t->cells, text.p, text.n);
    buf_putc(&t->cells, 0);
    t->n++;
}

void table_text(struct table *t, const char *text)
{
    table_cell(t, bytes_str(text));
}

void table_count(struct table *t, int64_t v)
{
    buf_printf(&t->cells, "%" PRId64, v);
    buf_putc(&t->cells, 0);
    t->n++;
}

void table_amount(struct table *t, int64_t v, int digits)
{
    decimal_put(&t->cells, v, digits);
    buf_putc(&t->cells, 0);
    t->n++;
}

void table_free(struct table *t)
{
    buf_free(&t->cells);
}

/* Characters, not bytes: what a terminal's column counts, near enough. */
static size_t width_of(struct bytes text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        n += (text.p[i] & 0xC0) != 0x80;
    }
    return n;
}

static void put_spaces(struct buf *out, size_t n)
{
    while (n--) {
        buf_putc(out, ' ');
    }
}

static void put_aligned(struct buf *out, const struct column *column, struct bytes text, size_t width,
                        bool last)
{
    size_t space = width - width_of(text);
    if (column->kind != COLUMN_TEXT) {
        put_spaces(out, space);
    }
    for (size_t i = 0; i < text.n; i++) {
        buf_putc(out, text.p[i] < 0x20 || text.p[i] == 0x7f ? '?' : text.p[i]);
    }
    if (column->kind == COLUMN_TEXT && !last) {
        put_spaces(out, space);
    }
    buf_puts(out, last ? "\n" : "  ");
}

static struct bytes next_cell(const struct table *t, size_t *at)
{
    const char *p = (const char *)t->cells.p + *at;
    struct bytes text = bytes_str(p);
    *at += text.n + 1;
    return text;
}

static void put_table(const struct table *t, struct buf *out)
{
    size_t width[32] = {0}, at = 0;
    for (size_t i = 0; i < t->count; i++) {
        width[i] = strlen(t->columns[i].name);
    }
    for (size_t i = 0; i < t->n; i++) {
        size_t w = width_of(next_cell(t, &at)), column = i % t->count;
        width[column] = w > width[column] ? w : width[column];
    }
    for (size_t i = 0; i < t->count; i++) {
        put_aligned(out, &t->columns[i], bytes_str(t->columns[i].name), width[i], i + 1 == t->count);
    }
    at = 0;
    for (size_t i = 0; i < t->n; i++) {
        size_t c = i % t->count;
        put_aligned(out, &t->columns[c], next_cell(t, &at), width[c], c + 1 == t->count);
    }
}

static void put_csv(const struct table *t, struct buf *out)
{
    for (size_t i = 0; i < t->count; i++) {
        csv_put_field(out, bytes_str(t->columns[i].name));
        buf_puts(out, i + 1 == t->count ? "\r\n" : ",");
    }
    size_t at = 0;
    for (size_t i = 0; i < t->n; i++) {
        csv_put_field(out, next_cell(t, &at));
        buf_puts(out, (i + 1) % t->count == 0 ? "\r\n" : ",");
    }
}

static void put_json(const struct table *t, struct buf *out)
{
    size_t at = 0;
    buf_putc(out, '[');
    for (size_t i = 0; i < t->n; i++) {
        const struct column *column = &t->columns[i % t->count];
        struct bytes text = next_cell(t, &at);
        buf_puts(out, i % t->count ? "," : i ? "},{" : "{");
        json_put_string(out, bytes_str(column->name));
        buf_putc(out, ':');
        if (column->kind == COLUMN_COUNT) {
            buf_put(out, text.p, text.n);
        } else {
            json_put_string(out, text);
        }
    }
    buf_puts(out, t->n ? "}]" : "]");
}

int table_put(const struct table *t, enum table_format format, struct buf *out)
{
    if (t->cells.failed || t->count > 32) {
        return TP_E_MEMORY;
    }
    if (format == TABLE_CSV) {
        put_csv(t, out);
    } else if (format == TABLE_JSON) {
        put_json(t, out);
    } else {
        put_table(t, out);
    }
    return out->failed ? TP_E_MEMORY : 0;
}
