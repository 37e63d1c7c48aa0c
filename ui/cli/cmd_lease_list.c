#include "cli.h"
#include "dates.h"
#include "forms/forms.h"
#include "offer/money.h"
#include "office.h"
#include "report/report.h"

#include <inttypes.h>

static const struct usage usage = {"lease list --shop DIR [--till NAME] [--csv|--json]",
                                   "What each till may still spend of an offer without a line: what is left "
                                   "of its uses or money, for which coupons,\n"
                                   "and until when. It stays set apart until the till gives it back, also "
                                   "when its time is over (ended) or the till\n"
                                   "has given back the rest and some of its records are missing (missing). "
                                   "bears: who pays for what a till spends\n"
                                   "beyond it.",
                                   0, 0};

static const struct column columns[] = {
    {"lease", COLUMN_COUNT},      {"till", COLUMN_TEXT},   {"offer", COLUMN_TEXT},  {"coupons", COLUMN_TEXT},
    {"left_uses", COLUMN_AMOUNT}, {"uses", COLUMN_AMOUNT}, {"left", COLUMN_AMOUNT}, {"amount", COLUMN_AMOUNT},
    {"until", COLUMN_TEXT},       {"state", COLUMN_TEXT},  {"bears", COLUMN_TEXT}};

struct options {
    const char *dir, *till;
    bool csv, json;
};

/* What the leases keep, together. */
struct listing {
    const struct policy *policy;
    int digits;
    int64_t now;
    struct table table;
    int64_t leases, uses, amount;
    int64_t borne[2]; /* of them, by enum bearer */
};

/* Of what is not counted nothing is said. */
static void put_number(struct table *t, int64_t v, bool counted, int digits)
{
    if (!counted) {
        table_text(t, "");
    } else {
        table_amount(t, v, digits);
    }
}

static void put_coupons(struct table *t, const struct report_lease *row)
{
    char text[80] = "";
    if (row->batch != NONE) {
        snprintf(text, sizeof text, "%" PRId64 ":%" PRId64 "-%" PRId64, row->batch, row->first, row->last);
    }
    table_text(t, text);
}

static int take(void *arg, const struct report_lease *row)
{
    struct listing *l = arg;
    struct table *t = &l->table;
    char hex[2 * REF_SIZE + 1], memory[64];
    struct buf until;
    hex_encode(row->ref, REF_SIZE, hex);
    buf_over(&until, memory, sizeof memory);
    local_time_put(l->policy, row->until_ms, &until);
    table_count(t, row->number);
    table_text(t, row->till);
    table_cell(t, row->offer.n ? row->offer : bytes_str(hex));
    put_coupons(t, row);
    put_number(t, row->left_uses, row->uses != NONE, 0);
    put_number(t, row->uses, row->uses != NONE, 0);
    put_number(t, row->left_amount, row->amount != NONE, l->digits);
    put_number(t, row->amount, row->amount != NONE, l->digits);
    table_cell(t, buf_view(&until));
    table_text(t, row->given_back ? "missing" : row->until_ms <= l->now ? "ended" : "live");
    table_text(t, bears_words[row->bears]);
    l->leases++;
    l->uses += row->left_uses;
    l->amount += row->left_amount;
    l->borne[row->bears == BEARS_ISSUER]++;
    return t->cells.failed ? TP_E_MEMORY : 0;
}

static void put_sums(const struct listing *l, bool json, struct buf *out)
{
    if (json) {
        buf_printf(out, ",\"leases\":%" PRId64 ",\"uses\":%" PRId64 ",\"amount\":\"", l->leases, l->uses);
        decimal_put(out, l->amount, l->digits);
        buf_printf(out, "\",\"borne_by\":{\"merchant\":%" PRId64 ",\"issuer\":%" PRId64 "}}\n", l->borne[0],
                   l->borne[1]);
        return;
    }
    buf_printf(out, "outstanding: %" PRId64 " lease%s, %" PRId64 " uses, ", l->leases,
               l->leases == 1 ? "" : "s", l->uses);
    decimal_put(out, l->amount, l->digits);
    buf_printf(out, " %.*s; beyond them: merchant bears %" PRId64 ", issuer %" PRId64 "\n",
               (int)l->policy->currency.n, (const char *)l->policy->currency.p, l->borne[0], l->borne[1]);
}

static int print(const struct options *o, const struct listing *l, struct err *e)
{
    enum table_format format = o->csv ? TABLE_CSV : o->json ? TABLE_JSON : TABLE_ALIGNED;
    struct buf out;
    buf_init(&out, (size_t)256 * 1024 * 1024);
    if (o->json) {
        buf_puts(&out, "{\"currency\":");
        json_put_string(&out, l->policy->currency);
        buf_puts(&out, ",\"rows\":");
    }
    int rc = table_put(&l->table, format, &out);
    if (rc == 0 && format != TABLE_CSV) {
        put_sums(l, o->json, &out);
    }
    if (rc == 0 && !out.failed) {
        cli_print(buf_view(&out));
    } else {
        rc = err_set(e, TP_E_MEMORY, "the list is too long; ask for one till with --till");
    }
    buf_free(&out);
    return rc;
}

static int run(const struct options *o, struct err *e)
{
    struct office office;
    struct arena a;
    struct policy policy = {0};
    struct till_row till;
    struct listing l = {.policy = &policy};
    int rc = office_open(o->dir, OFFICE_READ, &office, e);
    if (rc) {
        return rc;
    }
    arena_init(&a, 64 * 1024);
    table_begin(&l.table, columns, sizeof columns / sizeof columns[0]);
    rc = office_policy(&office, &a, &policy, e);
    if (rc == 0 && o->till && store_till(office.store, bytes_str(o->till), &till) != 0) {
        rc = err_set(e, TP_UNKNOWN_TILL, "the shop has no till '%.32s'", o->till);
    }
    if (rc == 0) {
        l.digits = currency_digits(policy.currency);
        l.now = office_common(&office).time_ms;
        rc = report_leases(office.store, o->till, take, &l, e);
    }
    rc = rc ? rc : print(o, &l, e);
    table_free(&l.table);
    arena_reset(&a);
    office_close(&office);
    return rc;
}

int cmd_lease_list(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"till", OPT_TEXT, &o.till, "NAME", "of this till alone", 0},
                               {"csv", OPT_FLAG, &o.csv, NULL, "print it as CSV (RFC 4180)", 0},
                               {"json", OPT_FLAG, &o.json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO && o.csv && o.json) {
        status = cli_error(TP_E_ARGUMENT, "give --csv or --json, not both");
    }
    if (status == CLI_GO) {
        status = run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
