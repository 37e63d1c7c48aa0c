#include "wire/statement.h"

#include "wire/hash.h"
#include "wire/rules.h"

#define TYP_PREFIX "application/vnd.tillproof."
enum { LABEL_ALG = 1, LABEL_KID = 4, LABEL_CLAIMS = 15, LABEL_TYP = 16, CLAIM_ISS = 1, CLAIM_SUB = 2 };
enum { ISS_MAX = 64, SUB_MAX = 2 * ID_SIZE, HEADER_MAX = 256 };

/* ---- the header ---- */

/* The id that the header repeats, in hex; empty for the kinds that have none. */
static void subject(enum kind kind, const union payload *p, char hex[SUB_MAX + 1])
{
    uint8_t number[4];
    hex[0] = '\0';
    switch (kind) {
    case KIND_HOLD:
        hex_encode(p->hold.sale, ID_SIZE, hex);
        break;
    case KIND_RELEASE:
        hex_encode(p->release.sale, ID_SIZE, hex);
        break;
    case KIND_GRANT:
        hex_encode(p->grant.sale, ID_SIZE, hex);
        break;
    case KIND_COMMIT:
        hex_encode(p->commit.sale, ID_SIZE, hex);
        break;
    case KIND_REVERSE:
        hex_encode(p->reverse.sale, ID_SIZE, hex);
        break;
    case KIND_OFFER:
        hex_encode(p->offer.terms.ref, REF_SIZE, hex);
        break;
    case KIND_LEASE:
        hex_encode(p->lease.offer, REF_SIZE, hex);
        break;
    case KIND_BATCH:
        for (size_t i = 0; i < sizeof number; i++) {
            number[i] = (uint8_t)(p->batch.number >> 8 * (3 - i));
        }
        hex_encode(number, sizeof number, hex);
        break;
    default:
        break;
    }
}

static void put_header(enum kind kind, const struct cose_key *key, struct bytes iss, struct bytes sub,
                       struct buf *out)
{
    char typ[64];
    struct buf text;
    buf_over(&text, typ, sizeof typ);
    buf_puts(&text, TYP_PREFIX);
    buf_puts(&text, kinds[kind].name);
    enc_map(out, 4);
    enc_int(out, LABEL_ALG);
    enc_int(out, key->alg);
    enc_int(out, LABEL_KID);
    enc_bytes(out, bytes_of(key->kid, KID_SIZE));
    enc_int(out, LABEL_CLAIMS);
    enc_map(out, sub.n ? 2 : 1);
    enc_int(out, CLAIM_ISS);
    enc_text(out, iss);
    if (sub.n) {
        enc_int(out, CLAIM_SUB);
        enc_text(out, sub);
    }
    enc_int(out, LABEL_TYP);
    enc_text(out, buf_view(&text));
}

static bool next_is(struct dec *d, int64_t label)
{
    int64_t key;
    return !dec_int(d, &key) && key == label;
}

static bool find_kind(struct bytes typ, enum kind *kind)
{
    size_t prefix = strlen(TYP_PREFIX);
    if (typ.n < prefix || memcmp(typ.p, TYP_PREFIX, prefix) != 0) {
        return false;
    }
    for (int i = 0; i < KIND_COUNT; i++) {
        if (bytes_is(bytes_of(typ.p + prefix, typ.n - prefix), kinds[i].name)) {
            *kind = (enum kind)i;
            return true;
        }
    }
    return false;
}

static int read_claims(struct dec *d, struct statement *s)
{
    size_t count;
    if (dec_map(d, &count) || count < 1 || count > 2 || !next_is(d, CLAIM_ISS) || dec_text(d, &s->iss) ||
        s->iss.n < 1 || s->iss.n > ISS_MAX) {
        return TP_BAD_STATEMENT;
    }
    if (count == 2 && (!next_is(d, CLAIM_SUB) || dec_text(d, &s->sub) || s->sub.n > SUB_MAX)) {
        return TP_BAD_STATEMENT;
    }
    return 0;
}

