#include "authority/internal.h"

static int put_offers(struct call *c, struct link_row *row)
{
    const struct link *l = &c->st->payload.link;
    int rc = 0;
    for (size_t i = 0; i < l->offers.n && rc == 0; i++) {
        memcpy(row->offer, l->offers.v[i].v, REF_SIZE);
        rc = store_link_put(c->s, row);
    }
    return rc;
}

int link_project(struct call *c)
{
    const struct link *l = &c->st->payload.link;
    struct person_part person;
    struct link_row row = {
        .op = l->op, .time_ms = l->common.time_ms, .epoch = l->chain.epoch, .seq = l->chain.seq};
    int rc = chain_take(c, &l->chain);
    if (rc || (rc = lookup_person(c, &person))) {
        return rc;
    }
    row.disputed = c->disputed;
    memcpy(row.d, c->st->d, HASH_SIZE);
    COPY_TEXT(row.till, bytes_str(c->by));
    COPY_TEXT(row.channel, l->channel);
    COPY_TEXT(row.campaign, l->campaign);
    COPY_TEXT(row.customer, person.customer);
    for (size_t i = 0; i < person.cards.n && rc == 0; i++) {
        memcpy(row.card, person.cards.v[i].p, HASH_SIZE);
        if ((rc = put_offers(c, &row)) == 0) {
            rc = rank_card(c, row.card);
        }
    }
    return rc;
}
