/* Which connections count as one address's, and that nothing is left of those that are gone. */
#include "daemon/addresses.h"
#include "support/cm.h"

#include <arpa/inet.h>
#include <stdio.h>

static int setup(void **state)
{
    *state = addresses_new();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    addresses_free(*state);
    return 0;
}

static struct address *come(struct addresses *a, const char *text)
{
    struct sockaddr_storage from = {0};
    struct sockaddr_in *four = (void *)&from;
    struct sockaddr_in6 *six = (void *)&from;
    bool is_six = strchr(text, ':');
    from.ss_family = is_six ? AF_INET6 : AF_INET;
    assert_int_equal(
        inet_pton(from.ss_family, text, is_six ? (void *)&six->sin6_addr : (void *)&four->sin_addr), 1);
    return addresses_come(a, &from);
}

static void one_address_is_one(void **state)
{
    struct address *a = come(*state, "192.0.2.1"), *b = come(*state, "192.0.2.2");
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(come(*state, "192.0.2.1"), a);
    assert_ptr_equal(come(*state, "::ffff:192.0.2.1"), a); /* IPv4 in IPv6 */
    assert_int_equal(a->n, 4);
    assert_int_equal(a->connections, 3);
    assert_int_equal(b->connections, 1);
    assert_int_equal(addresses_count(*state), 2);
}

static void of_ipv6_the_first_64_bits(void **state)
{
    struct address *a = come(*state, "2001:db8:0:1::1");
    assert_ptr_equal(come(*state, "2001:db8:0:1:ffff::2"), a);
    assert_ptr_not_equal(come(*state, "2001:db8:0:2::1"), a);
    assert_ptr_not_equal(come(*state, "::1"), a);
    assert_int_equal(a->n, 8);
    assert_int_equal(a->connections, 2);
}

static void those_without_one_are_one(void **state)
{
    const struct sockaddr_storage none = {.ss_family = AF_UNSPEC};
    struct address *a = addresses_come(*state, &none);
    assert_ptr_equal(addresses_come(*state, &none), a);
    assert_int_equal(a->n, 0);
    assert_ptr_not_equal(come(*state, "0.0.0.0"), a);
}

static void the_last_takes_it_with_it(void **state)
{
    enum { MANY = 5000 };
    static struct address *all[MANY];
    char text[32];
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < MANY; i++) {
            snprintf(text, sizeof text, "10.1.%zu.%zu", i / 256, i % 256);
            all[i] = come(*state, text);
            assert_ptr_equal(come(*state, text), all[i]);
        }
        assert_int_equal(addresses_count(*state), MANY);
        for (size_t i = 0; i < MANY; i++) {
            addresses_leave(*state, all[i]);
        }
        assert_int_equal(addresses_count(*state), MANY);
        for (size_t i = 0; i < MANY; i++) {
            assert_int_equal(all[MANY - 1 - i]->connections, 1);
            addresses_leave(*state, all[MANY - 1 - i]);
        }
        assert_int_equal(addresses_count(*state), 0);
    }
    addresses_leave(*state, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_address_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(of_ipv6_the_first_64_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(those_without_one_are_one, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_takes_it_with_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
