/* The report descriptor of a scanner: what is said is found, what is not said is not guessed, and no bytes do
 * harm. */
#include "drivers/hid_scanner/layout.h"
#include "devices/descriptors.h"
#include "support/cm.h"

#include <stdlib.h>

#define VIEW(array) bytes_of(array, sizeof array)

static void the_layout_with_aim_is_found(void **state)
{
    (void)state;
    struct layout l;
    assert_int_equal(layout_parse(VIEW(with_aim), 0, &l, NULL), 0);
    assert_true(l.scanner && l.ids);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.largest, 64);
    const struct layout_report *r = layout_find(&l, 2);
    assert_non_null(r);
    assert_int_equal(r->size, 64);
    assert_true(r->has_length && r->has_aim && r->has_continued);
    assert_int_equal(r->length_at, 1);
    assert_int_equal(r->length_size, 1);
    assert_int_equal(r->aim_at[0], 2);
    assert_int_equal(r->aim_at[1], 3);
    assert_int_equal(r->aim_at[2], 4);
    assert_int_equal(r->data_at, 5);
    assert_int_equal(r->data_size, 56);
    assert_int_equal(r->continued_bit, 63 * 8);
    assert_int_equal(r->continued_bits, 1);
    assert_null(layout_find(&l, 4));
}

static void the_layout_without_aim_is_found(void **state)
{
    (void)state;
    struct layout l;
    assert_int_equal(layout_parse(VIEW(without_aim), 0, &l, NULL), 0);
    const struct layout_report *r = layout_find(&l, 2);
    assert_non_null(r);
    assert_false(r->has_aim);
    assert_int_equal(r->length_at, 1);
    assert_int_equal(r->data_at, 2);
    assert_int_equal(r->data_size, 56);
    assert_int_equal(r->continued_bit, 63 * 8);
    assert_int_equal(r->continued_bits, 8);
    assert_int_equal(r->size, 64);
}

static void reports_without_ids_begin_with_their_first_field(void **state)
{
    (void)state;
    struct layout l;
    assert_int_equal(layout_parse(VIEW(without_ids), 0, &l, NULL), 0);
    assert_false(l.ids);
    const struct layout_report *r = layout_find(&l, 77);
    assert_non_null(r);
    assert_int_equal(r->length_at, 0);
    assert_int_equal(r->length_size, 2);
    assert_true(r->has_aim);
    assert_int_equal(r->aim_at[2], 4);
    assert_int_equal(r->data_at, 5);
    assert_int_equal(r->data_size, 32);
    assert_false(r->has_continued);
    assert_int_equal(r->size, 37);
}

static void a_length_that_is_not_named_is_not_guessed(void **state)
{
    (void)state;
    struct layout l;
    struct err e = {0};
    assert_int_equal(layout_parse(VIEW(unnamed_length), 0, &l, &e), TP_UNSUPPORTED);
    assert_non_null(strstr(e.text, "how long"));
    assert_true(l.scanner);
    assert_int_equal(layout_parse(VIEW(unnamed_length), 1, &l, NULL), 0);
    assert_int_equal(l.reports[0].length_at, 1);
    /* a quirk that points into the data, or behind the report, is none */
    assert_int_equal(layout_parse(VIEW(unnamed_length), 2, &l, NULL), TP_UNSUPPORTED);
    assert_int_equal(layout_parse(VIEW(unnamed_length), 61, &l, NULL), TP_UNSUPPORTED);
    assert_int_equal(layout_parse(VIEW(unnamed_length), 62, &l, NULL), TP_UNSUPPORTED);
}

static void a_named_length_is_stronger_than_a_quirk(void **state)
{
    (void)state;
    struct layout l;
    assert_int_equal(layout_parse(VIEW(without_aim), 60, &l, NULL), 0);
    assert_int_equal(l.reports[0].length_at, 1);
}

static void a_keyboard_is_not_a_scanner(void **state)
{
    (void)state;
    struct layout l;
    struct err e = {0};
    assert_int_equal(layout_parse(VIEW(keyboard), 0, &l, &e), TP_UNSUPPORTED);
    assert_false(l.scanner);
    assert_non_null(strstr(e.text, "not a HID POS scanner"));
}

static void a_scanner_without_decoded_data_says_so(void **state)
{
    (void)state;
    static const uint8_t d[] = {PAGE_POS, USE(0x02), APPLICATION, BYTES(4), USE(0x15), VAR, END};
    struct layout l;
    struct err e = {0};
    assert_int_equal(layout_parse(VIEW(d), 0, &l, &e), TP_UNSUPPORTED);
    assert_true(l.scanner);
    assert_non_null(strstr(e.text, "Decoded Data"));
}

