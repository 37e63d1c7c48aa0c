#include "draw.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <jpeglib.h>

uint64_t draw_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

void draw_digits(uint64_t *state, char *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (char)('0' + (draw_random(state) >> 32) % 10);
    }
}

struct grey draw_white(uint32_t width, uint32_t height)
{
    struct grey g = {width, height, malloc((size_t)width * height)};
    assert_non_null(g.px);
    memset(g.px, 255, (size_t)width * height);
    return g;
}

void draw_qr(struct grey *g, const struct qr *qr, uint32_t x, uint32_t y, uint32_t scale)
{
    uint32_t side = (uint32_t)qr->side;
    for (uint32_t j = 0; j < side * scale; j++) {
        for (uint32_t i = 0; i < side * scale; i++) {
            if (qr->dark[j / scale * side + i / scale]) {
                g->px[(size_t)(y + j) * g->width + x + i] = 0;
            }
        }
    }
}

struct grey draw_code(const char *digits, size_t n, uint32_t scale)
{
    struct qr qr;
    assert_int_equal(qr_encode(bytes_of(digits, n), &qr, NULL), 0);
    uint32_t side = ((uint32_t)qr.side + 8) * scale;
    struct grey g = draw_white(side, side);
    draw_qr(&g, &qr, 4 * scale, 4 * scale, scale);
    qr_free(&qr);
    return g;
}

struct grey draw_turned(const struct grey *g)
{
    struct grey turned = draw_white(g->width, g->height);
    size_t n = (size_t)g->width * g->height;
    for (size_t i = 0; i < n; i++) {
        turned.px[i] = g->px[n - 1 - i];
    }
    return turned;
}

/* How libpng names a kind. */
static const struct {
    int type, depth, channels;
} kinds[PNG_KINDS] = {
    [GREY1] = {PNG_COLOR_TYPE_GRAY, 1, 1},      [GREY8] = {PNG_COLOR_TYPE_GRAY, 8, 1},
    [GREY16] = {PNG_COLOR_TYPE_GRAY, 16, 1},    [GREY_ALPHA] = {PNG_COLOR_TYPE_GRAY_ALPHA, 8, 2},
    [RGB8] = {PNG_COLOR_TYPE_RGB, 8, 3},        [RGB16] = {PNG_COLOR_TYPE_RGB, 16, 3},
    [RGBA8] = {PNG_COLOR_TYPE_RGB_ALPHA, 8, 4}, [RGBA16] = {PNG_COLOR_TYPE_RGB_ALPHA, 16, 4},
    [PALETTE] = {PNG_COLOR_TYPE_PALETTE, 8, 1}, [PALETTE_CLEAR] = {PNG_COLOR_TYPE_PALETTE, 8, 1},
};

static void png_to_buf(png_structp png, png_bytep p, size_t n)
{
    buf_put(png_get_io_ptr(png), p, n);
}

static void png_done(png_structp png)
{
    (void)png;
}

static void fill_row(uint8_t *row, const uint8_t *grey, uint32_t width, enum png_kind kind)
{
    size_t depth = (size_t)kinds[kind].depth / 8, at = 0;
    for (uint32_t x = 0; kind == GREY1 && x < width; x++) {
        row[x / 8] = (uint8_t)((x % 8 ? row[x / 8] : 0) | (grey[x] >> 7 << (7 - x % 8)));
    }
    bool alpha = kinds[kind].type & PNG_COLOR_MASK_ALPHA;
    for (uint32_t x = 0; kind != GREY1 && x < width; x++) {
        for (int c = 0; c < kinds[kind].channels; c++) {
            bool last = alpha && c == kinds[kind].channels - 1;
            uint8_t v = last ? (uint8_t)(255 - grey[x]) : alpha ? 0 : grey[x];
            memset(row + at, v, depth);
            at += depth;
        }
    }
}

static void put_palette(png_structp png, png_infop info, bool clear)
{
    png_color colours[256];
    uint8_t alpha[256];
    for (int i = 0; i < 256; i++) {
        png_byte v = (png_byte)(clear ? 0 : i);
        colours[i] = (png_color){v, v, v};
        alpha[i] = (uint8_t)(255 - i);
    }
    png_set_PLTE(png, info, colours, 256);
    if (clear) {
        png_set_tRNS(png, info, alpha, 256, NULL);
    }
}

