#include "cli.h"
#include "forms/forms.h"
#include "offer/money.h"
#include "office.h"
#include "ring.h"
#include "scan.h"

#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct usage usage = {
    "sale --shop DIR --basket FILE.json [options]",
    "Rings up a basket through the plugin, as a point-of-sale program would: price, coupons and card, hold,\n"
    "payment, record. A coupon that is refused does not stop the sale.",
    0, 0};

enum { SALE_ARENA = 64 * 1024 * 1024, TEXT_MAX = 1024 * 1024 };
extern char **environ;

struct options {
    const char *dir, *basket, *card, *till, *plugin, *reference;
    struct words scans;
    bool training, json;
};

struct input {
    struct arena arena;
    struct basket_form form;
    struct buf card;
    char reference[40];
};

static int read_basket(const char *path, struct input *in, struct err *e)
{
    struct buf text;
    struct err why = {0};
    buf_init(&text, FORM_MAX);
    int rc = form_read_file(path, &text, e);
    if (rc == 0) {
        rc = form_basket(buf_view(&text), &in->arena, &in->form, &why);
        if (rc) {
            err_set(e, rc, "%.100s: %s", path, why.text);
        }
    }
    buf_free(&text);
    return rc;
}

static int read_scans(const struct options *opt, struct input *in, struct ring *r, struct err *e)
{
    r->scan_count = opt->scans.n;
    r->scans = ARENA_NEW(&in->arena, struct ring_scan, opt->scans.n);
    if (!r->scans) {
        return err_code(e, TP_E_MEMORY);
    }
    int rc = 0;
    for (size_t i = 0; i < opt->scans.n && rc == 0; i++) {
        struct buf scan;
        buf_init(&scan, 64 * 1024);
        rc = scan_read(opt->scans.v[i], &scan, e);
        if (rc == 0) {
            r->scans[i].given = opt->scans.v[i];
            r->scans[i].bytes = arena_copy(&in->arena, buf_view(&scan));
            rc = r->scans[i].bytes.p ? 0 : err_code(e, TP_E_MEMORY);
        }
        buf_free(&scan);
    }
    return rc;
}

/* What the plugin would refuse is refused before a till is opened or made: then nothing at all has changed.
 */
static int check_shop(const char *dir, const struct basket_form *form, struct err *e)
{
    struct office office;
    struct arena a;
    struct policy policy = {0};
    struct shop shop = {0};
    int rc = shop_load(dir, &shop, e);
    if (rc || shop.away) {
        return rc; /* there the till alone knows the policy */
    }
    rc = office_open(dir, OFFICE_READ, &office, e);
    if (rc) {
        return rc;
    }
    arena_init(&a, 64 * 1024);
    rc = office_policy(&office, &a, &policy, e);
    if (rc == 0 && !bytes_equal(policy.currency, form->basket.currency)) {
        rc = err_set(e, TP_CURRENCY, "the basket is in %.*s, and the shop sells in %.*s", 3,
                     (const char *)form->basket.currency.p, 3, (const char *)policy.currency.p);
    }
    if (rc == 0 && form->has_tax_included && form->basket.tax_included != policy.tax_included) {
        rc = err_set(e, TP_BAD_VALUE, "$.prices_include_tax: the shop's prices are %s tax",
                     policy.tax_included ? "with" : "without");
    }
    arena_reset(&a);
    office_close(&office);
    return rc;
}

static bool till_is_there(const char *dir, const char *till)
{
    char path[SHOP_PATH_MAX];
    struct stat st;
    size_t need = (size_t)snprintf(path, sizeof path, "%s/tills/%s/till.key", dir, till);
    return need < sizeof path && stat(path, &st) == 0;
}

/* Enrolment needs the office's keys, which the process that runs the plugin must never hold: a child does it.
 */
static int enrol(const char *dir, const char *till, struct err *e)
{
    char *argv[] = {"tillproof", "till", "enrol", (char *)till, "--shop", (char *)dir, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int status = 0;
    fprintf(stderr, "tillproof: note: enrolling the till '%s'\n", till);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    int rc = posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc || waitpid(pid, &status, 0) != pid) {
        return err_set(e, TP_E_IO, "the till could not be enrolled: no process could be started");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return err_set(e, TP_UNKNOWN_TILL, "the till '%.32s' is not enrolled, and could not be", till);
    }
    return 0;
}

