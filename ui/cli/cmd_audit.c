#include "cli.h"
#include "audit_tables.h"
#include "files.h"
#include "forms/forms.h"
#include "report/audit.h"
#include "shop/shop.h"

#include <stdlib.h>

static const struct usage usage = {
    "audit --shop DIR [--json]",
    "Checks the shop's books against themselves, on a copy: every signature, the log and its checkpoints, "
    "each\n"
    "till's chain and closes, and that the tables reports are made from are what the signed records make.\n"
    "Names the first false thing and ends with 1. A record that is missing ends with 1, too.",
    0, 0};

struct auditing {
    struct audit a;
    struct shop shop;
    char dir[SHOP_PATH_MAX], copy[SHOP_PATH_MAX + 16];
    bool json;
    struct buf tills;      /* what is said of each, in the form that was asked for */
    char open[AUDIT_TEXT]; /* the first gap */
};

static void each_till(void *arg, const struct audit_till *t)
{
    struct auditing *g = arg;
    struct buf *out = &g->tills;
    bool gap = t->last > t->proved;
    if (g->json) {
        buf_puts(out, out->n ? ",{\"till\":" : "{\"till\":");
        json_put_string(out, bytes_str(t->till));
        buf_printf(out, ",\"epoch\":%lld,\"records\":%lld,\"last\":%lld,\"proved\":%lld,\"closed\":%lld}",
                   (long long)t->epoch, (long long)t->records, (long long)t->last, (long long)t->proved,
                   (long long)t->closed);
    } else {
        buf_printf(out, "%-12s epoch %lld: %lld records, closed up to seq %lld%s", t->till,
                   (long long)t->epoch, (long long)t->records, (long long)t->closed, gap ? "; " : "\n");
        if (gap) {
            buf_printf(out, "not provable beyond seq %lld\n", (long long)t->proved);
        }
    }
    if (gap && !g->open[0]) {
        snprintf(g->open, sizeof g->open,
                 "%s, epoch %lld: not provable beyond seq %lld: record %lld is missing", t->till,
                 (long long)t->epoch, (long long)t->proved, (long long)t->proved + 1);
    }
}

/* A copy in a folder of its own, so that one moment is looked at and the shop is not held up. */
static int make_copy(struct auditing *g, struct err *e)
{
    struct store *kept = NULL;
    const char *tmp = getenv("TMPDIR");
    snprintf(g->dir, sizeof g->dir, "%.900s/tillproof-audit-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    int rc = file_temp_dir(g->dir, e);
    if (rc) {
        g->dir[0] = 0;
        return rc;
    }
    snprintf(g->copy, sizeof g->copy, "%s/copy.db", g->dir);
    rc = shop_store(&g->shop, &kept, e);
    if (rc == 0 && (rc = store_copy(kept, g->copy)) != 0) {
        err_set(e, rc, "the shop's database cannot be copied to %.100s: %s", g->dir, store_error(kept));
    }
    store_close(kept);
    return rc;
}

static int check(struct auditing *g, struct err *e)
{
    struct store *s = NULL;
    int rc = store_open(g->copy, g->shop.authority, 0, &s, e);
    rc = rc ? rc : audit_statements(&g->a, s, e);
    rc = rc ? rc : audit_log(&g->a, s, e);
    if (rc == 0) {
        rc = audit_tables(&g->shop, g->dir, g->copy, s, g->a.wrong, e);
    }
    rc = rc ? rc : audit_chains(&g->a, s, e);
    store_close(s);
    return rc;
}

static const char *witness_text(const struct audit *a)
{
    return a->cosigned ? "witnessed" : "self-kept: proves nothing against the keeper";
}

static void print_json(const struct auditing *g, bool whole)
{
    const struct audit *a = &g->a;
    struct buf out;
    buf_init(&out, (size_t)64 * 1024 * 1024);
    buf_printf(&out, "{\"true\":%s,\"statements\":%lld,\"records\":%lld,\"closes\":%lld,\"erased\":%lld,",
               whole && !g->open[0] ? "true" : "false", (long long)a->statements, (long long)a->records,
               (long long)a->closes, (long long)a->erased);
    buf_printf(&out, "\"leaves\":%lld,\"checkpoints\":%lld,\"waiting\":%lld,\"witnessed\":%lld,",
               (long long)a->leaves, (long long)a->checkpoints, (long long)a->waiting,
               (long long)a->cosigned);
    buf_puts(&out, "\"wrong\":");
    if (a->wrong[0] || g->open[0]) {
        json_put_string(&out, bytes_str(a->wrong[0] ? a->wrong : g->open));
    } else {
        buf_puts(&out, "null");
    }
    buf_puts(&out, ",\"tills\":[");
    buf_put(&out, g->tills.p, g->tills.n);
    buf_puts(&out, "]}\n");
    cli_print(buf_view(&out));
    buf_free(&out);
}

static void print(const struct auditing *g, bool whole)
{
    const struct audit *a = &g->a;
    if (g->json) {
        print_json(g, whole);
        return;
    }
    if (!whole) {
        return; /* the one line that says what is false is enough */
    }
    printf("%-12s %lld, each signed by a key that might; %lld records, %lld closes\n", "statements",
           (long long)a->statements, (long long)a->records, (long long)a->closes);
    printf("%-12s %lld leaves under %lld checkpoints; %lld wait\n", "log", (long long)a->leaves,
           (long long)a->checkpoints, (long long)a->waiting);
    printf("%-12s what reports read is what the records make\n", "tables");
    cli_print(buf_view(&g->tills));
    if (a->erased) {
        printf("%-12s %lld persons' parts\n", "erased", (long long)a->erased);
    }
    if (a->cosigned) {
        printf("%-12s up to leaf %lld\n", witness_text(a), (long long)a->cosigned);
    } else {
        puts(witness_text(a));
    }
}

static int finish(struct auditing *g, int rc, struct err *e)
{
    if (rc < 0) {
        return cli_fail(e);
    }
    print(g, rc == 0);
    int flushed = cli_flush(e);
    if (flushed) {
        return cli_fail(e);
    }
    if (rc || g->open[0]) {
        cli_error(TP_E_CORRUPT, "%s", rc ? g->a.wrong : g->open);
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

static int run(const char *dir, bool json)
{
    struct auditing g = {.json = json};
    struct err e = {0};
    int rc = shop_load(dir, &g.shop, &e);
    if (rc) {
        return cli_fail(&e);
    }
    buf_init(&g.tills, (size_t)32 * 1024 * 1024);
    audit_begin(&g.a, g.shop.authority, g.shop.root);
    g.a.till = each_till;
    g.a.arg = &g;
    rc = make_copy(&g, &e);
    rc = rc ? rc : check(&g, &e);
    int status = finish(&g, rc, &e);
    audit_end(&g.a);
    buf_free(&g.tills);
    if (g.dir[0]) {
        file_remove_tree(g.dir);
    }
    return status;
}

int cmd_audit(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"json", OPT_FLAG, &json, NULL, "print what was found as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(dir, json);
    }
    words_free(&rest);
    return status;
}
