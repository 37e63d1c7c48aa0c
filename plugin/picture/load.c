#include "picture/load.h"

#include <stdlib.h>

int grey_make(uint32_t width, uint32_t height, struct grey *out, struct err *e)
{
    if (width == 0 || height == 0) {
        return err_set(e, TP_BAD_PICTURE, "the picture has no pixels");
    }
    if (width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX ||
        (uint64_t)width * height > PICTURE_PIXELS_MAX) {
        return err_set(e, TP_BAD_PICTURE, "the picture is %u x %u pixels; make it smaller", width, height);
    }
    /* Zeroed: rows that a decoder never reaches must not show old memory. */
    uint8_t *px = calloc(height, width);
    if (!px) {
        return err_code(e, TP_E_MEMORY);
    }
    *out = (struct grey){width, height, px};
    return 0;
}

void grey_free(struct grey *g)
{
    if (g) {
        free(g->px);
        *g = (struct grey){0};
    }
}

static bool begins(struct bytes file, const char *magic, size_t n)
{
    return file.n >= n && memcmp(file.p, magic, n) == 0;
}

int grey_load(struct bytes file, struct grey *out, struct err *e)
{
    struct grey got = {0};
    int rc;
    if (file.n > PICTURE_FILE_MAX) {
        return err_set(e, TP_BAD_PICTURE, "the picture is larger than %d MiB", PICTURE_FILE_MAX >> 20);
    }
    if (begins(file, "\x89PNG\r\n\x1a\n", 8)) {
        rc = load_png(file, &got, e);
    } else if (begins(file, "\xff\xd8\xff", 3)) {
        rc = load_jpeg(file, &got, e);
    } else {
        return err_set(e, TP_BAD_PICTURE, "the file is neither a PNG nor a JPEG picture");
    }
    if (rc == 0) {
        *out = got;
    } else {
        grey_free(&got);
    }
    return rc;
}
