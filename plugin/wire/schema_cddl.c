#include "wire/schema.h"

#include <inttypes.h>

/* Stands in a schema_set for the rule that lists the outcomes' words. */
static const struct schema outcome_rule = {.name = "outcome_word", .shape = SHAPE_SCALAR};

static bool is_done(const struct schema_set *done, const struct schema *s)
{
    for (size_t i = 0; i < done->n; i++) {
        if (done->v[i] == s) {
            return true;
        }
    }
    return false;
}

static bool mark(struct schema_set *done, const struct schema *s)
{
    if (is_done(done, s) || done->n == sizeof done->v / sizeof done->v[0]) {
        return false;
    }
    done->v[done->n++] = s;
    return true;
}

static const char *short_name(const struct field *f)
{
    const char *dot = strrchr(f->name, '.');
    return dot ? dot + 1 : f->name;
}

static void put_range(const struct field *f, struct buf *out)
{
    if (f->min == f->max) {
        buf_printf(out, "%" PRId64, f->min);
    } else {
        buf_printf(out, "%" PRId64 "..%" PRId64, f->min, f->max);
    }
}

static void put_string(const char *type, const struct field *f, struct buf *out)
{
    buf_printf(out, "%s .size ", type);
    if (f->min == f->max) {
        put_range(f, out);
    } else {
        buf_puts(out, "(");
        put_range(f, out);
        buf_puts(out, ")");
    }
}

static void put_words(const char *const *words, struct buf *out)
{
    for (size_t i = 0; words[i]; i++) {
        buf_printf(out, "%s\"%s\"", i ? " / " : "", words[i]);
    }
}

static void put_type(const struct field *f, struct buf *out);

static void put_reference(const struct schema *s, struct buf *out)
{
    if (s->shape == SHAPE_SCALAR) {
        put_type(s->fields, out);
    } else {
        buf_puts(out, s->name);
    }
}

static void put_type(const struct field *f, struct buf *out)
{
    switch ((enum field_type)f->type) {
    case F_INT:
        put_range(f, out);
        break;
    case F_BOOL:
        buf_puts(out, "bool");
        break;
    case F_FIXED:
    case F_BYTES:
        put_string("bstr", f, out);
        break;
    case F_TEXT:
        put_string("tstr", f, out);
        break;
    case F_WORD:
        put_words(f->words, out);
        break;
    case F_CODE:
        buf_puts(out, outcome_rule.name);
        break;
    case F_SUB:
        put_reference(f->sub, out);
        break;
    case F_LIST:
        buf_printf(out, "[%" PRId64 "*%" PRId64 " ", f->min, f->max);
        put_reference(f->sub, out);
        buf_puts(out, "]");
        break;
    }
}

static void put_map(const struct schema *s, struct buf *out)
{
    buf_printf(out, "%s = {\n", s->name);
    for (size_t i = 0; i < s->count; i++) {
        const struct field *f = &s->fields[i];
        buf_printf(out, "  %s%" PRId64 ": ", f->flags & OPTIONAL ? "? " : "", f->key);
        put_type(f, out);
        buf_printf(out, "%s ; %s\n", i + 1 < s->count ? "," : "", short_name(f));
    }
    buf_puts(out, "}\n\n");
}

static void put_tuple(const struct schema *s, struct buf *out)
{
    buf_printf(out, "%s = [\n", s->name);
    for (size_t i = 0; i < s->count; i++) {
        const struct field *f = &s->fields[i];
        buf_printf(out, "  %s: ", short_name(f));
        put_type(f, out);
        buf_printf(out, "%s%s\n", f->flags & OPTIONAL ? " / null" : "", i + 1 < s->count ? "," : "");
    }
    buf_puts(out, "]\n\n");
}

/* The words of all outcomes, in the order of their numbers. */
static void put_outcomes(struct buf *out)
{
    size_t column = 0;
    buf_printf(out, "%s =", outcome_rule.name);
    for (int code = 0; code < 1000; code++) {
        const char *word = code_word(code);
        if (code_of_word(word, strlen(word)) != code) {
            continue;
        }
        buf_printf(out, "%s%s\"%s\"", code ? " /" : "", column % 5 ? " " : "\n  ", word);
        column++;
    }
    buf_puts(out, "\n\n");
}

/* Recursion follows the tables; `done` ends it. */
void schema_cddl(const struct schema *s, struct schema_set *done, struct buf *out)
{
    if (s->shape != SHAPE_SCALAR) {
        if (!mark(done, s)) {
            return;
        }
        if (s->shape == SHAPE_MAP) {
            put_map(s, out);
        } else {
            put_tuple(s, out);
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct field *f = &s->fields[i];
        if (f->sub) {
            schema_cddl(f->sub, done, out);
        }
        if (f->type == F_CODE && mark(done, &outcome_rule)) {
            put_outcomes(out);
        }
    }
}
