/* Goods that come back: what they give back follows from the sale's own record and from what came back
 * before. */
#include "sale/internal.h"

#include <stdlib.h>

/* The original, taken apart, and what this return makes of it. */
struct original {
    struct arena arena;
    struct bytes raw, lines, person, quote_raw;
    struct statement st;
    struct lines_part part;
    struct person_part people;
    struct quote quote;
    const struct offer *offers[MAX_REDEMPTIONS];
    struct returned *before, *after;
    struct returned_offer *offers_before, *offers_after;
    int64_t *now;
    struct refund refund;
};

static int copy_record(void *arg, const struct journal_record *r)
{
    struct original *o = arg;
    o->raw = arena_copy(&o->arena, r->raw);
    o->lines = arena_copy(&o->arena, r->lines);
    o->person = arena_copy(&o->arena, r->person);
    return o->raw.p && o->lines.p && o->person.p ? 0 : TP_E_MEMORY;
}

static int copy_quote(void *arg, const struct journal_sale *row)
{
    struct original *o = arg;
    o->quote_raw = arena_copy(&o->arena, row->quote);
    return o->quote_raw.p ? 0 : TP_E_MEMORY;
}

static int take_returned(void *arg, const struct journal_returned *r)
{
    struct original *o = arg;
    if (r->offer && r->place < (int64_t)o->quote.applied.n) {
        o->offers_before[r->place] = (struct returned_offer){r->refunded, r->taken_back};
    } else if (!r->offer && r->place < (int64_t)o->part.basket.lines.n) {
        o->before[r->place] = (struct returned){r->quantity, r->refunded, r->taken_back};
    } else {
        return TP_E_CORRUPT;
    }
    return 0;
}

static int find_offers(const struct till *t, struct original *o, struct err *e)
{
    const struct quote *q = &o->quote;
    if (q->applied.n > MAX_REDEMPTIONS || q->lines.n != o->part.basket.lines.n) {
        return err_set(e, TP_E_CORRUPT, "the sale's record and its price differ");
    }
    for (size_t i = 0; i < q->applied.n; i++) {
        const struct known_offer *k =
            replica_offer(&t->replica, q->applied.v[i].ref, q->applied.v[i].version);
        if (!k) {
            return err_set(e, TP_E_STATE, "an offer of the sale is not known at this till any more");
        }
        o->offers[i] = &k->terms;
    }
    return 0;
}

static int make_room(struct original *o, struct err *e)
{
    size_t lines = o->part.basket.lines.n, offers = o->quote.applied.n;
    o->before = ARENA_NEW(&o->arena, struct returned, lines);
    o->after = ARENA_NEW(&o->arena, struct returned, lines);
    o->now = ARENA_NEW(&o->arena, int64_t, lines);
    o->offers_before = ARENA_NEW(&o->arena, struct returned_offer, offers);
    o->offers_after = ARENA_NEW(&o->arena, struct returned_offer, offers);
    bool good = o->before && o->after && o->now && o->offers_before && o->offers_after;
    return good ? 0 : err_code(e, TP_E_MEMORY);
}

static int read_original(struct till *t, const struct sale *s, struct original *o, struct err *e)
{
    int rc = journal_record(t->journal, s->original, copy_record, o, e);
    rc = rc ? rc : journal_sale(t->journal, s->original_sale, copy_quote, o, e);
    if (rc == JOURNAL_NOT_FOUND) {
        return err_set(e, TP_E_CORRUPT, "till.db lacks the record of the sale");
    }
    rc = rc ? rc : statement_parse(o->raw, &o->arena, &o->st, e);
    rc = rc ? rc : schema_decode(&schema_lines_part, o->lines, &o->arena, &o->part, e);
    rc = rc ? rc : schema_decode(&schema_person_part, o->person, &o->arena, &o->people, e);
    rc = rc ? rc : schema_decode(&schema_quote, o->quote_raw, &o->arena, &o->quote, e);
    rc = rc ? rc : find_offers(t, o, e);
    rc = rc ? rc : make_room(o, e);
    return rc ? rc : journal_returned(t->journal, s->original, take_returned, o, e);
}

/* The same from what the authority recalled. */
static int take_recalled(struct till *t, const struct sold_sale *r, struct original *o, struct err *e)
{
    o->st = r->st;
    o->part = r->part;
    o->quote = r->quote;
    int rc = find_offers(t, o, e);
    rc = rc ? rc : make_room(o, e);
    if (rc == 0 && r->before) {
        memcpy(o->before, r->before, o->part.basket.lines.n * sizeof *o->before);
        memcpy(o->offers_before, r->offers_before, o->quote.applied.n * sizeof *o->offers_before);
    }
    return rc;
}

