/* QR codes written: the smallest version, exact geometry, nothing changed on failure. */
#include "draw.h"

#include <stdio.h>
#include <stdlib.h>

static struct qr encode(const char *digits)
{
    struct qr qr = {0};
    assert_int_equal(qr_encode(bytes_str(digits), &qr, NULL), 0);
    return qr;
}

static int side_of(size_t n)
{
    char digits[1000];
    uint64_t seed = 11 + n;
    struct qr qr = {0};
    draw_digits(&seed, digits, n);
    assert_int_equal(qr_encode(bytes_of(digits, n), &qr, NULL), 0);
    int side = qr.side;
    qr_free(&qr);
    assert_null(qr.dark);
    return side;
}

/* ISO/IEC 18004, table 7: what numeric segments at level M hold: 34, 63, 101, 149, 202, 255, 293, 365 digits.
 */
static void the_smallest_version_is_taken(void **state)
{
    (void)state;
    static const size_t holds[] = {34, 63, 101, 149, 202, 255, 293, 365};
    for (int v = 1; v <= 8; v++) {
        assert_int_equal(side_of(holds[v - 1]), 17 + 4 * v);
        assert_int_equal(side_of(holds[v - 1] + 1), 17 + 4 * (v + 1));
    }
    assert_int_equal(side_of(1), 21);
}

static void a_coupon_is_version_7(void **state)
{
    (void)state;
    for (size_t n = 270; n <= 293; n++) {
        assert_int_equal(side_of(n), 45);
    }
}

static void one_to_a_thousand_digits_and_nothing_else(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "12a", "12 ", "-1", "1.5", "\xD9\xA1"};
    char digits[1001];
    struct qr qr = {.side = -7};
    struct err e;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e = (struct err){0};
        assert_int_equal(qr_encode(bytes_str(bad[i]), &qr, &e), TP_BAD_VALUE);
        assert_int_equal(e.code, TP_BAD_VALUE);
    }
    memset(digits, '7', sizeof digits);
    assert_int_equal(qr_encode(bytes_of(digits, 1001), &qr, NULL), TP_BAD_VALUE);
    assert_int_equal(qr_encode(bytes_of("12\0", 3), &qr, NULL), TP_BAD_VALUE);
    assert_int_equal(qr.side, -7);
    assert_true(side_of(1000) > 45);
}

static void a_freed_symbol_may_be_freed_again(void **state)
{
    (void)state;
    struct qr qr = encode("123");
    qr_free(&qr);
    qr_free(&qr);
    qr_free(NULL);
}

/* Draws the path's runs again and compares every module. */
static void check_path(const char *d, const struct qr *qr)
{
    uint8_t *seen = calloc((size_t)qr->side, (size_t)qr->side);
    assert_non_null(seen);
    while (*d == 'M') {
        int x, y, run, back, used = 0;
        assert_int_equal(sscanf(d, "M%d %dh%dv1h-%dz%n", &x, &y, &run, &back, &used), 4);
        assert_int_equal(run, back);
        assert_true(used > 0 && run > 0 && x >= 4 && y >= 4);
        assert_true(x - 4 + run <= qr->side && y - 4 < qr->side);
        memset(seen + (y - 4) * qr->side + x - 4, 1, (size_t)run);
        d += used;
    }
    assert_memory_equal(seen, qr->dark, (size_t)qr->side * (size_t)qr->side);
    assert_string_equal(d, "\"/>\n</svg>\n");
    free(seen);
}

static void the_svg_is_a_white_square_and_one_path(void **state)
{
    (void)state;
    static const char head[] =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 29 29\" shape-rendering=\"crispEdges\">\n"
        "<rect width=\"29\" height=\"29\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\"";
    struct qr qr = encode("80701");
    struct buf out;
    buf_init(&out, 65536);
    assert_int_equal(qr.side, 21);
    assert_int_equal(qr_svg(&qr, &out, NULL), 0);
    buf_putc(&out, 0);
    const char *svg = (const char *)out.p;
    assert_memory_equal(svg, head, sizeof head - 1);
    check_path(svg + sizeof head - 1, &qr);
    buf_free(&out);
    qr_free(&qr);
}

/* The two modules, upper and lower, of the character at p; moves on. */
static unsigned halves(const char **p)
{
    static const char *const block[] = {" ", "\xE2\x96\x84", "\xE2\x96\x80", "\xE2\x96\x88"};
    for (unsigned i = 0; i < 4; i++) {
        if (strncmp(*p, block[i], strlen(block[i])) == 0) {
            *p += strlen(block[i]);
            return i;
        }
    }
    fail_msg("not a half block");
    return 0;
}

