/* Between load.c and its two decoders; nothing outside the room includes it. */
#ifndef PICTURE_LOAD_H
#define PICTURE_LOAD_H

#include "picture/picture.h"

/* What a decoder may allocate at once, beside the plane itself. */
enum { LOAD_MEMORY_MAX = 256 * 1024 * 1024 };

/* Checks the declared size and makes the plane: 0, TP_BAD_PICTURE (out stays empty), TP_E_MEMORY. */
int grey_make(uint32_t width, uint32_t height, struct grey *out, struct err *e);

/* BT.601 luma, rounded; 0 to 255. */
static inline uint8_t luma(unsigned r, unsigned g, unsigned b)
{
    return (uint8_t)((r * 299 + g * 587 + b * 114 + 500) / 1000);
}

/* Each fills out, which is empty before; on failure out may hold a plane, which grey_load frees. */
int load_png(struct bytes file, struct grey *out, struct err *e);
int load_jpeg(struct bytes file, struct grey *out, struct err *e);

#endif
