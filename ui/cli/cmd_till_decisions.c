#include "cli.h"
#include "dates.h"
#include "forms/forms.h"
#include "offer/money.h"
#include "till_file.h"

static const struct usage usage = {
    "till decisions --shop DIR [--till NAME] [--from DATE] [--to DATE] [--all] [--csv|--json]",
    "Each decision that the till took without its authority: for which sale, of which offer and coupon, "
    "given or\n"
    "not, and why; at the hold that had no answer, or by the commit. --all: those with it, too.\n"
    "It is read from the till's own file; the till may be open.",
    0, 0};

static const struct column columns[] = {
    {"time", COLUMN_TEXT},  {"sale", COLUMN_TEXT},     {"by", COLUMN_TEXT},
    {"alone", COLUMN_TEXT}, {"offer", COLUMN_TEXT},    {"batch", COLUMN_TEXT},
    {"index", COLUMN_TEXT}, {"decision", COLUMN_TEXT}, {"amount", COLUMN_AMOUNT}};

struct options {
    const char *dir, *till, *from, *to;
    bool all, csv, json;
};

struct listing {
    struct till_file f;
    struct table table;
    int digits;
};

static void put_number(struct table *t, int64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)v);
    table_text(t, v == NONE ? "" : text);
}

static int put(void *arg, const struct journal_decided *v)
{
    struct listing *l = arg;
    struct table *t = &l->table;
    char memory[64], hex[2 * REF_SIZE + 1];
    struct buf time;
    const struct offer *o = till_file_offer(&l->f, v->what.offer);
    buf_over(&time, memory, sizeof memory);
    local_time_put(&l->f.policy, v->what.time_ms, &time);
    hex_encode(v->what.offer, REF_SIZE, hex);
    table_cell(t, buf_view(&time));
    table_text(t, v->reference);
    table_text(t, v->committed ? "commit" : v->past ? "earlier hold" : "hold");
    table_text(t, v->what.alone ? "yes" : "no");
    table_cell(t, o ? o->id : bytes_str(hex));
    put_number(t, v->what.batch);
    put_number(t, v->what.index);
    table_text(t, code_word(v->what.reason ? v->what.reason : TP_APPLIED));
    table_amount(t, v->what.amount, l->digits);
    return t->cells.failed ? TP_E_MEMORY : 0;
}

static int print(const struct options *o, const struct listing *l, struct err *e)
{
    struct buf out;
    buf_init(&out, (size_t)1024 * 1024 * 1024);
    int rc = table_put(&l->table, o->csv ? TABLE_CSV : o->json ? TABLE_JSON : TABLE_ALIGNED, &out);
    buf_puts(&out, o->json ? "\n" : "");
    if (rc || out.failed) {
        rc = err_set(e, TP_E_MEMORY, "the list is too long; ask for fewer days with --from and --to");
    } else {
        cli_print(buf_view(&out));
    }
    buf_free(&out);
    return rc;
}

static int run(const struct options *o, struct err *e)
{
    struct listing l = {.digits = 2};
    int64_t from = 0, until = TIME_MAX;
    if (o->csv && o->json) {
        return err_set(e, TP_E_ARGUMENT, "give --csv or --json, not both");
    }
    int rc = till_file_open(o->dir, o->till, &l.f, e);
    if (rc) {
        return rc;
    }
    if (o->from) {
        rc = local_day_parse(&l.f.policy, o->from, false, &from, e);
    }
    if (rc == 0 && o->to) {
        rc = local_day_parse(&l.f.policy, o->to, true, &until, e);
    }
    if (l.f.policy.version) {
        l.digits = currency_digits(l.f.policy.currency);
    }
    table_begin(&l.table, columns, sizeof columns / sizeof columns[0]);
    rc = rc ? rc : journal_decisions(l.f.journal, from, until, !o->all, put, &l, e);
    rc = rc ? rc : print(o, &l, e);
    table_free(&l.table);
    till_file_close(&l.f);
    return rc;
}

int cmd_till_decisions(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"till", OPT_TEXT, &o.till, "NAME", "the till (till1)", 0},
                               {"from", OPT_TEXT, &o.from, "DATE", "the first day, like 2026-11-01", 0},
                               {"to", OPT_TEXT, &o.to, "DATE", "the last day, like 2026-11-30", 0},
                               {"all", OPT_FLAG, &o.all, NULL, "also what was decided with the authority", 0},
                               {"csv", OPT_FLAG, &o.csv, NULL, "print it as CSV (RFC 4180)", 0},
                               {"json", OPT_FLAG, &o.json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
