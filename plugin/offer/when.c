#include "offer/work.h"
#include "offer/zone.h"

enum { WEEK = 7, DAYS_TO_1970 = 3 /* the first of January 1970 was a Thursday */ };

static bool store_listed(const struct offer *o, struct bytes store)
{
    for (size_t i = 0; i < o->stores.n; i++) {
        if (bytes_equal(o->stores.v[i], store)) {
            return true;
        }
    }
    return o->stores.n == 0;
}

static bool day_listed(const struct offer *o, int64_t days)
{
    return o->weekdays == 0 || (o->weekdays >> ((days + DAYS_TO_1970 + WEEK) % WEEK) & 1);
}

/* Hours over midnight belong to the day on which they begin, by the date that the store's clock shows. */
static bool in_hours(const struct offer *o, const struct hours *h, int64_t days, int64_t minute)
{
    if (h->from < h->until) {
        return minute >= h->from && minute < h->until && day_listed(o, days);
    }
    return (minute >= h->from && day_listed(o, days)) || (minute < h->until && day_listed(o, days - 1));
}

static bool time_listed(const struct policy *policy, const struct offer *o, int64_t now)
{
    if (o->weekdays == 0 && o->hours.n == 0) {
        return true;
    }
    struct civil c = zone_civil(policy, now);
    int64_t days = civil_days(c.year, c.month, c.day);
    for (size_t i = 0; i < o->hours.n; i++) {
        if (in_hours(o, &o->hours.v[i], days, c.hour * 60 + c.minute)) {
            return true;
        }
    }
    return o->hours.n == 0 && day_listed(o, days);
}

int when_reason(const struct policy *policy, const struct basket *basket, const struct offer *o)
{
    int64_t now = basket->time_ms;
    if (now != NONE && now < o->valid_from) {
        return TP_NOT_YET_VALID;
    }
    if (now != NONE && now >= o->valid_until) {
        return TP_EXPIRED;
    }
    if (!store_listed(o, basket->store)) {
        return TP_WRONG_STORE;
    }
    return now != NONE && !time_listed(policy, o, now) ? TP_WRONG_TIME : 0;
}
