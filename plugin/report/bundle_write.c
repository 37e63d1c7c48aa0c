/* A bundle of what a store holds: the log in its order, each checkpoint behind its last leaf, and the
 * figures. */
#include "report/bundle.h"
#include "store/evidence.h"

struct writing {
    struct bundle b;
    struct store *s;
    const struct bundle_header *header;
    const struct cose_key *log;
    struct bundle_end *end;
    struct checkpoint_row last, next; /* without their bytes; size 0: none */
};

static int take_next(void *arg, const struct checkpoint_row *row)
{
    struct checkpoint_row *next = arg;
    next->size = row->size;
    memcpy(next->root, row->root, HASH_SIZE);
    return 0;
}

static int find_next(struct writing *w)
{
    w->next = (struct checkpoint_row){0};
    return store_checkpoints(w->s, w->last.size + 1, 1, take_next, &w->next);
}

static int put_checkpoint(void *arg, const struct checkpoint_row *row)
{
    struct writing *w = arg;
    struct tree_nodes nodes = {store_log_node, w->s};
    struct bundle_item item = {.type = BUNDLE_CHECKPOINT};
    item.as.checkpoint.raw = row->raw;
    item.as.checkpoint.note = row->note;
    int rc =
        w->last.size ? path_consistency(&nodes, w->last.size, row->size, &item.as.checkpoint.from_last) : 0;
    w->end->checkpoints++;
    return rc ? rc : bundle_put(&w->b, &item);
}

/* ---- statements ---- */

static struct bundle_part part_of(const struct writing *w, bool has, struct bytes content,
                                  struct bytes residue)
{
    struct bundle_part part = {0};
    if (has && !content.p && residue.p) {
        part = (struct bundle_part){BUNDLE_PART_ERASED, residue};
    } else if (has && !w->header->parts) {
        part.state = BUNDLE_PART_WITHHELD;
    } else if (content.p) {
        part = (struct bundle_part){BUNDLE_PART_HERE, content};
    }
    return part;
}

static int put_statement(struct writing *w, int64_t index, const struct stored *row)
{
    int parts = kinds[row->kind].parts;
    struct bundle_item item = {.type = BUNDLE_STATEMENT};
    struct bundle_statement *s = &item.as.statement;
    s->index = index;
    s->received_ms = row->received_ms;
    s->raw = row->raw;
    s->lines = part_of(w, (parts & PART_LINES) != 0, row->lines, (struct bytes){0});
    s->person = part_of(w, (parts & PART_PERSON) != 0, row->person, row->residue);
    return bundle_put(&w->b, &item);
}

static int each_leaf(void *arg, const struct leaf_row *leaf, const struct stored *row)
{
    struct writing *w = arg;
    if (!row->raw.p || leaf->index != w->end->leaves) {
        return TP_E_CORRUPT;
    }
    int rc = put_statement(w, leaf->index, row);
    w->end->leaves++;
    if (rc == 0 && w->end->leaves == w->next.size) {
        rc = store_checkpoints(w->s, w->next.size, 1, put_checkpoint, w);
        w->last = w->next;
        rc = rc ? rc : find_next(w);
    }
    return rc;
}

static int each_waiting(void *arg, const struct stored *row)
{
    struct writing *w = arg;
    w->end->waiting++;
    return put_statement(w, NONE, row);
}

/* ---- receipts and figures ---- */

static int put_receipt(struct writing *w, const struct leaf_row *leaf)
{
    struct tree_nodes nodes = {store_log_node, w->s};
    struct checkpoint_row head;
    struct bundle_item item = {.type = BUNDLE_RECEIPT};
    uint8_t memory[RECEIPT_MAX];
    char origin[ORIGIN_MAX];
    struct buf out;
    int rc = store_checkpoint_last(w->s, &head);
    if (rc) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    log_origin(w->header->authority, origin);
    struct receipt r = {
        .origin = bytes_str(origin), .issued = head.time_ms / 1000, .size = head.size, .index = leaf->index};
    memcpy(r.entry, leaf->entry, HASH_SIZE);
    buf_over(&out, memory, sizeof memory);
    rc = path_inclusion(&nodes, leaf->index, head.size, &r.path);
    rc = rc ? rc : receipt_sign(&r, head.root, w->log, &out);
    item.as.receipt.index = leaf->index;
    item.as.receipt.receipt = buf_view(&out);
    w->end->receipts++;
    return rc ? rc : bundle_put(&w->b, &item);
}

/* A till's last record in the log: with its chain, the rest follows. */
static int each_head(void *arg, const struct record_row *row)
{
    struct writing *w = arg;
    struct leaf_row leaf;
    int rc = store_leaf(w->s, row->d, &leaf);
    return rc == 0 ? put_receipt(w, &leaf) : rc == STORE_NOT_FOUND ? 0 : rc;
}

static int each_figure(void *arg, struct bytes line)
{
    struct writing *w = arg;
    struct bundle_item item = {.type = BUNDLE_FIGURE};
    item.as.figure = line;
    w->end->figures++;
    return bundle_put(&w->b, &item);
}

/* ---- */

static int write_all(struct store *s, void *arg)
{
    struct writing *w = arg;
    struct bundle_item header = {.type = BUNDLE_HEADER}, end = {.type = BUNDLE_END};
    header.as.header = *w->header;
    int rc = bundle_put(&w->b, &header);
    rc = rc ? rc : find_next(w);
    rc = rc ? rc : store_logged(s, each_leaf, w);
    rc = rc ? rc : store_unlogged_each(s, each_waiting, w);
    rc = rc || !w->log ? rc : store_heads(s, each_head, w);
    rc = rc ? rc : store_figures(s, each_figure, w);
    end.as.end = *w->end;
    return rc ? rc : bundle_put(&w->b, &end);
}

int bundle_write(struct store *s, const struct bundle_header *header, const struct cose_key *log, FILE *file,
                 struct bundle_end *end, struct err *e)
{
    struct writing w = {.b.file = file, .s = s, .header = header, .log = log, .end = end};
    *end = (struct bundle_end){0};
    int rc = store_read(s, write_all, &w);
    bundle_close(&w.b);
    if (rc == TP_E_CORRUPT) {
        return err_set(e, rc, "leaf %lld of the log is not kept as it was logged: audit the shop",
                       (long long)end->leaves);
    }
    return rc >= 0 ? rc
                   : err_set(e, rc, "the bundle could not be written: %s",
                             rc == TP_E_IO && ferror(file) ? "the disk refused" : code_sentence(rc));
}
