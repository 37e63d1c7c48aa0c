/* Codes read back: what was written is what is read, in every kind of file, upright and upside down. */
#include "draw.h"

#include <qrencode.h>
#include <stdlib.h>

static int read_codes(const struct grey *g, struct buf texts[PICTURE_CODES_MAX])
{
    hush_begin();
    int n = grey_codes(g, texts);
    assert_int_equal(hush_end(), 0);
    return n;
}

static void free_codes(struct buf texts[PICTURE_CODES_MAX])
{
    for (int i = 0; i < PICTURE_CODES_MAX; i++) {
        buf_free(&texts[i]);
    }
}

static void holds_only(const struct grey *g, const char *text, size_t n)
{
    struct buf texts[PICTURE_CODES_MAX];
    assert_int_equal(read_codes(g, texts), 1);
    assert_true(bytes_equal(buf_view(&texts[0]), bytes_of(text, n)));
    assert_null(texts[1].p);
    free_codes(texts);
}

static void file_holds_only(struct buf *file, const char *text, size_t n)
{
    struct grey g;
    assert_int_equal(grey_load(buf_view(file), &g, NULL), 0);
    holds_only(&g, text, n);
    grey_free(&g);
    buf_free(file);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 5, 17, 34, 35, 100, 200, 270, 281, 293, 294, 365, 500, 700, 1000};
    uint64_t seed = 20261122;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char digits[1000];
        struct qr qr;
        draw_digits(&seed, digits, lengths[i]);
        assert_int_equal(qr_encode(bytes_of(digits, lengths[i]), &qr, NULL), 0);
        for (int scale = 2; scale <= 8; scale += scale == 4 ? 4 : 1) {
            struct buf file;
            buf_init(&file, 1 << 20);
            assert_int_equal(qr_png(&qr, scale, &file, NULL), 0);
            file_holds_only(&file, digits, lengths[i]);
        }
        qr_free(&qr);
    }
}

/* The lengths of coupons of 109 to 117 bytes, at the scale that people print. */
static void every_length_of_a_coupon_is_read(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (size_t n = 270; n <= 293; n++) {
        char digits[293];
        draw_digits(&seed, digits, n);
        struct grey g = draw_code(digits, n, 4);
        holds_only(&g, digits, n);
        grey_free(&g);
    }
}

static void every_kind_of_file_is_read_either_way_up(void **state)
{
    (void)state;
    char digits[281];
    uint64_t seed = 99;
    draw_digits(&seed, digits, sizeof digits);
    struct grey upright = draw_code(digits, sizeof digits, 4), turned = draw_turned(&upright);
    for (int kind = 0; kind < PNG_KINDS * 4; kind++) {
        struct buf file = draw_png(kind & 1 ? &turned : &upright, (enum png_kind)(kind / 4), kind & 2);
        file_holds_only(&file, digits, sizeof digits);
    }
    for (int quality = 60; quality <= 95; quality += 5) {
        for (int kind = 0; kind < JPEG_KINDS * 2; kind++) {
            struct buf file = draw_jpeg(kind & 1 ? &turned : &upright, (enum jpeg_kind)(kind / 2), quality);
            file_holds_only(&file, digits, sizeof digits);
        }
    }
    grey_free(&upright);
    grey_free(&turned);
}

/* No guess at a character set: a QR code's bytes come back as they are, zero bytes too. */
static void bytes_come_back_raw(void **state)
{
    (void)state;
    static const uint8_t raw[] = {0x00, 0xFF, 0xFE, 0x80, 'a', 0x00, 0xE4, 0x0A, 0x93, 0xC3, 0x28};
    QRcode *code = QRcode_encodeData(sizeof raw, raw, 0, QR_ECLEVEL_M);
    assert_non_null(code);
    struct qr qr = {.side = code->width, .dark = malloc((size_t)code->width * (size_t)code->width)};
    assert_non_null(qr.dark);
    for (int i = 0; i < code->width * code->width; i++) {
        qr.dark[i] = code->data[i] & 1;
    }
    struct grey g = draw_white(200, 200);
    draw_qr(&g, &qr, 30, 30, 4);
    holds_only(&g, (const char *)raw, sizeof raw);
    grey_free(&g);
    qr_free(&qr);
    QRcode_free(code);
}

/* GS1 General Specifications, 5.2.1: sets A, B and C, and the sets that the first digit asks for. */
static void draw_ean13(struct grey *g, const char *digits, uint32_t x, uint32_t module)
{
    static const char set_a[10][8] = {"0001101", "0011001", "0010011", "0111101", "0100011",
                                      "0110001", "0101111", "0111011", "0110111", "0001011"};
    static const char first[10][7] = {"AAAAAA", "AABABB", "AABBAB", "AABBBA", "ABAABB",
                                      "ABBAAB", "ABBBAA", "ABABAB", "ABABBA", "ABBABA"};
    /* The guards: 101 at either end, 01010 in the middle after the sixth digit. */
    char bars[96] = "101";
    memcpy(bars + 45, "01010", 5);
    memcpy(bars + 92, "101", 4);
    for (int i = 1; i <= 12; i++) {
        const char *a = set_a[digits[i] - '0'];
        char set = i > 6 ? 'C' : first[digits[0] - '0'][i - 1];
        char *to = bars + 3 + 7 * (i - 1) + (i > 6 ? 5 : 0);
        for (int k = 0; k < 7; k++) {
            /* B is C mirrored, C is A inverted. */
            char bit = set == 'B' ? a[6 - k] : a[k];
            to[k] = (bit == '1') == (set == 'A') ? '1' : '0';
        }
    }
    for (uint32_t i = 0; i < 95 * module; i++) {
        for (uint32_t y = 20; y < g->height - 20; y++) {
            g->px[(size_t)y * g->width + x + i] = bars[i / module] == '1' ? 0 : 255;
        }
    }
}

