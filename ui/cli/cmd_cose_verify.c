#include "cli.h"
#include "claims.h"
#include "files.h"
#include "forms/forms.h"
#include "keys/keyfile.h"
#include "wire/coupon.h"
#include "wire/lax.h"
#include "wire/statement.h"

#include <inttypes.h>

static const struct usage usage = {"cose verify --key FILE FILE",
                                   "Checks any COSE_Sign1 (RFC 9052) with a key in PEM or as a COSE_Key, and "
                                   "prints its algorithm, its key id\n"
                                   "and, where it is a coupon or a statement of a shop, its claims.",
                                   1, 1};

enum { COSE_FILE_MAX = 4 * 1024 * 1024, CLAIMS_ARENA = 1024 * 1024 };

struct checked {
    struct cose_sign1 sign1;
    int64_t alg;
    struct bytes kid;
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
        buf_puts(out, "}\n");
    } else {
        buf_printf(out, "signature  genuine\nalg        %" PRId64 " (%s)\nkid        ", c->alg,
                   alg_name(c->alg));
        put_hex(out, c->kid);
        buf_printf(out, "\nkind       %s\npayload    %zu bytes\nclaims     ", kind, c->sign1.payload.n);
        buf_put(out, claims.p, claims.n);
        buf_putc(out, '\n');
    }
    buf_free(&claims);
}

static int run(const char *path, const char *key, bool json, struct err *e)
{
    struct buf file, out;
    struct checked c = {0};
    buf_init(&file, COSE_FILE_MAX);
    buf_init(&out, 32 * 1024 * 1024);
    int rc = file_read(path, &file, e);
    if (rc == 0) {
        rc = verify(buf_view(&file), key, &c, e);
    }
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
    const char *key = NULL;
    bool json = false;
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"key", OPT_TEXT, &key, "FILE", "the signer's key: PEM or a COSE_Key", OPT_NEEDED},
        {"json", OPT_FLAG, &json, NULL, "print it as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(rest.v[0], key, json, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
