#include "picture/picture.h"

#include <png.h>
#include <setjmp.h>

enum { QUIET = 4, SIDE_MAX = 177, SCALE_MAX = 64 };

/* All that lives across libpng's longjmp stands here, behind a pointer that never changes. */
struct writer {
    const struct qr *qr;
    int scale;
    struct buf *out;
    png_structp png;
    png_infop info;
    uint8_t row[(SIDE_MAX + 2 * QUIET) * SCALE_MAX / 8];
};

static void put(png_structp png, png_bytep p, size_t n)
{
    struct writer *w = png_get_io_ptr(png);
    buf_put(w->out, p, n);
    if (w->out->failed) {
        png_error(png, "full");
    }
}

static void flush(png_structp png)
{
    (void)png;
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

/* One row of modules as bits, 1 is white; modules outside the symbol are the quiet zone. */
static void fill_row(struct writer *w, int y)
{
    memset(w->row, 0xFF, sizeof w->row);
    if (y < 0 || y >= w->qr->side) {
        return;
    }
    for (int x = 0; x < w->qr->side * w->scale; x++) {
        if (w->qr->dark[y * w->qr->side + x / w->scale]) {
            int bit = x + QUIET * w->scale;
            w->row[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
        }
    }
}

static bool write_all(struct writer *w)
{
    if (setjmp(png_jmpbuf(w->png))) {
        return false;
    }
    png_uint_32 side = (png_uint_32)((w->qr->side + 2 * QUIET) * w->scale);
    png_set_write_fn(w->png, w, put, flush);
    png_set_IHDR(w->png, w->info, side, side, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
    png_write_info(w->png, w->info);
    for (int y = -QUIET; y < w->qr->side + QUIET; y++) {
        fill_row(w, y);
        for (int i = 0; i < w->scale; i++) {
            png_write_row(w->png, w->row);
        }
    }
    png_write_end(w->png, NULL);
    return true;
}

int qr_png(const struct qr *qr, int scale, struct buf *out, struct err *e)
{
    if (scale < 1 || scale > SCALE_MAX || qr->side < 1 || qr->side > SIDE_MAX) {
        return err_set(e, TP_E_ARGUMENT, "the scale of a QR picture is 1 to %d pixels a module", SCALE_MAX);
    }
    size_t start = out->n;
    struct writer w = {.qr = qr, .scale = scale, .out = out};
    int rc = TP_E_MEMORY;
    w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    w.info = w.png ? png_create_info_struct(w.png) : NULL;
    if (w.info && write_all(&w)) {
        rc = 0;
    } else {
        out->n = start;
        err_set(e, rc, "the QR picture does not fit its buffer");
    }
    png_destroy_write_struct(&w.png, &w.info);
    return rc;
}
