#include "proof/note.h"

#include "wire/cbor.h"
#include "wire/hash.h"

#include <inttypes.h>
#include <stdio.h>

enum { TYPE_LOG = 0x01, TYPE_WITNESS = 0x04, ID_BYTES = 4, TIME_BYTES = 8, TEXT_MAX = 1024 };

/* An em dash and a blank: what a line of a signature begins with. */
static const char dash[] = "\xe2\x80\x94 ";
enum { DASH = sizeof dash - 1 };

/* ---- keys ---- */

static bool name_fits(struct bytes name)
{
    bool fits = name.n > 0 && name.n < TEXT_MAX / 2 && bytes_utf8(name);
    for (size_t i = 0; i < name.n && fits; i++) {
        fits = name.p[i] > 0x20 && name.p[i] != 0x7f && name.p[i] != '+';
    }
    return fits;
}

/* SHA-256(name, newline, type, public key), the first four bytes. */
static int key_id(struct bytes name, uint8_t type, const struct cose_key *key, uint8_t id[ID_BYTES])
{
    uint8_t memory[TEXT_MAX], hash[HASH_SIZE];
    struct buf b;
    buf_over(&b, memory, sizeof memory);
    buf_put(&b, name.p, name.n);
    buf_putc(&b, '\n');
    buf_putc(&b, type);
    buf_put(&b, key->x, sizeof key->x);
    int rc = b.failed ? TP_E_MEMORY : sha256(buf_view(&b), hash);
    if (rc == 0) {
        memcpy(id, hash, ID_BYTES);
    }
    return rc;
}

int note_key_text(struct bytes name, bool witness, const struct cose_key *key, struct buf *out)
{
    uint8_t content[1 + sizeof key->x], id[ID_BYTES];
    char hex[2 * ID_BYTES + 1];
    content[0] = witness ? TYPE_WITNESS : TYPE_LOG;
    if (!name_fits(name) || key->alg != ALG_ED25519) {
        return TP_E_ARGUMENT;
    }
    int rc = key_id(name, content[0], key, id);
    if (rc == 0) {
        memcpy(content + 1, key->x, sizeof key->x);
        hex_encode(id, ID_BYTES, hex);
        buf_put(out, name.p, name.n);
        buf_printf(out, "+%s+", hex);
        base64_encode(bytes_of(content, sizeof content), out);
        rc = out->failed ? TP_E_MEMORY : 0;
    }
    return rc;
}

static int key_of(const uint8_t x[32], struct cose_key *key)
{
    enum { KTY_OKP = 1, CRV_ED25519 = 6 };
    uint8_t memory[64];
    struct buf map;
    buf_over(&map, memory, sizeof memory);
    enc_map(&map, 4);
    enc_int(&map, 1);
    enc_int(&map, KTY_OKP);
    enc_int(&map, 3);
    enc_int(&map, ALG_ED25519);
    enc_int(&map, -1);
    enc_int(&map, CRV_ED25519);
    enc_int(&map, -2);
    enc_bytes(&map, bytes_of(x, 32));
    return cose_key_decode(buf_view(&map), key);
}

int note_witness(struct bytes text, struct bytes *name, struct cose_key *key)
{
    uint8_t memory[64], id[ID_BYTES], said[ID_BYTES];
    struct buf content;
    struct cose_key got = {0};
    const uint8_t *plus = text.n ? memchr(text.p, '+', text.n) : NULL;
    size_t n = plus ? (size_t)(plus - text.p) : 0;
    buf_over(&content, memory, sizeof memory);
    if (!plus || text.n < n + 3 + 2 * ID_BYTES || !name_fits(bytes_of(text.p, n)) ||
        !hex_decode(bytes_of(plus + 1, 2 * ID_BYTES), said, ID_BYTES) || plus[1 + 2 * ID_BYTES] != '+' ||
        !base64_decode(bytes_of(plus + 2 + 2 * ID_BYTES, text.n - n - 2 - 2 * ID_BYTES), &content) ||
        content.n != 1 + sizeof got.x || content.p[0] != TYPE_WITNESS) {
        return TP_E_MALFORMED;
    }
    int rc = key_of(content.p + 1, &got);
    rc = rc ? rc : key_id(bytes_of(text.p, n), TYPE_WITNESS, &got, id);
    if (rc == 0 && memcmp(id, said, ID_BYTES) != 0) {
        rc = TP_E_MALFORMED;
    }
    if (rc) {
        cose_key_free(&got);
        return rc;
    }
    *name = bytes_of(text.p, n);
    *key = got;
    return 0;
}

