#include "picture/passes.h"

#include <stdlib.h>

const struct pass passes[PASSES] = {
    {.halves = 2},
    {.halves = 2, .inverted = true},
    {.halves = 3, .mean = 8},
    {.halves = 4, .mean = 16},
    {.halves = 4},
    {.halves = 2, .mean = 4},
    {.halves = 4, .turned = true},
    {.halves = 2, .cap = 400},
    {.halves = 2, .blur = 2},
    {.halves = 3, .mean = 8, .inverted = true},
    {.halves = 4, .mean = 16, .inverted = true},
    {.halves = 4, .inverted = true},
    {.halves = 2, .mean = 4, .inverted = true},
    {.halves = 4, .turned = true, .inverted = true},
    {.halves = 2, .cap = 400, .inverted = true},
    {.halves = 2, .blur = 2, .inverted = true},
};

/* Coordinates are in 65536ths of a pixel; 46341 is 65536 times the sine and cosine of 45 degrees. */
enum { ONE = 65536, SIN45 = 46341, SIDE_MIN = 1 };

/* From a picture to a pass's plane: its size, and the step in the picture for one pixel of the plane. */
struct shape {
    uint32_t width, height;
    int64_t step;
};

static int make_plane(uint32_t width, uint32_t height, struct grey *out)
{
    uint8_t *px = malloc((size_t)width * height);
    if (!px) {
        return TP_E_MEMORY;
    }
    *out = (struct grey){width, height, px};
    return 0;
}

static uint32_t scaled(uint64_t n, int64_t step)
{
    uint64_t v = n * ONE / (uint64_t)step;
    return v < SIDE_MIN ? SIDE_MIN : (uint32_t)v;
}

static struct shape shape_at(const struct pass *pass, uint32_t width, uint32_t height, int64_t step)
{
    if (pass->turned) {
        uint64_t side = ((uint64_t)width + height) * SIN45 / ONE + 1;
        return (struct shape){scaled(side, step), scaled(side, step), step};
    }
    return (struct shape){scaled(width, step), scaled(height, step), step};
}

static struct shape shape_of(const struct pass *pass, uint32_t width, uint32_t height)
{
    uint32_t longer = width > height ? width : height;
    int64_t step = ONE * 2 / (pass->halves ? pass->halves : 2);
    if (pass->cap && longer > pass->cap) {
        step = (int64_t)longer * ONE / pass->cap;
    }
    struct shape s = shape_at(pass, width, height, step);
    bool plain = step == ONE && !pass->turned && !pass->blur && !pass->mean;
    while (!plain && (uint64_t)s.width * s.height > PASS_PIXELS_MAX) {
        step += step / 8;
        s = shape_at(pass, width, height, step);
    }
    return s;
}

uint64_t pass_pixels(const struct pass *pass, uint32_t width, uint32_t height)
{
    if (pass->cap && width <= pass->cap && height <= pass->cap) {
        return 0;
    }
    struct shape s = shape_of(pass, width, height);
    return (uint64_t)s.width * s.height;
}

/* The mean of the picture's pixels under one of the plane's, for planes that are smaller. */
static uint8_t area(const struct grey *g, int64_t x0, int64_t y0, int64_t step)
{
    uint32_t left = (uint32_t)(x0 / ONE), top = (uint32_t)(y0 / ONE);
    uint32_t right = (uint32_t)((x0 + step) / ONE), bottom = (uint32_t)((y0 + step) / ONE);
    uint64_t sum = 0, n = 0;
    for (uint32_t y = top; y < g->height && (y < bottom || y == top); y++) {
        for (uint32_t x = left; x < g->width && (x < right || x == left); x++) {
            sum += g->px[(size_t)y * g->width + x];
            n++;
        }
    }
    return (uint8_t)(n ? (sum + n / 2) / n : 255);
}

static void shrink(const struct grey *g, int64_t step, struct grey *to)
{
    for (uint32_t y = 0; y < to->height; y++) {
        for (uint32_t x = 0; x < to->width; x++) {
            to->px[(size_t)y * to->width + x] = area(g, (int64_t)x * step, (int64_t)y * step, step);
        }
    }
}

static int pixel(const struct grey *g, int64_t x, int64_t y)
{
    x = x < 0 ? 0 : x >= g->width ? (int64_t)g->width - 1 : x;
    y = y < 0 ? 0 : y >= g->height ? (int64_t)g->height - 1 : y;
    return g->px[(size_t)y * g->width + (size_t)x];
}

/* Bilinear, at (x, y) counted from the middle of the first pixel. */
static uint8_t between(const struct grey *g, int64_t x, int64_t y)
{
    int64_t left = x >> 16, top = y >> 16;
    int fx = (int)(x & 0xFFFF) >> 8, fy = (int)(y & 0xFFFF) >> 8;
    int upper = pixel(g, left, top) * (256 - fx) + pixel(g, left + 1, top) * fx;
    int lower = pixel(g, left, top + 1) * (256 - fx) + pixel(g, left + 1, top + 1) * fx;
    return (uint8_t)((upper * (256 - fy) + lower * fy + 32768) >> 16);
}

