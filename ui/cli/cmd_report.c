#include "cli.h"
#include "dates.h"
#include "forms/forms.h"
#include "offer/money.h"
#include "office.h"
#include "report/report.h"

static const struct usage usage = {
    "report redemptions|roi|conflicts --shop DIR [--from DATE] [--to DATE] [--csv|--json]",
    "redemptions: each redemption, with its share of the sale's amounts and its fee, what returns took back\n"
    "of its discount, and the cashback that is owed for it after returns.\n"
    "roi: what was issued, redeemed and earned through each channel and campaign. Sales that no offer "
    "brought\n"
    "stand in the row (none); the columns add up to the sales, less the returns in the row\n"
    "(returns). Voided sales do not count.\n"
    "conflicts: each redemption that goes beyond what was granted, or of a coupon that another sale had "
    "used:\n"
    "both sales, the amount less what came back, and who bears it. Then each return and void that gave back "
    "more\n"
    "than there was, with the sale that it came back of as the other one.",
    1, 1};

static const struct column redemption_columns[] = {
    {"time", COLUMN_TEXT},    {"till", COLUMN_TEXT},       {"sale", COLUMN_TEXT},
    {"offer", COLUMN_TEXT},   {"channel", COLUMN_TEXT},    {"campaign", COLUMN_TEXT},
    {"gross", COLUMN_AMOUNT}, {"discount", COLUMN_AMOUNT}, {"net", COLUMN_AMOUNT},
    {"fee", COLUMN_AMOUNT},   {"returned", COLUMN_AMOUNT}, {"cashback", COLUMN_AMOUNT},
    {"outcome", COLUMN_TEXT}};
static const struct column roi_columns[] = {{"channel", COLUMN_TEXT}, {"campaign", COLUMN_TEXT},
                                            {"issued", COLUMN_COUNT}, {"redeemed", COLUMN_COUNT},
                                            {"gross", COLUMN_AMOUNT}, {"discount", COLUMN_AMOUNT},
                                            {"net", COLUMN_AMOUNT},   {"fee", COLUMN_AMOUNT}};
static const struct column conflict_columns[] = {
    {"time", COLUMN_TEXT},     {"till", COLUMN_TEXT},     {"sale", COLUMN_TEXT},  {"offer", COLUMN_TEXT},
    {"outcome", COLUMN_TEXT},  {"amount", COLUMN_AMOUNT}, {"bears", COLUMN_TEXT}, {"won_time", COLUMN_TEXT},
    {"won_till", COLUMN_TEXT}, {"won_sale", COLUMN_TEXT}, {"of", COLUMN_TEXT}};
static const char *const conflict_words[] = {"redemption", "return", "void"};

struct options {
    const char *name, *dir, *from, *to;
    bool csv, json;
};

struct making {
    const struct policy *policy;
    int digits;
    struct table table;
};

static enum table_format format_of(const struct options *o)
{
    return o->csv ? TABLE_CSV : o->json ? TABLE_JSON : TABLE_ALIGNED;
}

/* Time, till and sale: three cells. */
static void put_sale(struct making *m, int64_t time_ms, const char *till, const uint8_t sale[ID_SIZE])
{
    char hex[2 * ID_SIZE + 1], memory[64];
    struct buf time;
    buf_over(&time, memory, sizeof memory);
    local_time_put(m->policy, time_ms, &time);
    table_cell(&m->table, buf_view(&time));
    table_text(&m->table, till);
    hex_encode(sale, ID_SIZE, hex);
    table_text(&m->table, hex);
}

static void put_offer(struct making *m, struct bytes id, const uint8_t ref[REF_SIZE])
{
    char hex[2 * REF_SIZE + 1];
    hex_encode(ref, REF_SIZE, hex);
    table_cell(&m->table, id.n ? id : bytes_str(hex));
}

static int take_conflict(void *arg, const struct report_conflict *row)
{
    struct making *m = arg;
    struct table *t = &m->table;
    put_sale(m, row->time_ms, row->till, row->sale);
    if (row->of == CONFLICT_OF_REDEMPTION) {
        put_offer(m, row->offer, row->ref);
    } else {
        table_text(t, "");
    }
    table_text(t, code_word(row->outcome));
    table_amount(t, row->amount, m->digits);
    table_text(t, bears_words[row->bears]);
    if (row->has_winner) {
        put_sale(m, row->winner_time_ms, row->winner_till, row->winner_sale);
    }
    for (int i = 0; !row->has_winner && i < 3; i++) {
        table_text(t, "");
    }
    table_text(t, conflict_words[row->of]);
    return t->cells.failed ? TP_E_MEMORY : 0;
}

static int take_redemption(void *arg, const struct report_redemption *row)
{
    struct making *m = arg;
    struct table *t = &m->table;
    put_sale(m, row->time_ms, row->till, row->sale);
    put_offer(m, row->offer, row->ref);
    table_text(t, row->channel);
    table_text(t, row->campaign);
    table_amount(t, row->gross, m->digits);
    table_amount(t, row->discount, m->digits);
    table_amount(t, row->net, m->digits);
    table_amount(t, row->fee, m->digits);
    table_amount(t, row->returned, m->digits);
    table_amount(t, row->cashback, m->digits);
    table_text(t, code_word(row->outcome));
    return t->cells.failed ? TP_E_MEMORY : 0;
}

