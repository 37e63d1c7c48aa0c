/* SQLite: opening, schema, transactions, and the cache of prepared statements. */
#include "store/sql.h"

#include "pages/pages.h"

#include <sqlite3.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x54507266, BUSY_MS = 8000, STATEMENT_CACHE = 128 };

struct statement_rows {
    struct rows head;
    const char *text; /* a literal: compared by address; NULL: not one of the cache */
    sqlite3_stmt *stmt;
};

struct sqlite_store {
    struct store head;
    sqlite3 *db;
    struct statement_rows cache[STATEMENT_CACHE];
};

static const struct backend sqlite_backend;

static struct sqlite_store *own(struct store *s)
{
    return (struct sqlite_store *)(void *)s;
}

static sqlite3_stmt *stmt_of(struct rows *st)
{
    return ((struct statement_rows *)(void *)st)->stmt;
}

/* What brings a database from each version to the next; the version is how many there are. */
extern const unsigned char *const schema_steps[];
extern const int64_t schema_version;

static int fault(struct sqlite_store *s, int sqlite_rc)
{
    bool its_own = s->db && sqlite3_errcode(s->db) != SQLITE_OK;
    snprintf(s->head.error, sizeof s->head.error, "%s",
             its_own ? sqlite3_errmsg(s->db) : sqlite3_errstr(sqlite_rc));
    switch (sqlite_rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TP_E_BUSY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return TP_E_READ_ONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return TP_E_CORRUPT;
    case SQLITE_NOMEM:
        return TP_E_MEMORY;
    case SQLITE_CONSTRAINT:
        return TP_E_EXISTS;
    default:
        return TP_E_IO;
    }
}

static int pragma_int(struct sqlite_store *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *out = sqlite3_column_int64(st, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return rc == SQLITE_OK ? 0 : fault(s, rc);
}

static int exec(struct sqlite_store *s, const char *sql)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : fault(s, rc);
}

/*
 * Without statistics SQLite takes every column of an index for selective, the merchant too, of whom a file
 * has one: it would rather scan a table that is kept by (merchant, ...) than step through the index that was
 * made for the query. These say that the merchant alone selects nothing.
 */
static const char statistics[] =
    "ANALYZE; DELETE FROM sqlite_stat1;"
    "INSERT INTO sqlite_stat1 SELECT tbl_name, name, '1000000 1000000' FROM sqlite_schema WHERE type = "
    "'index' "
    "UNION ALL SELECT name, name, '1000000 1000000' FROM sqlite_schema WHERE type = 'table' "
    "AND sql LIKE '%WITHOUT ROWID%'; ANALYZE sqlite_schema";

/* Inside BEGIN IMMEDIATE, so that two openers make the schema once. */
static int migrate(struct sqlite_store *s)
{
    int64_t version = 0;
    int rc = pragma_int(s, "PRAGMA user_version", &version);
    if (rc || version == schema_version) {
        return rc;
    }
    if (version > schema_version) {
        return TP_E_NEWER;
    }
    while (rc == 0 && version < schema_version) {
        rc = version < 0 ? TP_E_CORRUPT : exec(s, (const char *)schema_steps[version++]);
    }
    rc = rc ? rc : exec(s, statistics);
    char mark[80];
    snprintf(mark, sizeof mark, "PRAGMA application_id=%d; PRAGMA user_version=%" PRId64, APPLICATION_ID,
             schema_version);
    return rc ? rc : exec(s, mark);
}

static int settle(struct sqlite_store *s, int flags)
{
    int64_t version = 0, application = 0;
    int rc = exec(s, "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON;"
                     "PRAGMA cell_size_check=ON");
    if (rc == 0) {
        rc = pragma_int(s, "PRAGMA user_version", &version);
    }
    if (rc == 0) {
        rc = pragma_int(s, "PRAGMA application_id", &application);
    }
    if (rc) {
        return rc;
    }
    if (version > schema_version) {
        return TP_E_NEWER;
    }
    if (version > 0 && application != APPLICATION_ID) {
        return TP_E_CORRUPT;
    }
    if (flags & STORE_READ_ONLY) {
        if (version > 0 && version < schema_version) {
            snprintf(s->head.error, sizeof s->head.error,
                     "an earlier version wrote it: open it once where it can be written");
            return TP_E_READ_ONLY;
        }
        return version > 0 ? 0 : TP_E_NO_SHOP;
    }
    /* Pages that each commit changes again are copied into the database less often, and read less often. */
    if ((rc = exec(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192; "
                      "PRAGMA wal_autocheckpoint=16000")) ||
        version == schema_version) {
        return rc;
    }
    if ((rc = exec(s, "BEGIN IMMEDIATE")) == 0 && (rc = migrate(s)) == 0) {
        rc = exec(s, "COMMIT");
    }
    if (rc) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

static void close_store(struct store *store)
{
    struct sqlite_store *s = own(store);
    for (size_t i = 0; i < STATEMENT_CACHE; i++) {
        sqlite3_finalize(s->cache[i].stmt);
    }
    sqlite3_close(s->db);
    free(s);
}

static int open_file(struct sqlite_store *s, const char *path, int flags)
{
    int mode = flags & STORE_READ_ONLY
                   ? SQLITE_OPEN_READONLY
                   : SQLITE_OPEN_READWRITE | (flags & STORE_CREATE ? SQLITE_OPEN_CREATE : 0);
    if (flags & STORE_CREATE) {
        /* SQLite gives its -wal and -shm the mode of the database. */
        int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0) {
            close(fd);
        }
    }
    const char *vfs = pages_vfs();
    int rc = vfs ? sqlite3_open_v2(path, &s->db, mode | SQLITE_OPEN_NOMUTEX, vfs) : SQLITE_NOMEM;
    if (rc == SQLITE_OK && flags & STORE_CREATE) {
        rc = pages_reserve(s->db);
    }
    if (rc != SQLITE_OK) {
        return fault(s, rc);
    }
    if (!(flags & STORE_READ_ONLY) && sqlite3_db_readonly(s->db, "main") != 0) {
        /* A file that cannot be opened for writing just now is opened for reading alone, without a word. */
        return fault(s, SQLITE_READONLY);
    }
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return settle(s, flags);
}

