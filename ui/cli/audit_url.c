/* The audit over HTTPS: pages come through tillproof-helper, so that no TLS runs in this process. */
#include "audit_file.h"
#include "files.h"
#include "helper/https.h"
#include "helper/talk.h"
#include "plugin.h"

#include <string.h>

enum { PAGE_MS = 30000, TOKEN_MAX = 256 };

struct way {
    struct https *https;
    char token[TOKEN_MAX + 1]; /* "": none */
};

static int get_page(void *arg, const char *path, struct buf *body, struct err *e)
{
    const struct way *w = arg;
    return https_get(w->https, path, w->token[0] ? w->token : NULL, PAGE_MS, body, e);
}

/* The first line of the file. */
static int read_token(const char *path, char out[TOKEN_MAX + 1], struct err *e)
{
    struct buf text;
    buf_init(&text, 4096);
    int rc = file_read(path, &text, e);
    size_t n = 0;
    while (rc == 0 && n < text.n && text.p[n] > ' ') {
        n++;
    }
    if (rc == 0 && (n == 0 || n > TOKEN_MAX)) {
        rc = err_set(e, TP_E_ARGUMENT, "there is no token in %.120s", path);
    }
    if (rc == 0) {
        memcpy(out, text.p, n);
        out[n] = 0;
    }
    buf_free_secret(&text);
    return rc;
}

static int open_way(const struct audit_url *u, struct way *w, struct err *e)
{
    char program[PLUGIN_PATH], url[HELPER_URL_MAX];
    struct buf ca;
    size_t n = strlen(u->url);
    if (!plugin_beside("tillproof-helper", program)) {
        return err_set(e, TP_E_IO, "tillproof-helper, which speaks HTTPS, is not beside this program");
    }
    if (n >= sizeof url) {
        return err_set(e, TP_E_ARGUMENT, "the address is too long");
    }
    memcpy(url, u->url, n + 1);
    while (n > 0 && url[n - 1] == '/') {
        url[--n] = 0;
    }
    buf_init(&ca, HELPER_CA_MAX);
    int rc = file_read(u->ca, &ca, e);
    struct https_config config = {program, url, buf_view(&ca), &clock_system};
    rc = rc ? rc : https_open(&config, &w->https, e);
    buf_free(&ca);
    return rc;
}

static int read_pages(struct audit *a, const struct audit_pages *pages, bool own,
                      const struct audit_place *place, struct err *e)
{
    struct store *s = NULL;
    int rc = store_open(place->copy, a->authority, STORE_CREATE, &s, e);
    rc = rc ? rc : audit_read_pages(a, pages, own, s, e);
    rc = rc ? rc : audit_chains(a, s, e);
    store_close(s);
    return rc;
}

int audit_url(struct audit *a, const struct audit_url *u, const uint8_t *root,
              const struct audit_place *place, void (*prepare)(void *arg, struct audit *a), void *arg,
              struct err *e)
{
    static const uint8_t nobody[HASH_SIZE];
    struct way way = {0};
    struct audit_pages pages = {.get = get_page, .arg = &way, .all = u->all};
    audit_begin(a, nobody, nobody);
    int rc = u->token ? read_token(u->token, way.token, e) : 0;
    rc = rc ? rc : open_way(u, &way, e);
    rc = rc ? rc : audit_pages_open(&pages, e);
    if (rc == 0) {
        audit_begin(a, pages.authority, root ? root : nobody);
        prepare(arg, a);
        rc = read_pages(a, &pages, !root, place, e);
    }
    audit_pages_close(&pages);
    https_close(way.https);
    explicit_bzero(way.token, sizeof way.token);
    return rc;
}
