/* What a till may redeem alone: without a grant, as the offer's terms and the policy said when it did. */
#include "authority/internal.h"

struct find_policy {
    struct call *c;
    int64_t version;
    struct policy *out;
    bool found;
};

static int take_policy(void *arg, const struct stored *row)
{
    struct find_policy *f = arg;
    struct statement st;
    struct bytes raw = arena_copy(f->c->arena, row->raw);
    if (!raw.p || statement_parse(raw, f->c->arena, &st, NULL) != 0) {
        return raw.p ? TP_E_CORRUPT : TP_E_MEMORY;
    }
    if (st.payload.policy.terms.version == f->version) {
        *f->out = st.payload.policy.terms;
        f->found = true;
    }
    return 0;
}

/* The policy that the record names, not the one in force when it arrives. */
static int policy_of(struct call *c, int64_t version, struct policy *out)
{
    if (c->a->policy.version == version && !c->a->rebuilding) {
        *out = c->a->policy;
        return 0;
    }
    struct find_policy f = {c, version, out, false};
    int rc = store_statements(c->s, UINT32_C(1) << KIND_POLICY, 0, INT64_MAX, take_policy, &f);
    return rc ? rc : f.found ? 0 : STORE_NOT_FOUND;
}

int alone_allows(struct call *c, const struct redemption *r, int64_t *most)
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
    rc = policy_of(c, m->policy, &policy);
    if (rc == 0) {
        *most = o.offline_cap != NONE && o.offline_cap < policy.risk_coupon_cap ? o.offline_cap
                                                                                : policy.risk_coupon_cap;
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}
