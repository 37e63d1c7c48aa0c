/*
 * What PostgreSQL's store alone must do: its schema made by many at once, its roles, and what a server, a
 * connection or a transaction that fails in the middle leaves behind.
 */
#include "store/report.h"
#include "support/cm.h"
#include "support/postgres.h"

#include "store/postgres/postgres.h"
#include "store/sql.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct postgres server;
static uint8_t merchant[ID_SIZE];

static int start(void **state)
{
    (void)state;
    store_postgres();
    postgres_start(&server, false, false);
    postgres_do(&server,
                "CREATE ROLE tillproof_owner; CREATE ROLE tillproof_service; CREATE ROLE tillproof_report;"
                "CREATE ROLE keeper LOGIN IN ROLE tillproof_owner PASSWORD 'hush';"
                "CREATE ROLE daemon LOGIN IN ROLE tillproof_service;"
                "CREATE ROLE reader LOGIN IN ROLE tillproof_report;"
                "CREATE ROLE nobody_here LOGIN;"
                "GRANT CREATE ON DATABASE test TO tillproof_owner; ALTER DATABASE test SET deadlock_timeout "
                "= '50ms'");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    postgres_stop(&server);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    merchant[0]++;
    return 0;
}

static struct store *open_as(const char *role, int flags)
{
    char address[160];
    struct store *s = NULL;
    struct err e = {0};
    postgres_address(&server, role, NULL, address);
    int rc = store_open(address, merchant, flags, &s, &e);
    if (rc) {
        print_error("%s\n", e.text);
    }
    assert_int_equal(rc, 0);
    return s;
}

static int refused_as(const char *role, int flags, struct err *e)
{
    char address[160];
    struct store *s = NULL;
    *e = (struct err){0};
    postgres_address(&server, role, NULL, address);
    int rc = store_open(address, merchant, flags, &s, e);
    store_close(s);
    assert_int_not_equal(rc, 0);
    return rc;
}

/* ---- the schema ---- */

static void *migrate(void *arg)
{
    char address[160];
    int64_t version = 0;
    struct err e = {0};
    (void)arg;
    postgres_address(&server, "keeper", NULL, address);
    int rc = store_postgres_migrate(address, &version, &e);
    return (void *)(intptr_t)(rc ? rc : version);
}

enum { AT_ONCE = 6 };

static void many_at_once_make_the_schema_once(void **state)
{
    pthread_t threads[AT_ONCE];
    struct err e;
    (void)state;
    assert_int_equal(refused_as("daemon", 0, &e), TP_E_NO_SHOP);
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, migrate, NULL), 0);
    }
    intptr_t first = 0;
    for (size_t i = 0; i < AT_ONCE; i++) {
        void *version = NULL;
        pthread_join(threads[i], &version);
        first = first ? first : (intptr_t)version;
        assert_true((intptr_t)version > 5 && (intptr_t)version == first);
    }
    assert_int_equal(postgres_number(&server, "SELECT count(*) FROM tillproof.schema_version"), 1);
    assert_int_equal(postgres_number(&server,
                                     "SELECT count(*) FROM pg_tables WHERE schemaname = 'tillproof' AND "
                                     "tableowner <> 'keeper'"),
                     0);
}

