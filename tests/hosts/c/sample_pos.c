/* A point-of-sale program as real ones are. See README.md. */
#include "pos.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    struct plugin plugin;
    struct tillproof *till;
    const char *shop, *till_name, *journal, *die, *path, *prefix, *currency;
    struct pos_sale sale;
    int64_t id;
    char card[80];
    double due;
    bool begun, held, paid;
    int status;
} pos;

/* Every failure of the plugin is shown, and the program goes on, as tills do. */
static bool failed(const char *what, int32_t rc)
{
    char text[256] = "";
    uint32_t length = sizeof text;
    if (rc == 0) {
        return false;
    }
    pos.plugin.reason_(text, &length);
    printf("ERROR %s: %s: %s\n", what, pos.plugin.name_(rc), text);
    pos.status = 1;
    return true;
}

static int64_t minor(double money)
{
    return llround(money * 100);
}

static double major(int64_t amount)
{
    return (double)amount / 100;
}

static void die_at(const char *moment)
{
    if (pos.die && strcmp(pos.die, moment) == 0) {
        printf("DYING %s\n", moment);
        fflush(stdout);
        raise(SIGKILL);
    }
}

static bool begin(void)
{
    if (pos.begun) {
        return true;
    }
    if (!pos.sale.reference[0]) {
        int n = journal_count(pos.journal) + 1;
        if (pos.journal) {
            snprintf(pos.sale.reference, sizeof pos.sale.reference, "%s-%d", pos.prefix, n);
        } else {
            snprintf(pos.sale.reference, sizeof pos.sale.reference, "%s-%lld-%d", pos.prefix,
                     (long long)time(NULL), (int)getpid());
        }
        journal_line(pos.journal, false, "begin %s", pos.sale.reference);
    }
    int32_t rc = pos.plugin.sale_begin_(pos.till, pos.sale.reference, pos.currency, 0, &pos.id);
    pos.begun = !failed("begin", rc);
    return pos.begun;
}

static void send_lines(void)
{
    static struct tillproof_line lines[POS_LINES];
    memset(lines, 0, sizeof lines);
    for (int i = 0; i < pos.sale.line_count; i++) {
        const struct pos_line *from = &pos.sale.lines[i];
        struct tillproof_line *to = &lines[i];
        to->size = sizeof *to;
        to->number = i + 1;
        to->quantity = llround(from->quantity * 1000);
        to->unit_price = minor(from->price);
        to->tax = llround(from->tax * 1000);
        snprintf(to->sku, sizeof to->sku, "%s", from->sku);
        snprintf(to->name, sizeof to->name, "%s", from->name);
        snprintf(to->category, sizeof to->category, "%s", from->category);
    }
    failed("lines", pos.plugin.lines_set_(pos.till, pos.id, lines, (uint32_t)pos.sale.line_count));
    pos.held = false;
}

/* The sums that the program makes itself, in floating point, beside the plugin's. */
static void check_sums(const struct tillproof_quote *q)
{
    double net = 0, tax = 0, rounded = 0;
    bool added = q->due != q->net;
    for (uint32_t i = 0; i < q->lines && (int)i < pos.sale.line_count; i++) {
        struct tillproof_line_result r = {.size = sizeof r};
        if (failed("line", pos.plugin.line_result_(pos.till, pos.id, i, &r))) {
            return;
        }
        double rate = pos.sale.lines[i].tax;
        net += major(r.net);
        tax += round(major(r.net) * rate / (added ? 100 : 100 + rate) * 100) / 100;
        rounded += major(r.tax);
    }
    if (fabs(tax - major(q->tax)) > 0.005) {
        printf("WARNING my tax %.4f, the plugin's %.2f\n", tax, major(q->tax));
    }
    if (fabs(net + (added ? rounded : 0) - major(q->due)) > 0.005) {
        printf("WARNING my sum %.4f, the plugin's due %.2f\n", net, major(q->due));
    }
}

