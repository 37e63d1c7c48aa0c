/* Every table: a value built from it is taken and written again byte for byte, and refused as soon as one of
 * its fields is absent, of another type, out of its range, unknown or doubled. */
#include "util.h"
#include "wire/statement.h"

enum { ARENA_SIZE = 4 * 1024 * 1024, LIST_ITEMS = 2 };

/* How the value is built, and what is wrong with one of its fields. */
enum fill { FILL_LEAST, FILL_MOST, FILL_BETWEEN };
enum wrong {
    RIGHT,
    ABSENT,
    NULLED,
    TYPE_INT,
    TYPE_BYTES,
    TYPE_TEXT,
    TYPE_ARRAY,
    TYPE_MAP,
    TYPE_BOOL,
    TYPE_TAG,
    TYPE_FLOAT,
    BELOW,
    ABOVE,
    EXTRA_BEFORE,
    EXTRA_AFTER,
    DOUBLED,
    WRONG_COUNT,
};

struct making {
    enum fill fill;
    bool optionals;
    enum wrong wrong;
    size_t target, at; /* the field that is wrong, and the next one's number */
    bool done;         /* the wrong was done, and must be refused */
};

static void make_schema(struct making *m, const struct schema *s, struct buf *out);

static void make_length(struct buf *out, bool text, size_t n)
{
    uint8_t *p = calloc(1, n + 1);
    assert_non_null(p);
    memset(p, 'a', n);
    if (text) {
        enc_text(out, bytes_of(p, n));
    } else {
        enc_bytes(out, bytes_of(p, n));
    }
    free(p);
}

static int64_t pick(const struct making *m, int64_t min, int64_t max)
{
    return m->fill == FILL_LEAST ? min : m->fill == FILL_MOST ? max : min + (max - min) / 2;
}

static void make_list(struct making *m, const struct field *f, size_t n, struct buf *out)
{
    enc_array(out, n);
    for (size_t i = 0; i < n; i++) {
        make_schema(m, f->sub, out);
    }
}

static void make_right(struct making *m, const struct field *f, struct buf *out)
{
    size_t words = 0;
    switch ((enum field_type)f->type) {
    case F_INT:
        enc_int(out, pick(m, f->min, f->max));
        break;
    case F_BOOL:
        enc_bool(out, m->fill == FILL_MOST);
        break;
    case F_FIXED:
    case F_BYTES:
    case F_TEXT:
        make_length(out, f->type == F_TEXT, (size_t)pick(m, f->min, f->max));
        break;
    case F_WORD:
        while (f->words[words]) {
            words++;
        }
        enc_text(out, bytes_str(f->words[m->fill == FILL_MOST ? words - 1 : 0]));
        break;
    case F_CODE:
        enc_text(out, bytes_str(code_word(m->fill == FILL_MOST ? TP_UNKNOWN_SALE : TP_OK)));
        break;
    case F_SUB:
        make_schema(m, f->sub, out);
        break;
    case F_LIST:
        make_list(m, f, f->min > LIST_ITEMS ? (size_t)f->min : LIST_ITEMS, out);
        break;
    }
}

static bool make_beyond(struct making *m, const struct field *f, struct buf *out)
{
    int64_t v = m->wrong == BELOW ? f->min - 1 : f->max + 1;
    switch ((enum field_type)f->type) {
    case F_INT:
        enc_int(out, v);
        return true;
    case F_FIXED:
    case F_BYTES:
    case F_TEXT:
        if (v >= 0) {
            make_length(out, f->type == F_TEXT, (size_t)v);
        }
        return v >= 0;
    case F_LIST:
        if (v >= 0) {
            make_list(m, f, (size_t)v, out);
        }
        return v >= 0;
    case F_WORD:
        enc_text(out, bytes_str(m->wrong == BELOW ? "" : "no such word"));
        return true;
    case F_CODE:
        enc_text(out, bytes_str(m->wrong == BELOW ? "argument" : "no such word"));
        return true;
    default:
        return false;
    }
}