static void another_version_is_refused_and_left_alone(void **state)
{
    struct err e;
    (void)state;
    int64_t version = postgres_number(&server, "SELECT version FROM tillproof.schema_version");
    postgres_do(&server, "UPDATE tillproof.schema_version SET version = version + 1");
    assert_int_equal(refused_as("daemon", 0, &e), TP_E_NEWER);
    assert_int_equal((intptr_t)migrate(NULL), TP_E_NEWER);
    postgres_do(&server,
                "UPDATE tillproof.schema_version SET version = version - 3"); /* the last step that makes
                                                                                 tables is open */
    assert_int_equal(refused_as("daemon", 0, &e), TP_E_READ_ONLY);
    assert_non_null(strstr(e.text, "tillproof store migrate"));
    assert_int_equal(refused_as("reader", STORE_READ_ONLY, &e), TP_E_READ_ONLY);
    assert_int_equal(postgres_number(&server, "SELECT version FROM tillproof.schema_version"), version - 2);
    /* A step that fails leaves the version where it was, and all else. */
    int64_t tables = postgres_number(&server, "SELECT count(*) FROM pg_class");
    assert_true((intptr_t)migrate(NULL) < 0);
    assert_int_equal(postgres_number(&server, "SELECT version FROM tillproof.schema_version"), version - 2);
    assert_int_equal(postgres_number(&server, "SELECT count(*) FROM pg_class"), tables);
    postgres_do(&server, "UPDATE tillproof.schema_version SET version = version + 2");
    store_close(open_as("daemon", 0));
}

static void an_address_tells_no_secret(void **state)
{
    static const char *const wrong[] = {"postgresql://keeper:s3cr3t@127.0.0.1:1/test",
                                        "postgresql://a:s3cr3t@b@[c:1/d",
                                        "postgresql://a:s3cr3t/x@127.0.0.1/d",
                                        "postgresql://a:%zzs3cr3t@h/d",
                                        "postgresql://h/d?s3cr3t",
                                        "postgresql:///test?host=/nowhere&password=s3cr3t"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct store *s = NULL;
        struct err e = {0};
        int rc = store_open(wrong[i], merchant, 0, &s, &e);
        assert_true(rc == TP_BAD_VALUE || rc == TP_E_BUSY);
        assert_null(strstr(e.text, "s3cr3t"));
        assert_null(strstr(e.text, "3cr"));
    }
}

/* ---- roles ---- */

static bool may(const char *role, const char *sql)
{
    char address[160];
    postgres_address(&server, role, NULL, address);
    PGconn *c = PQconnectdb(address);
    PGresult *r = PQexec(c, "BEGIN");
    PQclear(r);
    r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!done && strcmp(state ? state : "", "42501") != 0 && strcmp(state ? state : "", "25006") != 0) {
        print_error("%s: %s\n", sql, PQerrorMessage(c));
        fail();
    }
    PQclear(r);
    PQfinish(c);
    return done;
}

