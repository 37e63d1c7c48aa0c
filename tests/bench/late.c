/* How far past its deadline a hold returns, whatever stands where its authority should be. */
#include "tests/bench/internal.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LATE_MS = 50, PORT_QUEUE = 64, BYTE_EVERY_MS = 1000 };

/* What answers where the authority should be. Before TLS is up any of them is as good as after it: the till's
 * deadline is the same. */
enum silence { LATE_SILENT, LATE_REFUSES, LATE_SLOW, LATE_CUT, LATE_GARBAGE, LATE_SORTS };

struct bad_peer {
    enum silence sort;
    int fd; /* of the loopback; not listening when it refuses */
    uint16_t port;
    pthread_t thread;
    bool running;
    atomic_bool stop;
};

static void serve_one(struct bad_peer *p, int fd)
{
    char bytes[512];
    memset(bytes, 'x', sizeof bytes);
    if (p->sort == LATE_CUT) {
        (void)!recv(fd, bytes, sizeof bytes, 0);
    } else if (p->sort == LATE_GARBAGE) {
        (void)!send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
    } else { /* a byte a second, until the till has gone */
        struct pollfd gone = {.fd = fd, .events = POLLRDHUP};
        while (!p->stop && send(fd, bytes, 1, MSG_NOSIGNAL) == 1 && poll(&gone, 1, BYTE_EVERY_MS) == 0) {
        }
    }
    close(fd);
}

static void *serve(void *arg)
{
    struct bad_peer *p = arg;
    struct pollfd come = {.fd = p->fd, .events = POLLIN};
    while (!p->stop) {
        int fd = poll(&come, 1, LATE_MS) > 0 ? accept4(p->fd, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0) {
            serve_one(p, fd);
        }
    }
    return NULL;
}

/* bad_peer_close, whatever is returned. */
static int bad_peer_open(struct bad_peer *p, enum silence sort, struct err *e)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    p->sort = sort;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || bind(p->fd, (struct sockaddr *)&at, n) ||
        (sort != LATE_REFUSES && listen(p->fd, PORT_QUEUE)) ||
        getsockname(p->fd, (struct sockaddr *)&at, &n)) {
        return err_set(e, TP_E_IO, "no socket of the loopback can be listened on");
    }
    p->port = ntohs(at.sin_port);
    p->running = sort > LATE_REFUSES && pthread_create(&p->thread, NULL, serve, p) == 0;
    return sort > LATE_REFUSES && !p->running ? err_code(e, TP_E_MEMORY) : 0;
}

static void bad_peer_close(struct bad_peer *p)
{
    p->stop = true;
    if (p->running) {
        pthread_join(p->thread, NULL);
    }
    if (p->fd >= 0) {
        close(p->fd);
    }
}

/* Any certificate: it is read before the first byte of TLS, and nothing is ever checked against it. */
static int put_ca(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    FILE *f = fopen(path, "we");
    bool good = key && cert && f && X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
                X509_gmtime_adj(X509_getm_notAfter(cert), 3600) && X509_set_pubkey(cert, key) == 1 &&
                X509_sign(cert, key, EVP_sha256()) > 0 && PEM_write_X509(f, cert) == 1;
    good = (!f || fclose(f) == 0) && good;
    X509_free(cert);
    EVP_PKEY_free(key);
    return good ? 0 : TP_E_IO;
}

static int put_ini(const struct shop *shop, const char *path, uint16_t port)
{
    char authority[2 * ID_SIZE + 1], root[2 * HASH_SIZE + 1];
    hex_encode(shop->authority, ID_SIZE, authority);
    hex_encode(shop->root, HASH_SIZE, root);
    FILE *f = fopen(path, "we");
    if (!f) {
        return TP_E_IO;
    }
    fprintf(f,
            "[shop]\nversion = %d\nauthority = %s\nroot = %s\n[authority]\nhome = https\n"
            "url = https://127.0.0.1:%u\nca = ca.pem\n",
            SHOP_VERSION, authority, root, port);
    return fclose(f) ? TP_E_IO : 0;
}

