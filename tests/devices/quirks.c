/* The list of devices: every row of the one that ships is good, the first that fits holds, a wrong row fits
 * nothing. */
#include "drivers/hub/quirks.h"
#include "support/cm.h"

#include <stdio.h>

static void the_list_that_ships_is_in_its_format(void **state)
{
    (void)state;
    struct err e = {0};
    assert_true(quirks_builtin().n > 100);
    assert_int_equal(quirks_check(quirks_builtin(), &e), 0);
}

static void what_needs_enabling_is_enabled_by_feature_report_254(void **state)
{
    (void)state;
    static const uint16_t vendors[] = {0x0C2E, 0x23D0};
    for (size_t i = 0; i < 2; i++) {
        struct driver_quirk q;
        assert_true(quirks_find(quirks_builtin(), vendors[i], 0x0B6A, &q));
        assert_string_equal(q.driver, "hid_scanner");
        assert_int_equal(q.enable_n, 2);
        assert_memory_equal(q.enable, "\xFE\x01", 2);
    }
}

static void a_scanner_in_another_mode_is_named(void **state)
{
    (void)state;
    struct driver_quirk q;
    assert_true(quirks_find(quirks_builtin(), 0x05E0, 0x1900, &q));
    assert_string_equal(q.driver, "other");
    assert_non_null(strstr(q.name, "HID POS"));
    assert_false(quirks_find(quirks_builtin(), 0x05E0, 0x1234, &q));
    assert_string_equal(q.driver, "");
}

static void the_first_row_that_fits_holds(void **state)
{
    (void)state;
    struct bytes list =
        bytes_str("# a comment\n\n1111:2222 hid_scanner length=12 \"one\"\n1111:* other \"rest\"");
    struct driver_quirk q;
    assert_true(quirks_find(list, 0x1111, 0x2222, &q));
    assert_string_equal(q.name, "one");
    assert_int_equal(q.length_at, 12);
    assert_int_equal(q.enable_n, 0);
    assert_true(quirks_find(list, 0x1111, 0x2223, &q));
    assert_string_equal(q.name, "rest");
    assert_false(quirks_find(list, 0x2222, 0x1111, &q));
}

static void a_wrong_row_is_refused_with_its_line(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "1111:222 hid_scanner \"x\"",
        "1111 hid_scanner \"x\"",
        "*:1111 hid_scanner \"x\"",
        "11g1:2222 hid_scanner \"x\"",
        "1111:2222 \"x\"",
        "1111:2222 hid_scanner",
        "1111:2222 hid_scanner x",
        "1111:2222 hid_scanner \"\"",
        "1111:2222 hid_scanner \"x",
        "1111:2222 a_driver_with_a_long_name \"x\"",
        "1111:2222 hid_scanner enable= \"x\"",
        "1111:2222 hid_scanner enable=f \"x\"",
        "1111:2222 hid_scanner enable=fg \"x\"",
        "1111:2222 hid_scanner enable=0102030405060708090a0b0c0d0e0f1011 \"x\"",
        "1111:2222 hid_scanner length=0 \"x\"",
        "1111:2222 hid_scanner length=9999 \"x\"",
        "1111:2222 hid_scanner length=1x \"x\"",
        "1111:2222 hid_scanner length=99999999999 \"x\"",
        "1111:2222 hid_scanner colour=1 \"x\"",
        "1111:2222 other \"a name of sixty-four bytes is one too long: it leaves no room......\"",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char list[256];
        struct err e = {0};
        struct driver_quirk q;
        int n = snprintf(list, sizeof list, "# first\n%s\n", wrong[i]);
        assert_int_equal(quirks_check(bytes_of(list, (size_t)n), &e), TP_BAD_VALUE);
        assert_non_null(strstr(e.text, "line 2"));
        assert_false(quirks_find(bytes_of(list, (size_t)n), 0x1111, 0x2222, &q));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_that_ships_is_in_its_format),
        cmocka_unit_test(what_needs_enabling_is_enabled_by_feature_report_254),
        cmocka_unit_test(a_scanner_in_another_mode_is_named),
        cmocka_unit_test(the_first_row_that_fits_holds),
        cmocka_unit_test(a_wrong_row_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
