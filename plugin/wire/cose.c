#include "wire/cose.h"

#include "wire/cbor.h"
#include "wire/hash.h"
#include "wire/lax.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum { TAG_SIGN1 = 18, LABEL_ALG = 1, LABEL_CRIT = 2, LABEL_KID = 4, LABEL_RECEIPTS = 394 };

/* The order of P-256 (SEC 2, section 2.4.2), and its half, rounded down. */
static const uint8_t p256_n[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF,
                                   0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                                   0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
static const uint8_t p256_half[32] = {0x7F, 0xFF, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x00, 0x7F, 0xFF, 0xFF,
                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xDE, 0x73, 0x7D, 0x56, 0xD3, 0x8B,
                                      0xCF, 0x42, 0x79, 0xDC, 0xE5, 0x61, 0x7E, 0x31, 0x92, 0xA8};

/* ---- parsing ---- */

/* {} or {394: [+ bstr]} */
static bool unprotected_fits(struct bytes item)
{
    struct dec d;
    struct bytes receipt;
    size_t members, receipts;
    int64_t label;
    dec_init(&d, item);
    if (dec_map(&d, &members) || members > 1) {
        return false;
    }
    if (members == 0) {
        return true;
    }
    if (dec_int(&d, &label) || label != LABEL_RECEIPTS || dec_array(&d, &receipts) || receipts == 0) {
        return false;
    }
    for (size_t i = 0; i < receipts; i++) {
        if (dec_bytes(&d, &receipt) || receipt.n == 0) {
            return false;
        }
    }
    return true;
}

static bool is_map(struct bytes in)
{
    struct dec d;
    enum cbor_kind kind;
    dec_init(&d, in);
    return !cbor_check(in) && !dec_peek(&d, &kind) && kind == CBOR_MAP;
}

static int parse_strict(struct bytes in, struct cose_sign1 *s)
{
    struct dec d;
    struct bytes signature;
    uint64_t tag;
    size_t count;
    dec_init(&d, in);
    if (dec_tag(&d, &tag) || dec_array(&d, &count) || count != 4 || dec_bytes(&d, &s->protected_map) ||
        dec_item(&d, &s->unprotected) || dec_bytes(&d, &s->payload) || dec_bytes(&d, &signature) ||
        !dec_done(&d) || signature.n != SIGNATURE_SIZE || !is_map(s->protected_map) ||
        !unprotected_fits(s->unprotected)) {
        return TP_E_MALFORMED;
    }
    memcpy(s->signature, signature.p, SIGNATURE_SIZE);
    s->tagged = true;
    return 0;
}

/* RFC 9052, section 3: an empty protected map may come as h'a0', and is signed as h''. */
static bool lax_protected(struct bytes item, struct bytes *map)
{
    struct bytes unused;
    if (!lax_bytes(item, map)) {
        return false;
    }
    if (map->n == 1 && map->p[0] == 0xA0) {
        map->n = 0;
    }
    return map->n == 0 || !lax_find(*map, LABEL_ALG, &unused);
}

static int parse_lax(struct bytes in, struct cose_sign1 *s)
{
    struct dec d;
    struct bytes item[4], unused, signature;
    size_t count;
    dec_init(&d, in);
    s->tagged = lax_tag(&d, TAG_SIGN1);
    if (lax_array(&d, &count) || count != 4) {
        return TP_E_MALFORMED;
    }
    for (size_t i = 0; i < 4; i++) {
        if (lax_item(&d, &item[i])) {
            return TP_E_MALFORMED;
        }
    }
    s->unprotected = item[1];
    s->payload_nil = item[2].n == 1 && item[2].p[0] == 0xF6;
    if (!dec_done(&d) || !lax_protected(item[0], &s->protected_map) ||
        lax_find(item[1], LABEL_ALG, &unused) || (!s->payload_nil && !lax_bytes(item[2], &s->payload)) ||
        !lax_bytes(item[3], &signature) || signature.n != SIGNATURE_SIZE) {
        return TP_E_MALFORMED;
    }
    memcpy(s->signature, signature.p, SIGNATURE_SIZE);
    return 0;
}

int cose_sign1_parse(struct bytes in, bool strict, struct cose_sign1 *out)
{
    struct cose_sign1 s = {0};
    int rc = strict ? parse_strict(in, &s) : parse_lax(in, &s);
    if (!rc) {
        *out = s;
    }
    return rc;
}

static struct bytes find_header(const struct cose_sign1 *s, int64_t label)
{
    struct bytes item = {0};
    if (s->protected_map.n == 0 || lax_find(s->protected_map, label, &item) || !item.p) {
        if (lax_find(s->unprotected, label, &item)) {
            item = (struct bytes){0};
        }
    }
    return item;
}

int cose_header(const struct cose_sign1 *s, int64_t *alg, struct bytes *kid)
{
    struct bytes item = find_header(s, LABEL_ALG), id = {0};
    int64_t found;
    if (find_header(s, LABEL_CRIT).p) {
        return TP_UNSUPPORTED;
    }
    if (!item.p || !lax_int(item, &found)) {
        return TP_E_MALFORMED;
    }
    item = find_header(s, LABEL_KID);
    if (item.p && !lax_bytes(item, &id)) {
        return TP_E_MALFORMED;
    }
    *alg = found;
    *kid = id;
    return 0;
}

/* ---- what is signed ---- */

void cose_sig_structure(struct bytes protected_map, struct bytes external_aad, struct bytes payload,
                        struct buf *out)
{
    enc_array(out, 4);
    enc_text(out, bytes_str("Signature1"));
    enc_bytes(out, protected_map);
    enc_bytes(out, external_aad);
    enc_bytes(out, payload);
}

static int make_structure(struct bytes protected_map, struct bytes payload, struct buf *out)
{
    if (protected_map.n > SIZE_MAX / 4 || payload.n > SIZE_MAX / 4) {
        return TP_E_MEMORY;
    }
    buf_init(out, protected_map.n + payload.n + 64);
    cose_sig_structure(protected_map, (struct bytes){0}, payload, out);
    return out->failed ? TP_E_MEMORY : 0;
}

int cose_d(struct bytes protected_map, struct bytes payload, uint8_t d[HASH_SIZE])
{
    struct buf tbs;
    int rc = make_structure(protected_map, payload, &tbs);
    if (!rc) {
        rc = sha256(buf_view(&tbs), d);
    }
    buf_free(&tbs);
    return rc;
}

/* ---- signing ---- */

static const char *digest_name(const struct cose_key *key)
{
    return key->alg == ALG_ESP256 ? "SHA256" : NULL;
}

static void make_low(uint8_t s[32])
{
    int borrow = 0;
    if (memcmp(s, p256_half, 32) <= 0) {
        return;
    }
    for (size_t i = 32; i-- > 0;) {
        int v = p256_n[i] - s[i] - borrow;
        borrow = v < 0;
        s[i] = (uint8_t)v;
    }
}

/* RFC 9053, section 2.1: r and s, 32 bytes each, in place of OpenSSL's DER. */
static int from_der(const uint8_t *der, size_t n, uint8_t signature[SIGNATURE_SIZE])
{
    const uint8_t *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
    int rc = TP_E_CRYPTO;
    if (sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32) == 32 &&
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32) == 32) {
        make_low(signature + 32);
        rc = 0;
    }
    ECDSA_SIG_free(sig);
    return rc;
}

