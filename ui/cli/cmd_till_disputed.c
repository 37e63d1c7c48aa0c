#include "cli.h"
#include "dates.h"
#include "offer/money.h"
#include "office.h"
#include "store/evidence.h"

enum { ROW_MEMORY = 64 * 1024 };

static const struct usage usage = {
    "till disputed --shop DIR [--accept RECORD]... [--reject RECORD]... [--csv|--json]",
    "Lists what tills signed beyond their revocation, or outside of their key's time: it does not count "
    "until\n"
    "you accept it. A record is named by its last column; your latest word counts.",
    0, 0};

static const struct column columns[] = {
    {"till", COLUMN_TEXT}, {"epoch", COLUMN_COUNT}, {"seq", COLUMN_COUNT},  {"kind", COLUMN_TEXT},
    {"time", COLUMN_TEXT}, {"due", COLUMN_AMOUNT},  {"state", COLUMN_TEXT}, {"record", COLUMN_TEXT}};

struct listing {
    const struct policy *policy;
    int digits;
    struct table table;
};

static int64_t due_of(const struct statement *st)
{
    return st->kind == KIND_COMMIT    ? st->payload.commit.due
           : st->kind == KIND_REVERSE ? -st->payload.reverse.due
                                      : 0;
}

static void put_time(struct listing *l, int64_t time_ms)
{
    char memory[64];
    struct buf time;
    buf_over(&time, memory, sizeof memory);
    local_time_put(l->policy, time_ms, &time);
    table_cell(&l->table, buf_view(&time));
}

static int take(void *arg, const struct record_row *row, struct bytes raw)
{
    static const char *const words[] = {"counts", "disputed", "accepted", "rejected"};
    struct listing *l = arg;
    struct arena arena;
    struct statement st;
    char hex[2 * HASH_SIZE + 1];
    arena_init(&arena, ROW_MEMORY);
    int rc = !raw.p || statement_parse(raw, &arena, &st, NULL) || row->dispute < DISPUTE_NONE ||
                     row->dispute > DISPUTE_REJECTED
                 ? TP_E_CORRUPT
                 : 0;
    if (rc == 0) {
        table_cell(&l->table, row->till);
        table_count(&l->table, row->epoch);
        table_count(&l->table, row->seq);
        table_text(&l->table, kinds[st.kind].name);
        put_time(l, st.payload.common.time_ms);
        table_amount(&l->table, due_of(&st), l->digits);
        table_text(&l->table, words[row->dispute]);
        hex_encode(row->d, HASH_SIZE, hex);
        table_text(&l->table, hex);
    }
    arena_reset(&arena);
    return rc;
}

static int list(struct office *o, enum table_format format, struct err *e)
{
    struct arena arena;
    struct policy policy = {0};
    struct listing l = {.policy = &policy};
    struct buf out;
    arena_init(&arena, ROW_MEMORY);
    buf_init(&out, (size_t)1024 * 1024 * 1024);
    table_begin(&l.table, columns, sizeof columns / sizeof columns[0]);
    int rc = office_policy(o, &arena, &policy, e);
    l.digits = rc ? 0 : currency_digits(policy.currency);
    if (rc == 0 && (rc = store_disputes(o->store, take, &l)) != 0) {
        err_set(e, rc, "a disputed record cannot be read: %s", store_error(o->store));
    }
    if (rc == 0 && (rc = table_put(&l.table, format, &out)) != 0) {
        err_code(e, rc);
    }
    if (rc == 0) {
        buf_puts(&out, format == TABLE_JSON ? "\n" : "");
        cli_print(buf_view(&out));
    }
    table_free(&l.table);
    buf_free(&out);
    arena_reset(&arena);
    return rc;
}

static int rule_all(struct office *o, const struct words *records, int verdict, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < records->n && rc == 0; i++) {
        uint8_t d[HASH_SIZE];
        rc = hex_decode(bytes_str(records->v[i]), d, HASH_SIZE)
                 ? office_rule(o, d, verdict, e)
                 : err_set(e, TP_E_ARGUMENT, "'%.64s' does not name a record", records->v[i]);
    }
    return rc;
}

static int run(const char *dir, const struct words *accept, const struct words *reject,
               enum table_format format, struct err *e)
{
    struct office office;
    int rc = office_open(dir, accept->n || reject->n ? OFFICE_WRITE : OFFICE_READ, &office, e);
    if (rc) {
        return rc;
    }
    rc = rule_all(&office, accept, RULING_ACCEPT, e);
    rc = rc ? rc : rule_all(&office, reject, RULING_REJECT, e);
    rc = rc ? rc : list(&office, format, e);
    office_close(&office);
    return rc;
}

int cmd_till_disputed(int argc, char **argv)
{
    const char *dir = NULL;
    bool csv = false, json = false;
    struct words accept = {0}, reject = {0}, rest = {0};
    struct err e = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"accept", OPT_EACH, &accept, "RECORD", "this record counts", 0},
                               {"reject", OPT_EACH, &reject, "RECORD", "this record does not", 0},
                               {"csv", OPT_FLAG, &csv, NULL, "print it as CSV (RFC 4180)", 0},
                               {"json", OPT_FLAG, &json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        enum table_format format = json ? TABLE_JSON : csv ? TABLE_CSV : TABLE_ALIGNED;
        status = run(dir, &accept, &reject, format, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&accept);
    words_free(&reject);
    words_free(&rest);
    return status;
}
