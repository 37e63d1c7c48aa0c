/* shop.ini: written whole, read strictly. */
#include "shop/shop.h"
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[64], path[96];

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tillproof-shop-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/shop.ini", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static int load_text(const char *text, struct shop *shop, struct err *e)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    *e = (struct err){0};
    return shop_load(dir, shop, e);
}

static void what_is_saved_is_loaded_and_never_overwritten(void **state)
{
    (void)state;
    struct shop shop = {.authority = {1, 2, 3}, .root = {9, 8}}, found = {0};
    struct err e = {0};
    snprintf(shop.dir, sizeof shop.dir, "%s", dir);
    assert_int_equal(shop_load(dir, &found, &e), TP_E_NO_SHOP);
    assert_int_equal(shop_save_new(&shop, NULL), 0);
    assert_int_equal(shop_load(dir, &found, NULL), 0);
    assert_memory_equal(&shop, &found, sizeof shop);
    shop.root[0] = 1;
    assert_int_equal(shop_save_new(&shop, NULL), TP_E_EXISTS);
    assert_int_equal(shop_load(dir, &found, NULL), 0);
    assert_int_equal(found.root[0], 9);
}

#define AUTHORITY "authority = 01020300000000000000000000000000\n"
#define ROOT      "root = 0908000000000000000000000000000000000000000000000000000000000000\n"
#define HOME      "[authority]\nhome = local\n"

static void a_file_that_is_not_quite_it_is_refused(void **state)
{
    (void)state;
    struct shop found = {.authority = {7}};
    struct err e;
    assert_int_equal(load_text("[shop]\nversion = 1\n" AUTHORITY ROOT HOME, &found, &e), 0);
    assert_int_equal(found.authority[0], 1);
    assert_int_equal(load_text("[shop]\nversion = 2\n" AUTHORITY ROOT HOME, &found, &e), TP_E_NEWER);
    assert_int_equal(load_text("[shop]\nversion = 2\nnew = thing\n" AUTHORITY ROOT HOME, &found, &e),
                     TP_E_NEWER);
    static const char *const bad[] = {
        "",
        "[shop]\nversion = 1\n" ROOT HOME,
        "[shop]\nversion = 1\n" AUTHORITY HOME,
        "[shop]\nversion = 1\n" AUTHORITY ROOT,
        "[shop]\n" AUTHORITY ROOT HOME,
        "[shop]\nversion = one\n" AUTHORITY ROOT HOME,
        "[shop]\nversion = 1\nauthority = 0102\n" ROOT HOME,
        "[shop]\nversion = 1\n" AUTHORITY ROOT "unknown = 1\n" HOME,
        "[shop]\nversion = 1\n" AUTHORITY ROOT "[authority]\nhome = elsewhere\n",
        "[shop\nversion = 1\n" AUTHORITY ROOT HOME,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        found.authority[0] = 7;
        assert_int_equal(load_text(bad[i], &found, &e), TP_BAD_VALUE);
        assert_int_equal(found.authority[0], 7);
        assert_true(e.text[0]);
    }
}

static void a_path_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct shop shop = {0};
    char out[SHOP_PATH_MAX];
    memset(shop.dir, 'a', sizeof shop.dir - 1);
    assert_int_equal(shop_path(&shop, "b", NULL, NULL, out), TP_E_ARGUMENT);
    shop.dir[3] = '\0';
    assert_int_equal(shop_path(&shop, "b", "c", "d", out), 0);
    assert_string_equal(out, "aaa/b/c/d");
}

#define AWAY "[authority]\nhome = https\n"

static void an_authority_that_is_away_has_an_address_and_a_ca(void **state)
{
    (void)state;
    static const char head[] = "[shop]\nversion = 1\n" AUTHORITY ROOT;
    static const char *const bad[] = {
        AWAY,
        AWAY "url = https://10.0.0.1:8443\n",
        AWAY "ca = ca.pem\n",
        AWAY "url = http://10.0.0.1:8443\nca = ca.pem\n",
        AWAY "url = https://\nca = ca.pem\n",
        AWAY "url = https://me:word@10.0.0.1\nca = ca.pem\n",
        AWAY "url = https://10.0.0.1/a b\nca = ca.pem\n",
        AWAY "url = https://10.0.0.1/?x\nca = ca.pem\n",
        AWAY "url = https://10.0.0.1:8443\nca =\n",
        HOME "url = https://10.0.0.1:8443\nca = ca.pem\n",
        "[authority]\nhome = http\nurl = https://10.0.0.1:8443\nca = ca.pem\n",
    };
    char text[1024];
    struct shop shop;
    struct err e;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "%s%s", head, bad[i]);
        assert_int_equal(load_text(text, &shop, &e), TP_BAD_VALUE);
    }
    snprintf(text, sizeof text, "%s%s", head, AWAY "url = https://10.0.0.1:8443/\nca = ca.pem\n");
    assert_int_equal(load_text(text, &shop, &e), 0);
    assert_true(shop.away);
    assert_string_equal(shop.url, "https://10.0.0.1:8443");
    assert_string_equal(shop.ca, "ca.pem");
    struct transport t = {0};
    assert_int_equal(shop_transport(&shop, NULL, "helper", &t, NULL), TP_BAD_VALUE); /* no such file */
    assert_int_equal(shop_authority(&shop, NULL, NULL, NULL), TP_E_STATE);
    assert_int_equal(shop_store(&shop, NULL, NULL), TP_E_STATE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_saved_is_loaded_and_never_overwritten),
        T(a_file_that_is_not_quite_it_is_refused),
        T(a_path_that_does_not_fit_is_an_error),
        T(an_authority_that_is_away_has_an_address_and_a_ca),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
