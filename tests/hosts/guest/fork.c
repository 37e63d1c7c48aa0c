/* A host that forks: the child is turned away by every function, and the parent goes on unharmed. */
#include "guest.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child calls with, all of it valid. Every result is filled with a pattern, which must stay. */
struct call {
    struct tillproof *t;
    int64_t sale;
    struct tillproof_status status;
    struct tillproof_event event;
    struct tillproof_device device;
    struct tillproof_sale info;
    struct tillproof_line line;
    struct tillproof_presentation presentation;
    struct tillproof_quote quote;
    struct tillproof_tender tender;
    struct tillproof_commit commit;
    struct tillproof_line_result line_result;
    struct tillproof_share_result share_result;
    struct tillproof_offer_result offer_result;
    struct tillproof_tax_result tax_result;
    char text[1024];
    uint32_t length;
    int64_t id;
    int32_t fd;
};

/* Every function that the hosts of this folder use, and what it must leave untouched. */
#define CALLS(X)                                                                                             \
    X(status, (c->t, &c->status))                                                                            \
    X(event_fd, (c->t, &c->fd))                                                                              \
    X(event_next, (c->t, 0, &c->event))                                                                      \
    X(event_data, (c->t, 1, c->text, &c->length))                                                            \
    X(device, (c->t, 0, &c->device))                                                                         \
    X(sale_begin, (c->t, "child", "EUR", 0, &c->id))                                                         \
    X(sale_find, (c->t, "parent", &c->id))                                                                   \
    X(sale_info, (c->t, c->sale, &c->info))                                                                  \
    X(lines_set, (c->t, c->sale, &c->line, 1))                                                               \
    X(present, (c->t, c->sale, TILLPROOF_SCAN, coupons[0], 10, &c->presentation))                            \
    X(withdraw, (c->t, c->sale, 1))                                                                          \
    X(quote, (c->t, c->sale, &c->quote))                                                                     \
    X(hold, (c->t, c->sale, 1000, &c->quote))                                                                \
    X(release, (c->t, c->sale))                                                                              \
    X(commit, (c->t, c->sale, "R", &c->tender, 1, &c->commit))                                               \
    X(void, (c->t, c->sale))                                                                                 \
    X(line_result, (c->t, c->sale, 0, &c->line_result))                                                      \
    X(share_result, (c->t, c->sale, 0, &c->share_result))                                                    \
    X(offer_result, (c->t, c->sale, 0, &c->offer_result))                                                    \
    X(tax_result, (c->t, c->sale, 0, &c->tax_result))                                                        \
    X(text, (c->t, c->sale, TILLPROOF_RECEIPT, c->text, &c->length))                                         \
    X(close, (c->t, 1000))

static void prepare(struct call *c, struct tillproof *t, int64_t sale)
{
    memset(c, 0x5A, sizeof *c);
    c->t = t;
    c->sale = sale;
    c->line = (struct tillproof_line){.size = sizeof c->line, .number = 1, .quantity = 1000};
    c->tender = (struct tillproof_tender){.size = sizeof c->tender, .amount = 1, .kind = "cash"};
    c->length = sizeof c->text;
    c->status.size = sizeof c->status;
    c->event.size = sizeof c->event;
    c->device.size = sizeof c->device;
    c->info.size = sizeof c->info;
    c->presentation.size = sizeof c->presentation;
    c->quote.size = sizeof c->quote;
    c->commit.size = sizeof c->commit;
    c->line_result.size = sizeof c->line_result;
    c->share_result.size = sizeof c->share_result;
    c->offer_result.size = sizeof c->offer_result;
    c->tax_result.size = sizeof c->tax_result;
}

/* In the child: 0, or which call went wrong, from 1. A child that hangs is ended by its alarm. */
static int all_are_turned_away(struct tillproof *t, int64_t sale)
{
    struct call at, before, *c = &at;
    char text[512] = "";
    uint32_t length = sizeof text;
    int n = 0;
    alarm(20);
    prepare(c, t, sale);
    before = at;
#define X(name, arguments)                                                                                   \
    n++;                                                                                                     \
    if (plugin.name##_ arguments != TILLPROOF_E_FORKED || memcmp(&at, &before, sizeof at) != 0) {            \
        return n;                                                                                            \
    }
    CALLS(X)
#undef X
    bool told = plugin.reason_(text, &length) == 0 && strlen(text) > 10;
    bool named =
        strcmp(plugin.name_(TILLPROOF_E_FORKED), "forked") == 0 && plugin.version_() == TILLPROOF_VERSION;
    return told && named && plugin.close_(NULL, 0) == 0 ? 0 : n + 1;
}

