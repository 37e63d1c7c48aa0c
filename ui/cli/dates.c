#include "dates.h"

#include "offer/zone.h"

#include <stdlib.h>

void local_time_put(const struct policy *policy, int64_t time_ms, struct buf *out)
{
    struct civil c = zone_civil(policy, time_ms);
    int64_t offset = zone_offset(policy, time_ms);
    int64_t minutes = offset < 0 ? -offset : offset;
    buf_printf(out, "%04lld-%02d-%02dT%02d:%02d:%02d%c%02lld:%02lld", (long long)c.year, c.month, c.day,
               c.hour, c.minute, c.second, offset < 0 ? '-' : '+', (long long)(minutes / 60),
               (long long)(minutes % 60));
}

/* "dddd-dd-dd", nothing else. */
static bool read_day(const char *text, int64_t *year, int *month, int *day)
{
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-') {
        return false;
    }
    for (int i = 0; i < 10; i++) {
        if (i != 4 && i != 7 && (text[i] < '0' || text[i] > '9')) {
            return false;
        }
    }
    *year = atoi(text);
    *month = atoi(text + 5);
    *day = atoi(text + 8);
    return civil_valid(*year, *month, *day);
}

static void next_day(int64_t *year, int *month, int *day)
{
    if (civil_valid(*year, *month, *day + 1)) {
        *day += 1;
    } else if (*month < 12) {
        *month += 1;
        *day = 1;
    } else {
        *year += 1;
        *month = 1;
        *day = 1;
    }
}

int local_day_parse(const struct policy *policy, const char *text, bool after, int64_t *out, struct err *e)
{
    int64_t year = 0;
    int month = 0, day = 0;
    if (!read_day(text, &year, &month, &day)) {
        return err_set(e, TP_E_ARGUMENT, "'%.40s' is not a day; write it like 2026-11-22", text);
    }
    if (after) {
        next_day(&year, &month, &day);
    }
    *out = year > 9999 ? TIME_MAX : zone_day_start(policy, year, month, day);
    return 0;
}
