#include "cli.h"
#include "claims.h"
#include "files.h"
#include "forms/forms.h"
#include "keys/keyfile.h"
#include "proof/receipt.h"
#include "wire/cbor.h"
#include "wire/coupon.h"
#include "wire/lax.h"
#include "wire/statement.h"

#include <inttypes.h>

static const struct usage usage = {
    "cose verify --key FILE [--log FILE] FILE",
    "Checks any COSE_Sign1 (RFC 9052) with a key in PEM or as a COSE_Key, and prints its algorithm, its key "
    "id\n"
    "and, where it is a coupon or a statement of a shop, its claims. With the log's key, the receipts of the "
    "log\n"
    "(RFC 9942) that it carries are checked, too; one that is wrong, or none, is a refusal.",
    1, 1};

enum { COSE_FILE_MAX = 4 * 1024 * 1024, CLAIMS_ARENA = 1024 * 1024 };

struct checked {
    struct cose_sign1 sign1;
    int64_t alg;
    struct bytes kid;
    size_t receipts;     /* that it carries */
    bool receipts_good;  /* and that were checked */
    struct receipt said; /* by the last of them */
};

/* alg and kid by RFC 9052, section 3.1: alg is protected; kid may stand on either side. */
static int read_header(struct checked *c, struct err *e)
{
    struct bytes value = {0};
    if (c->sign1.protected_map.n == 0 || lax_find(c->sign1.protected_map, 1, &value) || !value.p ||
        !lax_int(value, &c->alg)) {
        return err_set(e, TP_E_MALFORMED, "the protected header names no algorithm that can be checked");
    }
    if (lax_find(c->sign1.protected_map, 4, &value) == 0 && value.p) {
        lax_bytes(value, &c->kid);
    } else if (lax_find(c->sign1.unprotected, 4, &value) == 0 && value.p) {
        lax_bytes(value, &c->kid);
    }
    return 0;
}

static int verify(struct bytes file, const char *key_path, struct checked *c, struct err *e)
{
    struct cose_key key = {0};
    int rc = cose_sign1_parse(file, false, &c->sign1);
    if (rc) {
        return err_set(e, rc, "the file is not a COSE_Sign1");
    }
    if (c->sign1.payload_nil) {
        return err_set(e, TP_UNSUPPORTED, "its payload is kept elsewhere (detached); that cannot be checked");
    }
    rc = read_header(c, e);
    if (rc == 0) {
        rc = keyfile_load_public(key_path, &key, e);
    }
    int said = rc ? 0 : cose_verify(&key, c->alg, &c->sign1, false);
    if (said) {
        rc = said != TP_E_UNTRUSTED
                 ? err_code(e, said)
                 : err_set(e, TP_BAD_SIGNATURE,
                           "the signature is not that of this key, or what was signed has changed");
    }
    cose_key_free(&key);
    return rc;
}

/* A statement's own log is its authority's; of anything else, whichever log the receipt names. */
static void find_origin(struct bytes file, char origin[ORIGIN_MAX])
{
    struct arena a;
    struct statement s = {0};
    origin[0] = 0;
    arena_init(&a, CLAIMS_ARENA);
    if (statement_parse(file, &a, &s, NULL) == 0) {
        log_origin(s.payload.common.audience, origin);
    }
    arena_reset(&a);
}

static int check_receipt(struct checked *c, struct bytes raw, const char *own, const struct cose_key *log)
{
    uint8_t entry[HASH_SIZE];
    char origin[ORIGIN_MAX];
    int rc = log_entry(&c->sign1, entry);
    rc = rc ? rc : receipt_parse(raw, &c->said);
    bytes_to_cstr(own[0] ? bytes_str(own) : c->said.origin, origin, sizeof origin);
    return rc ? rc : receipt_check(raw, entry, bytes_str(origin), log, &c->said, NULL);
}

/* The unprotected header as RFC 9942 has it: {394: [+ receipt]}. */
static int check_receipts(struct bytes file, const char *log_path, struct checked *c, struct err *e)
{
    struct cose_key log = {0};
    struct cose_sign1 strict;
    struct dec d;
    struct bytes raw;
    char origin[ORIGIN_MAX];
    size_t members = 0;
    int64_t label;
    if (cose_sign1_parse(file, true, &strict) == 0) {
        dec_init(&d, strict.unprotected);
        if (!dec_map(&d, &members) && members && !dec_int(&d, &label)) {
            (void)dec_array(&d, &c->receipts);
        }
    }
    if (!log_path) {
        return 0;
    }
    if (!c->receipts) {
        return err_set(e, TP_NO_RECEIPT, "it carries no receipt of a log");
    }
    int rc = keyfile_load_public(log_path, &log, e);
    find_origin(file, origin);
    for (size_t i = 0; i < c->receipts && rc == 0; i++) {
        rc = dec_bytes(&d, &raw) || check_receipt(c, raw, origin, &log) ? err_code(e, TP_BAD_RECEIPT) : 0;
    }
    c->receipts_good = rc == 0;
    cose_key_free(&log);
    return rc;
}