static void fork_once(struct tillproof *t, int64_t sale)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(all_are_turned_away(t, sale));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_child_is_turned_away_by_every_function(void **state)
{
    struct tillproof *t = till_open(NULL);
    struct tillproof_quote q = {.size = sizeof q};
    int64_t sale = 0;
    (void)state;
    assert_int_equal(sale_fill(t, "parent", 0, coupons[0], &sale), 0);
    fork_once(t, sale);
    assert_int_equal(plugin.hold_(t, sale, 20000, &q), 0);
    fork_once(t, sale);
    assert_int_equal(q.due, DUE);
    assert_int_equal(q.outcome, TILLPROOF_BINDING);
    assert_int_equal(sale_ring(t, "parent", 0, coupons[0]), 0);
    till_close(t);
}

/* Those that the header names and CALLS does not, too: a function looks at its handle first, so that nothing
 * else needs to be right. */
typedef int32_t any_function(struct tillproof *t, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e);

enum { NAMES = 100 };

static int read_header(char names[NAMES][64])
{
    static char text[200000];
    char path[512];
    const char *source = getenv("SOURCE");
    regex_t function;
    regmatch_t m[2];
    int n = 0;
    snprintf(path, sizeof path, "%s/plugin/include/tillproof.h", source ? source : ".");
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = 0;
    fclose(in);
    assert_int_equal(regcomp(&function, "(tillproof_[a-z_]+)\\(struct tillproof \\*", REG_EXTENDED), 0);
    for (const char *p = text; n < NAMES && regexec(&function, p, 2, m, 0) == 0; p += m[0].rm_eo) {
        snprintf(names[n++], 64, "%.*s", (int)(m[1].rm_eo - m[1].rm_so), p + m[1].rm_so);
    }
    regfree(&function);
    return n;
}

static void the_child_is_turned_away_by_every_function_of_the_header(void **state)
{
    static char names[NAMES][64];
    struct tillproof *t = till_open(NULL);
    (void)state;
    int n = read_header(names);
    assert_in_range(n, 18, NAMES - 1);
    for (int i = 0; i < n; i++) {
        any_function *call = NULL;
        void *at = dlsym(plugin.object, names[i]);
        assert_non_null(at);
        memcpy(&call, &at, sizeof at);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            alarm(20);
            _exit(call(t, 0, 0, 0, 0, 0) == TILLPROOF_E_FORKED ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fail_msg("%s: its child ended with %d", names[i], status);
        }
    }
    assert_int_equal(sale_ring(t, "header", 0, NULL), 0);
    till_close(t);
}

/* Threads that ring sales while the host forks, over and over. */
enum { RINGERS = 3, FORKS = 60 };

struct ringer {
    pthread_t thread;
    struct tillproof *t;
    int number;
    int32_t rc;
    int sales;
};

static int stop; /* atomic */

static void *ring_on(void *arg)
{
    struct ringer *r = arg;
    char reference[32];
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE) && r->rc == 0) {
        snprintf(reference, sizeof reference, "ring-%d-%d", r->number, r->sales++);
        r->rc = sale_ring(r->t, reference, r->sales % 4 ? TILLPROOF_TRAINING : 0, NULL);
    }
    return NULL;
}

static void forks_while_other_threads_are_calling(void **state)
{
    struct tillproof *t = till_open(NULL);
    struct ringer ringers[RINGERS];
    int64_t sale = 0;
    (void)state;
    assert_int_equal(sale_fill(t, "parent-2", 0, NULL, &sale), 0);
    __atomic_store_n(&stop, 0, __ATOMIC_RELEASE);
    for (int i = 0; i < RINGERS; i++) {
        ringers[i] = (struct ringer){.t = t, .number = i};
        assert_int_equal(pthread_create(&ringers[i].thread, NULL, ring_on, &ringers[i]), 0);
    }
    for (int i = 0; i < FORKS; i++) {
        fork_once(t, sale);
        usleep(2000);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < RINGERS; i++) {
        pthread_join(ringers[i].thread, NULL);
        assert_int_equal(ringers[i].rc, 0);
        assert_true(ringers[i].sales > 0);
    }
    assert_int_equal(sale_ring(t, "parent-2", 0, NULL), 0);
    till_close(t);
}

