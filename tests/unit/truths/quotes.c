/*
 * Two truths must be one: 10,000 random baskets are priced by a till, alone, and by the authority, in the
 * grant that answers its hold. Where both know the same, the quotes are equal byte for byte.
 */
#include "journal/journal.h"
#include "keys/keyfile.h"
#include "sale/internal.h"
#include "support/cm.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BASKETS = 10000, OFFERS = 24, LINES_MOST = 12, COUPONS_MOST = 4 };

static uint64_t seed = 20261122;

static int64_t pick(int64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed % (uint64_t)below);
}

static bool one_in(int64_t n)
{
    return pick(n) == 0;
}

static const char *const skus[] = {"a", "b", "c", "d", "e", "f"};
static const char *const categories[] = {"coffee", "tea", "milk"};

static struct bytes text(const char *s)
{
    return bytes_str(s);
}

/* ---- the till's way to the authority ---- */

/* The authority's quote of the last grant: the worker writes it before the hold returns. */
static struct buf granted;

static int handle(void *ctx, struct bytes request, struct buf *reply, struct err *e)
{
    (void)e;
    struct world *w = ctx;
    struct dec d;
    struct answer a;
    int rc = authority_handle(w->authority, request, reply);
    dec_init(&d, buf_view(reply));
    while (answer_next(&d, &a) == 1) {
        if (a.kind == ANSWER_GRANT) {
            buf_reset(&granted);
            buf_put(&granted, a.quote.p, a.quote.n);
        }
    }
    return rc;
}

