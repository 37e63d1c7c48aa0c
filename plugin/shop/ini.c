/* shop.ini in and out: [shop] version, authority, root; [authority] home, url and ca of one that is away, and
 * store where that is a server. */
#include "shop/shop.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct reading {
    struct shop *shop;
    long version;
    bool authority, root, home, bad;
};

/* https://HOST[:PORT][/PATH] of printable characters; a / at its end is left out. */
static bool take_url(const char *value, char out[SHOP_URL_MAX])
{
    static const char scheme[] = "https://";
    size_t n = strlen(value), head = sizeof scheme - 1;
    n -= n > head && value[n - 1] == '/';
    if (strncmp(value, scheme, head) != 0 || n <= head || n >= SHOP_URL_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (value[i] <= ' ' || value[i] > '~' || strchr("?#@\\\"", value[i])) {
            return false;
        }
    }
    memcpy(out, value, n);
    out[n] = 0;
    return true;
}

static int take(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    struct bytes v = bytes_str(value);
    if (strcmp(section, "shop") == 0 && strcmp(name, "version") == 0) {
        char *end = NULL;
        r->version = strtol(value, &end, 10);
        r->bad |= !*value || *end;
    } else if (strcmp(section, "shop") == 0 && strcmp(name, "authority") == 0) {
        r->authority = hex_decode(v, r->shop->authority, ID_SIZE);
    } else if (strcmp(section, "shop") == 0 && strcmp(name, "root") == 0) {
        r->root = hex_decode(v, r->shop->root, HASH_SIZE);
    } else if (strcmp(section, "authority") == 0 && strcmp(name, "home") == 0) {
        r->shop->away = strcmp(value, "https") == 0;
        r->home = r->shop->away || strcmp(value, "local") == 0;
    } else if (strcmp(section, "authority") == 0 && strcmp(name, "url") == 0) {
        r->bad |= !take_url(value, r->shop->url);
    } else if (strcmp(section, "authority") == 0 && strcmp(name, "ca") == 0) {
        r->bad |= !*value || strlen(value) >= sizeof r->shop->ca;
        bytes_to_cstr(v, r->shop->ca, sizeof r->shop->ca);
    } else if (strcmp(section, "authority") == 0 && strcmp(name, "store") == 0) {
        r->bad |= !store_is_server(value) || strlen(value) >= sizeof r->shop->store;
        bytes_to_cstr(v, r->shop->store, sizeof r->shop->store);
    } else {
        r->bad = true;
    }
    return 1;
}

static int unreadable(const char *name, struct err *e)
{
    if (errno == ENOENT || errno == ENOTDIR) {
        return err_set(e, TP_E_NO_SHOP, "there is no %s; make a shop with: tillproof shop init DIR", name);
    }
    return err_set(e, TP_E_IO, "%s cannot be read", name);
}

/* A NUL in it is refused. */
int shop_text(const char *path, const char *name, char **out, struct err *e)
{
    char *text = malloc(SHOP_INI_MAX + 1);
    if (!text) {
        return err_code(e, TP_E_MEMORY);
    }
    FILE *f = fopen(path, "re");
    if (!f) {
        free(text);
        return unreadable(name, e);
    }
    size_t n = fread(text, 1, SHOP_INI_MAX, f);
    bool bad = ferror(f) || n == SHOP_INI_MAX || memchr(text, 0, n);
    fclose(f);
    if (bad) {
        free(text);
        return err_set(e, TP_BAD_VALUE, "%s is not a text of at most 64 KiB", name);
    }
    text[n] = '\0';
    *out = text;
    return 0;
}

int shop_load(const char *dir, struct shop *shop, struct err *e)
{
    struct shop found = {0};
    struct reading r = {.shop = &found};
    char path[SHOP_PATH_MAX];
    size_t n = strlen(dir);
    if (n == 0 || n >= sizeof found.dir) {
        return err_set(e, TP_E_ARGUMENT, "the shop's directory has no name, or too long a one");
    }
    memcpy(found.dir, dir, n + 1);
    int rc = shop_path(&found, "shop.ini", NULL, NULL, path);
    if (rc) {
        return err_code(e, rc);
    }
    char *text = NULL;
    if ((rc = shop_text(path, "shop.ini", &text, e)) == 0) {
        int line = ini_parse_string(text, take, &r);
        if (r.version > SHOP_VERSION) {
            rc = err_code(e, TP_E_NEWER);
        } else if (line != 0 || r.bad || r.version != SHOP_VERSION || !r.authority || !r.root || !r.home) {
            rc = err_set(e, TP_BAD_VALUE,
                         "shop.ini is damaged: it must name version, authority, root and home");
        } else if (found.away != (*found.url != 0) || found.away != (*found.ca != 0)) {
            rc = err_set(e, TP_BAD_VALUE,
                         "shop.ini: url = https://HOST:PORT and ca = FILE belong to home = https");
        }
    }
    free(text);
    if (rc == 0) {
        *shop = found;
    }
    return rc;
}

static int write_error(struct err *e)
{
    int code = errno == EEXIST                                       ? TP_E_EXISTS
               : errno == EROFS || errno == EACCES || errno == EPERM ? TP_E_READ_ONLY
                                                                     : TP_E_IO;
    return err_set(e, code, "shop.ini: %s", strerror(errno));
}

int shop_save_new(const struct shop *shop, struct err *e)
{
    char path[SHOP_PATH_MAX], authority[2 * ID_SIZE + 1], root[2 * HASH_SIZE + 1], text[512 + SHOP_STORE_MAX];
    int rc = shop_path(shop, "shop.ini", NULL, NULL, path);
    if (rc) {
        return err_code(e, rc);
    }
    hex_encode(shop->authority, ID_SIZE, authority);
    hex_encode(shop->root, HASH_SIZE, root);
    int n = snprintf(text, sizeof text,
                     "; What this shop is. root is the thumbprint of its root key.\n"
                     "[shop]\nversion = %d\nauthority = %s\nroot = %s\n\n[authority]\nhome = local\n%s%s%s",
                     SHOP_VERSION, authority, root, *shop->store ? "store = " : "", shop->store,
                     *shop->store ? "\n" : "");
    /* The address of a server may hold a password. */
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, *shop->store ? 0600 : 0644);
    if (fd < 0) {
        return write_error(e);
    }
    bool failed = write(fd, text, (size_t)n) != n || fsync(fd) != 0;
    if (failed) {
        rc = write_error(e);
        unlink(path);
    }
    close(fd);
    return rc;
}
