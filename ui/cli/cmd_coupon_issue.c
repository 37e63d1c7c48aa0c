#include "cli.h"
#include "files.h"
#include "forms/forms.h"
#include "office.h"
#include "picture/picture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct usage usage = {"coupon issue --shop DIR --offer ID --channel NAME [options]",
                                   "Issues coupons of a published offer for a channel. One coupon goes to a "
                                   "file, several to a folder with an\n"
                                   "index.csv; without --out the digits of the QR code are printed.",
                                   0, 0};

enum { PIXELS_A_MODULE = 8, PICTURE_BYTES = 1024 * 1024 };
enum out_kind { OUT_DIGITS, OUT_PNG, OUT_SVG, OUT_TXT, OUT_FOLDER };

struct issue {
    const char *dir, *offer, *channel, *campaign, *till, *out, *format;
    int64_t count;
    bool json;
    enum out_kind kind;
    enum out_kind pictures; /* in a folder */
    struct batch batch;
    const struct cose_key *key;
    struct buf index; /* index.csv, or JSON's list */
};

static enum out_kind kind_of_name(const char *name)
{
    size_t n = strlen(name);
    static const struct {
        const char *end;
        enum out_kind kind;
    } ends[] = {{".png", OUT_PNG}, {".svg", OUT_SVG}, {".txt", OUT_TXT}};
    for (size_t i = 0; i < 3; i++) {
        if (n > 4 && strcmp(name + n - 4, ends[i].end) == 0) {
            return ends[i].kind;
        }
    }
    return OUT_FOLDER;
}

/* Whether what was asked for can be written at all, before anything is signed. */
static int check(struct issue *is, struct err *e)
{
    if (is->count < 1 || is->count > OFFICE_COUPONS_MAX) {
        return err_set(e, TP_E_ARGUMENT, "--count is 1 to %d", OFFICE_COUPONS_MAX);
    }
    if (cli_label("channel", is->channel, e) || cli_label("campaign", is->campaign, e)) {
        return e->code;
    }
    is->kind = is->out ? kind_of_name(is->out) : OUT_DIGITS;
    struct stat st;
    if (is->out && stat(is->out, &st) == 0 && S_ISDIR(st.st_mode)) {
        is->kind = OUT_FOLDER;
    }
    if (is->count > 1 && is->kind != OUT_DIGITS && is->kind != OUT_FOLDER) {
        return err_set(e, TP_E_ARGUMENT,
                       "%" PRId64 " coupons do not fit in one file; name a folder with --out", is->count);
    }
    is->pictures = OUT_PNG;
    if (is->format) {
        char name[16];
        snprintf(name, sizeof name, "x.%.8s", is->format);
        is->pictures = kind_of_name(name);
    }
    if (is->pictures == OUT_FOLDER) {
        return err_set(e, TP_E_ARGUMENT, "--format is png, svg or txt");
    }
    return 0;
}

static int put_picture(enum out_kind kind, struct bytes digits, struct buf *out, struct err *e)
{
    if (kind == OUT_TXT) {
        buf_put(out, digits.p, digits.n);
        buf_putc(out, '\n');
        return 0;
    }
    struct qr qr = {0};
    int rc = qr_encode(digits, &qr, e);
    if (rc == 0) {
        rc = kind == OUT_SVG ? qr_svg(&qr, out, e) : qr_png(&qr, PIXELS_A_MODULE, out, e);
    }
    qr_free(&qr);
    return rc;
}

static int write_picture(const char *path, enum out_kind kind, struct bytes digits, int when, struct err *e)
{
    struct buf content;
    buf_init(&content, PICTURE_BYTES);
    int rc = put_picture(kind, digits, &content, e);
    if (rc == 0) {
        rc = content.failed ? err_code(e, TP_E_MEMORY) : file_write(path, buf_view(&content), when, e);
    }
    buf_free(&content);
    return rc;
}

