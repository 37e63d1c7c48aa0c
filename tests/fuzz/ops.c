#include "fuzz/ops.h"

#include "wire/hash.h"

/* A till's honest value, or what the input makes of it. */
static int64_t twist(struct feed *f, int64_t v)
{
    static const int64_t edges[] = {0, 1, -1, NONE, INT64_MAX, AMOUNT_MAX, -AMOUNT_MAX, UINT32_MAX, TIME_MAX};
    uint8_t how = feed_u8(f);
    if (how >= 1 && how <= 4) {
        return v < INT64_MAX - 8 ? v + how : v;
    }
    if (how >= 5 && how <= 8) {
        return v > INT64_MIN + 8 ? v - (how - 4) : v;
    }
    if (how >= 9 && how < 9 + sizeof edges / sizeof edges[0]) {
        return edges[how - 9];
    }
    if (how == 30 && v > -AMOUNT_MAX && v < AMOUNT_MAX) {
        return 2 * v;
    }
    return v;
}

/* Twenty-nine times of thirty-two false. */
static bool now_and_then(struct feed *f)
{
    return (feed_u8(f) & 31) > 28;
}

static void fresh_bytes(struct game *g, uint8_t *out, size_t n)
{
    uint8_t hash[HASH_SIZE];
    g->serial++;
    HOLDS(sha256(bytes_of(&g->serial, sizeof g->serial), hash) == 0);
    memcpy(out, hash, n);
}

static struct bytes copy_of(struct game *g, const struct buf *b)
{
    struct bytes kept = arena_copy(&g->arena, buf_view(b));
    HOLDS(kept.p != NULL);
    return kept;
}

/* ---- signing ---- */

struct signer {
    const char *name;
    const struct cose_key *key;
};

static struct signer signer_of(struct game *g, enum kind kind, size_t till)
{
    struct world *w = &g->world;
    switch (kinds[kind].by) {
    case PURPOSE_ROOT:
        return (struct signer){"root", &w->root};
    case PURPOSE_ISSUER:
        return (struct signer){"issuer", &w->issuer};
    case PURPOSE_GRANT:
        return (struct signer){"grant", &w->grant};
    case PURPOSE_TILL:
        return (struct signer){w->tills[till].name, &w->tills[till].key};
    default:
        return (struct signer){"merchant", &w->merchant};
    }
}

/* What a statement that was played became. */
struct sent {
    bool registered;
    uint8_t d[HASH_SIZE];
};

/* Signs, sends and remembers it. Nothing is sent that the tables refuse to sign. */
static struct sent play(struct game *g, enum kind kind, const void *payload, struct signer by,
                        const struct bytes part[2])
{
    struct sent sent = {0};
    struct buf envelope;
    buf_init(&envelope, ENVELOPE_MAX);
    buf_reset(&g->message);
    int rc = statement_sign(kind, payload, bytes_str(by.name), by.key, &envelope, sent.d, NULL);
    HOLDS(rc == 0 || rc == TP_BAD_STATEMENT || rc == TP_E_MEMORY);
    if (rc == 0) {
        message_put(&g->message, kind, buf_view(&envelope), part[0], part[1]);
        HOLDS(!g->message.failed);
        g->last = copy_of(g, &g->message);
        sent.registered = game_deliver(g, g->last) == 1;
        g->last_reply = copy_of(g, &g->reply);
    }
    buf_free(&envelope);
    return sent;
}

static struct common common_of(struct game *g, struct feed *f)
{
    struct common c = world_common(&g->world);
    c.time_ms = twist(f, c.time_ms);
    c.audience[0] ^= now_and_then(f);
    return c;
}

static void put_part(struct game *g, const struct schema *s, const void *part, struct bytes *out,
                     uint8_t *hash)
{
    struct buf b;
    buf_init(&b, PART_MAX);
    *out = (struct bytes){0};
    if (part_encode(s, part, &b, hash, NULL) == 0) {
        *out = copy_of(g, &b);
    }
    buf_free(&b);
}

static void make_parts(struct game *g, struct feed *f, const struct basket *basket, const struct sale *s,
                       struct bytes out[2], uint8_t *lines, uint8_t *person)
{
    struct lines_part l = {.basket = *basket};
    struct person_part p = {.cards = {s->cards, s->card_count}};
    fresh_bytes(g, l.salt, SALT_SIZE);
    fresh_bytes(g, p.salt, SALT_SIZE);
    put_part(g, &schema_lines_part, &l, &out[0], lines);
    put_part(g, &schema_person_part, &p, &out[1], person);
    if (now_and_then(f)) {
        out[1] = (struct bytes){0}; /* erased */
    }
}

