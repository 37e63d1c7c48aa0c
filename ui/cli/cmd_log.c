/* For witnesses of the log: its key as they know it, and what they said of a checkpoint. */
#include "cli.h"
#include "files.h"
#include "office.h"
#include "proof/note.h"
#include "proof/receipt.h"
#include "publish/publish.h"

static const struct usage key_usage = {
    "log key --shop DIR", "Prints the log's key as C2SP signed-note writes it: what a witness is told.", 0,
    0};
static const struct usage cosign_usage = {
    "log cosign FILE|- --shop DIR [--witness KEY]...",
    "Takes a checkpoint that witnesses signed (cosignature/v1), or their lines on the last one. Known are "
    "the\n"
    "witnesses of the keyset, and those whose keys are given as C2SP signed-note writes them.",
    1, 1};

static int log_key(const struct shop *shop, struct buf *out, struct err *e)
{
    char path[SHOP_PATH_MAX], origin[ORIGIN_MAX];
    struct cose_key key = {0};
    int rc = shop_path(shop, "authority", "log.key", NULL, path);
    rc = rc ? err_code(e, rc) : keyfile_load(path, &key, e);
    if (rc == 0) {
        log_origin(shop->authority, origin);
        rc = note_key_text(bytes_str(origin), false, &key, out);
        rc = rc ? err_code(e, rc) : 0;
    }
    cose_key_free(&key);
    return rc;
}

int cmd_log_key(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"json", OPT_FLAG, &json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&key_usage, opts, argc, argv, &rest);
    words_free(&rest);
    if (status != CLI_GO) {
        return status;
    }
    struct err e = {0};
    struct shop shop;
    char memory[512];
    struct buf text;
    buf_over(&text, memory, sizeof memory - 1);
    int rc = shop_load(dir, &shop, &e);
    rc = rc ? rc : log_key(&shop, &text, &e);
    if (rc) {
        return cli_fail(&e);
    }
    memory[text.n] = 0;
    printf(json ? "{\"key\":\"%s\"}\n" : "%s\n", memory);
    return CLI_DONE;
}

static int cosign(const char *dir, struct bytes text, const struct witnesses *told, int *taken, struct err *e)
{
    const struct visitor who = {.log_open = true}; /* whoever has the shop's folder */
    struct shop shop;
    struct store *s = NULL;
    int rc = shop_load(dir, &shop, e);
    rc = rc ? rc : shop_store_write(&shop, &s, e);
    if (rc == 0 && (rc = publish_cosign(s, &who, told, NONE, text, taken, e)) != 0) {
        err_set(e, rc, "the cosignature: %s", rc < 0 ? store_error(s) : code_sentence(rc));
    }
    store_close(s);
    return rc;
}

int cmd_log_cosign(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct words rest = {0}, keys = {0};
    struct witnesses told = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"witness", OPT_EACH, &keys, "KEY", "a witness that is known, NAME+ID+KEY", 0},
                               {"json", OPT_FLAG, &json, NULL, "print what was done as JSON", 0},
                               {0}};
    int status = cli_parse(&cosign_usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        struct err e = {0};
        struct buf text;
        int taken = 0, rc = 0;
        buf_init(&text, COSIGN_MAX);
        for (size_t i = 0; i < keys.n && rc == 0; i++) {
            rc = witnesses_add(&told, bytes_str(keys.v[i]), &e);
        }
        rc = rc ? rc : file_read(rest.v[0], &text, &e);
        rc = rc ? rc : cosign(dir, buf_view(&text), &told, &taken, &e);
        status = rc ? cli_fail(&e) : CLI_DONE;
        if (rc == 0) {
            printf(json ? "{\"taken\":%d}\n" : "%d cosignatures were taken.\n", taken);
        }
        buf_free(&text);
    }
    witnesses_free(&told);
    words_free(&keys);
    words_free(&rest);
    return status;
}
