/* The wrappers of calls.def. */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define W(type, name, params, args, failure)                                                                 \
    type __real_##name params;                                                                               \
    type __wrap_##name params;                                                                               \
    type __wrap_##name params                                                                                \
    {                                                                                                        \
        return fault_counts(FAULT_CALL, #name) ? (failure) : __real_##name args;                             \
    }
#include "calls.def"

/* The one with a variable number of arguments; _FILE_OFFSET_BITS=64 makes it open64. */
int __real_open64(const char *path, int flags, mode_t mode);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (fault_counts(FAULT_CALL, "open64")) {
        errno = EIO;
        return -1;
    }
    return __real_open64(path, flags, mode);
}
