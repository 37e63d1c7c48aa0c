#include "forms/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "offer/money.h"

/* Depth and number of values before the parser sees them, so that it can neither recurse nor allocate far. */
static int check_shape(struct bytes json, struct err *e)
{
    size_t depth = 0, values = 0;
    bool in_text = false;
    for (size_t i = 0; i < json.n; i++) {
        uint8_t c = json.p[i];
        if (in_text) {
            i += c == '\\';
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            depth++;
            values++;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        } else if (c == ',') {
            values++;
        }
        if (depth > JSON_DEPTH_LIMIT || values > JSON_VALUES_LIMIT) {
            return err_set(e, TP_BAD_JSON, "$: more than %d levels or %d values", JSON_DEPTH_LIMIT,
                           JSON_VALUES_LIMIT);
        }
    }
    return 0;
}

/* The parser's own words quote the input, which may hold anything. */
static const char *parse_words(enum json_error_code code)
{
    switch (code) {
    case json_error_duplicate_key:
        return "a key is there twice";
    case json_error_invalid_utf8:
        return "the text is not UTF-8";
    case json_error_null_character:
        return "a text holds a NUL character";
    case json_error_numeric_overflow:
        return "a number is too large";
    case json_error_end_of_input_expected:
        return "something follows the end of the document";
    case json_error_premature_end_of_input:
        return "the document ends too early";
    default:
        return "this is not JSON";
    }
}

int node_parse(struct bytes json, struct node *root, struct err *e)
{
    json_error_t where = {0};
    if (json.n > FORM_MAX) {
        return err_set(e, TP_BAD_JSON, "$: more than %d bytes", FORM_MAX);
    }
    int rc = check_shape(json, e);
    if (rc) {
        return rc;
    }
    json_t *v = json_loadb(json.n ? (const char *)json.p : "", json.n, JSON_REJECT_DUPLICATES, &where);
    if (!v) {
        return err_set(e, TP_BAD_JSON, "line %d, column %d: %s", where.line, where.column,
                       parse_words(json_error_code(&where)));
    }
    *root = (struct node){.v = v};
    return 0;
}

void node_free(struct node *root)
{
    json_decref((json_t *)root->v);
    root->v = NULL;
}

