/* What a till may redeem alone: without a grant, as the offer's terms and the policy said when it did. */
#include "authority/internal.h"

int alone_allows(struct call *c, const struct redemption *r, int64_t *left, int64_t *most)
{
    const struct commit *m = &c->st->payload.commit;
    struct offer o;
    struct policy policy;
    *most = 0;
    int rc = lookup_offer(c, r->offer, r->version, &o);
    if (rc || o.offline != OFFLINE_RISK || m->common.time_ms < o.valid_from ||
        m->common.time_ms >= o.valid_until) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    rc = lookup_policy(c, m->policy, &policy); /* not the one in force when the record arrives */
    if (rc == 0) {
        *most = o.offline_cap != NONE && o.offline_cap < policy.risk_coupon_cap ? o.offline_cap
                                                                                : policy.risk_coupon_cap;
        *most = *most < *left ? *most : *left;
        int64_t worth = r->discount + r->cashback;
        *left -= worth < *most ? worth : *most;
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}
