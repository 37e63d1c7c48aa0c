#include "wire/statement.h"

#include "wire/hash.h"

enum { PROBLEM_WORD = -1, PROBLEM_DETAIL = -2, DETAIL_MAX = 240 };

/* ---- parts ---- */

static const uint8_t *lines_hash(const struct statement *s)
{
    switch (s->kind) {
    case KIND_HOLD:
        return s->payload.hold.lines;
    case KIND_COMMIT:
        return s->payload.commit.lines;
    case KIND_REVERSE:
        return s->payload.reverse.lines;
    default:
        return NULL;
    }
}

static const uint8_t *person_hash(const struct statement *s)
{
    switch (s->kind) {
    case KIND_LINK:
        return s->payload.link.person;
    case KIND_HOLD:
        return s->payload.hold.person;
    case KIND_COMMIT:
        return s->payload.commit.person;
    case KIND_REVERSE:
        return s->payload.reverse.person;
    default:
        return NULL;
    }
}

static int check_part(struct bytes part, const uint8_t *hash, struct err *e)
{
    uint8_t got[HASH_SIZE];
    if (!hash || part.n > PART_MAX) {
        return err_set(e, TP_BAD_STATEMENT, "a part that the statement does not have");
    }
    if (sha256(part, got)) {
        return err_code(e, TP_E_CRYPTO);
    }
    if (!secret_equal(got, hash, HASH_SIZE)) {
        return err_set(e, TP_BAD_STATEMENT, "a part is not the one that was signed");
    }
    return 0;
}

int statement_check_parts(const struct statement *s, struct err *e)
{
    int rc = 0;
    if (kinds[s->kind].parts & PART_LINES && !s->lines.p) {
        return err_set(e, TP_BAD_STATEMENT, "the statement came without its lines");
    }
    if (s->lines.p) {
        rc = check_part(s->lines, lines_hash(s), e);
    }
    if (!rc && s->person.p) {
        rc = check_part(s->person, person_hash(s), e);
    }
    return rc;
}

int part_encode(const struct schema *s, const void *part, struct buf *out, uint8_t hash[HASH_SIZE],
                struct err *e)
{
    size_t before = out->n;
    int rc = schema_encode(s, part, out, e);
    if (!rc && out->n - before > PART_MAX) {
        rc = err_set(e, TP_E_MEMORY, "%s: more than %d bytes", s->name, PART_MAX);
    }
    if (!rc && sha256(bytes_of(out->p + before, out->n - before), hash)) {
        rc = err_code(e, TP_E_CRYPTO);
    }
    if (rc) {
        out->n = before;
    }
    return rc;
}

/* ---- messages ---- */

static size_t part_count(enum kind kind)
{
    return (kinds[kind].parts & PART_LINES ? 1u : 0u) + (kinds[kind].parts & PART_PERSON ? 1u : 0u);
}

static void put_part(struct buf *out, struct bytes part)
{
    if (part.p) {
        enc_bytes(out, part);
    } else {
        enc_null(out);
    }
}

void message_put(struct buf *out, enum kind kind, struct bytes statement, struct bytes lines,
                 struct bytes person)
{
    size_t parts = part_count(kind);
    if (parts) {
        enc_array(out, 1 + parts);
    }
    buf_put(out, statement.p, statement.n);
    if (kinds[kind].parts & PART_LINES) {
        put_part(out, lines);
    }
    if (kinds[kind].parts & PART_PERSON) {
        put_part(out, person);
    }
}

static int read_part(struct dec *d, struct bytes *part)
{
    if (!dec_null(d)) {
        return 0;
    }
    return dec_bytes(d, part);
}

static int read_parts(struct dec *d, size_t count, struct statement *s, struct err *e)
{
    uint8_t parts = kinds[s->kind].parts;
    if (count != part_count(s->kind) || (parts & PART_LINES && read_part(d, &s->lines)) ||
        (parts & PART_PERSON && read_part(d, &s->person))) {
        return err_set(e, TP_BAD_STATEMENT, "not the parts of a %s", kinds[s->kind].name);
    }
    return statement_check_parts(s, e);
}

