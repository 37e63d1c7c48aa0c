#include "picture/picture.h"

#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>

enum { QUIET = 4, DIGITS_MAX = 1000 };

static bool all_digits(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
    }
    return true;
}

static int take_modules(const QRcode *code, struct qr *out, struct err *e)
{
    size_t n = (size_t)code->width * (size_t)code->width;
    uint8_t *dark = malloc(n);
    if (!dark) {
        return err_code(e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        dark[i] = code->data[i] & 1;
    }
    *out = (struct qr){.side = code->width, .dark = dark};
    return 0;
}

int qr_encode(struct bytes digits, struct qr *out, struct err *e)
{
    if (digits.n == 0 || digits.n > DIGITS_MAX || !all_digits(digits)) {
        return err_set(e, TP_BAD_VALUE, "a QR code takes 1 to %d digits and nothing else", DIGITS_MAX);
    }
    /* Version 0 asks for the smallest that fits. */
    QRinput *input = QRinput_new2(0, QR_ECLEVEL_M);
    QRcode *code = NULL;
    int rc = TP_E_MEMORY;
    if (input && QRinput_append(input, QR_MODE_NUM, (int)digits.n, digits.p) == 0) {
        code = QRcode_encodeInput(input);
    }
    if (code) {
        rc = take_modules(code, out, e);
    } else {
        err_code(e, rc);
    }
    QRcode_free(code);
    QRinput_free(input);
    return rc;
}

void qr_free(struct qr *qr)
{
    if (qr) {
        free(qr->dark);
        *qr = (struct qr){0};
    }
}

/* Light outside the symbol, so that callers may walk over the quiet zone. */
static bool dark_at(const struct qr *qr, int x, int y)
{
    return x >= 0 && y >= 0 && x < qr->side && y < qr->side && qr->dark[y * qr->side + x];
}

/* What was appended stays only when all of it fitted. */
static int finish(struct buf *out, size_t start, struct err *e)
{
    if (!out->failed) {
        return 0;
    }
    out->n = start;
    return err_set(e, TP_E_MEMORY, "the drawn code does not fit its buffer");
}

static void svg_row(const struct qr *qr, int y, struct buf *out)
{
    for (int x = 0; x < qr->side; x++) {
        int from = x;
        while (dark_at(qr, x, y)) {
            x++;
        }
        if (x > from) {
            buf_printf(out, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
        }
    }
}

int qr_svg(const struct qr *qr, struct buf *out, struct err *e)
{
    size_t start = out->n;
    int side = qr->side + 2 * QUIET;
    buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\"", side, side);
    buf_puts(out, " shape-rendering=\"crispEdges\">\n");
    buf_printf(out, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\"", side, side);
    for (int y = 0; y < qr->side; y++) {
        svg_row(qr, y, out);
    }
    buf_puts(out, "\"/>\n</svg>\n");
    return finish(out, start, e);
}

int qr_text(const struct qr *qr, struct buf *out, struct err *e)
{
    /* Space, lower half, upper half, full block: U+2584, U+2580, U+2588. */
    static const char *const block[] = {" ", "\xE2\x96\x84", "\xE2\x96\x80", "\xE2\x96\x88"};
    size_t start = out->n;
    for (int y = -QUIET; y < qr->side + QUIET; y += 2) {
        /* Black on white from the fixed colour cube, whatever the terminal's own colours are. */
        buf_puts(out, "\x1b[38;5;16;48;5;231m");
        for (int x = -QUIET; x < qr->side + QUIET; x++) {
            buf_puts(out, block[dark_at(qr, x, y) * 2 + dark_at(qr, x, y + 1)]);
        }
        buf_puts(out, "\x1b[0m\n");
    }
    return finish(out, start, e);
}
