/* What every store must do (plugin/store/store.h): on a SQLite file, or on the server that
 * TILLPROOF_TEST_STORE names, where each test has merchants of its own. What is said of files alone is left
 * out there. */
#include "base/clock.h"
#include "store/postgres/postgres.h"
#include "store/store.h"
#include "support/cm.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t merchant[ID_SIZE] = {1}, other_merchant[ID_SIZE] = {2};
static const char *server; /* NULL: files */

struct spot {
    char dir[64], db[300];
    struct store *s;
};

static int setup(void **state)
{
    struct spot *p = test_calloc(1, sizeof *p);
    snprintf(p->dir, sizeof p->dir, "/tmp/tillproof-store-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->db, sizeof p->db, "%s/a.db", p->dir);
    if (server) {
        snprintf(p->db, sizeof p->db, "%s", server);
        assert_int_equal(random_bytes(merchant, ID_SIZE), 0);
        assert_int_equal(random_bytes(other_merchant, ID_SIZE), 0);
    }
    assert_int_equal(store_open(p->db, merchant, STORE_CREATE, &p->s, NULL), 0);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct spot *p = *state;
    static const char *const ends[] = {"", "-wal", "-shm"};
    store_close(p->s);
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/a.db%s", p->dir, ends[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(p->dir), 0);
    test_free(p);
    return 0;
}

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

static int put_batch_7(struct store *s, void *arg)
{
    struct batch_row row = {.number = 7, .last = 9, .exp = 1, .channel = "email"};
    int rc = store_batch_put(s, &row);
    return rc ? rc : *(int *)arg;
}

static void a_transaction_that_fails_leaves_nothing(void **state)
{
    struct spot *p = *state;
    struct batch_row row;
    int refuse = TP_EXPIRED, accept = 0;
    assert_int_equal(store_write(p->s, put_batch_7, &refuse), TP_EXPIRED);
    assert_int_equal(store_batch(p->s, 7, &row), STORE_NOT_FOUND);
    assert_int_equal(store_write(p->s, put_batch_7, &accept), 0);
    assert_int_equal(store_batch(p->s, 7, &row), 0);
    assert_string_equal(row.channel, "email");
    assert_int_equal(store_write(p->s, put_batch_7, &accept), TP_BAD_STATEMENT);
}

enum { MANY = 450 };

struct walk {
    struct store *s;
    int64_t next;
};

static int look_beside(void *arg, const struct checkpoint_row *row)
{
    struct walk *w = arg;
    uint8_t hash[HASH_SIZE];
    assert_int_equal(row->size, w->next++);
    assert_int_equal(store_node(w->s, 1, row->size, hash), 0);
    assert_int_equal(hash[0], row->root[0]);
    return w->next > MANY ? 77 : 0; /* left early, at the last one */
}

static int put_many(struct store *s, void *arg)
{
    struct checkpoint_row c = {.raw = bytes_str("raw"), .note = bytes_str("")};
    int rc = 0;
    (void)arg;
    for (c.size = 1; c.size <= MANY && rc == 0; c.size++) {
        c.root[0] = (uint8_t)c.size;
        rc = store_checkpoint_put(s, &c);
        rc = rc ? rc : store_node_put(s, 1, c.size, c.root);
    }
    return rc;
}

static int walk_many(struct store *s, void *arg)
{
    struct walk w = {s, 1};
    int rc = store_checkpoints(s, 1, INT64_MAX, look_beside, &w);
    assert_int_equal(rc, 77);
    assert_int_equal(w.next, MANY + 1);
    return arg ? 0 : TP_EXPIRED;
}

static void many_rows_are_stepped_through_while_others_are_asked(void **state)
{
    struct spot *p = *state;
    assert_int_equal(store_write(p->s, put_many, NULL), 0);
    assert_int_equal(store_read(p->s, walk_many, p), 0);
    assert_int_equal(store_write(p->s, walk_many, NULL), TP_EXPIRED);
    assert_int_equal(walk_many(p->s, p), 0); /* outside of a transaction, too */
}

static void one_merchant_does_not_see_another(void **state)
{
    struct spot *p = *state;
    struct store *s = NULL;
    struct batch_row row;
    int accept = 0;
    int64_t last = -1;
    assert_int_equal(store_open(p->db, other_merchant, 0, &s, NULL), 0);
    assert_int_equal(store_write(p->s, put_batch_7, &accept), 0);
    assert_int_equal(store_batch(s, 7, &row), STORE_NOT_FOUND);
    assert_int_equal(store_batch_last(s, &last), 0);
    assert_int_equal(last, 0);
    assert_int_equal(store_write(s, put_batch_7, &accept), 0);
    store_close(s);
}

static void one_slot_is_reserved_once(void **state)
{
    struct spot *p = *state;
    struct reservation_row row = {
        .sale = {1}, .batch = 1, .index = 2, .until_ms = 100, .till = "t1", .number = 1};
    assert_int_equal(store_reservation_put(p->s, &row), 0);
    row.sale[0] = 2;
    assert_int_equal(store_reservation_put(p->s, &row), TP_HELD);
    row.slot = 1;
    assert_int_equal(store_reservation_put(p->s, &row), 0);
    assert_int_equal(store_reservations_expire(p->s, 99), 0);
    row.slot = 0;
    assert_int_equal(store_reservation_put(p->s, &row), TP_HELD);
    assert_int_equal(store_reservations_expire(p->s, 100), 0);
    assert_int_equal(store_reservation_put(p->s, &row), 0);
    assert_int_equal(store_reservations_drop(p->s, row.sale), 0);
    assert_int_equal(store_reservation_put(p->s, &row), 0);
}

static struct redemption_row redemption(uint8_t commit, int64_t slot)
{
    struct redemption_row r = {
        .d = {commit}, .version = 1, .batch = 1, .index = 1, .grant = NONE, .discount = 100, .slot = slot};
    r.stage = slot == NONE ? CONTEST_COUPON : STAGE_WON;
    return r;
}

static void a_committed_sale_keeps_its_highest_rev(void **state)
{
    static const int64_t told[] = {3, 2, 5}, kept[] = {3, 3, 5};
    struct spot *p = *state;
    struct rev_row row = {.rev = 1};
    uint8_t sale[ID_SIZE] = {7}, other[ID_SIZE] = {8};
    assert_int_equal(store_rev_put(p->s, sale, &row), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(store_rev_finish(p->s, sale, told[i]), 0);
        assert_int_equal(store_rev(p->s, sale, &row), 0);
        assert_int_equal(row.rev, kept[i]);
        assert_true(row.finished);
    }
    assert_int_equal(store_rev_finish(p->s, other, 2), 0);
    assert_int_equal(store_rev(p->s, other, &row), 0);
    assert_int_equal(row.rev, 2);
}

static void one_use_is_won_by_one_redemption(void **state)
{
    struct spot *p = *state;
    struct redemption_row a = redemption(1, 0), b = redemption(2, 0), loser = redemption(3, NONE);
    int64_t uses = 0;
    assert_int_equal(store_redemption_put(p->s, &a), 0);
    assert_int_equal(store_redemption_put(p->s, &b), TP_E_EXISTS);
    assert_int_equal(store_redemption_put(p->s, &loser), 0);
    loser.slot = 0;
    assert_int_equal(store_redemption_rank(p->s, &loser), TP_E_EXISTS);
    assert_int_equal(store_coupon_uses(p->s, 1, 1, &uses), 0);
    assert_int_equal(uses, 1);
    loser.slot = NONE;
    loser.stage = CONTEST_CUSTOMER;
    assert_int_equal(store_redemption_rank(p->s, &loser), 0);
    assert_int_equal(store_coupon_uses(p->s, 1, 1, &uses), 0);
    assert_int_equal(uses, 2);
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

static void claims_are_counted_until_their_time(void **state)
{
    struct spot *p = *state;
    struct claim_row row = {.sale = {1},
                            .offer = {1},
                            .has_customer = true,
                            .customer = {9},
                            .fresh = true,
                            .amount = 250,
                            .number = 1,
                            .until_ms = 100,
                            .till = "t1"},
                     found;
    struct tally_row sum;
    int64_t n;
    assert_int_equal(store_claim_put(p->s, &row), 0);
    assert_int_equal(store_claim_put(p->s, &row), TP_E_EXISTS);
    row.sale[0] = 2;
    row.has_customer = row.fresh = false;
    row.until_ms = 200;
    assert_int_equal(store_claim_put(p->s, &row), 0);
    assert_int_equal(store_claims(p->s, row.offer, &sum), 0);
    assert_true(sum.uses == 2 && sum.spent == 500);
    assert_int_equal(store_customer_claims(p->s, row.offer, row.customer, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_fresh_claim(p->s, row.customer, &found), 0);
    assert_string_equal(found.till, "t1");
    assert_int_equal(store_reservations_expire(p->s, 100), 0);
    assert_int_equal(store_claims(p->s, row.offer, &sum), 0);
    assert_true(sum.uses == 1 && sum.spent == 250);
    assert_int_equal(store_fresh_claim(p->s, row.customer, &found), STORE_NOT_FOUND);
    assert_int_equal(store_reservations_drop(p->s, row.sale), 0);
    assert_int_equal(store_claims(p->s, row.offer, &sum), 0);
    assert_true(sum.uses == 0 && sum.spent == 0);
}

static void a_claim_on_a_lease_is_no_claim_on_what_all_share(void **state)
{
    struct spot *p = *state;
    struct claim_row row = {
        .sale = {1}, .offer = {1}, .amount = 250, .number = 5, .until_ms = 100, .till = "t1"};
    struct tally_row sum;
    row.lease = 5;
    assert_int_equal(store_claim_put(p->s, &row), 0);
    assert_int_equal(store_claims(p->s, row.offer, &sum), 0);
    assert_true(sum.uses == 0 && sum.spent == 0);
    assert_int_equal(store_lease_claims(p->s, 5, &sum), 0);
    assert_true(sum.uses == 1 && sum.spent == 250);
    assert_int_equal(store_lease_claims(p->s, 6, &sum), 0);
    assert_true(sum.uses == 0 && sum.spent == 0);
    assert_int_equal(store_reservations_expire(p->s, 100), 0);
    assert_int_equal(store_lease_claims(p->s, 5, &sum), 0);
    assert_int_equal(sum.uses, 0);
}

static int count_lease(void *arg, const struct lease_row *row)
{
    (void)row;
    (*(int *)arg)++;
    return 0;
}

static int count_leases(struct spot *p, const char *till)
{
    int n = 0;
    assert_int_equal(store_leases(p->s, till, count_lease, &n), 0);
    return n;
}

static struct lease_row leased(int64_t number, const char *till, int64_t first, int64_t last)
{
    struct lease_row row = {.number = number,
                            .d = {(uint8_t)number},
                            .offer = {1},
                            .epoch = 1,
                            .from_ms = 1,
                            .until_ms = 2,
                            .uses = 10,
                            .amount = NONE,
                            .batch = first == NONE ? NONE : 7,
                            .first = first,
                            .last = last,
                            .left_uses = 10};
    snprintf(row.till, sizeof row.till, "%s", till);
    return row;
}

static void a_lease_is_listed_and_counted_while_it_keeps_something(void **state)
{
    struct spot *p = *state;
    struct lease_row a = leased(1, "t1", NONE, NONE), b = leased(2, "t2", 0, 9), c = leased(3, "t2", 20, 29),
                     row;
    struct lease_left left;
    assert_int_equal(store_lease_put(p->s, &a), 0);
    assert_int_equal(store_lease_put(p->s, &b), 0);
    assert_int_equal(store_lease_put(p->s, &c), 0);
    assert_int_equal(store_lease_put(p->s, &c), TP_E_EXISTS);
    assert_int_equal(store_lease_left(p->s, a.offer, &left), 0);
    assert_true(left.uses == 30 && left.amount == 0);
    assert_int_equal(count_leases(p, NULL), 3);
    assert_int_equal(count_leases(p, "t2"), 2);
    assert_int_equal(store_lease_of_coupon(p->s, 7, 9, &row), 0);
    assert_int_equal(row.number, 2);
    assert_int_equal(store_lease_of_coupon(p->s, 7, 10, &row), STORE_NOT_FOUND);
    assert_int_equal(store_lease_of_coupon(p->s, 7, 20, &row), 0);
    assert_int_equal(store_lease_of_coupon(p->s, 8, 0, &row), STORE_NOT_FOUND);
    b.left_uses = 0;
    b.given_back = true;
    assert_int_equal(store_lease_book(p->s, &b), 0);
    assert_int_equal(count_leases(p, NULL), 2);
    assert_int_equal(store_lease_of_coupon(p->s, 7, 9, &row), STORE_NOT_FOUND);
    assert_int_equal(store_lease_left(p->s, a.offer, &left), 0);
    assert_int_equal(left.uses, 20);
    assert_int_equal(store_lease_named(p->s, b.d, &row), 0);
    assert_true(row.number == 2 && row.given_back && row.amount == NONE && row.last == 9);
    assert_int_equal(store_lease(p->s, 9, &row), STORE_NOT_FOUND);
}

static int note_back(void *arg, const struct lease_back_row *row)
{
    int64_t *seen = arg;
    seen[++seen[0]] = row->written_off ? -row->uses : row->uses;
    return 0;
}

static void what_came_back_is_read_by_its_place_and_write_offs_last(void **state)
{
    struct spot *p = *state;
    int64_t seen[4] = {0};
    struct lease_back_row row = {.lease = {1}, .d = {1}, .till = "t1", .written_off = true, .uses = 3};
    assert_int_equal(store_lease_back_put(p->s, &row), 0);
    assert_int_equal(store_lease_back_put(p->s, &row), TP_E_EXISTS);
    row = (struct lease_back_row){.lease = {1}, .d = {2}, .till = "t1", .epoch = 1, .seq = 9, .uses = 4};
    assert_int_equal(store_lease_back_put(p->s, &row), 0);
    row = (struct lease_back_row){.lease = {1}, .d = {3}, .till = "t1", .epoch = 1, .seq = 8, .uses = 5};
    assert_int_equal(store_lease_back_put(p->s, &row), 0);
    assert_int_equal(store_lease_backs(p->s, row.lease, note_back, seen), 0);
    assert_true(seen[0] == 3 && seen[1] == 5 && seen[2] == 4 && seen[3] == -3);
}

struct seen {
    uint8_t d[8];
    size_t n;
};

static int see(void *arg, const struct contender *c)
{
    struct seen *s = arg;
    s->d[s->n++] = c->redemption.d[0];
    return 0;
}

static void contests_are_ranked_by_grant_then_time_till_epoch_seq(void **state)
{
    struct spot *p = *state;
    static const struct {
        uint8_t d;
        int64_t grant, time, epoch, seq;
        const char *till;
    } rows[] = {{1, NONE, 50, 1, 1, "a"}, {2, 9, 90, 1, 1, "a"}, {3, NONE, 40, 1, 2, "b"},
                {4, NONE, 40, 1, 1, "b"}, {5, 3, 99, 1, 1, "c"}, {6, NONE, 40, 1, 9, "a"}};
    struct seen seen = {.n = 0};
    struct contest_key key = {.by = BY_COUPON, .batch = 1, .index = 1};
    for (size_t i = 0; i < 6; i++) {
        struct sale_row sale = {
            .d = {rows[i].d}, .time_ms = rows[i].time, .epoch = rows[i].epoch, .seq = rows[i].seq};
        struct redemption_row r = redemption(rows[i].d, NONE);
        r.grant = rows[i].grant;
        snprintf(sale.till, sizeof sale.till, "%s", rows[i].till);
        assert_int_equal(store_sale_put(p->s, &sale), 0);
        assert_int_equal(store_redemption_put(p->s, &r), 0);
    }
    assert_int_equal(store_contest(p->s, &key, see, &seen), 0);
    static const uint8_t order[] = {5, 2, 6, 4, 3, 1};
    assert_int_equal(seen.n, 6);
    assert_memory_equal(seen.d, order, 6);
}

static int take_link(void *arg, const struct link_row *row)
{
    struct seen *s = arg;
    s->d[s->n++] = row->offer[0];
    return 0;
}

static void the_latest_link_record_at_a_time_holds(void **state)
{
    struct spot *p = *state;
    struct link_row row = {.card = {9}, .offer = {1}, .d = {1}, .op = LINK_ADD, .time_ms = 10, .till = "a"};
    const int64_t times[] = {9, 10, 19, 20, 30};
    const size_t linked[] = {0, 1, 1, 0, 1};
    assert_int_equal(store_link_put(p->s, &row), 0);
    row.d[0] = 2;
    row.op = LINK_REMOVE;
    row.time_ms = 20;
    assert_int_equal(store_link_put(p->s, &row), 0);
    row.d[0] = 3;
    row.op = LINK_ADD;
    row.time_ms = 30;
    assert_int_equal(store_link_put(p->s, &row), 0);
    for (size_t i = 0; i < 5; i++) {
        struct seen seen = {.n = 0};
        assert_int_equal(store_links(p->s, row.card, times[i], take_link, &seen), 0);
        assert_int_equal(seen.n, linked[i]);
    }
}

enum { WRITERS = 4, EACH = 50 };

static int count_up(struct store *s, void *arg)
{
    return store_next_grant(s, arg);
}

static void *writer(void *arg)
{
    struct spot *p = arg;
    struct store *s = NULL;
    int64_t number = 0;
    intptr_t failed = store_open(p->db, merchant, 0, &s, NULL);
    for (int i = 0; i < EACH && !failed; i++) {
        failed = store_write(s, count_up, &number);
    }
    store_close(s);
    return (void *)failed;
}

static void writers_at_once_lose_nothing(void **state)
{
    struct spot *p = *state;
    pthread_t threads[WRITERS];
    int64_t number = 0;
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, writer, p), 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(store_next_grant(p->s, &number), 0);
    assert_int_equal(number, WRITERS * EACH + 1);
}

static void outcomes_with_a_reason_are_counted(void **state)
{
    struct spot *p = *state;
    struct outcome_row row = {.till = "a"};
    int64_t n = -1;
    assert_int_equal(store_outcome_put(p->s, &row), 0);
    assert_int_equal(store_count(p->s, STORE_CONFLICTS, &n), 0);
    assert_int_equal(n, 0);
    row.reason = TP_CONFLICT;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_outcome_put(p->s, &row), 0);
    }
    assert_int_equal(store_count(p->s, STORE_CONFLICTS, &n), 0);
    assert_int_equal(n, 3);
}