static void put_time(struct bytes text, int64_t time, struct buf *out)
{
    buf_printf(out, "cosignature/v1\ntime %" PRId64 "\n", time);
    buf_put(out, text.p, text.n);
}

/* ---- making ---- */

static int put_line(struct bytes name, struct bytes content, struct buf *out)
{
    buf_puts(out, dash);
    buf_put(out, name.p, name.n);
    buf_putc(out, ' ');
    base64_encode(content, out);
    buf_putc(out, '\n');
    return out->failed ? TP_E_MEMORY : 0;
}

static bool may_sign(struct bytes name, const struct cose_key *key)
{
    return name_fits(name) && key->alg == ALG_ED25519 && key->can_sign;
}

int note_sign(struct bytes origin, int64_t size, const uint8_t root[HASH_SIZE], const struct cose_key *log,
              struct buf *out)
{
    uint8_t content[ID_BYTES + SIGNATURE_SIZE];
    if (!may_sign(origin, log) || size < 0) {
        return TP_E_ARGUMENT;
    }
    size_t from = out->n;
    buf_put(out, origin.p, origin.n);
    buf_printf(out, "\n%" PRId64 "\n", size);
    base64_encode(bytes_of(root, HASH_SIZE), out);
    buf_putc(out, '\n');
    if (out->failed) {
        return TP_E_MEMORY;
    }
    int rc = cose_sign_bytes(log, bytes_of(out->p + from, out->n - from), content + ID_BYTES);
    rc = rc ? rc : key_id(origin, TYPE_LOG, log, content);
    if (rc == 0) {
        buf_putc(out, '\n');
        rc = put_line(origin, bytes_of(content, sizeof content), out);
    }
    return rc;
}

int note_cosign(struct buf *out, struct bytes name, int64_t time, const struct cose_key *witness)
{
    uint8_t content[ID_BYTES + TIME_BYTES + SIGNATURE_SIZE], memory[2 * TEXT_MAX];
    struct note n;
    struct buf tbs;
    if (!may_sign(name, witness) || time < 0) {
        return TP_E_ARGUMENT;
    }
    if (note_parse(buf_view(out), &n)) {
        return TP_E_MALFORMED;
    }
    for (int i = 0; i < TIME_BYTES; i++) {
        content[ID_BYTES + i] = (uint8_t)((uint64_t)time >> 8 * (TIME_BYTES - 1 - i));
    }
    buf_over(&tbs, memory, sizeof memory);
    put_time(n.text, time, &tbs);
    int rc =
        tbs.failed ? TP_E_MEMORY : cose_sign_bytes(witness, buf_view(&tbs), content + ID_BYTES + TIME_BYTES);
    rc = rc ? rc : key_id(name, TYPE_WITNESS, witness, content);
    return rc ? rc : put_line(name, bytes_of(content, sizeof content), out);
}

/* ---- reading ---- */

/* The next line without its end; false when none ends. */
static bool next_line(struct bytes *rest, struct bytes *line)
{
    const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    if (!end) {
        return false;
    }
    *line = bytes_of(rest->p, (size_t)(end - rest->p));
    *rest = bytes_of(end + 1, rest->n - line->n - 1);
    return true;
}

/* Decimal without a sign and without zeros before it. */
static bool read_size(struct bytes line, int64_t *size)
{
    int64_t v = 0;
    bool good = line.n > 0 && (line.n == 1 || line.p[0] != '0');
    for (size_t i = 0; i < line.n && good; i++) {
        good = line.p[i] >= '0' && line.p[i] <= '9' && !__builtin_mul_overflow(v, 10, &v) &&
               !__builtin_add_overflow(v, line.p[i] - '0', &v);
    }
    *size = v;
    return good;
}

