#include "picture/passes.h"

#include <zbar.h>

/* Without a check digit of their own, these are seen in noise and in the edges that scaling makes. */
static const zbar_symbol_type_t unchecked[] = {ZBAR_I25, ZBAR_CODABAR, ZBAR_CODE39};

static bool is_checked(zbar_symbol_type_t type)
{
    for (size_t i = 0; i < sizeof unchecked / sizeof *unchecked; i++) {
        if (type == unchecked[i]) {
            return false;
        }
    }
    return true;
}

/* ZBAR_CFG_TEST_INVERTED stays off: zbar 0.23.92 writes beyond its buffer with it. */
static zbar_image_scanner_t *make_scanner(bool sure)
{
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    if (scanner) {
        zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1);
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_X_DENSITY, 1);
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_Y_DENSITY, 1);
    }
    for (size_t i = 0; scanner && sure && i < sizeof unchecked / sizeof *unchecked; i++) {
        zbar_image_scanner_set_config(scanner, unchecked[i], ZBAR_CFG_ENABLE, 0);
    }
    return scanner;
}

static zbar_image_t *make_image(const struct grey *g)
{
    zbar_image_t *image = zbar_image_create();
    if (image) {
        zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
        zbar_image_set_size(image, g->width, g->height);
        zbar_image_set_data(image, g->px, (unsigned long)g->width * g->height, NULL);
    }
    return image;
}

static bool known(const struct buf *texts, int n, struct bytes text)
{
    for (int i = 0; i < n; i++) {
        if (bytes_equal(buf_view(&texts[i]), text)) {
            return true;
        }
    }
    return false;
}

static int collect(const zbar_image_t *image, bool checked, struct buf texts[PICTURE_CODES_MAX])
{
    int n = 0;
    const zbar_symbol_t *symbol = zbar_image_first_symbol(image);
    for (; symbol && n < PICTURE_CODES_MAX; symbol = zbar_symbol_next(symbol)) {
        zbar_symbol_type_t type = zbar_symbol_get_type(symbol);
        struct bytes text = bytes_of(zbar_symbol_get_data(symbol), zbar_symbol_get_data_length(symbol));
        if (type == ZBAR_PARTIAL || is_checked(type) != checked || text.n == 0 || known(texts, n, text)) {
            continue;
        }
        buf_init(&texts[n], text.n);
        buf_put(&texts[n], text.p, text.n);
        if (texts[n++].failed) {
            return TP_E_MEMORY;
        }
    }
    return n;
}

/* One pass over one plane; `sure` leaves out the codes that check nothing. Sets all of texts[]. */
static int search(const struct grey *g, bool sure, struct buf texts[PICTURE_CODES_MAX])
{
    for (int i = 0; i < PICTURE_CODES_MAX; i++) {
        texts[i] = (struct buf){0};
    }
    zbar_image_scanner_t *scanner = make_scanner(sure);
    zbar_image_t *image = scanner ? make_image(g) : NULL;
    int n = TP_E_MEMORY;
    if (image) {
        n = zbar_scan_image(scanner, image) < 0 ? 0 : collect(image, true, texts);
        n = n == 0 ? collect(image, false, texts) : n;
    }
    for (int i = 0; n < 0 && i < PICTURE_CODES_MAX; i++) {
        buf_free(&texts[i]);
    }
    if (image) {
        zbar_image_destroy(image);
    }
    if (scanner) {
        zbar_image_scanner_destroy(scanner);
    }
    return n;
}

static int search_pass(const struct pass *pass, const struct grey *g, struct buf texts[PICTURE_CODES_MAX])
{
    struct grey made = {0};
    int n = pass_make(pass, g, &made);
    if (n == 0) {
        n = search(&made, true, texts);
    }
    grey_free(&made);
    return n;
}

int grey_codes_while(const struct grey *g, grey_more more, void *ctx, struct buf texts[PICTURE_CODES_MAX])
{
    for (int i = 0; i < PICTURE_CODES_MAX; i++) {
        texts[i] = (struct buf){0};
    }
    if (!g->px || g->width == 0 || g->height == 0) {
        return 0;
    }
    int n = search(g, false, texts);
    for (int i = 1; i < PASSES && n == 0; i++) {
        uint64_t pixels = pass_pixels(&passes[i], g->width, g->height);
        if (pixels == 0) {
            continue;
        }
        if (more && !more(ctx, pixels)) {
            break;
        }
        n = search_pass(&passes[i], g, texts);
    }
    return n;
}

int grey_codes(const struct grey *g, struct buf texts[PICTURE_CODES_MAX])
{
    return grey_codes_while(g, NULL, NULL, texts);
}
