#include "api/internal.h"

#include <stdlib.h>

enum { HOLD_MOST_MS = 60000, PRESENT_MOST = 4096, SAVE_MOST = 2 * 1024 * 1024 + 64 };

static int32_t done(int rc, const struct err *e)
{
    return rc ? api_fail(rc, e) : 0;
}

int32_t tillproof_sale_begin(struct tillproof *handle, const char *reference, const char *currency,
                             uint32_t flags, int64_t *sale)
{
    struct err e = {0};
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if (!reference || !currency || !sale || (flags & ~(uint32_t)TILLPROOF_TRAINING)) {
        return api_argument("a sale begins with a reference, a currency and a place for its id");
    }
    return done(till_sale_begin(handle->till, bytes_str(reference), bytes_str(currency),
                                flags & TILLPROOF_TRAINING, sale, &e),
                &e);
}

int32_t tillproof_sale_find(struct tillproof *handle, const char *reference, int64_t *sale)
{
    struct err e = {0};
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if (!reference || !sale) {
        return api_argument("a sale is found by a reference");
    }
    return done(till_sale_find(handle->till, bytes_str(reference), sale, &e), &e);
}

int32_t tillproof_sale_unsettled(struct tillproof *handle, uint32_t index, int64_t *sale)
{
    struct err e = {0};
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    return sale ? done(till_sale_unsettled(handle->till, index, sale, &e), &e)
                : api_argument("there is no place for the sale's id");
}

int32_t tillproof_sale_forget(struct tillproof *handle, int64_t sale)
{
    struct err e = {0};
    int32_t rc = api_enter(handle);
    return rc ? rc : done(till_sale_forget(handle->till, sale, &e), &e);
}

int32_t tillproof_sale_save(struct tillproof *handle, int64_t sale, void *buf, uint32_t *length)
{
    struct err e = {0};
    struct buf out;
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if (!length) {
        return api_argument("the saved sale has a length");
    }
    buf_init(&out, SAVE_MOST);
    rc = till_sale_save(handle->till, sale, &out, &e);
    rc = rc ? api_fail(rc, &e) : api_bytes(buf_view(&out), buf, length);
    buf_free(&out);
    return rc;
}

int32_t tillproof_sale_load(struct tillproof *handle, const void *bytes, uint32_t length, int64_t *sale)
{
    struct err e = {0};
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if (!bytes || !sale) {
        return api_argument("a sale is loaded from bytes, to a place for its id");
    }
    return done(till_sale_load(handle->till, bytes_of(bytes, length), sale, &e), &e);
}

int32_t tillproof_sale_info(struct tillproof *handle, int64_t sale, struct tillproof_sale *info)
{
    struct sale_info s;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(info, FIRST_SALE);
    if (rc) {
        return rc;
    }
    rc = till_sale_info(handle->till, sale, &s, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    struct tillproof_sale out = {
        .state = s.state,
        .flags = s.training ? TILLPROOF_TRAINING : 0,
        .lines = (uint32_t)s.lines,
        .presentations = (uint32_t)s.presentations,
        .sent = s.sent,
        .rev = s.rev,
        .hold_left_ms = s.hold_left_ms,
    };
    memcpy(out.currency, s.currency, sizeof out.currency);
    memcpy(out.reference, s.reference, sizeof s.reference);
    memcpy(out.receipt, s.receipt, sizeof s.receipt);
    hex_encode(s.uuid, ID_SIZE, out.id);
    api_out(info, &out, sizeof out);
    return 0;
}

/* One item into `line`, whose texts are views of the caller's memory: only its sizes come from the copy. */
static int32_t read_line(const struct tillproof_line *from, struct line *line)
{
    struct tillproof_line in;
    int32_t rc = api_in(&in, sizeof in, FIRST_LINE, from);
    *line = (struct line){
        .number = in.number, .quantity = in.quantity, .unit_price = in.unit_price, .tax = in.tax};
    if (rc == 0 && in.reserved) {
        rc = api_argument("a line's reserved member is not zero");
    }
    rc = rc ? rc : api_text(from->sku, sizeof from->sku, "a line's sku", &line->sku);
    rc = rc ? rc : api_text(from->name, sizeof from->name, "a line's name", &line->name);
    return rc ? rc : api_text(from->category, sizeof from->category, "a line's category", &line->category);
}

int32_t tillproof_lines_set(struct tillproof *handle, int64_t sale, const struct tillproof_line *lines,
                            uint32_t count)
{
    struct err e = {0};
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if (count > MAX_LINES || (count && !lines)) {
        return api_argument("a basket has 0 to 4096 lines");
    }
    struct line *list = calloc(count ? count : 1, sizeof *list);
    if (!list) {
        return api_fail(TP_E_MEMORY, NULL);
    }
    uint32_t stride = count ? lines->size : 0;
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        const void *at = (const uint8_t *)lines + (size_t)i * stride;
        rc = api_item(at, stride);
        rc = rc ? rc : read_line(at, &list[i]);
    }
    rc = rc ? rc : done(till_lines_set(handle->till, sale, list, count, &e), &e);
    free(list);
    return rc;
}

