#include "wire/schema.h"

#include "wire/cbor.h"

#include <stdio.h>

/* Where in a value we are, for the sentence that names a bad field. */
struct place {
    const struct place *up;
    const char *name; /* or NULL: an item of a list */
    size_t item;
};

/* Any LIST(). */
struct any_list {
    const void *v;
    size_t n;
};

enum { PLACES_MAX = 16 };

static const char *short_name(const struct field *f)
{
    const char *dot = strrchr(f->name, '.');
    return dot ? dot + 1 : f->name;
}

static int refuse(const struct place *at, struct err *e, const char *why)
{
    const struct place *steps[PLACES_MAX];
    char text[160];
    size_t n = 0, used = 0;
    for (; at && n < PLACES_MAX; at = at->up) {
        steps[n++] = at;
    }
    text[0] = '\0';
    while (n > 0 && used < sizeof text - 1) {
        const struct place *p = steps[--n];
        const char *dot = used ? "." : "";
        int wrote = p->name ? snprintf(text + used, sizeof text - used, "%s%s", dot, p->name)
                            : snprintf(text + used, sizeof text - used, "%s%zu", dot, p->item);
        used += wrote < 0 ? 0 : (size_t)wrote;
    }
    return err_set(e, TP_BAD_STATEMENT, "%s: %s", text, why);
}

/* ---- what both directions check ---- */

static const char *check_length(const struct field *f, size_t n)
{
    return n < (uint64_t)f->min || n > (uint64_t)f->max ? "wrong length" : NULL;
}

static const char *check_value(const struct field *f, const void *v)
{
    switch (f->type) {
    case F_INT: {
        int64_t i = *(const int64_t *)v;
        return i < f->min || i > f->max ? "out of range" : NULL;
    }
    case F_BYTES:
        return check_length(f, ((const struct bytes *)v)->n);
    case F_TEXT:
        if (!bytes_utf8(*(const struct bytes *)v)) {
            return "not UTF-8";
        }
        return check_length(f, ((const struct bytes *)v)->n);
    case F_LIST: {
        struct any_list list;
        memcpy(&list, v, sizeof list);
        return check_length(f, list.n);
    }
    default:
        return NULL;
    }
}

/* ---- decoding ---- */

struct reading {
    struct dec d;
    struct arena *arena;
    struct err *e;
};

static int read_schema(struct reading *r, const struct schema *s, void *out, const struct place *at);

static int read_text(struct reading *r, const struct place *at, struct bytes *text)
{
    return dec_text(&r->d, text) ? refuse(at, r->e, "not a text") : 0;
}

static int read_word(struct reading *r, const struct field *f, int *out, const struct place *at)
{
    struct bytes text;
    int rc = read_text(r, at, &text);
    for (int i = 0; !rc && f->words[i]; i++) {
        if (bytes_is(text, f->words[i])) {
            *out = i;
            return 0;
        }
    }
    return rc ? rc : refuse(at, r->e, "not a word of its list");
}

static int read_code(struct reading *r, int *out, const struct place *at)
{
    struct bytes text;
    int rc = read_text(r, at, &text);
    int code = rc ? 0 : code_of_word((const char *)text.p, text.n);
    if (!rc && code < 0) {
        return refuse(at, r->e, "not an outcome's word");
    }
    *out = code;
    return rc;
}

static int read_list(struct reading *r, const struct field *f, struct any_list *out, const struct place *at)
{
    struct any_list list = {0};
    if (dec_array(&r->d, &list.n)) {
        return refuse(at, r->e, "not an array");
    }
    const char *why = check_value(f, &list);
    if (why) {
        return refuse(at, r->e, why);
    }
    uint8_t *items = arena_take(r->arena, f->sub->size, list.n);
    if (!items) {
        return err_code(r->e, TP_E_MEMORY);
    }
    list.v = items;
    for (size_t i = 0; i < list.n; i++) {
        struct place here = {at, NULL, i};
        int rc = read_schema(r, f->sub, items + i * f->sub->size, &here);
        if (rc) {
            return rc;
        }
    }
    memcpy(out, &list, sizeof list);
    return 0;
}

static int read_sub(struct reading *r, const struct field *f, void *to, const struct place *at)
{
    if (!(f->flags & OPTIONAL)) {
        return read_schema(r, f->sub, to, at);
    }
    void *sub = arena_take(r->arena, f->sub->size, 1);
    if (!sub) {
        return err_code(r->e, TP_E_MEMORY);
    }
    int rc = read_schema(r, f->sub, sub, at);
    if (!rc) {
        memcpy(to, &sub, sizeof sub);
    }
    return rc;
}