/* A child that lives on (a daemon that the host started by fork) holds the parent's files, but not its till.
 */
static void a_child_that_stays_keeps_no_till(void **state)
{
    struct tillproof *t = till_open(NULL);
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        pause();
        _exit(0);
    }
    till_close(t);
    t = till_open(NULL);
    assert_int_equal(sale_ring(t, "stay", 0, coupons[1]), 0);
    till_close(t);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* SQLite in the child would take the parent's locks for its own: no till is opened there while one is open.
 */
static void a_child_opens_no_till_beside_its_parents(void **state)
{
    struct tillproof *t = till_open(NULL);
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct tillproof *own = NULL;
        alarm(20);
        _exit(plugin.open_(shop, "till2", 0, &own) == TILLPROOF_E_FORKED && own == NULL ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    till_close(t);
}

/* A host that closed its till before it forked (a server that starts its workers so) may open one in each. */
static void a_child_of_a_host_without_a_till_opens_its_own(void **state)
{
    struct tillproof *t = till_open(NULL);
    (void)state;
    assert_int_equal(sale_ring(t, "before-the-fork", 0, NULL), 0);
    till_close(t);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct tillproof *own = NULL;
        alarm(60);
        int32_t rc = plugin.open_(shop, "till2", 0, &own);
        rc = rc ? rc : sale_ring(own, "child", 0, coupons[2]);
        rc = rc ? rc : plugin.close_(own, 20000);
        _exit(rc ? 1 : 0);
    }
    t = till_open(NULL);
    assert_int_equal(sale_ring(t, "parent-3", 0, coupons[3]), 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    till_close(t);
}

/* A program that the host starts must not inherit the shop's files. */
static void nothing_is_inherited_through_exec(void **state)
{
    int before[256] = {0};
    (void)state;
    for (int fd = 0; fd < 256; fd++) {
        before[fd] = fcntl(fd, F_GETFD) >= 0;
    }
    struct tillproof *t = till_open(NULL);
    int64_t sale = 0;
    assert_int_equal(sale_fill(t, "exec", 0, coupons[4], &sale), 0);
    for (int fd = 0; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        assert_true(before[fd] || flags < 0 || (flags & FD_CLOEXEC));
    }
    till_close(t);
}

static int children_told; /* by on_child */

static void on_child(int signal)
{
    (void)signal;
    __atomic_add_fetch(&children_told, 1, __ATOMIC_RELAXED);
}

/* The host's children are the host's: their ends reach its handler, or nobody, and no call of ours waits. */
static void the_hosts_own_way_with_children_is_kept(void **state)
{
    struct sigaction handler = {.sa_handler = on_child, .sa_flags = SA_RESTART},
                     ignore = {.sa_handler = SIG_IGN}, before, now;
    (void)state;
    sigaction(SIGCHLD, &handler, &before);
    struct tillproof *t = till_open(NULL);
    assert_int_equal(sale_ring(t, "chld-1", 0, coupons[5]), 0);
    assert_int_equal(__atomic_load_n(&children_told, __ATOMIC_RELAXED), 0);
    fork_once(t, 1);
    assert_int_equal(__atomic_load_n(&children_told, __ATOMIC_RELAXED), 1);
    till_close(t);
    sigaction(SIGCHLD, &ignore, &now);
    assert_true(now.sa_handler == on_child);
    t = till_open(NULL);
    assert_int_equal(sale_ring(t, "chld-2", 0, coupons[6]), 0);
    till_close(t);
    sigaction(SIGCHLD, &before, &now);
    assert_true(now.sa_handler == SIG_IGN);
    assert_int_equal(__atomic_load_n(&children_told, __ATOMIC_RELAXED), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        quiet_test(the_child_is_turned_away_by_every_function),
        quiet_test(the_child_is_turned_away_by_every_function_of_the_header),
        quiet_test(forks_while_other_threads_are_calling),
        quiet_test(a_child_that_stays_keeps_no_till),
        quiet_test(a_child_opens_no_till_beside_its_parents),
        quiet_test(a_child_of_a_host_without_a_till_opens_its_own),
        quiet_test(nothing_is_inherited_through_exec),
        quiet_test(the_hosts_own_way_with_children_is_kept),
    };
    return cmocka_run_group_tests(tests, shop_make, shop_drop);
}
