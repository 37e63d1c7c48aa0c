/* The daemon's keys: what each takes and refuses, in the file's spelling and the options'. */
#include "daemon/config.h"
#include "support/cm.h"

static void refused(const char *name, const char *value, int code)
{
    struct daemon_config c, before;
    struct err e = {0};
    config_default(&c);
    before = c;
    assert_int_equal(config_set(&c, name, value, &e), code);
    assert_true(e.text[0]);
    assert_int_equal(c.witness_count, before.witness_count);
    assert_int_equal(c.workers, before.workers);
    assert_int_equal(c.till_rate, before.till_rate);
}

static void numbers_have_borders(void **state)
{
    static const struct {
        const char *name, *least, *most, *below, *above;
    } numbers[] = {{"workers", "1", "64", "0", "65"},
                   {"queue", "1", "1024", "0", "1025"},
                   {"connections", "1", "10000", "0", "10001"},
                   {"address_connections", "0", "10000", "-1", "10001"},
                   {"memory", "16", "65536", "15", "65537"},
                   {"timeout", "1", "600", "0", "601"},
                   {"till_rate", "0", "1000000", "-1", "1000001"},
                   {"till_burst", "1", "1000000", "0", "1000001"},
                   {"address_rate", "0", "1000000", "-1", "1000001"},
                   {"address_burst", "1", "1000000", "0", "1000001"},
                   {"codes", "0", "1000000", "-1", "1000001"},
                   {"wrong_tokens", "1", "1000000", "0", "1000001"}};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct daemon_config c;
        config_default(&c);
        assert_int_equal(config_set(&c, numbers[i].name, numbers[i].least, NULL), 0);
        assert_int_equal(config_set(&c, numbers[i].name, numbers[i].most, NULL), 0);
        refused(numbers[i].name, numbers[i].below, TP_BAD_VALUE);
        refused(numbers[i].name, numbers[i].above, TP_BAD_VALUE);
        refused(numbers[i].name, "", TP_BAD_VALUE);
        refused(numbers[i].name, "9x", TP_BAD_VALUE);
        refused(numbers[i].name, "99999999999999999999", TP_BAD_VALUE);
    }
}

static void words_and_addresses(void **state)
{
    struct daemon_config c;
    (void)state;
    config_default(&c);
    assert_int_equal(config_set(&c, "listen", "[::1]:443", NULL), 0);
    assert_string_equal(c.address, "::1");
    assert_int_equal(c.port, 443);
    assert_int_equal(config_set(&c, "log", "public", NULL), 0);
    assert_true(c.log_open);
    assert_int_equal(config_set(&c, "log", "token", NULL), 0);
    assert_false(c.log_open);
    assert_int_equal(config_set(&c, "metrics", "all", NULL), 0);
    assert_int_equal(config_set(&c, "till-rate", "7", NULL), 0); /* as options have it */
    assert_int_equal(c.till_rate, 7);
    assert_int_equal(config_set(&c, "store", "postgresql://db.example/tillproof", NULL), 0);
    assert_string_equal(c.store, "postgresql://db.example/tillproof");
    refused("store", "mysql://db.example/tillproof", TP_BAD_VALUE);
    refused("store", "/srv/shop/authority/authority.db", TP_BAD_VALUE);
    refused("store", "", TP_BAD_VALUE);
    refused("log", "open", TP_BAD_VALUE);
    refused("metrics", "none", TP_BAD_VALUE);
    refused("listen", "localhost:1", TP_BAD_VALUE);
    refused("listen", "127.0.0.1:65536", TP_BAD_VALUE);
    refused("listen", "127.0.0.1", TP_BAD_VALUE);
    refused("witness", "name+00000000+AA==", TP_BAD_VALUE);
    refused("till.rate", "7", TP_UNKNOWN_KEY);
    refused("till_rates", "7", TP_UNKNOWN_KEY);
    refused("", "7", TP_UNKNOWN_KEY);
}

/* An address may hold a password: what is refused is not repeated. */
static void an_address_is_not_echoed(void **state)
{
    struct daemon_config c;
    struct err e = {0};
    char text[SHOP_STORE_MAX + 1] = "postgresql://service:hunter2@db.example/";
    (void)state;
    memset(text + strlen(text), 'x', sizeof text - 1 - strlen(text));
    config_default(&c);
    assert_int_equal(config_set(&c, "store", text, &e), TP_BAD_VALUE);
    assert_null(strstr(e.text, "hunter2"));
    assert_int_equal(c.store[0], 0);
    text[SHOP_STORE_MAX - 1] = 0;
    assert_int_equal(config_set(&c, "store", text, NULL), 0);
}

/* What is told as the worst grows with what is allowed. */
static void the_worst_is_reckoned(void **state)
{
    struct daemon_config c;
    (void)state;
    config_default(&c);
    int64_t worst = config_worst(&c);
    assert_true(worst > c.memory_mib * CONFIG_MIB);
    c.connections++;
    assert_true(config_worst(&c) > worst);
    c.memory_mib++;
    assert_true(config_worst(&c) > worst + CONFIG_MIB);
}

/* Unless it is told, one address may have half of the connections, however many those are. */
static void an_address_has_half(void **state)
{
    const char *const of[] = {"1", "2", "7", "256", "10000"};
    const int64_t half[] = {1, 1, 4, 128, 5000};
    (void)state;
    for (size_t i = 0; i < sizeof half / sizeof *half; i++) {
        struct daemon_config c;
        config_default(&c);
        assert_int_equal(config_set(&c, "shop", "shop", NULL), 0);
        assert_int_equal(config_set(&c, "connections", of[i], NULL), 0);
        assert_int_equal(config_check(&c, NULL), 0);
        assert_int_equal(c.address_connections, half[i]);
        assert_int_equal(config_set(&c, "address-connections", "0", NULL), 0);
        assert_int_equal(config_check(&c, NULL), 0);
        assert_int_equal(c.address_connections, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_borders),     cmocka_unit_test(words_and_addresses),
        cmocka_unit_test(an_address_is_not_echoed), cmocka_unit_test(the_worst_is_reckoned),
        cmocka_unit_test(an_address_has_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