/* A value of another type; false when it would be the field's own. */
static bool make_type(enum wrong wrong, const struct field *f, struct buf *out)
{
    static const uint8_t half[] = {0xF9, 0x3C, 0x00};
    bool text = f->type == F_TEXT || f->type == F_WORD || f->type == F_CODE;
    bool string = f->type == F_BYTES || f->type == F_FIXED;
    bool array = f->type == F_LIST || (f->type == F_SUB && f->sub->shape == SHAPE_TUPLE);
    bool map = f->type == F_SUB && f->sub->shape == SHAPE_MAP;
    switch (wrong) {
    case TYPE_INT:
        enc_int(out, f->min);
        return f->type != F_INT;
    case TYPE_BYTES:
        make_length(out, false, (size_t)(f->min > 0 && f->min < 1000 ? f->min : 2));
        return !string;
    case TYPE_TEXT:
        enc_text(out, bytes_str("ok"));
        return !text;
    case TYPE_ARRAY:
        enc_array(out, 0);
        return !array;
    case TYPE_MAP:
        enc_map(out, 0);
        return !map;
    case TYPE_BOOL:
        enc_bool(out, true);
        return f->type != F_BOOL;
    case TYPE_TAG:
        enc_tag(out, 18);
        enc_int(out, 1);
        return true;
    default:
        buf_put(out, half, sizeof half);
        return true;
    }
}

/* Makes one field's value, wrong when it is the field's turn. */
static void make_value(struct making *m, const struct schema *s, const struct field *f, struct buf *out)
{
    size_t before = out->n;
    bool turn = m->at++ == m->target;
    if (turn && m->wrong == NULLED && !(s->shape == SHAPE_TUPLE && f->flags & OPTIONAL)) {
        enc_null(out);
        m->done = true;
    } else if (turn && (m->wrong == BELOW || m->wrong == ABOVE)) {
        m->done = make_beyond(m, f, out);
    } else if (turn && m->wrong >= TYPE_INT && m->wrong <= TYPE_FLOAT) {
        m->done = make_type(m->wrong, f, out);
        out->n = m->done ? out->n : before;
    }
    if (!turn || !m->done) {
        make_right(m, f, out);
    }
}

static void make_key(int64_t key, struct buf *out)
{
    enc_int(out, key);
    enc_int(out, 1);
}

static void make_map(struct making *m, const struct schema *s, struct buf *out)
{
    struct buf members;
    size_t count = 0;
    bool turn = m->at++ == m->target;
    buf_init(&members, ARENA_SIZE);
    if (turn && m->wrong == EXTRA_BEFORE && s->fields[0].key > 0) {
        make_key(0, &members);
        count++;
        m->done = true;
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct field *f = &s->fields[i];
        bool optional = f->flags & OPTIONAL;
        bool absent = m->at == m->target && m->wrong == ABSENT && !optional;
        if (absent || (optional && !m->optionals)) {
            m->at++;
            m->done |= absent;
            continue;
        }
        size_t times = m->at == m->target && m->wrong == DOUBLED ? 2 : 1;
        for (size_t n = 0; n < times; n++) {
            enc_int(&members, f->key);
            make_value(m, s, f, &members);
            count++;
        }
        m->done |= times == 2;
    }
    if (turn && m->wrong == EXTRA_AFTER) {
        make_key(1000, &members);
        count++;
        m->done = true;
    }
    enc_map(out, count);
    buf_put(out, members.p, members.n);
    buf_free(&members);
}

static void make_tuple(struct making *m, const struct schema *s, struct buf *out)
{
    bool turn = m->at++ == m->target;
    bool shorter = turn && m->wrong == WRONG_COUNT, longer = turn && m->wrong == EXTRA_AFTER;
    size_t count = (size_t)(s->count - shorter);
    m->done |= shorter || longer;
    enc_array(out, count + longer);
    for (size_t i = 0; i < count; i++) {
        const struct field *f = &s->fields[i];
        if (f->flags & OPTIONAL && !m->optionals) {
            m->at++;
            enc_null(out);
        } else {
            make_value(m, s, f, out);
        }
    }
    if (longer) {
        enc_null(out);
    }
}