static int sign_bytes(const struct cose_key *key, struct bytes tbs, uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t raw[80];
    size_t n = sizeof raw;
    int rc = TP_E_CRYPTO;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx ||
        EVP_DigestSignInit_ex(ctx, NULL, digest_name(key), crypto_context(), NULL, key->pkey, NULL) != 1 ||
        EVP_DigestSign(ctx, raw, &n, tbs.p, tbs.n) != 1) {
        goto out;
    }
    if (key->alg == ALG_ESP256) {
        rc = from_der(raw, n, signature);
    } else if (n == SIGNATURE_SIZE) {
        memcpy(signature, raw, SIGNATURE_SIZE);
        rc = 0;
    }
out:
    EVP_MD_CTX_free(ctx);
    return rc;
}

int cose_sign_bytes(const struct cose_key *key, struct bytes to_be_signed, uint8_t signature[SIGNATURE_SIZE])
{
    return key->can_sign && crypto_context() ? sign_bytes(key, to_be_signed, signature) : TP_E_CRYPTO;
}

static int put_sign1(struct bytes protected_map, struct bytes payload,
                     const uint8_t signature[SIGNATURE_SIZE], struct buf *out)
{
    size_t before = out->n;
    enc_tag(out, TAG_SIGN1);
    enc_array(out, 4);
    enc_bytes(out, protected_map);
    enc_map(out, 0);
    enc_bytes(out, payload);
    enc_bytes(out, bytes_of(signature, SIGNATURE_SIZE));
    if (out->failed) {
        out->n = before;
        return TP_E_MEMORY;
    }
    return 0;
}