/* One row of what is told of many coupons. */
static void tell(struct issue *is, int64_t index, const char *file, struct bytes digits)
{
    if (is->json) {
        buf_printf(&is->index, "%s{\"batch\":%" PRId64 ",\"index\":%" PRId64 ",", index ? "," : "",
                   is->batch.number, index);
        if (file) {
            buf_puts(&is->index, "\"file\":");
            json_put_string(&is->index, bytes_str(file));
            buf_putc(&is->index, ',');
        }
        buf_printf(&is->index, "\"digits\":\"%.*s\"}", (int)digits.n, (const char *)digits.p);
    } else if (is->kind == OUT_DIGITS) {
        buf_printf(&is->index, "%.*s\n", (int)digits.n, (const char *)digits.p);
    }
    if (is->index.n > 1024 * 1024) {
        cli_print(buf_view(&is->index));
        buf_reset(&is->index);
    }
}

static int issue_one(struct issue *is, int64_t index, struct buf *csv, struct err *e)
{
    static const char *const ends[] = {[OUT_PNG] = "png", [OUT_SVG] = "svg", [OUT_TXT] = "txt"};
    uint8_t raw_memory[COUPON_MAX], digits_memory[COUPON_DIGITS_MAX];
    struct buf raw, digits;
    char path[SHOP_PATH_MAX] = "", name[64] = "";
    buf_over(&raw, raw_memory, sizeof raw_memory);
    buf_over(&digits, digits_memory, sizeof digits_memory);
    int rc = coupon_sign(is->key, is->batch.offer, (uint32_t)is->batch.number, (uint32_t)index, is->batch.exp,
                         &raw);
    if (rc) {
        return err_code(e, rc);
    }
    coupon_to_digits(buf_view(&raw), &digits);
    if (is->kind == OUT_FOLDER) {
        snprintf(name, sizeof name, "%" PRId64 "-%" PRId64 ".%s", is->batch.number, index,
                 ends[is->pictures]);
        if ((size_t)snprintf(path, sizeof path, "%s/%s", is->out, name) >= sizeof path) {
            return err_set(e, TP_E_ARGUMENT, "the folder's name is too long");
        }
        rc = write_picture(path, is->pictures, buf_view(&digits), FILE_LATER, e);
        buf_printf(csv, "%" PRId64 ",%" PRId64 ",%s,%.*s\r\n", is->batch.number, index, name, (int)digits.n,
                   (const char *)digits.p);
    } else if (is->kind != OUT_DIGITS) {
        rc = write_picture(is->out, is->kind, buf_view(&digits), FILE_NOW, e);
    }
    if (rc == 0) {
        tell(is, index, is->kind == OUT_FOLDER ? path : is->out, buf_view(&digits));
    }
    return rc;
}

static int issue_all(struct issue *is, struct err *e)
{
    struct buf csv;
    struct progress progress;
    char path[SHOP_PATH_MAX];
    int rc = 0;
    buf_init(&csv, 512 * 1024 * 1024);
    buf_init(&is->index, 4 * 1024 * 1024);
    buf_puts(&csv, "batch,index,file,digits\r\n");
    buf_puts(&is->index, is->json ? "[" : "");
    progress_begin(&progress, "signing", is->count);
    for (int64_t i = 0; i < is->count && rc == 0; i++) {
        rc = issue_one(is, i, &csv, e);
        progress_step(&progress, i + 1);
    }
    progress_end(&progress);
    buf_puts(&is->index, is->json ? "]\n" : "");
    if (rc == 0 && is->kind == OUT_FOLDER) {
        rc = file_sync_all(is->out, e);
    }
    if (rc == 0 && is->kind == OUT_FOLDER) {
        bool fits = (size_t)snprintf(path, sizeof path, "%s/index.csv", is->out) < sizeof path && !csv.failed;
        rc = fits ? file_write(path, buf_view(&csv), FILE_NOW, e) : err_code(e, TP_E_MEMORY);
    }
    if (rc == 0) {
        cli_print(buf_view(&is->index));
    }
    buf_free(&csv);
    buf_free(&is->index);
    return rc;
}

