#include "tests/bench/internal.h"

#include "office.h"

#include <stdlib.h>

/* What is presented: a percentage of one category, an amount off another, and 5% from 20.00 on. */
static void bench_offer(int index, struct bytes category[1], struct offer *out)
{
    static const char *const ids[BENCH_OFFERS] = {"bench-percent", "bench-amount", "bench-spend"};
    *out = work_offer_blank(ids[index]);
    if (index == 2) {
        out->gives = GIVES_PERCENT;
        out->percent = 5000;
        out->min_spend = 2000;
        return;
    }
    category[0] = bytes_str(index == 0 ? "c1" : "c2");
    out->category.v = category;
    out->category.n = 1;
    out->gives = index == 0 ? GIVES_PERCENT : GIVES_AMOUNT;
    if (index == 0) {
        out->percent = 10000;
    } else {
        out->amount = 100;
    }
}

static int issue(struct office *o, const struct batch *batch, size_t count,
                 char (*out)[COUPON_DIGITS_MAX + 1], struct err *e)
{
    const struct cose_key *key = NULL;
    int rc = office_key(o, PURPOSE_ISSUER, &key, e);
    for (size_t i = 0; i < count && rc == 0; i++) {
        uint8_t raw_memory[COUPON_MAX];
        struct buf raw, digits;
        buf_over(&raw, raw_memory, sizeof raw_memory);
        buf_over(&digits, out[i], COUPON_DIGITS_MAX);
        rc = coupon_sign(key, batch->offer, (uint32_t)batch->number, (uint32_t)i, batch->exp, &raw);
        coupon_to_digits(buf_view(&raw), &digits);
        out[i][digits.n] = 0;
        rc = rc == 0 && digits.failed ? TP_E_MEMORY : rc;
        rc = rc ? err_code(e, rc) : 0;
    }
    return rc;
}

static int fill(struct bench_shop *s, struct office *o, struct err *e)
{
    int rc = 0;
    for (int i = 0; i < BENCH_OFFERS && rc == 0; i++) {
        struct bytes category[1];
        struct offer offer;
        struct batch batch = {0};
        bench_offer(i, category, &offer);
        rc = offer_ref(o->shop.authority, offer.id, offer.ref);
        rc = rc ? err_code(e, rc) : office_publish(o, &offer, e);
        rc = rc ? rc : office_batch(o, &offer, "bench", NULL, (int64_t)s->coupons, &batch, e);
        rc = rc ? rc : issue(o, &batch, s->coupons, s->digits + (size_t)i * s->coupons, e);
    }
    return rc;
}

int bench_shop_make(struct bench_shop *s, const char *parent, size_t coupons, struct err *e)
{
    struct office office;
    *s = (struct bench_shop){.coupons = coupons};
    s->digits = calloc(coupons * BENCH_OFFERS, sizeof *s->digits);
    if (!s->digits) {
        return err_code(e, TP_E_MEMORY);
    }
    int rc = folder_make(parent, s->folder, e);
    if (rc) {
        return rc;
    }
    snprintf(s->dir, sizeof s->dir, "%.*s/shop", (int)sizeof s->dir - 8, s->folder);
    const struct office_plan plan = {.dir = s->dir,
                                     .currency = "EUR",
                                     .zone = "Europe/Berlin",
                                     .store = "main",
                                     .merchant = "Bench",
                                     .tax_included = true};
    rc = office_make(&plan, e);
    rc = rc ? rc : office_open(s->dir, OFFICE_WRITE, &office, e);
    if (rc == 0) {
        rc = fill(s, &office, e);
        office_close(&office);
    }
    return rc;
}

void bench_shop_free(struct bench_shop *s)
{
    folder_remove(s->folder);
    free(s->digits);
    *s = (struct bench_shop){0};
}
