#include "fake.h"

#include "offer/price.h"
#include "wire/hash.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t read_wall(void *ctx)
{
    return atomic_load(&((struct fake *)ctx)->wall);
}

static int64_t read_boot(void *ctx)
{
    return atomic_load(&((struct fake *)ctx)->boot);
}

struct common fake_common(const struct fake *f)
{
    struct common c = {.version = 1, .time_ms = atomic_load(&((struct fake *)(uintptr_t)f)->wall)};
    memcpy(c.audience, f->id, ID_SIZE);
    return c;
}

/* ---- what is published ---- */

void fake_publish(struct fake *f, enum kind kind, const void *payload, const struct cose_key *key,
                  const char *iss)
{
    struct err e = {0};
    struct buf out;
    assert_true(f->published_count < FAKE_STATEMENTS);
    struct fake_statement *s = &f->published[f->published_count++];
    buf_over(&out, s->raw, sizeof s->raw);
    if (statement_sign(kind, payload, bytes_str(iss), key, &out, s->d, &e)) {
        fail_msg("%s", e.text);
    }
    s->n = out.n;
}

static struct bytes encoded_key(const struct cose_key *key, uint8_t out[128])
{
    struct buf b;
    buf_over(&b, out, 128);
    cose_key_encode(key, &b);
    return buf_view(&b);
}

static void publish_keyset(struct fake *f)
{
    static const struct {
        const char *name;
        int purpose;
    } names[] = {{"root", PURPOSE_ROOT},
                 {"office", PURPOSE_MERCHANT},
                 {"issuer", PURPOSE_ISSUER},
                 {"grants", PURPOSE_GRANT}};
    const struct cose_key *keys[] = {&f->root, &f->merchant, &f->issuer, &f->grant};
    uint8_t raw[4][128];
    struct keyset_key list[4];
    for (size_t i = 0; i < 4; i++) {
        list[i] = (struct keyset_key){.cose_key = encoded_key(keys[i], raw[i]),
                                      .purpose = names[i].purpose,
                                      .name = bytes_str(names[i].name),
                                      .from = 0,
                                      .until = TIME_MAX};
    }
    struct keyset set = {
        .common = fake_common(f), .number = 1, .merchant = bytes_str("Shop"), .keys = {list, 4}};
    fake_publish(f, KIND_KEYSET, &set, &f->root, "root");
}

static const struct zone_step utc = {0, 0};
static const struct bytes loyalty_prefix = {(const uint8_t *)"KD-", 3};
static const char *const ids[FAKE_OFFERS] = {"coffee10", "welcome", "tea5"};

static struct offer make_offer(const struct fake *f, int which)
{
    struct offer o = {.id = bytes_str(ids[which]),
                      .version = 1,
                      .title = bytes_str(which ? "5% off everything" : "10% off coffee"),
                      .currency = bytes_str("EUR"),
                      .funder = bytes_str("store"),
                      .redeem = REDEEM_COUPON | REDEEM_CARD,
                      .valid_from = FAKE_NOW - 1000000,
                      .valid_until = FAKE_NOW + INT64_C(10000000000),
                      .min_spend = which == 0 ? 2000 : NONE,
                      .min_quantity = NONE,
                      .gives = GIVES_PERCENT,
                      .percent = which ? 5000 : 10000,
                      .cap = NONE,
                      .amount = NONE,
                      .per_coupon = 1,
                      .per_customer = NONE,
                      .total = NONE,
                      .budget = NONE,
                      .offline_cap = NONE,
                      .fee_percent = NONE,
                      .fee_fixed = NONE};
    assert_int_equal(offer_ref(f->id, o.id, o.ref), 0);
    return o;
}

static void publish_offers(struct fake *f)
{
    for (int i = 0; i < FAKE_OFFERS; i++) {
        f->offers[i] = make_offer(f, i);
        if (i == 2) {
            break; /* tea5 is known to no till */
        }
        struct offer_statement o = {.common = fake_common(f), .terms = f->offers[i]};
        struct batch b = {.common = fake_common(f),
                          .number = i + 1,
                          .first = 0,
                          .last = 7,
                          .channel = bytes_str("news"),
                          .exp = FAKE_NOW / 1000 + 86400};
        memcpy(b.offer, f->offers[i].ref, REF_SIZE);
        fake_publish(f, KIND_OFFER, &o, &f->merchant, "office");
        fake_publish(f, KIND_BATCH, &b, &f->issuer, "issuer");
    }
}