int message_next(struct dec *d, struct arena *a, struct statement *out, struct err *e)
{
    struct dec at = *d, in;
    struct bytes item, envelope;
    struct statement s;
    size_t count = 1;
    if (dec_done(d)) {
        return 0;
    }
    if (dec_item(&at, &item)) {
        return err_set(e, TP_E_MALFORMED, "the message is not CBOR of the profile");
    }
    dec_init(&in, item);
    if (!dec_array(&in, &count) && count < 2) {
        return err_set(e, TP_BAD_STATEMENT, "an array without parts");
    }
    if (dec_item(&in, &envelope)) {
        return err_set(e, TP_E_MALFORMED, "the message is not CBOR of the profile");
    }
    int rc = statement_parse(envelope, a, &s, e);
    if (!rc) {
        rc = read_parts(&in, count - 1, &s, e);
    }
    if (rc) {
        return rc;
    }
    *out = s;
    *d = at;
    return 1;
}

/* ---- answers ---- */

static void put_d(struct buf *out, size_t items, const uint8_t *d)
{
    enc_array(out, items);
    if (d) {
        enc_bytes(out, bytes_of(d, HASH_SIZE));
    } else {
        enc_null(out);
    }
}

void answer_registered(struct buf *out, const uint8_t d[HASH_SIZE])
{
    put_d(out, 2, d);
    enc_text(out, bytes_str("registered"));
}

void answer_released(struct buf *out, const uint8_t d[HASH_SIZE])
{
    put_d(out, 2, d);
    enc_text(out, bytes_str("released"));
}

void answer_grant(struct buf *out, const uint8_t d[HASH_SIZE], struct bytes grant, struct bytes quote)
{
    put_d(out, 3, d);
    buf_put(out, grant.p, grant.n);
    enc_bytes(out, quote);
}

void answer_state(struct buf *out, const uint8_t d[HASH_SIZE], struct bytes state, struct bytes rest,
                  size_t count)
{
    put_d(out, 2 + count, d);
    buf_put(out, state.p, state.n);
    buf_put(out, rest.p, rest.n);
}

void answer_pickup(struct buf *out, const uint8_t d[HASH_SIZE], struct bytes code, int64_t until_ms)
{
    put_d(out, 4, d);
    enc_text(out, bytes_str("pickup"));
    enc_text(out, code);
    enc_int(out, until_ms);
}

void answer_problem(struct buf *out, const uint8_t *d, int reason, const char *detail)
{
    char text[DETAIL_MAX + 1];
    bytes_to_cstr(bytes_str(detail ? detail : code_sentence(reason)), text, sizeof text);
    put_d(out, 2, d);
    enc_map(out, 2);
    enc_int(out, PROBLEM_WORD);
    enc_text(out, bytes_str(code_word(reason)));
    enc_int(out, PROBLEM_DETAIL);
    enc_text(out, bytes_str(text));
}

static int read_problem(struct dec *d, struct answer *a)
{
    size_t count;
    int64_t key;
    struct bytes word;
    a->kind = ANSWER_PROBLEM;
    if (dec_map(d, &count) || count != 2 || dec_int(d, &key) || key != PROBLEM_WORD || dec_text(d, &word) ||
        dec_int(d, &key) || key != PROBLEM_DETAIL || dec_text(d, &a->detail) || a->detail.n > DETAIL_MAX) {
        return TP_E_MALFORMED;
    }
    a->reason = code_of_word((const char *)word.p, word.n);
    if (a->reason == CODE_NONE || a->reason == TP_OK) {
        a->reason = TP_BAD_STATEMENT;
    }
    return 0;
}

static int read_word(struct dec *d, struct answer *a)
{
    struct bytes word;
    if (dec_text(d, &word)) {
        return TP_E_MALFORMED;
    }
    a->kind = bytes_is(word, "released") ? ANSWER_RELEASED : ANSWER_REGISTERED;
    return a->kind == ANSWER_RELEASED || bytes_is(word, "registered") ? 0 : TP_E_MALFORMED;
}

