/* An authority's own pages, read from its checkpoint down: every statement, and the log that is shown beside
 * them. */
#include "report/audit_import.h"

#include "proof/tile.h"

#include <inttypes.h>
#include <stdio.h>

enum { READ_AT_ONCE = 500, PAGE_MOST = 6 * 1024 * 1024, KEYSETS_MOST = 4 * 1024 * 1024 };
static const char log_prefix[] = "tillproof/";

int reading_get(struct reading *r, const char *path, struct buf *to)
{
    buf_reset(to);
    return r->p->get(r->p->arg, path, to, &r->err);
}

int audit_pages_open(struct audit_pages *p, struct err *e)
{
    struct note n;
    buf_init(&p->checkpoint, NOTE_MAX);
    int rc = p->get(p->arg, "/checkpoint", &p->checkpoint, e);
    size_t skip = sizeof log_prefix - 1;
    if (rc) {
        return rc;
    }
    if (note_parse(buf_view(&p->checkpoint), &n) || n.size < 1 || n.origin.n != skip + 2 * ID_SIZE ||
        memcmp(n.origin.p, log_prefix, skip) != 0 ||
        !hex_decode(bytes_of(n.origin.p + skip, 2 * ID_SIZE), p->authority, ID_SIZE)) {
        return err_set(e, TP_E_MALFORMED, "what is shown as the checkpoint is none of such a log");
    }
    return 0;
}

void audit_pages_close(struct audit_pages *p)
{
    buf_free(&p->checkpoint);
}

/* ---- statements ---- */

/* The root key that the first keyset names for itself, where nobody names one. */
static void take_root(struct audit *a, const struct statement *st)
{
    for (size_t i = 0; st->kind == KIND_KEYSET && i < st->payload.keyset.keys.n; i++) {
        const struct keyset_key *k = &st->payload.keyset.keys.v[i];
        struct cose_key key = {0};
        if (k->purpose == PURPOSE_ROOT && cose_key_decode(k->cose_key, &key) == 0 &&
            trust_first_keyset(st, key.thumbprint, NULL) == 0) {
            memcpy(a->root, key.thumbprint, HASH_SIZE);
        }
        cose_key_free(&key);
    }
}

/* What has to be known of it before it is checked. What cannot be read is told there. */
static void look_at(struct reading *r, struct bundle_statement *s)
{
    struct arena arena;
    struct statement st;
    arena_init(&arena, AUDIT_ARENA);
    if (statement_parse(s->raw, &arena, &st, NULL) == 0) {
        s->received_ms = st.payload.common.time_ms;
        if (r->own && s->index == 0) {
            take_root(r->m.a, &st);
        }
        if (st.kind == KIND_KEYSET) {
            buf_put(&r->keysets, s->raw.p, s->raw.n);
        }
    }
    arena_reset(&arena);
}

static int get_part(struct dec *d, struct bundle_part *part)
{
    part->state = BUNDLE_PART_WITHHELD;
    if (dec_null(d) == 0) {
        return 0;
    }
    part->state = BUNDLE_PART_HERE;
    return dec_bytes(d, &part->content);
}

/* [index, statement] or [index, [statement, lines, person]], of a link [index, [statement, person]]. */
static int next_statement(struct dec *d, struct bundle_statement *s)
{
    enum cbor_kind kind;
    size_t n = 0;
    *s = (struct bundle_statement){.lines = {.state = BUNDLE_PART_WITHHELD},
                                   .person = {.state = BUNDLE_PART_WITHHELD}};
    if (dec_array(d, &n) || n != 2 || dec_int(d, &s->index) || s->index < 0 || dec_peek(d, &kind)) {
        return TP_E_MALFORMED;
    }
    n = 1;
    if (kind == CBOR_ARRAY && (dec_array(d, &n) || n < 2 || n > 3)) {
        return TP_E_MALFORMED;
    }
    if (dec_item(d, &s->raw) || (n == 3 && get_part(d, &s->lines)) || (n > 1 && get_part(d, &s->person))) {
        return TP_E_MALFORMED;
    }
    return 0;
}

static int read_page(struct reading *r)
{
    struct importing *m = &r->m;
    char path[96];
    struct dec d;
    int64_t from = m->tree.size;
    snprintf(path, sizeof path, "/v1/statements?from=%" PRId64 "&limit=%d", from, READ_AT_ONCE);
    int rc = reading_get(r, path, &r->page);
    dec_init(&d, buf_view(&r->page));
    while (rc == 0 && !dec_done(&d) && m->tree.size < r->note.size) {
        struct bundle_statement s;
        if (next_statement(&d, &s)) {
            return audit_false(m->a, "behind leaf %" PRId64 " the authority shows no statement",
                               m->tree.size - 1);
        }
        look_at(r, &s);
        rc = import_statement(m, &s);
        rc = rc ? rc : shown_take(r);
    }
    return rc == 0 && m->tree.size == from
               ? audit_false(m->a, "leaf %" PRId64 " is not shown: the log has %" PRId64, from, r->note.size)
               : rc;
}

/* ---- the log ---- */

