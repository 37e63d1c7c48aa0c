#include "tests/bench/requests.h"

#include "tests/bench/internal.h"

#include <stdlib.h>

enum { PRICE = 1000, DISCOUNT = 100, LINES = 3, TENTH = 10000, BUDGET = 1000000000, ARENA_SIZE = 65536 };

static int publish(struct bench_ware *w, size_t index, struct office *o, int64_t coupons, struct err *e)
{
    snprintf(w->name, sizeof w->name, "bench-market-%u", (unsigned)index);
    w->offer = work_offer_blank(w->name);
    w->offer.gives = GIVES_PERCENT;
    w->offer.percent = TENTH;
    if (index == WARE_FREE) {
        w->offer.offline = OFFLINE_RISK;
        w->offer.offline_cap = DISCOUNT * LINES;
    } else {
        w->offer.budget = BUDGET;
    }
    int rc = offer_ref(o->shop.authority, w->offer.id, w->offer.ref);
    rc = rc ? err_code(e, rc) : office_publish(o, &w->offer, e);
    return rc ? rc : office_batch(o, &w->offer, "bench", NULL, coupons, &w->batch, e);
}

static int enrol(struct bench_seller *s, size_t index, struct office *o, struct err *e)
{
    struct buf encoded;
    snprintf(s->name, sizeof s->name, "bench%u", (unsigned)index);
    int rc = cose_key_generate(ALG_ESP256, &s->key);
    if (rc) {
        return err_code(e, rc);
    }
    buf_init(&encoded, 256);
    cose_key_encode(&s->key, &encoded);
    struct terminal t = {.common = office_common(o),
                         .till = bytes_str(s->name),
                         .store = bytes_str("main"),
                         .epoch = 1,
                         .cose_key = buf_view(&encoded),
                         .state = TERMINAL_ACTIVE,
                         .from_seq = NONE};
    t.from = t.common.time_ms - 3600000;
    t.until = t.from + INT64_C(80) * 86400000;
    s->head.epoch = 1;
    rc = office_submit(o, KIND_TERMINAL, &t, s->head.d, e);
    buf_free(&encoded);
    return rc;
}

int bench_market_open(struct bench_market *m, struct office *o, size_t count, int64_t coupons, struct err *e)
{
    const struct cose_key *issuer = NULL;
    *m = (struct bench_market){.span = 1};
    memcpy(m->authority, o->shop.authority, ID_SIZE);
    m->sellers = calloc(count, sizeof *m->sellers);
    int rc = m->sellers ? office_key(o, PURPOSE_ISSUER, &issuer, e) : err_code(e, TP_E_MEMORY);
    if (rc == 0) {
        m->issuer = *issuer;
    }
    for (size_t i = 0; i < WARES && rc == 0; i++) {
        rc = publish(&m->wares[i], i, o, coupons, e);
    }
    for (; m->count < count && rc == 0; m->count++) {
        rc = enrol(&m->sellers[m->count], m->count, o, e);
    }
    return rc;
}

void bench_market_free(struct bench_market *m)
{
    for (size_t i = 0; i < m->count; i++) {
        cose_key_free(&m->sellers[i].key);
    }
    free(m->sellers);
    *m = (struct bench_market){0};
}

int bench_deal_begin(struct bench_market *m, struct bench_deal *deal)
{
    struct bench_ware *w = &m->wares[m->from + m->turn++ % m->span];
    if (w->next > w->batch.last) {
        return TP_E_STATE;
    }
    deal->ware = w;
    deal->grant_number = NONE;
    buf_over(&deal->coupon, deal->coupon_memory, sizeof deal->coupon_memory);
    buf_init(&deal->grant, ENVELOPE_MAX);
    int rc = random_bytes(deal->id, ID_SIZE);
    return rc ? rc
              : coupon_sign(&m->issuer, w->offer.ref, (uint32_t)w->batch.number, w->next++, w->batch.exp,
                            &deal->coupon);
}

void bench_deal_free(struct bench_deal *deal)
{
    buf_free(&deal->grant);
}

static struct common common_of(const struct bench_market *m)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    struct common c = {.version = 1, .time_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
    memcpy(c.audience, m->authority, ID_SIZE);
    return c;
}

/* Three lines and a person that nobody knows, encoded. */
static int put_parts(int64_t now, struct buf out[2], uint8_t lines[HASH_SIZE], uint8_t person[HASH_SIZE])
{
    struct line list[LINES];
    struct lines_part l = {.basket = {.currency = bytes_str("EUR"),
                                      .store = bytes_str("main"),
                                      .time_ms = now,
                                      .tax_included = true,
                                      .lines = {list, LINES}}};
    struct person_part p = {0};
    for (size_t i = 0; i < LINES; i++) {
        list[i] = (struct line){.number = (int64_t)i + 1,
                                .sku = bytes_str("4006381333931"),
                                .name = bytes_str("Espresso beans"),
                                .category = bytes_str("coffee"),
                                .quantity = 1000,
                                .unit_price = PRICE};
    }
    buf_init(&out[0], PART_MAX);
    buf_init(&out[1], PART_MAX);
    int rc = random_bytes(l.salt, SALT_SIZE);
    rc = rc ? rc : random_bytes(p.salt, SALT_SIZE);
    rc = rc ? rc : part_encode(&schema_lines_part, &l, &out[0], lines, NULL);
    return rc ? rc : part_encode(&schema_person_part, &p, &out[1], person, NULL);
}