int sqlite_open(const char *path, const uint8_t merchant[ID_SIZE], int flags, struct store **out,
                struct err *e)
{
    if (!(flags & STORE_CREATE) && access(path, F_OK) != 0) {
        return err_set(e, TP_E_NO_SHOP, "the authority's database is missing");
    }
    if (!(flags & (STORE_READ_ONLY | STORE_CREATE)) && access(path, W_OK) != 0) {
        return err_code(e, TP_E_READ_ONLY);
    }
    struct sqlite_store *s = calloc(1, sizeof *s);
    if (!s) {
        return err_code(e, TP_E_MEMORY);
    }
    s->head.backend = &sqlite_backend;
    memcpy(s->head.merchant, merchant, ID_SIZE);
    int rc = open_file(s, path, flags);
    if (rc) {
        err_set(e, rc, "the authority's database: %s", rc == TP_E_NEWER ? code_sentence(rc) : s->head.error);
        close_store(&s->head);
        return rc;
    }
    *out = &s->head;
    return 0;
}

static void rollback(struct store *s)
{
    sqlite3_exec(own(s)->db, "ROLLBACK", NULL, NULL, NULL);
}

static int undo(struct store *s)
{
    return exec(own(s), "ROLLBACK TO one; RELEASE one");
}

/* A cached statement, or a fresh one when the cached one is being stepped further up the stack. */
static int prepare(struct sqlite_store *s, struct statement_rows **st, const char *text)
{
    size_t i = 0;
    while (i < STATEMENT_CACHE && s->cache[i].text && s->cache[i].text != text) {
        i++;
    }
    struct statement_rows *r = i < STATEMENT_CACHE ? &s->cache[i] : NULL;
    if (r && r->stmt && !sqlite3_stmt_busy(r->stmt)) {
        *st = r;
        return 0;
    }
    bool keep = r && !r->stmt;
    if (!keep && !(r = calloc(1, sizeof *r))) {
        return fault(s, SQLITE_NOMEM);
    }
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v3(s->db, text, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, &stmt, NULL);
    if (rc != SQLITE_OK) {
        if (!keep) {
            free(r);
        }
        return fault(s, rc);
    }
    *r = (struct statement_rows){{&sqlite_backend}, keep ? text : NULL, stmt};
    *st = r;
    return 0;
}

/* A literal without parameters, from the cache. */
static int step(struct sqlite_store *s, const char *text)
{
    struct statement_rows *r = NULL;
    int rc = prepare(s, &r, text);
    if (rc) {
        return rc;
    }
    rc = sqlite3_step(r->stmt);
    rc = rc == SQLITE_DONE ? 0 : fault(s, rc);
    if (r->text) {
        sqlite3_reset(r->stmt);
    } else {
        sqlite3_finalize(r->stmt);
        free(r);
    }
    return rc;
}

static int begin(struct store *s, bool write)
{
    return step(own(s), write ? "BEGIN IMMEDIATE" : "BEGIN");
}

static int commit(struct store *s)
{
    return step(own(s), "COMMIT");
}

static int save(struct store *s)
{
    return step(own(s), "SAVEPOINT one");
}

static int keep(struct store *s)
{
    return step(own(s), "RELEASE one");
}

