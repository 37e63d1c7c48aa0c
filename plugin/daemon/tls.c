#include "daemon/tls.h"

#include <openssl/err.h>

static int refuse(struct err *e, const char *what, const char *path)
{
    unsigned long code = ERR_peek_last_error();
    const char *why = code ? ERR_reason_error_string(code) : NULL;
    err_set(e, TP_E_IO, "%s %.140s cannot be used: %.60s", what, path, why ? why : "unknown reason");
    ERR_clear_error();
    return TP_E_IO;
}

/* Resumption by ticket would need keys that are changed; a till keeps its connection instead. */
static int settle(SSL_CTX *c)
{
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 && SSL_CTX_set_num_tickets(c, 0) == 1
               ? 0
               : TP_E_CRYPTO;
}

int tls_open(const char *certificate, const char *key, SSL_CTX **out, struct err *e)
{
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    if (!c) {
        return err_code(e, TP_E_CRYPTO);
    }
    int rc = settle(c);
    if (rc) {
        err_code(e, rc);
    } else if (SSL_CTX_use_certificate_chain_file(c, certificate) != 1) {
        rc = refuse(e, "the certificate", certificate);
    } else if (SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1 ||
               SSL_CTX_check_private_key(c) != 1) {
        rc = refuse(e, "the key", key);
    }
    if (rc) {
        SSL_CTX_free(c);
        return rc;
    }
    *out = c;
    return 0;
}
