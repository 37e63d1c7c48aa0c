#include "offer/zone.h"

enum { DAY_MS = 86400000, MINUTE_MS = 60000 };

static bool leap_year(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && leap_year(year) ? 29 : days[month - 1];
}

bool civil_valid(int64_t year, int month, int day)
{
    return year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= month_days(year, month);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

/* Leap days in the years before this one, counted from year 1. */
static int64_t leap_days_before(int64_t year)
{
    int64_t y = year - 1;
    return floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
}

static int64_t year_start(int64_t year)
{
    return (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970);
}

int64_t civil_days(int64_t year, int month, int day)
{
    int64_t days = year_start(year);
    for (int m = 1; m < month; m++) {
        days += month_days(year, m);
    }
    return days + day - 1;
}

int64_t zone_offset(const struct policy *p, int64_t time_ms)
{
    int64_t offset = p->zone_steps.n ? p->zone_steps.v[0].offset_min : 0;
    for (size_t i = 1; i < p->zone_steps.n && p->zone_steps.v[i].from_ms <= time_ms; i++) {
        offset = p->zone_steps.v[i].offset_min;
    }
    return offset;
}

/* Step by step in the order of time: the first instant at which a local clock shows `local` or later. */
static int64_t first_instant(const struct policy *p, int64_t local)
{
    int64_t from = INT64_MIN;
    int64_t at = local;
    for (size_t i = 0; i < p->zone_steps.n; i++) {
        at = local - p->zone_steps.v[i].offset_min * MINUTE_MS;
        if (at < from) {
            at = from;
        }
        if (i + 1 == p->zone_steps.n || at < p->zone_steps.v[i + 1].from_ms) {
            break;
        }
        from = p->zone_steps.v[i + 1].from_ms;
    }
    return at;
}

int64_t zone_day_start(const struct policy *p, int64_t year, int month, int day)
{
    return first_instant(p, civil_days(year, month, day) * DAY_MS);
}

struct civil zone_civil(const struct policy *p, int64_t time_ms)
{
    int64_t local = time_ms + zone_offset(p, time_ms) * MINUTE_MS;
    int64_t days = floor_div(local, DAY_MS);
    int seconds = (int)(floor_div(local, 1000) - days * 86400);
    struct civil c = {.year = 1970 + floor_div(days * 400, 146097), .month = 1};
    /* The estimate by the mean year is off by one at most. */
    while (year_start(c.year) > days) {
        c.year--;
    }
    while (year_start(c.year + 1) <= days) {
        c.year++;
    }
    int rest = (int)(days - year_start(c.year));
    for (; rest >= month_days(c.year, c.month); c.month++) {
        rest -= month_days(c.year, c.month);
    }
    c.day = rest + 1;
    c.hour = seconds / 3600;
    c.minute = seconds / 60 % 60;
    c.second = seconds % 60;
    return c;
}
