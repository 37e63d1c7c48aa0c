/* A host that is linked with the system's OpenSSL and SQLite, and works with them before, between, during and
 * after calls of the plugin, which has both inside: each keeps its own state, and every result is right. */
#include "guest.h"

#include <dlfcn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

struct own {
    EVP_PKEY *key;
    sqlite3 *db;
    char path[192];
    int64_t rows;
};

/* "abc", from FIPS 180-2, appendix B.1. */
static const uint8_t abc[32] = {0xBA, 0x78, 0x16, 0xBF, 0x8F, 0x01, 0xCF, 0xEA, 0x41, 0x41, 0x40,
                                0xDE, 0x5D, 0xAE, 0x22, 0x23, 0xB0, 0x03, 0x61, 0xA3, 0x96, 0x17,
                                0x7A, 0x9C, 0xB4, 0x10, 0xFF, 0x61, 0xF2, 0x00, 0x15, 0xAD};

static bool digests(void)
{
    uint8_t out[32];
    unsigned n = 0;
    return EVP_Digest("abc", 3, out, &n, EVP_sha256(), NULL) == 1 && n == 32 && memcmp(out, abc, 32) == 0;
}

static bool signs(EVP_PKEY *key)
{
    uint8_t signature[128], text[20];
    size_t n = sizeof signature;
    EVP_MD_CTX *one = EVP_MD_CTX_new(), *two = EVP_MD_CTX_new();
    bool good = RAND_bytes(text, sizeof text) == 1 &&
                EVP_DigestSignInit(one, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(one, signature, &n, text, sizeof text) == 1 &&
                EVP_DigestVerifyInit(two, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(two, signature, n, text, sizeof text) == 1;
    text[0] ^= 1;
    EVP_MD_CTX_free(two);
    two = EVP_MD_CTX_new();
    good = good && EVP_DigestVerifyInit(two, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestVerify(two, signature, n, text, sizeof text) != 1;
    ERR_clear_error();
    EVP_MD_CTX_free(one);
    EVP_MD_CTX_free(two);
    return good;
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        n = sqlite3_column_int64(st, 0);
    }
    sqlite3_finalize(st);
    return n;
}

/* One more row, and all of them are there. */
static bool stores(struct own *own)
{
    if (sqlite3_exec(own->db, "BEGIN IMMEDIATE; INSERT INTO sale(due) VALUES (7); COMMIT", NULL, NULL,
                     NULL)) {
        return false;
    }
    own->rows++;
    return ask(own->db, "SELECT sum(due) FROM sale") == 7 * own->rows &&
           ask(own->db, "PRAGMA user_version") == 42;
}

static bool works(struct own *own)
{
    return digests() && signs(own->key) && stores(own);
}

static void own_open(struct own *own, const char *name)
{
    snprintf(own->path, sizeof own->path, "%s/../%s.db", shop, name);
    own->rows = 0;
    own->key = EVP_EC_gen("P-256");
    assert_non_null(own->key);
    assert_int_equal(sqlite3_open(own->path, &own->db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(own->db,
                                  "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA user_version=42;"
                                  "CREATE TABLE sale(due INTEGER)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_true(works(own));
}

static void own_close(struct own *own)
{
    assert_int_equal(sqlite3_close(own->db), SQLITE_OK);
    EVP_PKEY_free(own->key);
}

static void they_are_two(void **state)
{
    Dl_info openssl, sqlite;
    (void)state;
    assert_int_not_equal(dladdr((void *)(intptr_t)EVP_sha256, &openssl), 0);
    assert_int_not_equal(dladdr((void *)(intptr_t)sqlite3_open, &sqlite), 0);
    assert_non_null(strstr(openssl.dli_fname, "libcrypto.so"));
    assert_non_null(strstr(sqlite.dli_fname, "libsqlite3.so"));
    assert_null(dlsym(plugin.object, "EVP_sha256")); /* looks in the plugin and in what it needs */
    assert_null(dlsym(plugin.object, "sqlite3_open"));
}

/* The first to run: the host's SQLite is not used yet, so it can still be configured, and has no memory,
 * though a till is open. */
static void an_open_till_uses_nothing_of_the_hosts_sqlite(void **state)
{
    struct tillproof *t = till_open(NULL);
    (void)state;
    assert_int_equal(sale_ring(t, "first", 0, coupons[0]), 0);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_SERIALIZED), SQLITE_OK); /* MISUSE once it has begun */
    assert_int_equal(sqlite3_memory_used(), 0);
    assert_int_equal(ERR_peek_error(), 0);
    till_close(t);
}

static void both_work_between_the_calls(void **state)
{
    struct own own;
    struct tillproof *t = NULL;
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_tender cash = {.size = sizeof cash, .amount = DUE, .kind = "cash"};
    struct tillproof_commit c = {.size = sizeof c};
    int64_t sale = 0;
    (void)state;
    own_open(&own, "between");
    t = till_open(NULL);
    assert_true(works(&own));
    assert_int_equal(sale_fill(t, "between", 0, coupons[1], &sale), 0);
    assert_true(works(&own));
    assert_int_equal(plugin.quote_(t, sale, &q), 0);
    assert_true(works(&own));
    assert_int_equal(plugin.hold_(t, sale, 20000, &q), 0);
    assert_true(works(&own));
    assert_int_equal(q.due, DUE);
    assert_int_equal(plugin.commit_(t, sale, "R", &cash, 1, &c), 0);
    assert_true(works(&own));
    till_close(t);
    assert_true(works(&own));
    own_close(&own);
}

/* A host's transaction and its error queue are open across calls, and stay as they are. */
static void what_the_host_has_under_way_stays(void **state)
{
    struct own own;
    struct tillproof *t = till_open(NULL);
    struct tillproof_presentation p = {.size = sizeof p};
    int64_t sale = 0;
    (void)state;
    own_open(&own, "under-way");
    assert_int_equal(sqlite3_exec(own.db, "BEGIN; INSERT INTO sale(due) VALUES (100)", NULL, NULL, NULL), 0);
    ERR_raise(ERR_LIB_USER, 123);
    unsigned long raised = ERR_peek_error();
    assert_int_equal(sale_fill(t, "under-way", 0, NULL, &sale), 0);
    assert_int_equal(plugin.present_(t, sale, TILLPROOF_SCAN, "807011234567890", 15, &p), 0);
    assert_int_not_equal(p.outcome, TILLPROOF_OK);
    assert_int_equal(sale_ring(t, "under-way", 0, coupons[2]), 0);
    assert_int_equal(ERR_peek_error(), raised);
    assert_int_equal(ERR_peek_last_error(), raised);
    ERR_clear_error();
    assert_false(sqlite3_get_autocommit(own.db));
    assert_int_equal(sqlite3_exec(own.db, "ROLLBACK", NULL, NULL, NULL), 0);
    assert_true(stores(&own));
    till_close(t);
    own_close(&own);
}

static int stop; /* atomic */
static int64_t rounds;

static void *work_on(void *arg)
{
    struct own *own = arg;
    bool good = true;
    while (good && !__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        good = works(own);
        __atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
    }
    return good ? NULL : own;
}

static void both_work_during_the_calls(void **state)
{
    struct own own[2];
    pthread_t threads[2];
    char reference[32];
    (void)state;
    for (int i = 0; i < 2; i++) {
        own_open(&own[i], i ? "during-1" : "during-0");
        assert_int_equal(pthread_create(&threads[i], NULL, work_on, &own[i]), 0);
    }
    for (int i = 0; i < 10; i++) {
        struct tillproof *t = till_open(NULL);
        snprintf(reference, sizeof reference, "during-%d", i);
        assert_int_equal(sale_ring(t, reference, 0, i < 4 ? coupons[4 + i] : NULL), 0);
        till_close(t);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < 2; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
        assert_int_equal(ask(own[i].db, "SELECT count(*) FROM sale"), own[i].rows);
        own_close(&own[i]);
    }
    assert_true(rounds > 10);
}

/* The host ends its OpenSSL and SQLite; the plugin's go on. */
static void the_hosts_end_is_not_the_plugins(void **state)
{
    struct tillproof *t = till_open(NULL);
    (void)state;
    assert_int_equal(sqlite3_shutdown(), SQLITE_OK);
    OPENSSL_cleanup();
    assert_int_equal(sale_ring(t, "last", 0, coupons[8]), 0);
    till_close(t);
    t = till_open(NULL);
    assert_int_equal(sale_ring(t, "the-very-last", 0, coupons[9]), 0);
    till_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        quiet_test(an_open_till_uses_nothing_of_the_hosts_sqlite),
        quiet_test(they_are_two),
        quiet_test(both_work_between_the_calls),
        quiet_test(what_the_host_has_under_way_stays),
        quiet_test(both_work_during_the_calls),
        quiet_test(the_hosts_end_is_not_the_plugins),
    };
    return cmocka_run_group_tests(tests, shop_make, shop_drop);
}