struct buf draw_png(const struct grey *g, enum png_kind kind, bool interlaced)
{
    struct buf out;
    buf_init(&out, 64 << 20);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    uint8_t *row = calloc(g->width, 8);
    assert_non_null(row);
    png_set_write_fn(png, &out, png_to_buf, png_done);
    png_set_IHDR(png, info, g->width, g->height, kinds[kind].depth, kinds[kind].type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
                 PNG_FILTER_TYPE_BASE);
    if (kind == PALETTE || kind == PALETTE_CLEAR) {
        put_palette(png, info, kind == PALETTE_CLEAR);
    }
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (uint32_t y = 0; y < g->height * (uint32_t)passes; y++) {
        fill_row(row, g->px + (size_t)(y % g->height) * g->width, g->width, kind);
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    free(row);
    assert_false(out.failed);
    return out;
}

static void jpeg_row(uint8_t *row, const uint8_t *grey, uint32_t width, int channels)
{
    for (uint32_t x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) {
            /* As Adobe writes CMYK: 255 is no ink, and only black ink is used. */
            row[x * (uint32_t)channels + (uint32_t)c] = channels == 4 && c < 3 ? 255 : grey[x];
        }
    }
}

struct buf draw_jpeg(const struct grey *g, enum jpeg_kind kind, int quality)
{
    static const J_COLOR_SPACE spaces[] = {JCS_GRAYSCALE, JCS_RGB, JCS_RGB, JCS_CMYK};
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *file = NULL;
    unsigned long n = 0;
    uint8_t *row = calloc(g->width, 4);
    assert_non_null(row);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &file, &n);
    jpeg.image_width = g->width;
    jpeg.image_height = g->height;
    jpeg.input_components = kind == JPEG_GREY ? 1 : kind == JPEG_CMYK ? 4 : 3;
    jpeg.in_color_space = spaces[kind];
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    if (kind == JPEG_PROGRESSIVE) {
        jpeg_simple_progression(&jpeg);
    }
    jpeg_start_compress(&jpeg, TRUE);
    for (uint32_t y = 0; y < g->height; y++) {
        jpeg_row(row, g->px + (size_t)y * g->width, g->width, jpeg.input_components);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    struct buf out;
    buf_init(&out, 64 << 20);
    buf_put(&out, file, n);
    free(file);
    free(row);
    assert_false(out.failed);
    return out;
}

/* The checksum of PNG, annex D. */
static uint32_t crc(const uint8_t *p, size_t n)
{
    uint32_t c = 0xFFFFFFFF;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++) {
            c = c & 1 ? 0xEDB88320 ^ c >> 1 : c >> 1;
        }
    }
    return ~c;
}

void draw_mend(struct buf *png)
{
    for (size_t at = 8; png->n >= 12 && at <= png->n - 12;) {
        size_t n = png_get_uint_32(png->p + at);
        if (n > png->n - 12 - at) {
            return;
        }
        png_save_uint_32(png->p + at + 8 + n, crc(png->p + at + 4, n + 4));
        at += 12 + n;
    }
}

static FILE *hushed;
static int kept[2];

void hush_begin(void)
{
    fflush(stdout);
    fflush(stderr);
    hushed = tmpfile();
    assert_non_null(hushed);
    for (int fd = 1; fd <= 2; fd++) {
        kept[fd - 1] = dup(fd);
        dup2(fileno(hushed), fd);
    }
}

static void unhush(void)
{
    fflush(stdout);
    fflush(stderr);
    for (int fd = 1; fd <= 2; fd++) {
        dup2(kept[fd - 1], fd);
        close(kept[fd - 1]);
    }
    fseek(hushed, 0, SEEK_END);
}

long hush_end(void)
{
    unhush();
    long n = ftell(hushed);
    fclose(hushed);
    hushed = NULL;
    return n;
}

int hush_teardown(void **state)
{
    (void)state;
    if (hushed) {
        unhush();
        rewind(hushed);
        for (int c = getc(hushed); c != EOF; c = getc(hushed)) {
            putc(c, stderr);
        }
        fclose(hushed);
        hushed = NULL;
    }
    return 0;
}
