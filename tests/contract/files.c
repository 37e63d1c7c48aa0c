/* What is said of a store's files alone: whose they are, which are refused, and how those of an older version
 * are brought forward. */
#include "contract/spot.h"

#include "store/codes.h"
#include "store/offers.h"
#include "support/cm.h"

#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void raw_sql(struct spot *p, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int64_t raw_int(struct spot *p, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

static void a_missing_database_is_not_made_by_accident(void **state)
{
    struct spot *p = *state;
    struct store *s = NULL;
    struct err e = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/none.db", p->dir);
    assert_int_equal(store_open(path, merchant, 0, &s, &e), TP_E_NO_SHOP);
    assert_null(s);
    assert_int_equal(access(path, F_OK), -1);
}

static void the_database_is_its_owners_alone(void **state)
{
    struct spot *p = *state;
    struct stat st;
    assert_int_equal(stat(p->db, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_newer_and_a_foreign_database_are_refused(void **state)
{
    struct spot *p = *state;
    struct store *s = NULL;
    struct err e = {0};
    char back[64];
    snprintf(back, sizeof back, "PRAGMA user_version = %d; PRAGMA application_id = 7",
             (int)raw_int(p, "PRAGMA user_version"));
    raw_sql(p, "PRAGMA user_version = 99");
    assert_int_equal(store_open(p->db, merchant, 0, &s, &e), TP_E_NEWER);
    raw_sql(p, back);
    e = (struct err){0};
    assert_int_equal(store_open(p->db, merchant, 0, &s, &e), TP_E_CORRUPT);
    raw_sql(p, "PRAGMA application_id = 0x54507266");
    assert_int_equal(store_open(p->db, merchant, 0, &s, NULL), 0);
    store_close(s);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct spot *p = *state;
    struct store *s = NULL;
    struct err e = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/bad.db", p->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 4096; i++) {
        fputc(i * 7 % 251, f);
    }
    fclose(f);
    assert_int_equal(store_open(path, merchant, 0, &s, &e), TP_E_CORRUPT);
    unlink(path);
}

/* As version 1 left it. */
extern const unsigned char schema_0001[];

/* The tables of version 1 with what they share with this version's. */
static void go_back_to_version_1(struct spot *p)
{
    char old[512], sql[4096], columns[1024];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    store_close(p->s);
    p->s = NULL;
    snprintf(old, sizeof old, "%s.version1", p->db);
    assert_int_equal(sqlite3_open(old, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, (const char *)schema_0001, NULL, NULL, NULL), SQLITE_OK);
    snprintf(sql, sizeof sql, "ATTACH '%s' AS new", p->db);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(
            db,
            "SELECT t.name, group_concat(c.name) FROM main.sqlite_schema t, pragma_table_info(t.name) c "
            "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' GROUP BY t.name",
            -1, &st, NULL),
        SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(st, 0);
        snprintf(columns, sizeof columns, "%s", (const char *)sqlite3_column_text(st, 1));
        snprintf(sql, sizeof sql, "INSERT INTO main.%s (%s) SELECT %s FROM new.%s", table, columns, columns,
                 table);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    }
    sqlite3_finalize(st);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA user_version = 1; PRAGMA application_id = 0x54507266", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(rename(old, p->db), 0);
}

/* What came before the limits keeps its place: who won a coupon, who did not, and cards. */
static void older_redemptions_get_a_rank_and_a_stage(void **state)
{
    struct spot *p = *state;
    struct redemption_row a = redemption(1, 0), b = redemption(2, NONE), card = redemption(3, NONE), row,
                          other;
    struct sale_row sale = {.till = "till-1", .epoch = 1, .seq = 2, .time_ms = 1790000000000};
    a.grant = 7;
    b.outcome = TP_ALREADY_USED;
    card.batch = card.index = NONE;
    card.has_card = true;
    card.outcome = TP_VOIDED;
    struct redemption_row *all[] = {&a, &b, &card};
    for (size_t i = 0; i < 3; i++) {
        memcpy(sale.d, all[i]->d, HASH_SIZE);
        assert_int_equal(store_sale_put(p->s, &sale), 0);
        assert_int_equal(store_redemption_put(p->s, all[i]), 0);
    }
    go_back_to_version_1(p);
    assert_int_equal(store_open(p->db, merchant, 0, &p->s, NULL), 0);
    static const int stages[] = {STAGE_WON, CONTEST_COUPON, -TP_VOIDED};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(store_redemption(p->s, all[i]->d, 0, &row), 0);
        assert_int_equal(row.stage, stages[i]);
        memcpy(sale.d, all[i]->d, HASH_SIZE);
        redemption_rank(all[i], &sale);
        assert_string_equal(row.rank, all[i]->rank);
    }
    assert_int_equal(store_last_winner(p->s, CONTEST_COUPON, &a, &other), 0);
    assert_memory_equal(other.d, a.d, HASH_SIZE);
    assert_int_equal(store_first_loser(p->s, CONTEST_COUPON, &a, &other), 0);
    assert_memory_equal(other.d, b.d, HASH_SIZE);
    bool visited;
    assert_int_equal(store_visited(p->s, card.card, "", &visited), 0);
    assert_true(visited);
}

