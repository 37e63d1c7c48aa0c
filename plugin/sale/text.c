/* The receipt's lines: a function of the price and the offers' titles, so that a reprint is the same. */
#include "sale/internal.h"

#include "offer/money.h"

enum { ID_SHOWN = 4 };

static void put_amount(struct buf *out, const char *label, int64_t amount, int digits, const char *currency)
{
    buf_printf(out, "%s  ", label);
    decimal_put(out, amount, digits);
    buf_printf(out, "%s%s\n", *currency ? " " : "", currency);
}

static void put_offer(const struct till *t, const struct quote_applied *a, int digits, struct buf *out)
{
    const struct known_offer *k = replica_offer(&t->replica, a->ref, a->version);
    char title[208];
    bytes_to_cstr(k ? k->terms.title : a->id, title, sizeof title);
    if (a->discount || !a->cashback) {
        put_amount(out, title, -a->discount, digits, "");
    }
    if (a->cashback) {
        buf_puts(out, title);
        put_amount(out, ", cashback", a->cashback, digits, "");
    }
}

int text_put(struct till *t, const struct sale *s, struct buf *out, struct err *e)
{
    const struct quote *q = &s->price.quote;
    int digits = currency_digits(bytes_str(s->currency));
    char id[2 * ID_SHOWN + 1];
    if (digits < 0) {
        return err_set(e, TP_E_STATE, "the sale's currency is not one in use");
    }
    if (s->refund) {
        buf_puts(out, "REFUND\n");
    }
    if (s->training) {
        buf_puts(out, "TRAINING\n");
    }
    put_amount(out, "Sum", q->gross, digits, "");
    for (size_t i = 0; i < q->applied.n; i++) {
        put_offer(t, &q->applied.v[i], digits, out);
    }
    if (!s->price.tax_included) {
        put_amount(out, "Tax", q->tax, digits, "");
    }
    put_amount(out, "Total", q->due, digits, s->currency);
    if (s->price.tax_included) {
        put_amount(out, "Tax included", q->tax, digits, "");
    }
    hex_encode(s->uuid, ID_SHOWN, id);
    buf_printf(out, "Sale  %s\n", id);
    return out->failed ? err_set(e, TP_E_MEMORY, "the receipt's text is too long") : 0;
}

int till_text(struct till *t, int64_t sale, struct buf *out, struct err *e)
{
    till_lock(t);
    struct sale *s = NULL;
    int rc = sale_find(t, sale, &s, e);
    rc = rc ? rc : price_told(t, s, e);
    if (rc == 0 && s->state != SALE_OPEN) {
        buf_put(out, s->text.p, s->text.n);
        rc = out->failed ? err_code(e, TP_E_MEMORY) : 0;
    } else if (rc == 0) {
        rc = text_put(t, s, out, e);
    }
    till_unlock(t);
    return rc;
}
