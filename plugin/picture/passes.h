/* Between codes.c and passes.c; nothing outside the room includes it. */
#ifndef PICTURE_PASSES_H
#define PICTURE_PASSES_H

#include "picture/picture.h"

enum {
    PASSES = 16,
    /* No pass but the first two makes more pixels than this: its scale is lowered until it fits. */
    PASS_PIXELS_MAX = 8 * 1024 * 1024,
};

/* What is done to a picture before it is searched, in this order. Zero leaves a step out. */
struct pass {
    uint8_t halves; /* scale in halves: 2 is as it stands, 3 is one and a half, 4 is double */
    bool turned;    /* by 45 degrees, on white ground */
    uint16_t cap;   /* the longer side is shrunk to this many pixels */
    uint8_t blur;   /* radius of a box that is run over the picture twice, in pixels */
    uint8_t mean;   /* black or white by the mean of the square that reaches so many pixels to each side */
    bool inverted;  /* light for dark */
};

/* The cheap ones first; each as it stands, then inverted. */
extern const struct pass passes[PASSES];

/* How many pixels the pass searches in a picture of that size; 0 when it would only repeat an earlier one. */
uint64_t pass_pixels(const struct pass *pass, uint32_t width, uint32_t height);
/* A new plane, owned by the caller: 0 or TP_E_MEMORY (out untouched). Pure. */
int pass_make(const struct pass *pass, const struct grey *g, struct grey *out);

#endif
