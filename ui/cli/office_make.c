/* A new shop: made whole in a folder beside its place, then moved there in one step. */
#include "office.h"

#include "files.h"
#include "offer/money.h"
#include "zones.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

static const char *const new_keys[] = {"office/root.key",   "office/merchant.key",
                                       "office/issuer.key", "authority/grant.key",
                                       "authority/log.key", "authority/registrar.key"};
static const char *const new_names[] = {"root", "merchant", "issuer", "grant", "log", "registrar"};
static const int new_purposes[] = {PURPOSE_ROOT,  PURPOSE_MERCHANT, PURPOSE_ISSUER,
                                   PURPOSE_GRANT, PURPOSE_LOG,      PURPOSE_REGISTRAR};
static const int new_algs[] = {ALG_ESP256, ALG_ESP256, ALG_ESP256, ALG_ESP256, ALG_ED25519, ALG_ESP256};
enum { NEW_KEYS = 6 };

static int check_plan(const struct office_plan *plan, struct err *e)
{
    if (currency_digits(bytes_str(plan->currency)) < 0) {
        return err_set(e, TP_E_ARGUMENT, "'%.20s' is not a currency of ISO 4217; give one like EUR",
                       plan->currency);
    }
    if (!name_valid(bytes_str(plan->store))) {
        return err_set(e, TP_E_ARGUMENT, "'%.40s' cannot name a store; use letters, digits, '_', '.' and '-'",
                       plan->store);
    }
    struct bytes merchant = bytes_str(plan->merchant);
    if (merchant.n == 0 || merchant.n > 64 || !bytes_utf8(merchant)) {
        return err_set(e, TP_E_ARGUMENT, "the merchant's name must have 1 to 64 bytes");
    }
    return 0;
}

/* The place must be free: not there, or an empty folder. */
static int check_place(const char *dir, struct err *e)
{
    DIR *d = opendir(dir);
    if (!d) {
        return errno == ENOENT ? 0
                               : err_set(e, TP_E_EXISTS, "%.120s is there and is not an empty folder", dir);
    }
    bool empty = true;
    for (const struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    }
    closedir(d);
    return empty ? 0
                 : err_set(e, TP_E_EXISTS, "%.120s is not empty; give a folder that is not there yet", dir);
}

static int make_key(const struct shop *shop, int i, struct cose_key *key, struct err *e)
{
    char path[SHOP_PATH_MAX];
    int rc = shop_path(shop, new_keys[i], NULL, NULL, path);
    return rc ? err_code(e, rc) : keyfile_create(path, new_algs[i], key, e);
}

/* The folders, keys and shop.ini; keys[] is the caller's to free, whatever happens. */
static int make_files(struct shop *shop, struct cose_key keys[NEW_KEYS], struct err *e)
{
    static const char *const folders[] = {"office", "authority", "tills"};
    char path[SHOP_PATH_MAX];
    int rc = 0;
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        rc = shop_path(shop, folders[i], NULL, NULL, path);
        rc = rc                  ? err_code(e, rc)
             : mkdir(path, 0700) ? err_set(e, TP_E_IO, "%.120s cannot be made", path)
                                 : 0;
    }
    for (int i = 0; i < NEW_KEYS && rc == 0; i++) {
        rc = make_key(shop, i, &keys[i], e);
    }
    if (rc == 0) {
        uint8_t secret[HASH_SIZE];
        rc = shop_path(shop, "authority", "card.key", NULL, path);
        rc = rc ? err_code(e, rc) : secretfile_create(path, secret, e);
        wipe(secret, sizeof secret);
    }
    if (rc == 0) {
        rc = random_bytes(shop->authority, ID_SIZE);
        memcpy(shop->root, keys[0].thumbprint, HASH_SIZE);
        rc = rc ? err_code(e, rc) : shop_save_new(shop, e);
    }
    return rc;
}

static int make_store(const struct shop *shop, struct err *e)
{
    char path[SHOP_PATH_MAX];
    struct store *store = NULL;
    int rc = shop_store_address(shop, path, e);
    /* A server's schema is its owner's to make: tillproof store migrate. */
    rc = rc ? rc : store_open(path, shop->authority, *shop->store ? 0 : STORE_CREATE, &store, e);
    store_close(store);
    return rc;
}

static int submit_keyset(struct office *o, const struct office_plan *plan,
                         const struct cose_key keys[NEW_KEYS], struct err *e)
{
    struct buf encoded[NEW_KEYS];
    struct keyset_key list[NEW_KEYS];
    struct common common = office_common(o);
    for (int i = 0; i < NEW_KEYS; i++) {
        buf_init(&encoded[i], 256);
        cose_key_encode(&keys[i], &encoded[i]);
        list[i] = (struct keyset_key){.cose_key = buf_view(&encoded[i]),
                                      .purpose = new_purposes[i],
                                      .name = bytes_str(new_names[i]),
                                      .from = common.time_ms - DAY_MS,
                                      .until = common.time_ms + 3653 * DAY_MS};
    }
    struct keyset keyset = {.common = common, .number = 1, .merchant = bytes_str(plan->merchant)};
    keyset.keys.v = list;
    keyset.keys.n = NEW_KEYS;
    int rc = office_submit(o, KIND_KEYSET, &keyset, NULL, e);
    for (int i = 0; i < NEW_KEYS; i++) {
        buf_free(&encoded[i]);
    }
    return rc;
}

