#include "picture/load.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>
#include <jerror.h>

/* A few kilobytes can ask for thousands of passes over a large picture; cameras use about ten. */
enum { SCANS_MAX = 100 };

/* All that lives across the longjmp stands here, behind a pointer that never changes. */
struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf back;
    struct bytes file;
    struct grey *out;
    struct err *e;
    uint8_t *row;
};

static void on_error(j_common_ptr jpeg)
{
    struct reader *r = jpeg->client_data;
    longjmp(r->back, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    (void)jpeg;
    (void)level;
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    struct reader *r = jpeg->client_data;
    if (r->jpeg.input_scan_number > SCANS_MAX) {
        on_error(jpeg);
    }
}

static uint8_t cmyk_luma(const uint8_t *p, bool inverted)
{
    unsigned ink[4];
    for (int i = 0; i < 4; i++) {
        ink[i] = inverted ? p[i] : 255u - p[i];
    }
    return luma(ink[0] * ink[3] / 255, ink[1] * ink[3] / 255, ink[2] * ink[3] / 255);
}

static void read_rows(struct reader *r)
{
    /* Adobe's four colours are written the other way round: 255 is no ink. */
    bool four = r->jpeg.out_color_components == 4, inverted = r->jpeg.saw_Adobe_marker;
    while (r->jpeg.output_scanline < r->jpeg.output_height) {
        uint8_t *to = r->out->px + (size_t)r->jpeg.output_scanline * r->out->width;
        JSAMPROW row = four ? r->row : to;
        jpeg_read_scanlines(&r->jpeg, &row, 1);
        for (uint32_t x = 0; four && x < r->out->width; x++) {
            to[x] = cmyk_luma(r->row + (size_t)x * 4, inverted);
        }
    }
}

static int read_all(struct reader *r)
{
    if (setjmp(r->back)) {
        return r->errors.msg_code == JERR_OUT_OF_MEMORY ? TP_E_MEMORY : TP_BAD_PICTURE;
    }
    jpeg_create_decompress(&r->jpeg);
    r->jpeg.mem->max_memory_to_use = LOAD_MEMORY_MAX;
    r->jpeg.progress = &r->progress;
    jpeg_mem_src(&r->jpeg, r->file.p, r->file.n);
    jpeg_read_header(&r->jpeg, TRUE);
    int rc = grey_make(r->jpeg.image_width, r->jpeg.image_height, r->out, r->e);
    if (rc) {
        return rc;
    }
    bool four = r->jpeg.num_components == 4;
    r->jpeg.out_color_space = four ? JCS_CMYK : JCS_GRAYSCALE;
    jpeg_start_decompress(&r->jpeg);
    if (r->jpeg.output_width != r->out->width || r->jpeg.output_height != r->out->height ||
        r->jpeg.output_components != (four ? 4 : 1)) {
        return TP_BAD_PICTURE;
    }
    r->row = four ? calloc(r->out->width, 4) : NULL;
    if (four && !r->row) {
        return TP_E_MEMORY;
    }
    read_rows(r);
    return 0;
}

int load_jpeg(struct bytes file, struct grey *out, struct err *e)
{
    struct reader r = {.file = file, .out = out, .e = e};
    r.jpeg.err = jpeg_std_error(&r.errors);
    r.jpeg.client_data = &r;
    r.errors.error_exit = on_error;
    r.errors.emit_message = on_message;
    r.errors.output_message = on_output;
    r.progress.progress_monitor = on_progress;
    int rc = read_all(&r);
    if (rc == TP_BAD_PICTURE) {
        err_set(e, rc, "the JPEG picture is damaged or of a kind that is not read");
    } else if (rc) {
        err_code(e, rc);
    }
    free(r.row);
    jpeg_destroy_decompress(&r.jpeg);
    return rc;
}