static void make_schema(struct making *m, const struct schema *s, struct buf *out)
{
    if (s->shape == SHAPE_MAP) {
        make_map(m, s, out);
    } else if (s->shape == SHAPE_TUPLE) {
        make_tuple(m, s, out);
    } else {
        make_value(m, s, s->fields, out);
    }
}

/* ---- over all tables ---- */

static const struct schema *table(size_t i)
{
    const struct schema *const others[] = {&schema_lines_part, &schema_person_part, &schema_quote};
    if (i < KIND_COUNT) {
        return kinds[i].schema;
    }
    return i - KIND_COUNT < 3 ? others[i - KIND_COUNT] : NULL;
}

static uint8_t arena_memory[ARENA_SIZE];

/* Room for any of the structs. */
union any {
    union payload payload;
    struct quote quote;
    struct lines_part lines;
    struct person_part person;
};

static int decode(const struct schema *s, struct bytes in, union any *out, struct err *e)
{
    struct arena a;
    arena_over(&a, arena_memory, sizeof arena_memory);
    assert_true(s->size <= sizeof *out);
    return schema_decode(s, in, &a, out, e);
}

static size_t make_all(struct making m, const struct schema *s, struct buf *out, bool *done)
{
    buf_reset(out);
    make_schema(&m, s, out);
    assert_false(out->failed);
    if (done) {
        *done = m.done;
    }
    return m.at;
}

static void what_the_table_describes_is_taken_and_written_again(void **state)
{
    (void)state;
    struct buf in, out;
    buf_init(&in, ARENA_SIZE);
    buf_init(&out, ARENA_SIZE);
    for (size_t i = 0; table(i); i++) {
        for (int n = 0; n < 6; n++) {
            struct making m = {.fill = (enum fill)(n / 2), .optionals = n % 2, .target = SIZE_MAX};
            union any v;
            struct err e = {0};
            make_all(m, table(i), &in, NULL);
            if (decode(table(i), buf_view(&in), &v, &e)) {
                fail_msg("%s: %s", table(i)->name, e.text);
            }
            buf_reset(&out);
            assert_int_equal(schema_encode(table(i), &v, &out, &e), 0);
            assert_true(bytes_equal(buf_view(&in), buf_view(&out)));
        }
    }
    buf_free(&in);
    buf_free(&out);
}

static void spoil_table(const struct schema *s, bool optionals, struct buf *in, size_t *spoiled)
{
    struct making m = {.fill = FILL_BETWEEN, .optionals = optionals, .target = SIZE_MAX};
    size_t fields = make_all(m, s, in, NULL);
    for (m.target = 0; m.target < fields; m.target++) {
        for (int wrong = ABSENT; wrong <= WRONG_COUNT; wrong++) {
            union any v;
            struct err e = {0};
            bool done;
            m.wrong = (enum wrong)wrong;
            make_all(m, s, in, &done);
            int rc = decode(s, buf_view(in), &v, &e);
            if (done && rc != TP_BAD_STATEMENT && rc != TP_E_MALFORMED) {
                fail_msg("%s: field %zu, wrong %d: %d", s->name, m.target, wrong, rc);
            }
            if (!done && rc != 0) {
                fail_msg("%s: field %zu, wrong %d should not matter: %s", s->name, m.target, wrong, e.text);
            }
            *spoiled += done;
        }
    }
}

static void every_field_spoiled_in_turn_is_refused(void **state)
{
    (void)state;
    size_t spoiled = 0;
    struct buf in;
    buf_init(&in, ARENA_SIZE);
    for (size_t i = 0; table(i); i++) {
        spoil_table(table(i), true, &in, &spoiled);
        spoil_table(table(i), false, &in, &spoiled);
    }
    buf_free(&in);
    assert_true(spoiled > 4000);
}

static void every_truncation_of_a_payload_is_refused(void **state)
{
    (void)state;
    struct buf in;
    buf_init(&in, ARENA_SIZE);
    for (size_t i = 0; table(i); i++) {
        struct making m = {.fill = FILL_LEAST, .optionals = true, .target = SIZE_MAX};
        union any v;
        make_all(m, table(i), &in, NULL);
        for (size_t n = 0; n < in.n; n++) {
            assert_int_equal(decode(table(i), bytes_of(in.p, n), &v, NULL), TP_E_MALFORMED);
        }
    }
    buf_free(&in);
}

