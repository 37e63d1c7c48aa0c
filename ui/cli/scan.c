#include "scan.h"

#include "files.h"
#include "helper/client.h"
#include "picture/picture.h"
#include "plugin.h"
#include "present/present.h"

#include <sys/stat.h>

enum { SEARCH_MS = 30000 };

static bool is_picture(struct bytes b)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G'}, jpeg[] = {0xFF, 0xD8, 0xFF};
    return (b.n > 4 && memcmp(b.p, png, 4) == 0) || (b.n > 3 && memcmp(b.p, jpeg, 3) == 0);
}

static bool is_file(const char *given)
{
    struct stat st;
    return strcmp(given, "-") == 0 || (stat(given, &st) == 0 && !S_ISDIR(st.st_mode));
}

/* A word that can only be meant as a file's name. */
static bool looks_like_file(const char *given)
{
    if (strstr(given, "://")) {
        return false; /* a GS1 Digital Link */
    }
    return strchr(given, '/') || strstr(given, ".png") || strstr(given, ".jpg") || strstr(given, ".jpeg") ||
           strstr(given, ".txt");
}

static int best_of(const struct buf *texts, int n)
{
    static struct presented_coupon scratch;
    static struct presented any;
    const struct present_rules rules = {0};
    for (int i = 0; i < n; i++) {
        if (present_code(buf_view(&texts[i]), &scratch) != TP_UNKNOWN_CODE) {
            return i;
        }
    }
    for (int i = 0; i < n; i++) {
        if (present_read(buf_view(&texts[i]), &rules, &any) == 0 && any.kind == PRESENTED_GS1) {
            return i;
        }
    }
    return 0;
}

/* zbar writes to standard error as it likes (its DataBar decoder complains of some QR codes), so it runs
 * there. */
static int ask_helper(const struct grey *grey, struct buf texts[HELPER_CODES_MAX], struct err *e)
{
    const struct helper_frame frame = {grey->width, grey->height, grey->px};
    char path[PLUGIN_PATH];
    struct helper *helper = NULL;
    if (!plugin_beside("tillproof-helper", path)) {
        return err_set(e, TP_E_IO, "tillproof-helper, which reads pictures, is not beside this program");
    }
    int rc = helper_open(path, &helper, e);
    rc = rc ? rc : helper_decode(helper, &frame, SEARCH_MS, texts, e);
    helper_close(helper);
    return rc;
}

static int read_picture(struct bytes file, const char *given, struct buf *out, struct err *e)
{
    struct buf texts[HELPER_CODES_MAX] = {0};
    struct grey grey = {0};
    int rc = grey_load(file, &grey, e);
    if (rc) {
        return rc;
    }
    int n = ask_helper(&grey, texts, e);
    grey_free(&grey);
    if (n < 0) {
        return n;
    }
    if (n == 0) {
        return err_set(e, TP_NO_CODE, "there is no code in the picture %.120s", given);
    }
    const struct buf *best = &texts[best_of(texts, n)];
    buf_put(out, best->p, best->n);
    for (int i = 0; i < HELPER_CODES_MAX; i++) {
        buf_free(&texts[i]);
    }
    return 0;
}

static int read_file(const char *given, struct buf *out, struct err *e)
{
    struct buf file;
    buf_init(&file, PICTURE_FILE_MAX);
    int rc = file_read(given, &file, e);
    if (rc == 0 && is_picture(buf_view(&file))) {
        rc = read_picture(buf_view(&file), given, out, e);
    } else if (rc == 0) {
        buf_put(out, file.p, file.n);
    }
    buf_free(&file);
    return rc;
}

int scan_read(const char *given, struct buf *out, struct err *e)
{
    int rc = 0;
    if (is_file(given)) {
        rc = read_file(given, out, e);
    } else if (looks_like_file(given)) {
        return err_set(e, TP_E_IO, "there is no file %.120s", given);
    } else {
        buf_puts(out, given);
    }
    if (rc == 0 && (out->failed || out->n > SCAN_BYTES_MAX || out->n == 0)) {
        rc = err_set(e, TP_UNKNOWN_CODE,
                     "it is neither a picture nor a coupon's code; give a PNG, a JPEG or the digits");
    }
    return rc;
}

int card_read(char *given, struct buf *out, struct err *e)
{
    struct bytes token = {0};
    int rc = 0;
    if (strcmp(given, "-") == 0) {
        rc = file_read("-", out, e);
    } else {
        buf_puts(out, given);
        memset(given, 'x', strlen(given));
    }
    if (rc == 0 && (out->failed || present_card(buf_view(out), &token))) {
        rc = err_set(e, TP_E_ARGUMENT, "a card's token has 1 to 64 printable characters and no space");
    }
    if (rc == 0) {
        memmove(out->p, token.p, token.n);
        out->n = token.n;
    }
    return rc;
}