static const char *alg_name(int64_t alg)
{
    switch (alg) {
    case ALG_ES256:
        return "ES256";
    case ALG_ESP256:
        return "ESP256";
    case ALG_EDDSA:
        return "EdDSA";
    case ALG_ED25519:
        return "Ed25519";
    default:
        return "unknown";
    }
}

static void put_hex(struct buf *out, struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        buf_printf(out, "%02x", b.p[i]);
    }
}

/* What kind of thing of ours it is, and its claims as JSON; "other" and null for what is not ours. */
static const char *put_ours(struct bytes file, struct buf *out)
{
    struct arena a;
    struct statement s = {0};
    struct coupon coupon;
    const char *kind = "other";
    arena_init(&a, CLAIMS_ARENA);
    if (file.n <= COUPON_MAX && coupon_parse(file, &coupon) == 0) {
        kind = "coupon";
        buf_printf(out, "{\"exp\":%" PRId64 ",\"offer\":\"", coupon.exp);
        put_hex(out, bytes_of(coupon.offer, REF_SIZE));
        buf_printf(out, "\",\"batch\":%u,\"index\":%u}", coupon.batch, coupon.index);
    } else if (statement_parse(file, &a, &s, NULL) == 0) {
        kind = kinds[s.kind].name;
        buf_puts(out, "{\"iss\":");
        json_put_string(out, s.iss);
        if (s.sub.p) {
            buf_puts(out, ",\"sub\":");
            json_put_string(out, s.sub);
        }
        buf_putc(out, ',');
        claims_put(kinds[s.kind].schema, &s.payload, out);
        buf_putc(out, '}');
    } else {
        buf_puts(out, "null");
    }
    arena_reset(&a);
    return kind;
}

static void tell_receipts(const struct checked *c, bool json, struct buf *out)
{
    if (!c->receipts) {
        return;
    }
    if (json) {
        buf_printf(out, ",\"receipts\":%zu,\"receipts_checked\":%s", c->receipts,
                   c->receipts_good ? "true" : "false");
    } else if (c->receipts_good) {
        buf_printf(out, "receipt    genuine: leaf %" PRId64 " of %" PRId64 " in %.*s\n", c->said.index,
                   c->said.size, (int)c->said.origin.n, (const char *)c->said.origin.p);
    } else {
        buf_printf(out, "receipt    %zu, not checked (--log FILE)\n", c->receipts);
    }
    if (json && c->receipts_good) {
        buf_printf(out, ",\"place\":%" PRId64 ",\"size\":%" PRId64, c->said.index, c->said.size);
    }
}

static void tell(const struct checked *c, struct bytes file, bool json, struct buf *out)
{
    struct buf claims;
    buf_init(&claims, 16 * 1024 * 1024);
    const char *kind = put_ours(file, &claims);
    if (json) {
        buf_printf(out, "{\"signature\":\"genuine\",\"alg\":%" PRId64 ",\"alg_name\":\"%s\",\"kid\":\"",
                   c->alg, alg_name(c->alg));
        put_hex(out, c->kid);
        buf_printf(out, "\",\"kind\":\"%s\",\"payload_bytes\":%zu,\"claims\":", kind, c->sign1.payload.n);
        buf_put(out, claims.p, claims.n);
        tell_receipts(c, true, out);
        buf_puts(out, "}\n");
    } else {
        buf_printf(out, "signature  genuine\nalg        %" PRId64 " (%s)\nkid        ", c->alg,
                   alg_name(c->alg));
        put_hex(out, c->kid);
        buf_printf(out, "\nkind       %s\npayload    %zu bytes\nclaims     ", kind, c->sign1.payload.n);
        buf_put(out, claims.p, claims.n);
        buf_putc(out, '\n');
        tell_receipts(c, false, out);
    }
    buf_free(&claims);
}

static int run(const char *path, const char *key, const char *log, bool json, struct err *e)
{
    struct buf file, out;
    struct checked c = {0};
    buf_init(&file, COSE_FILE_MAX);
    buf_init(&out, 32 * 1024 * 1024);
    int rc = file_read(path, &file, e);
    if (rc == 0) {
        rc = verify(buf_view(&file), key, &c, e);
    }
    rc = rc ? rc : check_receipts(buf_view(&file), log, &c, e);
    if (rc == 0) {
        tell(&c, buf_view(&file), json, &out);
        cli_print(buf_view(&out));
    }
    buf_free(&file);
    buf_free(&out);
    return rc;
}

int cmd_cose_verify(int argc, char **argv)
{
    const char *key = NULL, *log = NULL;
    bool json = false;
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"key", OPT_TEXT, &key, "FILE", "the signer's key: PEM or a COSE_Key", OPT_NEEDED},
        {"log", OPT_TEXT, &log, "FILE", "the log's key: its receipts are checked, too", 0},
        {"json", OPT_FLAG, &json, NULL, "print it as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(rest.v[0], key, log, json, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
