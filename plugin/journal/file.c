#include "journal/internal.h"

#include "pages/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 1200, BUSY_MS = 2000 };

static int make_path(const char *dir, const char *name, char out[PATH_SIZE], struct err *e)
{
    int n = snprintf(out, PATH_SIZE, "%s/%s", dir, name);
    return n > 0 && n < PATH_SIZE ? 0 : err_set(e, TP_E_ARGUMENT, "the till's directory has too long a name");
}

static int system_code(int error)
{
    return error == EROFS || error == EACCES || error == EPERM ? TP_E_READ_ONLY
           : error == ENOENT || error == ENOTDIR               ? TP_E_NO_SHOP
                                                               : TP_E_IO;
}

/* An open file description lock: another open of the file is refused in this process, too, and the lock does
 * not vanish when some other descriptor of the file is closed. */
static int lock_take(const char *dir, int *out, struct err *e)
{
    char path[PATH_SIZE];
    int rc = make_path(dir, "lock", path, e);
    if (rc) {
        return rc;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return err_set(e, system_code(errno), "%s: %s", path, strerror(errno));
    }
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0) {
        *out = fd;
        return 0;
    }
    rc = errno == EAGAIN || errno == EACCES ? err_code(e, TP_E_TILL_BUSY)
                                            : err_set(e, TP_E_IO, "%s: %s", path, strerror(errno));
    close(fd);
    return rc;
}

/* Unlocked by name: a child of fork() may still share the description. */
static void lock_drop(int fd)
{
    if (fd >= 0) {
        struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
        (void)fcntl(fd, F_OFD_SETLK, &whole);
        close(fd);
    }
}

