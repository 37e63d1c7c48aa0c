/* What a till signs: holds, releases, commits, voids and links, by hand. */
#include "support/cm.h"
#include "support/world.h"

struct basket world_basket(struct world *w, int64_t price)
{
    struct line *line = ARENA_NEW(&w->arena, struct line, 1);
    *line = (struct line){.number = 1,
                          .sku = bytes_str("4006381333931"),
                          .name = bytes_str("Espresso"),
                          .category = bytes_str("coffee"),
                          .quantity = 1000,
                          .unit_price = price,
                          .tax = 7000};
    return (struct basket){.currency = bytes_str("EUR"),
                           .store = bytes_str("main"),
                           .time_ms = w->now,
                           .tax_included = true,
                           .lines = {line, 1}};
}

struct world_sale world_sale(struct world *w, int64_t price)
{
    struct world_sale s = {.basket = world_basket(w, price)};
    assert_int_equal(random_bytes(s.id, ID_SIZE), 0);
    return s;
}

/* Both parts of a sale, encoded into the arena. */
static void parts(struct world *w, const struct world_sale *s, struct bytes out[2], uint8_t lines[HASH_SIZE],
                  uint8_t person[HASH_SIZE])
{
    struct lines_part l = {.basket = s->basket};
    struct person_part p = {.cards = {s->cards, s->card_count}, .customer = s->customer};
    struct buf b;
    struct err e = {0};
    buf_init(&b, PART_MAX);
    assert_int_equal(random_bytes(l.salt, SALT_SIZE), 0);
    assert_int_equal(random_bytes(p.salt, SALT_SIZE), 0);
    int rc = part_encode(&schema_lines_part, &l, &b, lines, &e);
    if (rc) {
        print_error("%s\n", e.text);
    }
    assert_int_equal(rc, 0);
    out[0] = arena_copy(&w->arena, buf_view(&b));
    buf_reset(&b);
    assert_int_equal(part_encode(&schema_person_part, &p, &b, person, &e), 0);
    out[1] = arena_copy(&w->arena, buf_view(&b));
    buf_free(&b);
}

static void sign(struct world_till *t, enum kind kind, const void *payload, const struct bytes part[2],
                 struct buf *out, uint8_t d[HASH_SIZE])
{
    struct buf envelope;
    struct err e = {0};
    buf_init(&envelope, ENVELOPE_MAX);
    int rc = statement_sign(kind, payload, bytes_str(t->name), &t->key, &envelope, d, &e);
    if (rc) {
        print_error("%s\n", e.text);
    }
    assert_int_equal(rc, 0);
    message_put(out, kind, buf_view(&envelope), part[0], part[1]);
    assert_false(out->failed);
    buf_free(&envelope);
}

void world_show_gs1(struct world_sale *s, const struct offer *o, const char *element)
{
    memcpy(s->gs1[s->gs1_count].offer, o->ref, REF_SIZE);
    s->gs1[s->gs1_count++].element = bytes_str(element);
}

void world_hold_message(struct world *w, struct world_till *t, struct world_sale *s, struct buf *out)
{
    struct hold h = {.common = world_common(w),
                     .head = t->head,
                     .coupons = {s->coupons, s->coupon_count},
                     .pickups = {s->pickups, s->pickup_count},
                     .gs1 = {s->gs1, s->gs1_count}};
    struct bytes part[2];
    h.rev = ++s->rev;
    s->basket.time_ms = w->now;
    memcpy(h.sale, s->id, ID_SIZE);
    assert_int_equal(random_bytes(h.id, ID_SIZE), 0);
    parts(w, s, part, h.lines, h.person);
    sign(t, KIND_HOLD, &h, part, out, NULL);
}

