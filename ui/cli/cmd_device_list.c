#include "devices.h"

#include "base/clock.h"

static const struct usage usage = {
    "device list [--shop DIR [--till NAME]] [--path PATH]... [--json]",
    "Lists the devices that a till would read, and how each stands: with --shop those that the till's "
    "devices.ini\n"
    "names, without it the USB scanners of this machine. A running till keeps what it has: here it is\n"
    "device_claimed then.",
    0, 0};

/* Devices are found one after the other: the list is whole when every path is in it, none was heard of for
 * QUIET_MS and none is being opened any more. */
enum { QUIET_MS = 500, MOST_MS = 8000 };

static bool opening(const struct hub_device *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (list[i].state == HUB_OPENING) {
            return true;
        }
    }
    return false;
}

static uint32_t look(struct hub *h, uint32_t least, struct hub_device list[HUB_DEVICES_MAX])
{
    static struct hub_event event;
    int64_t until = clock_boot(&clock_system) + MOST_MS;
    uint32_t n = 0;
    do {
        while (devices_next(h, QUIET_MS, &event) && clock_boot(&clock_system) < until) {
        }
        n = hub_devices(h, list, HUB_DEVICES_MAX);
    } while ((n < least || opening(list, n)) && clock_boot(&clock_system) < until);
    return n;
}

static void put_row(struct table *t, const struct hub_device *d)
{
    char usb[16] = "";
    if (d->vendor || d->product) {
        snprintf(usb, sizeof usb, "%04x:%04x", (unsigned)d->vendor, (unsigned)d->product);
    }
    table_count(t, d->id);
    table_text(t, code_word(hub_state_code(d->state)));
    table_text(t, usb);
    table_text(t, d->driver);
    table_text(t, d->name);
    table_text(t, d->where);
    table_text(t, d->detail);
}

static int run(const struct device_options *o, struct err *e)
{
    static const struct column columns[] = {
        {"device", COLUMN_COUNT}, {"state", COLUMN_TEXT}, {"usb", COLUMN_TEXT},   {"driver", COLUMN_TEXT},
        {"name", COLUMN_TEXT},    {"where", COLUMN_TEXT}, {"detail", COLUMN_TEXT}};
    struct hub_device list[HUB_DEVICES_MAX];
    struct hub *h = NULL;
    struct table t;
    struct buf out;
    uint32_t paths = 0;
    int rc = devices_hub(o, &h, &paths, e);
    if (rc) {
        return rc;
    }
    uint32_t n = look(h, paths, list);
    devices_hub_close(h);
    table_begin(&t, columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < n; i++) {
        put_row(&t, &list[i]);
    }
    buf_init(&out, 1024 * 1024);
    rc = table_put(&t, o->json ? TABLE_JSON : TABLE_ALIGNED, &out);
    buf_puts(&out, o->json ? "\n" : "");
    if (rc == 0) {
        cli_print(buf_view(&out));
    }
    buf_free(&out);
    table_free(&t);
    return rc ? err_code(e, rc) : 0;
}

int cmd_device_list(int argc, char **argv)
{
    struct device_options o = {0};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &o.shop, "DIR", "the shop's folder", 0},
        {"till", OPT_TEXT, &o.till, "NAME", "the till whose devices are meant (till1)", 0},
        {"path", OPT_EACH, &o.paths, "PATH", "a socket, FIFO or file that gives a code a line", 0},
        {"json", OPT_FLAG, &o.json, NULL, "print them as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&o.paths);
    words_free(&rest);
    return status;
}
