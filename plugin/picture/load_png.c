#include "picture/load.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

enum { CHUNK_MAX = 1024 * 1024, CHANNELS = 4 };

/* All that lives across libpng's longjmp stands here, behind a pointer that never changes. */
struct reader {
    struct bytes file;
    size_t at;
    struct grey *out;
    struct err *e;
    int code;
    png_structp png;
    png_infop info;
    uint8_t *row;
};

static void get(png_structp png, png_bytep p, size_t n)
{
    struct reader *r = png_get_io_ptr(png);
    if (n > r->file.n - r->at) {
        png_error(png, "the file ends early");
    }
    memcpy(p, r->file.p + r->at, n);
    r->at += n;
}

static void on_error(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static png_voidp take(png_structp png, png_alloc_size_t n)
{
    struct reader *r = png_get_mem_ptr(png);
    void *p = n > LOAD_MEMORY_MAX ? NULL : malloc(n);
    if (!p) {
        r->code = TP_E_MEMORY;
    }
    return p;
}

static void give(png_structp png, png_voidp p)
{
    (void)png;
    free(p);
}

/* Of the chunks beside the pixels only tRNS changes what is seen; the others are not even parsed. */
static void narrow(png_structp png)
{
    static const char skipped[] = "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0"
                                  "sBIT\0sCAL\0sPLT\0sRGB\0sTER\0tEXt\0tIME\0zTXt";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, (png_const_bytep)skipped,
                                (int)(sizeof skipped / 5));
    png_set_user_limits(png, PICTURE_SIDE_MAX, PICTURE_SIDE_MAX);
    png_set_chunk_cache_max(png, 16);
    png_set_chunk_malloc_max(png, CHUNK_MAX);
}

/* Whatever the file holds becomes 8-bit RGBA, a row at a time. */
static void want_rgba(png_structp png, png_infop info)
{
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xFF, PNG_FILLER_AFTER);
    png_read_update_info(png, info);
}

static uint8_t over_white(const uint8_t *rgba)
{
    unsigned v = luma(rgba[0], rgba[1], rgba[2]), a = rgba[3];
    return (uint8_t)((v * a + 255 * (255 - a) + 127) / 255);
}

/* A pass of Adam7 is a small picture whose pixels lie apart; without interlace there is one, side by side. */
static void read_pass(struct reader *r, int pass, bool spread)
{
    uint32_t x0 = 0, y0 = 0, dx = 1, dy = 1;
    if (spread) {
        x0 = (uint32_t)PNG_PASS_START_COL(pass);
        y0 = (uint32_t)PNG_PASS_START_ROW(pass);
        dx = (uint32_t)PNG_PASS_COL_OFFSET(pass);
        dy = (uint32_t)PNG_PASS_ROW_OFFSET(pass);
    }
    if (x0 >= r->out->width) {
        return;
    }
    for (uint32_t y = y0; y < r->out->height; y += dy) {
        const uint8_t *from = r->row;
        png_read_row(r->png, r->row, NULL);
        for (uint32_t x = x0; x < r->out->width; x += dx, from += CHANNELS) {
            r->out->px[(size_t)y * r->out->width + x] = over_white(from);
        }
    }
}

static int read_all(struct reader *r)
{
    if (setjmp(png_jmpbuf(r->png))) {
        return r->code;
    }
    png_set_read_fn(r->png, r, get);
    narrow(r->png);
    png_read_info(r->png, r->info);
    int rc =
        grey_make(png_get_image_width(r->png, r->info), png_get_image_height(r->png, r->info), r->out, r->e);
    if (rc) {
        return rc;
    }
    bool spread = png_get_interlace_type(r->png, r->info) == PNG_INTERLACE_ADAM7;
    want_rgba(r->png, r->info);
    if (png_get_rowbytes(r->png, r->info) != (size_t)r->out->width * CHANNELS) {
        return r->code;
    }
    r->row = calloc(r->out->width, CHANNELS);
    if (!r->row) {
        return TP_E_MEMORY;
    }
    for (int pass = 0; pass < (spread ? PNG_INTERLACE_ADAM7_PASSES : 1); pass++) {
        read_pass(r, pass, spread);
    }
    return 0;
}

int load_png(struct bytes file, struct grey *out, struct err *e)
{
    struct reader r = {.file = file, .out = out, .e = e, .code = TP_BAD_PICTURE};
    int rc = TP_E_MEMORY;
    r.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning, &r, take, give);
    r.info = r.png ? png_create_info_struct(r.png) : NULL;
    if (r.info) {
        rc = read_all(&r);
    }
    if (rc == TP_BAD_PICTURE) {
        err_set(e, rc, "the PNG picture is damaged");
    } else if (rc) {
        err_code(e, rc);
    }
    free(r.row);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    return rc;
}