static bool module(const struct qr *qr, int x, int y)
{
    return x >= 0 && y >= 0 && x < qr->side && y < qr->side && qr->dark[y * qr->side + x];
}

static void the_text_is_lines_of_two_rows_dark_on_light(void **state)
{
    (void)state;
    static const char dark_on_light[] = "\x1b[38;5;16;48;5;231m", end[] = "\x1b[0m\n";
    struct qr qr = encode("80701");
    struct buf out;
    buf_init(&out, 65536);
    assert_int_equal(qr_text(&qr, &out, NULL), 0);
    buf_putc(&out, 0);
    const char *p = (const char *)out.p;
    int lines = 0;
    for (; *p; lines++) {
        assert_memory_equal(p, dark_on_light, sizeof dark_on_light - 1);
        p += sizeof dark_on_light - 1;
        for (int x = -4; x < qr.side + 4; x++) {
            unsigned both = halves(&p);
            assert_int_equal(both >> 1, module(&qr, x, 2 * lines - 4));
            assert_int_equal(both & 1, module(&qr, x, 2 * lines - 3));
        }
        assert_memory_equal(p, end, sizeof end - 1);
        p += sizeof end - 1;
    }
    assert_int_equal(lines, (qr.side + 9) / 2);
    buf_free(&out);
    qr_free(&qr);
}

static void the_png_is_modules_times_scale_and_a_quiet_zone(void **state)
{
    (void)state;
    static const int scales[] = {1, 2, 3, 7, 64};
    struct qr qr = encode("80701");
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        int scale = scales[i], side = (qr.side + 8) * scale;
        struct buf out;
        struct grey g;
        buf_init(&out, 1 << 20);
        assert_int_equal(qr_png(&qr, scale, &out, NULL), 0);
        assert_int_equal(grey_load(buf_view(&out), &g, NULL), 0);
        assert_int_equal(g.width, side);
        assert_int_equal(g.height, side);
        for (int p = 0; p < side * side; p++) {
            bool dark = module(&qr, p % side / scale - 4, p / side / scale - 4);
            assert_int_equal(g.px[p], dark ? 0 : 255);
        }
        grey_free(&g);
        buf_free(&out);
    }
    qr_free(&qr);
}

static void a_bad_scale_is_refused(void **state)
{
    (void)state;
    static const int bad[] = {-1, 0, 65, 1 << 30};
    struct qr qr = encode("1");
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        assert_int_equal(qr_png(&qr, bad[i], &out, &e), TP_E_ARGUMENT);
        assert_int_equal(e.code, TP_E_ARGUMENT);
    }
    assert_int_equal(out.n, 0);
    assert_false(out.failed);
    buf_free(&out);
    qr_free(&qr);
}

/* Every maximum below the file's size: what the buffer held stays, and nothing of the file. */
static void a_full_buffer_keeps_what_it_held(void **state)
{
    (void)state;
    struct qr qr = encode("1");
    for (size_t max = 3; max < 6000; max += max < 200 ? 1 : 61) {
        for (int kind = 0; kind < 3; kind++) {
            struct buf out;
            struct err e = {0};
            buf_init(&out, max);
            buf_puts(&out, "abc");
            int rc = kind == 0   ? qr_png(&qr, 1, &out, &e)
                     : kind == 1 ? qr_svg(&qr, &out, &e)
                                 : qr_text(&qr, &out, &e);
            assert_memory_equal(out.p, "abc", 3);
            assert_int_equal(rc, out.failed ? TP_E_MEMORY : 0);
            assert_int_equal(e.code, rc);
            assert_true(out.failed ? out.n == 3 : out.n > 3);
            assert_true(max > 100 || out.failed);
            buf_free(&out);
        }
    }
    qr_free(&qr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_version_is_taken),
        cmocka_unit_test(a_coupon_is_version_7),
        cmocka_unit_test(one_to_a_thousand_digits_and_nothing_else),
        cmocka_unit_test(a_freed_symbol_may_be_freed_again),
        cmocka_unit_test(the_svg_is_a_white_square_and_one_path),
        cmocka_unit_test(the_text_is_lines_of_two_rows_dark_on_light),
        cmocka_unit_test(the_png_is_modules_times_scale_and_a_quiet_zone),
        cmocka_unit_test(a_bad_scale_is_refused),
        cmocka_unit_test(a_full_buffer_keeps_what_it_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