/* One has the turn until it ends or is seized; the fence moves with each of that. */
static void one_sequencer_has_the_turn(void **state)
{
    struct spot *p = *state;
    static const uint8_t a[ID_SIZE] = {1}, b[ID_SIZE] = {2};
    struct turn_row row;
    bool mine;
    assert_int_equal(store_sequencer_take(p->s, a, 1000, 500, &row, &mine), 0);
    assert_true(mine);
    assert_int_equal(row.until_ms, 1500);
    int64_t fence = row.fence;
    assert_int_equal(store_sequencer_take(p->s, b, 1499, 500, &row, &mine), 0);
    assert_false(mine);
    assert_int_equal(row.fence, fence);
    assert_memory_equal(row.owner, a, ID_SIZE);
    assert_int_equal(store_sequencer_take(p->s, a, 1499, 500, &row, &mine), 0);
    assert_true(mine && row.fence == fence + 1);
    assert_int_equal(store_sequencer_take(p->s, b, 1999, 500, &row, &mine), 0);
    assert_true(mine);
    assert_int_equal(store_sequencer_seize(p->s, a, fence, 9), 0); /* an old one */
    assert_int_equal(store_sequencer_leave(p->s, a), 0);           /* another's */
    assert_int_equal(store_sequencer_take(p->s, a, 2000, 500, &row, &mine), 0);
    assert_false(mine);
    assert_int_equal(store_sequencer_seize(p->s, a, row.fence, 9), 0);
    assert_int_equal(store_sequencer_take(p->s, b, 5, 500, &row, &mine), 0);
    assert_false(mine);
    assert_int_equal(store_sequencer_leave(p->s, a), 0);
    assert_int_equal(store_sequencer_take(p->s, b, 5, 500, &row, &mine), 0);
    assert_true(mine);
}

