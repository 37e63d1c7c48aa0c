/* The wrappers of calls.def; and those that need more than a line. */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
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

/* sqlite3_exec steps by itself, and takes what its statement says at the end for the result: a step that was
 * not made would be one that went well. */
static _Thread_local bool in_exec;

typedef int exec_callback(void *, int, char **, char **);
int __real_sqlite3_exec(sqlite3 *db, const char *sql, exec_callback *fn, void *arg, char **e);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, exec_callback *fn, void *arg, char **e);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, exec_callback *fn, void *arg, char **e)
{
    if (fault_counts(FAULT_CALL, "sqlite3_exec")) {
        return SQLITE_IOERR;
    }
    in_exec = true;
    int rc = __real_sqlite3_exec(db, sql, fn, arg, e);
    in_exec = false;
    return rc;
}

int __real_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st)
{
    return !in_exec && fault_counts(FAULT_CALL, "sqlite3_step") ? SQLITE_IOERR : __real_sqlite3_step(st);
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
    if (fault_counts(FAULT_CALL, "access")) {
        errno = EIO;
        return -1;
    }
    if (mode & W_OK && fault_counts(FAULT_LOCKED, "access")) {
        errno = EROFS;
        return -1;
    }
    return __real_access(path, mode);
}

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
    if ((flags & O_ACCMODE) != O_RDONLY && fault_counts(FAULT_LOCKED, "open64")) {
        errno = EROFS;
        return -1;
    }
    if (flags & O_CREAT && __real_access(path, F_OK) != 0 &&
        (fault_counts(FAULT_FULL, "open64") || fault_counts(FAULT_FULL_ON, "open64"))) {
        errno = ENOSPC;
        return -1;
    }
    return __real_open64(path, flags, mode);
}