int32_t tillproof_present(struct tillproof *handle, int64_t sale, uint32_t kind, const void *bytes,
                          uint32_t length, struct tillproof_presentation *presentation)
{
    struct presentation_info p;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(presentation, FIRST_PRESENTATION);
    if (rc) {
        return rc;
    }
    if (!bytes || length < 1 || length > PRESENT_MOST || kind < TILLPROOF_SCAN || kind > TILLPROOF_CARD) {
        return api_argument("a presentation has a kind and 1 to 4096 bytes");
    }
    rc = till_present(handle->till, sale, (int)kind, bytes_of(bytes, length), &p, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    struct tillproof_presentation out = {.outcome = p.outcome, .id = p.id, .kind = kind};
    memcpy(out.offer, p.offer, sizeof out.offer);
    memcpy(out.title, p.title, sizeof out.title);
    api_out(presentation, &out, sizeof out);
    return 0;
}

int32_t tillproof_withdraw(struct tillproof *handle, int64_t sale, int64_t presentation)
{
    struct err e = {0};
    int32_t rc = api_enter(handle);
    return rc ? rc : done(till_withdraw(handle->till, sale, presentation, &e), &e);
}

int32_t tillproof_hold(struct tillproof *handle, int64_t sale, uint32_t deadline_ms,
                       struct tillproof_quote *quote)
{
    struct quote_info q;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc || !quote ? rc : api_out_check(quote, FIRST_QUOTE);
    if (rc) {
        return rc;
    }
    if (deadline_ms < 1 || deadline_ms > HOLD_MOST_MS) {
        return api_argument("a hold waits 1 to 60000 ms");
    }
    rc = till_hold(handle->till, sale, deadline_ms, &q, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    if (quote) {
        api_fill_quote(quote, &q);
    }
    return 0;
}

int32_t tillproof_release(struct tillproof *handle, int64_t sale)
{
    struct err e = {0};
    int32_t rc = api_enter(handle);
    return rc ? rc : done(till_release(handle->till, sale, &e), &e);
}

static int32_t read_tender(const struct tillproof_tender *from, struct tender *to)
{
    struct tillproof_tender in;
    int32_t rc = api_in(&in, sizeof in, FIRST_TENDER, from);
    if (rc == 0 && (in.reserved || in.reserved2)) {
        rc = api_argument("a tender's reserved member is not zero");
    }
    *to = (struct tender){.amount = in.amount};
    return rc ? rc : api_text(from->kind, sizeof from->kind, "a tender's kind", &to->kind);
}

static int32_t read_tenders(const struct tillproof_tender *tenders, uint32_t count, struct tender *list)
{
    int32_t rc = 0;
    uint32_t stride = count ? tenders->size : 0;
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        const void *at = (const uint8_t *)tenders + (size_t)i * stride;
        rc = api_item(at, stride);
        rc = rc ? rc : read_tender(at, &list[i]);
    }
    return rc;
}

static void fill_commit(struct tillproof_commit *result, const struct commit_info *c)
{
    struct tillproof_commit out = {
        .outcome = c->outcome,
        .binding = c->binding,
        .redemptions = (uint32_t)c->redemptions,
        .due = c->due,
        .seq = c->seq,
    };
    if (!c->training) {
        hex_encode(c->d, HASH_SIZE, out.record);
    }
    api_out(result, &out, sizeof out);
}

int32_t tillproof_commit(struct tillproof *handle, int64_t sale, const char *receipt,
                         const struct tillproof_tender *tenders, uint32_t count,
                         struct tillproof_commit *result)
{
    struct tender list[MAX_TENDERS];
    struct commit_info c;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc || !result ? rc : api_out_check(result, FIRST_COMMIT);
    if (rc) {
        return rc;
    }
    if (count > MAX_TENDERS || (count && !tenders) || (receipt && !*receipt)) {
        return api_argument("a commit has 0 to 32 tenders, and a receipt's number or NULL");
    }
    rc = read_tenders(tenders, count, list);
    rc = rc ? rc : done(till_commit(handle->till, sale, bytes_str(receipt), list, count, &c, &e), &e);
    if (rc == 0 && result) {
        fill_commit(result, &c);
    }
    return rc;
}

int32_t tillproof_refund_begin(struct tillproof *handle, const char *original, const char *reference,
                               uint32_t deadline_ms, int64_t *sale, int32_t *outcome)
{
    struct err e = {0};
    int64_t id = 0;
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if (!original || !reference || !sale || !outcome || deadline_ms > HOLD_MOST_MS) {
        return api_argument(
            "a refund begins with two references, a deadline, and places for its id and outcome");
    }
    rc = till_refund_begin(handle->till, bytes_str(original), bytes_str(reference), deadline_ms, &id, &e);
    if (rc && rc != TP_UNKNOWN_SALE && rc != TP_OFFLINE) {
        return api_fail(rc, &e);
    }
    *sale = id;
    *outcome = rc;
    return 0;
}

int32_t tillproof_void(struct tillproof *handle, int64_t sale)
{
    struct err e = {0};
    int32_t rc = api_enter(handle);
    return rc ? rc : done(till_void(handle->till, sale, &e), &e);
}
