#include "keys/time.h"

#include <stddef.h>

int64_t trusted_now(const struct trusted_time *t, const struct clock_source *clock, bool *sure)
{
    bool known = t->heard;
    int64_t now = t->floor_ms;
    if (t->heard) {
        int64_t passed = clock_boot(clock) - t->heard_boot;
        now = t->heard_ms + (passed > 0 ? passed : 0);
    } else {
        int64_t wall = clock_wall(clock);
        known = t->floor_ms > 0 && wall >= t->floor_ms && wall - t->floor_ms <= t->age_ms;
        if (known || t->floor_ms <= 0) {
            now = wall;
        }
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
}