static int read_pickup(struct dec *d, struct answer *a)
{
    struct bytes word;
    a->kind = ANSWER_PICKUP;
    bool good = !dec_text(d, &word) && bytes_is(word, "pickup") && !dec_text(d, &a->code) &&
                pickup_valid(a->code) && !dec_int(d, &a->until_ms) && a->until_ms >= 0 &&
                a->until_ms <= TIME_MAX;
    return good ? 0 : TP_E_MALFORMED;
}

/* The statement and what follows it: a quote after a grant; after a state statements, receipts, and null
 * where one has not come. */
static int read_statements(struct dec *d, size_t more, struct answer *a)
{
    enum cbor_kind kind;
    struct bytes item;
    if (dec_item(d, &a->statement)) {
        return TP_E_MALFORMED;
    }
    if (more == 1 && !dec_bytes(d, &a->quote)) {
        a->kind = ANSWER_GRANT;
        return 0;
    }
    const uint8_t *from = d->p;
    a->kind = ANSWER_STATE;
    for (size_t i = 0; i < more; i++) {
        if (dec_null(d) && (dec_peek(d, &kind) || kind != CBOR_TAG || dec_item(d, &item))) {
            return TP_E_MALFORMED;
        }
    }
    a->rest = bytes_of(from, (size_t)(d->p - from));
    return 0;
}

static int read_answer(struct bytes item, struct answer *a)
{
    struct dec d;
    struct bytes hash;
    enum cbor_kind kind;
    size_t count;
    int rc = TP_E_MALFORMED;
    dec_init(&d, item);
    if (dec_array(&d, &count) || count < 2) {
        return TP_E_MALFORMED;
    }
    if (dec_null(&d)) {
        if (dec_bytes(&d, &hash) || hash.n != HASH_SIZE) {
            return TP_E_MALFORMED;
        }
        memcpy(a->d, hash.p, HASH_SIZE);
        a->names = true;
    }
    if (dec_peek(&d, &kind)) {
        return TP_E_MALFORMED;
    }
    if (kind == CBOR_MAP && count == 2) {
        rc = read_problem(&d, a);
    } else if (kind == CBOR_TEXT && count == 2 && a->names) {
        rc = read_word(&d, a);
    } else if (kind == CBOR_TEXT && count == 4 && a->names) {
        rc = read_pickup(&d, a);
    } else if (kind == CBOR_TAG && a->names) {
        rc = read_statements(&d, count - 2, a);
    }
    return rc;
}

int answer_next(struct dec *d, struct answer *out)
{
    struct dec at = *d;
    struct answer a = {0};
    struct bytes item;
    if (dec_done(d)) {
        return 0;
    }
    if (dec_item(&at, &item) || read_answer(item, &a)) {
        return TP_E_MALFORMED;
    }
    *out = a;
    *d = at;
    return 1;
}

/* ---- names ---- */

int offer_ref(const uint8_t authority[ID_SIZE], struct bytes id, uint8_t ref[REF_SIZE])
{
    static const char word[] = "offer";
    uint8_t memory[ID_SIZE + sizeof word + 64], hash[HASH_SIZE];
    struct buf in;
    buf_over(&in, memory, sizeof memory);
    buf_put(&in, authority, ID_SIZE);
    buf_puts(&in, word);
    buf_put(&in, id.p, id.n);
    if (in.failed) {
        return TP_E_ARGUMENT;
    }
    if (sha256(buf_view(&in), hash)) {
        return TP_E_CRYPTO;
    }
    memcpy(ref, hash, REF_SIZE);
    return 0;
}

int card_handle(const uint8_t card_key[HASH_SIZE], struct bytes token, uint8_t handle[HASH_SIZE])
{
    return hmac_sha256(bytes_of(card_key, HASH_SIZE), token, handle);
}

int reference_handle(const uint8_t card_key[HASH_SIZE], struct bytes reference, uint8_t handle[HASH_SIZE])
{
    static const char word[] = "sale reference"; /* with its zero byte: apart from every card's token */
    uint8_t memory[sizeof word + 256];
    struct buf in;
    buf_over(&in, memory, sizeof memory);
    buf_put(&in, word, sizeof word);
    buf_put(&in, reference.p, reference.n);
    return in.failed ? TP_E_ARGUMENT : hmac_sha256(bytes_of(card_key, HASH_SIZE), buf_view(&in), handle);
}
