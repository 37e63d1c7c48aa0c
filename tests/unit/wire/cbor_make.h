/* Random items of the profile and a transcoder over them, for the tests of cbor.h. */
#ifndef UNIT_WIRE_CBOR_MAKE_H
#define UNIT_WIRE_CBOR_MAKE_H

#include "util.h"
#include "wire/cbor.h"

static inline int64_t make_int(uint64_t *seed)
{
    int64_t v = (int64_t)(chance(seed) >> (1 + chance_below(seed, 63)));
    return chance(seed) & 1 ? v : -1 - v;
}

static inline void make_string(uint64_t *seed, bool text, struct buf *out)
{
    static const char *const letters[] = {"a", "Z", "7", "\xC3\xBC", "\xE6\xB0\xB4", "\xF0\x90\x85\x91",
                                          "\0"};
    uint8_t memory[400];
    struct buf b;
    size_t n = chance(seed) % 8 ? chance_below(seed, 8) : chance_below(seed, 90);
    buf_over(&b, memory, sizeof memory);
    for (size_t i = 0; i < n; i++) {
        if (text) {
            buf_puts(&b, letters[chance_below(seed, 7)]);
        } else {
            buf_putc(&b, (uint8_t)chance(seed));
        }
    }
    if (text) {
        enc_text(out, buf_view(&b));
    } else {
        enc_bytes(out, buf_view(&b));
    }
}

static inline void make_item(uint64_t *seed, size_t depth, bool tags, struct buf *out);

/* Keys ascend as encoded: first those from 0 up, then those from -1 down. */
static inline void make_map(uint64_t *seed, size_t depth, bool tags, struct buf *out)
{
    size_t n = chance_below(seed, 5), positive = n ? chance_below(seed, n + 1) : 0;
    int64_t key = 0;
    enc_map(out, n);
    for (size_t i = 0; i < n; i++) {
        if (i == positive) {
            key = 0;
        }
        int64_t step = 1 + (int64_t)(chance(seed) >> (8 + chance_below(seed, 56)));
        key = i < positive ? key + step : key - step;
        enc_int(out, key);
        make_item(seed, depth + 1, tags, out);
    }
}

static inline void make_item(uint64_t *seed, size_t depth, bool tags, struct buf *out)
{
    size_t kinds = depth < CBOR_DEPTH ? (tags ? 8 : 7) : 5, n;
    size_t pick =
        depth == 0 && chance(seed) % 4 ? 5 + chance_below(seed, kinds - 5) : chance_below(seed, kinds);
    switch (pick) {
    case 0:
        enc_int(out, make_int(seed));
        break;
    case 1:
    case 2:
        make_string(seed, pick == 1, out);
        break;
    case 3:
        enc_bool(out, chance(seed) & 1);
        break;
    case 4:
        enc_null(out);
        break;
    case 5:
        n = chance_below(seed, 6);
        enc_array(out, n);
        for (size_t i = 0; i < n; i++) {
            make_item(seed, depth + 1, tags, out);
        }
        break;
    case 6:
        make_map(seed, depth, tags, out);
        break;
    default:
        enc_tag(out, 18);
        make_item(seed, depth + 1, tags, out);
    }
}

static inline bool copy_item(struct dec *d, struct buf *out, size_t *tags);

static inline bool copy_many(struct dec *d, bool map, struct buf *out, size_t *tags)
{
    size_t n;
    if (map ? dec_map(d, &n) : dec_array(d, &n)) {
        return false;
    }
    if (map) {
        enc_map(out, n);
    } else {
        enc_array(out, n);
    }
    for (size_t i = 0; i < n; i++) {
        if ((map && !copy_item(d, out, tags)) || !copy_item(d, out, tags)) {
            return false;
        }
    }
    return true;
}

/* Decodes one item with the readers, one by one, and writes what was read. Depth was checked before. */
static inline bool copy_item(struct dec *d, struct buf *out, size_t *tags)
{
    enum cbor_kind kind;
    struct bytes s;
    int64_t i;
    uint64_t tag;
    bool b;
    if (dec_peek(d, &kind)) {
        return false;
    }
    switch (kind) {
    case CBOR_INT:
        return !dec_int(d, &i) && (enc_int(out, i), true);
    case CBOR_BYTES:
        return !dec_bytes(d, &s) && (enc_bytes(out, s), true);
    case CBOR_TEXT:
        return !dec_text(d, &s) && (enc_text(out, s), true);
    case CBOR_BOOL:
        return !dec_bool(d, &b) && (enc_bool(out, b), true);
    case CBOR_NULL:
        return !dec_null(d) && (enc_null(out), true);
    case CBOR_TAG:
        (*tags)++;
        return !dec_tag(d, &tag) && (enc_tag(out, tag), copy_item(d, out, tags));
    default:
        return copy_many(d, kind == CBOR_MAP, out, tags);
    }
}

/* Changes, drops or adds some bytes. */
static inline void spoil(uint64_t *seed, struct buf *b)
{
    size_t times = 1 + chance_below(seed, 3);
    for (size_t i = 0; i < times && b->n > 0; i++) {
        size_t at = chance_below(seed, b->n);
        switch (chance_below(seed, 4)) {
        case 0:
            b->p[at] ^= (uint8_t)(1u << chance_below(seed, 8));
            break;
        case 1:
            b->p[at] = (uint8_t)chance(seed);
            break;
        case 2:
            memmove(b->p + at, b->p + at + 1, b->n - at - 1);
            b->n--;
            break;
        default:
            buf_putc(b, (uint8_t)chance(seed));
        }
    }
}

#endif
