#include "devices.h"

#include "base/clock.h"
#include "base/id.h"
#include "forms/forms.h"

#include <signal.h>

static const struct usage usage = {
    "device watch [--shop DIR [--till NAME]] [--path PATH]... [--count N] [--seconds N] [--json]",
    "Prints what devices tell as it comes, a line each: their states and what they scan. For setting a "
    "scanner up,\n"
    "while no till has it. Ends after --count scans, after --seconds, or with Ctrl-C.",
    0, 0};

enum { STEP_MS = 500, LINE_MAX = 64 * 1024 };

struct watch {
    struct device_options devices;
    int64_t count, seconds; /* 0: without an end */
};

static volatile sig_atomic_t stopped;

static void on_stop(int number)
{
    (void)number;
    stopped = 1;
}

/* A program that dies would leave its devices without the driver that they had. */
static void catch_stops(void)
{
    const struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
}

static void put_member(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, ",\"%s\":", name);
    json_put_string(out, bytes_str(text));
}

static void put_device(struct buf *out, const struct hub_device *d, bool json)
{
    const char *word = code_word(hub_state_code(d->state));
    if (json) {
        buf_printf(out, "{\"event\":\"device\",\"device\":%u,\"state\":\"%s\"", d->id, word);
        put_member(out, "name", d->name);
        put_member(out, "where", d->where);
        put_member(out, "detail", d->detail);
        buf_puts(out, "}\n");
        return;
    }
    buf_printf(out, "device %u %s: ", d->id, word);
    devices_put_bytes(out, (const uint8_t *)d->name, strlen(d->name));
    buf_puts(out, ", ");
    devices_put_bytes(out, (const uint8_t *)d->where, strlen(d->where));
    buf_puts(out, d->detail[0] ? ": " : "");
    devices_put_bytes(out, (const uint8_t *)d->detail, strlen(d->detail));
    buf_putc(out, '\n');
}

/* JSON says the bytes in hexadecimal, and as a text where they are one. */
static void put_scan(struct buf *out, const struct scan *s, bool json)
{
    struct bytes code = bytes_of(s->bytes, s->n);
    char hex[2 * SCAN_MAX + 1];
    if (!json) {
        buf_printf(out, "scan %u %s%s", s->device, s->symbology, s->symbology[0] ? " " : "");
        devices_put_bytes(out, s->bytes, s->n);
        buf_putc(out, '\n');
        return;
    }
    hex_encode(s->bytes, s->n, hex);
    buf_printf(out, "{\"event\":\"scan\",\"device\":%u,\"symbology\":\"%s\",\"hex\":\"%s\"", s->device,
               s->symbology, hex);
    if (bytes_utf8(code)) {
        buf_puts(out, ",\"text\":");
        json_put_string(out, code);
    }
    buf_puts(out, "}\n");
}

static int tell(const struct hub_event *event, bool json, struct err *e)
{
    struct buf out;
    buf_init(&out, LINE_MAX);
    if (event->kind == HUB_SCAN) {
        put_scan(&out, &event->scan, json);
    } else {
        put_device(&out, &event->device, json);
    }
    int rc = out.failed ? err_code(e, TP_E_MEMORY) : 0;
    if (rc == 0) {
        cli_print(buf_view(&out));
        rc = cli_flush(e);
    }
    buf_free(&out);
    return rc;
}

static int follow(const struct watch *w, struct hub *h, struct err *e)
{
    static struct hub_event event;
    int64_t scans = 0, until = clock_boot(&clock_system) + w->seconds * 1000;
    while (!stopped && (w->count == 0 || scans < w->count)) {
        if (w->seconds && clock_boot(&clock_system) >= until) {
            return w->count ? err_set(e, TP_E_TIMEOUT, "%lld of %lld scans came in time", (long long)scans,
                                      (long long)w->count)
                            : 0;
        }
        if (!devices_next(h, STEP_MS, &event)) {
            continue;
        }
        int rc = tell(&event, w->devices.json, e);
        if (rc) {
            return rc;
        }
        scans += event.kind == HUB_SCAN;
    }
    return 0;
}

static int run(const struct watch *w, struct err *e)
{
    struct hub *h = NULL;
    uint32_t paths = 0;
    if (w->seconds > 30 * 86400) {
        return err_set(e, TP_E_ARGUMENT, "--seconds is at most a month");
    }
    catch_stops();
    int rc = devices_hub(&w->devices, &h, &paths, e);
    if (rc) {
        return rc;
    }
    rc = follow(w, h, e);
    devices_hub_close(h);
    return rc;
}

int cmd_device_watch(int argc, char **argv)
{
    struct watch w = {0};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &w.devices.shop, "DIR", "the shop's folder", 0},
        {"till", OPT_TEXT, &w.devices.till, "NAME", "the till whose devices are meant (till1)", 0},
        {"path", OPT_EACH, &w.devices.paths, "PATH", "a socket, FIFO or file that gives a code a line", 0},
        {"count", OPT_INT, &w.count, "N", "end after so many scans", 0},
        {"seconds", OPT_INT, &w.seconds, "N", "end after so many seconds; a fault if --count did not come",
         0},
        {"json", OPT_FLAG, &w.devices.json, NULL, "print each as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(&w, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&w.devices.paths);
    words_free(&rest);
    return status;
}
