#include "cli.h"
#include "audit_file.h"
#include "audit_tables.h"
#include "forms/forms.h"
#include "keys/keyfile.h"
#include "publish/publish.h"
#include "shop/shop.h"

#include <stdlib.h>

static const struct usage usage = {
    "audit --shop DIR | BUNDLE | https://HOST[:PORT] --ca FILE [--token FILE] [--root FILE]\n"
    "      [--witness KEY]... [--all-receipts] [--json]",
    "Checks a shop's books, or a bundle of them, against themselves: every signature, the log and its "
    "checkpoints,\n"
    "each till's chain and closes, and that the tables reports are made from are what the signed records "
    "make.\n"
    "Names the first false thing and ends with 1. A record that is missing ends with 1, too.",
    0, 1};

struct auditing {
    struct audit a;
    struct shop shop;
    struct audit_place place;
    const char *root_file; /* the root key that the auditor names; NULL: none */
    uint8_t root[HASH_SIZE];
    struct audit_url url;
    struct words witness_keys; /* as C2SP writes them */
    struct witnesses witnesses;
    bool json;
    struct buf tills;      /* what is said of each, in the form that was asked for */
    char open[AUDIT_TEXT]; /* the first gap */
};

static void prepare(void *arg, struct audit *a);

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

/* What a server keeps is no file: one moment of it becomes a bundle. */
static int audit_served(struct auditing *g, struct store *kept, struct err *e)
{
    struct bundle_header header = {.parts = true};
    struct bundle_end end;
    char path[sizeof g->place.dir + 16];
    snprintf(path, sizeof path, "%s/books.tpb", g->place.dir);
    memcpy(header.authority, g->shop.authority, ID_SIZE);
    memcpy(header.root, g->shop.root, HASH_SIZE);
    FILE *f = fopen(path, "wxe");
    if (!f) {
        return err_set(e, TP_E_IO, "%.200s cannot be written", path);
    }
    int rc = bundle_write(kept, &header, NULL, f, &end, e);
    if (fclose(f) && rc == 0) {
        rc = err_set(e, TP_E_IO, "%.200s cannot be written", path);
    }
    return rc ? rc : audit_file(&g->a, path, g->root_file ? g->root : g->shop.root, &g->place, prepare, g, e);
}

/* So that one moment is looked at and the shop is not held up. */
static int make_copy(struct auditing *g, struct store *kept, struct err *e)
{
    int rc = store_copy(kept, g->place.copy);
    if (rc && rc != TP_UNSUPPORTED) {
        err_set(e, rc, "the shop's database cannot be copied to %.100s: %s", g->place.dir, store_error(kept));
    }
    return rc;
}

