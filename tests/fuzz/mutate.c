#include "fuzz/mutate.h"

#include "wire/cbor.h"

enum { TEXT_ROOM = 64, WORK_MAX = 1 << 20 };

struct walk {
    uint64_t seed;
    size_t left;  /* items until the one to change */
    size_t count; /* counted so far */
    bool counting;
};

static uint64_t next(struct walk *w)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return w->seed >> 33;
}

static bool holds_cbor(struct bytes s)
{
    struct dec d;
    enum cbor_kind kind;
    dec_init(&d, s);
    return s.n > 1 && !cbor_check(s) && !dec_peek(&d, &kind) && kind >= CBOR_ARRAY && kind <= CBOR_TAG;
}

static void put_string(bool text, struct bytes s, struct buf *out)
{
    if (text) {
        enc_text(out, s);
    } else {
        enc_bytes(out, s);
    }
}

static void change_int(struct walk *w, int64_t v, struct buf *out)
{
    static const int64_t edges[] = {0,
                                    1,
                                    -1,
                                    23,
                                    24,
                                    255,
                                    256,
                                    65535,
                                    65536,
                                    UINT32_MAX,
                                    INT64_MAX,
                                    INT64_MIN,
                                    INT32_MAX,
                                    INT32_MIN,
                                    1000,
                                    1000000000,
                                    (INT64_C(1) << 53),
                                    INT64_C(1000000000000000)};
    switch (next(w) % 3) {
    case 0:
        enc_int(out, edges[next(w) % (sizeof edges / sizeof edges[0])]);
        break;
    case 1:
        enc_int(out, v < INT64_MAX - 8 && v > INT64_MIN + 8 ? v + (int64_t)(next(w) % 9) - 4 : 0);
        break;
    default:
        enc_int(out, (int64_t)(next(w) << 31 | next(w)) >> next(w) % 63);
    }
}

static void change_string(struct walk *w, bool text, struct bytes s, struct buf *out)
{
    uint8_t *room = malloc(s.n + TEXT_ROOM);
    if (!room) {
        return;
    }
    memcpy(room, s.p, s.n);
    size_t n = s.n;
    switch (next(w) % 4) {
    case 0: /* the same bytes as the other type */
        text = !text;
        break;
    case 1:
        n = next(w) % (s.n + 1);
        break;
    default:
        n = LLVMFuzzerMutate(room, s.n, s.n + TEXT_ROOM);
    }
    put_string(text, bytes_of(room, n), out);
    free(room);
}

/* An array or map with one child, or pair, more, less or moved. */
static void change_many(struct walk *w, struct bytes item, bool map, struct buf *out)
{
    struct dec d;
    size_t n, pick, how = next(w) % 3;
    dec_init(&d, item);
    if (map ? dec_map(&d, &n) : dec_array(&d, &n)) {
        return;
    }
    pick = n ? next(w) % n : 0;
    size_t count = n == 0 ? 0 : how == 0 ? n - 1 : how == 1 ? n + 1 : n;
    struct bytes kept = {0};
    (map ? enc_map : enc_array)(out, count);
    for (size_t i = 0; i < n; i++) {
        struct bytes key = {0}, child;
        if ((map && dec_item(&d, &key)) || dec_item(&d, &child)) {
            return;
        }
        if (i == pick && how != 1) {
            kept = how == 2 ? bytes_of(map ? key.p : child.p, (map ? key.n : 0) + child.n) : kept;
            continue;
        }
        for (size_t times = i == pick ? 2 : 1; times > 0; times--) {
            buf_put(out, key.p, key.n);
            buf_put(out, child.p, child.n);
        }
    }
    buf_put(out, kept.p, kept.n);
}

