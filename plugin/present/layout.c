/* A scanner that plays a keyboard sends keys, not characters: where the host's layout is not the one that the
 * scanner was set to, its digits arrive as what those keys carry there. */
#include "present/inside.h"

enum { BYTE_TEXT = 1, UTF8_TEXT = 2 };

/* The keys of 1 to 9 and 0, without shift and with caps lock; and the key that a bracket is sent with. The
 * numbers are code points in UTF-8 text, and bytes in the 8-bit text of older hosts. */
struct layout {
    int texts;
    uint16_t plain[10], caps[10];
    uint16_t bracket;
};

static const struct layout layouts[] = {
    /* French AZERTY; Unicode and ISO 8859-1 agree */
    {BYTE_TEXT | UTF8_TEXT,
     {'&', 0xE9, '"', '\'', '(', '-', 0xE8, '_', 0xE7, 0xE0},
     {'&', 0xC9, '"', '\'', '(', '-', 0xC8, '_', 0xC7, 0xC0},
     '$'},
    /* Belgian AZERTY */
    {BYTE_TEXT | UTF8_TEXT,
     {'&', 0xE9, '"', '\'', '(', 0xA7, 0xE8, '!', 0xE7, 0xE0},
     {'&', 0xC9, '"', '\'', '(', 0xA7, 0xC8, '!', 0xC7, 0xC0},
     '$'},
    /* Czech, in Unicode; in ISO 8859-2; in Windows-1250, which puts s and z with caron elsewhere */
    {UTF8_TEXT,
     {'+', 0x11B, 0x161, 0x10D, 0x159, 0x17E, 0xFD, 0xE1, 0xED, 0xE9},
     {'+', 0x11A, 0x160, 0x10C, 0x158, 0x17D, 0xDD, 0xC1, 0xCD, 0xC9},
     ')'},
    {BYTE_TEXT,
     {'+', 0xEC, 0xB9, 0xE8, 0xF8, 0xBE, 0xFD, 0xE1, 0xED, 0xE9},
     {'+', 0xCC, 0xA9, 0xC8, 0xD8, 0xAE, 0xDD, 0xC1, 0xCD, 0xC9},
     ')'},
    {BYTE_TEXT,
     {'+', 0xEC, 0x9A, 0xE8, 0xF8, 0x9E, 0xFD, 0xE1, 0xED, 0xE9},
     {'+', 0xCC, 0x8A, 0xC8, 0xD8, 0x8E, 0xDD, 0xC1, 0xCD, 0xC9},
     ')'},
    /* United States, with shift held for all of it */
    {BYTE_TEXT | UTF8_TEXT,
     {'!', '@', '#', '$', '%', '^', '&', '*', '(', ')'},
     {'!', '@', '#', '$', '%', '^', '&', '*', '(', ')'},
     '}'},
};

/* One character off the front: a byte, or a code point of one or two bytes; 0 when it is longer. `in` is not
 * empty, and is UTF-8 when `utf8`. */
static uint16_t take_character(struct bytes *in, bool utf8)
{
    uint8_t first = in->p[0];
    bool two = utf8 && first >= 0xC2 && first <= 0xDF;
    uint16_t c = first;
    if (two) {
        c = (uint16_t)((first & 0x1F) << 6 | (in->p[1] & 0x3F));
    } else if (utf8 && first > 0x7F) {
        c = 0;
    }
    *in = bytes_of(in->p + 1 + two, in->n - 1 - two);
    return c;
}

/* The digit, or -1. */
static int digit_of(const struct layout *l, uint16_t c)
{
    for (int i = 0; i < 10; i++) {
        if (c && (l->plain[i] == c || l->caps[i] == c)) {
            return (i + 1) % 10;
        }
    }
    return -1;
}

/* A bracket's key, a letter and a digit's key are an AIM prefix. */
static struct bytes skip_prefix(const struct layout *l, struct bytes in, bool utf8)
{
    struct bytes at = in;
    uint16_t bracket = at.n ? take_character(&at, utf8) : 0;
    uint16_t letter = at.n ? take_character(&at, utf8) : 0;
    uint16_t modifier = at.n ? take_character(&at, utf8) : 0;
    bool is_letter = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
    return bracket == l->bracket && is_letter && digit_of(l, modifier) >= 0 ? at : in;
}

bool layout_digits(struct bytes in, size_t turn, struct buf *out)
{
    if (turn == sizeof layouts / sizeof *layouts) {
        return false;
    }
    const struct layout *l = &layouts[turn];
    bool utf8 = bytes_utf8(in);
    out->n = 0;
    if (!(l->texts & (utf8 ? UTF8_TEXT : BYTE_TEXT))) {
        return true;
    }
    in = skip_prefix(l, in, utf8);
    while (in.n) {
        int digit = digit_of(l, take_character(&in, utf8));
        if (digit < 0) {
            out->n = 0;
            break;
        }
        buf_putc(out, (uint8_t)('0' + digit));
    }
    return true;
}
