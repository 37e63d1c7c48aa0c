/* Typed codes that stand for a coupon: the authority alone knows which, and a hold's grant brings it. */
#include "sale/internal.h"

/* One that was refused as unknown is not asked about again, for the authority counts wrong ones; nor does a
 * renewal ask for more than was granted. */
static bool is_open(const struct presentation *p, const struct ask *a)
{
    return p->pickup[0] && p->reason != TP_UNKNOWN_COUPON && !a->renewal;
}

static struct presentation *next_open(const struct sale *s, const struct ask *a, size_t *at)
{
    while (*at < s->presented_count) {
        struct presentation *p = s->presented[(*at)++];
        if (is_open(p, a)) {
            return p;
        }
    }
    return NULL;
}

size_t pickups_list(const struct sale *s, const struct ask *a, struct bytes out[MAX_PICKUPS])
{
    size_t n = 0, at = 0;
    for (struct presentation *p; n < MAX_PICKUPS && (p = next_open(s, a, &at));) {
        out[n++] = bytes_str(p->pickup);
    }
    return n;
}

static bool has_verdict(const struct grant *g, const struct coupon *c)
{
    for (size_t i = 0; i < g->verdicts.n; i++) {
        const struct verdict *v = &g->verdicts.v[i];
        if (v->batch == c->batch && v->index == c->index && memcmp(v->offer, c->offer, REF_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

int pickups_check(const struct sale *s, const struct ask *a, const struct grant *g, struct err *e)
{
    struct bytes asked[MAX_PICKUPS];
    struct coupon c;
    bool good = g->pickups.n == pickups_list(s, a, asked);
    for (size_t i = 0; good && i < g->pickups.n; i++) {
        struct bytes coupon = g->pickups.v[i].coupon;
        good = !coupon.p || (coupon_parse(coupon, &c) == 0 && has_verdict(g, &c));
    }
    return good ? 0 : err_set(e, TP_E_MALFORMED, "the grant's pickup codes are not the hold's");
}

void pickups_take(const struct sale *s, const struct ask *a, const struct grant *g)
{
    size_t at = 0;
    for (size_t i = 0; i < g->pickups.n; i++) {
        const struct picked *picked = &g->pickups.v[i];
        struct presentation *p = next_open(s, a, &at);
        struct coupon c;
        if (!picked->coupon.p || coupon_parse(picked->coupon, &c) != 0) {
            p->reason = picked->reason;
            continue;
        }
        presentation_coupon(p, picked->coupon, &c);
    }
}

int pickup_reason(const struct sale *s, const struct presentation *p)
{
    if (p->reason) {
        return p->reason;
    }
    if (s->state != SALE_OPEN || s->hold_reason == TP_OFFLINE) {
        return TP_OFFLINE_DENIED;
    }
    return s->hold_reason ? s->hold_reason : TP_PROVISIONAL;
}