static int read_fixed(struct reading *r, const struct field *f, void *to, const struct place *at)
{
    struct bytes v;
    if (dec_bytes(&r->d, &v)) {
        return refuse(at, r->e, "not a byte string");
    }
    if (v.n != (size_t)f->min) {
        return refuse(at, r->e, "wrong length");
    }
    memcpy(to, v.p, v.n);
    return 0;
}

static int read_field(struct reading *r, const struct field *f, uint8_t *out, const struct place *up)
{
    struct place here = {up, short_name(f), 0};
    const struct place *at = f->name[0] ? &here : up;
    void *to = out + f->offset;
    const char *why = NULL;
    switch ((enum field_type)f->type) {
    case F_INT:
        why = dec_int(&r->d, to) ? "not an integer" : check_value(f, to);
        break;
    case F_BOOL:
        why = dec_bool(&r->d, to) ? "not true or false" : NULL;
        break;
    case F_BYTES:
        why = dec_bytes(&r->d, to) ? "not a byte string" : check_value(f, to);
        break;
    case F_TEXT:
        why = dec_text(&r->d, to) ? "not a text" : check_value(f, to);
        break;
    case F_FIXED:
        return read_fixed(r, f, to, at);
    case F_WORD:
        return read_word(r, f, to, at);
    case F_CODE:
        return read_code(r, to, at);
    case F_SUB:
        return read_sub(r, f, to, at);
    case F_LIST:
        return read_list(r, f, to, at);
    }
    return why ? refuse(at, r->e, why) : 0;
}

/* Zeroed memory says "absent" for everything but these. */
static void set_absent(const struct field *f, uint8_t *out)
{
    if (f->flags & OPTIONAL && f->type == F_INT) {
        *(int64_t *)(void *)(out + f->offset) = NONE;
    } else if (f->flags & OPTIONAL && (f->type == F_WORD || f->type == F_CODE)) {
        *(int *)(void *)(out + f->offset) = -1;
    }
}

static int read_map(struct reading *r, const struct schema *s, uint8_t *out, const struct place *at)
{
    size_t count;
    if (dec_map(&r->d, &count)) {
        return refuse(at, r->e, "not a map");
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct field *f = &s->fields[i];
        struct dec before = r->d;
        int64_t key;
        set_absent(f, out);
        if (count > 0 && !dec_int(&r->d, &key) && key == f->key) {
            int rc = read_field(r, f, out, at);
            if (rc) {
                return rc;
            }
            count--;
            continue;
        }
        r->d = before;
        if (!(f->flags & OPTIONAL)) {
            struct place here = {at, short_name(f), 0};
            return refuse(&here, r->e, "missing");
        }
    }
    return count ? refuse(at, r->e, "an unknown key") : 0;
}

