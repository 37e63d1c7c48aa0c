/* TLS 1.3 and nothing older, with the daemon's certificate. */
#ifndef DAEMON_TLS_H
#define DAEMON_TLS_H

#include "base/code.h"

#include <openssl/ssl.h>

/* Owned: SSL_CTX_free. TP_E_IO with what is wrong with the files; TP_E_CRYPTO. */
int tls_open(const char *certificate, const char *key, SSL_CTX **out, struct err *e);

#endif