int world_hold(struct world *w, struct world_till *t, struct world_sale *s)
{
    struct buf message;
    struct dec d;
    struct answer a;
    struct err e = {0};
    buf_init(&message, MESSAGE_MAX);
    world_hold_message(w, t, s, &message);
    int rc = world_send(w, buf_view(&message));
    buf_free(&message);
    if (rc) {
        return rc;
    }
    dec_init(&d, buf_view(&w->reply));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_int_equal(a.kind, ANSWER_GRANT);
    s->grant = arena_copy(&w->arena, a.statement);
    s->quote_bytes = arena_copy(&w->arena, a.quote);
    assert_int_equal(statement_parse(s->grant, &w->arena, &s->granted, &e), 0);
    assert_int_equal(statement_verify(&s->granted, &w->grant), 0);
    assert_int_equal(schema_decode(&schema_quote, s->quote_bytes, &w->arena, &s->quote, &e), 0);
    return 0;
}

void world_release_message(struct world *w, struct world_till *t, struct world_sale *s, struct buf *out)
{
    struct release r = {.common = world_common(w), .head = t->head};
    r.rev = ++s->rev;
    memcpy(r.sale, s->id, ID_SIZE);
    assert_int_equal(random_bytes(r.id, ID_SIZE), 0);
    sign(t, KIND_RELEASE, &r, (struct bytes[2]){{0}, {0}}, out, NULL);
}

int world_release(struct world *w, struct world_till *t, struct world_sale *s)
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_release_message(w, t, s, &message);
    int rc = world_send(w, buf_view(&message));
    buf_free(&message);
    return rc;
}

static struct chain next_record(const struct world_till *t)
{
    struct chain c = {.epoch = t->head.epoch, .seq = t->head.seq + 1};
    memcpy(c.prev, t->head.d, HASH_SIZE);
    return c;
}

static void move_on(struct world_till *t, const uint8_t d[HASH_SIZE], uint8_t *out)
{
    t->head.seq++;
    memcpy(t->head.d, d, HASH_SIZE);
    if (out) {
        memcpy(out, d, HASH_SIZE);
    }
}

const struct verdict *world_verdict(const struct world_sale *s, const struct offer *o)
{
    const struct grant *g = &s->granted.payload.grant;
    for (size_t i = 0; i < g->verdicts.n; i++) {
        if (memcmp(g->verdicts.v[i].offer, o->ref, REF_SIZE) == 0) {
            return &g->verdicts.v[i];
        }
    }
    return NULL;
}

/* The granted verdicts as redemptions; a coupon is found again by its batch and index, a GS1 coupon by its
 * offer. */
static size_t redemptions(const struct world_sale *s, struct redemption *out)
{
    const struct grant *g = &s->granted.payload.grant;
    size_t n = 0;
    for (size_t i = 0; s->grant.p && i < g->verdicts.n; i++) {
        const struct verdict *v = &g->verdicts.v[i];
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
        for (size_t k = 0; k < s->gs1_count; k++) {
            bool same =
                v->batch == NONE && v->card == NONE && memcmp(s->gs1[k].offer, v->offer, REF_SIZE) == 0;
            out[n].coupon = same && !out[n].coupon.p ? s->gs1[k].element : out[n].coupon;
        }
        n++;
    }
    return n;
}

void world_redeem_message(struct world *w, struct world_till *t, struct world_sale *s,
                          const struct redemption *list, size_t n, struct buf *out, uint8_t d[HASH_SIZE])
{
    uint8_t own[HASH_SIZE];
    struct bytes part[2];
    const struct quote *q = &s->quote;
    struct tender tender = {bytes_str("cash"), q->due};
    struct commit m = {.common = world_common(w),
                       .chain = next_record(t),
                       .rev = s->rev ? s->rev : 1,
                       .policy = s->policy ? s->policy : 1,
                       .currency = bytes_str("EUR"),
                       .gross = q->gross,
                       .discount = q->discount,
                       .net = q->net,
                       .tax = q->tax,
                       .due = q->due,
                       .cashback = q->cashback,
                       .tenders = {&tender, 1},
                       .redemptions = {list, n},
                       .grant = s->grant};
    memcpy(m.sale, s->id, ID_SIZE);
    parts(w, s, part, m.lines, m.person);
    sign(t, KIND_COMMIT, &m, part, out, own);
    move_on(t, own, d);
}

