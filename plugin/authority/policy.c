#include "authority/internal.h"

#include "offer/money.h"

int policy_check(struct call *c)
{
    const struct policy *p = &c->st->payload.policy.terms;
    const struct policy *now = &c->a->policy;
    if (currency_digits(p->currency) < 0) {
        return err_set(&c->err, TP_BAD_STATEMENT, "the policy's currency is not one in use");
    }
    if (now->version && !bytes_equal(p->currency, now->currency)) {
        return err_set(&c->err, TP_BAD_STATEMENT, "a shop keeps its currency");
    }
    for (size_t i = 1; i < p->zone_steps.n; i++) {
        if (p->zone_steps.v[i].from_ms <= p->zone_steps.v[i - 1].from_ms) {
            return err_set(&c->err, TP_BAD_STATEMENT, "the zone's steps are not in order");
        }
    }
    if (p->version <= now->version) {
        return err_set(&c->err, TP_VERSION_EXISTS, "policy %lld is in force", (long long)now->version);
    }
    return 0;
}
