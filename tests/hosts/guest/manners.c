/* A guest leaves the house as it found it: it changes nothing that belongs to the whole process, takes none
 * of the host's functions for its own, and lets the host end as it likes. */
#include "guest.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* Names that the plugin has its own of. This program exports them, so that the loader would hand them out. */
#define NOT_OURS(name)                                                                                       \
    void name(void);                                                                                         \
    void name(void)                                                                                          \
    {                                                                                                        \
        abort();                                                                                             \
    }
NOT_OURS(sqlite3_open_v2)
NOT_OURS(sqlite3_prepare_v3)
NOT_OURS(sqlite3_step)
NOT_OURS(OPENSSL_init_crypto)
NOT_OURS(OSSL_LIB_CTX_new)
NOT_OURS(EVP_DigestSignInit_ex)
NOT_OURS(EVP_MD_CTX_new)
NOT_OURS(RAND_bytes)
NOT_OURS(json_loads)
NOT_OURS(ini_parse)
NOT_OURS(bytes_str)
NOT_OURS(statement_sign)

/* What is registered for the end of the process. A sanitizer's runtime has a function of this name itself. */
static int registered;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
int __cxa_atexit(void (*function)(void *), void *argument, void *object);
int __cxa_atexit(void (*function)(void *), void *argument, void *object)
{
    static int (*next)(void (*)(void *), void *, void *);
    void *at = next ? NULL : dlsym(RTLD_NEXT, "__cxa_atexit");
    if (!next) {
        memcpy(&next, &at, sizeof at);
    }
    __atomic_add_fetch(&registered, 1, __ATOMIC_RELAXED);
    return next(function, argument, object);
}
#endif

/* What a process has once, and a library can spoil. */
struct house {
    struct sigaction signals[65];
    sigset_t blocked;
    char locale[256], directory[512], name[32], zone[2][32];
    locale_t thread_locale;
    mode_t mask;
    struct rlimit files, core;
    struct itimerval timer;
    int rounding, exceptions, dumpable, death, no_new_privileges, registered, environment;
    char **variables;
    char *texts[512];
};

static void look(struct house *h)
{
    memset(h, 0, sizeof *h);
    for (int s = 1; s <= 64; s++) {
        sigaction(s, NULL, &h->signals[s]);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &h->blocked);
    snprintf(h->locale, sizeof h->locale, "%s", setlocale(LC_ALL, NULL));
    h->thread_locale = uselocale((locale_t)0);
    assert_non_null(getcwd(h->directory, sizeof h->directory));
    h->mask = umask(022);
    umask(h->mask);
    getrlimit(RLIMIT_NOFILE, &h->files);
    getrlimit(RLIMIT_CORE, &h->core);
    getitimer(ITIMER_REAL, &h->timer);
    h->rounding = fegetround();
    h->exceptions = fegetexcept();
    prctl(PR_GET_NAME, h->name);
    h->dumpable = prctl(PR_GET_DUMPABLE);
    prctl(PR_GET_PDEATHSIG, &h->death);
    h->no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    snprintf(h->zone[0], sizeof h->zone[0], "%s", tzname[0]);
    snprintf(h->zone[1], sizeof h->zone[1], "%s", tzname[1]);
    h->registered = __atomic_load_n(&registered, __ATOMIC_RELAXED);
    h->variables = environ;
    for (; environ[h->environment] && h->environment < 511; h->environment++) {
        h->texts[h->environment] = strdup(environ[h->environment]);
    }
}

static void forget(struct house *h)
{
    for (int i = 0; i < h->environment; i++) {
        free(h->texts[i]);
    }
}

static void same_house(const struct house *a, const struct house *b)
{
    for (int s = 1; s <= 64; s++) {
        assert_ptr_equal(a->signals[s].sa_handler, b->signals[s].sa_handler);
        assert_int_equal(a->signals[s].sa_flags, b->signals[s].sa_flags);
    }
    assert_memory_equal(&a->blocked, &b->blocked, sizeof a->blocked);
    assert_string_equal(a->locale, b->locale);
    assert_ptr_equal(a->thread_locale, b->thread_locale);
    assert_string_equal(a->directory, b->directory);
    assert_int_equal(a->mask, b->mask);
    assert_memory_equal(&a->files, &b->files, sizeof a->files);
    assert_memory_equal(&a->core, &b->core, sizeof a->core);
    assert_memory_equal(&a->timer, &b->timer, sizeof a->timer);
    assert_int_equal(a->rounding, b->rounding);
    assert_int_equal(a->exceptions, b->exceptions);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->dumpable, b->dumpable);
    assert_int_equal(a->death, b->death);
    assert_int_equal(a->no_new_privileges, b->no_new_privileges);
    assert_string_equal(a->zone[0], b->zone[0]);
    assert_string_equal(a->zone[1], b->zone[1]);
    assert_int_equal(a->registered, b->registered);
    assert_ptr_equal(a->variables, b->variables);
    assert_int_equal(a->environment, b->environment);
    for (int i = 0; i < a->environment; i++) {
        assert_string_equal(a->texts[i], b->texts[i]);
    }
}

