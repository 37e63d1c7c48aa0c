/* Pictures read: every kind gives the same grey, sizes are refused before pixels are decoded. */
#include "draw.h"

#include <png.h>
#include <stdlib.h>

/* Every grey there is, with sides that fill no byte and no interlaced block. */
static struct grey ramp(uint32_t width, uint32_t height)
{
    struct grey g = draw_white(width, height);
    for (uint32_t i = 0; i < width * height; i++) {
        g.px[i] = (uint8_t)(i * 7 + i / 256);
    }
    return g;
}

static struct grey load(struct buf *file)
{
    struct grey g = {0};
    struct err e = {0};
    assert_int_equal(grey_load(buf_view(file), &g, &e), 0);
    assert_int_equal(e.code, 0);
    buf_free(file);
    return g;
}

static void refused(const struct buf *file, int code)
{
    struct grey g = {.width = 77};
    struct err e = {0};
    assert_int_equal(grey_load(buf_view(file), &g, &e), code);
    assert_int_equal(e.code, code);
    assert_true(e.text[0]);
    assert_int_equal(g.width, 77);
    assert_null(g.px);
}

static void same(const struct grey *a, const struct grey *b, int apart)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    for (size_t i = 0; i < (size_t)a->width * a->height; i++) {
        assert_true(abs(a->px[i] - b->px[i]) <= apart);
    }
}

/* One bit of grey keeps only black and white. */
static void to_two_greys(struct grey *g)
{
    for (size_t i = 0; i < (size_t)g->width * g->height; i++) {
        g->px[i] = g->px[i] & 0x80 ? 255 : 0;
    }
}

static void every_kind_of_png_gives_the_same_grey(void **state)
{
    (void)state;
    static const uint32_t sides[][2] = {{1, 1}, {1, 9}, {9, 1}, {3, 2}, {5, 5}, {8, 8}, {61, 47}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        for (int kind = 0; kind < PNG_KINDS * 2; kind++) {
            struct grey drawn = ramp(sides[i][0], sides[i][1]);
            if (kind / 2 == GREY1) {
                to_two_greys(&drawn);
            }
            struct buf file = draw_png(&drawn, (enum png_kind)(kind / 2), kind % 2);
            struct grey got = load(&file);
            same(&drawn, &got, 0);
            grey_free(&got);
            grey_free(&drawn);
        }
    }
}

static void every_kind_of_jpeg_gives_nearly_the_same_grey(void **state)
{
    (void)state;
    for (int kind = 0; kind < JPEG_KINDS; kind++) {
        struct grey drawn = draw_white(67, 41);
        for (uint32_t i = 0; i < 67 * 41; i++) {
            drawn.px[i] = (uint8_t)(i % 67 * 3);
        }
        struct buf file = draw_jpeg(&drawn, (enum jpeg_kind)kind, 95);
        struct grey got = load(&file);
        same(&drawn, &got, 12);
        grey_free(&got);
        grey_free(&drawn);
    }
}

/* BT.601: red, green, blue, white, and white at alpha 0 and 128 over white. */
static void colours_become_luma(void **state)
{
    (void)state;
    static const uint8_t rgba[6][4] = {{255, 0, 0, 255},     {0, 255, 0, 255}, {0, 0, 255, 255},
                                       {255, 255, 255, 255}, {255, 0, 0, 0},   {0, 0, 0, 128}};
    static const uint8_t want[6] = {76, 150, 29, 255, 255, 127};
    png_image image = {.version = PNG_IMAGE_VERSION, .width = 6, .height = 1, .format = PNG_FORMAT_RGBA};
    uint8_t memory[1024];
    png_alloc_size_t n = sizeof memory;
    struct grey got;
    assert_true(png_image_write_to_memory(&image, memory, &n, 0, rgba, 0, NULL));
    assert_int_equal(grey_load(bytes_of(memory, n), &got, NULL), 0);
    assert_memory_equal(got.px, want, 6);
    grey_free(&got);
}

/* A PNG whose header says w x h; its pixels are those of a small picture. */
static struct buf png_that_says(uint32_t w, uint32_t h)
{
    struct grey drawn = ramp(8, 8);
    struct buf file = draw_png(&drawn, GREY8, false);
    png_save_uint_32(file.p + 16, w);
    png_save_uint_32(file.p + 20, h);
    draw_mend(&file);
    grey_free(&drawn);
    return file;
}

