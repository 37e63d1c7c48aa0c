#include "keys/time.h"

#include <stddef.h>

/* No sum of it overflows: told_ms and age_ms are within the years that a journal and a policy can hold. */
static bool wall_counts(const struct trusted_time *t, int64_t wall)
{
    int64_t told = t->told_ms > 0 ? t->told_ms : t->floor_ms;
    return t->floor_ms > 0 && wall >= t->floor_ms && wall <= told + t->age_ms;
}

int64_t trusted_now(const struct trusted_time *t, const struct clock_source *clock, bool *sure)
{
    bool known;
    int64_t now;
    if (t->heard) {
        int64_t passed = clock_boot(clock) - t->heard_boot;
        passed = passed > 0 ? passed : 0;
        now = t->heard_ms + passed;
        known = passed <= t->age_ms;
    } else {
        int64_t wall = clock_wall(clock);
        known = wall_counts(t, wall);
        now = known || t->floor_ms <= 0 ? wall : t->floor_ms;
    }
    if (sure) {
        *sure = known;
    }
    return now;
}

void trusted_heard(struct trusted_time *t, int64_t authority_ms, int64_t sent_boot)
{
    t->heard = true;
    t->heard_ms = authority_ms;
    t->heard_boot = sent_boot;
    t->floor_ms = authority_ms;
    t->told_ms = authority_ms;
}
