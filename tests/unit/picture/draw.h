/* Pictures for the tests of this folder: planes, and PNG and JPEG files of every kind that a phone may send.
 */
#ifndef TESTS_PICTURE_DRAW_H
#define TESTS_PICTURE_DRAW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "picture/picture.h"

/* xorshift64: the same pictures in every run. */
uint64_t draw_random(uint64_t *state);
void draw_digits(uint64_t *state, char *out, size_t n);

struct grey draw_white(uint32_t width, uint32_t height);
/* Puts a symbol's modules at (x, y), without a quiet zone. */
void draw_qr(struct grey *g, const struct qr *qr, uint32_t x, uint32_t y, uint32_t scale);
/* A plane with the digits' code and its quiet zone. */
struct grey draw_code(const char *digits, size_t n, uint32_t scale);
struct grey draw_turned(const struct grey *g);

enum png_kind {
    GREY1,
    GREY8,
    GREY16,
    GREY_ALPHA,
    RGB8,
    RGB16,
    RGBA8,
    RGBA16,
    PALETTE,
    PALETTE_CLEAR,
    PNG_KINDS
};
/* Files drawn with alpha have clear pixels for white, whose colour is black. */
struct buf draw_png(const struct grey *g, enum png_kind kind, bool interlaced);

enum jpeg_kind { JPEG_GREY, JPEG_COLOUR, JPEG_PROGRESSIVE, JPEG_CMYK, JPEG_KINDS };
struct buf draw_jpeg(const struct grey *g, enum jpeg_kind kind, int quality);

/* Gives every whole chunk of a PNG the checksum that its bytes ask for, so that damage gets past the first
 * check. */
void draw_mend(struct buf *png);

/* Between the two, what is written to standard output and error is kept from the terminal and counted. */
void hush_begin(void);
long hush_end(void);
/* A test's teardown: where an assertion left the hush, shows what was kept from the terminal. */
int hush_teardown(void **state);

#endif
