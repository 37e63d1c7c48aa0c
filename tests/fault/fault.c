#include "fault.h"

#include <stdatomic.h>
#include <execinfo.h>
#include <stdlib.h>

static enum fault armed;
static atomic_long left;
static _Atomic(const char *) where = "";

void fault_arm(enum fault family, long n)
{
    armed = family;
    atomic_store(&left, n);
}

long fault_left(void)
{
    return atomic_load(&left);
}

const char *fault_where(void)
{
    return atomic_load(&where);
}

bool fault_counts(enum fault family, const char *name)
{
    if (armed != family || atomic_load(&left) <= 0 || atomic_fetch_sub(&left, 1) != 1) {
        return false;
    }
    atomic_store(&where, name);
    if (getenv("FAULT_TRACE")) {
        void *frames[24];
        backtrace_symbols_fd(frames, backtrace(frames, 24), 2);
    }
    return true;
}
