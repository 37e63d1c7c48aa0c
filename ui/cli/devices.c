#include "devices.h"

#include "base/id.h"
#include "shop/shop.h"

#include <poll.h>
#include <unistd.h>

enum { CLOSE_MS = 5000 };

static int add_path(struct hub_config *c, const char *path, enum driver_framing framing, struct err *e)
{
    size_t n = strlen(path);
    if (c->path_count == HUB_PATHS_MAX || n < 1 || n >= DRIVER_PATH_MAX) {
        return err_set(e, TP_E_ARGUMENT, "there are at most %d paths, of at most %d bytes", HUB_PATHS_MAX,
                       DRIVER_PATH_MAX - 1);
    }
    struct hub_path *p = &c->paths[c->path_count++];
    memcpy(p->path, path, n + 1);
    p->framing = framing;
    return 0;
}

static int read_till(const struct device_options *o, struct hub_config *c, struct err *e)
{
    struct shop shop;
    struct shop_devices devices;
    char dir[SHOP_PATH_MAX];
    const char *till = o->till ? o->till : "till1";
    if (!name_valid(bytes_str(till))) {
        return err_set(e, TP_E_ARGUMENT, "that is not a till's name");
    }
    int rc = shop_load(o->shop, &shop, e);
    rc = rc ? rc : shop_path(&shop, "tills", till, NULL, dir);
    if (rc) {
        return err_code(e, rc);
    }
    if (access(dir, F_OK) != 0) {
        return err_set(e, TP_UNKNOWN_TILL, "the shop has no till %s", till);
    }
    rc = shop_devices_load(&shop, till, &devices, e);
    for (uint32_t i = 0; rc == 0 && i < devices.path_count; i++) {
        rc = add_path(c, devices.paths[i].path, devices.paths[i].records ? DRIVER_RECORDS : DRIVER_LINES, e);
    }
    c->no_usb = rc == 0 && !devices.usb;
    return rc;
}

int devices_hub(const struct device_options *o, struct hub **out, uint32_t *paths, struct err *e)
{
    struct hub_config c = {0};
    int rc = 0;
    if (o->shop) {
        rc = read_till(o, &c, e);
    } else if (o->till) {
        rc = err_set(e, TP_E_ARGUMENT, "--till needs --shop");
    }
    for (size_t i = 0; rc == 0 && i < o->paths.n; i++) {
        rc = add_path(&c, o->paths.v[i], DRIVER_LINES, e);
    }
    *paths = c.path_count;
    return rc ? rc : hub_open(&c, out, e);
}

int devices_next(struct hub *h, int wait_ms, struct hub_event *out)
{
    struct pollfd p = {.fd = hub_fd(h), .events = POLLIN};
    if (hub_next(h, out)) {
        return 1;
    }
    return poll(&p, 1, wait_ms) == 1 ? hub_next(h, out) : 0;
}

void devices_hub_close(struct hub *h)
{
    (void)hub_close(h, CLOSE_MS);
}

void devices_put_bytes(struct buf *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x20 || p[i] >= 0x7f || p[i] == '\\') {
            buf_printf(out, "\\x%02x", p[i]);
        } else {
            buf_putc(out, p[i]);
        }
    }
}
