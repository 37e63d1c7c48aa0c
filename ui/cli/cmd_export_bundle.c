#include "cli.h"
#include "files.h"
#include "keys/keyfile.h"
#include "report/bundle.h"
#include "shop/shop.h"

#include <unistd.h>

static const struct usage usage = {"export bundle --shop DIR --out FILE [--without-parts] [--json]",
                                   "Writes the shop's log into one file: every statement with its parts, the "
                                   "checkpoints, receipts, and the figures\n"
                                   "of the reports. `tillproof audit FILE` checks it anywhere. Without parts "
                                   "it holds no baskets and no persons, and\n"
                                   "figures cannot be computed anew from it.",
                                   0, 0};

struct exporting {
    const char *dir, *out;
    bool without, json;
};

/* What waits for its leaf gets it first, so that the whole book is under a checkpoint. */
static int log_all(const struct shop *shop, struct err *e)
{
    struct authority *a = NULL;
    int64_t added = 1;
    int rc = shop_authority(shop, &clock_system, &a, e);
    while (rc == 0 && added > 0) {
        rc = authority_log(a, &added, e);
    }
    authority_close(a);
    return rc;
}

/* A shop from before there was a log has no such key. */
static int load_log_key(const struct shop *shop, struct cose_key *key, struct err *e)
{
    char path[SHOP_PATH_MAX];
    int rc = shop_path(shop, "authority", "log.key", NULL, path);
    return rc ? err_code(e, rc) : access(path, F_OK) ? 0 : keyfile_load(path, key, e);
}

static int write_file(const struct exporting *x, const struct shop *shop, struct bundle_end *end,
                      struct err *e)
{
    struct bundle_header header = {.parts = !x->without};
    struct file_stream file;
    struct cose_key log = {0};
    struct store *s = NULL;
    memcpy(header.authority, shop->authority, ID_SIZE);
    memcpy(header.root, shop->root, HASH_SIZE);
    int rc = load_log_key(shop, &log, e);
    rc = rc ? rc : shop_store(shop, &s, e);
    rc = rc ? rc : file_stream_begin(x->out, &file, e);
    if (rc == 0) {
        rc = bundle_write(s, &header, log.can_sign ? &log : NULL, file.file, end, e);
        int closed = file_stream_end(&file, rc == 0, e);
        rc = rc ? rc : closed;
    }
    store_close(s);
    cose_key_free(&log);
    return rc;
}

static int run(const struct exporting *x)
{
    struct err e = {0};
    struct shop shop;
    struct bundle_end end;
    int rc = shop_load(x->dir, &shop, &e);
    rc = rc ? rc : log_all(&shop, &e);
    rc = rc ? rc : write_file(x, &shop, &end, &e);
    if (rc) {
        return cli_fail(&e);
    }
    if (x->json) {
        printf("{\"leaves\":%lld,\"waiting\":%lld,\"checkpoints\":%lld,\"receipts\":%lld,\"figures\":%lld,"
               "\"parts\":%s}\n",
               (long long)end.leaves, (long long)end.waiting, (long long)end.checkpoints,
               (long long)end.receipts, (long long)end.figures, x->without ? "false" : "true");
    } else {
        printf("%s: %lld leaves under %lld checkpoints%s\n", x->out, (long long)end.leaves,
               (long long)end.checkpoints, x->without ? ", without parts" : "");
    }
    return CLI_DONE;
}

int cmd_export_bundle(int argc, char **argv)
{
    struct exporting x = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &x.dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"out", OPT_TEXT, &x.out, "FILE", "what to write", OPT_NEEDED},
        {"without-parts", OPT_FLAG, &x.without, NULL, "keep baskets and persons back", 0},
        {"json", OPT_FLAG, &x.json, NULL, "print what was written as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(&x);
    }
    words_free(&rest);
    return status;
}
