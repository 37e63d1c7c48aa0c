#include "daemon/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONFIG_MAX = 64 * 1024 };

void config_default(struct daemon_config *c)
{
    *c = (struct daemon_config){
        .address = "127.0.0.1", .port = 8443, .workers = 2, .queue = 64, .connections = 256, .timeout_s = 30};
}

static bool whole(const char *text, int64_t least, int64_t most, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (errno || end == text || *end || v < least || v > most) {
        return false;
    }
    *out = v;
    return true;
}

static bool copy(const char *text, char *out, size_t size)
{
    size_t n = strlen(text);
    if (n == 0 || n >= size) {
        return false;
    }
    memcpy(out, text, n + 1);
    return true;
}

/* ADDRESS:PORT or [ADDRESS]:PORT. Numeric, so that starting waits for no name server. */
static bool listen_of(const char *text, struct daemon_config *c)
{
    unsigned char any[sizeof(struct in6_addr)];
    char address[CONFIG_ADDRESS_MAX] = "";
    int64_t port = 0;
    const char *colon = strrchr(text, ':');
    bool six = text[0] == '[';
    size_t n = colon ? (size_t)(colon - text) : 0;
    if (!colon || !whole(colon + 1, 0, 65535, &port) || (six && (n < 3 || colon[-1] != ']'))) {
        return false;
    }
    const char *from = six ? text + 1 : text;
    n = six ? n - 2 : n;
    if (n == 0 || n >= sizeof address) {
        return false;
    }
    memcpy(address, from, n);
    if (inet_pton(six ? AF_INET6 : AF_INET, address, any) != 1) {
        return false;
    }
    memcpy(c->address, address, sizeof address);
    c->port = (uint16_t)port;
    return true;
}

static bool metrics_of(const char *text, bool *all)
{
    *all = strcmp(text, "all") == 0;
    return *all || strcmp(text, "loopback") == 0;
}

int config_set(struct daemon_config *c, const char *name, const char *value, struct err *e)
{
    static const struct {
        const char *name, *wants;
    } keys[] = {{"listen", "ADDRESS:PORT with a numeric address"},
                {"certificate", "a path"},
                {"key", "a path"},
                {"shop", "a directory"},
                {"workers", "1 to 64"},
                {"queue", "1 to 1024"},
                {"connections", "1 to 10000"},
                {"timeout", "1 to 600 seconds"},
                {"metrics", "loopback or all"}};
    enum { KEYS = sizeof keys / sizeof *keys };
    size_t i = 0;
    while (i < KEYS && strcmp(keys[i].name, name) != 0) {
        i++;
    }
    if (i == KEYS) {
        return err_set(e, TP_UNKNOWN_KEY, "'%.40s' is no key of [server]", name);
    }
    const bool good[KEYS] = {
        i == 0 && listen_of(value, c),
        i == 1 && copy(value, c->certificate, sizeof c->certificate),
        i == 2 && copy(value, c->key, sizeof c->key),
        i == 3 && copy(value, c->shop, sizeof c->shop),
        i == 4 && whole(value, 1, 64, &c->workers),
        i == 5 && whole(value, 1, 1024, &c->queue),
        i == 6 && whole(value, 1, 10000, &c->connections),
        i == 7 && whole(value, 1, 600, &c->timeout_s),
        i == 8 && metrics_of(value, &c->metrics_all),
    };
    return good[i] ? 0 : err_set(e, TP_BAD_VALUE, "%s must be %s", name, keys[i].wants);
}

struct reading {
    struct daemon_config *config;
    struct err *e;
    int rc;
};

static int take(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    if (r->rc) {
        return 1; /* the first error stays */
    }
    r->rc = strcmp(section, "server") == 0
                ? config_set(r->config, name, value, r->e)
                : err_set(r->e, TP_UNKNOWN_KEY, "'%.40s' is no section; there is [server]", section);
    return r->rc == 0;
}

int config_load(const char *path, struct daemon_config *c, struct err *e)
{
    struct err why = {0};
    struct reading r = {.config = c, .e = &why};
    char *text = malloc(CONFIG_MAX + 1);
    FILE *f = text ? fopen(path, "re") : NULL;
    if (!f) {
        free(text);
        return text ? err_set(e, TP_E_IO, "%.160s cannot be read", path) : err_code(e, TP_E_MEMORY);
    }
    size_t n = fread(text, 1, CONFIG_MAX, f);
    bool bad = ferror(f) || n == CONFIG_MAX || memchr(text, 0, n);
    fclose(f);
    text[bad ? 0 : n] = '\0';
    int line = bad ? 0 : ini_parse_string(text, take, &r);
    free(text);
    if (bad) {
        return err_set(e, TP_BAD_VALUE, "%.160s is not a text of at most 64 KiB", path);
    }
    if (line < 0) {
        return err_code(e, TP_E_MEMORY);
    }
    return line ? err_set(e, r.rc ? r.rc : TP_BAD_VALUE, "%.120s, line %d: %.90s", path, line,
                          r.rc ? why.text : "not a key and its value")
                : 0;
}

static int of_shop(const struct daemon_config *c, const char *name, char *out)
{
    if (*out) {
        return 0;
    }
    int n = snprintf(out, SHOP_PATH_MAX, "%s/server/%s", c->shop, name);
    return n < 0 || n >= SHOP_PATH_MAX ? TP_E_ARGUMENT : 0;
}

int config_check(struct daemon_config *c, struct err *e)
{
    if (!*c->shop) {
        return err_set(e, TP_E_ARGUMENT, "say which shop to serve: --shop DIR, or shop = DIR in the file");
    }
    if (of_shop(c, "certificate.pem", c->certificate) || of_shop(c, "key.pem", c->key)) {
        return err_set(e, TP_E_ARGUMENT, "the shop's directory has too long a name");
    }
    return 0;
}