static void each_role_may_what_it_must_and_no_more(void **state)
{
    static const struct {
        const char *sql;
        bool owner, service, report;
    } table[] = {
        {"SELECT count(*) FROM tillproof.statement", true, true, true},
        {"INSERT INTO tillproof.statement (merchant, d, kind, received_ms, raw) VALUES ('', "
         "decode(repeat('00', 32), 'hex'), 1, 1, '')",
         true, true, false},
        {"UPDATE tillproof.statement SET raw = ''", true, false, false},
        {"DELETE FROM tillproof.statement", true, false, false},
        {"TRUNCATE tillproof.statement", true, false, false},
        {"UPDATE tillproof.leaf SET idx = 0", true, false, false},
        {"DELETE FROM tillproof.leaf", true, false, false},
        {"DELETE FROM tillproof.checkpoint", true, false, false},
        {"UPDATE tillproof.checkpoint SET size = 1", true, false, false},
        {"DELETE FROM tillproof.node", true, false, false},
        {"UPDATE tillproof.sale SET voided = 1", true, true, false},
        {"DELETE FROM tillproof.part", true, true, false},
        {"DELETE FROM tillproof.leaf_queue", true, true, false},
        {"UPDATE tillproof.schema_version SET version = 1", true, false, false},
        {"CREATE TABLE tillproof.mine (x BIGINT)", true, false, false},
        {"ALTER TABLE tillproof.sale ADD COLUMN x BIGINT", true, false, false},
        {"DROP TABLE tillproof.sale", true, false, false},
        {"CREATE TABLE public.mine (x BIGINT)", false, false, false},
        {"CREATE SCHEMA mine", true, false, false},
        {"COPY (SELECT 1) TO PROGRAM 'true'", false, false, false},
        {"CREATE ROLE more", false, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (may("keeper", table[i].sql) != table[i].owner ||
            may("daemon", table[i].sql) != table[i].service ||
            may("reader", table[i].sql) != table[i].report || may("nobody_here", table[i].sql)) {
            print_error("%s\n", table[i].sql);
            fail();
        }
    }
}

static int put_sale(struct store *s, void *arg)
{
    struct sale_row row = {.till = "t", .store = "main", .currency = "EUR"};
    row.d[0] = *(uint8_t *)arg;
    return store_sale_put(s, &row);
}

static int count_sale(void *arg, const struct sale_row *sale, const struct redemption_row *list, size_t n)
{
    (void)sale;
    (void)list;
    (void)n;
    ++*(int *)arg;
    return 0;
}

static int sales(struct store *s, void *arg)
{
    return store_report_sales(s, 0, INT64_MAX, count_sale, arg);
}

static int sales_kept(void)
{
    int n = 0;
    struct store *s = open_as("reader", STORE_READ_ONLY);
    assert_int_equal(store_read(s, sales, &n), 0);
    store_close(s);
    return n;
}

static void the_service_works_and_the_report_only_reads(void **state)
{
    uint8_t one = 1, two = 2;
    struct err e;
    (void)state;
    struct store *s = open_as("daemon", 0), *r = open_as("reader", STORE_READ_ONLY),
                 *w = open_as("reader", 0);
    assert_int_equal(store_write(s, put_sale, &one), 0);
    assert_int_equal(sales_kept(), 1);
    assert_int_equal(store_write(r, put_sale, &two), TP_E_READ_ONLY);
    assert_int_equal(store_write(w, put_sale, &two), TP_E_READ_ONLY);
    assert_int_equal(refused_as("nobody_here", 0, &e), TP_E_READ_ONLY);
    assert_int_equal(sales_kept(), 1);
    store_close(s);
    store_close(r);
    store_close(w);
}

/* ---- what fails in the middle ---- */

struct trouble {
    int runs;
    uint8_t d;
    void (*meanwhile)(struct trouble *t);
};

static void cut_all(void)
{
    postgres_do(&server, "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
                         "application_name = 'tillproof'");
}

static void cut(struct trouble *t)
{
    if (t->runs < 3) {
        cut_all();
    }
}

static void crash(struct trouble *t)
{
    if (t->runs == 1) {
        postgres_crash(&server);
    }
}

/* Writes, meets its trouble, reads: what it wrote before is there in a run that ends well. */
static int troubled(struct store *s, void *arg)
{
    struct trouble *t = arg;
    struct sale_row row;
    uint8_t d[HASH_SIZE] = {t->d};
    t->runs++;
    int rc = put_sale(s, &t->d);
    rc = rc ? rc : store_sale(s, d, &row);
    if (rc == 0) {
        t->meanwhile(t);
        rc = store_sale(s, d, &row);
        assert_int_not_equal(rc, STORE_NOT_FOUND);
    }
    return rc;
}

static void a_lost_connection_is_made_anew_and_the_work_done_once(void **state)
{
    struct trouble t = {.d = 1, .meanwhile = cut};
    (void)state;
    struct store *s = open_as("daemon", 0);
    assert_int_equal(store_write(s, troubled, &t), 0);
    assert_int_equal(t.runs, 3);
    assert_int_equal(sales_kept(), 1);
    store_close(s);
}

static void a_crashed_server_costs_a_repetition(void **state)
{
    struct trouble t = {.d = 1, .meanwhile = crash};
    uint8_t before = 9;
    (void)state;
    struct store *s = open_as("daemon", 0);
    assert_int_equal(store_write(s, put_sale, &before), 0);
    assert_int_equal(store_write(s, troubled, &t), 0);
    assert_int_equal(t.runs, 2);
    assert_int_equal(sales_kept(), 2); /* the one from before the crash was on the disk */
    store_close(s);
}

static void an_idle_connection_that_broke_is_nobodys_business(void **state)
{
    struct batch_row batch;
    uint8_t one = 1;
    int n = 0;
    (void)state;
    struct store *s = open_as("daemon", 0), *r = open_as("reader", STORE_READ_ONLY);
    cut_all();
    assert_int_equal(store_batch(s, 1, &batch), STORE_NOT_FOUND);
    cut_all();
    assert_int_equal(store_write(s, put_sale, &one), 0);
    assert_int_equal(store_read(r, sales, &n), 0);
    assert_int_equal(n, 1);
    store_close(s);
    store_close(r);
}

static void a_server_that_is_gone_is_busy_and_nothing_hangs(void **state)
{
    uint8_t one = 1, two = 2;
    struct batch_row batch;
    (void)state;
    struct store *s = open_as("daemon", 0);
    assert_int_equal(store_write(s, put_sale, &one), 0);
    postgres_kill(&server);
    assert_int_equal(store_write(s, put_sale, &two), TP_E_BUSY);
    assert_int_equal(store_batch(s, 1, &batch), TP_E_BUSY);
    assert_int_equal(store_group_begin(s), TP_E_BUSY);
    postgres_start_again(&server);
    assert_int_equal(store_write(s, put_sale, &two), 0);
    assert_int_equal(sales_kept(), 2);
    store_close(s);
}

static void a_group_whose_connection_is_lost_keeps_nothing(void **state)
{
    uint8_t one = 1, two = 2;
    (void)state;
    struct store *s = open_as("daemon", 0);
    assert_int_equal(store_group_begin(s), 0);
    assert_int_equal(store_write(s, put_sale, &one), 0);
    cut_all();
    store_write(s, put_sale, &two); /* sent, or not */
    assert_int_equal(store_group_end(s, true), TP_E_BUSY);
    assert_int_equal(sales_kept(), 0);
    assert_int_equal(store_write(s, put_sale, &one), 0);
    assert_int_equal(sales_kept(), 1);
    store_close(s);
}

/* The server says no by a trigger, `times` times, with this state; its count outlives what is undone. */
static void refuse(const char *code, int times)
{
    char sql[700];
    snprintf(sql, sizeof sql,
             "DROP SEQUENCE IF EXISTS public.tries CASCADE;"
             "CREATE SEQUENCE public.tries; GRANT USAGE ON SEQUENCE public.tries TO PUBLIC;"
             "CREATE OR REPLACE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "IF nextval('public.tries') <= %d THEN RAISE EXCEPTION 'not now' USING ERRCODE = '%s'; END IF; "
             "RETURN NEW; END $$;"
             "CREATE OR REPLACE TRIGGER no BEFORE INSERT ON tillproof.sale FOR EACH ROW EXECUTE FUNCTION "
             "public.no()",
             times, code);
    postgres_do(&server, sql);
}

static void what_the_server_asks_to_repeat_is_repeated(void **state)
{
    static const struct {
        const char *code;
        int times, rc;
    } table[] = {{"40001", 2, 0},           {"40P01", 3, 0},          {"40001", 4, TP_E_BUSY},
                 {"55P03", 1, 0},           {"53100", 1, TP_E_IO},    {"XX001", 1, TP_E_CORRUPT},
                 {"23505", 1, TP_E_EXISTS}, {"53200", 1, TP_E_MEMORY}};
    uint8_t d = 0;
    int kept = 0;
    (void)state;
    struct store *s = open_as("daemon", 0);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        d++;
        refuse(table[i].code, table[i].times);
        assert_int_equal(store_write(s, put_sale, &d), table[i].rc);
        kept += table[i].rc == 0;
        assert_int_equal(sales_kept(), kept);
    }
    postgres_do(&server, "DROP TRIGGER no ON tillproof.sale");
    store_close(s);
}