void world_commit_message(struct world *w, struct world_till *t, struct world_sale *s, struct buf *out,
                          uint8_t d[HASH_SIZE])
{
    struct redemption list[MAX_REDEMPTIONS];
    world_redeem_message(w, t, s, list, redemptions(s, list), out, d);
}

void world_leased_message(struct world *w, struct world_till *t, struct world_sale *s, const struct offer *o,
                          int64_t lease, int64_t discount, struct buf *out, uint8_t d[HASH_SIZE])
{
    int64_t price = s->basket.lines.v[0].unit_price;
    struct redemption one = {.version = o->version,
                             .coupon = s->coupons[0],
                             .card = NONE,
                             .grant = lease,
                             .basis = price,
                             .discount = discount};
    memcpy(one.offer, o->ref, REF_SIZE);
    s->quote = (struct quote){
        .gross = price, .discount = discount, .net = price - discount, .due = price - discount};
    world_redeem_message(w, t, s, &one, 1, out, d);
}

void world_alone_message(struct world *w, struct world_till *t, struct world_sale *s, const struct offer *o,
                         int64_t discount, struct buf *out, uint8_t d[HASH_SIZE])
{
    world_leased_message(w, t, s, o, NONE, discount, out, d);
}

int world_commit_leased(struct world *w, struct world_till *t, struct world_sale *s, const struct offer *o,
                        int64_t lease, int64_t discount, uint8_t d[HASH_SIZE])
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_leased_message(w, t, s, o, lease, discount, &message, d);
    int rc = world_send(w, buf_view(&message));
    buf_free(&message);
    return rc;
}

void world_lease_return_message(struct world *w, struct world_till *t, const uint8_t lease[HASH_SIZE],
                                int64_t uses, int64_t amount, struct buf *out)
{
    uint8_t own[HASH_SIZE];
    struct lease_return r = {
        .common = world_common(w), .chain = next_record(t), .uses = uses, .amount = amount};
    memcpy(r.lease, lease, HASH_SIZE);
    sign(t, KIND_LEASE_RETURN, &r, (struct bytes[2]){{0}, {0}}, out, own);
    move_on(t, own, NULL);
}

int world_lease_return(struct world *w, struct world_till *t, const uint8_t lease[HASH_SIZE], int64_t uses,
                       int64_t amount)
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_lease_return_message(w, t, lease, uses, amount, &message);
    int rc = world_send(w, buf_view(&message));
    buf_free(&message);
    return rc;
}

/* The leases among the statements of a state's answer. */
static size_t read_leases(struct world *w, struct bytes statements, struct world_lease *out, size_t room)
{
    struct dec d;
    struct bytes item;
    size_t n = 0;
    dec_init(&d, arena_copy(&w->arena, statements));
    while (!dec_done(&d)) {
        struct statement st;
        assert_int_equal(dec_item(&d, &item), 0);
        assert_int_equal(statement_parse(item, &w->arena, &st, NULL), 0);
        if (st.kind == KIND_LEASE) {
            assert_int_equal(statement_verify(&st, &w->grant), 0);
            assert_true(n < room);
            out[n].terms = st.payload.lease;
            memcpy(out[n++].d, st.d, HASH_SIZE);
        }
    }
    return n;
}

int world_leases(struct world *w, struct world_till *t, const struct lease_wanted *wanted, size_t n,
                 int64_t *have, struct world_lease *out, size_t room)
{
    struct sync q = {.common = world_common(w), .head = t->head, .have = *have, .wanted = {wanted, n}};
    struct buf message;
    struct dec d;
    struct answer a;
    struct statement st;
    assert_int_equal(random_bytes(q.id, ID_SIZE), 0);
    buf_init(&message, MESSAGE_MAX);
    sign(t, KIND_SYNC, &q, (struct bytes[2]){{0}, {0}}, &message, NULL);
    int rc = world_send(w, buf_view(&message));
    buf_free(&message);
    if (rc) {
        return -rc;
    }
    dec_init(&d, buf_view(&w->reply));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_int_equal(statement_parse(arena_copy(&w->arena, a.statement), &w->arena, &st, NULL), 0);
    *have = st.payload.state.have;
    return (int)read_leases(w, a.rest, out, room);
}