/* The shop's till, moved to a directory as a second machine has it. */
static int move_away(const char *dir, const char *away, uint16_t port, struct err *e)
{
    struct shop shop, there = {0};
    char from[SHOP_PATH_MAX], to[SHOP_PATH_MAX];
    int rc = shop_load(dir, &shop, e);
    if (rc) {
        return rc;
    }
    snprintf(there.dir, sizeof there.dir, "%s", away);
    bool good = mkdir(away, 0700) == 0 && shop_path(&there, "tills", NULL, NULL, to) == 0 &&
                mkdir(to, 0700) == 0 && shop_path(&there, "tills", "till1", NULL, to) == 0 &&
                shop_path(&shop, "tills", "till1", NULL, from) == 0 && rename(from, to) == 0 &&
                shop_path(&there, "ca.pem", NULL, NULL, to) == 0 && put_ca(to) == 0 &&
                shop_path(&there, "shop.ini", NULL, NULL, to) == 0 && put_ini(&shop, to, port) == 0;
    return good ? 0 : err_set(e, TP_E_IO, "the till could not be moved to %.120s", away);
}

static int one_hold(struct plugin *p, struct tillproof *till, int64_t sale, struct samples *late,
                    struct err *e)
{
    struct tillproof_quote q = {.size = sizeof q};
    int64_t from = now_ns();
    int rc = p->hold_(till, sale, LATE_MS, &q);
    int64_t over = now_ns() - from - LATE_MS * INT64_C(1000000);
    samples_add(late, over > 0 ? over : 0); /* the till counts whole milliseconds, so it may be early */
    if (rc) {
        return plugin_fail(p, rc, e);
    }
    return q.reason == TP_OFFLINE ? 0 : err_set(e, TP_E_STATE, "a hold that nobody answered is not offline");
}

static int holds(struct plugin *p, const char *away, int64_t rounds, struct samples *late,
                 struct samples *floor, struct err *e)
{
    const struct tillproof_line line = {
        .size = sizeof line, .number = 1, .quantity = 1000, .unit_price = 100, .sku = "1", .name = "Item"};
    struct tillproof *till = NULL;
    int64_t sale = 0;
    int rc = p->open_(away, NULL, 0, &till);
    rc = rc ? rc : p->sale_begin_(till, "late", "EUR", 0, &sale);
    rc = rc ? rc : p->lines_set_(till, sale, &line, 1);
    rc = rc ? plugin_fail(p, rc, e) : 0;
    for (int64_t i = 0; i < rounds && rc == 0; i++) {
        int64_t from = now_ns();
        pause_ms(LATE_MS);
        samples_add(floor, now_ns() - from - LATE_MS * INT64_C(1000000));
        rc = one_hold(p, till, sale, late, e);
    }
    if (till) {
        p->close_(till, 0);
    }
    return rc;
}

static int one_peer(struct plugin *p, const char *away, enum silence sort, int64_t rounds,
                    struct bench_report *r, struct err *e)
{
    static const char *const names[LATE_SORTS] = {"hold past its deadline, silent peer", "the same, refused",
                                                  "the same, a byte a second", "the same, cut off",
                                                  "the same, garbage"};
    struct samples late = {0}, floor = {0};
    struct bad_peer peer = {.fd = -1};
    struct shop shop;
    char path[SHOP_PATH_MAX];
    int rc = bad_peer_open(&peer, sort, e);
    rc = rc ? rc : shop_load(away, &shop, e);
    if (rc == 0 && (shop_path(&shop, "shop.ini", NULL, NULL, path) || put_ini(&shop, path, peer.port))) {
        rc = err_set(e, TP_E_IO, "shop.ini could not be written in %.120s", away);
    }
    rc = rc ? rc : holds(p, away, rounds, &late, &floor, e);
    if (rc == 0) {
        const struct cost c = {names[sort], "us", 1e3, &late, &floor, GOAL_NONE, 0};
        cost_row(r, &c);
    }
    bad_peer_close(&peer);
    samples_free(&late);
    samples_free(&floor);
    return rc;
}

int late_rows(struct plugin *p, const char *folder, const char *shop, int64_t rounds, struct bench_report *r,
              struct err *e)
{
    char away[SHOP_PATH_MAX];
    if ((size_t)snprintf(away, sizeof away, "%s/away", folder) >= sizeof away) {
        return err_code(e, TP_E_ARGUMENT);
    }
    int rc = move_away(shop, away, 1, e);
    for (int sort = 0; sort < LATE_SORTS && rc == 0; sort++) {
        rc = one_peer(p, away, (enum silence)sort, rounds, r, e);
    }
    return rc;
}
