#include "tests/bench/service.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { START_TRIES = 2000, TRY_MS = 10, DAY_S = 86400 };

static bool fill_certificate(X509 *cert, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(cert);
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, "IP:127.0.0.1");
    bool good =
        san && X509_set_version(cert, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"bench", -1, -1, 0) ==
            1 &&
        X509_set_issuer_name(cert, name) == 1 && X509_gmtime_adj(X509_getm_notBefore(cert), -60) &&
        X509_gmtime_adj(X509_getm_notAfter(cert), DAY_S) && X509_set_pubkey(cert, key) == 1 &&
        X509_add_ext(cert, san, -1) == 1 && X509_sign(cert, key, EVP_sha256()) > 0;
    X509_EXTENSION_free(san);
    return good;
}

static FILE *create(const char *path)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (fd >= 0 && !f) {
        close(fd);
    }
    return f;
}

int service_certificate(const char *key_path, const char *certificate, struct err *e)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    bool good = key && cert && fill_certificate(cert, key);
    FILE *k = good ? create(key_path) : NULL;
    FILE *c = good ? create(certificate) : NULL;
    good = k && c && PEM_write_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL) == 1 &&
           PEM_write_X509(c, cert) == 1;
    good = (!k || fclose(k) == 0) && good;
    good = (!c || fclose(c) == 0) && good;
    X509_free(cert);
    EVP_PKEY_free(key);
    return good ? 0 : err_set(e, TP_E_IO, "no certificate can be made");
}

static int connected(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

int service_port(uint16_t *port, struct err *e)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 &&
                getsockname(fd, (struct sockaddr *)&at, &n) == 0;
    *port = ntohs(at.sin_port);
    if (fd >= 0) {
        close(fd);
    }
    return good ? 0 : err_set(e, TP_E_IO, "no port of the loopback is free");
}

int service_start(struct service *s, char *const argv[], const char *log, struct err *e)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_CREAT | O_WRONLY | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    int rc = posix_spawnp(&s->pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc) {
        s->pid = 0;
        return err_set(e, TP_E_IO, "%.120s cannot be run", argv[0]);
    }
    for (int i = 0; i < START_TRIES; i++) {
        if (connected(s->port)) {
            return 0;
        }
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
            s->pid = 0;
            break;
        }
        pause_ms(TRY_MS);
    }
    return err_set(e, TP_E_IO, "%.60s did not start; %.120s says why", argv[0], log);
}

void service_stop(struct service *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGTERM);
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    s->pid = 0;
}

struct process {
    int64_t parent, ticks, ended, pages; /* ended: ticks of its children that it has waited for */
};

/* What /proc says of a process. */
static bool process_of(int64_t pid, struct process *out)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) {
        fclose(f);
    }
    text[n] = 0;
    const char *end = strrchr(text, ')'); /* the name may hold anything */
    int64_t user = 0, kernel = 0, below = 0, below_kernel = 0;
    if (!end || sscanf(end + 1,
                       " %*c %" SCNd64 " %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNd64 " %" SCNd64 " %" SCNd64
                       " %" SCNd64 " %*d %*d %*d %*d %*u %*u %" SCNd64,
                       &out->parent, &user, &kernel, &below, &below_kernel, &out->pages) != 6) {
        return false;
    }
    out->ticks = user + kernel;
    out->ended = below + below_kernel;
    return true;
}

/* Its share of what it has resident; all of it where it is not told. */
static int64_t bytes_of_process(int64_t pid, const struct process *p)
{
    char path[64], line[256];
    int64_t kib = -1;
    snprintf(path, sizeof path, "/proc/%" PRId64 "/smaps_rollup", pid);
    FILE *f = fopen(path, "re");
    while (f && kib < 0 && fgets(line, sizeof line, f)) {
        sscanf(line, "Pss: %" SCNd64, &kib);
    }
    if (f) {
        fclose(f);
    }
    return kib < 0 ? p->pages * sysconf(_SC_PAGESIZE) : kib * 1024;
}

static void sum(const struct service *s, int64_t *ticks, int64_t *resident)
{
    *ticks = 0;
    DIR *dir = opendir("/proc");
    for (struct dirent *d = dir ? readdir(dir) : NULL; d; d = readdir(dir)) {
        int64_t pid = strtol(d->d_name, NULL, 10);
        struct process p;
        if (pid <= 0 || !process_of(pid, &p)) {
            continue;
        }
        bool own = pid == s->pid || pid == s->beside;
        if (own || p.parent == s->pid || (s->beside && p.parent == s->beside)) {
            *ticks += p.ticks + (own ? p.ended : 0);
            if (resident) {
                *resident += bytes_of_process(pid, &p);
            }
        }
    }
    if (dir) {
        closedir(dir);
    }
}

pid_t service_parent(pid_t pid, const char *name)
{
    char path[64], text[64] = "";
    struct process p;
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    FILE *f = fopen(path, "re");
    bool same = f && fgets(text, sizeof text, f) && strncmp(text, name, strlen(name)) == 0;
    if (f) {
        fclose(f);
    }
    return same && process_of(pid, &p) ? (pid_t)p.parent : 0;
}

void service_mark(struct service *s)
{
    s->cpu_from = 0;
    s->cpu_from = service_cpu_us(s);
}

int64_t service_cpu_us(const struct service *s)
{
    int64_t ticks;
    sum(s, &ticks, NULL);
    return ticks * 1000000 / sysconf(_SC_CLK_TCK) - s->cpu_from;
}

int64_t service_resident(const struct service *s)
{
    int64_t ticks, resident = 0;
    sum(s, &ticks, &resident);
    return resident;
}
