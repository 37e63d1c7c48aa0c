/*
 * Statements are described once, as tables of fields; from a table come the decoder, the encoder, the
 * CDDL (wire/statements.cddl) and the tests that spoil each field in turn. Decoding hands out views into
 * the input and takes lists from an arena; it allocates nothing itself. Pure; any thread.
 */
#ifndef WIRE_SCHEMA_H
#define WIRE_SCHEMA_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/code.h"

/* An integer field that is absent, or null in a tuple. */
#define NONE INT64_MIN

enum field_type {
    F_INT,   /* int64_t; min..max is the value */
    F_BOOL,  /* bool */
    F_FIXED, /* uint8_t[min]: a byte string of exactly min == max bytes, kept in the struct */
    F_BYTES, /* struct bytes; min..max is the length */
    F_TEXT,  /* struct bytes, UTF-8; min..max is the length in bytes */
    F_WORD,  /* int: a text of a closed list (field.words), kept as its index in the list */
    F_CODE,  /* int: a text that is the word of an outcome in base/code.h, 0 included */
    F_SUB,   /* a nested struct by value, of schema sub */
    F_LIST,  /* LIST(type): an array; min..max is the count; each item of schema sub */
};

enum {
    /* May be absent (map) or null (tuple). INT: NONE. BYTES, TEXT: p == NULL. SUB: by pointer, NULL. WORD:
       -1. LIST: empty; its min is 1 or more. */
    OPTIONAL = 1,
};

/* An array of items, in an arena or the caller's memory. */
#define LIST(type)                                                                                           \
    struct {                                                                                                 \
        const type *v;                                                                                       \
        size_t n;                                                                                            \
    }

struct schema;

struct field {
    int64_t key; /* the map's key; not used in tuples and scalars */
    const char *name;
    uint8_t type, flags;
    uint16_t offset;
    int64_t min, max;
    const struct schema *sub;
    const char *const *words; /* ends with NULL */
};

enum shape { SHAPE_MAP, SHAPE_TUPLE, SHAPE_SCALAR };

/* MAP: integer keys ascending as encoded. TUPLE: an array of exactly these. SCALAR: one field, no wrapper. */
struct schema {
    const char *name;
    enum shape shape;
    uint16_t size; /* sizeof the struct that it fills */
    uint16_t count;
    const struct field *fields;
};

/*
 * Decodes exactly one item of the schema from `in`, to the last byte, into *out (zeroed first).
 * 0; TP_E_MALFORMED (not the profile's CBOR), TP_BAD_STATEMENT (CBOR, but not this schema; e names the
 * field as "commit.redemptions.2.discount") or TP_E_MEMORY (arena too small).
 */
int schema_decode(const struct schema *s, struct bytes in, struct arena *a, void *out, struct err *e);

/*
 * Appends the deterministic encoding of *in. Checks the same ranges as the decoder, so that nothing is
 * ever signed that a reader must refuse. 0, TP_BAD_STATEMENT, or TP_E_MEMORY (out is full).
 */
int schema_encode(const struct schema *s, const void *in, struct buf *out, struct err *e);

/* Appends the schema, and those that it uses and are not yet in `done`, as CDDL (RFC 8610). */
struct schema_set {
    const struct schema *v[128];
    size_t n;
};
void schema_cddl(const struct schema *s, struct schema_set *done, struct buf *out);

/* One field of a table. FIELD(F_INT, commit, seq, 5, 1, INT64_MAX) */
#define FIELD(type, record, member, key, min, max)                                                           \
    {                                                                                                        \
        (key), #member, (type), 0, (uint16_t)offsetof(struct record, member), (min), (max), NULL, NULL       \
    }
#define FIELD_OPT(type, record, member, key, min, max)                                                       \
    {                                                                                                        \
        (key), #member, (type), OPTIONAL, (uint16_t)offsetof(struct record, member), (min), (max), NULL,     \
            NULL                                                                                             \
    }
#define FIELD_SUB(record, member, key, schema)                                                               \
    {                                                                                                        \
        (key), #member, F_SUB, 0, (uint16_t)offsetof(struct record, member), 0, 0, (schema), NULL            \
    }
#define FIELD_SUB_OPT(record, member, key, schema)                                                           \
    {                                                                                                        \
        (key), #member, F_SUB, OPTIONAL, (uint16_t)offsetof(struct record, member), 0, 0, (schema), NULL     \
    }
#define FIELD_LIST(record, member, key, min, max, schema)                                                    \
    {                                                                                                        \
        (key), #member, F_LIST, 0, (uint16_t)offsetof(struct record, member), (min), (max), (schema), NULL   \
    }
#define FIELD_LIST_OPT(record, member, key, min, max, schema)                                                \
    {                                                                                                        \
        (key), #member, F_LIST, OPTIONAL, (uint16_t)offsetof(struct record, member), (min), (max), (schema), \
            NULL                                                                                             \
    }
#define FIELD_WORD(record, member, key, list)                                                                \
    {                                                                                                        \
        (key), #member, F_WORD, 0, (uint16_t)offsetof(struct record, member), 0, 0, NULL, (list)             \
    }
#define SCHEMA(name, shape, record, fields)                                                                  \
    {                                                                                                        \
        (name), (shape), (uint16_t)sizeof(struct record), (uint16_t)(sizeof(fields) / sizeof((fields)[0])),  \
            (fields)                                                                                         \
    }

#endif
