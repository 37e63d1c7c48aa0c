#include "sale/internal.h"

static int put_person(const uint8_t handle[HASH_SIZE], struct bytes customer, struct buf *out,
                      uint8_t hash[HASH_SIZE], struct err *e)
{
    struct bytes card = bytes_of(handle, HASH_SIZE);
    struct person_part part = {.customer = customer};
    part.cards.v = &card;
    part.cards.n = 1;
    int rc = random_bytes(part.salt, SALT_SIZE);
    return rc ? err_code(e, rc) : part_encode(&schema_person_part, &part, out, hash, e);
}

static int add_link(struct till *t, struct link *link, const uint8_t handle[HASH_SIZE], struct bytes customer,
                    struct err *e)
{
    struct buf person;
    uint8_t d[HASH_SIZE];
    buf_init(&person, PART_MAX);
    int rc = record_begin(t, &link->chain, &link->common, e);
    rc = rc ? rc : put_person(handle, customer, &person, link->person, e);
    rc = rc ? rc : record_add(t, KIND_LINK, link, (struct bytes){0}, buf_view(&person), NULL, d, e);
    buf_free(&person);
    return rc > 0 ? TP_E_ARGUMENT : rc;
}

int till_link(struct till *t, int op, struct bytes token, const struct ref *offers, size_t n,
              struct bytes channel, struct bytes campaign, struct bytes customer, struct err *e)
{
    struct bytes card;
    uint8_t handle[HASH_SIZE];
    if (present_card(token, &card)) {
        return err_set(e, TP_E_ARGUMENT, "a card's token has 1 to %d printable characters", CARD_TOKEN_MAX);
    }
    struct link link = {.op = op, .channel = channel, .campaign = campaign};
    link.offers.v = offers;
    link.offers.n = n;
    till_lock(t);
    int rc = t->has_card_key ? card_handle(t->card_key, card, handle)
                             : err_set(e, TP_OFFLINE, "the till was never told the shop's card key");
    rc = rc ? rc : add_link(t, &link, handle, customer, e);
    till_unlock(t);
    return rc;
}