/* That a folder or file can be made there is tried first: a batch that nobody got stays in the books. */
static int try_out(const struct issue *is, struct err *e)
{
    if (is->kind == OUT_DIGITS) {
        return 0;
    }
    struct stat st;
    if (is->kind == OUT_FOLDER && stat(is->out, &st)) {
        if (mkdir(is->out, 0777)) {
            return err_set(e, TP_E_IO, "the folder %.120s cannot be made", is->out);
        }
        return 0;
    }
    char temp[SHOP_PATH_MAX];
    const char *middle = is->kind == OUT_FOLDER ? "/" : "";
    if ((size_t)snprintf(temp, sizeof temp, "%s%s.try-XXXXXX", is->out, middle) >= sizeof temp) {
        return err_set(e, TP_E_ARGUMENT, "the name after --out is too long");
    }
    int rc = file_temp_dir(temp, e);
    if (rc == 0) {
        rmdir(temp);
    }
    return rc;
}

static int issue(struct issue *is, struct err *e)
{
    struct office office;
    struct arena a;
    struct offer offer = {0};
    int rc = office_open(is->dir, OFFICE_WRITE, &office, e);
    if (rc) {
        return rc;
    }
    arena_init(&a, 64 * 1024);
    rc = office_offer_named(&office, is->offer, &a, &offer, e);
    if (rc == 0 && !(offer.redeem & REDEEM_COUPON)) {
        rc = err_set(e, TP_BAD_VALUE, "the offer '%.40s' is not redeemed by coupons; see its \"redeem\"",
                     is->offer);
    }
    if (rc == 0) {
        rc = try_out(is, e);
    }
    if (rc == 0) {
        rc = office_key(&office, PURPOSE_ISSUER, &is->key, e);
    }
    if (rc == 0) {
        rc = office_batch_for(&office, &offer, is->channel, is->campaign, is->till, is->count, &is->batch, e);
    }
    if (rc == 0) {
        rc = issue_all(is, e);
    }
    arena_reset(&a);
    office_close(&office);
    return rc;
}

static void report(const struct issue *is)
{
    if (is->json || is->kind == OUT_DIGITS) {
        return;
    }
    printf("issued %" PRId64 " coupon%s of %s in batch %" PRId64 " for channel %s%s%s: %s\n", is->count,
           is->count == 1 ? "" : "s", is->offer, is->batch.number, is->channel,
           is->campaign ? ", campaign " : "", is->campaign ? is->campaign : "", is->out);
}

int cmd_coupon_issue(int argc, char **argv)
{
    struct issue is = {.count = 1};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &is.dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"offer", OPT_TEXT, &is.offer, "ID", "the offer, in its latest version", OPT_NEEDED},
        {"channel", OPT_TEXT, &is.channel, "NAME", "where they are given out: email, print, ...", OPT_NEEDED},
        {"campaign", OPT_TEXT, &is.campaign, "NAME", "and for which campaign", 0},
        {"till", OPT_TEXT, &is.till, "NAME", "for this till alone, to redeem without a line, too", 0},
        {"count", OPT_INT, &is.count, "N", "how many, 1 to 1,000,000 (1)", 0},
        {"out", OPT_TEXT, &is.out, "PATH", "FILE.png, FILE.svg, FILE.txt, or a folder", 0},
        {"format", OPT_TEXT, &is.format, "png|svg|txt", "of the files in a folder (png)", 0},
        {"json", OPT_FLAG, &is.json, NULL, "print the coupons as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = check(&is, &e) || issue(&is, &e) ? cli_fail(&e) : CLI_DONE;
    }
    if (status == CLI_DONE && is.batch.number) {
        report(&is);
    }
    words_free(&rest);
    return status;
}