static void show_offers(const struct tillproof_quote *q)
{
    for (uint32_t i = 0; i < q->offers; i++) {
        struct tillproof_offer_result o = {.size = sizeof o};
        if (failed("offer", pos.plugin.offer_result_(pos.till, pos.id, i, &o))) {
            return;
        }
        printf("  %s %s %.2f\n", o.offer, pos.plugin.name_(o.outcome), -major(o.discount));
    }
}

static void show_price(const char *what, const struct tillproof_quote *q)
{
    printf("%s %s gross %.2f discount %.2f due %.2f\n", what, pos.plugin.name_(q->outcome), major(q->gross),
           major(q->discount), major(q->due));
    if (q->reason) {
        printf("  not binding: %s\n", pos.plugin.name_(q->reason));
    }
    show_offers(q);
    check_sums(q);
    pos.due = major(q->due);
}

static void reprice(void)
{
    struct tillproof_quote q = {.size = sizeof q};
    if (!failed("quote", pos.plugin.quote_(pos.till, pos.id, &q))) {
        show_price("PRICE", &q);
    }
}

static void present(uint32_t kind, const char *text)
{
    struct tillproof_presentation p = {.size = sizeof p};
    if (!failed("present", pos.plugin.present_(pos.till, pos.id, kind, text, (uint32_t)strlen(text), &p))) {
        printf("%s %s %s\n", kind == TILLPROOF_CARD ? "CARD" : "SCAN", pos.plugin.name_(p.outcome), p.offer);
    }
    pos.held = false;
}

static void do_item(char *words[], int n)
{
    if (n != 7 || !begin()) {
        printf("USE item SKU NAME CATEGORY QTY PRICE TAX\n");
        return;
    }
    struct pos_line line = {.quantity = atof(words[4]), .price = atof(words[5]), .tax = atof(words[6])};
    snprintf(line.sku, sizeof line.sku, "%s", words[1]);
    snprintf(line.name, sizeof line.name, "%s", words[2]);
    snprintf(line.category, sizeof line.category, "%s", words[3]);
    if (!pos_add_line(&pos.sale, &line)) {
        printf("ERROR the basket is full\n");
        return;
    }
    journal_line(pos.journal, false, "item \"%s\" \"%s\" \"%s\" %s %s %s", words[1], words[2], words[3],
                 words[4], words[5], words[6]);
    send_lines();
    reprice();
}

static void do_scan(char *words[], int n)
{
    if (n != 2 || !begin() || pos.sale.scan_count == POS_SCANS) {
        printf("USE scan TEXT\n");
        return;
    }
    snprintf(pos.sale.scans[pos.sale.scan_count++], POS_TEXT, "%s", words[1]);
    journal_line(pos.journal, false, "scan \"%s\"", words[1]);
    present(TILLPROOF_SCAN, words[1]);
    reprice();
}

static void do_card(char *words[], int n)
{
    if (n != 2) {
        printf("USE card TOKEN\n");
        return;
    }
    snprintf(pos.card, sizeof pos.card, "%s", words[1]);
    if (pos.begun) {
        present(TILLPROOF_CARD, pos.card);
        explicit_bzero(pos.card, sizeof pos.card);
        reprice();
    }
}

static bool hold(void)
{
    struct tillproof_quote q = {.size = sizeof q};
    if (pos.card[0]) {
        present(TILLPROOF_CARD, pos.card);
        explicit_bzero(pos.card, sizeof pos.card);
    }
    if (failed("hold", pos.plugin.hold_(pos.till, pos.id, 5000, &q))) {
        return false;
    }
    show_price("TOTAL", &q);
    pos.held = q.outcome == TILLPROOF_BINDING || q.outcome == TILLPROOF_PROVISIONAL;
    return pos.held;
}

