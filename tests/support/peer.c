#include "support/peer.h"

#include "base/id.h"
#include "support/cm.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 5 * 1024 * 1024, LOOK_MS = 10, PATIENCE_MS = 30000 };

struct peer {
    SSL_CTX *tls;
    int listener;
    char url[64];
    uint8_t *ca;
    size_t ca_n;
    pthread_t thread;
    atomic_int mode, connections, requests, serving, stop;
};

/* ---- certificates ---- */

struct identity {
    EVP_PKEY *key;
    X509 *cert;
};

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(x);
    assert_int_equal(X509_add_ext(cert, x, -1), 1);
    X509_EXTENSION_free(x);
}

/* Signed by `by`, or by itself; valid from yesterday, until tomorrow or an hour ago. */
static struct identity make_identity(const char *name, const struct identity *by, const char *host,
                                     bool expired)
{
    struct identity id = {EVP_EC_gen("P-256"), X509_new()};
    assert_non_null(id.key);
    assert_non_null(id.cert);
    X509_NAME *subject = X509_get_subject_name(id.cert);
    X509_set_version(id.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(id.cert), by ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(id.cert), -24 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(id.cert), expired ? -3600 : 24 * 3600);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(id.cert, by ? X509_get_subject_name(by->cert) : subject);
    X509_set_pubkey(id.cert, id.key);
    add_extension(id.cert, NID_basic_constraints, by ? "CA:FALSE" : "critical,CA:TRUE");
    if (host) {
        add_extension(id.cert, NID_subject_alt_name, host);
    }
    assert_true(X509_sign(id.cert, by ? by->key : id.key, EVP_sha256()) > 0);
    return id;
}

static void free_identity(struct identity *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
}

static void keep_pem(struct peer *p, X509 *cert)
{
    char *text = NULL;
    BIO *b = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(b, cert), 1);
    long n = BIO_get_mem_data(b, &text);
    p->ca_n = (size_t)n;
    p->ca = malloc(p->ca_n);
    assert_non_null(p->ca);
    memcpy(p->ca, text, p->ca_n);
    BIO_free(b);
}