static void change(struct walk *w, struct bytes item, struct buf *out)
{
    struct dec d;
    enum cbor_kind kind;
    struct bytes s = {0};
    int64_t v = 0;
    dec_init(&d, item);
    if (dec_peek(&d, &kind) || next(w) % 16 == 0) {
        enc_null(out);
        return;
    }
    switch (kind) {
    case CBOR_INT:
        dec_int(&d, &v);
        change_int(w, v, out);
        break;
    case CBOR_BYTES:
        dec_bytes(&d, &s);
        change_string(w, false, s, out);
        break;
    case CBOR_TEXT:
        dec_text(&d, &s);
        change_string(w, true, s, out);
        break;
    case CBOR_ARRAY:
    case CBOR_MAP:
        change_many(w, item, kind == CBOR_MAP, out);
        break;
    case CBOR_BOOL:
        buf_putc(out, item.p[0] ^ 1);
        break;
    default:
        change_int(w, 0, out);
    }
}

static void copy(struct walk *w, struct bytes item, struct buf *out);

static void copy_children(struct walk *w, struct dec *d, size_t n, bool map, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        struct bytes key, child;
        if (map && !dec_item(d, &key)) {
            buf_put(out, key.p, key.n);
        }
        if (dec_item(d, &child)) {
            return;
        }
        copy(w, child, out);
    }
}

static void copy_string(struct walk *w, struct bytes s, struct buf *out)
{
    struct buf inner;
    buf_init(&inner, WORK_MAX);
    copy(w, s, &inner);
    enc_bytes(out, buf_view(&inner));
    buf_free(&inner);
}

/* Copies an item and what is in it; the one whose turn it is is changed. Depth ends with the profile's, and
 * in strings with their size. */
static void copy(struct walk *w, struct bytes item, struct buf *out)
{
    struct dec d;
    enum cbor_kind kind;
    struct bytes s;
    uint64_t tag;
    size_t n;
    w->count++;
    if (!w->counting && w->left-- == 0) {
        change(w, item, out);
        return;
    }
    dec_init(&d, item);
    if (dec_peek(&d, &kind)) {
        buf_put(out, item.p, item.n);
    } else if (kind == CBOR_ARRAY && !dec_array(&d, &n)) {
        enc_array(out, n);
        copy_children(w, &d, n, false, out);
    } else if (kind == CBOR_MAP && !dec_map(&d, &n)) {
        enc_map(out, n);
        copy_children(w, &d, n, true, out);
    } else if (kind == CBOR_TAG && !dec_tag(&d, &tag)) {
        enc_tag(out, tag);
        copy_children(w, &d, 1, false, out);
    } else if (kind == CBOR_BYTES && !dec_bytes(&d, &s) && holds_cbor(s)) {
        copy_string(w, s, out);
    } else {
        buf_put(out, item.p, item.n);
    }
}

static void copy_sequence(struct walk *w, struct bytes in, struct buf *out)
{
    struct dec d;
    struct bytes item;
    dec_init(&d, in);
    while (!dec_done(&d) && !dec_item(&d, &item)) {
        copy(w, item, out);
    }
    buf_put(out, d.p, (size_t)(d.end - d.p));
}

size_t mutate_cbor(uint8_t *data, size_t size, size_t max, size_t skip, unsigned int seed)
{
    struct walk w = {.seed = seed, .counting = true};
    struct buf out;
    if (size <= skip || next(&w) % 8 == 0) {
        return LLVMFuzzerMutate(data, size, max);
    }
    buf_init(&out, WORK_MAX);
    copy_sequence(&w, bytes_of(data + skip, size - skip), &out);
    buf_reset(&out);
    if (w.count > 0) {
        w.counting = false;
        w.left = next(&w) % w.count;
        copy_sequence(&w, bytes_of(data + skip, size - skip), &out);
    }
    bool fits = w.count > 0 && !out.failed && out.n > 0 && skip + out.n <= max;
    if (fits) {
        memcpy(data + skip, out.p, out.n);
        size = skip + out.n;
    } else {
        size = LLVMFuzzerMutate(data, size, max);
    }
    buf_free(&out);
    return size;
}