static int read_tuple(struct reading *r, const struct schema *s, uint8_t *out, const struct place *at)
{
    size_t count;
    if (dec_array(&r->d, &count) || count != s->count) {
        return refuse(at, r->e, "not an array of its length");
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct field *f = &s->fields[i];
        set_absent(f, out);
        if (f->flags & OPTIONAL && !dec_null(&r->d)) {
            continue;
        }
        int rc = read_field(r, f, out, at);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* Recursion follows the tables, whose nesting is fixed, over bytes that were checked for depth. */
static int read_schema(struct reading *r, const struct schema *s, void *out, const struct place *at)
{
    switch (s->shape) {
    case SHAPE_MAP:
        return read_map(r, s, out, at);
    case SHAPE_TUPLE:
        return read_tuple(r, s, out, at);
    default:
        return read_field(r, s->fields, out, at);
    }
}

int schema_decode(const struct schema *s, struct bytes in, struct arena *a, void *out, struct err *e)
{
    struct reading r = {.arena = a, .e = e};
    struct place root = {NULL, s->name, 0};
    if (cbor_check(in)) {
        return err_set(e, TP_E_MALFORMED, "%s: not deterministic CBOR of the profile", s->name);
    }
    memset(out, 0, s->size);
    dec_init(&r.d, in);
    int rc = read_schema(&r, s, out, &root);
    if (rc) {
        memset(out, 0, s->size);
        return rc;
    }
    return dec_done(&r.d) ? 0 : TP_E_MALFORMED;
}

/* ---- encoding ---- */

struct writing {
    struct buf *out;
    struct err *e;
};

static int write_schema(struct writing *w, const struct schema *s, const void *in, const struct place *at);

static const void *pointer_at(const void *from)
{
    const void *p;
    memcpy(&p, from, sizeof p);
    return p;
}

static bool is_absent(const struct field *f, const uint8_t *in)
{
    const void *from = in + f->offset;
    if (!(f->flags & OPTIONAL)) {
        return false;
    }
    switch (f->type) {
    case F_INT:
        return *(const int64_t *)from == NONE;
    case F_BYTES:
    case F_TEXT:
        return !((const struct bytes *)from)->p;
    case F_WORD:
    case F_CODE:
        return *(const int *)from == -1;
    case F_SUB:
        return !pointer_at(from);
    case F_LIST: {
        struct any_list list;
        memcpy(&list, from, sizeof list);
        return list.n == 0;
    }
    default:
        return false;
    }
}

static int write_word(struct writing *w, const struct field *f, int value, const struct place *at)
{
    for (int i = 0; value >= 0 && f->words[i]; i++) {
        if (i == value) {
            enc_text(w->out, bytes_str(f->words[i]));
            return 0;
        }
    }
    return refuse(at, w->e, "not a word of its list");
}

static int write_code(struct writing *w, int value, const struct place *at)
{
    struct bytes word = bytes_str(code_word(value));
    if (value < 0 || code_of_word((const char *)word.p, word.n) != value) {
        return refuse(at, w->e, "not an outcome's word");
    }
    enc_text(w->out, word);
    return 0;
}

static int write_list(struct writing *w, const struct field *f, const void *from, const struct place *at)
{
    struct any_list list;
    memcpy(&list, from, sizeof list);
    enc_array(w->out, list.n);
    for (size_t i = 0; i < list.n; i++) {
        struct place here = {at, NULL, i};
        int rc = write_schema(w, f->sub, (const uint8_t *)list.v + i * f->sub->size, &here);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int write_field(struct writing *w, const struct field *f, const uint8_t *in, const struct place *up)
{
    struct place here = {up, short_name(f), 0};
    const struct place *at = f->name[0] ? &here : up;
    const void *from = in + f->offset;
    const char *why = check_value(f, from);
    if (why) {
        return refuse(at, w->e, why);
    }
    switch ((enum field_type)f->type) {
    case F_INT:
        enc_int(w->out, *(const int64_t *)from);
        return 0;
    case F_BOOL:
        enc_bool(w->out, *(const bool *)from);
        return 0;
    case F_FIXED:
        enc_bytes(w->out, bytes_of(from, (size_t)f->min));
        return 0;
    case F_BYTES:
        enc_bytes(w->out, *(const struct bytes *)from);
        return 0;
    case F_TEXT:
        enc_text(w->out, *(const struct bytes *)from);
        return 0;
    case F_WORD:
        return write_word(w, f, *(const int *)from, at);
    case F_CODE:
        return write_code(w, *(const int *)from, at);
    case F_SUB:
        return write_schema(w, f->sub, f->flags & OPTIONAL ? pointer_at(from) : from, at);
    case F_LIST:
        return write_list(w, f, from, at);
    }
    return 0;
}

static int write_schema(struct writing *w, const struct schema *s, const void *in, const struct place *at)
{
    size_t present = 0;
    if (s->shape == SHAPE_SCALAR) {
        return write_field(w, s->fields, in, at);
    }
    for (size_t i = 0; i < s->count; i++) {
        present += !is_absent(&s->fields[i], in);
    }
    if (s->shape == SHAPE_MAP) {
        enc_map(w->out, present);
    } else {
        enc_array(w->out, s->count);
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct field *f = &s->fields[i];
        if (is_absent(f, in)) {
            if (s->shape == SHAPE_TUPLE) {
                enc_null(w->out);
            }
            continue;
        }
        if (s->shape == SHAPE_MAP) {
            enc_int(w->out, f->key);
        }
        int rc = write_field(w, f, in, at);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

int schema_encode(const struct schema *s, const void *in, struct buf *out, struct err *e)
{
    struct writing w = {out, e};
    struct place root = {NULL, s->name, 0};
    size_t before = out->n;
    int rc = write_schema(&w, s, in, &root);
    if (!rc && out->failed) {
        rc = err_code(e, TP_E_MEMORY);
    }
    if (rc) {
        out->n = before;
    }
    return rc;
}
