#include "guest.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <malloc.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct plugin plugin;
char shop[128];
char coupons[COUPONS][1024];

static char base[96];
static struct tillproof *left_open; /* by a test that failed */
static int real_out = -1, real_err = -1, printed = -1;

/* Where a sanitizer writes: a program without one has no such function. */
extern void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

int command(const char *format, ...)
{
    char words[512], line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    snprintf(line, sizeof line, "\"$TILLPROOF\" %s >/dev/null", words);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int put_offer(const char *path)
{
    FILE *out = fopen(path, "wb");
    if (!out) {
        return 1;
    }
    fputs("{\"id\":\"coffee10\",\"version\":1,\"title\":\"10% off coffee\",\"currency\":\"EUR\","
          "\"funder\":\"store\",\"redeem\":[\"coupon\"],"
          "\"valid\":{\"from\":\"2020-01-01\",\"until\":\"2090-01-01\"},"
          "\"needs\":{\"category\":[\"coffee\"]},\"gives\":{\"percent\":\"10\"}}",
          out);
    return fclose(out);
}

static int get_coupon(const char *path, char out[1024])
{
    FILE *in = fopen(path, "rb");
    if (!in) {
        return 1;
    }
    size_t n = fread(out, 1, 1023, in);
    out[n] = 0;
    out[strcspn(out, "\r\n")] = 0;
    fclose(in);
    return out[0] ? 0 : 1;
}

const char *plugin_load(void)
{
    const char *path = getenv("PLUGIN");
    void *at = NULL;
    plugin.object = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!plugin.object) {
        return path ? dlerror() : "PLUGIN is not set";
    }
#define X(name)                                                                                              \
    at = dlsym(plugin.object, "tillproof_" #name);                                                           \
    if (!at) {                                                                                               \
        return "tillproof_" #name;                                                                           \
    }                                                                                                        \
    memcpy(&plugin.name##_, &at, sizeof at);
    GUEST_FUNCTIONS(X)
#undef X
    return NULL;
}

static int fill_shop(void)
{
    char path[160];
    snprintf(path, sizeof path, "%s/offer.json", base);
    int rc = put_offer(path);
    rc = rc ? rc : command("shop init %s", shop);
    rc = rc ? rc : command("offer publish %s --shop %s", path, shop);
    rc = rc ? rc : command("till enrol till2 --shop %s", shop);
    for (int i = 0; i < COUPONS && rc == 0; i++) {
        snprintf(path, sizeof path, "%s/coupon.txt", base);
        remove(path);
        rc = command("coupon issue --shop %s --offer coffee10 --channel news --out %s", shop, path);
        rc = rc ? rc : get_coupon(path, coupons[i]);
    }
    return rc;
}

int shop_make(void **state)
{
    const char *tmp = getenv("TMPDIR");
    (void)state;
    snprintf(base, sizeof base, "%s/guest-XXXXXX", tmp && strlen(tmp) < 64 ? tmp : "/tmp");
    if (!mkdtemp(base)) {
        return 1;
    }
    snprintf(shop, sizeof shop, "%s/shop", base);
    int rc = fill_shop();
    const char *missing = rc ? "the shop cannot be made" : plugin_load();
    if (missing) {
        fprintf(stderr, "guest: %s\n", missing);
    }
    return missing ? 1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

int shop_drop(void **state)
{
    (void)state;
    return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int quiet_begin(void **state)
{
    (void)state;
    fflush(stdout);
    fflush(stderr);
    char path[160];
    snprintf(path, sizeof path, "%s/printed", base);
    printed = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    real_out = fcntl(1, F_DUPFD_CLOEXEC, 10);
    real_err = fcntl(2, F_DUPFD_CLOEXEC, 10);
    if (printed < 0 || real_out < 0 || real_err < 0) {
        return 1;
    }
    if (__sanitizer_set_report_fd) {
        __sanitizer_set_report_fd((void *)(intptr_t)real_err);
    }
    return dup2(printed, 1) < 0 || dup2(printed, 2) < 0;
}

int quiet_end(void **state)
{
    char text[4096];
    (void)state;
    plugin.close_(left_open, 1000);
    left_open = NULL;
    fflush(stdout);
    fflush(stderr);
    dup2(real_out, 1);
    dup2(real_err, 2);
    ssize_t n = pread(printed, text, sizeof text, 0);
    if (n > 0) {
        fprintf(stderr, "printed in the test: %.*s\n", (int)n, text);
    }
    if (__sanitizer_set_report_fd) {
        __sanitizer_set_report_fd((void *)(intptr_t)2);
    }
    close(real_out);
    close(real_err);
    close(printed);
    return n == 0 ? 0 : 1;
}

struct tillproof *till_open(const char *name)
{
    struct tillproof *t = NULL;
    int32_t rc = plugin.open_(shop, name, 0, &t);
    if (rc) {
        char text[512] = "";
        uint32_t length = sizeof text;
        plugin.reason_(text, &length);
        fail_msg("tillproof_open: %s: %s", plugin.name_(rc), text);
    }
    left_open = t;
    return t;
}

void till_close(struct tillproof *t)
{
    left_open = NULL;
    assert_int_equal(plugin.close_(t, 20000), 0);
}

int32_t sale_fill(struct tillproof *t, const char *reference, uint32_t flags, const char *coupon,
                  int64_t *sale)
{
    struct tillproof_line line = {.size = sizeof line,
                                  .number = 1,
                                  .quantity = 2000,
                                  .unit_price = 1299,
                                  .tax = 7000,
                                  .sku = "4006381333931",
                                  .name = "Espresso beans",
                                  .category = "coffee"};
    struct tillproof_presentation p = {.size = sizeof p};
    int32_t rc = plugin.sale_begin_(t, reference, "EUR", flags, sale);
    rc = rc ? rc : plugin.lines_set_(t, *sale, &line, 1);
    if (rc == 0 && coupon) {
        rc = plugin.present_(t, *sale, TILLPROOF_SCAN, coupon, (uint32_t)strlen(coupon), &p);
        rc = rc ? rc : p.outcome == TILLPROOF_DUPLICATE ? 0 : p.outcome; /* it is in this sale already */
    }
    return rc;
}

static int32_t look_at_results(struct tillproof *t, int64_t sale, int64_t due)
{
    struct tillproof_line_result line = {.size = sizeof line};
    struct tillproof_tax_result tax = {.size = sizeof tax};
    struct tillproof_sale info = {.size = sizeof info};
    char text[2048];
    uint32_t length = sizeof text;
    int32_t rc = plugin.line_result_(t, sale, 0, &line);
    rc = rc ? rc : plugin.tax_result_(t, sale, 0, &tax);
    rc = rc ? rc : plugin.sale_info_(t, sale, &info);
    rc = rc ? rc : plugin.text_(t, sale, TILLPROOF_RECEIPT, text, &length);
    if (rc) {
        return rc;
    }
    bool good = line.net == due && tax.with_tax == due && info.lines == 1 && length == strlen(text) + 1;
    return good ? 0 : -101;
}

static int32_t look_at_offer(struct tillproof *t, int64_t sale)
{
    struct tillproof_offer_result offer = {.size = sizeof offer};
    struct tillproof_share_result share = {.size = sizeof share};
    int32_t rc = plugin.offer_result_(t, sale, 0, &offer);
    rc = rc ? rc : plugin.share_result_(t, sale, 0, &share);
    bool good = offer.outcome == TILLPROOF_APPLIED && offer.discount == DUE_WITHOUT - DUE &&
                share.discount == offer.discount && strcmp(offer.offer, "coffee10") == 0;
    return rc ? rc : good ? 0 : -102;
}

int32_t sale_ring(struct tillproof *t, const char *reference, uint32_t flags, const char *coupon)
{
    int64_t sale = 0, found = 0, due = coupon ? DUE : DUE_WITHOUT;
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_commit c = {.size = sizeof c};
    struct tillproof_tender tender = {.size = sizeof tender, .amount = due, .kind = "cash"};
    int32_t rc = sale_fill(t, reference, flags, coupon, &sale);
    rc = rc ? rc : plugin.quote_(t, sale, &q);
    if (rc == 0 && (q.outcome != TILLPROOF_PROVISIONAL || q.due != due)) {
        return -103;
    }
    rc = rc ? rc : plugin.hold_(t, sale, 20000, &q);
    if (rc == 0 && (q.due != due || (!flags && q.outcome != TILLPROOF_BINDING))) {
        return -104;
    }
    rc = rc ? rc : coupon ? look_at_offer(t, sale) : 0;
    rc = rc ? rc : plugin.commit_(t, sale, reference, &tender, 1, &c);
    if (rc == 0 && (c.outcome != TILLPROOF_COMMITTED || c.due != due)) {
        return -105;
    }
    rc = rc ? rc : look_at_results(t, sale, due);
    rc = rc ? rc : plugin.sale_find_(t, reference, &found);
    return rc ? rc : found == (flags & TILLPROOF_TRAINING ? 0 : sale) ? 0 : -106;
}

static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;
    while (dir && readdir(dir)) {
        n++;
    }
    if (dir) {
        closedir(dir);
    }
    return n;
}

int count_fds(void)
{
    return count_entries("/proc/self/fd");
}

/* A thread that was joined is gone from the list only a moment later. */
int count_threads(void)
{
    usleep(100000);
    return count_entries("/proc/self/task");
}

int count_maps(void)
{
    FILE *in = fopen("/proc/self/maps", "r");
    int n = 0;
    for (int c = 0; in && (c = getc(in)) != EOF;) {
        n += c == '\n';
    }
    if (in) {
        fclose(in);
    }
    return n;
}

size_t count_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}