static void a_bar_code_is_read_either_way_up(void **state)
{
    (void)state;
    struct grey g = draw_white(280, 120);
    draw_ean13(&g, "4006381333931", 40, 2);
    struct grey turned = draw_turned(&g);
    holds_only(&g, "4006381333931", 13);
    holds_only(&turned, "4006381333931", 13);
    grey_free(&g);
    grey_free(&turned);
}

/* A sheet of `columns` x `rows` codes; each holds 900 + its number, modulo `kinds`. */
static struct grey sheet(uint32_t columns, uint32_t rows, uint32_t kinds)
{
    struct grey g = draw_white(columns * 130, rows * 130);
    for (uint32_t i = 0; i < columns * rows; i++) {
        char digits[3] = {'9', (char)('0' + i % kinds / 10), (char)('0' + i % kinds % 10)};
        struct qr qr;
        assert_int_equal(qr_encode(bytes_of(digits, 3), &qr, NULL), 0);
        draw_qr(&g, &qr, i % columns * 130 + 20, i / columns * 130 + 20, 4);
        qr_free(&qr);
    }
    return g;
}

static void several_codes_are_all_read(void **state)
{
    (void)state;
    struct buf texts[PICTURE_CODES_MAX];
    struct grey g = sheet(2, 2, 4);
    unsigned seen = 0;
    assert_int_equal(read_codes(&g, texts), 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(texts[i].n, 3);
        assert_memory_equal(texts[i].p, "90", 2);
        seen |= 1u << (texts[i].p[2] - '0');
    }
    assert_int_equal(seen, 15);
    free_codes(texts);
    grey_free(&g);
}

static void the_same_code_twice_counts_once(void **state)
{
    (void)state;
    struct grey g = sheet(2, 2, 1);
    holds_only(&g, "900", 3);
    grey_free(&g);
}

static void no_more_than_the_maximum_is_returned(void **state)
{
    (void)state;
    struct buf texts[PICTURE_CODES_MAX];
    struct grey g = sheet(5, 4, 20);
    assert_int_equal(read_codes(&g, texts), PICTURE_CODES_MAX);
    for (int i = 0; i < PICTURE_CODES_MAX; i++) {
        assert_int_equal(texts[i].n, 3);
    }
    free_codes(texts);
    grey_free(&g);
}

static void no_code_is_none(void **state)
{
    (void)state;
    struct buf texts[PICTURE_CODES_MAX];
    static const uint32_t sides[][2] = {{1, 1}, {1, 300}, {300, 1}, {7, 5}, {13, 11}, {300, 200}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        struct grey g = draw_white(sides[i][0], sides[i][1]);
        assert_int_equal(read_codes(&g, texts), 0);
        memset(g.px, 0, (size_t)g.width * g.height);
        assert_int_equal(read_codes(&g, texts), 0);
        for (uint32_t p = 0; p < g.width * g.height; p++) {
            g.px[p] = (uint8_t)(p % g.width);
        }
        assert_int_equal(read_codes(&g, texts), 0);
        grey_free(&g);
    }
    assert_int_equal(read_codes(&(struct grey){0}, texts), 0);
    assert_int_equal(read_codes(&(struct grey){.width = 5, .height = 5}, texts), 0);
}

static void freeing_twice_is_allowed(void **state)
{
    (void)state;
    struct grey g = draw_white(2, 2);
    grey_free(&g);
    grey_free(&g);
    grey_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_written_is_read, hush_teardown),
        cmocka_unit_test_teardown(every_length_of_a_coupon_is_read, hush_teardown),
        cmocka_unit_test_teardown(every_kind_of_file_is_read_either_way_up, hush_teardown),
        cmocka_unit_test_teardown(bytes_come_back_raw, hush_teardown),
        cmocka_unit_test_teardown(a_bar_code_is_read_either_way_up, hush_teardown),
        cmocka_unit_test_teardown(several_codes_are_all_read, hush_teardown),
        cmocka_unit_test_teardown(the_same_code_twice_counts_once, hush_teardown),
        cmocka_unit_test_teardown(no_more_than_the_maximum_is_returned, hush_teardown),
        cmocka_unit_test_teardown(no_code_is_none, hush_teardown),
        cmocka_unit_test_teardown(freeing_twice_is_allowed, hush_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
