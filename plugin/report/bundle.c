/* A bundle's items: byte strings, one after another (RFC 8742), each with one array that begins with its
 * type. */
#include "report/bundle.h"

#include "wire/cbor.h"
#include "wire/hash.h"

static const char mark[] = "tillproof bundle";
static const char withheld[] = "withheld";

void bundle_close(struct bundle *b)
{
    buf_free(&b->item);
    *b = (struct bundle){0};
}

/* hash = SHA-256(hash before, SHA-256(item)), from 32 zero bytes on. */
static int hash_on(struct bundle *b)
{
    uint8_t both[2 * HASH_SIZE];
    memcpy(both, b->hash, HASH_SIZE);
    int rc = sha256(buf_view(&b->item), both + HASH_SIZE);
    b->items++;
    return rc ? rc : sha256(bytes_of(both, sizeof both), b->hash);
}

/* ---- writing ---- */

static void put_part(struct buf *out, const struct bundle_part *part)
{
    switch (part->state) {
    case BUNDLE_PART_NONE:
        enc_null(out);
        break;
    case BUNDLE_PART_HERE:
        enc_bytes(out, part->content);
        break;
    case BUNDLE_PART_ERASED:
        enc_array(out, 1);
        enc_bytes(out, part->content);
        break;
    case BUNDLE_PART_WITHHELD:
        enc_text(out, bytes_str(withheld));
        break;
    }
}

static void put_header(struct buf *out, const struct bundle_header *h)
{
    enc_array(out, 6);
    enc_int(out, BUNDLE_HEADER);
    enc_text(out, bytes_str(mark));
    enc_int(out, BUNDLE_VERSION);
    enc_bytes(out, bytes_of(h->authority, ID_SIZE));
    enc_bytes(out, bytes_of(h->root, HASH_SIZE));
    enc_bool(out, h->parts);
}

static void put_statement(struct buf *out, const struct bundle_statement *s)
{
    enc_array(out, 6);
    enc_int(out, BUNDLE_STATEMENT);
    if (s->index == NONE) {
        enc_null(out);
    } else {
        enc_int(out, s->index);
    }
    enc_int(out, s->received_ms);
    enc_bytes(out, s->raw);
    put_part(out, &s->lines);
    put_part(out, &s->person);
}

static void put_checkpoint(struct buf *out, const struct bundle_checkpoint *c)
{
    enc_array(out, 4);
    enc_int(out, BUNDLE_CHECKPOINT);
    enc_bytes(out, c->raw);
    enc_bytes(out, c->note);
    enc_array(out, c->from_last.n);
    for (size_t i = 0; i < c->from_last.n; i++) {
        enc_bytes(out, bytes_of(c->from_last.v[i], HASH_SIZE));
    }
}

static void put_end(struct buf *out, const struct bundle_end *end, const uint8_t hash[HASH_SIZE])
{
    enc_array(out, 7);
    enc_int(out, BUNDLE_END);
    enc_int(out, end->leaves);
    enc_int(out, end->waiting);
    enc_int(out, end->checkpoints);
    enc_int(out, end->receipts);
    enc_int(out, end->figures);
    enc_bytes(out, bytes_of(hash, HASH_SIZE));
}

int bundle_put(struct bundle *b, const struct bundle_item *item)
{
    uint8_t memory[16];
    struct buf *out = &b->item, head;
    if (out->max == 0) {
        buf_init(out, BUNDLE_ITEM_MAX);
    }
    buf_reset(out);
    switch (item->type) {
    case BUNDLE_HEADER:
        put_header(out, &item->as.header);
        break;
    case BUNDLE_STATEMENT:
        put_statement(out, &item->as.statement);
        break;
    case BUNDLE_CHECKPOINT:
        put_checkpoint(out, &item->as.checkpoint);
        break;
    case BUNDLE_END:
        put_end(out, &item->as.end, b->hash);
        break;
    default:
        enc_array(out, item->type == BUNDLE_RECEIPT ? 3 : 2);
        enc_int(out, item->type);
        if (item->type == BUNDLE_RECEIPT) {
            enc_int(out, item->as.receipt.index);
            enc_bytes(out, item->as.receipt.receipt);
        } else {
            enc_text(out, item->as.figure);
        }
    }
    if (out->failed) {
        return TP_E_MEMORY;
    }
    /* The head of a byte string is that of an integer with another major type. */
    buf_over(&head, memory, sizeof memory);
    enc_int(&head, (int64_t)out->n);
    memory[0] |= 0x40;
    if (fwrite(memory, 1, head.n, b->file) != head.n || fwrite(out->p, 1, out->n, b->file) != out->n) {
        return TP_E_IO;
    }
    return hash_on(b);
}

