/* Dates and times as people write and read them, by the shop's own zone. */
#ifndef CLI_DATES_H
#define CLI_DATES_H

#include "wire/terms.h"

/* Appends "2026-11-22T10:00:00+01:00". */
void local_time_put(const struct policy *policy, int64_t time_ms, struct buf *out);
/* "2026-11-22" -> the instant at which that day begins there, or with `after` the day after it. TP_E_ARGUMENT
 * for a day that does not exist. */
int local_day_parse(const struct policy *policy, const char *text, bool after, int64_t *out, struct err *e);

#endif
