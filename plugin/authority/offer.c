#include "authority/internal.h"

#include "offer/price.h"

struct others {
    const uint8_t *ref;
    size_t n;
};

static int count_other(void *arg, const struct automatic_row *row)
{
    struct others *o = arg;
    o->n += memcmp(o->ref, row->ref, REF_SIZE) != 0;
    return 0;
}

/* All automatic offers that have not ended are on every basket's table, and that has an end. */
static int check_room(struct call *c, const struct offer *o)
{
    struct others others = {.ref = o->ref};
    int rc = store_automatic(c->s, c->now, count_other, &others);
    if (rc == 0 && others.n >= MAX_AUTOMATIC) {
        rc = err_set(&c->err, TP_LIMIT_REACHED, "$.redeem: there are %d automatic offers that have not ended",
                     MAX_AUTOMATIC);
    }
    return rc;
}

int offer_statement_check(struct call *c)
{
    const struct offer *o = &c->st->payload.offer.terms;
    uint8_t ref[REF_SIZE], d[HASH_SIZE];
    int rc = offer_ref(c->a->config.id, o->id, ref);
    if (rc) {
        return rc;
    }
    if (memcmp(ref, o->ref, REF_SIZE) != 0) {
        return err_set(&c->err, TP_BAD_STATEMENT, "the offer's reference is not that of its id");
    }
    if (c->a->policy.version == 0 || !bytes_equal(o->currency, c->a->policy.currency)) {
        return err_set(&c->err, TP_CURRENCY, "the offer's currency is not the shop's");
    }
    if ((rc = offer_check(o, &c->err)) != 0) {
        return rc;
    }
    if (o->redeem & REDEEM_AUTOMATIC && (rc = check_room(c, o)) != 0) {
        return rc;
    }
    rc = store_offer(c->s, ref, o->version, d);
    if (rc == 0) {
        return err_set(&c->err, TP_VERSION_EXISTS, "version %lld was published before",
                       (long long)o->version);
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

static bool same_limits(const struct offer *a, const struct offer *b)
{
    return a->per_coupon == b->per_coupon && a->per_customer == b->per_customer && a->total == b->total &&
           a->budget == b->budget && a->customer_new == b->customer_new;
}

/* The newest version's limits hold for all that was redeemed of the offer, and for its earlier versions. */
int offer_statement_project(struct call *c)
{
    const struct offer *o = &c->st->payload.offer.terms;
    struct automatic_row row = {.version = o->version, .from_ms = o->valid_from, .until_ms = o->valid_until};
    struct offer before;
    int known = lookup_offer(c, o->ref, NONE, &before);
    if (known && known != STORE_NOT_FOUND) {
        return known;
    }
    int rc = store_offer_put(c->s, o->ref, o->version, o->id, c->st->d);
    if (rc || (known == 0 && before.version > o->version)) {
        return rc;
    }
    memcpy(row.ref, o->ref, REF_SIZE);
    if ((rc = store_automatic_put(c->s, &row, o->redeem & REDEEM_AUTOMATIC)) == 0) {
        rc = store_count_on(c->s, AUTOMATIC_COUNT);
    }
    return rc || known || same_limits(&before, o) ? rc : rank_offer(c, o->ref);
}