static void make_till(struct fake *f)
{
    char path[128];
    struct err e = {0};
    uint8_t raw[128];
    strcpy(f->dir, "/tmp/tillproof-sale-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(path, sizeof path, "%s/till.key", f->dir);
    if (keyfile_create(path, ALG_ESP256, &f->till, &e)) {
        fail_msg("%s", e.text);
    }
    struct terminal m = {.common = fake_common(f),
                         .till = bytes_str("till1"),
                         .store = bytes_str("main"),
                         .epoch = 1,
                         .cose_key = encoded_key(&f->till, raw),
                         .from = FAKE_NOW - 1000,
                         .until = FAKE_NOW + INT64_C(5000000000),
                         .from_seq = NONE};
    fake_publish(f, KIND_TERMINAL, &m, &f->merchant, "office");
    if (journal_create(f->dir, f->id, bytes_str("till1"), bytes_str("main"), 1,
                       f->published[f->published_count - 1].d, &e)) {
        fail_msg("%s", e.text);
    }
}

void fake_open(struct fake *f)
{
    memset(f, 0, sizeof *f);
    struct cose_key *keys[] = {&f->root, &f->merchant, &f->issuer, &f->grant, &f->evil};
    atomic_store(&f->wall, FAKE_NOW);
    atomic_store(&f->boot, 1000000);
    f->clock = (struct clock_source){read_wall, read_boot, f};
    f->ttl_ms = 120000;
    f->mode_kind = KIND_COUNT;
    pthread_mutex_init(&f->lock, NULL);
    buf_init(&f->seen, 64 * 1024 * 1024);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        buf_init(&f->first[i], MESSAGE_MAX);
    }
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(cose_key_generate(ALG_ESP256, keys[i]), 0);
    }
    memset(f->id, 0x11, ID_SIZE);
    memset(f->card_key, 0x22, HASH_SIZE);
    f->policy = (struct policy){.version = 1,
                                .currency = bytes_str("EUR"),
                                .zone = bytes_str("UTC"),
                                .zone_steps = {&utc, 1},
                                .tax_included = true,
                                .offline_age_ms = 86400000,
                                .loyalty = {&loyalty_prefix, 1}};
    struct policy_statement p = {.common = fake_common(f), .terms = f->policy};
    publish_keyset(f);
    fake_publish(f, KIND_POLICY, &p, &f->merchant, "office");
    make_till(f);
    publish_offers(f);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