static void check_field(const struct schema *s, const struct field *f)
{
    if (f->type == F_INT) {
        assert_true(f->min <= f->max);
        assert_true(f->min > NONE && f->min > INT64_MIN + 1 && f->max < INT64_MAX);
    }
    if (f->type == F_FIXED) {
        assert_true(f->min == f->max && f->min > 0);
        assert_true((size_t)f->offset + (size_t)f->min <= s->size);
    }
    assert_true(f->offset < s->size);
    assert_int_equal(f->type == F_WORD, f->words != NULL);
    assert_int_equal(f->type == F_SUB || f->type == F_LIST, f->sub != NULL);
    if (f->flags & OPTIONAL) {
        assert_true(f->type != F_BOOL && f->type != F_FIXED);
        assert_true(f->type != F_LIST || f->min > 0); /* an empty list is an absent one */
    }
}

/* Keys ascend, no range admits NONE, and a field lies inside its struct. */
static void check_table(const struct schema *s, size_t depth)
{
    assert_true(depth < CBOR_DEPTH);
    assert_true(s->count > 0);
    assert_true(s->shape != SHAPE_SCALAR || s->count == 1);
    for (size_t i = 0; i < s->count; i++) {
        check_field(s, &s->fields[i]);
        if (s->shape == SHAPE_MAP && i > 0) {
            assert_true(s->fields[i].key > s->fields[i - 1].key);
        }
        if (s->fields[i].sub) {
            check_table(s->fields[i].sub, depth + 1);
        }
    }
}

static void tables_are_well_made(void **state)
{
    (void)state;
    for (size_t i = 0; table(i); i++) {
        check_table(table(i), 0);
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        assert_true(kinds[i].schema->size <= sizeof(union payload));
        assert_int_equal(kinds[i].schema->fields[0].offset, offsetof(struct common, version));
        assert_int_equal(kinds[i].schema->fields[1].offset, offsetof(struct common, audience));
        assert_int_equal(kinds[i].schema->fields[2].offset, offsetof(struct common, time_ms));
    }
}

/* ---- single rules ---- */

static struct lines_part some_lines(struct line lines[2])
{
    lines[0] = (struct line){.number = 1, .sku = bytes_str("a"), .quantity = 1000, .unit_price = 100};
    lines[1] = (struct line){.number = 2, .sku = bytes_str("b"), .quantity = -1000, .unit_price = 5};
    return (struct lines_part){.basket = {.currency = bytes_str("EUR"), .lines = {lines, 2}}};
}

static void an_error_names_the_field(void **state)
{
    (void)state;
    struct line lines[2];
    struct lines_part part = some_lines(lines);
    struct err e = {0};
    struct buf out;
    buf_init(&out, 1000);
    lines[1].quantity = INT64_C(1) << 50;
    assert_int_equal(schema_encode(&schema_lines_part, &part, &out, &e), TP_BAD_STATEMENT);
    assert_string_equal(e.text, "lines_part.basket.lines.1.quantity: out of range");
    assert_int_equal(out.n, 0);
    buf_free(&out);
}