static struct buf jpeg_that_says(uint32_t w, uint32_t h)
{
    struct grey drawn = ramp(8, 8);
    struct buf file = draw_jpeg(&drawn, JPEG_GREY, 90);
    uint8_t *p = file.p;
    while (p[0] != 0xFF || p[1] != 0xC0) {
        assert_true(p + 10 < file.p + file.n);
        p++;
    }
    png_save_uint_16(p + 5, h);
    png_save_uint_16(p + 7, w);
    grey_free(&drawn);
    return file;
}

static void declared_sizes_have_limits(void **state)
{
    (void)state;
    static const uint32_t bad[][2] = {{0, 8},       {8, 0},       {8193, 1},     {1, 8193},
                                      {8192, 4097}, {8192, 8192}, {65500, 65500}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf png = png_that_says(bad[i][0], bad[i][1]), jpeg = jpeg_that_says(bad[i][0], bad[i][1]);
        refused(&png, TP_BAD_PICTURE);
        refused(&jpeg, TP_BAD_PICTURE);
        buf_free(&png);
        buf_free(&jpeg);
    }
    struct buf giant = png_that_says(0x7FFFFFFF, 0x7FFFFFFF);
    refused(&giant, TP_BAD_PICTURE);
    buf_free(&giant);
}

static void the_largest_picture_is_read(void **state)
{
    (void)state;
    struct grey drawn = draw_white(8192, 4096);
    struct buf file = draw_png(&drawn, GREY1, false);
    struct grey got = load(&file);
    assert_int_equal(got.width, 8192);
    assert_memory_equal(got.px, drawn.px, (size_t)8192 * 4096);
    grey_free(&got);
    grey_free(&drawn);
}

static void a_file_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    struct grey drawn = ramp(8, 8);
    struct buf file = draw_png(&drawn, GREY8, false);
    uint8_t *whole = calloc(1, PICTURE_FILE_MAX + 1);
    struct grey got;
    assert_non_null(whole);
    memcpy(whole, file.p, file.n);
    /* What follows the pixels does not matter, up to the limit. */
    assert_int_equal(grey_load(bytes_of(whole, PICTURE_FILE_MAX), &got, NULL), 0);
    grey_free(&got);
    assert_int_equal(grey_load(bytes_of(whole, PICTURE_FILE_MAX + 1), &got, NULL), TP_BAD_PICTURE);
    free(whole);
    buf_free(&file);
    grey_free(&drawn);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "\x89",         "\x89PNG\r\n\x1a", "\x89PNG\r\n\x1a\n",
                                      "\xff\xd8", "\xff\xd8\xff", "GIF89a",          "80701",
                                      "<svg/>"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf file;
        buf_init(&file, 64);
        buf_puts(&file, bad[i]);
        refused(&file, TP_BAD_PICTURE);
        buf_free(&file);
    }
    struct grey g;
    assert_int_equal(grey_load((struct bytes){0}, &g, NULL), TP_BAD_PICTURE);
}

/* A short file can repeat its last scan for ever; each costs a pass over the whole picture. */
static void a_progressive_jpeg_has_a_limit_of_scans(void **state)
{
    (void)state;
    struct grey drawn = ramp(64, 64);
    struct buf file = draw_jpeg(&drawn, JPEG_PROGRESSIVE, 80), many;
    size_t at = file.n - 2;
    while (file.p[at] != 0xFF || file.p[at + 1] != 0xDA) {
        at--;
    }
    for (int repeat = 50; repeat <= 150; repeat += 100) {
        buf_init(&many, 1 << 20);
        buf_put(&many, file.p, at);
        for (int i = 0; i < repeat; i++) {
            buf_put(&many, file.p + at, file.n - 2 - at);
        }
        buf_puts(&many, "\xFF\xD9");
        if (repeat > 100) {
            refused(&many, TP_BAD_PICTURE);
            buf_free(&many);
        } else {
            struct grey got = load(&many);
            grey_free(&got);
        }
    }
    buf_free(&file);
    grey_free(&drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_png_gives_the_same_grey),
        cmocka_unit_test(every_kind_of_jpeg_gives_nearly_the_same_grey),
        cmocka_unit_test(colours_become_luma),
        cmocka_unit_test(declared_sizes_have_limits),
        cmocka_unit_test(the_largest_picture_is_read),
        cmocka_unit_test(a_file_beyond_the_limit_is_refused),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_progressive_jpeg_has_a_limit_of_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
