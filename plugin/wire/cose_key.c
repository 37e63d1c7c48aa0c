#include "wire/cose.h"

#include "wire/cbor.h"
#include "wire/hash.h"
#include "wire/lax.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { KTY_OKP = 1, KTY_EC2 = 2, CRV_P256 = 1, CRV_ED25519 = 6 };
enum { LABEL_KTY = 1, LABEL_ALG = 3, LABEL_CRV = -1, LABEL_X = -2, LABEL_Y = -3 };

static bool is_ec(const struct cose_key *key)
{
    return key->alg == ALG_ESP256;
}

/* The map of RFC 9679, section 4 for the thumbprint; with alg, the COSE_Key that we keep and send. */
static void put_key_map(const struct cose_key *key, bool with_alg, struct buf *out)
{
    enc_map(out, (is_ec(key) ? 4u : 3u) + (with_alg ? 1u : 0u));
    enc_int(out, LABEL_KTY);
    enc_int(out, is_ec(key) ? KTY_EC2 : KTY_OKP);
    if (with_alg) {
        enc_int(out, LABEL_ALG);
        enc_int(out, key->alg);
    }
    enc_int(out, LABEL_CRV);
    enc_int(out, is_ec(key) ? CRV_P256 : CRV_ED25519);
    enc_int(out, LABEL_X);
    enc_bytes(out, bytes_of(key->x, sizeof key->x));
    if (is_ec(key)) {
        enc_int(out, LABEL_Y);
        enc_bytes(out, bytes_of(key->y, sizeof key->y));
    }
}

void cose_key_encode(const struct cose_key *key, struct buf *out)
{
    put_key_map(key, true, out);
}

static int fill_thumbprint(struct cose_key *key)
{
    uint8_t memory[128];
    struct buf map;
    buf_over(&map, memory, sizeof memory);
    put_key_map(key, false, &map);
    if (map.failed || sha256(buf_view(&map), key->thumbprint)) {
        return TP_E_CRYPTO;
    }
    memcpy(key->kid, key->thumbprint, KID_SIZE);
    return 0;
}

static bool coordinate(EVP_PKEY *pkey, const char *name, uint8_t out[32])
{
    BIGNUM *n = NULL;
    bool fine = EVP_PKEY_get_bn_param(pkey, name, &n) == 1 && BN_bn2binpad(n, out, 32) == 32;
    BN_free(n);
    return fine;
}

static bool has_private(EVP_PKEY *pkey, bool ec)
{
    bool has = false;
    if (ec) {
        BIGNUM *n = NULL;
        has = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &n) == 1;
        BN_clear_free(n);
    } else {
        uint8_t secret[32];
        size_t n = 0;
        has = EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, secret, sizeof secret, &n) == 1;
        wipe(secret, sizeof secret);
    }
    return has;
}

static int fill_ec(EVP_PKEY *pkey, struct cose_key *key)
{
    char group[32];
    size_t n = 0;
    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &n) != 1 ||
        strcmp(group, "prime256v1") != 0 || !coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, key->x) ||
        !coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, key->y)) {
        return TP_E_CRYPTO;
    }
    key->alg = ALG_ESP256;
    key->can_sign = has_private(pkey, true);
    return 0;
}

static int fill_ed(EVP_PKEY *pkey, struct cose_key *key)
{
    size_t n = 0;
    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, key->x, sizeof key->x, &n) != 1 ||
        n != sizeof key->x) {
        return TP_E_CRYPTO;
    }
    key->alg = ALG_ED25519;
    key->can_sign = has_private(pkey, false);
    return 0;
}

int cose_key_wrap(EVP_PKEY *pkey, struct cose_key *key)
{
    struct cose_key made = {0};
    int rc = TP_E_CRYPTO;
    if (EVP_PKEY_is_a(pkey, "EC")) {
        rc = fill_ec(pkey, &made);
    } else if (EVP_PKEY_is_a(pkey, "ED25519")) {
        rc = fill_ed(pkey, &made);
    }
    if (rc || fill_thumbprint(&made)) {
        return TP_E_CRYPTO;
    }
    made.pkey = pkey;
    *key = made;
    return 0;
}

void cose_key_free(struct cose_key *key)
{
    if (key) {
        EVP_PKEY_free(key->pkey);
        *key = (struct cose_key){0};
    }
}

int cose_key_generate(int alg, struct cose_key *key)
{
    EVP_PKEY *pkey = NULL;
    if (!crypto_context()) {
        return TP_E_CRYPTO;
    }
    if (alg == ALG_ESP256) {
        pkey = EVP_PKEY_Q_keygen(crypto_context(), NULL, "EC", "P-256");
    } else if (alg == ALG_ED25519) {
        pkey = EVP_PKEY_Q_keygen(crypto_context(), NULL, "ED25519");
    }
    if (!pkey) {
        return TP_E_CRYPTO;
    }
    int rc = cose_key_wrap(pkey, key);
    if (rc) {
        EVP_PKEY_free(pkey);
    }
    return rc;
}

/* OpenSSL checks that a P-256 point lies on the curve when it reads it. */
static EVP_PKEY *public_key(bool ec, const uint8_t x[32], const uint8_t y[32])
{
    char group[] = "prime256v1";
    uint8_t point[65] = {4};
    memcpy(point + 1, x, 32);
    memcpy(point + 33, y, 32);
    OSSL_PARAM ec_params[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group - 1),
                              OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
                              OSSL_PARAM_END};
    OSSL_PARAM ed_params[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point + 1, 32),
                              OSSL_PARAM_END};
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(crypto_context(), ec ? "EC" : "ED25519", NULL);
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, ec ? ec_params : ed_params) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* y of the points whose order divides 8, those apart for which u * v below is 0. */
static bool ed_small(const BIGNUM *y)
{
    static const char *const order_8[] = {"05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826",
                                          "7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7"};
    bool small = BN_is_zero(y);
    for (size_t i = 0; i < 2; i++) {
        BIGNUM *known = NULL;
        small = small || BN_hex2bn(&known, order_8[i]) == 0 || BN_cmp(y, known) == 0;
        BN_free(known);
    }
    return small;
}

