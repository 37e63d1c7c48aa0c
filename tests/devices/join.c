/* Reports become whole codes, and nothing else. */
#include "drivers/hid_scanner/join.h"
#include "devices/descriptors.h"
#include "support/cm.h"

#include <stdlib.h>

enum { REPORT = 64 };

struct fixture {
    struct layout l;
    struct join join;
    struct scan scan;
    int64_t now;
};

static int begin(struct fixture *f, const uint8_t *d, size_t n)
{
    memset(f, 0, sizeof *f);
    return layout_parse(bytes_of(d, n), 0, &f->l, NULL);
}

/* One report of the layout with AIM, from the heap at its exact size, so that a sanitizer sees every byte too
 * far. */
static int give(struct fixture *f, const char *aim, const void *data, size_t n, bool more, size_t size)
{
    uint8_t r[REPORT] = {2, (uint8_t)n};
    memcpy(r + 2, aim, 3);
    memcpy(r + 5, data, n < 56 ? n : 56);
    r[63] = more;
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, r, size);
    f->now += 5;
    int rc = join_report(&f->join, &f->l, bytes_of(copy, size), f->now, &f->scan);
    free(copy);
    return rc;
}

static void assert_scan(const struct fixture *f, const char *symbology, const void *data, size_t n)
{
    assert_string_equal(f->scan.symbology, symbology);
    assert_int_equal(f->scan.n, n);
    assert_memory_equal(f->scan.bytes, data, n);
    assert_int_equal(f->scan.at_ms, f->now);
}

static void one_report_is_one_code(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    assert_int_equal(give(&f, "]E0", "4006381333931", 13, false, REPORT), 1);
    assert_scan(&f, "]E0", "4006381333931", 13);
    assert_int_equal(give(&f, "]Q1", "a\0b", 3, false, REPORT), 1);
    assert_scan(&f, "]Q1", "a\0b", 3);
}

static void what_is_not_an_identifier_is_left_empty(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    assert_int_equal(give(&f, "\0\0\0", "1", 1, false, REPORT), 1);
    assert_scan(&f, "", "1", 1);
    assert_int_equal(give(&f, "]1\n", "1", 1, false, REPORT), 1);
    assert_scan(&f, "", "1", 1);
}

static void a_long_code_is_joined(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t code[150];
    for (size_t i = 0; i < sizeof code; i++) {
        code[i] = (uint8_t)(i * 7);
    }
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    assert_int_equal(give(&f, "]Q1", code, 56, true, REPORT), 0);
    assert_int_equal(give(&f, "]Q1", code + 56, 56, true, REPORT), 0);
    assert_int_equal(give(&f, "\0\0\0", code + 112, 38, false, REPORT), 1);
    assert_scan(&f, "]Q1", code, sizeof code);
}

static void the_longest_code_fits_and_one_byte_more_is_lost_whole(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t part[56] = {1};
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    for (int i = 0; i < SCAN_MAX / 56; i++) {
        assert_int_equal(give(&f, "]Q1", part, 56, true, REPORT), 0);
    }
    assert_int_equal(give(&f, "]Q1", part, SCAN_MAX % 56, false, REPORT), 1);
    assert_int_equal(f.scan.n, SCAN_MAX);
    for (int i = 0; i < SCAN_MAX / 56; i++) {
        assert_int_equal(give(&f, "]Q1", part, 56, true, REPORT), 0);
    }
    assert_int_equal(give(&f, "]Q1", part, SCAN_MAX % 56 + 1, true, REPORT), TP_E_MALFORMED);
    assert_int_equal(give(&f, "]Q1", part, 56, true, REPORT), 0);
    assert_int_equal(give(&f, "]Q1", part, 3, false, REPORT), 0);
    assert_int_equal(give(&f, "]E0", "next", 4, false, REPORT), 1);
    assert_scan(&f, "]E0", "next", 4);
}

static void empty_reports_and_other_reports_are_no_codes(void **state)
{
    (void)state;
    struct fixture f;
    const uint8_t other[] = {4, 1, 2};
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    assert_int_equal(give(&f, "]E0", "", 0, false, 0), 0);
    assert_int_equal(give(&f, "]E0", "", 0, false, REPORT), 0);
    assert_int_equal(join_report(&f.join, &f.l, bytes_of(other, sizeof other), 1, &f.scan), 0);
    /* nor do they break one that is under way */
    assert_int_equal(give(&f, "]Q1", "abc", 3, true, REPORT), 0);
    assert_int_equal(give(&f, "]Q1", "", 0, false, 0), 0);
    assert_int_equal(join_report(&f.join, &f.l, bytes_of(other, sizeof other), f.now, &f.scan), 0);
    assert_int_equal(give(&f, "]Q1", "def", 3, false, REPORT), 1);
    assert_scan(&f, "]Q1", "abcdef", 6);
}

static void an_empty_last_report_ends_a_code(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    assert_int_equal(give(&f, "]Q1", "abc", 3, true, REPORT), 0);
    assert_int_equal(give(&f, "]Q1", "", 0, false, REPORT), 1);
    assert_scan(&f, "]Q1", "abc", 3);
}

