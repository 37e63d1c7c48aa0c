/* Coupons and cards come into a sale, and go out of it. */
#include "sale/internal.h"

#include <stdlib.h>

static size_t count_kind(const struct sale *s, bool card)
{
    size_t n = 0;
    for (size_t i = 0; i < s->presented_count; i++) {
        n += s->presented[i]->card == card;
    }
    return n;
}

/* Takes over p. */
static void add(struct sale *s, struct presentation *p, struct presentation_info *out)
{
    p->id = s->next_presentation++;
    s->presented[s->presented_count++] = p;
    sale_touched(s);
    out->outcome = 0;
    out->id = p->id;
}

void presentation_coupon(struct presentation *p, struct bytes raw, const struct coupon *c)
{
    memcpy(p->raw, raw.p, raw.n);
    p->n = raw.n;
    memcpy(p->offer, c->offer, REF_SIZE);
    p->batch = c->batch;
    p->index = c->index;
    p->exp = c->exp;
    memset(p->pickup, 0, sizeof p->pickup);
    p->reason = 0;
}

void presentation_gs1(struct presentation *p, struct bytes element, const uint8_t offer[REF_SIZE])
{
    memcpy(p->raw, element.p, element.n);
    p->n = element.n;
    memcpy(p->offer, offer, REF_SIZE);
    p->gs1 = true;
    p->batch = p->index = NONE;
    p->exp = INT64_MAX;
}