void fake_close(struct fake *f)
{
    struct cose_key *keys[] = {&f->root, &f->merchant, &f->issuer, &f->grant, &f->evil, &f->till};
    for (size_t i = 0; i < 6; i++) {
        cose_key_free(keys[i]);
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        buf_free(&f->first[i]);
    }
    buf_free(&f->seen);
    pthread_mutex_destroy(&f->lock);
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- how it answers ---- */

static const struct cose_key *signer(const struct fake *f, enum fake_mode mode, const char **iss)
{
    *iss = mode == WRONG_PURPOSE ? "office" : "grants";
    return mode == WRONG_KEY ? &f->evil : mode == WRONG_PURPOSE ? &f->merchant : &f->grant;
}

/* Where the till's chain stands, as far as this authority has heard. */
static struct head head_of(const struct fake *f)
{
    struct head h = {.epoch = 1};
    memcpy(h.d, f->published[2].d, HASH_SIZE);
    for (size_t i = 0; i < f->record_count; i++) {
        if (f->records[i].seq > h.seq) {
            h.seq = f->records[i].seq;
            memcpy(h.d, f->records[i].d, HASH_SIZE);
        }
    }
    return h;
}

static void spoil_common(enum fake_mode mode, uint8_t request[HASH_SIZE], struct common *c)
{
    if (mode == OTHER_REQUEST) {
        request[0] ^= 1;
    }
    if (mode == OTHER_AUDIENCE) {
        c->audience[0] ^= 1;
    }
}

static void answer_sync(struct fake *f, const struct statement *st, enum fake_mode mode, struct buf *reply)
{
    const struct sync *q = &st->payload.sync;
    struct buf rest, envelope;
    struct bytes list[FAKE_STATEMENTS];
    size_t sent = 0, from = (size_t)q->have;
    const char *iss;
    const struct cose_key *key = signer(f, mode, &iss);
    buf_init(&rest, MESSAGE_MAX);
    buf_init(&envelope, ENVELOPE_MAX);
    for (size_t i = from; i < f->published_count; i++) {
        list[sent++] = bytes_of(f->published[i].d, HASH_SIZE);
        if (!(mode == MISSING_STATEMENT && i + 1 == f->published_count)) {
            buf_put(&rest, f->published[i].raw, f->published[i].n);
        }
    }
    struct state s = {.common = fake_common(f),
                      .head = head_of(f),
                      .have = mode == GOES_BACK ? 0 : (int64_t)f->published_count,
                      .outcomes_to = (int64_t)f->outcome_count,
                      .statements = {list, mode == EXTRA_STATEMENT ? sent - 1 : sent}};
    if (q->outcomes < (int64_t)f->outcome_count) {
        s.outcomes.v = f->outcomes + q->outcomes;
        s.outcomes.n = f->outcome_count - (size_t)q->outcomes;
    }
    s.head.seq += mode == AHEAD ? 5 : 0;
    memcpy(s.request, st->d, HASH_SIZE);
    memcpy(s.card_key, f->card_key, HASH_SIZE);
    spoil_common(mode, s.request, &s.common);
    struct err e = {0};
    if (statement_sign(KIND_STATE, &s, bytes_str(iss), key, &envelope, NULL, &e)) {
        fail_msg("%s", e.text);
    }
    answer_state(reply, st->d, buf_view(&envelope), buf_view(&rest),
                 mode == MISSING_STATEMENT ? sent - 1 : sent);
    buf_free(&rest);
    buf_free(&envelope);
}

static int coupon_reason(struct fake *f, const struct coupon *c, const uint8_t sale[ID_SIZE])
{
    struct fake_coupon *k = &f->coupons[c->index & 15];
    if (k->state == 2) {
        return TP_ALREADY_USED;
    }
    if (k->state == 1 && memcmp(k->sale, sale, ID_SIZE) != 0) {
        return TP_HELD;
    }
    k->state = 1;
    memcpy(k->sale, sale, ID_SIZE);
    return 0;
}

static const struct offer *offer_of(const struct fake *f, const uint8_t ref[REF_SIZE])
{
    for (int i = 0; i < FAKE_OFFERS; i++) {
        if (memcmp(f->offers[i].ref, ref, REF_SIZE) == 0) {
            return &f->offers[i];
        }
    }
    return NULL;
}

struct table {
    const struct offer *offers[40];
    struct standing standings[40];
    struct verdict verdicts[40];
    size_t n;
    struct picked picked[MAX_PICKUPS + 1];
    uint8_t coupons[MAX_PICKUPS][COUPON_MAX];
};

static void seat(struct fake *f, const struct hold *h, struct bytes coupon, struct table *w)
{
    struct coupon c;
    assert_int_equal(coupon_parse(coupon, &c), 0);
    w->offers[w->n] = offer_of(f, c.offer);
    assert_non_null(w->offers[w->n]);
    w->standings[w->n] = (struct standing){coupon_reason(f, &c, h->sale), NONE};
    w->verdicts[w->n++] = (struct verdict){.batch = c.batch, .index = c.index, .card = NONE};
}

/* 9, the offer, seven digits of the index: that coupon. 5...: throttled. Others are unknown. */
static void seat_pickup(struct fake *f, const struct hold *h, size_t place, struct table *w)
{
    const uint8_t *code = h->pickups.v[place].p;
    struct picked *picked = &w->picked[place];
    struct buf raw;
    *picked = (struct picked){.reason = code[0] == '5' ? TP_THROTTLED : TP_UNKNOWN_COUPON};
    if (code[0] != '9') {
        return;
    }
    int which = code[1] - '0', index = code[8] - '0';
    buf_over(&raw, w->coupons[place], COUPON_MAX);
    assert_int_equal(coupon_sign(&f->issuer, f->offers[which].ref, (uint32_t)which + 1,
                                 (uint32_t)(index + (f->spoil_pickups == OTHER_COUPON)),
                                 FAKE_NOW / 1000 + 86400, &raw),
                     0);
    *picked = (struct picked){.coupon = buf_view(&raw)};
    for (size_t i = 0; i < w->n; i++) {
        if (w->offers[i] == &f->offers[which]) {
            *picked = (struct picked){.reason = TP_DUPLICATE};
            return;
        }
    }
    seat(f, h, picked->coupon, w);
    w->verdicts[w->n - 1].index = index;
}

static void seat_all(struct fake *f, const struct hold *h, const struct person_part *person, struct table *w)
{
    for (size_t i = 0; i < h->coupons.n; i++) {
        seat(f, h, h->coupons.v[i], w);
    }
    for (size_t i = 0; i < h->pickups.n; i++) {
        seat_pickup(f, h, i, w);
    }
    for (size_t i = 0; i < person->cards.n; i++) {
        if (f->has_link && bytes_equal(person->cards.v[i], bytes_of(f->linked, HASH_SIZE))) {
            w->offers[w->n] = &f->offers[1];
            w->standings[w->n] = (struct standing){0, NONE};
            w->verdicts[w->n++] = (struct verdict){.batch = NONE, .index = NONE, .card = (int64_t)i};
        }
    }
}

static void judge(struct fake *f, struct table *w, const struct quote *q)
{
    for (size_t i = 0; i < w->n; i++) {
        struct verdict *v = &w->verdicts[i];
        memcpy(v->offer, w->offers[i]->ref, REF_SIZE);
        v->version = 1;
        v->number = NONE;
        v->reason = w->standings[i].reason;
        for (size_t k = 0; k < q->refused.n; k++) {
            v->reason =
                memcmp(q->refused.v[k].ref, v->offer, REF_SIZE) == 0 ? q->refused.v[k].reason : v->reason;
        }
        for (size_t k = 0; k < q->applied.n; k++) {
            if (memcmp(q->applied.v[k].ref, v->offer, REF_SIZE) == 0) {
                v->number = ++f->grants;
                v->basis = q->applied.v[k].basis;
                v->discount = q->applied.v[k].discount;
            }
        }
    }
}

static void answer_hold(struct fake *f, const struct statement *st, enum fake_mode mode, struct buf *reply)
{
    const struct hold *h = &st->payload.hold;
    struct arena a;
    struct lines_part lines;
    struct person_part person;
    struct quote quote;
    struct table w = {0};
    struct buf envelope, encoded;
    struct err e = {0};
    const char *iss;
    const struct cose_key *key = signer(f, mode, &iss);
    arena_init(&a, 16 * 1024 * 1024);
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&encoded, MESSAGE_MAX);
    f->last_rev = h->rev;
    assert_int_equal(schema_decode(&schema_lines_part, st->lines, &a, &lines, &e), 0);
    assert_int_equal(schema_decode(&schema_person_part, st->person, &a, &person, &e), 0);
    assert_int_equal(lines.basket.time_ms, h->common.time_ms);
    seat_all(f, h, &person, &w);
    assert_int_equal(offer_price(&f->policy, &lines.basket, w.offers, w.standings, w.n, &quote, &a, &e), 0);
    judge(f, &w, &quote);
    assert_int_equal(schema_encode(&schema_quote, &quote, &encoded, &e), 0);
    struct grant g = {.common = fake_common(f),
                      .till = bytes_str(mode == OTHER_TILL ? "till2" : "till1"),
                      .rev = h->rev + (mode == OTHER_REV),
                      .ttl_ms = f->ttl_ms,
                      .policy = 1,
                      .verdicts = {w.verdicts, w.n},
                      .pickups = {w.picked, h->pickups.n - (f->spoil_pickups == ONE_FEWER)}};
    f->pickups_asked = h->pickups.n;
    f->coupons_asked = h->coupons.n;
    memcpy(g.request, st->d, HASH_SIZE);
    memcpy(g.sale, h->sale, ID_SIZE);
    g.sale[0] ^= mode == OTHER_SALE;
    assert_int_equal(sha256(buf_view(&encoded), g.quote), 0);
    g.quote[0] ^= mode == OTHER_QUOTE;
    spoil_common(mode, g.request, &g.common);
    if (statement_sign(KIND_GRANT, &g, bytes_str(iss), key, &envelope, NULL, &e)) {
        fail_msg("%s", e.text);
    }
    answer_grant(reply, st->d, buf_view(&envelope), buf_view(&encoded));
    buf_free(&envelope);
    buf_free(&encoded);
    arena_reset(&a);
}

