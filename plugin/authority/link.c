#include "authority/internal.h"

#include "wire/hash.h"

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

/* Stands for a card that is not known any more: each link's is another. */
static int erased_card(const uint8_t d[HASH_SIZE], int64_t card, uint8_t out[HASH_SIZE])
{
    static const char domain[] = "erased card";
    uint8_t all[sizeof domain + HASH_SIZE + 1];
    memcpy(all, domain, sizeof domain);
    memcpy(all + sizeof domain, d, HASH_SIZE);
    all[sizeof all - 1] = (uint8_t)card;
    return sha256(bytes_of(all, sizeof all), out);
}

int link_erased(struct call *c, const uint8_t d[HASH_SIZE], const struct link_row *like,
                const struct residue *residue)
{
    struct link_row row = *like;
    int rc = 0;
    row.op = LINK_ADD;
    row.customer[0] = 0;
    for (size_t i = 0; i < residue->links.n && rc == 0; i++) {
        memcpy(row.offer, residue->links.v[i].offer, REF_SIZE);
        rc = erased_card(d, residue->links.v[i].card, row.card);
        rc = rc ? rc : store_link_put(c->s, &row);
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
    if (c->residue.n) {
        struct residue residue = {0};
        rc = schema_decode(&schema_residue, c->residue, c->arena, &residue, NULL);
        return rc == TP_E_MEMORY ? rc : rc ? TP_E_CORRUPT : link_erased(c, c->st->d, &row, &residue);
    }
    for (size_t i = 0; i < person.cards.n && rc == 0; i++) {
        memcpy(row.card, person.cards.v[i].p, HASH_SIZE);
        if ((rc = put_offers(c, &row)) == 0) {
            rc = rank_card(c, row.card);
        }
    }
    return rc;
}
