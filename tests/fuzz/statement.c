/*
 * Every payload, part, envelope, message and answer. The first byte says which; the rest is the bytes. What
 * is accepted encodes to the same bytes, and the tables' decoder allocates nothing.
 */
#include "fuzz/mutate.h"
#include "wire/cbor.h"
#include "wire/peek.h"
#include "wire/statement.h"

enum { ROOM = 8 * 1024 * 1024, OTHERS = 0x80, ENVELOPE = 0xF0, MESSAGE, ANSWERS };

static uint8_t arena_room[ROOM], encode_room[ROOM];

static const struct schema *schema_for(uint8_t which)
{
    static const struct schema *const others[] = {&schema_lines_part,   &schema_person_part, &schema_quote,
                                                  &schema_policy_terms, &schema_offer_terms, &schema_basket};
    if (which >= OTHERS) {
        return others[(which - OTHERS) % (sizeof others / sizeof others[0])];
    }
    return kinds[which % KIND_COUNT].schema;
}

/* What comes with a code says why, and the room for it is kept. */
static void check_error(int rc, const struct err *e)
{
    HOLDS(rc == TP_E_MALFORMED || rc == TP_BAD_STATEMENT || rc == TP_E_MEMORY);
    HOLDS(e->code == rc && e->text[0] != '\0' && memchr(e->text, 0, sizeof e->text));
}

static void check_payload(const struct schema *s, struct bytes in)
{
    static union {
        union payload payload;
        struct quote quote;
        struct lines_part lines;
        struct person_part person;
    } out;
    struct arena a;
    struct buf again;
    struct err e = {0};
    arena_over(&a, arena_room, sizeof arena_room);
    buf_over(&again, encode_room, sizeof encode_room);
    HOLDS(s->size <= sizeof out);
    count_allocations();
    int rc = schema_decode(s, in, &a, &out, &e);
    HOLDS(allocations() == 0);
    if (rc) {
        check_error(rc, &e);
        return;
    }
    HOLDS(schema_encode(s, &out, &again, &e) == 0);
    HOLDS(bytes_equal(buf_view(&again), in));
    HOLDS(cbor_check(in) == 0);
}

static void check_statement(const struct statement *s)
{
    uint8_t d[HASH_SIZE];
    struct buf again;
    struct err e = {0};
    HOLDS((unsigned int)s->kind < KIND_COUNT);
    HOLDS(s->sign1.payload.n <= STATEMENT_MAX && s->raw.n <= ENVELOPE_MAX);
    HOLDS(cose_d(s->sign1.protected_map, s->sign1.payload, d) == 0 && memcmp(d, s->d, HASH_SIZE) == 0);
    buf_over(&again, encode_room, sizeof encode_room);
    HOLDS(schema_encode(kinds[s->kind].schema, &s->payload, &again, &e) == 0);
    HOLDS(bytes_equal(buf_view(&again), s->sign1.payload));
}

static void check_envelope(struct bytes in)
{
    struct arena a;
    struct statement s = {.alg = 77};
    struct err e = {0};
    arena_over(&a, arena_room, sizeof arena_room);
    int rc = statement_parse(in, &a, &s, &e);
    if (rc) {
        check_error(rc, &e);
        HOLDS(s.alg == 77);
        return;
    }
    HOLDS(bytes_equal(s.raw, in));
    check_statement(&s);
}

static void check_message(struct bytes in)
{
    struct arena a;
    struct dec d;
    struct statement s;
    struct err e = {0};
    struct peek p;
    size_t items = 0;
    int rc = 1;
    count_allocations();
    message_peek(in, &p);
    HOLDS(allocations() == 0);
    arena_init(&a, 64 * 1024 * 1024);
    dec_init(&d, in);
    while (rc == 1) {
        const uint8_t *from = d.p;
        rc = message_next(&d, &a, &s, &e);
        HOLDS(rc == 1 ? d.p > from : d.p == from);
        if (rc == 1) {
            items++;
            check_statement(&s);
            HOLDS(statement_check_parts(&s, NULL) == 0);
        }
    }
    HOLDS(p.items >= items || p.items == MESSAGE_ITEMS_MAX); /* a peek is as lax as the reader, or more */
    HOLDS(rc == 0 ? dec_done(&d) : rc == TP_E_MEMORY || rc == TP_E_MALFORMED || rc == TP_BAD_STATEMENT);
    arena_reset(&a);
}

static void check_answers(struct bytes in)
{
    struct dec d;
    struct answer a;
    int rc = 1;
    dec_init(&d, in);
    count_allocations();
    while (rc == 1) {
        const uint8_t *from = d.p;
        rc = answer_next(&d, &a);
        HOLDS(rc == 1 ? d.p > from : d.p == from);
        if (rc == 1 && a.kind == ANSWER_PROBLEM) {
            HOLDS(a.reason != 0 && a.reason != CODE_NONE);
        } else if (rc == 1) {
            HOLDS(a.names);
        }
    }
    HOLDS(allocations() == 0);
    HOLDS(rc == 0 ? dec_done(&d) : rc == TP_E_MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = feed_of(data, size);
    uint8_t which = feed_u8(&f);
    struct bytes in = feed_rest(&f);
    if (which == ENVELOPE) {
        check_envelope(in);
    } else if (which == MESSAGE) {
        check_message(in);
    } else if (which == ANSWERS) {
        check_answers(in);
    } else {
        check_payload(schema_for(which), in);
    }
    return 0;
}

#ifdef TILLPROOF_FUZZ
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    return mutate_cbor(data, size, max_size, 1, seed);
}
#endif