/* ---- sales ---- */

static struct sale *sale_of(struct game *g, struct feed *f)
{
    struct sale *s = &g->sales[feed_u8(f) % SALES];
    if (s->rev == 0 && s->id[0] == 0) {
        fresh_bytes(g, s->id, ID_SIZE);
        s->id[0] |= 1;
    }
    return s;
}

static void fill_basket(struct game *g, struct feed *f, struct sale *s)
{
    struct line *lines = ARENA_NEW(&g->arena, struct line, 2);
    size_t n = 1 + feed_u8(f) % 2;
    HOLDS(lines != NULL);
    for (size_t i = 0; i < n; i++) {
        lines[i] = (struct line){.number = twist(f, (int64_t)i + 1),
                                 .sku = bytes_str("4006381333931"),
                                 .name = bytes_str("Espresso"),
                                 .category = bytes_str(feed_u8(f) & 1 ? "tea" : "coffee"),
                                 .quantity = twist(f, 1000),
                                 .unit_price = twist(f, (int64_t)feed_u16(f)),
                                 .tax = twist(f, 7000)};
    }
    s->basket = (struct basket){.currency = bytes_str(now_and_then(f) ? "USD" : "EUR"),
                                .store = bytes_str(now_and_then(f) ? "other" : "main"),
                                .time_ms = twist(f, g->world.now),
                                .tax_included = !now_and_then(f),
                                .lines = {lines, n}};
}