/* ---- reading ---- */

static int get_fixed(struct dec *d, uint8_t *out, size_t n)
{
    struct bytes v;
    if (dec_bytes(d, &v) || v.n != n) {
        return TP_E_MALFORMED;
    }
    memcpy(out, v.p, n);
    return 0;
}

static int get_count(struct dec *d, int64_t *out)
{
    return dec_int(d, out) || *out < 0 ? TP_E_MALFORMED : 0;
}

static int get_part(struct dec *d, struct bundle_part *out)
{
    enum cbor_kind kind;
    struct bytes word;
    size_t n;
    *out = (struct bundle_part){0};
    if (dec_peek(d, &kind)) {
        return TP_E_MALFORMED;
    }
    switch (kind) {
    case CBOR_NULL:
        return dec_null(d);
    case CBOR_BYTES:
        out->state = BUNDLE_PART_HERE;
        return dec_bytes(d, &out->content);
    case CBOR_TEXT:
        out->state = BUNDLE_PART_WITHHELD;
        return dec_text(d, &word) || !bytes_is(word, withheld) ? TP_E_MALFORMED : 0;
    case CBOR_ARRAY:
        out->state = BUNDLE_PART_ERASED;
        return dec_array(d, &n) || n != 1 || dec_bytes(d, &out->content) ? TP_E_MALFORMED : 0;
    default:
        return TP_E_MALFORMED;
    }
}

static int get_header(struct dec *d, struct bundle_header *h, struct err *e)
{
    struct bytes word;
    int64_t version;
    if (dec_text(d, &word) || !bytes_is(word, mark) || dec_int(d, &version)) {
        return TP_E_MALFORMED;
    }
    if (version != BUNDLE_VERSION) {
        return err_set(e, TP_E_MALFORMED, "the bundle is of version %lld, which is not known here",
                       (long long)version);
    }
    int rc = get_fixed(d, h->authority, ID_SIZE);
    rc = rc ? rc : get_fixed(d, h->root, HASH_SIZE);
    return rc ? rc : dec_bool(d, &h->parts);
}

static int get_statement(struct dec *d, struct bundle_statement *s)
{
    enum cbor_kind kind;
    s->index = NONE;
    int rc = dec_peek(d, &kind);
    rc = rc ? rc : kind == CBOR_NULL ? dec_null(d) : get_count(d, &s->index);
    rc = rc ? rc : get_count(d, &s->received_ms);
    rc = rc ? rc : dec_bytes(d, &s->raw);
    rc = rc ? rc : get_part(d, &s->lines);
    return rc ? rc : get_part(d, &s->person);
}

static int get_checkpoint(struct dec *d, struct bundle_checkpoint *c)
{
    size_t n = 0;
    int rc = dec_bytes(d, &c->raw);
    rc = rc ? rc : dec_bytes(d, &c->note);
    rc = rc ? rc : dec_array(d, &n);
    if (rc || n > PATH_MAX_HASHES) {
        return TP_E_MALFORMED;
    }
    for (c->from_last.n = 0; c->from_last.n < n && rc == 0; c->from_last.n++) {
        rc = get_fixed(d, c->from_last.v[c->from_last.n], HASH_SIZE);
    }
    return rc;
}