static struct till *open_till(struct world *w, char dir[300])
{
    struct cose_key key;
    struct till *t = NULL;
    struct err e = {0};
    uint8_t terminal[HASH_SIZE];
    char path[320];
    snprintf(dir, 300, "%s/till", w->dir);
    snprintf(path, sizeof path, "%s/till.key", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(keyfile_create(path, ALG_ESP256, &key, &e), 0);
    world_enrol(w, "kasse", &key, terminal);
    cose_key_free(&key);
    assert_int_equal(journal_create(dir, w->id, text("kasse"), text("main"), 1, terminal, &e), 0);
    struct till_config config = {
        .dir = dir, .transport = {.call = handle, .ctx = w}, .clock = &w->clock, .first_wait_ms = 10000};
    memcpy(config.authority, w->id, ID_SIZE);
    memcpy(config.root, w->root.thumbprint, HASH_SIZE);
    int rc = till_open(&config, &t, &e);
    if (rc) {
        print_error("%s\n", e.text);
    }
    assert_int_equal(rc, 0);
    return t;
}

static void remove_till(const char *dir)
{
    static const char *const names[] = {"till.key", "till.db", "till.db-wal", "till.db-shm", "lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[320];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(dir), 0);
}

/* ---- random offers and baskets ---- */

/* Every kind of gives in turn. */
static void random_gives(struct world *w, struct offer *o, int i)
{
    struct tier *tiers = ARENA_NEW(&w->arena, struct tier, 2);
    o->gives = i % (GIVES_CASHBACK + 1);
    o->percent = o->gives == GIVES_PERCENT || o->gives == GIVES_CASHBACK ? 1000 + pick(60000)
                 : o->gives == GIVES_BUY_GET                             ? 50000 * (1 + pick(2))
                                                                         : NONE;
    o->amount = o->gives == GIVES_AMOUNT || o->gives == GIVES_PRICE ? 1 + pick(2000) : NONE;
    o->cap = (o->gives == GIVES_PERCENT || o->gives == GIVES_CASHBACK) && one_in(2) ? 1 + pick(1500) : NONE;
    if (o->gives == GIVES_BUY_GET) {
        o->buy = 1 + pick(3);
        o->get = 1 + pick(2);
    }
    if (o->gives == GIVES_TIERS) {
        tiers[0] = (struct tier){500 + pick(1000), 5000, NONE};
        tiers[1] = (struct tier){2000 + pick(3000), NONE, 100 + pick(900)};
        o->tiers.v = tiers;
        o->tiers.n = 2;
    }
}

static struct offer random_offer(struct world *w, int i)
{
    char id[16];
    struct bytes *names = ARENA_NEW(&w->arena, struct bytes, 3);
    snprintf(id, sizeof id, "offer%02d", i);
    struct offer o = world_offer(w, id, 1000 + pick(60000));
    names[0] = text(categories[pick(3)]);
    names[1] = text(skus[pick(6)]);
    names[2] = text(skus[pick(6)]);
    random_gives(w, &o, i);
    o.weekdays = one_in(6) ? 1 + pick(127) : 0;
    o.category.v = names;
    o.category.n = one_in(2);
    o.sku.v = names + 1;
    o.sku.n = one_in(3);
    if (!one_in(3) || !o.sku.n || !bytes_equal(names[1], names[2])) {
        o.exclude_sku.v = names + 2;
        o.exclude_sku.n = one_in(4) && !bytes_equal(names[1], names[2]);
    }
    o.min_spend = one_in(3) ? 1 + pick(5000) : NONE;
    o.min_quantity = one_in(4) ? 1000 * (1 + pick(4)) : NONE;
    o.group = i % 3 == 0 ? text("g") : i % 3 == 1 && one_in(2) ? text("h") : (struct bytes){0};
    o.priority = pick(4);
    o.exclusive = one_in(7);
    o.funder = text(one_in(4) ? "manufacturer" : "store");
    o.valid_from = one_in(9) ? w->now + 1 : 0;
    /* Some are on every table, presented or not, and with limits that nothing here exhausts. */
    o.redeem |= i % 5 == 0 ? REDEEM_AUTOMATIC : 0;
    o.total = i % 10 == 0 ? 1000000 : NONE;
    o.budget = i % 4 == 0 ? AMOUNT_MAX : NONE;
    return o;
}

static size_t random_lines(struct line lines[LINES_MOST])
{
    size_t n = 1 + (size_t)pick(LINES_MOST);
    for (size_t i = 0; i < n; i++) {
        lines[i] = (struct line){.number = (int64_t)(n - i) * 3,
                                 .sku = text(skus[pick(6)]),
                                 .name = text("something"),
                                 .category = text(categories[pick(3)]),
                                 .quantity = one_in(9)   ? -1000
                                             : one_in(3) ? 1 + pick(4000)
                                                         : 1000 * (1 + pick(5)),
                                 .unit_price = one_in(12) ? 0 : pick(3000),
                                 .tax = one_in(3)   ? 19000
                                        : one_in(2) ? 7000
                                                    : 0};
    }
    return n;
}

/* ---- one basket ---- */

struct tally {
    int applied, refused, reasons[64];
};

static void present_some(struct world *w, struct till *t, int64_t sale, const struct offer *offers,
                         uint32_t round)
{
    struct presentation_info info;
    for (int64_t k = pick(COUPONS_MOST + 1); k > 0; k--) {
        uint32_t i = (uint32_t)pick(OFFERS);
        struct bytes coupon = world_coupon(w, &offers[i], i + 1, round);
        assert_int_equal(till_present(t, sale, PRESENT_SCAN, coupon, &info, NULL), 0);
    }
}

/* The till's own price of the sale, encoded. */
static struct bytes own_quote(struct world *w, struct till *t, int64_t id, struct quote_info *q)
{
    struct buf out;
    struct err e = {0};
    assert_int_equal(till_quote(t, id, q, &e), 0);
    assert_int_equal(q->outcome, TP_PROVISIONAL);
    buf_init(&out, MESSAGE_MAX);
    till_lock(t);
    struct sale *s = sale_in_memory(t, id);
    int rc = schema_encode(&schema_quote, &s->price.quote, &out, &e);
    till_unlock(t);
    assert_int_equal(rc, 0);
    struct bytes kept = arena_copy(&w->arena, buf_view(&out));
    buf_free(&out);
    return kept;
}

static void compare(struct till *t, int64_t id, struct bytes own, struct tally *tally)
{
    struct quote_info q;
    struct err e = {0};
    assert_int_equal(till_hold(t, id, 60000, &q, &e), 0);
    if (q.outcome != TP_BINDING) {
        print_error("%s: %s\n", code_word(q.reason), e.text);
    }
    assert_int_equal(q.outcome, TP_BINDING);
    assert_true(bytes_equal(own, buf_view(&granted)));
    for (size_t i = 0; i < q.offers; i++) {
        struct offer_info offer;
        assert_int_equal(till_offer_result(t, id, i, &offer, &e), 0);
        tally->applied += offer.outcome == TP_APPLIED;
        tally->refused += offer.outcome != TP_APPLIED;
        tally->reasons[offer.outcome < 64 ? offer.outcome : 0]++;
    }
}

static void the_till_and_the_authority_price_alike(void **state)
{
    (void)state;
    struct world *w = test_malloc(sizeof *w);
    struct offer offers[OFFERS];
    struct tally tally = {0};
    char dir[300];
    buf_init(&granted, MESSAGE_MAX);
    world_open(w, 0);
    for (int i = 0; i < OFFERS; i++) {
        offers[i] = random_offer(w, i);
        world_publish(w, &offers[i]);
        world_batch(w, i + 1, &offers[i], BASKETS, "page", "");
    }
    struct till *t = open_till(w, dir);
    for (uint32_t round = 0; round < BASKETS; round++) {
        struct line lines[LINES_MOST];
        struct quote_info q;
        char reference[24];
        int64_t sale = 0;
        snprintf(reference, sizeof reference, "r%u", round);
        size_t n = random_lines(lines);
        assert_int_equal(till_sale_begin(t, text(reference), text("EUR"), false, &sale, NULL), 0);
        assert_int_equal(till_lines_set(t, sale, lines, n, NULL), 0);
        present_some(w, t, sale, offers, round);
        struct bytes own = own_quote(w, t, sale, &q);
        compare(t, sale, own, &tally);
        assert_int_equal(till_void(t, sale, NULL), 0);
    }
    print_message("%d baskets: %d offers applied, %d refused\n", BASKETS, tally.applied, tally.refused);
    assert_true(tally.applied > BASKETS / 4);
    static const int reached[] = {TP_MIN_SPEND, TP_MIN_QUANTITY,   TP_NO_MATCHING_ITEMS,
                                  TP_EXCLUSIVE, TP_STACKING_GROUP, TP_NO_EFFECT};
    for (size_t i = 0; i < sizeof reached / sizeof *reached; i++) {
        if (tally.reasons[reached[i]] == 0) {
            print_error("no basket reached %s\n", code_word(reached[i]));
        }
        assert_true(tally.reasons[reached[i]] > 0);
    }
    assert_int_equal(till_close(t, 60000), 0);
    remove_till(dir);
    buf_free(&granted);
    world_close(w);
    test_free(w);
}

int main(void)
{
    /* Two databases and 20,000 transactions: in memory where there is a file system in memory. */
    if (access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_till_and_the_authority_price_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
