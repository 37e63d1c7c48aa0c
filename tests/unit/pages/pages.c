/* A page that is not what was written is never read; and what other programs do to such a file is told apart.
 */
#include "support/cm.h"

#include "pages/pages.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, ROWS = 200 };

struct fixture {
    char dir[64], path[80];
};

static sqlite3 *open_with(const struct fixture *f, const char *vfs)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs),
                     SQLITE_OK);
    return db;
}

static int run(const struct fixture *f, const char *vfs, const char *sql)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, vfs);
    rc = rc != SQLITE_OK ? rc : sqlite3_exec(db, sql, NULL, NULL, NULL);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return rc;
}

static const char reading[] = "SELECT sum(length(b)) FROM row; PRAGMA integrity_check";

static void fill(const struct fixture *f, bool reserved)
{
    sqlite3 *db = open_with(f, pages_vfs());
    if (reserved) {
        assert_int_equal(pages_reserve(db), SQLITE_OK);
    }
    assert_int_equal(
        sqlite3_exec(db,
                     "PRAGMA journal_mode = WAL; CREATE TABLE row (n INTEGER PRIMARY KEY, b BLOB);"
                     "CREATE INDEX by_b ON row (b)",
                     NULL, NULL, NULL),
        SQLITE_OK);
    char sql[160];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < %d)"
             " INSERT INTO row SELECT n, randomblob(100 + n) FROM i",
             ROWS);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/tillproof-pages-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/a.db", f->dir);
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

static off_t size_of(const struct fixture *f)
{
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    return st.st_size;
}

static void flip(const struct fixture *f, off_t at, uint8_t bits)
{
    uint8_t byte;
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= bits;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* Any bit of any page, were it of the checksum itself. */
static void one_bit(void **state)
{
    struct fixture *f = *state;
    fill(f, true);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_OK);
    off_t size = size_of(f);
    assert_true(size > 20 * PAGE);
    for (off_t at = PAGE; at < size; at += 611) {
        flip(f, at, (uint8_t)(1 << at % 8));
        assert_int_equal(run(f, pages_vfs(), reading), SQLITE_CORRUPT);
        flip(f, at, (uint8_t)(1 << at % 8));
    }
    for (off_t at = 0; at < PAGE; at += at < 100 ? 1 : 127) {
        flip(f, at, 0x08);
        int rc = run(f, pages_vfs(), reading);
        assert_true(rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB);
        flip(f, at, 0x08);
    }
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_OK);
}

/* A page that lies where another should, whole and with its own checksum. */
static void another_page(void **state)
{
    struct fixture *f = *state;
    uint8_t page[PAGE];
    fill(f, true);
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, page, PAGE, 5 * PAGE), PAGE);
    assert_int_equal(pwrite(fd, page, PAGE, 6 * PAGE), PAGE);
    close(fd);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_CORRUPT);
}

/* A program of somebody else reads it, copies a log that was left into it, and has it written anew. */
static void others(void **state)
{
    struct fixture *f = *state;
    fill(f, true);
    assert_int_equal(run(f, "unix", reading), SQLITE_OK);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_OK);

    sqlite3 *db = open_with(f, pages_vfs());
    int keep = 1; /* the log stays when this one closes, as after a crash */
    assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE row SET b = randomblob(120) WHERE n % 7 = 0", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(run(f, "unix", "PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_OK);

    assert_int_equal(run(f, pages_vfs(), "UPDATE row SET b = randomblob(120)"), SQLITE_OK);
    assert_int_equal(run(f, "unix", "UPDATE row SET b = randomblob(90) WHERE n = 3"), SQLITE_OK);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_CORRUPT);
    assert_int_equal(run(f, "unix", "VACUUM"), SQLITE_OK);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_OK);
    /* What is written from then on has its checksum again. */
    assert_int_equal(run(f, pages_vfs(), "UPDATE row SET b = randomblob(100); VACUUM"), SQLITE_OK);
    flip(f, 3 * PAGE + 7, 1);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_CORRUPT);
}

/* A copy that SQLite makes has checksums, too. */
static void copied(void **state)
{
    struct fixture *f = *state;
    char sql[160];
    fill(f, true);
    snprintf(sql, sizeof sql, "VACUUM INTO '%s/b.db'", f->dir);
    assert_int_equal(run(f, pages_vfs(), sql), SQLITE_OK);
    snprintf(f->path, sizeof f->path, "%s/b.db", f->dir);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_OK);
    flip(f, 4 * PAGE + PAGE / 2, 0x40);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_CORRUPT);
}

/* Made before there was room: read and written as it is. */
static void without_room(void **state)
{
    struct fixture *f = *state;
    fill(f, false);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_OK);
    assert_int_equal(run(f, pages_vfs(), "UPDATE row SET b = randomblob(100)"), SQLITE_OK);
    assert_int_equal(run(f, "unix", "UPDATE row SET b = randomblob(90)"), SQLITE_OK);
    assert_int_equal(run(f, pages_vfs(), reading), SQLITE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(another_page, setup, teardown),
        cmocka_unit_test_setup_teardown(others, setup, teardown),
        cmocka_unit_test_setup_teardown(copied, setup, teardown),
        cmocka_unit_test_setup_teardown(without_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