/* A real one: each has what the other wants next. */
struct deadlock {
    PGconn *other;
    pthread_t thread;
    int runs;
};

static void tell(PGconn *c, const char *sql)
{
    PGresult *r = PQexec(c, sql);
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
}

/* Takes what it waited for, and gives all of it back. */
static void *end_other(void *arg)
{
    struct deadlock *l = arg;
    PGresult *r;
    while ((r = PQgetResult(l->other))) {
        PQclear(r);
    }
    tell(l->other, "ROLLBACK");
    return NULL;
}

static int cross(struct store *s, void *arg)
{
    struct deadlock *l = arg;
    int64_t value;
    int rc = store_count_on(s, "a");
    rc = rc ? rc : store_count(s, "a", &value);
    if (rc == 0 && l->runs++ == 0) {
        tell(l->other, "BEGIN");
        tell(l->other, "UPDATE tillproof.counter SET value = 7 WHERE name = 'b'");
        assert_int_equal(PQsendQuery(l->other, "UPDATE tillproof.counter SET value = 8 WHERE name = 'a'"), 1);
        assert_int_equal(PQflush(l->other), 0);
        postgres_do(&server, "SELECT pg_sleep(0.2)"); /* it waits by now, and has looked for a deadlock */
        assert_int_equal(pthread_create(&l->thread, NULL, end_other, l), 0);
    }
    rc = rc ? rc : store_count_on(s, "b");
    return rc ? rc : store_count(s, "b", &value);
}

