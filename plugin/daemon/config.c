#include "daemon/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CONFIG_MAX = 64 * 1024,
    /* 8 KiB of headers taken apart, at worst 4096 of two bytes with three allocations each; TLS both ways. */
    CONNECTION_MAX = (512 + 96) * 1024,
    /* 64 for one item, as much for automatic offers, an answer, the store's cache, a stack. */
    HANDLER_MAX = 144 * CONFIG_MIB,
    HANDLERS = 3, /* the writer, the reader, the sequencer */
    /* The same without offers and answers. */
    CHECKER_MAX = 80 * CONFIG_MIB,
};

void config_default(struct daemon_config *c)
{
    *c = (struct daemon_config){
        .address = "127.0.0.1",
        .port = 8443,
        .workers = 2,
        .queue = 64,
        .connections = 256,
        .address_connections = -1,
        .memory_mib = 256,
        .timeout_s = 30,
        .till_rate = 200,
        .till_burst = 2000,
        .address_rate = 2000,
        .address_burst = 10000,
        .codes = 60,
        .wrong_tokens = 10,
    };
}

int64_t config_worst(const struct daemon_config *c)
{
    return c->connections * CONNECTION_MAX + c->memory_mib * CONFIG_MIB + c->workers * CHECKER_MAX +
           (int64_t)HANDLERS * HANDLER_MAX;
}

/* ---- one key ---- */

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
    c->port = port;
    return true;
}

/* One of two words; the second is true. */
static bool choice(const char *text, const char *no, const char *yes, bool *out)
{
    *out = strcmp(text, yes) == 0;
    return *out || strcmp(text, no) == 0;
}

static bool witness_of(const char *text, struct daemon_config *c)
{
    struct witnesses one = {0};
    bool good = c->witness_count < WITNESSES_MAX &&
                copy(text, c->witness[c->witness_count], CONFIG_WITNESS_MAX) &&
                witnesses_add(&one, bytes_str(text), NULL) == 0;
    witnesses_free(&one);
    c->witness_count += good;
    return good;
}

#define NUMBER(name, member, least, most, wants)                                                             \
    {                                                                                                        \
        name, wants, offsetof(struct daemon_config, member), least, most                                     \
    }

/* Numbers by their place; the rest has a most of 0. */
static const struct key {
    const char *name, *wants;
    size_t offset;
    int64_t least, most;
} keys[] = {
    {.name = "listen", .wants = "ADDRESS:PORT with a numeric address"},
    {.name = "certificate", .wants = "a path"},
    {.name = "key", .wants = "a path"},
    {.name = "shop", .wants = "a directory"},
    {.name = "metrics", .wants = "loopback or all"},
    {.name = "log", .wants = "token or public"},
    {.name = "witness", .wants = "a key NAME+ID+KEY of cosignature/v1, and one of at most 16"},
    {.name = "store", .wants = "postgresql://..., at most 511 bytes long"},
    NUMBER("workers", workers, 1, 64, "1 to 64"),
    NUMBER("queue", queue, 1, 1024, "1 to 1024"),
    NUMBER("connections", connections, 1, 10000, "1 to 10000"),
    NUMBER("address_connections", address_connections, 0, 10000, "0 to 10000"),
    NUMBER("memory", memory_mib, 16, 65536, "16 to 65536 MiB"),
    NUMBER("timeout", timeout_s, 1, 600, "1 to 600 seconds"),
    NUMBER("till_rate", till_rate, 0, 1000000, "0 to 1000000 a second"),
    NUMBER("till_burst", till_burst, 1, 1000000, "1 to 1000000"),
    NUMBER("address_rate", address_rate, 0, 1000000, "0 to 1000000 a second"),
    NUMBER("address_burst", address_burst, 1, 1000000, "1 to 1000000"),
    NUMBER("codes", codes, 0, 1000000, "0 to 1000000 a minute"),
    NUMBER("wrong_tokens", wrong_tokens, 1, 1000000, "1 to 1000000 a minute"),
};
enum { KEYS = sizeof keys / sizeof *keys };

/* The name as the file has it: options have - where it has _. */
static bool same_name(const char *key, const char *name)
{
    while (*key && (*name == *key || (*name == '-' && *key == '_'))) {
        key++;
        name++;
    }
    return *key == 0 && *name == 0;
}

static bool set_text(size_t i, const char *value, struct daemon_config *c)
{
    const bool good[] = {
        i == 0 && listen_of(value, c),
        i == 1 && copy(value, c->certificate, sizeof c->certificate),
        i == 2 && copy(value, c->key, sizeof c->key),
        i == 3 && copy(value, c->shop, sizeof c->shop),
        i == 4 && choice(value, "loopback", "all", &c->metrics_all),
        i == 5 && choice(value, "token", "public", &c->log_open),
        i == 6 && witness_of(value, c),
        i == 7 && store_is_server(value) && copy(value, c->store, sizeof c->store),
    };
    return good[i];
}

int config_set(struct daemon_config *c, const char *name, const char *value, struct err *e)
{
    size_t i = 0;
    while (i < KEYS && !same_name(keys[i].name, name)) {
        i++;
    }
    if (i == KEYS) {
        return err_set(e, TP_UNKNOWN_KEY, "'%.40s' is no key of [server]", name);
    }
    const struct key *k = &keys[i];
    bool good = k->most ? whole(value, k->least, k->most, (int64_t *)(void *)((unsigned char *)c + k->offset))
                        : set_text(i, value, c);
    return good ? 0 : err_set(e, TP_BAD_VALUE, "%s must be %s", k->name, k->wants);
}

/* ---- the file ---- */

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

/* ---- all of it ---- */

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
    if (c->address_connections < 0) {
        c->address_connections = (c->connections + 1) / 2;
    }
    return 0;
}

int config_read(int argc, char **argv, struct daemon_config *c, struct err *e)
{
    int rc = 0;
    config_default(c);
    for (int i = 1; i < argc && rc == 0; i += 2) {
        if (strncmp(argv[i], "--", 2) != 0 || i + 1 == argc) {
            rc = err_set(e, TP_E_ARGUMENT, "options are --NAME VALUE; try --help");
        } else if (strcmp(argv[i], "--config") == 0) {
            rc = config_load(argv[i + 1], c, e);
        } else {
            rc = config_set(c, argv[i] + 2, argv[i + 1], e);
        }
    }
    return rc ? rc : config_check(c, e);
}

int config_witnesses(const struct daemon_config *c, struct witnesses *out, struct err *e)
{
    int rc = 0;
    *out = (struct witnesses){0};
    for (size_t i = 0; i < c->witness_count && rc == 0; i++) {
        rc = witnesses_add(out, bytes_str(c->witness[i]), e);
    }
    if (rc) {
        witnesses_free(out);
    }
    return rc;
}