static void commit(void)
{
    struct tillproof_tender tenders[POS_TENDERS];
    struct tillproof_commit c = {.size = sizeof c};
    memset(tenders, 0, sizeof tenders);
    for (int i = 0; i < pos.sale.tender_count; i++) {
        tenders[i].size = sizeof tenders[i];
        tenders[i].amount = minor(pos.sale.tenders[i].amount);
        snprintf(tenders[i].kind, sizeof tenders[i].kind, "%s", pos.sale.tenders[i].kind);
    }
    if (failed("commit", pos.plugin.commit_(pos.till, pos.id, pos.sale.reference, tenders,
                                            (uint32_t)pos.sale.tender_count, &c))) {
        return;
    }
    die_at("after-commit");
    journal_line(pos.journal, true, "done %s", pos.sale.reference);
    pos.paid = true;
    printf("COMMITTED %s binding %d redemptions %u due %.2f\n", pos.sale.reference, c.binding, c.redemptions,
           major(c.due));
}

static double tendered(void)
{
    double sum = 0;
    for (int i = 0; i < pos.sale.tender_count; i++) {
        sum += pos.sale.tenders[i].amount;
    }
    return sum;
}

static void do_pay(char *words[], int n)
{
    if (n != 3 || !pos.begun || pos.paid || pos.sale.tender_count >= POS_TENDERS - 1) {
        printf("USE pay KIND AMOUNT, once there is a sale\n");
        return;
    }
    if (!pos.held && !hold()) {
        return;
    }
    struct pos_tender *t = &pos.sale.tenders[pos.sale.tender_count++];
    snprintf(t->kind, sizeof t->kind, "%s", words[1]);
    t->amount = strcmp(words[2], "all") == 0 ? pos.due - tendered() : atof(words[2]);
    journal_line(pos.journal, true, "tender %s %.2f", t->kind, t->amount);
    printf("PAID %.2f of %.2f\n", tendered(), pos.due);
    die_at("after-tender");
    if (tendered() > pos.due - 0.005) {
        double change = tendered() - pos.due;
        if (change > 0.005) {
            t = &pos.sale.tenders[pos.sale.tender_count++];
            *t = (struct pos_tender){.kind = "cash", .amount = -change};
            printf("CHANGE %.2f\n", change);
        }
        commit();
    }
}

/* Ready for the next customer. */
static void clear(void)
{
    memset(&pos.sale, 0, sizeof pos.sale);
    pos.begun = pos.held = pos.paid = false;
    pos.id = 0;
}

static void do_void(void)
{
    if (!pos.begun) {
        printf("USE void, once there is a sale\n");
        return;
    }
    if (!failed("void", pos.plugin.void_(pos.till, pos.id))) {
        journal_line(pos.journal, true, "void %s", pos.sale.reference);
        printf("VOIDED %s\n", pos.sale.reference);
        clear();
    }
}

static void do_receipt(void)
{
    uint32_t length = 0;
    if (!pos.begun || failed("text", pos.plugin.text_(pos.till, pos.id, TILLPROOF_RECEIPT, NULL, &length))) {
        return;
    }
    char *text = malloc(length);
    if (text && !failed("text", pos.plugin.text_(pos.till, pos.id, TILLPROOF_RECEIPT, text, &length))) {
        puts("----------------------------------------");
        for (int i = 0; i < pos.sale.line_count; i++) {
            const struct pos_line *l = &pos.sale.lines[i];
            printf("%g x %.2f %s\n", l->quantity, l->price, l->name);
        }
        printf("%s----------------------------------------\n", text);
    }
    free(text);
}

