/* Hex both ways, random bytes, comparisons of secrets, the system's clocks. */
#include "base/clock.h"
#include "base/id.h"
#include "support/cm.h"

static void hex_goes_both_ways_and_refuses_the_rest(void **state)
{
    (void)state;
    uint8_t in[4] = {0x00, 0x9F, 0xAB, 0xFF}, out[4] = {1, 2, 3, 4};
    char text[9];
    hex_encode(in, 4, text);
    assert_string_equal(text, "009fabff");
    assert_true(hex_decode(bytes_str("009FabfF"), out, 4));
    assert_memory_equal(in, out, 4);
    static const char *const bad[] = {"", "009fabf", "009fabff0", "009fabfg", "0x9fabff", "009fab f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(hex_decode(bytes_str(bad[i]), out, 4));
        assert_memory_equal(in, out, 4);
    }
}

static void random_bytes_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_int_equal(random_bytes(a, sizeof a), 0);
    assert_int_equal(random_bytes(b, sizeof b), 0);
    assert_memory_not_equal(a, b, sizeof a);
    assert_true(secret_equal(a, a, sizeof a));
    assert_false(secret_equal(a, b, sizeof a));
    wipe(a, sizeof a);
    assert_int_equal(a[0] | a[15] | a[31], 0);
    wipe(NULL, 0);
}

static void the_boot_clock_does_not_go_back(void **state)
{
    (void)state;
    int64_t before = clock_boot(&clock_system);
    assert_true(clock_boot(&clock_system) >= before);
    assert_true(clock_wall(&clock_system) > INT64_C(1600000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_both_ways_and_refuses_the_rest),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(the_boot_clock_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
