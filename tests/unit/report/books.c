#include "unit/report/books.h"
#include "store/offers.h"

#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void books_open(struct books *b)
{
    struct err e = {0};
    const char *tmp = getenv("TMPDIR");
    *b = (struct books){.merchant = {7}};
    snprintf(b->dir, sizeof b->dir, "%.40s/report-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->path, sizeof b->path, "%s/a.db", b->dir);
    assert_int_equal(store_open(b->path, b->merchant, STORE_CREATE, &b->store, &e), 0);
    assert_int_equal(cose_key_generate(ALG_ESP256, &b->key), 0);
}

void books_close(struct books *b)
{
    char path[128];
    store_close(b->store);
    cose_key_free(&b->key);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", b->path, ends[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(b->dir), 0);
}

void books_ref(const struct books *b, const char *id, uint8_t ref[REF_SIZE])
{
    assert_int_equal(offer_ref(b->merchant, bytes_str(id), ref), 0);
}

struct put {
    int (*fn)(struct store *s, const struct put *p);
    const void *row, *more;
    size_t n;
};

static int in_transaction(struct store *s, void *arg)
{
    const struct put *p = arg;
    return p->fn(s, p);
}

static void put(struct books *b, struct put p)
{
    assert_int_equal(store_write(b->store, in_transaction, &p), 0);
}

static int put_offer(struct store *s, const struct put *p)
{
    const struct statement *st = p->row;
    const struct offer *o = &st->payload.offer.terms;
    bool fresh = false;
    int rc = store_statement_put(s, st, 1, &fresh);
    return rc ? rc : store_offer_put(s, o->ref, o->version, o->id, st->d);
}

void books_offer(struct books *b, const char *id, int64_t version, int64_t fee_percent, int64_t fee_fixed)
{
    struct offer_statement o = {.common = {.version = 1, .time_ms = 1},
                                .terms = {.id = bytes_str(id),
                                          .version = version,
                                          .title = bytes_str(id),
                                          .currency = bytes_str("EUR"),
                                          .funder = bytes_str("store"),
                                          .redeem = REDEEM_COUPON | REDEEM_CARD,
                                          .valid_from = 1,
                                          .valid_until = TIME_MAX,
                                          .min_spend = NONE,
                                          .min_quantity = NONE,
                                          .gives = GIVES_PERCENT,
                                          .percent = 10000,
                                          .cap = NONE,
                                          .amount = NONE,
                                          .per_coupon = 1,
                                          .per_customer = NONE,
                                          .total = NONE,
                                          .budget = NONE,
                                          .offline_cap = NONE,
                                          .fee_percent = fee_percent,
                                          .fee_fixed = fee_fixed}};
    struct buf raw;
    struct arena a;
    struct statement st = {0};
    struct err e = {0};
    books_ref(b, id, o.terms.ref);
    memcpy(o.common.audience, b->merchant, ID_SIZE);
    buf_init(&raw, ENVELOPE_MAX);
    arena_init(&a, 64 * 1024);
    int rc = statement_sign(KIND_OFFER, &o, bytes_str("merchant"), &b->key, &raw, NULL, &e);
    if (rc == 0) {
        rc = statement_parse(buf_view(&raw), &a, &st, &e);
    }
    if (rc) {
        fail_msg("the offer cannot be made: %s", e.text);
    }
    put(b, (struct put){.fn = put_offer, .row = &st});
    buf_free(&raw);
    arena_reset(&a);
}

static int put_sale(struct store *s, const struct put *p)
{
    const struct redemption_row *list = p->more;
    int rc = store_sale_put(s, p->row);
    for (size_t i = 0; i < p->n && rc == 0; i++) {
        rc = store_redemption_put(s, &list[i]);
    }
    return rc;
}

void books_sale(struct books *b, int64_t time_ms, int64_t gross, int64_t discount, bool voided,
                const struct used *used, size_t n)
{
    struct redemption_row list[MAX_REDEMPTIONS];
    struct sale_row sale = {.till = "till1",
                            .store = "main",
                            .currency = "EUR",
                            .epoch = 1,
                            .seq = ++b->sales,
                            .time_ms = time_ms,
                            .rev = 1,
                            .gross = gross,
                            .discount = discount,
                            .net = gross - discount,
                            .due = gross - discount,
                            .voided = voided};
    sale.d[0] = (uint8_t)b->sales;
    sale.d[1] = (uint8_t)(b->sales >> 8);
    sale.sale[0] = (uint8_t)b->sales;
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct redemption_row){.place = (int64_t)i,
                                          .version = 1,
                                          .batch = 1000 + b->sales,
                                          .index = (int64_t)i,
                                          .grant = NONE,
                                          .basis = gross,
                                          .discount = used[i].discount,
                                          .outcome = used[i].outcome,
                                          .slot = NONE};
        memcpy(list[i].d, sale.d, HASH_SIZE);
        books_ref(b, used[i].offer, list[i].offer);
        snprintf(list[i].channel, sizeof list[i].channel, "%s", used[i].channel);
        snprintf(list[i].campaign, sizeof list[i].campaign, "%s", used[i].campaign);
    }
    put(b, (struct put){.fn = put_sale, .row = &sale, .more = list, .n = n});
}

static int put_batch(struct store *s, const struct put *p)
{
    return store_batch_put(s, p->row);
}

void books_batch(struct books *b, int64_t number, const char *offer, int64_t count, const char *channel,
                 const char *campaign)
{
    struct batch_row row = {.number = number, .first = 0, .last = count - 1, .exp = 1};
    books_ref(b, offer, row.offer);
    snprintf(row.channel, sizeof row.channel, "%s", channel);
    snprintf(row.campaign, sizeof row.campaign, "%s", campaign);
    put(b, (struct put){.fn = put_batch, .row = &row});
}

static int put_link(struct store *s, const struct put *p)
{
    return store_link_put(s, p->row);
}

void books_link(struct books *b, uint8_t card, const char *offer, int op, int64_t time_ms,
                const char *channel)
{
    struct link_row row = {.op = op, .time_ms = time_ms, .epoch = 1, .seq = ++b->sales, .till = "desk"};
    memset(row.card, card, HASH_SIZE);
    books_ref(b, offer, row.offer);
    row.d[0] = (uint8_t)b->sales;
    row.d[31] = 1;
    snprintf(row.channel, sizeof row.channel, "%s", channel);
    put(b, (struct put){.fn = put_link, .row = &row});
}