static int read_header(struct statement *s, struct err *e)
{
    struct dec d;
    struct bytes kid, typ;
    size_t count;
    dec_init(&d, s->sign1.protected_map);
    if (dec_map(&d, &count) || count != 4 || !next_is(&d, LABEL_ALG) || dec_int(&d, &s->alg) ||
        !next_is(&d, LABEL_KID) || dec_bytes(&d, &kid) || !next_is(&d, LABEL_CLAIMS) || read_claims(&d, s) ||
        !next_is(&d, LABEL_TYP) || dec_text(&d, &typ) || !dec_done(&d)) {
        return err_set(e, TP_BAD_STATEMENT, "header: not exactly alg, kid, claims and typ");
    }
    if (!cose_alg_known(s->alg) || kid.n != KID_SIZE) {
        return err_set(e, TP_BAD_STATEMENT, "header: an algorithm or kid that the profile does not have");
    }
    if (!find_kind(typ, &s->kind)) {
        return err_set(e, TP_BAD_STATEMENT, "header: no kind of statement is named like its typ");
    }
    memcpy(s->kid, kid.p, KID_SIZE);
    return 0;
}

/* ---- parsing and verifying ---- */

static int read_payload(struct statement *s, struct arena *a, struct err *e)
{
    char sub[SUB_MAX + 1];
    int rc = schema_decode(kinds[s->kind].schema, s->sign1.payload, a, &s->payload, e);
    if (rc) {
        return rc;
    }
    const char *why = payload_rules(s->kind, &s->payload);
    if (why) {
        return err_set(e, TP_BAD_STATEMENT, "%s", why);
    }
    subject(s->kind, &s->payload, sub);
    if (!bytes_is(s->sub, sub) || (s->sub.p && s->sub.n == 0)) {
        return err_set(e, TP_BAD_STATEMENT, "header: its subject is not the payload's");
    }
    return 0;
}

int statement_parse(struct bytes raw, struct arena *a, struct statement *out, struct err *e)
{
    struct statement s = {.raw = raw};
    if (raw.n > ENVELOPE_MAX || cose_sign1_parse(raw, true, &s.sign1)) {
        return err_set(e, TP_E_MALFORMED, "not a signed statement of the profile");
    }
    if (s.sign1.payload.n > STATEMENT_MAX) {
        return err_set(e, TP_E_MALFORMED, "a payload of more than %d bytes", STATEMENT_MAX);
    }
    int rc = read_header(&s, e);
    if (!rc) {
        rc = read_payload(&s, a, e);
    }
    if (!rc && cose_d(s.sign1.protected_map, s.sign1.payload, s.d)) {
        rc = err_code(e, TP_E_CRYPTO);
    }
    if (!rc) {
        *out = s;
    }
    return rc;
}

int statement_verify(const struct statement *s, const struct cose_key *key)
{
    return cose_verify(key, s->alg, &s->sign1, true);
}

/* ---- signing ---- */

int statement_sign(enum kind kind, const void *payload, struct bytes iss, const struct cose_key *key,
                   struct buf *out, uint8_t d[HASH_SIZE], struct err *e)
{
    uint8_t memory[HEADER_MAX];
    char sub[SUB_MAX + 1];
    struct buf header, body;
    if (iss.n < 1 || iss.n > ISS_MAX || !bytes_utf8(iss)) {
        return err_set(e, TP_BAD_STATEMENT, "a signer's name has 1 to %d bytes", ISS_MAX);
    }
    const char *why = payload_rules(kind, payload);
    if (why) {
        return err_set(e, TP_BAD_STATEMENT, "%s", why);
    }
    buf_init(&body, STATEMENT_MAX);
    int rc = schema_encode(kinds[kind].schema, payload, &body, e);
    if (!rc) {
        subject(kind, payload, sub);
        buf_over(&header, memory, sizeof memory);
        put_header(kind, key, iss, bytes_str(sub), &header);
        rc = cose_sign1(key, buf_view(&header), buf_view(&body), out, d);
        if (rc) {
            err_code(e, rc);
        }
    }
    buf_free(&body);
    return rc;
}
