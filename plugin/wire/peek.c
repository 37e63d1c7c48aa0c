/* What a message says it is, before anybody has checked it. */
#include "wire/peek.h"

enum { LABEL_ALG = 1, LABEL_KID = 4, LABEL_CLAIMS = 15, LABEL_TYP = 16, HOLD_PICKUPS = 17 };
#define TYP_PREFIX "application/vnd.tillproof."

static bool next_is(struct dec *d, int64_t label)
{
    int64_t key;
    return !dec_int(d, &key) && key == label;
}

static enum kind kind_of(struct bytes typ)
{
    size_t prefix = sizeof TYP_PREFIX - 1;
    int kind = KIND_COUNT;
    if (typ.n > prefix && memcmp(typ.p, TYP_PREFIX, prefix) == 0) {
        for (kind = 0; kind < KIND_COUNT; kind++) {
            if (bytes_is(bytes_of(typ.p + prefix, typ.n - prefix), kinds[kind].name)) {
                break;
            }
        }
    }
    return (enum kind)kind;
}

static bool peek_header(struct bytes header, enum kind *kind, struct bytes *kid)
{
    struct dec d;
    size_t count;
    int64_t alg;
    struct bytes claims, typ;
    dec_init(&d, header);
    if (dec_map(&d, &count) || count != 4 || !next_is(&d, LABEL_ALG) || dec_int(&d, &alg) ||
        !next_is(&d, LABEL_KID) || dec_bytes(&d, kid) || kid->n != KID_SIZE || !next_is(&d, LABEL_CLAIMS) ||
        dec_item(&d, &claims) || !next_is(&d, LABEL_TYP) || dec_text(&d, &typ)) {
        return false;
    }
    *kind = kind_of(typ);
    return *kind != KIND_COUNT;
}

/* How many codes a hold's payload has. */
static size_t peek_codes(struct bytes payload)
{
    struct dec d;
    struct bytes value;
    size_t count, codes = 0;
    int64_t key;
    dec_init(&d, payload);
    if (payload.n > STATEMENT_MAX || dec_map(&d, &count)) {
        return 0;
    }
    while (count-- > 0 && !dec_int(&d, &key)) {
        if (key == HOLD_PICKUPS) {
            return dec_array(&d, &codes) ? 0 : codes;
        }
        if (dec_item(&d, &value)) {
            return 0;
        }
    }
    return 0;
}

static bool peek_statement(struct dec *d, struct peek *out)
{
    uint64_t tag;
    size_t count;
    enum kind kind;
    struct bytes header, unprotected, payload, signature, kid;
    if (dec_tag(d, &tag) || dec_array(d, &count) || count != 4 || dec_bytes(d, &header) ||
        dec_item(d, &unprotected) || dec_bytes(d, &payload) || dec_bytes(d, &signature) ||
        !peek_header(header, &kind, &kid)) {
        return false;
    }
    if (out->items == 0) {
        memcpy(out->kid, kid.p, KID_SIZE);
    }
    out->kinds[kind]++;
    out->codes += kind == KIND_HOLD ? peek_codes(payload) : kind == KIND_ENROL;
    return true;
}

static bool peek_item(struct dec *d, struct peek *out)
{
    enum cbor_kind kind;
    struct bytes part;
    size_t count = 1;
    if (dec_peek(d, &kind) || (kind == CBOR_ARRAY && dec_array(d, &count)) || count < 1 || count > 3 ||
        !peek_statement(d, out)) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        if (dec_bytes(d, &part) && dec_null(d)) {
            return false;
        }
    }
    return true;
}

void message_peek(struct bytes message, struct peek *out)
{
    struct dec d;
    dec_init(&d, message);
    *out = (struct peek){0};
    while (out->items < MESSAGE_ITEMS_MAX && !dec_done(&d) && peek_item(&d, out)) {
        out->items++;
    }
}
