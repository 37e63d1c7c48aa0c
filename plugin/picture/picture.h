/*
 * QR codes written and pictures read. Programs call it; nothing that runs inside a host's process does.
 * Pictures are hostile: sizes are bounded before a pixel is decoded.
 */
#ifndef PICTURE_PICTURE_H
#define PICTURE_PICTURE_H

#include "base/bytes.h"
#include "base/code.h"

enum {
    PICTURE_FILE_MAX = 16 * 1024 * 1024,
    PICTURE_SIDE_MAX = 8192,
    PICTURE_PIXELS_MAX = 32 * 1024 * 1024,
    PICTURE_CODES_MAX = 16,
};

/* A QR symbol's modules without its quiet zone, one byte each, 1 is dark. Owned: qr_free. */
struct qr {
    int side;
    uint8_t *dark;
};

/* One numeric segment of 1 to 1000 digits at level M, in the smallest version: 270 to 293 digits make
 * version 7. 0, TP_BAD_VALUE (not digits, none, too many; out untouched), TP_E_MEMORY. */
int qr_encode(struct bytes digits, struct qr *out, struct err *e);
void qr_free(struct qr *qr);
/* Each appends a whole file, with a quiet zone of 4 modules; `scale` is pixels a module, 1 to 64 (else
 * TP_E_ARGUMENT). TP_E_MEMORY when it does not fit: out then holds what it held, and is `failed`. */
int qr_png(const struct qr *qr, int scale, struct buf *out, struct err *e);
int qr_svg(const struct qr *qr, struct buf *out, struct err *e);
/* (side + 9) / 2 lines of half-block characters for a terminal, each between the escapes that make it dark on
 * light whatever the terminal's colours are. For a terminal only: a file for people is a PNG or SVG. */
int qr_text(const struct qr *qr, struct buf *out, struct err *e);

/* 8-bit grey, width x height, no padding. Owned: grey_free. */
struct grey {
    uint32_t width, height;
    uint8_t *px;
};

/* Decodes a PNG or JPEG (told by its first bytes; any colour type, alpha over white, 16 bits down to 8).
 * 0, TP_BAD_PICTURE, TP_E_MEMORY. Prints nothing, whatever the file holds. */
int grey_load(struct bytes file, struct grey *out, struct err *e);
void grey_free(struct grey *g);

/*
 * Finds QR and bar codes, in any orientation, dark on light or light on dark. The picture is searched as it
 * stands; where that finds nothing it is scaled, turned, evened out and inverted, at most 15 times, up to the
 * first that finds something. An easy code takes one search; none at all takes 40 to 60 times as long.
 * Codes without a check of their own (Interleaved 2 of 5, Codabar, Code 39) count in the first search only,
 * and only where it finds no other. Sets all of texts[]: the raw bytes of each code, each text once, then
 * empty bufs; buf_free takes either. Returns how many, at most PICTURE_CODES_MAX, or TP_E_MEMORY with nothing
 * to free. An empty plane holds none. zbar may write to standard error, about pictures that it reads well,
 * too: programs that people use call it in tillproof-helper.
 */
int grey_codes(const struct grey *g, struct buf texts[PICTURE_CODES_MAX]);

/* Asked before every search but the first, with the pixels that it would look at; false ends the search. */
typedef bool (*grey_more)(void *ctx, uint64_t pixels);
/* grey_codes for callers with a deadline; more may be NULL. */
int grey_codes_while(const struct grey *g, grey_more more, void *ctx, struct buf texts[PICTURE_CODES_MAX]);

#endif