static void answer_release(struct fake *f, const struct statement *st, struct buf *reply)
{
    const struct release *r = &st->payload.release;
    f->released_rev = r->rev;
    for (size_t i = 0; i < 16; i++) {
        if (f->coupons[i].state == 1 && memcmp(f->coupons[i].sale, r->sale, ID_SIZE) == 0) {
            f->coupons[i].state = 0;
        }
    }
    answer_released(reply, st->d);
}

static const struct chain *chain_of(const struct statement *st)
{
    return st->kind == KIND_COMMIT    ? &st->payload.commit.chain
           : st->kind == KIND_REVERSE ? &st->payload.reverse.chain
           : st->kind == KIND_CLOSE   ? &st->payload.close.chain
                                      : &st->payload.link.chain;
}

static void answer_record(struct fake *f, const struct statement *st, struct buf *reply)
{
    const struct chain *c = chain_of(st);
    bool known = false;
    for (size_t i = 0; i < f->record_count; i++) {
        known = known || memcmp(f->records[i].d, st->d, HASH_SIZE) == 0;
    }
    if (!known) {
        assert_true(f->record_count < FAKE_RECORDS);
        memcpy(f->records[f->record_count].d, st->d, HASH_SIZE);
        memcpy(f->records[f->record_count].prev, c->prev, HASH_SIZE);
        f->records[f->record_count].epoch = c->epoch;
        f->records[f->record_count].kind = st->kind;
        f->records[f->record_count++].seq = c->seq;
    }
    for (size_t i = 0; st->kind == KIND_COMMIT && i < st->payload.commit.redemptions.n; i++) {
        struct coupon k;
        if (coupon_parse(st->payload.commit.redemptions.v[i].coupon, &k) == 0) {
            f->coupons[k.index & 15].state = 2;
        }
    }
    answer_registered(reply, st->d);
}