static void say_json(const struct ring *r, struct buf *out)
{
    buf_printf(out, "{\"sale\":\"%s\",\"reference\":", r->info.id);
    json_put_string(out, bytes_str(r->info.reference));
    buf_printf(out, ",\"outcome\":\"%s\",\"binding\":%s", r->plugin.name_(r->commit.outcome),
               r->commit.binding ? "true" : "false");
    if (r->not_binding) {
        buf_printf(out, ",\"reason\":\"%s\"", r->plugin.name_(r->not_binding));
    }
    buf_puts(out, ",\"presented\":[");
    for (size_t i = 0; i < r->scan_count; i++) {
        buf_puts(out, i ? ",{\"scan\":" : "{\"scan\":");
        json_put_string(out, bytes_str(r->scans[i].given));
        buf_puts(out, ",\"offer\":");
        json_put_string(out, bytes_str(r->scans[i].offer));
        buf_printf(out, ",\"outcome\":\"%s\"}", r->plugin.name_(r->scans[i].outcome));
    }
    if (r->card.p) {
        buf_printf(out, "%s{\"card\":true,\"outcome\":\"%s\"}", r->scan_count ? "," : "",
                   r->plugin.name_(r->card_outcome));
    }
    buf_puts(out, "],\"quote\":");
    form_quote(&r->quote, out);
    while (out->n && out->p[out->n - 1] == '\n') {
        out->n--;
    }
    buf_puts(out, "}\n");
}

static void say_refusals(const struct ring *r, int digits, struct buf *out)
{
    for (size_t i = 0; i < r->scan_count; i++) {
        if (r->scans[i].outcome) {
            buf_printf(out, "refused: the code %.60s: %s: %s\n", r->scans[i].given,
                       code_word(r->scans[i].outcome), code_sentence(r->scans[i].outcome));
        }
    }
    if (r->card.p && r->card_outcome) {
        buf_printf(out, "refused: the card: %s: %s\n", code_word(r->card_outcome),
                   code_sentence(r->card_outcome));
    }
    for (size_t i = 0; i < r->quote.refused.n; i++) {
        const struct quote_refused *q = &r->quote.refused.v[i];
        if (q->id.n) {
            buf_printf(out, "refused: the offer %.*s: ", (int)q->id.n, (const char *)q->id.p);
        } else {
            buf_puts(out, "refused: a code: ");
        }
        buf_printf(out, "%s: %s", code_word(q->reason), code_sentence(q->reason));
        if (q->missing != NONE && q->missing > 0) {
            buf_puts(out, "; missing ");
            decimal_put(out, q->missing, digits);
        }
        buf_putc(out, '\n');
    }
}

static void say_text(const struct ring *r, struct buf *out)
{
    int digits = currency_digits(r->quote.currency);
    digits = digits < 0 ? 2 : digits;
    buf_put(out, r->text.p, r->text.n);
    say_refusals(r, digits, out);
    if (r->not_binding) {
        buf_printf(out, "note: not held by the authority: %s: %s\n", code_word(r->not_binding),
                   code_sentence(r->not_binding));
    }
    const struct {
        const char *name;
        int64_t amount;
    } sums[] = {{"gross", r->quote.gross}, {"discount", r->quote.discount}, {"due", r->quote.due}};
    for (size_t i = 0; i < 3; i++) {
        buf_printf(out, "%-9s", sums[i].name);
        decimal_put(out, sums[i].amount, digits);
        buf_printf(out, " %.*s\n", (int)r->quote.currency.n, (const char *)r->quote.currency.p);
    }
    buf_printf(out, "%s sale %s, reference %s: %s\n", r->training ? "training" : "recorded", r->info.id,
               r->info.reference, code_word(r->commit.outcome));
}

