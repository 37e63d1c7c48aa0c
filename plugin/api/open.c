#include "api/internal.h"
#include "shop/shop.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_WAIT_MS = 2000 };

/* Tills that are open in this process, or were in its parent when it forked; and whose they are. */
static atomic_int tills;
static _Atomic pid_t tills_owner;

/* SQLite in a forked child takes the locks that its parent has for its own, and loses what it writes: a child
 * opens none beside them. */
static int32_t count_till(void)
{
    struct err e = {0};
    if (atomic_load(&tills) > 0 && atomic_load(&tills_owner) != getpid()) {
        return api_fail(err_set(&e, TP_E_FORKED, "a till was open when this process was forked"), &e);
    }
    atomic_store(&tills_owner, getpid());
    atomic_fetch_add(&tills, 1);
    return 0;
}

static int beside(const char *plugin, char out[HELPER_PATH_SIZE])
{
    const char *slash = strrchr(plugin, '/');
    int n = slash ? snprintf(out, HELPER_PATH_SIZE, "%.*s/tillproof-helper", (int)(slash - plugin), plugin)
                  : snprintf(out, HELPER_PATH_SIZE, "./tillproof-helper");
    return n < 0 || n >= HELPER_PATH_SIZE ? TP_E_IO : 0;
}

/* Beside the plugin by the name that it was loaded by; where that is a link, as where libraries are
 * installed, beside the file itself. */
int api_helper_path(char out[HELPER_PATH_SIZE], struct err *e)
{
    Dl_info info;
    if (!dladdr((const void *)(uintptr_t)tillproof_open, &info) || !info.dli_fname) {
        return err_set(e, TP_E_IO, "the plugin does not know where it lies");
    }
    char file[PATH_MAX];
    int rc = beside(info.dli_fname, out);
    if (rc == 0 && access(out, X_OK) && realpath(info.dli_fname, file)) {
        rc = beside(file, out);
    }
    return rc ? err_set(e, rc, "the plugin lies in a folder with too long a name") : 0;
}

static int find_till(const char *directory, const char *name, struct shop *shop, char dir[SHOP_PATH_MAX],
                     struct err *e)
{
    int rc = shop_load(directory, shop, e);
    if (rc) {
        return rc;
    }
    rc = shop_path(shop, "tills", name, NULL, dir);
    if (rc) {
        return err_set(e, rc, "the shop's directory has too long a name");
    }
    if (access(dir, F_OK) != 0) {
        return err_set(e, TP_E_NO_SHOP, "the shop has no till %s; make it with: tillproof till enrol %s",
                       name, name);
    }
    return 0;
}

static int open_till(const char *directory, const char *name, struct till **out, struct shop_devices *devices,
                     struct err *e)
{
    struct shop shop;
    char dir[SHOP_PATH_MAX], helper[HELPER_PATH_SIZE];
    struct till_config config = {.dir = dir, .clock = &clock_system, .first_wait_ms = FIRST_WAIT_MS};
    int rc = find_till(directory, name, &shop, dir, e);
    rc = rc ? rc : shop_devices_load(&shop, name, devices, e);
    rc = rc ? rc : api_helper_path(helper, e);
    rc = rc ? rc : shop_transport(&shop, &clock_system, helper, &config.transport, e);
    if (rc) {
        return rc;
    }
    memcpy(config.authority, shop.authority, ID_SIZE);
    memcpy(config.root, shop.root, HASH_SIZE);
    return till_open(&config, out, e);
}

static int open_all(const char *directory, const char *name, struct tillproof *h, struct err *e)
{
    struct shop_devices devices;
    int rc = open_till(directory, name, &h->till, &devices, e);
    if (rc) {
        return rc;
    }
    rc = devices_open(h->till, &devices, &h->devices, e);
    if (rc) {
        (void)till_close(h->till, 0);
    }
    return rc;
}

int32_t tillproof_open(const char *directory, const char *till, uint32_t flags, struct tillproof **handle)
{
    struct err e = {0};
    const char *name = till ? till : "till1";
    if (!directory || !*directory || !handle || flags) {
        return api_argument("open takes a directory, a place for the handle, and no flags");
    }
    if (!name_valid(bytes_str(name))) {
        return api_argument("that is not a till's name");
    }
    int rc = count_till();
    if (rc) {
        return rc;
    }
    struct tillproof *h = calloc(1, sizeof *h);
    rc = h ? open_all(directory, name, h, &e) : TP_E_MEMORY;
    if (rc) {
        atomic_fetch_sub(&tills, 1);
        free(h);
        return api_fail(rc, &e);
    }
    h->owner = getpid();
    pthread_mutex_init(&h->images_lock, NULL);
    *handle = h;
    return 0;
}

int32_t tillproof_close(struct tillproof *handle, uint32_t deadline_ms)
{
    if (!handle) {
        return 0;
    }
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    images_close(handle->images);
    devices_close(handle->devices);
    rc = till_close(handle->till, deadline_ms);
    pthread_mutex_destroy(&handle->images_lock);
    atomic_fetch_sub(&tills, 1);
    free(handle);
    return rc ? api_fail(rc, NULL) : 0;
}

int32_t tillproof_day_close(struct tillproof *handle, struct tillproof_day *day)
{
    struct day_info d;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(day, FIRST_DAY);
    if (rc) {
        return rc;
    }
    rc = till_day_close(handle->till, &d, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    struct tillproof_day out = {
        .fresh = d.fresh,
        .currencies = (uint32_t)d.currencies,
        .sales = d.sales,
        .voids = d.voids,
        .returns = d.returns,
        .gross = d.gross,
        .discount = d.discount,
        .net = d.net,
        .tax = d.tax,
        .due = d.due,
        .first = d.first,
        .last = d.last,
        .seq = d.seq,
        .time_ms = d.time_ms,
        .queue = (uint32_t)d.unsent,
        .refused = (uint32_t)d.refused,
    };
    memcpy(out.currency, d.currency, sizeof out.currency);
    if (d.seq) {
        hex_encode(d.d, HASH_SIZE, out.record);
    }
    api_out(day, &out, sizeof out);
    return 0;
}

int32_t tillproof_status(struct tillproof *handle, struct tillproof_status *status)
{
    struct till_status s;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(status, FIRST_STATUS);
    if (rc) {
        return rc;
    }
    rc = till_status(handle->till, &s, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    struct tillproof_status out = {
        .online = s.online,
        .ready = s.ready,
        .quarantined = s.quarantined,
        .behind = s.behind,
        .time_sure = s.time_sure,
        .queue = (uint32_t)s.unsent,
        .refused = (uint32_t)s.refused,
        .refused_reason = s.refused_reason,
        .conflicts = (uint32_t)s.conflicts,
        .time_ms = s.time_ms,
        .epoch = s.epoch,
        .seq = s.seq,
        .log = s.log,
    };
    bytes_to_cstr(bytes_str(s.name), out.till, sizeof out.till);
    bytes_to_cstr(bytes_str(s.store), out.store, sizeof out.store);
    bytes_to_cstr(bytes_str(s.currency), out.currency, sizeof out.currency);
    api_out(status, &out, sizeof out);
    return 0;
}
