#include "keys/enrolment.h"

#include "wire/cbor.h"
#include "wire/hash.h"

#include <openssl/evp.h>

/* Crockford's base 32: no I, L, O and U. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
enum { CHARS = 16, GROUP = 4, TEXT_MAX = 256 };

int enrolment_code(char code[ENROLMENT_CODE + 1])
{
    uint8_t random[CHARS];
    int rc = random_bytes(random, sizeof random);
    size_t n = 0;
    for (size_t i = 0; rc == 0 && i < CHARS; i++) {
        if (i && i % GROUP == 0) {
            code[n++] = '-';
        }
        code[n++] = alphabet[random[i] % 32]; /* 256 is a multiple of 32 */
    }
    code[n] = '\0';
    wipe(random, sizeof random);
    return rc;
}

static char plain(uint8_t c)
{
    c = c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    return c && strchr(alphabet, c) ? (char)c : '\0';
}

static bool read_code(struct bytes code, char out[CHARS])
{
    size_t n = 0;
    for (size_t i = 0; i < code.n; i++) {
        uint8_t c = code.p[i];
        if (c == '-' || c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            continue;
        }
        if (n == CHARS || !plain(c)) {
            return false;
        }
        out[n++] = plain(c);
    }
    return n == CHARS;
}

int enrolment_key(const uint8_t authority[ID_SIZE], struct bytes code, struct cose_key *key)
{
    static const char domain[] = "tillproof enrolment code"; /* its NUL parts it from what follows */
    uint8_t memory[sizeof domain + ID_SIZE + CHARS], seed[HASH_SIZE];
    char chars[CHARS];
    struct buf text;
    if (!read_code(code, chars)) {
        return TP_E_ARGUMENT;
    }
    buf_over(&text, memory, sizeof memory);
    buf_put(&text, domain, sizeof domain);
    buf_put(&text, authority, ID_SIZE);
    buf_put(&text, chars, CHARS);
    EVP_PKEY *pkey = NULL;
    int rc = sha256(buf_view(&text), seed);
    if (rc == 0) {
        pkey = EVP_PKEY_new_raw_private_key_ex(crypto_context(), "ED25519", NULL, seed, sizeof seed);
        rc = pkey ? cose_key_wrap(pkey, key) : TP_E_CRYPTO;
    }
    if (rc) {
        EVP_PKEY_free(pkey);
    }
    wipe(memory, sizeof memory);
    wipe(seed, sizeof seed);
    wipe(chars, sizeof chars);
    return rc;
}

/* What the proof is over. */
static void put_text(const struct enrol *r, const struct cose_key *till_key, struct buf *out)
{
    static const char domain[] = "tillproof enrolment";
    buf_put(out, domain, sizeof domain);
    buf_put(out, r->common.audience, ID_SIZE);
    buf_put(out, r->id, ID_SIZE);
    for (int shift = 56; shift >= 0; shift -= 8) {
        buf_putc(out, (uint8_t)((uint64_t)r->common.time_ms >> shift));
    }
    buf_put(out, till_key->thumbprint, HASH_SIZE);
    buf_put(out, r->till.p, r->till.n); /* the only one of no fixed length, at the end */
}

int enrolment_prove(struct enrol *r, const struct cose_key *till_key, const struct cose_key *code)
{
    uint8_t memory[TEXT_MAX];
    struct buf text;
    buf_over(&text, memory, sizeof memory);
    put_text(r, till_key, &text);
    return text.failed ? TP_E_MEMORY : cose_sign_bytes(code, buf_view(&text), r->proof);
}

static int public_key(const uint8_t x[HASH_SIZE], struct cose_key *key)
{
    uint8_t memory[64];
    struct buf map;
    buf_over(&map, memory, sizeof memory);
    enc_map(&map, 4);
    enc_int(&map, 1);
    enc_int(&map, 1);
    enc_int(&map, 3);
    enc_int(&map, ALG_ED25519);
    enc_int(&map, -1);
    enc_int(&map, 6);
    enc_int(&map, -2);
    enc_bytes(&map, bytes_of(x, HASH_SIZE));
    return map.failed ? TP_E_MEMORY : cose_key_decode(buf_view(&map), key);
}

int enrolment_check(const struct enrol *r, const struct cose_key *till_key, const uint8_t code_key[HASH_SIZE])
{
    uint8_t memory[TEXT_MAX];
    struct cose_key code = {0};
    struct buf text;
    int rc = public_key(code_key, &code);
    if (rc) {
        return rc == TP_E_MALFORMED ? TP_E_UNTRUSTED : rc;
    }
    buf_over(&text, memory, sizeof memory);
    put_text(r, till_key, &text);
    rc = text.failed ? TP_E_MEMORY : cose_verify_bytes(&code, buf_view(&text), r->proof, true);
    cose_key_free(&code);
    return rc;
}
