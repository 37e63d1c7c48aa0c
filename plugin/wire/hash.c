#include "wire/hash.h"

#include "base/code.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(OSSL_LIB_CTX *) context; /* set last: whoever sees it sees the two below */
static EVP_MD *md_sha256;
static EVP_MAC *mac_hmac;

/* A context that could not be given an algorithm once does not look for it again, and would sign nothing as
 * long as the process lives: all that is ever used is fetched at once, or the context is thrown away. */
static bool complete(OSSL_LIB_CTX *made)
{
    static const char *const kinds[] = {"EC", "ED25519"}, *const signers[] = {"ECDSA", "ED25519"};
    uint8_t one;
    bool whole = RAND_bytes_ex(made, &one, 1, 0) == 1 && RAND_priv_bytes_ex(made, &one, 1, 0) == 1;
    for (size_t i = 0; i < 2 && whole; i++) {
        EVP_KEYMGMT *keys = EVP_KEYMGMT_fetch(made, kinds[i], NULL);
        EVP_SIGNATURE *sign = EVP_SIGNATURE_fetch(made, signers[i], NULL);
        whole = keys && sign;
        EVP_KEYMGMT_free(keys);
        EVP_SIGNATURE_free(sign);
    }
    return whole;
}

/* No atexit handler: the host may unload what it would call. No config file: the host's is not ours. */
static void make_context(void)
{
    if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, NULL)) {
        return;
    }
    OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();
    md_sha256 = made ? EVP_MD_fetch(made, "SHA256", NULL) : NULL;
    mac_hmac = md_sha256 ? EVP_MAC_fetch(made, "HMAC", NULL) : NULL;
    if (mac_hmac && complete(made)) {
        atomic_store(&context, made);
        return;
    }
    EVP_MAC_free(mac_hmac);
    EVP_MD_free(md_sha256);
    OSSL_LIB_CTX_free(made);
    mac_hmac = NULL;
    md_sha256 = NULL;
}

OSSL_LIB_CTX *crypto_context(void)
{
    OSSL_LIB_CTX *made = atomic_load(&context);
    if (!made) {
        pthread_mutex_lock(&making);
        if (!atomic_load(&context)) {
            make_context();
        }
        made = atomic_load(&context);
        pthread_mutex_unlock(&making);
    }
    return made;
}

void crypto_begin(void)
{
    ERR_clear_error();
}

int crypto_refusal(int no)
{
    unsigned long code;
    bool memory = false;
    while ((code = ERR_get_error()) != 0) {
        memory = memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    }
    return memory ? TP_E_MEMORY : no;
}

int sha256(struct bytes in, uint8_t out[HASH_SIZE])
{
    unsigned n = 0;
    uint8_t hash[HASH_SIZE];
    if (!crypto_context() ||
        EVP_Digest(in.n ? (const void *)in.p : "", in.n, hash, &n, md_sha256, NULL) != 1 || n != HASH_SIZE) {
        return TP_E_CRYPTO;
    }
    memcpy(out, hash, HASH_SIZE);
    return 0;
}

int hmac_sha256(struct bytes key, struct bytes in, uint8_t out[HASH_SIZE])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
    uint8_t hash[HASH_SIZE];
    size_t n = 0;
    int rc = TP_E_CRYPTO;
    EVP_MAC_CTX *mac = crypto_context() ? EVP_MAC_CTX_new(mac_hmac) : NULL;
    if (!mac || EVP_MAC_init(mac, key.n ? key.p : (const uint8_t *)"", key.n, params) != 1 ||
        (in.n && EVP_MAC_update(mac, in.p, in.n) != 1) || EVP_MAC_final(mac, hash, &n, sizeof hash) != 1 ||
        n != HASH_SIZE) {
        goto out;
    }
    memcpy(out, hash, HASH_SIZE);
    rc = 0;
out:
    EVP_MAC_CTX_free(mac);
    wipe(hash, sizeof hash);
    return rc;
}