static int put_message(enum kind kind, const void *payload, const struct bench_seller *s, struct buf part[2],
                       struct buf *out)
{
    struct buf envelope;
    buf_init(&envelope, ENVELOPE_MAX);
    int rc = statement_sign(kind, payload, bytes_str(s->name), &s->key, &envelope, NULL, NULL);
    if (rc == 0) {
        message_put(out, kind, buf_view(&envelope), buf_view(&part[0]), buf_view(&part[1]));
        rc = out->failed ? TP_E_MEMORY : 0;
    }
    buf_free(&envelope);
    return rc;
}

int bench_hold(struct bench_market *m, struct bench_seller *s, struct bench_deal *deal, struct buf *out)
{
    struct bytes coupon = buf_view(&deal->coupon);
    struct hold h = {.common = common_of(m), .head = s->head, .rev = 1, .coupons = {&coupon, 1}};
    struct buf part[2] = {{0}, {0}};
    memcpy(h.sale, deal->id, ID_SIZE);
    int rc = random_bytes(h.id, ID_SIZE);
    rc = rc ? rc : put_parts(h.common.time_ms, part, h.lines, h.person);
    rc = rc ? rc : put_message(KIND_HOLD, &h, s, part, out);
    buf_free(&part[0]);
    buf_free(&part[1]);
    return rc;
}

int bench_granted(struct bench_deal *deal, struct bytes in)
{
    uint8_t memory[ARENA_SIZE];
    struct arena arena;
    struct statement grant;
    struct answer a;
    struct dec d;
    dec_init(&d, in);
    if (answer_next(&d, &a) != 1 || a.kind != ANSWER_GRANT) {
        return a.kind == ANSWER_PROBLEM && a.reason ? a.reason : TP_E_MALFORMED;
    }
    arena_over(&arena, memory, sizeof memory);
    int rc = statement_parse(a.statement, &arena, &grant, NULL);
    if (rc) {
        return rc;
    }
    const struct grant *g = &grant.payload.grant;
    if (grant.kind != KIND_GRANT || g->verdicts.n != 1 || g->verdicts.v[0].reason) {
        return grant.kind == KIND_GRANT && g->verdicts.n == 1 ? g->verdicts.v[0].reason : TP_E_MALFORMED;
    }
    deal->grant_number = g->verdicts.v[0].number;
    buf_put(&deal->grant, a.statement.p, a.statement.n);
    return deal->grant.failed ? TP_E_MEMORY : 0;
}

/* The sale of a deal, or one without any reduction. */
static struct commit plain_commit(const struct bench_market *m, const struct bench_seller *s,
                                  int64_t discount)
{
    const int64_t gross = (int64_t)PRICE * LINES;
    struct commit c = {.common = common_of(m),
                       .chain = {.epoch = s->head.epoch, .seq = s->head.seq + 1},
                       .rev = 1,
                       .policy = 1,
                       .currency = bytes_str("EUR"),
                       .gross = gross,
                       .discount = discount,
                       .net = gross - discount,
                       .due = gross - discount};
    memcpy(c.chain.prev, s->head.d, HASH_SIZE);
    return c;
}

int bench_record(struct bench_market *m, struct bench_seller *s, const struct bench_deal *deal,
                 struct bench_record *out)
{
    struct commit c = plain_commit(m, s, deal ? (int64_t)DISCOUNT * LINES : 0);
    struct tender tender = {bytes_str("cash"), c.due};
    struct redemption one = {.version = 1, .card = NONE, .basis = c.gross, .discount = c.discount};
    struct buf part[2] = {{0}, {0}};
    c.tenders.v = &tender;
    c.tenders.n = 1;
    *out = (struct bench_record){.epoch = c.chain.epoch, .seq = c.chain.seq, .time_ms = c.common.time_ms};
    buf_init(&out->raw, ENVELOPE_MAX);
    int rc = deal ? 0 : random_bytes(c.sale, ID_SIZE);
    if (deal) {
        memcpy(one.offer, deal->ware->offer.ref, REF_SIZE);
        one.coupon = buf_view(&deal->coupon);
        one.grant = deal->grant_number;
        c.redemptions.v = &one;
        c.redemptions.n = 1;
        c.grant = deal->grant.n ? buf_view(&deal->grant) : (struct bytes){0};
        memcpy(c.sale, deal->id, ID_SIZE);
    }
    rc = rc ? rc : put_parts(c.common.time_ms, part, c.lines, c.person);
    out->lines = part[0];
    out->person = part[1];
    rc = rc ? rc : statement_sign(KIND_COMMIT, &c, bytes_str(s->name), &s->key, &out->raw, out->d, NULL);
    if (rc == 0) {
        memcpy(out->prev, s->head.d, HASH_SIZE);
        memcpy(s->head.d, out->d, HASH_SIZE);
        s->head.seq++;
    }
    return rc;
}

void bench_record_free(struct bench_record *r)
{
    buf_free(&r->raw);
    buf_free(&r->lines);
    buf_free(&r->person);
}

int bench_commit(struct bench_market *m, struct bench_seller *s, struct bench_deal *deal, struct buf *out)
{
    struct bench_record r;
    int rc = bench_record(m, s, deal, &r);
    if (rc == 0) {
        message_put(out, KIND_COMMIT, buf_view(&r.raw), buf_view(&r.lines), buf_view(&r.person));
        rc = out->failed ? TP_E_MEMORY : 0;
    }
    bench_record_free(&r);
    return rc;
}

int64_t bench_registered(struct bytes in)
{
    struct answer a;
    struct dec d;
    int64_t n = 0;
    dec_init(&d, in);
    while (!dec_done(&d)) {
        if (answer_next(&d, &a) != 1 || a.kind != ANSWER_REGISTERED) {
            return -1;
        }
        n++;
    }
    return n;
}