static void what_a_reader_refuses_is_not_written(void **state)
{
    (void)state;
    struct line lines[2];
    struct lines_part part = some_lines(lines);
    uint8_t memory[4096];
    struct buf out;
    buf_over(&out, memory, sizeof memory);
    part.basket.currency = bytes_str("EURO");
    assert_int_equal(schema_encode(&schema_lines_part, &part, &out, NULL), TP_BAD_STATEMENT);
    part = some_lines(lines);
    lines[0].sku = bytes_of("\xFF", 1);
    assert_int_equal(schema_encode(&schema_lines_part, &part, &out, NULL), TP_BAD_STATEMENT);
    part = some_lines(lines);
    part.basket.lines.n = MAX_LINES + 1;
    assert_int_equal(schema_encode(&schema_lines_part, &part, &out, NULL), TP_BAD_STATEMENT);
    struct verdict verdict = {.version = 1, .batch = NONE, .index = NONE, .card = 0, .number = NONE};
    struct grant grant = {
        .common.version = 1, .till = bytes_str("t"), .rev = 1, .policy = 1, .verdicts = {&verdict, 1}};
    verdict.reason = TP_E_ARGUMENT;
    assert_int_equal(schema_encode(kinds[KIND_GRANT].schema, &grant, &out, NULL), TP_BAD_STATEMENT);
    verdict.reason = 999;
    assert_int_equal(schema_encode(kinds[KIND_GRANT].schema, &grant, &out, NULL), TP_BAD_STATEMENT);
    struct terminal terminal = {.common.version = 1,
                                .till = bytes_str("t"),
                                .store = bytes_str("s"),
                                .epoch = 1,
                                .cose_key = bytes_str("k"),
                                .from_seq = NONE,
                                .state = 3};
    assert_int_equal(schema_encode(kinds[KIND_TERMINAL].schema, &terminal, &out, NULL), TP_BAD_STATEMENT);
    assert_int_equal(out.n, 0);
    terminal.state = TERMINAL_LOST;
    assert_int_equal(schema_encode(kinds[KIND_TERMINAL].schema, &terminal, &out, NULL), 0);
}

static void a_small_arena_or_buffer_is_an_error(void **state)
{
    (void)state;
    struct line lines[2];
    struct lines_part part = some_lines(lines), back;
    uint8_t memory[64], full[4096];
    struct arena a;
    struct buf out;
    buf_over(&out, memory, 20);
    assert_int_equal(schema_encode(&schema_lines_part, &part, &out, NULL), TP_E_MEMORY);
    assert_int_equal(out.n, 0);
    buf_over(&out, full, sizeof full);
    assert_int_equal(schema_encode(&schema_lines_part, &part, &out, NULL), 0);
    arena_over(&a, memory, sizeof memory);
    assert_int_equal(schema_decode(&schema_lines_part, buf_view(&out), &a, &back, NULL), TP_E_MEMORY);
    assert_null(back.basket.lines.v);
}

static void absent_values_come_back_absent(void **state)
{
    (void)state;
    struct offer_statement in = {.common.version = 1}, back;
    uint8_t memory[1024];
    struct buf out;
    in.terms = (struct offer){.id = bytes_str("x"),
                              .version = 1,
                              .title = bytes_str("x"),
                              .currency = bytes_str("EUR"),
                              .funder = bytes_str("store"),
                              .redeem = 1,
                              .min_spend = NONE,
                              .min_quantity = 0,
                              .percent = 1,
                              .cap = NONE,
                              .amount = NONE,
                              .per_coupon = NONE,
                              .per_customer = NONE,
                              .total = NONE,
                              .budget = NONE,
                              .offline_cap = NONE,
                              .fee_percent = NONE,
                              .fee_fixed = 0};
    buf_over(&out, memory, sizeof memory);
    assert_int_equal(schema_encode(kinds[KIND_OFFER].schema, &in, &out, NULL), 0);
    struct arena a;
    arena_over(&a, arena_memory, sizeof arena_memory);
    assert_int_equal(schema_decode(kinds[KIND_OFFER].schema, buf_view(&out), &a, &back, NULL), 0);
    assert_true(back.terms.min_spend == NONE && back.terms.cap == NONE && back.terms.budget == NONE);
    assert_true(back.terms.min_quantity == 0 && back.terms.fee_fixed == 0);
    assert_null(back.terms.group.p);
    assert_true(bytes_is(back.terms.funder, "store"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_table_describes_is_taken_and_written_again),
        cmocka_unit_test(every_field_spoiled_in_turn_is_refused),
        cmocka_unit_test(every_truncation_of_a_payload_is_refused),
        cmocka_unit_test(tables_are_well_made),
        cmocka_unit_test(an_error_names_the_field),
        cmocka_unit_test(what_a_reader_refuses_is_not_written),
        cmocka_unit_test(a_small_arena_or_buffer_is_an_error),
        cmocka_unit_test(absent_values_come_back_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
