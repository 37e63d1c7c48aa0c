#include "wire/cbor.h"

enum { MAJOR_UINT, MAJOR_NINT, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22, TAG_SIGN1 = 18 };

static const enum cbor_kind by_major[] = {CBOR_INT,   CBOR_INT, CBOR_BYTES, CBOR_TEXT,
                                          CBOR_ARRAY, CBOR_MAP, CBOR_TAG,   CBOR_NULL};

static void put_head(struct buf *out, unsigned major, uint64_t arg)
{
    uint8_t head[9];
    size_t more = arg < 24 ? 0 : arg <= UINT8_MAX ? 1 : arg <= UINT16_MAX ? 2 : arg <= UINT32_MAX ? 4 : 8;
    uint8_t info = more == 0 ? (uint8_t)arg : more == 1 ? 24 : more == 2 ? 25 : more == 4 ? 26 : 27;
    head[0] = (uint8_t)(major << 5 | info);
    for (size_t i = 0; i < more; i++) {
        head[1 + i] = (uint8_t)(arg >> 8 * (more - 1 - i));
    }
    buf_put(out, head, 1 + more);
}

void enc_int(struct buf *out, int64_t v)
{
    if (v >= 0) {
        put_head(out, MAJOR_UINT, (uint64_t)v);
    } else {
        put_head(out, MAJOR_NINT, ~(uint64_t)v);
    }
}

void enc_bytes(struct buf *out, struct bytes v)
{
    put_head(out, MAJOR_BYTES, v.n);
    buf_put(out, v.p, v.n);
}

void enc_text(struct buf *out, struct bytes v)
{
    put_head(out, MAJOR_TEXT, v.n);
    buf_put(out, v.p, v.n);
}

void enc_array(struct buf *out, size_t count)
{
    put_head(out, MAJOR_ARRAY, count);
}

void enc_map(struct buf *out, size_t count)
{
    put_head(out, MAJOR_MAP, count);
}

void enc_tag(struct buf *out, uint64_t tag)
{
    put_head(out, MAJOR_TAG, tag);
}