static int place_lines(struct original *o, const struct line *lines, size_t n, struct err *e)
{
    const struct basket *b = &o->part.basket;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < b->lines.n && b->lines.v[k].number != lines[i].number) {
            k++;
        }
        if (k == b->lines.n || lines[i].quantity <= 0) {
            return err_set(e, TP_E_ARGUMENT,
                           "line %lld is not one of the sale, or its quantity is not above zero",
                           (long long)lines[i].number);
        }
        o->now[k] = lines[i].quantity;
    }
    return 0;
}

static int reckon(struct till *t, struct original *o, struct err *e)
{
    struct sold sold = {&t->replica.policy, &o->part.basket, &o->quote, o->offers};
    struct arena scratch;
    arena_init(&scratch, offer_return_memory(o->part.basket.lines.n, o->quote.applied.n));
    int rc = offer_return(&sold, o->before, o->now, o->after, o->offers_after, &o->refund, &scratch, e);
    arena_reset(&scratch);
    return rc;
}

static int compute(struct till *t, const struct sale *s, const struct line *lines, size_t n,
                   struct original *o, struct err *e)
{
    arena_init(&o->arena, ITEM_MEMORY);
    int rc = s->recalled ? take_recalled(t, s->recalled, o, e) : read_original(t, s, o, e);
    rc = rc ? rc : place_lines(o, lines, n, e);
    if (rc) {
        return rc > 0 ? TP_E_CORRUPT : rc;
    }
    rc = reckon(t, o, e);
    return rc > 0 ? TP_E_ARGUMENT : rc;
}

/* What came back just now is known to every refund of the same sale that is open here. */
static void spread(struct till *t, const struct sale *s, const struct original *o)
{
    t->returns++;
    for (size_t i = 0; i < t->sale_count; i++) {
        struct sold_sale *r = t->sales[i]->recalled;
        if (r && r->quote.lines.n == o->quote.lines.n && r->quote.applied.n == o->quote.applied.n &&
            memcmp(t->sales[i]->original, s->original, HASH_SIZE) == 0) {
            memcpy(r->before, o->after, o->quote.lines.n * sizeof *r->before);
            memcpy(r->offers_before, o->offers_after, o->quote.applied.n * sizeof *r->offers_before);
        }
    }
}

static int replay_one(struct till *t, struct original *o, const struct return_made *made, struct err *e)
{
    memset(o->now, 0, o->part.basket.lines.n * sizeof *o->now);
    for (size_t i = 0; i < made->lines.n; i++) {
        struct line line = {.number = made->lines.v[i].number, .quantity = made->lines.v[i].quantity};
        int rc = place_lines(o, &line, 1, e);
        if (rc) {
            return rc;
        }
    }
    int rc = reckon(t, o, e);
    if (rc == 0) {
        memcpy(o->before, o->after, o->part.basket.lines.n * sizeof *o->before);
        memcpy(o->offers_before, o->offers_after, o->quote.applied.n * sizeof *o->offers_before);
    }
    return rc;
}

int refund_replay(struct till *t, struct sold_sale *r, const struct return_made *returns, size_t n,
                  struct err *e)
{
    struct original o = {0};
    size_t lines = r->part.basket.lines.n, offers = r->quote.applied.n;
    arena_init(&o.arena, ITEM_MEMORY);
    int rc = take_recalled(t, r, &o, e);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = replay_one(t, &o, &returns[i], e);
    }
    r->before = ARENA_NEW(&r->arena, struct returned, lines);
    r->offers_before = ARENA_NEW(&r->arena, struct returned_offer, offers);
    if (rc == 0 && (!r->before || !r->offers_before)) {
        rc = err_code(e, TP_E_MEMORY);
    }
    if (rc == 0) {
        memcpy(r->before, o.before, lines * sizeof *r->before);
        memcpy(r->offers_before, o.offers_before, offers * sizeof *r->offers_before);
    }
    arena_reset(&o.arena);
    return rc;
}

int refund_check_lines(struct till *t, const struct sale *s, const struct line *lines, size_t n,
                       struct err *e)
{
    struct original o = {0};
    int rc = compute(t, s, lines, n, &o, e);
    arena_reset(&o.arena);
    return rc;
}