static void answer_one(struct fake *f, const struct statement *st, enum fake_mode mode, struct buf *reply)
{
    if (memcmp(st->payload.common.audience, f->id, ID_SIZE) != 0 || statement_verify(st, &f->till) != 0) {
        fail_msg("the till signed a bad %s", kinds[st->kind].name);
    }
    if (mode == PROBLEM) {
        answer_problem(reply, st->d, f->problem, NULL);
    } else if (st->kind == KIND_SYNC) {
        answer_sync(f, st, mode, reply);
    } else if (st->kind == KIND_HOLD) {
        answer_hold(f, st, mode, reply);
    } else if (st->kind == KIND_RECALL) {
        answer_problem(reply, st->d, TP_UNKNOWN_SALE, NULL); /* tests/unit/truths/recall.c knows sales */
    } else if (st->kind == KIND_RELEASE) {
        answer_release(f, st, reply);
    } else {
        answer_record(f, st, reply);
    }
}

static void spoil_reply(struct fake *f, enum fake_mode mode, enum kind kind, struct buf *reply)
{
    if (f->first[kind].n == 0) {
        buf_put(&f->first[kind], reply->p, reply->n);
    }
    if (mode == GARBAGE || mode == EMPTY || mode == LOST) {
        buf_reset(reply);
        buf_puts(reply, mode == GARBAGE ? "\x82\x58\x20not an answer" : "");
    } else if (mode == TWICE) {
        size_t n = reply->n;
        uint8_t *more = buf_extend(reply, n);
        assert_non_null(more);
        memcpy(more, reply->p, n);
    } else if (mode == OTHER_D) {
        reply->p[4] ^= 1; /* 82 58 20 and then D */
    } else if (mode == REPLAY) {
        buf_reset(reply);
        buf_put(reply, f->first[kind].p, f->first[kind].n);
    }
}

static void pause_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static int fake_call(void *ctx, struct bytes request, struct buf *reply, struct err *e)
{
    struct fake *f = ctx;
    struct arena a;
    struct dec d;
    struct statement st;
    enum kind kind = KIND_COUNT;
    enum fake_mode mode = GOOD;
    int got;
    arena_init(&a, 16 * 1024 * 1024);
    dec_init(&d, request);
    pthread_mutex_lock(&f->lock);
    int64_t delay = 0;
    buf_put(&f->seen, request.p, request.n);
    while ((got = message_next(&d, &a, &st, e)) == 1) {
        kind = st.kind;
        mode = f->mode_kind == KIND_COUNT || f->mode_kind == kind ? f->mode : GOOD;
        delay = f->mode_kind == KIND_COUNT || f->mode_kind == kind ? f->delay_ms : 0;
        f->calls[kind]++;
        if (mode == DOWN) {
            break;
        }
        answer_one(f, &st, mode, reply);
    }
    if (got < 0) {
        fail_msg("the till sent a message that is malformed");
    }
    if (mode != DOWN) {
        spoil_reply(f, mode, kind, reply);
    }
    pthread_mutex_unlock(&f->lock);
    arena_reset(&a);
    pause_ms(delay);
    return mode == DOWN || mode == LOST ? err_code(e, TP_OFFLINE) : 0;
}

