#include "wire/lax.h"

enum { MAJOR_UINT, MAJOR_NINT, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };
enum { INFO_INDEFINITE = 31, BREAK = 0xFF };

struct head {
    unsigned major;
    bool indefinite;
    uint64_t arg;
};

/* An array, map, tag or chunked string that is being read. */
struct level {
    unsigned major;
    bool indefinite;
    uint64_t read, items; /* items: how many there are, when definite */
};

static size_t left(const struct dec *d)
{
    return d->p ? (size_t)(d->end - d->p) : 0;
}

static int head(struct dec *d, struct head *h)
{
    if (left(d) == 0) {
        return TP_E_MALFORMED;
    }
    unsigned info = d->p[0] & 31;
    *h = (struct head){.major = d->p[0] >> 5, .arg = info};
    size_t more = info < 24 || info == INFO_INDEFINITE ? 0 : (size_t)1 << (info - 24);
    if ((info > 27 && info != INFO_INDEFINITE) || left(d) < 1 + more) {
        return TP_E_MALFORMED;
    }
    if (info == INFO_INDEFINITE) {
        h->indefinite = true;
        if (h->major < MAJOR_BYTES || h->major > MAJOR_MAP) {
            return TP_E_MALFORMED;
        }
    }
    for (size_t i = 1; i <= more; i++) {
        h->arg = i == 1 ? d->p[i] : h->arg << 8 | d->p[i];
    }
    if (h->major == MAJOR_SIMPLE && more == 1 && h->arg < 32) {
        return TP_E_MALFORMED;
    }
    d->p += 1 + more;
    return 0;
}

/* How many items follow a head inside it; strings of definite length have none and are stepped over. */
static int open_level(struct dec *d, const struct head *h, struct level *levels, size_t *depth)
{
    bool string = h->major == MAJOR_BYTES || h->major == MAJOR_TEXT;
    if (string && !h->indefinite) {
        if (h->arg > left(d) || (h->major == MAJOR_TEXT && !bytes_utf8(bytes_of(d->p, (size_t)h->arg)))) {
            return TP_E_MALFORMED;
        }
        d->p += h->arg;
        return 0;
    }
    if (h->major < MAJOR_BYTES || h->major == MAJOR_SIMPLE) {
        return 0;
    }
    if (*depth == LAX_DEPTH || (!h->indefinite && h->major != MAJOR_TAG && h->arg > left(d))) {
        return TP_E_MALFORMED;
    }
    uint64_t items = h->major == MAJOR_TAG ? 1 : h->major == MAJOR_MAP ? 2 * h->arg : h->arg;
    levels[(*depth)++] = (struct level){h->major, h->indefinite, 0, items};
    return 0;
}

/* True when the level ends here; steps over its break. */
static int ends(struct dec *d, const struct level *l, bool *end)
{
    if (!l->indefinite) {
        *end = l->read == l->items;
        return 0;
    }
    *end = left(d) > 0 && d->p[0] == BREAK;
    if (*end && l->major == MAJOR_MAP && l->read % 2 == 1) {
        return TP_E_MALFORMED;
    }
    d->p += *end;
    return 0;
}

int lax_item(struct dec *d, struct bytes *item)
{
    struct level levels[LAX_DEPTH];
    size_t depth = 0;
    struct dec at = *d;
    struct head h;
    if (head(&at, &h) || open_level(&at, &h, levels, &depth)) {
        return TP_E_MALFORMED;
    }
    while (depth > 0) {
        struct level *l = &levels[depth - 1];
        bool end, chunks = l->major == MAJOR_BYTES || l->major == MAJOR_TEXT;
        if (ends(&at, l, &end)) {
            return TP_E_MALFORMED;
        }
        if (end) {
            depth--;
            continue;
        }
        if (head(&at, &h) || (chunks && (h.major != l->major || h.indefinite))) {
            return TP_E_MALFORMED;
        }
        l->read++;
        if (open_level(&at, &h, levels, &depth)) {
            return TP_E_MALFORMED;
        }
    }
    *item = bytes_of(d->p, (size_t)(at.p - d->p));
    *d = at;
    return 0;
}

bool lax_tag(struct dec *d, uint64_t tag)
{
    struct dec at = *d;
    struct head h;
    if (head(&at, &h) || h.major != MAJOR_TAG || h.arg != tag) {
        return false;
    }
    *d = at;
    return true;
}

int lax_array(struct dec *d, size_t *count)
{
    struct dec at = *d;
    struct head h;
    if (head(&at, &h) || h.major != MAJOR_ARRAY || h.indefinite || h.arg > left(&at)) {
        return TP_E_MALFORMED;
    }
    *count = (size_t)h.arg;
    *d = at;
    return 0;
}

bool lax_int(struct bytes item, int64_t *v)
{
    struct dec d;
    struct head h;
    dec_init(&d, item);
    if (head(&d, &h) || h.major > MAJOR_NINT || h.arg > INT64_MAX || !dec_done(&d)) {
        return false;
    }
    *v = h.major == MAJOR_UINT ? (int64_t)h.arg : (int64_t)~h.arg;
    return true;
}

bool lax_bytes(struct bytes item, struct bytes *v)
{
    struct dec d;
    struct head h;
    dec_init(&d, item);
    if (head(&d, &h) || h.major != MAJOR_BYTES || h.indefinite || h.arg != left(&d)) {
        return false;
    }
    *v = bytes_of(d.p, (size_t)h.arg);
    return true;
}

int lax_find(struct bytes map, int64_t label, struct bytes *value)
{
    struct dec d;
    struct head h;
    struct bytes whole, key, item, found = {0};
    dec_init(&d, map);
    if (lax_item(&d, &whole) || !dec_done(&d)) {
        return TP_E_MALFORMED;
    }
    dec_init(&d, map);
    if (head(&d, &h) || h.major != MAJOR_MAP) {
        return TP_E_MALFORMED;
    }
    struct level l = {h.major, h.indefinite, 0, h.arg};
    for (bool end; !ends(&d, &l, &end) && !end;) {
        int64_t at;
        if (lax_item(&d, &key) || lax_item(&d, &item)) {
            return TP_E_MALFORMED;
        }
        l.read += h.indefinite ? 2 : 1;
        if (lax_int(key, &at) && at == label) {
            if (found.p) {
                return TP_E_MALFORMED;
            }
            found = item;
        }
    }
    *value = found;
    return 0;
}