int world_commit_alone(struct world *w, struct world_till *t, struct world_sale *s, const struct offer *o,
                       int64_t discount, uint8_t d[HASH_SIZE])
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_alone_message(w, t, s, o, discount, &message, d);
    int rc = world_send(w, buf_view(&message));
    buf_free(&message);
    return rc;
}

int world_commit(struct world *w, struct world_till *t, struct world_sale *s, uint8_t d[HASH_SIZE])
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_commit_message(w, t, s, &message, d);
    int rc = world_send(w, buf_view(&message));
    buf_free(&message);
    return rc;
}

void world_void_message(struct world *w, struct world_till *t, const struct world_sale *s,
                        const uint8_t commit[HASH_SIZE], struct buf *out)
{
    struct bytes part[2];
    uint8_t own[HASH_SIZE];
    struct reverse r = {.common = world_common(w),
                        .chain = next_record(t),
                        .op = REVERSE_VOID,
                        .currency = bytes_str("EUR"),
                        .gross = s->quote.gross,
                        .discount = s->quote.discount,
                        .net = s->quote.net,
                        .tax = s->quote.tax,
                        .due = s->quote.due};
    memcpy(r.commit, commit, HASH_SIZE);
    memcpy(r.sale, s->id, ID_SIZE);
    parts(w, s, part, r.lines, r.person);
    sign(t, KIND_REVERSE, &r, part, out, own);
    move_on(t, own, NULL);
}

void world_return_message(struct world *w, struct world_till *t, const struct world_sale *s,
                          const uint8_t commit[HASH_SIZE], int64_t quantity, struct buf *out,
                          uint8_t d[HASH_SIZE])
{
    struct bytes part[2];
    struct reversed list[MAX_REDEMPTIONS];
    struct redemption redeemed[MAX_REDEMPTIONS];
    uint8_t own[HASH_SIZE];
    struct world_sale back = *s;
    struct line line = s->basket.lines.v[0];
    size_t n = redemptions(s, redeemed);
    struct reverse r = {.common = world_common(w),
                        .chain = next_record(t),
                        .op = REVERSE_RETURN,
                        .currency = bytes_str("EUR"),
                        .gross = s->quote.gross * quantity / line.quantity,
                        .net = s->quote.net * quantity / line.quantity,
                        .tax = s->quote.tax * quantity / line.quantity,
                        .due = s->quote.due * quantity / line.quantity,
                        .redemptions = {list, n}};
    r.discount = r.gross - r.net;
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct reversed){(int64_t)i, redeemed[i].discount * quantity / line.quantity,
                                    redeemed[i].cashback * quantity / line.quantity};
    }
    line.quantity = quantity;
    back.basket.lines.v = &line;
    memcpy(r.commit, commit, HASH_SIZE);
    assert_int_equal(random_bytes(r.sale, ID_SIZE), 0);
    parts(w, &back, part, r.lines, r.person);
    sign(t, KIND_REVERSE, &r, part, out, own);
    move_on(t, own, d);
}

void world_link_message(struct world *w, struct world_till *t, int op, struct bytes handle,
                        const struct offer *o, const char *channel, struct buf *out)
{
    struct ref ref;
    struct bytes part[2];
    uint8_t own[HASH_SIZE], unused[HASH_SIZE];
    struct world_sale s = {
        .basket = world_basket(w, 1), .cards = {handle}, .card_count = 1, .customer = w->customer};
    struct link l = {.common = world_common(w),
                     .chain = next_record(t),
                     .op = op,
                     .offers = {&ref, 1},
                     .channel = bytes_str(channel)};
    memcpy(ref.v, o->ref, REF_SIZE);
    parts(w, &s, part, unused, l.person);
    part[0] = (struct bytes){0};
    sign(t, KIND_LINK, &l, part, out, own);
    move_on(t, own, NULL);
}
