#include "zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static bool name_is_safe(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > 63 || name[0] == '/' || strstr(name, "..")) {
        return false;
    }
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == n;
}

/* libc takes a name that it does not know for UTC, without a word: so look for the zone's file. */
static bool zone_exists(const char *name)
{
    if (strcmp(name, "UTC") == 0) {
        return true;
    }
    const char *base = getenv("TZDIR");
    char path[512], magic[4] = "";
    int n = snprintf(path, sizeof path, "%s/%s", base ? base : "/usr/share/zoneinfo", name);
    FILE *f = n > 0 && (size_t)n < sizeof path ? fopen(path, "rb") : NULL;
    if (!f) {
        return false;
    }
    bool ok = fread(magic, 1, 4, f) == 4 && memcmp(magic, "TZif", 4) == 0;
    fclose(f);
    return ok;
}

static int64_t offset_at(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm = {0};
    return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

static int64_t year_start(int64_t year)
{
    struct tm tm = {.tm_year = (int)(year - 1900), .tm_mday = 1};
    return (int64_t)timegm(&tm);
}

/* The first second in (low, high] at which the offset is no longer that of low. */
static int64_t change_between(int64_t low, int64_t high)
{
    int64_t before = offset_at(low);
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (offset_at(middle) == before) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

static bool step_add(struct zone_step steps[ZONE_STEPS_MAX], size_t *n, int64_t seconds)
{
    int64_t offset = offset_at(seconds);
    if (*n == ZONE_STEPS_MAX || offset % 60) {
        return false;
    }
    steps[(*n)++] = (struct zone_step){seconds * 1000, offset / 60};
    return true;
}

int zone_steps_of(const char *name, int64_t now_ms, struct zone_step steps[ZONE_STEPS_MAX], size_t *n,
                  struct err *e)
{
    if (!name_is_safe(name) || !zone_exists(name)) {
        return err_set(
            e, TP_E_ARGUMENT,
            "this machine knows no time zone '%.60s'; give one like Europe/Berlin (Debian: apt install "
            "tzdata)",
            name);
    }
    if (setenv("TZ", name, 1)) {
        return err_code(e, TP_E_MEMORY);
    }
    tzset();
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm = {0};
    gmtime_r(&now, &tm);
    int64_t year = tm.tm_year + 1900, end = year_start(year + 11), day = 24 * 3600;
    int64_t t = year_start(year - 1);
    size_t count = 0;
    bool ok = step_add(steps, &count, t);
    for (; ok && t < end; t += day) {
        if (offset_at(t) != offset_at(t + day)) {
            ok = step_add(steps, &count, change_between(t, t + day));
        }
    }
    if (!ok) {
        return err_set(e, TP_E_ARGUMENT, "the time zone '%.60s' changes in a way that a policy cannot say",
                       name);
    }
    *n = count;
    return 0;
}
