/*
 * What grouping is worth, by the median: commits a second through the authority, one and sixteen to a
 * transaction, beside the rate of the disk's fsync and of plain transactions of the database itself, in the
 * same run. On a SQLite file, or, under with_postgres --durable, on a server.
 */
#include "support/cm.h"
#include "support/world.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TILLS = 16, GROUP = 16, ROUNDS = 40, FSYNCS = 200, BATCH = 128, BATCH_ROUNDS = 40 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void row(const char *what, double n, double took)
{
    printf("%-52s %10.0f a second %9.1f us\n", what, n / took, took / n * 1e6);
}

static void floor_fsync(const struct world *w)
{
    char path[320], page[4096] = {1};
    snprintf(path, sizeof path, "%s/floor", w->dir);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    double each[FSYNCS];
    for (int i = 0; i < FSYNCS; i++) {
        double from = now();
        assert_int_equal(write(fd, page, sizeof page), sizeof page);
        assert_int_equal(fdatasync(fd), 0);
        each[i] = now() - from;
    }
    qsort(each, FSYNCS, sizeof *each, by_size);
    row("floor: 4 KiB appended and fdatasync", 1, each[FSYNCS / 2]);
    close(fd);
}

static void floor_server(const char *server)
{
    PGconn *c = PQconnectdb(server);
    PQclear(PQexec(c, "CREATE TABLE IF NOT EXISTS public.floor (n BIGINT PRIMARY KEY, raw BYTEA)"));
    PQclear(PQprepare(c, "put", "INSERT INTO public.floor VALUES ($1, decode(repeat('5a', 700), 'hex'))", 0,
                      NULL));
    double each[FSYNCS];
    for (int i = 0; i < FSYNCS; i++) {
        char number[20];
        double from = now();
        const char *values[] = {number};
        snprintf(number, sizeof number, "%d", i);
        PGresult *r = PQexecPrepared(c, "put", 1, values, NULL, NULL, 0);
        assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
        PQclear(r);
        each[i] = now() - from;
    }
    qsort(each, FSYNCS, sizeof *each, by_size);
    row("floor: one INSERT of 700 bytes, a transaction each", 1, each[FSYNCS / 2]);
    PQfinish(c);
}

enum kind_of_work { SALES, HOLDS };

/* `size` messages by different tills to a transaction. */
static void measure(struct world *w, const struct offer *o, const char *what, enum kind_of_work kind,
                    size_t size)
{
    static uint32_t next;
    struct authority_message v[GROUP];
    struct buf requests[GROUP], replies[GROUP];
    double each[ROUNDS * GROUP];
    size_t rounds = size == 1 ? ROUNDS * GROUP / 4 : ROUNDS;
    for (size_t i = 0; i < GROUP; i++) {
        buf_init(&requests[i], MESSAGE_MAX);
        buf_init(&replies[i], WORLD_REPLY_MAX);
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < size; i++) {
            struct world_sale s = world_sale(w, 1000);
            buf_reset(&requests[i]);
            buf_reset(&replies[i]);
            if (kind == HOLDS) {
                s.coupons[s.coupon_count++] = world_coupon(w, o, 1, next++);
                world_hold_message(w, &w->tills[i], &s, &requests[i]);
            } else {
                world_commit_message(w, &w->tills[i], &s, &requests[i], NULL);
            }
            v[i] = (struct authority_message){buf_view(&requests[i]), &replies[i], 1, NULL};
        }
        double from = now();
        authority_handle_many(w->authority, v, size);
        each[round] = now() - from;
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(v[i].rc, 0);
        }
    }
    qsort(each, rounds, sizeof *each, by_size);
    row(what, (double)size, each[rounds / 2]);
    for (size_t i = 0; i < GROUP; i++) {
        buf_free(&requests[i]);
        buf_free(&replies[i]);
    }
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Commits of one till, each with a coupon, in messages of so many: what they take of this process. */
static void measure_batches(struct world *w, const struct offer *o)
{
    static uint32_t next;
    const char *rounds_text = getenv("BATCH_ROUNDS");
    long rounds = rounds_text ? atol(rounds_text) : BATCH_ROUNDS;
    double took = 0, used = 0;
    struct buf request, reply;
    buf_init(&request, MESSAGE_MAX);
    buf_init(&reply, WORLD_REPLY_MAX);
    for (long round = 0; round < rounds; round++) {
        buf_reset(&request);
        buf_reset(&reply);
        for (size_t i = 0; i < BATCH; i++) {
            struct world_sale s = world_sale(w, 1000);
            s.coupons[s.coupon_count++] = world_coupon(w, o, 2, next++);
            world_alone_message(w, &w->tills[round % TILLS], &s, o, 100, &request, NULL);
        }
        struct authority_message v = {.request = buf_view(&request), .reply = &reply};
        double from = now(), from_cpu = cpu();
        authority_handle_many(w->authority, &v, 1);
        took += now() - from;
        used += cpu() - from_cpu;
        assert_int_equal(v.rc, 0);
    }
    row("commits with a coupon, 128 a message", (double)(rounds * BATCH), took);
    row("  processor time of this process", (double)(rounds * BATCH), used);
    buf_free(&request);
    buf_free(&reply);
}

static void bench(void **state)
{
    struct world *w = test_malloc(sizeof *w);
    const char *server = getenv("TILLPROOF_TEST_STORE");
    (void)state;
    world_open(w, TILLS);
    struct offer o = world_offer(w, "coffee10", 10000);
    world_publish(w, &o);
    world_batch(w, 1, &o, 100000, "email", "");
    struct offer alone = world_offer(w, "alone10", 10000);
    alone.offline = OFFLINE_RISK;
    alone.offline_cap = 100;
    world_publish(w, &alone);
    world_batch(w, 2, &alone, 10000000, "email", "");
    printf("on %s\n", server ? "PostgreSQL" : "SQLite");
    floor_fsync(w);
    if (server) {
        floor_server(server);
    }
    measure_batches(w, &alone);
    for (int i = 0; i < 2 && !getenv("BATCH_ROUNDS"); i++) {
        measure(w, &o, "commits, one a transaction", SALES, 1);
        measure(w, &o, "commits, 16 a transaction", SALES, GROUP);
        measure(w, &o, "holds with a coupon, one a transaction", HOLDS, 1);
        measure(w, &o, "holds with a coupon, 16 a transaction", HOLDS, GROUP);
    }
    world_close(w);
    test_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bench)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