static int check(struct auditing *g, struct err *e)
{
    struct store *s = NULL;
    int rc = store_open(g->place.copy, g->shop.authority, 0, &s, e);
    rc = rc ? rc : audit_statements(&g->a, s, e);
    rc = rc ? rc : audit_log(&g->a, s, e);
    if (rc == 0) {
        rc = audit_tables(&g->shop, g->place.dir, g->place.copy, s, g->a.wrong, e);
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
    buf_printf(&out, "\"receipts\":%lld,\"asked\":%lld,\"withheld\":%s,\"anchored\":%s,\"root\":\"",
               (long long)a->receipts, (long long)a->asked, a->withheld ? "true" : "false",
               g->root_file ? "true" : "false");
    char root[2 * HASH_SIZE + 1];
    hex_encode(a->root, HASH_SIZE, root);
    buf_printf(&out, "%s\",\"wrong\":", root);
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

static void print_root(const struct auditing *g)
{
    char root[2 * HASH_SIZE + 1];
    hex_encode(g->a.root, HASH_SIZE, root);
    if (g->root_file) {
        printf("%-12s %.16s..., as named\n", "root key", root);
    } else {
        printf("%-12s %.16s..., on its own word: name the one that you trust with --root\n", "root key",
               root);
    }
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
    if (a->receipts) {
        printf("%-12s %lld, each of this log", "receipts", (long long)a->receipts);
        if (g->url.url) {
            printf("; asked for %lld of %lld leaves", (long long)a->asked, (long long)a->leaves);
        }
        puts("");
    }
    printf("%-12s %s\n", "tables",
           g->url.url    ? "not made: they are not shown"
           : a->withheld ? "not made: parts are withheld"
                         : "what reports read is what the records make");
    cli_print(buf_view(&g->tills));
    if (a->erased) {
        printf("%-12s %lld persons' parts\n", "erased", (long long)a->erased);
    }
    print_root(g);
    if (a->cosigned) {
        printf("%-12s up to leaf %lld\n", witness_text(a), (long long)a->cosigned);
    } else {
        puts(witness_text(a));
    }
}

static int finish(struct auditing *g, int rc, struct err *e)
{
    if (rc && rc != AUDIT_FALSE) { /* it was not looked at: nobody there, a witness's key that is none */
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

static void prepare(void *arg, struct audit *a)
{
    struct auditing *g = arg;
    a->till = each_till;
    a->arg = arg;
    for (size_t i = 0; i < g->witnesses.n; i++) { /* they fit: WITNESSES_MAX of them */
        audit_trust_witness(a, g->witnesses.v[i].name, &g->witnesses.v[i].key);
    }
}

static int load_witnesses(struct auditing *g, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < g->witness_keys.n && rc == 0; i++) {
        rc = witnesses_add(&g->witnesses, bytes_str(g->witness_keys.v[i]), e);
    }
    return rc;
}

static int audit_shop(struct auditing *g, const char *dir, struct err *e)
{
    int rc = shop_load(dir, &g->shop, e);
    if (rc) {
        return rc;
    }
    struct store *kept = NULL;
    rc = shop_store(&g->shop, &kept, e);
    rc = rc ? rc : make_copy(g, kept, e);
    if (rc == TP_UNSUPPORTED) {
        rc = audit_served(g, kept, e);
        store_close(kept);
        return rc;
    }
    store_close(kept);
    if (rc) {
        return rc;
    }
    audit_begin(&g->a, g->shop.authority, g->root_file ? g->root : g->shop.root);
    prepare(g, &g->a);
    return check(g, e);
}

static int load_root(struct auditing *g, struct err *e)
{
    struct cose_key key = {0};
    int rc = g->root_file ? keyfile_load_public(g->root_file, &key, e) : 0;
    memcpy(g->root, key.thumbprint, HASH_SIZE);
    cose_key_free(&key);
    return rc;
}

static int run(struct auditing *g, const char *dir, const char *bundle)
{
    struct err e = {0};
    buf_init(&g->tills, (size_t)32 * 1024 * 1024);
    int rc = load_root(g, &e);
    rc = rc ? rc : load_witnesses(g, &e);
    rc = rc ? rc : audit_place_make(&g->place, &e);
    if (rc == 0) {
        const uint8_t *root = g->root_file ? g->root : NULL;
        rc = dir          ? audit_shop(g, dir, &e)
             : g->url.url ? audit_url(&g->a, &g->url, root, &g->place, prepare, g, &e)
                          : audit_file(&g->a, bundle, root, &g->place, prepare, g, &e);
    }
    int status = finish(g, rc, &e);
    audit_end(&g->a);
    witnesses_free(&g->witnesses);
    buf_free(&g->tills);
    audit_place_remove(&g->place);
    return status;
}

int cmd_audit(int argc, char **argv)
{
    struct auditing *g = calloc(1, sizeof *g);
    const char *dir = NULL;
    struct words rest = {0};
    if (!g) {
        return cli_error(TP_E_MEMORY, "%s", code_sentence(TP_E_MEMORY));
    }
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", 0},
        {"root", OPT_TEXT, &g->root_file, "FILE", "the shop's root key as you know it: PEM or COSE_Key", 0},
        {"ca", OPT_TEXT, &g->url.ca, "FILE", "of an address: PEM of the CA that vouches for it", 0},
        {"token", OPT_TEXT, &g->url.token, "FILE", "of an address: a merchant's or an auditor's token", 0},
        {"all-receipts", OPT_FLAG, &g->url.all, NULL,
         "of an address: each leaf's receipt; else of 128 leaves, chosen at random", 0},
        {"witness", OPT_EACH, &g->witness_keys, "KEY", "one that you trust: NAME+ID+KEY, as C2SP writes it",
         0},
        {"json", OPT_FLAG, &g->json, NULL, "print what was found as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO && (dir != NULL) == (rest.n == 1)) {
        status = cli_error(TP_E_ARGUMENT, "name a shop or a bundle; see tillproof audit --help");
    }
    if (status == CLI_GO && rest.n && strncmp(rest.v[0], "https://", 8) == 0) {
        g->url.url = rest.v[0];
    }
    if (status == CLI_GO && (g->url.url != NULL) != (g->url.ca != NULL)) {
        status = cli_error(TP_E_ARGUMENT, "an address goes with --ca, and --ca with an address");
    }
    if (status == CLI_GO && g->url.all && !g->url.url) {
        status = cli_error(TP_E_ARGUMENT, "--all-receipts is for an address");
    }
    if (status == CLI_GO) {
        status = run(g, dir, rest.n ? rest.v[0] : NULL);
    }
    words_free(&rest);
    words_free(&g->witness_keys);
    free(g);
    return status;
}