static void a_note_is_changed_by_who_knows_it(void **state)
{
    struct spot *p = *state;
    struct checkpoint_row c = {.size = 2, .raw = bytes_str("raw"), .note = bytes_str("note")};
    struct bytes more = bytes_str("note and more");
    int64_t size = 0;
    assert_int_equal(store_witnessed_last(p->s, &size), STORE_NOT_FOUND);
    assert_int_equal(store_checkpoint_put(p->s, &c), 0);
    assert_int_equal(store_witnessed_last(p->s, &size), STORE_NOT_FOUND);
    assert_int_equal(store_checkpoint_note(p->s, 2, c.note, more, 1), 0);
    assert_int_equal(store_checkpoint_note(p->s, 2, c.note, more, 1), TP_E_BUSY);
    assert_int_equal(store_checkpoint_note(p->s, 3, c.note, more, 1), TP_E_BUSY);
    assert_int_equal(store_witnessed_last(p->s, &size), 0);
    assert_int_equal(size, 2);
}

static void a_read_only_handle_writes_nothing(void **state)
{
    struct spot *p = *state;
    struct store *s = NULL;
    int accept = 0;
    assert_int_equal(store_open(p->db, merchant, STORE_READ_ONLY, &s, NULL), 0);
    assert_int_equal(store_write(s, put_batch_7, &accept), TP_E_READ_ONLY);
    store_close(s);
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

static void a_pickup_code_is_there_until_its_time_and_once(void **state)
{
    struct spot *p = *state;
    struct store *other = NULL;
    struct bytes code = bytes_str("123456789");
    uint8_t memory[COUPON_MAX];
    struct buf coupon;
    buf_over(&coupon, memory, sizeof memory);
    assert_int_equal(store_pickup_put(p->s, code, bytes_str("coupon"), 100), 0);
    assert_int_equal(store_pickup_put(p->s, code, bytes_str("other"), 200), TP_E_EXISTS);
    assert_int_equal(store_pickup(p->s, code, 99, &coupon), 0);
    assert_true(bytes_is(buf_view(&coupon), "coupon"));
    assert_int_equal(store_pickup(p->s, code, 100, &coupon), STORE_NOT_FOUND);
    assert_int_equal(store_pickup(p->s, bytes_str("123456788"), 1, &coupon), STORE_NOT_FOUND);
    assert_int_equal(store_pickup(p->s, bytes_str("' OR 1=1 "), 1, &coupon), STORE_NOT_FOUND);
    assert_int_equal(store_open(p->db, other_merchant, 0, &other, NULL), 0);
    assert_int_equal(store_pickup(other, code, 1, &coupon), STORE_NOT_FOUND);
    assert_int_equal(store_pickups_expire(other, 1000, 1000), 0);
    store_close(other);
    assert_int_equal(store_pickups_expire(p->s, 99, 0), 0);
    assert_int_equal(store_pickup(p->s, code, 1, &coupon), 0);
    assert_int_equal(store_pickups_expire(p->s, 100, 0), 0);
    assert_int_equal(store_pickup(p->s, code, 1, &coupon), STORE_NOT_FOUND);
}

static void wrong_codes_are_counted_for_a_while(void **state)
{
    struct spot *p = *state;
    int64_t mine, all;
    assert_int_equal(store_pickup_misses(p->s, "till1", &mine, &all), 0);
    assert_true(mine == 0 && all == 0);
    for (int64_t at = 1; at <= 5; at++) {
        assert_int_equal(store_pickup_miss(p->s, at % 2 ? "till1" : "till2", at), 0);
    }
    assert_int_equal(store_pickup_misses(p->s, "till1", &mine, &all), 0);
    assert_true(mine == 3 && all == 5);
    assert_int_equal(store_pickups_expire(p->s, 0, 2), 0);
    assert_int_equal(store_pickup_misses(p->s, "till1", &mine, &all), 0);
    assert_true(mine == 2 && all == 3);
}

static int count_leaf(void *arg, const struct leaf_row *row, struct bytes raw)
{
    int64_t *next = arg;
    assert_int_equal(row->index, (*next)++);
    assert_null(raw.p); /* no such statement is kept here */
    return 0;
}

static int take_n(void *arg, const struct waiting_leaf *row)
{
    *(int64_t *)arg = row->n;
    return 0;
}

static void the_log_keeps_its_order_and_its_places(void **state)
{
    struct spot *p = *state;
    uint8_t d[3][HASH_SIZE] = {{1}, {2}, {3}}, hash[HASH_SIZE];
    int64_t n = 0, last = 0;
    struct leaf_row leaf = {.index = 0};
    struct checkpoint_row c;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(store_leaf_wait(p->s, d[i]), 0);
    }
    assert_int_equal(store_leaves_waiting(p->s, 2, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(store_each_waiting(p->s, 2, take_n, &last), 0);
    assert_int_equal(store_waiting_drop(p->s, last), 0);
    assert_int_equal(store_leaves_waiting(p->s, 9, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_leaf_count(p->s, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(store_leaf(p->s, d[0], &leaf), STORE_NOT_FOUND);
    for (size_t i = 0; i < 2; i++) {
        leaf = (struct leaf_row){.index = (int64_t)i, .entry = {7}};
        memcpy(leaf.d, d[i], HASH_SIZE);
        assert_int_equal(store_leaf_put(p->s, &leaf), 0);
    }
    assert_int_equal(store_leaf_put(p->s, &leaf), TP_E_EXISTS);
    leaf.index = 5;
    assert_int_equal(store_leaf_put(p->s, &leaf), TP_E_EXISTS); /* one statement, one leaf */
    n = 0;
    assert_int_equal(store_leaves(p->s, 0, count_leaf, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(store_node(p->s, 1, 0, hash), STORE_NOT_FOUND);
    assert_int_equal(store_node_put(p->s, 1, 0, d[1]), 0);
    assert_int_equal(store_node_put(p->s, 1, 0, d[2]), TP_E_EXISTS);
    assert_int_equal(store_node(p->s, 1, 0, hash), 0);
    assert_memory_equal(hash, d[1], HASH_SIZE);
    assert_int_equal(store_checkpoint_last(p->s, &c), STORE_NOT_FOUND);
    c = (struct checkpoint_row){.size = 2, .raw = bytes_str("raw"), .note = bytes_str("note")};
    assert_int_equal(store_checkpoint_put(p->s, &c), 0);
    assert_int_equal(store_checkpoint_put(p->s, &c), TP_E_EXISTS); /* never two trees of one size */
    assert_int_equal(store_checkpoint_last(p->s, &c), 0);
    assert_int_equal(c.size, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest files[] = {
        T(a_missing_database_is_not_made_by_accident),
        T(the_database_is_its_owners_alone),
        T(a_newer_and_a_foreign_database_are_refused),
        T(a_file_that_is_no_database_is_refused),
        T(older_redemptions_get_a_rank_and_a_stage),
        T(an_older_database_is_brought_forward_with_what_is_in_it),
        T(an_older_database_is_not_read_before_it_is_brought_forward),
        T(a_step_forward_that_fails_leaves_the_older_version),
    };
    const struct CMUnitTest all[] = {
        T(a_transaction_that_fails_leaves_nothing),
        T(one_merchant_does_not_see_another),
        T(one_slot_is_reserved_once),
        T(claims_are_counted_until_their_time),
        T(a_claim_on_a_lease_is_no_claim_on_what_all_share),
        T(a_lease_is_listed_and_counted_while_it_keeps_something),
        T(what_came_back_is_read_by_its_place_and_write_offs_last),
        T(a_committed_sale_keeps_its_highest_rev),
        T(one_use_is_won_by_one_redemption),
        T(contests_are_ranked_by_grant_then_time_till_epoch_seq),
        T(the_latest_link_record_at_a_time_holds),
        T(writers_at_once_lose_nothing),
        T(outcomes_with_a_reason_are_counted),
        T(one_sequencer_has_the_turn),
        T(a_note_is_changed_by_who_knows_it),
        T(a_read_only_handle_writes_nothing),
        T(a_pickup_code_is_there_until_its_time_and_once),
        T(wrong_codes_are_counted_for_a_while),
        T(the_log_keeps_its_order_and_its_places),
        T(many_rows_are_stepped_through_while_others_are_asked),
    };
    server = getenv("TILLPROOF_TEST_STORE");
    if (server) {
        store_postgres();
    }
    int failed = server ? 0 : cmocka_run_group_tests(files, NULL, NULL);
    return failed + cmocka_run_group_tests(all, NULL, NULL);
}
