#include "ring.h"

#include <time.h>

enum { HOLD_MS = 5000, CLOSE_MS = 10000, ONLINE_MS = 2000, STEP_MS = 5 };

/* A till that was closed may not know what was published or issued meanwhile: its first answer brings it.
 * Without a line the sale goes on with what it knows. */
static void wait_online(struct ring *r)
{
    struct tillproof_status status = {.size = sizeof status};
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    for (int waited = 0; waited < ONLINE_MS; waited += STEP_MS) {
        if (r->plugin.status_(r->till, &status) || status.online) {
            return;
        }
        nanosleep(&step, NULL);
    }
}

int ring_open(struct ring *r, const char *shop, const char *till, struct err *e)
{
    int rc = r->plugin.open_(shop, till, 0, &r->till);
    if (rc) {
        return plugin_fail(&r->plugin, rc, e);
    }
    wait_online(r);
    return 0;
}

int ring_close(struct ring *r, struct err *e)
{
    int rc = r->till ? r->plugin.close_(r->till, CLOSE_MS) : 0;
    if (rc) {
        rc = plugin_fail(&r->plugin, rc, e);
    }
    r->till = NULL;
    plugin_unload(&r->plugin);
    return rc;
}

static int set_lines(struct ring *r, struct err *e)
{
    size_t n = r->basket->lines.n;
    struct tillproof_line *lines = ARENA_NEW(r->arena, struct tillproof_line, n);
    if (!lines) {
        return err_code(e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        const struct line *from = &r->basket->lines.v[i];
        lines[i].size = sizeof lines[i];
        lines[i].number = from->number;
        lines[i].quantity = from->quantity;
        lines[i].unit_price = from->unit_price;
        lines[i].tax = from->tax;
        bytes_to_cstr(from->sku, lines[i].sku, sizeof lines[i].sku);
        bytes_to_cstr(from->name, lines[i].name, sizeof lines[i].name);
        bytes_to_cstr(from->category, lines[i].category, sizeof lines[i].category);
    }
    int rc = r->plugin.lines_set_(r->till, r->sale, lines, (uint32_t)n);
    return rc ? plugin_fail(&r->plugin, rc, e) : 0;
}

static int present_all(struct ring *r, struct err *e)
{
    struct tillproof_presentation p = {.size = sizeof p};
    for (size_t i = 0; i < r->scan_count; i++) {
        struct ring_scan *scan = &r->scans[i];
        /* Text on the command line is what a person would type. */
        uint32_t kind = bytes_is(scan->bytes, scan->given) ? TILLPROOF_TYPED : TILLPROOF_SCAN;
        int rc = r->plugin.present_(r->till, r->sale, kind, scan->bytes.p, (uint32_t)scan->bytes.n, &p);
        if (rc) {
            return plugin_fail(&r->plugin, rc, e);
        }
        scan->outcome = p.outcome;
        memcpy(scan->offer, p.offer, sizeof scan->offer);
    }
    if (r->card.p) {
        int rc = r->plugin.present_(r->till, r->sale, TILLPROOF_CARD, r->card.p, (uint32_t)r->card.n, &p);
        if (rc) {
            return plugin_fail(&r->plugin, rc, e);
        }
        r->card_outcome = p.outcome;
    }
    return 0;
}

/* The price that binds, where the authority can be asked; a positive code when there is no price at all. */
static int price(struct ring *r, struct tillproof_quote *q, struct err *e)
{
    q->size = sizeof *q;
    int rc = r->plugin.quote_(r->till, r->sale, q);
    if (rc == 0 && q->outcome == TILLPROOF_PROVISIONAL) {
        rc = r->plugin.hold_(r->till, r->sale, HOLD_MS, q);
    }
    if (rc) {
        return plugin_fail(&r->plugin, rc, e);
    }
    if (q->outcome != TILLPROOF_PROVISIONAL && q->outcome != TILLPROOF_BINDING) {
        return err_code(e, q->outcome);
    }
    r->not_binding = q->outcome == TILLPROOF_BINDING ? 0 : q->reason;
    return 0;
}

static int pay(struct ring *r, int64_t due, struct err *e)
{
    struct tillproof_tender tenders[32] = {0};
    size_t n = r->tender_count;
    if (n > 32) {
        return err_set(e, TP_E_ARGUMENT, "a basket has at most 32 tenders");
    }
    for (size_t i = 0; i < n; i++) {
        tenders[i].amount = r->tenders[i].amount;
        bytes_to_cstr(r->tenders[i].kind, tenders[i].kind, sizeof tenders[i].kind);
    }
    if (n == 0) {
        tenders[n++] = (struct tillproof_tender){.amount = due, .kind = "cash"};
    }
    for (size_t i = 0; i < n; i++) {
        tenders[i].size = sizeof tenders[i];
    }
    int rc = r->plugin.commit_(r->till, r->sale, r->reference, tenders, (uint32_t)n, &r->commit);
    return rc ? plugin_fail(&r->plugin, rc, e) : 0;
}

/* A result's text as a view that lives in the arena. */
static struct bytes kept(struct ring *r, const char *text)
{
    return arena_copy(r->arena, bytes_str(text));
}

static int collect_offers(struct ring *r, const struct tillproof_quote *q, struct quote_applied *applied,
                          struct quote_refused *refused, struct err *e)
{
    for (uint32_t i = 0; i < q->offers; i++) {
        struct tillproof_offer_result o = {.size = sizeof o};
        int rc = r->plugin.offer_result_(r->till, r->sale, i, &o);
        if (rc) {
            return plugin_fail(&r->plugin, rc, e);
        }
        if (o.outcome == TILLPROOF_APPLIED) {
            applied[r->quote.applied.n++] = (struct quote_applied){.id = kept(r, o.offer),
                                                                   .funder = kept(r, o.funder),
                                                                   .version = o.version,
                                                                   .discount = o.discount,
                                                                   .cashback = o.cashback};
        } else {
            refused[r->quote.refused.n++] =
                (struct quote_refused){.id = kept(r, o.offer),
                                       .version = o.version,
                                       .reason = o.outcome,
                                       .missing = o.outcome == TILLPROOF_MIN_SPEND ? o.missing : NONE};
        }
    }
    return 0;
}

static int collect_lines(struct ring *r, const struct tillproof_quote *q, struct quote_line *lines,
                         struct quote_share *shares, struct err *e)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < q->lines; i++) {
        struct tillproof_line_result l = {.size = sizeof l};
        int rc = r->plugin.line_result_(r->till, r->sale, i, &l);
        if (rc == 0 && l.shares > q->shares - next) {
            return err_set(e, TP_E_CORRUPT, "the plugin's results contradict each other");
        }
        lines[i] = (struct quote_line){
            .number = l.number, .gross = l.gross, .discount = l.discount, .net = l.net, .tax = l.tax};
        lines[i].shares.v = shares + next;
        lines[i].shares.n = l.shares;
        for (uint32_t j = 0; j < l.shares && rc == 0; j++, next++) {
            struct tillproof_share_result s = {.size = sizeof s};
            rc = r->plugin.share_result_(r->till, r->sale, next, &s);
            shares[next] = (struct quote_share){.applied = s.offer, .discount = s.discount};
        }
        if (rc) {
            return plugin_fail(&r->plugin, rc, e);
        }
    }
    return 0;
}