static void raw_data_and_data_of_other_applications_are_left_alone(void **state)
{
    (void)state;
    static const uint8_t raw[] = {PAGE_POS, USE(0x02), APPLICATION, USE(0x13), LOGICAL,
                                  BYTES(1), PAGE_DESK, USE(0x3B),   VAR,       BYTES(8),
                                  PAGE_POS, USE(0xFE), VAR,         END,       END};
    static const uint8_t other[] = {PAGE_POS, USE(0x05), APPLICATION, BYTES(1),  PAGE_DESK, USE(0x3B),
                                    VAR,      BYTES(8),  PAGE_POS,    USE(0xFE), VAR,       END};
    static const uint8_t behind[] = {PAGE_POS,  USE(0x02), APPLICATION, END,      BYTES(1),  PAGE_DESK,
                                     USE(0x3B), VAR,       BYTES(8),    PAGE_POS, USE(0xFE), VAR};
    struct layout l;
    assert_int_equal(layout_parse(VIEW(raw), 0, &l, NULL), TP_UNSUPPORTED);
    assert_int_equal(layout_parse(VIEW(other), 0, &l, NULL), TP_UNSUPPORTED);
    assert_false(l.scanner);
    assert_int_equal(layout_parse(VIEW(behind), 0, &l, NULL), TP_UNSUPPORTED);
}

static void fields_that_do_not_lie_on_bytes_are_not_read(void **state)
{
    (void)state;
    static const uint8_t d[] = {PAGE_POS, USE(0x02), APPLICATION, BYTES(1), PAGE_DESK, USE(0x3B), VAR,
                                BITS(4),  CONST,     BYTES(8),    PAGE_POS, USE(0xFE), VAR,       END};
    struct layout l;
    assert_int_equal(layout_parse(VIEW(d), 0, &l, NULL), TP_UNSUPPORTED);
}

static void usages_hold_in_their_long_forms_ranges_sets_and_after_push_and_pop(void **state)
{
    (void)state;
    static const uint8_t d[] = {0x0B, 0x02,      0x00,      0x8C, 0x00,     APPLICATION, PAGE_DESK,
                                0xA4, BYTES(1),  PAGE_POS,  0xB4, BYTES(1), USE(0x3B),   VAR,
                                0xFE, 0x02,      0x10,      0xAA, 0xBB,     BYTES(3),    PAGE_POS,
                                0x19, 0xFB,      0x29,      0xFD, VAR,      BYTES(10),   0xA9,
                                0x01, USE(0xFE), USE(0x20), 0xA9, 0x00,     VAR,         END};
    struct layout l;
    assert_int_equal(layout_parse(VIEW(d), 0, &l, NULL), 0);
    assert_true(l.reports[0].has_aim);
    assert_int_equal(l.reports[0].aim_at[0], 1);
    assert_int_equal(l.reports[0].data_at, 4);
    assert_int_equal(l.reports[0].data_size, 10);
}

static void malformed(const uint8_t *d, size_t n)
{
    struct layout l;
    struct err e = {0};
    assert_int_equal(layout_parse(bytes_of(d, n), 0, &l, &e), TP_E_MALFORMED);
    assert_int_equal(l.count, 0);
    assert_true(e.text[0]);
}

#define MALFORMED(...)                                                                                       \
    do {                                                                                                     \
        const uint8_t d[] = {__VA_ARGS__};                                                                   \
        malformed(d, sizeof d);                                                                              \
    } while (0)

static void what_breaks_the_format_is_refused(void **state)
{
    (void)state;
    uint8_t deep[64], big[LAYOUT_DESCRIPTOR_MAX + 1] = {0};
    malformed(NULL, 0);
    malformed(big, sizeof big);
    MALFORMED(END);
    MALFORMED(APPLICATION);
    MALFORMED(0xB4);
    MALFORMED(0xFE);
    MALFORMED(0xFE, 0x01, 0x00);
    MALFORMED(0x27, 0x00, 0x00, 0x00);
    MALFORMED(ID(0));
    MALFORMED(0x86, 0x00, 0x01);
    MALFORMED(0xD1, 0x02);
    MALFORMED(0x77, 0xFF, 0xFF, 0xFF, 0xFF, 0x97, 0xFF, 0xFF, 0xFF, 0xFF, VAR);
    MALFORMED(BYTES(1), VAR, ID(1), VAR);
    MALFORMED(0x75, 0x08, 0x96, 0x00, 0x08, VAR, VAR);
    for (size_t i = 0; i < sizeof deep; i += 2) {
        deep[i] = 0xA1;
        deep[i + 1] = 0x01;
    }
    malformed(deep, sizeof deep);
    memset(deep, 0xA4, sizeof deep);
    malformed(deep, sizeof deep);
}