static int get_end(struct dec *d, struct bundle_end *end)
{
    int rc = get_count(d, &end->leaves);
    rc = rc ? rc : get_count(d, &end->waiting);
    rc = rc ? rc : get_count(d, &end->checkpoints);
    rc = rc ? rc : get_count(d, &end->receipts);
    rc = rc ? rc : get_count(d, &end->figures);
    return rc ? rc : get_fixed(d, end->hash, HASH_SIZE);
}

static int parse(struct bytes in, struct bundle_item *out, struct err *e)
{
    static const size_t members[BUNDLE_TYPES] = {6, 6, 4, 3, 2, 7};
    struct dec d;
    size_t n;
    int64_t type;
    int rc;
    dec_init(&d, in);
    if (dec_array(&d, &n) || get_count(&d, &type) || type >= BUNDLE_TYPES || n != members[type]) {
        return TP_E_MALFORMED;
    }
    out->type = (enum bundle_type)type;
    switch (out->type) {
    case BUNDLE_HEADER:
        rc = get_header(&d, &out->as.header, e);
        break;
    case BUNDLE_STATEMENT:
        rc = get_statement(&d, &out->as.statement);
        break;
    case BUNDLE_CHECKPOINT:
        rc = get_checkpoint(&d, &out->as.checkpoint);
        break;
    case BUNDLE_RECEIPT:
        rc = get_count(&d, &out->as.receipt.index);
        rc = rc ? rc : dec_bytes(&d, &out->as.receipt.receipt);
        break;
    case BUNDLE_FIGURE:
        rc = dec_text(&d, &out->as.figure);
        break;
    default:
        rc = get_end(&d, &out->as.end);
    }
    return rc || !dec_done(&d) ? TP_E_MALFORMED : 0;
}

/* The length that a byte string's head says: 1; 0 at the end of the file. */
static int read_head(FILE *f, size_t *n)
{
    int first = getc(f);
    size_t more = first == 0x58 ? 1 : first == 0x59 ? 2 : first == 0x5a ? 4 : 0;
    static const size_t least[] = {0, 24, 256, 0, 65536};
    if (first == EOF) {
        return ferror(f) ? TP_E_IO : 0;
    }
    if (more == 0) {
        *n = (size_t)(first & 0x1f);
        return first > 0x40 && first < 0x58 ? 1 : TP_E_MALFORMED;
    }
    *n = 0;
    for (size_t i = 0; i < more; i++) {
        int c = getc(f);
        if (c == EOF) {
            return ferror(f) ? TP_E_IO : TP_E_MALFORMED;
        }
        *n = *n << 8 | (size_t)c;
    }
    return *n >= least[more] && *n <= BUNDLE_ITEM_MAX ? 1 : TP_E_MALFORMED;
}

int bundle_next(struct bundle *b, struct bundle_item *out, struct err *e)
{
    size_t n = 0;
    if (b->item.max == 0) {
        buf_init(&b->item, BUNDLE_ITEM_MAX);
    }
    int rc = read_head(b->file, &n);
    if (rc == 0) {
        return 0;
    }
    if (rc == 1) {
        buf_reset(&b->item);
        uint8_t *to = buf_extend(&b->item, n);
        size_t got = to ? fread(to, 1, n, b->file) : 0;
        rc = !to ? TP_E_MEMORY : got == n ? 1 : ferror(b->file) ? TP_E_IO : TP_E_MALFORMED;
        if (rc == TP_E_MALFORMED) {
            err_set(e, rc, "it is cut off within item %lld", (long long)b->items);
        }
    }
    if (rc == 1) {
        rc = parse(buf_view(&b->item), out, e);
        rc = rc ? rc : out->type == BUNDLE_END ? 0 : hash_on(b);
        rc = rc ? rc : 1;
    }
    return rc == TP_E_MALFORMED ? err_set(e, rc, "item %lld is none of a bundle", (long long)b->items)
           : rc == TP_E_IO      ? err_set(e, rc, "the bundle cannot be read")
           : rc < 0             ? err_code(e, rc)
                                : 1;
}