/* RFC 8032, section 5.1.3: x^2 = u / v must have a root; by Euler's criterion, as u * v then has one. */
static bool ed_has_x(const BIGNUM *y, BIGNUM *p, BN_CTX *ctx)
{
    BIGNUM *d = BN_CTX_get(ctx), *u = BN_CTX_get(ctx), *v = BN_CTX_get(ctx), *half = BN_CTX_get(ctx);
    return half && BN_hex2bn(&d, "52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3") > 0 &&
           BN_mod_sqr(u, y, p, ctx) && BN_mod_mul(v, u, d, p, ctx) && BN_sub_word(u, 1) &&
           BN_add_word(v, 1) && BN_mod_mul(u, u, v, p, ctx) && BN_rshift1(half, p) &&
           BN_mod_exp(u, u, half, p, ctx) && BN_is_one(u);
}

/* OpenSSL takes any 32 bytes as an Ed25519 key. One that is no point, that is not reduced, or under which
 * anybody can sign (a point of small order) is none. */
static bool ed_point(const uint8_t in[32])
{
    uint8_t le[32];
    memcpy(le, in, 32);
    le[31] &= 0x7F;
    BN_CTX *ctx = BN_CTX_new_ex(crypto_context());
    BIGNUM *y = BN_lebin2bn(le, 32, NULL), *p = NULL;
    bool good = false;
    if (ctx && y && BN_hex2bn(&p, "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED") > 0) {
        BN_CTX_start(ctx);
        good = BN_cmp(y, p) < 0 && !ed_small(y) && ed_has_x(y, p, ctx);
        BN_CTX_end(ctx);
    }
    BN_free(p);
    BN_free(y);
    BN_CTX_free(ctx);
    return good;
}

/* The members of a COSE_Key that we work with; y.p is NULL for Ed25519. */
struct key_map {
    int64_t kty, alg, crv;
    struct bytes x, y;
};

static int key_from_map(const struct key_map *m, struct cose_key *key)
{
    static const uint8_t zero[32];
    bool ec = m->kty == KTY_EC2 && m->crv == CRV_P256 && m->y.p && m->y.n == 32;
    bool ed = m->kty == KTY_OKP && m->crv == CRV_ED25519 && !m->y.p;
    if ((!ec && !ed) || m->x.n != 32) {
        return TP_E_MALFORMED;
    }
    if (!crypto_context()) {
        return TP_E_CRYPTO;
    }
    crypto_begin();
    EVP_PKEY *pkey = ed && !ed_point(m->x.p) ? NULL : public_key(ec, m->x.p, ec ? m->y.p : zero);
    if (!pkey) {
        return crypto_refusal(TP_E_MALFORMED);
    }
    int rc = cose_key_wrap(pkey, key);
    if (rc) {
        EVP_PKEY_free(pkey);
    }
    return rc;
}

static bool next_is(struct dec *d, int64_t label)
{
    int64_t key;
    return !dec_int(d, &key) && key == label;
}

int cose_key_decode(struct bytes in, struct cose_key *key)
{
    struct key_map m = {0};
    struct dec d;
    size_t count;
    if (cbor_check(in)) {
        return TP_E_MALFORMED;
    }
    dec_init(&d, in);
    if (dec_map(&d, &count) || !next_is(&d, LABEL_KTY) || dec_int(&d, &m.kty) || !next_is(&d, LABEL_ALG) ||
        dec_int(&d, &m.alg) || !next_is(&d, LABEL_CRV) || dec_int(&d, &m.crv) || !next_is(&d, LABEL_X) ||
        dec_bytes(&d, &m.x)) {
        return TP_E_MALFORMED;
    }
    if (m.kty == KTY_EC2 && (!next_is(&d, LABEL_Y) || dec_bytes(&d, &m.y))) {
        return TP_E_MALFORMED;
    }
    if (!dec_done(&d) || m.alg != (m.kty == KTY_EC2 ? ALG_ESP256 : ALG_ED25519)) {
        return TP_E_MALFORMED;
    }
    return key_from_map(&m, key);
}

static bool find_int(struct bytes map, int64_t label, int64_t *v)
{
    struct bytes item;
    return !lax_find(map, label, &item) && item.p && lax_int(item, v);
}

static bool find_bytes(struct bytes map, int64_t label, struct bytes *v)
{
    struct bytes item;
    return !lax_find(map, label, &item) && item.p && lax_bytes(item, v);
}

int cose_key_decode_any(struct bytes in, struct cose_key *key)
{
    struct key_map m = {0};
    struct bytes alg;
    if (!find_int(in, LABEL_KTY, &m.kty) || !find_int(in, LABEL_CRV, &m.crv) ||
        !find_bytes(in, LABEL_X, &m.x) || lax_find(in, LABEL_ALG, &alg)) {
        return TP_E_MALFORMED;
    }
    if (m.kty == KTY_EC2 && !find_bytes(in, LABEL_Y, &m.y)) {
        return TP_E_MALFORMED;
    }
    if (alg.p) {
        bool ec = m.kty == KTY_EC2;
        if (!lax_int(alg, &m.alg) ||
            (m.alg != (ec ? ALG_ESP256 : ALG_ED25519) && m.alg != (ec ? ALG_ES256 : ALG_EDDSA))) {
            return TP_E_MALFORMED;
        }
    }
    return key_from_map(&m, key);
}