static int seed(struct store *s, void *arg)
{
    (void)arg;
    int rc = store_count_on(s, "a");
    return rc ? rc : store_count_on(s, "b");
}

static void the_victim_of_a_deadlock_begins_again(void **state)
{
    struct deadlock l = {.other = PQconnectdb(server.address)};
    int64_t a = 0, b = 0;
    (void)state;
    struct store *s = open_as("daemon", 0);
    assert_int_equal(store_write(s, seed, NULL), 0);
    assert_int_equal(store_write(s, cross, &l), 0);
    pthread_join(l.thread, NULL);
    assert_true(l.runs >= 2);
    assert_int_equal(store_count(s, "a", &a), 0);
    assert_int_equal(store_count(s, "b", &b), 0);
    assert_true(a == 2 && b == 2);
    PQfinish(l.other);
    store_close(s);
}

/* ---- a commit whose answer is lost ---- */

static const struct backend *real;
static int commits;

static int cut_then_commit(struct store *s)
{
    commits++;
    cut_all();
    return real->commit(s);
}

/* Nobody can say whether it was done, so it is not done again here: the caller's repetition is the way. */
static void a_commit_whose_answer_is_lost_is_not_repeated(void **state)
{
    uint8_t one = 1;
    struct backend own;
    (void)state;
    struct store *s = open_as("daemon", 0);
    real = s->backend;
    own = *real;
    own.commit = cut_then_commit;
    s->backend = &own;
    assert_int_equal(store_write(s, put_sale, &one), TP_E_BUSY);
    assert_int_equal(commits, 1);
    assert_true(s->unsure);
    s->backend = real;
    assert_int_equal(store_write(s, put_sale, &one), 0);
    assert_false(s->unsure);
    assert_int_equal(sales_kept(), 1);
    store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {
        T(many_at_once_make_the_schema_once),
        T(another_version_is_refused_and_left_alone),
        T(an_address_tells_no_secret),
        T(each_role_may_what_it_must_and_no_more),
        T(the_service_works_and_the_report_only_reads),
        T(a_lost_connection_is_made_anew_and_the_work_done_once),
        T(a_crashed_server_costs_a_repetition),
        T(an_idle_connection_that_broke_is_nobodys_business),
        T(a_server_that_is_gone_is_busy_and_nothing_hangs),
        T(a_group_whose_connection_is_lost_keeps_nothing),
        T(what_the_server_asks_to_repeat_is_repeated),
        T(the_victim_of_a_deadlock_begins_again),
        T(a_commit_whose_answer_is_lost_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
