/* The daemon's threads: what comes is answered, each by its own, in the order in which it came, whoever
 * checked it; never more waits than may; and what was taken is finished. */
#include "support/cm.h"
#include "support/world.h"

#include "authority/internal.h"
#include "daemon/pool.h"

#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHECKERS = 3,
    RECORDS = 60,
    /* of a long message: checked in parts */ TILLS = 4,
    MANY = 160,
    LIMIT = 5,
    PATIENCE_MS = 60000,
    REPLY_MAX = 1 << 20
};

struct scene {
    struct world w;
    struct shop shop; /* whose authority is the world's */
    struct pool *pool;
    int fd;
};

/* ---- a shop's directory ---- */

static void open_secret(struct scene *c, const char *name, FILE **f)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", c->w.dir, name);
    *f = fopen(path, "w");
    assert_non_null(*f);
    assert_int_equal(fchmod(fileno(*f), 0600), 0);
}

static void write_key(struct scene *c, const char *name, const struct cose_key *key)
{
    FILE *f;
    open_secret(c, name, &f);
    assert_int_equal(PEM_write_PKCS8PrivateKey(f, key->pkey, NULL, NULL, 0, NULL, NULL), 1);
    fclose(f);
}

static void make_shop(struct scene *c)
{
    const char *base = getenv("TMPDIR");
    char link[SHOP_PATH_MAX + 16];
    FILE *f;
    write_key(c, "grant.key", &c->w.grant);
    write_key(c, "log.key", &c->w.log);
    write_key(c, "registrar.key", &c->w.registrar);
    open_secret(c, "card.key", &f);
    assert_int_equal(fwrite(c->w.card_key, 1, HASH_SIZE, f), HASH_SIZE);
    fclose(f);
    memcpy(c->shop.authority, c->w.id, ID_SIZE);
    memcpy(c->shop.root, c->w.root.thumbprint, HASH_SIZE);
    if (store_is_server(c->w.db)) {
        snprintf(c->shop.store, sizeof c->shop.store, "%s", c->w.db);
    }
    snprintf(c->shop.dir, sizeof c->shop.dir, "%.200s/tillproof-pool-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(c->shop.dir));
    snprintf(link, sizeof link, "%s/authority", c->shop.dir);
    assert_int_equal(symlink(c->w.dir, link), 0);
}

static int setup(void **state)
{
    struct scene *c = test_calloc(1, sizeof *c);
    struct err e = {0};
    world_open(&c->w, TILLS);
    make_shop(c);
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(c->fd >= 0);
    int rc = pool_open(&c->shop, CHECKERS, MANY, c->fd, &c->pool, &e);
    if (rc) {
        print_error("%s\n", e.text);
    }
    assert_int_equal(rc, 0);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;
    char link[SHOP_PATH_MAX + 16];
    pool_close(c->pool);
    close(c->fd);
    snprintf(link, sizeof link, "%s/authority", c->shop.dir);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(rmdir(c->shop.dir), 0);
    world_close(&c->w);
    test_free(c);
    return 0;
}

/* ---- jobs ---- */

static struct job *new_job(void)
{
    struct job *j = calloc(1, sizeof *j); /* job_free frees it */
    assert_non_null(j);
    buf_init(&j->request, MESSAGE_MAX);
    buf_init(&j->reply, REPLY_MAX);
    return j;
}

static void sell(struct scene *c, size_t till, struct buf *out)
{
    struct world_sale s = world_sale(&c->w, 1000);
    world_commit_message(&c->w, &c->w.tills[till], &s, out, NULL);
}

enum sort { GOOD, LONG, FORGED, GARBAGE, SORTS };

/* A record that its till did not sign: its chain does not move by it. */
static void forge(struct scene *c, size_t till, struct buf *out)
{
    struct world_till t = c->w.tills[till];
    struct world_sale s = world_sale(&c->w, 1000);
    t.key = c->w.issuer;
    memcpy(t.key.kid, c->w.tills[till].key.kid, KID_SIZE);
    world_commit_message(&c->w, &t, &s, out, NULL);
}

/* Of a till, with so many records that count. */
static struct job *job_of(struct scene *c, size_t till, enum sort sort, int64_t *sales)
{
    struct job *j = new_job();
    size_t n = sort == GOOD ? 1 : sort == LONG ? RECORDS : 0;
    for (size_t i = 0; i < n; i++) {
        sell(c, till, &j->request);
    }
    if (sort == FORGED) {
        forge(c, till, &j->request);
    } else if (sort == GARBAGE) {
        buf_puts(&j->request, "\xFF nobody's");
    }
    assert_true(sort != LONG || j->request.n > POOL_PART_BYTES);
    *sales += (int64_t)n;
    return j;
}

static int reason_of(const struct job *j, size_t *answers)
{
    struct dec d;
    struct answer a = {0};
    assert_int_equal(j->rc, 0);
    dec_init(&d, buf_view(&j->reply));
    for (*answers = 0; answer_next(&d, &a) == 1; ++*answers) {
    }
    assert_true(dec_done(&d));
    return a.kind == ANSWER_PROBLEM ? a.reason : 0;
}

static void check_job(const struct job *j, enum sort sort)
{
    static const int reasons[SORTS] = {[FORGED] = TP_BAD_SIGNATURE, [GARBAGE] = TP_BAD_STATEMENT};
    size_t answers;
    assert_int_equal(reason_of(j, &answers), reasons[sort]);
    assert_int_equal(answers, sort == LONG ? RECORDS : 1);
}

static void wait_for_some(struct scene *c)
{
    uint64_t n;
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(read(c->fd, &n, sizeof n), sizeof n);
}

/* The next n come back in the order in which they were put. */
static void check_done(struct scene *c, struct job *const *put, const enum sort *sorts, size_t n)
{
    for (size_t i = 0; i < n;) {
        wait_for_some(c);
        for (struct job *j = pool_done(c->pool), *next; j; j = next) {
            next = j->next;
            assert_true(i < n);
            assert_ptr_equal(j, put[i]);
            check_job(j, sorts[i++]);
            job_free(j);
        }
    }
    assert_null(pool_done(c->pool));
}

static int64_t count_sales(struct scene *c)
{
    return world_sql(&c->w, "SELECT count(*) FROM sale WHERE merchant = @");
}

static void check_at_rest(struct scene *c)
{
    size_t waiting = 1, working = 1;
    pool_depth(c->pool, &waiting, &working);
    assert_int_equal(waiting + working, 0);
    assert_true(pool_healthy(c->pool));
}

/* ---- tests ---- */

static void all_are_answered_in_the_order_in_which_they_came(void **state)
{
    struct scene *c = *state;
    struct job *put[MANY];
    enum sort sorts[MANY];
    int64_t sales = 0;
    for (size_t i = 0; i < MANY; i++) {
        sorts[i] = i % 11 == 5 ? LONG : i % 7 == 3 ? FORGED : i % 13 == 2 ? GARBAGE : GOOD;
        put[i] = job_of(c, i % TILLS, sorts[i], &sales);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_true(pool_put(c->pool, put[i]));
    }
    check_done(c, put, sorts, MANY);
    check_at_rest(c);
    assert_int_equal(count_sales(c), sales);
}

/* Each finds the writer at rest, which is the shorter way. */
static void one_at_a_time_is_answered_likewise(void **state)
{
    struct scene *c = *state;
    int64_t sales = 0;
    for (size_t i = 0; i < 20; i++) {
        enum sort sort = (enum sort)(i % SORTS);
        struct job *j = job_of(c, 0, sort, &sales);
        assert_true(pool_put(c->pool, j));
        check_done(c, &j, &sort, 1);
        check_at_rest(c);
    }
    assert_int_equal(count_sales(c), sales);
}

/* Somebody else has the merchant's turn, so that nothing is written meanwhile. */
static void no_more_waits_than_may(void **state)
{
    struct scene *c = *state;
    struct authority *other = world_another(&c->w);
    struct job *put[MANY], *refused;
    enum sort sorts[MANY] = {GOOD};
    size_t n = 0, waiting, working;
    int64_t sales = 0;
    pool_limit(c->pool, LIMIT);
    assert_int_equal(store_group_begin(other->config.store), 0);
    for (;;) {
        refused = job_of(c, n % TILLS, GOOD, &sales);
        put[n] = refused;
        if (!pool_put(c->pool, refused)) {
            break;
        }
        n++;
        assert_true(n <= 2 * LIMIT + 1); /* what the writer has is less than it and a queue */
    }
    pool_depth(c->pool, &waiting, &working);
    assert_int_equal(waiting, LIMIT);
    assert_int_equal(waiting + working, n);
    pool_limit(c->pool, LIMIT + 1);
    assert_true(pool_put(c->pool, refused));
    n++;
    struct job *one_more = job_of(c, n % TILLS, GOOD, &sales);
    assert_false(pool_put(c->pool, one_more));
    assert_int_equal(store_group_end(other->config.store, false), TP_E_STATE);
    check_done(c, put, sorts, n);
    check_at_rest(c);
    assert_int_equal(count_sales(c), n);
    job_free(one_more);
    authority_close(other);
}

static void what_was_taken_is_finished_when_it_ends(void **state)
{
    struct scene *c = *state;
    int64_t sales = 0;
    for (size_t i = 0; i < MANY; i++) {
        assert_true(pool_put(c->pool, job_of(c, i % TILLS, i % 9 ? GOOD : LONG, &sales)));
    }
    pool_close(c->pool);
    c->pool = NULL;
    assert_int_equal(count_sales(c), sales);
}

/* Not where other tests share the database. */
static void a_store_that_fails_is_told_and_not_forgiven_until_it_works(void **state)
{
    struct scene *c = *state;
    int64_t sales = 0;
    if (store_is_server(c->w.db)) {
        return;
    }
    world_sql(&c->w, "ALTER TABLE sale RENAME TO gone");
    assert_true(pool_put(c->pool, job_of(c, 0, GOOD, &sales)));
    wait_for_some(c);
    struct job *j = pool_done(c->pool);
    assert_true(j->rc < 0);
    assert_int_equal(j->reply.n, 0);
    assert_false(pool_healthy(c->pool));
    world_sql(&c->w, "ALTER TABLE gone RENAME TO sale");
    j->next = NULL;
    assert_true(pool_put(c->pool, j)); /* it is sent again */
    check_done(c, &j, &(enum sort){GOOD}, 1);
    check_at_rest(c);
    assert_int_equal(count_sales(c), sales);
}

static void a_shop_that_cannot_be_opened_has_no_pool(void **state)
{
    struct scene *c = *state;
    struct shop shop = c->shop;
    struct pool *none = NULL;
    struct err e = {0};
    snprintf(shop.dir, sizeof shop.dir, "%.300s/nowhere", c->w.dir);
    assert_int_equal(pool_open(&shop, 1, 1, c->fd, &none, &e), TP_E_IO);
    assert_null(none);
    pool_close(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_are_answered_in_the_order_in_which_they_came, setup, teardown),
        cmocka_unit_test_setup_teardown(one_at_a_time_is_answered_likewise, setup, teardown),
        cmocka_unit_test_setup_teardown(no_more_waits_than_may, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_taken_is_finished_when_it_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_that_fails_is_told_and_not_forgiven_until_it_works, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_shop_that_cannot_be_opened_has_no_pool, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
