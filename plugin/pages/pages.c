#include "pages/pages.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* SQLite's own default, which every file of ours has; a file with larger pages is passed through. */
enum { PAGE_MAX = 4096, PAGE_MIN = 512, HEAD = 100, HEAD_SIZE_AT = 16, HEAD_RESERVED_AT = 20 };

struct checked {
    sqlite3_file base;
    sqlite3_file *real;
    int page; /* bytes of a page, once known; 0: its pages have no checksum */
};

static sqlite3_vfs *real_vfs;

static struct checked *own(sqlite3_file *file)
{
    return (struct checked *)(void *)file;
}

/* ---- checksums ---- */

static uint64_t word_at(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) {
        v = v << 8 | p[i];
    }
    return v;
}

/* Not against people, who have the signatures to reckon with: against disks. Never 0, which says that there
 * is none. */
static uint64_t checksum(const uint8_t *page, int size, uint64_t number)
{
    uint64_t h = number * 0x9E3779B97F4A7C15u + 0x2545F4914F6CDD1Du;
    for (int i = 0; i + PAGES_CHECKSUM < size; i += 8) {
        h = (h ^ word_at(page + i)) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
    }
    return h ? h : 1;
}

static void put_checksum(uint8_t *page, int size, uint64_t number)
{
    uint64_t h = checksum(page, size, number);
    for (int i = 0; i < PAGES_CHECKSUM; i++) {
        page[size - PAGES_CHECKSUM + i] = (uint8_t)(h >> 8 * i);
    }
}

static bool is_true(const uint8_t *page, int size, uint64_t number)
{
    uint64_t kept = word_at(page + size - PAGES_CHECKSUM);
    return kept == 0 || kept == checksum(page, size, number);
}

/* ---- the first page, which says how large pages are and whether they have room ---- */

static int page_size(const uint8_t *head)
{
    int size = head[HEAD_SIZE_AT] << 8 | head[HEAD_SIZE_AT + 1];
    bool ours = memcmp(head, "SQLite format 3", 16) == 0 && size >= PAGE_MIN && size <= PAGE_MAX &&
                (size & (size - 1)) == 0;
    return ours ? size : 0;
}

/* A first page that says that there are no checksums, and yet would be right with its own if it did not. */
static bool denies(struct checked *f, int size)
{
    uint8_t page[PAGE_MAX];
    if (f->real->pMethods->xRead(f->real, page, size, 0) != SQLITE_OK) {
        return false;
    }
    page[HEAD_RESERVED_AT] = PAGES_CHECKSUM;
    return word_at(page + size - PAGES_CHECKSUM) != 0 && is_true(page, size, 1);
}

/* False: it is damaged. */
static bool learn(struct checked *f, const uint8_t *head, bool written)
{
    int size = page_size(head);
    f->page = size && head[HEAD_RESERVED_AT] == PAGES_CHECKSUM ? size : 0;
    return written || !size || f->page || (head[HEAD_RESERVED_AT] == 0 && !denies(f, size));
}

/* ---- the methods of a file ---- */

static bool whole_page(const struct checked *f, int n, sqlite3_int64 at)
{
    return f->page && n == f->page && at % f->page == 0;
}

static int x_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
    struct checked *f = own(file);
    int rc = f->real->pMethods->xRead(f->real, p, n, at);
    if (rc != SQLITE_OK) {
        return rc;
    }
    if (at == 0 && n >= HEAD && !learn(f, p, false)) {
        return SQLITE_CORRUPT;
    }
    if (whole_page(f, n, at)) {
        if (!is_true(p, n, (uint64_t)(at / n) + 1)) {
            return SQLITE_CORRUPT;
        }
        memset((uint8_t *)p + n - PAGES_CHECKSUM, 0, PAGES_CHECKSUM);
    }
    return SQLITE_OK;
}

static int x_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
    struct checked *f = own(file);
    uint8_t copy[PAGE_MAX];
    if (at == 0 && n >= HEAD) {
        (void)learn(f, p, true);
    }
    if (whole_page(f, n, at)) {
        memcpy(copy, p, (size_t)n);
        put_checksum(copy, n, (uint64_t)(at / n) + 1);
        p = copy;
    }
    return f->real->pMethods->xWrite(f->real, p, n, at);
}

#define PASS(name, params, args)                                                                             \
    static int x_##name params                                                                               \
    {                                                                                                        \
        struct checked *f = own(file);                                                                       \
        return f->real->pMethods->name args;                                                                 \
    }
PASS(xClose, (sqlite3_file * file), (f->real))
PASS(xTruncate, (sqlite3_file * file, sqlite3_int64 size), (f->real, size))
PASS(xSync, (sqlite3_file * file, int flags), (f->real, flags))
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
    struct checked *f = own(file);
    f->real->pMethods->xShmBarrier(f->real);
}

/* Of version 2: without mapped files, which would pass this by. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_xClose,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_xTruncate,
    .xSync = x_xSync,
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

/* ---- the VFS ---- */

static int v_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out)
{
    struct checked *f = own(file);
    (void)vfs;
    if (!(flags & SQLITE_OPEN_MAIN_DB)) {
        return real_vfs->xOpen(real_vfs, name, file, flags, out);
    }
    *f = (struct checked){.real = (sqlite3_file *)(void *)(f + 1)};
    int rc = real_vfs->xOpen(real_vfs, name, f->real, flags, out);
    f->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
    return rc;
}

static const char *register_vfs(void)
{
    static sqlite3_vfs vfs;
    if (vfs.zName) {
        return vfs.zName;
    }
    if (sqlite3_initialize() != SQLITE_OK || !(real_vfs = sqlite3_vfs_find(NULL))) {
        return NULL;
    }
    vfs = *real_vfs;
    vfs.szOsFile = (int)sizeof(struct checked) + real_vfs->szOsFile;
    vfs.pNext = NULL;
    vfs.xOpen = v_open;
    vfs.zName = "tillproof";
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) {
        vfs.zName = NULL;
    }
    return vfs.zName;
}

const char *pages_vfs(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    const char *name = register_vfs();
    pthread_mutex_unlock(&lock);
    return name;
}

int pages_reserve(sqlite3 *db)
{
    int bytes = PAGES_CHECKSUM;
    return sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
}
