/* What an auditor holds against the tree that it makes itself: each checkpoint with the proof that the log
 * only grew, and receipts. Pages end early enough to stay short. */
#include "publish/internal.h"

#include "proof/note.h"
#include "proof/receipt.h"

enum { PROOFS_BYTES = 30 * 1024, PAGE_FULL = 1 };

/* ---- checkpoints ---- */

struct series {
    struct store *s;
    struct buf *out;
    int64_t before; /* leaves of the checkpoint before; 0: none */
};

static int put_checkpoint(void *arg, const struct checkpoint_row *row)
{
    struct series *p = arg;
    struct tree_nodes nodes = {store_log_node, p->s};
    struct path path = {0};
    if (p->out->n > PROOFS_BYTES) {
        return PAGE_FULL;
    }
    int rc = p->before ? path_consistency(&nodes, p->before, row->size, &path) : 0;
    enc_array(p->out, 3);
    buf_put(p->out, row->raw.p, row->raw.n);
    enc_bytes(p->out, row->note);
    enc_array(p->out, path.n);
    for (size_t i = 0; i < path.n; i++) {
        enc_bytes(p->out, bytes_of(path.v[i], HASH_SIZE));
    }
    p->before = row->size;
    return rc ? rc : p->out->failed ? TP_E_MEMORY : 0;
}

int checkpoints_page(struct store *s, const struct asking *ask)
{
    struct series p = {s, &ask->page->body, 0};
    int64_t limit = PROOFS_MOST;
    const struct query_value values[] = {{"from", &p.before, 0, INT64_MAX - 1},
                                         {"limit", &limit, 1, PROOFS_MOST}};
    int rc = query_read(ask->query, values, 2, ask->e);
    ask->page->form = PAGE_SEQUENCE;
    rc = rc ? rc : store_checkpoints(s, p.before + 1, limit, put_checkpoint, &p);
    return rc == PAGE_FULL ? 0 : rc;
}

/* ---- receipts ---- */

struct giving {
    struct store *s;
    const struct asking *ask;
    struct receipt receipt; /* what is the same in all of them */
    char origin[ORIGIN_MAX];
    uint8_t root[HASH_SIZE];
};

static int take_head(void *arg, const struct checkpoint_row *row)
{
    struct giving *g = arg;
    struct note n;
    if (note_parse(row->note, &n) || n.origin.n >= sizeof g->origin) {
        return TP_E_CORRUPT;
    }
    bytes_to_cstr(n.origin, g->origin, sizeof g->origin);
    memcpy(g->root, row->root, HASH_SIZE);
    g->receipt =
        (struct receipt){.origin = bytes_str(g->origin), .issued = row->time_ms / 1000, .size = row->size};
    return 0;
}

static int put_receipt(void *arg, const struct leaf_row *row)
{
    struct giving *g = arg;
    struct tree_nodes nodes = {store_log_node, g->s};
    struct buf *out = &g->ask->page->body, receipt;
    uint8_t memory[RECEIPT_MAX];
    if (out->n > PROOFS_BYTES) {
        return PAGE_FULL;
    }
    buf_over(&receipt, memory, sizeof memory);
    g->receipt.index = row->index;
    memcpy(g->receipt.entry, row->entry, HASH_SIZE);
    int rc = path_inclusion(&nodes, row->index, g->receipt.size, &g->receipt.path);
    rc = rc ? rc : receipt_sign(&g->receipt, g->root, g->ask->log, &receipt);
    enc_array(out, 2);
    enc_int(out, row->index);
    enc_bytes(out, buf_view(&receipt));
    return rc ? rc : out->failed ? TP_E_MEMORY : 0;
}

int receipts_page(struct store *s, const struct asking *ask)
{
    struct giving g = {.s = s, .ask = ask};
    int64_t from = 0, limit = PROOFS_MOST, size = 0;
    const struct query_value values[] = {
        {"from", &from, 0, INT64_MAX}, {"limit", &limit, 1, PROOFS_MOST}, {"size", &size, 1, INT64_MAX}};
    struct checkpoint_row last;
    int rc = query_read(ask->query, values, 3, ask->e);
    if (rc == 0 && (!ask->log || !ask->log->can_sign)) {
        return STORE_NOT_FOUND;
    }
    if (rc == 0 && size == 0) {
        rc = store_checkpoint_last(s, &last);
        size = last.size;
    }
    rc = rc ? rc : checkpoint_note(s, size, take_head, &g);
    if (rc) {
        return rc;
    }
    ask->page->form = PAGE_SEQUENCE;
    int64_t left = from < size ? size - from : 0;
    rc = left ? store_entries(s, from, left < limit ? left : limit, put_receipt, &g) : 0;
    return rc == PAGE_FULL ? 0 : rc;
}
