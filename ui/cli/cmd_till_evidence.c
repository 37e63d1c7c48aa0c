#include "cli.h"
#include "dates.h"
#include "files.h"
#include "till_file.h"

static const struct usage usage = {"till evidence --shop DIR [--till NAME] [--out DIR] [--json]",
                                   "What this till's authority signed and should not have: receipts that "
                                   "prove nothing, and checkpoints of a log\n"
                                   "that is not the one before. --out writes each as files (COSE_Sign1), the "
                                   "checkpoint that was seen before\n"
                                   "beside it. Ends with 1 when there is any.",
                                   0, 0};

static const struct column columns[] = {
    {"number", COLUMN_COUNT}, {"time", COLUMN_TEXT}, {"what", COLUMN_TEXT}, {"about", COLUMN_TEXT}};

struct options {
    const char *dir, *till, *out;
    bool json;
};

struct listing {
    const struct options *o;
    struct till_file f;
    struct table table;
    int64_t n;
    int what; /* the first one's code */
    struct err *e;
};

static int write_one(const struct listing *l, const char *name, struct bytes raw)
{
    char path[SHOP_PATH_MAX];
    if (!raw.n) {
        return 0;
    }
    if ((size_t)snprintf(path, sizeof path, "%s/%lld-%s.cose", l->o->out, (long long)l->n, name) >=
        sizeof path) {
        return err_set(l->e, TP_E_ARGUMENT, "--out names too long a path");
    }
    return file_write(path, raw, FILE_NOW, l->e);
}

static int take(void *arg, const struct journal_evidence *v)
{
    struct listing *l = arg;
    char memory[64], hex[2 * HASH_SIZE + 1];
    struct buf time;
    l->n++;
    l->what = l->what ? l->what : v->what;
    buf_over(&time, memory, sizeof memory);
    local_time_put(&l->f.policy, v->time_ms, &time);
    hex_encode(v->key, HASH_SIZE, hex);
    table_count(&l->table, l->n);
    table_cell(&l->table, buf_view(&time));
    table_text(&l->table, code_word(v->what));
    table_text(&l->table, hex);
    int rc = l->o->out ? write_one(l, code_word(v->what), v->raw) : 0;
    rc = rc || !l->o->out ? rc : write_one(l, "seen-before", v->seen);
    return rc ? rc : l->table.cells.failed ? TP_E_MEMORY : 0;
}

static int print(const struct listing *l, struct err *e)
{
    struct buf out;
    buf_init(&out, 1024 * 1024);
    int rc = table_put(&l->table, l->o->json ? TABLE_JSON : TABLE_ALIGNED, &out);
    buf_puts(&out, l->o->json ? "\n" : "");
    if (rc == 0 && !out.failed) {
        cli_print(buf_view(&out));
    }
    rc = rc || !out.failed ? rc : err_code(e, TP_E_MEMORY);
    buf_free(&out);
    return rc;
}

static int run(const struct options *o, struct err *e)
{
    struct listing l = {.o = o, .e = e};
    int rc = till_file_open(o->dir, o->till, &l.f, e);
    if (rc) {
        return rc;
    }
    table_begin(&l.table, columns, sizeof columns / sizeof columns[0]);
    rc = journal_evidence(l.f.journal, take, &l, e);
    rc = rc ? rc : print(&l, e);
    if (rc == 0 && l.n) {
        rc = err_set(e, l.what, "the authority signed %lld thing%s that it should not have", (long long)l.n,
                     l.n == 1 ? "" : "s");
    }
    table_free(&l.table);
    till_file_close(&l.f);
    return rc;
}

int cmd_till_evidence(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"till", OPT_TEXT, &o.till, "NAME", "the till (till1)", 0},
                               {"out", OPT_TEXT, &o.out, "DIR", "a folder for the files", 0},
                               {"json", OPT_FLAG, &o.json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