static void enlarge(const struct grey *g, int64_t step, struct grey *to)
{
    int64_t first = (step - ONE) / 2;
    for (uint32_t y = 0; y < to->height; y++) {
        for (uint32_t x = 0; x < to->width; x++) {
            to->px[(size_t)y * to->width + x] =
                between(g, first + (int64_t)x * step, first + (int64_t)y * step);
        }
    }
}

static void turn(const struct grey *g, int64_t step, struct grey *to)
{
    int64_t unit = step * SIN45 / ONE, half = (int64_t)to->width;
    int64_t right = (int64_t)g->width * ONE, bottom = (int64_t)g->height * ONE;
    for (uint32_t j = 0; j < to->height; j++) {
        for (uint32_t i = 0; i < to->width; i++) {
            int64_t u = 2 * (int64_t)i + 1 - half, v = 2 * (int64_t)j + 1 - half;
            int64_t x = (right + (u + v) * unit) / 2, y = (bottom + (v - u) * unit) / 2;
            bool inside = x >= 0 && y >= 0 && x < right && y < bottom;
            to->px[(size_t)j * to->width + i] = inside ? between(g, x - ONE / 2, y - ONE / 2) : 255;
        }
    }
}

static void invert(struct grey *g)
{
    for (size_t i = 0, n = (size_t)g->width * g->height; i < n; i++) {
        g->px[i] = (uint8_t)(255 - g->px[i]);
    }
}

/* Adds row y to the sums of the columns, or takes it away again. */
static void add_row(const struct grey *g, int64_t y, uint32_t *sums, bool away)
{
    if (y < 0 || y >= g->height) {
        return;
    }
    const uint8_t *row = g->px + (size_t)y * g->width;
    for (uint32_t x = 0; x < g->width; x++) {
        sums[x] = away ? sums[x] - row[x] : sums[x] + row[x];
    }
}

static int64_t rows_within(int64_t n, int64_t at, int64_t r)
{
    int64_t first = at - r < 0 ? 0 : at - r, last = at + r >= n ? n - 1 : at + r;
    return last - first + 1;
}

/* The means of the squares around one row's pixels, from the sums of the columns. */
static void mean_row(const uint32_t *sums, uint32_t width, int64_t r, int64_t rows, uint8_t *means)
{
    int64_t sum = 0;
    for (int64_t x = 0; x < r && x < width; x++) {
        sum += sums[x];
    }
    for (int64_t x = 0; x < width; x++) {
        sum += x + r < width ? sums[x + r] : 0;
        sum -= x - r - 1 >= 0 ? sums[x - r - 1] : 0;
        int64_t n = rows * rows_within(width, x, r);
        means[x] = (uint8_t)((sum + n / 2) / n);
    }
}

static int means_of(const struct grey *g, int64_t r, struct grey *out)
{
    uint32_t *sums = calloc(g->width, sizeof *sums);
    if (!sums || make_plane(g->width, g->height, out)) {
        free(sums);
        return TP_E_MEMORY;
    }
    for (int64_t y = 0; y < r; y++) {
        add_row(g, y, sums, false);
    }
    for (int64_t y = 0; y < g->height; y++) {
        add_row(g, y + r, sums, false);
        add_row(g, y - r - 1, sums, true);
        mean_row(sums, g->width, r, rows_within(g->height, y, r), out->px + (size_t)y * g->width);
    }
    free(sums);
    return 0;
}

static int blur(struct grey *g, int64_t r)
{
    for (int i = 0; i < 2; i++) {
        struct grey means = {0};
        int rc = means_of(g, r, &means);
        if (rc) {
            return rc;
        }
        grey_free(g);
        *g = means;
    }
    return 0;
}

static int split(struct grey *g, int64_t r)
{
    struct grey means = {0};
    int rc = means_of(g, r, &means);
    if (rc) {
        return rc;
    }
    for (size_t i = 0, n = (size_t)g->width * g->height; i < n; i++) {
        g->px[i] = g->px[i] >= means.px[i] ? 255 : 0;
    }
    grey_free(&means);
    return 0;
}

int pass_make(const struct pass *pass, const struct grey *g, struct grey *out)
{
    struct shape s = shape_of(pass, g->width, g->height);
    struct grey made = {0};
    int rc = make_plane(s.width, s.height, &made);
    if (rc) {
        return rc;
    }
    if (pass->turned) {
        turn(g, s.step, &made);
    } else if (s.step > ONE) {
        shrink(g, s.step, &made);
    } else if (s.step < ONE) {
        enlarge(g, s.step, &made);
    } else {
        memcpy(made.px, g->px, (size_t)g->width * g->height);
    }
    if (pass->inverted) {
        invert(&made);
    }
    rc = pass->blur ? blur(&made, pass->blur) : 0;
    if (rc == 0 && pass->mean) {
        rc = split(&made, pass->mean);
    }
    if (rc) {
        grey_free(&made);
        return rc;
    }
    *out = made;
    return 0;
}