static void add_roi_row(struct making *m, const struct report_roi_row *row, const char *name)
{
    struct table *t = &m->table;
    table_text(t, name ? name : row->channel);
    table_text(t, row->campaign);
    table_count(t, row->issued);
    table_count(t, row->redeemed);
    table_amount(t, row->gross, m->digits);
    table_amount(t, row->discount, m->digits);
    table_amount(t, row->net, m->digits);
    table_amount(t, row->fee, m->digits);
}

static int make_redemptions(struct office *o, const struct report_range *range, struct making *m,
                            struct err *e)
{
    table_begin(&m->table, redemption_columns, sizeof redemption_columns / sizeof redemption_columns[0]);
    return report_redemptions(o->store, range, take_redemption, m, e);
}

static int make_conflicts(struct office *o, const struct report_range *range, struct making *m, struct err *e)
{
    table_begin(&m->table, conflict_columns, sizeof conflict_columns / sizeof conflict_columns[0]);
    return report_conflicts(o->store, range, take_conflict, m, e);
}

static int make_roi(struct office *o, const struct report_range *range, struct making *m, struct err *e)
{
    struct report_roi roi = {0};
    int rc = report_roi(o->store, range, &roi, e);
    if (rc) {
        return rc;
    }
    table_begin(&m->table, roi_columns, sizeof roi_columns / sizeof roi_columns[0]);
    for (size_t i = 0; i < roi.n; i++) {
        add_roi_row(m, &roi.rows[i], NULL);
    }
    add_roi_row(m, &roi.none, "(none)");
    if (roi.returns.gross || roi.returns.discount || roi.returns.net) {
        add_roi_row(m, &roi.returns, "(returns)");
    }
    add_roi_row(m, &roi.total, "total");
    report_roi_free(&roi);
    return 0;
}

/* The reports by name. */
static const struct {
    const char *name;
    int (*make)(struct office *o, const struct report_range *range, struct making *m, struct err *e);
} reports[] = {{"redemptions", make_redemptions}, {"roi", make_roi}, {"conflicts", make_conflicts}};
enum { REPORTS = sizeof reports / sizeof reports[0] };

static size_t report_named(const char *name)
{
    size_t i = 0;
    while (i < REPORTS && strcmp(reports[i].name, name) != 0) {
        i++;
    }
    return i;
}

static int print(const struct options *o, const struct making *m, struct err *e)
{
    struct buf out;
    buf_init(&out, (size_t)1024 * 1024 * 1024);
    if (o->json) {
        buf_printf(&out, "{\"report\":\"%s\",\"currency\":", o->name);
        json_put_string(&out, m->policy->currency);
        buf_puts(&out, ",\"rows\":");
    }
    int rc = table_put(&m->table, format_of(o), &out);
    buf_puts(&out, o->json ? "}\n" : "");
    if (rc == 0 && format_of(o) == TABLE_ALIGNED) {
        buf_printf(&out, "amounts in %.*s\n", (int)m->policy->currency.n,
                   (const char *)m->policy->currency.p);
    }
    if (rc == 0 && !out.failed) {
        cli_print(buf_view(&out));
    } else {
        rc = err_set(e, TP_E_MEMORY, "the report is too long; ask for fewer days with --from and --to");
    }
    buf_free(&out);
    return rc;
}

static int read_range(const struct options *o, const struct policy *policy, struct report_range *range,
                      struct err *e)
{
    int rc = 0;
    *range = (struct report_range){.from_ms = 0, .until_ms = TIME_MAX};
    if (o->from) {
        rc = local_day_parse(policy, o->from, false, &range->from_ms, e);
    }
    if (rc == 0 && o->to) {
        rc = local_day_parse(policy, o->to, true, &range->until_ms, e);
    }
    if (rc == 0 && range->from_ms >= range->until_ms) {
        rc = err_set(e, TP_E_ARGUMENT, "--to is before --from");
    }
    return rc;
}

static int run(const struct options *o, struct err *e)
{
    struct office office;
    struct arena a;
    struct policy policy = {0};
    struct report_range range;
    struct making m = {.policy = &policy};
    int rc = office_open(o->dir, OFFICE_READ, &office, e);
    if (rc) {
        return rc;
    }
    arena_init(&a, 64 * 1024);
    rc = office_policy(&office, &a, &policy, e);
    if (rc == 0) {
        rc = read_range(o, &policy, &range, e);
    }
    if (rc == 0) {
        m.digits = currency_digits(policy.currency);
        rc = reports[report_named(o->name)].make(&office, &range, &m, e);
    }
    if (rc == 0) {
        rc = print(o, &m, e);
    }
    table_free(&m.table);
    arena_reset(&a);
    office_close(&office);
    return rc;
}

static int check(const struct options *o, struct err *e)
{
    if (report_named(o->name) == REPORTS) {
        return err_set(e, TP_E_ARGUMENT, "'%.40s' is not a report; there are: redemptions, roi, conflicts",
                       o->name);
    }
    return o->csv && o->json ? err_set(e, TP_E_ARGUMENT, "give --csv or --json, not both") : 0;
}

int cmd_report(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"from", OPT_TEXT, &o.from, "DATE", "the first day, like 2026-11-01", 0},
                               {"to", OPT_TEXT, &o.to, "DATE", "the last day, like 2026-11-30", 0},
                               {"csv", OPT_FLAG, &o.csv, NULL, "print it as CSV (RFC 4180)", 0},
                               {"json", OPT_FLAG, &o.json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        o.name = rest.v[0];
        status = check(&o, &e) || run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
