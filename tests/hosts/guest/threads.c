/* Sixteen threads of a host on one handle, each with sales of its own, all on one sale, and some that only
 * look. */
#include "guest.h"

#include <pthread.h>
#include <unistd.h>

enum { THREADS = 16, ROUNDS = 3, LOOKS = 50 };

static struct tillproof *till;
static int64_t shared_sale;
static pthread_barrier_t gate;

struct task {
    pthread_t thread;
    int number;
    int32_t rc;
};

static void together(void *(*run)(void *), struct task tasks[THREADS])
{
    assert_int_equal(pthread_barrier_init(&gate, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        tasks[i] = (struct task){.number = i};
        assert_int_equal(pthread_create(&tasks[i].thread, NULL, run, &tasks[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(tasks[i].thread, NULL), 0);
    }
    pthread_barrier_destroy(&gate);
    for (int i = 0; i < THREADS; i++) {
        if (tasks[i].rc) {
            fail_msg("thread %d: %d, %s", i, tasks[i].rc, plugin.name_(tasks[i].rc));
        }
    }
}

static void *ring_own_sales(void *arg)
{
    struct task *task = arg;
    char reference[32];
    pthread_barrier_wait(&gate);
    for (int i = 0; i < ROUNDS && task->rc == 0; i++) {
        snprintf(reference, sizeof reference, "own-%d-%d", task->number, i);
        task->rc = sale_ring(till, reference, 0, i == 0 ? coupons[task->number] : NULL);
    }
    return NULL;
}

static void every_thread_rings_its_own_sales(void **state)
{
    struct task tasks[THREADS];
    struct tillproof_status status = {.size = sizeof status};
    (void)state;
    till = till_open(NULL);
    together(ring_own_sales, tasks);
    assert_int_equal(plugin.status_(till, &status), 0);
    assert_int_equal(status.refused, 0);
    assert_int_equal(status.conflicts, 0);
    assert_in_range(status.seq, THREADS * ROUNDS, 10 * THREADS * ROUNDS);
    till_close(till);
}

/* Half of the threads change the basket, half ask for its price: it is one of the two prices, never a third.
 */
static void *change_or_look(void *arg)
{
    struct task *task = arg;
    struct tillproof_line line = {.size = sizeof line, .number = 1, .category = "tea"};
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_line_result result = {.size = sizeof result};
    pthread_barrier_wait(&gate);
    for (int i = 0; i < LOOKS && task->rc == 0; i++) {
        line.quantity = i % 2 ? 1000 : 3000;
        line.unit_price = i % 2 ? 700 : 1100;
        if (task->number % 2) {
            task->rc = plugin.lines_set_(till, shared_sale, &line, 1);
        } else if ((task->rc = plugin.quote_(till, shared_sale, &q)) == 0) {
            task->rc = q.due == 700 || q.due == 3300 ? 0 : -110;
            int32_t rc = task->rc ? 0 : plugin.line_result_(till, shared_sale, 0, &result);
            task->rc = rc && rc != TILLPROOF_E_STATE ? rc : task->rc;
        }
    }
    return NULL;
}

static void one_sale_is_never_seen_half_changed(void **state)
{
    struct task tasks[THREADS];
    struct tillproof_line line = {
        .size = sizeof line, .number = 1, .quantity = 1000, .unit_price = 700, .category = "tea"};
    (void)state;
    till = till_open(NULL);
    assert_int_equal(plugin.sale_begin_(till, "shared", "EUR", 0, &shared_sale), 0);
    assert_int_equal(plugin.lines_set_(till, shared_sale, &line, 1), 0);
    together(change_or_look, tasks);
    assert_int_equal(plugin.void_(till, shared_sale), 0);
    till_close(till);
}

/* While one thread holds a sale, another gets E_STATE or the same answer; nobody gets a third. */
static void *hold_and_commit(void *arg)
{
    struct task *task = arg;
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_tender cash = {.size = sizeof cash, .amount = 700, .kind = "cash"};
    struct tillproof_commit c = {.size = sizeof c};
    pthread_barrier_wait(&gate);
    int32_t rc = plugin.hold_(till, shared_sale, 20000, &q);
    task->rc = rc == TILLPROOF_E_STATE || (rc == 0 && q.due == DUE_WITHOUT) ? 0 : rc ? rc : -111;
    for (rc = TILLPROOF_E_STATE; rc == TILLPROOF_E_STATE && task->rc == 0;) {
        rc = plugin.commit_(till, shared_sale, "R", &cash, 1, &c);
        usleep(1000);
    }
    task->rc = task->rc ? task->rc : rc ? rc : c.outcome == TILLPROOF_COMMITTED ? 0 : -112;
    task->rc = task->rc ? task->rc : c.due == DUE_WITHOUT ? 0 : -113;
    return NULL;
}

static void one_sale_is_committed_once(void **state)
{
    struct task tasks[THREADS];
    struct tillproof_status before = {.size = sizeof before}, after = {.size = sizeof after};
    (void)state;
    till = till_open(NULL);
    assert_int_equal(plugin.status_(till, &before), 0);
    assert_int_equal(sale_fill(till, "once", 0, NULL, &shared_sale), 0);
    together(hold_and_commit, tasks);
    assert_int_equal(plugin.status_(till, &after), 0);
    /* One record for the commit; each hold that went out before it may have made one, too. */
    assert_in_range(after.seq, before.seq + 1, before.seq + 1 + THREADS);
    till_close(till);
}

/* The sentence is the thread's own. */
static void *fail_by_number(void *arg)
{
    struct task *task = arg;
    struct tillproof *none = NULL;
    char name[32], text[512];
    pthread_barrier_wait(&gate);
    for (int i = 0; i < LOOKS && task->rc == 0; i++) {
        uint32_t length = sizeof text;
        snprintf(name, sizeof name, "nobody%d", task->number + 100);
        int32_t rc = plugin.open_(shop, name, 0, &none);
        task->rc =
            rc == TILLPROOF_E_NO_SHOP && plugin.reason_(text, &length) == 0 && strstr(text, name) ? 0 : -114;
    }
    return NULL;
}

static void every_thread_has_its_own_sentence(void **state)
{
    struct task tasks[THREADS];
    (void)state;
    together(fail_by_number, tasks);
}

/* Threads that end after a call must leave nothing with the host. */
static void *one_call(void *arg)
{
    struct task *task = arg;
    char reference[32];
    snprintf(reference, sizeof reference, "T-%d", task->number);
    task->rc = sale_ring(till, reference, TILLPROOF_TRAINING, coupons[task->number % COUPONS]);
    struct tillproof *none = NULL;
    plugin.open_("/nowhere", NULL, 0, &none);
    return NULL;
}

static void threads_come_and_go(void **state)
{
    int threads = 0, fds = 0;
    size_t bytes = 0;
    (void)state;
    for (int i = 0; i < 200; i++) {
        if (i % 100 == 0) {
            till = till_open(NULL);
        }
        struct task task = {.number = i};
        assert_int_equal(pthread_create(&task.thread, NULL, one_call, &task), 0);
        assert_int_equal(pthread_join(task.thread, NULL), 0);
        assert_int_equal(task.rc, 0);
        if (i % 100 == 99) {
            till_close(till);
        }
        if (i == 99) {
            threads = count_threads(), fds = count_fds(), bytes = count_bytes();
        }
    }
    assert_int_equal(count_threads(), threads);
    assert_int_equal(count_fds(), fds);
    assert_in_range(count_bytes(), 0, bytes + 100 * 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        quiet_test(every_thread_rings_its_own_sales),
        quiet_test(one_sale_is_never_seen_half_changed),
        quiet_test(one_sale_is_committed_once),
        quiet_test(every_thread_has_its_own_sentence),
        quiet_test(threads_come_and_go),
    };
    return cmocka_run_group_tests(tests, shop_make, shop_drop);
}
