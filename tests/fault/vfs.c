/*
 * SQLite's own VFS with a counter before each call that changes the disk. Where the power is lost, what was
 * written since a file's last sync is taken back, newest first, from copies of what it replaced.
 */
#include "vfs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITES_KEPT = 4096 };

/* A write that no sync has followed yet. */
struct unsynced {
    struct file *file;
    sqlite3_int64 at, size_before;
    int n, had;
    uint8_t *before, *after; /* after: kept alone of the last one */
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

static void keep(struct file *f, const void *p, int n, sqlite3_int64 at)
{
    if (!fault_power()) {
        return;
    }
    pthread_mutex_lock(&lock);
    if (kept_count > 0) {
        free(kept[kept_count - 1].after);
        kept[kept_count - 1].after = NULL;
    }
    if (kept_count < WRITES_KEPT) {
        struct unsynced *u = &kept[kept_count++];
        *u = (struct unsynced){
            .file = f, .at = at, .n = n, .before = malloc((size_t)n), .after = malloc((size_t)n)};
        memcpy(u->after, p, (size_t)n);
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
            free(kept[i].after);
        } else {
            kept[n++] = kept[i];
        }
    }
    kept_count = n;
    pthread_mutex_unlock(&lock);
}

static void take_back(const struct unsynced *u)
{
    sqlite3_file *real = u->file->real;
    if (u->had > 0) {
        real->pMethods->xWrite(real, u->before, u->had, u->at);
    }
    real->pMethods->xTruncate(real, u->size_before);
}

/* What the disk makes of the last write, of which nobody had said that it is there. */
static void spoil_last(enum fault how, const struct unsynced *u)
{
    sqlite3_file *real = u->file->real;
    if (how == FAULT_ZEROED) {
        memset(u->after, 0, (size_t)u->n);
        real->pMethods->xWrite(real, u->after, u->n, u->at);
        return;
    }
    take_back(u);
    if (how == FAULT_LAST_HALF) {
        real->pMethods->xWrite(real, u->after, u->n / 2, u->at);
    }
}

static void lose_power(enum fault how)
{
    pthread_mutex_lock(&lock);
    if (kept_count > 0 && how != FAULT_LOST && how != FAULT_LAST_ONLY) {
        spoil_last(how, &kept[kept_count - 1]);
    } else if (kept_count > 0) {
        const struct unsynced last = kept[kept_count - 1];
        while (kept_count > 0) {
            take_back(&kept[--kept_count]);
        }
        if (how == FAULT_LAST_ONLY) {
            last.file->real->pMethods->xWrite(last.file->real, last.after, last.n, last.at);
        }
    }
    _exit(FAULT_KILLED);
}

/* ---- points ---- */

/* SQLITE_OK, or how the call fails; `locked` is how it does on a file system that is read-only. Ends the
 * process where that is the fault. */
static int point(const char *name, int locked)
{
    static const enum fault power[] = {FAULT_LOST, FAULT_LAST_LOST, FAULT_LAST_HALF, FAULT_ZEROED,
                                       FAULT_LAST_ONLY};
    if (fault_counts(FAULT_IO, name)) {
        return SQLITE_IOERR_WRITE;
    }
    if (fault_counts(FAULT_FULL, name) || fault_counts(FAULT_FULL_ON, name)) {
        return SQLITE_FULL;
    }
    if (fault_counts(FAULT_LOCKED, name)) {
        return locked;
    }
    for (size_t i = 0; i < sizeof power / sizeof power[0] && kept_count > 0; i++) {
        if (fault_counts(power[i], name)) {
            lose_power(power[i]);
        }
    }
    return SQLITE_OK;
}

static int done(const char *name, int rc)
{
    if (rc == SQLITE_OK && fault_counts(FAULT_KILL, name)) {
        _exit(FAULT_KILLED);
    }
    return rc;
}

