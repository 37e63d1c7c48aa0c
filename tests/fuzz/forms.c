/*
 * JSON forms. The first byte: 0 an offer, 1 a basket, 2 both with a zero byte between them, which are then
 * priced. What a form accepts can be signed, encodes and decodes to the same bytes, and has a quote that adds
 * up.
 */
#include "forms/forms.h"
#include "fuzz/fuzz.h"

enum { WHAT_OFFER, WHAT_BASKET, WHAT_PRICE, WHATS, ROOM = 4 * 1024 * 1024 };

static const struct zone_step steps[] = {
    {0, 60}, {INT64_C(1774746000000), 120}, {INT64_C(1792890000000), 60}};
static const uint8_t authority[ID_SIZE] = {9};
static uint8_t first_room[ROOM], second_room[ROOM];

static struct policy policy_of_the_shop(void)
{
    return (struct policy){.version = 1,
                           .currency = bytes_str("EUR"),
                           .zone = bytes_str("Europe/Berlin"),
                           .zone_steps = {steps, 3},
                           .tax_included = true};
}

static void check_refused(int rc, const struct err *e)
{
    HOLDS(rc > 0 || rc == TP_E_MEMORY);
    HOLDS(e->code == rc && e->text[0] != '\0' && memchr(e->text, 0, sizeof e->text));
}

/* Encodes, decodes, and encodes again: the same bytes. */
static void check_terms(const struct schema *s, const void *terms, void *again, struct arena *a)
{
    struct buf first, second;
    struct err e = {0};
    buf_over(&first, first_room, sizeof first_room);
    buf_over(&second, second_room, sizeof second_room);
    HOLDS(schema_encode(s, terms, &first, &e) == 0);
    HOLDS(schema_decode(s, buf_view(&first), a, again, &e) == 0);
    HOLDS(schema_encode(s, again, &second, &e) == 0);
    HOLDS(bytes_equal(buf_view(&first), buf_view(&second)));
}

static bool read_offer(struct bytes json, struct arena *a, struct offer *o)
{
    static struct offer again;
    struct policy policy = policy_of_the_shop();
    struct err e = {0};
    memset(o, 0x5A, sizeof *o);
    int rc = form_offer(json, &policy, authority, a, o, &e);
    if (rc) {
        struct offer untouched;
        memset(&untouched, 0x5A, sizeof untouched);
        check_refused(rc, &e);
        HOLDS(memcmp(o, &untouched, sizeof untouched) == 0);
        return false;
    }
    HOLDS(offer_check(o, &e) == 0);
    check_terms(&schema_offer_terms, o, &again, a);
    return true;
}

static bool read_basket(struct bytes json, struct arena *a, struct basket_form *form)
{
    static struct basket again;
    struct err e = {0};
    int rc = form_basket(json, a, form, &e);
    if (rc) {
        check_refused(rc, &e);
        return false;
    }
    struct basket b = form->basket;
    HOLDS(form->has_time == (b.time_ms != NONE));
    b.time_ms = form->has_time ? b.time_ms : 0;
    b.store = b.store.p ? b.store : bytes_str("main");
    check_terms(&schema_basket, &b, &again, a);
    return true;
}

static void check_quote(const struct quote *q)
{
    int64_t gross = 0, discount = 0, net = 0, tax = 0, applied = 0, by_rate = 0;
    for (size_t i = 0; i < q->lines.n; i++) {
        gross += q->lines.v[i].gross;
        discount += q->lines.v[i].discount;
        net += q->lines.v[i].net;
        tax += q->lines.v[i].tax;
        HOLDS(q->lines.v[i].net == q->lines.v[i].gross - q->lines.v[i].discount);
    }
    for (size_t i = 0; i < q->applied.n; i++) {
        applied += q->applied.v[i].discount;
    }
    for (size_t i = 0; i < q->taxes.n; i++) {
        by_rate += q->taxes.v[i].tax;
    }
    HOLDS(q->gross == gross && q->discount == discount && q->net == net && q->tax == tax);
    HOLDS(q->discount == applied && q->tax == by_rate && q->net == q->gross - q->discount);
    HOLDS(q->applied.n + q->refused.n == 1);
}

static void price(const struct offer *o, const struct basket *b, struct arena *a)
{
    static struct quote again;
    struct policy policy = policy_of_the_shop();
    const struct offer *offers[] = {o};
    struct standing standing = {0, NONE};
    struct quote q;
    struct buf json;
    struct err e = {0};
    int rc = offer_price(&policy, b, offers, &standing, 1, &q, a, &e);
    if (rc) {
        check_refused(rc, &e);
        return;
    }
    check_quote(&q);
    check_terms(&schema_quote, &q, &again, a);
    buf_over(&json, first_room, sizeof first_room);
    form_quote(&q, &json);
    HOLDS(!json.failed && json.n > 2 && json.p[0] == '{' && memchr(json.p, '\n', json.n - 1) == NULL);
    HOLDS(bytes_utf8(buf_view(&json)));
}

static void check_price(struct bytes in, struct arena *a)
{
    const uint8_t *zero = in.n ? memchr(in.p, 0, in.n) : NULL;
    struct offer o;
    struct basket_form form;
    size_t n = zero ? (size_t)(zero - in.p) : in.n;
    struct bytes rest = zero ? bytes_of(zero + 1, in.n - n - 1) : (struct bytes){0};
    if (read_offer(bytes_of(in.p, n), a, &o) && read_basket(rest, a, &form)) {
        price(&o, &form.basket, a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = feed_of(data, size);
    uint8_t what = feed_u8(&f) % WHATS;
    struct bytes in = feed_rest(&f);
    struct arena a;
    struct offer o;
    struct basket_form form;
    arena_init(&a, 64 * 1024 * 1024);
    if (what == WHAT_OFFER) {
        read_offer(in, &a, &o);
    } else if (what == WHAT_BASKET) {
        read_basket(in, &a, &form);
    } else {
        check_price(in, &a);
    }
    arena_reset(&a);
    return 0;
}