static int take_tenders(struct input *in, struct ring *r, struct err *e)
{
    struct tender *list = ARENA_NEW(&in->arena, struct tender, in->form.tenders.n);
    if (!list) {
        return err_code(e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < in->form.tenders.n; i++) {
        list[i] = (struct tender){.kind = in->form.tenders.v[i].kind, .amount = in->form.tenders.v[i].amount};
    }
    r->tenders = list;
    r->tender_count = in->form.tenders.n;
    return 0;
}

/* Everything that can be refused without a till. */
static int prepare(const struct options *opt, struct input *in, struct ring *r, struct err *e)
{
    int rc = read_basket(opt->basket, in, e);
    if (rc == 0) {
        rc = read_scans(opt, in, r, e);
    }
    if (rc == 0 && opt->card) {
        rc = card_read((char *)opt->card, &in->card, e);
        r->card = buf_view(&in->card);
    }
    if (rc == 0) {
        rc = take_tenders(in, r, e);
    }
    if (rc == 0) {
        rc = check_shop(opt->dir, &in->form, e);
    }
    if (rc == 0 && !opt->reference) {
        uint8_t random[8];
        char hex[17];
        rc = random_bytes(random, sizeof random);
        hex_encode(random, sizeof random, hex);
        snprintf(in->reference, sizeof in->reference, "cli-%s", hex);
        rc = rc ? err_code(e, rc) : 0;
    }
    return rc;
}

static int ring_through(const struct options *opt, struct ring *r, struct buf *out, struct err *e)
{
    const char *till = opt->till ? opt->till : "till1";
    if (!name_valid(bytes_str(till))) {
        return err_set(e, TP_E_ARGUMENT, "a till is named with up to 32 letters, digits, '_', '.', '-'");
    }
    int rc = plugin_load(opt->plugin, &r->plugin, e);
    if (rc == 0 && !till_is_there(opt->dir, till)) {
        rc = enrol(opt->dir, till, e);
    }
    if (rc == 0) {
        rc = ring_open(r, opt->dir, till, e);
    }
    if (rc == 0) {
        rc = ring_up(r, e);
    }
    if (rc == 0) {
        (opt->json ? say_json : say_text)(r, out);
        cli_print(buf_view(out));
    }
    struct err late = {0};
    if (ring_close(r, &late) == TP_E_TIMEOUT && rc == 0) {
        fprintf(stderr,
                "tillproof: note: the record is safe in the till and is sent when the till is next open\n");
    }
    return rc;
}

static int run(const struct options *opt, struct err *e)
{
    struct input in = {0};
    struct ring r = {.training = opt->training};
    struct buf out;
    arena_init(&in.arena, SALE_ARENA);
    buf_init(&in.card, 256);
    buf_init(&r.text, TEXT_MAX);
    buf_init(&out, 64 * 1024 * 1024);
    int rc = prepare(opt, &in, &r, e);
    if (rc == 0) {
        r.basket = &in.form.basket;
        r.reference = opt->reference ? opt->reference : in.reference;
        r.arena = &in.arena;
        rc = ring_through(opt, &r, &out, e);
    }
    buf_free_secret(&in.card);
    buf_free(&r.text);
    buf_free(&out);
    arena_reset(&in.arena);
    return rc;
}

int cmd_sale(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"basket", OPT_TEXT, &o.basket, "FILE", "what is bought, as JSON", OPT_NEEDED},
        {"scan", OPT_EACH, &o.scans, "FILE|TEXT",
         "a coupon: a picture, a file, its text, or a code of nine digits; may be repeated", 0},
        {"card", OPT_TEXT, &o.card, "TOKEN|-", "the payment card's token; - reads it from standard input", 0},
        {"till", OPT_TEXT, &o.till, "NAME", "the till (till1); one that is not there is enrolled", 0},
        {"plugin", OPT_TEXT, &o.plugin, "PATH", "another tillproof.so than the one beside this program", 0},
        {"reference", OPT_TEXT, &o.reference, "TEXT",
         "the sale's own number; the same one tells the same sale", 0},
        {"training", OPT_FLAG, &o.training, NULL, "priced, but recorded nowhere", 0},
        {"json", OPT_FLAG, &o.json, NULL, "print the sale as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&o.scans);
    words_free(&rest);
    return status;
}