static int bind_one(sqlite3_stmt *st, int at, char type, va_list *args)
{
    if (type == 'i') {
        int64_t v = va_arg(*args, int64_t);
        return v == NONE ? sqlite3_bind_null(st, at) : sqlite3_bind_int64(st, at, v);
    }
    if (type == 't') {
        return sqlite3_bind_text(st, at, va_arg(*args, const char *), -1, SQLITE_TRANSIENT);
    }
    if (type == 'v' || type == 'x') {
        struct bytes b = va_arg(*args, struct bytes);
        if (b.n > INT32_MAX) {
            return SQLITE_TOOBIG;
        }
        const char *p = b.p ? (const char *)b.p : "";
        return type == 'v' ? sqlite3_bind_blob(st, at, p, (int)b.n, SQLITE_TRANSIENT)
                           : sqlite3_bind_text(st, at, p, (int)b.n, SQLITE_TRANSIENT);
    }
    const uint8_t *p = va_arg(*args, const uint8_t *);
    int n = type == 'h' ? HASH_SIZE : type == 'd' ? ID_SIZE : REF_SIZE;
    return p ? sqlite3_bind_blob(st, at, p, n, SQLITE_TRANSIENT) : sqlite3_bind_null(st, at);
}

static void end_rows(struct store *s, struct rows *st)
{
    struct statement_rows *r = (struct statement_rows *)(void *)st;
    (void)s;
    if (r->text) {
        sqlite3_reset(r->stmt);
        sqlite3_clear_bindings(r->stmt);
        return;
    }
    sqlite3_finalize(r->stmt);
    free(r);
}

static int open_rows(struct store *s, struct rows **st, const char *text, const char *types, va_list *args)
{
    struct statement_rows *r = NULL;
    int rc = prepare(own(s), &r, text);
    if (rc) {
        return rc;
    }
    rc = sqlite3_bind_blob(r->stmt, 1, s->merchant, ID_SIZE, SQLITE_STATIC);
    types += *types == '*'; /* every row is fetched when it is asked for */
    for (int at = 2; rc == SQLITE_OK && *types; at++) {
        rc = bind_one(r->stmt, at, *types++, args);
    }
    if (rc != SQLITE_OK) {
        rc = fault(own(s), rc);
        end_rows(s, &r->head);
        return rc;
    }
    *st = &r->head;
    return 0;
}

static int next_row(struct store *s, struct rows *st)
{
    int rc = sqlite3_step(stmt_of(st));
    if (rc == SQLITE_ROW) {
        return SQL_ROW;
    }
    rc = rc == SQLITE_DONE ? SQL_DONE : fault(own(s), rc);
    end_rows(s, st);
    return rc;
}

static int run(struct store *s, const char *text, const char *types, va_list *args)
{
    struct rows *st = NULL;
    int rc = open_rows(s, &st, text, types, args);
    while (rc == 0 && (rc = next_row(s, st)) == SQL_ROW) {
        rc = 0;
    }
    return rc;
}

static int64_t changes(struct store *s)
{
    return sqlite3_changes64(own(s)->db);
}

static int copy(struct store *s, const char *path)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(own(s)->db, "VACUUM INTO ?1", -1, &st, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_bind_text(st, 1, path, -1, SQLITE_TRANSIENT)) == SQLITE_OK) {
        rc = sqlite3_step(st);
    }
    rc = rc == SQLITE_DONE ? 0 : fault(own(s), rc);
    sqlite3_finalize(st);
    return rc;
}

/*
 * What was deleted stands on in free pages and in the gaps of others, and in the write-ahead log. The
 * database is written anew from what it holds, through a file, however large it is; then the log is taken in
 * and cut to nothing.
 */
static int scrub(struct store *store)
{
    struct sqlite_store *s = own(store);
    int64_t busy = 0;
    int rc = exec(s, "PRAGMA temp_store=FILE; VACUUM");
    rc = rc ? rc : pragma_int(s, "PRAGMA wal_checkpoint(TRUNCATE)", &busy);
    int back = exec(s, "PRAGMA temp_store=MEMORY");
    if (rc == 0 && busy) {
        snprintf(s->head.error, sizeof s->head.error, "another process reads the database");
        return TP_E_BUSY;
    }
    return rc ? rc : back;
}

static int columns(struct rows *st)
{
    return sqlite3_column_count(stmt_of(st));
}

static bool is_null(struct rows *st, int column)
{
    return sqlite3_column_type(stmt_of(st), column) == SQLITE_NULL;
}

static bool is_blob(struct rows *st, int column)
{
    return sqlite3_column_type(stmt_of(st), column) == SQLITE_BLOB;
}

static int64_t integer(struct rows *st, int column)
{
    return sqlite3_column_int64(stmt_of(st), column);
}

static struct bytes content(struct rows *st, int column)
{
    const void *p = sqlite3_column_blob(stmt_of(st), column);
    int n = sqlite3_column_bytes(stmt_of(st), column);
    return bytes_of(p ? p : "", n > 0 ? (size_t)n : 0);
}

static const struct backend sqlite_backend = {
    .close = close_store,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .save = save,
    .keep = keep,
    .undo = undo,
    .run = run,
    .open = open_rows,
    .next = next_row,
    .end = end_rows,
    .changes = changes,
    .copy = copy,
    .scrub = scrub,
    .columns = columns,
    .is_null = is_null,
    .is_blob = is_blob,
    .integer = integer,
    .content = content,
};
