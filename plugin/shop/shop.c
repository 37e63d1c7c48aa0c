/* Paths, and opening what a shop's directory holds. */
#include "shop/shop.h"

#include "keys/keyfile.h"

#include <stdio.h>
#include <unistd.h>

int shop_path(const struct shop *shop, const char *a, const char *b, const char *c, char out[SHOP_PATH_MAX])
{
    int n = snprintf(out, SHOP_PATH_MAX, "%s/%s%s%s%s%s", shop->dir, a, b ? "/" : "", b ? b : "",
                     c ? "/" : "", c ? c : "");
    return n < 0 || n >= SHOP_PATH_MAX ? TP_E_ARGUMENT : 0;
}

int shop_store_address(const struct shop *shop, char out[SHOP_PATH_MAX], struct err *e)
{
    if (*shop->store) {
        memcpy(out, shop->store, sizeof shop->store);
        return 0;
    }
    if (shop->away) {
        return err_set(e, TP_E_STATE, "the shop's authority is on another machine: %.160s", shop->url);
    }
    int rc = shop_path(shop, "authority", "authority.db", NULL, out);
    return rc ? err_code(e, rc) : 0;
}

int shop_store(const struct shop *shop, struct store **out, struct err *e)
{
    char path[SHOP_PATH_MAX];
    int rc = shop_store_address(shop, path, e);
    if (rc) {
        return rc;
    }
    if (store_is_server(path)) {
        return store_open(path, shop->authority, STORE_READ_ONLY, out, e);
    }
    /* Reading a WAL needs its shared memory: read-only where the directory cannot be written. */
    return store_open(path, shop->authority, access(path, W_OK) == 0 ? 0 : STORE_READ_ONLY, out, e);
}

int shop_store_write(const struct shop *shop, struct store **out, struct err *e)
{
    char path[SHOP_PATH_MAX];
    int rc = shop_store_address(shop, path, e);
    return rc ? rc : store_open(path, shop->authority, 0, out, e);
}

/* A shop that was made before there was a log, or a registrar, has no key for it, and goes on without. */
static int load_if_there(const struct shop *shop, const char *file, struct cose_key *key, struct err *e)
{
    char path[SHOP_PATH_MAX];
    int rc = shop_path(shop, "authority", file, NULL, path);
    return rc || access(path, F_OK) ? rc : keyfile_load(path, key, e);
}

int shop_log_key(const struct shop *shop, struct cose_key *key, struct err *e)
{
    return load_if_there(shop, "log.key", key, e);
}

int shop_authority(const struct shop *shop, const struct clock_source *clock, struct authority **out,
                   struct err *e)
{
    struct authority_config config = {.clock = clock};
    char path[SHOP_PATH_MAX];
    if (shop->away) {
        return err_set(e, TP_E_STATE, "the shop's authority is on another machine: %.160s", shop->url);
    }
    memcpy(config.id, shop->authority, ID_SIZE);
    memcpy(config.root, shop->root, HASH_SIZE);
    int rc = shop_path(shop, "authority", "grant.key", NULL, path);
    if (rc == 0) {
        rc = keyfile_load(path, &config.grant_key, e);
    }
    if (rc == 0) {
        rc = load_if_there(shop, "log.key", &config.log_key, e);
    }
    if (rc == 0) {
        rc = load_if_there(shop, "registrar.key", &config.registrar_key, e);
    }
    if (rc == 0) {
        rc = shop_path(shop, "authority", NULL, NULL, config.key_dir);
    }
    if (rc == 0 && (rc = shop_path(shop, "authority", "card.key", NULL, path)) == 0) {
        rc = secretfile_load(path, config.card_key, e);
    }
    if (rc == 0 && (rc = shop_store_address(shop, path, e)) == 0) {
        rc = store_open(path, shop->authority, 0, &config.store, e);
    }
    if (rc == 0) {
        rc = authority_open(&config, out, e);
    }
    if (rc) {
        store_close(config.store);
        cose_key_free(&config.grant_key);
        cose_key_free(&config.log_key);
        cose_key_free(&config.registrar_key);
        err_code(e, rc);
    }
    wipe(config.card_key, HASH_SIZE);
    return rc;
}

/* A backlog of many records in one transaction: a disk that is waited for once. */
static int handle(void *authority, struct bytes request, struct buf *reply)
{
    struct authority_message one = {.request = request, .reply = reply};
    authority_handle_many(authority, &one, 1);
    return one.rc;
}

static void drop(void *authority)
{
    authority_close(authority);
}

/* The whole CA file into out. */
static int read_ca(const struct shop *shop, struct buf *out, struct err *e)
{
    char path[SHOP_PATH_MAX];
    int rc = *shop->ca == '/' ? 0 : shop_path(shop, shop->ca, NULL, NULL, path);
    if (rc) {
        return err_code(e, rc);
    }
    FILE *f = fopen(*shop->ca == '/' ? shop->ca : path, "re");
    uint8_t *to = f ? buf_extend(out, SHOP_CA_MAX + 1) : NULL;
    size_t n = to ? fread(to, 1, SHOP_CA_MAX + 1, f) : 0;
    bool bad = !to || ferror(f) || n == 0 || n > SHOP_CA_MAX;
    if (f) {
        fclose(f);
    }
    out->n = bad ? 0 : n;
    return bad ? err_set(e, TP_BAD_VALUE, "the authority's CA, %.120s, cannot be read", shop->ca) : 0;
}

static int transport_away(const struct shop *shop, const struct clock_source *clock, const char *helper,
                          struct transport *out, struct err *e)
{
    char url[SHOP_URL_MAX + 32];
    struct buf ca;
    buf_init(&ca, SHOP_CA_MAX + 1);
    snprintf(url, sizeof url, "%s/v1/statements", shop->url);
    int rc = read_ca(shop, &ca, e);
    if (rc == 0) {
        const struct transport_https config = {helper, url, buf_view(&ca), clock};
        rc = transport_https(out, &config, e);
    }
    buf_free(&ca);
    return rc;
}

int shop_transport(const struct shop *shop, const struct clock_source *clock, const char *helper,
                   struct transport *out, struct err *e)
{
    struct authority *a = NULL;
    if (shop->away) {
        return transport_away(shop, clock, helper, out, e);
    }
    int rc = shop_authority(shop, clock, &a, e);
    if (rc == 0) {
        rc = transport_local(out, handle, drop, a) ? err_code(e, TP_E_MEMORY) : 0;
    }
    return rc;
}