void enc_bool(struct buf *out, bool v)
{
    put_head(out, MAJOR_SIMPLE, v ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void enc_null(struct buf *out)
{
    put_head(out, MAJOR_SIMPLE, SIMPLE_NULL);
}

void dec_init(struct dec *d, struct bytes in)
{
    d->p = in.p;
    d->end = in.n ? in.p + in.n : in.p;
}

static size_t left(const struct dec *d)
{
    return d->p ? (size_t)(d->end - d->p) : 0;
}

bool dec_done(const struct dec *d)
{
    return left(d) == 0;
}

/* Reads a head in its shortest form (RFC 8949, section 4.2.1) and steps over it. */
static int head(struct dec *d, unsigned *major, uint64_t *arg)
{
    if (left(d) == 0) {
        return TP_E_MALFORMED;
    }
    uint8_t info = d->p[0] & 31;
    *major = d->p[0] >> 5;
    if (info < 24) {
        *arg = info;
        d->p++;
        return 0;
    }
    size_t more = (size_t)1 << (info - 24);
    if (info > 27 || left(d) < 1 + more) {
        return TP_E_MALFORMED;
    }
    uint64_t v = 0;
    for (size_t i = 1; i <= more; i++) {
        v = v << 8 | d->p[i];
    }
    if (more == 1 ? v < 24 : v >> 4 * more == 0) {
        return TP_E_MALFORMED;
    }
    *arg = v;
    d->p += 1 + more;
    return 0;
}

/* A head of the profile: what follows it is the caller's to check. */
static int profile_head(struct dec *d, enum cbor_kind *kind, uint64_t *arg)
{
    unsigned major = 0;
    struct dec at = *d;
    if (head(&at, &major, arg)) {
        return TP_E_MALFORMED;
    }
    *kind = by_major[major];
    bool fine = true;
    switch (major) {
    case MAJOR_UINT:
        fine = *arg <= INT64_MAX;
        break;
    case MAJOR_NINT:
        fine = *arg <= INT64_MAX;
        *arg = ~*arg;
        break;
    case MAJOR_BYTES:
    case MAJOR_TEXT:
    case MAJOR_ARRAY:
        fine = *arg <= left(&at);
        break;
    case MAJOR_MAP:
        fine = *arg <= left(&at) / 2;
        break;
    case MAJOR_TAG:
        fine = *arg == TAG_SIGN1;
        break;
    default:
        /* Only the one-byte forms: a float's head could carry the same numbers (section 3.3). */
        fine = at.p - d->p == 1 && *arg >= SIMPLE_FALSE && *arg <= SIMPLE_NULL;
        *kind = *arg == SIMPLE_NULL ? CBOR_NULL : CBOR_BOOL;
    }
    if (!fine) {
        return TP_E_MALFORMED;
    }
    *d = at;
    return 0;
}

/* The profile's first bytes, told without what follows them. */
int dec_peek(const struct dec *d, enum cbor_kind *kind)
{
    if (left(d) == 0) {
        return TP_E_MALFORMED;
    }
    unsigned major = d->p[0] >> 5, info = d->p[0] & 31;
    if (info > 27 || (major == MAJOR_TAG && info != TAG_SIGN1) ||
        (major == MAJOR_SIMPLE && (info < SIMPLE_FALSE || info > SIMPLE_NULL))) {
        return TP_E_MALFORMED;
    }
    *kind = major == MAJOR_SIMPLE && info != SIMPLE_NULL ? CBOR_BOOL : by_major[major];
    return 0;
}

/* Steps over a head of the given kind, and over the string that it begins. */
static int expect(struct dec *d, enum cbor_kind kind, uint64_t *arg)
{
    struct dec at = *d;
    enum cbor_kind got;
    if (profile_head(&at, &got, arg) || got != kind) {
        return TP_E_MALFORMED;
    }
    if (kind == CBOR_TEXT && !bytes_utf8(bytes_of(at.p, (size_t)*arg))) {
        return TP_E_MALFORMED;
    }
    if (kind == CBOR_TEXT || kind == CBOR_BYTES) {
        at.p += *arg;
    }
    *d = at;
    return 0;
}

int dec_int(struct dec *d, int64_t *v)
{
    uint64_t arg;
    if (expect(d, CBOR_INT, &arg)) {
        return TP_E_MALFORMED;
    }
    *v = (int64_t)arg;
    return 0;
}

static int dec_string(struct dec *d, enum cbor_kind kind, struct bytes *v)
{
    uint64_t n;
    if (expect(d, kind, &n)) {
        return TP_E_MALFORMED;
    }
    *v = bytes_of(d->p - n, (size_t)n);
    return 0;
}

int dec_bytes(struct dec *d, struct bytes *v)
{
    return dec_string(d, CBOR_BYTES, v);
}

int dec_text(struct dec *d, struct bytes *v)
{
    return dec_string(d, CBOR_TEXT, v);
}

static int dec_count(struct dec *d, enum cbor_kind kind, size_t *count)
{
    uint64_t n;
    if (expect(d, kind, &n)) {
        return TP_E_MALFORMED;
    }
    *count = (size_t)n;
    return 0;
}

int dec_array(struct dec *d, size_t *count)
{
    return dec_count(d, CBOR_ARRAY, count);
}

int dec_map(struct dec *d, size_t *count)
{
    return dec_count(d, CBOR_MAP, count);
}

int dec_tag(struct dec *d, uint64_t *tag)
{
    uint64_t n;
    if (expect(d, CBOR_TAG, &n)) {
        return TP_E_MALFORMED;
    }
    *tag = n;
    return 0;
}

int dec_bool(struct dec *d, bool *v)
{
    uint64_t n;
    if (expect(d, CBOR_BOOL, &n)) {
        return TP_E_MALFORMED;
    }
    *v = n == SIMPLE_TRUE;
    return 0;
}

int dec_null(struct dec *d)
{
    uint64_t n;
    return expect(d, CBOR_NULL, &n);
}

/* One array, map or tag that is being read. */
struct level {
    uint64_t items; /* still to come; a map counts keys and values */
    bool map, any_key;
    int64_t key; /* the last one */
};

/* Bytewise order of encoded keys (section 4.2.1): 0, 1, 2, ... and then -1, -2, ... */
static bool key_after(int64_t a, int64_t b)
{
    if ((a < 0) != (b < 0)) {
        return a < 0;
    }
    return a < 0 ? a < b : a > b;
}

static int read_key(struct dec *d, struct level *l)
{
    int64_t key;
    if (dec_int(d, &key) || (l->any_key && !key_after(key, l->key))) {
        return TP_E_MALFORMED;
    }
    l->key = key;
    l->any_key = true;
    l->items--;
    return 0;
}

/* Reads one item that is not a map's key; an array, map or tag opens a level. */
static int read_value(struct dec *d, struct level *levels, size_t *depth)
{
    enum cbor_kind kind;
    uint64_t arg;
    if (profile_head(d, &kind, &arg)) {
        return TP_E_MALFORMED;
    }
    switch (kind) {
    case CBOR_TEXT:
        if (!bytes_utf8(bytes_of(d->p, (size_t)arg))) {
            return TP_E_MALFORMED;
        }
        d->p += arg;
        return 0;
    case CBOR_BYTES:
        d->p += arg;
        return 0;
    case CBOR_ARRAY:
    case CBOR_MAP:
    case CBOR_TAG:
        if (*depth == CBOR_DEPTH) {
            return TP_E_MALFORMED;
        }
        arg = kind == CBOR_TAG ? 1 : kind == CBOR_MAP ? 2 * arg : arg;
        levels[(*depth)++] = (struct level){.items = arg, .map = kind == CBOR_MAP};
        return 0;
    default:
        return 0;
    }
}

int dec_item(struct dec *d, struct bytes *item)
{
    struct level levels[CBOR_DEPTH];
    size_t depth = 0;
    struct dec at = *d;
    if (read_value(&at, levels, &depth)) {
        return TP_E_MALFORMED;
    }
    while (depth > 0) {
        struct level *l = &levels[depth - 1];
        if (l->items == 0) {
            depth--;
            continue;
        }
        if (l->map && l->items % 2 == 0 && read_key(&at, l)) {
            return TP_E_MALFORMED;
        }
        l->items--;
        if (read_value(&at, levels, &depth)) {
            return TP_E_MALFORMED;
        }
    }
    *item = bytes_of(d->p, (size_t)(at.p - d->p));
    *d = at;
    return 0;
}

int cbor_check(struct bytes in)
{
    struct dec d;
    struct bytes item;
    dec_init(&d, in);
    return dec_item(&d, &item) || !dec_done(&d) ? TP_E_MALFORMED : 0;
}
