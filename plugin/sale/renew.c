/*
 * A binding price lives on while the customer pays: at half of its grant's life the worker asks again, with
 * the next revision, until TENDERING_MS after the program's own hold. Nobody waits for it, and the sale may
 * change or end meanwhile: then what comes back is left to expire.
 */
#include "sale/internal.h"

#include <stdlib.h>

enum { TENDERING_MS = 15 * 60000 };

static bool renewable(const struct till *t, const struct sale *s)
{
    return s->state == SALE_OPEN && s->granted && !s->asking && !s->renewing && !t->behind && !t->stopping;
}

/* When the worker must look at this sale, by the boot clock. */
static int64_t look_at(const struct till *t, const struct sale *s)
{
    if (!s->granted || s->state != SALE_OPEN) {
        return INT64_MAX;
    }
    return renewable(t, s) && !s->renewal_over ? s->granted->renew_boot : s->granted->until_boot;
}

int64_t renew_due(struct till *t)
{
    int64_t at = INT64_MAX;
    for (size_t i = 0; i < t->sale_count; i++) {
        int64_t due = look_at(t, t->sales[i]);
        at = due < at ? due : at;
    }
    if (at == INT64_MAX || t->stopping) {
        return INT64_MAX;
    }
    int64_t left = at - clock_boot(t->clock);
    return monotonic_ms() + (left > 0 ? left : 0);
}

void hold_over(struct till *t, struct sale *s)
{
    granted_free(s->granted);
    s->granted = NULL;
    s->hold_reason = TP_EXPIRED;
    s->edition++;
    event_hold(t, s, TP_EXPIRED);
}

static void give_up(struct till *t, struct sale *s, int reason)
{
    s->renewal_over = true;
    event_hold(t, s, reason);
}

static void start(struct till *t, struct sale *s)
{
    struct ask *a = clock_boot(t->clock) >= s->first_hold_boot + TENDERING_MS ? NULL : ask_new(s, NULL);
    if (!a) {
        give_up(t, s, TP_EXPIRED);
        return;
    }
    a->renewal = true;
    a->edition = s->edition;
    s->renewing = a;
    ask_add(t, a);
}

void renew_run(struct till *t)
{
    int64_t now = clock_boot(t->clock);
    for (size_t i = 0; i < t->sale_count; i++) {
        struct sale *s = t->sales[i];
        if (look_at(t, s) > now) {
            continue;
        }
        if (s->granted->until_boot <= now) {
            hold_over(t, s);
        } else if (renewable(t, s) && !s->renewal_over) {
            start(t, s);
        }
    }
}

bool renewal_current(const struct sale *s, const struct ask *a)
{
    return s && s->renewing == a && s->edition == a->edition && s->granted;
}

void renewal_end(struct till *t, struct ask *a, int reason)
{
    struct sale *s = sale_in_memory(t, a->sale);
    bool current = renewal_current(s, a);
    if (s && s->renewing == a) {
        s->renewing = NULL;
    }
    if (current && reason == 0) {
        event_hold(t, s, TP_BINDING);
    } else if (current) {
        give_up(t, s, reason > 0 ? reason : TP_OFFLINE);
    }
    ask_unlink(t, a);
    ask_free(a);
    till_tell(t);
}

/* What is on its way keeps its ask; the others are dropped with the sale's interest in them. */
void renewals_stop(struct till *t)
{
    struct ask *next;
    for (struct ask *a = t->asks; a; a = next) {
        next = a->next;
        if (a->renewal && !a->flying) {
            struct sale *s = sale_in_memory(t, a->sale);
            if (s && s->renewing == a) {
                s->renewing = NULL;
            }
            ask_unlink(t, a);
            ask_free(a);
        }
    }
}