/* After a kill: the sale that the journal left open is begun again by its reference, and settled. */
static void do_recover(void)
{
    if (pos.begun || !journal_unsettled(pos.journal, &pos.sale)) {
        printf("RECOVER nothing to settle\n");
        return;
    }
    struct tillproof_sale info = {.size = sizeof info};
    printf("RECOVER %s\n", pos.sale.reference);
    if (!begin() || failed("info", pos.plugin.sale_info_(pos.till, pos.id, &info))) {
        return;
    }
    if (info.state == TILLPROOF_COMMITTED) {
        journal_line(pos.journal, true, "done %s", pos.sale.reference);
        printf("RECOVER it was recorded before\n");
        pos.paid = true;
        return;
    }
    send_lines();
    for (int i = 0; i < pos.sale.scan_count; i++) {
        present(TILLPROOF_SCAN, pos.sale.scans[i]);
    }
    if (hold() && tendered() > pos.due - 0.005) {
        commit();
    }
}

static bool run(char *line)
{
    char *words[8];
    int n = pos_split(line, words, 8);
    if (n == 0 || words[0][0] == '#') {
        return true;
    }
    if (pos.paid && strcmp(words[0], "receipt") != 0 && strcmp(words[0], "void") != 0) {
        clear();
    }
    if (strcmp(words[0], "item") == 0) {
        do_item(words, n);
    } else if (strcmp(words[0], "scan") == 0) {
        do_scan(words, n);
    } else if (strcmp(words[0], "card") == 0) {
        do_card(words, n);
    } else if (strcmp(words[0], "total") == 0 && pos.begun) {
        hold();
    } else if (strcmp(words[0], "pay") == 0) {
        do_pay(words, n);
    } else if (strcmp(words[0], "void") == 0) {
        do_void();
    } else if (strcmp(words[0], "receipt") == 0) {
        do_receipt();
    } else if (strcmp(words[0], "recover") == 0) {
        do_recover();
    } else if (strcmp(words[0], "quit") == 0) {
        return false;
    } else {
        printf("USE item, scan, card, total, pay, void, receipt, recover, quit\n");
    }
    fflush(stdout);
    return true;
}

/* What was issued while this till was closed comes with its first answer; without a line, go on. */
static void wait_online(void)
{
    struct tillproof_status status = {.size = sizeof status};
    const struct timespec step = {.tv_nsec = 10000000};
    for (int i = 0; i < 200; i++) {
        if (failed("status", pos.plugin.status_(pos.till, &status)) || status.online) {
            return;
        }
        nanosleep(&step, NULL);
    }
}

static bool options(int argc, char **argv)
{
    const struct {
        const char *name, **to;
    } table[] = {{"--shop", &pos.shop},        {"--plugin", &pos.path}, {"--till", &pos.till_name},
                 {"--journal", &pos.journal},  {"--die", &pos.die},     {"--prefix", &pos.prefix},
                 {"--currency", &pos.currency}};
    pos.prefix = "pos";
    pos.currency = "EUR";
    for (int i = 1; i + 1 < argc; i += 2) {
        bool known = false;
        for (size_t j = 0; j < sizeof table / sizeof table[0]; j++) {
            if (strcmp(argv[i], table[j].name) == 0) {
                *table[j].to = argv[i + 1];
                known = true;
            }
        }
        if (!known) {
            return false;
        }
    }
    return argc % 2 == 1 && pos.shop && pos.path;
}

int main(int argc, char **argv)
{
    char line[2048];
    if (!options(argc, argv)) {
        fprintf(stderr, "usage: sample_pos --plugin FILE --shop DIR [--till NAME] [--journal FILE] "
                        "[--die after-tender|after-commit] [--prefix TEXT] [--currency EUR]\n");
        return 2;
    }
    if (!plugin_load(&pos.plugin, pos.path) ||
        failed("open", pos.plugin.open_(pos.shop, pos.till_name, 0, &pos.till))) {
        return 3;
    }
    wait_online();
    while (fgets(line, sizeof line, stdin) && run(line)) {
    }
    int32_t rc = pos.plugin.close_(pos.till, 10000);
    if (rc == TILLPROOF_E_TIMEOUT) {
        printf("NOTE not everything is sent yet\n");
    } else {
        failed("close", rc);
    }
    return pos.status;
}