static void a_length_beyond_the_field_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    const uint8_t full[56] = {'x'};
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    assert_int_equal(give(&f, "]E0", full, 57, false, REPORT), TP_E_MALFORMED);
    assert_int_equal(give(&f, "]E0", full, 255, false, REPORT), TP_E_MALFORMED);
    assert_int_equal(give(&f, "]E0", "x", 1, false, REPORT), 1);
}

static void a_report_cut_before_a_byte_that_counts_is_refused(void **state)
{
    (void)state;
    for (size_t size = 1; size < REPORT; size++) {
        struct fixture f;
        assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
        assert_int_equal(give(&f, "]E0", "4006381333931", 13, false, size), TP_E_MALFORMED);
        assert_int_equal(give(&f, "]E0", "whole", 5, false, REPORT), 1);
        assert_scan(&f, "]E0", "whole", 5);
    }
}

static void a_report_without_the_flag_may_end_with_its_data(void **state)
{
    (void)state;
    struct fixture f;
    const uint8_t r[] = {2, 0, ']', 'C', '1', 'o', 'k'};
    assert_int_equal(begin(&f, without_ids, sizeof without_ids), 0);
    assert_int_equal(join_report(&f.join, &f.l, bytes_of(r, sizeof r), 0, &f.scan), 1);
    assert_scan(&f, "]C1", "ok", 2);
    assert_int_equal(join_report(&f.join, &f.l, bytes_of(r, sizeof r - 1), 0, &f.scan), TP_E_MALFORMED);
}

static void a_part_that_was_cut_spoils_its_code(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    assert_int_equal(give(&f, "]Q1", "abc", 3, true, REPORT), 0);
    assert_int_equal(give(&f, "]Q1", "def", 3, true, 7), TP_E_MALFORMED);
    assert_int_equal(give(&f, "]Q1", "ghi", 3, false, REPORT), 0);
    assert_int_equal(give(&f, "]Q1", "new", 3, false, REPORT), 1);
    assert_scan(&f, "]Q1", "new", 3);
}

static void parts_of_two_codes_are_never_joined(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    assert_int_equal(give(&f, "]Q1", "abc", 3, true, REPORT), 0);
    assert_int_equal(give(&f, "]d2", "def", 3, false, REPORT), TP_E_MALFORMED);
    assert_int_equal(give(&f, "]d2", "def", 3, false, REPORT), 1);
    assert_scan(&f, "]d2", "def", 3);
}

static void a_rest_that_never_came_is_forgotten(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    assert_int_equal(give(&f, "]Q1", "abc", 3, true, REPORT), 0);
    f.now += JOIN_GAP_MS + 1;
    assert_int_equal(give(&f, "]Q1", "new", 3, false, REPORT), 1);
    assert_scan(&f, "]Q1", "new", 3);
}

static void a_break_drops_the_code_under_way_to_its_end(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    join_break(&f.join);
    assert_int_equal(give(&f, "]Q1", "abc", 3, true, REPORT), 0);
    join_break(&f.join);
    assert_int_equal(give(&f, "]Q1", "def", 3, false, REPORT), 0);
    assert_int_equal(give(&f, "]Q1", "new", 3, false, REPORT), 1);
    assert_scan(&f, "]Q1", "new", 3);
}

static void any_bytes_give_a_bounded_scan_or_none(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t seed = 99;
    assert_int_equal(begin(&f, with_aim, sizeof with_aim), 0);
    for (int round = 0; round < 100000; round++) {
        uint8_t data[60];
        for (size_t i = 0; i < sizeof data; i++) {
            seed = seed * 1664525u + 1013904223u;
            data[i] = (uint8_t)(seed >> 24);
        }
        int rc = give(&f, "]Q1", data, data[0] % 70, data[1] & 1, data[2] % (REPORT + 1));
        assert_true(rc == 0 || rc == 1 || rc == TP_E_MALFORMED);
        assert_true(rc != 1 || (f.scan.n >= 1 && f.scan.n <= SCAN_MAX));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_report_is_one_code),
        cmocka_unit_test(what_is_not_an_identifier_is_left_empty),
        cmocka_unit_test(a_long_code_is_joined),
        cmocka_unit_test(the_longest_code_fits_and_one_byte_more_is_lost_whole),
        cmocka_unit_test(empty_reports_and_other_reports_are_no_codes),
        cmocka_unit_test(an_empty_last_report_ends_a_code),
        cmocka_unit_test(a_length_beyond_the_field_is_refused),
        cmocka_unit_test(a_report_cut_before_a_byte_that_counts_is_refused),
        cmocka_unit_test(a_report_without_the_flag_may_end_with_its_data),
        cmocka_unit_test(a_part_that_was_cut_spoils_its_code),
        cmocka_unit_test(parts_of_two_codes_are_never_joined),
        cmocka_unit_test(a_rest_that_never_came_is_forgotten),
        cmocka_unit_test(a_break_drops_the_code_under_way_to_its_end),
        cmocka_unit_test(any_bytes_give_a_bounded_scan_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