int refund_price(struct till *t, struct sale *s, struct err *e)
{
    struct original o = {0};
    int rc = compute(t, s, s->lines, s->line_count, &o, e);
    if (rc == 0) {
        const struct refund *r = &o.refund;
        price_drop(&s->price);
        s->price = (struct price){.known = true, .tax_included = o.part.basket.tax_included};
        arena_init(&s->price.arena, 1);
        s->price.quote = (struct quote){.currency = bytes_str(s->currency),
                                        .gross = -r->gross,
                                        .discount = -r->discount,
                                        .net = -r->net,
                                        .tax = -r->tax,
                                        .due = -r->due};
    }
    arena_reset(&o.arena);
    return rc == TP_E_ARGUMENT ? TP_E_STATE : rc;
}

/* ---- the record ---- */

static size_t reversed(const struct original *o, struct reversed out[MAX_REDEMPTIONS])
{
    size_t n = 0;
    for (size_t i = 0; i < o->quote.applied.n; i++) {
        int64_t discount = o->offers_after[i].discount - o->offers_before[i].discount;
        int64_t cashback = o->offers_after[i].cashback - o->offers_before[i].cashback;
        if (discount > 0 || cashback > 0) {
            out[n++] =
                (struct reversed){(int64_t)i, discount > 0 ? discount : 0, cashback > 0 ? cashback : 0};
        }
    }
    return n;
}

