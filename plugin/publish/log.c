/* The log's own pages: keysets, checkpoints, proofs of consistency, tiles. */
#include "publish/internal.h"

#include "proof/note.h"
#include "proof/path.h"
#include "proof/tile.h"

#include <inttypes.h>

/* ---- keysets ---- */

static int put_raw(void *arg, const struct stored *row)
{
    struct buf *out = arg;
    buf_put(out, row->raw.p, row->raw.n);
    return out->failed ? TP_E_MEMORY : 0;
}

int keyset_page(struct store *s, const struct asking *ask)
{
    int rc = query_read(ask->query, NULL, 0, ask->e);
    ask->page->form = PAGE_SEQUENCE;
    rc = rc ? rc : store_statements(s, 1u << KIND_KEYSET, 0, INT64_MAX, put_raw, &ask->page->body);
    return rc == 0 && ask->page->body.n == 0 ? STORE_NOT_FOUND : rc;
}

/* ---- checkpoints ---- */

struct one {
    int64_t size;
    int (*fn)(void *arg, const struct checkpoint_row *row);
    void *arg;
    bool found;
};

static int exactly(void *arg, const struct checkpoint_row *row)
{
    struct one *o = arg;
    o->found = row->size == o->size;
    return o->found ? o->fn(o->arg, row) : 0;
}

int checkpoint_note(struct store *s, int64_t size, int (*fn)(void *arg, const struct checkpoint_row *row),
                    void *arg)
{
    struct one o = {size, fn, arg, false};
    int rc = store_checkpoints(s, size, 1, exactly, &o);
    return rc ? rc : o.found ? 0 : STORE_NOT_FOUND;
}

static int put_note(void *arg, const struct checkpoint_row *row)
{
    struct buf *out = arg;
    buf_put(out, row->note.p, row->note.n);
    return out->failed ? TP_E_MEMORY : 0;
}

static int last_size(struct store *s, int64_t *size)
{
    struct checkpoint_row last;
    int rc = store_checkpoint_last(s, &last);
    *size = last.size;
    return rc;
}

int checkpoint_page(struct store *s, const struct asking *ask)
{
    int64_t size = 0, witnessed = 0;
    const struct query_value values[] = {{"size", &size, 1, INT64_MAX}, {"witnessed", &witnessed, 1, 1}};
    int rc = query_read(ask->query, values, 2, ask->e);
    if (rc == 0 && size && witnessed) {
        return err_set(ask->e, TP_BAD_VALUE, "size or witnessed, not both");
    }
    if (rc == 0 && !size) {
        rc = witnessed ? store_witnessed_last(s, &size) : last_size(s, &size);
    }
    return rc ? rc : checkpoint_note(s, size, put_note, &ask->page->body);
}

/* ---- consistency ---- */

int consistency_page(struct store *s, const struct asking *ask)
{
    struct buf *out = &ask->page->body;
    struct tree_nodes nodes = {store_log_node, s};
    struct path path = {0};
    int64_t from = 0, size = 0;
    const struct query_value values[] = {{"from", &from, 0, INT64_MAX}};
    int rc = query_read(ask->query, values, 1, ask->e);
    rc = rc ? rc : last_size(s, &size);
    if (rc == 0 && from > size) {
        return err_set(ask->e, TP_BAD_VALUE, "the log has fewer leaves");
    }
    if (rc == 0 && from > 0) {
        rc = path_consistency(&nodes, from, size, &path);
    }
    if (rc == 0) {
        buf_printf(out, "old %" PRId64 "\n", from);
        for (size_t i = 0; i < path.n; i++) {
            base64_encode(bytes_of(path.v[i], HASH_SIZE), out);
            buf_putc(out, '\n');
        }
        buf_putc(out, '\n');
        rc = checkpoint_note(s, size, put_note, out);
    }
    return rc;
}

/* ---- tiles ---- */

struct row_of {
    int64_t from;
    int n;
    uint8_t v[TILE_WIDTH][HASH_SIZE];
};

static int keep_node(void *arg, int64_t index, const uint8_t hash[HASH_SIZE])
{
    struct row_of *r = arg;
    if (index != r->from + r->n || r->n == TILE_WIDTH) {
        return TP_E_CORRUPT;
    }
    memcpy(r->v[r->n++], hash, HASH_SIZE);
    return 0;
}

static int kept_node(void *arg, int level, int64_t index, uint8_t hash[HASH_SIZE])
{
    struct row_of *r = arg;
    (void)level;
    if (index < r->from || index >= r->from + r->n) {
        return TP_E_CORRUPT;
    }
    memcpy(hash, r->v[index - r->from], HASH_SIZE);
    return 0;
}

static int put_hashes(struct store *s, const struct tile *t, struct buf *out)
{
    struct row_of r = {.from = t->number * TILE_WIDTH};
    struct tree_nodes nodes = {kept_node, &r};
    int rc = store_nodes(s, 8 * t->level, r.from, t->width, keep_node, &r);
    return rc ? rc : tile_hashes(t, &nodes, out);
}

struct bundle {
    int64_t next;
    struct buf *out;
};

static int put_entry(void *arg, const struct leaf_row *row)
{
    struct bundle *b = arg;
    return row->index == b->next++ ? tile_entry(bytes_of(row->entry, HASH_SIZE), b->out) : TP_E_CORRUPT;
}

static int put_entries(struct store *s, const struct tile *t, struct buf *out)
{
    struct bundle b = {t->number * TILE_WIDTH, out};
    int rc = store_entries(s, b.next, t->width, put_entry, &b);
    return rc ? rc : b.next == t->number * TILE_WIDTH + t->width ? 0 : TP_E_CORRUPT;
}

int tile_page(struct store *s, const struct asking *ask)
{
    struct tile t;
    int64_t size = 0;
    if (ask->query.n || tile_path_parse(bytes_of(ask->path.p + 1, ask->path.n - 1), &t)) {
        return STORE_NOT_FOUND;
    }
    int rc = last_size(s, &size);
    if (rc) {
        return rc;
    }
    /* A partial one of any width that a checkpoint vouches for: it is the full one's beginning. */
    if (t.width > tile_width(t.level, t.number, size)) {
        return STORE_NOT_FOUND;
    }
    ask->page->form = PAGE_BYTES;
    ask->page->forever = true;
    return t.level == TILE_ENTRIES ? put_entries(s, &t, &ask->page->body)
                                   : put_hashes(s, &t, &ask->page->body);
}