static int x_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
    struct file *f = own(file);
    int rc = point("xWrite", SQLITE_IOERR_WRITE);
    if (rc != SQLITE_OK) {
        return rc;
    }
    if (fault_counts(FAULT_TORN, "xWrite")) {
        f->real->pMethods->xWrite(f->real, p, n / 2, at);
        _exit(FAULT_KILLED);
    }
    keep(f, p, n, at);
    return done("xWrite", f->real->pMethods->xWrite(f->real, p, n, at));
}

static int x_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
    struct file *f = own(file);
    int rc = f->real->pMethods->xRead(f->real, p, n, at);
    if (rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ) {
        rot_read(f, p, n, at);
    }
    return rc;
}

static int x_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct file *f = own(file);
    int rc = point("xTruncate", SQLITE_IOERR_TRUNCATE);
    if (rc != SQLITE_OK) {
        return rc;
    }
    settle(f);
    return done("xTruncate", f->real->pMethods->xTruncate(f->real, size));
}

static int x_sync(sqlite3_file *file, int flags)
{
    struct file *f = own(file);
    int rc = point("xSync", SQLITE_IOERR_FSYNC);
    if (rc != SQLITE_OK) {
        return rc;
    }
    if (!lie_sync(f)) {
        rc = f->real->pMethods->xSync(f->real, flags);
        settle(f);
    }
    return done("xSync", rc);
}

static int x_close(sqlite3_file *file)
{
    struct file *f = own(file);
    settle(f);
    return f->real->pMethods->xClose(f->real);
}

/* A first look at the shared memory makes its file longer. */
static int x_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    struct file *f = own(file);
    int rc = extend ? point("xShmMap", SQLITE_READONLY_CANTINIT) : SQLITE_OK;
    return rc != SQLITE_OK ? rc
                           : done("xShmMap", f->real->pMethods->xShmMap(f->real, page, size, extend, out));
}

#define PASS(name, params, args)                                                                             \
    static int x_##name params                                                                               \
    {                                                                                                        \
        struct file *f = own(file);                                                                          \
        return f->real->pMethods->name args;                                                                 \
    }
PASS(xFileSize, (sqlite3_file * file, sqlite3_int64 *size), (f->real, size))
PASS(xLock, (sqlite3_file * file, int kind), (f->real, kind))
PASS(xUnlock, (sqlite3_file * file, int kind), (f->real, kind))
PASS(xCheckReservedLock, (sqlite3_file * file, int *out), (f->real, out))
PASS(xFileControl, (sqlite3_file * file, int op, void *arg), (f->real, op, arg))
PASS(xSectorSize, (sqlite3_file * file), (f->real))
PASS(xDeviceCharacteristics, (sqlite3_file * file), (f->real))
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
    .xRead = x_read,
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
    .xShmMap = x_shm_map,
    .xShmLock = x_xShmLock,
    .xShmBarrier = x_xShmBarrier,
    .xShmUnmap = x_xShmUnmap,
};

/* A file that is there can still be read where nothing can be written, and SQLite's own VFS then does that.
 */
static int locked_open(sqlite3_filename name, int *flags)
{
    if (access(name, F_OK) != 0) {
        return SQLITE_CANTOPEN;
    }
    *flags = (*flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    return SQLITE_OK;
}

static int v_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out)
{
    struct file *f = own(file);
    (void)vfs;
    f->base.pMethods = NULL;
    f->real = (sqlite3_file *)(void *)(f + 1);
    f->main = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    snprintf(f->path, sizeof f->path, "%s", name ? name : "");
    int rc = point("xOpen", SQLITE_READONLY);
    rc = rc == SQLITE_READONLY && name ? locked_open(name, &flags) : rc;
    if (rc != SQLITE_OK) {
        return rc == SQLITE_FULL ? SQLITE_FULL : SQLITE_CANTOPEN;
    }
    rc = real_vfs->xOpen(real_vfs, name, f->real, flags, out);
    f->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
    if (rc == SQLITE_OK) {
        lie_opened(f);
    }
    return rc;
}

static int v_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    int rc = point("xDelete", SQLITE_IOERR_DELETE);
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