static int configure(struct journal *j, struct err *e)
{
    sqlite3_extended_result_codes(j->db, 1);
    sqlite3_busy_timeout(j->db, BUSY_MS);
    sqlite3_db_config(j->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(j->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(j->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_limit(j->db, SQLITE_LIMIT_ATTACHED, 0);
    return db_exec(j,
                   "PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
                   "PRAGMA synchronous=FULL; PRAGMA fullfsync=ON",
                   e);
}

static int database(struct journal *j, const char *path, int access, struct err *e)
{
    /* SQLite would make a new file with the umask's mode, and follow no rule of ours. */
    const char *vfs = pages_vfs();
    if (!vfs) {
        return err_code(e, TP_E_MEMORY);
    }
    int got = sqlite3_open_v2(path, &j->db, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, vfs);
    if (got == SQLITE_OK && access & SQLITE_OPEN_READWRITE && sqlite3_db_readonly(j->db, "main") != 0) {
        /* What cannot be opened for writing just now is opened for reading alone, without a word. */
        return err_set(e, TP_E_READ_ONLY, "till.db cannot be written");
    }
    return got == SQLITE_OK ? configure(j, e) : db_fail(j, e);
}

static int pragma(struct journal *j, const char *sql, int64_t *v, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, sql, "");
    if (!st) {
        return rc;
    }
    rc = db_step(j, st, e);
    if (rc > 0) {
        *v = sqlite3_column_int64(st, 0);
        db_reset(st);
        return 0;
    }
    return rc ? rc : damaged(e);
}

static int check_version(struct journal *j, struct err *e)
{
    int64_t application = 0, version = 0;
    int rc = pragma(j, "PRAGMA application_id", &application, e);
    rc = rc ? rc : pragma(j, "PRAGMA user_version", &version, e);
    if (rc) {
        return rc;
    }
    if (application != APPLICATION_ID || version < 1) {
        return err_set(e, TP_E_CORRUPT, "till.db is not a till's journal");
    }
    if (version > JOURNAL_VERSION) {
        return err_set(e, TP_E_NEWER, "till.db was written by a newer version (%lld)", (long long)version);
    }
    return 0;
}

static void database_close(struct journal *j)
{
    for (size_t i = 0; i < j->cached; i++) {
        sqlite3_finalize(j->cache[i].stmt);
    }
    j->cached = 0;
    sqlite3_close(j->db);
    j->db = NULL;
}

void journal_close(struct journal *j)
{
    if (j) {
        database_close(j);
        lock_drop(j->lock);
        wipe(j, sizeof *j);
        free(j);
    }
}

int journal_open(const char *dir, struct journal **out, struct err *e)
{
    char path[PATH_SIZE];
    int rc = make_path(dir, "till.db", path, e);
    if (rc) {
        return rc;
    }
    if (access(path, F_OK) != 0) {
        return err_set(e, system_code(errno), "%s: %s", path, strerror(errno));
    }
    struct journal *j = calloc(1, sizeof *j);
    if (!j) {
        return err_code(e, TP_E_MEMORY);
    }
    j->lock = -1;
    rc = lock_take(dir, &j->lock, e);
    rc = rc ? rc : database(j, path, SQLITE_OPEN_READWRITE, e);
    rc = rc ? rc : check_version(j, e);
    rc = rc ? rc : db_exec(j, "PRAGMA journal_mode=WAL", e);
    rc = rc ? rc : db_exec(j, journal_schema_later, e);
    struct journal_till till;
    rc = rc ? rc : journal_till(j, &till, e);
    wipe(&till, sizeof till);
    if (rc) {
        journal_close(j);
        return rc;
    }
    *out = j;
    return 0;
}

/* The newest of the tables that a till adds to an older file. */
static int check_tables(struct journal *j, struct err *e)
{
    int64_t found = 0;
    int rc =
        pragma(j, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'notice'", &found, e);
    return rc || found
               ? rc
               : err_set(e, TP_E_STATE, "till.db is of an older version; open the till once, then ask again");
}

int journal_read(const char *dir, struct journal **out, struct err *e)
{
    char path[PATH_SIZE];
    int rc = make_path(dir, "till.db", path, e);
    if (rc) {
        return rc;
    }
    if (access(path, R_OK) != 0) {
        return err_set(e, errno == ENOENT ? TP_E_NO_SHOP : TP_E_IO, "%s: %s", path, strerror(errno));
    }
    struct journal *j = calloc(1, sizeof *j);
    if (!j) {
        return err_code(e, TP_E_MEMORY);
    }
    j->lock = -1;
    rc = database(j, path, SQLITE_OPEN_READONLY, e);
    rc = rc ? rc : check_version(j, e);
    rc = rc ? rc : check_tables(j, e);
    if (rc) {
        journal_close(j);
        return rc;
    }
    *out = j;
    return 0;
}

static int first_rows(struct journal *j, const uint8_t authority[ID_SIZE], struct bytes till,
                      struct bytes store, int64_t epoch, const uint8_t terminal[HASH_SIZE], struct err *e)
{
    char name[64], shop[64], version[96];
    bytes_to_cstr(till, name, sizeof name);
    bytes_to_cstr(store, shop, sizeof shop);
    snprintf(version, sizeof version, "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION_ID,
             JOURNAL_VERSION);
    int rc = db_begin(j, e);
    if (rc) {
        return rc;
    }
    rc = db_exec(j, journal_schema, e);
    rc = rc ? rc : db_exec(j, version, e);
    rc =
        rc ? rc
           : db_run(
                 j, e,
                 "INSERT INTO till (one, authority, name, store, epoch, seq, d) VALUES (1, ?, ?, ?, ?, 0, ?)",
                 "uttid", authority, name, shop, epoch, terminal);
    return db_end(j, rc, e);
}

/* Made under another name and linked to its own when it is whole. */
static int create_file(const char *dir, const char *fresh, const char *path, struct err *e)
{
    if (link(fresh, path) != 0) {
        int code = errno == EEXIST ? TP_E_EXISTS : system_code(errno);
        return err_set(e, code, "%s: %s", path, strerror(errno));
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd >= 0 && fsync(fd) == 0 ? 0 : err_set(e, TP_E_IO, "%s: %s", dir, strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

int journal_create(const char *dir, const uint8_t authority[ID_SIZE], struct bytes till, struct bytes store,
                   int64_t epoch, const uint8_t terminal[HASH_SIZE], struct err *e)
{
    if (!name_valid(till) || !name_valid(store) || epoch < 1) {
        return err_set(e, TP_E_ARGUMENT, "a till's or store's name, or its epoch, is out of range");
    }
    char path[PATH_SIZE], fresh[PATH_SIZE];
    int rc = make_path(dir, "till.db", path, e);
    rc = rc ? rc : make_path(dir, "till.db.new", fresh, e);
    if (rc) {
        return rc;
    }
    struct journal j = {.lock = -1};
    rc = lock_take(dir, &j.lock, e);
    if (rc) {
        return rc;
    }
    unlink(fresh);
    int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        rc = err_set(e, system_code(errno), "%s: %s", fresh, strerror(errno));
        goto out;
    }
    close(fd);
    rc = database(&j, fresh, SQLITE_OPEN_READWRITE, e);
    if (rc == 0 && pages_reserve(j.db) != SQLITE_OK) {
        rc = db_fail(&j, e);
    }
    rc = rc ? rc : first_rows(&j, authority, till, store, epoch, terminal, e);
    database_close(&j);
    rc = rc ? rc : create_file(dir, fresh, path, e);
    unlink(fresh);
out:
    lock_drop(j.lock);
    return rc;
}

/* What a journal that was found behind believes to have left of its leases is not so. */
static int renew(struct journal *j, const char *store, int64_t epoch, const uint8_t terminal[HASH_SIZE],
                 struct err *e)
{
    int rc = db_begin(j, e);
    if (rc) {
        return rc;
    }
    rc = db_run(
        j, e, "INSERT OR REPLACE INTO forgone (one, epoch) SELECT 1, epoch FROM till WHERE behind <> 0", "");
    rc = rc ? rc
            : db_run(j, e, "UPDATE till SET store = ?, epoch = ?, seq = 0, d = ?, behind = 0", "tid", store,
                     epoch, terminal);
    return db_end(j, rc, e);
}

int journal_renew(const char *dir, struct bytes store, int64_t epoch, const uint8_t terminal[HASH_SIZE],
                  struct err *e)
{
    if (!name_valid(store)) {
        return err_set(e, TP_E_ARGUMENT, "the store's name is out of range");
    }
    struct journal *j = NULL;
    struct journal_till till;
    char shop[64];
    bytes_to_cstr(store, shop, sizeof shop);
    int rc = journal_open(dir, &j, e);
    rc = rc ? rc : journal_till(j, &till, e);
    if (rc == 0 && epoch <= till.head.epoch) {
        rc = err_set(e, TP_E_STATE, "the till is in epoch %lld already", (long long)till.head.epoch);
    }
    rc = rc ? rc : renew(j, shop, epoch, terminal, e);
    wipe(&till, sizeof till);
    journal_close(j);
    return rc;
}
