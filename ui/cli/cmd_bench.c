#include "cli.h"
#include "forms/forms.h"
#include "tests/bench/bench.h"

#include <sys/stat.h>

static const struct usage usage = {
    "bench till|quote|authority|journal|audit [--rounds N] [--json] [options]",
    "Measures this machine, and prints each cost beside its floor: the raw cost of the same work in the "
    "same\n"
    "run. till: a sale's steps through the plugin, its start, memory and size. quote: prices a second.\n"
    "authority: tillproofd under the load of 1, 16 and 256 tills over HTTPS; N rounds are milliseconds.\n"
    "journal: commits of a till, a backlog on its way to the authority, a long journal opened.\n"
    "audit: a bundle checked, a statement at a time.\n"
    "start: one start of the plugin in this process, which till runs again and again; it needs --shop.",
    1, 1};

enum { COLUMNS_MAX = 32, OUT_MAX = 4 * 1024 * 1024 };

static struct progress bar;

static void show(int64_t done, int64_t total)
{
    bar.total = total;
    progress_step(&bar, done);
}

static const char *default_dir(void)
{
    struct stat st;
    if (stat("build", &st) || !S_ISDIR(st.st_mode)) {
        return ".";
    }
    return mkdir("build/bench", 0777) == 0 || (stat("build/bench", &st) == 0 && S_ISDIR(st.st_mode))
               ? "build/bench"
               : ".";
}

static void put_notes(const struct bench_report *r, bool json, struct buf *out)
{
    const char *at = (const char *)r->notes.p, *end = at + r->notes.n;
    for (bool first = true; at < end; first = false) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct bytes note = bytes_of(at, (size_t)((stop ? stop : end) - at));
        if (json) {
            buf_puts(out, first ? "" : ",");
            json_put_string(out, note);
        } else {
            buf_put(out, note.p, note.n);
            buf_putc(out, '\n');
        }
        at = stop ? stop + 1 : end;
    }
}

static int put_rows(const struct bench_report *r, bool json, struct buf *out)
{
    struct column columns[COLUMNS_MAX];
    struct table table;
    size_t at = 0;
    for (size_t i = 0; i < r->count && i < COLUMNS_MAX; i++) {
        columns[i] = (struct column){r->columns[i].name, r->columns[i].number ? COLUMN_COUNT : COLUMN_TEXT};
    }
    table_begin(&table, columns, r->count);
    for (size_t i = 0; i < r->n; i++) {
        const char *text = (const char *)r->cells.p + at;
        bool null = json && r->columns[i % r->count].number && strcmp(text, "-") == 0;
        at += strlen(text) + 1;
        table_text(&table, null ? "null" : text);
    }
    int rc = table_put(&table, json ? TABLE_JSON : TABLE_ALIGNED, out);
    table_free(&table);
    return rc;
}

static int put_report(const char *name, const struct bench_report *r, bool json, struct err *e)
{
    struct buf out;
    buf_init(&out, OUT_MAX);
    if (json) {
        buf_printf(&out, "{\"bench\":\"%s\",\"rows\":", name);
    }
    int rc = r->cells.failed || r->notes.failed ? TP_E_MEMORY : put_rows(r, json, &out);
    buf_puts(&out, json ? ",\"notes\":[" : "\n");
    put_notes(r, json, &out);
    buf_puts(&out, json ? "]}\n" : "");
    if (rc == 0 && !out.failed) {
        cli_print(buf_view(&out));
    } else {
        rc = err_code(e, TP_E_MEMORY);
    }
    buf_free(&out);
    return rc;
}

typedef int (*bench_fn)(const struct bench_options *, struct bench_report *, struct err *);

static bench_fn bench_named(const char *name)
{
    static const struct {
        const char *name;
        bench_fn run;
    } benches[] = {{"till", bench_till},
                   {"quote", bench_quote},
                   {"authority", bench_authority},
                   {"journal", bench_journal},
                   {"audit", bench_audit}};
    for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
        if (strcmp(name, benches[i].name) == 0) {
            return benches[i].run;
        }
    }
    return NULL;
}

static int run(const char *name, const struct bench_options *o, bool json, struct err *e)
{
    struct bench_report r = {0};
    bench_fn bench = bench_named(name);
    progress_begin(&bar, "measuring", 1);
    int rc = bench(o, &r, e);
    progress_end(&bar);
    rc = rc ? rc : put_report(name, &r, json, e);
    bench_report_free(&r);
    return rc;
}

int cmd_bench(int argc, char **argv)
{
    struct bench_options o = {.peer = "build/bench-peer", .progress = show, .stored_file = -1};
    const char *shop = NULL;
    bool json = false;
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"rounds", OPT_INT, &o.rounds, "N", "how often each thing is measured (till: 200, quote: 2000)", 0},
        {"records", OPT_INT, &o.records, "N", "journal: how many the long one has; a tenth is sent (1000000)",
         0},
        {"dir", OPT_TEXT, &o.dir, "DIR", "where till makes its shop, and removes it (build/bench, or .)", 0},
        {"plugin", OPT_TEXT, &o.plugin, "PATH", "another tillproof.so than the one beside this program", 0},
        {"peer", OPT_TEXT, &o.peer, "DIR", "what it is compared with, and its modules (build/bench-peer)", 0},
        {"store", OPT_TEXT, &o.store, "ADDRESS",
         "authority: a PostgreSQL server, where databases are made and dropped", 0},
        {"stored", OPT_INT, &o.stored, "N", "authority: a commit among 1000, 10000, ... N stored ones", 0},
        {"stored-file", OPT_INT, &o.stored_file, "N",
         "authority: so many over SQLite, where that is another N", 0},
        {"clients", OPT_INT, &o.clients, "N", "authority: at most so many tills (256)", 0},
        {"shop", OPT_TEXT, &shop, "DIR", "start: the shop whose till1 is opened", 0},
        {"json", OPT_FLAG, &json, NULL, "print the table as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        const char *name = rest.v[0];
        o.dir = o.dir ? o.dir : default_dir();
        if (strcmp(name, "start") == 0 && shop) {
            status = bench_start(o.plugin, shop, stdout, &e) ? cli_fail(&e) : CLI_DONE;
        } else if (bench_named(name)) {
            status = run(name, &o, json, &e) ? cli_fail(&e) : CLI_DONE;
        } else {
            status = cli_error(
                TP_E_ARGUMENT,
                "there are bench till, quote, authority, journal, audit, and bench start --shop DIR");
        }
    }
    words_free(&rest);
    return status;
}
