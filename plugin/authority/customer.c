/*
 * Whose use it is. A customer is a text that a link or a sale names, or, without one, the card itself. What
 * is kept is a keyed hash of the text, so that tables beside the links name nobody.
 */
#include "authority/internal.h"

static int key_of_text(struct call *c, struct customer *out)
{
    static const char domain[] = "customer"; /* its NUL parts it from any card's token */
    struct buf b;
    buf_init(&b, sizeof domain + CUSTOMER_MAX);
    buf_put(&b, domain, sizeof domain);
    buf_puts(&b, out->text);
    int rc = b.failed ? TP_E_MEMORY : card_handle(c->a->config.card_key, buf_view(&b), out->key);
    buf_free_secret(&b);
    out->known = rc == 0;
    return rc;
}

int customer_of_card(struct call *c, const uint8_t card[HASH_SIZE], struct customer *out)
{
    *out = (struct customer){0};
    int rc = store_card_customer(c->s, card, out->text, sizeof out->text);
    if (rc == STORE_NOT_FOUND) {
        memcpy(out->key, card, HASH_SIZE);
        out->known = true;
        return 0;
    }
    return rc ? rc : key_of_text(c, out);
}

int customer_of_sale(struct call *c, const struct person_part *person, struct customer *out)
{
    *out = (struct customer){0};
    if (person->customer.n) {
        COPY_TEXT(out->text, person->customer);
        return key_of_text(c, out);
    }
    return person->cards.n ? customer_of_card(c, person->cards.v[0].p, out) : 0;
}

int customer_visits(struct call *c, const struct person_part *person)
{
    struct customer named;
    int rc = 0;
    if (person->customer.n) {
        rc = customer_of_sale(c, person, &named);
        rc = rc ? rc : store_visit_put(c->s, named.key, c->st->d, true);
    }
    for (size_t i = 0; i < person->cards.n && rc == 0; i++) {
        rc = store_visit_put(c->s, person->cards.v[i].p, c->st->d, i == 0 && !person->customer.n);
    }
    return rc;
}
