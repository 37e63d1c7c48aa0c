/* The store's own days, from the steps that the policy carries. Pure. */
#ifndef OFFER_ZONE_H
#define OFFER_ZONE_H

#include "wire/terms.h"

struct civil {
    int64_t year;
    int month, day, hour, minute, second; /* month and day from 1 */
};

/* True for a day that exists in the proleptic Gregorian calendar, years 1970 to 9999. */
bool civil_valid(int64_t year, int month, int day);
/* Days since 1970-01-01. */
int64_t civil_days(int64_t year, int month, int day);
/* Minutes east of UTC at an instant. */
int64_t zone_offset(const struct policy *p, int64_t time_ms);
/* The instant at which a local day begins (the first instant of that date there, also where a clock change
 * skips midnight). day may be one past the month's last: the next day. */
int64_t zone_day_start(const struct policy *p, int64_t year, int month, int day);
struct civil zone_civil(const struct policy *p, int64_t time_ms);

#endif