/* Bits 0 to 3: coupons of the four offers; 4 and 5: cards. A byte more for each: which one. */
static void fill_presented(struct game *g, struct feed *f, struct sale *s)
{
    uint8_t which = feed_u8(f);
    s->coupon_count = s->card_count = 0;
    for (size_t i = 0; i < OFFERS; i++) {
        if (which >> i & 1) {
            s->coupons[s->coupon_count++] = g->coupons[i][feed_u8(f) % COUPONS];
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (which >> (OFFERS + i) & 1) {
            s->cards[s->card_count++] = g->cards[feed_u8(f) % CARDS];
        }
    }
}

static struct head head_of(struct game *g, struct feed *f, size_t till)
{
    struct head h = g->world.tills[till].head;
    h.epoch = twist(f, h.epoch);
    h.seq = twist(f, h.seq);
    return h;
}

/* What a hold that was granted says; the sale is as before when it was not. */
static void take_grant(struct game *g, struct sale *s)
{
    struct dec d;
    struct answer a;
    dec_init(&d, g->last_reply);
    if (answer_next(&d, &a) == 1 && a.kind == ANSWER_GRANT) {
        HOLDS(statement_parse(a.statement, &g->arena, &s->granted, NULL) == 0);
        HOLDS(schema_decode(&schema_quote, a.quote, &g->arena, &s->quote, NULL) == 0);
        s->grant = a.statement;
    }
}

static void move_hold(struct game *g, struct feed *f)
{
    static const uint8_t first[ID_SIZE] = {1};
    size_t till = feed_u8(f) % GAME_TILLS;
    struct sale *s = sale_of(g, f);
    struct bytes part[2];
    struct hold h = {.common = common_of(g, f), .head = head_of(g, f, till)};
    s->rev = twist(f, s->rev + 1);
    fill_basket(g, f, s);
    fill_presented(g, f, s);
    h.rev = s->rev;
    h.coupons.v = s->coupons;
    h.coupons.n = s->coupon_count;
    memcpy(h.sale, s->id, ID_SIZE);
    fresh_bytes(g, h.id, ID_SIZE);
    if (now_and_then(f)) {
        memcpy(h.id, first, ID_SIZE);
    }
    make_parts(g, f, &s->basket, s, part, h.lines, h.person);
    play(g, KIND_HOLD, &h, signer_of(g, KIND_HOLD, till), part);
    take_grant(g, s);
}

static void move_release(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS;
    struct sale *s = sale_of(g, f);
    struct release r = {.common = common_of(g, f), .head = head_of(g, f, till)};
    s->rev = r.rev = twist(f, s->rev + 1);
    memcpy(r.sale, s->id, ID_SIZE);
    fresh_bytes(g, r.id, ID_SIZE);
    play(g, KIND_RELEASE, &r, signer_of(g, KIND_RELEASE, till), (struct bytes[2]){{0}, {0}});
}

/* ---- records ---- */

static struct chain chain_of(struct game *g, struct feed *f, size_t till)
{
    const struct head *h = &g->world.tills[till].head;
    struct chain c = {.epoch = twist(f, h->epoch), .seq = twist(f, h->seq + 1)};
    memcpy(c.prev, h->d, HASH_SIZE);
    c.prev[0] ^= now_and_then(f);
    return c;
}

/* The till's chain goes on from what was registered; now and then it forgets that it was. */
static void move_on(struct game *g, struct feed *f, size_t till, const struct chain *c,
                    const struct sent *sent)
{
    struct head *h = &g->world.tills[till].head;
    if (sent->registered && !now_and_then(f)) {
        h->seq = c->seq;
        memcpy(h->d, sent->d, HASH_SIZE);
    }
}

static size_t granted_redemptions(const struct sale *s, struct redemption *out)
{
    size_t n = 0;
    const struct grant *m = &s->granted.payload.grant;
    for (size_t i = 0; s->grant.p && i < m->verdicts.n; i++) {
        const struct verdict *v = &m->verdicts.v[i];
        if (v->reason) {
            continue;
        }
        out[n] = (struct redemption){.version = v->version,
                                     .card = v->card,
                                     .grant = v->number,
                                     .basis = v->basis,
                                     .discount = v->discount,
                                     .cashback = v->cashback};
        memcpy(out[n].offer, v->offer, REF_SIZE);
        for (size_t k = 0; k < s->coupon_count; k++) {
            struct coupon c;
            if (coupon_parse(s->coupons[k], &c) == 0 && c.batch == v->batch && c.index == v->index) {
                out[n].coupon = s->coupons[k];
            }
        }
        n++;
    }
    return n;
}

/* One that nobody granted: any offer, any coupon or card, any amounts. */
static struct redemption claimed_redemption(struct game *g, struct feed *f)
{
    size_t offer = feed_u8(f) % OFFERS;
    bool card = feed_u8(f) & 1;
    struct redemption r = {.version = twist(f, 1),
                           .card = card ? twist(f, 0) : NONE,
                           .grant = twist(f, NONE),
                           .basis = twist(f, 1000),
                           .discount = twist(f, 100),
                           .cashback = twist(f, 0)};
    if (!card) {
        r.coupon = g->coupons[feed_u8(f) % OFFERS][feed_u8(f) % COUPONS];
    }
    memcpy(r.offer, g->offers[offer].ref, REF_SIZE);
    return r;
}

static void fill_amounts(struct feed *f, const struct sale *s, struct commit *m)
{
    m->gross = twist(f, s->quote.gross);
    m->discount = twist(f, s->quote.discount);
    m->net = twist(f, s->quote.net);
    m->tax = twist(f, s->quote.tax);
    m->due = twist(f, s->quote.due);
    m->cashback = twist(f, s->quote.cashback);
}

static void move_commit(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS;
    struct sale *s = sale_of(g, f), *other = now_and_then(f) ? sale_of(g, f) : s;
    struct redemption list[8];
    struct bytes part[2];
    struct tender tender = {bytes_str("cash"), twist(f, s->quote.due)};
    struct commit m = {.common = common_of(g, f),
                       .chain = chain_of(g, f, till),
                       .rev = twist(f, s->rev ? s->rev : 1),
                       .policy = twist(f, 1),
                       .currency = bytes_str("EUR"),
                       .tenders = {&tender, 1},
                       .grant = now_and_then(f) ? (struct bytes){0} : other->grant};
    fill_amounts(f, s, &m);
    m.redemptions.n = now_and_then(f) ? 0 : granted_redemptions(s, list);
    for (size_t more = feed_u8(f) % 3; more > 0; more--) {
        list[m.redemptions.n++] = claimed_redemption(g, f);
    }
    m.redemptions.v = list;
    memcpy(m.sale, s->id, ID_SIZE);
    if (s->basket.lines.n == 0) {
        fill_basket(g, f, s);
    }
    make_parts(g, f, &s->basket, s, part, m.lines, m.person);
    struct sent sent = play(g, KIND_COMMIT, &m, signer_of(g, KIND_COMMIT, till), part);
    if (sent.registered) {
        s->committed = true;
        memcpy(s->commit, sent.d, HASH_SIZE);
    }
    move_on(g, f, till, &m.chain, &sent);
}

/* Of a lease, without a line. */
static void move_spend(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS, of = now_and_then(f) ? GAME_TILLS - 1 - till : till;
    struct sale *s = sale_of(g, f);
    struct redemption r = {.version = twist(f, 1),
                           .coupon = g->coupons[OFFERS - 1][feed_u8(f) % COUPONS],
                           .card = NONE,
                           .grant = twist(f, g->leases[of].terms.number),
                           .basis = twist(f, 1000),
                           .discount = twist(f, 100)};
    struct bytes part[2];
    struct commit m = {.common = common_of(g, f),
                       .chain = chain_of(g, f, till),
                       .rev = 1,
                       .policy = 1,
                       .currency = bytes_str("EUR"),
                       .redemptions = {&r, 1}};
    memcpy(r.offer, g->offers[OFFERS - 1].ref, REF_SIZE);
    memcpy(m.sale, s->id, ID_SIZE);
    fill_basket(g, f, s);
    make_parts(g, f, &s->basket, s, part, m.lines, m.person);
    struct sent sent = play(g, KIND_COMMIT, &m, signer_of(g, KIND_COMMIT, till), part);
    if (sent.registered) {
        s->committed = true;
        memcpy(s->commit, sent.d, HASH_SIZE);
    }
    move_on(g, f, till, &m.chain, &sent);
}

static void move_give_back(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS, of = now_and_then(f) ? GAME_TILLS - 1 - till : till;
    struct lease_return r = {.common = common_of(g, f),
                             .chain = chain_of(g, f, till),
                             .uses = twist(f, feed_u8(f) % 3),
                             .amount = twist(f, NONE)};
    memcpy(r.lease, g->leases[of].d, HASH_SIZE);
    struct sent sent =
        play(g, KIND_LEASE_RETURN, &r, signer_of(g, KIND_LEASE_RETURN, till), (struct bytes[2]){{0}, {0}});
    move_on(g, f, till, &r.chain, &sent);
}

static void move_write_off(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS, of = now_and_then(f) ? GAME_TILLS - 1 - till : till;
    struct write_off off = {.common = common_of(g, f),
                            .till = bytes_str(g->world.tills[till].name),
                            .uses = twist(f, 1),
                            .amount = twist(f, NONE)};
    memcpy(off.lease, g->leases[of].d, HASH_SIZE);
    play(g, KIND_WRITE_OFF, &off, signer_of(g, KIND_WRITE_OFF, 0), (struct bytes[2]){{0}, {0}});
}

static void move_reverse(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS;
    struct sale *s = sale_of(g, f);
    struct reversed list[2];
    struct bytes part[2];
    struct reverse r = {.common = common_of(g, f),
                        .chain = chain_of(g, f, till),
                        .op = feed_u8(f) & 1 ? REVERSE_RETURN : REVERSE_VOID,
                        .currency = bytes_str("EUR"),
                        .gross = twist(f, s->quote.gross),
                        .discount = twist(f, s->quote.discount),
                        .net = twist(f, s->quote.net),
                        .tax = twist(f, s->quote.tax),
                        .due = twist(f, s->quote.due)};
    r.redemptions.n = feed_u8(f) % 3;
    r.redemptions.v = list;
    for (size_t i = 0; i < r.redemptions.n; i++) {
        list[i] = (struct reversed){twist(f, (int64_t)i), twist(f, 50), twist(f, 0)};
    }
    memcpy(r.commit, s->commit, HASH_SIZE);
    memcpy(r.sale, s->id, ID_SIZE);
    if (s->basket.lines.n == 0) {
        fill_basket(g, f, s);
    }
    make_parts(g, f, &s->basket, s, part, r.lines, r.person);
    struct sent sent = play(g, KIND_REVERSE, &r, signer_of(g, KIND_REVERSE, till), part);
    move_on(g, f, till, &r.chain, &sent);
}

static void move_link(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS;
    struct ref refs[2];
    struct sale s = {.card_count = 1};
    struct bytes part[2];
    uint8_t unused[HASH_SIZE];
    struct link l = {.common = common_of(g, f),
                     .chain = chain_of(g, f, till),
                     .op = feed_u8(f) & 1 ? LINK_REMOVE : LINK_ADD,
                     .offers = {refs, 1 + feed_u8(f) % 2},
                     .channel = bytes_str("app")};
    for (size_t i = 0; i < l.offers.n; i++) {
        memcpy(refs[i].v, g->offers[feed_u8(f) % OFFERS].ref, REF_SIZE);
    }
    s.cards[0] = g->cards[feed_u8(f) % CARDS];
    fill_basket(g, f, &s);
    make_parts(g, f, &s.basket, &s, part, unused, l.person);
    part[0] = (struct bytes){0};
    struct sent sent = play(g, KIND_LINK, &l, signer_of(g, KIND_LINK, till), part);
    move_on(g, f, till, &l.chain, &sent);
}

static void move_sync(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS;
    struct sync s = {.common = common_of(g, f),
                     .head = head_of(g, f, till),
                     .have = twist(f, feed_u8(f)),
                     .outcomes = twist(f, feed_u8(f))};
    fresh_bytes(g, s.id, ID_SIZE);
    play(g, KIND_SYNC, &s, signer_of(g, KIND_SYNC, till), (struct bytes[2]){{0}, {0}});
}

/* What is leased in between is not among the records: their order is not turned then. */
static void move_ask(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS;
    struct lease_wanted wanted = {.uses = twist(f, 0), .amount = twist(f, 0)};
    struct sync s = {.common = common_of(g, f), .head = head_of(g, f, till), .wanted = {&wanted, 1}};
    memcpy(wanted.offer, g->offers[now_and_then(f) ? 0 : OFFERS - 1].ref, REF_SIZE);
    fresh_bytes(g, s.id, ID_SIZE);
    play(g, KIND_SYNC, &s, signer_of(g, KIND_SYNC, till), (struct bytes[2]){{0}, {0}});
    g->office = true;
}

/* ---- the office ---- */

static void move_terminal(struct game *g, struct feed *f)
{
    size_t till = feed_u8(f) % GAME_TILLS;
    struct world_till *t = &g->world.tills[till];
    struct buf key;
    uint8_t memory[128];
    buf_over(&key, memory, sizeof memory);
    cose_key_encode(now_and_then(f) ? &g->world.tills[GAME_TILLS - 1 - till].key : &t->key, &key);
    int state = feed_u8(f) % 3;
    struct terminal m = {.common = common_of(g, f),
                         .till = bytes_str(t->name),
                         .store = bytes_str(feed_u8(f) & 1 ? "other" : "main"),
                         .epoch = twist(f, t->head.epoch),
                         .cose_key = buf_view(&key),
                         .from = g->world.now - twist(f, 86400000),
                         .until = g->world.now + twist(f, 86400000),
                         .state = state,
                         .from_seq = state == TERMINAL_ACTIVE ? NONE : twist(f, t->head.seq + 1)};
    struct sent sent =
        play(g, KIND_TERMINAL, &m, signer_of(g, KIND_TERMINAL, till), (struct bytes[2]){{0}, {0}});
    if (sent.registered && m.epoch > t->head.epoch) {
        t->head = (struct head){.epoch = m.epoch};
        memcpy(t->head.d, sent.d, HASH_SIZE);
    }
}

static void move_offer(struct game *g, struct feed *f)
{
    size_t which = feed_u8(f) % OFFERS;
    struct offer_statement s = {.common = common_of(g, f), .terms = g->offers[which]};
    s.terms.version = twist(f, s.terms.version + 1);
    s.terms.percent = twist(f, s.terms.percent);
    s.terms.valid_until = twist(f, s.terms.valid_until);
    s.terms.per_coupon = twist(f, s.terms.per_coupon);
    s.terms.min_spend = twist(f, s.terms.min_spend);
    s.terms.cap = twist(f, s.terms.cap);
    s.terms.exclusive = feed_u8(f) & 1;
    s.terms.ref[0] ^= now_and_then(f);
    play(g, KIND_OFFER, &s, signer_of(g, KIND_OFFER, 0), (struct bytes[2]){{0}, {0}});
}

static void move_batch(struct game *g, struct feed *f)
{
    struct batch b = {.common = common_of(g, f),
                      .number = twist(f, OFFERS + 1),
                      .first = twist(f, 0),
                      .last = twist(f, COUPONS),
                      .channel = bytes_str("app"),
                      .exp = twist(f, g->world.now / 1000 + 86400)};
    memcpy(b.offer, g->offers[feed_u8(f) % OFFERS].ref, REF_SIZE);
    play(g, KIND_BATCH, &b, signer_of(g, KIND_BATCH, 0), (struct bytes[2]){{0}, {0}});
}

static void move_policy(struct game *g, struct feed *f)
{
    struct zone_step step = {0, twist(f, 60)};
    struct policy_statement p = {.common = common_of(g, f),
                                 .terms = {.version = twist(f, 2),
                                           .currency = bytes_str(now_and_then(f) ? "USD" : "EUR"),
                                           .zone = bytes_str("Etc/GMT-1"),
                                           .zone_steps = {&step, 1},
                                           .tax_included = !(feed_u8(f) & 1),
                                           .offline_age_ms = twist(f, 86400000)}};
    play(g, KIND_POLICY, &p, signer_of(g, KIND_POLICY, 0), (struct bytes[2]){{0}, {0}});
}

/* ---- bytes ---- */

/* The payload of any kind as the input has it, for this authority and time, signed by whom it should be. */
static void move_payload(struct game *g, struct feed *f)
{
    static union payload p;
    enum kind kind = (enum kind)(feed_u8(f) % KIND_COUNT);
    size_t till = feed_u8(f) % GAME_TILLS;
    struct bytes in = feed_bytes(f, feed_u16(f));
    struct bytes part[2] = {{0}, {0}};
    if (schema_decode(kinds[kind].schema, in, &g->arena, &p, NULL) == 0) {
        p.common = world_common(&g->world);
        play(g, kind, &p, signer_of(g, kind, till), part);
    }
}

static void move_raw(struct game *g, struct feed *f)
{
    game_deliver(g, feed_bytes(f, feed_u16(f)));
}

/* The last message with some bytes changed. */
static void move_spoil(struct game *g, struct feed *f)
{
    struct bytes copy = arena_copy(&g->arena, g->last);
    for (size_t times = 1 + feed_u8(f) % 4; copy.p && copy.n && times > 0; times--) {
        ((uint8_t *)(uintptr_t)copy.p)[feed_u16(f) % copy.n] ^= (uint8_t)(1u << feed_u8(f) % 8);
    }
    if (copy.p) {
        game_deliver(g, copy);
    }
}

/* Sent again, it changes nothing and is answered the same: for ever, when it was registered. */
static void move_repeat(struct game *g)
{
    struct dec d;
    struct answer a;
    if (!g->last.p) {
        return;
    }
    dec_init(&d, g->last_reply);
    bool same = answer_next(&d, &a) == 1 && a.kind == ANSWER_REGISTERED;
    size_t before = g->record_count;
    size_t registered = game_deliver(g, g->last);
    if (same) {
        HOLDS(registered == 1 && bytes_equal(buf_view(&g->reply), g->last_reply));
        g->record_count = g->record_count > before ? before : g->record_count;
    }
}

static void move_handle(struct game *g)
{
    g->handle = (g->handle + 1) % HANDLES;
    if (!g->handles[g->handle]) {
        g->handles[g->handle] = world_another(&g->world);
    }
}

static void move_time(struct game *g, struct feed *f)
{
    int64_t by = (int64_t)feed_u8(f) * 1000;
    g->world.now += feed_u8(f) & 1 ? by * 60 : by;
}

void game_play(struct game *g, struct feed *f)
{
    static void (*const moves[])(struct game * g, struct feed * f) = {
        move_hold, move_commit, move_time,   move_reverse,  move_link,  move_release, move_sync,
        move_raw,  move_spoil,  move_policy, move_terminal, move_offer, move_batch,   move_payload};
    static void (*const leases[])(struct game * g, struct feed * f) = {move_ask, move_spend, move_give_back,
                                                                       move_write_off};
    enum { COUNT = sizeof moves / sizeof moves[0], REPEAT = COUNT, HANDLE, LEASES };
    for (size_t played = 0; played < MOVES && feed_left(f) > 0; played++) {
        uint8_t which = feed_u8(f) % (LEASES + sizeof leases / sizeof leases[0]);
        if (which < COUNT) {
            moves[which](g, f);
        } else if (which == REPEAT) {
            move_repeat(g);
        } else if (which == HANDLE) {
            move_handle(g);
        } else {
            leases[which - LEASES](g, f);
        }
    }
}