/* The quote as a struct again, so that it is printed by the very same function as `tillproof quote`. */
static int collect(struct ring *r, struct err *e)
{
    struct tillproof_quote q = {.size = sizeof q};
    int rc = r->plugin.quote_(r->till, r->sale, &q);
    if (rc) {
        return plugin_fail(&r->plugin, rc, e);
    }
    struct quote_applied *applied = ARENA_NEW(r->arena, struct quote_applied, q.offers);
    struct quote_refused *refused = ARENA_NEW(r->arena, struct quote_refused, q.offers);
    struct quote_line *lines = ARENA_NEW(r->arena, struct quote_line, q.lines);
    struct quote_share *shares = ARENA_NEW(r->arena, struct quote_share, q.shares);
    if (!applied || !refused || !lines || !shares) {
        return err_code(e, TP_E_MEMORY);
    }
    r->quote = (struct quote){.currency = kept(r, q.currency),
                              .gross = q.gross,
                              .discount = q.discount,
                              .net = q.net,
                              .tax = q.tax,
                              .due = q.due,
                              .cashback = q.cashback};
    r->quote.applied.v = applied;
    r->quote.refused.v = refused;
    r->quote.lines.v = lines;
    r->quote.lines.n = q.lines;
    rc = collect_offers(r, &q, applied, refused, e);
    return rc ? rc : collect_lines(r, &q, lines, shares, e);
}

static int collect_text(struct ring *r, struct err *e)
{
    uint32_t length = 0;
    int rc = r->plugin.text_(r->till, r->sale, TILLPROOF_RECEIPT, NULL, &length);
    if (rc == 0 && length > 0) {
        char *text = (char *)buf_extend(&r->text, length);
        rc = text ? r->plugin.text_(r->till, r->sale, TILLPROOF_RECEIPT, text, &length) : TP_E_MEMORY;
        r->text.n = length - 1;
    }
    return rc ? plugin_fail(&r->plugin, rc, e) : 0;
}

/* From the empty sale to the recorded one. */
static int go_through(struct ring *r, struct err *e)
{
    struct tillproof_quote q = {.size = sizeof q};
    int rc = set_lines(r, e);
    if (rc == 0) {
        rc = present_all(r, e);
    }
    if (rc == 0) {
        rc = price(r, &q, e);
    }
    if (rc == 0) {
        rc = pay(r, q.due, e);
    }
    if (rc) {
        r->plugin.void_(r->till, r->sale);
    }
    return rc;
}

int ring_up(struct ring *r, struct err *e)
{
    char currency[4];
    bytes_to_cstr(r->basket->currency, currency, sizeof currency);
    uint32_t flags = r->training ? TILLPROOF_TRAINING : 0;
    r->commit = (struct tillproof_commit){.size = sizeof r->commit};
    r->info = (struct tillproof_sale){.size = sizeof r->info};
    int rc = r->plugin.sale_begin_(r->till, r->reference, currency, flags, &r->sale);
    if (rc == 0) {
        rc = r->plugin.sale_info_(r->till, r->sale, &r->info);
    }
    if (rc) {
        return plugin_fail(&r->plugin, rc, e);
    }
    bool done = r->info.state == TILLPROOF_COMMITTED || r->info.state == TILLPROOF_VOIDED;
    rc = done ? pay(r, 0, e) : go_through(r, e);
    if (rc == 0) {
        rc = collect(r, e);
    }
    if (rc == 0) {
        rc = collect_text(r, e);
    }
    if (rc == 0 && r->plugin.sale_info_(r->till, r->sale, &r->info)) {
        rc = plugin_fail(&r->plugin, TP_E_IO, e);
    }
    return rc;
}
