#include "forms/json.h"

#include "offer/zone.h"

/* n digits at text.p[at]; false when there are not as many. */
static bool digits_at(struct bytes text, size_t at, size_t n, int *out)
{
    int v = 0;
    if (at > text.n || n > text.n - at) {
        return false;
    }
    for (size_t i = at; i < at + n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        v = v * 10 + (text.p[i] - '0');
    }
    *out = v;
    return true;
}

static bool char_at(struct bytes text, size_t at, const char *allowed)
{
    return at < text.n && text.p[at] && strchr(allowed, text.p[at]);
}

bool date_parse(struct bytes text, int64_t *year, int *month, int *day)
{
    int y, m, d;
    bool good = text.n == 10 && digits_at(text, 0, 4, &y) && char_at(text, 4, "-") &&
                digits_at(text, 5, 2, &m) && char_at(text, 7, "-") && digits_at(text, 8, 2, &d) &&
                civil_valid(y, m, d);
    if (good) {
        *year = y;
        *month = m;
        *day = d;
    }
    return good;
}

/* "07:00" at text.p[at]: the minute of the day. */
static bool minute_at(struct bytes text, size_t at, int64_t *minute)
{
    int hours, minutes;
    if (!digits_at(text, at, 2, &hours) || !char_at(text, at + 2, ":") ||
        !digits_at(text, at + 3, 2, &minutes) || minutes > 59 || hours * 60 + minutes > DAY_MINUTES) {
        return false;
    }
    *minute = hours * 60 + minutes;
    return true;
}

bool hours_parse(struct bytes text, int64_t *from, int64_t *until)
{
    int64_t begin, end;
    if (text.n != 11 || !minute_at(text, 0, &begin) || !char_at(text, 5, "-") || !minute_at(text, 6, &end)) {
        return false;
    }
    *from = begin;
    *until = end;
    return true;
}

/* ".25" at *at, to whole milliseconds; finer digits are dropped. */
static bool parse_fraction(struct bytes text, size_t *at, int64_t *ms)
{
    int64_t part = 100;
    *ms = 0;
    if (!char_at(text, *at, ".")) {
        return true;
    }
    size_t first = ++*at;
    for (; *at < text.n && text.p[*at] >= '0' && text.p[*at] <= '9'; ++*at) {
        *ms += (text.p[*at] - '0') * part;
        part /= 10;
    }
    return *at > first;
}

/* "Z" or "+01:00", and nothing after it. */
static bool parse_offset(struct bytes text, size_t at, int64_t *offset_min)
{
    int hours, minutes;
    if (char_at(text, at, "Zz")) {
        *offset_min = 0;
        return at + 1 == text.n;
    }
    if (!char_at(text, at, "+-") || !digits_at(text, at + 1, 2, &hours) || !char_at(text, at + 3, ":") ||
        !digits_at(text, at + 4, 2, &minutes) || at + 6 != text.n || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_min = (text.p[at] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

bool time_parse(struct bytes text, int64_t *time_ms, int64_t *offset_min)
{
    int64_t year, ms, offset;
    int month, day, hour, minute, second;
    size_t at = 19;
    if (text.n < 20 || !date_parse(bytes_of(text.p, 10), &year, &month, &day) || !char_at(text, 10, "Tt") ||
        !digits_at(text, 11, 2, &hour) || !char_at(text, 13, ":") || !digits_at(text, 14, 2, &minute) ||
        !char_at(text, 16, ":") || !digits_at(text, 17, 2, &second) || hour > 23 || minute > 59 ||
        second > 59) {
        return false;
    }
    if (!parse_fraction(text, &at, &ms) || !parse_offset(text, at, &offset)) {
        return false;
    }
    int64_t minutes = civil_days(year, month, day) * 1440 + hour * 60 + minute - offset;
    int64_t t = (minutes * 60 + second) * 1000 + ms;
    if (t < 0 || t > TIME_MAX) {
        return false;
    }
    *time_ms = t;
    *offset_min = offset;
    return true;
}