static void make_tls(struct peer *p, enum peer_fault fault)
{
    struct identity trusted = make_identity("trusted", NULL, NULL, false);
    struct identity other = make_identity("other", NULL, NULL, false);
    struct identity own = make_identity("peer", fault == PEER_OTHER_CA ? &other : &trusted,
                                        fault == PEER_OTHER_HOST ? "DNS:elsewhere.example" : "IP:127.0.0.1",
                                        fault == PEER_EXPIRED);
    p->tls = SSL_CTX_new(TLS_server_method());
    assert_non_null(p->tls);
    assert_int_equal(SSL_CTX_use_certificate(p->tls, own.cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(p->tls, own.key), 1);
    SSL_CTX_set_max_proto_version(p->tls, fault == PEER_TLS12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    keep_pem(p, trusted.cert);
    free_identity(&trusted);
    free_identity(&other);
    free_identity(&own);
}

/* ---- one connection ---- */

/* Until the other end is gone, the test ends, or ms are over (-1: for ever). False: something is to be read.
 */
static bool rest(const struct peer *p, int fd, int ms)
{
    uint8_t byte;
    for (int spent = 0; ms < 0 || spent < ms; spent += LOOK_MS) {
        struct pollfd end = {.fd = fd, .events = POLLRDHUP};
        if (atomic_load(&p->stop) || poll(&end, 1, LOOK_MS) > 0 ||
            recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
            return false;
        }
    }
    return true;
}

static bool readable(const struct peer *p, int fd)
{
    struct pollfd end = {.fd = fd, .events = POLLIN};
    while (!atomic_load(&p->stop)) {
        if (poll(&end, 1, LOOK_MS) > 0) {
            return true;
        }
    }
    return false;
}

/* Head and body of one request; the body's length, or -1 when there is no more. */
static long read_request(struct peer *p, SSL *ssl, uint8_t *to, size_t *body)
{
    size_t n = 0, need = 0;
    *body = 0;
    while (need == 0 || n < need) {
        size_t got = 0;
        if ((SSL_pending(ssl) == 0 && !readable(p, SSL_get_fd(ssl))) || n == REQUEST_MAX ||
            SSL_read_ex(ssl, to + n, REQUEST_MAX - n, &got) != 1) {
            return -1;
        }
        n += got;
        to[n] = 0;
        const char *end = need ? NULL : strstr((char *)to, "\r\n\r\n"), *length = NULL;
        if (end && (length = strcasestr((char *)to, "\r\nContent-Length:"))) {
            *body = (size_t)(end + 4 - (char *)to);
            need = *body + strtoul(length + 17, NULL, 10);
        }
    }
    atomic_fetch_add(&p->requests, 1);
    return (long)(need - *body);
}

static bool put(SSL *ssl, const void *bytes, size_t n)
{
    size_t done = 0;
    return n == 0 || SSL_write_ex(ssl, bytes, n, &done) == 1;
}

static int head(char out[256], const char *status, const char *type, size_t length)
{
    return snprintf(out, 256, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", status,
                    type, length, *status == '3' ? "Location: /v1/statements\r\n" : "");
}

/* False: the connection ends. */
static bool answer(struct peer *p, SSL *ssl, int mode, const uint8_t *body, size_t n)
{
    static const char page[] = "<html>Welcome to the hotel's network</html>";
    char top[256];
    uint8_t noise[64];
    int fd = SSL_get_fd(ssl), h = head(top, "200 OK", "application/cbor-seq", n);
    switch (mode) {
    case PEER_MUTE:
        return rest(p, fd, -1);
    case PEER_SLOW:
        for (int i = 0; i < h && put(ssl, top + i, 1); i++) {
            if (!rest(p, fd, 1000)) {
                break;
            }
        }
        return false;
    case PEER_CUT:
        return put(ssl, top, (size_t)h) && put(ssl, body, n / 2) && false;
    case PEER_GARBAGE:
        (void)random_bytes(noise, sizeof noise);
        return put(ssl, noise, sizeof noise) && false;
    case PEER_PAGE:
        h = head(top, "200 OK", "text/html", sizeof page - 1);
        return put(ssl, top, (size_t)h) && put(ssl, page, sizeof page - 1);
    case PEER_BUSY:
        h = head(top, "503 Busy", "application/cbor-seq", 0);
        return put(ssl, top, (size_t)h);
    case PEER_LOST:
        h = head(top, "302 Found", "application/cbor-seq", 0);
        return put(ssl, top, (size_t)h);
    case PEER_ENDLESS:
        h = head(top, "200 OK", "application/cbor-seq", (size_t)1 << 40);
        for (bool good = put(ssl, top, (size_t)h); good; good = put(ssl, page, sizeof page)) {
        }
        return false;
    default:
        return put(ssl, top, (size_t)h) && put(ssl, body, n);
    }
}

static void serve_tls(struct peer *p, int fd, int mode)
{
    SSL *ssl = SSL_new(p->tls);
    uint8_t *request = malloc(REQUEST_MAX + 1);
    size_t body = 0;
    if (ssl && request && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
        for (long n = read_request(p, ssl, request, &body); n >= 0;
             n = read_request(p, ssl, request, &body)) {
            if (!answer(p, ssl, mode, request + body, (size_t)n)) {
                break;
            }
        }
    }
    free(request);
    SSL_free(ssl);
}

static void serve_one(struct peer *p, int fd)
{
    static const char plain[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/cbor-seq\r\nContent-Length: 0\r\n\r\n";
    int mode = atomic_load(&p->mode);
    if (mode == PEER_SILENT) {
        rest(p, fd, -1);
    } else if (mode == PEER_PLAIN) {
        if (send(fd, plain, sizeof plain - 1, MSG_NOSIGNAL) > 0) {
            rest(p, fd, -1);
        }
    } else {
        serve_tls(p, fd, mode);
    }
}

static void *run(void *arg)
{
    struct peer *p = arg;
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE); /* OpenSSL writes to what may be closed */
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    while (readable(p, p->listener)) {
        int fd = accept(p->listener, NULL, NULL);
        if (fd < 0) {
            break;
        }
        atomic_fetch_add(&p->connections, 1);
        atomic_store(&p->serving, 1);
        serve_one(p, fd);
        atomic_store(&p->serving, 0);
        close(fd);
    }
    return NULL;
}

/* ---- the test's side ---- */

struct peer *peer_open(enum peer_mode mode, enum peer_fault fault)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    struct peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    make_tls(p, fault);
    atomic_store(&p->mode, (int)mode);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(p->listener >= 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&at, &n), 0);
    snprintf(p->url, sizeof p->url, "https://127.0.0.1:%u", ntohs(at.sin_port));
    if (mode == PEER_REFUSES) {
        return p; /* bound, so that nobody else gets the port, and deaf */
    }
    assert_int_equal(listen(p->listener, 8), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
    return p;
}

void peer_close(struct peer *p)
{
    atomic_store(&p->stop, 1);
    if (p->thread) {
        pthread_join(p->thread, NULL);
    }
    close(p->listener);
    SSL_CTX_free(p->tls);
    free(p->ca);
    free(p);
}

const char *peer_url(const struct peer *p)
{
    return p->url;
}

struct bytes peer_ca(const struct peer *p)
{
    return bytes_of(p->ca, p->ca_n);
}

void peer_set(struct peer *p, enum peer_mode mode)
{
    atomic_store(&p->mode, (int)mode);
}

int peer_connections(const struct peer *p)
{
    return atomic_load(&p->connections);
}

int peer_requests(const struct peer *p)
{
    return atomic_load(&p->requests);
}

bool peer_serving(const struct peer *p)
{
    return atomic_load(&p->serving);
}

void peer_await(const struct peer *p)
{
    const struct timespec nap = {0, LOOK_MS * 1000000L};
    for (int ms = 0; ms < PATIENCE_MS && !peer_serving(p); ms += LOOK_MS) {
        nanosleep(&nap, NULL);
    }
    assert_true(peer_serving(p));
}