static void an_older_database_is_brought_forward_with_what_is_in_it(void **state)
{
    struct spot *p = *state;
    struct bytes code = bytes_str("123456789");
    struct batch_row batch;
    uint8_t memory[COUPON_MAX];
    struct buf coupon;
    int accept = 0;
    int64_t version = raw_int(p, "PRAGMA user_version");
    assert_int_equal(store_write(p->s, put_batch_7, &accept), 0);
    go_back_to_version_1(p);
    assert_int_equal(store_open(p->db, merchant, 0, &p->s, NULL), 0);
    assert_int_equal(raw_int(p, "PRAGMA user_version"), version);
    assert_int_equal(raw_int(p, "PRAGMA application_id"), 0x54507266);
    assert_int_equal(store_batch(p->s, 7, &batch), 0);
    assert_string_equal(batch.channel, "email");
    assert_int_equal(store_pickup_put(p->s, code, bytes_str("c"), 10), 0);
    buf_over(&coupon, memory, sizeof memory);
    assert_int_equal(store_pickup(p->s, code, 9, &coupon), 0);
}

/* A reader changes nothing, not even the version. */
static void an_older_database_is_not_read_before_it_is_brought_forward(void **state)
{
    struct spot *p = *state;
    struct err e = {0};
    go_back_to_version_1(p);
    assert_int_equal(store_open(p->db, merchant, STORE_READ_ONLY, &p->s, &e), TP_E_READ_ONLY);
    assert_non_null(strstr(e.text, "an earlier version"));
    assert_int_equal(raw_int(p, "PRAGMA user_version"), 1);
}

/* All of it or nothing. */
static void a_step_forward_that_fails_leaves_the_older_version(void **state)
{
    struct spot *p = *state;
    struct err e = {0};
    go_back_to_version_1(p);
    raw_sql(p, "CREATE TABLE pickup_miss (x)");
    assert_int_not_equal(store_open(p->db, merchant, 0, &p->s, &e), 0);
    p->s = NULL;
    assert_true(e.text[0] != 0);
    assert_int_equal(raw_int(p, "PRAGMA user_version"), 1);
    assert_int_equal(raw_int(p, "SELECT count(*) FROM sqlite_schema WHERE name = 'pickup'"), 0);
    raw_sql(p, "DROP TABLE pickup_miss");
    assert_int_equal(store_open(p->db, merchant, 0, &p->s, NULL), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest all[] = {
        T(a_missing_database_is_not_made_by_accident),
        T(the_database_is_its_owners_alone),
        T(a_newer_and_a_foreign_database_are_refused),
        T(a_file_that_is_no_database_is_refused),
        T(older_redemptions_get_a_rank_and_a_stage),
        T(an_older_database_is_brought_forward_with_what_is_in_it),
        T(an_older_database_is_not_read_before_it_is_brought_forward),
        T(a_step_forward_that_fails_leaves_the_older_version),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