/* ---- the till ---- */

int fake_try(struct fake *f, struct till **out, struct err *e)
{
    struct till_config c = {.dir = f->dir, .clock = &f->clock, .first_wait_ms = FAKE_WAIT};
    c.transport = (struct transport){.call = fake_call, .ctx = f};
    memcpy(c.authority, f->id, ID_SIZE);
    memcpy(c.root, f->root.thumbprint, HASH_SIZE);
    return till_open(&c, out, e);
}

struct till *fake_till(struct fake *f)
{
    struct till *t = NULL;
    struct err e = {0};
    if (fake_try(f, &t, &e)) {
        fail_msg("%s", e.text);
    }
    return t;
}

void fake_mode(struct fake *f, enum fake_mode mode, enum kind only)
{
    pthread_mutex_lock(&f->lock);
    f->mode = mode;
    f->mode_kind = only;
    pthread_mutex_unlock(&f->lock);
}

int fake_calls(struct fake *f, enum kind kind)
{
    pthread_mutex_lock(&f->lock);
    int n = f->calls[kind];
    pthread_mutex_unlock(&f->lock);
    return n;
}

void fake_await(struct fake *f, enum kind kind, int calls)
{
    for (int i = 0; i < 500 && fake_calls(f, kind) < calls; i++) {
        pause_ms(10);
    }
    assert_true(fake_calls(f, kind) >= calls);
}

void fake_coupon(struct fake *f, int which, uint32_t index, struct buf *out)
{
    uint8_t raw[COUPON_MAX];
    struct buf b;
    buf_over(&b, raw, sizeof raw);
    assert_int_equal(coupon_sign(&f->issuer, f->offers[which].ref, (uint32_t)which + 1, index,
                                 FAKE_NOW / 1000 + 86400, &b),
                     0);
    coupon_to_digits(buf_view(&b), out);
}

int64_t fake_sale(struct till *t, const char *reference)
{
    int64_t sale = 0;
    struct err e = {0};
    if (till_sale_begin(t, bytes_str(reference), bytes_str("EUR"), false, &sale, &e)) {
        fail_msg("%s", e.text);
    }
    return sale;
}

void fake_lines(struct till *t, int64_t sale)
{
    struct line line = {.number = 1,
                        .sku = bytes_str("4006381333931"),
                        .name = bytes_str("Espresso beans"),
                        .category = bytes_str("coffee"),
                        .quantity = 2000,
                        .unit_price = 1299,
                        .tax = 7000};
    struct err e = {0};
    if (till_lines_set(t, sale, &line, 1, &e)) {
        fail_msg("%s", e.text);
    }
}

int fake_present(struct fake *f, struct till *t, int64_t sale, int which, uint32_t index)
{
    struct presentation_info p;
    struct buf digits;
    struct err e = {0};
    buf_init(&digits, COUPON_DIGITS_MAX);
    fake_coupon(f, which, index, &digits);
    if (till_present(t, sale, PRESENT_SCAN, buf_view(&digits), &p, &e)) {
        fail_msg("%s", e.text);
    }
    buf_free(&digits);
    return p.outcome;
}

struct quote_info fake_hold(struct till *t, int64_t sale)
{
    struct quote_info q = {0};
    struct err e = {0};
    if (till_hold(t, sale, FAKE_WAIT, &q, &e)) {
        fail_msg("%s", e.text);
    }
    return q;
}

struct quote_info fake_quote(struct till *t, int64_t sale)
{
    struct quote_info q = {0};
    struct err e = {0};
    if (till_quote(t, sale, &q, &e)) {
        fail_msg("%s", e.text);
    }
    return q;
}

struct commit_info fake_commit(struct till *t, int64_t sale)
{
    struct commit_info c = {0};
    struct tender tender = {bytes_str("cash"), 2338};
    struct err e = {0};
    if (till_commit(t, sale, bytes_str("R-1"), &tender, 1, &c, &e)) {
        fail_msg("%s", e.text);
    }
    return c;
}
