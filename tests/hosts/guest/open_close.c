/* A till is opened and closed a thousand times, and the plugin loaded and unloaded, and the host has after it
 * what it had before: files, threads, memory, and a record that does not grow. */
#include "guest.h"

#include <dirent.h>
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { TURNS = 100 }; /* several times slower; the plain build has them all */
#else
enum { TURNS = 1000 };
#endif
enum { WARM_UP = 20, SALES = 20 };

/* The list of tests sets GLIBC_TUNABLES so that malloc keeps no freed piece back; then nothing grows at all.
 * A leak of the smallest piece, 24 bytes a turn, is six times as much as this. */
enum { SLACK = TURNS * 4 };

struct house {
    int fds, threads, maps;
    size_t bytes;
};

static struct house look(void)
{
    return (struct house){
        .fds = count_fds(), .threads = count_threads(), .maps = count_maps(), .bytes = count_bytes()};
}

static void same_house(const struct house *before)
{
    struct house now = look();
    assert_int_equal(now.fds, before->fds);
    assert_int_equal(now.threads, before->threads);
    assert_in_range(now.maps, 0, before->maps + 8); /* malloc may cut its own ground otherwise */
    if (now.bytes > before->bytes + SLACK) {
        fail_msg("%zu bytes became %zu", before->bytes, now.bytes);
    }
}

static off_t size_of_till(void)
{
    char path[512];
    off_t sum = 0;
    struct stat st;
    snprintf(path, sizeof path, "%s/tills/till1", shop);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *at; (at = readdir(dir));) {
        snprintf(path, sizeof path, "%s/tills/till1/%s", shop, at->d_name);
        sum += stat(path, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : 0;
    }
    closedir(dir);
    return sum;
}

static void turns(int n)
{
    for (int i = 0; i < n; i++) {
        till_close(till_open(NULL));
    }
}

static void a_thousand_turns_leave_nothing_behind(void **state)
{
    (void)state;
    struct tillproof *t = till_open(NULL);
    assert_int_equal(sale_ring(t, "W-1", 0, NULL),
                     0); /* OpenSSL finds its methods once, when they are needed */
    till_close(t);
    turns(WARM_UP);
    struct house before = look();
    off_t size = size_of_till();
    turns(TURNS);
    same_house(&before);
    assert_in_range(size_of_till(), 1, size + 65536);
}

static void sales_leave_nothing_behind_in_the_host(void **state)
{
    char reference[32];
    struct house before = {0};
    (void)state;
    for (int i = 0; i < 2 * SALES; i++) {
        struct tillproof *t = till_open(NULL);
        snprintf(reference, sizeof reference, "T-%d", i);
        assert_int_equal(sale_ring(t, reference, TILLPROOF_TRAINING, coupons[i % COUPONS]), 0);
        snprintf(reference, sizeof reference, "S-%d", i);
        assert_int_equal(sale_ring(t, reference, 0, i < COUPONS ? coupons[i] : NULL), 0);
        till_close(t);
        if (i == SALES) {
            before = look();
        }
    }
    same_house(&before);
}

static void openings_that_fail_leave_nothing_behind(void **state)
{
    struct tillproof *t = till_open(NULL), *none = NULL;
    struct house before = {0};
    (void)state;
    for (int i = 0; i < 200 + WARM_UP; i++) {
        assert_int_equal(plugin.open_(shop, NULL, 0, &none), TILLPROOF_E_TILL_BUSY);
        assert_int_equal(plugin.open_(shop, "till77", 0, &none), TILLPROOF_E_NO_SHOP);
        assert_int_equal(plugin.open_("/nowhere", NULL, 0, &none), TILLPROOF_E_NO_SHOP);
        if (i == WARM_UP) {
            before = look();
        }
    }
    assert_null(none);
    same_house(&before);
    till_close(t);
}

/* It stays in memory after dlclose (-z nodelete): what OpenSSL leaves with a thread must not dangle. */
static void loaded_and_unloaded_it_is_the_same_one(void **state)
{
    struct plugin first = plugin;
    struct house before = look();
    (void)state;
    for (int i = 0; i < TURNS; i++) {
        assert_int_equal(dlclose(plugin.object), 0);
        assert_null(plugin_load());
        assert_ptr_equal(plugin.open_, first.open_);
        if (i % 100 == 0) {
            struct tillproof *t = till_open(NULL);
            assert_int_equal(sale_ring(t, "T-1", TILLPROOF_TRAINING, coupons[0]), 0);
            till_close(t);
        }
    }
    same_house(&before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        quiet_test(a_thousand_turns_leave_nothing_behind),
        quiet_test(sales_leave_nothing_behind_in_the_host),
        quiet_test(openings_that_fail_leave_nothing_behind),
        quiet_test(loaded_and_unloaded_it_is_the_same_one),
    };
    return cmocka_run_group_tests(tests, shop_make, shop_drop);
}
