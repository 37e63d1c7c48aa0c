#include "claims.h"

#include "forms/forms.h"
#include "wire/cbor.h"

#include <inttypes.h>

struct any_list {
    const void *v;
    size_t n;
};

static void put_schema(const struct schema *schema, const void *in, int depth, struct buf *out);

static void put_hex(struct buf *out, const uint8_t *p, size_t n)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%02x", p[i]);
    }
    buf_putc(out, '"');
}

static const void *sub_of(const struct field *f, const void *at)
{
    return f->flags & OPTIONAL ? *(const void *const *)at : at;
}

static bool is_absent(const struct field *f, const void *at)
{
    if (!(f->flags & OPTIONAL)) {
        return false;
    }
    switch (f->type) {
    case F_INT:
        return *(const int64_t *)at == NONE;
    case F_BYTES:
    case F_TEXT:
        return !((const struct bytes *)at)->p;
    case F_SUB:
        return !sub_of(f, at);
    case F_WORD:
        return *(const int *)at < 0;
    default:
        return false;
    }
}

static void put_list(const struct field *f, const void *at, int depth, struct buf *out)
{
    struct any_list list;
    memcpy(&list, at, sizeof list);
    buf_putc(out, '[');
    for (size_t i = 0; i < list.n; i++) {
        buf_puts(out, i ? "," : "");
        put_schema(f->sub, (const uint8_t *)list.v + i * f->sub->size, depth, out);
    }
    buf_putc(out, ']');
}

static void put_field(const struct field *f, const void *at, int depth, struct buf *out)
{
    const struct bytes *bytes = at;
    switch (f->type) {
    case F_INT:
        buf_printf(out, "%" PRId64, *(const int64_t *)at);
        break;
    case F_BOOL:
        buf_puts(out, *(const bool *)at ? "true" : "false");
        break;
    case F_FIXED:
        put_hex(out, at, (size_t)f->min);
        break;
    case F_BYTES:
        put_hex(out, bytes->p, bytes->n);
        break;
    case F_TEXT:
        json_put_string(out, *bytes);
        break;
    case F_WORD:
        json_put_string(out, bytes_str(f->words[*(const int *)at]));
        break;
    case F_CODE:
        json_put_string(out, bytes_str(code_word(*(const int *)at)));
        break;
    case F_LIST:
        put_list(f, at, depth, out);
        break;
    default:
        put_schema(f->sub, sub_of(f, at), depth, out);
        break;
    }
}

static void put_members(const struct schema *schema, const void *in, int depth, struct buf *out)
{
    bool first = true;
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *f = &schema->fields[i];
        const void *at = (const uint8_t *)in + f->offset;
        const char *dot = strrchr(f->name, '.');
        if (is_absent(f, at)) {
            continue;
        }
        buf_puts(out, first ? "" : ",");
        json_put_string(out, bytes_str(dot ? dot + 1 : f->name));
        buf_putc(out, ':');
        put_field(f, at, depth, out);
        first = false;
    }
}

/* Schemas nest no deeper than what they describe, but a table could be wrong. */
static void put_schema(const struct schema *schema, const void *in, int depth, struct buf *out)
{
    if (depth > CBOR_DEPTH) {
        buf_puts(out, "null");
    } else if (schema->shape == SHAPE_SCALAR) {
        put_field(&schema->fields[0], (const uint8_t *)in + schema->fields[0].offset, depth + 1, out);
    } else {
        buf_putc(out, '{');
        put_members(schema, in, depth + 1, out);
        buf_putc(out, '}');
    }
}

void claims_put(const struct schema *schema, const void *in, struct buf *out)
{
    put_members(schema, in, 0, out);
}