static bool plain_key(const char *key)
{
    for (size_t i = 0; key[i]; i++) {
        char c = key[i];
        if (i == 40 ||
            !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return key[0] != '\0';
}

static void put_key(struct buf *out, const char *key)
{
    char cut[41];
    if (plain_key(key)) {
        buf_printf(out, ".%s", key);
        return;
    }
    bytes_to_cstr(bytes_str(key), cut, sizeof cut);
    buf_putc(out, '[');
    json_put_string(out, bytes_str(cut));
    buf_putc(out, ']');
}

/* No deeper than JSON_DEPTH_LIMIT. */
static void put_path(struct buf *out, const struct node *at)
{
    if (!at->up) {
        buf_putc(out, '$');
        return;
    }
    put_path(out, at->up);
    if (at->key) {
        put_key(out, at->key);
    } else {
        buf_printf(out, "[%zu]", at->item);
    }
}

int node_refuse(const struct node *at, struct err *e, int code, const char *format, ...)
{
    char memory[1024], why[200];
    struct buf path;
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    buf_over(&path, memory, sizeof memory);
    put_path(&path, at);
    return err_set(e, code, "%.*s: %s", (int)path.n, (const char *)path.p, why);
}

static bool listed(const char *key, const char *const *known)
{
    for (; *known; known++) {
        if (strcmp(key, *known) == 0) {
            return true;
        }
    }
    return false;
}

static int missing(const struct node *at, struct err *e)
{
    return node_refuse(at, e, TP_BAD_VALUE, "is required");
}

int node_object(const struct node *at, const char *const *known, struct err *e)
{
    if (!at->v) {
        return missing(at, e);
    }
    if (!json_is_object(at->v)) {
        return node_refuse(at, e, TP_BAD_VALUE, "must be an object");
    }
    json_t *object = (json_t *)at->v;
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        const char *key = json_object_iter_key(i);
        if (!listed(key, known)) {
            struct node child = {.up = at, .key = key};
            return node_refuse(&child, e, TP_UNKNOWN_KEY, "is not a key that is known here");
        }
    }
    return 0;
}

struct node node_get(const struct node *at, const char *key)
{
    return (struct node){.v = at->v ? json_object_get(at->v, key) : NULL, .up = at, .key = key};
}

bool node_present(const struct node *at)
{
    return at->v != NULL;
}

int node_list(const struct node *at, size_t max, size_t *n, struct err *e)
{
    if (!at->v) {
        return missing(at, e);
    }
    if (!json_is_array(at->v)) {
        return node_refuse(at, e, TP_BAD_VALUE, "must be a list");
    }
    if (json_array_size(at->v) > max) {
        return node_refuse(at, e, TP_BAD_VALUE, "must have at most %zu items", max);
    }
    *n = json_array_size(at->v);
    return 0;
}

struct node node_item(const struct node *at, size_t i)
{
    return (struct node){.v = json_array_get(at->v, i), .up = at, .item = i};
}

int node_string(const struct node *at, struct bytes *out, struct err *e)
{
    if (!at->v) {
        return missing(at, e);
    }
    if (!json_is_string(at->v)) {
        return node_refuse(at, e, TP_BAD_VALUE, "must be a text");
    }
    *out = bytes_of(json_string_value(at->v), json_string_length(at->v));
    return 0;
}

/* Control characters have no place in a name and would spoil receipts and lists. */
static bool printable(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 || text.p[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

int node_text(const struct node *at, size_t min, size_t max, struct arena *a, struct bytes *out,
              struct err *e)
{
    struct bytes text;
    int rc = node_string(at, &text, e);
    if (rc) {
        return rc;
    }
    if (text.n < min || text.n > max) {
        return node_refuse(at, e, TP_BAD_VALUE, "must be a text of %zu to %zu bytes", min, max);
    }
    if (!printable(text)) {
        return node_refuse(at, e, TP_BAD_VALUE, "must not hold control characters");
    }
    struct bytes copy = arena_copy(a, text);
    if (!copy.p) {
        return err_code(e, TP_E_MEMORY);
    }
    *out = copy;
    return 0;
}

int node_int(const struct node *at, int64_t min, int64_t max, int64_t *out, struct err *e)
{
    if (!at->v) {
        return missing(at, e);
    }
    if (!json_is_integer(at->v) || json_integer_value(at->v) < min || json_integer_value(at->v) > max) {
        return node_refuse(at, e, TP_BAD_VALUE, "must be an integer from %" PRId64 " to %" PRId64, min, max);
    }
    *out = json_integer_value(at->v);
    return 0;
}

int node_bool(const struct node *at, bool *out, struct err *e)
{
    if (!at->v) {
        return missing(at, e);
    }
    if (!json_is_boolean(at->v)) {
        return node_refuse(at, e, TP_BAD_VALUE, "must be true or false");
    }
    *out = json_is_true(at->v);
    return 0;
}

int node_word(const struct node *at, const char *const *words, int *out, struct err *e)
{
    struct bytes text = {0};
    char memory[160];
    struct buf list;
    int rc = node_string(at, &text, e);
    if (rc) {
        return rc;
    }
    buf_over(&list, memory, sizeof memory);
    for (int i = 0; words[i]; i++) {
        if (bytes_is(text, words[i])) {
            *out = i;
            return 0;
        }
        buf_printf(&list, "%s%s", i ? ", " : "", words[i]);
    }
    return node_refuse(at, e, TP_BAD_VALUE, "must be one of %.*s", (int)list.n, (const char *)list.p);
}

static int refuse_decimal(const struct node *at, int digits, struct err *e)
{
    if (digits == 0) {
        return node_refuse(at, e, TP_BAD_VALUE, "must be a decimal text without decimals, such as \"10\"");
    }
    return node_refuse(at, e, TP_BAD_VALUE,
                       "must be a decimal text such as \"10\" or \"7.5\", with at most %d decimals", digits);
}

static int refuse_range(const struct node *at, int digits, int64_t min, int64_t max, struct err *e)
{
    char low[32], high[32];
    struct buf text;
    buf_over(&text, low, sizeof low);
    decimal_put_short(&text, min, digits);
    buf_putc(&text, 0);
    buf_over(&text, high, sizeof high);
    decimal_put_short(&text, max, digits);
    buf_putc(&text, 0);
    return node_refuse(at, e, TP_BAD_VALUE, "must be from %s to %s", low, high);
}

int node_decimal(const struct node *at, int digits, int64_t min, int64_t max, int64_t *out, struct err *e)
{
    int64_t v;
    if (!at->v) {
        return missing(at, e);
    }
    if (!json_is_string(at->v)) {
        return refuse_decimal(at, digits, e);
    }
    int rc = decimal_parse(bytes_of(json_string_value(at->v), json_string_length(at->v)), digits, &v);
    if (rc == TP_AMOUNT_RANGE) {
        return node_refuse(at, e, rc, "is beyond what can be counted exactly");
    }
    if (rc) {
        return refuse_decimal(at, digits, e);
    }
    if (v < min || v > max) {
        return refuse_range(at, digits, min, max, e);
    }
    *out = v;
    return 0;
}