static int check_note(struct reading *r, const struct note *n)
{
    struct audit *a = r->m.a;
    uint8_t root[HASH_SIZE];
    bool by_log = false;
    for (size_t i = 0; i < a->key_count; i++) {
        const struct audit_key *k = &a->keys[i];
        by_log |= k->purpose == PURPOSE_LOG && note_signed(n, bytes_str(a->origin), &k->key);
        if (k->purpose == PURPOSE_WITNESS && n->size > a->cosigned &&
            note_cosigned(n, bytes_str(k->name), &k->key, NULL)) {
            a->cosigned = n->size;
        }
    }
    if (!by_log) {
        return audit_false(a, "the checkpoint of %" PRId64 " leaves: no log key signed it", n->size);
    }
    int rc = audit_root_at(r->m.s, n->size, root);
    return rc == 0 && memcmp(root, n->root, HASH_SIZE) != 0
               ? audit_false(a,
                             "leaves 0 to %" PRId64 " do not give the root that the checkpoint of %" PRId64
                             " leaves signed",
                             n->size - 1, n->size)
               : rc;
}

struct filling {
    struct buf *out;
    int left;
};

static int put_entry(void *arg, const struct leaf_row *row, struct bytes raw)
{
    struct filling *f = arg;
    (void)raw;
    int rc = tile_entry(bytes_of(row->entry, HASH_SIZE), f->out);
    return rc ? rc : --f->left == 0 ? STORE_NOT_FOUND : 0; /* enough for one */
}

static int read_node(void *arg, int level, int64_t index, uint8_t hash[HASH_SIZE])
{
    return store_node(arg, level, index, hash);
}

/* What the tile must be. */
static int make_tile(struct store *s, const struct tile *t, struct buf *out)
{
    struct tree_nodes nodes = {read_node, s};
    struct filling f = {out, t->width};
    if (t->level != TILE_ENTRIES) {
        return tile_hashes(t, &nodes, out);
    }
    int rc = store_leaves(s, t->number * TILE_WIDTH, put_entry, &f);
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

static int check_tile(struct reading *r, const struct tile *t)
{
    char name[TILE_PATH_MAX], path[TILE_PATH_MAX + 1];
    struct buf wanted;
    buf_init(&wanted, 64 * 1024);
    int rc = tile_path(t, name);
    snprintf(path, sizeof path, "/%s", name);
    rc = rc ? rc : make_tile(r->m.s, t, &wanted);
    rc = rc ? rc : reading_get(r, path, &r->page);
    if (rc == 0 && !bytes_equal(buf_view(&wanted), buf_view(&r->page))) {
        rc = audit_false(r->m.a, "%s is not what the statements make it", name);
    }
    buf_free(&wanted);
    return rc;
}

static int check_tiles(struct reading *r)
{
    int rc = 0;
    for (int level = TILE_ENTRIES; level < TILE_LEVELS && rc == 0; level++) {
        struct tile t = {.level = level};
        while (rc == 0 && (t.width = tile_width(level, t.number, r->note.size)) > 0) {
            rc = check_tile(r, &t);
            t.number++;
        }
    }
    return rc;
}

/* Those in the log come first; one that waits for its leaf may follow. */
static int check_keysets(struct reading *r)
{
    int rc = reading_get(r, "/v1/keyset", &r->page);
    bool same =
        r->page.n >= r->keysets.n && r->keysets.n > 0 && memcmp(r->page.p, r->keysets.p, r->keysets.n) == 0;
    return rc || same ? rc : audit_false(r->m.a, "the keysets that are shown are not those of the log");
}

static int read_all(struct store *s, void *arg)
{
    struct reading *r = arg;
    int rc = shown_begin(r);
    (void)s;
    while (rc == 0 && r->m.tree.size < r->note.size) {
        rc = read_page(r);
    }
    rc = rc ? rc : check_note(r, &r->note);
    rc = rc ? rc : shown_end(r);
    rc = rc ? rc : audit_witnesses(r->m.a, s);
    rc = rc ? rc : check_tiles(r);
    rc = rc ? rc : check_keysets(r);
    rc = rc || !r->m.a->carrying ? rc : audit_carried(r->m.a, s);
    return rc ? rc : shown_receipts(r);
}

int audit_read_pages(struct audit *a, const struct audit_pages *p, bool own, struct store *s, struct err *e)
{
    struct reading r = {.m = {.a = a, .s = s}, .p = p, .own = own};
    if (note_parse(buf_view(&p->checkpoint), &r.note)) {
        return err_code(e, TP_E_MALFORMED);
    }
    buf_init(&r.page, PAGE_MOST);
    buf_init(&r.keysets, KEYSETS_MOST);
    buf_init(&r.ahead, PAGE_MOST);
    a->withheld = a->by_leaf = true;
    int rc = store_write(s, read_all, &r);
    a->erased = a->erasure_parts;
    buf_free(&r.page);
    buf_free(&r.keysets);
    buf_free(&r.ahead);
    if (rc < 0 || (rc > 0 && rc != AUDIT_FALSE)) {
        return err_set(e, rc, "%s", r.err.code ? r.err.text : store_error(s));
    }
    return rc;
}