int cose_sign1(const struct cose_key *key, struct bytes protected_map, struct bytes payload, struct buf *out,
               uint8_t d[HASH_SIZE])
{
    uint8_t signature[SIGNATURE_SIZE], hash[HASH_SIZE];
    struct buf tbs = {0};
    int rc = key->can_sign && crypto_context() ? 0 : TP_E_CRYPTO;
    if (!rc) {
        rc = make_structure(protected_map, payload, &tbs);
    }
    if (!rc) {
        rc = sha256(buf_view(&tbs), hash);
    }
    if (!rc) {
        rc = sign_bytes(key, buf_view(&tbs), signature);
    }
    if (!rc) {
        rc = put_sign1(protected_map, payload, signature, out);
    }
    if (!rc && d) {
        memcpy(d, hash, HASH_SIZE);
    }
    buf_free(&tbs);
    return rc;
}

/* ---- verifying ---- */

static size_t to_der(const uint8_t signature[SIGNATURE_SIZE], uint8_t der[80])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
    int n = 0;
    if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else if (i2d_ECDSA_SIG(sig, NULL) <= 80) {
        n = i2d_ECDSA_SIG(sig, &der);
    }
    ECDSA_SIG_free(sig);
    return n > 0 ? (size_t)n : 0;
}

static bool alg_fits(const struct cose_key *key, int64_t alg)
{
    if (key->alg == ALG_ESP256) {
        return alg == ALG_ESP256 || alg == ALG_ES256;
    }
    return key->alg == ALG_ED25519 && (alg == ALG_ED25519 || alg == ALG_EDDSA);
}

/* 0; TP_E_UNTRUSTED: it does not check out; TP_E_CRYPTO, TP_E_MEMORY: nobody can say. */
static int verify_bytes(const struct cose_key *key, struct bytes tbs, const uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t der[80];
    const uint8_t *raw = signature;
    size_t n = SIGNATURE_SIZE;
    if (key->alg == ALG_ESP256) {
        raw = der;
        n = to_der(signature, der);
    }
    EVP_MD_CTX *ctx = n ? EVP_MD_CTX_new() : NULL;
    int rc = TP_E_CRYPTO;
    crypto_begin();
    if (ctx &&
        EVP_DigestVerifyInit_ex(ctx, NULL, digest_name(key), crypto_context(), NULL, key->pkey, NULL) == 1) {
        /* Used once: without this it is copied first, and a copy that fails is told as a "no". */
        EVP_MD_CTX_set_flags(ctx, EVP_MD_CTX_FLAG_FINALISE);
        int said = EVP_DigestVerify(ctx, raw, n, tbs.p, tbs.n);
        /* Below zero without an error of its own, it said nothing. */
        bool refused = said == 0 || ERR_peek_error() != 0;
        rc = said == 1 ? 0 : crypto_refusal(refused ? TP_E_UNTRUSTED : TP_E_CRYPTO);
    }
    EVP_MD_CTX_free(ctx);
    return rc;
}

int cose_verify_bytes(const struct cose_key *key, struct bytes signed_bytes,
                      const uint8_t signature[SIGNATURE_SIZE], bool profile)
{
    bool high = key->alg == ALG_ESP256 && memcmp(signature + 32, p256_half, 32) > 0;
    if (profile && high) {
        return TP_E_UNTRUSTED;
    }
    return crypto_context() ? verify_bytes(key, signed_bytes, signature) : TP_E_CRYPTO;
}

int cose_verify(const struct cose_key *key, int64_t alg, const struct cose_sign1 *s, bool profile)
{
    struct buf tbs;
    if (!alg_fits(key, alg) || !s->payload.p) {
        return TP_E_UNTRUSTED;
    }
    int rc = make_structure(s->protected_map, s->payload, &tbs);
    if (!rc) {
        rc = cose_verify_bytes(key, buf_view(&tbs), s->signature, profile);
    }
    buf_free(&tbs);
    return rc;
}
