#include "proof/tile.h"

#include <inttypes.h>
#include <stdio.h>

static bool fits(const struct tile *t)
{
    return t->level >= TILE_ENTRIES && t->level <= TILE_LEVELS && t->number >= 0 &&
           t->number < TREE_SIZE_MAX / TILE_WIDTH && t->width >= 1 && t->width <= TILE_WIDTH;
}

/* Groups of three digits; all but the last begin with x. */
static void put_number(int64_t number, struct buf *out)
{
    if (number >= 1000) {
        int64_t above = number / 1000;
        int64_t groups[7];
        size_t n = 0;
        for (; above > 0; above /= 1000) {
            groups[n++] = above % 1000;
        }
        while (n > 0) {
            buf_printf(out, "x%03d/", (int)groups[--n]);
        }
    }
    buf_printf(out, "%03d", (int)(number % 1000));
}

int tile_path(const struct tile *t, char out[TILE_PATH_MAX])
{
    struct buf b;
    if (!fits(t)) {
        return TP_E_ARGUMENT;
    }
    buf_over(&b, out, TILE_PATH_MAX);
    if (t->level == TILE_ENTRIES) {
        buf_puts(&b, "tile/entries/");
    } else {
        buf_printf(&b, "tile/%d/", t->level);
    }
    put_number(t->number, &b);
    if (t->width < TILE_WIDTH) {
        buf_printf(&b, ".p/%d", t->width);
    }
    buf_putc(&b, 0);
    return b.failed ? TP_E_ARGUMENT : 0;
}

/* Up to the next '/' or the end; the '/' is stepped over. */
static struct bytes segment(struct bytes *rest)
{
    const uint8_t *end = rest->n ? memchr(rest->p, '/', rest->n) : NULL;
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    struct bytes s = bytes_of(rest->p, n);
    *rest = bytes_of(rest->p + n + (end ? 1 : 0), rest->n - n - (end ? 1 : 0));
    return s;
}

static bool number_of(struct bytes s, size_t digits, int64_t *v)
{
    bool good = s.n == digits || (digits == 0 && s.n >= 1 && s.n <= 3);
    for (size_t i = 0; i < s.n && good; i++) {
        good = s.p[i] >= '0' && s.p[i] <= '9';
        *v = *v * 10 + (s.p[i] - '0');
    }
    return good;
}

/* Read leniently, then held against what would have been written. */
int tile_path_parse(struct bytes path, struct tile *out)
{
    char again[TILE_PATH_MAX];
    struct bytes rest = path;
    struct tile t = {.width = TILE_WIDTH};
    int64_t v = 0;
    bool good = path.n < TILE_PATH_MAX && bytes_is(segment(&rest), "tile");
    struct bytes s = segment(&rest);
    if (good && bytes_is(s, "entries")) {
        t.level = TILE_ENTRIES;
    } else if (good && (good = number_of(s, 1, &v))) {
        t.level = (int)v;
    }
    for (s = segment(&rest); good && s.n == 4 && s.p[0] == 'x' && rest.n; s = segment(&rest)) {
        good = t.number < INT64_MAX / 1000000 && number_of(bytes_of(s.p + 1, 3), 3, &t.number);
    }
    if (good && s.n > 2 && bytes_is(bytes_of(s.p + s.n - 2, 2), ".p")) {
        v = 0;
        good = number_of(rest, 0, &v);
        t.width = (int)v;
        s.n -= 2;
    }
    good = good && t.number < INT64_MAX / 1000000 && number_of(s, 3, &t.number);
    if (!good || tile_path(&t, again) || !bytes_is(path, again)) {
        return TP_E_MALFORMED;
    }
    *out = t;
    return 0;
}

int tile_width(int level, int64_t number, int64_t size)
{
    int64_t here = size >> (level == TILE_ENTRIES ? 0 : 8 * level);
    int64_t left = number < 0 || number > here / TILE_WIDTH ? 0 : here - number * TILE_WIDTH;
    return left > TILE_WIDTH ? TILE_WIDTH : (int)left;
}

int tile_hashes(const struct tile *t, const struct tree_nodes *nodes, struct buf *out)
{
    int rc = fits(t) && t->level != TILE_ENTRIES ? 0 : TP_E_ARGUMENT;
    for (int i = 0; i < t->width && rc == 0; i++) {
        uint8_t hash[HASH_SIZE];
        rc = nodes->read(nodes->arg, 8 * t->level, t->number * TILE_WIDTH + i, hash);
        if (rc == 0) {
            buf_put(out, hash, HASH_SIZE);
        }
    }
    return rc ? rc : out->failed ? TP_E_MEMORY : 0;
}

int tile_entry(struct bytes entry, struct buf *out)
{
    if (entry.n > UINT16_MAX) {
        return TP_E_MEMORY;
    }
    buf_putc(out, (uint8_t)(entry.n >> 8));
    buf_putc(out, (uint8_t)entry.n);
    buf_put(out, entry.p, entry.n);
    return out->failed ? TP_E_MEMORY : 0;
}
