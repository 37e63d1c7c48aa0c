/*
 * SQLite's own VFS with a counter before each call that changes the disk. Where the power is lost, what was
 * written since a file's last sync is taken back, newest first, from copies of what it replaced.
 */
#include "fault.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITES_KEPT = 4096 };

struct file {
    sqlite3_file base;
    sqlite3_file *real;
};

/* A write that no sync has followed yet. */
struct unsynced {
    struct file *file;
    sqlite3_int64 at, size_before;
    int n, had;
    uint8_t *before;
};

static sqlite3_vfs *real_vfs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct unsynced kept[WRITES_KEPT];
static size_t kept_count;

static struct file *own(sqlite3_file *f)
{
    return (struct file *)(void *)f;
}

/* ---- the power fails ---- */

static void keep(struct file *f, int n, sqlite3_int64 at)
{
    pthread_mutex_lock(&lock);
    if (kept_count < WRITES_KEPT) {
        struct unsynced *u = &kept[kept_count++];
        *u = (struct unsynced){.file = f, .at = at, .n = n, .before = malloc((size_t)n)};
        f->real->pMethods->xFileSize(f->real, &u->size_before);
        if (u->size_before > at) {
            u->had = u->size_before - at < n ? (int)(u->size_before - at) : n;
            f->real->pMethods->xRead(f->real, u->before, u->had, at);
        }
    }
    pthread_mutex_unlock(&lock);
}

static void settle(const struct file *f)
{
    pthread_mutex_lock(&lock);
    size_t n = 0;
    for (size_t i = 0; i < kept_count; i++) {
        if (kept[i].file == f) {
            free(kept[i].before);
        } else {
            kept[n++] = kept[i];
        }
    }
    kept_count = n;
    pthread_mutex_unlock(&lock);
}

static void lose_power(void)
{
    pthread_mutex_lock(&lock);
    while (kept_count > 0) {
        struct unsynced *u = &kept[--kept_count];
        sqlite3_file *real = u->file->real;
        if (u->had > 0) {
            real->pMethods->xWrite(real, u->before, u->had, u->at);
        }
        real->pMethods->xTruncate(real, u->size_before);
    }
    _exit(FAULT_KILLED);
}

/* ---- points ---- */

/* SQLITE_OK, or how the call fails. Ends the process where that is the fault. */
static int point(const char *name)
{
    if (fault_counts(FAULT_IO, name)) {
        return SQLITE_IOERR_WRITE;
    }
    if (fault_counts(FAULT_FULL, name)) {
        return SQLITE_FULL;
    }
    if (fault_counts(FAULT_KILL_BEFORE, name)) {
        _exit(FAULT_KILLED);
    }
    if (fault_counts(FAULT_LOST, name)) {
        lose_power();
    }
    return SQLITE_OK;
}

static int done(const char *name, int rc)
{
    if (rc == SQLITE_OK && fault_counts(FAULT_KILL_AFTER, name)) {
        _exit(FAULT_KILLED);
    }
    return rc;
}

static int x_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
    struct file *f = own(file);
    int rc = point("xWrite");
    if (rc != SQLITE_OK) {
        return rc;
    }
    if (fault_counts(FAULT_TORN, "xWrite")) {
        f->real->pMethods->xWrite(f->real, p, n / 2, at);
        _exit(FAULT_KILLED);
    }
    keep(f, n, at);
    return done("xWrite", f->real->pMethods->xWrite(f->real, p, n, at));
}

static int x_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct file *f = own(file);
    int rc = point("xTruncate");
    if (rc != SQLITE_OK) {
        return rc;
    }
    settle(f);
    return done("xTruncate", f->real->pMethods->xTruncate(f->real, size));
}

static int x_sync(sqlite3_file *file, int flags)
{
    struct file *f = own(file);
    int rc = point("xSync");
    if (rc != SQLITE_OK) {
        return rc;
    }
    rc = f->real->pMethods->xSync(f->real, flags);
    settle(f);
    return done("xSync", rc);
}

static int x_close(sqlite3_file *file)
{
    struct file *f = own(file);
    settle(f);
    return f->real->pMethods->xClose(f->real);
}

#define PASS(name, params, args)                                                                             \
    static int x_##name params                                                                               \
    {                                                                                                        \
        struct file *f = own(file);                                                                          \
        return f->real->pMethods->name args;                                                                 \
    }
PASS(xRead, (sqlite3_file * file, void *p, int n, sqlite3_int64 at), (f->real, p, n, at))
PASS(xFileSize, (sqlite3_file * file, sqlite3_int64 *size), (f->real, size))
PASS(xLock, (sqlite3_file * file, int kind), (f->real, kind))
PASS(xUnlock, (sqlite3_file * file, int kind), (f->real, kind))
PASS(xCheckReservedLock, (sqlite3_file * file, int *out), (f->real, out))
PASS(xFileControl, (sqlite3_file * file, int op, void *arg), (f->real, op, arg))
PASS(xSectorSize, (sqlite3_file * file), (f->real))
PASS(xDeviceCharacteristics, (sqlite3_file * file), (f->real))
PASS(xShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile **out),
     (f->real, page, size, extend, out))
PASS(xShmLock, (sqlite3_file * file, int at, int n, int flags), (f->real, at, n, flags))
PASS(xShmUnmap, (sqlite3_file * file, int drop), (f->real, drop))

static void x_xShmBarrier(sqlite3_file *file)
{
    struct file *f = own(file);
    f->real->pMethods->xShmBarrier(f->real);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_xRead,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_xFileSize,
    .xLock = x_xLock,
    .xUnlock = x_xUnlock,
    .xCheckReservedLock = x_xCheckReservedLock,
    .xFileControl = x_xFileControl,
    .xSectorSize = x_xSectorSize,
    .xDeviceCharacteristics = x_xDeviceCharacteristics,
    .xShmMap = x_xShmMap,
    .xShmLock = x_xShmLock,
    .xShmBarrier = x_xShmBarrier,
    .xShmUnmap = x_xShmUnmap,
};

static int v_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out)
{
    struct file *f = own(file);
    (void)vfs;
    f->base.pMethods = NULL;
    f->real = (sqlite3_file *)(void *)(f + 1);
    int rc = point("xOpen");
    if (rc != SQLITE_OK) {
        return rc == SQLITE_FULL ? SQLITE_FULL : SQLITE_CANTOPEN;
    }
    rc = real_vfs->xOpen(real_vfs, name, f->real, flags, out);
    f->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
    return rc;
}

static int v_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    int rc = point("xDelete");
    return rc != SQLITE_OK ? rc : done("xDelete", real_vfs->xDelete(real_vfs, name, sync));
}

void fault_vfs(void)
{
    static sqlite3_vfs vfs;
    sqlite3_initialize();
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
    vfs.zName = "fault";
    vfs.pNext = NULL;
    vfs.xOpen = v_open;
    vfs.xDelete = v_delete;
    sqlite3_vfs_register(&vfs, 1);
}
