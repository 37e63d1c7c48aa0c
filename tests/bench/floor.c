#include "tests/bench/internal.h"

#include "wire/hash.h"

#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROW_MAX = 1024 * 1024 };

static int sign(struct floor *f, const uint8_t *bytes, size_t size)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    f->signature_size = sizeof f->signature;
    int good = ctx && EVP_DigestSignInit_ex(ctx, NULL, "SHA256", crypto_context(), NULL, f->key, NULL) == 1 &&
               EVP_DigestSign(ctx, f->signature, &f->signature_size, bytes, size) == 1;
    EVP_MD_CTX_free(ctx);
    return good ? 0 : TP_E_CRYPTO;
}

static int open_key(struct floor *f)
{
    f->key = EVP_PKEY_Q_keygen(crypto_context(), NULL, "EC", "P-256");
    return f->key ? sign(f, f->message, sizeof f->message) : TP_E_CRYPTO;
}

int floor_open(struct floor *f, const char *dir, struct err *e)
{
    char path[SHOP_PATH_MAX];
    *f = (struct floor){0};
    int rc = open_key(f);
    if (rc) {
        return err_code(e, rc);
    }
    snprintf(path, sizeof path, "%s/floor.db", dir);
    bool good =
        sqlite3_open(path, &f->db) == SQLITE_OK &&
        sqlite3_exec(f->db,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "CREATE TABLE row (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
                     NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(f->db, "INSERT INTO row (bytes) VALUES (?)", -1, &f->insert, NULL) == SQLITE_OK;
    return good ? 0 : err_set(e, TP_E_IO, "floor.db: %s", f->db ? sqlite3_errmsg(f->db) : "no memory");
}

void floor_close(struct floor *f)
{
    sqlite3_finalize(f->insert);
    sqlite3_close(f->db);
    EVP_PKEY_free(f->key);
    *f = (struct floor){0};
}

int floor_verify(struct floor *f, struct samples *s, struct err *e)
{
    int64_t from = now_ns();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int good = ctx &&
               EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", crypto_context(), NULL, f->key, NULL) == 1 &&
               EVP_DigestVerify(ctx, f->signature, f->signature_size, f->message, sizeof f->message) == 1;
    EVP_MD_CTX_free(ctx);
    samples_add(s, now_ns() - from);
    return good ? 0 : err_code(e, TP_E_CRYPTO);
}

int floor_sign(struct floor *f, struct samples *s, struct err *e)
{
    int64_t from = now_ns();
    int rc = sign(f, f->message, sizeof f->message);
    samples_add(s, now_ns() - from);
    return rc ? err_code(e, rc) : 0;
}

int floor_rows(struct floor *f, size_t size, struct samples *s, struct err *e)
{
    enum { TRANSACTIONS = 20, ROWS = 500 };
    uint8_t *row = calloc(1, size);
    bool good = row != NULL;
    for (int i = 0; i < TRANSACTIONS && good; i++) {
        int64_t from = now_ns();
        good = sqlite3_exec(f->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
        for (int k = 0; k < ROWS && good; k++) {
            sqlite3_bind_blob64(f->insert, 1, row, size, SQLITE_STATIC);
            good = sqlite3_step(f->insert) == SQLITE_DONE;
            sqlite3_reset(f->insert);
        }
        good = good && sqlite3_exec(f->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
        samples_add(s, (now_ns() - from) / ROWS);
    }
    free(row);
    return good ? 0 : err_set(e, TP_E_IO, "floor.db: %s", sqlite3_errmsg(f->db));
}

int floor_write(struct floor *f, size_t size, struct samples *s, struct err *e)
{
    uint8_t *row = calloc(1, size ? size : 1);
    if (!row) {
        return err_code(e, TP_E_MEMORY);
    }
    uint8_t kept[sizeof f->signature];
    size_t kept_size = f->signature_size;
    memcpy(kept, f->signature, sizeof kept);
    int64_t from = now_ns();
    int rc = sign(f, row, size);
    sqlite3_bind_blob64(f->insert, 1, row, size, SQLITE_STATIC);
    if (rc == 0 && sqlite3_step(f->insert) != SQLITE_DONE) {
        rc = TP_E_IO;
    }
    sqlite3_reset(f->insert);
    samples_add(s, now_ns() - from);
    memcpy(f->signature, kept, sizeof kept);
    f->signature_size = kept_size;
    free(row);
    return rc ? err_set(e, rc, "floor.db: %s", sqlite3_errmsg(f->db)) : 0;
}

int floor_start(const char *dir, struct samples *s, struct err *e)
{
    char path[SHOP_PATH_MAX];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/start.db", dir);
    int64_t from = now_ns();
    bool good = sqlite3_open(path, &db) == SQLITE_OK &&
                sqlite3_exec(db,
                             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                             "CREATE TABLE IF NOT EXISTS row (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
                             "INSERT INTO row (bytes) VALUES (zeroblob(16))",
                             NULL, NULL, NULL) == SQLITE_OK;
    int64_t ns = now_ns() - from;
    samples_add(s, ns);
    sqlite3_close(db);
    return good ? 0 : err_set(e, TP_E_IO, "start.db cannot be written");
}

static int size_in(const char *path, const char *sql, size_t *size, struct err *e)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int64_t n = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        n = sqlite3_column_int64(st, 0);
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
    if (n < 1 || n > ROW_MAX) {
        return err_set(e, TP_E_CORRUPT, "the size of a row cannot be read from the shop's databases");
    }
    *size = (size_t)n;
    return 0;
}

int floor_sizes(const char *shop, size_t *commit, size_t *hold, struct err *e)
{
    char path[SHOP_PATH_MAX];
    snprintf(path, sizeof path, "%s/tills/till1/till.db", shop);
    int rc = size_in(path,
                     "SELECT length(raw) + ifnull(length(lines), 0) + ifnull(length(person), 0)"
                     " FROM record ORDER BY n DESC LIMIT 1",
                     commit, e);
    if (rc) {
        return rc;
    }
    snprintf(path, sizeof path, "%s/authority/authority.db", shop);
    return size_in(path, "SELECT max(length(content)) FROM answer", hold, e);
}
