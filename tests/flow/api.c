/* The plugin as a host sees it: a real shop made by the command, the real shared object, and nothing inside.
 */
#include "support/cm.h"

#include "picture/picture.h"
#include "tillproof.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[64], shop[96];
static const char *command;

static int run(const char *arguments)
{
    char line[1024];
    snprintf(line, sizeof line, "%s %s >/dev/null", command, arguments);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void put_file(const char *name, const char *content)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", base, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fputs(content, out);
    fclose(out);
}

static int make_shop(void **state)
{
    char arguments[512];
    (void)state;
    command = getenv("TILLPROOF_COMMAND");
    strcpy(base, "/tmp/tillproof-flow-XXXXXX");
    if (!command || !mkdtemp(base)) {
        return 1;
    }
    snprintf(shop, sizeof shop, "%s/shop", base);
    put_file("offer.json",
             "{\"id\":\"coffee10\",\"version\":1,\"title\":\"10% off coffee\",\"currency\":\"EUR\","
             "\"funder\":\"store\",\"redeem\":[\"coupon\",\"card\"],"
             "\"valid\":{\"from\":\"2020-01-01\",\"until\":\"2090-01-01\"},"
             "\"needs\":{\"min_spend\":\"20.00\",\"category\":[\"coffee\"]},\"gives\":{\"percent\":\"10\"}}");
    snprintf(arguments, sizeof arguments, "shop init %s", shop);
    int rc = run(arguments);
    snprintf(arguments, sizeof arguments, "offer publish %s/offer.json --shop %s", base, shop);
    rc = rc ? rc : run(arguments);
    for (int i = 0; i < 4 && rc == 0; i++) {
        snprintf(arguments, sizeof arguments,
                 "coupon issue --shop %s --offer coffee10 --channel news --out %s/c%d.txt", shop, base, i);
        rc = run(arguments);
    }
    return rc;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static int drop_shop(void **state)
{
    (void)state;
    return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static size_t coupon(int which, char out[1024])
{
    char path[160];
    snprintf(path, sizeof path, "%s/c%d.txt", base, which);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    size_t n = fread(out, 1, 1023, in);
    fclose(in);
    out[n] = 0;
    return n;
}

static const char *reason(void)
{
    static char text[512];
    uint32_t length = sizeof text;
    assert_int_equal(tillproof_reason(text, &length), 0);
    return text;
}

static struct tillproof *open_till(void)
{
    struct tillproof *t = NULL;
    if (tillproof_open(shop, NULL, 0, &t)) {
        fail_msg("%s", reason());
    }
    return t;
}

static struct tillproof_line beans(void)
{
    return (struct tillproof_line){.size = sizeof(struct tillproof_line),
                                   .number = 1,
                                   .quantity = 2000,
                                   .unit_price = 1299,
                                   .tax = 7000,
                                   .sku = "4006381333931",
                                   .name = "Espresso beans",
                                   .category = "coffee"};
}

static int64_t begin(struct tillproof *t, const char *reference)
{
    struct tillproof_line line = beans();
    int64_t sale = 0;
    assert_int_equal(tillproof_sale_begin(t, reference, "EUR", 0, &sale), 0);
    assert_int_equal(tillproof_lines_set(t, sale, &line, 1), 0);
    return sale;
}

static int32_t scan(struct tillproof *t, int64_t sale, int which)
{
    char digits[1024];
    uint32_t n = (uint32_t)coupon(which, digits);
    struct tillproof_presentation p = {.size = sizeof p};
    assert_int_equal(tillproof_present(t, sale, TILLPROOF_SCAN, digits, n, &p), 0);
    if (p.outcome == 0) {
        assert_string_equal(p.offer, "coffee10");
        assert_string_equal(p.title, "10% off coffee");
    }
    return p.outcome;
}

static struct tillproof_commit pay(struct tillproof *t, int64_t sale)
{
    struct tillproof_tender tender = {.size = sizeof tender, .amount = 2338, .kind = "card"};
    struct tillproof_commit c = {.size = sizeof c};
    if (tillproof_commit(t, sale, "R-17", &tender, 1, &c)) {
        fail_msg("%s", reason());
    }
    return c;
}

static void a_coupon_goes_the_whole_way_once(void **state)
{
    struct tillproof *t = open_till();
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_offer_result offer = {.size = sizeof offer};
    struct tillproof_status status = {.size = sizeof status};
    (void)state;
    int64_t sale = begin(t, "F-1");
    assert_int_equal(scan(t, sale, 0), TILLPROOF_OK);
    assert_int_equal(tillproof_hold(t, sale, 5000, &q), 0);
    assert_int_equal(q.outcome, TILLPROOF_BINDING);
    assert_int_equal(q.due, 2338);
    assert_true(q.hold_left_ms > 60000);
    struct tillproof_commit c = pay(t, sale);
    assert_int_equal(c.outcome, TILLPROOF_COMMITTED);
    assert_int_equal(c.binding, 1);
    assert_int_equal(strlen(c.record), 64);
    sale = begin(t, "F-2");
    assert_int_equal(scan(t, sale, 0), TILLPROOF_OK);
    assert_int_equal(tillproof_hold(t, sale, 5000, &q), 0);
    assert_int_equal(q.due, 2598);
    assert_int_equal(tillproof_offer_result(t, sale, 0, &offer), 0);
    assert_int_equal(offer.outcome, TILLPROOF_ALREADY_USED);
    assert_string_equal(tillproof_name(offer.outcome), "already_used");
    assert_int_equal(tillproof_status(t, &status), 0);
    assert_int_equal(status.ready, 1);
    assert_string_equal(status.till, "till1");
    assert_int_equal(tillproof_close(t, 5000), 0);
}

static void a_void_gives_the_coupon_back(void **state)
{
    struct tillproof *t = open_till();
    struct tillproof_quote q = {.size = sizeof q};
    (void)state;
    int64_t sale = begin(t, "V-1");
    assert_int_equal(scan(t, sale, 1), TILLPROOF_OK);
    assert_int_equal(tillproof_hold(t, sale, 5000, &q), 0);
    pay(t, sale);
    assert_int_equal(tillproof_void(t, sale), 0);
    assert_int_equal(tillproof_close(t, 5000), 0);
    t = open_till();
    sale = begin(t, "V-2");
    assert_int_equal(scan(t, sale, 1), TILLPROOF_OK);
    assert_int_equal(tillproof_hold(t, sale, 5000, &q), 0);
    assert_int_equal(q.due, 2338);
    assert_int_equal(tillproof_void(t, sale), 0);
    assert_int_equal(tillproof_close(t, 5000), 0);
}

static void a_sale_and_its_text_are_there_after_reopening(void **state)
{
    struct tillproof *t = open_till();
    struct tillproof_quote q = {.size = sizeof q};
    char first[512], again[512];
    uint32_t need = 0, length = sizeof again;
    int64_t found = 0;
    (void)state;
    int64_t sale = begin(t, "P-1");
    assert_int_equal(scan(t, sale, 2), TILLPROOF_OK);
    assert_int_equal(tillproof_hold(t, sale, 5000, &q), 0);
    struct tillproof_commit c = pay(t, sale);
    assert_int_equal(tillproof_text(t, sale, TILLPROOF_RECEIPT, NULL, &need), 0);
    uint32_t small = need - 1;
    assert_int_equal(tillproof_text(t, sale, TILLPROOF_RECEIPT, first, &small), TILLPROOF_E_MEMORY);
    assert_int_equal(small, need);
    assert_int_equal(tillproof_text(t, sale, TILLPROOF_RECEIPT, first, &need), 0);
    assert_int_equal(strlen(first) + 1, need);
    assert_int_equal(tillproof_close(t, 5000), 0);
    t = open_till();
    assert_int_equal(tillproof_sale_find(t, "P-1", &found), 0);
    assert_int_equal(found, sale);
    assert_int_equal(tillproof_text(t, sale, TILLPROOF_RECEIPT, again, &length), 0);
    assert_string_equal(first, again);
    assert_string_equal(pay(t, sale).record, c.record);
    assert_int_equal(tillproof_close(t, 5000), 0);
}

static void misuse_is_told_and_changes_nothing(void **state)
{
    struct tillproof *t = open_till(), *other = NULL;
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_line line = beans();
    struct tillproof_presentation p = {.size = sizeof p};
    (void)state;
    assert_int_equal(tillproof_open(shop, NULL, 0, &other), TILLPROOF_E_TILL_BUSY);
    assert_int_equal(tillproof_open("/nowhere", NULL, 0, &other), TILLPROOF_E_NO_SHOP);
    assert_int_equal(tillproof_open(shop, "till9", 0, &other), TILLPROOF_E_NO_SHOP);
    assert_non_null(strstr(reason(), "till9"));
    assert_int_equal(tillproof_open(shop, "../till1", 0, &other), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_open(shop, NULL, 1, &other), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_open(NULL, NULL, 0, &other), TILLPROOF_E_ARGUMENT);
    assert_null(other);
    assert_int_equal(tillproof_quote(NULL, 1, &q), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_quote(t, 123456789, &q), TILLPROOF_E_ARGUMENT);
    int64_t sale = begin(t, "M-1");
    q.size = 8;
    assert_int_equal(tillproof_quote(t, sale, &q), TILLPROOF_E_ARGUMENT);
    assert_int_equal(q.due, 0);
    q.size = sizeof q;
    line.size = 16;
    assert_int_equal(tillproof_lines_set(t, sale, &line, 1), TILLPROOF_E_ARGUMENT);
    line = beans();
    memset(line.sku, 'x', sizeof line.sku);
    assert_int_equal(tillproof_lines_set(t, sale, &line, 1), TILLPROOF_E_ARGUMENT);
    line = beans();
    line.reserved = 1;
    assert_int_equal(tillproof_lines_set(t, sale, &line, 1), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_lines_set(t, sale, NULL, 1), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_present(t, sale, 7, "x", 1, &p), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_present(t, sale, TILLPROOF_SCAN, "", 0, &p), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_hold(t, sale, 0, &q), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_hold(t, sale, 60001, &q), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_quote(t, sale, &q), 0);
    assert_int_equal(q.due, 2598);
    assert_int_equal(tillproof_sale_begin(t, "M-2", "EUR", 2, &sale), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_close(t, 5000), 0);
    assert_int_equal(tillproof_close(NULL, 0), 0);
}

/* A host built against a later header: longer structs, of which this version knows the beginning. */
static void longer_structs_are_filled_as_far_as_known(void **state)
{
    struct tillproof *t = open_till();
    struct {
        struct tillproof_quote q;
        uint8_t later[16];
    } longer = {.q = {.size = sizeof longer}};
    struct {
        struct tillproof_line line;
        uint8_t later[8];
    } lines[2] = {{.line = beans()}, {.line = beans()}};
    (void)state;
    memset(longer.later, 0xAA, sizeof longer.later);
    lines[0].line.size = lines[1].line.size = sizeof lines[0];
    lines[1].line.number = 2;
    int64_t sale = begin(t, "L-1");
    assert_int_equal(tillproof_lines_set(t, sale, &lines[0].line, 2), 0);
    assert_int_equal(tillproof_quote(t, sale, &longer.q), 0);
    assert_int_equal(longer.q.due, 5196);
    assert_int_equal(longer.q.size, sizeof longer);
    for (size_t i = 0; i < sizeof longer.later; i++) {
        assert_int_equal(longer.later[i], 0xAA);
    }
    lines[1].later[0] = 1; /* it asks for something that this version cannot do */
    assert_int_equal(tillproof_lines_set(t, sale, &lines[0].line, 2), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_close(t, 5000), 0);
}

static void a_child_of_fork_is_turned_away(void **state)
{
    struct tillproof *t = open_till();
    struct tillproof_quote q = {.size = sizeof q};
    (void)state;
    int64_t sale = begin(t, "K-1");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int64_t id = 0;
        bool good = tillproof_quote(t, sale, &q) == TILLPROOF_E_FORKED &&
                    tillproof_sale_begin(t, "K-2", "EUR", 0, &id) == TILLPROOF_E_FORKED &&
                    tillproof_close(t, 0) == TILLPROOF_E_FORKED;
        _exit(good ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(tillproof_quote(t, sale, &q), 0);
    assert_int_equal(tillproof_close(t, 5000), 0);
}

static void events_come_by_a_descriptor(void **state)
{
    struct tillproof *t = open_till();
    struct tillproof_event v = {.size = sizeof v};
    int32_t fd = -1;
    uint32_t length = 77;
    (void)state;
    assert_int_equal(tillproof_event_fd(t, &fd), 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1);
    do {
        assert_int_equal(tillproof_event_next(t, 5000, &v), 0);
    } while (v.kind && v.kind != TILLPROOF_EVENT_ONLINE);
    assert_int_equal(v.kind, TILLPROOF_EVENT_ONLINE);
    assert_int_equal(v.code, TILLPROOF_OK);
    assert_true(v.number > 0);
    assert_int_equal(tillproof_event_data(t, v.number, NULL, &length), 0);
    assert_int_equal(length, 0);
    assert_int_equal(tillproof_event_data(t, v.number + 1, NULL, &length), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_event_data(t, v.number, NULL, NULL), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_event_next(t, 60001, &v), TILLPROOF_E_ARGUMENT);
    v.size = 8;
    assert_int_equal(tillproof_event_next(t, 0, &v), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_event_fd(t, NULL), TILLPROOF_E_ARGUMENT);
    v.size = sizeof v;
    do {
        assert_int_equal(tillproof_event_next(t, 0, &v), 0);
    } while (v.kind);
    assert_int_equal(tillproof_close(t, 5000), 0);
}

static void what_was_under_way_is_found_again(void **state)
{
    struct tillproof *t = open_till();
    struct tillproof_quote q = {.size = sizeof q};
    int64_t found = 0;
    (void)state;
    int64_t sale = begin(t, "U-1");
    assert_int_equal(tillproof_hold(t, sale, 5000, &q), 0);
    assert_int_equal(tillproof_close(t, 5000), 0);
    t = open_till();
    uint32_t index = 0;
    do {
        assert_int_equal(tillproof_sale_unsettled(t, index++, &found), 0);
    } while (found && found != sale);
    assert_int_equal(found, sale);
    assert_int_equal(tillproof_sale_forget(t, sale), 0);
    assert_int_equal(tillproof_sale_forget(t, sale), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_sale_unsettled(t, index - 1, &found), 0);
    assert_int_not_equal(found, sale);
    assert_int_equal(tillproof_sale_unsettled(t, 0, NULL), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_close(t, 5000), 0);
}

static void a_day_is_closed_with_its_sums(void **state)
{
    struct tillproof *t = open_till();
    struct tillproof_day day = {.size = sizeof day};
    (void)state;
    assert_int_equal(tillproof_day_close(t, &day), 0); /* what the tests before it sold */
    int64_t sale = begin(t, "D-1");
    struct tillproof_commit c = pay(t, sale);
    assert_int_equal(tillproof_day_close(t, &day), 0);
    assert_int_equal(day.fresh, 1);
    assert_int_equal(day.sales, 1);
    assert_int_equal(day.due, 2598);
    assert_int_equal(day.first, c.seq);
    assert_int_equal(day.last, c.seq);
    assert_int_equal(day.seq, c.seq + 1);
    assert_string_equal(day.currency, "EUR");
    assert_int_equal(strlen(day.record), 64);
    assert_int_equal(tillproof_void(t, sale), TILLPROOF_E_STATE);
    assert_int_equal(tillproof_day_close(t, NULL), TILLPROOF_E_ARGUMENT);
    day.size = 4;
    assert_int_equal(tillproof_day_close(t, &day), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_close(t, 5000), 0); /* the real authority has taken it */
}

static void a_sale_goes_on_at_another_till(void **state)
{
    struct tillproof *one = open_till(), *two = NULL;
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_sale a = {.size = sizeof a}, b = {.size = sizeof b};
    uint8_t saved[8192];
    uint32_t length = 0, small = 10;
    int64_t there = 0;
    char arguments[512];
    (void)state;
    snprintf(arguments, sizeof arguments, "till enrol till2 --shop %s", shop);
    assert_int_equal(run(arguments), 0);
    assert_int_equal(tillproof_open(shop, "till2", 0, &two), 0);
    int64_t sale = begin(one, "S-1");
    assert_int_equal(scan(one, sale, 3), TILLPROOF_OK);
    assert_int_equal(tillproof_hold(one, sale, 5000, &q), 0);
    assert_int_equal(q.due, 2338);
    assert_int_equal(tillproof_sale_save(one, sale, NULL, &length), 0);
    assert_true(length > 0 && length <= sizeof saved);
    assert_int_equal(tillproof_sale_save(one, sale, saved, &small), TILLPROOF_E_MEMORY);
    assert_int_equal(small, length);
    assert_int_equal(tillproof_sale_save(one, sale, saved, &length), 0);
    assert_int_equal(tillproof_sale_load(two, saved, length - 1, &there), TILLPROOF_E_UNTRUSTED);
    assert_int_equal(tillproof_sale_load(two, saved, length, &there), 0);
    /* The first till still holds the coupon: this hold takes it over. */
    assert_int_equal(tillproof_hold(two, there, 5000, &q), 0);
    assert_int_equal(q.outcome, TILLPROOF_BINDING);
    assert_int_equal(q.due, 2338);
    assert_int_equal(tillproof_sale_info(one, sale, &a), 0);
    assert_int_equal(tillproof_sale_info(two, there, &b), 0);
    assert_string_equal(a.id, b.id);
    assert_string_equal(b.reference, "S-1");
    assert_int_equal(tillproof_sale_forget(one, sale), 0); /* its late release gives nothing back */
    assert_int_equal(tillproof_close(one, 5000), 0);
    assert_int_equal(pay(two, there).binding, 1);
    assert_int_equal(tillproof_close(two, 5000), 0);
}

static void goods_come_back_in_parts(void **state)
{
    struct tillproof *t = open_till();
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_line line = beans();
    struct tillproof_sale info = {.size = sizeof info};
    struct tillproof_status status = {.size = sizeof status};
    int64_t refund = 7, again = 0;
    int32_t outcome = 0;
    (void)state;
    int64_t sale = begin(t, "B-1");
    struct tillproof_commit c = pay(t, sale);
    assert_int_equal(c.due, 2598);
    assert_int_equal(tillproof_refund_begin(t, "nothing", "B-2", 0, &refund, &outcome), 0);
    assert_int_equal(outcome, TILLPROOF_UNKNOWN_SALE);
    assert_int_equal(refund, 0);
    assert_int_equal(tillproof_sale_info(t, sale, &info), 0);
    assert_int_equal(tillproof_refund_begin(t, info.id, "B-2", 0, &refund, &outcome), 0);
    assert_int_equal(outcome, TILLPROOF_OK);
    assert_int_equal(tillproof_refund_begin(t, "B-1", "B-2", 0, &again, &outcome), 0);
    assert_int_equal(again, refund);
    line.quantity = 1000;
    assert_int_equal(tillproof_lines_set(t, refund, &line, 1), 0);
    assert_int_equal(tillproof_quote(t, refund, &q), 0);
    assert_int_equal(q.due, -1299);
    struct tillproof_commit back = pay(t, refund);
    assert_int_equal(back.due, -1299);
    assert_int_equal(back.seq, c.seq + 1);
    assert_int_equal(tillproof_void(t, sale), TILLPROOF_E_STATE);
    assert_int_equal(tillproof_refund_begin(t, "B-1", "B-3", 60001, &again, &outcome), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_refund_begin(t, NULL, "B-3", 0, &again, &outcome), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_close(t, 5000), 0);
    t = open_till();
    assert_int_equal(tillproof_status(t, &status), 0);
    assert_int_equal(status.refused, 0); /* the real authority took returns and closes */
    assert_int_equal(tillproof_close(t, 5000), 0);
}

/* The coupon's QR code as a camera sees it: 6 pixels a module, white around it. Owned: free. */
static uint8_t *photograph(int which, uint32_t *side)
{
    enum { SCALE = 6, QUIET = 4 };
    char digits[1024];
    struct qr qr;
    size_t n = coupon(which, digits);
    while (n && (digits[n - 1] < '0' || digits[n - 1] > '9')) {
        n--;
    }
    assert_int_equal(qr_encode(bytes_of(digits, n), &qr, NULL), 0);
    size_t size = (size_t)qr.side, all = (size + 2 * QUIET) * SCALE;
    uint8_t *px = malloc(all * all);
    assert_non_null(px);
    memset(px, 255, all * all);
    for (size_t y = 0; y < size * SCALE; y++) {
        for (size_t x = 0; x < size * SCALE; x++) {
            bool dark = qr.dark[y / SCALE * size + x / SCALE];
            px[(y + QUIET * SCALE) * all + x + QUIET * SCALE] = dark ? 0 : 255;
        }
    }
    qr_free(&qr);
    *side = (uint32_t)all;
    return px;
}

static struct tillproof_event picture_event(struct tillproof *t)
{
    struct tillproof_event v = {.size = sizeof v};
    do {
        assert_int_equal(tillproof_event_next(t, 10000, &v), 0);
    } while (v.kind && v.kind != TILLPROOF_EVENT_PICTURE);
    assert_int_equal(v.kind, TILLPROOF_EVENT_PICTURE);
    return v;
}

static void a_picture_is_read_and_its_codes_presented(void **state)
{
    struct tillproof *t = open_till();
    struct tillproof_quote q = {.size = sizeof q};
    uint32_t side = 0, length = 0;
    int32_t taken = 0, busy = 1;
    (void)state;
    int64_t sale = begin(t, "I-1");
    uint8_t *px = photograph(1, &side);
    assert_int_equal(tillproof_present_image(t, sale, px, side, side, side, &taken), 0);
    assert_int_equal(taken, 1);
    assert_int_equal(tillproof_present_image(t, sale, px, side, side, side, &busy), 0);
    struct tillproof_event v = picture_event(t);
    assert_int_equal(v.code, TILLPROOF_OK);
    assert_int_equal(v.sale, sale);
    assert_true(v.id > 0);
    assert_string_equal(v.offer, "coffee10");
    assert_int_equal(tillproof_event_data(t, v.number, NULL, &length), 0);
    assert_true(length > 100);
    assert_int_equal(tillproof_quote(t, sale, &q), 0);
    assert_int_equal(q.due, 2338);
    memset(px, 255, (size_t)side * side);
    do {
        assert_int_equal(tillproof_present_image(t, sale, px, side, side, side, &taken), 0);
    } while (!taken);
    v = picture_event(t);
    v = v.code == TILLPROOF_DUPLICATE ? picture_event(t) : v; /* when the second was taken, too */
    assert_int_equal(v.code, TILLPROOF_NO_CODE);
    assert_int_equal(tillproof_present_image(t, sale, px, 0, side, side, &taken), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_present_image(t, sale, px, 8193, 1, 8193, &taken), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_present_image(t, sale, px, side, side, side - 1, &taken),
                     TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_present_image(t, sale, NULL, side, side, side, &taken), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_present_image(t, 99999999, px, side, side, side, &taken),
                     TILLPROOF_E_ARGUMENT);
    free(px);
    assert_int_equal(tillproof_sale_forget(t, sale), 0);
    assert_int_equal(tillproof_close(t, 5000), 0);
}

static int count_files(const char *dir)
{
    char line[128];
    snprintf(line, sizeof line, "ls %s | wc -l", dir);
    FILE *in = popen(line, "r");
    int n = 0;
    assert_non_null(in);
    assert_int_equal(fscanf(in, "%d", &n), 1);
    pclose(in);
    return n;
}

/* A thread that was joined is gone from the list only a moment later. */
static int settled_threads(const char *tasks)
{
    usleep(100000);
    return count_files(tasks);
}

static void a_guest_leaves_the_house_as_it_was(void **state)
{
    char fds[64], tasks[64], text[64] = "";
    struct sigaction before[32], after;
    (void)state;
    snprintf(fds, sizeof fds, "/proc/%d/fd", getpid());
    snprintf(tasks, sizeof tasks, "/proc/%d/task", getpid());
    int threads = settled_threads(tasks), open_files = count_files(fds);
    for (int s = 1; s < 32; s++) {
        sigaction(s, NULL, &before[s]);
    }
    char *locale = strdup(setlocale(LC_ALL, NULL));
    int saved[2] = {dup(1), dup(2)}, out[2];
    assert_int_equal(pipe2(out, O_NONBLOCK), 0);
    fflush(stdout);
    dup2(out[1], 1);
    dup2(out[1], 2);
    struct tillproof *t = NULL;
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_presentation p = {.size = sizeof p};
    int64_t sale = 0;
    int32_t rc = tillproof_open(shop, NULL, 0, &t);
    rc = rc ? rc : tillproof_sale_begin(t, "G-1", "EUR", 0, &sale);
    rc = rc ? rc : tillproof_present(t, sale, TILLPROOF_SCAN, "]Q180701", 8, &p);
    rc = rc ? rc : tillproof_hold(t, sale, 5000, &q);
    rc = rc ? rc : tillproof_close(t, 5000);
    dup2(saved[0], 1);
    dup2(saved[1], 2);
    close(saved[0]);
    close(saved[1]);
    assert_int_equal(rc, 0);
    assert_int_equal(p.outcome, TILLPROOF_MISREAD);
    assert_int_equal(read(out[0], text, sizeof text), -1); /* it printed nothing */
    assert_int_equal(errno, EAGAIN);
    close(out[0]);
    close(out[1]);
    for (int s = 1; s < 32; s++) {
        sigaction(s, NULL, &after);
        assert_ptr_equal(before[s].sa_handler, after.sa_handler);
    }
    assert_string_equal(setlocale(LC_ALL, NULL), locale);
    assert_int_equal(count_files(fds), open_files);
    assert_int_equal(settled_threads(tasks), threads);
    free(locale);
}

static void names_sizes_and_version_are_told(void **state)
{
    (void)state;
    assert_int_equal(tillproof_version(), TILLPROOF_VERSION);
    assert_string_equal(tillproof_name(TILLPROOF_E_TILL_BUSY), "till_busy");
    assert_string_equal(tillproof_name(12345), "unknown");
    assert_int_equal(tillproof_sizeof(TILLPROOF_SIZEOF_LINE), sizeof(struct tillproof_line));
    assert_int_equal(tillproof_sizeof(TILLPROOF_SIZEOF_TAX_RESULT), sizeof(struct tillproof_tax_result));
    assert_int_equal(tillproof_sizeof(0), 0);
    assert_int_equal(tillproof_sizeof(99), 0);
    assert_int_equal(tillproof_reason(NULL, NULL), TILLPROOF_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_sizes_and_version_are_told),
        cmocka_unit_test(a_coupon_goes_the_whole_way_once),
        cmocka_unit_test(a_void_gives_the_coupon_back),
        cmocka_unit_test(a_sale_and_its_text_are_there_after_reopening),
        cmocka_unit_test(misuse_is_told_and_changes_nothing),
        cmocka_unit_test(longer_structs_are_filled_as_far_as_known),
        cmocka_unit_test(a_child_of_fork_is_turned_away),
        cmocka_unit_test(events_come_by_a_descriptor),
        cmocka_unit_test(what_was_under_way_is_found_again),
        cmocka_unit_test(a_day_is_closed_with_its_sums),
        cmocka_unit_test(a_sale_goes_on_at_another_till),
        cmocka_unit_test(goods_come_back_in_parts),
        cmocka_unit_test(a_picture_is_read_and_its_codes_presented),
        cmocka_unit_test(a_guest_leaves_the_house_as_it_was),
    };
    return cmocka_run_group_tests(tests, make_shop, drop_shop);
}
