#include "helper/https.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/id.h"
#include "helper/process.h"
#include "helper/talk.h"
#include "helper/trip.h"

struct https {
    pid_t owner;
    int stop;
    const struct clock_source *clock;
    struct process process;
    char *program;
    struct buf setup; /* what each new helper is told first */
};

static int check_config(const struct https_config *c, struct err *e)
{
    if (!c->program || !*c->program || !c->url || strncmp(c->url, "https://", 8) != 0 ||
        strlen(c->url) > HELPER_URL_MAX) {
        return err_set(e, TP_E_ARGUMENT, "an authority's address is https:// and at most %d bytes",
                       HELPER_URL_MAX);
    }
    if (c->ca.n == 0 || c->ca.n > HELPER_CA_MAX) {
        return err_set(e, TP_E_ARGUMENT, "the authority's CA is a PEM file of at most %d bytes",
                       HELPER_CA_MAX);
    }
    return 0;
}

int https_open(const struct https_config *config, struct https **out, struct err *e)
{
    int rc = check_config(config, e);
    struct https *h = rc ? NULL : calloc(1, sizeof *h);
    if (!h) {
        return rc ? rc : err_code(e, TP_E_MEMORY);
    }
    const uint32_t url = (uint32_t)strlen(config->url), ca = (uint32_t)config->ca.n;
    const struct helper_setup setup = {HELPER_SETUP, url, ca};
    *h = (struct https){.owner = getpid(), .clock = config->clock, .process = PROCESS_NONE};
    h->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->program = strdup(config->program);
    buf_init(&h->setup, sizeof setup + url + ca);
    buf_put(&h->setup, &setup, sizeof setup);
    buf_put(&h->setup, config->url, url);
    buf_put(&h->setup, config->ca.p, ca);
    if (h->stop < 0 || !h->program || h->setup.failed) {
        https_close(h);
        return err_code(e, TP_E_MEMORY);
    }
    *out = h;
    return 0;
}

void https_close(struct https *h)
{
    if (!h) {
        return;
    }
    if (h->owner == getpid()) {
        process_end(&h->process);
    } else {
        process_forget(&h->process);
    }
    if (h->stop >= 0) {
        close(h->stop);
    }
    buf_free(&h->setup);
    free(h->program);
    free(h);
}

void https_stop(struct https *h)
{
    const uint64_t one = 1;
    ssize_t n = write(h->stop, &one, sizeof one);
    (void)n; /* full means that it was stopped before */
}

/* A living helper that has its setup. */
static int ready(struct https *h, struct trip *trip, struct err *e)
{
    if (h->process.socket >= 0 && !process_spent(&h->process)) {
        trip->socket = h->process.socket;
        return 0;
    }
    process_end(&h->process);
    int rc = process_start(h->program, HELPER_HTTPS, &h->process, e);
    if (rc) {
        return rc;
    }
    trip->socket = h->process.socket;
    return trip_send(trip, h->setup.p, h->setup.n);
}

static int ask(const struct trip *trip, uint32_t magic, struct bytes request)
{
    int64_t left = trip_left(trip);
    struct helper_post post = {magic, (uint32_t)request.n, left > 0 ? (uint32_t)left : 1};
    int rc = trip_send(trip, &post, sizeof post);
    return rc ? rc : trip_send(trip, request.p, request.n);
}

/* Why there is no answer; the line is shown to people, so it is made plain. */
static int receive_why(const struct trip *trip, const struct helper_reply *r, struct err *e)
{
    char why[HELPER_WHY_MAX + 1] = "";
    int rc = r->size > HELPER_WHY_MAX ? TP_E_IO : trip_receive(trip, why, r->size);
    if (rc) {
        return rc;
    }
    for (char *c = why; *c; c++) {
        *c = *c < 0x20 || *c > 0x7E ? '?' : *c;
    }
    return err_set(e, r->code, "%s", why);
}

/* The helper speaks to the world and may have been taken over: nothing that it says is believed. */
static int receive(const struct trip *trip, struct buf *reply, struct err *e)
{
    struct helper_reply r = {0};
    int rc = trip_receive(trip, &r, sizeof r);
    if (rc) {
        return rc;
    }
    bool known = r.code == 0 || r.code == TP_OFFLINE || r.code == TP_E_MEMORY;
    if (r.magic != HELPER_REPLY || !known || r.size > HELPER_REPLY_MAX) {
        return TP_E_IO;
    }
    if (r.code) {
        return receive_why(trip, &r, e);
    }
    uint8_t *to = buf_extend(reply, r.size);
    if (!to) {
        return TP_E_MEMORY;
    }
    rc = trip_receive(trip, to, r.size);
    if (rc) {
        reply->n -= r.size;
    }
    return rc;
}

static int say(int rc, struct err *e)
{
    switch (rc) {
    case TP_E_TIMEOUT:
        return err_set(e, TP_OFFLINE, "the authority did not answer in time");
    case TP_E_STATE:
        return err_set(e, TP_OFFLINE, "the till is closing");
    case TP_E_IO:
        return err_set(e, rc, "the helper died or answered nonsense");
    default:
        return err_code(e, rc);
    }
}

static int call(struct https *h, uint32_t magic, struct bytes request, int64_t deadline_ms, struct buf *reply,
                struct err *e)
{
    if (h->owner != getpid()) {
        return err_code(e, TP_E_FORKED);
    }
    struct err why = {0};
    struct trip trip = {-1, h->stop, h->clock, clock_boot(h->clock) + deadline_ms};
    int rc = ready(h, &trip, &why);
    rc = rc ? rc : ask(&trip, magic, request);
    rc = rc ? rc : receive(&trip, reply, &why);
    if (rc == 0 || (rc == TP_OFFLINE && why.code == rc)) {
        return rc ? err_set(e, rc, "%s", why.text) : 0;
    }
    /* Whatever it would still say belongs to this call: the next one gets a new helper. */
    process_end(&h->process);
    return why.code ? err_set(e, rc, "%s", why.text) : say(rc, e);
}

int https_post(struct https *h, struct bytes request, int64_t deadline_ms, struct buf *reply, struct err *e)
{
    if (!h || request.n == 0 || request.n > HELPER_BODY_MAX || deadline_ms <= 0 || deadline_ms > INT32_MAX) {
        return err_code(e, TP_E_ARGUMENT);
    }
    return call(h, HELPER_POST, request, deadline_ms, reply, e);
}

/* A header or a request line of one's own cannot be smuggled in. */
static bool plain(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

int https_get(struct https *h, const char *path, const char *token, int64_t deadline_ms, struct buf *reply,
              struct err *e)
{
    uint8_t memory[HELPER_PAGE_MAX];
    struct buf page;
    if (!h || deadline_ms <= 0 || deadline_ms > INT32_MAX || path[0] != '/' || !plain(path) ||
        (token && !plain(token))) {
        return err_code(e, TP_E_ARGUMENT);
    }
    buf_over(&page, memory, sizeof memory);
    buf_puts(&page, path);
    buf_putc(&page, '\n');
    buf_puts(&page, token ? token : "");
    int rc = page.failed ? err_code(e, TP_E_ARGUMENT)
                         : call(h, HELPER_GET, buf_view(&page), deadline_ms, reply, e);
    wipe(memory, sizeof memory);
    return rc;
}
