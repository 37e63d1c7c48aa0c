/* tills/NAME/devices.ini: [devices] usb, path, records. */
#include "shop/shop.h"

#include <ini.h>
#include <stdlib.h>
#include <unistd.h>

struct reading {
    struct shop_devices *to;
    bool usb; /* usb was named */
    const char *wrong;
};

static int wrong(struct reading *r, const char *what)
{
    if (!r->wrong) {
        r->wrong = what;
    }
    return 0;
}

static int take_usb(struct reading *r, const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (r->usb || (!yes && strcmp(value, "no") != 0)) {
        return wrong(r, "usb is yes or no, once");
    }
    r->usb = true;
    r->to->usb = yes;
    return 1;
}

/* Absolute, because nobody knows in which folder a program runs that loads the plugin. */
static int take_path(struct reading *r, const char *value, bool records)
{
    size_t n = strlen(value);
    if (n < 2 || n >= SHOP_DEVICE_PATH_SIZE || value[0] != '/' || !bytes_utf8(bytes_of(value, n))) {
        return wrong(r, "a path begins with / and has at most 107 bytes");
    }
    if (r->to->path_count == SHOP_DEVICE_PATHS) {
        return wrong(r, "a till has at most 8 paths");
    }
    for (uint32_t i = 0; i < r->to->path_count; i++) {
        if (strcmp(r->to->paths[i].path, value) == 0) {
            return wrong(r, "the path is named twice");
        }
    }
    struct shop_device_path *p = &r->to->paths[r->to->path_count++];
    p->records = records;
    memcpy(p->path, value, n + 1);
    return 1;
}

static int take(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    if (strcmp(section, "devices") != 0) {
        return wrong(r, "the only section is [devices]");
    }
    if (strcmp(name, "usb") == 0) {
        return take_usb(r, value);
    }
    bool records = strcmp(name, "records") == 0;
    return records || strcmp(name, "path") == 0 ? take_path(r, value, records)
                                                : wrong(r, "a key is usb, path or records");
}

int shop_devices_load(const struct shop *shop, const char *till, struct shop_devices *out, struct err *e)
{
    struct shop_devices found = {0};
    struct reading r = {.to = &found};
    char path[SHOP_PATH_MAX], *text = NULL;
    int rc = shop_path(shop, "tills", till, "devices.ini", path);
    if (rc) {
        return err_set(e, rc, "the shop's directory has too long a name");
    }
    rc = access(path, F_OK) == 0 ? shop_text(path, "devices.ini", &text, e) : 0;
    int line = text ? ini_parse_string(text, take, &r) : 0;
    if (rc == 0 && line != 0) {
        rc = err_set(e, TP_BAD_VALUE, "devices.ini, line %d: %s", line,
                     r.wrong ? r.wrong : "it is no KEY = VALUE");
    }
    free(text);
    if (rc == 0) {
        *out = found;
    }
    return rc;
}