/* Exact copies on the heap, so that a sanitizer sees a read one byte behind the end. */
static int parse_copy(const uint8_t *d, size_t n, struct layout *l)
{
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, d, n);
    int rc = layout_parse(bytes_of(copy, n), 1, l, NULL);
    free(copy);
    return rc;
}

static const struct bytes all[] = {
    {with_aim, sizeof with_aim},       {without_aim, sizeof without_aim},
    {without_ids, sizeof without_ids}, {unnamed_length, sizeof unnamed_length},
    {keyboard, sizeof keyboard},
};

static void a_descriptor_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct layout l;
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        for (size_t n = 0; n < all[k].n; n++) {
            int rc = parse_copy(all[k].p, n, &l);
            /* Before the first collection begins, nothing is open yet: well formed, and no scanner. */
            assert_true(rc == TP_E_MALFORMED || (n <= 4 && rc == TP_UNSUPPORTED && !l.scanner));
        }
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Whatever the bytes: a layout that is given out lies within its own reports. */
static void within_its_bounds(const struct layout *l)
{
    assert_in_range(l->count, 1, LAYOUT_REPORTS);
    assert_true(l->largest <= DRIVER_REPORT_MAX);
    for (unsigned int i = 0; i < l->count; i++) {
        const struct layout_report *r = &l->reports[i];
        assert_true(r->size <= l->largest);
        assert_true(r->data_size > 0 && r->data_at + r->data_size <= r->size);
        assert_true(r->has_length && r->length_at + r->length_size <= r->size);
        assert_in_range(r->length_size, 1, 2);
        for (int k = 0; r->has_aim && k < 3; k++) {
            assert_true(r->aim_at[k] < r->size);
        }
        if (r->has_continued) {
            assert_in_range(r->continued_bits, 1, 8);
            assert_true(r->continued_bit + r->continued_bits <= r->size * 8u);
        }
    }
}

static void changed_bytes_never_lead_out_of_bounds(void **state)
{
    (void)state;
    uint32_t seed = 20261122;
    unsigned int good = 0, refused = 0;
    for (int round = 0; round < 60000; round++) {
        uint8_t d[256];
        struct layout l;
        const struct bytes *from = &all[next_random(&seed) % (sizeof all / sizeof all[0])];
        size_t n = from->n;
        memcpy(d, from->p, n);
        for (uint32_t flips = 1 + next_random(&seed) % 4; flips > 0; flips--) {
            d[next_random(&seed) % n] = (uint8_t)next_random(&seed);
        }
        if (next_random(&seed) % 4 == 0) {
            size_t at = next_random(&seed) % n, by = next_random(&seed) % (n - at);
            memmove(d + at, d + at + by, n - at - by);
            n -= by;
        }
        int rc = parse_copy(d, n, &l);
        if (rc == 0) {
            within_its_bounds(&l);
            good++;
        } else {
            assert_true(rc == TP_UNSUPPORTED || rc == TP_E_MALFORMED);
            refused++;
        }
    }
    /* both ways are taken often, or the test shows nothing */
    assert_true(good > 1000 && refused > 1000);
}

static void random_bytes_never_lead_out_of_bounds(void **state)
{
    (void)state;
    uint32_t seed = 4711;
    for (int round = 0; round < 20000; round++) {
        uint8_t d[128];
        struct layout l;
        size_t n = 1 + next_random(&seed) % sizeof d;
        for (size_t i = 0; i < n; i++) {
            d[i] = (uint8_t)next_random(&seed);
        }
        if (parse_copy(d, n, &l) == 0) {
            within_its_bounds(&l);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_with_aim_is_found),
        cmocka_unit_test(the_layout_without_aim_is_found),
        cmocka_unit_test(reports_without_ids_begin_with_their_first_field),
        cmocka_unit_test(a_length_that_is_not_named_is_not_guessed),
        cmocka_unit_test(a_named_length_is_stronger_than_a_quirk),
        cmocka_unit_test(a_keyboard_is_not_a_scanner),
        cmocka_unit_test(a_scanner_without_decoded_data_says_so),
        cmocka_unit_test(raw_data_and_data_of_other_applications_are_left_alone),
        cmocka_unit_test(fields_that_do_not_lie_on_bytes_are_not_read),
        cmocka_unit_test(usages_hold_in_their_long_forms_ranges_sets_and_after_push_and_pop),
        cmocka_unit_test(what_breaks_the_format_is_refused),
        cmocka_unit_test(a_descriptor_cut_anywhere_is_refused),
        cmocka_unit_test(changed_bytes_never_lead_out_of_bounds),
        cmocka_unit_test(random_bytes_never_lead_out_of_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