/* An amount, 0 or more; absent: 0. */
static int read_cap(const struct office_plan *plan, const char *option, const char *text, int64_t *out,
                    struct err *e)
{
    *out = 0;
    if (text &&
        (decimal_parse(bytes_str(text), currency_digits(bytes_str(plan->currency)), out) || *out < 0)) {
        return err_set(e, TP_E_ARGUMENT, "--%s is an amount in %s like 5.00, not '%.40s'", option,
                       plan->currency, text);
    }
    return 0;
}

static int read_caps(const struct office_plan *plan, int64_t *coupon, int64_t *hour, struct err *e)
{
    int rc = read_cap(plan, "risk-coupon-cap", plan->risk_coupon_cap, coupon, e);
    return rc ? rc : read_cap(plan, "risk-hour-cap", plan->risk_hour_cap, hour, e);
}

static int submit_policy(struct office *o, const struct office_plan *plan, struct err *e)
{
    struct zone_step steps[ZONE_STEPS_MAX];
    size_t n = 0;
    struct policy_statement s = {.common = office_common(o)};
    int64_t coupon_cap = 0, hour_cap = 0;
    int rc = zone_steps_of(plan->zone, s.common.time_ms, steps, &n, e);
    rc = rc ? rc : read_caps(plan, &coupon_cap, &hour_cap, e);
    if (rc) {
        return rc;
    }
    s.terms = (struct policy){.version = 1,
                              .currency = bytes_str(plan->currency),
                              .zone = bytes_str(plan->zone),
                              .tax_included = plan->tax_included,
                              .manufacturer_before_tax = plan->manufacturer_before_tax,
                              .offline_age_ms = DAY_MS,
                              .risk_coupon_cap = coupon_cap,
                              .risk_hour_cap = hour_cap};
    s.terms.zone_steps.v = steps;
    s.terms.zone_steps.n = n;
    return office_submit(o, KIND_POLICY, &s, NULL, e);
}

/* The first statements, through the authority like all later ones. */
static int make_statements(const struct shop *shop, const struct office_plan *plan,
                           const struct cose_key keys[NEW_KEYS], struct err *e)
{
    struct office o;
    int rc = office_open(shop->dir, OFFICE_WRITE, &o, e);
    if (rc) {
        return rc;
    }
    rc = submit_keyset(&o, plan, keys, e);
    if (rc == 0) {
        rc = submit_policy(&o, plan, e);
    }
    if (rc == 0) {
        rc = office_enrol(&o, "till1", plan->store, false, e);
    }
    if (rc == 0) {
        rc = office_enrol(&o, "desk", plan->store, false, e);
    }
    office_close(&o);
    return rc;
}

/* Everything, at shop->dir, which is an empty folder. */
static int make_all(struct shop *shop, const struct office_plan *plan, struct err *e)
{
    struct cose_key keys[NEW_KEYS] = {0};
    int rc = make_files(shop, keys, e);
    if (rc == 0) {
        rc = make_store(shop, e);
    }
    if (rc == 0) {
        rc = make_statements(shop, plan, keys, e);
    }
    for (int i = 0; i < NEW_KEYS; i++) {
        cose_key_free(&keys[i]);
    }
    return rc;
}

static int take_database(const struct office_plan *plan, struct shop *shop, struct err *e)
{
    if (!plan->database) {
        return 0;
    }
    if (!store_is_server(plan->database) || strlen(plan->database) >= sizeof shop->store) {
        return err_set(e, TP_E_ARGUMENT, "--database is an address like postgresql://ROLE@HOST/NAME");
    }
    memcpy(shop->store, plan->database, strlen(plan->database) + 1);
    return 0;
}

int office_make(const struct office_plan *plan, struct err *e)
{
    struct zone_step steps[ZONE_STEPS_MAX];
    size_t n = strlen(plan->dir), count = 0;
    struct shop shop = {0};
    char place[SHOP_PATH_MAX];
    while (n > 1 && plan->dir[n - 1] == '/') {
        n--;
    }
    if (n == 0 || n + 12 >= sizeof place) {
        return err_set(e, TP_E_ARGUMENT, "the shop's folder has a name that is empty or too long");
    }
    snprintf(place, sizeof place, "%.*s", (int)n, plan->dir);
    int64_t coupon_cap, hour_cap;
    int rc = take_database(plan, &shop, e);
    rc = rc ? rc : check_plan(plan, e);
    rc = rc ? rc : read_caps(plan, &coupon_cap, &hour_cap, e);
    if (rc == 0) {
        rc = zone_steps_of(plan->zone, clock_wall(&clock_system), steps, &count, e);
    }
    if (rc == 0) {
        rc = check_place(place, e);
    }
    if (rc) {
        return rc;
    }
    snprintf(shop.dir, sizeof shop.dir, "%.*s.new-XXXXXX", (int)n, plan->dir);
    rc = file_temp_dir(shop.dir, e);
    if (rc) {
        return rc;
    }
    rc = make_all(&shop, plan, e);
    if (rc == 0 && rename(shop.dir, place)) {
        rc = err_set(e, errno == ENOTEMPTY || errno == EEXIST ? TP_E_EXISTS : TP_E_IO,
                     "the finished shop could not be moved to %.120s", place);
    }
    if (rc) {
        file_remove_tree(shop.dir);
    } else {
        file_sync_parent(place);
    }
    return rc;
}