static bool same_coupon_or_offer(const struct sale *s, const uint8_t offer[REF_SIZE])
{
    for (size_t i = 0; i < s->presented_count; i++) {
        const struct presentation *p = s->presented[i];
        if (!p->card && memcmp(p->offer, offer, REF_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Why the sale takes no coupon for this offer (NULL: not known yet), or 0. */
static int judge_offer(const struct sale *s, const uint8_t ref[REF_SIZE], const struct known_offer *o,
                       int64_t now)
{
    if (o && now >= o->terms.valid_until) {
        return TP_EXPIRED;
    }
    if (o && now < o->terms.valid_from) {
        return TP_NOT_YET_VALID;
    }
    if (same_coupon_or_offer(s, ref)) {
        return TP_DUPLICATE;
    }
    return count_kind(s, false) == MAX_COUPONS ? TP_LIMIT_REACHED : 0;
}

/* What was published lately may explain it. */
static void ask_for_news(struct till *t)
{
    if (t->online) {
        t->sync_due = 0;
        till_kick(t);
    }
}

static int judge_coupon(struct till *t, const struct sale *s, const struct coupon *c)
{
    if (t->replica.trust.keyset == 0) {
        return TP_OFFLINE;
    }
    bool known;
    int rc = replica_coupon(&t->replica, c, &known);
    if (rc) {
        return rc;
    }
    if (!known) {
        ask_for_news(t);
    }
    int64_t now = till_now(t, NULL);
    return c->exp <= now / 1000 ? TP_EXPIRED
                                : judge_offer(s, c->offer, replica_offer(&t->replica, c->offer, NONE), now);
}

static void name_offer(const struct known_offer *o, struct presentation_info *out)
{
    bytes_to_cstr(o->terms.id, out->offer, sizeof out->offer);
    bytes_to_cstr(o->terms.title, out->title, sizeof out->title);
}

static int present_coupon(struct till *t, struct sale *s, const struct presented_coupon *in,
                          struct presentation_info *out, struct err *e)
{
    const struct coupon *c = &in->coupon;
    const struct known_offer *o = replica_offer(&t->replica, c->offer, NONE);
    out->outcome = judge_coupon(t, s, c);
    if (out->outcome < 0) {
        return err_code(e, out->outcome);
    }
    if (o && out->outcome != TP_BAD_SIGNATURE && out->outcome != TP_UNKNOWN_COUPON) {
        name_offer(o, out);
    }
    if (out->outcome) {
        return 0;
    }
    struct presentation *p = calloc(1, sizeof *p);
    if (!p) {
        return err_code(e, TP_E_MEMORY);
    }
    presentation_coupon(p, bytes_of(in->raw, in->n), c);
    add(s, p, out);
    return 0;
}

/* It stands for the offer that names it; one that nobody published here is not ours. */
static int present_gs1(struct till *t, struct sale *s, const struct gs1_coupon *c,
                       struct presentation_info *out, struct err *e)
{
    int64_t now = till_now(t, NULL);
    if (t->replica.trust.keyset == 0) {
        out->outcome = TP_OFFLINE;
        return 0;
    }
    const struct known_offer *o = replica_gs1(&t->replica, c->offer, now);
    if (!o) {
        ask_for_news(t);
        out->outcome = TP_UNKNOWN_OFFER;
        return 0;
    }
    name_offer(o, out);
    out->outcome = judge_offer(s, o->terms.ref, o, now);
    if (out->outcome) {
        return 0;
    }
    struct presentation *p = calloc(1, sizeof *p);
    if (!p) {
        return err_code(e, TP_E_MEMORY);
    }
    presentation_gs1(p, bytes_str(c->element), o->terms.ref);
    add(s, p, out);
    return 0;
}

/* A code that was refused may be tried again by typing it again. */
static bool pickup_again(struct sale *s, const char *code, struct presentation_info *out)
{
    for (size_t i = 0; i < s->presented_count; i++) {
        struct presentation *p = s->presented[i];
        if (strcmp(p->pickup, code) == 0) {
            out->outcome = p->reason ? 0 : TP_DUPLICATE;
            out->id = p->reason ? p->id : 0;
            if (p->reason) {
                p->reason = 0;
                sale_touched(s);
            }
            return true;
        }
    }
    return false;
}

static int present_pickup(struct till *t, struct sale *s, const char *code, struct presentation_info *out,
                          struct err *e)
{
    size_t codes = 0;
    for (size_t i = 0; i < s->presented_count; i++) {
        codes += s->presented[i]->pickup[0] != 0;
    }
    if (t->replica.trust.keyset == 0) {
        out->outcome = TP_OFFLINE;
        return 0;
    }
    if (pickup_again(s, code, out)) {
        return 0;
    }
    if (codes == MAX_PICKUPS || count_kind(s, false) == MAX_COUPONS) {
        out->outcome = TP_LIMIT_REACHED;
        return 0;
    }
    struct presentation *p = calloc(1, sizeof *p);
    if (!p) {
        return err_code(e, TP_E_MEMORY);
    }
    memcpy(p->pickup, code, PICKUP_SIZE);
    add(s, p, out);
    return 0;
}

static bool card_is_there(const struct sale *s, const uint8_t handle[HASH_SIZE])
{
    bool found = false;
    for (size_t i = 0; i < s->presented_count; i++) {
        found = found || (s->presented[i]->card && secret_equal(s->presented[i]->handle, handle, HASH_SIZE));
    }
    return found;
}

static int present_token(struct till *t, struct sale *s, struct bytes token, struct presentation_info *out,
                         struct err *e)
{
    uint8_t handle[HASH_SIZE];
    if (!t->has_card_key) {
        out->outcome = TP_OFFLINE;
        return 0;
    }
    int rc = card_handle(t->card_key, token, handle);
    if (rc) {
        return err_code(e, rc);
    }
    if (card_is_there(s, handle)) {
        out->outcome = TP_DUPLICATE;
        return 0;
    }
    if (count_kind(s, true) == MAX_CARDS) {
        out->outcome = TP_LIMIT_REACHED;
        return 0;
    }
    struct presentation *p = calloc(1, sizeof *p);
    if (!p) {
        return err_code(e, TP_E_MEMORY);
    }
    p->card = true;
    memcpy(p->handle, handle, HASH_SIZE);
    add(s, p, out);
    return 0;
}

static int present_any(struct till *t, struct sale *s, int kind, struct bytes in,
                       struct presentation_info *out, struct err *e)
{
    const struct present_rules rules = {kind == PRESENT_TYPED, t->replica.policy.loyalty.v,
                                        t->replica.policy.loyalty.n};
    struct presented p = {.kind = PRESENTED_LOYALTY};
    int read = kind == PRESENT_CARD_TOKEN ? present_card(in, &p.token) : present_read(in, &rules, &p);
    if (read) {
        out->outcome = read;
        return 0;
    }
    switch (p.kind) {
    case PRESENTED_COUPON:
        return present_coupon(t, s, &p.coupon, out, e);
    case PRESENTED_LOYALTY:
        return present_token(t, s, p.token, out, e);
    case PRESENTED_PRODUCT:
        out->outcome = TP_PRODUCT;
        return 0;
    case PRESENTED_GS1:
        return present_gs1(t, s, &p.gs1, out, e);
    default:
        return present_pickup(t, s, p.pickup, out, e);
    }
}

int till_present(struct till *t, int64_t sale, int kind, struct bytes in, struct presentation_info *out,
                 struct err *e)
{
    struct presentation_info info = {0};
    struct sale *s = NULL;
    if (kind != PRESENT_SCAN && kind != PRESENT_TYPED && kind != PRESENT_CARD_TOKEN) {
        return err_set(e, TP_E_ARGUMENT, "a presentation is a scan, a typed code or a card");
    }
    till_lock(t);
    int rc = sale_change(t, sale, &s, e);
    if (rc == 0 && s->refund) {
        rc = err_set(e, TP_E_STATE, "a refund takes no coupon or card");
    }
    if (rc == 0) {
        rc = present_any(t, s, kind, in, &info, e);
    }
    till_unlock(t);
    if (rc == 0) {
        *out = info;
    }
    return rc;
}

int till_withdraw(struct till *t, int64_t sale, int64_t presentation, struct err *e)
{
    till_lock(t);
    struct sale *s = NULL;
    int rc = sale_change(t, sale, &s, e);
    size_t i = 0;
    while (rc == 0 && i < s->presented_count && s->presented[i]->id != presentation) {
        i++;
    }
    if (rc == 0 && i == s->presented_count) {
        rc = err_set(e, TP_E_ARGUMENT, "the sale has no such presentation");
    }
    if (rc == 0) {
        sale_touched(s);
        free(s->presented[i]);
        s->presented_count--;
        memmove(&s->presented[i], &s->presented[i + 1],
                (s->presented_count - i) * sizeof(struct presentation *));
    }
    till_unlock(t);
    return rc;
}