static bool read_text(struct bytes *rest, struct note *out)
{
    struct bytes size, root, empty;
    uint8_t memory[HASH_SIZE + 4];
    struct buf hash;
    const uint8_t *from = rest->p;
    buf_over(&hash, memory, sizeof memory);
    if (!next_line(rest, &out->origin) || !next_line(rest, &size) || !next_line(rest, &root) ||
        !name_fits(out->origin) || !read_size(size, &out->size) || !base64_decode(root, &hash) ||
        hash.n != HASH_SIZE) {
        return false;
    }
    memcpy(out->root, hash.p, HASH_SIZE);
    struct bytes line;
    for (out->text = bytes_of(from, (size_t)(rest->p - from)); next_line(rest, &empty) && empty.n > 0;
         out->text.n = (size_t)(rest->p - from)) {
        line = empty; /* further lines of the log's own are signed with the rest */
        if (!bytes_utf8(line)) {
            return false;
        }
    }
    return out->text.n < TEXT_MAX && rest->p > from + out->text.n;
}

static bool read_signature(struct bytes line, struct note *out)
{
    uint8_t memory[256];
    struct buf content;
    const uint8_t *gap =
        line.n > DASH && memcmp(line.p, dash, DASH) == 0 ? memchr(line.p + DASH, ' ', line.n - DASH) : NULL;
    if (!gap) {
        return false;
    }
    struct note_signature *s = &out->signatures[out->n];
    s->name = bytes_of(line.p + DASH, (size_t)(gap - line.p) - DASH);
    buf_over(&content, memory, sizeof memory);
    if (!name_fits(s->name) ||
        !base64_decode(bytes_of(gap + 1, line.n - (size_t)(gap - line.p) - 1), &content) ||
        content.n <= ID_BYTES) {
        return content.failed && name_fits(s->name); /* longer than any that we know: another's */
    }
    memcpy(s->id, content.p, ID_BYTES);
    s->time = NONE_TIME;
    if (content.n == ID_BYTES + SIGNATURE_SIZE) {
        memcpy(s->signature, content.p + ID_BYTES, SIGNATURE_SIZE);
        out->n++;
    } else if (content.n == ID_BYTES + TIME_BYTES + SIGNATURE_SIZE && content.p[ID_BYTES] < 0x80) {
        s->time = 0;
        for (int i = 0; i < TIME_BYTES; i++) {
            s->time = s->time << 8 | content.p[ID_BYTES + i];
        }
        memcpy(s->signature, content.p + ID_BYTES + TIME_BYTES, SIGNATURE_SIZE);
        out->n++;
    }
    return true;
}

int note_parse(struct bytes in, struct note *out)
{
    struct bytes rest = in, line;
    int lines = 0;
    *out = (struct note){0};
    if (in.n > NOTE_MAX || !read_text(&rest, out)) {
        return TP_E_MALFORMED;
    }
    while (rest.n) {
        if (out->n == NOTE_SIGNATURES_MAX || !next_line(&rest, &line) || !read_signature(line, out)) {
            return TP_E_MALFORMED;
        }
        lines++;
    }
    return lines ? 0 : TP_E_MALFORMED;
}

static const struct note_signature *find(const struct note *n, struct bytes name, uint8_t type,
                                         const struct cose_key *key)
{
    uint8_t id[ID_BYTES];
    if (key->alg != ALG_ED25519 || key_id(name, type, key, id)) {
        return NULL;
    }
    for (size_t i = 0; i < n->n; i++) {
        const struct note_signature *s = &n->signatures[i];
        if (bytes_equal(s->name, name) && memcmp(s->id, id, ID_BYTES) == 0 &&
            (s->time == NONE_TIME) == (type == TYPE_LOG)) {
            return s;
        }
    }
    return NULL;
}

bool note_signed(const struct note *n, struct bytes origin, const struct cose_key *log)
{
    const struct note_signature *s = bytes_equal(n->origin, origin) ? find(n, origin, TYPE_LOG, log) : NULL;
    return s && cose_verify_bytes(log, n->text, s->signature, true) == 0;
}

bool note_cosigned(const struct note *n, struct bytes name, const struct cose_key *witness, int64_t *time)
{
    uint8_t memory[2 * TEXT_MAX];
    struct buf tbs;
    const struct note_signature *s = find(n, name, TYPE_WITNESS, witness);
    if (!s) {
        return false;
    }
    buf_over(&tbs, memory, sizeof memory);
    put_time(n->text, s->time, &tbs);
    if (tbs.failed || cose_verify_bytes(witness, buf_view(&tbs), s->signature, true)) {
        return false;
    }
    if (time) {
        *time = s->time;
    }
    return true;
}