static void an_open_till_changes_nothing_of_the_process(void **state)
{
    struct house before, open, after;
    (void)state;
    srandom(7);
    long next = random();
    srandom(7);
    look(&before);
    struct tillproof *t = till_open(NULL);
    assert_int_equal(sale_ring(t, "house", 0, coupons[0]), 0);
    look(&open);
    till_close(t);
    look(&after);
    same_house(&before, &open);
    same_house(&before, &after);
    assert_int_equal(random(), next);
    forget(&before);
    forget(&open);
    forget(&after);
}

/* Signals sent to the process go to the host's threads: the plugin's have all of them blocked. */
static void the_plugins_threads_take_no_signals(void **state)
{
    static const int mine[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2,
                               SIGPIPE, SIGALRM, SIGTERM, SIGCHLD, SIGPROF};
    char line[256];
    struct tillproof *t = till_open(NULL);
    (void)state;
    FILE *in = popen("grep -h -E '^(Pid|SigBlk)' /proc/$PPID/task/*/status", "r");
    assert_non_null(in);
    int pid = 0, others = 0;
    unsigned long long blocked = 0;
    while (fgets(line, sizeof line, in)) {
        if (sscanf(line, "Pid: %d", &pid) == 1 || sscanf(line, "SigBlk: %llx", &blocked) != 1 ||
            pid == getpid()) {
            continue;
        }
        others++;
        for (size_t i = 0; i < sizeof mine / sizeof *mine; i++) {
            assert_true(blocked >> (mine[i] - 1) & 1);
        }
    }
    pclose(in);
    assert_in_range(others, 1, 8);
    till_close(t);
}

static int in_a_child(int (*body)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        exit(body());
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static struct tillproof *open_at_the_end;

static int end_without_closing(void)
{
    static int turn;
    int64_t sale = 0;
    struct tillproof_quote q = {.size = sizeof q};
    int32_t rc = plugin.open_(shop, NULL, 0, &open_at_the_end);
    rc = rc ? rc : sale_fill(open_at_the_end, "left", 0, coupons[1], &sale);
    rc = rc || turn++ % 2 ? rc : plugin.hold_(open_at_the_end, sale, 20000, &q);
    return rc ? 1 : 0;
}

/* The till's thread is at work while the process ends: no crash, and the next one takes up the sale. */
static void a_host_may_end_without_closing(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(in_a_child(end_without_closing), 0);
    }
    struct tillproof *t = till_open(NULL);
    assert_int_equal(sale_ring(t, "left", 0, coupons[1]), 0);
    till_close(t);
}

static bool is_null(int fd)
{
    char name[32], target[64] = "";
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    return readlink(name, target, sizeof target - 1) > 0 && strcmp(target, "/dev/null") == 0;
}

/* A service without standard files: none of ours may come to lie where its next printf goes. SQLite puts
 * /dev/null there. */
static int open_without_standard_files(void)
{
    close(0);
    close(1);
    close(2);
    int32_t rc = plugin.open_(shop, NULL, 0, &open_at_the_end);
    rc = rc ? rc : sale_ring(open_at_the_end, "bare", 0, coupons[2]);
    bool good = rc == 0;
    for (int fd = 0; fd < 3; fd++) {
        good = good && (fcntl(fd, F_GETFD) < 0 || is_null(fd));
    }
    rc = plugin.close_(open_at_the_end, 20000);
    return good && rc == 0 ? 0 : 1;
}

static void standard_files_are_left_alone(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(open_without_standard_files), 0);
}

static int ring_with_strange_settings(void)
{
    setenv("OPENSSL_CONF", "/nowhere/openssl.cnf", 1);
    setenv("OPENSSL_MODULES", "/nowhere", 1);
    setenv("OPENSSL_ia32cap", "~0x200000200000000", 1);
    setenv("SQLITE_TMPDIR", "/nowhere", 1);
    setenv("TZ", "Pacific/Kiritimati", 1);
    setlocale(LC_ALL, "C.UTF-8");
    int32_t rc = plugin.open_(shop, NULL, 0, &open_at_the_end);
    rc = rc ? rc : sale_ring(open_at_the_end, "strange", 0, coupons[3]);
    rc = rc ? rc : plugin.close_(open_at_the_end, 20000);
    return rc ? 1 : 0;
}

/* In a child, because OpenSSL reads its settings once; the plugin has not been used there before. */
static void the_hosts_settings_are_not_the_plugins(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(ring_with_strange_settings), 0);
}

static void *ring_on_a_small_stack(void *arg)
{
    int32_t *rc = arg;
    *rc = sale_ring(open_at_the_end, "small", 0, coupons[4]);
    return NULL;
}

/* A host's thread may have little room: 128 KiB are enough. */
static void a_small_stack_is_enough(void **state)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int32_t rc = -1;
    (void)state;
    open_at_the_end = till_open(NULL);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 128 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attributes, ring_on_a_small_stack, &rc), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    assert_int_equal(rc, 0);
    till_close(open_at_the_end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        quiet_test(the_hosts_settings_are_not_the_plugins),
        quiet_test(an_open_till_changes_nothing_of_the_process),
        quiet_test(the_plugins_threads_take_no_signals),
        quiet_test(a_host_may_end_without_closing),
        quiet_test(standard_files_are_left_alone),
        quiet_test(a_small_stack_is_enough),
    };
    return cmocka_run_group_tests(tests, shop_make, shop_drop);
}
