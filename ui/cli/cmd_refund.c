#include "cli.h"
#include "offer/money.h"
#include "ring.h"

#include <inttypes.h>

static const struct usage usage = {
    "refund --shop DIR --sale ID --line N[:QUANTITY]... [options]",
    "Takes goods of a recorded sale back through the plugin: what goes back follows from the sale's own\n"
    "record and from what came back of it before, at any till. The authority is asked for a sale of another\n"
    "till.",
    0, 0};

enum { QUANTITY_DIGITS = 3, LINES_MAX = 4096, DEADLINE_MS = 10000 };

struct options {
    const char *dir, *sale, *till, *plugin, *reference, *tender;
    struct words lines;
    bool json;
};

/* "2" or "2:0.5"; without a quantity one unit. */
static int read_line(const char *text, struct tillproof_line *line, struct err *e)
{
    const char *colon = strchr(text, ':');
    struct bytes number = bytes_of(text, colon ? (size_t)(colon - text) : strlen(text));
    *line = (struct tillproof_line){.size = sizeof *line, .quantity = 1000};
    bool good =
        decimal_parse(number, 0, &line->number) == 0 && line->number > 0 && line->number <= UINT32_MAX;
    if (good && colon) {
        good =
            decimal_parse(bytes_str(colon + 1), QUANTITY_DIGITS, &line->quantity) == 0 && line->quantity > 0;
    }
    return good ? 0 : err_set(e, TP_E_ARGUMENT, "--line takes N or N:QUANTITY, as in 2 or 2:0.5");
}

static int read_lines(const struct options *o, struct arena *a, struct tillproof_line **out, struct err *e)
{
    if (o->lines.n < 1 || o->lines.n > LINES_MAX) {
        return err_set(e, TP_E_ARGUMENT, "--line names 1 to %d lines of the sale", LINES_MAX);
    }
    struct tillproof_line *lines = ARENA_NEW(a, struct tillproof_line, o->lines.n);
    int rc = lines ? 0 : err_code(e, TP_E_MEMORY);
    for (size_t i = 0; i < o->lines.n && rc == 0; i++) {
        rc = read_line(o->lines.v[i], &lines[i], e);
    }
    *out = lines;
    return rc;
}

/* One per refund, unless it is given: the same one tells the same refund. */
static int make_reference(const struct options *o, char out[68], struct err *e)
{
    uint8_t random[8];
    char hex[17];
    if (o->reference) {
        bytes_to_cstr(bytes_str(o->reference), out, 68);
        return 0;
    }
    int rc = random_bytes(random, sizeof random);
    hex_encode(random, sizeof random, hex);
    snprintf(out, 68, "cli-refund-%s", hex);
    return rc ? err_code(e, rc) : 0;
}

static int begin(struct ring *r, const struct options *o, const char *reference, struct err *e)
{
    int32_t outcome = 0;
    int rc = r->plugin.refund_begin_(r->till, o->sale, reference, DEADLINE_MS, &r->sale, &outcome);
    if (rc) {
        return plugin_fail(&r->plugin, rc, e);
    }
    if (outcome == TILLPROOF_OFFLINE) {
        return err_set(
            e, outcome,
            "the authority does not answer, and the sale is none of this till; try again, or at the "
            "till that sold it");
    }
    return outcome ? err_set(e, outcome,
                             "no till has recorded a sale %.64s, or several have: then give its id", o->sale)
                   : 0;
}

static int pay_back(struct ring *r, const struct options *o, const struct tillproof_line *lines,
                    struct err *e)
{
    const struct plugin *p = &r->plugin;
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_tender tender = {.size = sizeof tender};
    r->info.size = sizeof r->info;
    r->commit.size = sizeof r->commit;
    int rc = p->sale_info_(r->till, r->sale, &r->info);
    if (rc == 0 && r->info.state == TILLPROOF_PROVISIONAL) {
        rc = p->lines_set_(r->till, r->sale, lines, (uint32_t)o->lines.n);
    }
    rc = rc ? rc : p->quote_(r->till, r->sale, &q);
    tender.amount = q.due;
    snprintf(tender.kind, sizeof tender.kind, "%.16s", o->tender ? o->tender : "cash");
    rc = rc ? rc : p->commit_(r->till, r->sale, NULL, &tender, 1, &r->commit);
    return rc ? plugin_fail(p, rc, e) : 0;
}

static void say(const struct ring *r, bool json)
{
    char text[512];
    struct buf out, amount;
    int digits = currency_digits(bytes_str(r->info.currency));
    buf_over(&out, text, sizeof text);
    buf_init(&amount, 64);
    decimal_put(&amount, r->commit.due, digits < 0 ? 2 : digits);
    buf_printf(&out,
               json ? "{\"refund\":\"%s\",\"due\":\"%.*s\",\"currency\":\"%s\",\"outcome\":\"%s\"}\n"
                    : "refund %s: due %.*s %s, %s\n",
               r->info.id, (int)amount.n, (const char *)amount.p, r->info.currency,
               r->plugin.name_(r->commit.outcome));
    buf_free(&amount);
    cli_print(buf_view(&out));
}

static int run(const struct options *o, struct err *e)
{
    struct ring r = {0};
    struct arena arena;
    struct tillproof_line *lines = NULL;
    char reference[68];
    arena_init(&arena, 4 * 1024 * 1024);
    int rc = read_lines(o, &arena, &lines, e);
    rc = rc ? rc : make_reference(o, reference, e);
    rc = rc ? rc : plugin_load(o->plugin, &r.plugin, e);
    if (rc == 0) {
        rc = ring_open(&r, o->dir, o->till ? o->till : "till1", e);
        rc = rc ? rc : begin(&r, o, reference, e);
        rc = rc ? rc : pay_back(&r, o, lines, e);
        if (rc == 0) {
            say(&r, o->json);
        }
        if (ring_close(&r, NULL) == TP_E_TIMEOUT && rc == 0) {
            fprintf(
                stderr,
                "tillproof: note: the record is safe in the till and is sent when the till is next open\n");
        }
    }
    arena_reset(&arena);
    return rc;
}

int cmd_refund(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"sale", OPT_TEXT, &o.sale, "ID", "the sale: its id, or its reference", OPT_NEEDED},
        {"line", OPT_EACH, &o.lines, "N[:QUANTITY]",
         "a line that comes back (one unit of it); may be repeated", OPT_NEEDED},
        {"till", OPT_TEXT, &o.till, "NAME", "the till that takes it back (till1)", 0},
        {"tender", OPT_TEXT, &o.tender, "KIND", "how the money goes back (cash)", 0},
        {"reference", OPT_TEXT, &o.reference, "TEXT",
         "the refund's own number; the same one tells the same refund", 0},
        {"plugin", OPT_TEXT, &o.plugin, "PATH", "another tillproof.so than the one beside this program", 0},
        {"json", OPT_FLAG, &o.json, NULL, "print the refund as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&o.lines);
    words_free(&rest);
    return status;
}
