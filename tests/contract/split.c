/*
 * Merchants split over two servers: the same statements go to both, and each server has its own merchants'
 * rows alone. And two merchants on one server: neither sees, counts or changes what is the other's.
 */
#include "support/cm.h"
#include "support/postgres.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct postgres servers[2];

static int start(void **state)
{
    (void)state;
    postgres_start(&servers[0], false, true);
    postgres_start_copy(&servers[0], &servers[1]);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    postgres_stop(&servers[1]);
    postgres_stop(&servers[0]);
    return 0;
}

/* A merchant on that server, with a whole life behind it. */
static struct world *merchant_on(int server)
{
    struct world *w = test_malloc(sizeof *w);
    struct buf message;
    uint8_t d[HASH_SIZE];
    setenv("TILLPROOF_TEST_STORE", servers[server].address, 1);
    world_open(w, 2);
    struct offer o = world_offer(w, "coffee10", 10000);
    o.per_customer = 2;
    o.total = 5;
    world_publish(w, &o);
    world_batch(w, 1, &o, 10, "email", "autumn");
    buf_init(&message, MESSAGE_MAX);
    for (uint32_t i = 0; i < 4; i++) {
        struct world_sale s = world_sale(w, 1000 + i);
        s.coupons[s.coupon_count++] = world_coupon(w, &o, 1, i);
        assert_int_equal(world_hold(w, &w->tills[0], &s), 0);
        assert_int_equal(world_commit(w, &w->tills[0], &s, d), 0);
        w->now += 1000;
        if (i == 1) {
            world_void_message(w, &w->tills[0], &s, d, &message);
        } else if (i == 2) {
            world_return_message(w, &w->tills[1], &s, d, 1000, &message, NULL);
        }
    }
    world_link_message(w, &w->tills[1], LINK_ADD, world_handle(w, "card"), &o, "app", &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    buf_free(&message);
    const char *before = world_dump(w);
    assert_int_equal(authority_rebuild(w->authority, NULL), 0);
    assert_string_equal(before, world_dump(w));
    return w;
}

static void done(struct world *w)
{
    world_close(w);
    test_free(w);
}

/* Rows of a merchant in every table of a server: what the catalogue lists, not what we remember. */
static long long rows_of(const struct postgres *p, const struct world *w)
{
    char hex[2 * ID_SIZE + 1], sql[900];
    hex_encode(w->id, ID_SIZE, hex);
    snprintf(sql, sizeof sql,
             "SELECT coalesce(sum((xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM "
             "tillproof.%%I WHERE merchant = ''\\x%s''', tablename), false, true, '')))[1]::text::bigint), "
             "0) FROM "
             "pg_tables WHERE schemaname = 'tillproof' AND tablename <> 'schema_version'",
             hex);
    return postgres_number(p, sql);
}

static void every_table_has_the_merchant_first(void **state)
{
    (void)state;
    done(merchant_on(0));
    assert_int_equal(
        postgres_number(&servers[0],
                        "SELECT count(*) FROM pg_tables t WHERE schemaname = 'tillproof' AND tablename <> "
                        "'schema_version' AND NOT EXISTS (SELECT FROM information_schema.columns c WHERE "
                        "c.table_schema = 'tillproof' AND c.table_name = t.tablename AND c.column_name = "
                        "'merchant' AND c.data_type = 'bytea' AND c.is_nullable = 'NO')"),
        0);
    /* As a distributed server asks it of tables that are split by a column: no key begins with another. */
    assert_int_equal(
        postgres_number(
            &servers[0],
            "SELECT count(*) FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_attribute a ON "
            "a.attrelid = t.oid AND a.attnum = i.indkey[0] WHERE t.relnamespace = 'tillproof'::regnamespace "
            "AND a.attname <> 'merchant' AND t.relname <> 'schema_version'"),
        0);
    assert_true(
        postgres_number(&servers[0], "SELECT count(*) FROM pg_tables WHERE schemaname = 'tillproof'") > 25);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The distinct statements of a log, with a cursor's number left out, as one text. */
static char *statements(const struct postgres *p)
{
    char *log = postgres_log(p), **list = NULL, *save = NULL;
    size_t n = 0, room = 0, size = 1;
    for (char *line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *text = strncmp(line, "tillproof ", 10) == 0 ? strstr(line, "LOG:  execute ") : NULL;
        text = text ? strchr(text + 14, ':') : NULL;
        char *cursor = text ? strstr(text, " CURSOR FOR ") : NULL;
        text = cursor ? cursor : text;
        if (!text || strncmp(text, ": FETCH", 7) == 0 || strncmp(text, ": CLOSE", 7) == 0) {
            continue;
        }
        if (n == room) {
            room = room ? 2 * room : 4096;
            list = realloc(list, room * sizeof *list);
            assert_non_null(list);
        }
        list[n++] = text;
    }
    qsort(list, n, sizeof *list, compare);
    for (size_t i = 0; i < n; i++) {
        size += strlen(list[i]) + 1;
    }
    char *all = calloc(1, size);
    assert_non_null(all);
    for (size_t i = 0, at = 0; i < n; i++) {
        if (i == 0 || strcmp(list[i], list[i - 1]) != 0) {
            at += (size_t)sprintf(all + at, "%s\n", list[i]);
        }
    }
    free(list);
    free(log);
    return all;
}

static void merchants_split_over_two_servers(void **state)
{
    (void)state;
    struct world *a = merchant_on(0), *b = merchant_on(1);
    assert_true(rows_of(&servers[0], a) > 40);
    assert_int_equal(rows_of(&servers[0], b), 0);
    assert_true(rows_of(&servers[1], b) == rows_of(&servers[0], a));
    assert_int_equal(rows_of(&servers[1], a), 0);
    done(a);
    done(b);
    char *first = statements(&servers[0]), *second = statements(&servers[1]);
    assert_true(strlen(first) > 8000);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void two_merchants_on_one_server_do_not_meet(void **state)
{
    (void)state;
    struct world *a = merchant_on(0);
    const char *before = world_dump(a);
    long long rows = rows_of(&servers[0], a);
    struct world *b = merchant_on(0);
    assert_int_equal(rows_of(&servers[0], b), rows);
    assert_int_equal(rows_of(&servers[0], a), rows);
    assert_string_equal(world_dump(a), before);
    assert_int_equal(authority_rebuild(b->authority, NULL), 0);
    assert_int_equal(authority_rebuild(a->authority, NULL), 0);
    assert_string_equal(world_dump(a), before);
    done(a);
    done(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_has_the_merchant_first),
        cmocka_unit_test(merchants_split_over_two_servers),
        cmocka_unit_test(two_merchants_on_one_server_do_not_meet),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