/* The lines that came back, with the quantities that did. */
static int put_parts(struct original *o, struct reverse *r, struct buf *lines, struct buf *person,
                     struct err *e)
{
    struct basket back = o->part.basket;
    struct line *list = ARENA_NEW(&o->arena, struct line, back.lines.n);
    size_t n = 0;
    if (!list) {
        return err_code(e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < back.lines.n; i++) {
        if (o->now[i]) {
            list[n] = back.lines.v[i];
            list[n++].quantity = o->now[i];
        }
    }
    back.lines.v = list;
    back.lines.n = n;
    int rc = lines_part_put(&back, lines, r->lines, e);
    rc = rc ? rc : random_bytes(o->people.salt, SALT_SIZE);
    return rc ? rc : part_encode(&schema_person_part, &o->people, person, r->person, e);
}

static int put_state(const struct original *o, const struct sale *s, struct journal_returns *out,
                     struct err *e)
{
    size_t lines = o->part.basket.lines.n, offers = o->quote.applied.n;
    struct journal_returned *list = calloc(lines + offers + 1, sizeof *list);
    if (!list) {
        return err_code(e, TP_E_MEMORY);
    }
    *out = (struct journal_returns){.list = list};
    memcpy(out->commit, s->original, HASH_SIZE);
    for (size_t i = 0; i < lines; i++) {
        const struct returned *a = &o->after[i];
        if (a->quantity) {
            list[out->n++] =
                (struct journal_returned){false, (int64_t)i, a->quantity, a->refunded, a->taken_back};
        }
    }
    for (size_t i = 0; i < offers; i++) {
        const struct returned_offer *a = &o->offers_after[i];
        list[out->n++] = (struct journal_returned){true, (int64_t)i, 0, a->discount, a->cashback};
    }
    return 0;
}

static int put_record(struct till *t, struct sale *s, struct original *o, struct reverse *r,
                      struct journal_sale *row, uint8_t d[HASH_SIZE], struct err *e)
{
    struct buf lines, person, quote;
    struct journal_returns returns = {0};
    buf_init(&lines, PART_MAX);
    buf_init(&person, PART_MAX);
    buf_init(&quote, MESSAGE_MAX);
    int rc = record_begin(t, &r->chain, &r->common, e);
    rc = rc ? rc : put_parts(o, r, &lines, &person, e);
    rc = rc ? rc : put_state(o, s, &returns, e);
    rc = rc ? rc : schema_encode(&schema_quote, &s->price.quote, &quote, e);
    row->seq = r->chain.seq;
    row->quote = buf_view(&quote);
    rc = rc ? rc : record_add_return(t, r, buf_view(&lines), buf_view(&person), row, &returns, d, e);
    free(returns.list);
    buf_free(&lines);
    buf_free(&person);
    buf_free(&quote);
    return rc > 0 ? TP_E_CORRUPT : rc;
}

int refund_record(struct till *t, struct sale *s, const struct tender *tenders, size_t n,
                  struct journal_sale *row, uint8_t d[HASH_SIZE], struct err *e)
{
    struct reversed list[MAX_REDEMPTIONS];
    struct original o = {0};
    int rc = s->line_count ? compute(t, s, s->lines, s->line_count, &o, e)
                           : err_set(e, TP_E_STATE, "nothing comes back");
    if (rc == 0) {
        const struct refund *f = &o.refund;
        struct reverse r = {.op = REVERSE_RETURN,
                            .currency = bytes_str(s->currency),
                            .gross = f->gross,
                            .discount = f->discount,
                            .net = f->net,
                            .tax = f->tax,
                            .due = f->due};
        memcpy(r.commit, s->original, HASH_SIZE);
        memcpy(r.sale, s->uuid, ID_SIZE);
        r.tenders.v = tenders;
        r.tenders.n = n;
        r.redemptions.v = list;
        r.redemptions.n = reversed(&o, list);
        rc = put_record(t, s, &o, &r, row, d, e);
        if (rc == 0) {
            spread(t, s, &o);
        }
    }
    arena_reset(&o.arena);
    return rc == TP_E_ARGUMENT ? TP_E_STATE : rc;
}

/* ---- beginning ---- */

static int find_original(struct till *t, struct bytes original, struct sale **out, struct err *e)
{
    uint8_t uuid[ID_SIZE];
    int rc = sale_by_reference(t, original, out, e);
    if (rc == 0 && !*out && hex_decode(original, uuid, ID_SIZE)) {
        rc = sale_by_uuid(t, uuid, out, e);
    }
    if (rc == 0 && *out && (*out)->state == SALE_OPEN) {
        *out = NULL;
    }
    return rc;
}

struct kind_of {
    struct arena arena;
    struct statement st;
};

static int read_kind(void *arg, const struct journal_record *r)
{
    struct kind_of *k = arg;
    struct bytes raw = arena_copy(&k->arena, r->raw);
    return raw.p ? statement_parse(raw, &k->arena, &k->st, NULL) : TP_E_MEMORY;
}

/* The reference is taken: by this very refund, or by something else. */
static int same_refund(struct till *t, const struct sale *s, const struct sale *original, struct err *e)
{
    struct kind_of k = {0};
    bool same = s->refund && memcmp(s->original, original->commit, HASH_SIZE) == 0;
    int rc = 0;
    if (!same && s->state != SALE_OPEN) {
        arena_init(&k.arena, ITEM_MEMORY);
        rc = journal_record(t->journal, s->commit, read_kind, &k, e);
        same = rc == 0 && k.st.kind == KIND_REVERSE &&
               memcmp(k.st.payload.reverse.commit, original->commit, HASH_SIZE) == 0;
        arena_reset(&k.arena);
    }
    if (rc) {
        return TP_E_CORRUPT;
    }
    return same ? 0 : err_set(e, TP_E_EXISTS, "the reference belongs to another sale");
}

static int check_original(struct till *t, const struct sale *original, struct err *e)
{
    struct kind_of k = {0};
    if (original->state == SALE_VOIDED) {
        return err_set(e, TP_E_STATE, "the sale was voided");
    }
    arena_init(&k.arena, ITEM_MEMORY);
    int rc = journal_record(t->journal, original->commit, read_kind, &k, e);
    bool refund = rc == 0 && k.st.kind != KIND_COMMIT;
    arena_reset(&k.arena);
    if (rc) {
        return TP_E_CORRUPT;
    }
    return refund ? err_set(e, TP_E_STATE, "a refund is not refunded") : 0;
}

/* Takes r over. */
static int begin(struct till *t, const struct sale *of, struct sold_sale *r, struct bytes reference,
                 int64_t *sale, struct err *e)
{
    struct sale *s = NULL;
    int rc = sale_by_reference(t, reference, &s, e);
    if (rc == 0 && s) {
        rc = same_refund(t, s, of, e);
    } else if (rc == 0) {
        rc = sale_new(t, reference, bytes_str(of->currency), &s, e);
        if (rc == 0) {
            s->refund = true;
            s->original_sale = of->id;
            memcpy(s->original, of->commit, HASH_SIZE);
            memcpy(s->original_uuid, of->uuid, ID_SIZE);
        }
    }
    if (rc || !r || s->state != SALE_OPEN) {
        sold_sale_free(r);
    } else {
        sold_sale_free(s->recalled);
        s->recalled = r;
        sale_touched(s);
    }
    if (rc == 0) {
        *sale = s->id;
    }
    return rc;
}

/* What a refusal of the authority's means here. */
static int refused(int reason, struct err *e)
{
    if (reason <= 0 || reason == TP_OFFLINE || reason == TP_UNKNOWN_SALE) {
        return reason;
    }
    return err_set(e, TP_E_STATE, "%s",
                   reason == TP_UNSUPPORTED
                       ? "the sale cannot be reckoned here: return it at the till that sold it"
                       : code_sentence(reason));
}

/* Another till's. One that was recorded under this reference is found without asking. */
static int begin_other(struct till *t, struct bytes original, struct bytes reference, int64_t until,
                       int64_t *sale, struct err *e)
{
    struct sale *s = NULL;
    struct sold_sale *r = NULL;
    struct kind_of k = {0};
    int rc = sale_by_reference(t, reference, &s, e);
    if (rc == 0 && s && s->state != SALE_OPEN) {
        arena_init(&k.arena, ITEM_MEMORY);
        rc = journal_record(t->journal, s->commit, read_kind, &k, e) ? TP_E_CORRUPT : 0;
        bool refund = rc == 0 && k.st.kind == KIND_REVERSE && s->state == SALE_COMMITTED;
        arena_reset(&k.arena);
        if (refund) {
            *sale = s->id;
        }
        return refund || rc ? rc : err_set(e, TP_E_EXISTS, "the reference belongs to another sale");
    }
    rc = rc ? rc : recall_ask(t, original, NULL, NULL, until, &r, e);
    if (rc) {
        return refused(rc, e);
    }
    struct sale of = {0};
    memcpy(of.commit, r->st.d, HASH_SIZE);
    memcpy(of.uuid, r->st.payload.commit.sale, ID_SIZE);
    bytes_to_cstr(r->st.payload.commit.currency, of.currency, sizeof of.currency);
    return begin(t, &of, r, reference, sale, e);
}

/* The answer to another sale is none. */
static int recall_known(struct till *t, const uint8_t uuid[ID_SIZE], const uint8_t commit[HASH_SIZE],
                        struct sale *s, int64_t until, struct sold_sale **r, struct err *e)
{
    char hex[2 * ID_SIZE + 1];
    hex_encode(uuid, ID_SIZE, hex);
    int rc = recall_ask(t, bytes_str(hex), uuid, s, until, r, e);
    if (rc == 0 && memcmp((*r)->st.d, commit, HASH_SIZE) != 0) {
        sold_sale_free(*r);
        *r = NULL;
        rc = TP_OFFLINE;
    }
    return rc;
}

/* This till's: what others took back of it counts as far as it can be learned in time. */
static int begin_own(struct till *t, const struct sale *original, struct bytes reference, bool ask,
                     int64_t until, int64_t *sale, struct err *e)
{
    struct sold_sale *r = NULL;
    /* Waiting, or a new sale, may push the original out of memory. */
    struct sale of = {.id = original->id};
    memcpy(of.commit, original->commit, HASH_SIZE);
    memcpy(of.uuid, original->uuid, ID_SIZE);
    memcpy(of.currency, original->currency, sizeof of.currency);
    int rc = check_original(t, original, e);
    if (rc == 0 && ask) {
        rc = recall_known(t, of.uuid, of.commit, NULL, until, &r, e);
        rc = rc > 0 ? 0 : rc;
    }
    return rc ? rc : begin(t, &of, r, reference, sale, e);
}

int till_refund_begin(struct till *t, struct bytes original, struct bytes reference, int64_t deadline_ms,
                      int64_t *sale, struct err *e)
{
    int64_t until = monotonic_ms() + deadline_ms;
    if (!reference_valid(reference) || !reference_valid(original)) {
        return err_set(e, TP_E_ARGUMENT, "a sale's reference has 1 to %d bytes", REFERENCE_MAX);
    }
    till_lock(t);
    struct sale *s = NULL;
    int rc = find_original(t, original, &s, e);
    if (rc == 0 && s) {
        rc = begin_own(t, s, reference, deadline_ms > 0, until, sale, e);
    } else if (rc == 0) {
        rc = deadline_ms > 0 ? begin_other(t, original, reference, until, sale, e) : TP_UNKNOWN_SALE;
    }
    till_unlock(t);
    return rc;
}

int refund_hold(struct till *t, struct sale *s, int64_t until, struct err *e)
{
    struct sold_sale *r = NULL;
    int rc = recall_known(t, s->original_uuid, s->original, s, until, &r, e);
    if (rc == TP_VOIDED) {
        return err_set(e, TP_E_STATE, "the sale was voided");
    }
    if (rc < 0) {
        return rc;
    }
    sale_touched(s);
    if (r) {
        sold_sale_free(s->recalled);
        s->recalled = r;
    }
    s->hold_reason = rc;
    return 0;
}
