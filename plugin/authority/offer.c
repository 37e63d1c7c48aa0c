#include "authority/internal.h"

#include "offer/price.h"

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
    if (o->redeem & REDEEM_AUTOMATIC) {
        return err_set(&c->err, TP_UNSUPPORTED,
                       "$.redeem: automatic offers are not redeemed by this version");
    }
    rc = store_offer(c->s, ref, o->version, d);
    if (rc == 0) {
        return err_set(&c->err, TP_VERSION_EXISTS, "version %lld was published before",
                       (long long)o->version);
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

int offer_statement_project(struct call *c)
{
    const struct offer *o = &c->st->payload.offer.terms;
    return store_offer_put(c->s, o->ref, o->version, o->id, c->st->d);
}
